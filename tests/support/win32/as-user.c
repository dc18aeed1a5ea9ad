/*
 * as-user PROGRAM ARGUMENT...: runs a program as the same account without its administrator's rights, as Windows runs
 * everything that was not started with "Run as administrator".
 *
 * The program gets the limited token that is linked to the account's (TokenElevation says no), in which the group
 * Administrators only denies (CheckTokenMembership says no). Wine checks that token when a key of the registry is opened,
 * but gives every key to everybody: so the keys of the machine's certificates get the rights that they have on Windows
 * first. Files are not protected by it: they have the rights that the account has on the machine below.
 */

#define _WIN32_WINNT 0x0602

#include <windows.h>
#include <sddl.h>
#include <stdbool.h>
#include <stdio.h>

/* Full control for administrators and the system, reading for everybody. */
#define RIGHTS L"D:P(A;CI;KA;;;BA)(A;CI;KA;;;SY)(A;CI;KR;;;WD)"

static const wchar_t *const PROTECTED[] = {
    L"SOFTWARE\\Microsoft\\EnterpriseCertificates",
    L"SOFTWARE\\Microsoft\\SystemCertificates",
    L"SOFTWARE\\Policies",
};

static void fail(const char *what)
{
    fprintf(stderr, "as-user: %s: %lu\n", what, GetLastError());
    ExitProcess(125);
}

static void protect(HKEY above, const wchar_t *name, PSECURITY_DESCRIPTOR rights)
{
    HKEY key;
    wchar_t below[256];
    if (RegOpenKeyExW(above, name, 0, KEY_ALL_ACCESS, &key))
        return;
    RegSetKeySecurity(key, DACL_SECURITY_INFORMATION, rights);
    for (DWORD n = 0, size = 256; !RegEnumKeyExW(key, n, below, &size, NULL, NULL, NULL, NULL); n++, size = 256)
        protect(key, below, rights);
    RegCloseKey(key);
}

static HANDLE limited_token(void)
{
    HANDLE own, restricted, limited;
    TOKEN_LINKED_TOKEN linked;
    BYTE administrators[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof administrators;
    SID_AND_ATTRIBUTES denied = {administrators, 0};
    CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, administrators, &size);
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own))
        fail("OpenProcessToken");
    if (!GetTokenInformation(own, TokenLinkedToken, &linked, sizeof linked, &size))
        fail("TokenLinkedToken");
    if (!CreateRestrictedToken(linked.LinkedToken, DISABLE_MAX_PRIVILEGE, 1, &denied, 0, NULL, 0, NULL, &restricted))
        fail("CreateRestrictedToken");
    if (!DuplicateTokenEx(restricted, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenPrimary, &limited))
        fail("DuplicateTokenEx");
    return limited;
}

/* What comes after this program's own name, which is quoted if it has spaces. */
static wchar_t *rest_of_command_line(void)
{
    wchar_t *at = GetCommandLineW();
    bool quoted = false;
    for (; *at && (quoted || (*at != L' ' && *at != L'\t')); at++)
        quoted ^= *at == L'"';
    while (*at == L' ' || *at == L'\t')
        at++;
    return at;
}

/* Killed together with this program, but none of those that it starts. */
static HANDLE bond(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits))
        fail("SetInformationJobObject");
    return job;
}

int wmain(void)
{
    PSECURITY_DESCRIPTOR rights;
    STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    DWORD status;
    HANDLE job = bond();
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(RIGHTS, SDDL_REVISION_1, &rights, NULL))
        fail("ConvertStringSecurityDescriptorToSecurityDescriptor");
    for (size_t n = 0; n < sizeof PROTECTED / sizeof *PROTECTED; n++)
        protect(HKEY_LOCAL_MACHINE, PROTECTED[n], rights);
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessAsUserW(limited_token(), NULL, rest_of_command_line(), NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL,
                              &start, &process))
        fail("CreateProcessAsUser");
    if (!AssignProcessToJobObject(job, process.hProcess))
        fail("AssignProcessToJobObject");
    ResumeThread(process.hThread);
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &status);
    return (int)status;
}
