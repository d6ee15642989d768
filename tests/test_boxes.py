"""Runs on a black box, counted by the box itself: what was asked is what is shown, whatever the function does."""

import threading
import time

import jax.numpy as jnp
import loops
import numpy as np
import optax
import pytest

from zobench import estimators, methods, solvers
from zobench.host import Log
from zobench.plan import Settings, plan_cell
from zobench.problems.black_boxes import black_box
from zobench.states import states_of

START = [1.0, -0.5, 0.3, 2.0]


class Seen(list):
    """A function of x that keeps what it was asked and what it said."""

    def __init__(self, f=lambda x: float((x**2).sum())):
        super().__init__()
        self.f, self.most, self._now, self._lock = f, 0, 0, threading.Lock()
        self.__name__ = "seen"

    def __call__(self, x, *seed):
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            place = len(self)
            self.append(None)
        value = self.f(x, *seed)
        with self._lock:
            self._now -= 1
            self[place] = (np.array(x), value)
        return value

    @property
    def values(self):
        return np.array([value for _, value in self])


def descent(**settings):
    return {"method": methods.descent, "step": ["probe"]} | settings


COMPILED = {
    "two-point": descent(),
    "three directions": descent(estimator=estimators.two_point(q=3)),
    "forward, Gaussian": descent(estimator=estimators.two_point("gaussian", quotient="forward")),
    "SPSA": descent(estimator=estimators.two_point("rademacher")),
    "coordinates": descent(estimator=estimators.two_point("coordinate", q=2, orthogonal=True)),
    "differences": descent(estimator=estimators.finite_difference()),
    "fourth": descent(estimator=estimators.finite_difference("fourth")),
    "regression": descent(estimator=estimators.regression(q=2)),
    "one-point": descent(estimator=estimators.one_point(), step=[1e-4]),
    "residual": descent(estimator=estimators.residual_one_point(), step=[1e-3]),
    "accelerated": {"method": methods.accelerated, "step": ["probe"]},
    "three points": {"method": methods.three_point, "step": ["probe"]},
    "pursuit": {"method": methods.random_pursuit},
    "one plus one": {"method": methods.one_plus_one},
}
SOLVERS = {
    "CMA-ES": solvers.cma,
    "Powell": lambda: solvers.scipy("Powell", "none"),
    "Nelder-Mead": lambda: solvers.scipy("Nelder-Mead", "none"),
    "COBYQA": lambda: solvers.scipy("COBYQA", "none"),
    "BFGS": lambda: solvers.scipy("BFGS", "forward"),
    "L-BFGS-B": lambda: solvers.scipy("L-BFGS-B", "central"),
}
ALL = {**COMPILED, **{name: {"method": method} for name, method in SOLVERS.items()}}
UNBOUNDED = ("BFGS",)


def cell(function, method, family=None, **box):
    own = {name: box.pop(name) for name in [*box] if name in Settings._fields}
    problem = black_box(function, box.pop("x0", START), **box)
    settings = {**(ALL[method] if isinstance(method, str) else method), "seeds": 1, "calls": 101, **own}
    return loops.cell(problem, settings.pop("method"), settings.pop("estimator", None), **settings, family=family)


def only(arrays, name):
    (found,) = (array for key, array in arrays.items() if key.partition("/")[2] == name)
    return found


@pytest.mark.parametrize("name", ALL)
def test_the_budget_is_what_the_box_counts_and_the_curve_is_what_it_said(name):
    """Not one call to measure, also where the minimum is not known; hits are exact to the call."""
    seen = Seen()
    arrays, meta = cell(seen, name)
    assert len(seen) <= 101 == max(only(arrays, "asked")[0], 101)
    assert len(seen) == 101 or name in SOLVERS  # one of scipy's may end by itself
    assert (seen[0][0] == START).all() and only(arrays, "best") == seen.values.min()
    best, k, gap = np.minimum.accumulate(seen.values), only(arrays, "k"), only(arrays, "gap")[0]
    np.testing.assert_array_equal(gap[1:], best[k[1:] - 1])
    assert (seen[int(seen.values.argmin())][0] == only(arrays, "x_best")[0]).all()
    assert gap[-1] < gap[0] and meta["rules"][next(iter(meta["rules"]))]["asked"] == len(seen)
    seen.clear()
    arrays, _ = cell(seen, name, f_star=0.0, target=0.7)
    ((hit,),) = [only(arrays, "hits")]
    assert hit == (1 + np.argmax(seen.values <= 0.7 * seen.values[0]) if seen.values.min() <= 0.7 * 5.34 else np.inf)


