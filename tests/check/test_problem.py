"""check_problem: what is built in passes, and each kind of wrong is caught by the property that it breaks."""

import itertools
import re
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from verdicts import built_in, failures, of

from zobench import directions
from zobench.check import targets
from zobench.check.checks import check_problem
from zobench.problems.black_boxes import black_box
from zobench.problems.quadratics import quadratic
from zobench.types import Problem

SMALL = {"dim": 6, "points": 6, "samples": 40, "horizon": 5, "widths": [2]}


@pytest.mark.parametrize("name", built_in("problem"))
def test_a_built_in_problem_passes(name, tmp_path):
    path = Path(__file__).parents[2] / "conf" / "problem" / f"{name}.yaml"
    small = [f"problem.{key}={value}" for key, value in SMALL.items() if f"\n{key}:" in path.read_text()]
    (tmp_path / "sim.py").write_text("print(1 + sum(float(word) ** 2 for word in input().split()))")
    small += (
        ["problem.only=[blocks.3.norm]", "problem.sequences=2", "problem.batch=null"]
        if name == "language_model"
        else []
    )
    small += [f"problem.program=[{sys.executable},-S,{tmp_path}/sim.py]"] if name == "command" else []
    problem: Any = targets.configured([f"problem={name}", *small])[0].value
    verdicts = check_problem(problem)
    assert not failures(verdicts), verdicts
    passed = {verdict.property for verdict in verdicts if verdict.verdict == "passes"}
    assert {"value", "jit", "vmap", "float32"} <= passed and ("gradient" in passed) == problem.differentiable
    assert all("\n" not in verdict.detail and verdict.detail for verdict in verdicts)


@jax.custom_jvp
def lying(x):
    return 0.5 * jnp.sum(x**2)


@lying.defjvp
def _(primals, tangents):
    (x,), (v,) = primals, tangents
    return lying(x), (1 + 1e-4) * jnp.sum(x * v)


def host(x):
    return jax.pure_callback(lambda x: np.abs(x).sum(), jax.ShapeDtypeStruct((), x.dtype), x, vmap_method="sequential")


def fragile(x):
    def ask(x):
        if np.linalg.norm(x - 1) > 0.1:
            raise RuntimeError("the simulator is down")
        return x.sum()

    return jax.pure_callback(ask, jax.ShapeDtypeStruct((), x.dtype), x, vmap_method="sequential")


def unsteady(x, asked=itertools.count()):  # noqa: B008
    return jnp.sum(x) + next(asked)


def exploding(x):
    raise RuntimeError("no licence")


