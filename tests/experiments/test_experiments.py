"""Every experiment in its quick variant: it ends well, leaves all its files, and measures what its claims ask for."""

import json
import os
from pathlib import Path

import pytest
from pictures import faults

from zobench import store, sweeps
from zobench.__main__ import main
from zobench.report import claims, drawing, page
from zobench.statistics import Estimate

EXPERIMENTS = sorted(file.stem for file in Path("conf/experiment").glob("*.yaml"))


SMOKE = ("jit", "slowdown")  # a study, and cells


@pytest.fixture
def drawn(monkeypatch):
    """The figures that the test draws, by name."""
    found, save = {}, drawing.save
    monkeypatch.setattr(drawing, "save", lambda figure, *a, **k: save(found.setdefault(a[1], figure), *a, **k))
    return found


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.smoke) if n in SMOKE else n for n in EXPERIMENTS])
def test_the_quick_variant_of_an_experiment_leaves_its_whole_clean_page(name, drawn, tmp_path, capsys):
    folder, runs = tmp_path / "page", tmp_path / "runs"
    arguments = [f"experiment=quick/{name}", f"runs_dir={runs}", f"report_dir={folder}", "hydra/launcher=basic"]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0, capsys.readouterr().err
    found = page.load(name)
    assert found.question.endswith("?")
    written = (folder / "inputs").read_text().split()[2:]
    assert {path.name for path in folder.iterdir()} == {*written, "inputs"}
    assert {file.partition(".")[0] for file in written} >= {name.partition(".")[0] for name in found.figures}
    assert len((folder / "table.csv").read_text().splitlines()) > 1
    assert all(os.path.getsize(folder / file) > 0 for file in written)
    verdicts = json.loads((folder / "verdicts.json").read_text())
    assert len(verdicts) == len(claims.of(name))
    ((_, own),) = sweeps.sweeps(runs).items()
    measured = page.measured(name, [store.path(runs, key) for key in own[-1].members()])
    assert all(isinstance(value, Estimate) for value in measured.values())
    assert not {name: found for name, figure in drawn.items() if (found := faults(figure))}