def test_a_stochastic_box_is_asked_at_every_call_and_gives_the_same_bytes_if_it_takes_a_seed():
    def noisy(x, seed):
        return float((x**2).sum() + 0.1 * np.random.default_rng(seed).standard_normal())

    for name in ("two-point", "one plus one", "CMA-ES", "Nelder-Mead"):
        seen = Seen(noisy)
        (first, meta), (again, _) = (cell(seen, name, seeded=True, seeds=2) for _ in range(2))
        assert len(seen) == 404 and meta["notes"] == [note for note in meta["notes"] if "repeat" not in note]
        for key in first:
            np.testing.assert_array_equal(first[key], again[key])
        assert only(first, "best")[0] != only(first, "best")[1]
    dice = np.random.default_rng(0)
    free = Seen(lambda x: float((x**2).sum() + dice.standard_normal()))
    assert "problem.seeded=true" in cell(free, "Nelder-Mead", seeds=3)[1]["notes"][-1] and len(free) == 303


def test_what_is_remembered_is_charged_and_not_asked_again():
    seen = Seen()
    arrays, _ = cell(seen, "one plus one", remember=True, seeds=3)
    assert only(arrays, "asked").tolist() == [101] * 3 and len(seen) < 303  # f(x0) is asked once
    seen.clear()
    assert only(cell(seen, "Nelder-Mead", remember=True, seeds=3)[0], "best").shape == (1,) and len(seen) <= 101


@pytest.mark.parametrize("gradient", ["forward", "central"])
@pytest.mark.parametrize("algorithm", ["L-BFGS-B", "BFGS", "CG"])
def test_a_solver_with_differences_takes_the_step_that_suits_the_noise(algorithm, gradient):
    """With scipy's own step the best true value stays above 180 of 230; a step given is the one that is taken."""
    w, noise = np.geomspace(1, 100, 20), np.random.default_rng(0)
    quadratic = lambda x: float(w @ (x - 1) ** 2 / 2)  # noqa: E731
    seen = Seen(lambda x: quadratic(x) + 0.1 * noise.standard_normal())
    arrays, meta = cell(seen, {"method": lambda: solvers.scipy(algorithm, gradient)}, x0=[0.0] * 20, calls=1500)
    assert quadratic(only(arrays, "x_best")[0]) < 15 and len(seen) == only(arrays, "asked")[0] <= 1500
    assert "noise 0.1" in " ".join(meta["notes"]) or "noise 0.0" in " ".join(meta["notes"])
    seen = Seen(quadratic)
    cell(seen, {"method": lambda: solvers.scipy(algorithm, gradient, eps=0.25)}, x0=[0.0] * 20, calls=60)
    moves = np.array([x for x, _ in seen[1:42]])
    assert np.unique(moves[np.count_nonzero(moves, axis=1) == 1]).tolist()[-1] == 0.25


def test_a_matrix_and_a_tree_are_given_as_they_are():
    import zobench as zo

    for x0, f in (
        (np.zeros((2, 3)), lambda m: float(((m - 1) ** 2).sum()) if m.shape == (2, 3) else np.nan),
        ({"w": np.zeros((2, 2)), "b": np.zeros(1)}, lambda p: float(((p["w"] - 1) ** 2).sum() + p["b"][0] ** 2)),
    ):
        box = black_box(f, x0, workers=2)  # type: ignore[arg-type]
        result = zo.run(box, zo.two_point(q=2), step="probe", calls=400, seeds=2)
        assert result.final.max() < 1e-3 and np.isfinite(f(result.parameters[1]))
        assert zo.advise(box, calls=900).best.shown < 1e-6


def test_differences_stay_within_bounds_and_are_right_there():
    seen = Seen(lambda x: float(((x - 3) ** 2).sum()))
    central = {"method": lambda: solvers.scipy("L-BFGS-B", "central", eps=0.5)}
    arrays, _ = cell(seen, central, x0=[0.0, 0.2], lower=0.0, upper=2.0, calls=60)
    assert only(arrays, "x_best")[0].tolist() == [2.0, 2.0]
    assert all((x >= 0).all() and (x <= 2).all() for x, _ in seen)


