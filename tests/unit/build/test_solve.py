"""Walking a Dockerfile's stages."""

from dataclasses import replace

import pytest
from tests.support.steps import RememberingRunner, Transcript, build, linux_image, windows_image

from transom.build.runner import CommandFailed, CopyStep, RunStep
from transom.errors import InvalidParameter, NotSupported
from transom.model.platform import Platform


def runner(**more: object) -> RememberingRunner:
    images = {"busybox": linux_image(env=("A=image",)), "nano": windows_image(cmd=("c:\\windows\\system32\\cmd.exe",))}
    return RememberingRunner(images, **more)  # type: ignore[arg-type]


def runs(found: RememberingRunner) -> list[RunStep]:
    return [step for _, step in found.asked if isinstance(step, RunStep)]


def copies(found: RememberingRunner) -> list[CopyStep]:
    return [step for _, step in found.asked if isinstance(step, CopyStep)]


async def test_transcript_is_dockers() -> None:
    transcript = Transcript()
    solved = await build("ARG v=x\nFROM busybox\nENV B=$A\nRUN echo hi\n", runner(), transcript)
    short = [line for line in transcript.lines if line.startswith(" ---> ")]
    assert [line for line in transcript.lines if line not in short] == [
        "Step 1/4 : ARG v=x",
        "Step 2/4 : FROM busybox",
        "Step 3/4 : ENV B=$A",
        "Step 4/4 : RUN echo hi",
    ]
    assert len(short) == 3
    assert short[-1] == f" ---> {solved.image_id[7:19]}"
    assert transcript.images == [solved.image_id]


async def test_metadata_steps_change_the_configuration_and_make_no_layer() -> None:
    text = (
        'FROM busybox\nENV X="a b" Y=$A\nLABEL l=$Y\nEXPOSE 80 90-91/udp\nUSER $Y\nVOLUME /v ["w"]\nSTOPSIGNAL INT\n'
        'SHELL ["/bin/ash","-c"]\nCMD echo hi\nENTRYPOINT ["/x"]\nHEALTHCHECK --interval=5s CMD true\n'
        "ONBUILD RUN later\nMAINTAINER me\nARG unseen=1\n"
    )
    image = (await build(text, runner())).image
    config = image.config
    assert config.env[0] == "A=image"
    assert config.env[-2:] == ("X=a b", "Y=image")
    assert config.labels == {"l": "image"}
    assert config.exposed_ports == ("80/tcp", "90/udp", "91/udp")
    assert (config.user, config.stop_signal, config.shell) == ("image", "INT", ("/bin/ash", "-c"))
    assert (config.cmd, config.entrypoint) == (("/bin/ash", "-c", "echo hi"), ("/x",))
    assert config.healthcheck is not None
    assert config.healthcheck.test == ("CMD-SHELL", "true")
    assert config.on_build == ("RUN later",)
    assert image.author == "me"
    assert len(image.diff_ids) == 1
    assert all(entry.empty_layer for entry in image.history)
    assert image.history[0].created_by == "/bin/sh -c #(nop)  ENV X=a b Y=image"
    assert image.history[7].created_by == '/bin/ash -c #(nop)  CMD ["/bin/ash" "-c" "echo hi"]'
    assert image.history[9].created_by.endswith("HEALTHCHECK &{[CMD-SHELL true] 5s 0s 0s 0s 0}")


async def test_run_gets_shell_environment_and_arguments() -> None:
    found = runner()
    text = "FROM busybox\nARG A=hidden\nARG n=1\nRUN echo $n\n"
    image = (await build(text, found, build_args={"n": "2", "HTTP_PROXY": "p", "no_proxy": "q"})).image
    step = runs(found)[0]
    assert step.args == ("/bin/sh", "-c", "echo $n")
    assert {"A=image", "n=2", "HTTP_PROXY=p", "no_proxy=q"} <= set(step.env)
    assert image.history[-1].created_by == "|1 n=2 /bin/sh -c echo $n"
    assert not any(entry.startswith("n=") for entry in image.config.env)


async def test_windows_run_keeps_the_line_as_written() -> None:
    found = runner()
    text = (
        '# escape=`\nFROM nano\nWORKDIR /app\nRUN mkdir "c:\\x y" && `\n  echo "a" > b\n'
        'CMD ["x.exe", "a b"]\nCMD x  "y"\n'
    )
    image = (await build(text, found)).image
    step = runs(found)[0]
    assert step.args == ('cmd /S /C mkdir "c:\\x y" &&   echo "a" > b',)
    assert step.args_escaped
    assert image.config.working_dir == "C:\\app"
    assert image.config.cmd == ('cmd /S /C x  "y"',)
    assert image.config.args_escaped
    assert not any(entry.startswith("PATH=") for entry in image.config.env)


