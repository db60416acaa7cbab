/*
 * Symbolic links as Windows makes them: an empty file or directory that is given a reparse point. And the flag that
 * opens them, which Wine's CreateFile drops.
 *
 * Source: Microsoft, CreateSymbolicLinkW; MS-FSCC 2.1.2.4.
 */
#include "graft.h"

enum {
    HEADER = 8,
    NAMES = 20,
    TARGET_IS_RELATIVE = 1,
    KNOWN_FLAGS = SYMBOLIC_LINK_FLAG_DIRECTORY | 2 /* allow unprivileged create */,
};

static size_t length_of(const wchar_t *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

static bool is_slash(wchar_t c)
{
    return c == '\\' || c == '/';
}

static bool is_letter(wchar_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* `C:x` is relative to what the process does with drive C:, so it is made absolute; `\x` is kept. */
static bool is_relative(const wchar_t *target)
{
    return !(is_slash(target[0]) && is_slash(target[1])) && !(is_letter(target[0]) && target[1] == ':');
}

static NTSTATUS set_target(HANDLE file, const wchar_t *shown, const UNICODE_STRING *target, bool relative)
{
    size_t shown_length = length_of(shown), target_length = target->Length / sizeof *shown;
    size_t size = NAMES + (shown_length + target_length + 2) * sizeof *shown;
    if (size > MAXIMUM_REPARSE_DATA_BUFFER_SIZE)
        return STATUS_IO_REPARSE_DATA_INVALID;
    char *data = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, size);
    if (!data)
        return STATUS_NO_MEMORY;
    USHORT *fields = (USHORT *)data;
    wchar_t *names = (wchar_t *)(data + NAMES), *second = names + target_length + 1;
    *(ULONG *)data = IO_REPARSE_TAG_SYMLINK;
    fields[2] = (USHORT)(size - HEADER);
    fields[5] = target->Length;
    fields[6] = (USHORT)((char *)second - (char *)names);
    fields[7] = (USHORT)(shown_length * sizeof *shown);
    *(ULONG *)(data + 16) = relative ? TARGET_IS_RELATIVE : 0;
    for (size_t i = 0; i < target_length; i++)
        names[i] = is_slash(target->Buffer[i]) ? '\\' : target->Buffer[i];
    for (size_t i = 0; i < shown_length; i++)
        second[i] = is_slash(shown[i]) ? '\\' : shown[i];
    IO_STATUS_BLOCK io;
    NTSTATUS status = NtFsControlFile(file, NULL, NULL, NULL, &io, FSCTL_SET_REPARSE_POINT, data, (ULONG)size, NULL, 0);
    RtlFreeHeap(process_heap(), 0, data);
    return status;
}

HOOK BOOLEAN WINAPI hook_CreateSymbolicLinkW(const wchar_t *link, const wchar_t *target, DWORD flags)
{
    UNICODE_STRING name, target_name;
    if (!link || !target || !*link || !*target || flags & ~(DWORD)KNOWN_FLAGS)
        return (BOOLEAN)fail(STATUS_INVALID_PARAMETER);
    if (!RtlDosPathNameToNtPathName_U(link, &name, NULL, NULL))
        return (BOOLEAN)fail(STATUS_OBJECT_PATH_NOT_FOUND);
    bool relative = is_relative(target);
    if (relative) {
        RtlInitUnicodeString(&target_name, target);
    } else if (!RtlDosPathNameToNtPathName_U(target, &target_name, NULL, NULL)) {
        RtlFreeUnicodeString(&name);
        return (BOOLEAN)fail(STATUS_OBJECT_PATH_NOT_FOUND);
    }
    HANDLE file;
    IO_STATUS_BLOCK io;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    ULONG kind = flags & SYMBOLIC_LINK_FLAG_DIRECTORY ? FILE_DIRECTORY_FILE : FILE_NON_DIRECTORY_FILE;
    NTSTATUS status = NtCreateFile(&file, FILE_WRITE_ATTRIBUTES | DELETE | SYNCHRONIZE, &attributes, &io, NULL,
                                   FILE_ATTRIBUTE_NORMAL, 0, FILE_CREATE,
                                   kind | FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    if (!status) {
        status = set_target(file, target, &target_name, relative);
        if (status) {
            FILE_DISPOSITION_INFORMATION gone = {TRUE};
            NtSetInformationFile(file, &io, &gone, sizeof gone, FileDispositionInformation);
        }
        NtClose(file);
    }
    RtlFreeUnicodeString(&name);
    if (!relative)
        RtlFreeUnicodeString(&target_name);
    return (BOOLEAN)(status ? fail(status) : TRUE);
}

/*
 * Until it is called the next time, NtCreateFile in this thread is to open a link itself: windows/ntdll/files.c.
 * TEB, UserReserved: Windows' window manager has it, Wine's does not use it.
 */
static void mark(bool on)
{
    char *block;
    __asm__("mov %%gs:0x30, %0" : "=r"(block));
    *(ULONG *)(block + 0xf8) = on;
}

/* `nul`, also as a device. */
static bool is_null_device(const wchar_t *name)
{
    if (name[0] == '\\' && name[1] == '\\' && (name[2] == '.' || name[2] == '?') && name[3] == '\\')
        name += 4;
    return (name[0] | 0x20) == 'n' && (name[1] | 0x20) == 'u' && (name[2] | 0x20) == 'l' && !name[3];
}

HOOK HANDLE WINAPI hook_CreateFileW(const wchar_t *name, DWORD access, DWORD sharing, SECURITY_ATTRIBUTES *security,
                                    DWORD disposition, DWORD flags, HANDLE template)
{
    mark(flags & FILE_FLAG_OPEN_REPARSE_POINT);
    HANDLE file = CreateFileW(name, access, sharing, security, disposition, flags, template);
    mark(false);
    /* No device exists already: programs that are told so cut the file off, which a device refuses. */
    if (file != INVALID_HANDLE_VALUE && disposition != OPEN_EXISTING && is_null_device(name))
        RtlSetLastWin32Error(0);
    return file;
}

HOOK HANDLE WINAPI hook_CreateFileA(const char *name, DWORD access, DWORD sharing, SECURITY_ATTRIBUTES *security,
                                    DWORD disposition, DWORD flags, HANDLE template)
{
    mark(flags & FILE_FLAG_OPEN_REPARSE_POINT);
    HANDLE file = CreateFileA(name, access, sharing, security, disposition, flags, template);
    mark(false);
    return file;
}

HOOK HANDLE WINAPI hook_CreateFile2(const wchar_t *name, DWORD access, DWORD sharing, DWORD disposition,
                                    CREATEFILE2_EXTENDED_PARAMETERS *parameters)
{
    mark(parameters && parameters->dwFileFlags & FILE_FLAG_OPEN_REPARSE_POINT);
    HANDLE file = CreateFile2(name, access, sharing, disposition, parameters);
    mark(false);
    return file;
}
