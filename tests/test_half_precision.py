"""bfloat16 and float16: offered where the method can be computed in them, with their own eps; refused with a reason."""

import numpy as np
import pytest

import zobench as zo
from zobench.differences import best_eps
from zobench.loop import measure
from zobench.plan import Settings, plan_cell

HALF = ("bfloat16", "float16")
PROBLEM = zo.problems.quadratic(32, spectrum="uniform", mu=0.2)
REFUSED = {
    "orthogonal directions are made by QR": zo.two_point(q=4, orthogonal=True),
    "no least-squares solution": zo.regression(q=4),
    "made orthonormal by QR": zo.guided(),
    "no complex numbers": zo.finite_difference("complex"),
}


@pytest.mark.parametrize("dtype", HALF)
def test_methods_arrive_with_the_eps_of_the_dtype(dtype):
    methods = {
        "sphere": zo.two_point(),
        "axes without replacement": zo.two_point("coordinate", q=4, orthogonal=True),
        "differences": zo.finite_difference(),
        "pursuit": zo.random_pursuit(),
        "three points": zo.three_point(1.0),
        "Hadamard": zo.hadamard(3),
        "leave one out": zo.leave_one_out(q=4),
        "kernel": zo.kernel_smoothed(),
        "gradientless": zo.gradientless_descent(),
        "Powell": zo.scipy("Powell", "none"),
    }
    for name, method in methods.items():
        result = zo.run(PROBLEM, method, dtype=dtype, seeds=2, target=0.1, calls=20_000)
        assert set(result.outcomes) == {"reached"}, name
        rounded = result.x.astype(np.float32).astype(dtype).astype(float)
        assert name == "Powell" or (rounded == result.x).all(), name  # the points are of that precision
    assert best_eps("central", "bfloat16") > best_eps("central", "float16") > 10 * best_eps("central", "float32")


@pytest.mark.parametrize("dtype", HALF)
def test_what_is_measured_has_single_precision_at_the_rounded_point(dtype):
    plan = plan_cell(PROBLEM, zo.two_point(), zo.decaying, zo.descent, Settings(["theory"], dtype=dtype))
    found = measure(plan.problem, plan.problem.x0)
    assert found.gap.dtype == np.float32
    x = np.asarray(plan.problem.x0, float)
    assert PROBLEM.modes is not None and x.dtype != plan.problem.x0.dtype
    assert float(found.gap) == pytest.approx(float(np.sum(PROBLEM.modes.eigenvalue * x**2) / 2), rel=1e-6)


@pytest.mark.parametrize("dtype", HALF)
def test_what_it_cannot_do_is_refused_with_the_reason(dtype):
    for said, estimator in REFUSED.items():
        with pytest.raises(ValueError, match=rf"^dtype={dtype}: .*{said}.*; use dtype=float32 or float64$"):
            zo.run(PROBLEM, estimator, dtype=dtype, seeds=1, step=0.1)
    with pytest.raises(ValueError, match=f"dtype={dtype}: a black box computes in double precision"):
        zo.run(zo.problems.black_box(lambda x: float(x @ x), [1.0, 2.0], 0.0), zo.two_point(), step=0.1, dtype=dtype)


def test_runs_go_on_in_half_precision_too(tmp_path):
    from zobench import build
    from zobench.command import compose

    def cell(seeds, states):
        with compose.session():
            cfg = compose.single(compose.parse(["problem.dim=4", f"seeds={seeds}", "dtype=bfloat16", "stop.calls=400"]))
        return build.run(build.numeric(cfg), lambda *a: None, states)[0]

    cell(2, tmp_path / "states")
    more, fresh = cell(3, tmp_path / "states"), cell(3, None)
    for name in fresh:
        np.testing.assert_array_equal(more[name], fresh[name])