async def test_exec_form_is_not_escaped_on_windows() -> None:
    found = runner()
    image = (await build('FROM nano\nRUN ["a.exe", "b c"]\nCMD ["x"]\n', found)).image
    assert (runs(found)[0].args, runs(found)[0].args_escaped) == (("a.exe", "b c"), False)
    assert not image.config.args_escaped


async def test_failing_command_says_so_with_its_code() -> None:
    with pytest.raises(CommandFailed) as caught:
        await build("FROM busybox\nRUN false\n", runner(failing={"false": 3}))
    assert str(caught.value) == "The command '/bin/sh -c false' returned a non-zero code: 3"
    assert caught.value.code == 3


async def test_second_build_comes_from_the_cache() -> None:
    found, transcript = runner(), Transcript()
    text = "FROM busybox\nWORKDIR /a\nCOPY x y/\nRUN one\nENV a=b\n"
    first = await build(text, found)
    found.asked.clear()
    second = await build(text, found, transcript)
    assert found.asked == []
    assert second == first
    assert transcript.lines.count(" ---> Using cache") == 4


async def test_cache_is_left_at_the_first_difference() -> None:
    found, transcript = runner(), Transcript()
    await build("FROM busybox\nRUN one\nRUN two\n", found)
    found.asked.clear()
    await build("FROM busybox\nRUN one\nRUN new\nRUN two\n", found, transcript)
    assert [step.args[-1] for step in runs(found)] == ["new", "two"]


async def test_no_cache_runs_again() -> None:
    found = runner()
    await build("FROM busybox\nRUN one\n", found)
    await build("FROM busybox\nRUN one\n", found, use_cache=False)
    assert len(runs(found)) == 2


@pytest.mark.parametrize(
    "change",
    [{"build_args": {"n": "2"}}, {"build_args": {"n": "1", "m": "x"}}],
)
async def test_used_argument_is_part_of_the_key(change: dict[str, object]) -> None:
    found = runner()
    text = "FROM busybox\nARG n\nARG m=y\nRUN one\n"
    await build(text, found, build_args={"n": "1"})
    await build(text, found, **change)
    assert len(runs(found)) == 2


async def test_proxy_is_not_part_of_the_key() -> None:
    found = runner()
    await build("FROM busybox\nRUN one\n", found, build_args={"http_proxy": "a"})
    await build("FROM busybox\nRUN one\n", found, build_args={"http_proxy": "b"})
    assert len(runs(found)) == 1


async def test_another_windows_base_runs_again_but_copies_not() -> None:
    found = runner(windows_base="sha256:old")
    await build("FROM nano\nCOPY a b\nRUN one\n", found)
    found.windows_base = "sha256:new"
    found.asked.clear()
    await build("FROM nano\nCOPY a b\nRUN one\n", found)
    assert [name for name, _ in found.asked] == ["run"]


async def test_stages_copy_from_each_other() -> None:
    found, transcript = runner(), Transcript()
    text = (
        "FROM busybox AS one\nRUN make\nFROM scratch\nCOPY --from=one /a /b/\n"
        "COPY --from=0 /c d\nCOPY --from=busybox e f\n"
    )
    solved = await build(text, found, transcript)
    one, two, image = copies(found)
    assert one.origin is not None
    assert two.origin is not None
    assert image.origin is not None
    assert one.origin.image_id == two.origin.image_id == transcript.images[0]
    assert image.origin.image_id == found.identify(found.images["busybox"])
    assert (one.target, two.target) == ("/b/", "/d")
    assert solved.image.platform == Platform("linux", "amd64")
    assert len(solved.image.diff_ids) == 3
    assert solved.base_id == ""


async def test_stage_from_a_stage_goes_on_from_it() -> None:
    found = runner()
    solved = await build("FROM busybox AS one\nENV x=1\nFROM one\nRUN echo\n", found)
    assert "x=1" in runs(found)[0].env
    assert [entry.empty_layer for entry in solved.image.history] == [True, False]


@pytest.mark.parametrize(
    ("lines", "target"),
    [
        ("COPY a .", "/"),
        ("WORKDIR /w\nCOPY a .", "/w/"),
        ("WORKDIR /w\nCOPY a b", "/w/b"),
        ("WORKDIR /w\nCOPY a b/", "/w/b/"),
        ("COPY a /b/../c/", "/c/"),
    ],
)
async def test_target_is_absolute_and_keeps_its_separator(lines: str, target: str) -> None:
    found = runner()
    await build(f"FROM busybox\n{lines}\n", found)
    assert copies(found)[-1].target == target


