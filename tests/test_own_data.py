"""docs/own_data.md, word for word: its files, its commands, its Python."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from zobench.__main__ import main

TEXT = (Path(__file__).parents[1] / "docs" / "own_data.md").read_text()
TABLE = re.search(r"```\n(,.*?)```", TEXT, re.DOTALL)
MODULE, SCRIPT = (text for _, text in re.findall(r"```(python)\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = re.findall(r"^(?:PYTHONPATH=. )?zobench (.*)$", TEXT, re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    assert TABLE
    (tmp_path / "distances.csv").write_text(TABLE[1])
    (tmp_path / "model.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("model", None)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[:30])
def test_a_command_runs(folder, capsys, command):
    if "bbob" in command:
        pytest.importorskip("ioh")
    with pytest.raises(SystemExit) as ended:
        main(tuple(shlex.split(command)))
    out, err = capsys.readouterr()
    assert ended.value.code == 0, err
    if "distances" in command:
        assert "Delft" in (folder / "reports/map/places.csv").read_text()
        assert (folder / "reports/map/map.png").exists() and "5 points" in out
    if "stop.target=[" in command:
        page = (folder / "reports/sweep/table.md").read_text()
        assert all(f" {target} |" in page for target in ("0.1", "0.01", "0.001"))


def test_there_are_as_many_commands_as_the_page_shows_and_its_script_runs():
    assert len(COMMANDS) == 5
    exec(compile(SCRIPT, "own_data.md", "exec"), {})
