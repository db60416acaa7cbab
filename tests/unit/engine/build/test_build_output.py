"""The build's stream of JSON."""

import json

from transom.build.runner import CommandFailed
from transom.engine.build.output import BACKLOG, BuildOutput, ProgramOutput


async def messages(output: BuildOutput) -> list[dict[str, object]]:
    output.close()
    data = b"".join([piece async for piece in output.pieces()])
    assert data.endswith(b"\r\n") or not data
    return [json.loads(line) for line in data.split(b"\r\n") if line]


async def test_messages_are_dockers() -> None:
    output = BuildOutput()
    output.write("Step 1/1 : FROM x\n")
    output.warn("careful\n")
    output.image("sha256:ab")
    output.status("Downloading", current=1, total=2)
    assert await messages(output) == [
        {"stream": "Step 1/1 : FROM x\n"},
        {"stream": "\x1b[91mcareful\n\x1b[0m"},
        {"aux": {"ID": "sha256:ab"}},
        {"status": "Downloading", "progressDetail": {"current": 1, "total": 2}},
    ]


async def test_failure_has_the_commands_code() -> None:
    output = BuildOutput()
    error = CommandFailed(("/bin/sh", "-c", "false"), 3)
    output.fail(error, str(error))
    text = "The command '/bin/sh -c false' returned a non-zero code: 3"
    assert await messages(output) == [{"errorDetail": {"code": 3, "message": text}, "error": text}]


async def test_quiet_gives_the_id_alone() -> None:
    output = BuildOutput(quiet=True)
    output.write("Step 1/1\n")
    output.result("sha256:ab")
    assert await messages(output) == [{"stream": "sha256:ab\n"}]


async def test_quiet_failure_tells_what_was_held_back() -> None:
    output = BuildOutput(quiet=True)
    output.write("Step 1/1\n")
    assert output.has_begun
    output.fail(ValueError(), "broken")
    assert [*map(list, await messages(output))] == [["stream"], ["errorDetail", "error"]]


async def test_old_clients_get_no_aux() -> None:
    output = BuildOutput(aux=False)
    output.image("sha256:ab")
    assert await messages(output) == []


async def test_slow_client_makes_a_program_wait() -> None:
    output = BuildOutput()
    output.write("x" * BACKLOG)
    waiting = output.room()
    try:
        waiting.send(None)
        waited = True
    except StopIteration:
        waited = False
    waiting.close()
    assert waited
    await messages(output)
    await output.room()


async def test_characters_in_two_pieces_are_joined_and_broken_ones_replaced() -> None:
    output = BuildOutput()
    program = ProgramOutput(output)
    euro = "€".encode()
    program.feed(1, euro[:1])
    program.feed(2, b"err")
    program.feed(1, euro[1:] + b"\xff")
    program.end()
    assert await messages(output) == [{"stream": "\x1b[91merr\x1b[0m"}, {"stream": "€\ufffd"}]
