/* Engines for chains of certificates, with the configuration of Windows 7 and that of Windows 8. */
#include "api.h"
#include <wincrypt.h>

void certificates(void)
{
    struct {
        CERT_CHAIN_ENGINE_CONFIG config;
        char more[64];
    } asked = {{0}, {0}};
    const DWORD sizes[] = {64, 80, 88};
    HCERTCHAINENGINE engine;
    HMODULE library = LoadLibraryW(L"crypt32.dll");
    BOOL(WINAPI * create)(void *, HCERTCHAINENGINE *);
    void(WINAPI * release)(HCERTCHAINENGINE);
    create = (void *)GetProcAddress(library, "CertCreateCertificateChainEngine");
    release = (void *)GetProcAddress(library, "CertFreeCertificateChainEngine");
    for (int i = 0; i < 3; i++) {
        asked.config.cbSize = sizes[i];
        CHECK(create(&asked, &engine));
        release(engine);
    }
    asked.config.cbSize = 60;
    REFUSED(create(&asked, &engine), (DWORD)E_INVALIDARG);
}
