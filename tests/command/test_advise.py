"""What `zobench advise` says and writes, and what it refuses."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_command_says_it_and_writes_the_numbers(zobench, tmp_path):
    ended = zobench("advise", "problem=landscape", "problem.dim=3", "calls=500", "json=advice.json")
    assert ended.code == 0, ended.err
    numbers = json.loads((tmp_path / "advice.json").read_text())
    assert f"Take {numbers['take']}" in ended.out and numbers["calls"] <= 500
    assert "zobench problem=landscape problem.dim=3 " + numbers["race"][0]["overrides"] in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["problem=landscape", "method=cma"], "method=cma: zobench advise takes problem=..."),
        (["calls=500"], "takes a problem"),
        (["problem=landscape", "calls=many"], "calls=many: a whole number"),
        (["problem=landscape", "calls=3"], "needs at least"),
        (["problem=landscape", "json=no/such/folder.json"], "a folder that is there"),
    ],
)
def test_the_command_refuses_in_a_line(zobench, arguments, said):
    ended = zobench("advise", *arguments)
    assert (ended.code, ended.out) == (2, "") and said in ended.err and ended.err.count("\n") == 1


@pytest.mark.slow
def test_the_python_of_docs_advise_md_runs(capsys):
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "advise.md").read_text(), re.DOTALL)
    exec(compile(snippet, "advise.md", "exec"), {})
    assert "Take " in capsys.readouterr().out
