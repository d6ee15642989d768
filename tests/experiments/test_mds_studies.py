"""Studies of maps: counts held to counting functions, misfits to closed forms, verdicts to what records say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench import store
from zobench.experiments.mds_lecture import study as mds_lecture
from zobench.experiments.mds_methods import page as mds_methods_page
from zobench.experiments.mds_methods import study as mds_methods
from zobench.experiments.mds_pca import study as mds_pca
from zobench.experiments.mds_shapes import page as mds_shapes_page
from zobench.experiments.mds_shapes import study as mds_shapes
from zobench.problems import maps as problem
from zobench.problems.maps import curvature, distances, hessian, mds
from zobench.report import claims, page


@pytest.mark.parametrize("stress", ["sstress", "stress"])
def test_curvature_by_products_is_that_of_the_whole_hessian(stress, monkeypatch):
    """Lanczos and the closed form of the trace against eigenvalues and diagonal, in three dimensions."""
    d = distances("synthetic", 12, 3)
    target = (d / d.max()) ** (2 if stress == "sstress" else 1)
    w = np.random.default_rng(1).standard_normal((12, 3))
    monkeypatch.setattr(problem, "WHOLE", 0)
    whole = hessian(w, target, stress)
    np.testing.assert_allclose(
        curvature(w, target, stress), [np.linalg.eigvalsh(whole)[-1], np.trace(whole)], rtol=1e-9
    )


def test_the_notebook_asks_what_a_counter_counts(monkeypatch):
    """Frames add up; each frame's own count is what is plotted; the loss is that of the ordered pairs."""
    counted = []
    plain = mds_lecture.stress
    monkeypatch.setattr(mds_lecture, "stress", lambda x, apart: counted.append(1) or plain(x, apart))
    d = distances("europe", 6)
    plotted, asked, loss = mds_lecture.notebook(d / d.max(), np.random.RandomState(42).rand(6, 2), 5)
    assert asked.tolist() == np.cumsum(plotted).tolist() and asked[-1] == len(counted)
    assert (np.diff(loss) <= 0).all() and plotted[0] < plotted[-1] + 13


def test_the_notebook_steps_along_half_of_the_gradient():
    """W − step ∇f/2 by JAX, and the same f as the problem's."""
    made = mds("europe", 6, stress="stress")
    d = distances("europe", 6)
    losses = mds_lecture.descent(d / d.max(), np.asarray(made.x0).reshape(6, 2), 0.12, 2)
    x = made.x0
    for loss in losses:
        assert loss == pytest.approx(float(made.f(x)))
        x = x - 0.12 * jax.grad(made.f)(x) / 2


def test_misfit_is_the_procrustes_distance():
    """√(‖X‖² + ‖Y‖² − 2‖XᵀY‖_*)/‖Y‖ (Schönemann 1966), 0 for isometries, and by signs for mirrored axes alone."""
    random = np.random.default_rng(0)
    x, y = (random.standard_normal((7, 3)) for _ in range(2))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    nuclear = np.linalg.svd(x.T @ y, compute_uv=False).sum()
    squared = np.sum(x**2) + np.sum(y**2) - 2 * nuclear
    assert mds_pca.misfit(x + 3, y) == pytest.approx(np.sqrt(squared / np.sum(y**2)))
    turn = np.linalg.qr(random.standard_normal((3, 3)))[0]
    assert mds_pca.misfit(x @ turn + 1, x) < 1e-14 < mds_pca.misfit(2 * x, x)
    assert mds_pca.misfit(2 * x @ turn, x, scaled=True) < 1e-14
    assert mds_pca.by_signs(x * [1, -1, -1], x) < 1e-14 < mds_pca.by_signs(x @ turn, x)


def test_strain_and_stress_are_their_sums():
    """Pair by pair, and least for the map that minimises each."""
    random = np.random.default_rng(0)
    true = random.standard_normal((9, 2))
    d = mds_pca.blurred(np.linalg.norm(true[:, None] - true, axis=2), 0.2, random)
    assert (d == d.T).all() and (d.diagonal() == 0).all()
    classical, minimum = mds_pca.two_maps(d**2, true)
    pairs = [(i, j) for i in range(9) for j in range(9)]
    total = sum((np.sum((minimum[i] - minimum[j]) ** 2) - d[i, j] ** 2) ** 2 for i, j in pairs)
    assert mds_pca.relative_stress(minimum, d**2) == pytest.approx(np.sqrt(total / sum(d[i, j] ** 4 for i, j in pairs)))
    assert mds_pca.strain(classical, d**2) < mds_pca.strain(minimum, d**2)
    assert mds_pca.relative_stress(minimum, d**2) < mds_pca.relative_stress(classical, d**2)


