/*
 * icacls: shows access control lists, and grants.
 *
 * In a container every program may do everything to every file (it is the container that keeps it from others): what
 * grants access has nothing to do but to be checked; what takes access away cannot be done, and says so.
 */
#include "account.h"

#include <aclapi.h>

static struct {
    bool tree, go_on, quiet, show, granted;
    uint64_t done, failed;
    int code;
} run;

static const struct {
    DWORD mask;
    const wchar_t *name;
} rights[] = {{FILE_ALL_ACCESS, L"F"}, {0x1301BF, L"M"}, {0x1200A9, L"RX"}, {0x120089, L"R"}, {0x120116, L"W"}};

static const wchar_t *rights_of(DWORD mask)
{
    if (mask & GENERIC_ALL)
        return L"F";
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        if ((mask & rights[i].mask) == rights[i].mask)
            return rights[i].name;
    return format(L"0x%x", mask);
}

static void show(const wchar_t *path, ACL *acl)
{
    BOOL(WINAPI * get)(ACL *, DWORD, void **) = advapi("GetAce");
    ACCESS_ALLOWED_ACE *ace;
    say(L"%s ", path);
    for (unsigned i = 0; acl && i < acl->AceCount && get(acl, i, (void **)&ace); i++) {
        unsigned char flags = ace->Header.AceFlags;
        if (i)
            say(L"%*s ", (int)wcslen(path), L"");
        say(L"%s:%s%s%s%s%s(%s)\r\n", account_of(&ace->SidStart), flags & INHERITED_ACE ? L"(I)" : L"",
            flags & OBJECT_INHERIT_ACE ? L"(OI)" : L"", flags & CONTAINER_INHERIT_ACE ? L"(CI)" : L"",
            flags & INHERIT_ONLY_ACE ? L"(IO)" : L"", ace->Header.AceType == ACCESS_DENIED_ACE_TYPE ? L"(DENY)" : L"",
            rights_of(ace->Mask));
    }
    say(L"\r\n");
}

static void process(const wchar_t *path)
{
    DWORD(WINAPI * get)(const wchar_t *, SE_OBJECT_TYPE, SECURITY_INFORMATION, void **, void **, ACL **, ACL **, void **);
    ACL *acl = NULL;
    void *descriptor;
    DWORD error = is_there(path) ? 0 : GetLastError();
    if (!error && run.show) {
        get = advapi("GetNamedSecurityInfoW");
        error = get(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &acl, NULL, &descriptor);
        if (!error)
            show(path, acl);
    }
    if (error) {
        complain(L"%s: %s\r\n", path, reason(error));
        run.failed++;
        run.code = (int)error;
        return;
    }
    if (!run.show && !run.quiet)
        say(L"processed file: %s\r\n", path);
    run.done++;
}

static void walk(const wchar_t *path)
{
    size_t count;
    DWORD error;
    process(path);
    if (!run.tree || !is_directory(path))
        return;
    struct entry *entries = list(path, L"*", &count, &error);
    for (size_t i = 0; entries && i < count && (run.go_on || !run.failed); i++) {
        if (entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY && !(entries[i].attributes & FILE_ATTRIBUTE_REPARSE_POINT))
            walk(under(path, entries[i].name));
        else
            process(under(path, entries[i].name));
    }
}

static void walk_all(const wchar_t *path)
{
    size_t count;
    DWORD error;
    const wchar_t *directory = directory_of(path);
    if (!wcschr(base_name(path), L'*') && !wcschr(base_name(path), L'?')) {
        walk(path);
        return;
    }
    struct entry *entries = list(*directory ? directory : L".", base_name(path), &count, &error);
    for (size_t i = 0; entries && i < count; i++)
        walk(format(L"%s%s", directory, entries[i].name));
    if (!entries || !count)
        process(path);
}

/* account:perm, perm being letters, or rights in brackets. */
static int check_grant(const wchar_t *text)
{
    const wchar_t *colon = wcsrchr(text, L':');
    if (!colon || colon == text || !colon[1]) {
        complain(L"Invalid parameter \"%s\"\r\n", text);
        return ERROR_INVALID_PARAMETER;
    }
    for (const wchar_t *c = colon + 1; *c; c++)
        if (!wcschr(L"()ABCDEFGILMNOPRSTUVWX,", upper(*c))) {
            complain(L"Invalid parameter \"%s\"\r\n", text);
            return ERROR_INVALID_PARAMETER;
        }
    if (!account_sid(copy_part(text, (size_t)(colon - text)), &(struct sid){0})) {
        complain(L"%s: %s\r\nSuccessfully processed 0 files; Failed processing 1 files\r\n",
                 copy_part(text, (size_t)(colon - text)), reason(ERROR_NONE_MAPPED));
        return ERROR_NONE_MAPPED;
    }
    return 0;
}

static int refuse(const wchar_t *option)
{
    complain(L"icacls: %s is not supported here: in a container every program may use all of its files, and access "
             L"cannot be taken away. Leave it out, or mount the files read-only.\r\n", option);
    return ERROR_NOT_SUPPORTED;
}

int icacls(int count, wchar_t **arguments)
{
    int code;
    if (!count || same(arguments[0], L"/?")) {
        say(L"ICACLS name [/grant[:r] Sid:perm[...]] [/setowner user] [/reset] [/T] [/C] [/L] [/Q]\r\n");
        return count ? 0 : ERROR_INVALID_PARAMETER;
    }
    run.show = true;
    for (int i = 1; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (same(each, L"/T"))
            run.tree = true;
        else if (same(each, L"/C"))
            run.go_on = true;
        else if (same(each, L"/Q"))
            run.quiet = true;
        else if (same(each, L"/L") || same(each, L"/inheritance:e"))
            run.show &= same(each, L"/L");
        else if (same(each, L"/reset"))
            run.show = false;
        else if (same(each, L"/setowner") && i + 1 < count) {
            run.show = false;
            if (!account_sid(arguments[++i], &(struct sid){0}))
                return complain(L"%s: %s\r\n", arguments[i], reason(ERROR_NONE_MAPPED)), ERROR_NONE_MAPPED;
        } else if (same(each, L"/grant") || same(each, L"/grant:r")) {
            run.show = false;
            if (i + 1 == count)
                return complain(L"Invalid parameter \"%s\"\r\n", each), ERROR_INVALID_PARAMETER;
            while (i + 1 < count && arguments[i + 1][0] != L'/')
                if ((code = check_grant(arguments[++i])))
                    return code;
        } else if (same_start(each, L"/deny") || same_start(each, L"/remove") || same_start(each, L"/inheritance:") ||
                   same_start(each, L"/setintegritylevel") || same(each, L"/save") || same(each, L"/restore") ||
                   same(each, L"/substitute") || same(each, L"/findsid") || same(each, L"/verify")) {
            return refuse(each);
        } else {
            return complain(L"Invalid parameter \"%s\"\r\n", each), ERROR_INVALID_PARAMETER;
        }
    }
    walk_all(arguments[0]);
    say(L"Successfully processed %I64u files; Failed processing %I64u files\r\n", run.done, run.failed);
    return run.code;
}
