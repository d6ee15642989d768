"""table.tex is compiled: what is committed, what is wide or long, and what a stranger may have written."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from exploring import EVIL as HTML
from test_escapes import EVIL

from zobench.report import latex, page, places, verdicts
from zobench.report.tables import Table

REPORTS = Path(__file__).parents[2] / "reports"
CLAIMED = [
    "\\input{x}",
    "$x$",
    "a&b%#1",
    "x^_",
    "x^ⁿ^2",
    "μx^2",
    "x₁₂²³′",
    "f″(x)′",
    "ᵢ₁",
    "[2pt]",
    "~^{}",
    "x" * 300,
    "数",
]


@pytest.fixture
def compiled(tmp_path):
    """Compiles a table.tex in the least document, twice, as longtable wants it: LaTeX's log."""
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex: apt-get install texlive-latex-recommended")

    def run(text):
        (tmp_path / "table.tex").write_text(text, encoding="ascii")
        packages = text.partition("\n")[0].removeprefix("% ")
        body = r"\begin{document}\input{table}\end{document}"
        (tmp_path / "page.tex").write_text(rf"\documentclass{{article}}{packages}{body}")
        command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "-no-shell-escape", "page.tex"]
        for _ in range(2):
            ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
            assert ended.returncode == 0, ended.stdout[-1500:]
        return (tmp_path / "page.log").read_text(errors="replace")

    return run


def wider(log):
    """By how many points text goes over the margin."""
    return [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]


@pytest.mark.slow
def test_the_tables_of_all_reports_are_on_the_page(compiled):
    shown = []
    for name in {folder.name for folder in REPORTS.iterdir() if folder.is_dir()} & {*places.names()}:
        shown += [*page._tables(page.load(name), REPORTS / name), *verdicts.table(REPORTS / name)]
    log = compiled(latex.latex(shown))
    assert len(shown) > 60 and max(wider(log), default=0.0) < 12 and "Float too large" not in log


def test_what_a_stranger_wrote_compiles_as_text(compiled):
    texts = [*CLAIMED, *EVIL, *HTML]
    tables = [Table(text, text, [text, "b", text], [[text, text, "1.00 [0.98, 1.02]"]] * 2, 1 + i % 2)
              for i, text in enumerate(texts)]  # fmt: skip
    log = compiled(latex.latex(tables))
    assert "x.tex" not in log and max(wider(log), default=0.0) < 60


def test_a_long_table_goes_over_pages_and_a_wide_one_is_folded_or_named(compiled):
    long = Table(
        "Long",
        "A note.",
        ["", "n", "calls"],
        [[f"group {i // 50}" * (i % 50 == 0), str(i), "7"] for i in range(400)],
        2,
    )
    words = Table("Wide", "", ["claim", "measured", "by"], [["so many words " * 20, "1.00 [0.98, 1.02]", "a b " * 30]])
    many = Table("Many", "", [f"column {i}" for i in range(40)], [["1.00"] * 40])
    text = latex.latex([long, words, many])
    assert text.count("longtable}") == 3 and text.count(r"\endhead") == 1 and "% Many: too wide for a page" in text
    log = compiled(text)
    assert int(re.findall(r"Output written on page.pdf \((\d+) pages", log)[-1]) > 6
    assert max(wider(log), default=0.0) < 1 and "Float too large" not in log
