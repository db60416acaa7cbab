"""Wine's registry files as values: parse, print, compare, merge. Pure.

A branch (`system.reg` is HKEY_LOCAL_MACHINE, `user.reg` the user's HKEY_CURRENT_USER) is a text of sections. Names and
data stay in the file's own escaped spelling, which wineserver prints in one way only, so equal text is equal data.

    WINE REGISTRY Version 2
    ;; All keys relative to REGISTRY\\\\Machine

    [Software\\\\Company\\\\Product] 1700000000
    #time=1da1b2c3d4e5f60
    @="default value"
    "Version"="1.2"

A delta is what turns one registry into another; image layers carry it as JSON:

    {"format": 1, "base": "sha256:…", "branches": {"system": {
        "set": {"Software\\\\\\\\Company": {"\\"Version\\"": "\\"1.3\\"", …}}, "unset": {key: [value name, …]},
        "removed": [key, …]}}}

Source: Wine, server/registry.c (load_registry, save_subkeys, dump_value).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from string import hexdigits

from transom.errors import InvalidParameter

BRANCHES = ("system", "user")
HEADERS = {
    "system": "WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\Machine\n\n#arch=win64\n",
    "user": "WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\User\\\\S-1-5-21-0-0-0-1000\n\n#arch=win64\n",
}
FORMAT = 1
MAX_DELTA_BYTES = 64 << 20

_SECTION = re.compile(r"\[((?:[^\]\\]|\\.)*)\](?: \d+)?$")
_VALUE = re.compile(r'(@|"(?:[^"\\]|\\.)*")=(.*)$', re.DOTALL)
_OPTIONS = ("#class=", "#link")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,4})|([0-7]{1,3})|(.))")
_NAMED = {"\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e"}


@dataclass(slots=True)
class Key:
    """One key: its spelling, its options (`#class=…`, `#link`), its values by folded name."""

    name: str
    options: tuple[str, ...] = ()
    values: dict[str, tuple[str, str]] = field(default_factory=dict)


Branch = dict[str, Key]
"""Keys by folded path."""
Registry = dict[str, Branch]
"""Branches by name."""


@dataclass(frozen=True, slots=True)
class BranchDelta:
    """Changes to one branch, made in this order: keys removed with all below them, keys that lose every value, values
    unset and set by key."""

    set: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unset: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()

    @property
    def takes_away(self) -> bool:
        """Tell whether anything is gone with these changes."""
        return bool(self.unset or self.removed or self.cleared)


@dataclass(frozen=True, slots=True)
class Delta:
    """Changes to a registry, and the base that it was made on."""

    base: str
    branches: Mapping[str, BranchDelta]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing changes."""
        return not any(each.set or each.takes_away for each in self.branches.values())

    @property
    def only_sets(self) -> bool:
        """Tell whether nothing is taken away, so that applying it means appending text."""
        return not any(each.takes_away for each in self.branches.values())


def fold(name: str) -> str:
    """Return a key under which names are equal that Windows takes for equal."""
    return name.lower()


def parse(text: str) -> Branch:
    """Parse a registry file's text.

    Raises:
        InvalidParameter: it is not one.
    """
    if not text.startswith("WINE REGISTRY Version 2"):
        raise InvalidParameter("not a registry file of Wine")
    branch: Branch = {}
    key: Key | None = None
    for line in _logical_lines(text):
        if line.startswith("["):
            match = _SECTION.match(line)
            if not match:
                raise InvalidParameter(f"registry: bad section {line[:80]!r}")
            key = branch.setdefault(fold(match[1]), Key(match[1]))
        elif line.startswith(_OPTIONS) and key is not None:
            if line not in key.options:
                key.options = (*key.options, line)
        elif line[:1] in {"@", '"'}:
            match = _VALUE.match(line)
            if not match or key is None:
                raise InvalidParameter(f"registry: bad value {line[:80]!r}")
            key.values[fold(match[1])] = (match[1], match[2])
    return branch


def _logical_lines(text: str) -> Iterator[str]:
    """Yield lines, those that end in a backslash joined with what follows (only hex data does)."""
    pending = ""
    for line in text.split("\n"):
        line = line.rstrip("\r")
        if pending:
            line = pending + line.lstrip()
        pending = ""
        if line.endswith("\\") and "=hex" in line:
            pending = line[:-1]
        elif line:
            yield line


def print_branch(name: str, branch: Branch) -> str:
    """Print a branch so that parse gives it back, keys in order, without times."""
    return HEADERS[name] + print_keys(branch[path] for path in sorted(branch))


