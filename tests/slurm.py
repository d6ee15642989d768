"""A Slurm of one node, started for tests as root from Debian's packages: no systemd, no database, a folder of its own.

Its daemons and what runs on it end with the tests' process, even if that is killed.
"""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd", "setpriv")
CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MaxArraySize=6
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4096 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


# When its input ends, whatever has found this Slurm is killed: daemons, steps, tasks.
REAP = 'cat > /dev/null; for p in /proc/[0-9]*; do grep -qas "SLURM_CONF=$0" $p/environ && kill -9 ${p#/proc/}; done'


def missing() -> str:
    """What there is not to start a Slurm, or ""."""
    names = [name for name in DAEMONS if not shutil.which(name, path=PATH)]
    if names:
        return f"no {names[0]}: apt-get install slurm-wlm munge util-linux"
    return "" if os.geteuid() == 0 else "not root, as Slurm's daemons have to be"


PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


@contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which Slurm's commands find the cluster."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(folder=folder, host=socket.gethostname().partition(".")[0], ports=_free_ports(2)))
    env = {**os.environ, "PATH": PATH, "SLURM_CONF": str(conf)}
    munge = [f"--{name}={folder}/{file}" for name, file in (
        ("socket", "munge.socket"), ("key-file", "munge.key"), ("pid-file", "munged.pid"), ("log-file", "munged.log"),
        ("seed-file", "munged.seed"))]  # fmt: skip
    with ExitStack() as daemons:
        daemons.callback(_reaper(conf))
        daemons.enter_context(_daemon(["munged", "--foreground", "--force", *munge], env, folder))
        _until(lambda: (folder / "munge.socket").exists(), folder)
        daemons.enter_context(_daemon(["slurmctld", "-D"], env, folder))
        daemons.enter_context(_daemon(["slurmd", "-D"], env, folder))
        _until(lambda: "idle" in _output(["sinfo", "--noheader"], env), folder)
        try:
            yield env
        finally:
            _output(["scancel", "--user=root"], env)
            _output(["scancel", "--user=root", "--signal=KILL", "--full"], env)
            _until(lambda: not _output(["squeue", "--noheader"], env), folder)


def _reaper(conf: Path) -> Callable[[], object]:
    """Ends what is left of a Slurm, when it is called or when this process is no more."""
    reaper = subprocess.Popen(["sh", "-c", REAP, str(conf)], stdin=subprocess.PIPE, start_new_session=True)
    return lambda: reaper.communicate(timeout=30)


@contextmanager
def _daemon(command: list[str], env: dict[str, str], folder: Path) -> Iterator[None]:
    with (folder / f"{command[0]}.out").open("w") as log:
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], env=env, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as opened:
        sockets = [opened.enter_context(closing(socket.socket())) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _until(holds, folder: Path, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            logs = "\n".join(file.read_text(errors="replace")[-2000:] for file in sorted(folder.glob("*.log")))
            raise TimeoutError(f"the Slurm of the tests does not get there:\n{logs}")
        time.sleep(0.1)


def _output(command: list[str], env: dict[str, str]) -> str:
    return subprocess.run(command, env=env, capture_output=True, text=True).stdout
