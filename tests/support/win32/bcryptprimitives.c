/* The one function of Windows' bcryptprimitives.dll that programs built with Rust import, and that Wine 8 lacks. */

#include <windows.h>

/* RtlGenRandom, under the name that advapi32 exports it by (Microsoft's ntsecapi.h). */
BOOLEAN NTAPI SystemFunction036(void *out, ULONG size);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *out, SIZE_T size)
{
    while (size > MAXDWORD) {
        if (!SystemFunction036(out, MAXDWORD))
            return FALSE;
        out += MAXDWORD;
        size -= MAXDWORD;
    }
    return SystemFunction036(out, (ULONG)size);
}
