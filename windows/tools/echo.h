/* Echoes to addresses, by a socket of Linux's. */
#ifndef TRANSOM_ECHO_H
#define TRANSOM_ECHO_H

#include "network.h"

struct echo {
    int socket;
    bool six;
    SOCKADDR_STORAGE target;
    unsigned wait; /* milliseconds */
    size_t size;   /* bytes of data */
    volatile LONG *stop; /* where set, whatever it waits for; may be NULL */
};
struct answer_to {
    enum { SILENCE, ROUTER, TARGET, UNREACHABLE, TOO_BIG, NOT_SENT } kind;
    SOCKADDR_STORAGE from;
    unsigned milliseconds, hops_left;
};

/* family: of the address, AF_UNSPEC for any. False: there is none. */
bool find_target(const wchar_t *name, int family, SOCKADDR_STORAGE *target);
wchar_t *name_of(const SOCKADDR_STORAGE *address); /* NULL: it has none */
wchar_t *address_text(const SOCKADDR_STORAGE *address);
bool open_echo(struct echo *echo); /* by its target; the rest is filled in already */
void set_hops(const struct echo *echo, unsigned hops);
void forbid_pieces(const struct echo *echo);
struct answer_to ask_echo(const struct echo *echo, uint16_t number);

#endif
