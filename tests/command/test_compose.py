"""A cell's config: the same as by Hydra's own sweeper, and no choice of groups is composed twice."""

import overrides
import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra

from zobench import build
from zobench.__main__ import main
from zobench.command import alike, compose
from zobench.errors import UsageError

SWEEPS = (
    "problem.dim=4,5 estimator=two_point,autodiff",
    "problem.dim=range(4,7) problem.spectrum=log_uniform,two_level ~estimator.q",
    "class=smooth,convex problem.dim=8 seeds=2",
    "problem=quadratic,welsch step=[theory,0.5],tuned stop.target=1e-2,1e-3",
    "problem=mds +problem.extra=1,2 ++problem.points=6",
    "estimator._target_=zobench.estimators.autodiff problem.dim=4,5",
    "estimator._target_=my.estimator estimator.m=3,4 trust=[my]",
    "method=random_pursuit method.eps=null,1e-3 hydra.job.chdir=false",
)


@pytest.mark.slow
@pytest.mark.parametrize("command", SWEEPS)
def test_a_cell_has_the_config_that_hydra_would_give_it(command):
    with compose.session():
        overrides = compose.parse(command.split())
        cfg = compose.shared(overrides)
        configs = [cell.config for cell in compose.cells(overrides, cfg)]
        own = [override for override in overrides if not override.is_hydra_override()]
        jobs = BasicSweeper.split_arguments(own, None)[0]
        hydras = GlobalHydra.instance().config_loader()
        lines = [[str(each.input_line) for each in compose._replaced(compose.parse(job))] for job in jobs]
        assert len(jobs) > 1
        assert configs == [build.numeric(hydras.load_sweep_config(cfg, line)) for line in lines]


SETS = {  # commands, and how many of their cells are composed; the others are a composed one with some values set
    "problem.dim=4,5,6 problem.seed=0,1 seeds=2": 1,
    "problem=quadratic,welsch,mds,logistic seed=range(0,4) stop.target=1e-2,1e-3": 4,
    "estimator=two_point,finite_difference estimator.eps=1e-3,1e-4,null": 2,
    "optimizer=gd,adam,momentum problem.mu=0.1,1": 3,
    "problem.mu=nan,0.1,1": 3,  # nan is not even to itself
    "method=random_pursuit,three_point,cma seeds=1,2 step=theory,0.5,[theory,0.1]": 6,
    "class=smooth,convex,strongly_convex problem.dim=8,9 dtype=float32,float64": 3,
    "problem.spectrum=log_uniform,'two_level',power problem.rotated=true,false problem.mu=1,1.0,1e-2": 1,
    "tuning.tries=3,4 step=tuned stop.calls=null,10 stop.metric=gap,gradient layout=auto,together": 1,
    "problem.dim=4,5 problem.points=7 problem=mds ++problem.dim=6": None,
    "problem.dim=4,5 problem.seed=\\${problem.dim}": 2,
    "problem.dim=4,${seeds},5": None,
    "stop.target=1e-2,[1e-2,1e-3] stop.relative_to=unit": 2,
    "+problem.extra.a=1,2 problem.dim=3,4 ++problem.extra={a:1}": None,
    "++problem.extra={a:{b:1}} problem.extra.a.b=1,2": 2,
    "problem._target_=my.problem problem.dim=3,4 trust=[my]": 1,
    "problem=black_box problem.function=my.f problem.x0=[1,1],[2,2] seed=1,2 trust=[my]": None,
    "seed=1,1,2 int(8)": None,
    "problem.dim=int(4),int(5) problem.seed=sort(2,1)": None,
    "~estimator.q problem.dim=4,5": 1,
}


def _found(command):
    """The cells of a command, or what it is refused with."""
    with compose.session():
        try:
            overrides = compose.parse(command.split())
            return compose.cells(overrides, compose.shared(overrides))
        except UsageError as error:
            return str(error)


@pytest.mark.slow
@pytest.mark.parametrize("command", [*SETS, *(" ".join(overrides.sweep(seed)) for seed in range(12))])
def test_a_value_that_is_set_is_the_one_that_is_composed(command, monkeypatch):
    composed, plainly = [], compose._cfg
    monkeypatch.setattr(compose, "_cfg", lambda *asked, **how: composed.append(asked) or plainly(*asked, **how))
    found = _found(command)
    if SETS.get(command):
        assert len(composed) == 1 + SETS[command], found  # what the cells share is composed besides
    monkeypatch.setattr(alike, "model", lambda *asked: None)
    assert repr(found) == repr(_found(command))  # and of the same types


def test_a_sweep_composes_each_choice_of_groups_once(tmp_path, monkeypatch):
    composed, load = [], ConfigLoaderImpl.load_configuration

    def counted(self, **asked):
        composed.append(asked["overrides"])
        return load(self, **asked)

    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", counted)
    monkeypatch.setattr(build, "run", lambda *arguments: ({}, {}))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        main(["-m", "problem.dim=4,5", "estimator=autodiff,two_point"])
    assert exit.value.code == 0 and len(list(tmp_path.glob("runs/*.npz"))) == 4
    assert sorted(composed) == [[], ["estimator=autodiff"], ["estimator=two_point"]]
