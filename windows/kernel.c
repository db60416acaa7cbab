/*
 * What wineboot would prepare for programs, without its 300 ms: the page that Windows' kernel shares with every
 * process, the event on which Wine's processes wait, and the volatile keys that describe the hardware.
 *
 * Source: ntddk.h, KUSER_SHARED_DATA (offsets are ABI); Wine, programs/wineboot (which keys and objects there are).
 */
#include "base.h"

NTSTATUS NTAPI NtOpenSection(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtCreateEvent(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *, int, BOOLEAN);
NTSTATUS NTAPI NtCreateKey(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *, ULONG, const UNICODE_STRING *, ULONG,
                           ULONG *);
NTSTATUS NTAPI NtSetValueKey(HANDLE, const UNICODE_STRING *, ULONG, ULONG, const void *, ULONG);

/* Offsets in KUSER_SHARED_DATA. */
enum {
    TICK_COUNT_MULTIPLIER = 0x004,
    SYSTEM_ROOT = 0x030,
    LARGE_PAGE_MINIMUM = 0x244,
    BUILD_NUMBER = 0x260,
    PRODUCT_TYPE = 0x264,
    PRODUCT_TYPE_IS_VALID = 0x268,
    NATIVE_ARCHITECTURE = 0x26a,
    MAJOR_VERSION = 0x26c,
    MINOR_VERSION = 0x270,
    PROCESSOR_FEATURES = 0x274,
    PHYSICAL_PAGES = 0x2e8,
    PROCESSOR_COUNT = 0x3c0,
    GROUP_COUNT = 0x3c4,
    SHARED_SIZE = 0x1000,
};

static void cpuid(unsigned leaf, unsigned out[4])
{
    __asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(0));
}

static void name_object(UNICODE_STRING *name, const wchar_t *text, OBJECT_ATTRIBUTES *attributes)
{
    RtlInitUnicodeString(name, text);
    InitializeObjectAttributes(attributes, name, OBJ_OPENIF | OBJ_CASE_INSENSITIVE, NULL, NULL);
}

static void fill_features(unsigned char *features)
{
    unsigned basic[4], extended[4];
    cpuid(1, basic);
    cpuid(7, extended);
    features[PF_COMPARE_EXCHANGE_DOUBLE] = 1;
    features[PF_MMX_INSTRUCTIONS_AVAILABLE] = 1;
    features[PF_XMMI_INSTRUCTIONS_AVAILABLE] = 1;
    features[PF_RDTSC_INSTRUCTION_AVAILABLE] = 1;
    features[PF_PAE_ENABLED] = 1;
    features[PF_XMMI64_INSTRUCTIONS_AVAILABLE] = 1;
    features[PF_SSE3_INSTRUCTIONS_AVAILABLE] = basic[2] & 1;
    features[PF_NX_ENABLED] = 1;
    features[PF_COMPARE_EXCHANGE128] = basic[2] >> 13 & 1;
    features[PF_XSAVE_ENABLED] = basic[2] >> 27 & 1;
    features[PF_RDWRFSGSBASE_AVAILABLE] = extended[1] & 1;
    features[PF_FASTFAIL_AVAILABLE] = 1;
    features[PF_RDRAND_INSTRUCTION_AVAILABLE] = basic[2] >> 30 & 1;
    features[PF_SSSE3_INSTRUCTIONS_AVAILABLE] = basic[2] >> 9 & 1;
    features[PF_SSE4_1_INSTRUCTIONS_AVAILABLE] = basic[2] >> 19 & 1;
    features[PF_SSE4_2_INSTRUCTIONS_AVAILABLE] = basic[2] >> 20 & 1;
    features[PF_AVX_INSTRUCTIONS_AVAILABLE] = basic[2] >> 28 & 1;
    features[PF_AVX2_INSTRUCTIONS_AVAILABLE] = extended[1] >> 5 & 1;
    features[PF_AVX512F_INSTRUCTIONS_AVAILABLE] = extended[1] >> 16 & 1;
}

static void put(unsigned char *page, unsigned offset, uint32_t value)
{
    memcpy(page + offset, &value, sizeof value);
}

static const char *next_number(const char *text)
{
    while (*text && *text != '.')
        text++;
    return *text ? text + 1 : text;
}

