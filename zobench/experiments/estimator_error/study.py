"""How wrong one estimate of a gradient is: bias, second moment, error and angle, against what is proven. No optimizer.

Kinds of rows: `moments` (exact slopes, as far as the dtype goes), `quotient` (difference steps ε, against the same
directions with exact slopes, so that the bias stands out of the variance), `noise` (in the values), `formula` (the
lecture's G = d (f(x+εv) − f(x−εv))/(2ε) v with and without its factor d, for three kinds of v), `recent`.
"""

import inspect
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import product
from math import nan
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from zobench import differences, estimators, families, sampling
from zobench.experiments.estimator_error import expected, recent
from zobench.experiments.estimator_error.expected import Local
from zobench.problems.wrappers import noisy
from zobench.sampling import Mean
from zobench.types import Calls, Draw, Estimator, Problem, Vector

DIRECTIONS = ("sphere", "gaussian", "rademacher", "coordinate")
FAMILY = {"finite_difference": "axes", "regression": "span", "one_point": "sphere", "residual_one_point": "sphere"}
NAMES = ("direction", "q", "orthogonal", "quotient", "eps")
THEORY = ("along", "second", "error", "captured", "bias")


class Row(NamedTuple):
    """One estimator to measure: its arguments that vary, the noise in values, the precision, the factor of v.

    `family` below is its kind of directions, `axes` for all coordinates, `span` for their regression, `exact` for none.
    """

    kind: str
    arguments: dict[str, Any]
    sigma: float = 0.0
    dtype: str = "float64"
    factor: str = ""


