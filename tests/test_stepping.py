"""Many steps in one call: those of a run, however they are divided, over any tree."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import zobench as zo
from zobench.problems.quadratics import quadratic
from zobench.problems.wrappers import noisy
from zobench.stepping import stepper

N = 6


@pytest.mark.slow
@pytest.mark.parametrize("problem", [quadratic(N, mu=0.1), noisy(quadratic(N, mu=0.1), 1e-2)])
def test_the_steps_are_those_of_a_run(problem):
    with jax.enable_x64(True):
        asked = {"step": 0.1, "seeds": 1, "seed": 3, "target": 1e-12, "calls": 2 * 101}
        run = zo.run(problem, zo.two_point(), **asked)
        advance = stepper(problem, zo.two_point(), optax.sgd(0.1), seed=3)
        x0 = jnp.asarray(problem.x0)
        x, position = advance(x0, 101)
        np.testing.assert_allclose(x, run.x[0], rtol=1e-6)  # noise over eps is large
        assert run.k[-1] == position.k == 101
        cut, position = advance(x0, 0)
        for steps in (1, 7, 60, 33):
            cut, position = advance(cut, steps, position)
        np.testing.assert_array_equal(cut, x)
        assert not np.allclose(stepper(problem, zo.two_point(), optax.sgd(0.1))(x0, 101)[0], x)


@pytest.mark.slow
def test_trees_rules_with_memory_and_ready_methods():
    """A tree moves as its vector does; Adam and a method of its own go on from what they remember."""
    params, flat = {"b": jnp.ones(()), "w": jnp.full((2, 2), 2.0)}, jnp.array([1.0, 2.0, 2.0, 2.0, 2.0])
    loss = lambda p: (p["b"] - 1) ** 2 + jnp.sum(p["w"] ** 2)  # noqa: E731
    given = zo.two_point(q=2), optax.adam(0.05)
    tree, position = stepper(loss, *given)(params, 40)
    tree, _ = stepper(loss, *given)(tree, 40, position)
    x, _ = stepper(lambda x: (x[0] - 1) ** 2 + jnp.sum(x[1:] ** 2), *given)(flat, 80)
    assert tree["w"].shape == (2, 2) and loss(tree) < 0.5
    np.testing.assert_allclose(jnp.concatenate([tree["b"][None], tree["w"].ravel()]), x, rtol=1e-5)
    advance = stepper(loss, zo.one_plus_one())
    one, position = advance(params, 30)
    np.testing.assert_array_equal(advance(one, 30, position)[0]["w"], advance(params, 60)[0]["w"])


def test_another_number_of_steps_does_not_compile_again():
    traced = []
    advance = stepper(lambda x: traced.append(1) or jnp.sum(x**2), zo.two_point(), optax.sgd(0.1))
    x, position = advance(jnp.ones(3), 5)
    before = len(traced)
    for steps in (0, 50, 4000):
        x, position = advance(x, steps, position)
    assert len(traced) == before


def test_what_makes_no_steps_is_refused():
    f, x = (lambda x: jnp.sum(x**2)), jnp.ones(2)
    for method, rule in ((zo.two_point(), None), (zo.one_plus_one(), optax.sgd(0.1)), (zo.three_point, None)):
        with pytest.raises(ValueError, match=r"give an estimator and a rule of optax.*or a method that is ready"):
            stepper(f, method, rule)  # type: ignore[arg-type]
    box = zo.problems.black_box(lambda x: float(x @ x), [1.0, 2.0])
    with pytest.raises(ValueError, match=r"a black box.*use zo\.run"):
        stepper(box, zo.two_point(), optax.sgd(0.1))
    steep = zo.Problem(f=f, x0=x, differentiable=False)
    with pytest.raises(ValueError, match="no gradient to ask for"):
        stepper(steep, zo.autodiff(), optax.sgd(0.1))(x, 1)
    with pytest.raises(ValueError, match="steps=-1"):
        stepper(f, zo.two_point(), optax.sgd(0.1))(x, -1)
    with pytest.raises(ValueError, match=r"f gives float16 of an x of float64"):
        stepper(lambda x: jnp.sum(x**2).astype(jnp.float16), zo.two_point(), optax.sgd(0.1))(x, 1)


def test_what_is_donated_is_gone_and_moves_as_what_is_kept():
    x0, given = jnp.arange(1.0, 2049.0), (zo.two_point(), optax.sgd(1e-4, momentum=0.5))
    f = lambda x: jnp.sum(x**2)  # noqa: E731
    kept, taken = stepper(f, *given), stepper(f, *given, donate=True)
    expected, place = kept(x0, 3)
    expected, _ = kept(expected, 4, place)
    once, place = taken(x0 + 0, 3)
    found, _ = taken(once, 4, place)
    np.testing.assert_array_equal(found, expected)
    assert once.is_deleted() and not x0.is_deleted()
