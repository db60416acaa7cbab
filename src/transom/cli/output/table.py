"""Columns of text, aligned as Go's text/tabwriter aligns them with Docker's settings."""

from collections.abc import Sequence

MIN_WIDTH = 10
PADDING = 3


def align(text: str, *, min_width: int = MIN_WIDTH, padding: int = PADDING) -> str:
    """Return text with its tab-separated cells in columns.

    A column is as wide as its widest cell among neighbouring lines that have that cell; the last
    cell of a line, which no tab ends, does not count.
    """
    lines = [line.split("\t") for line in text.split("\n")]
    widths = [[min_width] * (len(cells) - 1) for cells in lines]

    def measure(rows: Sequence[int], column: int) -> None:
        for block in _blocks(lines, rows, column):
            width = max(min_width, *(len(lines[row][column]) + padding for row in block))
            for row in block:
                widths[row][column] = width
            measure(block, column + 1)

    measure(range(len(lines)), 0)
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(cells, [*row_widths, 0], strict=True))
        for cells, row_widths in zip(lines, widths, strict=True)
    )


def _blocks(lines: Sequence[Sequence[str]], rows: Sequence[int], column: int) -> list[list[int]]:
    """Return the runs of neighbouring rows that have a cell in the column."""
    blocks: list[list[int]] = []
    previous = None
    for row in rows:
        if len(lines[row]) - 1 > column:
            if previous != row - 1 or not blocks:
                blocks.append([])
            blocks[-1].append(row)
            previous = row
    return blocks
