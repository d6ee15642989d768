"""An estimator against its promises, on rotated quadratics: mean, second moment, calls, randomness, dtypes.

A mean agrees within 4.5 standard errors and the bias of a difference quotient: an estimator that asks for values at
distance h from x is allowed √n L h/2, the bias of one-sided differences, and f's rounding over h. The curvature is made
small enough for this to be at most 1/1000 of ‖∇f‖: a large eps is no way past the check.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench import theory
from zobench.check.verdict import Verdict, attempt, judged, said
from zobench.types import Calls, Estimator, Key, Oracle, Problem, Scalar, Vector, oracle

DIMENSIONS = (2, 10, 50)
ERRORS = 4.5
SAMPLES, WORK = 20_000, 2_000_000  # estimates at most, and about as many calls times n
BIAS = 1e-3  # of ‖∇f‖, at most


class Trial(NamedTuple):
    """An estimator at one n: problem, H, g, estimates [m, n], the first made alone, calls counted, bias allowed."""

    n: int
    problem: Problem
    hessian: np.ndarray
    g: np.ndarray
    estimates: np.ndarray
    alone: np.ndarray
    counted: Calls
    slack: float


def check_estimator(estimator: Estimator) -> list[Verdict]:
    """A verdict for each property of an estimator: see docs/extending.md. Never raises for what the estimator does."""
    with jax.enable_x64(True), np.errstate(all="ignore"):
        trials: list[Trial] = []
        refused = ""
        for n in DIMENSIONS:
            try:
                trials.append(_trial(estimator, n, is_first=not trials))
            except ValueError as error:
                refused += f"; n = {n} {said(error)}"
            except Exception as error:
                return [judged("estimate", False, f"n = {n}: {said(error)}"), _rest()]
        found = attempt("estimate", _estimate, trials, refused)
        if found.verdict == "fails":
            return [found, _rest()]
        checks = {
            "calls": _calls, "deterministic": _deterministic, "vmap": _vmap, "unbiased": _mean,
            "second moment": _second_moment, "moment matrix": _matrix, "trace factor": _trace, "float32": _single,
        }  # fmt: skip
        return [found, *(attempt(name, check, estimator, trials) for name, check in checks.items())]


def _rest() -> Verdict:
    return Verdict("the rest", "skipped", "needs estimate to be right")


def _quadratic(n: int, curvature: float = 1.0) -> tuple[Problem, np.ndarray, np.ndarray]:
    """f = 1 + g·(x − x0) + ½ c (x − x0)ᵀH(x − x0), c = curvature; H dense and positive definite. Problem, g, H."""
    random = np.random.default_rng(3)
    a, x0, g = random.standard_normal((n, n)), random.standard_normal(n), random.standard_normal(n)
    h = a @ a.T / n

    def f(x: Vector) -> Scalar:
        d = x - jnp.asarray(x0, x.dtype)
        return 1 + jnp.asarray(g, x.dtype) @ d + 0.5 * d @ (jnp.asarray(curvature * h, x.dtype) @ d)

    return Problem(f=f, x0=jnp.asarray(x0)), g, h


def _trial(estimator: Estimator, n: int, is_first: bool) -> Trial:
    problem, g, hessian = _quadratic(n)
    counted, reach = _count(estimator, problem)
    slack, curvature = 1e-9 * np.linalg.norm(g), 1.0
    if reach:
        bias = n**0.5 * np.linalg.eigvalsh(hessian)[-1] * reach / 2
        curvature = min(1.0, BIAS * np.linalg.norm(g) / bias)
        slack += curvature * bias + 20 * n * np.finfo(float).eps / reach
        problem = _quadratic(n, curvature)[0]
    samples = 1
    if estimator.draw is not None:
        samples = int(np.clip(WORK // max(1, counted.total * n), 1000, SAMPLES))
    one = _one(estimator, oracle(problem), problem.x0)
    estimates = np.asarray(jax.jit(jax.vmap(one))(jnp.arange(samples, dtype=jnp.uint32)))
    alone = _alone(estimator, problem) if is_first else estimates[0]
    return Trial(n, problem, hessian, g, estimates, alone, counted, float(slack))


def _alone(estimator: Estimator, problem: Problem) -> np.ndarray:
    return np.asarray(jax.jit(_one(estimator, oracle(problem), problem.x0))(jnp.uint32(0)))


def _one(estimator: Estimator, ask: Oracle, x: jax.Array) -> Callable:
    """Estimate number i at x, keyed (7, i). One that remembers has seen x once before."""

    def one(i: jax.Array) -> jax.Array:
        def draw(step):
            return () if estimator.draw is None else estimator.draw(Key(jnp.uint32(7), step), x.size, x.dtype)

        state = estimator.init(x)
        if jax.tree.leaves(state):
            state = estimator.estimate(ask, x, draw(i + jnp.uint32(2**31)), state)[1]
        g, state = estimator.estimate(ask, x, draw(i), state)
        return g

    return one


def _count(estimator: Estimator, problem: Problem) -> tuple[Calls, float]:
    """What one compiled estimate asks of a black box that counts, and how far from x it asks for values."""
    counted, far, x = dict.fromkeys(Calls._fields, 0), [0.0], problem.x0

    def counting(kind: str, ask: Callable) -> Callable:
        def note(distance: Any) -> None:
            counted[kind] += 1
            far[0] = max(far[0], float(distance))

        def asked(y, *rest):
            jax.debug.callback(note, jnp.linalg.norm(jnp.real(y) - x))
            return ask(y, *rest)

        return asked

    plain = oracle(problem)
    ask = Oracle(*(counting(kind, getattr(plain, kind)) for kind in Calls._fields))

    def one(step):
        draw = () if estimator.draw is None else estimator.draw(Key(jnp.uint32(7), step), x.size, x.dtype)
        return estimator.estimate(ask, x, draw, estimator.init(x))

    jax.block_until_ready(jax.jit(one)(jnp.uint32(0)))
    jax.effects_barrier()
    return Calls(**counted), far[0]


def _estimate(name: str, trials: list[Trial], refused: str) -> Verdict:
    if not trials:
        return judged(name, False, refused.removeprefix("; "))
    for n, _, _, g, estimates, *_ in trials:
        if estimates.shape[1:] != g.shape:
            return judged(name, False, f"n = {n}: G has shape {estimates.shape[1:]}, x has {g.shape}")
        if estimates.dtype != np.float64:
            return judged(name, False, f"n = {n}: G is {estimates.dtype} for a float64 x")
        bad = np.flatnonzero(~np.isfinite(estimates).all(axis=1))
        if bad.size:
            return judged(name, False, f"n = {n}: {bad.size} of {len(estimates)} estimates are not finite")
    sizes = ", ".join(f"{len(trial.estimates)} at n = {trial.n}" for trial in trials)
    return judged(name, True, f"finite vectors: {sizes}{refused}")


def _calls(name: str, estimator: Estimator, trials: list[Trial]) -> Verdict:
    shown = []
    for trial in trials:
        declared = estimator.calls(trial.n)
        if declared != trial.counted:
            return judged(
                name, False, f"n = {trial.n}: declares {_counts(declared)}; a black box counts {_counts(trial.counted)}"
            )
        shown.append(f"{_counts(declared)} at n = {trial.n}")
    return judged(name, True, ", ".join(shown))


def _counts(calls: Calls) -> str:
    return (
        " and ".join(f"{count} {kind}{'s' * (count > 1)}" for kind, count in calls._asdict().items() if count)
        or "nothing"
    )


def _deterministic(name: str, estimator: Estimator, trials: list[Trial]) -> Verdict:
    """Traced and compiled twice: random numbers that Python draws would differ."""
    trial = trials[0]
    first, again = trial.alone, _alone(estimator, trial.problem)
    if first.tobytes() != again.tobytes():
        return judged(name, False, f"{first} and {again} for the same key: randomness comes from draw(key, n, dtype)")
    if estimator.draw is None:
        return judged(name, True, "the same bytes twice; no randomness (draw is None)")
    if (trial.estimates == trial.estimates[0]).all():
        return judged(name, False, f"{len(trial.estimates)} steps give one estimate: draw does not use key.step")
    return judged(name, True, "the same bytes for the same key, others for another step")


def _vmap(name: str, estimator: Estimator, trials: list[Trial]) -> Verdict:
    """The estimates were made all at once: compared with one alone."""
    trial = trials[0]
    size = float(np.linalg.norm(trial.estimates[0]))
    apart = float(np.linalg.norm(trial.alone - trial.estimates[0])) / max(size, 1e-300)
    tolerance = 1e-5 + trial.slack / np.linalg.norm(trial.g)  # directions are drawn in float32
    return judged(name, bool(apart <= tolerance), f"as without, to {apart:.1g} of ‖G‖")


def _mean(name: str, estimator: Estimator, trials: list[Trial]) -> Verdict:
    shown = []
    for trial in trials:
        error, mean = _error(trial.estimates), trial.estimates.mean(axis=0)
        off = np.abs(mean - trial.g)
        i = int(np.argmax(off - ERRORS * error - trial.slack))
        apart = f"{off[i]:.1g} = {off[i] / error[i]:.1f} standard errors" if error[i] else f"{off[i]:.1g}"
        if off[i] > ERRORS * error[i] + trial.slack:
            return judged(
                name, False, f"n = {trial.n}: E G = {mean[i]:.6g} where ∂f/∂x{i + 1} = {trial.g[i]:.6g}, off by {apart}"
            )
        shown.append(f"{apart} (n = {trial.n})")
    return judged(name, True, f"E G − ∇f at worst {', '.join(shown)}")


def _error(sample: np.ndarray) -> np.ndarray:
    return sample.std(axis=0, ddof=1) / len(sample) ** 0.5 if len(sample) > 1 else np.zeros(sample.shape[1:])


def _second_moment(name: str, estimator: Estimator, trials: list[Trial]) -> Verdict:
    shown = []
    for trial in trials:
        if estimator.second_moment(trial.n) is None:
            return Verdict(name, "not declared", "no factor B: step=theory and trace need one; use step=<number>")
        B, ratio = theory.variance_factor(estimator, trial.n), (trial.estimates**2).sum(axis=1) / (trial.g @ trial.g)
        mean, error = ratio.mean(), float(_error(ratio))
        if abs(mean - B) > ERRORS * error + _slack(trial, B):
            return judged(
                name, False, f"n = {trial.n}: declares B = {B:.6g}, measured E‖G‖²/‖∇f‖² = {mean:.6g} ± {error:.2g}"
            )
        shown.append(f"{B:.4g} ({mean:.4g} ± {error:.1g}) at n = {trial.n}")
    return judged(name, True, f"B = {', '.join(shown)}")


def _slack(trial: Trial, B: float) -> float:
    """What a bias of `slack` does to E‖G‖²/‖g‖² = B."""
    relative = trial.slack / np.linalg.norm(trial.g)
    return 2 * B**0.5 * relative + trial.n * relative**2


def _matrix(name: str, estimator: Estimator, trials: list[Trial]) -> Verdict:
    trial = trials[0]
    m, g = estimator.second_moment(trial.n), trial.g
    if m is None:
        return Verdict(name, "not declared", "second_moment gives None")
    expected = m.A * (g @ g) * np.eye(trial.n) + m.C * np.outer(g, g) + m.D * np.diag(g * g)
    products = trial.estimates[:, :, None] * trial.estimates[:, None, :]
    mean, error = products.mean(axis=0), _error(products)
    off = np.abs(mean - expected)
    size = _slack(trial, theory.variance_factor(estimator, trial.n)) * (g @ g)
    i, j = np.unravel_index(np.argmax(off - ERRORS * error), off.shape)
    about = f"E G{i + 1}G{j + 1} = {mean[i, j]:.6g} ± {error[i, j]:.2g}, declared {expected[i, j]:.6g}"
    return judged(name, bool((off <= ERRORS * error + size).all()), f"n = {trial.n}: {about}, the worst of {off.size}")


def _trace(name: str, estimator: Estimator, trials: list[Trial]) -> Verdict:
    """E GᵀHG = tr(H E GGᵀ) ≤ L B_eff ‖g‖²."""
    shown = []
    for trial in trials:
        if estimator.second_moment(trial.n) is None:
            return Verdict(name, "not declared", "no factor B_eff: step=trace needs one; use step=<number>")
        h, top = trial.hessian, np.linalg.eigvalsh(trial.hessian)[-1]
        bound = theory.trace_factor(estimator, trial.n, np.trace(h) / top)
        curvature = ((trial.estimates @ h) * trial.estimates).sum(axis=1) / (top * (trial.g @ trial.g))
        mean, error = curvature.mean(), float(_error(curvature))
        if mean > bound + ERRORS * error + _slack(trial, bound):
            return judged(
                name, False, f"n = {trial.n}: E GᵀHG/(L‖∇f‖²) = {mean:.6g} ± {error:.2g}, above B_eff = {bound:.6g}"
            )
        shown.append(f"{mean:.4g} ± {error:.1g} ≤ {bound:.4g} at n = {trial.n}")
    return judged(name, True, f"E GᵀHG/(L‖∇f‖²) {', '.join(shown)}")


def _single(name: str, estimator: Estimator, trials: list[Trial]) -> Verdict:
    problem = trials[-1].problem
    try:
        g = jax.jit(_one(estimator, oracle(problem), problem.x0.astype(jnp.float32)))(jnp.uint32(0))
    except ValueError as error:
        return Verdict(name, "skipped", f"refused: {said(error)}")
    if g.dtype != jnp.float32:
        return judged(name, False, f"G is {g.dtype} for a float32 x; cast what the estimator makes to x.dtype")
    return judged(
        name,
        bool(jnp.isfinite(g).all()),
        "G is float32 for a float32 x" if jnp.isfinite(g).all() else "G is not finite",
    )
