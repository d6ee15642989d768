"""The command: refusals in one line, one record a cell, sweeps that finish what is missing."""

import os
import signal
import subprocess
import sys
import time
import typing
from importlib.resources import files
from inspect import signature
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np
import pytest
from omegaconf import OmegaConf

from zobench import annotations, build, code, factories, reads, report, store, sweeps
from zobench.__main__ import main
from zobench.command import compose, terminal

CONF = Path(str(files("zobench.conf")))
SMALL = ["problem=quadratic", "problem.dim=4", "problem.spectrum=two_level", "estimator=autodiff"]


@pytest.fixture
def ran(monkeypatch):
    """Cells that ran, in order; none of them computes anything."""
    configs = []

    def run(config, progress, states=None):
        configs.append(config)
        progress("theory", 3, 10)
        meta = {"n": 4, "calls": {"value": 2, "jvp": 0, "grad": 0}, "compile_seconds": 0.1, "run_seconds": 0.2}
        rules = {"theory": {"step": 0.5, "run_seconds": 0.2, "steps_run": 6, "cap": 10}}
        arrays = {"theory/hits": np.array([3.0, np.inf]), "theory/outcome": np.array(["reached", "diverged"])}
        return arrays, {**meta, "rules": rules}

    monkeypatch.setattr(build, "run", run)
    return configs


REFUSED = {
    "problem=typo": ("problem=typo", "quadratic", "welsch"),
    "estimator.eps=abc": ("estimator.eps=abc", "number"),
    "estimator.eps=-1": ("eps=-1", "positive"),
    "estimator.eps=1e-30": ("1e-30", "rounding floor"),
    "estimator.quotient=sideways": ("estimator.quotient=sideways", "central", "forward"),
    "problem.dim=0": ("problem.dim=0", "at least"),
    "problem.dim=8.5": ("problem.dim=8.5", "whole number"),
    "problem=mds problem.points=999": ("points=999", "34"),
    "foo=1": ("foo=1", "no such key", "problem"),
    "dim=8": ("dim=8", "did you mean problem.dim?"),
    "problem.dimm=8": ("problem.dimm=8", "did you mean problem.dim?"),
    "+nope=1": ("nope", "no such key"),
    "+stop.nope=1": ("stop.nope", "metric"),
    "~seeds": ("seeds", "needs"),
    "stop=3": ("stop", "needs"),
    "step=fast": ("step=fast", "theory", "tuned"),
    "step=-1": ("step=-1", "positive number"),
    "stop.metric=x": ("stop.metric=x", "gap", "distance"),
    "seeds=0": ("seeds=0", "whole number"),
    "seeds=[1": ("seeds=[1", "key=value"),
    "dtype=int8": ("dtype=int8", "float32"),
    "problem.dim=8,16": ("problem.dim=8,16", "add -m"),
    "estimator._target_=no.where": ("estimator._target_=no.where", "module.function"),
    "optimizer._target_=optax.lbfgs": ("optimizer: ", "value_fn", "optimizer=gd"),
    "optimizer._target_=optax.polyak_sgd": ("optimizer._target_=optax.polyak_sgd", "made of f(x)"),
    "optimizer._target_=optax.contrib.schedule_free": ("optimizer.base_optimizer", "needs it"),
    "optimizer=adam +optimizer.learning_rate=0.1": ("optimizer.learning_rate=0.1", "use step=0.1"),
    "runs_dir=file/x": ("runs_dir=file/x", "is no folder"),
    "report_dir=file/x": ("report_dir=file/x", "is no folder"),
    "experiment=typo": ("experiment=typo", "slowdown", "mds"),
    "experiment=slowdown report_dir=file/x": ("report_dir=file/x", "is no folder"),
    "experiment=slowdown report=typo": ("report=typo", "slowdown"),
    "experiment=slowdown problem.nope=1": ("problem.nope=1", "no such key"),
    "experiment=slowdown,mds": ("experiment=slowdown,mds", "one experiment"),
    "-m hydra/launcher=typo": ("hydra/launcher=typo", "joblib"),
    "-m class=smooth,nope": ("class=nope", "convex"),
    "-m problem=mds problem.points=6,999": ("points=999", "34"),
    "-m step=theory,fast": ("step=fast", "tuned"),
    "method=random_pursuit method.eps=-1": ("eps=-1", "positive"),
    "-m problem.dim=glob(*)": ("problem.dim=glob(*)", "nothing"),
    "--config-dir nowhere problem=mine": ("nowhere", "no such folder"),
    "--multirun=problem.dim=8,16": ("--multirun=problem.dim=8,16", "write -m problem.dim=8,16"),
    "report": ("zobench report slowdown",),
    "report runs_dir=nowhere": ("runs_dir=nowhere", "no folder"),
    "report claims runs_dir=file": ("runs_dir=file", "no folder"),
    "report slowdown": ("slowdown", "no records", "experiment=slowdown"),
}


