"""Counts of operations against closed forms, errors against digits, all ways against the truth, the verdicts."""

from typing import Any

import jax
import mpmath
import numpy as np
import pytest
import sympy as sp
from made import files as made_files

from zobench import store
from zobench.derivatives import library
from zobench.derivatives.clock import interleaved
from zobench.derivatives.library import JAX, NUMPY, sympy_library
from zobench.experiments.symbolic import page as numbers
from zobench.experiments.symbolic import precision, swell, ways
from zobench.experiments.symbolic.study import symbolic
from zobench.report import claims, page

# f, derivative, derivative with subexpressions shared, f in JAX, grad in JAX; each for level n ≥ 3
FORMULAS = {
    "product": lambda n: (3 * n - 2, 3 * n**2 - 2, (n**2 + 11 * n - 6) // 2, 3 * n - 2, 9 * n - 7),
    "composition": lambda n: (
        5 * 2 ** (n - 1) - 2,
        2 ** (n - 3) * (5 * n**2 + 15 * n - 8),
        2 * n**2 + 4 * n - 3,
        3 * n,
        8 * n - 1,
    ),
    "chain": lambda n: (4 * n, 4 * n**2 + 4 * n - 1, 7 * n - 2, 4 * n, 7 * n - 1),
    "network": lambda n: (6 * 2**n - 7, 2**n * (6 * n + 1) - 3, 20 * n - 9, 8 * n - 3, 22 * n - 7),
}
DEFAULT = {
    "part": "ways",
    "product": [2, 4],
    "composition": [1, 2],
    "chain": [1, 2],
    "network": [1, 2],
    "digits": [16, 32],
    "variables": [1, 2],
    "n": 2,
    "repeats": 1,
    "dtype": "float64",
}


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("product", 8),
        ("product", 16),
        ("composition", 3),
        ("composition", 6),
        ("chain", 3),
        ("chain", 10),
        ("network", 4),
    ],
)
def test_the_counts_are_these_polynomials(name, level):
    assert tuple(swell.counts(swell.FAMILIES[name], level)) == FORMULAS[name](level)


def test_the_golden_numbers_of_the_theory():
    product, logistic = (swell.expression(swell.FAMILIES[name], n) for name, n in (("product", 32), ("composition", 8)))
    assert (product[0].count_ops(), sp.diff(*product).count_ops()) == (94, 3070)
    assert sp.diff(*logistic).count_ops() == 13824
    assert sp.diff(*swell.expression(swell.FAMILIES["composition"], 2)).count_ops() == 21


@pytest.mark.parametrize("name", swell.FAMILIES)
def test_the_formula_and_the_program_have_the_same_derivative(name):
    formula, program = swell.evaluated(swell.FAMILIES[name], 4)
    assert formula == pytest.approx(program, rel=1e-12)


def test_the_predicted_size_of_a_derivative_is_not_far_off():
    for name, family in swell.FAMILIES.items():
        exact = FORMULAS[name](10)[1]
        assert exact / 2 < family.operations(10) < 2.5 * exact


def test_the_functions_of_fixed_cost_take_as_many_operations_whatever_n():
    calls = []

    class Counting(float):
        def __mul__(self, other):
            calls.append(1)
            return Counting(float(self) * float(other))

    for n in (1, 3, 8):
        calls.clear()
        precision.multiplications(NUMPY, [Counting(1.0 + i) for i in range(n)])
        assert len(calls) == precision.FACTORS


def test_forward_differences_ask_n_plus_1_values_and_are_exact_on_a_line():
    asked = []

    def f(x):
        asked.append(x)
        return 2 * x[0] - x[1]

    assert precision.forward_differences(f, [1.0, 1.0], 0.5) == [2.0, -1.0]
    assert len(asked) == 3


