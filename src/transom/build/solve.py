"""Walks a Dockerfile's stages and asks a StepRunner to do what they say.

Every stage up to the target is built in order, as Docker's classic builder does it. A step that has been done before,
on the same parent, is taken from the cache; after a stage's first step that was not, its cache is not asked again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from transom.build import instructions as it
from transom.build.args import BuildArgs, automatic_args
from transom.build.cachekey import command_comment, files_comment, run_comment, sources_digest, step_key
from transom.build.expand import Lexer
from transom.build.forms import needs_buildkit, separators, target_path, with_documents
from transom.build.grammar import instruction
from transom.build.graph import Program, Stage, stage_index
from transom.build.metadata import apply, resolve
from transom.build.parser import parse
from transom.build.runner import CopyStep, Progress, RunStep, StepRunner
from transom.build.state import Base, State, begin, variables, without_triggers
from transom.build.substitute import substituted
from transom.errors import InvalidParameter, NotFound, NotSupported
from transom.model.clock import Clock, rfc3339nano
from transom.model.ids import Digest
from transom.model.oci import ImageConfig
from transom.model.platform import Platform, host_architecture, parse_platform

SCRATCH: Final = "scratch"
SHORT_ID: Final = 12


@dataclass(frozen=True, slots=True)
class Options:
    """What the client asked for beside the Dockerfile."""

    build_args: Mapping[str, str | None] = field(default_factory=dict)
    platform: Platform | None = None
    use_cache: bool = True


@dataclass(frozen=True, slots=True)
class Solved:
    """The outcome: the last stage's image, and the ID of the image that it was FROM."""

    image: ImageConfig
    image_id: str
    base_id: str


async def solve(program: Program, options: Options, runner: StepRunner, progress: Progress, clock: Clock) -> Solved:
    """Do the program's steps and return the last stage's image.

    Raises:
        CommandFailed: a RUN failed.
        InvalidParameter, NotFound, NotSupported: a step cannot be done; the text says which and why.
    """
    return await _Solver(program, options, runner, progress, clock).solve()


def short(image_id: str) -> str:
    """Return an ID as it is shown."""
    return image_id.removeprefix("sha256:")[:SHORT_ID]


