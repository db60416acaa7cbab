/* Speaks TLS to a server by Schannel. schannel.exe HOST ADDRESS PORT auto|manual: prints `done`, or `error` and the
   status of the handshake; auto leaves the check of the server's certificate to Schannel. */
#define SECURITY_WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <wincrypt.h>
#include <sspi.h>
#include <schannel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static char data[65536];
    WSADATA started;
    CredHandle credentials;
    CtxtHandle context;
    TimeStamp expiry;
    ULONG attributes;
    int have = 0, first = 1, manual = argc > 4 && !strcmp(argv[4], "manual");
    SCHANNEL_CRED wish = {.dwVersion = SCHANNEL_CRED_VERSION, .dwFlags = SCH_CRED_NO_DEFAULT_CREDS};
    struct sockaddr_in to = {.sin_family = AF_INET};
    SecurityFunctionTableA *table = InitSecurityInterfaceA();
    if (argc < 5)
        return 2;
    WSAStartup(0x202, &started);
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_port = htons((unsigned short)atoi(argv[3]));
    to.sin_addr.s_addr = inet_addr(argv[2]);
    if (connect(s, (struct sockaddr *)&to, sizeof to))
        return printf("no connection\n"), 3;
    wish.dwFlags |= manual ? SCH_CRED_MANUAL_CRED_VALIDATION : SCH_CRED_AUTO_CRED_VALIDATION;
    SECURITY_STATUS status = table->AcquireCredentialsHandleA(NULL, UNISP_NAME_A, SECPKG_CRED_OUTBOUND, NULL, &wish, NULL,
                                                              NULL, &credentials, &expiry);
    if (status != SEC_E_OK)
        return printf("credentials %lx\n", (unsigned long)status), 4;
    do {
        SecBuffer in[2] = {{(unsigned long)have, SECBUFFER_TOKEN, data}, {0, SECBUFFER_EMPTY, NULL}};
        SecBuffer out[1] = {{0, SECBUFFER_TOKEN, NULL}};
        SecBufferDesc input = {SECBUFFER_VERSION, 2, in}, output = {SECBUFFER_VERSION, 1, out};
        ULONG asked = ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_STREAM | ISC_REQ_SEQUENCE_DETECT;
        status = table->InitializeSecurityContextA(&credentials, first ? NULL : &context, argv[1], asked, 0, 0,
                                                   first ? NULL : &input, 0, first ? &context : NULL, &output, &attributes,
                                                   &expiry);
        first = 0;
        if (out[0].cbBuffer && out[0].pvBuffer)
            send(s, out[0].pvBuffer, (int)out[0].cbBuffer, 0);
        if (status == SEC_I_CONTINUE_NEEDED) {
            if (have && in[1].BufferType == SECBUFFER_EXTRA) {
                memmove(data, data + have - in[1].cbBuffer, in[1].cbBuffer);
                have = (int)in[1].cbBuffer;
                continue;
            }
            have = 0;
        }
        if (status == SEC_I_CONTINUE_NEEDED || status == SEC_E_INCOMPLETE_MESSAGE) {
            int got = recv(s, data + have, (int)sizeof data - have, 0);
            if (got <= 0)
                return printf("closed\n"), 5;
            have += got;
        }
    } while (status == SEC_I_CONTINUE_NEEDED || status == SEC_E_INCOMPLETE_MESSAGE);
    if (status == SEC_E_OK)
        printf("done\n");
    else
        printf("error %lx\n", (unsigned long)status);
    return 0;
}
