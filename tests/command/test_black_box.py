"""Somebody with a simulator, who knows neither L nor f* nor the noise, asks the command which method to take."""

import os
import re
import sys

import jax
import numpy as np
import pytest

from zobench import reads, store

PLANT = """
from pathlib import Path
import numpy as np

def f(x):
    with open("asked", "a") as file:
        file.write(".")
    return float(((x - 1) ** 2 * np.arange(1, x.size + 1)).sum() + 3)

def noisy(x, seed):
    return f(x) + 0.01 * np.random.default_rng(seed).standard_normal()
"""
BOX = ("problem=black_box", "problem.x0=[0,0,0,0,0,0]")


@pytest.fixture
def plant(tmp_path, monkeypatch, request):
    name = f"plant_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(PLANT)
    monkeypatch.syspath_prepend(tmp_path)
    return f"problem.function._target_={name}"


def asked(tmp_path):
    return (tmp_path / "asked").stat().st_size


def test_which_method_is_best_where_nobody_knows_the_minimum(zobench, tmp_path, plant):
    """Ranked by the best value, counted by the box over the whole command; what cannot run is named, and alone lost."""
    methods = "method=descent,one_plus_one,cobyqa,bfgs,cma"
    ended = zobench(
        "-m", *BOX, f"{plant}.f", "stop.calls=150", "seeds=3", "step=probe", methods, "report_formats=[png]"
    )
    assert ended.code == 0 and "left out: bfgs: this problem has no gradient to ask for" in ended.err
    assert "failed" not in ended.err
    records = {meta["config"]["method"]["_target_"]: meta for meta in metas(tmp_path)}
    kept = [meta for meta in metas(tmp_path) if meta["status"] == "ok"]
    assert asked(tmp_path) == sum(rule["asked"] for meta in kept for rule in meta["rules"].values()) <= 4 * 450
    assert len(kept) == 4 and records["zobench.methods.descent"]["target"] == -np.inf
    lines = [line for line in ended.out.splitlines() if "no target" in line]
    assert lines[0].split()[0] == "cobyqa" and "3 " in lines[0]
    page = (tmp_path / "reports/sweep/table.md").read_text()
    assert "## Best value found" in page and "above the best known" in page and "f is higher there" in page
    assert (tmp_path / "reports/sweep/convergence.png").exists() and (tmp_path / "reports/sweep/ranks.png").exists()
    again = zobench(
        "-m", *BOX, f"{plant}.f", "stop.calls=150", "seeds=3", "step=probe", methods, "report_formats=[png]"
    )
    assert again.code == 0 and "left out: bfgs" in again.err


def metas(tmp_path):
    return [store.read_meta(path) or {} for path in sorted((tmp_path / "runs").glob("*.npz"))]


def test_a_sweep_of_which_no_cell_can_run_is_refused(zobench, tmp_path, plant):
    ended = zobench("-m", *BOX, f"{plant}.f", "stop.calls=20", "method=bfgs,lbfgs")
    assert (ended.code, ended.err.count("\n")) == (2, 1) and "no gradient to ask for" in ended.err
    ended = zobench(*BOX, f"{plant}.f", "step=probe")
    assert ended.code == 2 and "give it f_star, or a budget, such as stop.calls=2000" in ended.err
    ended = zobench(*BOX, f"{plant}.f", "stop.calls=20")
    assert ended.code == 2 and "use step=probe or a number" in ended.err
    assert not (tmp_path / "asked").exists()


def test_the_noise_is_said_in_a_line_and_the_best_point_is_kept(zobench, tmp_path, plant):
    ended = zobench(*BOX, f"{plant}.noisy", "problem.seeded=true", "stop.calls=400", "seeds=2", "step=probe")
    (noise,) = re.findall(r"^zobench: noise ([\d.]+), from calls at x0", ended.err, re.MULTILINE)
    assert ended.code == 0 and 0.004 < float(noise) < 0.025
    assert asked(tmp_path) == 800 and "seeded=true gives" not in ended.err
    (path,) = (tmp_path / "runs").glob("*.npz")
    record = store.read(path)
    assert record and np.abs(record.arrays["probe/x_best"] - 1).max() < 0.3


