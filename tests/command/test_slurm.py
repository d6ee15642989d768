"""Sweeps on a real Slurm: the same bytes as elsewhere, and what dies, is cancelled or is left behind is made good."""

import signal
import subprocess
import time
from importlib.util import find_spec

import pytest
import slurm
from sweeping import arrays, assert_same, finish, starter, until

from zobench import store
from zobench.command.slurm import jobs_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(slurm.missing()), reason=slurm.missing()),
    pytest.mark.skipif(not find_spec("submitit"), reason='no submitit: pip install "zobench[slurm]"'),
]

BOX = """
import os, time

def slow(x):
    task = os.environ.get("SLURM_ARRAY_TASK_ID")
    if task is not None and not os.path.exists(f"{os.environ['SLURM_ARRAY_JOB_ID']}_{task}.ran"):
        open(f"{os.environ['SLURM_ARRAY_JOB_ID']}_{task}.ran", "w").close()
    time.sleep(0.04 if task is not None else 0.0)
    return float((x * x).sum())

def stuck(x):
    while "SLURM_JOB_ID" in os.environ:
        time.sleep(0.1)
    return float((x * x).sum())
"""
SWEEP = ("-m", "problem=black_box", "problem.x0=[1,2,3]", "problem.f_star=0", "problem.L=2",
         "problem.function._target_=box.slow", "seeds=2", "stop.gd_iterations=40",
         "stop.target=1e-9")  # fmt: skip
SLURM = "hydra/launcher=slurm"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with slurm.cluster(tmp_path_factory.mktemp("slurm")) as env:
        yield env


@pytest.fixture
def start(cluster, tmp_path):
    (tmp_path / "box.py").write_text(BOX)
    with starter(tmp_path, cluster) as begin:
        yield begin


def queue(env, *more):
    asked = ["squeue", "--noheader", "--array", "--format=%i", *more]
    return subprocess.run(asked, env=env, capture_output=True, text=True, check=True).stdout.split()


def statuses(folder):
    """What became of all cells: ok, failed, or how they died."""
    metas = [store.read_meta(file) or {} for file in (folder / "runs").glob("*.npz")]
    return sorted(meta.get("died") or meta["status"] for meta in metas)


def test_the_same_bytes_as_on_one_machine_in_arrays_as_long_as_the_cluster_takes(start, tmp_path):
    cells = ("-m", "problem.dim=8", "seeds=2", "stop.gd_iterations=20", "seed=range(8)")
    finish(start(*cells, SLURM, "runs_dir=there"), 0)
    finish(start(*cells, "hydra/launcher=basic", "runs_dir=here"), 0)
    assert len(arrays(tmp_path / "here")) == 8  # more than MaxArraySize
    assert_same(arrays(tmp_path / "here"), arrays(tmp_path / "there"))
    assert not [*(tmp_path / "there").rglob("*.pkl")]


def test_a_task_that_dies_costs_its_cell_and_is_named_in_seconds_without_accounting(start, cluster, tmp_path):
    sweep = start(*SWEEP, "seed=1,2,3", SLURM)
    until(lambda: len([*tmp_path.glob("*_*.ran")]) == 2)
    task = next(name for name in queue(cluster, "--states=RUNNING") if name.endswith("_0"))
    subprocess.run(["scancel", "--signal=KILL", task], env=cluster, check=True)
    _, err = finish(sweep, 1)
    assert "failed: seed=1: " in err and f"task {task} ended without a record, CANCELLED" in err
    assert statuses(tmp_path) == ["killed", "ok", "ok"]
    finish(start(*SWEEP, "seed=1,2,3", SLURM), 0)
    assert statuses(tmp_path) == ["ok", "ok", "ok"]


def test_ctrl_c_cancels_the_array_and_the_same_command_finishes(start, cluster, tmp_path):
    sweep = start(*SWEEP, "seed=1,2,3,4", SLURM)
    until(lambda: [*tmp_path.glob("*_*.ran")])
    sweep.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, err = finish(sweep, 130)
    assert time.monotonic() - began < 9 and "run the same command again" in err
    until(lambda: not queue(cluster), 10)
    finish(start(*SWEEP, "seed=1,2,3,4", SLURM), 0)
    assert len(arrays(tmp_path / "runs")) == 4


@pytest.mark.parametrize("launcher", [SLURM, "hydra/launcher=basic"])
def test_what_a_killed_command_left_in_the_queue_is_waited_for_and_not_run_twice(start, cluster, tmp_path, launcher):
    sweep = start(*SWEEP, "seed=1,2,3,4", SLURM)
    until(lambda: [*tmp_path.glob("*_*.ran")])
    sweep.kill()
    sweep.wait()
    left = len(queue(cluster))
    _, err = finish(start(*SWEEP, "seed=1,2,3,4", launcher), 0)
    assert f"{left} tasks with these cells are in Slurm's queue" in err
    assert len([*tmp_path.glob("*_*.ran")]) == 4 == len(arrays(tmp_path / "runs"))


def test_a_cell_whose_time_is_over_is_recorded_as_failed_and_not_queued_again(start, cluster, tmp_path):
    soon = ("hydra.launcher.timeout_min=1", "hydra.launcher.signal_delay_s=10")
    cells = [word.replace("box.slow", "box.stuck,box.slow") for word in SWEEP]
    _, err = finish(start(*cells, "seed=1", SLURM, *soon), 1)
    assert "failed: function=box.stuck: " in err and "hydra.launcher.timeout_min" in err
    assert statuses(tmp_path) == ["ok", "timeout"]
    assert not queue(cluster)


def test_what_slurm_refuses_is_one_line(start, tmp_path):
    for wrong in ("hydra.launcher.partition=nope", "hydra.launcher.timeout_min=soon", "hydra.launcher.mem_gb=4000"):
        _, err = finish(start("-m", "problem.dim=8", "seed=1,2", SLURM, wrong), 2)
        assert err.startswith("zobench: Slurm refuses the sweep: ") and len(err.splitlines()) == 1
    assert not any(jobs_of(folder) for folder in (tmp_path / "runs" / "sweeps").glob("*"))
