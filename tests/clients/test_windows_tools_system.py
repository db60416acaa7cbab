"""Tools of system32 that ask and change the machine: sc, tasklist, wmic, dism, shutdown, certutil, netsh, subst …"""

import base64
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.batch import SERVERCORE, Box, batch_box
from tests.support.engine import Engine
from tests.support.windows import COMPILER

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER, "openssl"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def shared_box(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with batch_box(shared_engine, tmp_path_factory.mktemp("system")) as made:
        yield made


@pytest.fixture
def box(shared_box: Box) -> Box:
    """The container, with its directory empty."""
    shared_box.empty()
    return shared_box


def test_services_are_made_shown_changed_and_deleted(box: Box) -> None:
    path = "C:\\Windows\\System32\\cmd.exe /c exit"

    assert box.run(f'sc create demo binPath= "{path}" start= auto').out == "[SC] CreateService SUCCESS\n"
    shown = box.run("sc qc demo").out
    assert re.search(r"START_TYPE +: 2 +AUTO_START\n", shown)
    assert re.search(rf"BINARY_PATH_NAME +: {re.escape(path)}\n", shown)
    assert box.run("sc config demo start= disabled").code == 0
    assert "4   DISABLED" in box.run("sc qc demo").out
    assert re.search(r"STATE +: 1 +STOPPED", box.run("sc query demo").out)
    assert box.run("sc start demo").code == 1058 & 255
    assert box.run("sc delete demo").out == "[SC] DeleteService SUCCESS\n"
    gone = box.run("sc query demo")
    assert gone.code == 1060 & 255
    assert "FAILED 1060:" in gone.out
    assert "The specified service does not exist as an installed service." in gone.out
    assert box.run("sc create half").code != 0
    assert box.run("sc nosuchverb").code != 0


def test_choice_takes_a_key_or_its_default(box: Box) -> None:
    asked = box.run("echo xB|choice /c abc /m Which")
    assert (asked.out, asked.code) == ("Which [A,B,C]?B\n", 2)
    default = box.run("choice /c:yn /cs /t:0 /d:n")
    assert (default.out, default.code) == ("[y,n]?n\n", 2)
    ended = box.run("echo x|choice")
    assert ended.code == 1
    assert "does not contain the valid choices" in ended.err
    for wrong in ("/t 5", "/d y", "/t x /d y", "/z", "word"):
        assert box.run(f"choice {wrong}").code == 1
    for bad_list in ("/c aa", "/c ab /t 0 /d x"):
        assert box.run(f"choice {bad_list}").code == 255
    assert box.run(r'"%SystemRoot%\System32\choice.exe" /t 0 /d y').code == 1


def test_processes_are_listed_and_ended(box: Box) -> None:
    box.run("start /b ping -n 1000 127.0.0.1 >nul")

    listed = box.run('tasklist /fo csv /nh /fi "imagename eq ping.exe"').out
    pid = listed.split('","')[1]
    assert listed.startswith('"ping.exe","')
    assert box.run(f'tasklist /fi "pid eq {pid}" /fo list').out.split("\n")[1] == "Image Name:   ping.exe"
    ended = box.run("taskkill /f /im ping.exe")
    assert ended.out == f'SUCCESS: The process "ping.exe" with PID {pid} has been terminated.\n'
    none = box.run('tasklist /fi "imagename eq ping.exe"')
    assert "INFO: No tasks are running which match the specified criteria." in none.out + none.err
    missing = box.run("taskkill /im ping.exe")
    assert (missing.code, missing.err) == (128, 'ERROR: The process "ping.exe" not found.\n')
    assert box.run("taskkill").code == 1


def test_machine_is_described(box: Box) -> None:
    described = box.run("systeminfo").out
    assert re.search(r"OS Version: +10\.0\.20348 N/A Build 20348\n", described)
    assert "Caption=Microsoft Windows Server 2022 Datacenter" in box.run("wmic os get caption /value").out
    assert box.run("wmic process where name='cmd.exe' get name").out.split()[:2] == ["Name", "cmd.exe"]
    assert box.run("wmic nosuch get x").code != 0
    box.run('wmic process call create "cmd /c echo made>C:\\w\\made"', "ping -n 2 127.0.0.1 >nul")
    assert box.run("type made").out == "made\n"
    assert box.run("wmic nicconfig where index=1 call EnableDHCP").code != 0, "it is not said that it was done"


def test_features_of_windows_are_refused(box: Box) -> None:
    assert "Feature Name : IIS-WebServer\n" in box.run("dism /online /get-features").out
    refused = box.run("dism /online /enable-feature /featurename:IIS-WebServer /all")
    assert refused.code == 0x0F081F & 255
    assert "Features of Windows are not part of this Windows base" in refused.out + refused.err
    assert box.run("dism /online /disable-feature /featurename:SMB1Protocol").code == 0
    assert box.run("schtasks /create /tn x /tr cmd /sc daily").code == 1
    assert "There is no task scheduler" in box.run("schtasks /create /tn x /tr cmd /sc daily").err


def test_urls_are_reserved_and_a_proxy_is_set(box: Box) -> None:
    added = box.run("netsh http add urlacl url=http://+:8080/x/ user=Everyone listen=yes delegate=yes")
    assert (added.code, added.out) == (0, "\nURL reservation successfully added\n\n")
    shown = box.run("netsh ht sh url").out
    assert "    Reserved URL            : http://+:8080/x/ \n        User: Everyone\n            Listen: Yes\n" in shown
    assert "            SDDL: D:(A;;GXGW;;;WD) \n" in shown
    again = box.run("netsh http add urlacl http://+:8080/x/ user=Everyone")
    assert (again.code, again.err.split("\n")[1]) == (1, "Url reservation add failed, Error: 183")
    assert "Error: 87" in box.run("netsh http add urlacl url=http://+:8080 user=Everyone").err
    assert "Error: 1332" in box.run("netsh http add urlacl url=http://+:1/ user=NoSuchUser").err
    assert box.run("netsh http delete urlacl url=http://+:8080/x/").code == 0
    assert "8080" not in box.run("netsh http show urlacl").out
    assert box.run("netsh http add sslcert ipport=0.0.0.0:443 certhash=00").code == 1

    assert "    Proxy Server(s) :  proxy:3128\n" in box.run('netsh winhttp set proxy proxy:3128 "*.local"').out
    assert "    Bypass List     :  *.local\n" in box.run("netsh winhttp show proxy").out
    assert "Direct access (no proxy server)." in box.run("netsh winhttp reset proxy").out


def test_nothing_is_said_to_be_blocked(box: Box) -> None:
    rule = "netsh advfirewall firewall add rule name=web dir=in protocol=TCP localport=80 action="

    assert box.run(f"{rule}allow").out == "Ok.\n\n"
    assert re.search(r"LocalPort: +80\n", box.run("netsh advf firewall show rule name=web").out)
    assert box.run("netsh advfirewall firewall delete rule name=web").out == "\nDeleted 1 rule(s).\nOk.\n\n"
    assert box.run("netsh advfirewall firewall delete rule name=web").code == 1
    refused = box.run(f"{rule}block")
    assert (refused.code, refused.out) == (1, "")
    assert "nothing is blocked" in refused.err
    assert box.run("netsh advfirewall set allprofiles state off").code == 0
    assert box.run("netsh advfirewall set allprofiles state on").code == 1
    unknown = box.run("netsh a b")
    assert (unknown.code, unknown.err) == (1, "The following command was not found: a b.\n")


def test_logs_are_empty_and_drivers_are_named(box: Box) -> None:
    assert box.run("wevtutil el").out == "Application\nSecurity\nSystem\n"
    asked = box.run("wevtutil qe System /c:3 /rd:true /f:text")
    assert (asked.code, asked.out) == (0, "")
    missing = box.run("wevtutil cl NoSuchLog")
    assert missing.code == 15007 & 255
    assert missing.err.startswith("Failed to clear log NoSuchLog.\nThe specified channel could not be found.")
    assert box.run("wevtutil im C:\\x.man").code == 50
    assert re.search(r"\nMountMgr +Mount Manager +Kernel ", box.run("driverquery").out)
    assert '"MountMgr","Mount Manager","Kernel ","' in box.run("driverquery /fo csv /nh").out


def test_directory_is_a_drive_of_every_program(box: Box) -> None:
    made = box.run(
        "mkdir dir",
        "echo one>dir\\f",
        "subst V: dir",
        "subst",
        "echo two>V:\\g",
        'cmd /c "V: & cd & type f"',
        "dir /b dir",
    )
    assert made.out == "V:\\: => C:\\w\\dir\nV:\\\none\nf\ng\n"
    assert "\n               2 File(s)" in box.run("dir V:\\").out
    assert box.run("subst V: C:\\w").err == "Drive already SUBSTed\n"
    assert box.run("subst V: /d", "type V:\\f 2>nul", "subst").out == ""
    assert box.run("subst V: /d").code == 1
    assert box.run("subst V: nosuch").code == 1


def test_waits_end_at_their_time_or_by_a_signal(box: Box) -> None:
    late = box.run("waitfor /t 1 sign")
    assert (late.code, late.err) == (1, "ERROR: Timed out waiting for 'sign'.\n")
    sent = box.run("start /b cmd /c waitfor /t 30 sign ^&^& echo came^>C:\\w\\came", "ping -n 2 127.0.0.1 >nul",
                   "waitfor /si sign", "ping -n 2 127.0.0.1 >nul", "type came")  # fmt: skip
    assert "came" in sent.out


def test_shutdown_ends_the_container(box: Box) -> None:
    script = "shutdown /s /t 0 & ping -n 1000 127.0.0.1 >nul & echo still here"
    ended = box.engine.docker("run", "--rm", "--network", "none", SERVERCORE, "cmd", "/c", script, check=False)

    assert "still here" not in ended.out


def make_certificate(directory: Path, name: str) -> Path:
    """Make a certificate that signs itself; return its PEM file."""
    path = directory / f"{name}.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    subprocess.run([*argv, "-keyout", "/dev/null", "-out", path], check=True, capture_output=True)
    return path


def test_certificates_are_kept_shown_and_removed(box: Box) -> None:
    pem = make_certificate(box.shared, "corporate")
    der = base64.b64decode("".join(pem.read_text().split("\n")[1:-2]))
    (box.shared / "corporate.cer").write_bytes(der)

    added = box.run("certutil -addstore -f root C:\\t\\corporate.pem")
    assert added.code == 0, added
    assert 'Certificate "corporate" added to store.' in added.out
    assert "CN=corporate" in box.run("certutil -store root corporate").out
    assert box.run("certutil -delstore root corporate").code == 0
    assert "CN=corporate" not in box.run("certutil -store root").out
    assert box.run("certutil -addstore root C:\\t\\corporate.cer").code == 0
    assert box.run("certutil -addstore root C:\\t\\run.cmd").code != 0
    assert box.run("certutil -delstore root corporate").code == 0