@pytest.mark.parametrize(
    ("target", "expected"), [("C:\\app\\", "C:\\app\\"), ("/app/", "C:\\app\\"), ("x", "C:\\w\\x"), (".", "C:\\w\\")]
)
async def test_windows_target(target: str, expected: str) -> None:
    found = runner()
    await build(f"# escape=`\nFROM nano\nWORKDIR C:\\w\nCOPY a {target}\n", found)
    assert copies(found)[-1].target == expected


async def test_onbuild_triggers_run_in_the_child_and_are_gone_after() -> None:
    found, transcript = runner(), Transcript()
    found.images = {"parent": linux_image(on_build=("COPY a b", "ENV x=1"))}
    image = (await build("FROM parent\n", found, transcript)).image
    assert "# Executing 2 build triggers" in transcript.lines
    assert image.config.on_build == ()
    assert "x=1" in image.config.env
    assert len(copies(found)) == 1


async def test_entrypoint_forgets_an_inherited_cmd() -> None:
    found = runner()
    found.images = {"busybox": linux_image(cmd=("sh",))}
    assert (await build('FROM busybox\nENTRYPOINT ["x"]\n', found)).image.config.cmd is None
    assert (await build('FROM busybox\nCMD ["y"]\nENTRYPOINT ["x"]\n', found)).image.config.cmd == ("y",)


async def test_from_takes_global_arguments_and_platform() -> None:
    found = runner()
    await build("ARG name=busy\nFROM --platform=$TARGETPLATFORM ${name}box\n", found)
    with pytest.raises(InvalidParameter, match=r"base name \(\$nope\) should not be blank"):
        await build("FROM $nope\n", found)


async def test_windows_scratch_by_platform() -> None:
    solved = await build("FROM scratch\nCOPY a C:\\\\x\\\\\n", platform=Platform("windows", "amd64"))
    assert solved.image.platform.os == "windows"
    assert solved.image.history[0].created_by == "cmd /S /C #(nop) COPY file:a in C:\\x\\ "


async def test_heredocs() -> None:
    found = runner()
    text = (
        "FROM busybox\nRUN <<EOF\none\ntwo\nEOF\nRUN cat <<X > f\n$a\nX\n"
        "RUN <<P\n#!/bin/python\nhi\nP\nCOPY <<a.txt <<'b' /d/\n$A\na.txt\n$A\nb\n"
    )
    await build(text, found)
    plain, piped, script = runs(found)
    assert plain.args[-1] == "one\ntwo\n"
    assert piped.args[-1] == "cat <<X > f\n$a\nX"
    assert (script.args, script.script) == ((), "#!/bin/python\nhi\n")
    assert copies(found)[0].documents == (("a.txt", "image\n"), ("b", "$A\n"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("RUN --mount=type=cache,target=/x y", "the --mount option requires BuildKit"),
        ("COPY --parents a b", "the --parents option requires BuildKit"),
    ],
)
async def test_buildkits_flags_are_refused(line: str, message: str) -> None:
    with pytest.raises(NotSupported, match=message):
        await build(f"FROM busybox\n{line}\n")


async def test_owner_on_windows_is_refused() -> None:
    with pytest.raises(NotSupported, match="mean nothing to a Windows image"):
        await build("FROM nano\nCOPY --chown=1 a b\n")


async def test_several_heredoc_lines_for_cmd_are_refused() -> None:
    with pytest.raises(NotSupported, match="cmd takes one line"):
        await build("FROM nano\nRUN <<EOF\na\nb\nEOF\n")


async def test_several_sources_need_a_directory() -> None:
    with pytest.raises(InvalidParameter, match="the destination must be a directory and end with a /"):
        await build("FROM busybox\nCOPY a b c\n")


async def test_nothing_at_all_is_no_image() -> None:
    with pytest.raises(InvalidParameter, match="No image was generated"):
        await build("FROM scratch\n")


async def test_unused_arguments_are_named() -> None:
    transcript = Transcript()
    await build("FROM busybox\nARG b\n", None, transcript, build_args={"a": "1", "b": "2", "c": None})
    assert transcript.lines[-1] == "[Warning] One or more build-args [a c] were not consumed"


async def test_cached_state_keeps_that_a_cmd_was_set() -> None:
    found = runner()
    await build('FROM busybox\nCMD ["y"]\n', found)
    image = (await build('FROM busybox\nCMD ["y"]\nENTRYPOINT ["x"]\n', found)).image
    assert image.config.cmd == ("y",)


async def test_cached_image_of_a_build_is_its_document() -> None:
    found = runner()
    first = await build("FROM busybox\nENV a=1\n", found)
    assert replace(first, image=first.image) == await build("FROM busybox\nENV a=1\n", found)
