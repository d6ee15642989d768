"""A config is not a program: what it may call, and that what it may not call is not even imported."""

import subprocess
import sys

import pytest

from zobench import build, trust
from zobench.__main__ import main
from zobench.report import ratios

OWN = """
from pathlib import Path
from os import system
import jax.numpy as jnp
from zobench import Problem, two_point
Path("imported").touch()
def bowl(dim=3):
    return Problem(f=lambda x: jnp.sum(x**2), x0=jnp.ones(dim), f_star=0.0, L=2.0)
def box(x):
    return float((x**2).sum())
def study(n=1):
    return lambda: ({}, {"n": n})
"""
TINY = ["seeds=2", "stop.gd_iterations=3", "step=0.1", "hydra/launcher=basic"]
BOXED = """
_target_: zobench.problems.black_boxes.black_box
function: {_target_: MODULE.box, _partial_: true}
x0: [1.0, 2.0]
"""


@pytest.fixture
def own(tmp_path, monkeypatch, capsys, request):
    """Run a command where there is a module of one's own, and a folder `ev` of somebody's configs."""
    module = f"own_{abs(hash(request.node.name))}"
    (tmp_path / f"{module}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def run(*arguments, **configs):
        for place, text in configs.items():
            file = tmp_path / "ev" / f"{place.replace('__', '/')}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("MODULE", module))
        ev = ["--config-dir", "ev"] * bool(configs)
        with pytest.raises(SystemExit) as exit:
            main([*ev, *(argument.replace("MODULE", module) for argument in arguments)])
        return exit.value.code, capsys.readouterr().err, (tmp_path / "imported").exists()

    yield run
    trust.allow([])
    sys.modules.pop(module, None)


def refused(result, *words):
    code, err, imported = result
    assert code == 2 and err.count("\n") == 1 and all(word in err for word in words), err
    assert not imported


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("os.system", "trust=[os]"),
        ("subprocess.getoutput", "trust=[subprocess]"),
        ("builtins.eval", "trust=[builtins]"),
        ("rich.print", "trust=[rich]"),
        ("scipy.optimize.minimize", "trust=[scipy]"),
        ("zobench.build.import_module", "no factory of zobench"),
        ("zobench.command.job.job", "no factory of zobench"),
        ("zobench.trust.importlib.import_module", "no factory of zobench"),
        ("zobench.problems.os.system", "No module"),
        ("zobench.problems.classification.np", "a module, no function"),
        ("zobench.problems.black_boxes.partial", "no factory of zobench"),
        ("zobench.estimators._anything", "no factory of zobench"),
        ("optax.os.system", "No module"),
        ("optax._src.base.Any", "no factory of optax"),
        ("MODULE.__builtins__.eval", "give module.function"),
        ("no_such_module.f", "no module no_such_module"),
    ],
)
@pytest.mark.parametrize(
    "key", ["problem._target_=", "study={_target_:", "problem=black_box problem.function._target_="]
)
def test_a_target_that_is_nobodys_is_refused_typed_or_not(own, key, target, says):
    end = "}" * key.startswith("study")
    refused(own(*f"{key}{target}{end}".split()), says)
    if key.startswith("problem._"):
        refused(own("problem=nice", problem__nice=f"_target_: {target}\n"), says)


def test_ones_own_is_called_where_the_command_line_names_it(own):
    refused(own(*TINY, "problem=nice", problem__nice="_target_: MODULE.bowl\n"), "a config file may not", "trust=[own_")
    refused(own(*TINY, "problem=boxed", problem__boxed=BOXED), "problem.function._target_")
    refused(own(*TINY, "problem._target_=${x}", "+x=MODULE.bowl"), "no such key")
    assert own(*TINY, "problem._target_=MODULE.bowl") == (0, "", True)
    assert own(*TINY, "problem=nice", "trust=[MODULE]", problem__nice="_target_: MODULE.bowl\n")[0] == 0
    assert own(*TINY, "problem=nice", "trust=MODULE.bowl", problem__nice="_target_: MODULE.bowl\n")[0] == 0
    assert own("-m", *TINY, "study={_target_:MODULE.study},{_target_:MODULE.study,n:2}")[0] == 0


@pytest.mark.parametrize(
    "key", ["hydra.callbacks.x._target_", "hydra.job_logging.handlers.x.()", "hydra.launcher.x._target_"]
)
def test_hydra_calls_nothing_that_is_typed(own, key):
    refused(own("problem.dim=3", f"++{key}=MODULE.box"), "hydra.")


def test_an_attribute_of_ones_own_is_no_way_out(own):
    code, err, _ = own("problem._target_=MODULE.jnp.ones", "+problem.shape=2")
    assert code == 2 and "is not a package" in err


