"""docs/extending.md, word for word: a problem, an estimator and experiments, added in a user's own folder."""

import importlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from zobench.__main__ import main

TEXT = (Path(__file__).parents[1] / "docs" / "extending.md").read_text()
BLOCKS = re.findall(r"```(python|yaml)\n(?:# (\S+\.(?:py|yaml))\n)?(.*?)```", TEXT, re.DOTALL)
FILES = {name: text for _, name, text in BLOCKS if name}
YAML = re.search(r"`(my_conf/problem/valley.yaml)`:\n\n```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    assert YAML
    for name, text in {**FILES, YAML[1]: YAML[2]}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "summation" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in ("summation", "my_problem", "my_estimator")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert ended.value.code == 0, err
    return out


@pytest.mark.slow
def test_problem_and_estimator_pass_the_checks_and_run(folder, capsys):
    for name in ("my_problem.py", "my_estimator.py"):
        assert FILES[name].count("\n") <= 25 and "nothing fails" in run(capsys, "check", name)
    own = ("--config-dir", "my_conf", "problem=valley", "problem.dim=8", "seeds=3", "trust=[my_problem,my_estimator]")
    assert "record: " in run(capsys, *own, "estimator=ray")


def test_an_experiment_that_compares_methods_is_a_yaml_file(folder, capsys):
    out = run(
        capsys, "--config-dir", "my_conf", "experiment=rays", "seeds=4", "trust=[my_estimator]", "hydra/launcher=basic"
    )
    assert "arrived" in out and "ray" in out
    page = folder / "reports" / "rays"
    made = {path.name for path in page.iterdir()}
    assert made >= {"table.csv", "table.md", "table.tex", "convergence.png", "scaling.svg", "cells.csv"}
    lines = (page / "table.csv").read_text().splitlines()[1:4]
    assert "one ray" in lines[0] and "the gradient" in lines[1] and "two-point GD" in lines[2]
    (page / "inputs").unlink()
    run(capsys, "report", "compare", "report_dir=reports/rays")
    assert (page / "table.csv").read_text().splitlines()[1:4] == lines


def test_a_study_is_one_folder_of_at_most_100_lines(folder, capsys):
    assert sum(text.count("\n") for name, text in FILES.items() if name.startswith("summation/")) <= 100
    arguments = ("--config-dir", "my_conf", "experiment=summation", "study.repeats=5", "trust=[summation]")
    out = run(capsys, *arguments, "study.sizes=[100,1000,10000,100000]")
    assert "Sums in single precision" in out and "claims: 1 hold" in out
    (claim,) = json.loads((folder / "reports" / "summation" / "verdicts.json").read_text())
    assert claim["verdict"] == "holds" and (folder / "reports" / "summation" / "errors.png").exists()
    assert "claims: 1 hold" in run(capsys, "report", "summation")


def test_the_other_blocks_run(capsys):
    loop, noise = (text for language, name, text in BLOCKS if language == "python" and not name)
    space: dict = {}
    exec(loop, space)
    np.testing.assert_allclose(space["params"]["w"] + space["params"]["b"], 3, atol=0.1)
    capsys.readouterr()
    exec(noise, {})
    level, eps = map(float, capsys.readouterr().out.split())
    assert 3e-7 < level < 3e-6 and 3e-4 < eps < 3e-3
