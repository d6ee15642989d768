"""Forward against reverse mode for Jacobians of f: Rⁿ → Rᵐ: operations, bytes and seconds, and a split of both.

Forward mode pushes n tangents through f, reverse mode pulls m cotangents back (Griewank & Walther 2008). For f(x) = Ax
that is 2mn² and 2m²n operations: equal at m = n. Which order is cheapest for a graph is NP-complete in general
(Naumann 2008); for an hourglass n → q → m it is reverse below the waist and forward above it where q is small.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from zobench.derivatives import fits, graphs
from zobench.derivatives.counted import Counted, compiled, cost, counted, like
from zobench.derivatives.timed import seconds
from zobench.sampling import require_count

Part = Literal["linear", "largest", "grid", "graphs", "hourglass", "multiples", "elementwise"]
Arrays = dict[str, np.ndarray]
Study = Callable[[], tuple[Arrays, dict[str, Any]]]
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
    for name, value in {**counts, "sizes": min(sizes, default=0)}.items():
        require_count(name, value, 1)
    require_count("vertices", vertices, 16)  # a random graph of up to 16 inputs
    setting = Setting(n, rows, points, sorted(set(sizes)), width, hidden, vertices, repeats, identity, seed, dtype)
    fits.require(*needed(part, setting))
    return lambda: (PARTS[part](setting), {"part": part})


def needed(part: Part, s: Setting) -> tuple[float, str]:
    """Bytes that a part has at once, and what needs them."""
    item, most = np.dtype(s.dtype).itemsize, s.sizes[-1]
    if part == "linear":  # A in NumPy's float64 and here, two Jacobians, tangents, cotangents
        return s.rows * (s.n * (8 + 4 * item) + item * batched(s, s.rows)), f"rows={s.rows}: Jacobians of Ax, n = {s.n}"
    if part == "largest":
        return s.rows * s.n * (8 + 2 * item), f"rows={s.rows}: max Ax and its tangents, n = {s.n}"
    if part == "hourglass":
        return s.width**2 * (16 + 8 * item), f"width={s.width}: the Jacobian of the hourglass"
    if part == "elementwise":
        return 16.0 * most, f"sizes=[...,{most}]: exp of so many numbers"  # the Jacobian is only compiled
    return most**2 * (16 + 6 * item), f"sizes=[...,{most}]: the largest Jacobian"


def batched(s: Setting, m: int) -> int:
    """The rows of m that reverse mode takes at a time: all of them where their m×m identity is not too large."""
    item = np.dtype(s.dtype).itemsize
    return m if item * m**2 <= s.identity else max(1, BATCH_BYTES // (item * m))


def both(f: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The Jacobian by jax's own forward and reverse mode."""
    return jax.jacfwd(f), jax.jacrev(f)


def rows(s: Setting) -> np.ndarray:
    """The numbers of outputs of the lecture's figure: log-spaced from 1 to `rows`."""
    return np.unique(np.round(np.geomspace(1, s.rows, s.points)).astype(int))


def linear(s: Setting) -> Arrays:
    """Ax over m: operations and temporary bytes of jax's own modes [modes, m], seconds [modes, m, repeats], batches."""
    ms, (forward, whole) = rows(s), both(graphs.linear)
    matrix, x = _drawn(s, (s.rows, s.n), (s.n,))
    costs = [[counted(mode, *like((s.n,), (m, s.n), dtype=s.dtype)) for mode in (forward, whole)] for m in ms.tolist()]
    batches = [batched(s, m) for m in ms.tolist()]
    times = []
    for m, batch in zip(ms.tolist(), batches, strict=True):
        in_batches = lambda x, A, batch=batch: graphs.rows_in_batches(graphs.linear, x, batch, A)  # noqa: E731
        ready = [jax.jit(forward), jax.jit(whole if batch == m else in_batches)]
        times.append(seconds([partial(f, x, matrix[:m]) for f in ready], s.repeats))
    return {"m": ms, "batch": np.array(batches), "seconds": np.array(times).swapaxes(0, 1), **_arrays(costs)}


def largest(s: Setting) -> Arrays:
    """max_i (Ax)_i over m up to 10⁴ (the lecture's second panel): a scalar, so that reverse mode has one row."""
    ms = np.unique(np.minimum(rows(s), 10_000))
    matrix, x = _drawn(s, (int(ms[-1]), s.n), (s.n,))
    return {"m": ms, **_costs(both(graphs.largest), [(x, matrix[: int(m)]) for m in ms], s.repeats)}


