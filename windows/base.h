/* What every file of the Windows first process uses: Windows' headers, strings without a C runtime, the request. */
#ifndef TRANSOM_BASE_H
#define TRANSOM_BASE_H

#ifndef UNICODE
#define UNICODE
#endif
#include <windows.h>
#include <winternl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "accounts.h"

/* memory.c */
void memory_begin(void);
void memory_end(void);
void *take(size_t bytes);
void *take_more(void *memory, size_t bytes);
void give(void *memory);
size_t text_length(const char *text);
bool text_starts(const char *text, const char *prefix);
char *text_number(char *end, unsigned value);
unsigned text_value(const char *text);
wchar_t *wide(const char *utf8);
size_t wide_length(const wchar_t *text);
bool wide_equal(const wchar_t *one, const wchar_t *other, size_t length);

/* request.c */
enum { REPORT_PACKET = 1, OUTPUT_PACKET = 2 /* and the one after it: errors */ };
struct request {
    const char *path; /* Linux path of the request, to which the names of the other files are appended */
    wchar_t *command;
    wchar_t *directory;
    const wchar_t *user;
    const struct account *account; /* whom user means; NULL for nobody */
    const wchar_t *hive; /* the key that is the user's HKEY_CURRENT_USER, where that is not Wine's own; else NULL */
    const char *version; /* major.minor.build of the image's os.version */
    const char *drives; /* letters, lower case */
    uint32_t serial; /* of the drives, as `vol` prints it */
    const char **environment;
    unsigned environment_count;
    unsigned mhz; /* of a processor, as the registry shows it */
    bool terminal;
    bool open_stdin;
    bool server_product;
    int connection; /* to whom it came from, who gets the report and the streams in packets; else negative */
    HANDLE process; /* the program, while it runs */
    struct request *next;
};
bool request_read(struct request *request, const char *path);
void report(const struct request *request, const char *word, unsigned code, const char *text);
void report_exit(const struct request *request, unsigned code);
void report_unchanged(const struct request *request);

/* kernel.c */
void kernel_prepare(const struct request *request);
const char *processor_identifier(void);

/* device.c */
void devices_serve(const struct request *request);

/* services.c */
HANDLE services_listen(void);
void services_start(void);
void services_stop(void);
bool services_own(const SYSTEM_PROCESS_INFORMATION *list, HANDLE pid);

/* roots.c */
HANDLE roots_watch(void);
void roots_hold(void);

/* environment.c */
void environment_apply(const struct request *request);
bool environment_is_fresh(const struct request *request);
void *environment_enter(const struct request *request);
void environment_leave(void *before);
void environment_clean(HANDLE process);

/* identity.c */
#define WINES_USER L"\\Registry\\User\\S-1-5-21-0-0-0-1000"
wchar_t *hive_path(const struct request *request, const wchar_t *tail);
void identity_prepare(struct request *request, bool boot);

/* start.c */
struct failure {
    unsigned exit_code;
    unsigned error;
    const char *text;
};
extern SRWLOCK start_guard;
bool start_program(const struct request *request, STARTUPINFOW *startup, PROCESS_INFORMATION *process,
                   struct failure *failure);

/* run.c */
unsigned run(struct request *request);

/* exec.c */
int execs_listen(const struct request *container);
void exec_accept(int listening);
void exec_end(const char *name);

/* relay.c */
struct relay {
    HANDLE console; /* what console_make has returned */
    HANDLE child_input, child_output, child_error;
    struct stream *streams;
};
bool relay_open(struct relay *relay, const struct request *request);
void relay_close_child_ends(struct relay *relay);
void relay_close(struct relay *relay);
void relay_until_exit(struct relay *relay, HANDLE process);

/* console.c */
HANDLE console_make(void);
HANDLE console_replace(HANDLE console);
void console_serve(HANDLE server);

/* terminal.c */
void terminal_follow(void);

/* events32.c */
void *find_routine_of_32_bits(HANDLE process, bool *is_32_bit);

/* stop.c */
void stop_programs(unsigned event);
bool is_last_program(void);

/* registry.c */
void registry_save(const struct request *request);
void registry_watch(void);
void registry_report(const struct request *request);
LONGLONG registry_changed_at(const wchar_t *path);

/* control.c */
void control_listen(const struct request *request);

#endif