ONES: Any = np.ones(3)
BOWL = {"f": lambda x: 0.5 * jnp.sum(x**2), "x0": ONES}
WRONG = {
    "a vector": ({"f": lambda x: x}, "value", r"shape \(3,\).*scalar"),
    "a matrix": ({"f": lambda x: jnp.sum(x).reshape(1, 1)}, "value", r"shape \(1, 1\)"),
    "a Python number": ({"f": lambda x: 1.0}, "value", "a float; give a JAX scalar"),
    "float32 inside": ({"f": lambda x: jnp.sum(x.astype(jnp.float32))}, "value", "float32 for x of float64"),
    "an integer": ({"f": lambda x: jnp.int32(3)}, "value", "int32"),
    "NaN at x0": ({"f": lambda x: jnp.log(-jnp.sum(x))}, "value", "nan; it has to be finite"),
    "an exception": ({"f": exploding}, "value", r"f\(x0\) raises RuntimeError: no licence"),
    "shapes that do not fit": ({"f": lambda x: jnp.sum(x @ jnp.ones((4, 2)))}, "value", "raises TypeError"),
    "x0 is a list": ({"x0": [1.0, 2.0]}, "x0", "a list; give a vector"),
    "x0 is a matrix of integers": ({"x0": np.ones((2, 2), int)}, "x0", "x0: an array of int64"),
    "x0 of integers": ({"x0": np.ones(3, int)}, "x0", "int64"),
    "x0 with NaN": ({"x0": np.array([1, np.nan])}, "x0", r"x0\[1\] = nan"),
    "noise in f": ({"f": unsteady}, "deterministic", r"noise belongs in F"),
    "numpy in f": ({"f": lambda x: np.sum(np.asarray(x) ** 2)}, "jit", "use jnp"),
    "if in f": ({"f": lambda x: jnp.sum(x) if x[0] > 0 else -jnp.sum(x)}, "jit", "jnp.where"),
    "a lying derivative": ({"f": lying}, "gradient", r"h\^1\.0.*right gradient gives 2"),
    "a black box": ({"f": host}, "gradient", "differentiable=False"),
    "a kink at x0": ({"f": lambda x: jnp.sum(jnp.abs(x - 1))}, "gradient", r"h\^1\.0"),
    "L too small": ({"L": 0.9}, "L", r"L = 0.9, but .* 1 at x0"),
    "L too small beside the way": ({"f": lambda x: jnp.sum(x**4) / 4, "L": 3.0}, "L", "local constant"),
    "mu too large": ({"mu": 1.1}, "mu", r"mu = 1.1, but .* 1 at"),
    "trace too small": ({"hessian_trace": 2.9}, "hessian_trace", r"2.9, but tr .* = 3 at x0"),
    "f* too high": ({"f_star": 1e-6}, "f_star", r"f\* = 1e-06, the lowest value found \(L-BFGS\) is "),
    "x* elsewhere": ({"x_star": np.full(3, 1e-3), "f_star": 0.0}, "x_star", r"f\(x\*\) = 1.5e-06, but f\* is 0"),
    "x* no minimiser": ({"x_star": ONES}, "x_star", "f.x\\*. = 1.5, but the lowest value found is "),
    "x* too short": ({"x_star": np.zeros(2)}, "x_star", r"\(2,\)"),
    "float64 inside": ({"f": lambda x: jnp.sum(x * jnp.asarray(np.ones(3)))}, "float32", "float64 for a float32 x"),
    "F a vector": ({"F": lambda x, key: x}, "F", r"shape \(3,\)"),
    "F raises": ({"F": lambda x, key: x[9, 9]}, "F", "raises IndexError"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_problem_is_caught_by_its_property(case):
    values, name, words = WRONG[case]
    verdicts = check_problem(Problem(**{**BOWL, **values}))
    assert failures(verdicts) == {name}, verdicts
    assert re.search(words, of(verdicts, name).detail), of(verdicts, name)
    assert all("\n" not in verdict.detail for verdict in verdicts)


def test_wrong_modes_are_caught():
    problem = quadratic(dim=4)
    modes = problem.modes
    assert modes is not None
    for wrong, words in (
        (modes._replace(energy=2 * modes.energy), "½ Σ λe"),
        (modes._replace(eigenvalue=modes.eigenvalue[:2]), "n = 4"),
        (quadratic(dim=4, rotated=True).modes._replace(axes=True), "not diagonal"),  # type: ignore[union-attr]
    ):
        given = quadratic(dim=4, rotated=True) if "diagonal" in words else problem
        verdicts = check_problem(given._replace(modes=wrong))
        assert failures(verdicts) == {"modes"} and words in of(verdicts, "modes").detail


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 1e6 + jnp.sum(x),
        lambda x: 1e6 + jnp.sum(jnp.cos(3 * x)),
        lambda x: 1e-12 * jnp.sum(x**3),
        lambda x: jnp.sum(jnp.zeros_like(x) * x),
        lambda x: jnp.sum((x - 1) ** 4),
        lambda x: jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    ],
    ids=["a line, far from zero", "waves, far from zero", "tiny", "constant", "flat at x0", "Rosenbrock"],
)
def test_a_right_gradient_passes_whatever_the_scale(f):
    """Where rounding hides the remainder there is nothing to object to."""
    for x0 in (ONES, 1e4 * ONES):
        assert not failures(check_problem(Problem(f=f, x0=x0)))


