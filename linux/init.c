/*
 * Process 1 of a Windows container.
 *
 * It starts wineserver, then the Windows first process (windows/init.c) through Wine's loader, reaps whatever is
 * orphaned, turns signals into requests to the Windows side, and at the end has wineserver write the registry.
 *
 * Files in CONTROL, a directory that the engine binds into the container:
 *   main        what to run (read by the Windows side)
 *   machine     the container's limits, where it has any (written by the engine)
 *   main.ctl    FIFO: requests to the Windows side, one line each
 *   main.report FIFO: how the start went (written by the Windows side)
 *   main.unchanged  there at the end if nobody has changed the registry (made by the Windows side)
 *   main.exit   the program's full 32-bit exit code (written by the Windows side; by us where it could not)
 *
 * Statically linked: the container's Linux side has no place for surprises.
 */
#define _GNU_SOURCE
#include "terminal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONTROL "/run/transom"
#define MACHINE CONTROL "/machine"
#define LIMITS "/transom/limits.so" /* linux/limits: says a container's limits in the C library's place */
#define PREFIX "/run/wine"
#define RUNTIME "/run/user" /* a tmpfs: wineserver keeps its socket and shared memory there */
#define SERVER "/usr/lib/wine/wineserver"
#define LOADER "/usr/lib/wine/wine64"
#define FIRST "C:\\windows\\system32\\transom-init.exe"

enum {
    GIVE_UP_MS = 5000,
    CODE_INIT_FAILED = 255,
    CODE_KILLED = 137,
    EVENT_CTRL_C = 0,
    EVENT_CTRL_BREAK = 1,
    EVENT_CTRL_CLOSE = 2,
    EVENT_CTRL_SHUTDOWN = 6,
};

static pid_t server, first, carrier;

static char user[64] = "USER="; /* whom GetUserName names, in this program and all that it starts */

static char preload[sizeof "LD_PRELOAD=" LIMITS] = "LD_PRELOAD=";

/* Wine sees this environment and no other; the program's own travels in CONTROL/main. */
static char *const environment[] = {
    user,
    "WINEPREFIX=" PREFIX,
    "HOME=" PREFIX,
    "XDG_RUNTIME_DIR=" PREFIX,
    "PATH=/usr/lib/wine",
    "WINEDEBUG=-all",
    "WINELOADERNOEXEC=1", /* skips a second exec: Debian has no 64-bit preloader */
    "LC_CTYPE=en_AE.UTF-8", /* makes UTF-8 the ANSI and OEM code page */
    "LC_MESSAGES=en_US.UTF-8",
    preload,
    NULL,
};

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void complain(const char *what)
{
    dprintf(2, "transom: %s: %s\n", what, strerror(errno));
}

static void detach_stdio(bool errors_too)
{
    int null = open("/dev/null", O_RDWR);
    if (null < 0)
        return;
    dup2(null, 0);
    dup2(null, 1);
    if (errors_too)
        dup2(null, 2);
    if (null > 2)
        close(null);
}

static void hear_all_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* terminal: what terminal_open has returned. */
static pid_t run(char *const argv[], bool with_stdio, int terminal, const char *directory)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    hear_all_signals();
    if (!with_stdio) {
        detach_stdio(true);
        setsid();
    } else if (terminal >= 0) {
        terminal_enter(terminal);
    }
    if (chdir(directory)) {
        complain(directory);
        _exit(CODE_INIT_FAILED);
    }
    execve(argv[0], argv, environment);
    complain(argv[0]);
    _exit(CODE_INIT_FAILED);
}

/*
 * Where wineserver listens: a directory named from PREFIX's device and inode, below the user's runtime directory.
 * (Debian's Wine looks there first, and else for a random name that it keeps in PREFIX.)
 */
static bool server_listens(void)
{
    struct stat prefix, found;
    char path[128];
    if (stat(PREFIX, &prefix))
        return false;
    snprintf(path, sizeof path, RUNTIME "/%u/wine/server-%llx-%llx/socket", getuid(),
             (unsigned long long)prefix.st_dev, (unsigned long long)prefix.st_ino);
    return stat(path, &found) == 0 && S_ISSOCK(found.st_mode);
}

static void make_runtime_directory(void)
{
    char path[64];
    snprintf(path, sizeof path, RUNTIME "/%u", getuid());
    if (mkdir(path, 0700) && errno != EEXIST)
        complain(path);
}

static bool wait_for_server(void)
{
    const struct timespec pause = {0, 500000};
    for (long long end = now_ms() + GIVE_UP_MS; now_ms() < end; nanosleep(&pause, NULL)) {
        if (server_listens())
            return true;
        if (waitpid(server, NULL, WNOHANG) == server) {
            server = 0;
            return false;
        }
    }
    return false;
}

static void request_event(int event)
{
    int fd = open(CONTROL "/main.ctl", O_WRONLY | O_NONBLOCK);
    if (fd < 0)
        return;
    dprintf(fd, "event %d\n", event);
    close(fd);
}

/* End every process but this one, wineserver, and the one that carries the terminal's bytes. */
static void kill_others(void)
{
    DIR *proc = opendir("/proc");
    if (!proc) { /* then wineserver cannot be spared either */
        kill(-1, SIGKILL);
        return;
    }
    for (struct dirent *each; (each = readdir(proc));) {
        pid_t pid = atoi(each->d_name);
        if (pid > 1 && pid != server && pid != carrier)
            kill(pid, SIGKILL);
    }
    closedir(proc);
}

/* The exit code that the Windows side wrote, or fallback. */
static unsigned exit_code(unsigned fallback)
{
    char text[16] = "";
    int fd = open(CONTROL "/main.exit", O_RDONLY);
    if (fd < 0)
        return fallback;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    return length > 0 ? strtoul(text, NULL, 10) : fallback;
}

