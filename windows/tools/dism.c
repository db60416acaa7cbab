/* dism: what Windows' features are here, which is none; what needs nothing done succeeds, the rest fails in its words. */
#include "tool.h"

enum { NOT_SUPPORTED = 50 };
#define UNKNOWN_FEATURE 0x800f080cu
#define NO_SOURCE 0x800f081fu

static const wchar_t *const features[] = {
    L"Containers", L"DNS-Server-Full-Role", L"IIS-ASPNET45", L"IIS-DefaultDocument", L"IIS-HttpCompressionStatic",
    L"IIS-ISAPIExtensions", L"IIS-ManagementService", L"IIS-NetFxExtensibility45", L"IIS-StaticContent", L"IIS-WebServer",
    L"IIS-WebServerRole", L"IIS-WebSockets", L"IIS-WindowsAuthentication", L"MSMQ-Server", L"MicrosoftWindowsPowerShell",
    L"NetFx3", L"NetFx3ServerFeatures", L"NetFx4", L"NetFx4Extended-ASPNET45", L"NetFx4ServerFeatures",
    L"ServerMediaFoundation", L"SMB1Protocol", L"TelnetClient", L"TFTP", L"WCF-HTTP-Activation45", L"WCF-Services45",
    L"Windows-Defender", L"WirelessNetworking",
};
enum { FEATURES = sizeof features / sizeof *features, MOST = 64 };

static int finished(void)
{
    say(L"The operation completed successfully.\r\n");
    return 0;
}

static int failed(unsigned code, const wchar_t *text)
{
    say(L"\r\nError: ");
    say(code > 0xFFFF ? L"0x%08x" : L"%u", code);
    say(L"\r\n\r\n%s\r\n", text);
    return (int)code;
}

static bool is_known(const wchar_t *name)
{
    for (size_t i = 0; i < FEATURES; i++)
        if (same(features[i], name))
            return true;
    return false;
}

static int unknown(const wchar_t *name)
{
    return failed(UNKNOWN_FEATURE, format(L"Feature name %s is unknown.\r\nA Windows feature name was not recognized.\r\nUse the "
                                          L"/Get-Features option to find the name of the feature in the image and try the "
                                          L"command again.", name));
}

static int enable(const wchar_t **names, int count)
{
    say(L"\r\nEnabling feature(s)\r\n");
    for (int i = 0; i < count; i++)
        if (!is_known(names[i]))
            return unknown(names[i]);
    return failed(NO_SOURCE, L"The source files could not be found.\r\nFeatures of Windows are not part of this Windows base: "
                             L"it has Wine's parts of Windows, and no IIS, .NET Framework or roles.");
}

/* What is not there is disabled. */
static int disable(const wchar_t **names, int count)
{
    say(L"\r\nDisabling feature(s)\r\n");
    for (int i = 0; i < count; i++)
        if (!is_known(names[i]))
            return unknown(names[i]);
    return finished();
}

static int show_features(void)
{
    say(L"\r\nFeatures listing for package : Microsoft-Windows-ServerCore-Package\r\n\r\n");
    for (size_t i = 0; i < FEATURES; i++)
        say(L"Feature Name : %s\r\nState : Disabled with Payload Removed\r\n\r\n", features[i]);
    return finished();
}

static int show_feature(const wchar_t *name)
{
    if (!is_known(name))
        return unknown(name);
    say(L"\r\nFeature Information:\r\n\r\nFeature Name : %s\r\nState : Disabled with Payload Removed\r\n\r\n", name);
    return finished();
}

int dism(int count, wchar_t **arguments)
{
    const wchar_t *verb = NULL, *names[MOST], *value;
    int found = 0;
    bool online = false, cleans = false;
    say(L"\r\nDeployment Image Servicing and Management tool\r\nVersion: 10.0.20348.681\r\n\r\n");
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (is_option(each, L"?"))
            return say(L"DISM.exe /Online {/Get-Features | /Get-FeatureInfo | /Enable-Feature | /Disable-Feature | "
                       L"/Cleanup-Image}\r\n"), 0;
        if (is_option(each, L"online"))
            online = true;
        else if ((value = option_value(each, L"featurename")) && found < MOST)
            names[found++] = value;
        else if (is_option(each, L"startcomponentcleanup") || is_option(each, L"scanhealth") || is_option(each, L"checkhealth"))
            cleans = true;
        else if (!verb && (*each == L'/' || *each == L'-') && !same_start(each + 1, L"image:"))
            verb = each + 1;
    }
    if (!verb || !online)
        return failed(NOT_SUPPORTED, online || !count ? L"The command line is missing a command; type DISM.exe /?."
                                                      : L"Images other than the running one cannot be serviced here.");
    say(L"Image Version: 10.0.20348.2655\r\n");
    if (same(verb, L"get-features"))
        return show_features();
    if (same(verb, L"get-featureinfo") && found == 1)
        return show_feature(names[0]);
    if (same(verb, L"enable-feature") && found)
        return enable(names, found);
    if (same(verb, L"disable-feature") && found)
        return disable(names, found);
    if (same(verb, L"cleanup-image") && cleans)
        return say(L"\r\nNo component store is kept in a container here: there is nothing to clean up or to repair.\r\n"), finished();
    return failed(NOT_SUPPORTED, format(L"/%s is not supported here: packages, capabilities and drivers of Windows cannot be "
                                        L"added to a container.", verb));
}
