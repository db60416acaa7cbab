/* Queries of Windows Management Instrumentation. */
#include "wmi.h"

#define COBJMACROS
#include <ole2.h>
#include <wbemcli.h>

static const CLSID locator_class = {0x4590f811, 0x1d3a, 0x11d0, {0x89, 0x1f, 0, 0xaa, 0, 0x4b, 0x2e, 0x24}};
static const IID locator_interface = {0xdc12a687, 0x737f, 0x11cf, {0x88, 0x4d, 0, 0xaa, 0, 0x4b, 0x2e, 0x24}};

enum { ROWS = 64, COLUMNS = 256 };

static BSTR string_of(const wchar_t *text)
{
    BSTR(WINAPI * make)(const OLECHAR *) = from(L"oleaut32.dll", "SysAllocString");
    return make(text);
}

static HRESULT reach(IWbemServices **services)
{
    HRESULT(WINAPI * begin)(void *, DWORD) = from(L"ole32.dll", "CoInitializeEx");
    HRESULT(WINAPI * create)(REFCLSID, IUnknown *, DWORD, REFIID, void **) = from(L"ole32.dll", "CoCreateInstance");
    IWbemLocator *locator;
    begin(NULL, COINIT_MULTITHREADED);
    HRESULT status = create(&locator_class, NULL, CLSCTX_INPROC_SERVER, &locator_interface, (void **)&locator);
    if (FAILED(status))
        return status;
    return IWbemLocator_ConnectServer(locator, string_of(L"ROOT\\CIMV2"), NULL, NULL, NULL, 0, NULL, NULL, services);
}

static wchar_t *text_of_array(SAFEARRAY *array)
{
    HRESULT(WINAPI * upper_bound)(SAFEARRAY *, UINT, LONG *) = from(L"oleaut32.dll", "SafeArrayGetUBound");
    HRESULT(WINAPI * type_of)(SAFEARRAY *, VARTYPE *) = from(L"oleaut32.dll", "SafeArrayGetVartype");
    HRESULT(WINAPI * element)(SAFEARRAY *, LONG *, void *) = from(L"oleaut32.dll", "SafeArrayGetElement");
    LONG last;
    VARTYPE type;
    wchar_t *made = L"{";
    if (FAILED(upper_bound(array, 1, &last)) || FAILED(type_of(array, &type)))
        return L"";
    for (LONG i = 0; i <= last; i++) {
        union {
            BSTR string;
            uint64_t number;
        } value = {.number = 0};
        element(array, &i, &value);
        const wchar_t *between = i ? L"," : L"";
        made = type == VT_BSTR ? format(L"%s%s\"%s\"", made, between, value.string ? value.string : L"")
                               : format(L"%s%s%I64u", made, between, value.number);
    }
    return format(L"%s}", made);
}

static wchar_t *text_of(VARIANT *value)
{
    switch (value->vt) {
    case VT_BSTR: return copy(value->bstrVal);
    case VT_BOOL: return value->boolVal ? L"TRUE" : L"FALSE";
    case VT_I1: return format(L"%d", value->cVal);
    case VT_UI1: return format(L"%u", value->bVal);
    case VT_I2: return format(L"%d", value->iVal);
    case VT_UI2: return format(L"%u", value->uiVal);
    case VT_I4: return format(L"%d", value->lVal);
    case VT_UI4: return format(L"%u", value->ulVal);
    default: return value->vt & VT_ARRAY ? text_of_array(value->parray) : L"";
    }
}

static void name_columns(IWbemClassObject *object, struct answer *answer)
{
    BSTR name;
    answer->names = take(COLUMNS * sizeof *answer->names);
    IWbemClassObject_BeginEnumeration(object, WBEM_FLAG_NONSYSTEM_ONLY);
    while (answer->columns < COLUMNS && IWbemClassObject_Next(object, 0, &name, NULL, NULL, NULL) == S_OK)
        answer->names[answer->columns++] = copy(name);
}

static void add_row(IWbemClassObject *object, struct answer *answer)
{
    if (answer->rows % ROWS == 0)
        answer->values = more(answer->values, (answer->rows + ROWS) * answer->columns * sizeof *answer->values);
    wchar_t **row = answer->values + answer->rows++ * answer->columns;
    for (size_t i = 0; i < answer->columns; i++) {
        VARIANT value = {0};
        row[i] = IWbemClassObject_Get(object, answer->names[i], 0, &value, NULL, NULL) == S_OK ? text_of(&value) : L"";
    }
}

const wchar_t *value_in(const struct answer *answer, size_t row, const wchar_t *name)
{
    for (size_t i = 0; i < answer->columns; i++)
        if (same(answer->names[i], name))
            return answer->values[row * answer->columns + i];
    return L"";
}

static void set_value(struct answer *answer, size_t row, const wchar_t *name, wchar_t *value)
{
    for (size_t i = 0; i < answer->columns; i++)
        if (same(answer->names[i], name))
            answer->values[row * answer->columns + i] = value;
}

/* What Wine answers with something of its own in place of what the container is. */
static void correct(const wchar_t *class, struct answer *answer)
{
    LSTATUS(WINAPI * get)(HKEY, const wchar_t *, const wchar_t *, DWORD, DWORD *, void *, DWORD *) =
        from(L"advapi32.dll", "RegGetValueW");
    wchar_t name[256];
    DWORD room = sizeof name;
    if (same(class, L"Win32_OperatingSystem") &&
        !get(HKEY_LOCAL_MACHINE, L"Software\\Microsoft\\Windows NT\\CurrentVersion", L"ProductName", 0x2, NULL, name, &room))
        for (size_t row = 0; row < answer->rows; row++)
            set_value(answer, row, L"Caption", format(L"Microsoft %s", name));
    for (size_t row = 0; same(class, L"Win32_LogicalDisk") && row < answer->rows; row++) {
        ULARGE_INTEGER mine, whole, left;
        if (GetDiskFreeSpaceExW(format(L"%s\\", value_in(answer, row, L"DeviceID")), &mine, &whole, &left)) {
            set_value(answer, row, L"Size", format(L"%I64u", whole.QuadPart));
            set_value(answer, row, L"FreeSpace", format(L"%I64u", left.QuadPart));
        }
    }
    if (same(class, L"Win32_QuickFixEngineering"))
        answer->rows = 0; /* no update of Windows is part of Wine */
}

HRESULT ask(const wchar_t *class, const wchar_t *condition, struct answer *answer)
{
    static IWbemServices *services;
    IEnumWbemClassObject *found;
    IWbemClassObject *object;
    ULONG count;
    memset(answer, 0, sizeof *answer);
    HRESULT status = services ? S_OK : reach(&services);
    if (FAILED(status))
        return status;
    wchar_t *query = format(L"SELECT * FROM %s%s%s", class, condition ? L" WHERE " : L"",
                            condition ? condition : L"");
    status = IWbemServices_ExecQuery(services, string_of(L"WQL"), string_of(query), WBEM_FLAG_FORWARD_ONLY, NULL, &found);
    if (FAILED(status))
        return status;
    while (IEnumWbemClassObject_Next(found, WBEM_INFINITE, 1, &object, &count) == S_OK && count) {
        if (!answer->names)
            name_columns(object, answer);
        add_row(object, answer);
        IWbemClassObject_Release(object);
    }
    correct(class, answer);
    return S_OK;
}
