"""The image as it is after a step, and how a step changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from transom.guest import GuestOS, guest_for
from transom.model.ids import Digest
from transom.model.oci import HistoryEntry, ImageConfig, RunConfig


@dataclass(frozen=True, slots=True)
class Base:
    """What a FROM found: the image, and its ID (empty for scratch)."""

    image: ImageConfig
    image_id: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A stage between two steps.

    image: its configuration document so far. image_id: the ID that document has; empty for an untouched scratch.
    cmd_set: whether this stage had a CMD (an ENTRYPOINT forgets an inherited one).
    """

    image: ImageConfig
    image_id: str
    base: Base
    cmd_set: bool = False
    maintainer: str = ""
    from_cache: bool = field(default=False, compare=False)

    @property
    def config(self) -> RunConfig:
        """What the image says about running it."""
        return self.image.config

    @property
    def guest(self) -> GuestOS:
        """The operating system inside."""
        return guest_for(self.image.platform.os)

    @property
    def shell(self) -> tuple[str, ...]:
        """The shell of shell forms."""
        return self.config.shell or self.guest.default_shell

    def configured(self, **changes: object) -> "State":
        """Return the state with changes to its RunConfig; the ID is stale until `after`."""
        return replace(self, image=replace(self.image, config=replace(self.config, **changes)))  # type: ignore[arg-type]

    def after(self, created_by: str, created: str, layer: Digest | None) -> ImageConfig:
        """Return the document with one more history entry, and a layer if the step made one."""
        entry = HistoryEntry(created, created_by, self.maintainer, empty_layer=layer is None)
        return replace(
            self.image,
            diff_ids=self.image.diff_ids if layer is None else (*self.image.diff_ids, layer),
            history=(*self.image.history, entry),
            created=created,
            author=self.maintainer or self.image.author,
        )


def begin(base: Base) -> State:
    """Return a stage's first state: the base's, with the guest's PATH where the image has none."""
    config = base.image.config
    names = {entry.partition("=")[0] for entry in config.env}
    guest = guest_for(base.image.platform.os)
    added = tuple(entry for entry in guest.runtime_env("", False) if entry.startswith("PATH=") and "PATH" not in names)
    image = replace(base.image, config=replace(config, env=config.env + added))
    return State(image, base.image_id, base)


def without_triggers(state: State) -> State:
    """Return the state with its ONBUILD triggers taken out."""
    return state.configured(on_build=())


def variables(state: State, args: Mapping[str, str]) -> dict[str, str]:
    """Return what `$NAME` means: the image's environment, then build arguments that it does not hide."""
    fold = state.guest.same_path  # names of variables are as blind to case as paths are
    found = {fold(name): value for name, value in args.items()}
    for entry in state.config.env:
        name, _, value = entry.partition("=")
        found[fold(name)] = value
    return found
