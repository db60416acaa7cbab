/* robocopy: what is asked for. */
#include "robocopy.h"

enum { FATAL = 16 };

static int bad(const wchar_t *what)
{
    complain(L"\r\nERROR : Invalid Parameter %s\r\n\r\n       Simple Usage :: ROBOCOPY source destination /MIR\r\n\r\n", what);
    return FATAL;
}

static DWORD attributes_of(const wchar_t *letters)
{
    DWORD made = 0;
    for (; *letters; letters++) {
        switch (upper(*letters)) {
        case L'R': made |= FILE_ATTRIBUTE_READONLY; break;
        case L'A': made |= FILE_ATTRIBUTE_ARCHIVE; break;
        case L'S': made |= FILE_ATTRIBUTE_SYSTEM; break;
        case L'H': made |= FILE_ATTRIBUTE_HIDDEN; break;
        case L'C': made |= FILE_ATTRIBUTE_COMPRESSED; break;
        case L'N': made |= FILE_ATTRIBUTE_NOT_CONTENT_INDEXED; break;
        case L'E': made |= FILE_ATTRIBUTE_ENCRYPTED; break;
        case L'T': made |= FILE_ATTRIBUTE_TEMPORARY; break;
        case L'O': made |= FILE_ATTRIBUTE_OFFLINE; break;
        default: break;
        }
    }
    return made;
}

static bool is_flag(struct job *job, const wchar_t *name)
{
    const struct {
        const wchar_t *name;
        bool *flag;
    } flags[] = {
        {L"S", &job->tree}, {L"MOV", &job->move_files}, {L"L", &job->list_only}, {L"PURGE", &job->purge},
        {L"XO", &job->without_older}, {L"XN", &job->without_newer}, {L"XC", &job->without_changed},
        {L"XX", &job->without_extra}, {L"XL", &job->without_lonely}, {L"IS", &job->with_same},
        {L"IT", &job->with_tweaked}, {L"NFL", &job->no_file_list}, {L"NDL", &job->no_directory_list},
        {L"NJH", &job->no_header}, {L"NJS", &job->no_summary}, {L"NC", &job->no_classes}, {L"NS", &job->no_sizes},
        {L"FP", &job->full_paths}, {L"TEE", &job->tee}, {L"CREATE", &job->create}, {L"A", &job->archive_only},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (same(name, flags[i].name))
            return *flags[i].flag = true;
    return false;
}

/* Options about what copying here does anyway, or about how, which changes nothing in what is there afterwards. */
static bool is_harmless(const wchar_t *name)
{
    static const wchar_t *const exact[] = {L"Z", L"B", L"ZB", L"J", L"NP", L"ETA", L"V", L"TS", L"X", L"BYTES", L"FFT",
                                           L"DST", L"REG", L"TBD", L"UNICODE", L"MT", L"COPYALL", L"SEC", L"SECFIX",
                                           L"TIMFIX", L"NOOFFLOAD", L"COMPRESS", L"256"};
    static const wchar_t *const starts[] = {L"MT:", L"COPY:", L"DCOPY:", L"IPG:", L"LFSM"};
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (same(name, exact[i]))
            return true;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (same_start(name, starts[i]))
            return true;
    return false;
}

static bool has_value(const wchar_t *name, const wchar_t *option, const wchar_t **value)
{
    *value = name + wcslen(option);
    return same_start(name, option);
}

static bool read_number(struct job *job, const wchar_t *name, bool *wrong)
{
    const struct {
        const wchar_t *name;
        uint64_t *number;
    } numbers[] = {{L"LEV:", &job->levels}, {L"MAX:", &job->largest}, {L"MIN:", &job->smallest},
                   {L"R:", &job->retries}, {L"W:", &job->wait_s}};
    const wchar_t *value;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (has_value(name, numbers[i].name, &value)) {
            *wrong = !whole_number(value, numbers[i].number);
            return true;
        }
    return false;
}

static bool read_text(struct job *job, const wchar_t *name)
{
    const wchar_t *value;
    if (has_value(name, L"IA:", &value))
        job->with_attributes = attributes_of(value);
    else if (has_value(name, L"XA:", &value))
        job->without_attributes = attributes_of(value);
    else if (has_value(name, L"A+:", &value))
        job->add_attributes = attributes_of(value);
    else if (has_value(name, L"A-:", &value))
        job->remove_attributes = attributes_of(value);
    else if (has_value(name, L"LOG:", &value) || has_value(name, L"UNILOG:", &value))
        job->log = value;
    else if (has_value(name, L"LOG+:", &value) || has_value(name, L"UNILOG+:", &value))
        job->log = value, job->append = true;
    else
        return false;
    return true;
}

static bool read_combined(struct job *job, const wchar_t *name)
{
    if (same(name, L"E"))
        job->tree = job->empty = true;
    else if (same(name, L"MIR"))
        job->tree = job->empty = job->purge = true;
    else if (same(name, L"MOVE"))
        job->move_files = job->move_all = true;
    else if (same(name, L"M"))
        job->archive_only = job->reset_archive = true;
    else
        return false;
    return true;
}

int read_job(struct job *job, int count, wchar_t **arguments)
{
    struct patterns *list = NULL;
    bool wrong = false;
    job->levels = job->largest = UINT64_MAX;
    job->retries = 1000000;
    job->wait_s = 30;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i], *name = each + 1;
        if (each[0] != L'/') {
            struct patterns *to = list ? list : &job->files;
            if (!list && !job->from)
                job->from = each;
            else if (!list && !job->to)
                job->to = each;
            else if (to->count < MOST_PATTERNS)
                to->each[to->count++] = each;
            continue;
        }
        list = same(name, L"XF") ? &job->without_files : same(name, L"XD") ? &job->without_directories
               : same(name, L"IF") ? &job->files : NULL;
        if (list || is_flag(job, name) || read_combined(job, name) || read_number(job, name, &wrong) ||
            read_text(job, name) || is_harmless(name)) {
            if (wrong)
                return bad(format(L"#%d : \"%s\"", i + 1, each));
            continue;
        }
        return bad(format(L"#%d : \"%s\"", i + 1, each));
    }
    if (!job->from || !job->to)
        return complain(L"\r\nERROR : No %s Directory Specified.\r\n\r\n       Simple Usage :: ROBOCOPY source "
                        L"destination /MIR\r\n\r\n", job->from ? L"Destination" : L"Source"), FATAL;
    if (!job->files.count)
        job->files.each[job->files.count++] = L"*.*";
    return 0;
}

bool in(const struct patterns *patterns, const wchar_t *name, const wchar_t *path)
{
    for (int i = 0; i < patterns->count; i++)
        if (matches(wcschr(patterns->each[i], L'\\') ? path : name, patterns->each[i]))
            return true;
    return false;
}
