"""Text to nodes."""

import pytest

from transom.build.parser import Node, parse
from transom.errors import InvalidParameter


def only(text: str) -> Node:
    nodes = parse(text).nodes
    assert len(nodes) == 1
    return nodes[0]


@pytest.mark.parametrize(
    ("line", "name", "args"),
    [
        ("FROM busybox AS one", "FROM", ("busybox", "AS", "one")),
        ("run  echo  a   b", "run", ("echo  a   b",)),
        ('RUN ["a", "b c"]', "RUN", ("a", "b c")),
        ("RUN [a, b]", "RUN", ("[a, b]",)),
        ("COPY a b /c/", "COPY", ("a", "b", "/c/")),
        ('COPY ["a b", "/c"]', "COPY", ("a b", "/c")),
        ("ENV a b c", "ENV", ("a", "b c", "")),
        ("ENV a=b 'c'=d e=\"f g\"", "ENV", ("a", "b", "=", "'c'", "d", "=", "e", '"f g"', "=")),
        (r"ENV a=b\ c d=e", "ENV", ("a", r"b\ c", "=", "d", "e", "=")),
        ("ARG a b=c", "ARG", ("a", "b=c")),
        ("EXPOSE 80   443/udp", "EXPOSE", ("80", "443/udp")),
        ("HEALTHCHECK --interval=5s CMD curl -f x", "HEALTHCHECK", ("CMD", "curl -f x")),
        ('HEALTHCHECK CMD ["a", "b"]', "HEALTHCHECK", ("CMD", "a", "b")),
        ("ONBUILD RUN x y", "ONBUILD", ("RUN", "x y")),
        ("WORKDIR /a b", "WORKDIR", ("/a b",)),
        ("VOLUME /a /b", "VOLUME", ("/a", "/b")),
        ("CMD", "CMD", ()),
    ],
)
def test_arguments(line: str, name: str, args: tuple[str, ...]) -> None:
    node = only(line + "\n")
    assert (node.name, node.args) == (name, args)


def test_flags_come_off_the_front_only() -> None:
    node = only('COPY --from=a --chown="u s:g" -- --x /y')
    assert node.flags == ("--from=a", "--chown=u s:g")
    assert node.args == ("--x", "/y")


def test_continuation_joins_lines_and_skips_comments_inside() -> None:
    dockerfile = parse("FROM x\nRUN a && \\\n# comment\n   b && \\  \n\n c\nCMD d\n")
    run = dockerfile.nodes[1]
    assert run.args == ("a &&    b &&  c",)
    assert (run.line, run.end_line) == (2, 6)
    assert dockerfile.warnings == ("Empty continuation line found in: RUN a &&    b &&  c",)


def test_escaped_escape_does_not_continue() -> None:
    nodes = parse("RUN dir c:\\\\\nCMD x").nodes
    assert [node.args for node in nodes] == [("dir c:\\\\",), ("x",)]


def test_escape_directive_makes_backtick_continue() -> None:
    dockerfile = parse("# escape=`\nFROM x\nRUN copy C:\\a `\n  C:\\b\\\n")
    assert dockerfile.escape == "`"
    assert dockerfile.nodes[1].args == ("copy C:\\a   C:\\b\\",)


def test_directives_are_read_only_at_the_top() -> None:
    dockerfile = parse("# syntax=docker/dockerfile:1\n# check=skip=all\n# other\n# escape=`\nFROM x\n")
    assert (dockerfile.syntax, dockerfile.check, dockerfile.escape) == ("docker/dockerfile:1", "skip=all", "\\")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "file with no instructions"),
        ("# only\n\n", "file with no instructions"),
        ("# escape=x\nFROM a", "invalid escape token 'x' does not match ` or \\"),
        ("# escape=`\n# escape=`\nFROM a", "only one escape parser directive can be used"),
        ("FROM a\nENV b", "ENV must have two arguments"),
        ("FROM a\nENV b=c d", 'Syntax error - can\'t find = in "d". Must be of the form: name=value'),
        ("FROM a\nRUN [1]", "when using JSON array syntax, arrays must be comprised of strings only"),
        ("FROM a\nRUN <<EOF\nx\n", "unterminated heredoc"),
        ("FROM a\nRUN " + "x" * 70000, "dockerfile line greater than max allowed size of 65535"),
    ],
)
def test_malformed(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse(text)
    assert str(caught.value) == message


def test_byte_order_mark_and_carriage_returns_are_dropped() -> None:
    nodes = parse("\ufeffFROM x\r\nRUN a \\\r\n b\r\n").nodes
    assert [node.args for node in nodes] == [("x",), ("a  b",)]


def test_heredocs_belong_to_their_line() -> None:
    nodes = parse("COPY <<a <<-'b' /dst/\n1\na\n\t2\n\tb\nRUN <<EOF\necho $x\nEOF\nCMD y\n").nodes
    first, second = nodes[0].heredocs
    assert (first.name, first.text(), first.expand) == ("a", "1\n", True)
    assert (second.name, second.text(), second.expand) == ("b", "2\n", False)
    assert nodes[1].heredocs[0].text() == "echo $x\n"
    assert nodes[2].args == ("y",)


def test_json_form_takes_no_heredoc() -> None:
    assert parse('RUN ["a", "<<b"]\nCMD c').nodes[0].heredocs == ()
