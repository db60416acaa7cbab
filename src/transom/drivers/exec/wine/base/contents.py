"""What a base is made of: packages, the files taken from them, and files of our own. Pure."""

import re
from dataclasses import dataclass

SUITE = "trixie"
KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-trixie-automatic.gpg",
    "/usr/share/keyrings/debian-archive-trixie-stable.gpg",
)

LIB = "usr/lib/x86_64-linux-gnu"
UNIX_DIR = f"{LIB}/wine/x86_64-unix"
PE_DIR = f"{LIB}/wine/x86_64-windows"
PE32_DIR = f"{LIB}/wine/i386-windows"
NLS_DIR = "usr/share/wine/nls"
INF = "usr/share/wine/wine.inf"


@dataclass(frozen=True, slots=True)
class Source:
    """A package and the files that a base takes from it: pattern of the path in the package → path in linux/."""

    package: str
    rules: tuple[tuple[str, str], ...]
    architecture: str = "amd64"


def _libraries(package: str, *names: str) -> Source:
    pattern = "|".join(re.escape(name) + r"\.so\.[0-9.]+" for name in names)
    return Source(package, ((rf"(?:usr/)?lib/x86_64-linux-gnu/({pattern})", LIB + r"/\1"),))


# The unix halves that do something without a desktop, sound, cameras or smart cards; and those of OpenGL and Vulkan:
# without them dxgi.dll and d3d11.dll do not load, nor do programs that name these and never draw.
_UNIX = (
    "ntdll win32u bcrypt secur32 nsiproxy ws2_32 mountmgr crypt32 dnsapi netapi32 msv1_0 kerberos winspool localspl "
    "dwrite odbc32 opengl32 winevulkan"
).split()

SOURCES: tuple[Source, ...] = (
    Source(
        "libwine",
        (
            (rf"{LIB}/wine/x86_64-unix/({'|'.join(_UNIX)})\.so", UNIX_DIR + r"/\1.so"),
            (rf"{LIB}/wine/x86_64-windows/(.+)", PE_DIR + r"/\1"),
            (r"usr/share/wine/(nls/[^/]+|wine\.inf)", r"usr/share/wine/\1"),
        ),
    ),
    Source(
        "wine64",
        ((r"usr/lib/wine/wine64", r"usr/lib/wine/wine64"), (r"usr/lib/wine/wineserver64", r"usr/lib/wine/wineserver")),
    ),
    # Enough that text has a size; each more costs the first window time.
    Source(
        "fonts-wine", ((r"(usr/share/wine/fonts/(?:tahoma(?:bd)?\.ttf|(?:vgasys|vgafix|sserife|coure)\.fon))", r"\1"),)
    ),
    Source("libz-mingw-w64", ((r"usr/x86_64-w64-mingw32/lib/zlib1\.dll", PE_DIR + "/zlib1.dll"),)),
    Source(
        "libc6",
        (
            (
                r"(?:usr/)?lib/x86_64-linux-gnu/((?:lib(?:c|m|dl|pthread|rt|resolv|nss_dns|nss_files)\.so|"
                r"ld-linux-x86-64\.so)\.[0-9]+)",
                LIB + r"/\1",
            ),
            # One locale under the two names that make UTF-8 the code page and keep US messages.
            (r"usr/lib/locale/C\.utf8/(.+)", r"usr/lib/locale/C.utf8/\1"),
        ),
    ),
    Source("libc-bin", ((r"usr/lib/locale/C\.utf8/(.+)", r"usr/lib/locale/C.utf8/\1"),)),
    _libraries("libgcc-s1", "libgcc_s"),
    _libraries("libunwind8", "libunwind", "libunwind-x86_64"),
    _libraries("liblzma5", "liblzma"),
    _libraries("libgnutls30t64", "libgnutls"),
    _libraries("libp11-kit0", "libp11-kit"),
    _libraries("libidn2-0", "libidn2"),
    _libraries("libunistring5", "libunistring"),
    _libraries("libtasn1-6", "libtasn1"),
    _libraries("libnettle8t64", "libnettle"),
    _libraries("libhogweed6t64", "libhogweed"),
    _libraries("libgmp10", "libgmp"),
    _libraries("libffi8", "libffi"),
    _libraries("libfreetype6", "libfreetype"),
    _libraries("zlib1g", "libz"),
    _libraries("libbz2-1.0", "libbz2"),
    _libraries("libpng16-16t64", "libpng16"),
    _libraries("libbrotli1", "libbrotlidec", "libbrotlicommon"),
    _libraries("libfontconfig1", "libfontconfig"),
    _libraries("libexpat1", "libexpat"),
    _libraries("libzstd1", "libzstd"),
)