def grid(s: Setting) -> Arrays:
    """Ax over sizes × sizes: operations [modes, n, m] and seconds [modes, n, m, repeats]."""
    size, count = s.sizes[-1], len(s.sizes)
    matrix, x = _drawn(s, (size, size), (size,))
    found = _costs(both(graphs.linear), [(x[:n], matrix[:m, :n]) for n in s.sizes for m in s.sizes], s.repeats)
    arrays = {name: array.reshape(2, count, count, *array.shape[2:]) for name, array in found.items()}
    return {"n": np.array(s.sizes), "m": np.array(s.sizes), **arrays}


def random_graphs(s: Setting) -> Arrays:
    """Operations [modes, n, m] of random graphs with n inputs and m outputs, over powers of 2 up to 16."""
    small = [2**k for k in range(5)]
    made = [(n, graphs.random_graph(n, m, s.vertices, s.seed)) for n in small for m in small]
    found = [[counted(mode, *like((n,), dtype=s.dtype)).operations for mode in both(f)] for n, f in made]
    return {"n": np.array(small), "m": np.array(small), "operations": np.array(found).T.reshape(2, 5, 5)}


def hourglass(s: Setting) -> Arrays:
    """Operations [3, q] and seconds [3, q, repeats] of forward, reverse and split mode over the waist q ≤ width."""
    n, (lower, upper) = s.width, graphs.hourglass()
    waists = sorted({*(q for q in s.sizes if q < n), -(-n // 2), -(-3 * n // 4), n})

    def whole(x, A, B, C, D):
        return upper(lower(x, A, B), C, D)

    places = [_drawn(s, (n,), (n, n), (q, n), (n, q), (n, n)) for q in waists]
    return {"q": np.array(waists), **_costs((*both(whole), graphs.split), places, s.repeats)}


OTHER = 8  # outputs (inputs) of the network while its inputs (outputs) vary


def multiples(s: Setting) -> Arrays:
    """Cost of a whole Jacobian and of f [sweeps, (Jacobian, f), sizes]: a network, Rⁿ → R⁸, R → Rᵐ, R⁸ → Rᵐ, Rⁿ → R.

    Forward mode in the first two sweeps, reverse mode in the others.
    """
    places = ([(q, OTHER) for q in s.sizes], [(1, q) for q in s.sizes], [(OTHER, q) for q in s.sizes],
              [(q, 1) for q in s.sizes])  # fmt: skip
    found = []
    for mode, sweep in zip((jax.jacfwd, jax.jacfwd, jax.jacrev, jax.jacrev), places, strict=True):
        arguments = [_drawn(s, (n,), (s.hidden, n), (m, s.hidden)) for n, m in sweep]
        found.append(_costs((mode(graphs.network), graphs.network), arguments, s.repeats))
    arrays = {name: np.array([sweep[name] for sweep in found]) for name in found[0]}
    return {"size": np.array(s.sizes), **arrays}


def elementwise(s: Setting) -> Arrays:
    """ȳ ↦ ȳ exp(z) without and with the Jacobian diag(exp z) in between: bytes beyond the arguments [2, n]."""
    ways: tuple[Callable[..., Any], ...] = (
        lambda z, y: jax.vjp(jnp.exp, z)[1](y)[0],
        lambda z, y: y @ jax.jacrev(jnp.exp)(z),
    )
    costs = [[counted(way, *like((n,), (n,), dtype=s.dtype)) for way in ways] for n in s.sizes]
    bytes = np.array([[one.bytes for one in line] for line in costs]).T
    return {"n": np.array(s.sizes), "bytes": bytes, **_arrays(costs)}


def _arrays(costs: Sequence[Sequence[Counted]]) -> Arrays:
    """Operations and temporary bytes, [modes, places]."""
    return {
        "operations": np.array([[one.operations for one in line] for line in costs]).T,
        "temporary": np.array([[one.temporary for one in line] for line in costs]).T,
    }


def _costs(functions: Sequence[Callable[..., Any]], places: Sequence[Any], repeats: int) -> Arrays:
    """Costs [functions, places] and seconds [functions, places, repeats]; a place is the arguments of all of them."""
    costs, times = [], []
    for arguments in places:
        ready = [compiled(f, *arguments) for f in functions]
        costs.append([cost(one) for one in ready])
        times.append(seconds([partial(one, *arguments) for one in ready], repeats))
    return {**_arrays(costs), "seconds": np.array(times).swapaxes(0, 1)}


def _drawn(s: Setting, *shapes: tuple[int, ...]) -> list[jax.Array]:
    return [graphs.normal(shape, s.seed + i, s.dtype) for i, shape in enumerate(shapes)]


MEASURES = (linear, largest, grid, random_graphs, hourglass, multiples, elementwise)
PARTS = dict(zip(get_args(Part), MEASURES, strict=True))
