"""What an estimator does with its key, on f that is summed in pairs, and at many samples and large n.

Directions are independent over steps and seeds, or intervals over seeds mean nothing; and what is wrong by a few per
cent, or from some n on, is wrong.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import theory
from zobench.check.verdict import Verdict, attempt, judged, said
from zobench.types import Calls, Estimator, Key, Oracle, Problem, oracle, separable

ERRORS = 4.5
SMALL = 10  # dimensions of the checks that need many samples
STEPS, SEEDS = 1100, 64  # steps of one run, and of its neighbours
LARGE = {201: 4000, 5000: 200}  # n, odd and even, and estimates at most
MANY, WORK = 400_000, 40_000_000  # estimates at most, and calls times n of all together
TOO_DEAR = 100_000_000  # calls times n of one estimate
FOUND = 0.02  # a bias of so much along the gradient is to be seen
BLOCK = 4096


class Ground(NamedTuple):
    """f = 1 + g·(x − x0) + ½ h·(x − x0)², summed term by term; its gradient g at x0."""

    problem: Problem
    g: np.ndarray


def check_draws(estimator: Estimator) -> list[Verdict]:
    """Verdicts on seeds and steps, the fast path, a small bias, and large n. Never raises for what it does."""
    with jax.enable_x64(True), np.errstate(all="ignore"):
        checks = {"seeds and steps": _independent, "in pairs": _pairs, "small bias": _bias, "large n": _large}
        return [attempt(name, check, estimator) for name, check in checks.items()]


def ground(n: int) -> Ground:
    """The separable quadratic of these checks."""
    random = np.random.default_rng(11)
    x0, g, h = random.standard_normal(n), random.standard_normal(n), random.uniform(0.1, 1.0, n)

    def terms(x):
        d = x - jnp.asarray(x0, x.dtype)
        return 1 / n + jnp.asarray(g, x.dtype) * d + 0.5e-3 * jnp.asarray(h, x.dtype) * d * d

    return Ground(Problem(f=separable(terms), x0=jnp.asarray(x0)), g)


def _estimates(estimator: Estimator, ask: Oracle, x: jax.Array, seen: bool = True) -> Callable:
    """(seed, step) -> G at x. One that remembers has `seen` x once before."""

    def one(seed, step):
        def draw(step):
            return () if estimator.draw is None else estimator.draw(Key(seed, step), x.size, x.dtype)

        state = estimator.init(x)
        if seen and jax.tree.leaves(state):
            state = estimator.estimate(ask, x, draw(step + jnp.uint32(2**31)), state)[1]
        return estimator.estimate(ask, x, draw(step), state)[0]

    return one


def _independent(name: str, estimator: Estimator) -> Verdict:
    """How often two estimates at one x are equal to the bit, by their distance in steps and seeds.

    Estimates from few directions (axes, signs) are equal by chance: as often as those of steps far apart.
    """
    if estimator.draw is None:
        return Verdict(name, "skipped", "no randomness (draw is None)")
    place = ground(SMALL)
    one = jax.jit(jax.vmap(_estimates(estimator, oracle(place.problem), place.problem.x0)))

    def made(seed: int, steps: int) -> np.ndarray:
        return np.asarray(one(jnp.full(steps, seed, jnp.uint32), jnp.arange(steps, dtype=jnp.uint32)))

    run, beside = made(7, STEPS), made(8, SEEDS + 2)
    labels = np.unique(np.concatenate([run, beside]), axis=0, return_inverse=True)[1].ravel()
    run, beside = labels[:STEPS], labels[STEPS:]
    shares = np.bincount(run) / STEPS
    chance = float(shares @ shares)  # that two of this run are equal
    for lag in range(1, STEPS - SEEDS):
        if _equal(run[lag:], run[:-lag], chance):
            return judged(name, False, f"the direction of step k is used again in step k + {lag}")
    for shift, words in ((0, "step k"), (1, "step k + 1"), (2, "step k + 2")):
        if _equal(run[shift : SEEDS + shift], beside[:SEEDS], chance):
            reason = "draw does not use key.seed" if not shift else "they are mixed up"
            return judged(name, False, f"seed s + 1, step k gives what seed s, {words} gives: {reason}")
        if shift and _equal(run[:SEEDS], beside[shift : SEEDS + shift], chance):
            return judged(name, False, f"seed s + 1, {words} gives what seed s, step k gives: they are mixed up")
    return judged(name, True, f"{STEPS} steps and two seeds: no more equal than by chance ({100 * chance:.2g} %)")


def _equal(a: np.ndarray, b: np.ndarray, chance: float) -> bool:
    """Whether more pairs are equal than by chance: by a tenth, and by eight standard deviations."""
    share = float(np.mean(a == b))
    return share > chance + 0.1 + 8 * (chance * (1 - chance) / a.size) ** 0.5


def _pairs(name: str, estimator: Estimator) -> Verdict:
    """f(x) and f(y) in one pass, where f has them so (`types.separable`): the same estimate, and two values asked."""
    shown = []
    for n in (SMALL, 300):
        place = ground(n)
        whole = oracle(place.problem)
        x, counted = place.problem.x0, dict.fromkeys(Calls._fields, 0)
        key = (jnp.uint32(7), jnp.uint32(3))
        try:
            fast = np.asarray(jax.jit(_estimates(estimator, whole, x))(*key))
            slow = np.asarray(jax.jit(_estimates(estimator, whole._replace(pair=None), x))(*key))
        except ValueError as error:
            shown.append(f"not at n = {n}: {said(error)}")
            continue
        apart = float(np.linalg.norm(fast - slow) / max(float(np.linalg.norm(slow)), 1e-300))
        if not apart <= 1e-5:
            return judged(name, False, f"n = {n}: through oracle.pair G differs by {apart:.2g} of ‖G‖")
        jax.block_until_ready(jax.jit(_estimates(estimator, _counting(whole, counted), x, seen=False))(*key))
        jax.effects_barrier()
        if estimator.calls(n) != Calls(**counted):
            return judged(
                name, False, f"n = {n}: declares {estimator.calls(n)}, through oracle.pair {Calls(**counted)}"
            )
        shown.append(f"n = {n}: as without oracle.pair, to {apart:.1g}")
    return judged(name, True, "; ".join(shown))


def _counting(whole: Oracle, counted: dict[str, int]) -> Oracle:
    """An oracle that counts as it is asked, a pair as two values."""

    def note(kind: str, by: int) -> Callable:
        def add() -> None:
            counted[kind] += by

        return add

    def counts(kind: str, ask: Callable, by: int = 1) -> Callable:
        def asked(*arguments: Any):
            jax.debug.callback(note(kind, by))
            return ask(*arguments)

        return asked

    pair = None if whole.pair is None else counts("value", whole.pair, 2)
    value, jvp, grad = (counts(kind, getattr(whole, kind)) for kind in Calls._fields)
    return Oracle(value, jvp, grad, pair)


def _along(estimator: Estimator, place: Ground, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """⟨G, g⟩/‖g‖² and ‖G‖²/‖g‖² of so many estimates, block by block."""
    one = _estimates(estimator, oracle(place.problem), place.problem.x0)
    g = jnp.asarray(place.g)

    def two(step):
        G = one(jnp.uint32(9), step)
        return G @ g / (g @ g), G @ G / (g @ g)

    size = min(BLOCK, samples)
    steps = jnp.arange(samples // size * size, dtype=jnp.uint32).reshape(-1, size)
    found = jax.jit(lambda steps: jax.lax.map(jax.vmap(two), steps))(steps)
    return tuple(np.asarray(part).ravel() for part in found)  # type: ignore[return-value]


def _bias(name: str, estimator: Estimator) -> Verdict:
    """E⟨G, ∇f⟩ = ‖∇f‖², with so many estimates that 2 % are seen where the estimator's noise allows it."""
    place = ground(SMALL)
    each = estimator.calls(SMALL).total * SMALL
    samples = 1 if estimator.draw is None else int(min(MANY, max(WORK // max(each, 1), BLOCK)))
    along, _ = _along(estimator, place, samples)
    mean, error = float(along.mean()), float(along.std() / max(along.size - 1, 1) ** 0.5)
    found = f"E⟨G, ∇f⟩/‖∇f‖² = {mean:.5g} ± {error:.1g} (n = {SMALL}, {along.size} estimates)"
    if ERRORS * error > FOUND:
        found += f"; a bias below {100 * ERRORS * error:.1f} % would not be seen"
    return judged(name, abs(mean - 1) <= ERRORS * error + 2e-3, found)


def _large(name: str, estimator: Estimator) -> Verdict:
    """Mean along the gradient and E‖G‖² where directions are made in other ways."""
    shown = []
    for n, most in LARGE.items():
        each = estimator.calls(n).total * n
        if each > TOO_DEAR:
            shown.append(f"n = {n} left out: {each:,} calls times n an estimate")
            continue
        samples = 1 if estimator.draw is None else int(np.clip(WORK // max(each, 1), 50, most))
        try:
            along, size = _along(estimator, ground(n), samples)
        except ValueError as error:
            shown.append(f"not at n = {n}: {said(error)}")
            continue
        if not (np.isfinite(along).all() and np.isfinite(size).all()):
            return judged(name, False, f"n = {n}: estimates are not finite")
        wanted = [("E⟨G, ∇f⟩/‖∇f‖²", along, 1.0)]
        if estimator.second_moment(n) is not None:
            wanted.append(("E‖G‖²/‖∇f‖²", size, theory.variance_factor(estimator, n)))
        for words, sample, expected in wanted:
            mean, error = float(sample.mean()), float(sample.std() / max(sample.size - 1, 1) ** 0.5)
            if abs(mean - expected) > ERRORS * error + 5e-3 * expected:
                return judged(name, False, f"n = {n}: {words} = {mean:.5g} ± {error:.1g}, expected {expected:.5g}")
            shown.append(f"{words} = {mean:.4g} ± {error:.1g} at n = {n}")
    return judged(name, True, ", ".join(shown))