def test_a_black_box_skips_what_needs_derivatives():
    verdicts = check_problem(Problem(f=host, x0=ONES, L=1.0, f_star=0.0, x_star=0 * ONES, differentiable=False))
    assert not failures(verdicts)
    for name in ("gradient", "L"):
        assert of(verdicts, name).verdict == "skipped" and "differentiable=False" in of(verdicts, name).detail


def test_a_noisy_black_box_does_not_fail():
    dice = np.random.default_rng(0)
    verdicts = check_problem(black_box(lambda x: float(x @ x + dice.standard_normal()), [1.0, 2.0]))
    assert not failures(verdicts) and "noise, which runs measure" in of(verdicts, "deterministic").detail


def test_a_black_box_that_raises_beside_x0_is_told():
    verdicts = check_problem(Problem(f=fragile, x0=ONES, differentiable=False))
    assert failures(verdicts) == {"nearby"} and "the simulator is down" in of(verdicts, "nearby").detail


def test_noise_is_described():
    def noisy(x, key):
        return jnp.sum(x**2) + 0.1 * directions.gaussian(key, 1)[0].astype(x.dtype)

    verdict = of(check_problem(Problem(f=lambda x: jnp.sum(x**2), x0=ONES, F=noisy)), "F")
    assert verdict.verdict == "passes" and re.search(r"deviation 0\.\d+; differs between calls", verdict.detail)


def test_constants_of_a_large_problem_are_held_to_lanczos():
    problem = quadratic(dim=400, spectrum="uniform")
    assert not failures(check_problem(problem))
    wrong = problem._replace(L=0.9, mu=0.3, hessian_trace=150.0)
    assert failures(check_problem(wrong)) == {"L", "mu", "hessian_trace"}


HINTS = {
    "L twice as large": ({"L": 4.0}, "L", "a step 1/L is 2.0"),
    "tr(H) twice as large": ({"hessian_trace": 200.0}, "hessian_trace", "is shorter than it could be"),
    "mu a hundredth": ({"mu": 1e-4}, "mu", "as much too slow"),
    "f* too low, and no x*": ({"f_star": -1.0, "x_star": None, "modes": None}, "f_star", "left"),
}


@pytest.mark.parametrize("case", HINTS)
def test_a_constant_far_from_what_is_found_is_a_hint_and_no_failure(case):
    changes, name, words = HINTS[case]
    with jax.enable_x64(True):
        problem = quadratic(dim=8, spectrum="two_level")._replace(L=1.9, mu=0.01, hessian_trace=4.04)
        verdicts = check_problem(problem._replace(**changes))
    assert of(verdicts, name).verdict == "hint" and not failures(verdicts), verdicts
    assert words.partition(" 2.0")[0] in of(verdicts, name).detail


@pytest.mark.slow
def test_f_that_is_not_a_number_on_the_way_fails_and_elsewhere_is_a_hint():
    fails = Problem(f=lambda x: -jnp.sum(jnp.log(x)) + 5 * jnp.sum(x), x0=jnp.full(3, 0.9), L=2.0)
    assert "on the way of the first step" in of(check_problem(fails), "nearby").detail
    hint = Problem(f=lambda x: jnp.sum(jnp.where(x < 1.2, (x - 1) ** 2, jnp.nan)), x0=jnp.full(3, 0.2))
    assert of(check_problem(hint), "nearby").verdict in ("hint", "passes")


@pytest.mark.parametrize(
    ("f", "verdict", "words"),
    [
        (lambda x: jnp.sum(x**4) + x[0], "passes", "that of the gradient to"),
        (lambda x: jnp.sum(jnp.abs(x) ** 3), "not declared", "not analytic as it is computed .JAX's abs"),
        (lambda x: jnp.sum(x * x) * (2 if jnp.iscomplexobj(x) else 1), "fails", "another function"),
    ],
)
def test_whether_a_complex_step_is_right_is_told(f, verdict, words):
    (found,) = (one for one in check_problem(Problem(f=f, x0=ONES)) if one.property == "complex step")
    assert found.verdict == verdict and re.search(words, found.detail), found
