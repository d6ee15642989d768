"""What every problem promises: its derivatives, its constants, its minimum, its configuration and its refusals."""

import inspect
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from omegaconf import OmegaConf
from rates import descend, slope

from zobench.estimators import finite_difference
from zobench.problems.classification import breast_cancer, logistic
from zobench.problems.deep_networks import deep
from zobench.problems.landscapes import Name, landscape
from zobench.problems.logistic_ridge import logistic_regression
from zobench.problems.maps import mds
from zobench.problems.networks import mlp, softmax
from zobench.problems.quadratics import quadratic
from zobench.problems.regression import least_squares
from zobench.problems.robust import expm1, welsch
from zobench.problems.tanh_networks import tanh_network
from zobench.problems.worst_case import chain, huber, powers, saw_tooth, tails, tridiagonal
from zobench.problems.wrappers import low_precision, noisy, rotated, shifted
from zobench.types import oracle

CONF = Path(__file__).parents[2] / "conf" / "problem"
INSTANCES = [
    (quadratic, {"spectrum": "two_level", "dim": 2}),
    (quadratic, {"spectrum": "two_level", "dim": 7}),
    (quadratic, {"spectrum": "log_uniform", "dim": 2}),
    (quadratic, {"spectrum": "log_uniform", "dim": 12, "mu": 1e-3}),
    (quadratic, {"spectrum": "power", "dim": 1}),
    (quadratic, {"spectrum": "power", "dim": 9, "exponent": 1.5}),
    (quadratic, {"spectrum": "uniform", "dim": 5}),
    (quadratic, {"spectrum": "isotropic", "dim": 1}),
    (quadratic, {"spectrum": "one_large", "dim": 6}),
    (quadratic, {"spectrum": "harmonic", "dim": 7}),
    (quadratic, {"spectrum": "inverse", "dim": 6, "exponent": 1.5}),
    (quadratic, {"spectrum": "fixed_rank", "dim": 5, "rank": 3}),
    (quadratic, {"spectrum": "fixed_rank", "dim": 14, "rank": 3, "mu": 1e-2}),
    (quadratic, {"spectrum": "log_uniform", "dim": 8, "rotated": True, "seed": 3}),
    (quadratic, {"spectrum": "fixed_rank", "dim": 20, "rotated": True}),
    (welsch, {"dim": 2}),
    (welsch, {"dim": 13}),
    (logistic, {"dim": 1}),
    (logistic, {"dim": 6}),
    (logistic, {"dim": 6, "samples": 20}),
    (logistic, {"dim": 8, "samples": 3, "seed": 1}),
    (mds, {"points": 3}),
    (mds, {"points": 6}),
    (mds, {"points": 5, "cities": "usa", "stress": "stress"}),
    (mds, {"points": 6, "cities": "synthetic", "embedding": 3, "start": "classical"}),
    (mds, {"points": 6, "squared": False}),
    (huber, {"dim": 2, "horizon": 3}),
    (huber, {"dim": 6}),
    (saw_tooth, {"dim": 2, "horizon": 3}),
    (powers, {"dim": 5, "power": 10}),
    (tails, {"dim": 5, "power": 2}),
    (tridiagonal, {"dim": 1}),
    (tridiagonal, {"dim": 9}),
    (chain, {"dim": 5}),
    *[(landscape, {"name": name, "dim": 5}) for name in get_args(Name) if name != "lecture"],
    (landscape, {"name": "lecture"}),
    (landscape, {"name": "ellipsoid", "dim": 1, "condition": 10}),
    (landscape, {"name": "levy", "dim": 1, "start": [3.0]}),
    (least_squares, {"dim": 6}),
    (least_squares, {"dim": 6, "samples": 4, "noise": 0}),
    (least_squares, {"dim": 6, "samples": 6, "batch": 2, "seed": 1}),
    (breast_cancer, {}),
    (breast_cancer, {"ridge": 0}),
    (mlp, {"widths": [1, 2], "samples": 30, "batch": 2}),
    (noisy, {"problem": least_squares(dim=4)}),
    (low_precision, {"problem": quadratic(dim=4)}),
    (rotated, {"problem": quadratic(dim=6)}),
    (rotated, {"problem": tridiagonal(dim=4)}),
    (shifted, {"problem": quadratic(dim=3, rotated=True), "by": [1, -2, 3]}),
    (shifted, {"problem": landscape("ackley", dim=3)}),
]


def label(parameter):
    if isinstance(parameter, dict):
        return "-".join(str(value) for value in parameter.values() if isinstance(value, int | float | str)) or "default"
    function = parameter.func if isinstance(parameter, partial) else parameter
    return getattr(function, "__name__", str(function))


