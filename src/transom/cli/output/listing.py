"""Lists as Docker's CLI prints them: a table, a template for each row, or JSON lines."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from transom.cli.output.render import FUNCTIONS, LIST, Row, Template
from transom.cli.output.table import align

TABLE, JSON = "table", "json"
Column = Callable[[Any], Any]


def listing(
    items: Iterable[Any],
    *,
    columns: Mapping[str, Column],
    headers: Mapping[str, str],
    table: str,
    format_text: str = "",
) -> str:
    """Return the whole list as text, each line ended.

    columns compute a row's fields from an item; headers name those that a table may show; table is
    the template behind the plain `table` format.

    Raises:
        TemplateError: format_text is malformed or names a column that is not there.
    """
    form = format_text or TABLE
    as_table = form == TABLE or form.startswith(f"{TABLE} ")
    source = table if form == TABLE else form.removeprefix(TABLE).strip() if as_table else form
    if source == JSON:
        source = "{{json .}}"
    source = source.replace("\\t", "\t").replace("\\n", "\n")
    template = Template(source, wording=LIST)
    lines = [template.render(Row({name: column(item) for name, column in columns.items()})) for item in items]
    if not as_table:
        return "".join(line + "\n" for line in lines)
    head = Template(source, functions=HEADER_FUNCTIONS, wording=LIST).render(_header(columns, headers))
    return align("\n".join([head, *lines])) + "\n"


def _header(columns: Mapping[str, Column], headers: Mapping[str, str]) -> Row:
    row = Row({name: headers.get(name, name.upper()) for name in columns})
    row["Label"] = _label_header
    return row


def _label_header(name: str) -> str:
    return name.rpartition(".")[2].replace("-", " ").replace("_", " ")


HEADER_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    name: (lambda value, *_: value)
    for name in ("json", "title", "lower", "upper", "pad", "truncate", "split", "join", "slice")
    if name in FUNCTIONS
}