@pytest.mark.parametrize("command", REFUSED)
def test_a_mistake_is_one_line_and_leaves_nothing(zobench, tmp_path, command):
    (tmp_path / "file").touch()
    result = zobench(*command.split())
    assert result.code == 2 and result.out == ""
    assert len(result.err.splitlines()) == 1 and all(word in result.err for word in REFUSED[command]), result.err
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("-m optimizer._target_=optax.adam,optax.contrib.momo", "the rule needs value besides"),
        ("-m estimator.eps=1e-3,1e-30", "rounding floor"),
        ("-m method=random_pursuit method.eps=null,-1", "positive"),
    ],
)
def test_a_cell_that_cannot_run_is_left_out_by_name_and_the_others_run(zobench, tmp_path, command, said):
    result = zobench(*command.split(), "problem.dim=4", "seeds=1", "stop.gd_iterations=1", "report=null")
    assert result.code == 0 and "zobench: left out: " in result.err and said in result.err
    assert result.err.count("left out") == 1 and len(list(tmp_path.glob("runs/*.npz"))) == 2
    again = zobench("report", "sweep")
    assert again.code == 0 and "1 of 2 cells is left out: " in again.out and "to run it" not in again.out
    status = zobench("status")
    assert status.code == 0 and "1 done, 1 left out" in status.out and "to go on" not in status.out


