/*
 * Wine's console draws on a terminal of its own; what it draws is carried from there to the container's.
 *
 * The console hides the cursor around everything that it draws. That is taken out on the way, and what is left of it
 * when the drawing rests is made up for: so a program's first output stands first. (The sequences are DECTCEM's.)
 */
#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SHOW "\x1b[?25h"
#define HIDE "\x1b[?25l"

enum { BUFFER = 16384, SEQUENCE = 6, REST_MS = 20 };

struct cursor {
    bool hidden, hidden_there; /* as Wine's console has left it; as the container's terminal has it */
    char held[SEQUENCE]; /* the start of what may become one of the two sequences */
    unsigned held_count;
};

struct input {
    char data[BUFFER];
    size_t start, end;
    bool ended;
};

static void copy_size(int master)
{
    struct winsize size;
    if (!ioctl(0, TIOCGWINSZ, &size))
        ioctl(master, TIOCSWINSZ, &size);
}

int terminal_open(void)
{
    struct termios outer, inner;
    int unlock = 0;
    if (tcgetattr(0, &outer))
        return -1;
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) || tcgetattr(master, &inner))
        return -1;
    /*
     * The console ends its lines with CR LF: no CR of the terminal's own before each LF. Input is taken as it comes:
     * the console does so only once a program reads, and what is typed before would have its Enter turned into another
     * character. Ctrl-C stays a signal until then, for programs that never read.
     */
    inner.c_oflag &= ~(tcflag_t)ONLCR;
    inner.c_iflag &= ~(tcflag_t)ICRNL;
    inner.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(master, TCSANOW, &inner);
    cfmakeraw(&outer);
    tcsetattr(0, TCSANOW, &outer);
    copy_size(master);
    return master;
}

void terminal_enter(int master)
{
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    if (slave < 0)
        return;
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    for (int fd = 0; fd <= 2; fd++)
        dup2(slave, fd);
    if (slave > 2)
        close(slave);
}

static void write_all(const char *data, size_t size)
{
    while (size) {
        ssize_t done = write(1, data, size);
        if (done < 0 && errno != EINTR)
            return; /* nobody is there any more: Wine must not notice, let alone hang */
        if (done > 0) {
            data += done;
            size -= (size_t)done;
        }
    }
}

/* Copy to out what is neither of the two sequences, and take note of them; return how much that is. */
static size_t sift(struct cursor *cursor, const char *data, size_t count, char *out)
{
    size_t used = 0;
    for (; count; data++, count--) {
        bool last = cursor->held_count == SEQUENCE - 1;
        if (last && (*data == 'h' || *data == 'l')) {
            cursor->hidden = *data == 'l';
            cursor->held_count = 0;
            continue;
        }
        if (last || *data != SHOW[cursor->held_count]) {
            memcpy(out + used, cursor->held, cursor->held_count);
            used += cursor->held_count;
            cursor->held_count = 0;
        }
        if (*data == SHOW[cursor->held_count])
            cursor->held[cursor->held_count++] = *data;
        else
            out[used++] = *data;
    }
    return used;
}

static bool is_restless(const struct cursor *cursor)
{
    return cursor->held_count || cursor->hidden != cursor->hidden_there;
}

/* Nothing more is drawn for now. */
static void settle(struct cursor *cursor)
{
    write_all(cursor->held, cursor->held_count);
    cursor->held_count = 0;
    if (cursor->hidden != cursor->hidden_there)
        write_all(cursor->hidden ? HIDE : SHOW, SEQUENCE);
    cursor->hidden_there = cursor->hidden;
}

/* Return false at the end: nobody has Wine's terminal open. */
static bool carry_output(int master, struct cursor *cursor)
{
    char data[BUFFER], out[BUFFER + SEQUENCE];
    ssize_t got = read(master, data, sizeof data);
    if (got > 0)
        write_all(out, sift(cursor, data, (size_t)got, out));
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void take_input(struct input *input)
{
    ssize_t got = read(0, input->data, sizeof input->data);
    input->start = 0;
    input->end = got > 0 ? (size_t)got : 0;
    input->ended = got == 0 || (got < 0 && errno != EINTR);
}

static void give_input(struct input *input, int master)
{
    ssize_t done = write(master, input->data + input->start, input->end - input->start);
    if (done > 0)
        input->start += (size_t)done;
}

/* Return true once child has ended. */
static bool hear_signal(int signals, int master, pid_t child, int *status)
{
    struct signalfd_siginfo heard;
    if (read(signals, &heard, sizeof heard) != sizeof heard)
        return false;
    if (heard.ssi_signo == SIGWINCH)
        copy_size(master);
    return child && waitpid(child, status, WNOHANG) == child;
}

void terminal_carry(int master, pid_t child, int *status)
{
    static struct input input;
    struct cursor cursor = {0};
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGWINCH);
    sigaddset(&heard, SIGCHLD);
    sigprocmask(SIG_SETMASK, &heard, NULL);
    int signals = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
    copy_size(master); /* it may have changed before we could hear */
    bool ended = child && waitpid(child, status, WNOHANG) == child;
    while (!ended) {
        bool waiting = input.start < input.end;
        struct pollfd polled[] = {{master, (short)(POLLIN | (waiting ? POLLOUT : 0)), 0},
                                  {input.ended || waiting ? -1 : 0, POLLIN, 0},
                                  {signals, POLLIN, 0}};
        int count = poll(polled, 3, is_restless(&cursor) ? REST_MS : -1);
        if (!count)
            settle(&cursor);
        if (count <= 0)
            continue;
        if (polled[0].revents & (POLLIN | POLLHUP | POLLERR) && !carry_output(master, &cursor))
            break;
        if (polled[0].revents & POLLOUT)
            give_input(&input, master);
        if (polled[1].revents)
            take_input(&input);
        if (polled[2].revents)
            ended = hear_signal(signals, master, child, status);
    }
    while (poll(&(struct pollfd){master, POLLIN, 0}, 1, 0) == 1 && carry_output(master, &cursor))
        ;
    settle(&cursor);
    if (child && !ended)
        waitpid(child, status, 0);
}
