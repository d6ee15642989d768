"""What is possible against designs and filters, search by comparisons, one value a step, what decides claims."""

import jax
import numpy as np
import pytest
from scipy.stats import norm

from zobench import estimators, store
from zobench.experiments.answers import feedback, law, noisy, page, search, study
from zobench.report import claims

ASKED = {
    "noisy_most": 16, "feedback_most": 16, "varied_at": 16, "sigma": 1.0, "eps": 1.0, "start": 1.0, "latent": 4,
    "condition": 2.0, "target": 0.1, "latents": [], "conditions": [], "steps": [2.0], "radii": [0.2], "gradient": 4e-3,
    "runs": 8, "searches": 8, "tries": 8, "seed": 0, "dtype": "float64",
}  # fmt: skip


def test_no_posterior_of_any_design_is_below_the_bound_and_axes_have_it():
    """θ ~ N(0, R²/n I), values of zᵢᵀθ with noise: the best estimate leaves tr (n/R² I + Σ zᵢzᵢᵀ/σ²)⁻¹."""
    n, R, sigma, rng = 5, 1.7, 0.6, np.random.default_rng(0)
    for count in (5, 40):
        for spread in (0.0, 1.0):
            z = np.resize(np.eye(n), (count, n)) + spread * rng.standard_normal((count, n))
            left = np.trace(np.linalg.inv(n / R**2 * np.eye(n) + z.T @ z / sigma**2)) / 2
            least = law.possible(n, np.sum(z**2), R, sigma)
            assert left == pytest.approx(least) if spread == 0 else left > least * (1 + 1e-9)


def test_a_comparison_has_two_over_pi_of_what_its_difference_tells_and_never_more():
    m = np.linspace(-6, 6, 1201)
    told = norm.pdf(m) ** 2 / (norm.cdf(m) * norm.cdf(-m))
    assert told.max() == pytest.approx(2 / np.pi) and told.argmax() == 600
    assert law.compared(8, 100, 1.0, 1.0, 1.0) == law.possible(8, 200 / np.pi, 1.0, 1.0)


def test_descent_along_the_axes_is_the_best_filter_and_none_is_below_what_is_possible():
    """Each axis has the noise σ²/(2ε²) and steps 1/(j + j0): the posterior variance after j turns."""
    n, sigma, eps, R = 4, 0.8, 0.5, 1.2
    with jax.enable_x64(True):
        for way in noisy.WAYS:
            f, asked = noisy.runs(way, n, sigma, eps, R, np.array([8, 80]), 600, 0)
            mean, error = f.mean(0), f.std(0, ddof=1) / len(f) ** 0.5
            assert (mean + 3 * error > law.possible(n, asked.mean(0), R, sigma)).all()
            if way == "axes in turn":
                exact = [n / 2 / (n / R**2 + 2 * j * eps**2 / sigma**2) for j in (2, 20)]
                assert (abs(mean - exact) < 4.5 * error).all()
            if way == "comparisons":
                assert (mean + 3 * error > law.compared(n, np.array([16, 160]), R, sigma, eps)).all()


def test_search_by_comparisons_is_the_same_for_increasing_functions_of_f_and_counts_every_value():
    seeds = np.arange(6)
    with jax.enable_x64(True):
        found = {name: search.hits(12, 3, 4.0, 0.1, name, seeds, 10_000) for name in search.TRANSFORMS}
        assert all(np.array_equal(found["f"], other) for other in found.values())
        assert (found["f"][0] <= found["f"][1]).all() and found["f"].min() > 0
        assert (search.hits(12, 3, 4.0, 0.1, "f", seeds, 2) == 0).any()  # two steps are too few
        radii = 1 + np.ceil(np.log2(search.WIDE / (search.DEEP * 0.1)))
    assert (found["f"] % radii == 0).all()


