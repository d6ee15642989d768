"""Sweeps on a real Ray, of the command's own and joined: the same bytes as elsewhere, and nothing that outlives it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory

import pytest
from sweeping import arrays, assert_same, finish, starter, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_spec("ray"), reason='no ray: pip install "zobench[ray]"'),
]
RAY = "hydra/launcher=ray"
CELLS = ("-m", "problem.dim=8", "seeds=2", "stop.gd_iterations=20", "seed=1,2,3,4")
SLOW = ("-m", "problem=black_box", "problem.x0=[1,2,3]", "problem.f_star=0", "problem.L=2", "seeds=2", "seed=1,2,3,4",
        "problem.function._target_=box.slow", "stop.gd_iterations=40", "stop.target=1e-9")  # fmt: skip
BOX = """
import os, time

def slow(x):
    open(f"{os.getpid()}.ran", "w").close()
    time.sleep(0.04)
    return float((x * x).sum())
"""


@pytest.fixture
def start(tmp_path):
    (tmp_path / "box.py").write_text(BOX)
    with starter(tmp_path, os.environ) as begin:
        yield begin


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The address of a Ray that was started elsewhere, in another environment."""
    env = {"PATH": os.environ["PATH"], "HOME": os.path.expanduser("~"), "NPROC": "2"}
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ray = str(Path(sys.executable).with_name("ray"))
    options = ("--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}", f"--temp-dir={folder}",
               "--num-cpus=2", "--include-dashboard=false")  # fmt: skip
    with (folder / "out").open("w") as out:
        head = subprocess.Popen([ray, "start", *options], cwd=folder, env=env, stdout=out, stderr=out)
    try:
        until(lambda: "Ray runtime started" in (folder / "out").read_text())
        yield f"127.0.0.1:{port}"
    finally:
        theirs = processes(head.pid)
        head.terminate()
        head.wait(60)
        until(lambda: not {*theirs} & {*processes()})


def test_the_same_bytes_as_on_one_machine(start, tmp_path):
    finish(start(*CELLS, RAY, "runs_dir=there"), 0)
    finish(start(*CELLS, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "runs_dir=here"), 0)
    assert len(arrays(tmp_path / "here")) == 4
    assert_same(arrays(tmp_path / "here"), arrays(tmp_path / "there"))


def test_a_cluster_that_is_elsewhere_writes_where_the_command_was_given(start, tmp_path):
    with TemporaryDirectory(prefix="ray") as elsewhere:  # a short name, as Ray makes sockets in it
        with cluster(Path(elsewhere)) as address:
            finish(start(*CELLS, RAY, f"hydra.launcher.ray.init.address={address}", "runs_dir=there"), 0)
        assert not (Path(elsewhere) / "there").exists()
    finish(start(*CELLS, "hydra/launcher=basic", "runs_dir=here"), 0)
    assert len(arrays(tmp_path / "here")) == 4
    assert_same(arrays(tmp_path / "here"), arrays(tmp_path / "there"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_command_that_is_ended_leaves_nothing_and_finishes_when_given_again(start, tmp_path, number, code):
    sweep = start(*SLOW, RAY)
    until(lambda: len([*tmp_path.glob("*.ran")]) > 1)
    theirs = processes(sweep.pid)
    sweep.send_signal(number)
    finish(sweep, code)
    until(lambda: not {*theirs} & {*processes()}, 10)
    finish(start(*SLOW, "hydra/launcher=basic"), 0)
    assert len(arrays(tmp_path / "runs")) == 4


def test_no_ray_to_join_is_one_line(start, monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    _, err = finish(start(*CELLS, RAY, "hydra.launcher.ray.init.address=auto"), 2)
    assert err.startswith("zobench: hydra/launcher=ray: ") and len(err.splitlines()) == 1


def processes(above: int | None = None) -> list[int]:
    """The ids of all processes that are no zombies, or of those below one."""
    import psutil

    found = psutil.process_iter() if above is None else psutil.Process(above).children(recursive=True)
    return [each.pid for each in found if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
