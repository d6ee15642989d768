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
