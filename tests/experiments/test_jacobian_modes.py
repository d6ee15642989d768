"""Operations of Jacobians by mode against formulas, slow obvious Jacobians, refusals, and a verdict that can change."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from made import files as made_files

from zobench import store
from zobench.derivatives import fits, graphs
from zobench.derivatives.counted import counted, like
from zobench.experiments.jacobian_modes.study import jacobian_modes
from zobench.report import claims, fitted, lines, page

SMALL: dict[str, Any] = {"n": 6, "rows": 40, "points": 5, "sizes": [1, 4, 16], "width": 12, "hidden": 8, "repeats": 2}


@pytest.mark.parametrize(("n", "m"), [(100, 10), (100, 100), (100, 1000), (7, 30)])
def test_the_jacobian_of_a_linear_map_takes_2mn2_operations_forward_and_2m2n_reverse(n, m):
    """And as many more as the n×n (m×m) identity has numbers, twice. The golden values of the theory, n = 100."""
    shapes = like((n,), (m, n), dtype=np.float32)
    assert counted(jax.jacfwd(graphs.linear), *shapes).operations == 2 * m * n**2 + 2 * n**2
    assert counted(jax.jacrev(graphs.linear), *shapes).operations == 2 * m**2 * n + 2 * m**2
    assert 2 * 100 * 10 * 100 + 2 * 100**2 == 220_000 and 2 * 1000**2 * 100 + 2 * 1000**2 == 202_000_000


def test_a_product_of_matrices_is_counted_exactly_and_counting_runs_nothing():
    huge = like((2**20, 2**10), (2**10, 2**20), dtype=np.float32)
    found = counted(jnp.matmul, *huge)
    assert found.flops == 2**51 and found.result == 2**42 and found.transcendentals == 0


@pytest.mark.parametrize("batch", [1, 4, 11, 30])
def test_rows_in_batches_are_the_jacobian(batch):
    B, C = graphs.normal((9, 5), 0, float), graphs.normal((11, 9), 1, float)
    x = graphs.normal((5,), 2, float)
    found = graphs.rows_in_batches(graphs.network, x, batch, B, C)
    np.testing.assert_allclose(found, C @ jnp.diag(1 - jnp.tanh(B @ x) ** 2) @ B, rtol=1e-13, atol=1e-15)


def test_the_split_of_an_hourglass_is_its_jacobian():
    n, q, m = 6, 2, 5
    shapes = ((n,), (n, n), (q, n), (m, q), (m, m))
    x, *matrices = (graphs.normal(shape, i, float) for i, shape in enumerate(shapes))
    lower, upper = graphs.hourglass()
    A, B, C, D = matrices
    expected = jax.jacfwd(lambda y: upper(lower(y, A, B), C, D))(x)
    np.testing.assert_allclose(graphs.split(x, A, B, C, D), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 9), (9, 1), (4, 6), (16, 16)])
def test_every_input_of_a_random_graph_counts_and_both_modes_agree(n, m):
    f, x = graphs.random_graph(n, m, 24, seed=3), jnp.linspace(0.5, 1, n)
    forward, reverse = jax.jacfwd(f)(x), jax.jacrev(f)(x)
    assert forward.shape == (m, n) and (jnp.abs(forward).sum(axis=0) > 0).all()
    np.testing.assert_allclose(forward, reverse, rtol=1e-12, atol=1e-14)


def test_the_derivative_of_exp_needs_no_jacobian():
    arrays, _ = jacobian_modes(part="elementwise", **SMALL, dtype="float32")()
    n = arrays["n"][1:]
    assert arrays["bytes"][0, 1:].tolist() == (4 * n).tolist()
    assert (arrays["bytes"][1, 1:] >= 4 * n**2).all()


def test_sizes_are_refused_before_anything_is_made(monkeypatch):
    monkeypatch.setattr(fits, "available", lambda: 1e6)
    with pytest.raises(ValueError, match=r"rows=40000: .* needs [\d,]+ bytes, there are 1,000,000"):
        jacobian_modes(part="linear", **{**SMALL, "rows": 40_000})
    jacobian_modes(part="linear", **SMALL)


@pytest.mark.parametrize(
    "bad", [{"n": 0}, {"rows": 0}, {"sizes": []}, {"sizes": [0, 1]}, {"vertices": 3}, {"repeats": 0}]
)
def test_what_is_out_of_range_is_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        jacobian_modes(part="linear", **{**SMALL, **bad})


def test_rows_go_in_batches_where_the_identity_is_too_large():
    whole, _ = jacobian_modes(part="linear", **SMALL)()
    batched, _ = jacobian_modes(part="linear", **SMALL, identity=1000.0)()
    assert whole["batch"].tolist() == whole["m"].tolist()
    assert batched["operations"].tolist() == whole["operations"].tolist()


def test_slopes_and_crossings_of_exact_lines():
    x = np.array([1.0, 10, 100, 1000])
    slope = lines.log_slope(x, 3 * x**2)
    assert slope.value == pytest.approx(2) and slope.high - slope.low < 1e-10
    assert np.isnan(lines.log_slope(x[:3], x[:3]).value)
    assert fitted.crossing(x, x / 30).value == pytest.approx(30)
    assert np.isnan(fitted.crossing(x, x + 1).value)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("jacobian"), []
    for part in ("linear", "hourglass"):
        setting = {**SMALL, "points": 6, "rows": 200, "sizes": [1, 16]}
        arrays, meta = jacobian_modes(part=part, **setting)()
        config = {"study": {**setting, "part": part, "vertices": 32}, "dtype": "float32"}
        found.append(store.path(folder, part))
        store.write(found[-1], arrays, {"status": "ok", "config": config, **meta})
    return found


@pytest.mark.slow
def test_a_page_of_some_parts_is_whole(records, tmp_path):
    page.write("jacobian_modes", records, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == (made_files(page.load("jacobian_modes")))
    measured = page.measured("jacobian_modes", records)
    assert measured["Ax, operations, reverse mode: slope in m"].value == pytest.approx(2, abs=1e-3)
    assert measured["hourglass, narrowest waist: operations, best pure mode over split"].value > 2
    assert "vjp of exp: bytes, slope in n" not in measured


def test_another_record_gives_another_verdict(records, tmp_path):
    read = store.read(records[0])
    assert read is not None
    altered = store.path(tmp_path, "altered")
    store.write(altered, {**read.arrays, "operations": np.sqrt(read.arrays["operations"])}, read.meta)
    formula = next(claim for claim in claims.of("jacobian_modes") if "2mn²" in claim.statement)
    assert formula.verdict(page.measured("jacobian_modes", records)) == "holds"
    assert formula.verdict(page.measured("jacobian_modes", [altered])) == "refuted"


def test_cost_over_f_of_a_network(tmp_path):
    """Forward mode: n times f; of one input, at most 2.5 times f, however many outputs."""
    arrays, meta = jacobian_modes(part="multiples", **{**SMALL, "sizes": [1, 8, 64]})()
    config = {"study": {**SMALL, "vertices": 32}, "dtype": "float32"}
    store.write(store.path(tmp_path, "one"), arrays, {"status": "ok", "config": config, **meta})
    measured = page.measured("jacobian_modes", [store.path(tmp_path, "one")])
    assert measured["forward, outputs m of R -> R^m: operations over f, largest"].value <= 2.5
    over = arrays["operations"][:, 0] / arrays["operations"][:, 1]
    assert 64 <= over[0, -1] <= 1.25 * 64 and 64 <= over[2, -1] <= 1.25 * 64  # products, and the tanh of 8 units
