/*
 * A program that cannot start for want of a library says which one it is: Windows shows a box, Wine ends it silently.
 *
 * The loader calls NtTerminateProcess with STATUS_DLL_NOT_FOUND when it has tried every import. What a loaded module
 * imports and the list of modules lacks is what was not found.
 *
 * A program that calls a function which its library does not have ends with a status of Wine's own, of which an exit
 * code of 8 bits makes 0: it gets Windows', which does not start such a program. Wine has named the function by then.
 *
 * Source: Microsoft, PE Format (.idata); winternl.h, PEB_LDR_DATA (offsets are ABI).
 */
#include "graft.h"

#define CALLED_MISSING_FUNCTION ((NTSTATUS)0x80000100)

enum {
    LOADER_OF_PEB = 0x18,
    PARAMETERS_OF_PEB = 0x20,
    STDERR_OF_PARAMETERS = 0x30,
    MODULES_OF_LOADER = 0x10,
    LINE_BYTES = 1024,
    SEARCH_BYTES = 32768,
};

struct module {
    LIST_ENTRY load_order, memory_order, start_order;
    char *base;
    void *entry;
    ULONG size;
    UNICODE_STRING path, name;
};

NTSTATUS NTAPI original_NtTerminateProcess(HANDLE, NTSTATUS);
__asm__(".text\n"
        ".balign 32\n"
        ".globl original_NtTerminateProcess\n"
        "original_NtTerminateProcess: .fill 32, 1, 0xcc\n"
        ".section .drectve\n"
        ".ascii \" -export:original_NtTerminateProcess\"\n"
        ".text\n");

static char *environment_block(void)
{
    char *block;
    __asm__("mov %%gs:0x60, %0" : "=r"(block));
    return block;
}

static LIST_ENTRY *modules(void)
{
    return (LIST_ENTRY *)(*(char **)(environment_block() + LOADER_OF_PEB) + MODULES_OF_LOADER);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_called(const struct module *module, const char *name)
{
    size_t count = module->name.Length / sizeof(wchar_t), i = 0;
    for (; i < count && name[i]; i++)
        if (lower((char)module->name.Buffer[i]) != lower(name[i]))
            return false;
    return i == count && !name[i];
}

static bool is_loaded(const char *name)
{
    for (LIST_ENTRY *each = modules()->Flink; each != modules(); each = each->Flink)
        if (is_called((struct module *)each, name))
            return true;
    return false;
}

/* Names of API sets stand for other libraries. */
static bool is_api_set(const char *name)
{
    static const char *const prefixes[] = {"api-ms-", "ext-ms-"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t n = 0;
        while (prefixes[i][n] && lower(name[n]) == prefixes[i][n])
            n++;
        if (!prefixes[i][n])
            return true;
    }
    return false;
}

/* The program's directory, then PATH, which has Windows' own: most of where the loader looks. */
static bool is_there(const char *name)
{
    wchar_t wide[NAME_BYTES], *directories = RtlAllocateHeap(process_heap(), 0, SEARCH_BYTES);
    const UNICODE_STRING *program = &((struct module *)modules()->Flink)->path;
    UNICODE_STRING variable, path;
    size_t i = 0, length = program->Length / sizeof(wchar_t);
    if (!directories)
        return false;
    while (length && program->Buffer[length - 1] != '\\')
        length--;
    for (; i < length && i < PATH_BYTES / 4; i++)
        directories[i] = program->Buffer[i];
    directories[i++] = ';';
    RtlInitUnicodeString(&variable, L"PATH");
    path = (UNICODE_STRING){0, (USHORT)(SEARCH_BYTES / 2), directories + i};
    if (RtlQueryEnvironmentVariable_U(NULL, &variable, &path))
        path.Length = 0;
    directories[i + path.Length / sizeof(wchar_t)] = 0;
    for (i = 0; name[i] && i < NAME_BYTES - 1; i++)
        wide[i] = (unsigned char)name[i];
    wide[i] = 0;
    bool found = RtlDosSearchPath_U(directories, wide, NULL, 0, NULL, NULL) != 0;
    RtlFreeHeap(process_heap(), 0, directories);
    return found;
}

static bool is_icu(const char *name)
{
    static const char start[] = "icu";
    for (size_t i = 0; i < sizeof start - 1; i++)
        if (lower(name[i]) != start[i])
            return false;
    return true;
}

static char *put(char *to, const char *end, const char *text)
{
    while (*text && to < end)
        *to++ = *text++;
    return to;
}

static void tell(const struct module *module, const char *name)
{
    char line[LINE_BYTES], *end = line + sizeof line - 1, *p = put(line, end, "transom: ");
    ULONG length = 0;
    IO_STATUS_BLOCK io;
    HANDLE errors = *(HANDLE *)(*(char **)(environment_block() + PARAMETERS_OF_PEB) + STDERR_OF_PARAMETERS);
    RtlUnicodeToUTF8N(p, NAME_BYTES, &length, module->name.Buffer, module->name.Length);
    p = put(put(p + length, end, " needs "), end, name);
    const char *why = ", which is neither in the image nor in the Windows base\n";
    if (is_there(name))
        why = ", which cannot be loaded: `transom check` tells why\n";
    else if (is_icu(name))
        why = ", which is in a Windows base built with --part icu\n";
    p = put(p, end, why);
    if (errors)
        NtWriteFile(errors, NULL, NULL, NULL, &io, line, (ULONG)(p - line), NULL, NULL);
}

static void tell_missing(void)
{
    for (LIST_ENTRY *each = modules()->Flink; each != modules(); each = each->Flink) {
        struct module *module = (struct module *)each;
        ULONG size;
        IMAGE_IMPORT_DESCRIPTOR *wanted =
            RtlImageDirectoryEntryToData(module->base, TRUE, IMAGE_DIRECTORY_ENTRY_IMPORT, &size);
        for (; wanted && wanted->Name && wanted->FirstThunk; wanted++) {
            const char *name = module->base + wanted->Name;
            if (!is_api_set(name) && !is_loaded(name))
                tell(module, name);
        }
    }
}

HOOK NTSTATUS NTAPI detour_NtTerminateProcess(HANDLE process, NTSTATUS status)
{
    if (status == STATUS_DLL_NOT_FOUND && process == (HANDLE)-1)
        tell_missing();
    if (status == CALLED_MISSING_FUNCTION)
        status = STATUS_ENTRYPOINT_NOT_FOUND;
    return original_NtTerminateProcess(process, status);
}