WOW64_SOURCES: tuple[Source, ...] = (
    Source("libwine", ((r"usr/lib/i386-linux-gnu/wine/i386-windows/(.+)", PE32_DIR + r"/\1"),), "i386"),
    Source("libz-mingw-w64", ((r"usr/i686-w64-mingw32/lib/zlib1\.dll", PE32_DIR + "/zlib1.dll"),)),
)

LOCALES = ("en_AE.UTF-8", "en_US.UTF-8")

LINUX_LINKS = {
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "usr/lib64/ld-linux-x86-64.so.2": "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    "etc/localtime": "/run/wine/localtime",
}


# Mount points and what the runtime binds files on.
LINUX_DIRECTORIES = (
    "c",
    "dev",
    "drives",
    "etc",
    "proc",
    "run/transom",
    "run/user",
    "run/wine",
    "sys/devices/system/cpu",
    "sys/devices/system/node",
    "tmp",
    "transom",
    "var/cache/fontconfig",
    *(f"drives/{letter}" for letter in "abdefghijklmnopqrstuvwxyz"),
)
LINUX_FILES = {
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/hostname": "",
    "etc/resolv.conf": "",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/passwd": "ContainerAdministrator:x:0:0::/run/wine:/\n",
    "etc/group": "root:x:0:\n",
    "etc/ssl/certs/ca-certificates.crt": "",
    "etc/fonts/fonts.conf": '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n'
    "<fontconfig><dir>/c/windows/Fonts</dir><cachedir>/run/user/fontconfig</cachedir></fontconfig>\n",
}  # fmt: skip

PROFILES = ("ContainerAdministrator", "ContainerUser", "Default")
PROFILE_DIRECTORIES = (
    "AppData/Local/Microsoft", "AppData/Local/Temp", "AppData/LocalLow", "AppData/Roaming/Microsoft", "Desktop",
    "Documents", "Downloads", "Favorites", "Links", "Music", "Pictures", "Saved Games", "Videos",
)  # fmt: skip
C_DIRECTORIES = (
    "Program Files/Common Files", "Program Files (x86)/Common Files", "ProgramData/Microsoft/Windows",
    "Users/Public/Desktop", "Users/Public/Documents", "Users/Public/Downloads", "windows/Fonts", "windows/inf",
    "windows/system32/config", "windows/system32/drivers/etc", "windows/temp", "windows/logs",
)  # fmt: skip
C_FILES = {
    "windows/system32/drivers/etc/hosts": "# localhost is resolved by the container's own name service\r\n",
    "windows/system32/drivers/etc/protocol": "ip 0 IP\r\nicmp 1 ICMP\r\ntcp 6 TCP\r\nudp 17 UDP\r\n",
    "windows/system32/drivers/etc/services": "ftp 21/tcp\r\nssh 22/tcp\r\nsmtp 25/tcp\r\ndomain 53/tcp\r\n"
    "domain 53/udp\r\nhttp 80/tcp\r\npop3 110/tcp\r\nntp 123/udp\r\nimap 143/tcp\r\nhttps 443/tcp\r\n",
    # Wine starts this before every first process. It is no program, so the attempt ends at once: what wineboot does
    # is done by transom-init.exe (see windows/kernel.c). With less than a DOS header it would go to Linux, by a fork.
    "windows/system32/wineboot.exe": "MZ".ljust(64, "\0"),
}