@pytest.mark.parametrize("digits", [32, 100, 333])
def test_errors_follow_the_digits_only_where_the_step_does(digits):
    fixed, shrinking, duals = precision.errors(digits)
    assert fixed == pytest.approx(-7.73, abs=0.01)
    assert shrinking == pytest.approx(-digits // 2, abs=1)
    assert duals < 1 - digits
    assert mpmath.mp.dps == 15


def test_all_ways_give_the_same_gradient_and_ask_what_they_say():
    n = 3
    with jax.enable_x64(True):
        arrays, meta = ways.measure(n, 1)
    found = dict(zip(meta["ways"], np.abs(arrays["gradient"] / arrays["exact"] - 1).max(1), strict=True))
    rough = {"central differences": 1e-8, "forward differences": 1e-6}
    assert {way: error < rough.get(way, 1e-13) for way, error in found.items()} == dict.fromkeys(found, True)
    assert found["forward differences"] > 1e-10
    calls = dict(zip(meta["ways"], arrays["calls"], strict=True))
    assert calls == {
        "reverse mode": 1,
        "forward mode": n,
        "dual numbers": n,
        "complex step": n,
        "central differences": 2 * n,
        "forward differences": n + 1,
        "symbolic": 0,
        "symbolic, subexpressions shared": 0,
        "arbitrary precision": n + 1,
    }
    operations = dict(zip(meta["ways"], arrays["operations"], strict=True))
    assert operations["symbolic, subexpressions shared"] < operations["symbolic"]


def test_the_exact_gradient_is_the_formula_s():
    x = sp.symbols("x0:2")
    f = ways.helmholtz(ways.elementwise(sympy_library()), np.array(x, object))
    at: Any = dict(zip(x, map(float, ways.start(2)), strict=True))
    expected = [float(sp.diff(f, xi).evalf(30, subs=at)) for xi in x]
    np.testing.assert_allclose(ways.exact(2), expected, rtol=1e-14)


def test_the_energy_of_arrays_is_that_of_numbers():
    x = ways.start(3)
    b = [1 / (4 * 3 * (1 + i / 3)) for i in range(3)]
    volume = sum(x[i] * b[i] for i in range(3))
    mixing = sum(x[i] * np.log(x[i] / (1 - volume)) for i in range(3))
    quadratic = sum(x[i] * x[j] / (1 + i + j) for i in range(3) for j in range(3))
    fraction = (1 + (1 + np.sqrt(2)) * volume) / (1 + (1 - np.sqrt(2)) * volume)
    expected = mixing - quadratic / (np.sqrt(8) * volume) * np.log(fraction)
    assert float(ways.helmholtz(JAX, x)) == pytest.approx(expected, rel=1e-14)


def test_the_clock_goes_round_by_round_and_does_not_count_the_setup():
    order = []
    seconds = interleaved([(lambda k: order.append(k), lambda k=k: k) for k in (1, 2)], 2)
    assert order == [1, 2] * 3
    assert seconds.shape == (2, 2)
    assert (seconds >= 0).all()


def test_an_exponent_needs_four_sizes_and_has_an_interval():
    n = np.array([2.0, 4.0, 8.0, 16.0])
    slope = numbers.power(n, 3 * n**2)
    assert slope.value == pytest.approx(2) and slope.low <= 2.0000001 and slope.high >= 1.9999999
    assert numbers.growth(n, 5 * 1.5**n).value == pytest.approx(1.5)
    noisy = numbers.power(n, n * np.array([1.0, 1.2, 0.9, 1.1]))
    assert noisy.low < 1 < noisy.high
    assert np.isnan(numbers.power(n[:3], n[:3]).value)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    path = tmp_path_factory.mktemp("records") / "product.npz"
    with jax.enable_x64(True):
        arrays, meta = symbolic(**{**DEFAULT, "part": "product", "product": [4, 6, 8, 12]})()
    store.write(path, arrays, {**meta, "status": "ok", "config": {}})
    return path


def test_another_count_in_the_record_changes_the_verdict(record, tmp_path):
    (claim,) = (claim for claim in claims.of("symbolic") if "product and of a softplus" in claim.statement)
    claim = claim._replace(checks=claim.checks[:1])
    assert claim.verdict(page.measured("symbolic", [record])) == "holds"
    found = store.read(record)
    assert found is not None
    arrays = {name: array.copy() for name, array in found.arrays.items()}
    arrays["counts"][:, 1] = 2 ** arrays["levels"]
    store.write(tmp_path / "changed.npz", arrays, dict(found.meta))
    assert claim.verdict(page.measured("symbolic", [tmp_path / "changed.npz"])) == "refuted"


@pytest.mark.slow
def test_the_page_is_drawn_from_one_part_alone(record, tmp_path):
    page.write("symbolic", [record], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*made_files(numbers.EXPERIMENT)}
    (table,) = page.summary("symbolic", tmp_path)
    assert next(line[1:6] for line in table.lines) == ["4", "10", "46", "27", "29"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"composition": [2, 40]}, r"composition=\[2,40\]: the derivative of the last level needs .* bytes, there are"),
        ({"chain": [2, 400]}, r"chain=\[2,400\]: sympy recurses through 400 levels; give at most"),
        ({"digits": []}, r"digits=\[\]: give different whole numbers"),
        ({"variables": [2, 1]}, r"variables=\[2,1\]: .* the smallest first"),
        ({"n": 0}, "n=0: .* give 1 to 64"),
        ({"n": 100}, "n=100: .* give 1 to 64"),
        ({"repeats": 0}, "repeats=0"),
        ({"dtype": "float32"}, "dtype=float32"),
    ],
)
def test_bad_input_is_refused_in_one_line(changed, message):
    with pytest.raises(ValueError, match=message):
        symbolic(**{**DEFAULT, **changed})


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(library, "find_spec", lambda name: None if name == "sympy" else True)
    with pytest.raises(ValueError, match=r'sympy not installed: pip install "zobench\[symbolic\]"'):
        symbolic(**DEFAULT)
