"""The command in a folder of the test's own."""

from typing import NamedTuple

import pytest

from zobench.__main__ import main


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def zobench(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as exit:
            main(arguments)
        return Ended(exit.value.code, *capsys.readouterr())  # type: ignore[arg-type]

    return run
