"""What an estimator does with its key, on f that is summed in pairs, and at many samples and large n.

Directions are independent over steps and seeds, or intervals over seeds mean nothing; and what is wrong by a few per
cent, or from some n on, is wrong.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from zobench import theory
from zobench.check.estimator import ERRORS, asked, estimates, standard_error
from zobench.check.verdict import Found, Verdict, attempt, each, judged, said
from zobench.types import Estimator, Problem, oracle, separable

SMALL = 10  # dimensions of the checks that need many samples
STEPS, SEEDS = 1100, 64  # steps of one run, and of its neighbours
LARGE = {201: 4000, 5000: 200}  # n, odd and even, and estimates at most
MANY, WORK = 400_000, 40_000_000  # estimates at most, and calls times n of all together
TOO_DEAR = 100_000_000  # calls times n of one estimate
FOUND = 0.02  # a bias of so much along the gradient is to be seen
BLOCK = 4096


def check_draws(estimator: Estimator) -> list[Verdict]:
    """Verdicts on seeds and steps, the fast path, a small bias, and large n. Never raises for what it does."""
    with jax.enable_x64(True), np.errstate(all="ignore"):
        return [
            attempt("seeds and steps", _independent, estimator),
            attempt("in pairs", each, _pairs, estimator, (SMALL, 300), "", "; "),
            attempt("small bias", _bias, estimator),
            attempt("large n", each, _large, estimator, LARGE.items()),
        ]


def ground(n: int) -> tuple[Problem, np.ndarray]:
    """f = 1 + g·(x − x0) + ½ h·(x − x0)², summed term by term; and its gradient g at x0."""
    random = np.random.default_rng(11)
    x0, g, h = random.standard_normal(n), random.standard_normal(n), random.uniform(0.1, 1.0, n)

    def terms(x):
        d = x - jnp.asarray(x0, x.dtype)
        return 1 / n + jnp.asarray(g, x.dtype) * d + 0.5e-3 * jnp.asarray(h, x.dtype) * d * d

    return Problem(f=separable(terms), x0=jnp.asarray(x0)), g


def _independent(estimator: Estimator) -> Found:
    """How often two estimates at one x are equal to the bit, by their distance in steps and seeds.

    Estimates from few directions (axes, signs) are equal by chance: as often as those of steps far apart.
    """
    if estimator.draw is None:
        return "skipped", "no randomness (draw is None)"
    problem, _ = ground(SMALL)
    one = jax.jit(jax.vmap(estimates(estimator, oracle(problem), problem.x0)))

    def made(seed: int, steps: int) -> np.ndarray:
        return np.asarray(one(jnp.full(steps, seed, jnp.uint32), jnp.arange(steps, dtype=jnp.uint32)))

    run, beside = made(7, STEPS), made(8, SEEDS + 2)
    labels = np.unique(np.concatenate([run, beside]), axis=0, return_inverse=True)[1].ravel()
    run, beside = labels[:STEPS], labels[STEPS:]
    shares = np.bincount(run) / STEPS
    chance = float(shares @ shares)  # that two of this run are equal
    for lag in range(1, STEPS - SEEDS):
        if _equal(run[lag:], run[:-lag], chance):
            return "fails", f"the direction of step k is used again in step k + {lag}"
    for shift, words in ((0, "step k"), (1, "step k + 1"), (2, "step k + 2")):
        if _equal(run[shift : SEEDS + shift], beside[:SEEDS], chance):
            reason = "draw does not use key.seed" if not shift else "they are mixed up"
            return "fails", f"seed s + 1, step k gives what seed s, {words} gives: {reason}"
        if shift and _equal(run[:SEEDS], beside[shift : SEEDS + shift], chance):
            return "fails", f"seed s + 1, {words} gives what seed s, step k gives: they are mixed up"
    return "passes", f"{STEPS} steps and two seeds: no more equal than by chance ({100 * chance:.2g} %)"


def _equal(a: np.ndarray, b: np.ndarray, chance: float) -> bool:
    """Whether more pairs are equal than by chance: by a tenth, and by eight standard deviations."""
    share = float(np.mean(a == b))
    return share > chance + 0.1 + 8 * (chance * (1 - chance) / a.size) ** 0.5


def _pairs(estimator: Estimator, n: int) -> Found:
    """f(x) and f(y) in one pass, where f has them so (`types.separable`): the same estimate, and two values asked."""
    problem, _ = ground(n)
    whole, key = oracle(problem), (jnp.uint32(7), jnp.uint32(3))
    try:
        fast, slow = (
            np.asarray(jax.jit(estimates(estimator, ask, problem.x0))(*key))
            for ask in (whole, whole._replace(pair=None))
        )
    except ValueError as error:
        return "passes", f"not at n = {n}: {said(error)}"
    apart = float(np.linalg.norm(fast - slow) / max(float(np.linalg.norm(slow)), 1e-300))
    if not apart <= 1e-5:
        return "fails", f"n = {n}: through oracle.pair G differs by {apart:.2g} of ‖G‖"
    declared, (counted, _) = estimator.calls(n), asked(estimator, problem, step=3)
    if declared != counted:
        return "fails", f"n = {n}: declares {declared}, through oracle.pair {counted}"
    return "passes", f"n = {n}: as without oracle.pair, to {apart:.1g}"


def _along(estimator: Estimator, n: int, least: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """⟨G, g⟩/‖g‖² and ‖G‖²/‖g‖² of as many estimates as the work allows, block by block."""
    samples = 1
    if estimator.draw is not None:
        samples = int(np.clip(WORK // max(estimator.calls(n).total * n, 1), least, most))
    problem, gradient = ground(n)
    one = partial(estimates(estimator, oracle(problem), problem.x0), jnp.uint32(9))
    g = jnp.asarray(gradient)

    def two(step):
        G = one(step)
        return G @ g / (g @ g), G @ G / (g @ g)

    size = min(BLOCK, samples)
    steps = jnp.arange(samples // size * size, dtype=jnp.uint32).reshape(-1, size)
    along, sizes = jax.jit(lambda steps: jax.lax.map(jax.vmap(two), steps))(steps)
    return np.asarray(along).ravel(), np.asarray(sizes).ravel()


def _bias(estimator: Estimator) -> Found:
    """E⟨G, ∇f⟩ = ‖∇f‖², with so many estimates that 2 % are seen where the estimator's noise allows it."""
    along, _ = _along(estimator, SMALL, BLOCK, MANY)
    mean, error = float(along.mean()), float(standard_error(along))
    found = f"E⟨G, ∇f⟩/‖∇f‖² = {mean:.5g} ± {error:.1g} (n = {SMALL}, {along.size} estimates)"
    if ERRORS * error > FOUND:
        found += f"; a bias below {100 * ERRORS * error:.1f} % would not be seen"
    return judged(abs(mean - 1) <= ERRORS * error + 2e-3, found)