PROGRAM_ENDINGS = (".exe", ".com")
REMOVED_PROGRAMS = frozenset(
    (
        # Do nothing, or less than they are asked for, and report success; scripts' hosts do with each error.
        "powershell setx icacls cacls certutil dism netsh arp wevtutil pnputil shutdown subst mshta wineboot "
        "aspnet_regiis mofcomp msinfo32 ngen regasm regini regsvcs sdbinst secedit lodctr unlodctr find findstr "
        "robocopy schtasks attrib extrac32 msidb chcp fc fsutil sc sort systeminfo taskkill tasklist where wmic wusa "
        "xcopy uninstaller wineconsole cscript wscript "
        # Wait for somebody at a screen, where Windows' images have no such program, or are Wine's own.
        "iexplore winecfg winhelp winhlp32 winemenubuilder winedbg explorer clock control dplaysvr dpnsvr dpvsetup "
        "dxdiag eject hh icinfo oleview progman taskmgr view winefile winemine winemsibuilder winver wordpad write cmd "
        "net whoami netstat klist ipconfig route reg ping"
    ).split()
)
"""Wine's stand-ins that do nothing and report success (or hang): a script is better off when they are not found.
So is a program that crashes: winedbg waits for somebody to read its dialogue, and without it the program ends with the
status of its exception. In the place of cmd, explorer and the tools of windows/tools there are ours. Names without
endings. What is left is tried by `script/liars`."""

REMOVED_KEYS = (
    r"Software\\Classes\\Interface",
    r"Software\\Classes\\MIME\\Database",
    r"Software\\Classes\\Media Type",
    r"Software\\Classes\\MediaFoundation",
    r"Software\\Classes\\DirectShow",
    r"Software\\Classes\\Typelib",
    r"Software\\Microsoft\\Windows Media Foundation",
    r"Software\\Microsoft\\WindowsRuntime",
    r"Software\\Microsoft\\Internet Explorer\\Main\\FeatureControl",
    r"Software\\Microsoft\\Windows\\CurrentVersion\\Telephony",
    r"System\\ControlSet001\\Enum",
    r"System\\ControlSet001\\Control\\Video",
    r"System\\ControlSet001\\Control\\DeviceClasses",
)
"""Parts of Wine's registry that cost every start (13 microseconds a kilobyte) and serve no container."""

TIME_ZONES = r"Software\\Microsoft\\Windows NT\\CurrentVersion\\Time Zones"
LOCAL_ZONE = r"Software\\Microsoft\\Windows NT\\CurrentVersion\\Local Zone"
"""Where Wine looks for the zone in force, in place of TIME_ZONES: see zones.py."""
UTC_ZONE = "UTC"

REMOVED_VALUES = {
    # What differs between two machines or two builds; the driver or the first process sets what is needed of it.
    r"Software\\Microsoft\\Cryptography": ('"MachineGuid"',),
    r"Software\\Microsoft\\Windows NT\\CurrentVersion": ('"InstallDate"',),
    r"System\\ControlSet001\\Control\\Session Manager\\Environment": (
        '"PROCESSOR_IDENTIFIER"', '"PROCESSOR_LEVEL"', '"PROCESSOR_REVISION"', '"NUMBER_OF_PROCESSORS"',
    ),
    r"Software\\Microsoft\\Windows\\CurrentVersion\\Telephony": ('"FirstInstallDateTime"',),
}  # fmt: skip


TIMES = ('"DriverDateData"',)
"""Values that are the time of the set-up, in whatever key."""


def target_of(source: Source, path: str) -> str | None:
    """Return where a package's file goes in linux/, or None if it is not taken."""
    for pattern, target in source.rules:
        match = re.fullmatch(pattern, path)
        if match:
            return match.expand(target)
    return None