EXPERIMENT = "# @package _global_\n"
STRANGERS = {
    "what is swept": ("hydra: {sweeper: {params: {problem._target_: MODULE.bowl}}}", "a config file may not"),
    "the launcher, swept": ("hydra: {sweeper: {params: {hydra/launcher: 'joblib'}}}", "an experiment sweeps"),
    "trust, swept": ("hydra: {sweeper: {params: {trust: '[MODULE]'}}}", "an experiment sweeps"),
    "trust": ("trust: [MODULE]\nproblem: {_target_: MODULE.bowl}", "trust: it is for you to give"),
    "trust in a word": ("trust: MODULE", "trust: it is for you to give"),
    "a page": ("report: MODULE", "report=own_"),
    "a page of the standard library": ("report: antigravity", "report=antigravity"),
    "a callback": ("hydra: {callbacks: {x: {_target_: MODULE.box}}}", "may not set hydra.callbacks.x._target_"),
    "a logger": ("hydra: {job_logging: {handlers: {x: {(): MODULE.box}}}}", "may not set hydra.job_logging"),
    "shell commands": ("hydra: {launcher: {setup: [touch imported]}}", "Key 'setup' not in"),
    "the environment": ("hydra: {job: {env_set: {LD_PRELOAD: x}}}", "may not set hydra.job.env_set"),
    "where Hydra writes": ("hydra: {sweep: {dir: /tmp/elsewhere}}", "may not set hydra.sweep.dir"),
    "a secret": ("problem: {spectrum: '${oc.env:HOME}'}", "does not read the environment"),
    "a hidden secret": ("problem: {spectrum: \"${oc.decode:'${oc.env:HOME}'}\"}", "does not read the environment"),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_strangers_experiment_is_refused(own, tmp_path, kind):
    text, says = STRANGERS[kind]
    result = own("experiment=nice", *TINY, experiment__nice=EXPERIMENT + text)
    refused(result)
    assert any(word in result[1] for word in says.split("|")), result[1]
    assert {file.name for file in tmp_path.iterdir()} == {"ev", *(file.name for file in tmp_path.glob("own_*.py"))}


def test_a_strangers_group_is_no_way_to_hydra(own):
    refused(own("problem=nice", *TINY, problem__nice="# @package hydra.job\nenv_set: {A: b}\n"), "hydra.job.env_set")
    launcher = "_target_: hydra._internal.core_plugins.basic_launcher.BasicLauncher\n"
    refused(own("-m", *TINY[:3], "hydra/launcher=mine", hydra__launcher__mine=launcher), "trust=[hydra]")
    assert own("-m", *TINY[:3], "problem.dim=3", "hydra/launcher=mine", "trust=[hydra]")[0] == 2  # without --config-dir
    mine = {"hydra__launcher__mine": launcher}
    assert own("-m", *TINY[:3], "problem.dim=3", "hydra/launcher=mine", "trust=[hydra]", **mine)[0] == 0


def test_a_name_of_a_sweep_is_not_imported(own, tmp_path):
    """What somebody's store calls its sweeps."""
    (tmp_path / "runs" / "sweeps" / "antigravity-0123").mkdir(parents=True)
    code, err, _ = own("report", "antigravity")
    assert code == 2 and "report=antigravity: there are" in err and "antigravity" not in sys.modules


def test_a_folder_of_configs_is_not_imported(own):
    refused(own("hydra.searchpath=[pkg://MODULE]", "problem.dim=3"), "hydra.searchpath")


@pytest.mark.slow
def test_workers_decide_alike(tmp_path):
    """Two joblib workers: a function of one's own, named on the command line, and by a trusted config."""
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "ev" / "problem").mkdir(parents=True)
    (tmp_path / "ev" / "problem" / "nice.yaml").write_text("_target_: mine.bowl\ndim: 3\n")
    sweep = ["-m", *TINY[:3], "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "problem.dim=2,3"]
    run = [sys.executable, "-m", "zobench"]
    for own in (["problem._target_=mine.bowl"], ["--config-dir", "ev", "problem=nice", "trust=[mine]"]):
        done = subprocess.run(
            [*run, *sweep, *own, f"runs_dir=r{len(own)}"], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert len(list(tmp_path.glob(f"r{len(own)}/*.npz"))) == 2
    done = subprocess.run([*run, *sweep, *own[:-1]], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and "trust=[mine]" in done.stderr


def test_a_strangers_record_names_nothing_to_call(monkeypatch):
    """Pages make the problem of a record again, to know the exact mean."""
    trust.allow([])
    ran = []
    monkeypatch.setattr("os.system", ran.append)
    problem = (("_target_", "os.system"), ("command", "touch x"))
    with pytest.raises(build.UsageError, match=r"problem\._target_=os\.system"):
        ratios.known(problem, (("_target_", "zobench.estimators.autodiff"),), 0.1)
    assert not ran
