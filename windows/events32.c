/*
 * Where a 32-bit program has Wine's routine for console events: in a kernelbase of its own, which is at no place that
 * is known beforehand.
 *
 * Source: winternl.h and "PE Format" (the offsets in a 32-bit PEB, its lists of modules and an image are ABI).
 */
#include "base.h"

enum {
    PEB_MODULES = 0x0c,
    MODULES_FIRST = 0x14, /* in the order of memory: the links are at 8 in each module */
    MODULE_BASE = 0x18 - 8,
    MODULE_NAME = 0x2c - 8, /* length in bytes, room, address */
    IMAGE_HEADERS = 0x3c,
    HEADERS_EXPORTS = 0x78,
    EXPORTS_NAME_COUNT = 0x18,
    EXPORTS_FUNCTIONS = 0x1c,
    EXPORTS_NAMES = 0x20,
    EXPORTS_ORDINALS = 0x24,
    MOST_MODULES = 512,
    MOST_NAMES = 8192,
};

static bool read_at(HANDLE process, uint32_t address, void *to, size_t size)
{
    SIZE_T got;
    return ReadProcessMemory(process, (void *)(uintptr_t)address, to, size, &got) && got == size;
}

static uint32_t word_at(HANDLE process, uint32_t address)
{
    uint32_t word = 0;
    read_at(process, address, &word, sizeof word);
    return word;
}

static uint32_t find_kernelbase(HANDLE process, uint32_t peb)
{
    static const wchar_t wanted[] = L"kernelbase.dll";
    uint32_t modules = word_at(process, peb + PEB_MODULES), head = modules + MODULES_FIRST;
    uint32_t module = word_at(process, head);
    for (unsigned i = 0; module && module != head && i < MOST_MODULES; i++, module = word_at(process, module)) {
        wchar_t name[sizeof wanted / sizeof *wanted - 1];
        uint16_t length = (uint16_t)word_at(process, module + MODULE_NAME);
        if (length == sizeof name && read_at(process, word_at(process, module + MODULE_NAME + 4), name, sizeof name) &&
            wide_equal(name, wanted, sizeof name / sizeof *name))
            return word_at(process, module + MODULE_BASE);
    }
    return 0;
}

static uint32_t find_export(HANDLE process, uint32_t image, const char *wanted)
{
    char name[16];
    uint32_t exports = image + word_at(process, image + word_at(process, image + IMAGE_HEADERS) + HEADERS_EXPORTS);
    uint32_t count = word_at(process, exports + EXPORTS_NAME_COUNT);
    uint32_t names = image + word_at(process, exports + EXPORTS_NAMES);
    uint32_t *list = take(MOST_NAMES * sizeof *list), found = 0;
    if (count <= MOST_NAMES && read_at(process, names, list, count * sizeof *list))
        for (uint32_t i = 0; !found && i < count; i++)
            if (read_at(process, image + list[i], name, text_length(wanted) + 1) && text_starts(name, wanted) &&
                !name[text_length(wanted)]) {
                uint16_t ordinal =
                    (uint16_t)word_at(process, image + word_at(process, exports + EXPORTS_ORDINALS) + 2 * i);
                found = image + word_at(process, image + word_at(process, exports + EXPORTS_FUNCTIONS) + 4 * ordinal);
            }
    HeapFree(GetProcessHeap(), 0, list);
    return found;
}

/* Return the routine's address, NULL if it is not to be found; is_32_bit says whether the process is one at all. */
void *find_routine_of_32_bits(HANDLE process, bool *is_32_bit)
{
    ULONG_PTR peb = 0;
    *is_32_bit = !NtQueryInformationProcess(process, ProcessWow64Information, &peb, sizeof peb, NULL) && peb;
    uint32_t kernelbase = *is_32_bit ? find_kernelbase(process, (uint32_t)peb) : 0;
    return kernelbase ? (void *)(uintptr_t)find_export(process, kernelbase, "CtrlRoutine") : NULL;
}
