"""What runtimes of several releases say of a program that cannot be started, in Docker's words."""

import pytest

from transom.drivers.exec.oci.complaints import start_failed


@pytest.mark.parametrize(
    ("text", "program", "code", "words"),
    [
        ("open executable: Operation not permitted", "/etc", 126, 'exec: "/etc": is a directory: permission denied'),
        (
            "the path `/etc` is not a regular file: Operation not permitted",
            "/etc",
            126,
            'exec: "/etc": is a directory: permission denied',
        ),
        ('exec: "/etc": is a directory', "/etc", 126, 'exec: "/etc": is a directory: permission denied'),
        ("open executable: Permission denied", "/etc/passwd", 126, 'exec: "/etc/passwd": permission denied'),
        (
            "the path `/etc/passwd` exists but it is not executable: Operation not permitted",
            "/etc/passwd",
            126,
            'exec: "/etc/passwd": permission denied',
        ),
        ("executable file `gone` not found in $PATH", "gone", 127, 'exec: "gone": executable file not found in $PATH'),
        ("executable file `/gone` not found", "/gone", 127, 'exec: "/gone": stat /gone: no such file or directory'),
        ("mount `proc`: Operation not permitted", "true", 126, "mount `proc`: Operation not permitted"),
    ],
)
def test_complaint_is_put_into_dockers_words(text: str, program: str, code: int, words: str) -> None:
    failed = start_failed(text, [program])

    assert failed.exit_code == code
    assert str(failed).endswith(f"unable to start container process: {words}")
