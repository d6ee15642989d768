"""The sweeps over graphs against jax.grad, jax.jvp and formulas; the lectures' numbers; the verdicts on records."""

from itertools import pairwise
from math import pi
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from made import files as made_files
from matplotlib.figure import Figure

from zobench import store
from zobench.derivatives import library, trace
from zobench.derivatives.library import JAX, sympy_library
from zobench.derivatives.worked_examples import BIAS, EXAMPLES, WEIGHTS, toy_loss, toy_quotients
from zobench.experiments.worked_graphs import figures
from zobench.experiments.worked_graphs.layout import layered
from zobench.experiments.worked_graphs.page import EXPERIMENT, relative_errors
from zobench.experiments.worked_graphs.study import WAYS, exact_derivative, measure, swept, worked_graphs
from zobench.report import claims, page

CLOSED = [name for name in EXAMPLES if name != "taylor_sine"]


def nodes_of(name):
    example = EXAMPLES[name]
    x = tuple(jnp.asarray(part, float) for part in (example.start or example.x))
    f = example.traced or (lambda *at: example.f(JAX, *at))
    return trace.trace(f, x), f, x


@pytest.mark.parametrize("name", ["sine_exponential", "neuron", "tanh_3"])
def test_the_sweeps_give_the_values_of_jax_and_touch_each_node_once(name):
    nodes, f, x = nodes_of(name)
    found = trace.reverse(nodes, x)
    assert float(found.values[-1]) == pytest.approx(float(f(*x)), rel=1e-14)
    gradient = jax.grad(f, tuple(range(len(x))))(*x)
    np.testing.assert_allclose(found.adjoints[: len(x)], gradient, rtol=1e-13)
    operations = np.arange(len(nodes)) >= len(x)
    np.testing.assert_array_equal(found.evaluations, operations)
    np.testing.assert_array_equal(found.pullbacks, operations)
    along = tuple(jnp.asarray(1.0 + i) for i in range(len(x)))
    values, tangents = trace.forward(nodes, x, along)
    np.testing.assert_allclose(values[-1], found.values[-1], rtol=1e-14)
    np.testing.assert_allclose(tangents[-1], jax.jvp(f, x, along)[1], rtol=1e-12)


def test_the_nodes_are_those_of_the_lecture():
    nodes, _, _ = nodes_of("sine_exponential")
    assert [node.operation for node in nodes] == ["input", "input", "div", "sin", "exp", "sub", "add", "mul"]
    assert [node.parents for node in nodes[2:]] == [(0, 1), (2,), (1,), (2, 4), (3, 5), (6, 5)]
    np.testing.assert_array_equal(trace.depth(nodes), [0, 0, 1, 2, 1, 2, 3, 4])
    np.testing.assert_array_equal(trace.unshared(nodes), [3, 5, 3, 1, 2, 2, 1, 1])


def test_unshared_counts_the_calls_of_a_recursion_that_keeps_nothing():
    nodes, _, _ = nodes_of("tanh_3")
    calls = np.zeros(len(nodes), int)

    def evaluate(i):
        calls[i] += 1
        for j in nodes[i].parents:
            evaluate(j)

    evaluate(len(nodes) - 1)
    np.testing.assert_array_equal(trace.unshared(nodes), calls)


def test_nodes_that_the_result_does_not_need_are_left_out_and_constants_kept():
    nodes = trace.trace(lambda x: (jnp.sin(x), 2.0 * x)[1], [1.0])
    assert [(node.operation, node.constants) for node in nodes] == [("input", ()), ("mul", ((0, 2.0),))]
    (_, copy) = trace.trace(lambda x: x, [1.0])
    assert copy.operation == "copy"


def test_a_graph_with_a_loop_or_without_an_input_is_refused():
    with pytest.raises(ValueError, match="several results"):
        trace.trace(lambda x: jax.lax.fori_loop(0, 3, lambda i, y: y * x, x), [1.0])
    with pytest.raises(ValueError, match="does not depend"):
        trace.trace(lambda x: jnp.asarray(1.0), [1.0])


def test_the_condition_of_a_difference_is_its_cancellation():
    x = (jnp.asarray(1.0), jnp.asarray(0.75))
    assert trace.condition(lambda a, b: a - b, x) == pytest.approx((1 + 0.75 + 0.25) / 0.25)


@pytest.mark.parametrize("name", ["sum_product", "log_root", "neuron", "sine_exponential", "line_and_sine"])
def test_the_exact_derivative_is_the_formula_s(name):
    example = EXAMPLES[name]
    symbols = sp.symbols(f"x0:{len(example.x)}")
    f = example.f(sympy_library(), *symbols)
    at: Any = dict(zip(symbols, map(sp.Rational, map(str, example.x)), strict=True))
    expected = [float(sp.diff(f, symbol).evalf(30, subs=at)) for symbol in symbols]
    np.testing.assert_allclose(exact_derivative(example), expected, rtol=4e-16)


def test_the_lecture_s_derivatives_are_these_formulas():
    x, k = sp.symbols("x k")
    assert sp.diff(k * x + sp.sin(x), x) == k + sp.cos(x)
    x1, x2 = sp.symbols("x1 x2")
    f = EXAMPLES["sum_product"].f(sympy_library(), x1, x2)
    assert (sp.diff(f, x1), sp.diff(f, x2)) == (x2 + sp.cos(x1), x1)


