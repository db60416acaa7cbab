"""`--change` of commit and import: Dockerfile instructions applied to a configuration."""

from collections.abc import Sequence

from transom.build import instructions as it
from transom.build.expand import Lexer
from transom.build.grammar import instruction
from transom.build.metadata import apply
from transom.build.parser import parse
from transom.build.state import Base, State, variables
from transom.build.substitute import substituted
from transom.errors import InvalidParameter
from transom.model.oci import ImageConfig, RunConfig
from transom.model.platform import Platform

_ALLOWED = frozenset(
    {"cmd", "entrypoint", "env", "expose", "healthcheck", "label", "onbuild", "stopsignal", "user", "volume", "workdir"}
)


def apply_changes(config: RunConfig, platform: Platform, changes: Sequence[str]) -> RunConfig:
    """Return config with changes made, in their order.

    Raises:
        InvalidParameter: one is malformed, or an instruction that only a build can do.
    """
    text = "\n".join(changes)
    if not text.strip():
        return config
    parsed = parse(text)
    image = ImageConfig(platform, config)
    state = State(image, "", Base(image))
    for node in parsed.nodes:
        step = instruction(node) if node.name.lower() in _ALLOWED else None
        if step is None or isinstance(step, it.From):
            raise InvalidParameter(f"{node.name} is not a valid change command")
        step = substituted(step, Lexer(parsed.escape, fold=state.guest.same_path), variables(state, {}))
        if isinstance(step, it.Workdir):
            path = state.guest.join(state.config.working_dir, step.path)
            state = state.configured(working_dir=path)
        elif not isinstance(step, it.Run | it.Transfer):
            state = apply(state, step).state
    return state.config