def test_principal_components_are_the_eigenvectors_of_the_covariance():
    """Scores by SVD against eigh of XᵀX."""
    points = np.random.default_rng(0).standard_normal((8, 3)) * [1, 3, 2] + 5
    centred = points - points.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    assert mds_pca.by_signs(mds_pca.components(points), centred @ axes) < 1e-13


def test_two_points_pay_two_values_a_step_and_gradients_one():
    """Calls are steps times what a step asks; the step sizes are 1/L and the trace-aware one."""
    made, starts = mds_methods.starting("europe", 5, "sstress", 2)
    for name, each in (("gradient", 1), ("sphere", 2), ("(1+1)-ES", 1)):
        arrays, meta = mds_methods.one_method(name, made, starts, [0, 1], 40, 0.0)
        assert arrays["calls"][-1] == 40 and (arrays["calls"] % each == 0).all()
        np.testing.assert_allclose(arrays["f"][:, 0], [float(made.f(jnp.asarray(x))) for x in starts], rtol=1e-6)
        assert meta["each"]["grad" if name == "gradient" else "value"] == each
    step = {name: mds_methods.made(name, made)[1] for name in ("gradient", "sphere")}
    assert step["gradient"] == pytest.approx(1 / made.L)
    assert step["gradient"] / step["sphere"] == pytest.approx(10 * (made.effective_dim + 2) / 12)


def test_a_shape_starts_near_its_solution():
    """f* = 0, the trace of an exact solution is 32 N ‖W‖², and the start is 15 % off."""
    made = mds_shapes.near(10, 2, 0)
    d = distances("synthetic", 10, 2, 0)
    solution = problem.true_map("synthetic", 10, 2, 0)[1] / d.max()
    solution = solution - solution.mean(axis=0)
    off = np.asarray(made.x0).reshape(10, 2) - solution
    assert 0.1 < off.std() / solution.std() < 0.2 and made.f_star == 0
    assert made.hessian_trace >= 32 * 10 * np.sum(solution**2) * (1 - 1e-12)


PCA = {"cities": "synthetic", "points": 9, "embedding": 2, "noise": [0.0], "draws": 1, "seed": 0}
LECTURE = {"points": 6, "frames": None, "calls": 10, "stills": 5, "seed": 0}
SHAPES = {"points": 9, "embedding": 2, "target": 0.1, "work": 1e6, "runs": 1, "seed": 0}
METHODS = {"methods": [], "cities": "usa", "points": 5, "stress": "stress", "starts": 1, "calls": 1, "solver_calls": 1}
REFUSED = [
    (mds_pca.mds_pca, PCA | {"cities": "usa", "points": 30}, "points=30: the USA has 25"),
    (mds_pca.mds_pca, PCA | {"noise": [-1.0]}, "noise="),
    (mds_pca.mds_pca, PCA | {"draws": 0}, "noise="),
    (mds_lecture.mds_lecture, LECTURE | {"points": 7}, "points=7"),
    (mds_lecture.mds_lecture, LECTURE | {"stills": 1}, "stills=1"),
    (mds_shapes.mds_shapes, SHAPES | {"embedding": 9}, "points=9"),
    (mds_shapes.mds_shapes, SHAPES | {"work": 10.0}, "work=10"),
    (mds_methods.mds_methods, METHODS | {"methods": ["none"], "seed": 0}, "methods=none"),
    (mds_methods.mds_methods, METHODS | {"starts": 0, "seed": 0}, "starts=0"),
]


@pytest.mark.parametrize(("study", "given", "said"), REFUSED)
def test_bad_input_is_refused_before_anything_runs(study, given, said):
    """In one line that names what was given."""
    with pytest.raises(ValueError, match=said):
        study(**given)


def verdicts(name, path, arrays, meta):
    store.write(path, arrays, {"status": "ok", **meta})
    measured = page.measured(name, [path])
    return {claim.statement: claim.verdict(measured) for claim in claims.of(name)}


