/* Users and local groups by NetUser… and NetLocalGroup…, and logging on. Expected: Microsoft's page on each function. */
#include "api.h"
#include <lm.h>
#include <sddl.h>

static int has_member(const wchar_t *group, const wchar_t *wanted)
{
    LOCALGROUP_MEMBERS_INFO_3 *members;
    DWORD read = 0, total = 0, found = 0;
    if (NetLocalGroupGetMembers(NULL, group, 3, (BYTE **)&members, MAX_PREFERRED_LENGTH, &read, &total, NULL))
        return -1;
    for (DWORD i = 0; i < read; i++) {
        const wchar_t *name = wcsrchr(members[i].lgrmi3_domainandname, '\\');
        found += !_wcsicmp(name ? name + 1 : members[i].lgrmi3_domainandname, wanted);
    }
    NetApiBufferFree(members);
    return (int)found;
}

static void users(void)
{
    USER_INFO_1 wanted = {.usri1_name = L"probe", .usri1_password = L"Pa55-word", .usri1_priv = USER_PRIV_USER,
                          .usri1_comment = L"made here", .usri1_flags = UF_SCRIPT | UF_DONT_EXPIRE_PASSWD};
    USER_INFO_4 *info;
    USER_INFO_0 *all;
    USER_INFO_1003 password = {L"An0ther!"};
    USER_INFO_1011 full = {L"Probe of the tests"};
    DWORD place = 0, read = 0, total = 0, found = 0;
    wchar_t *text;
    CHECK(NetUserGetInfo(NULL, L"probe", 0, (BYTE **)&info) == NERR_UserNotFound);
    CHECK(NetUserAdd(NULL, 1, (BYTE *)&wanted, &place) == NERR_Success);
    CHECK(NetUserAdd(NULL, 1, (BYTE *)&wanted, &place) == NERR_UserExists);
    CHECK(NetUserSetInfo(NULL, L"PROBE", 1003, (BYTE *)&password, &place) == NERR_Success);
    CHECK(NetUserSetInfo(NULL, L"probe", 1011, (BYTE *)&full, &place) == NERR_Success);
    CHECK(NetUserGetInfo(NULL, L"probe", 4, (BYTE **)&info) == NERR_Success);
    CHECK(!wcscmp(info->usri4_name, L"probe") && !wcscmp(info->usri4_comment, L"made here"));
    CHECK(!wcscmp(info->usri4_full_name, full.usri1011_full_name) && info->usri4_priv == USER_PRIV_USER);
    CHECK(info->usri4_flags & UF_NORMAL_ACCOUNT && info->usri4_flags & UF_DONT_EXPIRE_PASSWD);
    CHECK(!info->usri4_password && info->usri4_acct_expires == TIMEQ_FOREVER);
    CHECK(ConvertSidToStringSidW(info->usri4_user_sid, &text) && !wcsncmp(text, L"S-1-5-21-", 9));
    NetApiBufferFree(info);
    CHECK(NetUserEnum(NULL, 0, FILTER_NORMAL_ACCOUNT, (BYTE **)&all, MAX_PREFERRED_LENGTH, &read, &total, NULL) ==
          NERR_Success);
    for (DWORD i = 0; i < read; i++)
        found += !wcscmp(all[i].usri0_name, L"probe") || !wcscmp(all[i].usri0_name, L"Administrator");
    CHECK(found == 2 && read == total);
    NetApiBufferFree(all);
    wanted.usri1_name = L"no/name";
    CHECK(NetUserAdd(NULL, 1, (BYTE *)&wanted, &place) == NERR_BadUsername);
    wanted.usri1_name = L"other";
    wanted.usri1_priv = USER_PRIV_ADMIN;
    CHECK(NetUserAdd(NULL, 1, (BYTE *)&wanted, &place) == ERROR_INVALID_PARAMETER && place == USER_PRIV_PARMNUM);
    CHECK(NetUserDel(NULL, L"Administrator") == ERROR_SPECIAL_ACCOUNT);
}

