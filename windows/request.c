/*
 * The request that the engine left, and the answers to it.
 *
 * A request is a file of `key=value` fields, UTF-8, each ended by a NUL; it never travels through a Linux argument
 * vector, where Wine would change quotes. The first line of the answer goes to the FIFO beside it.
 */
#include "base.h"
#include "linux.h"

enum { LARGEST_REQUEST = 4 << 20 };

static char *beside(const struct request *request, const char *suffix)
{
    size_t length = text_length(request->path), extra = text_length(suffix);
    char *path = take(length + extra + 1);
    memcpy(path, request->path, length);
    memcpy(path + length, suffix, extra);
    return path;
}

static char *read_whole(const char *path, size_t *size)
{
    int fd = linux_open(path, LINUX_O_RDONLY);
    if (fd < 0)
        return NULL;
    size_t room = 64 << 10, used = 0;
    char *data = take(room + 1);
    for (long long got; used < LARGEST_REQUEST && (got = linux_read(fd, data + used, room - used)) > 0;) {
        used += (size_t)got;
        if (used == room) {
            data = take_more(data, room * 2 + 1);
            room *= 2;
        }
    }
    linux_close(fd);
    data[used] = 0;
    *size = used;
    return data;
}

static void read_field(struct request *request, char *field)
{
    if (text_starts(field, "env="))
        request->environment[request->environment_count++] = field + 4;
    else if (text_starts(field, "command="))
        request->command = wide(field + 8);
    else if (text_starts(field, "cwd="))
        request->directory = wide(field + 4);
    else if (text_starts(field, "user="))
        request->user = wide(field + 5);
    else if (text_starts(field, "version="))
        request->version = field + 8;
    else if (text_starts(field, "drives="))
        request->drives = field + 7;
    else if (text_starts(field, "serial="))
        request->serial = text_value(field + 7);
    else if (text_starts(field, "mhz="))
        request->mhz = text_value(field + 4);
    else if (text_starts(field, "terminal=1"))
        request->terminal = true;
    else if (text_starts(field, "stdin=1"))
        request->open_stdin = true;
    else if (text_starts(field, "server=1"))
        request->server_product = true;
}

bool request_read(struct request *request, const char *path)
{
    size_t size, fields = 1;
    char *data = read_whole(path, &size);
    if (!data)
        return false;
    for (size_t i = 0; i < size; i++)
        fields += !data[i];
    *request = (struct request){.path = path, .connection = -1, .user = L"ContainerAdministrator", .version = "10.0.20348", .drives = "c"};
    request->environment = take(fields * sizeof *request->environment);
    for (char *field = data; field < data + size; field += text_length(field) + 1)
        read_field(request, field);
    return request->command && request->directory;
}

/* One line: the word, a number, a text. Nobody may be listening any more: that is no error. */
void report(const struct request *request, const char *word, unsigned code, const char *text)
{
    bool connected = request->connection >= 0;
    int fd = connected ? request->connection : linux_open(beside(request, ".report"), LINUX_O_WRONLY | LINUX_O_NONBLOCK);
    if (fd < 0)
        return;
    char line[512] = {REPORT_PACKET}, number[16] = "", *digits = text_number(number + sizeof number - 1, code);
    char *start = connected ? line : line + 1, *p = line + 1;
    const char *parts[] = {word, " ", digits, " ", text, "\n"};
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t length = text_length(parts[i]);
        if (length > (size_t)(line + sizeof line - p))
            break;
        memcpy(p, parts[i], length);
        p += length;
    }
    linux_write_all(fd, start, (size_t)(p - start));
    if (!connected)
        linux_close(fd);
}

/* Renamed into place, so that a reader sees the whole code or none. */
void report_exit(const struct request *request, unsigned code)
{
    char *fresh = beside(request, ".exit.new");
    char number[16] = "", *digits = text_number(number + sizeof number - 2, code);
    number[sizeof number - 2] = '\n';
    int fd = linux_open(fresh, LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_TRUNC);
    if (fd < 0)
        return;
    linux_write_all(fd, digits, (size_t)(number + sizeof number - 1 - digits));
    linux_close(fd);
    linux_rename(fresh, beside(request, ".exit"));
}

/* The file says by being there that the registry needs no writing. */
void report_unchanged(const struct request *request)
{
    int fd = linux_open(beside(request, ".unchanged"), LINUX_O_WRONLY | LINUX_O_CREAT);
    if (fd >= 0)
        linux_close(fd);
}
