"""docs/formats.md and docs/ask_and_tell.md, command by command."""

import re
import shlex
from pathlib import Path

import pytest

from zobench.__main__ import main

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_ask_and_tell(capsys):
    space = {}
    for block in blocks("ask_and_tell.md", "python"):
        exec(block, space)
    assert float(capsys.readouterr().out.split()[0]) < 1e-6


@pytest.mark.slow
def test_formats(tmp_path, monkeypatch, capsys):
    for name in ("iohinspector", "benchopt"):
        pytest.importorskip(name, reason="needs pip install 'zobench[formats]'")
    monkeypatch.chdir(tmp_path)
    lines = [shlex.split(line, comments=True) for block in blocks("formats.md", "sh") for line in block.splitlines()]
    for words in filter(None, lines):
        with pytest.raises(SystemExit) as ended:
            main(words[1:])
        assert words[0] == "zobench" and ended.value.code == 0, capsys.readouterr().err
    tables = []
    for block in blocks("formats.md", "python"):
        space = {}
        exec(block, space)
        tables.append(space["table"])
    assert all(len(table) > 100 for table in tables)