@pytest.mark.parametrize(("factory", "arguments"), INSTANCES, ids=label)
def test_contract(factory, arguments):
    """The value, the gradient's Taylor remainder, L, mu, tr H, f*, x*, modes, batching and float32."""
    if factory in (breast_cancer, mlp):
        pytest.importorskip("sklearn")
    problem = factory(**arguments)
    f, x0, n = problem.f, problem.x0, problem.n
    random = np.random.default_rng(0)
    x, v = x0 + random.standard_normal((2, n)) / 2
    points = np.stack([x0, x, x + 1e-3 * v, x + 2e-3 * v, v, np.zeros(n) if problem.x_star is None else problem.x_star])
    derivatives = jax.jit(jax.vmap(lambda x: (f(x), jax.grad(f)(x), jax.hessian(f)(x))))
    values, gradients, hessians = map(np.asarray, derivatives(points))
    assert x0.shape == (n,) and x0.dtype == jnp.float64 and f(x0).shape == ()
    assert np.isfinite(values).all() and np.isfinite(gradients).all()
    assert float(f(x0)) == pytest.approx(values[0], rel=1e-12, abs=1e-20)

    remainders = [values[1 + i] - values[1] - i * 1e-3 * gradients[1] @ v for i in (1, 2)]
    assert np.log2(remainders[1] / remainders[0]) == pytest.approx(2, abs=0.1)

    # s-stress has no global L, and no MDS a global trace: those are tested where they are claimed, in test_mds.py.
    spectra = np.linalg.eigvalsh(hessians[:1] if factory is mds else hessians)
    check_constants(problem, spectra)
    check_minimum(problem, values, gradients, spectra)
    check_modes(problem, values, gradients, hessians)

    single = x.astype(np.float32)
    value, g = jax.eval_shape(jax.value_and_grad(f), single)
    assert value.dtype == g.dtype == jnp.float32
    assert float(f(single)) == pytest.approx(values[1], rel=1e-5, abs=2e-7 * np.abs(values).max())


NOT_ANALYTIC = (saw_tooth, powers, chain)  # by clip and ndtr; a whole power of a float is not exact in Im
MORE = [
    (logistic_regression, {"dim": 5, "samples": 20}),
    (deep, {"width": 3, "depth": 2}),
    (tanh_network, {"dim": 12}),
]


@pytest.mark.parametrize(("factory", "arguments"), INSTANCES + MORE, ids=label)
def test_the_complex_step_is_the_gradient_or_refused(factory, arguments):
    """At x0 and at three random points, to 1e-10 of the largest gradient."""
    if factory in (breast_cancer, mlp):
        pytest.importorskip("sklearn")
    problem = factory(**arguments)._replace(F=None)
    ask, estimate = oracle(problem), finite_difference("complex").estimate
    if factory in NOT_ANALYTIC or arguments in ({"name": "schwefel", "dim": 5}, {"dim": 5, "power": 2}):
        with pytest.raises(ValueError, match="quotient=complex"):
            jax.eval_shape(lambda x: estimate(ask, x, (), ()), problem.x0)
        return
    x = problem.x0 + jnp.asarray(np.random.default_rng(0).standard_normal((4, problem.n)) / 2).at[0].set(0)
    found, g = jax.jit(jax.vmap(lambda x: (estimate(ask, x, (), ())[0], jax.grad(problem.f)(x))))(x)
    assert np.abs(found - g).max() <= 1e-10 * np.abs(g).max()


def check_constants(problem, spectra):
    """L and tr ∇²f bound the spectra, mu does from below; a quadratic has both exactly."""
    if not np.isnan(problem.L):
        assert spectra.max() <= problem.L * (1 + 1e-9)
        assert spectra.sum(axis=1).max() <= problem.hessian_trace * (1 + 1e-9)
    if not np.isnan(problem.mu):
        assert spectra.min() >= problem.mu * (1 - 1e-9) - 1e-14 * problem.L
    if problem.modes is not None:
        np.testing.assert_allclose(spectra, [np.sort(problem.modes.eigenvalue)] * len(spectra), atol=1e-14 * problem.L)
        np.testing.assert_allclose(spectra.max(axis=1), problem.L, rtol=1e-12)


def check_minimum(problem, values, gradients, spectra):
    """No value is below f*; x* attains it, to rounding."""
    rounding = 1e-14 * np.abs(values).max()
    if not np.isnan(problem.f_star):
        assert (values >= problem.f_star - rounding).all()
    if problem.x_star is not None:
        assert values[-1] == pytest.approx(problem.f_star, abs=rounding)
        assert np.abs(gradients[-1]).max() <= 1e-13 * max(1, np.abs(gradients[0]).max())
        assert spectra[-1].min() >= -1e-13 * np.abs(spectra[-1]).max()


