"""bench/cmd_compare.py: how a cmd's output is held against Wine's expectations."""

from bench.cmd_compare import compare, script_of


def test_marks_stand_for_the_tests_directory_and_blanks() -> None:
    printed = b"C:\\t>dir \r\n[c:] [\\t\\] a   b\tc\r\n"
    expected = b"@pwd@>dir@space@\n[@drive@] [@path@] a@spaces@b@tab@c\n"

    assert compare(printed, expected).missed == []


def test_any_alternative_will_do_and_known_misses_count() -> None:
    assert not compare(b"9009\n", b"1@or_broken@9009\n").missed
    assert compare(b"1\n", b"@todo_wine@0\n").missed == [(1, b"@todo_wine@0", b"1")]


def test_marked_lines_bring_both_together_after_a_difference() -> None:
    score = compare(b"a\nextra\n--- two\nb\n", b"a\n--- two\nb\nc\n")

    assert score.expected == 4
    assert score.missed == [(4, b"c", None)]


def test_scripts_get_their_blanks_and_line_ends() -> None:
    assert script_of(b"echo@tab@x@space@\nend\r\n") == b"echo\tx \r\nend\r\n"
