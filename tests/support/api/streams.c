/* Alternate data streams. Expected: Microsoft, "File Streams", FindFirstStreamW; MS-FSCC 2.4.49. */
#include "api.h"

static int count_names(const wchar_t *pattern)
{
    WIN32_FIND_DATAW data;
    int count = 0;
    HANDLE search = FindFirstFileW(pattern, &data);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    do
        count += data.cFileName[0] != '.';
    while (FindNextFileW(search, &data));
    FindClose(search);
    return count;
}

/* The streams of a file, in a text that ends with what FindNextStreamW says after the last. */
static const wchar_t *streams_of(const wchar_t *name)
{
    static wchar_t text[2048];
    WIN32_FIND_STREAM_DATA data;
    HANDLE search = FindFirstStreamW(name, FindStreamInfoStandard, &data, 0);
    text[0] = 0;
    if (search != INVALID_HANDLE_VALUE) {
        do
            swprintf(text + wcslen(text), 200, L"%ls=%d ", data.cStreamName, (int)data.StreamSize.QuadPart);
        while (FindNextStreamW(search, &data));
    }
    swprintf(text + wcslen(text), 20, L"%d", (int)GetLastError());
    if (search != INVALID_HANDLE_VALUE)
        FindClose(search);
    return text;
}

static int both(const wchar_t *text, const wchar_t *one, const wchar_t *other)
{
    return !wcscmp(text, one) || !wcscmp(text, other); /* the order is the file system's */
}

static void written_and_read(void)
{
    put(L"a.txt", "main");
    CHECK(!wcscmp(streams_of(L"a.txt"), L"::$DATA=4 38"));
    put(L"a.txt:one", "first");
    put(L"A.TXT:Two:$DATA", "second!");
    CHECK(holds(L"a.txt", "main") && holds(L"a.txt::$DATA", "main") && holds(L"a.txt:ONE", "first"));
    CHECK(holds(L"a.txt:one:$data", "first") && holds(L"C:\\api\\s\\a.txt:two", "second!"));
    CHECK(count_names(L"C:\\api\\s\\*") == 1 && count_names(L"*.txt*") == 1);
    CHECK(both(streams_of(L"a.txt"), L"::$DATA=4 :one:$DATA=5 :Two:$DATA=7 38",
               L"::$DATA=4 :Two:$DATA=7 :one:$DATA=5 38"));
    CHECK(GetFileAttributesW(L"a.txt:one") != INVALID_FILE_ATTRIBUTES);
    REFUSED(open_file(L"a.txt:none", GENERIC_READ, OPEN_EXISTING, 0) != INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND);
    REFUSED(open_file(L"a.txt:one:$NOTHING", GENERIC_READ, OPEN_EXISTING, 0) != INVALID_HANDLE_VALUE,
            ERROR_INVALID_NAME);
    put(L"new:made", "x"); /* makes the file */
    CHECK(holds(L"new", "") && holds(L"new:made", "x"));
    CHECK(DeleteFileW(L"a.txt:one"));
    CHECK(!wcscmp(streams_of(L"a.txt"), L"::$DATA=4 :Two:$DATA=7 38"));
}

static void moved_and_removed(void)
{
    put(L"b.txt", "other");
    put(L"b.txt:old", "gone");
    CHECK(MoveFileExW(L"a.txt", L"b.txt", MOVEFILE_REPLACE_EXISTING));
    CHECK(!wcscmp(streams_of(L"b.txt"), L"::$DATA=4 :Two:$DATA=7 38"));
    CHECK(CreateDirectoryW(L"dd", NULL));
    put(L"dd:of directory", "kept");
    CHECK(!wcscmp(streams_of(L"dd"), L":of directory:$DATA=4 38"));
    CHECK(MoveFileW(L"b.txt", L"dd\\c.txt"));
    CHECK(holds(L"dd\\c.txt:two", "second!"));
    REFUSED(RemoveDirectoryW(L"dd"), ERROR_DIR_NOT_EMPTY);
    CHECK(DeleteFileW(L"dd\\c.txt"));
    put(L"dd\\c.txt", "again");
    CHECK(!wcscmp(streams_of(L"dd\\c.txt"), L"::$DATA=5 38"));
    CHECK(DeleteFileW(L"dd\\c.txt"));
    CHECK(RemoveDirectoryW(L"dd"));
    CHECK(CreateDirectoryW(L"dd", NULL));
    CHECK(!wcscmp(streams_of(L"dd"), L"38"));
    CHECK(DeleteFileW(L"new") && RemoveDirectoryW(L"dd"));
    CHECK(!count_names(L"C:\\api\\s\\*"));
}

void streams(void)
{
    CHECK(CreateDirectoryW(L"C:\\api\\s", NULL) && SetCurrentDirectoryW(L"C:\\api\\s"));
    written_and_read();
    moved_and_removed();
    CHECK(SetCurrentDirectoryW(L"C:\\") && RemoveDirectoryW(L"C:\\api\\s"));
    put(L"C:\\api\\held", "main");
    put(L"C:\\api\\held:stream", "kept");
}

/* In an image that was made after streams(). */
void streams_kept(void)
{
    CHECK(holds(L"C:\\api\\held", "main") && holds(L"C:\\api\\held:stream", "kept"));
    CHECK(!wcscmp(streams_of(L"C:\\api\\held"), L"::$DATA=4 :stream:$DATA=4 38"));
    CHECK(count_names(L"C:\\api\\held*") == 1);
}
