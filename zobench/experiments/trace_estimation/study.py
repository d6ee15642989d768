"""The trace of a Hessian from Hessian-vector products: Hutchinson's estimator (1990), its variance, and Hutch++.

tr X = E vᵀXv wherever E vvᵀ = I; (1/V) Σ vᵢᵀXvᵢ of V probes estimates it. The network is that of Dangel, Kunstner &
Hennig's BackPACK example (2020), on the digits that scikit-learn ships instead of MNIST: 64-20-10 instead of 784-20-10
(8 × 8 pixels, more of them would say nothing new), sigmoid, no biases, mean cross-entropy of one batch: n = 1480.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from zobench.derivatives.clock import interleaved
from zobench.derivatives.fits import require
from zobench.problems.datasets import TRAIN, digits
from zobench.types import Scalar, Vector

INPUTS, CLASSES = 64, 10
AT_A_TIME = 50  # probes that are multiplied at once where time is not the subject
Function = Callable[[Vector], Scalar]
Probes = Callable[[np.random.Generator, int, int], np.ndarray]


def sphere(random: np.random.Generator, count: int, n: int) -> Float[np.ndarray, "count n"]:
    """Uniform on the sphere of radius √n."""
    v = random.standard_normal((count, n))
    return v * (n**0.5 / np.linalg.norm(v, axis=1, keepdims=True))


def coordinate(random: np.random.Generator, count: int, n: int) -> Float[np.ndarray, "count n"]:
    """√n eᵢ, i uniform."""
    v = np.zeros((count, n))
    v[np.arange(count), random.integers(n, size=count)] = n**0.5
    return v


PROBES: dict[str, Probes] = {
    "rademacher": lambda random, count, n: random.choice([-1.0, 1.0], size=(count, n)),
    "gaussian": lambda random, count, n: random.standard_normal((count, n)),
    "sphere": sphere,
    "coordinate": coordinate,
}


def variances(x: Float[np.ndarray, "n n"]) -> dict[str, float]:
    """Var vᵀXv of one probe, X symmetric (else of (X + Xᵀ)/2); Avron & Toledo 2011 for the first two.

    Gaussian 2‖X‖_F², Rademacher 2(‖X‖_F² − Σxᵢᵢ²), sphere (2n/(n+2))(‖X‖_F² − (tr X)²/n), coordinate n Σxᵢᵢ² − (tr X)².
    """
    n, square = len(x), float(np.sum(((x + x.T) / 2) ** 2))
    diagonal, trace = float(np.sum(np.diag(x) ** 2)), float(np.trace(x))
    return {
        "rademacher": 2 * (square - diagonal),
        "gaussian": 2 * square,
        "sphere": 2 * n / (n + 2) * (square - trace**2 / n),
        "coordinate": n * diagonal - trace**2,
    }


def network(hidden: int, batch: int, seed: int, dtype: str) -> tuple[Function, Vector]:
    """f: weights of 64-hidden-10 in one vector -> mean cross-entropy of a batch; first weights; needs zobench[data].

    They are uniform in ±1/√inputs, as PyTorch draws them.
    """
    random = np.random.default_rng([seed, 1])
    pixels, label = digits().train[:batch], digits().train_label[:batch]
    sizes = [(INPUTS, hidden), (hidden, CLASSES)]
    x, unravel = ravel_pytree([jnp.asarray(random.uniform(-1, 1, size) / size[0] ** 0.5, dtype) for size in sizes])

    def f(x):
        first, second = unravel(x)
        logits = jax.nn.sigmoid(jnp.asarray(pixels, dtype) @ first) @ second
        chosen = logits[jnp.arange(batch), jnp.asarray(label)]
        return jnp.mean(jax.nn.logsumexp(logits, axis=1) - chosen)

    return f, x


def hvp(f: Function, x: Vector, v: Vector) -> Vector:
    """∇²f(x)v, forward over reverse (Pearlmutter 1994)."""
    return jax.jvp(jax.grad(f), (x,), (v,))[1]


def quadratic_forms(f: Function, x: Vector, probes: Array, at_a_time: int) -> Float[Array, " count"]:
    """vᵀ∇²f(x)v for each row, so many in one vectorised product."""
    return jax.lax.map(lambda v: v @ hvp(f, x, v), probes, batch_size=at_a_time)


def hutch_plus_plus(x: np.ndarray, products: int, random: np.random.Generator) -> float:
    """Trace of symmetric X by so many products with it (Meyer, Musco, Musco & Woodruff 2021), Rademacher probes.

    A third for Q = orth(XS), a third for tr(QᵀXQ), a third for Hutchinson on (I − QQᵀ)X(I − QQᵀ). Needs products ≥ 3.
    """
    n, third = len(x), products // 3
    q = np.linalg.qr(x @ random.choice([-1.0, 1.0], size=(n, third)))[0]
    g = random.choice([-1.0, 1.0], size=(n, third))
    g = g - q @ (q.T @ g)
    return float(np.sum(q * (x @ q)) + np.sum(g * (x @ g)) / third)


def hutchinson(x: np.ndarray, products: int, random: np.random.Generator) -> float:
    """Trace of X by so many products with it, Rademacher probes."""
    v = random.choice([-1.0, 1.0], size=(len(x), products))
    return float(np.sum(v * (x @ v)) / products)


def spectra(n: int, random: np.random.Generator) -> dict[str, Float[np.ndarray, "n n"]]:
    """Matrices with random eigenvectors: eigenvalues 1/i ("decaying"), and uniform in [0.5, 1.5] ("flat")."""
    q = np.linalg.qr(random.standard_normal((n, n)))[0]
    values = {"decaying": 1 / np.arange(1, n + 1), "flat": random.uniform(0.5, 1.5, n)}
    return {name: (q * value) @ q.T for name, value in values.items()}


def trace_estimation(
    hidden: int,
    batch: int,
    runs: int,
    probes: int,
    size: int,
    products: Sequence[int],
    trials: int,
    at_a_time: Sequence[int],
    timed: int,
    repeats: int,
    seed: int = 0,
    dtype: str = "float64",
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """vᵀHv of `runs` × `probes` probes of each kind, H the network's Hessian; errors of Hutch++; times of batches.

    Hutch++ and Hutchinson on two matrices of `size` rows and on H at each number of `products`, `trials` times. The
    time of `timed` products, `at_a_time` in one vectorised product, and of a Python loop, interleaved `repeats` times.
    Raises ValueError where an argument is out of range, scikit-learn is missing or a size does not fit the memory.
    """
    if not 1 <= batch <= TRAIN:
        raise ValueError(f"batch={batch}: a whole number from 1 to {TRAIN} digits")
    if min(hidden, runs, probes, trials, timed, repeats, *at_a_time) < 1:
        raise ValueError("hidden, runs, probes, trials, timed, repeats and at_a_time are whole numbers from 1 on")
    if min(products) < 3 or max(products) > size:
        raise ValueError(f"products={list(products)}: whole numbers from 3 to size={size}")
    n = hidden * (INPUTS + CLASSES)
    largest = max(AT_A_TIME, *at_a_time)
    require(8 * (3 * n**2 + 20 * largest * batch * hidden), f"hidden={hidden}: ∇²f and products with it")
    require(8 * 3 * runs * probes * n, f"probes={probes}: all probes of {runs} runs")
    require(8 * 4 * size**2, f"size={size}: matrices with known spectra")
    net = network(hidden, batch, seed, dtype)
    return partial(_measure, *net, runs, probes, size, tuple(products), trials, tuple(at_a_time), timed, repeats, seed)


def _measure(
    f: Function, x: Vector, runs: int, probes: int, size: int, products, trials, at_a_time, timed, repeats, seed
):
    hessian = np.asarray(jax.jit(jax.hessian(f))(x), np.float64)
    arrays = {"exact": np.array(np.trace(hessian))}
    forms = jax.jit(partial(quadratic_forms, f), static_argnums=2)
    for i, (name, kind) in enumerate(PROBES.items()):
        drawn = kind(np.random.default_rng([seed, 2, i]), runs * probes, x.size)
        if name == "rademacher":  # the lecture's probes, matrix-free as in the lecture; the others by the same H
            values = np.asarray(forms(x, jnp.asarray(drawn, x.dtype), AT_A_TIME), np.float64)
            some = drawn[:AT_A_TIME]
            apart = np.abs(values[: len(some)] - np.sum(some * (some @ hessian), axis=1))
            arrays["hvp_difference"] = np.array(apart.max() / abs(arrays["exact"]))
        else:
            values = np.sum(drawn * (drawn @ hessian), axis=1)
        arrays[f"forms/{name}"] = values.reshape(runs, probes)
    random = np.random.default_rng([seed, 3])
    matrices = {**spectra(size, random), "network": hessian}
    for name, matrix in matrices.items():
        arrays[f"trace/{name}"] = np.array(np.trace(matrix))
        arrays[f"variance/{name}"] = np.array(variances(matrix)["rademacher"])
        for way in (hutchinson, hutch_plus_plus):
            found = [[way(matrix, m, random) for _ in range(trials)] for m in products]
            arrays[f"{way.__name__}/{name}"] = np.array(found)
    arrays |= {"seconds": _times(f, x, at_a_time, timed, repeats), "products": np.array(products)}
    kept = {"variances": variances(hessian), "n": int(x.size), "matrices": list(matrices)}
    return arrays, {**kept, "negative": float(np.sum(np.linalg.eigvalsh(hessian) < 0) / x.size)}


def _times(f: Function, x: Vector, at_a_time: Sequence[int], timed: int, repeats: int) -> np.ndarray:
    """Seconds of `timed` products, [Python loop, *at_a_time, repeats]: compiled and warmed up first, then in turn."""
    drawn = np.random.default_rng(0).choice([-1.0, 1.0], size=(timed, x.size))
    probes = jnp.asarray(drawn, x.dtype)
    one = jax.jit(lambda v: v @ hvp(f, x, v))
    rows = list(probes)
    compiled = [jax.jit(partial(quadratic_forms, f, x, at_a_time=size)) for size in at_a_time]
    singles = (lambda rows: [one(v) for v in rows]), lambda: rows
    return interleaved([singles, *((call, lambda: probes) for call in compiled)], repeats)