def check_modes(problem, values, gradients, hessians):
    """f(x0) − f*, ‖∇f(x0)‖² and the axes follow from eigenvalues and energies."""
    if problem.modes is None:
        return
    eigenvalue, energy, axes = problem.modes
    assert values[0] - problem.f_star == pytest.approx(0.5 * np.sum(eigenvalue * energy), rel=1e-12)
    assert gradients[0] @ gradients[0] == pytest.approx(np.sum(eigenvalue**2 * energy), rel=1e-12)
    assert axes == np.array_equal(hessians[0], np.diag(hessians[0].diagonal()))
    if problem.x_star is not None:
        assert np.sum((problem.x0 - problem.x_star) ** 2) == pytest.approx(energy.sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("factory", "arguments", "tolerance"),
    [
        (quadratic, {"spectrum": "two_level"}, 1e-12),
        (quadratic, {"spectrum": "log_uniform"}, 1e-3),
        (quadratic, {"spectrum": "fixed_rank", "rank": 4}, 0.02),
        (logistic, {}, 1e-12),
        (welsch, {}, 0.02),
    ],
    ids=label,
)
def test_descent_does_not_see_the_dimension(factory, arguments, tolerance):
    """The same f_k for n = 16 and n = 128, k = 5 ... 60: a measured slope in n is then the method's."""
    few, many = (next(iter(descend(factory(dim=n, **arguments), 60))) for n in (16, 128))
    np.testing.assert_allclose(few[5:], many[5:], rtol=tolerance)


def test_descent_falls_like_one_over_k():
    """f_k (log-uniform, power, separable logistic) and ‖∇f_k‖² (Welsch) ~ 1/k; the logistic constant is 1/4."""
    assert slope(next(iter(descend(quadratic(dim=64), 300))), 20, 300) == pytest.approx(-1, abs=0.015)
    assert slope(next(iter(descend(quadratic(dim=200, spectrum="power"), 300))), 20, 300) == pytest.approx(
        -1, abs=0.015
    )
    for n in (8, 64):
        assert slope(list(descend(welsch(dim=n), 300))[1], 20, 300) == pytest.approx(-1, abs=0.015)
    gap, _ = descend(logistic(dim=4), 4000)
    assert 4 * 4000 * gap[4000] == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_expm1_of_welsch_is_exact_to_a_unit_in_the_last_place(dtype):
    y = -np.concatenate([[0.0], np.geomspace(1e-30, 800, 20_001), np.linspace(0, 3, 20_001)]).astype(dtype)
    exact = np.expm1(y.astype(np.longdouble)).astype(dtype)
    assert (np.abs(jax.jit(expm1)(y) - exact) <= np.spacing(np.abs(exact))).all()
    assert np.isnan(expm1(jnp.asarray(np.nan)))
    assert jax.grad(expm1)(-0.3) == pytest.approx(np.exp(-0.3), rel=1e-15)


@pytest.mark.parametrize("dim", [15, 64, 512])
def test_fixed_rank_keeps_the_effective_dimension(dim):
    """tr(H)/L = rank for every n."""
    assert quadratic(dim=dim, spectrum="fixed_rank", rank=8).effective_dim == pytest.approx(8, rel=1e-12)


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_names_its_factory_and_its_defaults(path):
    """conf/problem/X.yaml: `_target_` names the factory X, and the rest are its arguments with their defaults."""
    given = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(given, dict)
    module, _, name = given.pop("_target_").rpartition(".")
    factory = getattr(import_module(module), name)
    assert path.stem == name and factory.__doc__
    parameters = inspect.signature(factory).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
    required = {each.name for each in parameters if each.default is each.empty}  # a problem or function inside
    given = {key: value for key, value in given.items() if key != "defaults" and key not in required}
    assert given == {key: list(value) if isinstance(value, tuple) else value for key, value in defaults.items()}


