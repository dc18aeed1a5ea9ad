/*
 * IsUserAnAdmin as Windows documents it: whether the group Administrators is enabled in the caller's token. Wine 8's
 * asks only whether the token mentions the group. The other functions are Wine's own (see the list that the linker gets).
 */

#include <windows.h>

__declspec(dllexport) BOOL WINAPI IsUserAnAdmin(void)
{
    BYTE administrators[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof administrators;
    BOOL member = FALSE;
    CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, administrators, &size);
    return CheckTokenMembership(NULL, administrators, &member) && member;
}
