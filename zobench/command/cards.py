"""Workers and the cards of an accelerator: no two processes on one card unless that is asked for."""

import os
import socket
from collections.abc import Sequence

from omegaconf import DictConfig

from zobench.accelerators import cards

_claims: list[socket.socket] = []  # they end with the process


def fit(cfg: DictConfig) -> None:
    """As many workers of joblib as there are cards, where their number is not given and there are any."""
    found, launcher = cards(), cfg.hydra.launcher
    if found.visible and "joblib" in launcher._target_ and launcher.n_jobs == -1:
        launcher.n_jobs = len(found.visible)


def claim(command: int) -> None:
    """Let this worker see one card alone, which no other worker of that command has, where there are several."""
    found = cards()
    if len(found.visible) > 1 and (mine := _free(command, found.visible)) is not None:
        os.environ[found.variable] = mine


def _free(command: int, names: Sequence[str]) -> str | None:
    """The first of these names that no other process has; None where all are taken."""
    for name in names:
        place = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            place.bind(f"\0zobench-{command}-{name}")  # a name without a file, which the system keeps for one process
        except OSError:
            place.close()
            continue
        _claims.append(place)
        return name
    return None
