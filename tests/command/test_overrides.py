"""Whatever a command is given: it runs, or says in one line why not and leaves nothing behind."""

import overrides
import pytest

from zobench import build, cell, factories, report
from zobench.derivatives import fits
from zobench.plan import check_cell, plan_cell

TINY = ["problem.dim=4", "seeds=2", "stop.gd_iterations=3", "step=0.1", "hydra/launcher=basic"]
KINDS = {  # a command: what its line says
    "runs_dir=nan": "runs_dir is the name of a folder",
    "runs_dir=[1,2]": "runs_dir is the name of a folder",
    "runs_dir=true": "runs_dir is the name of a folder",
    "runs_dir=null -m": "runs_dir is the name of a folder",
    "runs_dir=" + "x" * 300: "at most 255 bytes",
    "report_dir={} -m": "report_dir is the name of a folder",
    "study=gap": "study is null, or what an experiment gives",
    "study=nan": "study is null, or what an experiment gives",
    "study=1": "study is null, or what an experiment gives",
    "+study._target_=[] -m": "study is null, or what an experiment gives",
    "problem=0": "problem=0: the name of a choice; there are bbob, black_box",
    "experiment=8.0": "experiment=8.0: the name of a choice",
    "method=[[1]]": "method=[[1]]: the name of a choice",
    "class=[1,2]": "class=[1,2]: the name of a choice; there are convex",
    "problem=" + "a" * 5000: "File name too long",
    "stop.metric=${nope}": "stop.metric: Interpolation key 'nope' not found",
    "force=${oc.env:NOPE}": "force: ${oc.env:NOPE}: a config does not read the environment",
    "problem.spectrum=${oc.env:HOME}": "problem.spectrum: ${oc.env:HOME}: a config does not read the environment",
    "${oc.decode:1}": "not understood",
    "step=${oc.decode:'[1'}": "step",
    "seeds=" + "[" * 200 + "]" * 200: "seeds",
    "problem._target_=..": "problem._target_=..: no function; give module.function",
    "problem._target_=os.getcwd trust=[os]": "it gives a str, no Problem",
    "estimator._target_=zobench.problems.quadratics.quadratic": "it gives a Problem, no Estimator",
    "method._target_=zobench.problems.quadratics.quadratic": "method: it gives a Problem, no Method and no Solver",
    "method._target_=zobench.problems.wrappers.noisy": "method.problem: noisy needs it",
    "method=meazo": "step=theory: this method asks no estimator",
    "method=meazo step=1 method.beta=2": "method.beta=2: the share of the running mean",
    "method=svrg step=1 method.batches=0": "method.batches=0: ",
    "records=0": "records=0: records is a positive number",
    "records=-1": "records=-1: records is a positive number",
    "records=true": "records=true: records is a positive number",
    "records=.nan": "records=",
    "method._target_=optax.adam": "method.learning_rate: adam needs it",
    "optimizer._target_=zobench.optimizers.decaying optimizer._partial_=false": "_partial_=false: the cell calls",
    "problem._target_=zobench.problems.wrappers.noisy": "problem.problem: noisy needs it",
    "problem=noisy problem.problem=8": "problem.problem=8: problem is a Problem",
    "study={_target_:zobench.problems.quadratics.haar,n:2,seed:0}": "it gives a ndarray, no measurement",
    "force={}": "force is true or false",
    'force="8"': "force is true or false",
    "sweep=[nan]": "sweep is for zobench itself",
    "sweep=a": "sweep is for zobench itself",
    "report=*a": "report is null, sweep, an experiment",
    "report=float16": "add -m",
    "report=compare": "add -m",
    "hydra.launcher=False": "hydra.launcher",
    "hydra.launcher=null -m": "hydra.launcher",
    "+hydra.launcher.n_jobs=2 hydra/launcher=basic -m": "hydra.launcher.n_jobs: BasicLauncher takes nothing",
    "hydra.job_logging=1": "hydra.job_logging=1",
    "hydra.sweeper.params=3": "hydra.sweeper.params",
    "hydra.verbose=0 -m": "hydra.verbose=0",
    "hydra.verbose={1:2} -m": "hydra.verbose",
    "hydra.sweep.dir=/tmp": "zobench leaves hydra.sweep.dir as it is",
    "-m hydra/launcher=joblib hydra.launcher.mmap_mode=???": "hydra.launcher.mmap_mode=???",
    "-m hydra={callbacks:{}}": "zobench leaves hydra as it is",
    "-m hydra/launcher=joblib hydra.launcher.n_jobs=0 problem.dim=3": "hydra.launcher: n_jobs == 0",
    "-m hydra/launcher=joblib hydra.launcher.prefer=x problem.dim=3": "hydra.launcher: prefer=x",
    "+study._target_=${oc.env:NOPE}": "study._target_: ${oc.env:NOPE}: a config does not read the environment",
    "limit.seconds=-1": "limit.seconds=-1",
    "retry=2": "retry is true or false",
    "hydra.job.chdir=true": "cells run where the command is given",
    "hydra.job.env_copy=[NO_SUCH_VARIABLE]": "NO_SUCH_VARIABLE",
    "optimizer._partial_=999999999999999999999": "_partial_ is true or false",
    "problem.dim=1000000000000": "needs 64,000,000,000,000 bytes, there are",
    "-m problem.dim=4,1000000000000": "needs 64,000,000,000,000 bytes, there are",
    "++problem.1=2": "1",
    "report antigravity": "report antigravity: no records",
    "trust=[1]": "trust is a list of packages",
    "trust={a:1}": "trust is a list of packages",
    "trust=[../x]": "trust is a list of packages",
    "--run": "no such flag",
    "--experimental-rerun=x": "no such flag",
    "--cfg nope": "job, hydra, all",
    "--cfg job problem.dim=4,5": "one config is shown",
    "--resolve --cfg job stop.metric=${nope}": "stop.metric: Interpolation key 'nope' not found",
    "--config-dir": "no such folder",
}


