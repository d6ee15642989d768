"""Tables in a narrow terminal: every word of every committed report can be read."""

import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from zobench.errors import printable
from zobench.report import page, places, tables

REPORTS = Path(__file__).parents[2] / "reports"
DRAWN = [name for name in places.names() if (REPORTS / name / "table.csv").exists()]


def shown(table, width):
    text = io.StringIO()
    tables.show(table, Console(file=text, width=width, force_terminal=False))
    return text.getvalue()


def words(table):
    """Of the heads and the cells, those that are set in columns."""
    return {word for line in (table.header, *table.lines) for cell in line for word in printable(cell).split()}


def test_no_word_of_a_committed_report_is_cut_at_80_columns():
    seen = 0
    for name in DRAWN:
        for table in page.summary(name, REPORTS / name):
            text = shown(table, 80)
            seen += len(table.lines)
            assert max(map(cell_len, text.splitlines())) <= 80, (name, table.title)
            lost = words(table._replace(header=table.header[table.words > 1 :])) - {*text.split()}
            assert not lost, (name, table.title, lost)
            known = words(table) | {*table.note.split(), *table.title.split()}
            assert not {word for word in text.split() if "…" in word} - known, (name, table.title)
    assert seen > 300 and len(DRAWN) > 25


@pytest.mark.parametrize("width", [80, 44])
def test_columns_that_find_no_room_follow_below(width):
    header = ["method", *(f"measurement{i}" for i in range(9))]
    table = tables.Table("Title", "Note.", header, [[f"row {j}", *(f"{j}.{i}" for i in range(9))] for j in range(3)])
    text = shown(table, width)
    assert all(text.split().count(head) == 1 for head in header[1:]) and "Title, continued" in text
    assert text.count("row 2") == text.count("method") == len(re.findall("Title", text)) > 1
    assert {f"{j}.{i}" for i in range(9) for j in range(3)} <= {*text.split()} and text.count("Note.") == 1


def test_a_word_that_is_wider_than_the_terminal_is_folded():
    text = shown(tables.Table("T", "", ["", "x" * 50], [["a" * 40, "1"]]), 30)
    assert text.count("x") == 50 and text.count("a") == 40 and max(map(len, text.splitlines())) <= 30