def print_keys(keys: Iterable[Key]) -> str:
    """Print keys as sections; appended to a registry file, their values take the place of earlier ones."""
    lines: list[str] = []
    for key in keys:
        lines += ["", f"[{key.name}]", *key.options]
        lines += [f"{name}={data}" for _, (name, data) in sorted(key.values.items())]
    return "\n".join([*lines, ""])


def is_within(path: str, top: str) -> bool:
    """Tell whether folded path is top or below it."""
    return path == top or path.startswith(top + "\\\\")


def without(branch: Branch, tops: Iterable[str]) -> Branch:
    """Return branch without the given keys and all below them."""
    folded = {fold(top) for top in tops}
    return {path: key for path, key in branch.items() if not any(above in folded for above in lineage(path))}


def lineage(path: str) -> Iterator[str]:
    """Yield path and every key above it."""
    yield path
    while path := parent(path):
        yield path


def parent(path: str) -> str:
    """Return the key above path, empty for none."""
    cut = path.rfind("\\\\")
    if cut > 0 and path[cut - 1] == "\\":
        cut -= 1  # the third one begins an escape: `Key\\\x00fc`
    return path[: max(cut, 0)]


def diff(before: Registry, after: Registry, *, base: str) -> Delta:
    """Return what turns before into after."""
    names = [name for name in BRANCHES if name in before or name in after]
    return Delta(base, {name: _diff_branch(before.get(name, {}), after.get(name, {})) for name in names})


def _diff_branch(before: Branch, after: Branch) -> BranchDelta:
    changed: dict[str, dict[str, str]] = {}
    unset: dict[str, tuple[str, ...]] = {}
    alive = {above for path in after for above in lineage(path)}
    gone = [path for path in before if path not in alive]
    removed = tuple(before[path].name for path in sorted(gone) if not any(a in gone for a in list(lineage(path))[1:]))
    for path, key in after.items():
        old = before.get(path)
        values = {n: d for f, (n, d) in key.values.items() if old is None or old.values.get(f, ("", None))[1] != d}
        options = {option: "" for option in key.options if old is None or option not in old.options}
        if old is None or values or options:
            changed[key.name] = values | options
        lost = tuple(sorted(n for f, (n, _) in old.values.items() if f not in key.values)) if old else ()
        if lost:
            unset[key.name] = lost
    # A key that lost its own section while keys below it live on keeps existing, without values.
    for path in before:
        if path in alive and path not in after and before[path].values:
            unset[before[path].name] = tuple(sorted(n for n, _ in before[path].values.values()))
    return BranchDelta(dict(sorted(changed.items())), dict(sorted(unset.items())), removed)


def merge(registry: Registry, delta: Delta) -> Registry:
    """Return registry with delta applied; what is to be removed and is not there is no error."""
    return {
        name: _merge_branch(registry.get(name, {}), delta.branches.get(name, BranchDelta()))
        for name in dict.fromkeys([*registry, *delta.branches])
    }


def _merge_branch(branch: Branch, delta: BranchDelta) -> Branch:
    kept = without(branch, delta.removed) if delta.removed else dict(branch)
    merged = {path: Key(key.name, key.options, dict(key.values)) for path, key in kept.items()}
    for path in delta.cleared:
        key = merged.get(fold(path))
        if key is not None:
            key.values.clear()
    for path, names in delta.unset.items():
        key = merged.get(fold(path))
        if key is not None:
            for name in names:
                key.values.pop(fold(name), None)
    for path, entries in delta.set.items():
        key = merged.setdefault(fold(path), Key(path))
        for name, data in entries.items():
            if name.startswith(_OPTIONS):
                key.options = (*key.options, name) if name not in key.options else key.options
            else:
                key.values[fold(name)] = (name, data)
    return merged


def appended(delta: Delta, name: str) -> str:
    """Return the text that applies the `set` part of a delta when appended to branch name's file."""
    return print_keys(_merge_branch({}, BranchDelta(delta.branches.get(name, BranchDelta()).set)).values())


def without_keys(delta: Delta, excluded: Mapping[str, Iterable[tuple[str, str]]]) -> Delta:
    """Return delta without values that belong to one container alone: branch → (key, value name)."""
    branches = {}
    for name, part in delta.branches.items():
        drop = {(fold(key), fold(value)) for key, value in excluded.get(name, ())}
        sets = {
            key: {value: data for value, data in entries.items() if (fold(key), fold(value)) not in drop}
            for key, entries in part.set.items()
        }
        unset = {
            key: tuple(value for value in values if (fold(key), fold(value)) not in drop)
            for key, values in part.unset.items()
        }
        branches[name] = BranchDelta(
            {key: entries for key, entries in sets.items() if entries or not part.set[key]},
            {key: values for key, values in unset.items() if values},
            part.removed,
            part.cleared,
        )
    return Delta(delta.base, branches)


