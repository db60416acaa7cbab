"""Instructions that only change the image's configuration: pure, each gives a new state and its line of history."""

import re
import signal
from dataclasses import replace
from typing import NamedTuple

from transom.build import instructions as it
from transom.build.duration import print_duration
from transom.build.gotext import plain_list, quoted_list
from transom.build.ports import exposed
from transom.build.state import State
from transom.errors import InvalidParameter
from transom.model.oci import Healthcheck

_REAL_TIME = re.compile(r"RTM(?:IN(?:\+\d{1,2})?|AX(?:-\d{1,2})?)")


class Change(NamedTuple):
    """A step's effect: the new state, what history says of it, and what the user should hear."""

    state: State
    comment: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


Metadata = (
    it.Env | it.Label | it.Arg | it.Cmd | it.Entrypoint | it.Healthcheck | it.Expose | it.User | it.Volume
    | it.StopSignal | it.Shell | it.Onbuild | it.Maintainer
)  # fmt: skip
"""Every step but COPY, ADD, RUN and WORKDIR."""


def apply(state: State, step: Metadata) -> Change:
    """Return what step (its variables replaced) makes of state.

    Raises:
        InvalidParameter: a port or signal is malformed.
    """
    config = state.config
    match step:
        case it.Env() | it.Label() | it.Arg():
            return _pairs(state, step)
        case it.Cmd():
            return _cmd(state, step)
        case it.Entrypoint():
            return _entrypoint(state, step)
        case it.Healthcheck():
            return _healthcheck(state, step)
        case it.Expose():
            ports = tuple(sorted({*config.exposed_ports, *exposed(step.ports)}))
            return Change(state.configured(exposed_ports=ports), " ".join(("EXPOSE", *step.ports)))
        case it.User():
            return Change(state.configured(user=step.user), f"USER {step.user}")
        case it.Volume():
            volumes = tuple(dict.fromkeys((*config.volumes, *step.paths)))
            return Change(state.configured(volumes=volumes), f"VOLUME {plain_list(step.paths)}")
        case it.StopSignal():
            _check_signal(step.signal)
            return Change(state.configured(stop_signal=step.signal), f"STOPSIGNAL {step.signal}")
        case it.Shell():
            return Change(state.configured(shell=step.shell), f"SHELL {plain_list(step.shell)}")
        case it.Onbuild():
            triggers = (*config.on_build, step.expression)
            return Change(state.configured(on_build=triggers), f"ONBUILD {step.expression}")
        case it.Maintainer():
            return Change(replace(state, maintainer=step.maintainer), f"MAINTAINER {step.maintainer}")


def _pairs(state: State, step: it.Env | it.Label | it.Arg) -> Change:
    shown = tuple(pair.name if pair.value is None else str(pair) for pair in step.pairs)
    match step:
        case it.Env():
            env = state.guest.merge_env(state.config.env, shown)
            return Change(state.configured(env=env), " ".join(("ENV", *shown)))
        case it.Label():
            labels = {**state.config.labels, **{pair.name: pair.value or "" for pair in step.pairs}}
            return Change(state.configured(labels=labels), " ".join(("LABEL", *shown)))
        case it.Arg():
            return Change(state, " ".join(("ARG", *shown)))


class Resolved(NamedTuple):
    """A command as the image records it."""

    args: tuple[str, ...]
    args_escaped: bool


def resolve(state: State, command: it.CommandLine) -> Resolved:
    """Put the shell in front of a shell form, in the guest's way (Windows: one string, left as written)."""
    if not command.args:
        return Resolved((), state.config.args_escaped)
    if not command.shell:
        return Resolved(command.args, False)
    args = state.guest.shell_args(state.shell, command.args[0])
    return Resolved(args, takes_one_line(state))


def takes_one_line(state: State) -> bool:
    """Tell whether the guest starts programs by one command line, not by a vector."""
    return bool(state.guest.command_line(("x",), args_escaped=True))


def _cmd(state: State, step: it.Cmd) -> Change:
    args, escaped = resolve(state, step.command)
    changed = replace(state.configured(cmd=args, args_escaped=escaped), cmd_set=state.cmd_set or bool(args))
    mixed = takes_one_line(state) and state.config.entrypoint and state.config.args_escaped != escaped
    warnings = (" ---> [Warning] Shell-form ENTRYPOINT and exec-form CMD may have unexpected results\n",)
    return Change(changed, f"CMD {quoted_list(args)}", warnings=warnings if mixed else ())


def _entrypoint(state: State, step: it.Entrypoint) -> Change:
    args, escaped = resolve(state, step.command)
    cmd = state.config.cmd or ()
    changed = state.configured(entrypoint=args, args_escaped=escaped, cmd=state.config.cmd if state.cmd_set else None)
    # A base image's own `cmd.exe` is no CMD that anybody chose.
    chosen = len(cmd) > 1 or (len(cmd) == 1 and not state.config.shell and not cmd[0].lower().endswith("cmd.exe"))
    mixed = takes_one_line(state) and state.config.args_escaped != escaped and chosen
    warnings = (" ---> [Warning] Shell-form CMD and exec-form ENTRYPOINT may have unexpected results\n",)
    return Change(changed, f"ENTRYPOINT {quoted_list(args)}", warnings=warnings if mixed else ())


def _healthcheck(state: State, step: it.Healthcheck) -> Change:
    before = state.config.healthcheck
    notes: tuple[str, ...] = ()
    if before is not None and before.test and before.test[0] != "NONE":
        notes = (f"Note: overriding previous HEALTHCHECK: {plain_list(before.test)}\n",)
    check = Healthcheck(
        step.test, step.interval_ns, step.timeout_ns, step.start_period_ns, step.start_interval_ns, step.retries
    )
    times = (check.interval_ns, check.timeout_ns, check.start_period_ns, check.start_interval_ns)
    shown = " ".join((plain_list(check.test), *map(print_duration, times), str(check.retries)))
    comment = f"HEALTHCHECK &{{{shown}}}"
    return Change(state.configured(healthcheck=check), comment, notes)


def _check_signal(text: str) -> None:
    name = text.upper().removeprefix("SIG")
    known = _REAL_TIME.fullmatch(name) or name in {member.name.removeprefix("SIG") for member in signal.Signals}
    if not known and not (text.isascii() and text.isdecimal() and 0 < int(text) <= 64):
        raise InvalidParameter(f"invalid signal: {text}")