@pytest.mark.parametrize("sigma", [1e-4, 1e-2])
def test_noise_is_measured_by_calls_and_the_difference_step_follows(sigma):
    """With the step for rounding, the first quotient would be noise alone, and descent diverges."""

    def noisy(x, seed):
        return float(10 * (x**2).sum() + (x**3).sum() + sigma * np.random.default_rng(seed).standard_normal())

    arrays, meta = cell(noisy, "two-point", seeded=True, seeds=5, calls=600, x0=[1.0] * 8)
    (rule,) = meta["rules"].values()
    assert sigma / 2 < rule["noise"] < 2 * sigma and "noise" in meta["notes"][0]
    assert np.median(only(arrays, "best")) < 100 * sigma
    arrays, _ = cell(noisy, "pursuit", seeded=True, seeds=5, calls=600, x0=[1.0] * 8)
    assert np.median(only(arrays, "best")) < 100 * sigma


@pytest.mark.parametrize("name", ["two-point", "differences", "pursuit", "three points", "CMA-ES", "L-BFGS-B"])
def test_values_of_a_step_are_asked_in_parallel_and_change_nothing(name):
    slow = Seen(lambda x: (time.sleep(0.002), float((x**2).sum()))[1])
    alone, together = cell(Seen(), name), cell(slow, name, workers=4)
    assert 1 < slow.most <= 4
    for key in alone[0]:
        np.testing.assert_array_equal(alone[0][key], together[0][key])


def in_a_process(x):
    if x[1] > -0.45:
        raise RuntimeError("too far")
    return float((x**2).sum())


@pytest.mark.slow
def test_processes_give_what_threads_give():
    alone = cell(in_a_process, "three directions", on_error="nan")
    together = cell(in_a_process, "three directions", on_error="nan", workers=2, pool="processes")
    assert only(alone[0], "failed").sum() > 0
    for key in alone[0]:
        np.testing.assert_array_equal(alone[0][key], together[0][key])


def one_in(count, error):
    """A simulator that fails in one of so many calls, but not at first."""
    calls = [0]

    def flaky(x):
        calls[0] += 1
        if calls[0] % count == 0:
            if error:
                raise OSError("no licence")
            return np.nan
        return float((x**2).sum())

    return flaky


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("error", [True, False])
def test_a_call_that_fails_is_counted_and_ends_nothing(name, error):
    """One in 25, raised or nan: every method goes on to its budget, and gets somewhere."""
    seen = Seen(one_in(25, error))
    arrays, meta = cell(seen, name, on_error="nan")
    assert meta["failure"] == "" and only(arrays, "failed")[0] == only(arrays, "asked")[0] // 25
    assert name in SOLVERS or only(arrays, "asked")[0] == 101  # scipy's gradients by differences may end it
    assert only(arrays, "best")[0] < 5.34 * (1 if name in SOLVERS else 0.9) or name in ("one-point", "residual")
    assert "gave no number" in " ".join(meta["notes"]) and np.isfinite(only(arrays, "x_best")).all()


def test_a_retry_is_a_call_and_raise_keeps_what_there_was():
    flaky = Seen(one_in(10, error=False))
    arrays, _ = cell(flaky, "two-point", on_error="retry")
    assert only(arrays, "asked")[0] == 101 == len(flaky) and only(arrays, "failed")[0] == 10
    points = [x.tolist() for x, _ in flaky]
    again = [i for i, value in enumerate(flaky.values[:90]) if np.isnan(value)]
    assert again and all(points[i] in points[i + 1 :] for i in again)
    arrays, meta = cell(one_in(60, error=True), "two-point", seeds=3)
    assert meta["failure"].startswith("flaky raised OSError: no licence; at x = [")
    assert only(arrays, "asked").tolist() == [60] and only(arrays, "best")[0] < 5.34
    with pytest.raises(ValueError, match="flaky raised OSError: no licence; at x"):
        cell(one_in(1, error=True), "two-point")
    with pytest.raises(ValueError, match=r"f\(x0\) is nan"):
        cell(one_in(1, error=False), "two-point")


@pytest.mark.parametrize("name", [name for name in ALL if name not in UNBOUNDED])
def test_a_box_is_never_asked_outside_its_bounds(name):
    """The minimum is beyond them: at the corner (0.2, 0.2, 0.2, 0.2)."""
    seen = Seen()
    arrays, _ = cell(seen, name, lower=0.2, upper=[3.0, 3, 3, 1.5], x0=[1.0, 0.2, 0.3, 1.5], calls=400)
    asked = np.array([x for x, _ in seen])
    assert (asked >= 0.2).all() and (asked <= [3, 3, 3, 1.5]).all()
    slow = name in ("one-point", "residual", "three points")
    assert only(arrays, "best")[0] < (3.3 if slow else 0.4)


