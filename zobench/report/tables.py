"""Tables as Markdown and in the terminal."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from zobench.errors import printable

MARKUP = re.compile(r"<[A-Za-z/!?]")  # where HTML begins
WIDE = 104  # characters of a terminal that holds a value and its interval side by side in three columns
LABEL, NUMBER = 24, 16  # characters of a cell of the first column, and of another one, that are kept on one line


class Table(NamedTuple):
    """A title, a line below it, column heads, lines of text; the first `words` columns are set flush left.

    On paper and in the terminal the first of two such columns becomes a heading over its lines, which saves its width.
    One that is set aside is in the files and not in the terminal.
    """

    title: str
    note: str
    header: list[str]
    lines: list[list[str]]
    words: int = 1
    aside: bool = False


Row = Mapping[str, str]  # a line of a CSV file that was read back
Cell = str | Callable[[Row], str]  # the column that a cell shows as it is, or what makes its text of the line


def table(
    title: str, note: str, rows: Sequence[Row], columns: Mapping[str, Cell], words: int = 1, aside: bool = False
) -> Table:
    """A table of the rows of a CSV file: heads and what stands below them; a heading is said where it changes."""
    lines = [[_text(row, cell) for cell in columns.values()] for row in rows]
    if words > 1:
        heads = ["", *(line[0] for line in lines)]
        lines = [["" if line[0] == above else line[0], *line[1:]] for above, line in zip(heads, lines, strict=False)]
    return Table(title, note, list(columns), lines, words, aside)


def by_size(title: str, note: str, rows: Sequence[Row], name: Cell, cell: Cell, head: str = "") -> Table:
    """A table of the rows of a CSV file with a line for each name, a column for each n."""
    sizes, lines = sorted({int(row["n"]) for row in rows}), {}
    for row in rows:
        label, text = (_text(row, one) for one in (name, cell))
        lines.setdefault(label, {})[int(row["n"])] = text
    body = [[label, *(line.get(n, "") for n in sizes)] for label, line in lines.items()]
    return Table(title, note, [head, *(f"n = {n}" for n in sizes)], body)


def fixed(column: str, digits: int = 2, scale: float = 1.0) -> Callable[[Row], str]:
    """A number of the column with so many digits after the point."""
    return lambda row: number(value(row, column) * scale, digits)


def rounded(column: str, digits: int = 3, scale: float = 1.0) -> Callable[[Row], str]:
    """A number of the column to so many significant digits."""
    return lambda row: significant(value(row, column) * scale, digits)


def spread(
    column: str,
    low: str = "_low",
    high: str = "_high",
    shown: Callable[[float], str] | None = None,
    digits: int = 2,
    middle: str = "",
) -> Callable[[Row], str]:
    """A value with its interval, which stand in the columns with these endings: 1.00 [0.98, 1.02]."""
    shown = shown or (lambda x: number(x, digits))

    def cell(row: Row) -> str:
        at, *ends = (value(row, f"{column}{end}") for end in (middle, low, high))
        return shown(at) + (f" [{shown(ends[0])}, {shown(ends[1])}]" if ends[0] == ends[0] else "")

    return cell


def value(row: Row, column: str) -> float:
    """The number of a column; nan where it is empty."""
    return float(row[column] or "nan")


def across(title: str, note: str, rows: Sequence[Row], column: Cell, block: Cell, entries: Mapping[str, Cell]) -> Table:
    """A table with a column for each text of the cell `column`, and a block for each of `block`, one line an entry.

    Lines that say nothing in any column are left out.
    """
    heads, lines = list(dict.fromkeys(_text(row, column) for row in rows)), []
    for name in dict.fromkeys(_text(row, block) for row in rows):
        own = {_text(row, column): row for row in rows if _text(row, block) == name}
        said = {
            entry: [_text(own[head], cell) if head in own else "" for head in heads] for entry, cell in entries.items()
        }
        shown = [[entry, *line] for entry, line in said.items() if any(line)]
        lines += [["" if i else name, *line] for i, line in enumerate(shown)]
    return Table(title, note, ["", "", *heads], lines, 2)


def _text(row: Row, cell: Cell) -> str:
    return row[cell] if isinstance(cell, str) else cell(row)


def markdown(tables: Sequence[Table]) -> str:
    """GitHub Markdown, in which no text is more than text."""
    parts = []
    for table in tables:
        rule = ["---"] * table.words + ["---:"] * (len(table.header) - table.words)
        lines = [table.header, rule, *table.lines]
        body = "\n".join("| " + " | ".join(map(md, line)) + " |" for line in lines)
        parts.append(f"## {md(table.title)}\n\n{body}\n\n{md(table.note)}\n")
    return "\n".join(parts)


def md(text: str) -> str:
    """Text for Markdown: no code, no links, no HTML, no cells of its own."""
    plain = re.sub(r"&(?=#?\w+;)", "&amp;", printable(text)).replace("<", "&lt;" if MARKUP.search(text) else "<")
    return re.sub(r"[\\|*`]|(?<=\])(?=[(\[:])", r"\\\g<0>", plain)


def show(table: Table, console: Console) -> None:
    """Print to the terminal. Where it is narrow, intervals go on a line of their own.

    Columns for which there is no room follow below, beside the first one again: no word is cut.
    """
    if not table.lines:
        return
    grouped = table.words > 1
    ends = (" [", " ±") if console.width < WIDE else ()
    heads = [_shown(name, ": ") for name in table.header[grouped:]]
    lines = [[_shown(cell, *ends) for cell in line[grouped:]] for line in table.lines]
    above = [_shown(line[0]) if grouped else Text() for line in table.lines]
    pad, blocks = _blocks(heads, [*lines, *([heading] for heading in above)], console.width)
    for i, columns in enumerate(blocks):
        title = Text(printable(table.title) + ", continued" * bool(i), "table.title")
        grid = RichTable(title=title, box=box.SIMPLE_HEAD, title_justify="left", padding=(0, pad))
        for at, width in columns.items():
            grid.add_column(heads[at], justify="right" if at else "left", width=width, overflow="fold")
        for heading, line in zip(above, lines, strict=True):
            if heading:
                grid.add_section()
                grid.add_row(heading, style="bold")
            grid.add_row(*(line[at] for at in columns))
        console.print(grid, markup=False, highlight=False)
    console.print(printable(table.note), markup=False, highlight=False)


def _blocks(heads: Sequence[Text], lines: Sequence[Sequence[Text]], room: int) -> tuple[int, list[dict[int, int]]]:
    """The blanks beside a cell, and the columns that stand side by side with their widths, the first one in each block.

    A column is as wide as it likes where there is room, and never narrower than its longest word.
    """
    cells = [[line[i] for line in lines if i < len(line)] for i in range(len(heads))]
    likes = [max(map(_width, [head, *own])) for head, own in zip(heads, cells, strict=True)]
    least = [
        max([_word(head), *(_least(cell, i) for cell in own)])
        for i, (head, own) in enumerate(zip(heads, cells, strict=True))
    ]
    pad = 0 if _total(least, 1) > room >= _total(least, 0) else 1
    blocks = [[0]]
    for i in range(1, len(heads)):
        if len(blocks[-1]) > 1 and _total([least[at] for at in (*blocks[-1], i)], pad) > room:
            blocks.append([0])
        blocks[-1].append(i)
    return pad, [shared(block, least, likes, room - _total([0] * len(block), pad)) for block in blocks]


def shared(block: Sequence[int], least: Sequence[int], likes: Sequence[int], room: int) -> dict[int, int]:
    """The widths of the columns of a block: the least ones, and what is left to the narrowest that would like more."""
    widths = {at: least[at] for at in block}
    left = room - sum(widths.values())
    while left > 0 and (short := [at for at in block if widths[at] < likes[at]]):
        widths[min(short, key=lambda at: widths[at])] += 1
        left -= 1
    return {at: min(width, max(room, 1)) for at, width in widths.items()}


def _total(widths: Sequence[int], pad: int) -> int:
    """Of a grid with these columns, its edges and what is between them."""
    return sum(widths) + len(widths) * (2 * pad + 1) + 1


def _width(text: Text) -> int:
    return max((cell_len(line) for line in text.plain.split("\n")), default=0)


def _word(text: Text) -> int:
    return max((cell_len(word) for word in text.plain.split()), default=0)


def _least(cell: Text, column: int) -> int:
    """Of a cell: a number with what belongs to it stays on one line, words do not."""
    return _width(cell) if _width(cell) <= (LABEL if column == 0 else NUMBER) else _word(cell)


def _shown(text: str, *ends: str) -> Text:
    """Text as it stands, which rich would take for its own; a new line begins at the blank of each of `ends`."""
    text = printable(text)
    for end in ends:
        text = text.replace(end, end.replace(" ", "\n", 1))
    return Text(text)


def number(value: float, digits: int = 2) -> str:
    """A number with a real minus sign and without -0.00."""
    if value != value:
        return ""
    rounded = round(value, digits) + 0.0
    return f"{rounded:.{digits}f}".replace("-", "−")


def significant(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, "inf" and nothing for nan."""
    return "" if value != value else f"{value:.{digits}g}".replace("-", "−")
