"""`zobench list`: everything in conf/, with a sentence, without importing jax."""

import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from zobench.command import listing
from zobench.errors import UsageError

CONF = Path(__file__).parents[2] / "conf"


def run(*names):
    console = Console(file=StringIO(), width=400)
    assert listing.show(names, console) == 0
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("group", ["problem", "estimator", "experiment", "optimizer", "method"])
def test_every_file_has_a_line(group):
    entries = {entry.choice: entry for entry in listing.entries(group)}
    assert set(entries) == {f"{group}={path.stem}" for path in (CONF / group).glob("*.yaml")}
    assert all(entry.sentence and "\n" not in entry.sentence for entry in entries.values())


def test_sentences_are_those_of_the_factories_and_keys_those_of_the_files():
    out = run("problems")
    assert "problem=welsch" in out and "Equal-energy Welsch" in out
    assert "dim=64  smallest=1.5e-4  start=1.25" in out and "estimator=" not in out
    assert "mu=null" in out and "rotated=false" in out


def test_an_experiment_says_its_comment_and_what_it_sweeps():
    out = run("experiments")
    assert "The same question on a real map" in out and "estimator=two_point,finite_difference,autodiff" in out


def test_all_groups_by_default_and_an_unknown_one_is_refused():
    out = run()
    assert all(name in out for name in (*listing.GROUPS, "problem=mds", "estimator=spsa", "experiment=slowdown"))
    with pytest.raises(UsageError, match="list typo: there are problems, estimators, methods, experiments"):
        run("typo")


def test_it_is_fast_because_jax_stays_out():
    code = (
        "import sys; from rich.console import Console; from zobench.command import listing;"
        "listing.show([], Console()); sys.exit('jax' in sys.modules)"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], cwd=CONF.parent, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert time.perf_counter() - start < 15  # 0.5 s; the machine may be busy


def test_ones_own_are_found_like_ours(zobench, tmp_path, monkeypatch):
    for name, text in {
        "mine/problem/valley.yaml": "_target_: own_valley.valley\ndim: 4\n",
        "mine/experiment/walk.yaml": "# @package _global_\n# How long is a valley?\n",
        "own_valley.py": 'raise SystemExit("imported")\ndef valley(dim: int):\n    """A valley of mine."""\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    for asked in (("list", "--config-dir", "mine"), ("--config-dir=mine", "list", "problems", "experiments")):
        ended = zobench(*asked)
        assert ended.code == 0, ended.err
        for line in ("problem=valley", "A valley of mine.", "dim=4", "experiment=walk", "How long is a valley?"):
            assert line in ended.out
        assert "problem=quadratic" in ended.out
    (tmp_path / "mine/problem/bad.yaml").write_text("a: [\n")
    ended = zobench("list", "--config-dir", "mine")
    assert ended.code == 2 and "bad.yaml" in ended.err and ended.err.count("\n") == 1
    assert zobench("report", "--config-dir", "nowhere").code == 2
    assert "no records in runs" in zobench("--config-dir", "mine", "report", "own_valley").err