def test_the_verdict_on_plain_distances_is_what_the_record_says(tmp_path):
    """Claim 6 is refuted by the measurement, and would hold for a record with minimum 0 and the right shape."""
    arrays, meta = mds_pca.mds_pca("synthetic", 8, 2, [0.0, 0.1], 2, 0)()
    (claim,) = (claim.statement for claim in claims.of("mds_pca") if claim.number == 6)
    path = tmp_path / "one.npz"
    assert verdicts("mds_pca", path, arrays, meta)[claim] == "refuted"
    exact = {"printed_stress": 0.0, "printed_shape": 0.0}
    assert verdicts("mds_pca", path, arrays, meta | exact)[claim] == "holds"


@pytest.mark.slow
def test_the_verdict_on_the_animation_is_what_the_record_says(tmp_path):
    """Counted as plotted, the claim would hold; reports of few records leave out the rest; pages repeat."""
    arrays, meta = mds_lecture.mds_lecture(6, 4, 60, 4, 0)()
    path, claim = tmp_path / "one.npz", claims.of("mds_lecture")[0].statement
    assert verdicts("mds_lecture", path, arrays, meta)[claim] == "refuted"
    honest = arrays | {"notebook/asked": arrays["notebook/plotted"]}
    found = verdicts("mds_lecture", path, honest, meta)
    assert found[claim] == "holds" and "not measured" in found.values()
    for name in ("one", "two"):
        page.write("mds_lecture", [path], tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    assert (tmp_path / "one" / "maps.gif").read_bytes().startswith(b"GIF89a")


def test_ratios_and_slopes_are_those_of_the_records(tmp_path):
    """Made-up records in which two points need 2(r+2) calls for one of gradient descent."""
    paths = []
    for points, embedding in ((10, 2), (20, 2), (40, 2), (80, 2)):
        n = points * embedding
        arrays, meta = {}, {"n": n, "r": n / 4.0, "target": 1.0, "methods": {}}
        for name, hit in zip(mds_shapes_page.WAYS, (10, 20 * n, int(20 * (n / 4 + 2))), strict=True):
            arrays |= {f"{name}/calls": np.array([0, hit]), f"{name}/f": np.array([[9.0, 0.5], [9.0, 0.5]])}
            meta["methods"][name] = {"most": hit}
        meta["config"] = {"study": {"points": points, "embedding": embedding, "target": 0.1, "runs": 2}}
        paths.append(tmp_path / f"{n}.npz")
        store.write(paths[-1], arrays, {"status": "ok", **meta})
    found = page.measured("mds_shapes", paths)
    assert found["two points, 1/(nL): slope of iterations over those of gradient descent in n"].value == pytest.approx(
        1
    )
    assert found["two points, 1/(nL): iterations over those of gradient descent over n"].value == pytest.approx(1)
    assert found["two points, trace: iterations over those of gradient descent over r+2"].value == pytest.approx(1)
    assert found["gradient: slope of calls in n"].value == pytest.approx(0)
    few = page.measured("mds_shapes", paths[:2])
    assert few.keys() == found.keys() and np.isnan(few["gradient: slope of calls in n"].value)


def test_a_gradient_is_paid_at_its_price(tmp_path):
    """Costs in values of made-up runs, and how many starts arrive."""
    study = {"cities": "europe", "points": 34, "stress": "sstress"}
    each = {"gradient": {"value": 0, "jvp": 0, "grad": 1}, "sphere": {"value": 2, "jvp": 0, "grad": 0}}
    each["L-BFGS"] = {"value": 1, "jvp": 0, "grad": 1}
    f = np.array([[9.0, 1.0], [9.0, 5.0], [9.0, 1.0]])
    arrays = {f"{name}/calls": np.array([0, 100]) for name in each} | {f"{name}/f": f for name in each}
    meta = {"n": 68, "r": 18.0, "f_star": 1.0, "price": 3.0, "config": {"study": study}}
    meta |= {"methods": {name: {"each": calls, "most": 100} for name, calls in each.items()}}
    store.write(tmp_path / "one.npz", arrays, {"status": "ok", **meta})
    (record,) = mds_methods_page.read([tmp_path / "one.npz"])
    cost = {name: mds_methods_page.median(record, name, priced=True).value for name in each}
    assert cost == {"gradient": 300, "sphere": 100, "L-BFGS": 150}
    assert mds_methods_page.arrivals(record, "sphere").tolist() == [100, np.inf, 100]
    found = page.measured("mds_methods", [tmp_path / "one.npz"])
    least = found["s-stress: least cost without gradients over least cost with, in values, 34 cities"]
    assert least.value == pytest.approx(100 / 150)
