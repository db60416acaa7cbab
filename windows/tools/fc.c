/* fc: compare files, by lines or by bytes. */
#include "fc.h"

static int usage(void)
{
    say(L"Compares two files or sets of files and displays the differences between\r\nthem\r\n\r\n\r\n"
        L"FC [/A] [/C] [/L] [/LBn] [/N] [/OFF[LINE]] [/T] [/U] [/W] [/nnnn]\r\n   [drive1:][path1]filename1 "
        L"[drive2:][path2]filename2\r\nFC /B [drive1:][path1]filename1 [drive2:][path2]filename2\r\n");
    return 0;
}

static wchar_t *capitals(const wchar_t *text)
{
    wchar_t *made = copy(text);
    for (wchar_t *p = made; *p; p++)
        *p = upper(*p);
    return made;
}

static char *read_whole(const wchar_t *path, size_t *size)
{
    struct source source;
    size_t room = 1 << 16, got;
    char *data = take(room);
    *size = 0;
    if (is_directory(path) || !open_source(&source, path)) {
        say(L"FC: cannot open %s - No such file or folder\r\n\r\n", capitals(path));
        return NULL;
    }
    while ((got = read_source(&source, data + *size, room - *size))) {
        *size += got;
        if (room - *size < 1 << 15)
            data = more(data, room *= 2);
    }
    close_source(&source);
    return data;
}

static bool is_binary_name(const wchar_t *path)
{
    static const wchar_t *const kinds[] = {L".exe", L".com", L".sys", L".obj", L".lib", L".bin"};
    const wchar_t *dot = wcsrchr(base_name(path), L'.');
    for (size_t i = 0; dot && i < sizeof kinds / sizeof *kinds; i++)
        if (same(dot, kinds[i]))
            return true;
    return false;
}

static int compare_bytes(const struct fc *fc, const char *one, size_t left, const char *other, size_t right)
{
    size_t common = left < right ? left : right;
    int code = left == right ? FC_SAME : FC_DIFFERENT;
    for (size_t at = 0; at < common; at++)
        if (one[at] != other[at]) {
            say(L"%08X: %02X %02X\r\n", (unsigned)at, (unsigned char)one[at], (unsigned char)other[at]);
            code = FC_DIFFERENT;
        }
    if (left != right)
        say(L"FC: %s longer than %s\r\n", left > right ? fc->first : capitals(fc->second),
            left > right ? capitals(fc->second) : fc->first);
    return code;
}

/* UTF-16 to the code page of what is printed. */
static void narrow(char **data, size_t *size)
{
    size_t mark = *size >= 2 && (unsigned char)(*data)[0] == 0xFF && (unsigned char)(*data)[1] == 0xFE ? 2 : 0;
    *data = bytes_of((const wchar_t *)(*data + mark), (*size - mark) / 2, size);
}

static int compare(struct fc *fc, const wchar_t *first, const wchar_t *second)
{
    size_t left, right;
    fc->first = first;
    fc->second = second;
    char *one = read_whole(first, &left), *other = one ? read_whole(second, &right) : NULL;
    if (!one || !other)
        return FC_MISSING;
    say(L"Comparing files %s and %s\r\n", first, capitals(second));
    bool binary = fc->binary || (!fc->text && is_binary_name(first) && is_binary_name(second));
    if (!binary && fc->wide) {
        narrow(&one, &left);
        narrow(&other, &right);
    }
    int code = binary ? compare_bytes(fc, one, left, other, right)
                      : compare_texts(fc, one, left, other, right, first, capitals(second));
    say(code == FC_SAME ? L"FC: no differences encountered\r\n\r\n\r\n" : binary ? L"\r\n\r\n" : L"\r\n");
    return code;
}

/* *.c against d\: each file with the one of its name there. */
static int compare_many(struct fc *fc, const wchar_t *first, const wchar_t *second)
{
    const wchar_t *from = directory_of(first), *to = is_directory(second) ? under(second, L"") : directory_of(second);
    size_t count;
    DWORD error;
    int code = FC_SAME;
    struct entry *all = list(*from ? from : L".", base_name(first), &count, &error);
    if (!all || !count)
        return say(L"FC: cannot open %s - No such file or folder\r\n\r\n", capitals(first)), FC_MISSING;
    for (size_t i = 0; i < count; i++) {
        if (all[i].attributes & FILE_ATTRIBUTE_DIRECTORY)
            continue;
        int each = compare(fc, format(L"%s%s", from, all[i].name), format(L"%s%s", to, all[i].name));
        code = each > code ? each : code;
    }
    return code;
}

static bool read_option(struct fc *fc, const wchar_t *option)
{
    uint64_t number;
    if (same(option, L"b"))
        return fc->binary = true;
    if (same(option, L"l"))
        return fc->text = true;
    if (same(option, L"c"))
        return fc->any_case = true;
    if (same(option, L"n"))
        return fc->numbers = true;
    if (same(option, L"a"))
        return fc->short_form = true;
    if (same(option, L"w"))
        return fc->white = true;
    if (same(option, L"u"))
        return fc->wide = true;
    if (same(option, L"t") || same(option, L"off") || same(option, L"offline"))
        return true; /* a tab equals itself only, here always */
    if (same_start(option, L"lb") && whole_number(option + 2, &number) && number)
        return (fc->buffer = (size_t)number) != 0;
    return whole_number(option, &number) && number && (fc->resync = (size_t)number);
}

int fc(int count, wchar_t **arguments)
{
    struct fc fc = {.buffer = 100, .resync = 2};
    const wchar_t *paths[2];
    int found = 0;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (is_option(each, L"?"))
            return usage();
        if (*each == L'/') {
            if (!read_option(&fc, each + 1))
                return say(L"FC: Invalid Switch\r\n"), -1;
        } else if (found == 2) {
            return say(L"FC: Insufficient number of file specifications\r\n"), -1;
        } else {
            paths[found++] = each;
        }
    }
    if (found < 2 || (fc.binary && (fc.text || fc.numbers)))
        return say(found < 2 ? L"FC: Insufficient number of file specifications\r\n" : L"FC: Incompatible Switches\r\n"), -1;
    if (wcschr(paths[0], L'*') || wcschr(paths[0], L'?') || is_directory(paths[1]))
        return compare_many(&fc, paths[0], paths[1]);
    return compare(&fc, paths[0], paths[1]);
}