static void write_exit_code(unsigned code)
{
    int fd = open(CONTROL "/main.exit.new", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return;
    dprintf(fd, "%u\n", code);
    close(fd);
    rename(CONTROL "/main.exit.new", CONTROL "/main.exit");
}

/*
 * On SIGTERM wineserver writes the registry and ends; it gets GIVE_UP_MS for it. Where the Windows side has said that
 * the files are as they should be, it need not: whoever says so falsely harms his own container.
 */
static void end_server(const sigset_t *watched)
{
    if (!server)
        return;
    if (!access(CONTROL "/main.unchanged", F_OK)) {
        kill(server, SIGKILL);
        return;
    }
    kill(server, SIGTERM);
    for (long long end = now_ms() + GIVE_UP_MS; now_ms() < end;) {
        const struct timespec pause = {0, 100000000};
        for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;)
            if (pid == server)
                return;
        sigtimedwait(watched, NULL, &pause);
    }
    kill(server, SIGKILL);
}

/* Run until the first process has ended; return the program's exit code. */
static unsigned supervise(const sigset_t *watched)
{
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(watched, &info);
        if (signal != SIGCHLD && info.si_code == SI_KERNEL)
            continue; /* from the terminal: its programs have got it too */
        switch (signal) {
        case SIGCHLD: {
            int status;
            for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
                if (pid == first) {
                    if (server && waitpid(server, NULL, WNOHANG) == server) { /* killed, and everybody with it */
                        server = 0;
                        return exit_code(CODE_KILLED);
                    }
                    return exit_code(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
                }
                if (pid == carrier)
                    carrier = 0;
                if (pid == server) { /* every Windows process dies with it */
                    server = 0;
                    kill_others();
                    return exit_code(CODE_KILLED);
                }
            }
            break;
        }
        case SIGPWR: /* the engine's kill, which lets the registry be written */
            write_exit_code(CODE_KILLED);
            return CODE_KILLED;
        case SIGINT:
            request_event(EVENT_CTRL_C);
            break;
        case SIGQUIT:
            request_event(EVENT_CTRL_BREAK);
            break;
        case SIGHUP:
            request_event(EVENT_CTRL_CLOSE);
            break;
        case SIGTERM:
            request_event(EVENT_CTRL_SHUTDOWN);
            break;
        }
    }
}

/* Have a process of its own carry what is drawn on Wine's terminal; process 1 has more to do. */
static void start_carrier(int terminal)
{
    if (terminal < 0)
        return;
    carrier = fork();
    if (!carrier) {
        terminal_carry(terminal, 0, NULL);
        _exit(0);
    }
    close(terminal);
}

/* With nobody left on Wine's terminal, the carrier ends as soon as everything has been read. */
static void await_carrier(const sigset_t *watched)
{
    for (long long end = now_ms() + GIVE_UP_MS; carrier && now_ms() < end;) {
        const struct timespec pause = {0, 100000000};
        for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;) {
            carrier = pid == carrier ? 0 : carrier;
            server = pid == server ? 0 : server;
        }
        if (carrier)
            sigtimedwait(watched, NULL, &pause);
    }
}

/* `init exec PATH`: become one more Windows process of the running container, or, with a terminal, its parent. */
static int become_exec(char *request)
{
    char *const argv[] = {LOADER, FIRST, "exec", request, NULL};
    int terminal = terminal_open(), status = 0;
    if (chdir("/c"))
        complain("/c");
    pid_t child = terminal < 0 ? 0 : fork();
    if (child > 0) {
        terminal_carry(terminal, child, &status);
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    if (terminal >= 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        terminal_enter(terminal);
    }
    execve(LOADER, argv, environment);
    complain(LOADER);
    return CODE_INIT_FAILED;
}

/* What Wine must know of the machine before it runs. */
static void read_machine(void)
{
    char line[128];
    FILE *file = fopen(MACHINE, "re");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        if (strchr(line, '='))
            strcpy(preload, "LD_PRELOAD=" LIMITS);
    }
    fclose(file);
}

int main(int count, char **arguments)
{
    const char *name = getenv("USER");
    if (name)
        snprintf(user, sizeof user, "USER=%s", name);
    read_machine();
    if (count == 3 && !strcmp(arguments[1], "exec"))
        return become_exec(arguments[2]);
    if (getpid() != 1) { /* at its end it kills whatever it sees: in a namespace of others' processes that is the host */
        dprintf(2, "transom: not process 1 of a namespace of its own\n");
        return CODE_INIT_FAILED;
    }
    sigset_t watched;
    sigemptyset(&watched);
    int signals[] = {SIGCHLD, SIGPWR, SIGINT, SIGQUIT, SIGHUP, SIGTERM};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(&watched, signals[i]);
    sigprocmask(SIG_BLOCK, &watched, NULL);
    umask(022);
    make_runtime_directory();
    int terminal = terminal_open();

    server = run((char *[]){SERVER, "-f", "-p", NULL}, false, -1, PREFIX);
    if (server < 0 || !wait_for_server()) {
        dprintf(2, "transom: wineserver did not start\n");
        kill_others();
        return CODE_INIT_FAILED;
    }
    first = run((char *[]){LOADER, FIRST, "boot", CONTROL "/main", NULL}, true, terminal, "/c");
    if (first < 0) {
        complain("fork");
        end_server(&watched);
        return CODE_INIT_FAILED;
    }
    start_carrier(terminal);
    detach_stdio(false);
    unsigned code = supervise(&watched);
    kill_others();
    await_carrier(&watched);
    write_exit_code(code);
    end_server(&watched);
    return code && !(code & 0xff) ? 1 : code & 0xff;
}
