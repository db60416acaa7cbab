/* Questions to name servers. */
#ifndef TRANSOM_DNS_H
#define TRANSOM_DNS_H

#include "network.h"

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28,
       TYPE_SRV = 33, TYPE_ANY = 255 };
enum { NO_ERROR_CODE = 0, NAME_ERROR = 3, TIMED_OUT = 256, NO_RESPONSE, NO_ANSWER, BAD_NAME }; /* beside the server's own codes */

struct server {
    struct sockaddr_storage address;
    int size;
    wchar_t *text; /* of the address */
    unsigned port, seconds, tries;
};
struct record {
    wchar_t *name;
    unsigned type;
    size_t at, size; /* of its data in the answer */
};
struct answer {
    uint8_t *data;
    size_t size;
    bool authoritative;
    struct record *records; /* of the answer's first section */
    size_t count;
};

void start_network(void);
bool server_at(const wchar_t *text, struct server *server); /* an address */
unsigned ask_server(const struct server *server, const wchar_t *name, unsigned type, struct answer *answer);
wchar_t *name_at(const struct answer *answer, size_t *at); /* and what follows it; NULL where it is malformed */

#endif