@pytest.mark.parametrize("command", KINDS, ids=lambda command: command[:40])
def test_bad_input_is_one_line_and_leaves_nothing(zobench, tmp_path, command):
    code, out, err = zobench(*(part for part in command.split(" ") if part))
    assert (code, out, err.count("\n")) == (2, "", 1) and KINDS[command] in err, err
    assert not list(tmp_path.iterdir())


def test_a_year_is_a_name_of_a_folder(zobench, tmp_path, cells):
    assert zobench(*TINY, "runs_dir=2024")[0] == zobench("-m", *TINY, "runs_dir=7.10", "report_dir=2024")[0] == 0
    assert {file.parent.name for file in tmp_path.rglob("*.npz")} == {"2024", "7.10"}


def test_flags_and_overrides_come_in_any_order(zobench, tmp_path):
    (tmp_path / "ev" / "problem").mkdir(parents=True)
    (tmp_path / "ev" / "problem" / "nice.yaml").write_text("_target_: zobench.problems.quadratics.quadratic\ndim: 3\n")
    flags = (("--config-dir", "ev"), ("--cfg", "job"), ("problem=nice",), ("-p", "problem"))
    shown = [
        zobench(*(word for flag in order for word in flag)) for order in (flags, flags[::-1], flags[1:] + flags[:1])
    ]
    assert len({out for _, out, _ in shown}) == 1 and [code for code, *_ in shown] == [0, 0, 0]
    assert "dim: 3" in shown[0][1]


def test_a_size_is_held_to_the_memory_before_anything_is_made(monkeypatch):
    monkeypatch.setattr(fits, "available", lambda: 1e6)
    quadratic = {"_target_": "zobench.problems.quadratics.quadratic", "dim": 10_000}
    made = build.make("problem", quadratic)
    with pytest.raises(build.UsageError, match=r"n=10000, seeds=20: .* needs 3,840,000 bytes, there are 1,000,000"):
        factories.require_memory(made, {"seeds": 20})
    with pytest.raises(build.UsageError, match=r"problem\.dim=1000000: .* needs 64,000,000 bytes"):
        build.make("problem", quadratic | {"dim": 1_000_000})


@pytest.fixture
def cells(monkeypatch):
    """Cells are planned and traced, and not run."""

    def run_cell(problem, estimator, optimizer, method, settings, *progress, **more):
        check_cell(plan_cell(problem, estimator, optimizer, method, settings))
        return {}, {"n": problem.n, "calls": {}, "rules": {}, "compile_seconds": 0.0, "run_seconds": 0.0}

    made = build.study
    monkeypatch.setattr(cell, "run_cell", run_cell)
    monkeypatch.setattr(build, "study", lambda config: (made(config), lambda: ({}, {"n": 1, "rules": {}}))[1])
    monkeypatch.setattr(report, "draw", lambda *arguments: [])


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 400, 100))
def test_no_command_ends_in_anything_but_words(zobench, cells, tmp_path, start):
    for seed in range(start, start + 100):
        arguments = overrides.command(seed)
        code, out, err = zobench(*arguments)
        words = out.replace("\n", "") + err.replace("\n", "")
        assert words.isprintable(), arguments
        if code == 2:
            assert (out, err.count("\n")) == ("", 1) and not list(tmp_path.iterdir()), (arguments, err)
        else:
            assert code == 0 or (code == 1 and "zobench: failed: " in err), (arguments, code, err)
        for file in sorted(tmp_path.rglob("*"), reverse=True):  # the next one starts in an empty folder
            file.rmdir() if file.is_dir() else file.unlink()
