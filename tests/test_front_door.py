"""`import zobench as zo`: what it names is there, documented by examples that run, and gives the command's numbers."""

import doctest
import subprocess
import sys
import threading
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import zobench as zo

DOCUMENTED = [name for name in zo.__all__ if name not in ("problems", "__version__")]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_name_has_an_example_that_runs(name):
    found = getattr(zo, name)
    assert ">>>" in (found.__doc__ or ""), f"{name} has no example"
    space = {**vars(sys.modules[found.__module__]), "zo": zo}
    (test,) = [t for t in doctest.DocTestFinder(recurse=False).find(found, name, globs=space) if t.examples]
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    assert not said, "".join(said)


def test_no_name_is_that_of_a_module_and_the_import_loads_nothing():
    code = "import sys, zobench as zo; print('jax' in sys.modules); [getattr(zo, n) for n in zo.__all__];"
    code += "import zobench.loop, zobench.tuning, zobench.report, zobench.derivatives, types;"
    code += "print([n for n in zo.__all__ if n != 'problems' and isinstance(getattr(zo, n), types.ModuleType)]);"
    code += "print([n for n in zo.problems.__all__ if isinstance(getattr(zo.problems, n), types.ModuleType)])"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["False", "[]", "[]", ""]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_run_has_the_numbers_of_the_command_in_a_thread_and_twice(tmp_path, monkeypatch, dtype):
    from zobench import store
    from zobench.__main__ import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(("problem=quadratic", "problem.dim=8", "seeds=3", "stop.target=0.01", f"dtype={dtype}"))
    (path,) = tmp_path.glob("runs/*.npz")
    before, record = sorted(tmp_path.rglob("*")), store.read(path)
    assert record is not None
    found: list[zo.Result] = []

    def ask():  # the problem is made in whatever precision there is
        found.append(zo.run(zo.problems.quadratic(8), zo.two_point(), seeds=3, target=0.01, dtype=dtype))

    with jax.enable_x64(dtype == "float32"):  # whatever the caller's setting
        ask()
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    for result in found:
        np.testing.assert_array_equal(result.curves, record.arrays["theory/gap"])
        np.testing.assert_array_equal(result.x, record.arrays["theory/x_end"])
    assert len(found) == 2 and sorted(tmp_path.rglob("*")) == before


def test_methods_are_compared_and_plotted_and_read_back():
    quadratic = zo.problems.quadratic(8)
    methods = {
        "two-point": zo.two_point(),
        "gradient": zo.autodiff(),
        "pursuit": zo.random_pursuit(),
        "three": partial(zo.three_point, 0.5),
    }
    found = zo.compare(quadratic, methods, calls=2000, seeds=3)
    columns = found.columns()
    assert columns["method"][0] == "gradient" and np.diff(columns["calls"][:2]) > 0
    assert len(found.frame()) == 4 and "two-point" in str(found)
    assert len(found.plot().axes[0].lines) == 4 and found.plot()._repr_png_().startswith(b"\x89PNG")
    assert "of 3 runs reached gap" in repr(found.results["pursuit"])
    result = found.results["two-point"]
    assert len(result.frame()) == result.curves.size and result.iterations.value == np.median(result.hits)
    wrong: Any
    for name, given in (
        ("metric", "gape"),
        ("step", "best"),
        ("dtype", "float8"),
        ("relative_to", "end"),
        ("seeds", 0),
        ("calls", 0),
    ):
        with pytest.raises(ValueError, match=f"^{name}={given}: {name} is "):
            wrong = {name: given}
            zo.run(quadratic, zo.two_point(), **wrong)
    with pytest.raises(ValueError, match=r"^metric=gap: this problem does not know f_star; use metric=gradient"):
        zo.run(zo.Problem(f=jnp.sum, x0=np.ones(2)), zo.two_point(), step=0.1)
    for rule in ("theory", "trace"):
        with pytest.raises(ValueError, match=f"^step={rule}: this method asks no estimator, .*; use step=tuned or"):
            zo.run(quadratic, zo.three_point, step=rule)
    with pytest.raises(ValueError, match="accelerated takes an estimator: give estimator="):
        zo.run(quadratic, zo.accelerated)
    with pytest.raises(ValueError, match=r"^two: step=theory: this problem does not know L"):
        zo.compare(zo.Problem(f=lambda x: jnp.sum(x**2), x0=np.ones(2), f_star=0.0), {"two": zo.two_point()})


