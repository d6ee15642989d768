"""A job's cfg: the same from our loader as from Hydra's own, and no choice of groups is composed twice."""

import pickle

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from zobench import build
from zobench.__main__ import main
from zobench.command import compose

SWEEPS = (
    "problem.dim=4,5 estimator=two_point,autodiff",
    "problem.dim=range(4,7) problem.spectrum=log_uniform,two_level ~estimator.q",
    "experiment=slowdown problem.dim=8 class=smooth,convex seeds=2",
    "problem=quadratic,welsch step=[theory,0.5],tuned stop.target=1e-2,1e-3",
    "problem=mds +problem.extra=1,2 ++problem.points=6",
    "estimator._target_=zobench.estimators.autodiff problem.dim=4,5",
    "estimator._target_=my.estimator estimator.m=3,4 trust=[my]",
    "method=random_pursuit method.eps=null,1e-3 hydra.output_subdir=.hydra hydra.job.chdir=false",
    "hydra/launcher=joblib hydra.launcher.n_jobs=2 hydra.job.config.override_dirname.exclude_keys=[seed] seed=0,1",
    "seed=0,1 hydra.job.env_copy=[PATH] hydra.sweep.subdir=${hydra.job.override_dirname}",
)


@pytest.mark.slow
@pytest.mark.parametrize("command", SWEEPS)
def test_a_job_has_the_cfg_that_hydra_would_give_it(command):
    with compose.session():
        overrides = compose.parse(command.split())
        cfg = compose.shared(overrides)
        jobs = [[*cell.overrides, "sweep=here"] for cell in compose.cells(overrides, cfg)]
        ours, hydras = pickle.loads(pickle.dumps(compose.loader(jobs, cfg))), GlobalHydra.instance().config_loader()
        assert len(jobs) > 1
        for job in jobs:
            cell, wanted = ours.load_sweep_config(cfg, job), hydras.load_sweep_config(cfg, job)
            assert cell == wanted and OmegaConf.to_yaml(cell) == OmegaConf.to_yaml(wanted)
            assert _about(cell) == _about(wanted)


def _about(node):
    """Flags, types and keys of a node and of all nodes in it, in order."""
    content = getattr(node, "_content", None)
    inside = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return vars(node._metadata), [_about(each) for each in inside]


def test_a_sweep_composes_each_choice_of_groups_once(tmp_path, monkeypatch):
    composed, load = [], ConfigLoaderImpl.load_configuration

    def counted(self, **asked):
        composed.append(asked["overrides"])
        return load(self, **asked)

    monkeypatch.setattr(ConfigLoaderImpl, "load_configuration", counted)
    monkeypatch.setattr(build, "run", lambda config, progress, *states: ({}, {}))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        main(["-m", "problem.dim=4,5", "estimator=autodiff,two_point"])
    assert exit.value.code == 0 and len(list(tmp_path.glob("runs/*.npz"))) == 4
    assert sorted(composed) == [[], ["estimator=autodiff"], ["estimator=two_point"]]