@pytest.mark.parametrize(
    ("factory", "arguments", "way_out"),
    [
        (quadratic, {"dim": 0}, "at least 2"),
        (quadratic, {"dim": "abc"}, "whole number"),
        (quadratic, {"dim": 14, "spectrum": "fixed_rank"}, "at least 15"),
        (quadratic, {"spectrum": "typo"}, "two_level, log_uniform"),
        (quadratic, {"mu": 1.5}, "between 0 and L = 1"),
        (quadratic, {"mu": 0.1, "spectrum": "power"}, "leave it null"),
        (quadratic, {"mu": 0.1, "spectrum": "fixed_rank"}, "use at most 0.0088"),
        (quadratic, {"exponent": -1}, "positive"),
        (quadratic, {"rank": 1}, "from 2 on"),
        (welsch, {"dim": 1}, "at least 2"),
        (welsch, {"smallest": 0}, "between 0 and L = 1"),
        (welsch, {"start": "abc"}, "positive"),
        (logistic, {"dim": 0}, "at least 1"),
        (logistic, {"samples": 0}, "or null"),
        (mds, {"cities": "world"}, "europe, usa, synthetic"),
        (mds, {"points": 999}, "34 cities; use points <= 34, or cities=synthetic"),
        (mds, {"points": 26, "cities": "usa"}, "25 cities"),
        (mds, {"points": 2}, "at least 3"),
        (mds, {"embedding": 0}, "from 1 on"),
        (mds, {"embedding": 34}, "at most 33"),
        (mds, {"stress": "typo"}, "sstress, stress"),
        (mds, {"squared": False, "stress": "stress"}, "stress=sstress"),
        (mds, {"start": "typo"}, "uniform, classical"),
        (huber, {"dim": 0}, "from 1 on"),
        (huber, {"horizon": 0}, "from 1 on"),
        (saw_tooth, {"horizon": 1.5}, "whole number"),
        (powers, {"power": 3}, "even"),
        (tails, {"power": 0}, "positive"),
        (tridiagonal, {"dim": "abc"}, "whole number"),
        (chain, {"dim": 0}, "from 1 on"),
        (landscape, {"name": "typo"}, "sphere, ellipsoid"),
        (landscape, {"dim": 1}, "at least 2"),
        (landscape, {"dim": 3, "name": "lecture"}, "use problem.dim=2"),
        (landscape, {"start": [1.0, 2.0, 3.0]}, "from 1 to 2"),
        (landscape, {"start": []}, "or null"),
        (landscape, {"condition": 0.5}, "from 1 on"),
        (least_squares, {"dim": 0}, "at least 1"),
        (least_squares, {"samples": 0}, "null for 2 dim"),
        (least_squares, {"noise": -1}, "0 or more"),
        (least_squares, {"batch": 129}, "from 1 to the 128 samples, or null"),
        (breast_cancer, {"ridge": -1}, "0 or more"),
        (breast_cancer, {"batch": 570}, "from 1 to the 569"),
        (softmax, {"ridge": "abc"}, "0 or more"),
        (softmax, {"samples": 1438}, "from 1 to 1437"),
        (mlp, {"widths": [0]}, "from 1 on"),
        (mlp, {"batch": 0}, "or null"),
        (partial(noisy, huber()), {"sigma": -1}, "0 or more"),
        (partial(noisy, huber()), {"kind": "typo"}, "additive, multiplicative"),
        (partial(low_precision, huber()), {"precision": "typo"}, "float32, float16"),
        (partial(rotated, huber()), {"seed": -1}, "0 or more"),
        (partial(shifted, huber()), {"by": [1, 2]}, "a list of 64"),
    ],
    ids=label,
)
def test_a_bad_value_is_refused_with_one_line_that_names_it(factory, arguments, way_out):
    """What was asked, what exists, the way out."""
    with pytest.raises(ValueError) as refusal:
        factory(**arguments)
    text, (name, value) = str(refusal.value), next(iter(arguments.items()))
    assert (
        text.lower().removeprefix("problem.").startswith(f"{name}={value}: ".lower())
        and way_out in text
        and "\n" not in text
    )


def test_a_quadratic_has_the_eigenvalues_it_is_given_as_a_list_or_in_a_file(tmp_path):
    (tmp_path / "mine.txt").write_text("2, 0.5\n0.1\n")
    np.save(tmp_path / "mine.npy", [2, 0.5, 0.1])
    for asked in ([2, 0.5, 0.1], str(tmp_path / "mine.txt"), str(tmp_path / "mine.npy")):
        problem = quadratic(spectrum=asked)
        assert (problem.n, problem.L, problem.mu, problem.hessian_trace) == (3, 2.0, 0.1, 2.6)
        np.testing.assert_allclose(jax.hessian(problem.f)(jnp.zeros(3)), np.diag([2, 0.5, 0.1]))
    whole = jax.hessian(quadratic(spectrum=[2, 0.5, 0], rotated=True).f)(jnp.zeros(3))
    np.testing.assert_allclose(np.linalg.eigvalsh(whole), [0, 0.5, 2], atol=1e-12)
    assert np.isnan(quadratic(spectrum=[2, 0]).mu)
    (tmp_path / "bad.txt").write_text("1 two")
    wrong: Any
    for wrong, said in (
        ({"spectrum": [1, -1]}, r"^problem.spectrum=\[2 numbers\]: eigenvalues are finite numbers"),
        ({"spectrum": []}, "eigenvalues are"),
        ({"spectrum": "nowhere.txt"}, "nowhere.txt: there are two_level, .* or a file that is there"),
        ({"spectrum": str(tmp_path / "bad.txt")}, "no list of eigenvalues: could not convert"),
        ({"spectrum": [1, 2], "dim": 5}, "problem.dim=5: there are 2 eigenvalues"),
        ({"spectrum": [1, 2], "mu": 0.1}, "problem.mu=0.1"),
    ):
        with pytest.raises(ValueError, match=said):
            quadratic(**wrong)