def _large(estimator: Estimator, size: tuple[int, int]) -> Found:
    """Mean along the gradient and E‖G‖² where directions are made in other ways, at one (n, estimates at most)."""
    n, most = size
    dear = estimator.calls(n).total * n
    if dear > TOO_DEAR:
        return "passes", f"n = {n} left out: {dear:,} calls times n an estimate"
    try:
        along, square = _along(estimator, n, 50, most)
    except ValueError as error:
        return "passes", f"not at n = {n}: {said(error)}"
    if not (np.isfinite(along).all() and np.isfinite(square).all()):
        return "fails", f"n = {n}: estimates are not finite"
    wanted = [("E⟨G, ∇f⟩/‖∇f‖²", along, 1.0)]
    if estimator.second_moment(n) is not None:
        wanted.append(("E‖G‖²/‖∇f‖²", square, theory.variance_factor(estimator, n)))
    shown = []
    for words, sample, expected in wanted:
        mean, error = float(sample.mean()), float(standard_error(sample))
        if abs(mean - expected) > ERRORS * error + 5e-3 * expected:
            return "fails", f"n = {n}: {words} = {mean:.5g} ± {error:.1g}, expected {expected:.5g}"
        shown.append(f"{words} = {mean:.4g} ± {error:.1g} at n = {n}")
    return "passes", ", ".join(shown)
