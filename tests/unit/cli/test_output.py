"""What is printed: templates, tables, units, ports, progress. Expected texts are those of docker 28."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from transom.cli.commands.containers import PORT
from transom.cli.commands.ps import columns, ports_text
from transom.cli.errors import CliError
from transom.cli.help import command_help
from transom.cli.output import progress, units
from transom.cli.output.listing import listing
from transom.cli.output.render import Template
from transom.cli.output.table import align
from transom.cli.output.template import TemplateError
from transom.model.moment import human_duration

CONTAINER: dict[str, Any] = {
    "Id": "abc",
    "Name": "/web",
    "State": {"ExitCode": 0, "Running": True},
    "Config": {"Cmd": ["sh", "-c", "x"], "Labels": {"a.b": "1", "c": "2"}, "Env": None},
    "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "81/tcp": None}},
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{.Name}}: {{.State.ExitCode}}", "/web: 0"),
        ("{{.ID}} {{.Id}}", "abc abc"),
        ("{{.State.Running}}", "true"),
        ("{{.Config.Cmd}} {{len .Config.Cmd}}", "[sh -c x] 3"),
        ("{{.Config.Labels}}", "map[a.b:1 c:2]"),
        ("{{json .Config.Labels}}", '{"a.b":"1","c":"2"}'),
        ('{{index .Config.Labels "a.b"}}', "1"),
        ("{{.Config.Labels.nope}}", "<no value>"),
        ("{{.Config.Env}}", "<no value>"),
        ('{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', "8080"),
        (
            "{{range $p, $b := .NetworkSettings.Ports}}{{$p}}{{range $b}}={{.HostPort}}{{end}};{{end}}",
            "80/tcp=8080;81/tcp;",
        ),
        ("{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none"),
        ("{{if and .State.Running (eq .State.ExitCode 0)}}up{{end}}", "up"),
        ("{{if eq .Name `/db` `/web`}}one of{{else if true}}no{{end}}", "one of"),
        ("{{with .Config}}{{join .Cmd `,`}}{{end}}", "sh,-c,x"),
        ("{{range .Config.Env}}x{{else}}empty{{end}}", "empty"),
        ('{{printf "%-6s|%3d|%q" .Name 7 "a"}}', '/web  |  7|"a"'),
        ("{{.Name | upper | printf `<%s>`}}", "</WEB>"),
        ("{{$x := .Name}}{{$x}}{{/* no */}}", "/web"),
        ("a {{- 1 -}} b", "a1b"),
        ('{{"}}"}}', "}}"),
        ("{{not .State.Running}} {{slice .Name 1 3}} {{print 1 2 `a` 3}}", "false we 1 2a3"),
    ],
)
def test_template_is_applied(source: str, expected: str) -> None:
    assert Template(source).render(CONTAINER) == expected


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{.Nope}}", 'template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope"'),
        ("{{.State.Foo.Bar}}", ':1:8: executing "" at <.State.Foo.Bar>: map has no entry for key "Foo"'),
        ("{{.Name.X}}", "can't evaluate field X in type string"),
        ("{{.Name", "template parsing error: template: :1: unclosed action"),
        ("{{if .Name}}x", "unexpected EOF"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{nope .}}", 'function "nope" not defined'),
        ("{{$x}}", 'undefined variable "$x"'),
        ("{{range .Name}}{{end}}", "range can't iterate over /web"),
        ("{{index .Config.Cmd 9}}", "index out of range: 9"),
        ("{{template `x`}}", "not supported"),
    ],
)
def test_template_that_does_not_fit_is_an_error(source: str, text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template(source).render(CONTAINER)
    assert text in str(caught.value)


def test_table_is_as_wide_as_it_must_be() -> None:
    assert align("A\tB\tC\nlonger than ten\tx\ty") == "A                 B         C\nlonger than ten   x         y"


def test_table_columns_end_where_a_line_has_none() -> None:
    assert align("a\tb\nc\nlong long long\td") == "a         b\nc\nlong long long   d"


def test_list_has_headers_and_rows() -> None:
    shown = {"Name": lambda item: item["n"], "Label": lambda item: lambda name: name * 2}
    items = [{"n": "one"}, {"n": "two"}]
    made = {"columns": shown, "headers": {"Name": "NAMES"}, "table": "{{.Name}}"}
    assert listing(items, **made) == "NAMES\none\ntwo\n"
    assert listing(items, **made, format_text="{{.Name}}!") == "one!\ntwo!\n"
    assert listing(items[:1], **made, format_text="json") == '{"Name":"one"}\n'
    assert (
        listing(items[:1], **made, format_text='table {{.Name}}\\t{{.Label "x.y_z"}}')
        == "NAMES     y z\none       x.y_zx.y_z\n"
    )
    with pytest.raises(TemplateError, match=r"failed to execute template: .*can't evaluate field Nope"):
        listing(items, **made, format_text="{{.Nope}}")


def test_row_s_json_is_escaped_as_go_does() -> None:
    assert (
        listing([1], columns={"P": lambda _: "a->b"}, headers={}, table="", format_text="json")
        == '{"P":"a-\\u003eb"}\n'
    )


def port(private: int, public: int = 0, address: str = "", kind: str = "tcp") -> dict[str, Any]:
    found: dict[str, Any] = {"PrivatePort": private, "Type": kind}
    return found | ({"PublicPort": public, "IP": address} if address else {})


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ([port(80)], "80/tcp"),
        ([port(82), port(80), port(81)], "80-82/tcp"),
        ([port(80, 8080, "0.0.0.0"), port(80, 8080, "::")], "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"),
        ([port(90, 90, "0.0.0.0"), port(91, 91, "0.0.0.0"), port(99)], "0.0.0.0:90-91->90-91/tcp, 99/tcp"),
        ([port(53, kind="udp"), port(53)], "53/tcp, 53/udp"),
        ([port(1), port(3)], "1/tcp, 3/tcp"),
    ],
)
def test_ports_are_shown_in_ranges(ports: list[dict[str, Any]], expected: str) -> None:
    assert ports_text(ports) == expected


def test_container_row_is_cut_unless_told_otherwise() -> None:
    item = {
        "Id": "a" * 64,
        "Names": ["/web", "/other/web"],
        "Image": "x@sha256:" + "b" * 64,
        "ImageID": "sha256:" + "c" * 64,
        "Command": "sh -c 'a very long command'",
        "Created": 0,
        "Mounts": [{"Name": "m" * 20, "Driver": "local"}],
    }
    short, whole = ({name: column(item) for name, column in columns(truncate=cut).items()} for cut in (True, False))
    assert (short["ID"], short["Names"], short["Image"]) == ("a" * 12, "web", "x")
    assert (short["Command"], short["Mounts"]) == ('"sh -c \'a very long …"', "m" * 14 + "…")
    assert (whole["ID"], whole["Names"], whole["Mounts"]) == ("a" * 64, "web,other/web", "m" * 20)
    assert whole["LocalVolumes"] == "1"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (14 * 86400, "2 weeks"),
        (60 * 86400, "2 months"),
        (730 * 86400, "2 years"),
    ],
)
def test_durations_are_rough(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def test_sizes() -> None:
    assert [units.human_size(n) for n in (0, 999, 1000, 1_982_000)] == ["0B", "999B", "1kB", "1.982MB"]
    assert units.human_size(1_982_000, 3) == "1.98MB"
    assert units.bytes_size(25_000_000_000) == "23.28GiB"
    assert [units.parse_bytes(text) for text in ("1", "1k", "1.5GB", "2mib")] == [1, 1024, 1610612736, 2097152]


def test_durations_are_read() -> None:
    assert units.parse_duration("1m30s") == 90 * 10**9
    assert units.parse_duration("1.5h") == 5400 * 10**9
    for text in ("", "5", "s", "1x", "1m5"):
        with pytest.raises(ValueError, match="duration"):
            units.parse_duration(text)


def test_moments_keep_what_python_can_hold() -> None:
    assert units.parse_moment("2026-01-02T03:04:05.123456789Z") == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
    assert units.parse_moment("2026-01-02T03:04:05+01:00").utctimetuple()[3] == 2


# --- progress ---


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


PULL = [
    {"status": "Pulling from x", "id": "latest"},
    {"status": "Downloading", "id": "aa", "progressDetail": {"current": 5, "total": 10}},
    {"status": "Downloading", "id": "bb", "progressDetail": {"current": 1, "total": 10}},
    {"status": "Pull complete", "id": "aa", "progressDetail": {}},
    {"status": "Status: done"},
]


def test_progress_without_a_terminal_is_plain_lines() -> None:
    out = io.StringIO()
    progress.show(PULL, out)
    assert out.getvalue() == "latest: Pulling from x\naa: Pull complete\nStatus: done\n"


def test_progress_without_a_terminal_says_nothing_twice() -> None:
    out = io.StringIO()
    progress.show([{"id": "base", "status": "import", "progressDetail": {}}] * 3 + [{"status": "s"}] * 2, out)
    assert out.getvalue() == "base: import\ns\ns\n"


def test_progress_on_a_terminal_moves_each_line_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    out = Terminal()
    progress.show(PULL, out)
    text = out.getvalue()
    assert "aa: Downloading [=========================>                         ]       5B/10B\n" in text
    assert "\x1b[2A\x1b[2K\raa: Pull complete\r\x1b[2B" in text
    assert text.endswith("Status: done\n")


@pytest.mark.parametrize(("has_exit_codes", "code"), [(True, 5), (False, 1)])
def test_progress_error_has_the_engine_s_text_and_a_program_s_code(has_exit_codes: bool, code: int) -> None:
    failure = {"errorDetail": {"code": 5, "message": "returned a non-zero code: 5"}}
    with pytest.raises(CliError, match="returned a non-zero code: 5") as caught:
        progress.show([failure], io.StringIO(), has_exit_codes=has_exit_codes)
    assert caught.value.exit_code == code


def test_progress_hands_aux_over() -> None:
    seen: list[Any] = []
    progress.show([{"aux": {"ID": "sha256:x"}}, {"stream": "text\n"}], out := io.StringIO(), on_aux=seen.append)
    assert (seen, out.getvalue()) == ([{"ID": "sha256:x"}], "text\n")


def test_help_names_the_path_it_was_asked_by() -> None:
    assert command_help("container port", PORT).startswith(
        "Usage:  transom container port CONTAINER [PRIVATE_PORT[/PROTO]]\n\nList port mappings"
    )
