/*
 * Marks that every process of a container sees: words at the end of the page that Windows' kernel shares with all of
 * them (KUSER_SHARED_DATA ends before). They say that something has happened once, for those whom it then concerns.
 */
#ifndef TRANSOM_MARK_H
#define TRANSOM_MARK_H

__declspec(dllimport) NTSTATUS NTAPI NtOpenSection(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *);
__declspec(dllimport) NTSTATUS NTAPI NtMapViewOfSection(HANDLE, HANDLE, void **, ULONG_PTR, SIZE_T, LARGE_INTEGER *,
                                                        SIZE_T *, int, ULONG, ULONG);
__declspec(dllimport) NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE, void *);

enum mark { MARK_LOCKED = 0xff0, MARK_CODE_PAGE = 0xff4, MARK_STREAMS = 0xff8 };

enum { SHARED_PAGE = 0x7ffe0000, SHARED_BYTES = 0x1000, VIEW_UNMAP = 2 };

static inline bool is_marked(enum mark mark)
{
    return *(volatile ULONG *)(ULONG_PTR)(SHARED_PAGE + mark) != 0;
}

/* Programs have the page read-only: it is written through a view of its own. */
static void set_mark(enum mark mark)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE section;
    void *page = NULL;
    SIZE_T size = SHARED_BYTES;
    if (is_marked(mark))
        return;
    RtlInitUnicodeString(&name, L"\\KernelObjects\\__wine_user_shared_data");
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtOpenSection(&section, SECTION_MAP_READ | SECTION_MAP_WRITE, &attributes))
        return;
    if (!NtMapViewOfSection(section, (HANDLE)-1, &page, 0, 0, NULL, &size, VIEW_UNMAP, 0, PAGE_READWRITE)) {
        *(volatile ULONG *)((char *)page + mark) = 1;
        NtUnmapViewOfSection((HANDLE)-1, page);
    }
    NtClose(section);
}

#endif
