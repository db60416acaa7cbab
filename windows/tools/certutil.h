/* certutil's verbs. */
#ifndef TRANSOM_CERTUTIL_H
#define TRANSOM_CERTUTIL_H

#include "tool.h"

struct certutil {
    bool force, user;
};
int cert_failed(const wchar_t *verb, unsigned status); /* an HRESULT; says it, and is the exit code */
int cert_done(const wchar_t *verb);
unsigned read_all(const wchar_t *path, unsigned char **data, size_t *size);
unsigned write_new(const wchar_t *path, bool overwrite, const void *data, size_t size);
unsigned char *decode_base64(const unsigned char *text, size_t size, size_t *made);
/* certutil_store.c */
int cert_add(const struct certutil *how, int count, wchar_t **arguments);
int cert_delete(const struct certutil *how, int count, wchar_t **arguments);
int cert_show(const struct certutil *how, int count, wchar_t **arguments);
/* certutil_fetch.c */
int cert_fetch(const struct certutil *how, int count, wchar_t **arguments);

#endif
