"""What the README says can be typed."""

import re
from pathlib import Path

import jax.numpy as jnp
import pytest

README = Path(__file__).parents[1] / "README.md"
REPORTED = re.findall(r"\]\((reports/[^)]+)\)", README.read_text()) if README.exists() else []


def test_the_python_of_the_readme_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    compared, loop = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    space = {"params": {"w": jnp.ones(3)}, "loss": lambda p: jnp.sum(p["w"] ** 2)}
    exec(compile(compared.replace("seeds=20", "seeds=2"), "README.md", "exec"), space)
    assert "pursuit" in capsys.readouterr().out and (tmp_path / "compared.png").stat().st_size > 0
    exec(compile(loop, "README.md", "exec"), space)
    assert space["update"]["w"].shape == (3,) and space["loss"](space["params"]) < 0.1


@pytest.mark.parametrize("path", REPORTED)
def test_what_the_readme_shows_is_there(path):
    assert (README.parent / path).exists()


def test_the_table_of_the_readme_is_that_of_the_report():
    report = (README.parent / "reports/slowdown/table.md").read_text()
    table = report[report.index("| GD (autodiff)") :].split("\n\n")[0]
    assert table.count("\n") > 15 and table in README.read_text()
