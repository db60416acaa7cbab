"""Real Windows programs at work in containers, and the table of how they fared; `script/programs --help`."""
