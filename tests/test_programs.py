"""What is compiled holds no data, and equal programs are one."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend.core import Primitive

from zobench import loop, programs, together
from zobench.derivatives.price import operations
from zobench.estimators import two_point
from zobench.likeness import likeness
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


def test_a_program_that_is_known_is_traced_and_not_lowered(monkeypatch):
    def made(a: float, calls: list[int]):
        def f(x):
            calls.append(1)
            return jax.lax.fori_loop(0, 3, lambda i, x: jnp.tanh(x) + np.full(2, a), x)

        return programs.compiled(f, jnp.ones(2)), calls

    first, _ = made(0.1, [])
    monkeypatch.setattr(programs, "jaxpr_as_fun", lambda closed: pytest.fail("lowered"))
    second, traced = made(0.2, [])
    assert traced and first.func is second.func
    assert (np.asarray(first(jnp.ones(2))) != np.asarray(second(jnp.ones(2)))).all()


A, B = np.arange(4.0), np.arange(4.0) + 10
ALMOST_ALIKE = [
    (lambda x: x * 2, lambda x: x * 3),
    (lambda x: x + 0.0 * jnp.sign(x), lambda x: x + -0.0 * jnp.sign(x)),
    (lambda x: x - A + A, lambda x: x - A + B),  # one array twice, or two
    (lambda x: x - A * B, lambda x: A - x * B),
    (lambda x: jnp.sort(x, descending=True), lambda x: jnp.sort(x, descending=False)),
    (lambda x: jax.jit(lambda x: x * 2)(x) + 1, lambda x: jax.jit(lambda x: x + 1)(x) * 2),
    (lambda x: jax.lax.reduce(x, 0.0, jnp.add, [0]), lambda x: jax.lax.reduce(x, 0.0, jnp.maximum, [0])),
    (lambda x: jax.lax.cond(x[0] > 0, jnp.sin, jnp.cos, x), lambda x: jax.lax.cond(x[0] > 0, jnp.cos, jnp.sin, x)),
    (lambda x: jax.nn.relu(x - 2), lambda x: jax.nn.elu(x - 2)),
    (lambda x: x.astype("float16"), lambda x: x.astype("bfloat16")),
    (jax.jit(lambda x: x - A.astype(jnp.bfloat16)), jax.jit(lambda x: x - B.astype(jnp.bfloat16))),
    (lambda x: (x, x + 1), lambda x: (x + 1, x)),
    (lambda x: (x, x + 1), lambda x: [x, x + 1]),
    (
        lambda x: jax.lax.scan(lambda c, a: (c + a, c * a), 0.0, x),
        lambda x: jax.lax.scan(lambda c, a: (c * a, c + a), 0.0, x),
    ),
]


@pytest.mark.parametrize("pair", ALMOST_ALIKE)
def test_programs_that_differ_in_anything_are_two(pair):
    x = jnp.asarray([0.5, 3.0, -1.0, 2.0])
    found = [programs.compiled(f, x) for f in pair]
    assert found[0].func is not found[1].func
    for f, program in zip(pair, found, strict=True):
        again = programs.compiled(f, x)
        assert again.func is program.func
        assert jax.tree.structure(program(x)) == jax.tree.structure(f(x))
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a.astype(float), b.astype(float)), program(x), f(x))


def test_another_setting_of_jax_and_another_primitive_of_the_same_name_are_another_program():
    def through(primitive):
        primitive.def_abstract_eval(lambda x: x)
        return primitive.bind

    made = [jax.make_jaxpr(lambda x: 2 * x)(A), *(jax.make_jaxpr(through(Primitive("own")))(A) for _ in range(2))]
    with set_xla_metadata(own="setting"):
        made.append(jax.make_jaxpr(lambda x: 2 * x)(A))
    found = [likeness(each.jaxpr) for each in made]
    assert None not in found and len({*found}) == 4


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
