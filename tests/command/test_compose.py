"""A cell's config: the same as by Hydra's own sweeper, and no choice of groups is composed twice."""

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra

from zobench import build
from zobench.__main__ import main
from zobench.command import compose

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
