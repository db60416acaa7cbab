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

/* memory.c */
void *take(size_t bytes);
size_t text_length(const char *text);
bool text_starts(const char *text, const char *prefix);
char *text_number(char *end, unsigned value);
unsigned text_value(const char *text);
wchar_t *wide(const char *utf8);
size_t wide_length(const wchar_t *text);
bool wide_equal(const wchar_t *one, const wchar_t *other, size_t length);

/* request.c */
struct request {
    const char *path; /* Linux path of the request, to which the names of the other files are appended */
    wchar_t *command;
    wchar_t *directory;
    const wchar_t *user;
    const char *version; /* major.minor.build of the image's os.version */
    const char *drives; /* letters, lower case */
    uint32_t serial; /* of the drives, as `vol` prints it */
    const char **environment;
    unsigned environment_count;
    unsigned mhz; /* of a processor, as the registry shows it */
    bool terminal;
    bool open_stdin;
    bool server_product;
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
void environment_clean(HANDLE process);

/* token.c */
HANDLE token_of(const struct request *request);

/* start.c */
struct failure {
    unsigned exit_code;
    unsigned error;
    const char *text;
};
bool start_program(const struct request *request, STARTUPINFOW *startup, PROCESS_INFORMATION *process,
                   struct failure *failure);

/* relay.c */
struct relay {
    HANDLE child_input, child_output, child_error;
    struct stream *streams;
};
bool relay_open(struct relay *relay, const struct request *request);
void relay_close_child_ends(struct relay *relay);
void relay_until_exit(struct relay *relay, HANDLE process, HANDLE console);

/* console.c */
HANDLE console_make(void);
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

/* control.c */
void control_listen(const struct request *request);

#endif
