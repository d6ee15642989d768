"""Forward against reverse mode for Jacobians of f: Rⁿ → Rᵐ: operations, bytes and seconds, and a split of both.

Forward mode pushes n tangents through f, reverse mode pulls m cotangents back (Griewank & Walther 2008). For f(x) = Ax
that is 2mn² and 2m²n operations: equal at m = n. Which order is cheapest for a graph is NP-complete in general
(Naumann 2008); for an hourglass n → q → m it is reverse below the waist and forward above it where q is small.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from zobench.derivatives import fits, graphs
from zobench.derivatives.counted import Counted, compiled, cost, counted, like
from zobench.derivatives.timed import seconds

Part = Literal["linear", "largest", "grid", "graphs", "hourglass", "multiples", "elementwise"]
Study = Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]
MODES = ("forward", "reverse")
BATCH_BYTES = 2**25  # of the one-hot cotangents of a batch of rows


class Setting(NamedTuple):
    """What all parts share; `identity` is the most bytes that the m×m identity of jax.jacrev may take."""

    n: int
    rows: int
    points: int
    sizes: Sequence[int]
    width: int
    hidden: int
    vertices: int
    repeats: int
    identity: float
    seed: int
    dtype: str


def jacobian_modes(
    *,
    part: Part,
    n: int = 100,
    rows: int = 31_623,
    points: int = 20,
    sizes: Sequence[int] = (1, 4, 16, 64, 256, 1024),
    width: int = 256,
    hidden: int = 64,
    vertices: int = 32,
    repeats: int = 15,
    identity: float = 1e9,
    seed: int = 0,
    dtype: str = "float32",
) -> Study:
    """A measurement of one part; arrays [modes, ...] with modes forward, reverse (then split).

    linear: f(x) = Ax, n inputs, `points` log-spaced m from 1 to `rows` (the lecture's figure). largest: max_i (Ax)_i.
    grid: Ax over sizes × sizes. graphs: random graphs of `vertices`, n and m powers of 2 up to 16. hourglass: n = m =
    `width`, q over the sizes up to it. multiples: a network of `hidden` tanh units, cost over that of f. elementwise:
    bytes of vjp and Jacobian of exp. Reverse mode goes through rows in batches where the m×m identity would take more
    than `identity` bytes. ValueError for what is out of range or does not fit the memory.
    """
    counts = {"n": n, "rows": rows, "points": points, "width": width, "hidden": hidden, "repeats": repeats}
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"{name}={value}: a whole number from 1 on")
    if not sizes or min(sizes) < 1:
        raise ValueError(f"sizes={list(sizes)}: whole numbers from 1 on")
    if vertices < 16:
        raise ValueError(f"vertices={vertices}: a random graph of up to 16 inputs needs at least 16")
    setting = Setting(n, rows, points, sorted(set(sizes)), width, hidden, vertices, repeats, identity, seed, dtype)
    bytes, what = needed(part, setting)
    fits.require(bytes, what)
    return partial(PARTS[part], setting)


def needed(part: Part, s: Setting) -> tuple[float, str]:
    """Bytes that a part has at once, and what needs them."""
    item, most = np.dtype(s.dtype).itemsize, s.sizes[-1]
    if part == "linear":  # A in NumPy's float64 and here, two Jacobians, tangents, cotangents
        return s.rows * s.n * (8 + 4 * item) + _cotangents(s, s.rows), f"rows={s.rows}: Jacobians of Ax, n = {s.n}"
    if part == "largest":
        return s.rows * s.n * (8 + 2 * item), f"rows={s.rows}: max Ax and its tangents, n = {s.n}"
    if part == "hourglass":
        return s.width**2 * (16 + 8 * item), f"width={s.width}: the Jacobian of the hourglass"
    if part == "elementwise":
        return 16.0 * most, f"sizes=[...,{most}]: exp of so many numbers"  # the Jacobian is only compiled
    return most**2 * (16 + 6 * item), f"sizes=[...,{most}]: the largest Jacobian"


def _cotangents(s: Setting, m: int) -> float:
    whole = float(np.dtype(s.dtype).itemsize) * m**2
    return whole if whole <= s.identity else BATCH_BYTES


def reverse(f: Callable[..., Any], s: Setting, m: int) -> tuple[Callable[..., Any], int]:
    """The reverse-mode Jacobian of f(x, *parameters) with m outputs, and its rows a batch (m: all at once)."""
    item = np.dtype(s.dtype).itemsize
    if item * m**2 <= s.identity:
        return jax.jacrev(f), m
    batch = max(1, BATCH_BYTES // (item * m))
    return lambda x, *parameters: graphs.rows_in_batches(f, x, batch, *parameters), batch


def linear(s: Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Ax over m: operations and temporary bytes of jax's own modes [modes, m], seconds [modes, m, repeats], batches."""
    ms = rows(s)
    matrix, x = graphs.normal((s.rows, s.n), s.seed, s.dtype), graphs.normal((s.n,), s.seed + 1, s.dtype)
    costs, times, batches = [], [], []
    for m in map(int, ms):
        modes = (jax.jacfwd(graphs.linear), jax.jacrev(graphs.linear))
        costs.append([counted(mode, *like((s.n,), (m, s.n), dtype=s.dtype)) for mode in modes])
        backward, batch = reverse(graphs.linear, s, m)
        ready = [jax.jit(modes[0]), jax.jit(backward)]
        times.append(seconds([partial(f, x, matrix[:m]) for f in ready], s.repeats))
        batches.append(batch)
    found = {"m": ms, "batch": np.array(batches), "seconds": np.array(times).swapaxes(0, 1), **_arrays(costs)}
    return found, {"part": "linear"}


def rows(s: Setting) -> np.ndarray:
    """The numbers of outputs of the lecture's figure: log-spaced from 1 to `rows`."""
    return np.unique(np.round(np.geomspace(1, s.rows, s.points)).astype(int))


def largest(s: Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """max_i (Ax)_i over m up to 10⁴ (the lecture's second panel): a scalar, so that reverse mode has one row."""
    ms = np.unique(np.minimum(rows(s), 10_000))
    matrix, x = graphs.normal((int(ms[-1]), s.n), s.seed, s.dtype), graphs.normal((s.n,), s.seed + 1, s.dtype)
    modes = (jax.jacfwd(graphs.largest), jax.jacrev(graphs.largest))
    arrays = _both(modes, [(x, matrix[: int(m)]) for m in ms], s.repeats)
    return {"m": ms, **arrays}, {"part": "largest"}


def grid(s: Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Ax over sizes × sizes: operations [modes, n, m] and seconds [modes, n, m, repeats]."""
    modes, size = (jax.jacfwd(graphs.linear), jax.jacrev(graphs.linear)), s.sizes[-1]
    matrix, x = graphs.normal((size, size), s.seed, s.dtype), graphs.normal((size,), s.seed + 1, s.dtype)
    found = _both(modes, [(x[:n], matrix[:m, :n]) for n in s.sizes for m in s.sizes], s.repeats)
    shape = (2, len(s.sizes), len(s.sizes))
    arrays = {name: array.reshape(*shape, *array.shape[2:]) for name, array in found.items()}
    return {"n": np.array(s.sizes), "m": np.array(s.sizes), **arrays}, {"part": "grid"}


def random_graphs(s: Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Operations [modes, n, m] of random graphs with n inputs and m outputs, over powers of 2 up to 16."""
    small = [2**k for k in range(5)]
    found = np.empty((2, len(small), len(small)))
    for i, n in enumerate(small):
        for j, m in enumerate(small):
            f = graphs.random_graph(n, m, s.vertices, s.seed)
            both = (jax.jacfwd(f), jax.jacrev(f))
            found[:, i, j] = [counted(mode, *like((n,), dtype=s.dtype)).operations for mode in both]
    return {"n": np.array(small), "m": np.array(small), "operations": found}, {"part": "graphs"}


def hourglass(s: Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Operations [3, q] and seconds [3, q, repeats] of forward, reverse and split mode over the waist q ≤ width."""
    n, (lower, upper) = s.width, graphs.hourglass()
    waists = sorted({*(q for q in s.sizes if q < n), -(-n // 2), -(-3 * n // 4), n})

    def whole(x, A, B, C, D):
        return upper(lower(x, A, B), C, D)

    orders = (jax.jacfwd(whole), jax.jacrev(whole), graphs.split)
    places = [_drawn(s, (n,), (n, n), (q, n), (n, q), (n, n)) for q in waists]
    return {"q": np.array(waists), **_both(orders, places, s.repeats)}, {"part": "hourglass"}


SWEEPS = ("forward_inputs", "forward_outputs", "reverse_outputs", "reverse_inputs")
OTHER = 8  # outputs (inputs) of the network while its inputs (outputs) vary


def multiples(s: Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Cost of a whole Jacobian and of f [sweeps, (Jacobian, f), sizes]: a network, Rⁿ → R⁸, R → Rᵐ, R⁸ → Rᵐ, Rⁿ → R.

    Forward mode in the first two sweeps, reverse mode in the others.
    """
    places = [
        [(size, OTHER) for size in s.sizes],
        [(1, size) for size in s.sizes],
        [(OTHER, size) for size in s.sizes],
        [(size, 1) for size in s.sizes],
    ]
    found = []
    for i, sweep in enumerate(places):
        both = ((jax.jacfwd if i < 2 else jax.jacrev)(graphs.network), graphs.network)
        arguments = [_drawn(s, (n,), (s.hidden, n), (m, s.hidden)) for n, m in sweep]
        found.append(_both(both, arguments, s.repeats))
    arrays = {name: np.array([sweep[name] for sweep in found]) for name in found[0]}
    return {"size": np.array(s.sizes), **arrays}, {"part": "multiples"}


def elementwise(s: Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """ȳ ↦ ȳ exp(z) without and with the Jacobian diag(exp z) in between: bytes beyond the arguments [2, n]."""
    ways: tuple[Callable[..., Any], ...] = (
        lambda z, y: jax.vjp(jnp.exp, z)[1](y)[0],
        lambda z, y: y @ jax.jacrev(jnp.exp)(z),
    )
    costs = [[counted(way, *like((n,), (n,), dtype=s.dtype)) for way in ways] for n in s.sizes]
    bytes = np.array([[one.bytes for one in line] for line in costs]).T
    return {"n": np.array(s.sizes), "bytes": bytes, **_arrays(costs)}, {"part": "elementwise"}


def _arrays(costs: Sequence[Sequence[Counted]]) -> dict[str, np.ndarray]:
    """Operations and temporary bytes, [modes, places]."""
    return {
        "operations": np.array([[one.operations for one in line] for line in costs]).T,
        "temporary": np.array([[one.temporary for one in line] for line in costs]).T,
    }


def _both(functions: Sequence[Callable[..., Any]], places: Sequence[Any], repeats: int) -> dict[str, np.ndarray]:
    """Costs [functions, places] and seconds [functions, places, repeats]; a place is the arguments of all of them."""
    costs, times = [], []
    for arguments in places:
        ready = [compiled(f, *arguments) for f in functions]
        costs.append([cost(one) for one in ready])
        times.append(seconds([partial(one, *arguments) for one in ready], repeats))
    return {**_arrays(costs), "seconds": np.array(times).swapaxes(0, 1)}


def _drawn(s: Setting, *shapes: tuple[int, ...]) -> list[jax.Array]:
    return [graphs.normal(shape, s.seed + i, s.dtype) for i, shape in enumerate(shapes)]


PARTS = {
    "linear": linear,
    "largest": largest,
    "grid": grid,
    "graphs": random_graphs,
    "hourglass": hourglass,
    "multiples": multiples,
    "elementwise": elementwise,
}