def test_a_run_that_flies_to_where_f_is_flat_and_high_does_not_arrive():
    with jax.enable_x64(True):
        steps = feedback.program(estimators.two_point(), 8, 4e-3, 800)
        seeds = np.arange(8, dtype=np.uint32)
        near, far = (np.asarray(steps(step, seeds)) for step in (2.0, 1e8))
    assert near.min() > 0 and far.max() == 0


def test_the_choice_is_made_on_the_first_half_and_told_of_the_second():
    found = np.array([[1, 1, 9, 9, 9, 9], [5, 5, 5, 5, 5, 5]])
    found = np.concatenate([found[:, :2], found[:, :1], found[:, 3:]], axis=1)
    told, best = page.tuned(found, 8)
    assert (told.value, best) == (9, 0)


def planted(n, apart=1.5, power=0.0):
    """A record whose values are what is possible, comparisons `apart` times that, and search ~ log n times nᵖᵒʷᵉʳ."""
    count, noise = 2 * np.geomspace(n * n / 8, 16 * n * n, 22), np.random.default_rng(n).lognormal(0, 0.02, (16, 1))
    least = law.possible(n, count * 1.2, 1.0, 1.0)
    arrays = {"values": count.astype(int)}
    for way in noisy.WAYS:
        arrays[f"asked/{way}"] = np.tile(1.2 * count, (16, 1))
        arrays[f"f/{way}"] = noise * least * (apart if way == "comparisons" else 1.01)
    spread = np.linspace(0.98, 1.02, 16)
    for kind in (*search.TRANSFORMS, "narrow"):
        price = 1000 * np.log(n) * n**power * spread
        arrays[f"search/4/2/{kind}"] = np.array([price, 2 * price]).astype(int)
    arrays["feedback/one"], arrays["feedback/two"] = (
        30 * n * spread * np.ones((2, 3, 1)),
        90 * n * spread * np.ones((3, 1)),
    )
    about = {"n": n, "latent": 4, "condition": 2.0, "target": 0.1, "sigma": 1.0, "eps": 1.0, "start": 1.0}
    return store.Record(arrays, about | {"steps": [1, 2, 3], "radii": [0.1, 0.2], "gradient": 1e-3})


def test_planted_records_have_their_numbers_and_all_that_claims_ask_for():
    sizes = (8, 16, 32, 64)
    measured = page.measures([planted(n) for n in sizes])
    asked = {check.quantity for claim in claims.of("answers") for check in claim.checks}
    assert asked <= measured.keys()
    assert measured["f by comparisons over f by values, at the end: largest"].value == pytest.approx(1.5 / 1.01)
    assert measured["gradientless descent: values over log n: exponent in n"].value == pytest.approx(0, abs=0.01)
    assert measured["values to a tenth of f(x0), values: exponent in n"].value == pytest.approx(2, abs=0.01)
    assert measured["residual feedback over two points: values: largest"].value == pytest.approx(1 / 3)
    assert measured["residual feedback: values to the gradient's target: exponent in n"].value == pytest.approx(
        1, abs=0.01
    )
    other = page.measures([planted(n, apart=2.5, power=0.5) for n in sizes])
    assert other["f by comparisons over f by values, at the end: largest"].value == pytest.approx(2.5 / 1.01)
    assert other["gradientless descent: values over log n: exponent in n"].value == pytest.approx(0.5, abs=0.01)


@pytest.mark.slow
def test_the_study_of_one_dimension_has_the_arrays_that_the_page_reads():
    with jax.enable_x64(True):
        record = store.Record(*study.answers(dim=6, **ASKED)())
    assert record.arrays.keys() == planted(6).arrays.keys() and record.meta.keys() == planted(6).meta.keys()
    assert len(list(page.noise(record))) == 3 * len(record.arrays["values"])


def test_numbers_out_of_range_are_named():
    with pytest.raises(ValueError, match=r"target=2: a share"):
        study.answers(dim=8, **{**ASKED, "target": 2})
    with pytest.raises(ValueError, match=r"dtype=float32"):
        study.answers(dim=8, **{**ASKED, "dtype": "float32"})
