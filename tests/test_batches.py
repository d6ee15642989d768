"""Programs of a wide machine, traced on a CPU: the same words, numbers equal to rounding, and what they keep."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from counting import counting_oracle

from zobench import batches, directions, estimators
from zobench.baselines import leave_one_out
from zobench.orthogonal_directions import by_products, factorised
from zobench.types import Estimator, Key, Problem, oracle, separable

ESTIMATORS = {
    "sphere": estimators.two_point(),
    "gaussian, q=4, forward": estimators.two_point("gaussian", q=4, quotient="forward", eps=1e-6),
    "signs, q=4": estimators.two_point("rademacher", q=4),
    "axes": estimators.two_point("coordinate", q=4),
    "orthogonal": estimators.two_point(q=4, orthogonal=True),
    "derivatives": estimators.forward_gradient("gaussian", q=4),
    "central": estimators.finite_difference(),
    "forward": estimators.finite_difference("forward"),
    "fourth": estimators.finite_difference("fourth"),
    "complex": estimators.finite_difference("complex"),
    "forward mode": estimators.forward_mode(),
    "leave one out": leave_one_out(q=4),
}
N = 30


def problem(n: int = N) -> Problem:
    weight = jnp.asarray(np.geomspace(0.1, 1, n))
    return Problem(f=lambda x: jnp.sum(weight * x**2) / 2 + x[0] ** 4, x0=jnp.asarray(np.linspace(-1, 1, n)))


def estimate(estimator: Estimator, ask, x, step=5) -> jax.Array:
    draw = estimator.draw(Key(jnp.uint32(7), jnp.uint32(step)), x.size, x.dtype) if estimator.draw else ()
    return estimator.estimate(ask, x, draw, estimator.init(x))[0]


def made(estimator: Estimator, wide: bool) -> np.ndarray:
    with batches.wide(wide):
        return np.asarray(jax.jit(lambda x: estimate(estimator, oracle(problem()), x))(problem().x0))


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_numbers_of_a_cpu(name):
    """All points at once, and a few at a time."""
    narrow = made(ESTIMATORS[name], wide=False)
    np.testing.assert_allclose(made(ESTIMATORS[name], wide=True), narrow, rtol=1e-7, atol=2e-7)


@pytest.mark.slow
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    "name", ["sphere", "gaussian, q=4, forward", "signs, q=4", "derivatives", "central", "forward"]
)
def test_what_does_not_fit_is_made_in_parts(name, wide, monkeypatch):
    """The same estimate, and as many calls as declared: f(x) is shared by all parts.

    Of values that are asked together the callback counts one.
    """
    estimator = ESTIMATORS[name]
    whole = made(estimator, wide)
    monkeypatch.setattr(batches, "BATCH", 2 * N + 1)
    np.testing.assert_allclose(made(estimator, wide), whole, rtol=1e-7, atol=2e-7)
    if not wide:
        ask, counted = counting_oracle(problem())
        jax.block_until_ready(jax.jit(lambda x: estimate(estimator, ask, x))(problem().x0))
        jax.effects_barrier()
        assert counted == estimator.calls(N)._asdict()


def test_runs_that_go_together_share_what_fits():
    """Points of one run, of eight in a loop, and where f itself makes more than its points have."""
    asked = {}

    def note(name, f, x):
        asked[name] = batches.points_of(f, x)
        return x

    x = jnp.zeros((8, N))
    note("alone", jnp.sum, x[0])
    jax.vmap(lambda x: jax.lax.map(lambda _: note("together", jnp.sum, x), jnp.arange(2)), axis_name=batches.RUNS)(x)
    note("inside", lambda x: jnp.sum(jnp.outer(x, x)), x[0])
    fits = batches.BATCH // N
    assert asked == {"alone": fits, "together": fits // 8, "inside": fits // N}


def test_many_directions_do_not_stand_side_by_side():
    """Of q = 64 only as many as fit: less than a quarter of their 4qn bytes, with x and the sum."""
    q, n = 64, batches.BATCH // 4
    estimator, f = estimators.two_point("gaussian", q=q), separable(lambda x: x**2)
    ask = oracle(Problem(f=f, x0=np.ones(1)))
    step = jax.jit(lambda x: estimate(estimator, ask, x)).lower(jax.ShapeDtypeStruct((n,), jnp.float32)).compile()
    memory: Any = step.memory_analysis()
    assert memory.temp_size_in_bytes < q * n


@pytest.mark.slow
@pytest.mark.parametrize("q", [1, 3])
@pytest.mark.parametrize("n", [9, directions.LONG + 37, directions.FEW])
def test_directions_that_are_drawn_where_they_are_used(n, q):
    """Those that a CPU keeps, for steps in both halves of a pair and in several rounds."""
    for step in (6, 7):

        @jax.jit
        def rows(step):
            draw = directions.gaussian_draw(Key(jnp.uint32(5), step, jnp.uint32(2)), n, q=q)
            return directions.rows(draw, (q, n), jnp.float32), directions.unit_rows(draw, (q, n), jnp.float32)

        kept = rows(jnp.uint32(step))
        with batches.wide():
            used = rows(jnp.uint32(step))
        for a, b in zip(kept, used, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("direction", "most"), [("gaussian", 1), ("sphere", 1), ("rademacher", 0)])
def test_a_step_keeps_one_direction_at_most(direction, most):
    """In vectors of 4 bytes a coordinate, beside x, which it takes over. The same function, traced for a CPU: two."""
    n, estimator = 10**6, estimators.two_point(direction)
    ask = oracle(Problem(f=separable(lambda x: x**2), x0=np.ones(1)))
    step = jax.jit(lambda x, k: x - 1e-3 * estimate(estimator, ask, x, k), donate_argnums=0)

    def kept() -> float:
        memory: Any = step.lower(jax.ShapeDtypeStruct((n,), jnp.float32), jnp.uint32(0)).compile().memory_analysis()
        return memory.temp_size_in_bytes / (4 * n)

    assert direction == "rademacher" or kept() > 1.9
    with batches.wide():
        assert kept() < most + 0.01


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_orthogonal_rows_by_products_are_those_of_qr(dtype):
    """Also where the first factorisation fails, several together, and to the rounding of QR times the condition."""
    a = np.random.default_rng(2).standard_normal((3, 80, 80))
    a[1, -1] = a[1, 0] + (1e-6 if dtype == jnp.float32 else 1e-13) * a[1, 1]
    a = np.asarray(a, dtype)
    found = np.asarray(jax.jit(jax.vmap(by_products))(a), float)
    u = float(jnp.finfo(dtype).eps)
    np.testing.assert_allclose(found @ found.transpose(0, 2, 1), np.broadcast_to(np.eye(80), (3, 80, 80)), atol=50 * u)
    for rows, v in zip(a.astype(float), found, strict=True):
        basis, triangle = np.linalg.qr(rows.T)
        apart = np.abs((basis * np.sign(np.diag(triangle))).T - v).max()
        assert apart < 10 * u * np.linalg.cond(rows)
    assert np.isnan(by_products(jnp.zeros((3, 5), dtype))).all()


@pytest.mark.slow
def test_rows_of_normals_are_factorised_twice():
    """Each time is a hundred kernels of an accelerator; what is left is mended by products alone."""
    a = np.random.default_rng(3).standard_normal((20, 256, 256)).astype(np.float32)
    gram, turns = jax.jit(jax.vmap(factorised))(a)[1:]
    assert (np.asarray(turns) <= 2).all()
    assert (np.linalg.norm(np.asarray(gram) - np.eye(256), axis=(1, 2)) < 0.3).all()
