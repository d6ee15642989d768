"""A cell that misbehaves costs itself alone, under any launcher; the user's signals; nothing is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from zobench import store, sweeps
from zobench.build import Complaints
from zobench.command import signals, supervise
from zobench.command.supervise import Died, Limits
from zobench.errors import UsageError

BOXES = """
import ctypes, os, time
import numpy as np
count, hog = 0, []

def f(x):
    return float((x**2).sum())

def counted(x):
    global count
    count += 1
    return count > 20

def good(x):
    return f(x)

def other(x):
    return 1.5 * f(x)

def exits(x):
    return os._exit(3) if counted(x) else f(x)

def crashes(x):
    return ctypes.string_at(0) if counted(x) else f(x)

def hangs(x):
    if counted(x):
        open("asked", "w").close()
        time.sleep(1000)
    return f(x)

def hogs(x):
    if counted(x):
        hog.append(np.ones(120_000_000))
        time.sleep(1000)
    return f(x)

def leaves(x):
    raise SystemExit(7)

def slow(x):
    open("asked", "w").close()
    time.sleep(0.02)
    return f(x)

def simulates(x):
    import subprocess
    open("asked", "w").close()
    subprocess.run(["sleep", "1000"])
    return f(x)
"""
BOX = ["problem=black_box", "problem.x0=[1,2,3]", "problem.f_star=0", "problem.L=2", "seeds=2"]
BOX += ["stop.gd_iterations=40", "stop.target=1e-9"]
DIED = {
    "exits": "its process ended itself, with exit code 3",
    "crashes": "its process crashed (SIGSEGV)",
    "hangs": "timeout: it ran for more than limit.seconds=15",
    "hogs": "memory: it took more than limit.gigabytes=0.8",
    "leaves": "SystemExit: 7",
}


@pytest.fixture
def started(tmp_path):
    """Start commands apart; what they and their workers have left is ended."""
    (tmp_path / "box.py").write_text(BOXES)
    commands = []

    def start(*arguments):
        environment = {**os.environ, "ZOBENCH_ISOLATE": "1", "PYTHONPATH": str(tmp_path)}
        command = [sys.executable, "-m", "zobench", *BOX, *arguments]
        commands.append(
            subprocess.Popen(
                command, cwd=tmp_path, env=environment, text=True, start_new_session=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
        return commands[-1]

    yield start
    for command in commands:
        with command:
            command.kill()


def ended(command):
    out, err = command.communicate(timeout=120)
    assert "Traceback" not in err
    return command.returncode, out, err


def family(command, folder):
    """The command's processes, once a black box has been asked."""
    deadline = time.monotonic() + 60
    while not (folder / "asked").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    return psutil.Process(command.pid).children(recursive=True)


def left(processes):
    """Those that are still there after ten seconds."""
    return psutil.wait_procs(processes, timeout=10)[1]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_a_cell_that_dies_costs_itself_and_is_tried_again_when_asked(started, tmp_path, launcher):
    functions = ",".join(f"box.{name}" for name in ("good", *DIED, "other"))
    sweep = ["-m", f"hydra/launcher={launcher}", "limit.seconds=15", "limit.gigabytes=0.8"]
    sweep += [f"problem.function._target_={functions}"]
    code, out, err = ended(started(*sweep))
    assert code == 1 and out.count("of 2") == 2 and len(list(tmp_path.glob("runs/*.npz"))) == 7
    assert all(f"function=box.{name}: {reason}" in err for name, reason in DIED.items()), err
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*.npz")}
    code, _, again = ended(started(*sweep))
    assert code == 1 and all(f"function=box.{name}: {reason}" in again for name, reason in DIED.items())
    now = {path: path.stat().st_mtime_ns for path in before}
    changed = [(store.read_meta(path) or {})["reason"] for path in before if now[path] != before[path]]
    assert changed == ["SystemExit: 7"]  # what raised is tried again, what died is not
    (tmp_path / "box.py").write_text(BOXES.replace("count > 20", "False"))
    code, out, err = ended(started(*sweep[:-1], "problem.function._target_=box.hangs", "retry=true"))
    assert code == 0 and "2 of 2" in out


@pytest.mark.slow
def test_what_died_is_tried_again_where_it_is_asked_or_a_limit_is_wider(started):
    cell = ["problem.function._target_=box.hangs"]
    assert "limit.seconds=3; retry=true" in ended(started(*cell, "limit.seconds=3"))[2]
    began = time.monotonic()
    assert ended(started(*cell, "limit.seconds=3"))[0] == 1 and time.monotonic() - began < 3
    assert "limit.seconds=4;" in ended(started(*cell, "limit.seconds=4"))[2]
    assert "limit.seconds=2;" in ended(started(*cell, "limit.seconds=2", "retry=true"))[2]


