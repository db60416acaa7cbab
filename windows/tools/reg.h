/* What reg's verbs share: keys by their names, values, options. */
#ifndef TRANSOM_REG_H
#define TRANSOM_REG_H

#include "tool.h"

struct key {
    HKEY root;
    const wchar_t *path; /* "" for a root itself */
    wchar_t *shown;      /* with the root's long name */
};
struct value {
    wchar_t *name;
    DWORD type, size;
    BYTE *data;
};
struct registry { /* kernelbase's functions: advapi32 would pull more libraries into the start */
    LSTATUS(WINAPI *open)(HKEY, const wchar_t *, DWORD, REGSAM, HKEY *);
    LSTATUS(WINAPI *create)
    (HKEY, const wchar_t *, DWORD, wchar_t *, DWORD, REGSAM, const SECURITY_ATTRIBUTES *, HKEY *, DWORD *);
    LSTATUS(WINAPI *close)(HKEY);
    LSTATUS(WINAPI *query)(HKEY, const wchar_t *, DWORD *, DWORD *, BYTE *, DWORD *);
    LSTATUS(WINAPI *set)(HKEY, const wchar_t *, DWORD, DWORD, const BYTE *, DWORD);
    LSTATUS(WINAPI *forget)(HKEY, const wchar_t *);
    LSTATUS(WINAPI *remove_tree)(HKEY, const wchar_t *);
    LSTATUS(WINAPI *remove_key)(HKEY, const wchar_t *, REGSAM, DWORD);
    LSTATUS(WINAPI *next_key)(HKEY, DWORD, wchar_t *, DWORD *, DWORD *, wchar_t *, DWORD *, FILETIME *);
    LSTATUS(WINAPI *next_value)(HKEY, DWORD, wchar_t *, DWORD *, DWORD *, DWORD *, BYTE *, DWORD *);
};
extern struct registry registry;
void load_registry(void);

/* reg.c */
extern REGSAM view; /* what /reg:32 or /reg:64 asks for */
int bad_use(const wchar_t *why); /* says how to get help; returns the exit code, as all that follow */
int failed(LSTATUS status);
int done(void);
bool confirm(const wchar_t *question, bool *always); /* always: NULL where "All" is no answer */
const wchar_t *given(const wchar_t *option); /* its value, "" for one without, NULL if it was not given */
bool name_key(const wchar_t *text, struct key *key);
bool parse_key(const wchar_t *text, struct key *key); /* says what is wrong */
LSTATUS open_key(const struct key *key, REGSAM access, HKEY *handle);
LSTATUS create_key(const struct key *key, HKEY *handle);
LSTATUS remove_whole_key(const struct key *key);

/* reg_values.c */
struct value *values_of(HKEY key, size_t *count);
wchar_t **subkeys_of(HKEY key, size_t *count);
bool find_value(HKEY key, const wchar_t *name, struct value *value);
int digit_of(wchar_t c); /* hexadecimal; -1 for what is none */
bool type_of(const wchar_t *name, DWORD *type);
const wchar_t *type_name(DWORD type);
wchar_t *data_text(const struct value *value, const wchar_t *separator);
bool data_of(const wchar_t *text, const wchar_t *separator, struct value *value); /* by its type; says what is wrong */

/* The verbs; arguments behind the keys are taken by given. */
int query(const struct key *key);
int compare_keys(const struct key *one, const struct key *other);
int export_key(const struct key *key, const wchar_t *path);
int import_file(const wchar_t *path);
int save_key(const struct key *key, const wchar_t *path);
int restore_key(const struct key *key, const wchar_t *path);
int load_key(const struct key *key, const wchar_t *path);
int unload_key(const struct key *key);
int copy_key(const struct key *from, const struct key *to);

#endif
