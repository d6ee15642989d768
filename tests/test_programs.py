"""What is compiled holds no data, and equal programs are one."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from zobench import loop, programs, together
from zobench.derivatives.price import operations
from zobench.estimators import two_point
from zobench.loop import Stop
from zobench.methods import descent
from zobench.problems.maps import mds
from zobench.problems.quadratics import quadratic
from zobench.types import Problem

N = 40


def two_point_descent(step):
    return descent(two_point(), optax.sgd(step))


def ready(problem: Problem) -> Problem:
    return problem._replace(x0=jnp.asarray(problem.x0))


def text(program) -> str:
    return program.block.func.as_text()


def held(f) -> Problem:
    """A problem whose data is within functions that are compiled apart."""
    matrix, inner = np.arange(float(N * N)).reshape(N, N), jax.jit(lambda x: jnp.asarray(np.full((N, N), 0.5)) @ x)
    return Problem(f=f(lambda x: jnp.sum((jnp.asarray(matrix) @ inner(x)) ** 2)), x0=np.ones(N), f_star=0.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("problem", "compile"),
    [
        (quadratic(N, rotated=True), loop.compile_block),
        (mds(points=30, cities="synthetic"), loop.compile_block),
        (held(jax.jit), loop.compile_block),
        (held(lambda f: f), partial(together.compile_group, size=4)),
    ],
)
def test_no_data_is_in_a_program(problem, compile):
    """The largest literal is a few numbers: a byte of it is two letters of its text, and more where it is a list."""
    program = compile(ready(problem), two_point_descent)
    assert max(map(len, text(program).splitlines())) < 8 * N * N
    assert sum(array.nbytes for array in program.block.args[0]) >= 8 * 30 * 30


@pytest.mark.slow
def test_problems_that_differ_in_their_data_share_a_program():
    made = [loop.compile_block(ready(quadratic(N, rotated=True, seed=seed)), two_point_descent) for seed in (0, 1)]
    assert made[0].block.func is made[1].block.func  # type: ignore[attr-defined]
    stop = Stop("gap", 0.0, np.inf, 200)
    ends = [loop.advance(program, [0.02], [0], stop, lambda k: None) for program in made]
    assert (ends[0].x_end != ends[1].x_end).any()
    for seed, found in enumerate(ends):
        x = found.x_end[0]
        f = quadratic(N, rotated=True, seed=seed).f
        assert (
            found.gap[0, -1] == pytest.approx(float(f(jnp.asarray(x))), rel=0.3) and found.gap[0, -1] < found.gap[0, 0]
        )
    others = (
        (lambda step: descent(two_point(eps=1e-3), optax.sgd(step))),
        (lambda step: descent(two_point(q=2), optax.sgd(step))),
    )
    for method_of in others:
        assert loop.compile_block(made[0].problem, method_of).block.func is not made[0].block.func  # type: ignore[attr-defined]


def test_as_few_programs_are_kept_as_is_said(monkeypatch):
    monkeypatch.setattr(programs, "KEPT", 2)
    for size in (2, 3, 4):
        assert programs.compiled(lambda x: x * np.arange(x.size), jnp.ones(size))(jnp.ones(size)).shape == (size,)
    assert len(programs._programs) == 2


def test_a_program_that_calls_python_is_not_kept():
    def calls(x):
        return jax.pure_callback(lambda x: np.asarray(x), jax.ShapeDtypeStruct(x.shape, x.dtype), x)

    known = len(programs._programs)
    assert float(programs.compiled(calls, jnp.ones(1))(jnp.full(1, 2.0))[0]) == 2
    assert len(programs._programs) <= known


def test_an_array_is_an_argument_once():
    matrix = np.arange(float(N * N)).reshape(N, N)

    def f(x):
        return sum(jnp.sum(jnp.asarray(matrix, jnp.float32) @ (x * i)) for i in range(3)) + jnp.sum(jnp.sqrt(matrix))

    opened, arrays = programs.hoisted(f, jnp.ones(N, jnp.float32))
    assert [(array.shape, array.dtype) for array in arrays].count(((N, N), np.float32)) == 1
    np.testing.assert_allclose(opened(arrays, jnp.ones(N, jnp.float32)), f(jnp.ones(N, jnp.float32)))
    assert operations(f, jnp.ones(N, jnp.float32)).flops > 3 * 2 * N * N
