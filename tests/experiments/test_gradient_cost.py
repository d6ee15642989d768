"""Counted operations are those of the formulas, prices follow, and a user's own problem gives the same page."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from made import files as made_files

from zobench import store
from zobench.__main__ import main
from zobench.command import compose
from zobench.derivatives import fits, price
from zobench.experiments.gradient_cost import figures, study
from zobench.experiments.gradient_cost.page import Line
from zobench.problems.black_boxes import black_box
from zobench.problems.classification import logistic
from zobench.problems.deep_networks import deep
from zobench.problems.quadratics import quadratic
from zobench.problems.robust import welsch
from zobench.problems.worst_case import huber
from zobench.problems.wrappers import noisy
from zobench.report import claims, drawing, lines, page
from zobench.types import Problem


@pytest.mark.parametrize("n", [10, 1000])
def test_operations_are_those_of_the_formula(n):
    """½ Σ λx²: 2 products and a sum each, less one, and the half; a gradient adds λx and x·(that)."""
    f = quadratic(n).f
    x = jnp.ones(n)
    assert price.operations(f, x).flops == pytest.approx(3 * n, abs=0.1 * n)
    m = 17
    a = jnp.ones((m, n))
    assert price.operations(lambda x: a @ x, x).flops == pytest.approx(2 * m * n, rel=0.01)
    assert price.operations(lambda x: jnp.sum(jnp.exp(x)), x).transcendentals == n


@pytest.mark.parametrize("trips", [0, 1, 2, 7])
def test_a_scan_counts_every_trip(trips):
    """As many as the loop written out, nested and differentiated as well."""
    w = jnp.ones((16, 16))

    def scanned(h):
        def inner(h, _):
            return jnp.tanh(h @ w), None

        return jnp.sum(jax.lax.scan(lambda h, _: jax.lax.scan(inner, h, None, length=3), h, None, length=trips)[0])

    def written(h):
        for _ in range(3 * trips):
            h = jnp.tanh(h @ w)
        return jnp.sum(h)

    h = jnp.ones((8, 16))
    for way in (lambda f: f, jax.value_and_grad):
        a, b = price.operations(way(scanned), h), price.operations(way(written), h)
        assert a.flops == pytest.approx(b.flops, rel=0.02) and a.transcendentals == b.transcendentals


def test_a_while_loop_has_no_price():
    loop = Problem(f=lambda x: jax.lax.while_loop(lambda y: y < 9, lambda y: 2 * y, x[0]), x0=jnp.ones(1))
    with pytest.raises(ValueError, match="give the price as a number"):
        price.price(loop)
    with pytest.raises(ValueError, match="no derivative"):
        price.price(black_box(lambda x: float(x.sum()), [1.0, 2.0]))
    with pytest.raises(ValueError, match="nothing that XLA counts"):
        price.jvp_price(Problem(f=lambda x: x[0], x0=jnp.ones(2)))


def test_prices():
    """Matrix products: 2 where data need no adjoint (one layer), 3 in a deep network; the same for every width."""
    a = jnp.ones((50, 20))
    assert price.price(Problem(f=lambda x: jnp.sum((a @ x) ** 2), x0=jnp.ones(20))) == pytest.approx(2, rel=0.05)
    deeper = [price.price(deep(width=width, depth=6, samples=8)) for width in (32, 64)]
    assert deeper == pytest.approx([3, 3], rel=0.1) and deeper[0] == pytest.approx(deeper[1], rel=0.05)
    assert 2 < price.jvp_price(deep(width=32, depth=6, samples=8)) < 3.1
    sine = Problem(f=lambda x: jnp.sum(jnp.sin(x)), x0=jnp.ones(100))  # its derivative is another one
    assert price.price(sine, transcendental=0) < 1.2 < 1.8 < price.price(sine, transcendental=20)
    assert 1 < price.price(noisy(quadratic(64))) <= price.price(quadratic(64))  # noise is made, and has no derivative


@pytest.mark.parametrize("made", [quadratic, welsch, logistic, huber])
def test_a_price_is_at_least_one_and_does_not_depend_on_how_a_compiler_splits_a_program(made):
    """f is part of f with its gradient. From n = 4000 on XLA splits sums between threads, and works twice for that."""
    found = [price.price(made(n)) for n in (10, 316, 10_000)]
    assert 1 < found[0] < 5
    assert found == pytest.approx([found[1]] * 3, rel=0.05)


def test_the_deep_network_is_its_formula():
    problem = deep(width=3, depth=2, samples=4, seed=1)
    random = np.random.default_rng(1)
    h, goal = random.standard_normal((2, 4, 3))
    for weight in np.asarray(problem.x0).reshape(2, 3, 3):
        h = np.tanh(h @ weight)
    assert problem.n == 18 and float(problem.f(problem.x0)) == pytest.approx(np.mean((h - goal) ** 2) / 2, rel=1e-14)
    with pytest.raises(ValueError, match="depth=0: deep needs"):
        deep(depth=0)


def test_a_study_counts_what_is_asked():
    """n + 1 and 2n values; whole gradients cost that many f; forward mode is exact, differences are not."""
    arrays, meta = study.gradient_cost(logistic, sizes=[32, 64], repeats=4)()
    total = dict(zip(study.METHODS, (arrays["flops"] + arrays["transcendentals"]).T, strict=True))
    n = arrays["n"]
    assert n.tolist() == [32, 64] and meta["n"] == 64
    assert arrays["values"].T.tolist() == [(n + 1).tolist(), (2 * n).tolist()]
    forward, central = total["forward_difference"] / (n + 1), total["central_difference"] / (2 * n)
    for paid in (forward / total["value"], central / total["value"]):  # and n operations to move x
        assert (paid >= 0.99).all() and (paid < 1.35).all()
    error = dict(zip(study.GRADIENTS, arrays["error"].T, strict=True))
    assert error["forward"].max() < 1e-14 < error["central_difference"].min() < error["forward_difference"].min()
    assert arrays["seconds"].shape == (2, 7, 4) and (arrays["seconds"] > 0).all()


def test_sizes_that_cost_too_much_or_are_refused_are_left_out():
    def picky(dim: int = 4) -> Problem:
        if dim == 3:
            raise ValueError("dim=3: not that one")
        h = jnp.ones((dim, dim))
        return Problem(f=lambda x: x @ h @ x, x0=jnp.ones(dim))

    arrays, meta = study.gradient_cost(picky, sizes=[2, 3, 4, 10**6], repeats=4, most=1e4)()
    assert arrays["n"].tolist() == [2, 4]
    assert [text.split(":")[0] for text in meta["refused"]] == ["3", "1000000"]
    assert np.isnan(lines.log_slope(arrays["n"], arrays["flops"][:, 0]).value)


def test_bad_input_is_refused_in_the_factory(monkeypatch):
    with pytest.raises(ValueError, match="repeats=3"):
        study.gradient_cost(deep, repeats=3)
    with pytest.raises(ValueError, match="sizes=0"):
        study.gradient_cost(deep, sizes=[0])
    with pytest.raises(ValueError, match="no derivative"):
        study.gradient_cost(black_box(lambda x: float(x.sum()), [1.0, 2.0]))
    with pytest.raises(ValueError, match="not a Problem"):
        study.gradient_cost(lambda: 3)  # type: ignore[arg-type]
    monkeypatch.setattr(fits, "available", lambda: 1e6)
    with pytest.raises(ValueError, match=r"^sizes=1000000: .* needs 64,000,000 bytes, there are 1,000,000"):
        study.gradient_cost(deep, sizes=[8, 10**6])


def test_a_bound_that_operations_cross_is_named_in_the_panel_and_no_ratio_is_left_out():
    operations, seconds = np.ones((2, len(study.METHODS))), np.ones((2, len(study.METHODS), 3))
    operations[:, study.METHODS.index("jvp")] = 2.5, 3.0
    operations[1, study.METHODS.index("hvp")] = 60.0
    line = Line("deep", "float64", np.array([10, 100]), operations, seconds, *np.ones((2, 2, 4)))
    with drawing.context():
        panel = figures.gradient_cost([line]).axes[0]
    assert panel.texts[0].get_text() == "JVP: 3.0, bound 2.5\nHVP: 60.0, bound 10"
    assert panel.get_title(loc="left") == "deep network" and panel.get_ylim()[1] > 60
    assert figures._crossed([line]) == ""


def test_a_slope_has_the_interval_of_its_residuals():
    n = np.array([1.0, 2, 4, 8, 16])
    exact = lines.log_slope(n, 3 * n**1.5)
    assert exact.value == pytest.approx(1.5) and exact.high - exact.low < 1e-10
    rough = lines.log_slope(n, n * np.array([1, 1.1, 0.9, 1.2, 1]))
    assert rough.low < rough.value < rough.high
    assert np.isnan(lines.log_slope(n[:3], n[:3]).value)


def test_a_user_measures_their_own_problem_in_one_file(tmp_path, monkeypatch, capsys):
    """problem._target_=my_problem_file.my_problem, and its own keys; then a changed record changes a verdict."""
    text = "import jax.numpy as jnp\nfrom zobench.types import Problem\n\n\ndef my_problem(start: float = 1.0):\n"
    text += "    return Problem(f=lambda x: jnp.sum(jnp.cosh(x)), x0=jnp.full(3, start))\n"
    (tmp_path / "my_problem_file.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["experiment=quick/gradient_cost", "problem._target_=my_problem_file.my_problem", "problem.start=0.5"])
    assert ended.value.code == 0, capsys.readouterr().err
    folder = tmp_path / "reports/quick/gradient_cost"
    assert {path.name for path in folder.iterdir()} == {*made_files(page.load("gradient_cost")), "inputs"}
    (path,) = (tmp_path / "runs").glob("*.npz")
    record = store.read(path)
    assert record is not None and record.arrays["n"].tolist() == [3]
    (claim,) = [one for one in claims.of("gradient_cost") if one.number == 22]
    assert claim.verdict(page.measured("gradient_cost", [path])) == "holds"
    record.arrays["error"][:, 0] = 1e-3
    store.write(path, record.arrays, record.meta)
    assert claim.verdict(page.measured("gradient_cost", [path])) == "refuted"


def test_a_factory_on_the_command_line_takes_nothing_from_the_one_it_replaces():
    """Neither the group's values nor the sweep over problems; what is given besides is its own."""
    with compose.session():
        overrides = compose.parse(["experiment=gradient_cost", "problem._target_=a.b", "problem.size=3", "trust=[a]"])
        (cell,) = compose.cells(overrides, compose.shared(overrides))
        assert cell.config["problem"] == {"_target_": "a.b", "_partial_": True, "size": 3}
        overrides = compose.parse(["experiment=gradient_cost", "problem=deep"])
        (cell,) = compose.cells(overrides, compose.shared(overrides))
        assert cell.config["problem"]["_target_"] == "zobench.problems.deep_networks.deep"
