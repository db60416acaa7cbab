"""Every program of the Windows base: asked to do something, and looked whether it is done (script/liars)."""

from pathlib import Path

import pytest
from programs.liars.ask import asked, key
from programs.liars.check import NONSENSE, Check, Said, Verdict, judge
from programs.liars.checks import CHECKS
from tests.support.engine import Engine, docker_environment
from tests.support.windows import COMPILER

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(600),
]


def test_no_program_reports_success_and_does_nothing(windows: Engine, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with asked(windows.docker_argv(), docker_environment(), tmp_path) as container:
        programs = container.programs()
        outcomes = {
            program: container.verdict(program, CHECKS[key(program)]) for program in programs if key(program) in CHECKS
        }

    assert {program for program in programs if key(program) not in CHECKS} == set(), "nothing is known of these"
    assert len(outcomes) > 40
    assert {program: why for program, (verdict, why) in outcomes.items() if verdict is Verdict.SILENT} == {}


def test_what_does_nothing_would_be_found(windows: Engine, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with asked(windows.docker_argv(), docker_environment(), tmp_path) as container:
        quiet = container.run("exit /b 0")
        nonsense = container.run(NONSENSE.replace("{x}", "cmd /c rem"))

    assert judge(Check("does something", "{x}", "done"), quiet, Said(1, "no such option"))[0] is Verdict.SILENT
    assert judge(Check("does something", "{x}", ""), quiet, nonsense)[0] is Verdict.SILENT
    assert judge(Check("does something", "{x}", ""), Said(None, ""), Said(1, "no"))[0] is Verdict.SILENT
    assert judge(Check("refuses", "{x}", "", loud="why"), quiet, Said(1, "no"))[0] is Verdict.SILENT
    assert judge(Check("does something", "{x}", ""), quiet, Said(1, "no"))[0] is Verdict.WORKS