def test_nan_is_a_word_where_it_is_a_choice(zobench, tmp_path, monkeypatch):
    """problem.on_error=nan, which a command line reads as a number; and lbfgs says what it takes."""
    text = "calls = [0]\n\ndef f(x):\n    calls[0] += 1\n    return 1 / (calls[0] % 10 > 0) + float(x @ x)\n"
    (tmp_path / "tenth.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    box = (*BOX, "problem.function._target_=tenth.f", "seeds=1", "stop.calls=30")
    ended = zobench(*box, "method=one_plus_one", "problem.on_error=nan")
    assert ended.code == 0 and "3 of 30 calls gave no number" in ended.err
    ended = zobench(*box, "method=lbfgs")
    assert ended.code == 2 and "use method.gradient=forward" in ended.err


def test_estimators_without_a_second_moment_are_tuned_like_the_others(zobench, tmp_path):
    """A quadratic, no box: the search begins with the step that values at x0 decide."""
    ended = zobench(
        "-m", "problem.dim=4", "estimator=two_point,one_point,residual_one_point", "step=tuned", "seeds=2",
        "tuning.tries=4", "tuning.seeds=2", "stop.gd_iterations=20", "report=null",
    )  # fmt: skip
    assert ended.code == 0 and len([meta for meta in metas(tmp_path) if meta["status"] == "ok"]) == 3
    ended = zobench("-m", "problem.dim=4", "estimator=two_point,one_point", "seeds=2", "report=null")
    assert ended.code == 0 and "left out: one_point: step=theory: this estimator's second moment" in ended.err


def test_a_program_is_run_where_the_command_line_names_it(zobench, tmp_path, monkeypatch):
    """A config file may not; a record is made anew where a file that its words name has changed."""
    monkeypatch.setattr(reads, "_seen", {})
    (tmp_path / "sim.py").write_text("print(sum(float(word) ** 2 for word in input().split()))\n")
    box = ("problem=command", f"problem.program=[{sys.executable},sim.py]", "problem.x0=[1,2]", "stop.calls=12")
    first = zobench(*box, "method=one_plus_one", "seeds=1", "problem.workers=2")
    assert first.code == 0
    (path,) = (tmp_path / "runs").glob("*.npz")
    before = path.read_bytes()
    (tmp_path / "sim.py").write_text("print(2 * sum(float(word) ** 2 for word in input().split()))\n")
    os.utime(tmp_path / "sim.py", (1e9, 1e9))
    assert zobench(*box, "method=one_plus_one", "seeds=1", "problem.workers=2").code == 0
    assert path.read_bytes() != before
    (tmp_path / "ev" / "problem").mkdir(parents=True)
    text = "_target_: zobench.problems.black_boxes.command\nprogram: [touch, run]\nx0: [1.0]\n"
    (tmp_path / "ev" / "problem" / "ev.yaml").write_text(text)
    for more in ((), ("-m", "seed=0,1")):
        ended = zobench(
            "--config-dir", str(tmp_path / "ev"), *more, "problem=ev", "stop.calls=4", "method=one_plus_one"
        )
        assert ended.code == 2 and "problem.program: a config file may not name what is to be run" in ended.err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_box_that_raises_says_so_in_one_line_under_every_method(zobench, tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text(
        "def f(x):\n    if x[0] != 1:\n        raise OSError('no licence')\n    return 1.0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    box = ("problem=black_box", "problem.function._target_=broken.f", "problem.x0=[1,2,3]", "seeds=1", "step=0.1")
    for method in ("descent", "one_plus_one", "cma", "cobyqa"):
        ended = zobench(*box, f"method={method}", "stop.calls=60")
        assert ended.code == 1 and ended.err.count("OSError: no licence; at x = [") == 1
        assert all(len(line) < 200 for line in ended.err.splitlines()), ended.err


@pytest.mark.slow
def test_float64_reaches_the_box_from_any_thread_under_load(zobench, tmp_path, monkeypatch):
    """float64 is on for the command's thread alone, as it is outside the tests; 5 of 5, every method."""
    (tmp_path / "tank.py").write_text("def f(x):\n    assert x.dtype == 'float64'\n    return float((x**2).sum())\n")
    monkeypatch.syspath_prepend(tmp_path)
    box = ("problem=black_box", "problem.function._target_=tank.f", "problem.x0=[1,2,3]", "problem.f_star=0")
    jax.config.update("jax_enable_x64", False)
    try:
        for seed in range(5):
            methods = "method=one_plus_one,three_point,accelerated,random_pursuit,descent,cma"
            ended = zobench("-m", *box, "step=probe", f"seed={seed}", "seeds=5", "stop.calls=300", methods)
            assert (ended.code, "failed" in ended.err) == (0, False)
    finally:
        jax.config.update("jax_enable_x64", True)