def test_the_toy_logistic_loss_in_numbers_is_that_in_arrays():
    numbers = float(EXAMPLES["toy_logistic"].f(JAX, *map(jnp.asarray, (*WEIGHTS, BIAS))))
    assert numbers == pytest.approx(float(toy_loss(jnp.array(WEIGHTS), jnp.array(BIAS))), rel=1e-14)


def test_the_notebook_s_float32_numbers_come_out_and_its_quotients_lie_on_a_lattice():
    found = toy_quotients()
    assert found["loss"] == pytest.approx(3.05194, abs=5e-6)
    assert found["bias"] == pytest.approx(-0.29227, abs=5e-6)
    for name in ("bias", "direction"):
        steps = found[f"{name} quotient"] / found["lattice"]
        assert steps == pytest.approx(round(steps), abs=1e-4)
        assert abs(found[f"{name} quotient"] - found[name]) < found["lattice"]


def test_the_drawing_keeps_layers_apart_and_bends_long_edges():
    arrays, _ = swept(EXAMPLES["log_root"])
    layout = layered(arrays["depth"], arrays["edges"])
    assert all(layout.place[i][0] == depth for i, depth in enumerate(arrays["depth"]))
    assert len({*layout.place.values()}) == len(layout.place)
    assert [route for route in layout.routes if len(route) == 3] == [[1, (1, 3, 1), 3], [3, (3, 5, 3), 5]]
    copied = layered(arrays["depth"], arrays["edges"], copies=True)
    assert copied.place["copy", 1, 3][0] == 1


def test_a_graph_of_many_layers_goes_on_in_further_lines_of_the_page_at_the_same_letters(monkeypatch):
    depth, edges = np.arange(40), np.array([[i, i + 1] for i in range(39)] + [[5, 30]])
    monkeypatch.setattr(figures, "_title", lambda record: "a chain")
    made: Any = SimpleNamespace(arrays={"depth": depth, "edges": edges})
    drawn = figures._drawn(made, figures.DOTS)
    assert drawn.wide <= figures.PAGE and len(drawn.spans) == -(-40 // drawn.per) > 1
    axes = Figure().add_subplot()
    figures._edges(axes, drawn, {node: (u % drawn.per, v) for node, (u, v) in drawn.layout.place.items()})
    letters = [text.get_text() for text in axes.texts if text.get_text()]
    folds = sum(int(u) // drawn.per != int(w) // drawn.per for u, w in _pieces(drawn.layout))
    assert folds and sorted(letters) == sorted("abcdefghijklmnopqrstuvwxyz"[:folds] * 2)


def _pieces(layout):
    return [(layout.place[a][0], layout.place[b][0]) for route in layout.routes for a, b in pairwise(route)]


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    folder, paths = tmp_path_factory.mktemp("records"), []
    with jax.enable_x64(True):
        for name in ("sine_exponential", "tanh_1"):
            paths.append(folder / f"{name}.npz")
            store.write(paths[-1], *_finished(measure(name)))
    return paths


def _finished(measured):
    arrays, meta = measured
    return arrays, {**meta, "status": "ok", "config": {}}


def test_a_record_has_all_ways_to_rounding_but_for_differences(records):
    record = store.read(records[0])
    assert record is not None
    errors = relative_errors(record, "float64")
    for way, error in zip(WAYS, errors, strict=True):
        assert (error > 1e-14) == (way == "central differences")


def test_another_number_in_the_record_changes_the_verdict(records, tmp_path):
    claim = next(claim for claim in claims.of("worked_graphs") if claim.number == 45 and claim.expected != "refuted")
    assert claim.verdict(page.measured("worked_graphs", records)) == "holds"
    record = store.read(records[0])
    assert record is not None
    arrays = {name: array.copy() for name, array in record.arrays.items()}
    arrays["value"][4] = 1.6499
    store.write(tmp_path / "changed.npz", arrays, dict(record.meta))
    assert claim.verdict(page.measured("worked_graphs", [tmp_path / "changed.npz", records[1]])) == "refuted"
    assert claim.verdict(page.measured("worked_graphs", records[1:])) == "not measured"


def test_the_page_is_drawn_from_some_of_the_records_twice_the_same(records, tmp_path):
    for folder in ("one", "two"):
        page.write("worked_graphs", records, tmp_path / folder)
    for file in made_files(EXPERIMENT):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    (table,) = page.summary("worked_graphs", tmp_path / "one")
    assert len(table.lines) == 4


@pytest.mark.parametrize("name", CLOSED)
def test_every_example_is_a_function_of_its_inputs(name):
    example = EXAMPLES[name]
    assert np.isfinite(float(example.f(JAX, *map(jnp.asarray, example.x))))
    assert len(example.inputs) == len(example.start or example.x)


def test_the_loop_adds_terms_until_they_are_small():
    unrolled, loop = EXAMPLES["taylor_sine"].traced, EXAMPLES["taylor_sine"].f
    assert unrolled is not None
    assert float(unrolled(jnp.asarray(pi))) == float(loop(JAX, jnp.asarray(pi)))


def test_bad_input_is_refused_in_one_line(monkeypatch):
    with pytest.raises(ValueError, match="example=nothing: there are sum_product"):
        worked_graphs(example="nothing", dtype="float64")
    with pytest.raises(ValueError, match="dtype=float32"):
        worked_graphs(example="neuron", dtype="float32")
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r'mpmath not installed: pip install "zobench\[symbolic\]"'):
        worked_graphs(example="neuron", dtype="float64")