static void fill_shared_page(const struct request *request)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE section;
    name_object(&name, L"\\KernelObjects\\__wine_user_shared_data", &attributes);
    if (NtOpenSection(&section, SECTION_ALL_ACCESS, &attributes))
        return;
    unsigned char *page = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, SHARED_SIZE);
    CloseHandle(section);
    if (!page)
        return;
    const char *minor = next_number(request->version), *build = next_number(minor);
    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    SYSTEM_INFO system;
    GlobalMemoryStatusEx(&memory);
    GetSystemInfo(&system);
    put(page, TICK_COUNT_MULTIPLIER, 1 << 24);
    memcpy(page + SYSTEM_ROOT, L"C:\\windows", sizeof L"C:\\windows");
    put(page, LARGE_PAGE_MINIMUM, 2 << 20);
    put(page, MAJOR_VERSION, text_value(request->version));
    put(page, MINOR_VERSION, text_value(minor));
    put(page, BUILD_NUMBER, text_value(build));
    put(page, PRODUCT_TYPE, request->server_product ? 3 : 1);
    page[PRODUCT_TYPE_IS_VALID] = 1;
    page[NATIVE_ARCHITECTURE] = PROCESSOR_ARCHITECTURE_AMD64;
    fill_features(page + PROCESSOR_FEATURES);
    put(page, PHYSICAL_PAGES, (uint32_t)(memory.ullTotalPhys >> 12));
    put(page, PROCESSOR_COUNT, system.dwNumberOfProcessors);
    page[GROUP_COUNT] = 1;
    UnmapViewOfFile(page);
}

static HANDLE create_key(HANDLE parent, const wchar_t *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE key = NULL;
    name_object(&name, path, &attributes);
    attributes.RootDirectory = parent;
    NtCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_VOLATILE, NULL);
    return key;
}

static void set_value(HANDLE key, const wchar_t *value, ULONG type, const void *data, size_t size)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, value);
    NtSetValueKey(key, &name, 0, type, data, (ULONG)size);
}

static void set_text(HANDLE key, const wchar_t *value, const char *text)
{
    wchar_t *data = wide(text);
    set_value(key, value, REG_SZ, data, (wide_length(data) + 1) * sizeof *data);
}

static char vendor[13], model[49];

static void ask_processor(void)
{
    unsigned words[4], brand[12];
    cpuid(0, words);
    memcpy(vendor, &words[1], 4);
    memcpy(vendor + 4, &words[3], 4);
    memcpy(vendor + 8, &words[2], 4);
    for (unsigned i = 0; i < 3; i++)
        cpuid(0x80000002 + i, brand + 4 * i);
    memcpy(model, brand, sizeof brand);
}

/* As Windows names it: `Intel64 Family 6 Model 85 Stepping 7, GenuineIntel`. */
const char *processor_identifier(void)
{
    static char out[96];
    unsigned basic[4];
    char number[16] = "", *end = number + sizeof number - 1, *p = out;
    ask_processor();
    cpuid(1, basic);
    unsigned family = basic[0] >> 8 & 15, low = basic[0] >> 4 & 15;
    if (family == 6 || family == 15)
        low += basic[0] >> 12 & 0xf0;
    if (family == 15)
        family += basic[0] >> 20 & 0xff;
    const char *labels[] = {text_starts(vendor, "AuthenticAMD") ? "AMD64 Family " : "Intel64 Family ", " Model ",
                            " Stepping ", ", "};
    unsigned numbers[] = {family, low, basic[0] & 15};
    for (unsigned i = 0; i < 4; i++) {
        const char *parts[] = {labels[i], i < 3 ? text_number(end, numbers[i]) : vendor};
        for (unsigned j = 0; j < 2; j++) {
            memcpy(p, parts[j], text_length(parts[j]) + 1);
            p += text_length(parts[j]);
        }
    }
    return out;
}

static void create_hardware_keys(DWORD mhz)
{
    HANDLE machine = create_key(NULL, L"\\Registry\\Machine\\HARDWARE");
    HANDLE description = create_key(machine, L"DESCRIPTION"), system = create_key(description, L"System");
    HANDLE processors = create_key(system, L"CentralProcessor");
    create_key(machine, L"DEVICEMAP");
    wchar_t *identifier = wide(processor_identifier());
    set_text(system, L"Identifier", "AT compatible");
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    for (unsigned i = 0; i < info.dwNumberOfProcessors; i++) {
        char number[16] = "";
        HANDLE key = create_key(processors, wide(text_number(number + sizeof number - 1, i)));
        set_text(key, L"ProcessorNameString", model);
        set_text(key, L"VendorIdentifier", vendor);
        set_value(key, L"Identifier", REG_SZ, identifier, (wide_length(identifier) + 1) * sizeof *identifier);
        set_value(key, L"~MHz", REG_DWORD, &mhz, sizeof mhz);
        CloseHandle(key);
    }
}

/* Programs started from here on find the event signalled and go on at once. */
void kernel_prepare(const struct request *request)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE event;
    fill_shared_page(request);
    create_hardware_keys(request->mhz);
    name_object(&name, L"\\KernelObjects\\__wineboot_event", &attributes);
    NTSTATUS status = NtCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, 0 /* notification */, TRUE);
    if (NT_SUCCESS(status))
        SetEvent(event); /* kept open: the object lives as long as this process does */
}
