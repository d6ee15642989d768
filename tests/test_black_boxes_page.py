"""docs/black_boxes.md: its commands and its programs, as they stand there."""

import contextlib
import io
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from zobench.__main__ import main

PAGE = (Path(__file__).parents[1] / "docs" / "black_boxes.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
def test_the_page_for_a_simulator_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    """Its two files, its two commands, its script; the exit codes, and what the words around them say is shown."""
    (plant, script, sim), (compete, program) = blocks("python"), blocks("sh")
    (tmp_path / "plant.py").write_text(plant)
    (tmp_path / "sim.py").write_text(sim)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "plant", raising=False)
    if not shutil.which("python"):
        program = program.replace("[python,", f"[{sys.executable},")
    for command in (compete, program):
        words = shlex.split(command)
        with pytest.raises(SystemExit) as ended:
            main(words[words.index("zobench") + 1 :])
        said = capsys.readouterr()
        assert ended.value.code == 0 and "failed" not in said.err and "best value" in said.out
    assert "## Best value found" in (tmp_path / "reports/sweep/table.md").read_text()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(script, {})
    assert float(printed.getvalue().split()[0]) < 3.0