class _Solver:
    def __init__(
        self, program: Program, options: Options, runner: StepRunner, progress: Progress, clock: Clock
    ) -> None:
        self.program, self.options, self.runner = program, options, runner
        self.progress, self.clock = progress, clock
        self.args = BuildArgs(options.build_args, automatic_args(options.platform))
        self.done: list[State] = []
        self.number = 0
        self.probing = options.use_cache

    async def solve(self) -> Solved:
        for warning in self.program.warnings:
            self.progress.warn(f"[WARNING]: {warning}\n")
        if self.program.warnings:
            self.progress.warn("[WARNING]: Empty continuation lines will become errors in a future release.\n")
        for arg in self.program.args:
            self._announce(arg.code)
            self._declare_global(arg)
        for stage in self.program.stages:
            self.done.append(await self._stage(stage))
        unused = self.args.unused()
        if unused:
            self.progress.write(f"[Warning] One or more build-args [{' '.join(unused)}] were not consumed\n")
        last = self.done[-1]
        if not last.image_id:
            raise InvalidParameter("No image was generated. Is your Dockerfile empty?")
        return Solved(last.image, last.image_id, last.base.image_id)

    def _announce(self, code: str) -> None:
        self.number += 1
        self.progress.write(f"Step {self.number}/{self.program.length} : {code}\n")

    def _declare_global(self, arg: it.Arg) -> None:
        lexer = Lexer(self.program.escape)
        for pair in arg.pairs:
            known = self.args.visible()
            value = None if pair.value is None else lexer.word(pair.value, known)
            self.args.declare_global(lexer.word(pair.name, known), value)

    async def _stage(self, stage: Stage) -> State:
        self.probing = self.options.use_cache
        self._announce(stage.start.code)
        base = await self._base(stage.start)
        args = self.args.stage()
        state = begin(base)
        if state.config.on_build:
            state = await self._triggers(state, args)
        self._show(state)
        for step in stage.steps:
            self._announce(step.code)
            state = await self._step(state, step, args)
            self._show(state)
        if state.image_id:
            self.progress.image(state.image_id)
        return state

    def _show(self, state: State) -> None:
        self.progress.write(f" ---> {short(state.image_id)}\n")

    async def _base(self, start: it.From) -> Base:
        lexer = Lexer(self.program.escape)
        seen = self.args.visible_globally()
        name = lexer.word(start.base, seen)
        if not name:
            raise InvalidParameter(f"base name ({start.base}) should not be blank")
        platform = parse_platform(lexer.word(start.platform, seen)) if start.platform else self.options.platform
        earlier = next((s for s, stage in self._named() if stage.start.name == name.lower()), None)
        if earlier is not None:
            return Base(earlier.image, earlier.image_id)
        if name == SCRATCH:
            return Base(ImageConfig(platform or Platform("linux", host_architecture())))
        return await self.runner.find_base(name, platform)

    def _named(self) -> list[tuple[State, Stage]]:
        return list(zip(self.done, self.program.stages, strict=False))

    async def _triggers(self, state: State, args: BuildArgs) -> State:
        triggers = state.config.on_build
        self.progress.write(f"# Executing {len(triggers)} build trigger{'s' if len(triggers) > 1 else ''}\n")
        state = without_triggers(state)
        for trigger in triggers:
            nodes = parse(trigger).nodes
            if len(nodes) != 1:
                raise InvalidParameter("onbuild trigger should be a single expression")
            step = instruction(nodes[0])
            if isinstance(step, it.From | it.Onbuild | it.Maintainer):
                raise InvalidParameter(f"{step.keyword.upper()} isn't allowed as an ONBUILD trigger")
            state = await self._step(state, step, args)
        return state

    async def _step(self, state: State, step: it.Step, args: BuildArgs) -> State:
        seen = variables(state, args.beside(state.config.env))
        step = substituted(step, Lexer(self.program.escape, fold=state.guest.same_path), seen)
        match step:
            case it.Run():
                return await self._run(state, step, args)
            case it.Transfer():
                return await self._copy(state, step)
            case it.Workdir():
                return await self._workdir(state, step)
            case it.Arg():
                for pair in step.pairs:
                    args.declare(pair.name, pair.value)
        change = apply(state, step)
        for note in change.notes:
            self.progress.write(note)
        for warning in change.warnings:
            self.progress.warn(warning)
        created_by = command_comment(change.state.shell, change.comment)
        key = step_key(state, created_by)
        hit = await self._cached(state, change.state, key, created_by)
        return hit or await self._ended(change.state, key, created_by, None)

    async def _cached(self, before: State, after: State, key: str, created_by: str) -> State | None:
        """Return the state after an equal step of an earlier build; after carries what no document holds."""
        if not self.probing:
            return None
        image = await self.runner.find_cached(before, after, key, created_by)
        if image is None:
            self.probing = False
            return None
        self.progress.write(" ---> Using cache\n")
        return replace(after, image=image, image_id=self.runner.identify(image))

    async def _ended(self, state: State, key: str, created_by: str, layer: Digest | None) -> State:
        image = state.after(created_by, rfc3339nano(self.clock.now()), layer)
        await self.runner.record(key, image)
        return replace(state, image=image, image_id=self.runner.identify(image))

    async def _run(self, state: State, step: it.Run, args: BuildArgs) -> State:
        if step.flags:
            raise needs_buildkit(step.flags[0])
        if not step.command.args:
            raise InvalidParameter("RUN requires at least one argument")
        command, script = with_documents(state, step.command)
        resolved = resolve(state, command)
        given = args.beside(state.config.env)
        counted = [f"{name}={value}" for name, value in given.items() if args.counts(name)]
        shown = (*resolved.args, script) if script else resolved.args
        created_by = run_comment(shown, counted)
        key = step_key(state, created_by, pinned=await self.runner.pinned(state))
        hit = await self._cached(state, state, key, created_by)
        if hit is not None:
            return hit
        env = (*state.config.env, *(f"{name}={value}" for name, value in given.items()))
        layer = await self.runner.run(state, RunStep(resolved.args, resolved.args_escaped, env, script))
        return await self._ended(state, key, created_by, layer)

    async def _workdir(self, state: State, step: it.Workdir) -> State:
        if not step.path:
            raise InvalidParameter("cannot normalize nothing")
        path = state.guest.join(state.config.working_dir, step.path)
        changed = state.configured(working_dir=path)
        created_by = files_comment(state.shell, f"WORKDIR {path}")
        key = step_key(state, created_by)
        hit = await self._cached(state, changed, key, created_by)
        return hit or await self._ended(changed, key, created_by, await self.runner.make_directory(state, path))

    async def _copy(self, state: State, step: it.Transfer) -> State:
        name = "ADD" if step.adds else "COPY"
        if step.parents:
            raise needs_buildkit("parents")
        if (step.chown or step.chmod) and not state.guest.has_owners:
            raise NotSupported(f"{name} --chown and --chmod mean nothing to a Windows image; leave them away")
        wanted = CopyStep(
            keyword=name,
            sources=step.sources,
            target=target_path(state, step.target),
            documents=tuple((document.name, document.text()) for document in step.documents),
            origin=await self._origin(step.origin),
            chown=step.chown,
            chmod=step.chmod,
            adds=step.adds,
            checksum=step.checksum,
            unpack=step.unpack,
            excludes=step.excludes,
        )
        sources = await self.runner.look_up(state, wanted)
        if len(sources.digests) > 1 and step.target[-1:] not in separators(state):
            raise InvalidParameter(
                f"When using {name} with more than one source file, the destination must be a directory "
                "and end with a /"
            )
        flags = "".join(
            f"--{flag}={value} "
            for flag, value in (("chown", step.chown), ("chmod", step.chmod), ("unpack", _shown(step.unpack)))
            if value
        )
        comment = f"{name} {flags}{sources_digest(sources.digests)} in {step.target} "
        created_by = files_comment(state.shell, comment)
        key = step_key(state, created_by)
        hit = await self._cached(state, state, key, created_by)
        if hit is not None:
            return hit
        return await self._ended(state, key, created_by, await self.runner.copy(state, wanted, sources))

    async def _origin(self, reference: str) -> Base | None:
        if not reference:
            return None
        index = stage_index(self.program, len(self.done), reference)
        if index is None:
            try:
                return await self.runner.find_base(reference, self.options.platform)
            except NotFound as exc:
                raise NotFound(f"invalid from flag value {reference}: {exc}") from None
        stage = self.done[index]
        return Base(stage.image, stage.image_id)


def _shown(unpack: bool | None) -> str:
    return "" if unpack is None else str(unpack).lower()
