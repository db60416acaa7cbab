"""What each program of the base is asked. A new program in the base needs a line here."""

from typing import Final

from programs.liars.check import Check

_SERVICE = "a service's program: the service control manager starts it when it is asked for (`sc start`)"
_WINE = "part of Wine, started by its libraries"
_BIT16 = "for programs of 16 bits, which do not run here"

_INF = (
    "(echo [version]&echo signature=$CHICAGO$&echo [DefaultInstall]&echo addreg=a&echo [a]"
    "&echo HKLM,Software\\Liars,made,,yes)>t.inf"
)

_ITEM_MONIKER = "CLSID\\{00000304-0000-0000-C000-000000000046}"
_REGISTERED = tuple(f"HKLM\\Software\\Classes\\{view}{_ITEM_MONIKER}" for view in ("", "Wow6432Node\\"))
"""What ole32.dll registers, for programs of 64 and of 32 bits."""

CHECKS: Final[dict[str, Check]] = {
    # files and text
    "attrib.exe": Check("sets and shows attributes", "echo x>f\n{x} +r +h f\n{x} f\ndel f 2>nul", "A   HR  .*f"),
    "cabarc.exe": Check(
        "packs a cabinet", "echo one>f\n{x} N x.cab f >nul\nmd d\nexpand x.cab d\\f >nul\ntype d\\f", "one"
    ),
    "clip.exe": Check("takes text for the clipboard", "echo hi|{x}\nif not errorlevel 1 echo taken", "taken"),
    "comp.exe": Check("compares files", "echo a>f\necho b>g\n{x} f g /M", "Compare error at OFFSET 0", code=1),
    "expand.exe": Check(
        "unpacks a cabinet", "echo one>f\ncabarc N x.cab f >nul\nmd d\n{x} x.cab d\\f >nul\ntype d\\f", "one"
    ),
    "fc.exe": Check(
        "compares lines and bytes", "echo a>f\necho b>g\n{x} f g\n{x} /b f g", "a.*b.*00000000: 61 62", code=1
    ),
    "find.exe": Check("finds lines", '(echo one&echo two)>f\n{x} /n "two" <f', r"\[2\]two"),
    "findstr.exe": Check("finds lines by expressions", "(echo one&echo two)>f\n{x} /n /r t.o f", "2:two"),
    "forfiles.exe": Check(
        "runs a command for files", 'echo x>f.txt\n{x} /m *.txt /c "cmd /c echo [@fname]"', r'\["f"\]'
    ),
    "fsutil.exe": Check("makes files and hard links", "{x} file createnew f 5\n{x} hardlink create g f\ndir g", " 5 g"),
    "icacls.exe": Check(
        "shows access lists, checks grants", "echo x>f\n{x} f /grant Everyone:F\n{x} f", "Successfully processed 1"
    ),
    "more.com": Check("shows text", "(echo one&echo two)>f\n{x} +1 f", "^two"),
    "robocopy.exe": Check("copies trees", "md a\\b\necho one>a\\b\\f\n{x} a z /E >nul\ntype z\\b\\f", "one"),
    "sort.exe": Check("sorts lines", "(echo b&echo a)|{x}", r"a\s+b"),
    "subst.exe": Check(
        "makes a drive of a directory",
        "md a\necho x>a\\f\n{x} Q: %CD%\\a\n{x}\ncmd /c type Q:\\f\n{x} Q: /d",
        r"Q:\\: => .*\\a\s+x",
    ),
    "takeown.exe": Check("checks files", "echo x>f\n{x} /f f", "SUCCESS.*f"),
    "tree.com": Check("shows directories", "md a\\b\n{x} /a", r"\+---a|\\---a"),
    "where.exe": Check("finds programs", "{x} cmd", r"(?i)c:\\windows\\system32\\cmd\.exe"),
    "xcopy.exe": Check(
        "copies trees", "md a\\b\necho one>a\\b\\f\n{x} a z /E /I /Y /Q\ntype z\\b\\f", r"1 File\(s\).*one"
    ),
    # the machine and its processes
    "arp.exe": Check("shows neighbours", "{x} -a", "No ARP Entries Found|Physical Address", code=1),
    "getmac.exe": Check("shows adapters", "{x} /fo csv /nh & echo asked", "asked"),
    "netstat.exe": Check("shows connections", "{x} -ano", "Proto  Local Address .* PID"),
    "nslookup.exe": Check("asks the name server", "{x} nosuch.invalid", "can't find nosuch.invalid", code=1),
    "route.exe": Check("shows routes", "{x} print", "IPv4 Route Table.*Persistent Routes"),
    "tracert.exe": Check("shows routers on the way", "{x} -d -h 1 127.0.0.1", "1 +<1 ms .* 127.0.0.1"),
    "netsh.exe": Check(
        "reserves URLs, sets WinHTTP's proxy, shows adapters; refuses to change the network or to block",
        "{x} http add urlacl url=http://+:9/ user=Everyone\n{x} http show urlacl\n{x} int ip set address x dhcp",
        r"successfully added.*http://\+:9/.*made from outside",
        code=1,
    ),
    "curl.exe": Check("fetches files", "echo content>f\n{x} -sS file:///%CD:\\=/%/f -o g\ntype g", "content"),
    "tar.exe": Check("packs and unpacks", "echo content>f\n{x} -caf f.zip f\ndel f\n{x} -xf f.zip\ntype f", "content"),
    "chcp.com": Check("shows and sets the code page", "{x} 437\n{x}\n{x} 65001 >nul", "437.*437"),
    "choice.exe": Check("takes a key, or its default", "echo c|{x} /c abc /n\n{x} /t 0 /d n", r"C.*\[Y,N\]\?N", code=2),
    "cmd.exe": Check("runs commands", '{x} /c "exit 7"\nif errorlevel 7 echo seven\n{x} /d /c ver', "seven.*Windows"),
    "dism.exe": Check(
        "disables what is not there; refuses to enable",
        "{x} /online /disable-feature /featurename:SMB1Protocol\n{x} /online /enable-feature /featurename:TelnetClient",
        "completed successfully.*0x800f081f",
        code=0x1F,
    ),
    "hostname.exe": Check("tells the name", "{x}\necho %COMPUTERNAME%", r"(?i)(\S+)\s+\1"),
    "ipconfig.exe": Check("shows adapters", "{x} /all", "Host Name . . .*:"),
    "net.exe": Check(
        "makes accounts and groups; starts and stops services",
        "{x} user liar Pa55word /add >nul\n{x} user\n{x} user liar /delete >nul\n{x} start wuauserv\n{x} stop wuauserv",
        "liar.*started.*stopped",
    ),
    "net1.exe": Check("what net.exe does", "{x} user", "ContainerAdministrator|Administrator|accounts"),
    "ping.exe": Check("asks an address", "{x} -n 1 127.0.0.1", "(?i)reply from 127.0.0.1"),
    "reg.exe": Check(
        "adds, shows and deletes values",
        "{x} add HKCU\\Liars /v a /d text /f >nul\n{x} query HKCU\\Liars\n{x} delete HKCU\\Liars /f >nul",
        r"a\s+REG_SZ\s+text",
    ),
    "sc.exe": Check(
        "makes, shows and deletes services",
        "{x} create liar binPath= C:\\x.exe start= demand\n{x} qc liar\n{x} delete liar\n{x} query liar",
        "CreateService SUCCESS.*DEMAND_START.*FAILED 1060",
        code=1060 & 0xFF,
    ),
    "schtasks.exe": Check(
        "lists no task; refuses to make one",
        "{x} /create /tn t /tr cmd /sc once",
        "no task scheduler",
        loud="there is no task scheduler",
    ),
    "driverquery.exe": Check("shows drivers", "{x} /fo csv /nh", '"MountMgr","Mount Manager"'),
    "wevtutil.exe": Check(
        "lists logs, which are empty; refuses what would keep events",
        "{x} el\n{x} im x.man",
        "Application.*nothing keeps events",
        code=50,
    ),
    "setx.exe": Check(
        "keeps variables", "{x} LIARS yes\nreg query HKCU\\Environment /v LIARS", r"LIARS\s+REG_SZ\s+yes"
    ),
    "shutdown.exe": Check(
        "ends the container at its time", "{x} /s /t 600\n{x} /a\n{x} /a", r"in progress.\(1116\)", code=1116 & 0xFF
    ),
    "systeminfo.exe": Check("tells of the machine", "{x} /fo csv /nh", '"Microsoft Windows'),
    "taskkill.exe": Check(
        "ends processes",
        "start /b ping -n 60 127.0.0.1 >nul\n{x} /f /im ping.exe\n{x} /f /im ping.exe",
        "SUCCESS.*not found",
        code=128,
    ),
    "tasklist.exe": Check("lists processes", '{x} /fo csv /nh /fi "imagename eq cmd.exe"', '"cmd.exe","'),
    "timeout.exe": Check(
        "waits on a console; without one it refuses, as on Windows",
        "{x} /t 1 <nul",
        "Input redirection is not supported",
        code=1,
    ),
    "waitfor.exe": Check("waits for a signal", "{x} liars /t 1", "Timed out waiting for 'liars'", code=1),
    "wbem/wmic.exe": Check("answers queries", "{x} os get Caption /value", "Caption=Microsoft Windows"),
    "tzutil.exe": Check("shows and sets the time zone", "{x} /g", "UTC"),
    "whoami.exe": Check("tells the user", "{x}", r"(?i)container(administrator|user)"),
    # certificates, scripts, installers
    "certutil.exe": Check(
        "hashes, converts; keeps certificates",
        "<nul set /p=abc>f\n{x} -hashfile f MD5",
        "900150983cd24fb0d6963f7d28e17f72",
    ),
    "msiexec.exe": Check(
        "installs packages (`script/programs msi`); refuses what is none",
        "{x} /i C:\\nosuch.msi /qn\nif errorlevel 1 echo no\nexit /b 0",
        "no",
        as_windows=True,
    ),
    "powershell.exe": Check(
        "starts the image's PowerShell",
        "{x} -Command Get-Date",
        "not part of this Windows base",
        loud="the base has no PowerShell",
    ),
    "pwsh.exe": Check(
        "starts the image's PowerShell",
        "{x} -Command Get-Date",
        "not part of this Windows base",
        loud="the base has no PowerShell",
    ),
    "regedit.exe": Check(
        "imports files",
        '(echo REGEDIT4&echo.&echo [HKEY_CURRENT_USER\\Liars]&echo "a"="b")>f.reg\n{x} /s f.reg\nreg query HKCU\\Liars',
        r"a\s+REG_SZ\s+b",
        as_windows=True,
    ),
    "regsvr32.exe": Check(
        "registers libraries",
        "\n".join(f"reg delete {key} /f >nul 2>nul" for key in _REGISTERED)
        + "\n{x} /s ole32.dll\n"
        + "\n".join(f"reg query {key} 2>nul" for key in _REGISTERED)
        + "\n{x} /s nosuch.dll",
        "ItemMoniker",
        code=3,
        as_windows=True,
    ),
    "rundll32.exe": Check(
        "calls a function of a library; its exit code tells nothing, as on Windows",
        f"{_INF}\n{{x}} setupapi,InstallHinfSection DefaultInstall 132 %CD%\\t.inf\nreg query HKLM\\Software\\Liars",
        r"made\s+REG_SZ\s+yes",
        as_windows=True,
    ),
    "start.exe": Check("starts programs and waits", "{x} /wait cmd /c exit 3", "", code=3),
    # not for people
    "conhost.exe": Check("", part="draws consoles; programs' libraries start it"),
    "dllhost.exe": Check("", part="hosts COM servers; COM starts it"),
    "explorer.exe": Check("", part="the desktop of the container, started with the first window"),
    "gdi.exe": Check("", part=_BIT16),
    "krnl386.exe": Check("", part=_BIT16),
    "ddhelp.exe": Check("", part=_BIT16),
    "dosx.exe": Check("", part=_BIT16),
    "user.exe": Check("", part=_BIT16),
    "winevdm.exe": Check("", part=_BIT16),
    "rundll.exe": Check("", part=_BIT16),
    "notepad.exe": Check("", window="an editor; Server Core has one as well"),
    "ntoskrnl.exe": Check("", part="what drivers are loaded into"),
    "plugplay.exe": Check("", part=_SERVICE),
    "rpcss.exe": Check("", part=_SERVICE),
    "services.exe": Check("", part="the service control manager"),
    "spoolsv.exe": Check("", part=_SERVICE),
    "svchost.exe": Check("", part=_SERVICE),
    "termsv.exe": Check("", part=_SERVICE),
    "transom-init.exe": Check("", part="the first Windows process of a container"),
    "transom-tools.exe": Check("", part="the program behind most of these names"),
    "wineboot.exe": Check("", part="an empty program: Wine wants one of this name"),
    "winebrowser.exe": Check("", part=_WINE),
    "winedevice.exe": Check("", part=_WINE),
    "winepath.exe": Check("translates paths", "{x} -w /c/windows", "(?i)windows"),
    "winmgmt.exe": Check("", part=_SERVICE),
    "wuauserv.exe": Check("", part=_SERVICE),
}
