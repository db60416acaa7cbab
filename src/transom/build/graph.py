"""Stages: which there are, what they are called, which of them a target needs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from transom.build.grammar import instruction
from transom.build.instructions import Arg, From, Label, Pair, Step
from transom.build.parser import Node
from transom.errors import InvalidParameter


@dataclass(frozen=True, slots=True)
class Stage:
    """A FROM and the steps that follow it."""

    start: From
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A whole Dockerfile: the ARGs before the first FROM, then stages in order."""

    args: tuple[Arg, ...]
    stages: tuple[Stage, ...]
    escape: str = "\\"
    warnings: tuple[str, ...] = field(default=())

    @property
    def length(self) -> int:
        """The number of steps as `Step 1/7` counts them."""
        return len(self.args) + sum(1 + len(stage.steps) for stage in self.stages)

    def index_of(self, name: str) -> int | None:
        """Return the index of the first stage called name (case does not matter)."""
        wanted = name.lower()
        return next((i for i, stage in enumerate(self.stages) if stage.start.name == wanted), None)

    def up_to(self, target: str) -> "Program":
        """Return the program that ends with the stage target.

        Raises:
            InvalidParameter: no stage has this name.
        """
        index = self.index_of(target)
        if index is None:
            raise InvalidParameter(f'target stage "{target}" could not be found')
        return replace(self, stages=self.stages[: index + 1])

    def labelled(self, labels: Sequence[tuple[str, str]]) -> "Program":
        """Return the program with `--label`s put at the end of its last stage, sorted by name."""
        added = tuple(
            Label(f"LABEL {name}={value}", "label", 0, (Pair(name, value),), literal=True)
            for name, value in sorted(labels)
        )
        last = self.stages[-1]
        return replace(self, stages=(*self.stages[:-1], replace(last, steps=last.steps + added)))


def program(nodes: Sequence[Node], *, escape: str = "\\", warnings: tuple[str, ...] = ()) -> Program:
    """Group nodes into stages.

    Raises:
        InvalidParameter: an instruction breaks its rules, stands before any FROM, or a stage's name is taken.
    """
    args: list[Arg] = []
    stages: list[Stage] = []
    names: set[str] = set()
    for node in nodes:
        try:
            step = instruction(node)
        except InvalidParameter as exc:
            raise InvalidParameter(f"dockerfile parse error on line {node.line}: {exc}") from None
        if isinstance(step, From):
            if step.name and step.name in names:
                raise InvalidParameter(f"{step.name} stage name already used")
            names.add(step.name)
            stages.append(Stage(step))
        elif stages:
            stages[-1] = replace(stages[-1], steps=(*stages[-1].steps, step))
        elif isinstance(step, Arg):
            args.append(step)
        else:
            raise InvalidParameter("no build stage in current context")
    if not stages:
        raise InvalidParameter("No image was generated. Is your Dockerfile empty?")
    return Program(tuple(args), tuple(stages), escape, warnings)


def stage_index(program: Program, current: int, reference: str) -> int | None:
    """Return the index of the stage that `COPY --from=reference` in stage current means; None for an image.

    Raises:
        InvalidParameter: the reference is the current stage or a later one.
    """
    named = next((i for i, s in enumerate(program.stages[:current]) if s.start.name == reference.lower()), None)
    if named is not None:
        return named
    if not reference.isascii() or not reference.isdecimal():
        return None
    index = int(reference)
    if index == current:
        raise InvalidParameter(f"invalid from flag value {reference}: refers to current build stage")
    if index > current:
        raise InvalidParameter(f"invalid from flag value {reference}: index out of bounds")
    return index
