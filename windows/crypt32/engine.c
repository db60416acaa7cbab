/*
 * Engines that build chains of certificates, with the configuration as it is since Windows 8: it has flags for
 * exclusive roots at its end, and Wine refuses what is longer than Windows 7's. Programs in Rust check certificates so.
 *
 * Source: Microsoft, CERT_CHAIN_ENGINE_CONFIG.
 */
#include "graft.h"

enum { WINDOWS_7_BYTES = 80, WINDOWS_8_BYTES = 88 };

HOOK BOOL WINAPI hook_CertCreateCertificateChainEngine(CERT_CHAIN_ENGINE_CONFIG *config, HCERTCHAINENGINE *engine)
{
    _Alignas(8) char known[WINDOWS_7_BYTES];
    const DWORD flags = config->cbSize == WINDOWS_8_BYTES ? *(DWORD *)((char *)config + WINDOWS_7_BYTES) : 1;
    if (flags)
        return CertCreateCertificateChainEngine(config, engine);
    for (size_t i = 0; i < sizeof known; i++)
        known[i] = ((char *)config)[i];
    *(DWORD *)(void *)known = sizeof known;
    return CertCreateCertificateChainEngine((CERT_CHAIN_ENGINE_CONFIG *)known, engine);
}