@pytest.mark.slow
@pytest.mark.parametrize("function", ["slow", "hangs", "simulates"])
@pytest.mark.parametrize("how", ["single", "basic", "joblib"])
def test_ctrl_c_in_a_black_box_is_the_users(started, tmp_path, function, how):
    sweep = [] if how == "single" else ["-m", "seed=1,2,3", f"hydra/launcher={how}"]
    command = started(*sweep, f"problem.function._target_=box.{function}")
    processes = family(command, tmp_path)
    began = time.monotonic()
    command.send_signal(signal.SIGINT)
    code, _, err = ended(command)
    assert code == 130 and err.splitlines()[-1] == "zobench: interrupted; run the same command again to finish"
    assert time.monotonic() - began < 8 and not left(processes)
    assert not list(tmp_path.rglob("*.tmp"))
    assert not [path for path in tmp_path.glob("runs/*.npz") if (store.read_meta(path) or {})["status"] != "ok"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("how", ["single", "basic", "joblib"])
def test_nothing_outlives_the_command(started, tmp_path, number, how):
    sweep = [] if how == "single" else ["-m", "seed=1,2,3", f"hydra/launcher={how}"]
    command = started(*sweep, "problem.function._target_=box.simulates")
    processes = family(command, tmp_path)
    assert any(process.name() == "sleep" for process in processes)
    command.send_signal(number)
    assert command.wait(20) == (143 if number == signal.SIGTERM else -9) and not left(processes)


@pytest.mark.slow
def test_a_second_ctrl_c_ends_at_once(started, tmp_path):
    command = started("-m", "seed=1,2,3", "hydra/launcher=joblib", "problem.function._target_=box.hangs")
    processes = family(command, tmp_path)
    command.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    command.send_signal(signal.SIGINT)
    assert ended(command)[0] == 130 and time.monotonic() - began < 2 and not left(processes)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["cell", "launcher's worker"])
def test_a_killed_worker_costs_nothing(started, tmp_path, victim):
    sweep = ("-m", "seed=range(0,4)", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    command = started(*sweep, "problem.function._target_=box.slow")
    cell = next(process for process in family(command, tmp_path) if "serve" in " ".join(process.cmdline()))
    psutil.Process(cell.pid if victim == "cell" else cell.ppid()).kill()
    code, _, err = ended(command)
    assert code == 0, err
    metas = [store.read_meta(path) or {} for path in tmp_path.glob("runs/*.npz")]
    assert [meta["status"] for meta in metas] == ["ok"] * 4


def test_limits_are_positive_numbers():
    assert supervise.limits(None, 0.5) == Limits(None, 0.5)
    for wrong in (0, -1, "abc", True, float("nan"), float("inf")):
        with pytest.raises(UsageError, match=r"limit.seconds=.* positive number"):
            supervise.limits(wrong, None)


def test_a_worker_that_goes_is_replaced(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOBENCH_ISOLATE", "1")
    try:
        with pytest.raises(Died, match=r"limit\.seconds=1e-06") as died:
            supervise.ask("check", [], limits=Limits(seconds=1e-6))
        assert died.value.how == "timeout"
        assert supervise.ask("check", [], limits=Limits()) == Complaints("", {})
    finally:
        supervise.end_all()


def test_a_launcher_that_does_not_return_is_left(monkeypatch, tmp_path):
    monkeypatch.setattr(signals, "PATIENCE", 0.05)
    sweep = sweeps.sweep(tmp_path, "slowdown-1")
    with signals.unstalled(sweep, ["a" * 16]):
        time.sleep(0.3)  # its cell has not ended
    sweep.mark("a" * 16)
    with pytest.raises(signals.Stalled), signals.unstalled(sweep, ["a" * 16]):
        time.sleep(10)


@pytest.mark.slow
def test_the_same_command_twice_at_once(started, tmp_path):
    sweep = ("-m", "seed=range(0,6)", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    commands = [started(*sweep, "problem.function._target_=box.slow")]
    family(commands[0], tmp_path)
    commands.append(started(*sweep, "problem.function._target_=box.slow"))
    assert [ended(command)[0] for command in commands] == [0, 0]
    metas = [store.read_meta(path) or {} for path in tmp_path.glob("runs/*.npz")]
    assert [meta["status"] for meta in metas] == ["ok"] * 6


@pytest.mark.slow
def test_a_store_that_is_finished_may_be_read_only(started, tmp_path):
    sweep = ("-m", "seed=1,2", "problem.function._target_=box.good")
    assert ended(started(*sweep))[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file()}
    shutil.rmtree(tmp_path / "runs" / "sweeps")
    (tmp_path / "runs" / "sweeps").touch()  # where nothing can be written, whoever asks
    code, out, err = ended(started(*sweep))
    assert code == 0 and out.count("2 of 2") == 2, err
    assert all(path.read_bytes() == before[path] for path in (tmp_path / "runs").glob("*.npz"))


def test_a_signal_that_python_loses_is_sent_again():
    class Swallows:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), signals.heard():
            held = Swallows()
            del held
            time.sleep(5)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the masks of a process are read in /proc")
def test_workers_are_born_deaf_to_ctrl_c():
    code = "from omegaconf import OmegaConf; from zobench.command import launch; import sys, psutil, signal; "
    code += (
        "node = {'_target_': 'joblib', 'n_jobs': 2}; launch._started(OmegaConf.create({'hydra': {'launcher': node}})); "
    )
    code += "own = [p for p in psutil.Process().children() if 'popen_loky' in ' '.join(p.cmdline())]; "
    code += "masks = [open(f'/proc/{p.pid}/status').read().split('SigBlk:')[1].split()[0] for p in own]; "
    code += "print(len(own), all(int(mask, 16) & 2 for mask in masks), signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["2", "True", "set()"]
