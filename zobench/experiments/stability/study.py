"""Three parts: limits of the step on quadratics at one n, curvature along the training of a network, flatness."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from zobench import sampling
from zobench.experiments.stability import flatness, limits, network

Measured = tuple[dict[str, np.ndarray], dict[str, Any]]
PARTS = "limits-N for a dimension N, network-squares, network-cross_entropy, flatness"
SLOPE = "slope"  # the name of ε = 0


def stability(
    *,
    part: str,
    coordinates: int,
    populations: int,
    within: float,
    width: int,
    samples: int,
    multiples: Sequence[float],
    records: int,
    every: int,
    d: int,
    eps: Sequence[float],
    step: float,
    iterations: int,
    runs: int,
    seed: int,
) -> Callable[[], Measured]:
    """One part of the study, by its name.

    limits-N: `populations` of `coordinates`/N runs at (1 ± `within`) α*. network-LOSS: a layer of `width` on so many
    `samples`, `records` records `every` so many iterations, for steps of `multiples` of α* at the start. flatness:
    `runs` runs of `iterations` of a step on d + d variables for each difference step of `eps`, and for the slope
    itself. Raises ValueError for another part, and for numbers out of range.
    """
    kind, _, of = part.partition("-")
    counts = {"coordinates": coordinates, "width": width, "samples": samples, "records": records, "every": every}
    for name, value in {**counts, "d": d, "iterations": iterations}.items():
        sampling.require_count(name, value, 1)
    sampling.require_count("populations", populations, 2)
    sampling.require_count("runs", runs, 2)
    for name, values in {"within": [within], "multiples": multiples, "eps": eps, "step": [step]}.items():
        sampling.require_positive(name, values)
    if kind == "limits" and of.isdecimal() and int(of) >= 2:
        return partial(_limits, int(of), coordinates, populations, within, seed)
    if kind == "network" and of in network.LOSSES:
        return partial(_network, of, width, samples, list(multiples), records, every, seed)
    if part == "flatness":
        return partial(_flatness, d, list(eps), step, iterations, runs, seed)
    raise ValueError(f"part={part}: there are {PARTS}")


def _limits(n: int, coordinates: int, populations: int, within: float, seed: int) -> Measured:
    return {}, {
        "n": n,
        "part": "limits",
        "within": within,
        "lines": limits.measure(n, coordinates, populations, within, seed),
    }


def _network(
    loss: str, width: int, samples: int, multiples: list[float], records: int, every: int, seed: int
) -> Measured:
    found, n = network.train(loss, width, samples, multiples, records, every, seed)
    about = {"n": n, "part": "network", "loss": loss, "width": width, "samples": samples}
    return found._asdict(), {**about, "multiples": multiples}


def _flatness(d: int, eps: list[float], step: float, iterations: int, runs: int, seed: int) -> Measured:
    problem, arrays = flatness.product(d, seed), {}
    records, seeds = flatness.RECORDS, seed + np.arange(runs)
    for one in (*eps, None):
        few = seeds if one else seeds[: max(2, runs // 8)]
        found = flatness.path(problem, flatness.ways(one), step, few, records, max(1, iterations // records))
        arrays |= {f"{one or SLOPE}/{name}": part for name, part in found._asdict().items()}
        if one:
            late = found.k[flatness.late(found.k) :]
            start = float(found.trace[:, flatness.late(found.k)].mean())
            arrays[f"{one}/law"] = flatness.law(start, problem.n, step, one, late)
            arrays[f"{one}/first_order"] = flatness.first_order(start, step, one, late)
    return arrays, {
        "n": problem.n,
        "part": "flatness",
        "eps": eps,
        "step": step,
        "runs": runs,
        "iterations": iterations,
    }