def test_full_error_shows_the_traceback(zobench, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(build.UsageError):
        main(["problem=typo"])


def test_help_and_version(zobench):
    assert zobench("--help").out == zobench().out
    assert "zobench experiment=slowdown" in zobench("--help").out and "two_point" in zobench("--help").out
    assert zobench("--version").out.startswith("zobench ")
    assert "spectrum: log_uniform" in zobench("--cfg", "job").out


def test_a_cell_has_one_record_and_runs_once(zobench, ran, tmp_path):
    first, again, forced = zobench(*SMALL), zobench(*SMALL), zobench(*SMALL, "force=true")
    assert (first.code, again.code, forced.code) == (0, 0, 0) and first.out == again.out
    assert len(ran) == 2 and len(list(tmp_path.rglob("*.npz"))) == 1
    assert "theory" in first.out and "1 of 2, 1 diverged" in first.out and "6 values" in first.out
    assert {file.parent.name for file in tmp_path.rglob("*") if file.is_file()} == {"runs"}
    meta = store.read_meta(next(tmp_path.rglob("*.npz")))
    assert meta and meta["status"] == "ok" and meta["config"]["step"] == ["theory"] and "jax" in meta["versions"]


def test_a_real_cell(zobench, tmp_path):
    result = zobench(*SMALL, "step=[theory,0.5]", "dtype=float32")
    record = store.read(next(tmp_path.rglob("*.npz")))
    assert result.code == 0 and record and record.arrays["theory/outcome"].tolist() == ["reached"]
    assert record.meta["rules"].keys() == {"theory", "0.5"}


@pytest.mark.parametrize(("calls", "said"), [({"value": 2}, "40 values asked"), ({"value": 1}, "20 values asked")])
def test_without_a_target_a_row_says_what_was_asked_and_not_the_iterations(calls, said):
    about = {"rules": {"0.1": {"step": 0.1, "run_seconds": 0.0}}, "n": 3, "compile_seconds": 0.0, "target": -np.inf}
    arrays = {"0.1/k": [0, 20], "0.1/hits": [np.inf], "0.1/outcome": ["not reached"]}
    made = store.Record({k: np.array(v) for k, v in arrays.items()}, {"status": "ok", "calls": calls, **about})
    assert said in terminal.rows(made)[0]


@pytest.mark.parametrize(
    ("error", "code", "records"), [(ValueError, 2, 0), (TypeError, 1, 1), (KeyboardInterrupt, 130, 0)]
)
def test_a_cell_that_cannot_run(zobench, ran, monkeypatch, tmp_path, error, code, records):
    monkeypatch.setattr(build, "run", _raise(error("no such thing")))
    result = zobench(*SMALL)
    assert result.code == code and len(result.err.splitlines()) == 1
    assert len([file for file in tmp_path.rglob("*") if file.is_file()]) == records
    if records:
        meta = store.read_meta(next(tmp_path.rglob("*.npz")))
        assert meta and (meta["status"], meta["reason"]) == ("failed", "TypeError: no such thing")


def test_a_failed_cell_costs_only_itself_and_runs_again(zobench, ran, monkeypatch, tmp_path):
    sweep = ("-m", *SMALL, "problem.dim=4,5,6")
    good = build.run
    monkeypatch.setattr(build, "run", lambda config, progress, states: _fail_at(5, good, config, progress))
    result = zobench(*sweep)
    assert result.code == 1 and "dim=5: RuntimeError: five" in result.err and "failed" in result.out
    monkeypatch.setattr(build, "run", good)
    assert zobench(*sweep).code == 0
    assert [config["problem"]["dim"] for config in ran] == [4, 6, 5]


def test_a_sweep_without_missing_cells_leaves_the_configs_of_all(zobench, ran, tmp_path):
    """The same command beside it may be running them, by force."""
    for _ in range(2):
        assert zobench("-m", *SMALL, "problem.dim=4,5", "report=null").code == 0
        ((_, (sweep,)),) = sweeps.sweeps(tmp_path / "runs").items()
        assert sweep.configs().keys() == {*sweep.members()} and len(sweep.members()) == 2


@pytest.mark.slow
def test_command_line_wins_over_the_experiment_and_class_sets_problem_and_stop(zobench):
    with compose.session():
        overrides = compose.parse(["experiment=slowdown", "problem.dim=8,16", "seeds=4"])
        cfg = compose.shared(overrides)
        cells = compose.cells(overrides, cfg)
    assert (cfg.report, cfg.report_dir) == ("slowdown", "reports/slowdown")
    assert "joblib" in cfg.hydra.launcher._target_
    assert len(cells) == len({cell.key for cell in cells}) == 2 * 3 * 3
    assert {cell.config["seeds"] for cell in cells} == {4}
    assert [cell.config["problem"]["dim"] for cell in cells] == [8] * 9 + [16] * 9
    columns = {(cell.label.split()[1], cell.config["stop"]["metric"]) for cell in cells}
    assert columns == {("smooth", "gradient"), ("convex", "gap"), ("strongly_convex", "distance")}
    targets = {cell.config["problem"]["_target_"].rpartition(".")[2] for cell in cells if "smooth" in cell.label}
    assert targets == {"welsch"}


@pytest.mark.slow
def test_experiments_compose_as_they_stand():
    for name, rows in (("slowdown", 3 * 3), ("mds", 3)):
        with compose.session():
            overrides = compose.parse([f"experiment={name}"])
            cells = compose.cells(overrides, compose.shared(overrides))
        sizes = [cell.config["problem"].get("dim", cell.config["problem"].get("points")) for cell in cells]
        assert len(cells) == rows * len(set(sizes)) and sizes == sorted(sizes, reverse=True)  # the longest start first


@pytest.mark.slow
def test_an_experiment_that_has_ended_is_not_composed_again(zobench, ran, monkeypatch, tmp_path):
    drawn = []
    monkeypatch.setattr(report, "draw", lambda *arguments: drawn.append(arguments[:3]) or [])
    quick = ("experiment=slowdown", "problem.dim=8,4", "hydra/launcher=basic")
    assert zobench(*quick).code == 0
    monkeypatch.setattr(compose, "cells", _raise(AssertionError("composed")))
    again = zobench(*quick, "report_dir=elsewhere")
    assert again.code == 0 and len(ran) == 18 and "report: elsewhere" in again.out
    assert zobench("report", "slowdown").code == 0
    name, cells, _ = drawn[0]
    assert name == "slowdown" and [drawn[i][1] for i in (1, 2)] == [cells, cells]
    assert [folder for *_, folder in drawn] == [Path("reports/slowdown"), Path("elsewhere"), Path("reports/slowdown")]
    dims = [(store.read_meta(path) or {})["config"]["problem"]["dim"] for _, path in cells]
    assert dims == [8] * 9 + [4] * 9
    assert "there: slowdown (18 cells)" in zobench("report", "typo").err


def test_own_problems_come_by_config_dir(zobench, ran, tmp_path):
    (tmp_path / "my" / "problem").mkdir(parents=True)
    (tmp_path / "my" / "problem" / "mine.yaml").write_text("_target_: zobench.problems.quadratics.quadratic\ndim: 3\n")
    assert zobench("--config-dir", "my", "problem=mine").code == 0
    assert zobench("-m", "--config-dir=my", "problem=mine,welsch").code == 0
    assert [config["problem"]["dim"] for config in ran] == [3, 64]


def test_a_problem_may_be_made_of_another():
    inner = {"_target_": "zobench.problems.quadratics.quadratic", "dim": 3}
    outer = {"_target_": "zobench.problems.wrappers.noisy", "problem": inner, "sigma": 0.1}
    problem = build.make("problem", outer)
    assert problem.n == 3 and problem.F is not None
    with pytest.raises(build.UsageError, match=r"problem\.problem\.dim=0"):
        build.make("problem", outer | {"problem": inner | {"dim": 0}})


def test_python_m_is_the_same_command_and_refuses_without_jax(tmp_path):
    command = [sys.executable, "-X", "importtime", "-m", "zobench", "problem=typo"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    modules = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert result.returncode == 2 and "zobench: problem=typo" in result.stderr
    assert "hydra" in modules and "jax" not in modules


@pytest.mark.slow
def test_a_killed_sweep_finishes_with_the_same_bytes(zobench, tmp_path):
    sweep = ["-m", *SMALL, "estimator=autodiff,two_point", "problem.dim=4,5,6", "seeds=2", "stop.gd_iterations=30"]
    command = [sys.executable, "-m", "zobench", *sweep, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    killed = subprocess.Popen(
        [*command, "runs_dir=killed"], cwd=tmp_path, stderr=subprocess.DEVNULL, start_new_session=True
    )
    while killed.poll() is None and not list(tmp_path.glob("killed/*.npz")):
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("killed/*.npz")}
    assert 0 < len(before) < 6
    assert zobench(*sweep, "runs_dir=killed").code == zobench(*sweep, "runs_dir=whole").code == 0
    assert before.items() <= {path: path.stat().st_mtime_ns for path in tmp_path.glob("killed/*.npz")}.items()
    whole = sorted(tmp_path.glob("whole/*.npz"))
    assert len(whole) == 6
    for path in whole:
        one, other = store.read(path), store.read(tmp_path / "killed" / path.name)
        assert one and other and one.arrays.keys() == other.arrays.keys()
        assert all(one.arrays[name].tobytes() == other.arrays[name].tobytes() for name in one.arrays)


@pytest.mark.parametrize(
    "path",
    [path for group in build.FACTORIES for path in sorted(CONF.glob(f"{group}/*.yaml"))],
    ids=lambda path: path.stem,
)
def test_a_config_has_the_arguments_of_its_factory(path):
    values: Any = OmegaConf.to_container(OmegaConf.load(path))
    factory = build.factory(path.parent.name, values)
    nested = [entry for entry in values.pop("defaults", []) if isinstance(entry, dict)]  # {/problem@problem: quadratic}
    inner = {group.partition("@")[2]: choice for entry in nested for group, choice in entry.items()}
    files = {name: OmegaConf.to_container(OmegaConf.load(CONF / name / f"{file}.yaml")) for name, file in inner.items()}
    arguments = factories.arguments(path.parent.name, {**files, **values})
    build.check_arguments(path.parent.name, factory, arguments)
    if not values.get("_partial_"):
        assert list(arguments) == list(signature(factory).parameters)


@pytest.mark.parametrize(
    ("value", "hint", "fit"),
    [
        (8, int, True), (8.0, int, False), (True, int, False), (8, float, True), ("8", float, False),
        (None, float | None, True), (0.1, float | None, True), ("a", str, True), (1, object, True),
        ("a", Literal["a", "b"], True), ("c", Literal["a", "b"], False),
        ([1, 2], list[int], True), ([1, "a"], list[int], False), (1, list[int], False),
    ],
)  # fmt: skip
def test_values_are_held_to_annotations(value, hint, fit):
    assert annotations.fits(value, hint) is fit


def test_an_annotation_that_does_not_resolve_accepts_anything():
    """Those beside it hold; a list of anything is a list."""

    def factory(mask, b1: "float", points: list[int], names: typing.List, anything=None): ...  # noqa: UP006

    factory.__annotations__["mask"] = "NoSuchName | None"
    given = {"mask": "abc", "b1": 0.9, "points": [1, 2], "names": [1, "a"], "anything": 1}
    build.check_arguments("optimizer", factory, given)
    wrong = (("b1", "abc", "b1 is a number"), ("points", 3, r"points is a list \[a whole number, ...\]"))
    for name, value, says in wrong:
        with pytest.raises(build.UsageError, match=f"{name}={value}: {says}$"):
            build.check_arguments("optimizer", factory, {name: value})


def _raise(error):
    def run(*arguments):
        raise error

    return run


def _fail_at(dim, good, config, progress):
    if config["problem"]["dim"] == dim:
        raise RuntimeError("five")
    return good(config, progress)


def test_a_black_box_that_raises_midway_is_told_and_what_it_did_is_kept(zobench, tmp_path, monkeypatch):
    (tmp_path / "plant.py").write_text(
        "calls = []\n"
        "def f(x):\n"
        "    calls.append(1)\n"
        "    if len(calls) > 60:\n"
        "        raise RuntimeError('sensor lost')\n"
        "    return float((x**2).sum())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    box = ("problem=black_box", "problem.function._target_=plant.f", "problem.x0=[1,2,3]", "problem.f_star=0")
    ended = zobench(*box, "problem.L=2", "seeds=2", "stop.target=1e-9")
    assert ended.code == 1
    assert ended.err.count("\n") == 1 and "f raised RuntimeError: sensor lost; at x = [" in ended.err
    (path,) = tmp_path.rglob("*.npz")
    record = store.read(path)
    assert record is not None and record.meta["status"] == "failed"
    assert record.arrays["theory/gap"].shape[1] > 5 and np.isfinite(record.arrays["theory/gap"]).all()


@pytest.mark.slow
def test_a_black_box_runs_in_float64_whatever_asks_it(zobench, tmp_path, monkeypatch):
    """Many runs of several methods; float64 is on for the command's thread alone, as it is outside the tests."""
    (tmp_path / "tank.py").write_text("def f(x):\n    assert x.dtype == 'float64'\n    return float((x**2).sum())\n")
    monkeypatch.syspath_prepend(tmp_path)
    box = ("problem=black_box", "problem.function._target_=tank.f", "problem.x0=[1,2,3]", "problem.f_star=0")
    jax.config.update("jax_enable_x64", False)
    try:
        methods = "method=one_plus_one,three_point,descent"
        ended = zobench("-m", *box, "step=0.1", "seeds=20", "stop.calls=60", methods)
    finally:
        jax.config.update("jax_enable_x64", True)
    assert (ended.code, "failed" in ended.err) == (0, False)


OWN = """
import functools
import jax.numpy as jnp
import numpy as np
from zobench.types import Problem

table = functools.cache(lambda: np.load("data.npy"))

def problem(dim=2):
    data = table()
    return Problem(f=lambda x: jnp.sum((x - data) ** 2), x0=jnp.zeros(2), f_star=0.0, L=2.0)

def box(x):
    return float(((x - np.load("data.npy")) ** 2).sum())

def study(dim=1):
    data = table()
    return lambda: ({}, {"sum": float(data.sum()) * dim})
"""


@pytest.mark.parametrize(
    "command",
    [
        "problem._target_=MODULE.problem estimator=autodiff",
        "-m problem._target_=MODULE.problem estimator=autodiff problem.dim=1,2",
        "problem=black_box problem.function._target_=MODULE.box problem.f_star=0 problem.L=2",
        "-m study={_target_:MODULE.study,dim:1},{_target_:MODULE.study,dim:2}",
    ],
    ids=["cell", "sweep, read once", "black box", "study"],
)
def test_a_cell_runs_again_when_a_file_that_it_read_has_changed(zobench, tmp_path, monkeypatch, command):
    module = f"own_{abs(hash(command))}"
    (tmp_path / f"{module}.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(reads, "_seen", {})  # another command is another process
    monkeypatch.setattr(reads, "_imported", set())

    def records(*numbers):
        np.save("data.npy", np.array(numbers))
        os.utime("data.npy", (1, sum(numbers)))
        sys.modules.pop(module, None)  # as another process would find it
        arguments = [*command.replace("MODULE", module).split(), "seeds=2", "stop.gd_iterations=3"]
        assert zobench(*arguments).code == 0
        return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.glob("runs/*.npz")}

    first, same, other = records(1.0, 2.0), records(1.0, 2.0), records(1.0, 3.0)
    assert same == first and len(first) == len(other) == (2 if "-m" in command else 1)
    assert other.keys() == first.keys() and all(other[name] != first[name] for name in first)
    read = [(store.read_meta(path) or {})["files"].keys() for path in tmp_path.glob("runs/*.npz")]
    assert read == [{"data.npy"}] * len(first)


INDIRECT = """
import importlib
import jax.numpy as jnp
from zobench.types import Problem
import NAME_near

def problem():
    far = importlib.import_module("NAME" + "_far").FACTOR
    scale = NAME_near.scale() * far
    return Problem(f=lambda x: scale * jnp.sum(x**2), x0=jnp.ones(2), f_star=0.0, L=8.0)
"""


def test_a_cell_runs_again_when_a_module_that_its_own_imports_has_changed(zobench, tmp_path, monkeypatch):
    """However far away: imported by what it imports, or by a name that is made as it runs; or what that reads."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    files = {
        "own_i.py": INDIRECT.replace("NAME", "own_i"),
        "own_i_near.py": "from own_i_leaf import LEAF, DATA\ndef scale(): return LEAF * DATA\n",
        "own_i_leaf.py": "import numpy as np\nLEAF = 1.0\nDATA = float(np.loadtxt('own_i.csv'))\n",
        "own_i_far.py": "FACTOR = 1.0\n",
        "own_i.csv": "1.0\n",
    }

    def first_value(changes):
        for name, text in (files | changes).items():
            (tmp_path / name).write_text(text)
            os.utime(tmp_path / name, (1, 1 + len(text) + 100 * (name in changes)))
        for name in files:
            sys.modules.pop(name.removesuffix(".py"), None)  # as another process would find them
        code.clear_code_hashes()
        monkeypatch.setattr(reads, "_seen", {})
        monkeypatch.setattr(reads, "_imported", set())
        assert zobench("problem._target_=own_i.problem", "seeds=1", "stop.calls=8").code == 0
        latest = max(tmp_path.glob("runs/*.npz"), key=lambda path: path.stat().st_mtime_ns)
        record = store.read(latest)
        assert record is not None
        return float(record.arrays["theory/gap"][0, 0])

    assert first_value({}) == 2
    assert first_value({"own_i_leaf.py": files["own_i_leaf.py"].replace("LEAF = 1.0", "LEAF = 2.0")}) == 4
    assert first_value({"own_i_far.py": "FACTOR = 3.0\n"}) == 6
    assert first_value({"own_i.csv": "4.0\n"}) == 8
