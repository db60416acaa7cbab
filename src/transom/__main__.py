"""`transom`, and `python -m transom`: the command line."""

import sys


def main() -> int:
    """Run the command line; what it returns is the exit code."""
    from transom.cli.app import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
