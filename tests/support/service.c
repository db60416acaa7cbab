/*
 * A Windows service of the tests, and a COM server in a process of its own.
 *
 *   service log FILE        the service itself (the service control manager starts it so): notes its life in FILE
 *   service install FILE    makes and starts it, says its state, then waits for ever
 *   service com             registers this program as a COM server, and asks it for its process through a proxy
 *   service -Embedding      that server (COM starts it so)
 */
#define COBJMACROS
#include <windows.h>
#include <stdio.h>

static const wchar_t name[] = L"demo";
static const CLSID class_id = {0x6b29fc40, 0xca47, 0x1067, {0xb3, 0x1d, 0x00, 0xdd, 0x01, 0x06, 0x62, 0xda}};
static const wchar_t class_key[] =
    L"Software\\Classes\\CLSID\\{6B29FC40-CA47-1067-B31D-00DD010662DA}\\LocalServer32";

static SERVICE_STATUS_HANDLE handle;
static HANDLE ended;
static const char *log_file;
static LONG references;

static void note(const char *text)
{
    FILE *file = fopen(log_file, "a");
    if (!file)
        return;
    fprintf(file, "%s\n", text);
    fclose(file);
}

/* --- the service ------------------------------------------------------------------------------------------------ */

static void set_state(DWORD state)
{
    SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS, .dwCurrentState = state};
    if (state == SERVICE_RUNNING)
        status.dwControlsAccepted = SERVICE_ACCEPT_STOP;
    SetServiceStatus(handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type;
    (void)data;
    (void)context;
    if (control == SERVICE_CONTROL_STOP) {
        set_state(SERVICE_STOP_PENDING);
        SetEvent(ended);
    }
    return NO_ERROR;
}

static BOOL WINAPI on_event(DWORD event)
{
    (void)event;
    note("event"); /* nobody sends a service console events */
    return FALSE;
}

static void WINAPI service_main(DWORD count, wchar_t **arguments)
{
    (void)count;
    (void)arguments;
    SetConsoleCtrlHandler(on_event, TRUE);
    handle = RegisterServiceCtrlHandlerExW(name, on_control, NULL);
    set_state(SERVICE_RUNNING);
    note("running");
    WaitForSingleObject(ended, INFINITE);
    Sleep(300); /* a clean end takes its time, and gets it */
    note("stopped");
    set_state(SERVICE_STOPPED);
}

static int serve(void)
{
    const SERVICE_TABLE_ENTRYW table[] = {{(wchar_t *)name, service_main}, {NULL, NULL}};
    return StartServiceCtrlDispatcherW(table) ? 0 : (int)GetLastError();
}

static int install(void)
{
    char path[MAX_PATH], command[2 * MAX_PATH];
    SERVICE_STATUS status = {0};
    GetModuleFileNameA(NULL, path, sizeof path);
    snprintf(command, sizeof command, "%s log %s", path, log_file);
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    SC_HANDLE service = CreateServiceA(manager, "demo", "Demo", SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                       SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL,
                                       NULL);
    if (!StartServiceW(service, 0, NULL) || !QueryServiceStatus(service, &status))
        return (int)GetLastError();
    printf("state %lu\n", status.dwCurrentState);
    fflush(stdout);
    Sleep(INFINITE);
    return 0;
}

/* --- the COM server --------------------------------------------------------------------------------------------- */

static HRESULT STDMETHODCALLTYPE query_object(IPersist *self, REFIID wanted, void **out)
{
    *out = IsEqualIID(wanted, &IID_IUnknown) || IsEqualIID(wanted, &IID_IPersist) ? self : NULL;
    if (*out)
        InterlockedIncrement(&references);
    return *out ? S_OK : E_NOINTERFACE;
}

static ULONG STDMETHODCALLTYPE hold_object(IPersist *self)
{
    (void)self;
    return (ULONG)InterlockedIncrement(&references);
}

static ULONG STDMETHODCALLTYPE release_object(IPersist *self)
{
    (void)self;
    LONG left = InterlockedDecrement(&references);
    if (!left)
        SetEvent(ended);
    return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE tell_process(IPersist *self, CLSID *out)
{
    (void)self;
    *out = class_id;
    out->Data1 = GetCurrentProcessId();
    return S_OK;
}

static IPersistVtbl object_table = {query_object, hold_object, release_object, tell_process};
static IPersist object = {&object_table};

static HRESULT STDMETHODCALLTYPE query_factory(IClassFactory *self, REFIID wanted, void **out)
{
    *out = IsEqualIID(wanted, &IID_IUnknown) || IsEqualIID(wanted, &IID_IClassFactory) ? self : NULL;
    return *out ? S_OK : E_NOINTERFACE;
}

static ULONG STDMETHODCALLTYPE keep_factory(IClassFactory *self)
{
    (void)self;
    return 2;
}

static HRESULT STDMETHODCALLTYPE create_object(IClassFactory *self, IUnknown *outer, REFIID wanted, void **out)
{
    (void)self;
    (void)outer;
    return query_object(&object, wanted, out);
}

static HRESULT STDMETHODCALLTYPE lock_server(IClassFactory *self, BOOL lock)
{
    (void)self;
    (void)lock;
    return S_OK;
}

static IClassFactoryVtbl factory_table = {query_factory, keep_factory, keep_factory, create_object, lock_server};
static IClassFactory factory = {&factory_table};

static int serve_com(void)
{
    DWORD cookie;
    CoInitializeEx(NULL, COINIT_MULTITHREADED);
    HRESULT result =
        CoRegisterClassObject(&class_id, (IUnknown *)&factory, CLSCTX_LOCAL_SERVER, REGCLS_MULTIPLEUSE, &cookie);
    if (FAILED(result))
        return 1;
    WaitForSingleObject(ended, 60000);
    CoRevokeClassObject(cookie);
    return 0;
}

static int ask_com(void)
{
    wchar_t path[MAX_PATH];
    HKEY key;
    IPersist *there;
    CLSID told;
    CoInitializeEx(NULL, COINIT_MULTITHREADED);
    GetModuleFileNameW(NULL, path, MAX_PATH);
    RegCreateKeyW(HKEY_LOCAL_MACHINE, class_key, &key);
    RegSetValueW(key, NULL, REG_SZ, path, 0);
    HRESULT result = CoCreateInstance(&class_id, NULL, CLSCTX_LOCAL_SERVER, &IID_IPersist, (void **)&there);
    if (SUCCEEDED(result)) {
        result = IPersist_GetClassID(there, &told);
        IPersist_Release(there);
    }
    printf("com %lx %s\n", result, SUCCEEDED(result) && told.Data1 != GetCurrentProcessId() ? "another" : "none");
    return 0;
}

int main(int count, char **arguments)
{
    const char *what = count > 1 ? arguments[1] : "";
    log_file = count > 2 ? arguments[2] : "NUL";
    ended = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!strcmp(what, "log"))
        return serve();
    if (!strcmp(what, "install"))
        return install();
    if (!strcmp(what, "com"))
        return ask_com();
    return !strcmp(what, "-Embedding") ? serve_com() : 64;
}
