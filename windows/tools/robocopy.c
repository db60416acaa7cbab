/* robocopy: makes one directory like another. The exit code is a sum of bits: 1 copied, 2 extra, 4 mismatched, 8 failed. */
#include "robocopy.h"

enum { COPIED = 1, EXTRA = 2, MISMATCH = 4, FAILED = 8, FATAL = 16 };

struct tally {
    uint64_t total, copied, skipped, mismatch, failed, extra;
};

static struct job job;
static struct tally directories, files, bytes;
static int bits;
static HANDLE log_file;

static void tell(const wchar_t *shape, ...)
{
    wchar_t *text = take(66000 * sizeof *text);
    va_list arguments;
    va_start(arguments, shape);
    int length = _vsnwprintf(text, 65999, shape, arguments);
    va_end(arguments);
    size_t size;
    DWORD written;
    if (log_file) {
        char *data = bytes_of(text, length < 0 ? 0 : (size_t)length, &size);
        WriteFile(log_file, data, (DWORD)size, &written, NULL);
    }
    if (!log_file || job.tee)
        put(OUTPUT, text, length < 0 ? 0 : (size_t)length);
    HeapFree(GetProcessHeap(), 0, text);
}

static void tell_file(const wchar_t *class, const struct entry *entry, const wchar_t *path)
{
    if (job.no_file_list)
        return;
    tell(L"\t  %s\t", job.no_classes ? L"" : class);
    if (!job.no_sizes)
        tell(L"%9I64u\t", entry->size);
    tell(L"%s\r\n", job.full_paths ? path : entry->name);
}

static void tell_error(unsigned error, const wchar_t *what, const wchar_t *path)
{
    SYSTEMTIME now;
    GetLocalTime(&now);
    tell(L"%04u/%02u/%02u %02u:%02u:%02u ERROR %u (0x%08X) %s %s\r\n%s\r\n", now.wYear, now.wMonth, now.wDay, now.wHour,
         now.wMinute, now.wSecond, error, error, what, path, reason(error));
}

static bool try_copy(const struct entry *entry, const wchar_t *from, const wchar_t *to)
{
    for (uint64_t tried = 0;; tried++) {
        DWORD attributes = GetFileAttributesW(to);
        if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_READONLY)
            SetFileAttributesW(to, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
        if (CopyFileW(from, to, FALSE)) {
            attributes = (entry->attributes | job.add_attributes) & ~job.remove_attributes;
            SetFileAttributesW(to, attributes ? attributes : FILE_ATTRIBUTE_NORMAL);
            return true;
        }
        tell_error(GetLastError(), L"Copying File", from);
        if (tried >= job.retries)
            return false;
        tell(L"Waiting %I64u seconds...", job.wait_s);
        flush();
        Sleep((DWORD)(job.wait_s > 3600 ? 3600 : job.wait_s) * 1000);
        tell(L" Retrying...\r\n");
    }
}

/* What a file is against its counterpart; NULL: the same. */
static const wchar_t *class_of(const struct entry *entry, const struct entry *there, bool *wanted)
{
    *wanted = true;
    if (!there) {
        *wanted = !job.without_lonely;
        return L"  New File  ";
    }
    /* Two seconds apart is the same time: file systems differ in how fine theirs is. */
    const ULARGE_INTEGER ours = {{entry->written.dwLowDateTime, entry->written.dwHighDateTime}},
                         theirs = {{there->written.dwLowDateTime, there->written.dwHighDateTime}};
    int64_t later = (int64_t)(ours.QuadPart - theirs.QuadPart);
    if (later > 20000000) {
        *wanted = !job.without_newer;
        return L"  Newer     ";
    }
    if (later < -20000000) {
        *wanted = !job.without_older;
        return L"  Older     ";
    }
    if (entry->size != there->size) {
        *wanted = !job.without_changed;
        return L"  Changed   ";
    }
    *wanted = job.with_same;
    return *wanted ? L"  Same      " : NULL;
}

