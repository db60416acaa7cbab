"""What a Windows host demands of a layer's tar, checked field by field: a reader that shares nothing with the engine's.

Source: microsoft/hcsshim pkg/ociwclayer/import.go, internal/wclayer/legacy.go, internal/safefile; go-winio
backuptar/tar.go; image-spec layer.md. Each check names what an importer does without it.
"""

import base64
import io
import re
import struct
import tarfile
from collections.abc import Collection, Mapping

READ_ONLY, HIDDEN, SYSTEM, DIRECTORY, ARCHIVE, REPARSE = 0x1, 0x2, 0x4, 0x10, 0x20, 0x400
_TIME = re.compile(r"-?\d+(\.\d{1,9})?")
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]')
_DEVICES = re.compile(r"(?i)(con|prn|nul|aux|com[1-9]|lpt[1-9])(\..*)?$")
_SERVED_FROM_HIVES = "files/windows/system32/config/"


def check_layer(data: bytes, below: Collection[str] = ()) -> Mapping[str, tarfile.TarInfo]:
    """Assert that an uncompressed layer is one that a Windows host imports, and return its members by name.

    below: folded names (`files/app`) of the directories and files that the layers below it have.
    """
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
        raw_names = _raw_names(data)
    by_name = {member.name: member for member in members}
    assert len(by_name) == len(members), "a name twice: an importer creates, and does not replace"
    assert len({name.lower() for name in by_name}) == len(by_name), "names that are one file to NTFS"
    for needed in ("Files", "Hives"):
        assert by_name[needed].isdir(), f"no directory {needed}"
    assert not [name for name in raw_names if name.endswith("/")], "importers compare raw names, without a slash"
    seen: set[str] = set()
    for member in members:
        _check_place(member, seen, below)
        if _is_whiteout(member):
            _check_whiteout(member, by_name)
        else:
            _check_metadata(member)
            _check_kind(member, seen, below)
        seen.add(member.name.lower())
    return by_name


def _raw_names(data: bytes) -> list[str]:
    """Return the names as the headers have them, without what tarfile makes of them."""
    names, at, longer = [], 0, ""
    while at + 512 <= len(data) and data[at] != 0:
        block = data[at : at + 512]
        size = int(block[124:136].rstrip(b"\0 ") or b"0", 8)
        kind = block[156:157]
        if kind == b"x":
            records = data[at + 512 : at + 512 + size]
            while records:
                length = int(records.split(b" ", 1)[0])
                key, _, value = records[:length].partition(b" ")[2].rstrip(b"\n").partition(b"=")
                longer = value.decode() if key == b"path" else longer
                records = records[length:]
        else:
            prefix = block[345:500].rstrip(b"\0").decode()
            name = block[:100].rstrip(b"\0").decode()
            names.append(longer or (f"{prefix}/{name}" if prefix else name))
            longer = ""
        at += 512 + -(-size // 512) * 512
    return names


def _is_whiteout(member: tarfile.TarInfo) -> bool:
    return member.name.rpartition("/")[2].startswith(".wh.")


def _check_place(member: tarfile.TarInfo, seen: set[str], below: Collection[str]) -> None:
    name = member.name
    top, *rest = name.split("/")
    assert top in {"Files", "Hives", "UtilityVM"}, f"{name} is nowhere that an importer looks"
    assert not name.lower().startswith(_SERVED_FROM_HIVES), f"{name}: Windows serves it from its hives"
    for part in rest:
        assert part not in {"", ".", ".."}, name
        assert not _FORBIDDEN.search(part), f"{name}: a name that NTFS has not"
        assert part[-1] not in ". ", f"{name}: a name that Windows cuts off"
        assert not _DEVICES.match(part), f"{name}: a device"
    parent = name.rpartition("/")[0].lower()
    assert not rest or parent in seen or parent in below, f"{name}: its directory has no entry (Win32 error 3)"


def _check_whiteout(member: tarfile.TarInfo, by_name: Mapping[str, tarfile.TarInfo]) -> None:
    directory, _, base = member.name.rpartition("/")
    deleted = base.removeprefix(".wh.")
    assert directory.split("/")[0] == "Files", f"{member.name}: invalid tombstone"
    assert deleted not in {"", ".wh..opq"}, f"{member.name}: importers know no opaque directories"
    assert (member.isreg(), member.size) == (True, 0)
    assert not [key for key in member.pax_headers if key.startswith("MSWINDOWS.")]
    assert f"{directory}/{deleted}" not in by_name, f"{member.name}: deletions come last, and would take the new entry"


def _check_metadata(member: tarfile.TarInfo) -> None:
    pax = member.pax_headers
    if member.islnk():
        assert not [key for key in pax if key.startswith("MSWINDOWS.")], f"{member.name}: a link has its target's"
        return
    attributes = int(pax["MSWINDOWS.fileattr"])
    assert 0 <= attributes < 1 << 32
    is_directory = member.isdir() or (member.issym() and bool(attributes & DIRECTORY))
    assert bool(attributes & DIRECTORY) == is_directory, f"{member.name}: {attributes:#x}"
    assert bool(attributes & REPARSE) == member.issym(), f"{member.name}: {attributes:#x}"
    for key in ("LIBARCHIVE.creationtime", "atime", "ctime"):
        assert _TIME.fullmatch(pax[key]), f"{member.name}: without {key} it would be of the year 1754"
        assert not ("." in pax[key] and pax[key].endswith("0")), f"{member.name}: {key} is {pax[key]}"
    if member.name not in {"Files", "Hives"}:
        check_descriptor(base64.b64decode(pax["MSWINDOWS.rawsd"], validate=True))


def check_descriptor(data: bytes) -> None:
    """Assert that data is a self-relative security descriptor with an owner and a list of who may do what."""
    revision, _, control, owner, group, sacl, dacl = struct.unpack_from("<BBHIIII", data)
    assert revision == 1
    assert control & 0x8000, "not self-relative"
    assert control & 0x0004, "no list: everybody may do everything"
    for offset in (owner, group):
        sid_revision, count = struct.unpack_from("<BB", data, offset)
        assert sid_revision == 1
        assert offset + 8 + 4 * count <= len(data)
    assert not sacl or sacl < len(data)
    acl_revision, _, size, count, _ = struct.unpack_from("<BBHHH", data, dacl)
    assert acl_revision in {2, 4}
    assert dacl + size <= len(data)
    at = dacl + 8
    for _ in range(count):
        kind, _, length, _ = struct.unpack_from("<BBHI", data, at)
        assert kind in {0, 1}
        subs = data[at + 9]
        assert length == 8 + 8 + 4 * subs
        at += length
    assert at <= dacl + size


def _check_kind(member: tarfile.TarInfo, seen: set[str], below: Collection[str]) -> None:
    name = member.name
    if member.isdir():
        assert (member.size, member.mode & 0o170000) == (0, 0o040000), name
    elif member.isreg():
        assert member.mode & 0o170000 == 0o100000, name
    elif member.issym():
        assert member.size == 0
        target = member.linkname
        assert "/" not in target, f"{name} → {target}"
        assert not target.lower().startswith("files"), f"{name}: a program inside the container sees no Files"
        assert not re.match(r"[D-Zd-z]:", target), f"{name} → {target}"
    elif member.islnk():
        assert member.size == 0
        assert member.linkname.startswith("Files/"), f"{name}: invalid hard link in layer"
        found = member.linkname.lower()
        assert found in seen or found in below, f"{name}: failed to find link target"
    else:
        raise AssertionError(f"{name}: a device")
