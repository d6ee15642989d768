"""What a stranger wrote into a record, a config or a name is text: in the terminal, in Markdown, in LaTeX."""

import csv
import io
import re

import numpy as np
import pytest
from rich.console import Console

from zobench import store
from zobench.command import terminal
from zobench.errors import printable
from zobench.report import files, latex, tables

EVIL = [
    "[/nope]",
    "[red]x[/red]",
    "\x1b]0;x\x07",
    "\x1b[31mred",
    "a\nb",
    "a\rb",
    "‮abc",
    "\ud800",
    "\x9b31m",
    "a\u2028b",
]


def drawn(draw):
    """What is printed to a terminal of 200 columns, less the letters by which rich itself steers it."""
    text = io.StringIO()
    draw(Console(file=text, width=200, force_terminal=False))
    return text.getvalue()


def is_harmless(text):
    return all(letter.isprintable() or letter == "\n" for letter in text)


@pytest.mark.parametrize("evil", EVIL)
def test_a_strangers_record_is_drawn_without_harm(tmp_path, capsys, evil):
    arrays = {f"{evil}/hits": np.array([3.0]), f"{evil}/outcome": np.array([evil])}
    rules = {evil: {"step": 0.5, "run_seconds": 0.1}}
    meta = {"n": evil, "calls": {evil: 2}, "rules": rules, "compile_seconds": 0.1, "warning": evil}
    path = store.path(tmp_path, "0" * 16)
    try:
        store.write(path, arrays, {"status": "ok", "reason": "", **meta})
    except UnicodeEncodeError:  # no name of an array
        return
    cells = [(evil, path), ("step=[theory,trace]", path)]
    text = drawn(lambda console: terminal.table(cells, console))
    assert is_harmless(text) and printable(evil) in text and "step=[theory,trace]" in text
    terminal.warnings(cells)
    assert terminal.failures([(evil, evil), ("", f"{evil} again")]) == 1
    err = capsys.readouterr().err
    assert is_harmless(err) and err.count("\n") == 2 + 2 + 1 and "failed: the cell: " in err


@pytest.mark.parametrize("evil", EVIL)
def test_a_page_of_such_rows_is_text(evil):
    table = tables.table(evil, evil, [{"a": evil, "b": evil}], {evil: "a", f"{evil}: x [1, 2]": "b"}, words=2)
    shown = drawn(lambda console: tables.show(table, console))
    assert is_harmless(shown) and printable(evil) in shown
    for made in (tables.markdown([table]), latex.latex([table])):
        assert is_harmless(made)
    lines = tables.markdown([table]).splitlines()
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in lines if line.startswith("|")] == [3, 3, 3]


def test_markdown_has_no_code_link_or_html_but_ours():
    texts = [
        "<script>x</script>",
        "![x](http://a)",
        "[x](javascript:1)",
        "`x`",
        "a|b",
        r"a\|b",
        "*x*",
        "&lt;",
        "[x]: y",
    ]
    made = tables.markdown([tables.table("t", "n", [{"a": text} for text in texts], {"a": "a"})])
    assert made.splitlines()[4:-2] == [
        r"| &lt;script>x&lt;/script> |", r"| ![x]\(http://a) |", r"| [x]\(javascript:1) |", r"| \`x\` |", r"| a\|b |",
        r"| a\\\|b |", r"| \*x\* |", "| &amp;lt; |", r"| [x]\: y |",
    ]  # fmt: skip
    kept = tables.table("2 < n", "a & b", [{"a": "1.00 [0.98, 1.02]"}], {"a": "a"})
    assert "2 < n" in tables.markdown([kept]) and "| 1.00 [0.98, 1.02] |" in tables.markdown([kept])


def test_latex_has_no_command_but_ours():
    texts = [r"\input{x}", "$x$", "a&b", "%x", "#1", "x^_", "x^ⁿ", "~", "a_b^c}", "[2pt]"]
    made = latex.latex([tables.table("t", "n", [{"a": text} for text in texts], {"a": "a"})])
    assert made.splitlines()[7:-3] == [
        r"\textbackslash{}input\{x\} \\", r"\$x\$ \\", r"a\&b \\", r"\%x \\", r"\#1 \\", r"x\textasciicircum{}\_ \\",
        r"x\textasciicircum{}${}^n$ \\", r"\textasciitilde{} \\", r"a\_$b^{c}$\} \\", r"{[}2pt] \\",
    ]  # fmt: skip


def test_a_long_text_is_cut_in_its_middle():
    assert len(printable("x" * 10**6)) < 1500 and printable("a" + "x" * 10**6 + "b")[-1] == "b"


def test_no_cell_of_a_csv_file_is_a_formula_and_it_is_read_as_it_was_given(tmp_path):
    said = ["=SUM(A1)", "+1 more", "-x", "@x", "\t=x", "'=x", "'quoted'", "-1.5", "+2", "", "a=b"]
    files.write_csv(tmp_path / "table.csv", [{"name": text, "value": -2.5} for text in said])
    with (tmp_path / "table.csv").open(newline="") as file:
        raw = list(csv.DictReader(file))
    assert [row["name"][:1] for row in raw] == ["'"] * 7 + ["-", "+", "", "a"]
    assert {row["value"] for row in raw} == {"-2.5"}
    assert [row["name"] for row in files.read_csv(tmp_path / "table.csv")] == said


def test_cells_of_one_reason_are_one_line(capsys):
    cells = [(f"dim={i}", "no minimum is known") for i in range(8)]
    terminal.left_out(cells)
    terminal.failures([*cells, ("dim=9", "another")])
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "zobench: left out: dim=0, dim=1, dim=2, dim=3, dim=4 and 3 more: no minimum is known"
    assert len(said) == 4 and said[2] == "zobench: failed: dim=9: another" and said[3].startswith("zobench: 9 cells")
