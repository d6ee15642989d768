"""What the README says can be typed."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
REPORTED = re.findall(r"\]\((reports/[^)]+)\)", README.read_text()) if README.exists() else []


def test_the_loop_of_the_readme_descends(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    exec(compile(code.replace("5000", "1000"), "README.md", "exec"), {})
    assert float(capsys.readouterr().out) < 5 < 9  # f(x0) = 9


@pytest.mark.parametrize("path", REPORTED)
def test_what_the_readme_shows_is_there(path):
    assert (README.parent / path).exists()


def test_the_table_of_the_readme_is_that_of_the_report():
    report = (README.parent / "reports/slowdown/table.md").read_text()
    table = report[report.index("| GD (autodiff)") :].split("\n\n")[0]
    assert table.count("\n") > 15 and table in README.read_text()
