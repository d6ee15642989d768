"""A language model's curvature along the way of gradient descent, and what it says of training without gradients."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from math import inf, isfinite
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy import ndarray

from zobench import estimators, sampling
from zobench.advising.forecast import foretell, met
from zobench.derivatives.spectrum import hutchinson, lanczos
from zobench.methods import descent
from zobench.problems.language_model import language_model
from zobench.types import Estimator, Key, Problem, oracle

FEW = "norms with 4 of 8 sequences"
CASES: dict[str, dict[str, Any]] = {
    "last norm": {"only": ["norm_f"]},
    "norms": {"only": ["norm"]},
    "prefix": {"parameters": "prefix"},
    "LoRA of rank 8": {"parameters": "lora", "rank": 8},
    "last layer": {"only": ["blocks.3"]},
    "all weights": {},
    "random weights of width 16": {"trained": None, "width": 16},
    "random weights of width 32": {"trained": None, "width": 32},
    "random weights of width 64": {"trained": None, "width": 64},
    "random weights of width 512 and 12 layers": {"trained": None, "width": 512, "layers": 12},
    "norms on another text": {"only": ["norm"], "text": "matplotlib"},
    FEW: {"only": ["norm"], "batch": 4},
}
CHOSEN_ON = ("norms", "LoRA of rank 8", "all weights")  # the forecast was chosen on these, and not on the others
SAMPLED = 15  # runs of gradient descent with minibatches
BATCHES = 100  # of which the gradients' squares are the mean
TRIES = 4  # steps of the two-point method at most, each half of the one before
LONGEST = 3  # runs last so many times what the ratio of the steps makes of gradient descent's
FINER = 1.04  # recorded iterations grow by so much; times are read off straight lines between them
FAR = 1.5  # times the first loss: a run that is there has left
PATIENCE = 200  # iterations
KRYLOV = 12  # products of Lanczos' method


class Run(NamedTuple):
    """f after k iterations, the first recorded iterate at or below each loss (None: it was not met), and the last."""

    k: ndarray
    f: ndarray
    x: list[Any]
    last: Any


def finetuning_rank(
    case: str, text: str, sequences: int, length: int, steps: int, probes: int, runs: int, seed: int
) -> Callable[[], tuple[dict[str, ndarray], dict[str, Any]]]:
    """The study of one of CASES, all `sequences` in each evaluation or as the case says, in float32.

    The losses are SHARES of what `steps` of gradient descent learn at the best step of a grid; `forecast.foretell` says
    before any run without gradients how many steps these take. tr H by Hutchinson's estimator of `probes` signs, λ₁ by
    Lanczos' method at the start, where gradient descent meets each loss, where the first run of each step of the
    two-point method (signs) ends, and where the forecast does. With L and T the largest λ₁ and tr H on the way of
    gradient descent, 1/L and 1/(T + 2L) are the steps of the rule, which make a slowdown of about T/L + 2 where f is
    quadratic; the two-point method is run at that one and at halves of it until it is no faster. Where a case has
    minibatches, common to the values of a step, both methods have them, and gradient descent SAMPLED runs at a step
    that is looked for in the same way; the loss, what is told and the curvature are of all sequences. Raises ValueError
    for a case that is not there, fewer than two steps, probes or runs, and for what `problems.language_model` refuses.
    """
    if case not in CASES:
        raise ValueError(f"case={case}: there are {'; '.join(CASES)}")
    for name, value in {"steps": steps, "probes": probes, "runs": runs}.items():
        sampling.require_count(name, value, 2)
    given = {"text": text, "sequences": sequences, "length": length, "batch": None, "seed": seed}
    problem = language_model(**given | CASES[case])
    return partial(measured, problem, steps, probes, runs, seed)


def measured(problem: Problem, steps: int, probes: int, runs: int, seed: int) -> tuple[dict[str, ndarray], Any]:
    """The study of any problem that is given."""
    problem = problem._replace(x0=jnp.asarray(problem.x0, jnp.float32))
    look, gradient = spectra(problem.f, probes, seed), runner(problem._replace(F=None), estimators.autodiff())
    start, few = look(problem.x0), np.arange(steps + 1)
    told = foretell(problem.f, problem.x0, steps, seed)  # before any run without gradients
    step, losses = told.step, told.losses
    best = gradient(step, seed, few, losses)
    way = [start, *map(look, best.x)]
    L, T = (max(point[name] for point in way) for name in ("largest", "trace"))
    r = max(T, 0.0) / L
    ruled = gradient(1 / L, seed, recorded(int(max(LONGEST * step * L, 2) * steps)), losses)
    rule = 1 / (L * (r + 2))
    two_point = runner(problem, estimators.two_point("rademacher"))
    longest = LONGEST * float(times(best, losses)[-1])
    found = halved(two_point, rule, losses, longest * step / rule, runs, seed)
    ends = [look(x) for x in found.pop("x")]
    points = [*way, *ends, look(told.ends[told.best])]
    arrays = {name: np.array([point[name] for point in points]) for name in points[0]}
    arrays |= {"gd": times(best, losses), "gd_ruled": times(ruled, losses), "losses": losses}
    arrays |= {"two_point": found["hits"], "multiples": found["multiples"]}
    if problem.F:
        sampled = halved(runner(problem, estimators.autodiff()), step, losses, TRIES * longest, SAMPLED, seed)
        arrays["sampled_gd"] = sampled["hits"][int(np.argmin(np.median(sampled["hits"][..., -1], axis=1)))]
        arrays["squares"] = np.array([squares(problem, x, seed) for x in best.x])
    arrays |= {"told_steps": told.steps, "told": told.told, "flow": told.flow}
    about = {"n": problem.n, "L": L, "T": T, "r_plus_2": r + 2, "rule": rule, "gd_step": step, "on_the_way": len(way)}
    return arrays, about


def squares(problem: Problem, x: Any, seed: int) -> float:
    """E‖∇F(x)‖²/‖∇f(x)‖², of BATCHES minibatches."""
    squared = jax.jit(lambda x, k: jnp.sum(oracle(problem, Key(jnp.uint32(seed), k)).grad(x) ** 2))
    few = [float(squared(x, jnp.uint32(k))) for k in range(BATCHES)]
    return float(np.mean(few) / jnp.sum(jax.grad(problem.f)(x) ** 2))


def halved(
    go: Callable[..., Run], first: float, losses: ndarray, longest: float, runs: int, seed: int
) -> dict[str, Any]:
    """Iterations to each loss [tried, runs, losses] by multiples 1, ½, ¼, ... of a step, until one is slower; last x.

    A run ends at the last loss, where it stands still, after longest/multiple iterations, and after 1.5 times the
    median of the best step so far, as it would not be the best. A step of which the first run ends before that loss has
    no other runs: inf.
    """
    multiples, hits, ends, fastest = [], [], [], inf
    for i in range(TRIES):
        multiple = 0.5**i
        last = int(min(longest / multiple, 1.5 * fastest + 2))
        tried = np.full((runs, len(losses)), inf)
        for j in range(runs):
            run = go(multiple * first, seed + 1 + j, recorded(last), losses)
            tried[j] = times(run, losses)
            if j == 0:
                ends.append(run.last)
                if tried[0, -1] == inf:
                    break
        multiples.append(multiple)
        hits.append(tried)
        if float(np.median(tried[:, -1])) >= fastest < inf:
            break
        fastest = min(fastest, float(np.median(tried[:, -1])))
    return {"hits": np.array(hits), "multiples": np.array(multiples), "x": ends}


def recorded(last: int) -> ndarray:
    """0, 1, 2, ... and then FINER times as many, to `last`."""
    grown = np.geomspace(1, last, int(np.ceil(np.log(last) / np.log(FINER))) + 1)
    return np.unique(np.concatenate([[0], grown.round()])).astype(np.int64)


def times(run: Run, losses: Sequence[float] | ndarray) -> ndarray:
    """Iterations to each loss; inf where it is not met."""
    return met(run.k, run.f, losses)


def stands(k: ndarray, f: Sequence[float]) -> bool:
    """Whether f is no lower than in the first half, of PATIENCE iterations or more: noise holds it up."""
    return k[-1] >= PATIENCE and f[-1] >= min(f[: int(np.searchsorted(k, k[-1] / 2, side="right"))])


def runner(problem: Problem, estimator: Estimator) -> Callable[..., Run]:
    """Runs of descent as a function of step, seed, the iterations to record and losses; ends at the last loss."""

    def iterations(x: Any, step: Any, seed: Any, first: Any, last: Any) -> tuple[Any, Any]:
        method = descent(estimator, optax.sgd(step))

        def iterate(i: Any, x: Any) -> Any:
            key = Key(seed, i.astype(jnp.uint32))
            # without the barrier XLA draws a direction that is kept again in each of its uses
            drawn = jax.lax.optimization_barrier(method.draw(key, x.size, x.dtype)) if method.draw else ()
            return method.step(oracle(problem, key), x, method.init(x), drawn)[0]

        x = jax.lax.fori_loop(first, last, iterate, x)
        return x, problem.f(x)

    advance, start = jax.jit(iterations), float(jax.jit(problem.f)(problem.x0))

    def go(size: float, seed: int, k: ndarray, losses: Sequence[float] | ndarray) -> Run:
        x, f = problem.x0, [start]
        kept: list[Any] = [None] * len(losses)
        for first, last in pairwise(k):
            x, value = advance(x, jnp.float32(size), jnp.uint32(seed), jnp.int32(first), jnp.int32(last))
            f.append(float(value) if isfinite(value) else inf)
            kept = [x if old is None and f[-1] <= loss else old for old, loss in zip(kept, losses, strict=True)]
            if f[-1] > FAR * start or (kept and kept[-1] is not None) or stands(k[: len(f)], f):
                break
        return Run(k[: len(f)], np.array(f), kept, x)

    return go


def spectra(f: Callable[[Any], Any], probes: int, seed: int) -> Callable[[Any], dict[str, Any]]:
    """At an x: f, tr H with its standard error, λ₁, Ritz values [KRYLOV], the curvature along the gradient."""
    products = jax.jit(lambda x, v: jax.jvp(jax.grad(f), (x,), (v,))[1])  # forward over reverse (Pearlmutter 1994)
    slope = jax.jit(jax.value_and_grad(f))

    def look(x: Any) -> dict[str, Any]:
        random = np.random.default_rng([seed, x.size])

        def product(v: ndarray) -> ndarray:
            return np.asarray(products(x, jnp.asarray(v, x.dtype)), float)

        ritz = lanczos(product, x.size, KRYLOV, random)
        trace = hutchinson(product, x.size, probes, random)
        value, g = (np.asarray(part, float) for part in slope(x))
        return {
            "f": float(value),
            "trace": trace.value,
            "error": trace.error,
            "largest": float(ritz[0]),
            "ritz": np.resize(ritz, KRYLOV),
            "along": float(g @ product(g) / (g @ g)),
        }

    return look