def without_data(delta: Delta, start: str) -> Delta:
    """Return delta without the values whose data begins with start, as registry files spell it."""
    branches = {}
    for name, part in delta.branches.items():
        sets = {
            key: {value: data for value, data in entries.items() if not data.startswith(start)}
            for key, entries in part.set.items()
        }
        kept = {key: entries for key, entries in sets.items() if entries or not part.set[key]}
        branches[name] = BranchDelta(kept, part.unset, part.removed, part.cleared)
    return Delta(delta.base, branches)


def dump_delta(delta: Delta) -> bytes:
    """Print a delta as the JSON that layers carry, the same for equal deltas."""
    branches = {
        name: {"set": part.set, "unset": part.unset, "removed": list(part.removed)}
        | ({"cleared": list(part.cleared)} if part.cleared else {})
        for name, part in sorted(delta.branches.items())
    }
    document = {"format": FORMAT, "base": delta.base, "branches": branches}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=0).encode("utf-8", "surrogatepass") + b"\n"


def load_delta(data: bytes) -> Delta:
    """Parse a layer's delta; it comes from an image and is not trusted.

    Raises:
        InvalidParameter: it is not one, or would inject text into a registry file.
    """
    if len(data) > MAX_DELTA_BYTES:
        raise InvalidParameter("registry delta: too large")
    try:
        document = json.loads(data)
        if document["format"] != FORMAT:
            raise InvalidParameter(f"registry delta: format {document['format']!r} is not known")
        return Delta(
            str(document["base"]), {name: _load_branch(document["branches"][name]) for name in document["branches"]}
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InvalidParameter(f"registry delta: {exc!r}") from exc


def _load_branch(part: Mapping[str, Mapping[str, Mapping[str, str]]]) -> BranchDelta:
    sets = {
        _checked_key(key): dict(_checked_value(item) for item in entries.items())
        for key, entries in part["set"].items()
    }
    unset = {_checked_key(key): tuple(_checked_name(each) for each in names) for key, names in part["unset"].items()}
    removed = tuple(_checked_key(key) for key in part["removed"])
    return BranchDelta(sets, unset, removed, tuple(_checked_key(key) for key in part.get("cleared", ())))


def _checked_key(key: str) -> str:
    if "\n" in key or not _SECTION.match(f"[{key}]"):
        raise InvalidParameter(f"registry delta: bad key {key[:80]!r}")
    return key


def _checked_name(name: str) -> str:
    plain = name.startswith(_OPTIONS) or _VALUE.match(name + "=") is not None
    if "\n" in name or not plain:
        raise InvalidParameter(f"registry delta: bad value name {name[:80]!r}")
    return name


def _checked_value(item: tuple[str, object]) -> tuple[str, str]:
    name, data = item
    if not isinstance(data, str) or "\n" in data or "\r" in data:
        raise InvalidParameter(f"registry delta: bad data of {name[:80]!r}")
    return _checked_name(name), data


def _meant(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    if escape[2]:
        return chr(int(escape[2], 8))
    return next((char for char, letter in _NAMED.items() if letter == escape[3]), escape[3])


def unescaped(text: str) -> str:
    """Return what a key's name in a registry file stands for; the other way is escaped."""
    units = _ESCAPE.sub(_meant, text)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def quoted(text: str) -> str:
    """Return text as a REG_SZ in a registry file's spelling."""
    return '"' + escaped(text, '"') + '"'


def escaped(text: str, special: str) -> str:
    """Return text as wineserver writes it; special: what has a meaning there, `"` in values, `[]` in keys.

    Source: observation; an escape is as short as what follows it allows.
    """
    if text.isascii() and text.isprintable() and not any(char in text for char in special + "\\"):
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    units = [int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2)]
    out = []
    for unit, following in zip(units, [*units[1:], 0], strict=True):
        char, after = chr(unit), chr(following)
        if char in special or char == "\\":
            out.append("\\" + char)
        elif char in _NAMED:
            out.append("\\" + _NAMED[char])
        elif unit < 32:
            out.append(f"\\{unit:03o}" if after in "01234567" else f"\\{unit:o}")
        elif unit > 127:
            out.append(f"\\x{unit:04x}" if after in hexdigits else f"\\x{unit:x}")
        else:
            out.append(char)
    return "".join(out)