def estimator_error(
    problem: Problem,
    estimator: Callable[..., Estimator],
    *,
    samples: int,
    q: Sequence[int],
    eps: Sequence[float],
    sigma: Sequence[float],
    seed: int,
    dtype: str,
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """A study of the estimators that a factory makes (`_partial_: true` in its config), at x0 of the problem.

    Moments, noise and formulas are measured on quadratics (where the exact values are known for every ε), difference
    steps on every problem. Asks `samples` estimates a row. Raises ValueError for counts, steps and noise that are out
    of range, and for samples that do not fit the memory.
    """
    sampling.require_count("samples", samples, 100)
    sampling.require_positive("eps", eps)
    sampling.require_positive("sigma", sigma)
    if not q or min(q) < 1:
        raise ValueError(f"q={list(q)}: numbers of directions, from 1 on")
    if not callable(estimator):
        raise ValueError("estimator: this study needs the factory itself: estimator={_partial_: true}")
    sampling.require_memory("samples", samples, 8 * samples * problem.n * (6 + 10 * sum(q)))
    return partial(_measure, problem, estimator, samples, q, eps, sigma, seed, dtype)


def _measure(problem, estimator, samples, q, eps, sigma, seed, dtype) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    x = jnp.asarray(problem.x0, dtype)
    at = expected.local(problem, x)
    about = {"n": problem.n, "samples": samples, "M": float(np.abs(at.third).max())}
    about |= {"quadratic": problem.modes is not None, "norm2": at.norm2}
    if _name(estimator) in recent.MADE:
        return {}, about | {"rows": list(_recent(problem, estimator, at, eps, samples, seed))}
    known: dict[str, Any] = {}  # directions that several rows share

    def draw(made: Estimator, x: Vector, row: Row) -> Draw:
        name = repr([row.arguments.get(key) for key in NAMES[:3]] + [row.dtype])
        if name not in known:
            known[name] = sampling.draws(made, x, samples, seed)
        return known[name]

    rows = [_row(problem, estimator, row, at, draw, samples, seed) for row in _rows(estimator, problem, q, eps, sigma)]
    return {}, about | {"rows": rows}


def _recent(problem, factory, at: Local, eps, samples: int, seed: int) -> Iterator[dict[str, Any]]:
    """The rows of the papers' estimators, of which nothing varies but what the papers speak of."""
    about = {"kind": "recent", **dict.fromkeys(NAMES), "factory": _name(factory), "family": "sphere"}
    about |= {"sigma": 0.0, "dtype": "float64"} | {f"{of}_theory": nan for of in THEORY}
    for row in recent.rows(problem, factory, _name(factory), at, eps, samples, seed):
        numbers = _numbers(row.pop("sample"), at)
        yield about | row | {name: list(part) for name, part in numbers.items()}


def _rows(factory, problem, q, eps, sigma) -> Iterator[Row]:
    """What varies of this factory: `moments` by direction and q, `quotient` by ε, `noise` by ε and σ, `formula`."""
    takes, quadratic = inspect.signature(factory).parameters.keys(), problem.modes is not None
    along, axes = {"direction", "eps"} <= takes, _name(factory) == "finite_difference"
    varied = list(_moments(takes, q, problem.n)) if quadratic else []
    yield from (Row("moments", arguments) for arguments in varied or [{}])
    yield Row("moments", {}, dtype="float32")
    if along or axes:
        yield from (Row("quotient", arguments) for arguments in _quotients(along, eps, quadratic))
    if quadratic and (along or axes):
        for step, level in product(eps[-2:], sigma):
            yield from (Row("noise", {"quotient": one, "eps": step}, level) for one in ("central", "forward"))
    if quadratic and along:
        yield from (Row("noise", {"eps": eps[-1], "q": many}, sigma[0]) for many in q if many > 1)
        for direction, factor in product(("sphere", "gaussian", "rademacher"), ("d", "1")):
            yield Row("formula", {"direction": direction}, factor=factor)


def _moments(takes: Collection[str], q: Sequence[int], n: int) -> Iterator[dict[str, Any]]:
    if "direction" in takes:
        yield from ({"direction": direction, "q": many} for direction, many in product(DIRECTIONS, q))
        for direction, many in product(("sphere", "coordinate"), q):
            if 1 < many <= n:
                yield {"direction": direction, "q": many, "orthogonal": True}
    elif "q" in takes:
        yield from ({"q": many} for many in q)


def _quotients(along: bool, eps: Sequence[float], quadratic: bool) -> Iterator[dict[str, Any]]:
    """The forward quotient at each ε, the central one at the largest; on a function that is no quadratic at each.

    There along every kind of directions.
    """
    yield from ({"quotient": "forward", "eps": step} for step in eps)
    yield from ({"quotient": "central", "eps": step} for step in (eps[-1:] if quadratic else eps))
    for direction, step in product(DIRECTIONS[1:] if along and not quadratic else (), eps):
        yield {"direction": direction, "quotient": "central", "eps": step}


def _name(factory) -> str:
    return getattr(factory, "func", factory).__name__


def _row(problem: Problem, factory, row: Row, at: Local, draw: Callable, samples: int, seed: int) -> dict[str, Any]:
    given = inspect.signature(factory).bind(**row.arguments)
    given.apply_defaults()
    about: dict[str, Any] = {name: given.arguments.get(name) for name in NAMES} | {"factory": _name(factory)}
    about["family"] = about["direction"] or FAMILY.get(about["factory"], "exact")
    made = formula(row.arguments["direction"], row.factor) if row.factor else factory(**row.arguments)
    compared, x = [made], jnp.asarray(problem.x0, row.dtype)
    if row.kind == "quotient" and about["direction"]:  # the same directions with exact slopes
        compared.append(estimators.forward_gradient(about["direction"], about["q"], about["orthogonal"]))
    asked = noisy(problem, row.sigma) if row.sigma else problem
    drawn = sampling.estimates(asked, compared, x, draw(made, x, row), samples, seed)
    numbers, leading = _numbers(drawn[0], at), _leading(about, at)
    if row.kind == "quotient":
        numbers["bias"] = _bias(drawn[0] - (drawn[1] if len(drawn) > 1 else at.g), leading, at.norm2**0.5)
    told = {"kind": row.kind, **about, "sigma": row.sigma, "dtype": row.dtype, "factor": row.factor}
    told |= {"calls": made.calls(at.g.size).total, **_theory(made, row, about, at, leading)}
    return told | {name: list(part) for name, part in numbers.items()}


def _numbers(sample: np.ndarray, at: Local) -> dict[str, Mean]:
    """Along g: E gᵀG/‖g‖²; second: E‖G‖²/‖g‖²; error: E‖G−g‖²/‖g‖²; captured: E cos²(G, g)."""
    along, square = sample @ at.g / at.norm2, (sample**2).sum(1)
    off = ((sample - at.g) ** 2).sum(1) / at.norm2
    cos2 = np.divide(along**2 * at.norm2, square, out=np.zeros_like(square), where=square > 0)
    parts = {"along": along, "second": square / at.norm2, "error": off, "captured": cos2}
    numbers = {name: sampling.mean(part) for name, part in parts.items()}
    return numbers | {"across": Mean(_hotelling(sample - at.g))}


def _hotelling(deviation: np.ndarray) -> float:
    """How far a mean vector is from 0 in standard errors: (T² − n)/√(2n), Hotelling's T² of a large sample; nan for 1.

    Directions that the sample never takes (rank below n) do not count.
    """
    if len(deviation) <= deviation.shape[1] + 1:
        return nan
    centre, cov = deviation.mean(0), np.cov(deviation, rowvar=False).reshape(deviation.shape[1], -1)
    value, vector = np.linalg.eigh(cov)
    kept = value > 1e-12 * max(value[-1], 0.0)
    if value[-1] <= 0 or not kept.any():
        return nan
    n = int(kept.sum())
    t2 = len(deviation) * float(((vector[:, kept].T @ centre) ** 2 / value[kept]).sum())
    return (t2 - n) / (2 * n) ** 0.5


def _bias(difference: np.ndarray, leading: np.ndarray, scale: float) -> Mean:
    """‖E G − ∇f‖/‖∇f‖: along the leading term where there is one, else the length of the mean."""
    length = np.linalg.norm(leading)
    if length > 0:
        return sampling.mean(difference @ leading / (length * scale))
    spread = difference.var(0, ddof=1).sum() / len(difference) if len(difference) > 1 else 0.0
    return Mean(float(np.linalg.norm(difference.mean(0))) / scale, float(spread**0.5) / scale)


def _leading(about: dict[str, Any], at: Local) -> np.ndarray:
    """The leading bias [n]; 0 where none is known or there is none."""
    if about["quotient"] not in ("central", "forward") or about["eps"] is None or about["family"] == "span":
        return np.zeros_like(at.g)
    return expected.bias(at, about["family"], about["quotient"], about["eps"])


def _theory(made: Estimator, row: Row, about: dict[str, Any], at: Local, leading: np.ndarray) -> dict[str, float]:
    """What is expected of the row's numbers; nan where nothing is proven."""
    n, family, q = at.g.size, about["family"], about["q"] or 1
    unbiased = n if row.factor and family == "sphere" else 1  # what the formula's own factor stands in for
    scale = {"": 1.0, "d": n, "1": 1}[row.factor] / unbiased
    along = 1 + float(leading @ at.g) / at.norm2
    second = expected.second_moment(at, made)
    if family == "axes":
        second = float(((at.g + leading) ** 2).sum()) / at.norm2
    if about["factory"] == "one_point" and row.kind == "moments":
        second = expected.one_point(at, about["eps"])
    if row.sigma:
        second += expected.inflation(n, q, about["quotient"], family, about["eps"], row.sigma) / at.norm2
    second *= scale**2
    known = not row.sigma and row.kind != "quotient"
    return {
        "along_theory": scale * along,
        "second_theory": second,
        "error_theory": second - 2 * scale * along + 1,
        "captured_theory": expected.captured(n, family, q, bool(about["orthogonal"])) if known else nan,
        "bias_theory": float(np.linalg.norm(leading)) / at.norm2**0.5,
    }


def formula(direction: str, factor: str) -> Estimator:
    """G = d (f(x+εv) − f(x−εv))/(2ε) v as the lecture writes it, v ~ U(Sⁿ⁻¹), N(0, I) or ±1; factor "1": without d.

    ε is the best one of the dtype along a unit vector. The second moment is that of the unbiased estimator along v.
    """
    known = estimators.two_point(direction)  # pyright: ignore[reportArgumentType]
    vectors = families.vectors(direction)  # pyright: ignore[reportArgumentType]

    def estimate(oracle, x, draw, state):
        v = vectors(draw, x)[0]
        h = differences.best_eps("central", x.dtype) / (1 if direction == "sphere" else x.size**0.5)
        slope = (oracle.value(x + h * v, 0) - oracle.value(x - h * v, 1)) / (2 * h)
        return (x.size if factor == "d" else 1) * slope * v, state

    return Estimator(estimate, lambda n: Calls(value=2), known.second_moment, known.draw, known.excess)
