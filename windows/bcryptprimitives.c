/* The one function that Rust's standard library takes from bcryptprimitives.dll, which wine lacks before version 9: for the tests
 * under wine alone. https://learn.microsoft.com/windows/win32/seccng/processprng */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T size) { return RtlGenRandom(data, (ULONG)size); }
