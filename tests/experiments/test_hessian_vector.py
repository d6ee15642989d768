"""Products and steps against dense linear algebra, their counts, problems of one's own, a verdict that can change."""

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from made import files as made_files

from zobench import store
from zobench.__main__ import main
from zobench.check.checks import check_problem
from zobench.derivatives import fits
from zobench.derivatives.counted import counted
from zobench.experiments.hessian_vector import newton_paths
from zobench.experiments.hessian_vector import second_order as so
from zobench.experiments.hessian_vector.study import FUNCTIONS, hessian_vector
from zobench.problems.logistic_ridge import logistic_regression, newton_example
from zobench.problems.quadratics import quadratic
from zobench.problems.tanh_networks import tanh_network
from zobench.report import claims, page

SMALL: dict[str, Any] = {"dims": [5, 20, 40], "step_dims": [4], "full": 20, "iterations": [50, 9, 6], "repeats": 2}


def read(path) -> store.Record:
    found = store.read(path)
    assert found is not None
    return found


def separated(problem):
    x = jnp.asarray(problem.x0) + 0.1
    f, c = so.separated(problem.f, x)
    return f, c, x, jnp.cos(jnp.arange(x.size, dtype=float))


@pytest.mark.parametrize(
    "problem", [logistic_regression(dim=12, samples=30), tanh_network(dim=20, depth=1), quadratic(dim=9, rotated=True)]
)
def test_products_are_those_of_the_whole_hessian(problem):
    f, c, x, v = separated(problem)
    expected = jax.jit(jax.hessian(problem.f))(x) @ v
    for product in so.products(f).values():
        np.testing.assert_allclose(jax.jit(product)(x, v, c), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(jax.jit(so.difference(f))(x, v, c, 1e-5), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("problem", [logistic_regression(dim=7, samples=20), tanh_network(dim=20, depth=2)])
def test_the_new_problems_keep_what_they_promise(problem):
    assert [verdict for verdict in check_problem(problem) if verdict.verdict == "fails"] == []


def test_the_new_problems_refuse_what_is_out_of_range():
    for factory, bad in (
        (logistic_regression, {"dim": 0}),
        (logistic_regression, {"ridge": 0}),
        (tanh_network, {"depth": 0}),
    ):
        with pytest.raises(ValueError, match=f"problem.{next(iter(bad))}="):
            factory(**bad)


def test_the_example_of_newton_cg_is_badly_conditioned():
    problem = newton_example()
    assert problem.n == 300 and 300 < problem.L / problem.mu < 1000
    assert jnp.linalg.norm(jax.grad(problem.f)(problem.x_star)) < 1e-12


@pytest.mark.parametrize("dim", [100, 1000, 12_345])
def test_a_network_has_about_the_weights_asked_for(dim):
    assert tanh_network(dim=dim).n == pytest.approx(dim, rel=0.2)


def test_a_product_takes_a_constant_multiple_of_f_and_no_square_of_n():
    counts = []
    for n in (500, 1000):
        f, c, x, v = separated(logistic_regression(dim=n, samples=32))
        price = counted(f, x, c)
        product = counted(so.products(f)[so.EXACT[0]], x, v, c)
        counts.append(product.operations / price.operations)
        assert product.bytes < 8 * 8 * n
        assert counted(so.hessian(f), x, c).result == 8 * n**2
    assert counts[0] == pytest.approx(counts[1], rel=0.02) and counts[0] < 10


def test_a_newton_cg_step_with_all_products_is_a_newton_step():
    f, c, x, _ = separated(logistic_regression(dim=10, samples=40, ridge=0.1))
    cg, asked = jax.jit(so.newton_cg_step(f, 40, forcing=1e-13))(x, c)
    newton, _ = jax.jit(so.newton_step(f))(x, c)
    np.testing.assert_allclose(cg, newton, rtol=1e-9, atol=1e-11)
    assert asked[0] <= 40 and asked[1] == 2
    g, H = jax.grad(f)(x, c), so.hessian(f)(x, c)
    np.testing.assert_allclose(newton, x - np.linalg.solve(H, g), rtol=1e-10, atol=1e-12)


def test_conjugate_gradients_leave_where_the_curvature_is_negative():
    f = lambda x, c: 0.5 * (x[0] ** 2 - x[1] ** 2)  # noqa: E731
    x, asked = jax.jit(so.newton_cg_step(f, 10))(jnp.array([0.0, 1.0]), ())
    assert asked[0] == 1 and f(x, ()) < -0.5


def test_the_ways_reach_the_minimum_and_newton_cg_with_less_work():
    problem = logistic_regression(dim=40, samples=100, ridge=1e-2)
    f, c, x = *so.separated(problem.f, problem.x0), problem.x0
    found = newton_paths.paths(f, c, x, problem.f_star, 1 / problem.L, (60, 20, 8), 1)
    gd, cg, newton = found
    assert cg.gap[-1] <= 1e-12 * cg.gap[0] and newton.gap[-1] <= 1e-12 * newton.gap[0]
    slow = x
    for k in range(3):
        assert gd.gap[k] == pytest.approx(float(problem.f(slow)) - problem.f_star, rel=1e-10)
        slow = slow - jax.grad(problem.f)(slow) / problem.L
    assert gd.work.tolist() == list(range(61)) and cg.work[-1] > cg.gap.size - 1


def test_sizes_and_what_is_no_problem_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="problem"):
        hessian_vector(3)
    with pytest.raises(ValueError, match="iterations"):
        hessian_vector(quadratic, iterations=[1])
    monkeypatch.setattr(fits, "available", lambda: 1e6)
    with pytest.raises(ValueError, match=r"dims=\[\.\.\.,1000000\]: .* needs 128,000,000 bytes, there are 1,000,000"):
        hessian_vector(quadratic)
    with pytest.raises(ValueError, match="full=400: the whole Hessian needs"):
        hessian_vector(quadratic, dims=[400], step_dims=[4], full=400)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("products")
    arrays, meta = hessian_vector(partial(logistic_regression, samples=8), **SMALL)()
    config = {"study": SMALL, "dtype": "float64", "problem": {"_target_": "a.b.wide_logistic_regression"}}
    store.write(store.path(folder, "one"), arrays, {"status": "ok", "config": config, **meta})
    return store.path(folder, "one")


def test_the_whole_hessian_is_made_up_to_full_only(record):
    arrays = read(record).arrays
    timed = np.all(np.isfinite(arrays["seconds"]), axis=-1)
    assert timed[FUNCTIONS.index("Hessian")].tolist() == [True, True, False] and timed[:6].all()
    assert np.nanmax(arrays["errors"]) < 1e-13 and arrays["path_n"] == 20
    assert (arrays["bytes"][-1] >= 8 * arrays["n"] ** 2).all()


@pytest.mark.slow
def test_a_page_is_whole(record, tmp_path):
    page.write("hessian_vector", [record], tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == (made_files(page.load("hessian_vector")))


def test_another_record_gives_another_verdict(record, tmp_path):
    kept, claim = read(record), next(claim for claim in claims.of("hessian_vector") if claim.number == 54)
    altered = store.path(tmp_path, "altered")
    store.write(altered, {**kept.arrays, "errors": kept.arrays["errors"] + 1e-3}, kept.meta)
    measured = page.measured("hessian_vector", [record])
    slope = measured["wide_logistic_regression, differences: slope of the error, large eps"]
    assert slope.value == pytest.approx(2, abs=0.1)
    assert claim.verdict(measured) == "not measured"  # some of its problems did not run
    assert claim.verdict(page.measured("hessian_vector", [altered])) == "refuted"


OWN = """
import jax.numpy as jnp
from zobench.types import Problem

def my_problem():
    return Problem(f=lambda x: jnp.sum(jnp.cosh(x)), x0=jnp.ones(4), f_star=4.0)
"""


@pytest.mark.slow
def test_a_problem_in_a_file_of_ones_own(tmp_path, monkeypatch, capsys):
    """`zobench experiment=hessian_vector problem._target_=my_file.my_problem`, without an argument dim."""
    (tmp_path / "my_file.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_file", raising=False)  # of another test
    arguments = ["experiment=quick/hessian_vector", "problem._target_=my_file.my_problem", f"runs_dir={tmp_path}/runs"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, f"report_dir={tmp_path}/page"])
    assert ended.value.code == 0, capsys.readouterr().err
    assert "my_problem" in (tmp_path / "page" / "table.csv").read_text()
    (path,) = (tmp_path / "runs").glob("*.npz")
    arrays = read(path).arrays
    assert arrays["n"].tolist() == [4] and arrays["errors"].max() < 1e-14 and arrays["path_1_gap"][-1] < 1e-10
    sys.modules.pop("my_file", None)
