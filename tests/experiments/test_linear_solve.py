"""Operations counted one by one, the gradient of the layer, and what a changed record does to the verdict."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from made import files as made_files

from zobench import store
from zobench.derivatives import fits
from zobench.experiments.linear_solve import figures, study
from zobench.report import claims, page


class Counted:
    """A number that counts the arithmetic done with it."""

    done = 0

    def __init__(self, value):
        self.value = value

    def _with(self, other, value):
        Counted.done += 1
        return Counted(value)

    def __sub__(self, other):
        return self._with(other, self.value - other.value)

    def __mul__(self, other):
        return self._with(other, self.value * other.value)

    def __truediv__(self, other):
        return self._with(other, self.value / other.value)


def counted(function, *arguments):
    Counted.done = 0
    return function(*arguments), Counted.done


def factorise(a):
    """Gauss without pivots, in place: L below the diagonal, U on it and above."""
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i][k] = a[i][k] / a[k][k]
            for j in range(k + 1, n):
                a[i][j] = a[i][j] - a[i][k] * a[k][j]
    return a


def substitute(lu, b):
    n = len(b)
    x = list(b)
    for i in range(n):
        for j in range(i):
            x[i] = x[i] - lu[i][j] * x[j]
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            x[i] = x[i] - lu[i][j] * x[j]
        x[i] = x[i] / lu[i][i]
    return x


@pytest.mark.parametrize("n", [2, 3, 7, 12])
def test_operations_are_those_of_elimination_counted_one_by_one(n):
    random = np.random.default_rng(0)
    plain, right = random.standard_normal((n, n)) + 2 * n * np.eye(n), random.standard_normal(n)
    a = [[Counted(value) for value in row] for row in plain]
    b = [Counted(value) for value in right]
    lu, factor = counted(factorise, a)
    x, solve = counted(substitute, lu, b)
    _, outer = counted(lambda: [p * q for p in x for q in b])
    assert study.flops(n) == {"factor": factor, "solve": solve, "outer": outer}
    np.testing.assert_allclose([value.value for value in x], np.linalg.solve(plain, right), rtol=1e-12)


def test_operations_grow_as_the_theory_says():
    n = 10_000
    parts, passes = study.flops(n), study.passes(n)
    assert parts["factor"] == pytest.approx(2 * n**3 / 3, rel=1e-3)
    assert parts["solve"] == pytest.approx(2 * n**2, rel=1e-3)
    assert passes["backward, LU stored"] == pytest.approx(3 * n**2, rel=1e-3)
    assert passes["backward, LU stored"] / passes["forward"] == pytest.approx(4.5 / n, rel=1e-2)


@pytest.mark.parametrize("n", [1, 6])
def test_the_gradient_of_a_solve_is_that_of_elimination_and_of_differences(n):
    random = np.random.default_rng(n)
    a, b, weight = random.standard_normal((n, n)) + 3 * n * np.eye(n), *random.standard_normal((2, n))

    def loss(way, a, b):
        return jnp.sum(weight * way(a, b) ** 2)

    own = jax.grad(loss, argnums=(1, 2))(study.solve, a, b)
    truth = jax.grad(loss, argnums=(1, 2))(study.eliminate, a, b)
    for found, exact in zip(own, truth, strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-14)
    h, i = 1e-6, n - 1
    step = np.zeros((n, n))
    step[i, 0] = h
    difference = (loss(np.linalg.solve, a + step, b) - loss(np.linalg.solve, a - step, b)) / (2 * h)
    assert own[0][i, 0] == pytest.approx(float(difference), rel=1e-5, abs=1e-9)


def test_a_solve_with_pivots_is_solved_and_differentiated():
    a, b = jnp.asarray([[0.0, 2.0], [1.0, 0.0]]), jnp.asarray([4.0, 3.0])
    np.testing.assert_allclose(study.solve(a, b), [3, 2])
    found = jax.grad(lambda b: study.solve(a, b)[0])(b)
    np.testing.assert_allclose(found, [0, 1])


@pytest.mark.parametrize(("n", "repeats", "said"), [(1, 3, "n=1"), (5, 0, "repeats=0"), (10**7, 3, "bytes")])
def test_what_cannot_be_measured_is_refused_before_it_is_tried(n, repeats, said):
    with pytest.raises(ValueError, match=said):
        study.linear_solve(n, repeats)


def test_memory_is_that_of_the_matrices_and_is_asked_for(monkeypatch):
    assert study.needed(1000, "float32") * 2 == study.needed(1000, "float64")
    monkeypatch.setattr(fits, "available", lambda: study.needed(1000, "float64") - 1)
    with pytest.raises(ValueError, match="n=1000"):
        study.linear_solve(1000, 1)
    study.linear_solve(999, 1)


def record(path, n, seconds):
    """A made-up record: names and seconds of each pass, three equal repeats."""
    arrays = {"seconds": np.array([[value] * 3 for value in seconds.values()]), "error": np.full(6, 1e-16)}
    meta = {"status": "ok", "config": {"study": {"repeats": 3}, "dtype": "float64"}, "threads": "1"}
    operations = study.passes(n)
    store.write(path, arrays, {**meta, "n": n, "work": list(seconds), "operations": operations})


@pytest.mark.parametrize(("power", "verdict"), [(-1, "holds"), (0, "refuted")])
def test_the_exponent_is_that_of_the_times_and_decides_the_verdict(tmp_path, power, verdict):
    paths = []
    for n in (100, 200, 500, 1000, 2000):
        seconds = dict.fromkeys(study.passes(n), 1.0)
        seconds |= {"solve": 0.01, "outer": 0.01, "backward, LU stored": 40.0 * n**power}
        paths.append(tmp_path / f"{n}.npz")
        record(paths[-1], n, seconds)
    measured = page.measured("linear_solve", paths)
    assert measured["backward/forward in time, LU stored: exponent in n"].value == pytest.approx(power, abs=1e-9)
    assert measured["share of the factorisation in the forward pass, n ≥ 500: least"].value == pytest.approx(1 / 1.01)
    (claim,) = [claim for claim in claims.of("linear_solve") if "like 1/n" in claim.statement]
    assert claim.verdict(measured) == verdict


@pytest.mark.parametrize(("turns", "said"), [(1.0, "LU stored: $n^{−1.00}$"), (3.0, "LU stored: no one power of n")])
def test_the_picture_names_a_power_of_n_only_where_the_line_follows_it(tmp_path, turns, said):
    for n in (100, 200, 500, 1000, 2000):
        seconds = dict.fromkeys(study.passes(n), 1.0) | {"backward, LU stored": 40.0 / n * (turns if n == 2000 else 1)}
        record(tmp_path / f"{n}.npz", n, seconds)
    figure = figures.cost(page.load("linear_solve").read(sorted(tmp_path.iterdir())))
    legend = figure.axes[0].get_legend()
    assert legend is not None and said in [text.get_text() for text in legend.get_texts()]


def test_a_page_is_drawn_of_one_size(tmp_path):
    record(tmp_path / "a.npz", 40, dict.fromkeys(study.passes(40), 1.0))
    page.write("linear_solve", [tmp_path / "a.npz"], tmp_path / "page")
    assert {path.name for path in (tmp_path / "page").iterdir()} == (made_files(page.load("linear_solve")))
