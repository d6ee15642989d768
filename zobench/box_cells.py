"""Cells of a black box: what a record says besides, in a line too, and the search for the best step."""

import time
from collections.abc import Callable
from math import inf, isfinite, isnan
from typing import Any

import numpy as np

from zobench.boxes import Asker, Runs, advance
from zobench.loop import Stop
from zobench.plan import PROBE, Plan, Settings
from zobench.tuning import TUNING_SEEDS_FROM, Tuning, penalised, search

PROBED = 100  # calls, at most, of the probe that a search begins with


def arrays(rule: str, runs: Runs) -> dict[str, np.ndarray]:
    """What a record has besides: the best value and point of each run, its calls, and how many of them failed.

    Its gap is in double precision, as f may be large and differ little.
    """
    found = {"gap": runs.curves.gap, "best": runs.best, "x_best": runs.curves.x_end.astype(np.float64)}
    found |= {"asked": runs.calls, "failed": runs.failed}
    return {f"{rule}/{name}": value for name, value in found.items()}


def about(runs: Runs) -> dict[str, Any]:
    """What a rule of a record says besides: the noise that was measured, the median over runs, and failed calls."""
    return {"noise": float(np.median(runs.noise)), "failed": int(runs.failed.sum()), "asked": int(runs.calls.sum())}


def notes(rule: str, runs: Runs, plan: Plan, tuning: Tuning | None = None) -> list[str]:
    """What is to be known of runs on a box, a line each: noise and eps, steps, what failed, what is not repeated."""
    host, said, noise = plan.problem.host, [], float(np.median(runs.noise))
    if noise > 0:
        said.append(f"noise {noise:.2g}, from calls at x0, which are charged; eps: null follows it")
    if rule == PROBE:
        said.append(f"step {np.median(runs.steps):.3g}, from calls at x0, which are charged")
    if rule == "tuned" and tuning:
        said.append(f"tuning asked {tuning.iterations:,} calls besides, which no run is charged for")
    if runs.failed.any():
        said.append(f"{runs.failed.sum()} of {runs.calls.sum()} calls gave no number")
    if not host.same and not host.seeded:
        said.append(f"the records repeat themselves only if {host.name} does; problem.seeded=true gives it a seed")
    return said


def tune(
    own: Asker, size: float, settings: Settings, stop_at: Callable[[float], Stop], progress: Callable[[int], None]
) -> tuple[Tuning, float]:
    """The best multiple of a step, and that step: `size`, or where it is nan the one that values at x0 decide.

    As `zobench.tuning.tune`, on seeds that are never reported, for the least mean of the calls to the target, and where
    none arrives of the best value. Its calls are counted in the record, and charged to no run.
    """
    seeds = range(TUNING_SEEDS_FROM + settings.seed, TUNING_SEEDS_FROM + settings.seed + settings.tuning_seeds)
    start, calls, hits, outcome = time.perf_counter(), 0, [], []
    if isnan(size):
        probed = advance(own._replace(plan=own.plan._replace(cap=PROBED)), PROBE, size, seeds[:1], stop_at, progress)
        size, calls = float(probed.steps[0]), int(probed.calls[0])

    def score(multiple: float) -> tuple[float, ...]:
        nonlocal calls
        runs = advance(own, "tuned", multiple * size, seeds, stop_at, lambda k: progress(0))
        calls += int(runs.calls.sum())
        hits.append(runs.hits)
        outcome.append(runs.outcome.astype(str))
        mean = float(penalised(runs.hits, own.plan.cap))
        return (mean,) if isfinite(mean) else (inf, float(np.median(runs.best)), multiple)

    found = search(score, settings.tuning_tries)
    multiples = np.array([multiple for multiple, _ in found])
    best, _ = min(found, key=lambda tried: tried[1])
    bracketed = bool(multiples.min() < best < multiples.max())
    seconds = time.perf_counter() - start
    return Tuning(multiples, np.array(hits), np.array(outcome), best, bracketed, calls, seconds, 0), size
