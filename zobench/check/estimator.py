"""An estimator against its promises, on rotated quadratics: mean, second moment, calls, randomness, dtypes.

A mean agrees within 4.5 standard errors and the bias of a difference quotient: an estimator that asks for values at
distance h from x is allowed √n L h/2, the bias of one-sided differences, and f's rounding over h. The curvature is made
small enough for this to be at most 1/1000 of ‖∇f‖: a large eps is no way past the check.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import theory
from zobench.check.verdict import Found, Verdict, attempt, each, judged, rest, said
from zobench.types import Calls, Estimator, Key, Oracle, Problem, Scalar, Vector, oracle

DIMENSIONS = (2, 10, 50)
ERRORS = 4.5
SAMPLES, WORK = 20_000, 2_000_000  # estimates at most, and about as many calls times n
BIAS = 1e-3  # of ‖∇f‖, at most


class Trial(NamedTuple):
    """An estimator at one n: problem, H, g, estimates [m, n], calls counted, bias allowed."""

    n: int
    problem: Problem
    hessian: np.ndarray
    g: np.ndarray
    estimates: np.ndarray
    counted: Calls
    slack: float


def check_estimator(estimator: Estimator) -> list[Verdict]:
    """A verdict for each property of an estimator: see docs/extending.md. Never raises for what the estimator does."""
    with jax.enable_x64(True), np.errstate(all="ignore"):
        trials: list[Trial] = []
        refused = ""
        for n in DIMENSIONS:
            try:
                trials.append(_trial(estimator, n))
            except ValueError as error:
                refused += f"; n = {n} {said(error)}"
            except Exception as error:
                return [Verdict("estimate", "fails", f"n = {n}: {said(error)}"), rest("estimate")]
        found = attempt("estimate", _estimate, trials, refused)
        if found.verdict == "fails":
            return [found, rest("estimate")]
        return [
            found,
            attempt("calls", each, _calls, estimator, trials),
            attempt("deterministic", _deterministic, estimator, trials[0]),
            attempt("vmap", _vmap, estimator, trials[0]),
            attempt("unbiased", each, _mean, estimator, trials, "E G − ∇f at worst "),
            attempt("second moment", each, _second_moment, estimator, trials, "B = "),
            attempt("moment matrix", _matrix, estimator, trials[0]),
            attempt("trace factor", each, _trace, estimator, trials, "E GᵀHG/(L‖∇f‖²) "),
            attempt("float32", _single, estimator, trials[-1].problem),
        ]


def _quadratic(n: int, curvature: float = 1.0) -> tuple[Problem, np.ndarray, np.ndarray]:
    """f = 1 + g·(x − x0) + ½ c (x − x0)ᵀH(x − x0), c = curvature; H dense and positive definite. Problem, g, H."""
    random = np.random.default_rng(3)
    a, x0, g = random.standard_normal((n, n)), random.standard_normal(n), random.standard_normal(n)
    h = a @ a.T / n

    def f(x: Vector) -> Scalar:
        d = x - jnp.asarray(x0, x.dtype)
        return 1 + jnp.asarray(g, x.dtype) @ d + 0.5 * d @ (jnp.asarray(curvature * h, x.dtype) @ d)

    return Problem(f=f, x0=jnp.asarray(x0)), g, h


def _trial(estimator: Estimator, n: int) -> Trial:
    problem, g, hessian = _quadratic(n)
    counted, reach = asked(estimator, problem)
    slack = 1e-9 * np.linalg.norm(g)
    if reach:
        bias = n**0.5 * np.linalg.eigvalsh(hessian)[-1] * reach / 2
        curvature = min(1.0, BIAS * np.linalg.norm(g) / bias)
        slack += curvature * bias + 20 * n * np.finfo(float).eps / reach
        problem = _quadratic(n, curvature)[0]
    samples = 1
    if estimator.draw is not None:
        samples = int(np.clip(WORK // max(1, counted.total * n), 1000, SAMPLES))
    one = partial(estimates(estimator, oracle(problem), problem.x0), jnp.uint32(7))
    made = np.asarray(jax.jit(jax.vmap(one))(jnp.arange(samples, dtype=jnp.uint32)))
    return Trial(n, problem, hessian, g, made, counted, float(slack))


def estimates(estimator: Estimator, ask: Oracle, x: jax.Array, seen: bool = True) -> Callable:
    """(seed, step) -> G at x. One that remembers has `seen` x once before."""

    def one(seed, step):
        def draw(step):
            return () if estimator.draw is None else estimator.draw(Key(seed, step), x.size, x.dtype)

        state = estimator.init(x)
        if seen and jax.tree.leaves(state):
            state = estimator.estimate(ask, x, draw(step + jnp.uint32(2**31)), state)[1]
        g, state = estimator.estimate(ask, x, draw(step), state)
        return g

    return one


def asked(estimator: Estimator, problem: Problem, step: int = 0) -> tuple[Calls, float]:
    """What one compiled estimate asks of a black box that counts, a pair as two values, and how far from x it asks."""
    counted, far, x = dict.fromkeys(Calls._fields, 0), [0.0], problem.x0

    def counting(kind: str, ask: Callable, by: int = 1) -> Callable:
        def note(distance: Any) -> None:
            counted[kind] += by
            far[0] = max(far[0], float(distance))

        def noted(y, *others):
            jax.debug.callback(note, jnp.linalg.norm(jnp.real(y) - x))
            return ask(y, *others)

        return noted

    plain = oracle(problem)
    value, jvp, grad = (counting(kind, getattr(plain, kind)) for kind in Calls._fields)
    ask = Oracle(value, jvp, grad, plain.pair and counting("value", plain.pair, by=2))
    one = partial(estimates(estimator, ask, x, seen=False), jnp.uint32(7))
    jax.block_until_ready(jax.jit(one)(jnp.uint32(step)))
    jax.effects_barrier()
    return Calls(**counted), far[0]


def _estimate(trials: list[Trial], refused: str) -> Found:
    if not trials:
        return "fails", refused.removeprefix("; ")
    for n, _, _, g, made, *_ in trials:
        if made.shape[1:] != g.shape:
            return "fails", f"n = {n}: G has shape {made.shape[1:]}, x has {g.shape}"
        if made.dtype != np.float64:
            return "fails", f"n = {n}: G is {made.dtype} for a float64 x"
        bad = np.flatnonzero(~np.isfinite(made).all(axis=1))
        if bad.size:
            return "fails", f"n = {n}: {bad.size} of {len(made)} estimates are not finite"
    sizes = ", ".join(f"{len(trial.estimates)} at n = {trial.n}" for trial in trials)
    return "passes", f"finite vectors: {sizes}{refused}"


def _calls(estimator: Estimator, trial: Trial) -> Found:
    declared, counted = _counts(estimator.calls(trial.n)), _counts(trial.counted)
    if estimator.calls(trial.n) != trial.counted:
        return "fails", f"n = {trial.n}: declares {declared}; a black box counts {counted}"
    return "passes", f"{declared} at n = {trial.n}"


def _counts(calls: Calls) -> str:
    words = [f"{count} {kind}{'s' * (count > 1)}" for kind, count in calls._asdict().items() if count]
    return " and ".join(words) or "nothing"


def _alone(estimator: Estimator, problem: Problem) -> np.ndarray:
    """The first estimate, not made with others; traced and compiled anew in each call."""
    one = estimates(estimator, oracle(problem), problem.x0)
    return np.asarray(jax.jit(partial(one, jnp.uint32(7)))(jnp.uint32(0)))


def _deterministic(estimator: Estimator, trial: Trial) -> Found:
    """Traced and compiled twice: random numbers that Python draws would differ."""
    first, again = _alone(estimator, trial.problem), _alone(estimator, trial.problem)
    if first.tobytes() != again.tobytes():
        return "fails", f"{first} and {again} for the same key: randomness comes from draw(key, n, dtype)"
    if estimator.draw is None:
        return "passes", "the same bytes twice; no randomness (draw is None)"
    if (trial.estimates == trial.estimates[0]).all():
        return "fails", f"{len(trial.estimates)} steps give one estimate: draw does not use key.step"
    return "passes", "the same bytes for the same key, others for another step"


def _vmap(estimator: Estimator, trial: Trial) -> Found:
    """The estimates were made all at once: compared with one alone."""
    together = trial.estimates[0]
    size = float(np.linalg.norm(together))
    apart = float(np.linalg.norm(_alone(estimator, trial.problem) - together)) / max(size, 1e-300)
    tolerance = 1e-5 + trial.slack / np.linalg.norm(trial.g)  # directions are drawn in float32
    return judged(bool(apart <= tolerance), f"as without, to {apart:.1g} of ‖G‖")


def _mean(estimator: Estimator, trial: Trial) -> Found:
    error, mean = standard_error(trial.estimates), trial.estimates.mean(axis=0)
    off = np.abs(mean - trial.g)
    i = int(np.argmax(off - ERRORS * error - trial.slack))
    apart = f"{off[i]:.1g} = {off[i] / error[i]:.1f} standard errors" if error[i] else f"{off[i]:.1g}"
    if off[i] > ERRORS * error[i] + trial.slack:
        expected = f"∂f/∂x{i + 1} = {trial.g[i]:.6g}"
        return "fails", f"n = {trial.n}: E G = {mean[i]:.6g} where {expected}, off by {apart}"
    return "passes", f"{apart} (n = {trial.n})"


def standard_error(sample: np.ndarray) -> np.ndarray:
    """Of the mean over the first axis; 0 for a sample of one."""
    return sample.std(axis=0, ddof=1) / len(sample) ** 0.5 if len(sample) > 1 else np.zeros(sample.shape[1:])


def _second_moment(estimator: Estimator, trial: Trial) -> Found:
    if estimator.second_moment(trial.n) is None:
        return "not declared", "no factor B: step=theory and trace need one; use step=<number>"
    B, ratio = theory.variance_factor(estimator, trial.n), (trial.estimates**2).sum(axis=1) / (trial.g @ trial.g)
    mean, error = ratio.mean(), float(standard_error(ratio))
    if abs(mean - B) > ERRORS * error + _slack(trial, B):
        return "fails", f"n = {trial.n}: declares B = {B:.6g}, measured E‖G‖²/‖∇f‖² = {mean:.6g} ± {error:.2g}"
    return "passes", f"{B:.4g} ({mean:.4g} ± {error:.1g}) at n = {trial.n}"


def _slack(trial: Trial, B: float) -> float:
    """What a bias of `slack` does to E‖G‖²/‖g‖² = B."""
    relative = trial.slack / np.linalg.norm(trial.g)
    return 2 * B**0.5 * relative + trial.n * relative**2


def _matrix(estimator: Estimator, trial: Trial) -> Found:
    m, g = estimator.second_moment(trial.n), trial.g
    if m is None:
        return "not declared", "second_moment gives None"
    expected = m.A * (g @ g) * np.eye(trial.n) + m.C * np.outer(g, g) + m.D * np.diag(g * g)
    products = trial.estimates[:, :, None] * trial.estimates[:, None, :]
    mean, error = products.mean(axis=0), standard_error(products)
    off = np.abs(mean - expected)
    size = _slack(trial, theory.variance_factor(estimator, trial.n)) * (g @ g)
    i, j = np.unravel_index(np.argmax(off - ERRORS * error), off.shape)
    about = f"E G{i + 1}G{j + 1} = {mean[i, j]:.6g} ± {error[i, j]:.2g}, declared {expected[i, j]:.6g}"
    return judged(bool((off <= ERRORS * error + size).all()), f"n = {trial.n}: {about}, the worst of {off.size}")


def _trace(estimator: Estimator, trial: Trial) -> Found:
    """E GᵀHG = tr(H E GGᵀ) ≤ L B_eff ‖g‖²."""
    if estimator.second_moment(trial.n) is None:
        return "not declared", "no factor B_eff: step=trace needs one; use step=<number>"
    h, top = trial.hessian, np.linalg.eigvalsh(trial.hessian)[-1]
    bound = theory.trace_factor(estimator, trial.n, np.trace(h) / top)
    curvature = ((trial.estimates @ h) * trial.estimates).sum(axis=1) / (top * (trial.g @ trial.g))
    mean, error = curvature.mean(), float(standard_error(curvature))
    if mean > bound + ERRORS * error + _slack(trial, bound):
        return "fails", f"n = {trial.n}: E GᵀHG/(L‖∇f‖²) = {mean:.6g} ± {error:.2g}, above B_eff = {bound:.6g}"
    return "passes", f"{mean:.4g} ± {error:.1g} ≤ {bound:.4g} at n = {trial.n}"


def _single(estimator: Estimator, problem: Problem) -> Found:
    try:
        g = _alone(estimator, problem._replace(x0=problem.x0.astype(jnp.float32)))
    except ValueError as error:
        return "skipped", f"refused: {said(error)}"
    if g.dtype != np.float32:
        return "fails", f"G is {g.dtype} for a float32 x; cast what the estimator makes to x.dtype"
    finite = bool(np.isfinite(g).all())
    return judged(finite, "G is float32 for a float32 x" if finite else "G is not finite")
