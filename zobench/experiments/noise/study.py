"""What noise in the values costs: the floor it holds descent at, what makes it go, and iterations to a gap below it.

Descent on a quadratic along sphere directions, every setting at the same σ and ε, from x0, against the exact recursion
with the noise in it (theory of section 2): each value's own noise adds n σ²/(2qε²) to each diagonal term of E GGᵀ for a
central quotient and four times that for a forward one, whose own error adds to it. Common random numbers (the same ξ
for all values of a step) cancel where additive; where multiplicative they scale G by 1 + σξ.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, log, nan
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from zobench import estimators, floors, sampling, theory
from zobench.decay import first_at_most
from zobench.floors import Descent
from zobench.loop import Program
from zobench.problems.wrappers import noisy
from zobench.types import Estimator, Problem

SLOWEST = 20_000_000  # iterations of a run beyond which the study is refused


class Setting(NamedTuple):
    """How values are asked: with which noise (none, additive, multiplicative), fresh or common, how often, where."""

    name: str
    kind: str = "additive"
    common: bool = False
    quotient: str = "central"
    q: int = 1
    repeats: int = 1


def noise(
    problem: Problem,
    *,
    sigma: float,
    eps: float,
    multiplicative: float,
    q: Sequence[int],
    repeats: Sequence[int],
    target: float,
    seeds: int,
    seed: int,
    dtype: str,
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """A study of a quadratic with noise of standard deviation σ in its values (`multiplicative`: relative), at one n.

    `target`: the gap f − f* to be reached below the floor, by smaller steps, or with common random numbers. Raises
    ValueError where the problem is no quadratic, for numbers out of range, and for runs that would take too long.
    """
    numbers = {"sigma": sigma, "eps": eps, "multiplicative": multiplicative, "target": target}
    for name, value in numbers.items():
        sampling.require_positive(name, [value])
    sampling.require_count("seeds", seeds, 2)
    if min([*repeats, *q, 1]) < 1:
        raise ValueError(f"q={list(q)}, repeats={list(repeats)}: whole numbers from 1 on")
    if problem.modes is None:
        raise ValueError("problem: the exact floors are known on quadratics alone; use problem=quadratic")
    many = _iterations(problem, _small_step(problem, sigma, eps, target), target)
    if many > SLOWEST:
        raise ValueError(f"target={target}: it takes {many:.2g} iterations at this noise; give a larger one")
    return partial(_measure, problem, q, repeats, numbers, seeds, seed, dtype)


def _measure(problem, q, repeats, numbers, seeds, seed, dtype) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    problem = problem._replace(x0=jnp.asarray(problem.x0, dtype))
    n, unit, after = problem.n, 1 / (problem.L * problem.n), floors.BURN * problem.n
    arrays: dict[str, np.ndarray] = {}
    found, reached = {}, {}
    for setting in _settings(q, repeats):
        estimator = estimators.two_point(q=setting.q, quotient=setting.quotient, eps=numbers["eps"])  # pyright: ignore
        program = floors.compiled(_noisy(problem, setting, numbers), estimator)
        steps = {"": unit} | ({", theory step": theory.theory_step(problem, estimator)} if setting.q > 1 else {})
        runs = floors.descend(program, list(steps.values()), seeds, seed, floors.FLIGHT * n)
        for (words, step), run in zip(steps.items(), runs, strict=True):
            exact = _exact(problem, estimator, setting, numbers, step, run.k)
            told = {"floor": list(run.floor(after)), "exact": float(exact[run.k >= after].mean())}
            found[setting.name + words] = {**setting._asdict(), "step": step, **told}
            if setting.q == setting.repeats == 1:
                arrays |= _curves(setting.name, run, exact)
        if setting.name in HOW:
            reached[HOW[setting.name]] = _reach(problem, program, setting, numbers, seeds, seed)
    return arrays, {"n": n, "L": problem.L, "seeds": seeds, **numbers, "floors": found, "reached": reached}


HOW = {"central, noise": "noise in each value", "central, common noise": "common random numbers"}


def _settings(q: Sequence[int], repeats: Sequence[int]) -> list[Setting]:
    return [
        Setting("central, noise"),
        Setting("forward, noise", quotient="forward"),
        Setting("forward, no noise", kind="none", quotient="forward"),
        Setting("central, common noise", common=True),
        Setting("central, relative noise", kind="multiplicative"),
        Setting("central, common relative noise", kind="multiplicative", common=True),
        *(Setting(f"central, noise, q = {many}", q=many) for many in q if many > 1),
        *(Setting(f"central, noise, {many} values a point", repeats=many) for many in repeats if many > 1),
    ]


def _noisy(problem: Problem, setting: Setting, numbers: dict[str, float]) -> Problem:
    if setting.kind == "none":
        return problem
    level = numbers["multiplicative" if setting.kind == "multiplicative" else "sigma"]
    inside = noisy(problem, level, setting.kind, setting.common)  # pyright: ignore[reportArgumentType]
    return floors.averaged(inside, setting.repeats)


def _exact(problem: Problem, estimator: Estimator, setting: Setting, numbers, step: float, k) -> np.ndarray:
    """The exact mean gap; nan for fresh relative noise, which is no additive term."""
    added, scale = 0.0, 1.0
    if setting.kind == "multiplicative":
        if not setting.common:
            return np.full(len(k), nan)
        scale = 1 + numbers["multiplicative"] ** 2
    elif setting.kind == "additive" and not setting.common:
        each = problem.n * numbers["sigma"] ** 2 / (setting.q * setting.repeats * numbers["eps"] ** 2)
        added = each * (2 if setting.quotient == "forward" else 0.5)
    return floors.exact(problem, estimator, step, k, added, scale)


def _curves(name: str, run: Descent, exact: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = np.quantile(run.gap, [0.1, 0.9], axis=0)
        mean = run.gap.mean(0)
    parts = {"k": run.k, "mean": mean, "low": low, "high": high, "exact": exact}
    return {f"{name}/{part}": value for part, value in parts.items()}


def _small_step(problem: Problem, sigma: float, eps: float, target: float) -> float:
    """α with a floor of about target/2, αn²σ²/(8ε²) (H = LI, α ≪ 1/(nL)), and 1/(nL) at most."""
    return min(1 / (problem.L * problem.n), 4 * eps**2 * target / (problem.n * sigma) ** 2)


def _iterations(problem: Problem, step: float, target: float) -> int:
    """Half as many again as the slowest mode takes to target/2, where αn²σ²/(8ε²) is the floor."""
    start = float(problem.f(problem.x0)) - problem.f_star
    rate = 2 * step * problem.mu * (1 - step * problem.L * problem.n / 2)
    return ceil(1.5 * log(max(2 * start / target, 2)) / rate)


def _reach(problem: Problem, program: Program, setting: Setting, numbers, seeds: int, seed: int) -> dict[str, Any]:
    """Iterations until the mean over runs, and the exact mean, is at the target."""
    target, sigma, eps = numbers["target"], numbers["sigma"], numbers["eps"]
    step = 1 / (problem.L * problem.n) if setting.common else _small_step(problem, sigma, eps, target)
    (run,) = floors.descend(program, [step], seeds, seed, _iterations(problem, step, target))
    exact = _exact(problem, estimators.two_point(eps=eps), setting, numbers, step, run.k)
    rng = np.random.default_rng(problem.n)
    drawn = (run.gap[rng.integers(seeds, size=seeds)] for _ in range(200))
    at, *each = (first_at_most(run.k, gap.mean(0), target) for gap in (run.gap, *drawn))
    return {"step": step, "k": at, "resampled": each, "exact": first_at_most(run.k, exact, target)}