def test_of_the_gradient_the_least_along_a_run_counts(tmp_path, monkeypatch):
    """In a result and in the table of a store alike, whatever stands at the end of the run."""
    from zobench import decay
    from zobench.__main__ import main

    assert decay.so_far("gradient", np.array([[3.0, 1.0, np.nan, 2.0]])).tolist() == [[3.0, 1.0, 1.0, 1.0]]
    assert decay.median_end("gap", np.array([[3.0, 1.0], [2.0, np.nan], [1.0, 5.0]])) == 5.0
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(("problem=welsch", "problem.dim=4", "seeds=3", "stop.metric=gradient", "stop.calls=60"))
    result = zo.run(zo.problems.welsch(4), zo.two_point(), seeds=3, metric="gradient", calls=60)
    np.testing.assert_array_equal(zo.load()["final"], result.final)
    np.testing.assert_array_equal(result.final, result.curves.min(axis=1))


def test_a_store_is_one_table(tmp_path, monkeypatch):
    from zobench.__main__ import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(("-m", "problem=quadratic", "problem.dim=4", "estimator=two_point,autodiff", "seeds=3", "stop.calls=50"))
    table = zo.load("runs")
    runs = sorted(zip(table["method"].tolist(), table["run"].tolist(), strict=True))  # ordered by their keys
    assert runs == [("GD (autodiff)", 0), *(("two-point GD", run) for run in range(3))]
    assert set(table["status"]) == {"ok"} and table["n"].dtype.kind == "i" and (table["final"] > 0).all()


@pytest.mark.parametrize("estimator", [zo.two_point(q=3), zo.finite_difference(), zo.residual_one_point()])
def test_an_estimator_trains_a_tree_of_parameters_in_optax(estimator):
    params = {"w": jnp.ones((2, 3)), "b": jnp.zeros(3)}

    def loss(p):
        return jnp.sum((p["w"].sum(0) + p["b"] - 1) ** 2) / 2

    flat = jnp.concatenate([params["b"], params["w"].ravel()])  # as ravel_pytree: keys in order
    optimizer = optax.chain(zo.as_optax(estimator, seed=5), optax.sgd(0.01))
    update: Any = optimizer.update
    step = jax.jit(lambda state, params: update(None, state, params, value_fn=loss))
    state, memory = optimizer.init(params), estimator.init(flat)
    for k in range(3):
        u, state = step(state, params)
        g, memory = zo.gradient(estimator)(loss, params, zo.Key(jnp.uint32(5), jnp.uint32(k)), memory)
        jax.tree.map(lambda u, g: np.testing.assert_allclose(u, -0.01 * g, rtol=1e-6, atol=1e-9), u, g)
        params = optax.apply_updates(params, u)
    with pytest.raises(ValueError, match="value_fn=loss"):
        update(None, state, params)


def test_a_cell_from_a_script_has_the_precision_that_it_is_asked_for_or_is_refused():
    from zobench.cell import run_cell
    from zobench.plan import Settings

    weights = np.ones((8, 8), np.float32)
    with jax.enable_x64(False):  # as a script begins
        asked = zo.problems.quadratic(8), zo.two_point(), optax.sgd, zo.descent
        arrays, _ = run_cell(*asked, Settings(["theory"], seeds=2, gd_iterations=5))
        held = arrays["theory/x_end"]
        assert (held != held.astype(np.float32)).any()
        narrow = zo.Problem(f=lambda x: jnp.sum((weights @ x.astype(np.float32)) ** 2), x0=np.ones(8), f_star=0.0)
        for method in (zo.two_point(), zo.scipy("Powell", "none")):
            with pytest.raises(
                ValueError, match=r"^dtype=float64: f gives float32 of an x of float64; .* dtype=float32$"
            ):
                zo.run(narrow, method, step=1e-3, seeds=1)
            assert zo.run(narrow, method, step=1e-3, seeds=1, calls=20, dtype="float32").curves[0, -1] < 512
        noisy = narrow._replace(f=lambda x: jnp.sum(x**2), F=lambda x, key: jnp.sum(x.astype(np.float32) ** 2))
        with pytest.raises(ValueError, match="f gives float32 of an x of float64"):
            zo.run(noisy, zo.two_point(), step=1e-3, seeds=1)