static const struct entry *find_entry(const struct entry *entries, size_t count, const wchar_t *name)
{
    for (size_t low = 0, high = count; low < high;) {
        size_t middle = (low + high) / 2;
        const wchar_t *a = name, *b = entries[middle].name;
        while (*a && upper(*a) == upper(*b))
            a++, b++;
        int order = upper(*a) - upper(*b);
        if (!order)
            return &entries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool is_selected(const struct entry *entry, const wchar_t *path)
{
    return in(&job.files, entry->name, path) && !in(&job.without_files, entry->name, path) &&
           (!job.with_attributes || entry->attributes & job.with_attributes) &&
           !(entry->attributes & job.without_attributes) &&
           (!job.archive_only || entry->attributes & FILE_ATTRIBUTE_ARCHIVE) && entry->size >= job.smallest &&
           entry->size <= job.largest;
}

static void copy_file(const struct entry *entry, const wchar_t *from, const wchar_t *to, const struct entry *there)
{
    bool wanted;
    const wchar_t *class = class_of(entry, there, &wanted);
    files.total++;
    bytes.total += entry->size;
    if (!class || !wanted) {
        files.skipped++;
        bytes.skipped += entry->size;
    } else {
        tell_file(class, entry, from);
        if (!job.list_only && !try_copy(entry, from, to)) {
            files.failed++;
            bytes.failed += entry->size;
            bits |= FAILED;
            return;
        }
        files.copied++;
        bytes.copied += entry->size;
        bits |= COPIED;
        if (job.reset_archive && !job.list_only)
            SetFileAttributesW(from, entry->attributes & ~(DWORD)FILE_ATTRIBUTE_ARCHIVE);
    }
    if (job.move_files && !job.list_only && (wanted || !class))
        DeleteFileW(from);
}

static bool remove_tree(const wchar_t *path)
{
    size_t count;
    DWORD error;
    struct entry *entries = list(path, L"*", &count, &error);
    for (size_t i = 0; entries && i < count; i++) {
        const wchar_t *each = under(path, entries[i].name);
        bool link = entries[i].attributes & FILE_ATTRIBUTE_REPARSE_POINT;
        SetFileAttributesW(each, FILE_ATTRIBUTE_NORMAL);
        if (!(entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY))
            DeleteFileW(each);
        else if (link)
            RemoveDirectoryW(each);
        else
            remove_tree(each);
    }
    return RemoveDirectoryW(path);
}

/* What the destination has and the source has not. */
static void handle_extra(const struct entry *entry, const wchar_t *path)
{
    bool is_dir = entry->attributes & FILE_ATTRIBUTE_DIRECTORY;
    struct tally *tally = is_dir ? &directories : &files;
    tally->extra++;
    bits |= EXTRA;
    if (!job.without_extra && !(is_dir ? job.no_directory_list : job.no_file_list))
        tell(is_dir ? L"\t*EXTRA Dir        -1\t%s\r\n" : L"\t*EXTRA File \t%9I64u\t%s\r\n",
             is_dir ? (uint64_t)(uintptr_t)path : entry->size, path);
    if (!job.purge || job.list_only)
        return;
    SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
    bool link = entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT;
    if (!(is_dir ? (link ? RemoveDirectoryW(path) : remove_tree(path)) : DeleteFileW(path))) {
        tell_error(GetLastError(), L"Deleting Extra", path);
        bits |= FAILED;
    }
}

static void copy_directory(const wchar_t *from, const wchar_t *to, uint64_t level)
{
    size_t count, there_count = 0, selected = 0;
    DWORD error, there_error;
    bool existed = is_directory(to);
    struct entry *entries = list(from, L"*", &count, &error);
    directories.total++;
    if (!entries) {
        tell_error(error, L"Scanning Source Directory", from);
        directories.failed++;
        bits |= FAILED;
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (!(entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY))
            selected += is_selected(&entries[i], under(from, entries[i].name));
    if (!job.no_directory_list)
        tell(L"\t%s%8I64u\t%s\\\r\n", existed || job.no_classes ? L"                   " : L"  New Dir          ", (uint64_t)selected,
             from);
    if (!existed && level && !job.empty && !selected && !count)
        return; /* /S leaves empty directories out */
    if (!existed && !job.list_only && !make_directories(to)) {
        tell_error(GetLastError(), L"Creating Destination Directory", to);
        directories.failed++;
        bits |= FAILED;
        return;
    }
    if (!existed)
        directories.copied++;
    else
        directories.skipped++;
    struct entry *there = existed ? list(to, L"*", &there_count, &there_error) : NULL;
    for (size_t i = 0; there && i < there_count; i++) {
        const struct entry *ours = find_entry(entries, count, there[i].name);
        const wchar_t *path = under(to, there[i].name);
        bool is_dir = there[i].attributes & FILE_ATTRIBUTE_DIRECTORY;
        if (is_dir ? in(&job.without_directories, there[i].name, path) || !job.tree
                   : in(&job.without_files, there[i].name, path) || !in(&job.files, there[i].name, path))
            continue;
        if (!ours)
            handle_extra(&there[i], path);
    }
    for (size_t i = 0; i < count; i++) {
        const wchar_t *path = under(from, entries[i].name), *target = under(to, entries[i].name);
        const struct entry *counterpart = there ? find_entry(there, there_count, entries[i].name) : NULL;
        bool is_dir = entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY;
        if (counterpart && !(counterpart->attributes & FILE_ATTRIBUTE_DIRECTORY) != !is_dir) {
            tell(L"\t*Mismatch*\t%s\r\n", path);
            (is_dir ? &directories : &files)->mismatch++;
            bits |= MISMATCH;
        } else if (!is_dir && is_selected(&entries[i], path)) {
            copy_file(&entries[i], path, target, counterpart);
        } else if (is_dir && job.tree && level + 1 < job.levels && !in(&job.without_directories, entries[i].name, path) &&
                   !(entries[i].attributes & FILE_ATTRIBUTE_REPARSE_POINT)) {
            copy_directory(path, target, level + 1);
        }
    }
    if (job.move_all && !job.list_only)
        RemoveDirectoryW(from);
}

static void header(void)
{
    tell(L"\r\n-------------------------------------------------------------------------------\r\n   ROBOCOPY     ::     "
         L"Robust File Copy for Windows\r\n---------------------------------------------------------------------------"
         L"----\r\n\r\n   Source : %s\\\r\n     Dest : %s\\\r\n\r\n    Files : %s\r\n\r\n----------------------------------"
         L"--------------------------------------------\r\n\r\n", job.from, job.to, job.files.each[0]);
}

static void row(const wchar_t *name, const struct tally *tally)
{
    tell(L"%9s :%10I64u%10I64u%10I64u%10I64u%10I64u%10I64u\r\n", name, tally->total, tally->copied, tally->skipped,
         tally->mismatch, tally->failed, tally->extra);
}

static void summary(void)
{
    tell(L"\r\n------------------------------------------------------------------------------\r\n\r\n               Total   "
         L" Copied   Skipped  Mismatch    FAILED    Extras\r\n");
    row(L"Dirs", &directories);
    row(L"Files", &files);
    row(L"Bytes", &bytes);
    tell(L"\r\n");
}

int robocopy(int count, wchar_t **arguments)
{
    int code = read_job(&job, count, arguments);
    if (code)
        return code;
    job.from = full_path(job.from);
    job.to = full_path(job.to);
    if (job.log) {
        log_file = CreateFileW(job.log, FILE_APPEND_DATA, FILE_SHARE_READ, NULL, job.append ? OPEN_ALWAYS : CREATE_ALWAYS,
                               0, NULL);
        if (log_file == INVALID_HANDLE_VALUE)
            return complain(L"\r\nERROR : cannot open the log file %s: %s\r\n", job.log, reason(GetLastError())), FATAL;
    }
    if (!job.no_header)
        header();
    if (!is_directory(job.from)) {
        tell_error(is_there(job.from) ? ERROR_DIRECTORY : ERROR_FILE_NOT_FOUND, L"Accessing Source Directory", job.from);
        return FATAL;
    }
    copy_directory(job.from, job.to, 0);
    if (!job.no_summary)
        summary();
    return bits;
}