static void groups(void)
{
    LOCALGROUP_INFO_1 wanted = {L"Probes", L"of the tests"}, *info;
    LOCALGROUP_MEMBERS_INFO_3 member = {L"probe"}, nobody = {L"nobody at all"};
    LOCALGROUP_USERS_INFO_0 *of_user;
    DWORD place, read, total;
    CHECK(NetLocalGroupAdd(NULL, 1, (BYTE *)&wanted, &place) == NERR_Success);
    CHECK(NetLocalGroupAdd(NULL, 1, (BYTE *)&wanted, &place) == ERROR_ALIAS_EXISTS);
    CHECK(NetLocalGroupGetInfo(NULL, L"probes", 1, (BYTE **)&info) == NERR_Success);
    CHECK(!wcscmp(info->lgrpi1_name, L"Probes") && !wcscmp(info->lgrpi1_comment, L"of the tests"));
    NetApiBufferFree(info);
    CHECK(NetLocalGroupAddMembers(NULL, L"Probes", 3, (BYTE *)&member, 1) == NERR_Success);
    CHECK(NetLocalGroupAddMembers(NULL, L"Probes", 3, (BYTE *)&member, 1) == ERROR_MEMBER_IN_ALIAS);
    CHECK(NetLocalGroupAddMembers(NULL, L"Probes", 3, (BYTE *)&nobody, 1) == ERROR_NO_SUCH_MEMBER);
    CHECK(NetLocalGroupAddMembers(NULL, L"Administrators", 3, (BYTE *)&member, 1) == NERR_Success);
    CHECK(has_member(L"Probes", L"probe") == 1 && has_member(L"Administrators", L"probe") == 1);
    CHECK(has_member(L"Users", L"INTERACTIVE") == 1);
    CHECK(NetUserGetLocalGroups(NULL, L"probe", 0, LG_INCLUDE_INDIRECT, (BYTE **)&of_user, MAX_PREFERRED_LENGTH, &read,
                                &total) == NERR_Success);
    CHECK(read == 2);
    NetApiBufferFree(of_user);
    CHECK(NetLocalGroupDelMembers(NULL, L"Administrators", 3, (BYTE *)&member, 1) == NERR_Success);
    CHECK(NetLocalGroupDelMembers(NULL, L"Administrators", 3, (BYTE *)&member, 1) == ERROR_MEMBER_NOT_IN_ALIAS);
    CHECK(NetLocalGroupDel(NULL, L"Administrators") == ERROR_SPECIAL_ACCOUNT);
    CHECK(NetLocalGroupDel(NULL, L"none such") == NERR_GroupNotFound);
}

static void logging_on(void)
{
    HANDLE token = NULL, found;
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD code = 0;
    wchar_t command[] = L"cmd /c whoami | findstr /e /i \\probe";
    SetLastError(0);
    REFUSED(LogonUserW(L"probe", L".", L"wrong", LOGON32_LOGON_INTERACTIVE, 0, &found), ERROR_LOGON_FAILURE);
    REFUSED(LogonUserW(L"nobody", NULL, L"", LOGON32_LOGON_INTERACTIVE, 0, &found), ERROR_LOGON_FAILURE);
    CHECK(LogonUserW(L"probe", L".", L"An0ther!", LOGON32_LOGON_INTERACTIVE, 0, &token));
    CHECK(CreateProcessAsUserW(token, NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process));
    WaitForSingleObject(process.hProcess, INFINITE);
    CHECK(GetExitCodeProcess(process.hProcess, &code) && code == 0);
    CHECK(ImpersonateLoggedOnUser(token));
    wchar_t name[64];
    DWORD size = 64;
    CHECK(GetUserNameW(name, &size) && !wcscmp(name, L"probe"));
    USER_INFO_1 other = {.usri1_name = L"more", .usri1_password = L"", .usri1_priv = USER_PRIV_USER};
    CHECK(NetUserAdd(NULL, 1, (BYTE *)&other, NULL) == ERROR_ACCESS_DENIED);
    CHECK(RevertToSelf());
    wchar_t again[] = L"cmd /c whoami | findstr /e /i \\probe";
    CHECK(CreateProcessWithLogonW(L"probe", NULL, L"An0ther!", 0, NULL, again, 0, NULL, NULL, &startup, &process));
    WaitForSingleObject(process.hProcess, INFINITE);
    CHECK(GetExitCodeProcess(process.hProcess, &code) && code == 0);
    REFUSED(CreateProcessWithLogonW(L"probe", NULL, L"wrong", 0, NULL, again, 0, NULL, NULL, &startup, &process),
            ERROR_LOGON_FAILURE);
    CloseHandle(token);
}

void accounts(void)
{
    users();
    groups();
    logging_on();
    CHECK(NetUserDel(NULL, L"probe") == NERR_Success);
    CHECK(has_member(L"Probes", L"probe") == 0);
    CHECK(NetLocalGroupDel(NULL, L"Probes") == NERR_Success);
    CHECK(NetUserDel(NULL, L"probe") == NERR_UserNotFound);
}