def test_a_method_that_takes_no_bounds_says_so():
    with pytest.raises(ValueError, match="seen takes real numbers: quotient=complex"):
        cell(Seen(), descent(estimator=estimators.finite_difference("complex")))
    with pytest.raises(ValueError, match="takes no bounds"):
        cell(Seen(), "BFGS", lower=-1.0)
    with pytest.raises(ValueError, match=r"x0\[1\] = -0\.5 is not within \[0, inf\]"):
        black_box(Seen(), START, lower=0.0)


@pytest.mark.parametrize("bounds", [{"lower": 0.0}, {}])
@pytest.mark.parametrize("step", ["probe", 1e-4, 0.1])
def test_an_edge_ends_no_run(bounds, step):
    """f = Σ x − ln x is no number beyond 0: a step that leaves the numbers is not made."""

    def edge(x):
        with np.errstate(all="ignore"):
            return float((x - np.log(x)).sum())

    arrays, meta = cell(edge, "two-point", x0=[1e-3] * 4, seeds=10, step=[step], calls=200, **bounds)
    start = 4 * (1e-3 - np.log(1e-3))
    assert meta["failure"] == "" and (only(arrays, "asked") == 200).all() and (only(arrays, "x_best") > 0).all()
    assert (only(arrays, "best") < start - (1 if step != 0.1 else 0)).all()


@pytest.mark.parametrize("name", ["two-point", "pursuit", "CMA-ES", "Nelder-Mead"])
def test_a_run_goes_on_from_what_was_asked(name, tmp_path):
    seen = Seen()
    cell(seen, name, states_of(tmp_path), calls=40, seeds=2)
    assert len(seen) == 80
    longer = cell(seen, name, states_of(tmp_path), calls=70, seeds=3)
    assert len(seen) == 80 + 2 * 30 + 70 and longer[1]["reused"]["runs"] == 2
    whole = cell(Seen(), name, calls=70, seeds=3)
    for key in whole[0]:
        np.testing.assert_array_equal(longer[0][key], whole[0][key])


def test_a_log_that_asks_another_point_is_no_use_from_there():
    seen = Seen()
    log = Log(black_box(seen, START).host, 10, 0, np.float64, lambda value: -np.inf)
    first = [log(np.full(4, float(i))) for i in range(4)]
    again = Log(log.host, 10, 0, np.float64, lambda value: -np.inf)
    again.known = again.known._replace(values=np.array(log.values), sums=np.array(log.sums, np.uint32))
    assert [again(np.full(4, float(i))) for i in (0, 1, 7, 3)] == [*first[:2], 196.0, first[3]]
    assert len(seen) == 6 and again.replayed == 2


def test_a_tuned_step_is_found_without_L_and_its_calls_are_counted():
    seen = Seen(lambda x: float((x**2 * [1, 2, 3, 40]).sum()))
    tuned, meta = cell(seen, "two-point", step=["tuned"], tuning_tries=6, tuning_seeds=2, seeds=2)
    assert len(seen) == meta["tuning"]["calls"] + 2 * 101
    assert f"tuning asked {meta['tuning']['calls']:,} calls besides" in " ".join(meta["notes"])
    probed, _ = cell(Seen(seen.f), "two-point", seeds=2)
    assert np.median(only(tuned, "best")) < np.median(only(probed, "best"))


def test_a_plan_of_a_box_compiles_nothing_and_asks_nothing():
    seen = Seen()
    settings = Settings(step=["probe"], calls=100)
    plan = plan_cell(black_box(seen, START), estimators.two_point(), optax.sgd, methods.random_pursuit, settings)
    assert plan.cap == 100 and not seen


def test_an_estimator_of_ones_own_that_asks_one_value_at_a_time_runs_too():
    def estimate(oracle, x, draw, state):
        here = oracle.value(x)
        return jnp.stack([(oracle.value(x.at[i].add(1e-6), i + 1) - here) / 1e-6 for i in range(x.size)]), state

    own = estimators.finite_difference("forward")._replace(estimate=estimate)
    seen = Seen()
    arrays, _ = loops.cell(black_box(seen, START), estimator=own, step=[0.1], calls=50, seeds=1)
    assert len(seen) == 50 and only(arrays, "best")[0] < 0.3
