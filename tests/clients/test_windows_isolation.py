"""Windows containers attacked from inside: what programs reach of Linux, of the host, of limits; and who they are."""

import os
import time
from pathlib import Path

import pytest
from tests.support.engine import Engine
from tests.support.windows import COMPILER, ensure_program_image, probe, program

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", COMPILER),
    pytest.mark.timeout(600),
]
IMAGE = "attack:latest"
LIMITS = "/transom/limits.so"  # tells Wine of limits, where there are some
ON_NO_NETWORK = ("run", "--rm", "--network", "none")
RUNTIMES = pytest.mark.parametrize("runtime", ["crun", "runc"])
CONTROL = {"/run/user", "/run/transom", "/run/wine"}
DEVICES = {
    "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
    "urandom", "zero",
}  # fmt: skip


@pytest.fixture
def attacked(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine with an image that has attack.exe and probe.exe."""
    programs = {"attack.exe": program("attack"), "probe.exe": probe()}
    ensure_program_image(engine, IMAGE, tmp_path_factory.mktemp("attack"), programs)
    return engine


def inspect(engine: Engine, container: str, form: str) -> str:
    return engine.docker("inspect", "-f", form, container).out.strip()


def attack(engine: Engine, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    return engine.docker(*ON_NO_NETWORK, *options, IMAGE, "attack", *arguments).out.splitlines()


# --- what is there to see -------------------------------------------------------------------------------------------


def test_drive_c_is_the_only_drive_by_every_spelling(attacked: Engine) -> None:
    assert attack(attacked, "drives") == ["mask 4"]


def test_linux_side_is_small_and_shows_nothing_of_the_host(attacked: Engine) -> None:
    seen = attack(attacked, "scan")

    assert not [line for line in seen if line.startswith("open ")]
    assert {line for line in seen if line.startswith("/run/")} == CONTROL
    assert {line.removeprefix("/dev/") for line in seen if line.startswith("/dev/")} <= DEVICES
    assert {line for line in seen if line.startswith("/sys/")} == {"/sys/devices", "/sys/devices/system"}
    assert not [line for line in seen if line.startswith(("/tmp/", "/./home", "/./root", "/./boot"))]


def test_environment_of_linux_and_host_stay_outside(attacked: Engine) -> None:
    for process in ("1", "self"):
        told = dict(line.split("=", 1) for line in attack(attacked, "linux", f"/proc/{process}/environ") if line)
        assert told["USER"] == "ContainerUser"
        ours = {"HOME", "USER", "PATH", "XDG_RUNTIME_DIR", "LC_CTYPE", "LC_MESSAGES", "LD_PRELOAD"}
        assert set(told) <= ours | {name for name in told if name.startswith("WINE")}
        assert told.get("LD_PRELOAD", "") in ("", LIMITS)
        assert not any(str(attacked.directory) in value for value in told.values())


def test_other_containers_and_the_hosts_networks_are_not_seen(attacked: Engine) -> None:
    attacked.docker("run", "-d", "--name", "other", IMAGE, "attack", "sleep")
    networks = [line.split(":")[0].strip() for line in attack(attacked, "linux", "/proc/net/dev")[2:]]
    processes = [line for line in attack(attacked, "list", "/proc") if line.removeprefix("/proc/").isdecimal()]

    assert networks == ["lo"]
    assert 3 <= len(processes) < 10


# --- what can be done -----------------------------------------------------------------------------------------------


@RUNTIMES
def test_no_call_of_linux_leads_out(attacked: Engine, runtime: str) -> None:
    assert attack(attacked, "calls", options=("--runtime", runtime)) == []


def test_processes_are_a_user_without_rights_on_the_host(attacked: Engine) -> None:
    attacked.docker("run", "-d", "--name", "idle", "--network", "none", IMAGE, "attack", "sleep")
    pid = inspect(attacked, "idle", "{{.State.Pid}}")
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "\t" in line)

    assert len(set(status["Uid"].split())) == 1
    assert int(status["Uid"].split()[0]) >= 1 << 16
    assert status["Uid"] == status["Gid"]
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert int(status["CapBnd"], 16) == int(status["CapPrm"], 16) == 1 << 1 | 1 << 3 | 1 << 10
    assert os.readlink(f"/proc/{pid}/ns/user") != os.readlink("/proc/self/ns/user")
    assert "name=windows-userns" in attacked.docker("info", "-f", "{{.SecurityOptions}}").out


@RUNTIMES
def test_life_goes_its_way_with_either_runtime(attacked: Engine, runtime: str) -> None:
    attacked.docker("run", "-d", "--name", "lives", "--runtime", runtime, IMAGE, "probe", "wait")
    attacked.wait_for_log("lives", "ready")

    assert attacked.docker("exec", "lives", "probe", "user").out.splitlines() == USER
    attacked.docker("restart", "-t", "5", "lives")
    assert attacked.docker("exec", "lives", "cmd", "/c", "echo again").out.strip() == "again"


def test_files_in_a_directory_of_the_host_belong_to_its_owner(attacked: Engine, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o700)
    (shared / "private.txt").write_text("to read")
    for path in (shared / "private.txt", shared):
        os.chown(path, 1234, 4321)
    (shared / "of-root.txt").write_text("of root")
    os.chmod(shared / "of-root.txt", 0o600)
    asked = "type C:\\data\\private.txt C:\\data\\of-root.txt & echo made> C:\\data\\made.txt & mkdir C:\\data\\sub"
    done = attacked.docker(*ON_NO_NETWORK, "-v", f"{shared}:C:\\data", IMAGE, "cmd", "/c", asked)

    assert "to read" in done.out
    assert "of root" in done.out
    owners = {each.name: (each.stat().st_uid, each.stat().st_gid) for each in shared.iterdir()}
    assert owners == {
        "private.txt": (1234, 4321), "made.txt": (1234, 4321), "sub": (1234, 4321), "of-root.txt": (0, 0),
    }  # fmt: skip


def test_volume_and_copies_keep_owners_that_mean_something_on_the_host(attacked: Engine, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("in\n")
    (tmp_path / "back").mkdir()
    attacked.docker("run", "-d", "--name", "busy", "--network", "none", "-v", "owned:D:", IMAGE, "attack", "sleep")
    attacked.docker("cp", str(tmp_path / "in.txt"), "busy:C:\\Users\\in.txt")
    attacked.docker("cp", str(tmp_path / "in.txt"), "busy:D:\\")
    attacked.docker("exec", "busy", "cmd", "/c", "echo more>> C:\\Users\\in.txt & copy C:\\Users\\in.txt D:\\out.txt")
    attacked.docker("cp", "-a", "busy:C:\\Users\\in.txt", str(tmp_path / "back" / "in.txt"))
    files = {each.name: each.stat().st_uid for each in (attacked.data / "volumes/owned/_data").iterdir()}
    attacked.docker("rm", "-f", "busy")
    attacked.docker("volume", "rm", "owned")

    assert (tmp_path / "back" / "in.txt").read_text().split() == ["in", "more"]
    assert (tmp_path / "back" / "in.txt").stat().st_uid == 0
    assert files == {"in.txt": 0, "out.txt": 0}


@RUNTIMES
def test_no_file_that_runs_as_its_owner_comes_to_the_host(attacked: Engine, tmp_path: Path, runtime: str) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    options = ("--runtime", runtime, "-v", f"{shared}:C:\\data")

    assert attack(attacked, "suid", "/c/data/x", options=options) == []
    assert [each.stat().st_mode & 0o6000 for each in shared.iterdir()] == [0]


# --- limits ---------------------------------------------------------------------------------------------------------


def test_fork_bomb_stays_within_its_limit(attacked: Engine) -> None:
    attacked.docker("run", "-d", "--name", "bomb", "--network", "none", "--pids-limit", "40", IMAGE, "attack", "fork")
    attacked.wait_for_log("bomb", "started ", timeout_s=60)
    count = int(attacked.docker("stats", "--no-stream", "--format", "{{.PIDs}}", "bomb").out)
    asked = time.monotonic()
    attacked.docker("rm", "-f", "bomb")

    assert 20 < count <= 40
    assert time.monotonic() - asked < 20


def test_program_that_eats_memory_is_ended_and_said_to_be(attacked: Engine) -> None:
    options = ("--name", "eater", "--network", "none", "-m", "96m", "--memory-swap", "96m")
    done = attacked.docker("run", *options, IMAGE, "attack", "eat", check=False, timeout_s=120)

    assert done.code == 137
    assert inspect(attacked, "eater", "{{.State.OOMKilled}} {{.State.ExitCode}}") == "true 137"


def test_read_only_container_still_runs_and_writes_nowhere(attacked: Engine) -> None:
    asked = "echo no> C:\\no.txt & echo no> C:\\Users\\no.txt & dir /b C:\\no.txt C:\\Users\\no.txt & attack calls"
    done = attacked.docker(*ON_NO_NETWORK, "--read-only", IMAGE, "cmd", "/c", asked)

    assert "no.txt" not in done.out


# --- who it is ------------------------------------------------------------------------------------------------------

ADMINISTRATOR = ["ContainerAdministrator", "elevated", "administrator", "ContainerAdministrator", "many privileges"]
USER = ["ContainerUser", "limited", "user", "ContainerUser", "few privileges"]


@pytest.mark.parametrize(
    ("user", "is_told"),
    [
        ("ContainerAdministrator", ADMINISTRATOR),
        ("S-1-5-93-2-1", ADMINISTRATOR),
        ("containeruser", USER),
        ("User Manager\\ContainerUser", USER),
    ],
)
def test_token_is_the_users(attacked: Engine, user: str, is_told: list[str]) -> None:
    """A child is asked: what a program starts is the same user."""
    asked = attacked.docker(*ON_NO_NETWORK, "-u", user, IMAGE, "cmd", "/c", "probe user & echo %USERNAME%%USERPROFILE%")
    told = asked.out.split("\n")

    assert [line.strip() for line in told[:5]] == is_told
    assert told[5].strip() == f"{is_told[0]}C:\\Users\\{is_told[0]}"


def test_exec_is_the_containers_user_unless_another_is_named(attacked: Engine) -> None:
    attacked.docker(
        "run", "-d", "--name", "as-admin", "-u", "ContainerAdministrator", "--network", "none", IMAGE, "attack", "sleep"
    )

    assert attacked.docker("exec", "as-admin", "probe", "user").out.splitlines() == ADMINISTRATOR
    assert attacked.docker("exec", "-u", "ContainerUser", "as-admin", "probe", "user").out.splitlines() == USER
    refused = attacked.docker("exec", "-u", "1000", "as-admin", "probe", "user", check=False)
    assert "The user name or password is incorrect. (0x52e)" in refused.out
