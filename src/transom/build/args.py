"""Build arguments: which are declared, which have values, which count for the cache.

Source: Dockerfile reference, "ARG", "Scope", "Predefined ARGs".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from transom.model.platform import Platform, host_architecture

PREDEFINED = frozenset(
    spelling
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
    for spelling in (name, name.lower())
)
"""May be given without an ARG, and then stay out of history and cache."""


@dataclass(slots=True)
class BuildArgs:
    """The arguments as one stage sees them; a stage gets a fresh one by `stage()`.

    given: from the command line; None is `--build-arg NAME` without a value on the client.
    """

    given: Mapping[str, str | None]
    automatic: Mapping[str, str] = field(default_factory=dict)
    declared: dict[str, str | None] = field(default_factory=dict)
    globals_: dict[str, str | None] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def stage(self) -> "BuildArgs":
        """Return the arguments for a new stage: nothing declared, globals kept; `used` is shared."""
        return BuildArgs(self.given, self.automatic, {}, self.globals_, self.used)

    def declare(self, name: str, default: str | None) -> None:
        """Note an ARG of this stage."""
        self.declared[name] = default
        self.used.add(name)

    def declare_global(self, name: str, default: str | None) -> None:
        """Note an ARG before the first FROM."""
        self.declare(name, default)
        self.globals_[name] = default

    def visible(self) -> dict[str, str]:
        """Return the arguments that have values in this stage."""
        return self._values(self.declared)

    def visible_globally(self) -> dict[str, str]:
        """Return the arguments that FROM sees."""
        return {**self.automatic, **self._values(self.globals_)}

    def beside(self, env: Sequence[str]) -> dict[str, str]:
        """Return the visible arguments that no variable of env hides."""
        hidden = {entry.partition("=")[0] for entry in env}
        return {name: value for name, value in self.visible().items() if name not in hidden}

    def counts(self, name: str) -> bool:
        """Tell whether an argument belongs into history and cache key."""
        return name in self.declared or name not in PREDEFINED

    def unused(self) -> list[str]:
        """Return the names given on the command line that no ARG took."""
        return sorted(name for name in self.given if name not in PREDEFINED and name not in self.used)

    def _values(self, declared: Mapping[str, str | None]) -> dict[str, str]:
        found = {name: self._value(name, declared) for name in sorted({*declared, *PREDEFINED})}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, name: str, declared: Mapping[str, str | None]) -> str | None:
        given = self.given.get(name)
        if given is not None:
            return given
        value = declared.get(name)
        if value is None and name in declared:
            value = self.globals_.get(name)
        return self.automatic.get(name) if value is None and name in declared else value


def automatic_args(target: Platform | None) -> dict[str, str]:
    """Return BUILDPLATFORM, TARGETPLATFORM and their parts; an ARG of that name gets the value."""
    host = Platform("linux", host_architecture())
    values: dict[str, str] = {}
    for prefix, platform in (("BUILD", host), ("TARGET", target or host)):
        values |= {
            f"{prefix}PLATFORM": str(platform),
            f"{prefix}OS": platform.os,
            f"{prefix}ARCH": platform.architecture,
            f"{prefix}VARIANT": platform.variant,
        }
    return values
