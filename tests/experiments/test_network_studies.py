"""Studies of networks: the notebook's strategy with and without its defects, spectra against whole Hessians."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench import store
from zobench.experiments.networks import study as networks
from zobench.experiments.networks.evolution import best_of
from zobench.experiments.networks_rank import study as networks_rank
from zobench.problems.networks import mlp
from zobench.problems.quadratics import quadratic
from zobench.report import claims, page
from zobench.types import Key, oracle

SMALL = quadratic(dim=5, spectrum="two_level")


def key(seed, step):
    return Key(jnp.uint32(seed), jnp.uint32(step))


def test_the_best_of_all_tries_is_kept_where_it_is_better():
    """Value by value; σ falls to 0 in the last step, which therefore stays where it is."""
    method: Any = best_of(7, 0.5, 4)
    x = SMALL.x0
    state = method.init(x)
    for k in range(5):
        v = method.draw(key(3, k), 5, x.dtype)
        tries = [x, *(x + 0.5 * (1 - k / 4) * row for row in v)]
        expected = min(tries, key=lambda y: float(SMALL.f(y)))
        moved, state = method.step(oracle(SMALL), x, state, v)
        np.testing.assert_allclose(moved, expected, rtol=1e-12)
        assert k < 4 or (moved == x).all()
        x = moved
    assert method.calls(5).value == 8


def test_the_notebook_tries_the_same_directions_at_every_step_and_in_every_array():
    """Leaves of 3 and 2 numbers; fresh directions differ in both respects."""
    notebook: Any = best_of(4, 0.1, 10, [3, 2])
    fresh: Any = best_of(4, 0.1, 10)
    first, second = (np.asarray(notebook.draw(key(0, k), 5, jnp.float64)) for k in (0, 9))
    assert (first == second).all() and (first[:, :2] == first[:, 3:]).all() and first.shape == (4, 5)
    one, two = (np.asarray(fresh.draw(key(0, k), 5, jnp.float64)) for k in (0, 9))
    assert (one != two).all() and (one[:, :2] != one[:, 3:]).all()


def test_a_gradient_costs_its_price():
    """Evaluations a step: 2 of one direction, 32 of sixteen, the price of a gradient, one more than the tries."""
    each = {name: networks.cost(way.method_of(0.1, 9), 650, 2.5) for name, way in networks.ways([640, 10]).items()}
    assert each["SGD"] == each["Adam"] == 2.5
    assert each["ZO-SGD, 1 direction"] == each["SPSA"] == 2
    assert each["ZO-SGD, 16 directions"] == each["ES, 16 pairs, Adam"] == 32
    assert each["greedy ES, notebook"] == each["greedy ES, fresh"] == networks.TRIES + 1


@pytest.mark.slow
def test_the_spectrum_is_that_of_the_whole_hessian():
    """λ_max by Lanczos against eigvalsh; Hutchinson's trace within five of its standard errors."""
    problem = mlp([1], samples=12)
    problem = problem._replace(x0=jnp.asarray(problem.x0))
    whole = np.asarray(jax.hessian(problem.f)(problem.x0))
    found = networks_rank.spectrum(problem, np.asarray(problem.x0), 200, 0)
    assert found["largest"] == pytest.approx(np.linalg.eigvalsh(whole)[-1], rel=1e-6)
    assert abs(found["trace"] - np.trace(whole)) < 5 * found["error"]
    assert found["rank"] == pytest.approx(found["trace"] / found["largest"])
    off = whole - np.diag(np.diag(whole))
    assert found["error"] == pytest.approx(np.sqrt(2 * np.sum(off**2) / 200), rel=0.3)


@pytest.mark.parametrize(
    ("study", "given", "said"),
    [
        (networks.networks, {"methods": ["SGD"], "evaluations": 10}, "evaluations=10"),
        (networks.networks, {"methods": ["SG"], "evaluations": 1000}, "methods=SG"),
        (networks.networks, {"methods": ["SGD"], "evaluations": 1000, "batch": 0}, "batch=0"),
        (networks_rank.networks_rank, {"target": -1.0}, r"target=\[-1"),
        (networks_rank.networks_rank, {"width": 0}, "widths"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(study, given, said):
    """In one line that names what was given."""
    whole = {"widths": [], "batch": 8, "records": 3, "repeats": 2, "seed": 0}
    if study is networks_rank.networks_rank:
        whole = {"width": 2, "samples": 8, "target": 1.0, "probes": 4, "runs": 2, "seed": 0}
    with pytest.raises(ValueError, match=said):
        study(**whole | given)


def test_the_verdict_on_the_rank_is_what_the_records_say(tmp_path):
    """Made-up records that are r + 2 times slower; with the same runs n times slower the claim is refuted."""
    claim = next(claim for claim in claims.of("networks_rank") if "best step" in claim.statement)
    verdicts = {}
    for words in ("r + 2", "n"):
        paths = []
        for n in (100, 200, 400, 800):
            paid = 8 if words == "r + 2" else n
            end = {"largest": 1.0, "trace": 6.0, "error": 0.1, "rank": 6.0}
            meta = {"n": n, "width": n // 100, "samples": 8, "target": 1.0, "start": end, "end": end}
            bytes = {f"{name}_bytes": n for name in ("value", "gradient", "product", "hessian")}
            meta |= {**bytes, "wide": {"n": 16 * n, "width": 16 * n // 100, **bytes}}
            arrays = {"gradient": np.array([[20.0], [10.0]]), "sphere": np.array([[np.inf] * 2, [11.0 * paid] * 2])}
            paths.append(tmp_path / f"{n}.npz")
            store.write(paths[-1], {**arrays, "multiples": np.array([1.0, 2.0])}, {"status": "ok", **meta})
        verdicts[words] = claim.verdict(page.measured("networks_rank", paths))
    assert verdicts == {"r + 2": "holds", "n": "refuted"}


def test_accuracies_and_seconds_are_those_of_the_record(tmp_path):
    """A made-up record of two methods; what did not run is not measured."""
    each = {"SGD": 2.0, "greedy ES, notebook": 10.0}
    arrays = {}
    for name, losses in (("SGD", [2.3, 1.0, 0.2]), ("greedy ES, notebook", [2.3, 1.5, 1.0])):
        samples = np.array([0.0, 10.0, 20.0]) * each[name] * 4
        arrays |= {f"{name}/samples": samples, f"{name}/loss": np.array([losses] * 2)}
        arrays |= {f"{name}/accuracy": np.array([[0.1, 0.5, 0.9]] * 2), f"{name}/seconds": np.full(3, each[name])}
    methods = {name: {"step": 0.1, "steps": 20, "evaluations": e, "temp": 8} for name, e in each.items()}
    meta = {"status": "ok", "n": 650, "price": 2.0, "batch": 4, "widths": [], "methods": methods}
    store.write(tmp_path / "one.npz", arrays, meta)
    found = page.measured("networks", [tmp_path / "one.npz"])
    asked = {check.quantity for claim in claims.of("networks") for check in claim.checks}
    assert found.keys() < asked and not any(name.startswith("a layer") for name in found)
    # SGD is at the strategy's last loss after 10 steps of 2 s, the strategy after 20 of 10 s
    assert found["softmax regression: seconds of SGD's loss over seconds of the notebook's ES"].value == 0.1
    rows = page.load("networks").rows(page.load("networks").read([tmp_path / "one.npz"]))
    assert [row["samples_to_0.8"] for row in rows] == [160, 800]
