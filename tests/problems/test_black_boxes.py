"""Plain functions and programs as problems: what reaches them, what they may do, and what is refused."""

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import rosen

from zobench.problems.black_boxes import black_box, command
from zobench.problems.landscapes import landscape


def test_a_plain_function_is_a_problem():
    """Values one at a time under jit and vmap; NaN and ∞ are values; the dtype of x; no derivatives."""
    problem = black_box(rosen, [-1.2, 1.0], f_star=0.0)
    assert problem.n == 2 and not problem.differentiable and np.isnan(problem.L) and problem.f_star == 0
    x = jnp.asarray(np.random.default_rng(0).standard_normal((5, 2)))
    expected = jax.vmap(landscape("rosenbrock").f)(x)
    np.testing.assert_allclose(jax.jit(jax.vmap(problem.f))(x), expected, rtol=1e-12)
    value = jax.jit(problem.f)(jnp.ones(2, jnp.float32))
    assert value.dtype == jnp.float32 and value == 0
    odd = black_box(lambda x: [np.nan, np.inf, 3][int(x[0])], [2.0])
    np.testing.assert_array_equal([odd.f(jnp.full(1, float(i))) for i in range(3)], [np.nan, np.inf, 3])
    with pytest.raises(ValueError, match="rosen is a black box: it has no derivatives"):
        jax.grad(problem.f)(problem.x0)


@pytest.fixture
def x64_by_thread():
    """float64 as the command switches it on: for the thread that asks, and for no other."""
    jax.config.update("jax_enable_x64", False)
    yield
    jax.config.update("jax_enable_x64", True)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_x_reaches_the_function_whole_from_any_thread(x64_by_thread, dtype):
    """JAX calls the host from a thread that may not know of x64: all bits of x and of the value arrive."""
    seen, odd = [], np.array([np.pi, -0.0, np.inf, np.nan, np.finfo(dtype).smallest_subnormal, 1 / 3], dtype)

    def function(x):
        seen.append((x, jnp.asarray(0.1).dtype))  # a function that uses JAX finds the setting of x
        return x[5]

    with jax.enable_x64(dtype == "float64"):
        problem = black_box(function, np.zeros(6).tolist())
        value = jax.jit(problem.f).lower(jnp.asarray(odd)).compile()
        x = jax.block_until_ready(jnp.asarray(odd))
    seen.clear()
    with ThreadPoolExecutor(1) as thread:
        there = np.asarray(thread.submit(value, x).result())
    ((arrived, inside),) = seen
    assert arrived.dtype == there.dtype == dtype and arrived.tobytes() == odd.tobytes()
    assert there.tobytes() == odd[5].tobytes() and inside == ("float64" if dtype == "float64" else "float32")


def test_a_function_may_write_into_its_argument():
    def greedy(x):
        x[:] = 0
        return 1.0

    problem = black_box(greedy, [1.0, 2.0])
    x = jnp.ones(2)
    assert problem.f(x) == 1 and (x == 1).all() and (problem.x0 == jnp.array([1.0, 2.0])).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: 1 / 0 if x[0] > 2 else 0.0, "<lambda> raised ZeroDivisionError: division by zero; at x = [3. 1.]"),
        (
            lambda x: x if x[0] > 2 else 0.0,
            "<lambda> returned an array of shape [2], not one real number; at x = [3. 1.]",
        ),
        (lambda x: None if x[0] > 2 else 0.0, "<lambda> returned "),
        (lambda x: 1j if x[0] > 2 else 0.0, "<lambda> returned "),
        (partial(lambda y, x: {}["a\nkey"] if x[0] > 2 else 0.0, 1), "<lambda> raised KeyError: 'a\\nkey'; at x"),
    ],
)
def test_a_function_that_fails_midway_says_so_in_the_last_line(function, says):
    """In a loop compiled by JAX: JaxRuntimeError, whose last line names function, exception and point."""
    problem = black_box(function, [0.0, 1.0])
    walk = jax.jit(lambda x: jax.lax.fori_loop(0, 5, lambda i, x: x.at[0].add(1 + problem.f(x)), x))
    with pytest.raises(jax.errors.JaxRuntimeError) as failure:
        jax.block_until_ready(walk(problem.x0))
    assert str(failure.value).strip().splitlines()[-1].startswith(f"RuntimeError: {says}")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"x0": []}, "problem.x0=[]: where rosen starts is a list of finite numbers"),
        ({"x0": [1.0, np.nan]}, "problem.x0="),
        ({"x0": 3.0}, "problem.x0=3.0"),
        ({"lower": [0.0]}, "problem.lower=[0.0]: a number, or a list of 2"),
        ({"upper": 0.5}, "problem.x0: x0[0] = 1 is not within [-inf, 0.5]"),
        ({"workers": 0}, "problem.workers=0"),
        ({"on_error": "stop"}, "problem.on_error=stop: there are raise, nan, retry"),
        ({"pool": "cluster"}, "problem.pool=cluster: there are threads, processes"),
        ({"remember": True, "seeded": True}, "problem.remember=true: a function that takes a seed"),
    ],
)
def test_what_makes_no_sense_is_refused_without_asking(given, says):
    with pytest.raises(ValueError) as refusal:
        black_box(rosen, **{"x0": [1.0, 2.0], **given})
    assert str(refusal.value).startswith(says) and "\n" not in str(refusal.value)


PROGRAM = """
import os, sys, time
words = sys.argv[1:] or sys.stdin.read().split()
x = [float(word) for word in words]
if x[0] > 9:
    time.sleep(60)
if x[0] > 5:
    sys.exit("no mesh")
if x[0] > 4:
    print("converged")
print("residual 3e-4\\nenergy", sum(v * v for v in x) + int(os.environ.get("ZOBENCH_SEED", 0)))
"""


def test_a_program_is_a_problem(tmp_path):
    """Coordinates on its input or as arguments, to the last bit; its last word is f(x); what fails says how."""
    (tmp_path / "sim.py").write_text(PROGRAM.replace("\\\\", "\\"))
    program = [sys.executable, str(tmp_path / "sim.py")]
    third = 1 / 3
    for words in (program, [*program, "{x}"]):
        assert command(words, [1.0, 2.0]).f(jnp.array([third, 3.0])) == third**2 + 9.0
    ask = command(program, [1.0], timeout=0.5, seeded=True).host.ask
    assert ask(np.array([2.0]), 7) == 11.0
    with pytest.raises(RuntimeError, match="exit code 1: no mesh"):
        ask(np.array([6.0]), 0)
    with pytest.raises(TimeoutError, match=r"no answer within problem\.timeout=0\.5 seconds"):
        ask(np.array([10.0]), 0)
    with pytest.raises(RuntimeError, match="printed 'no', of which the last word is no number"):
        command([sys.executable, "-c", "print('no')"], [1.0]).host.ask(np.array([1.0]), 0)
    with pytest.raises(ValueError, match=r"problem\.program="):
        command([], [1.0])
