"""The loop against the slow obvious one, and what a run may end as."""

from typing import Any

import jax
import jax.numpy as jnp
import loops
import numpy as np
import optax
import pytest

import zobench as zo
from zobench import directions, estimators, loop, rhythm, theory
from zobench.methods import descent
from zobench.types import Key, Problem, separable

LAM = np.geomspace(0.01, 1, 12)


def two_point_descent(step):
    return descent(estimators.two_point(), optax.sgd(step))


def quadratic(lam: np.ndarray = LAM) -> Problem:
    return loops.diagonal(lam, 1.0)._replace(L=1.0)


def cell(problem=None, estimator=None, optimizer=optax.sgd, **changes):
    changes = {"seeds": 6, "target": 1e-2, "tuning_tries": 8, **changes}
    return loops.cell(problem or quadratic(), descent, estimator, optimizer, **changes)


def slow_two_point(problem: Problem, step: float, seed: int, iterations: int, eps: float) -> list[float]:
    """NumPy, one iteration at a time, from the formula."""
    f = lambda x: float((LAM * x * x).sum() / 2)  # noqa: E731
    x, gaps = np.asarray(problem.x0), []
    for k in range(iterations + 1):
        gaps.append(f(x))
        v = np.asarray(directions.gaussian(Key(jnp.uint32(seed), jnp.uint32(k)), x.size), float)
        v /= np.linalg.norm(v)
        x = x - step * x.size * (f(x + eps * v) - f(x - eps * v)) / (2 * eps) * v
    return gaps


def test_the_compiled_loop_follows_the_obvious_one():
    arrays, meta = cell(estimator=estimators.two_point(eps=1e-3))
    k, gap = arrays["theory/k"], arrays["theory/gap"]
    for seed in (0, 5):
        slow = slow_two_point(quadratic(), 1 / 12, seed, int(k[-1]), 1e-3)
        np.testing.assert_allclose(gap[seed], np.array(slow)[k], rtol=1e-5)
        hit = np.argmax(np.array(slow)[k] <= 1e-2 * slow[0])
        assert arrays["theory/hits"][seed] == k[hit]
    assert meta["calls"] == {"value": 2, "jvp": 0, "grad": 0}


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 3, 12, 70, 600])
def test_the_same_bytes_alone_and_in_any_batch(n):
    """Alone, with others, in another place among them, beside another step."""
    program = loop.compile_block(quadratic(np.geomspace(0.01, 1, n)), two_point_descent)
    stop = loop.Stop("gap", 0.0, np.inf, 100 * program.every)
    alone = loop.advance(program, [0.5 / n], [11], stop, lambda k: None)
    seeds = [*range(40, 75), 11, 3]
    among = loop.advance(program, [0.5 / n if seed == 11 else 0.1 / n for seed in seeds], seeds, stop, lambda k: None)
    for name in ("gap", "gradient", "distance", "x_end"):
        np.testing.assert_array_equal(getattr(alone, name)[0], getattr(among, name)[seeds.index(11)])


def test_a_longer_run_begins_with_the_shorter_one():
    program = loop.compile_block(quadratic(), two_point_descent)
    short, long = (
        loop.advance(program, [0.1], [1], loops.free(blocks * 64 * program.every), lambda k: None) for blocks in (1, 3)
    )
    np.testing.assert_array_equal(short.gap[0], long.gap[0, : short.k.size])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block", "cap"), [(rhythm.BLOCK, cap) for cap in (4, 6, 383)] + [(1, cap) for cap in (4, 9, 60)]
)  # with 1: one record a block
def test_the_last_record_is_at_the_budgets_end(monkeypatch, block, cap):
    """Below one record, on one, within the last interval of a section; the exact mean is there too."""
    monkeypatch.setattr(rhythm, "BLOCK", block)
    arrays, _ = cell(target=1e-12, calls=2 * cap, seeds=2)
    k, exact = arrays["theory/k"], arrays["theory/exact_gap"]
    assert k.tolist() == sorted({*range(0, cap + 1, 6), cap})
    end = (LAM * arrays["theory/x_end"] ** 2).sum(axis=1) / 2
    np.testing.assert_allclose(arrays["theory/gap"][:, -1], end, rtol=1e-6)
    modes, moment = quadratic().modes, estimators.two_point().second_moment(12)
    assert modes and moment
    every = theory.expectation(modes, moment, np.zeros(12), 1 / 12, 1, cap + 1)
    np.testing.assert_allclose(exact, every.gap[k], rtol=1e-12)


@pytest.mark.slow
def test_blocks_of_many_sections_give_the_same_bytes(monkeypatch):
    """Runs end behind the section in which the last of them has, and stand there: x is that of its end."""
    found = []
    for many in (1, 3, 13):
        monkeypatch.setattr(rhythm, "SECTIONS", many)
        found.append([cell(target=target, seeds=3, step=[0.05])[0] for target in (0.3, 1e-2, 1e-4)])
        assert loop.compile_block(quadratic(), two_point_descent).records == many * rhythm.RECORDS
    lengths = {arrays["0.05/k"].size for arrays in found[0]}
    assert len(lengths) == 3 and max(lengths) > 3 * rhythm.RECORDS and all(size % 64 == 0 for size in lengths)
    for others in found[1:]:
        for arrays, expected in zip(others, found[0], strict=True):
            assert all(array.tobytes() == expected[name].tobytes() for name, array in arrays.items())


@pytest.mark.parametrize(
    ("f", "many"),
    [
        (lambda x: jnp.sum(x**2), 16),
        (lambda x: jnp.sum(jnp.outer(jnp.arange(1e4), x) ** 2), 1),
        (lambda x: jax.lax.fori_loop(0, 10**6, lambda i, s: s + x[0] ** 2, jnp.sum(x)), 1),
        (lambda x: jax.lax.while_loop(lambda s: s > 9, lambda s: s / 2, jnp.sum(x**2)), 1),
    ],
)
def test_a_dear_f_has_short_blocks(f, many):
    method = two_point_descent(1.0)
    problem = Problem(f=f, x0=jnp.ones(4))
    assert rhythm.sections(problem, method) == many
    assert rhythm.sections(problem._replace(x0=jnp.ones(1000)), method) == 1


def test_momentum_is_carried_over_blocks():
    """Any optax rule: here heavy ball against its recursion, over several blocks."""
    arrays, _ = cell(
        estimator=estimators.autodiff(), optimizer=lambda lr: optax.sgd(lr, momentum=0.9), target=1e-12, step=[0.05]
    )
    x, m, gaps = np.ones(LAM.size), np.zeros(LAM.size), []
    for _ in arrays["0.05/k"]:
        gaps.append((LAM * x * x).sum() / 2)
        m = 0.9 * m + LAM * x
        x = x - 0.05 * m
    assert len(gaps) > 3 * loop.RECORDS
    np.testing.assert_allclose(arrays["0.05/gap"][0], gaps, rtol=1e-5)
    assert "0.05/exact_gap" not in arrays


def test_runs_stop_when_all_have_reached_the_target():
    arrays, meta = cell(target=0.5)
    last = int(arrays["theory/k"][-1])
    assert last < meta["rules"]["theory"]["cap"]
    assert arrays["theory/hits"].max() <= last < arrays["theory/hits"].max() + loop.RECORDS * 6
    assert (arrays["theory/outcome"] == "reached").all()


def test_a_missed_target_is_censored():
    arrays, _ = cell(target=1e-9, gd_iterations=5)
    assert np.isinf(arrays["theory/hits"]).all()
    assert (arrays["theory/outcome"] == "not reached").all()
    assert arrays["theory/k"][-1] <= 60


def test_divergence_is_a_result():
    arrays, _ = cell(step=[10.0])
    assert (arrays["10.0/outcome"] == "diverged").all()
    assert np.isinf(arrays["10.0/hits"]).all()


def test_nan_is_a_result():
    """log of a negative number once x has come down to zero."""
    problem = Problem(f=lambda x: jnp.sum(x + jnp.log(x)), x0=jnp.full(3, 1.0), f_star=-50.0, L=1.0, hessian_trace=1.0)
    arrays, _ = cell(problem, estimators.autodiff(), step=[0.1], target=1e-3)
    assert arrays["0.1/outcome"].tolist() == ["nan"]


def test_tuning_takes_the_fastest_multiple_on_held_out_seeds():
    arrays, meta = cell(step=["theory", "tuned"])
    medians = dict(zip(arrays["tuning/multiples"], np.median(arrays["tuning/hits"], axis=1), strict=True))
    best = meta["tuning"]["best"]
    assert min(medians) < best < max(medians) and meta["tuning"]["bracketed"] and meta["tuning"]["tries"] == 8
    assert medians[best] <= min(medians[1.0], medians[2.0])
    assert meta["rules"]["tuned"]["step"] == pytest.approx(best * meta["rules"]["theory"]["step"])
    assert np.median(arrays["tuned/hits"]) < np.median(arrays["theory/hits"])
    assert not np.isin(arrays["tuning/hits"][list(medians).index(1.0)], arrays["theory/hits"]).all()


def test_steps_are_not_tuned_for_a_small_gradient():
    """On a plateau any step arrives: the rule is left out and said, and refused where there is no other."""
    arrays, meta = cell(step=["theory", "tuned"], metric="gradient", target=1e-4)
    assert "tuned/hits" not in arrays and "f may be flat" in meta["left_out"]["tuned"]
    with pytest.raises(ValueError, match=r"step=tuned: .* use stop.metric=gap or distance, or step=theory"):
        cell(step=["tuned"], metric="gradient", target=1e-4)


def test_gradient_descent_is_tuned_to_within_one_percent_of_its_best_step():
    """Just below the cliff at 2/L."""
    problem = quadratic()
    _, meta = cell(problem, estimators.autodiff(), step=["theory", "tuned"], tuning_tries=16)
    step = np.linspace(1.0, 2.0, 2001)
    gap = lambda a, k: np.sum(LAM * (1 - np.outer(a, LAM)) ** (2 * k), axis=1)  # noqa: E731
    best = next(k for k in range(1, 1000) if (gap(step, k) <= 1e-2 * LAM.sum()).any())
    assert meta["rules"]["tuned"]["step"] < 2
    arrays, _ = cell(problem, estimators.autodiff(), step=[meta["rules"]["tuned"]["step"]])
    assert float(next(v for k, v in arrays.items() if k.endswith("/hits"))[0]) <= max(1.01 * best, best + 1)


def test_runs_that_are_all_the_same_are_said():
    """A seed that does not reach the direction makes copies of one run, and intervals of width zero."""
    ray = estimators.two_point()
    draw: Any = ray.draw
    same = ray._replace(draw=lambda key, n, dtype: draw(Key(jnp.uint32(0), key.step), n, dtype))
    assert "all runs are the same to the bit" in cell(estimator=same)[1]["warning"]
    assert cell()[1]["warning"] == ""
    assert cell(estimator=estimators.autodiff())[1]["warning"] == ""
    assert cell(quadratic(np.ones(1)))[1]["warning"] == ""


def test_tuning_gives_up_what_cannot_win():
    """Seeds behind the first three of five that missed are not run; a stopped run records what a free one does."""
    arrays, _ = cell(step=["tuned"], tuning_tries=5, optimizer=lambda a: optax.sgd(8 * a))
    hits, outcome = arrays["tuning/hits"], arrays["tuning/outcome"]
    lost = np.isinf(hits).all(axis=1)
    assert lost.any() and (outcome[lost][:, 3:] == "not run").all() and not (outcome[:, :3] == "not run").any()
    assert not (outcome[~lost] == "not run").any()
    program = loop.compile_block(quadratic(), two_point_descent)
    stop = loop.Stop("gap", 1e-2, np.inf, 2000)
    free, stays = (
        loop.advance(program, [0.3, 0.05], [1, 2], stop, lambda k: None, stays=stays) for stays in (False, True)
    )
    for row, hit in enumerate(loop.hitting_times(free, stop)[0]):
        last = int(hit / program.every)
        assert 0 < last < len(free.k) - 1
        np.testing.assert_array_equal(stays.gap[row, : last + 1], free.gap[row, : last + 1])
        assert (stays.gap[row, last:] == free.gap[row, last]).all()


def test_a_block_of_no_steps_measures_the_start():
    problem = quadratic()
    np.testing.assert_allclose(
        loop.at_start(loop.compile_block(problem, two_point_descent)), loop.measure(problem, problem.x0), rtol=1e-14
    )


@pytest.mark.parametrize(("first", "second"), [(5, 9), (8, 1)])
def test_a_round_is_gone_on_with(first, second):
    """Steps that share a draw are the same however a record cuts through them."""
    problem = quadratic()
    program = loop.compile_block(problem, two_point_descent)
    whole = loop.advance(program._replace(every=1), [0.3], [4], loops.free(60), lambda k: None)
    for every in (first, second):
        cut = loop.advance(program._replace(every=every), [0.3], [4], loops.free(60), lambda k: None)
        np.testing.assert_array_equal(cut.gap[0], whole.gap[0, cut.k])


def test_a_deterministic_estimator_runs_once():
    arrays, _ = cell(estimator=estimators.finite_difference(), seeds=20)
    assert arrays["theory/gap"].shape[0] == arrays["theory/hits"].size == 1


@pytest.mark.parametrize(
    "estimator", [estimators.autodiff(), estimators.finite_difference(), estimators.forward_mode()]
)
def test_exact_estimators_follow_gradient_descent(estimator):
    arrays, _ = cell(estimator=estimator)
    np.testing.assert_allclose(arrays["theory/gap"][0], arrays["theory/exact_gap"], rtol=1e-5)


def test_float32_runs_in_float32_and_float64_values_do_not_leak_in():
    arrays, _ = cell(dtype="float32", target=1e-3)
    other, _ = cell(dtype="float64", target=1e-3)
    assert not np.array_equal(arrays["theory/gap"], other["theory/gap"])
    np.testing.assert_allclose(np.median(arrays["theory/hits"]), np.median(other["theory/hits"]), rtol=0.05)
    assert (arrays["theory/x_end"].astype(np.float32) == arrays["theory/x_end"]).all()


def test_one_program_serves_all_steps_and_seeds():
    traces = []
    problem = quadratic()
    counted = problem._replace(f=lambda x: traces.append(1) or problem.f(x))
    program = loop.compile_block(counted, two_point_descent)
    before = len(traces)
    for step, seed in ((0.1, 1), (0.2, 2)):
        loop.advance(program, [step] * 3, [seed] * 3, loops.free(500), lambda k: None)
    assert len(traces) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "distance"}, r"stop\.metric=distance.*does not know x_star; use stop\.metric=gap or gradient"),
        ({"relative_to": "minimum"}, r"relative_to=minimum.*not positive"),
        ({"step": ["trace"]}, r"step=trace.*does not know hessian_trace"),
    ],
)
def test_what_the_problem_does_not_know_is_said(changes, message):
    with pytest.raises(ValueError, match=message):
        cell(Problem(f=lambda x: jnp.sum(x * x), x0=jnp.ones(2), f_star=0.0, L=2.0), **changes)


def test_the_measured_metrics_are_those_of_the_iterate():
    problem = quadratic()
    arrays, _ = cell(target=0.3)
    x = arrays["theory/x_end"]
    gap, gradient, distance = jax.vmap(lambda x: loop.measure(problem, x))(jnp.asarray(x))
    np.testing.assert_allclose(gap, (LAM * x * x).sum(1) / 2, rtol=1e-12)
    np.testing.assert_allclose(gradient, ((LAM * x) ** 2).sum(1), rtol=1e-12)
    np.testing.assert_allclose(distance, (x * x).sum(1), rtol=1e-12)


@pytest.mark.parametrize("f", [separable(lambda x: x * x / 2), lambda x: jnp.sum(x * x) / 2])
def test_a_direction_is_never_stored_twice(f):
    """Beside x, a float32 run keeps a pair of directions and three vectors more: n = 10⁸ within 3 GiB."""
    n = 100_000
    program = loop.compile_block(Problem(f=f, x0=jnp.ones(n, jnp.float32), f_star=0.0), two_point_descent)
    memory = program.block.func.memory_analysis()  # type: ignore[attr-defined]
    assert memory.temp_size_in_bytes + memory.output_size_in_bytes <= (8 + 4 * 4) * n + 10_000


def test_pairs_of_values_are_the_values():
    f = separable(lambda x: jnp.asarray(LAM, x.dtype) * x * x / 2)
    x, y = jnp.linspace(-1, 2, LAM.size), jnp.linspace(0, 1, LAM.size)
    np.testing.assert_allclose(f.pair(x, y), [f(x), f(y)], rtol=1e-14)  # type: ignore[attr-defined]
    paired, alone = (cell(quadratic()._replace(f=own))[0]["theory/gap"] for own in (f, lambda x: f(x)))
    size = min(paired.shape[1], alone.shape[1])
    assert size > 10
    np.testing.assert_allclose(paired[:, :size], alone[:, :size], rtol=1e-3)


@pytest.mark.parametrize("often", [1e-308, 1e-9, 1e300])
def test_records_are_as_many_as_a_run_can_have(often):
    """Two at least, at its start and its end: an interval that 32 bits do not count is no reason to fail."""
    found = zo.run(quadratic(np.ones(3)), zo.two_point(), seeds=1, calls=50, records=often, target=1e-12)
    assert found.k.tolist() == ([0, 25] if often < 1 else [*range(26)])


def test_a_run_compiles_its_block_and_nothing_else(caplog):
    """A program for a single operation costs tens of milliseconds at each n."""
    n = 37  # of no other test
    problem = quadratic(np.geomspace(0.01, 1, n))
    problem = problem._replace(x0=np.ones(n, np.float32))
    with jax.log_compiles():
        program, stop = loop.compile_block(problem, two_point_descent), loop.Stop("gap", -1.0, np.inf, 50)
        loop.at_start(program)
        loop.advance(program, [0.01], [0], stop, lambda k: None)
    compiled = [said for said in caplog.messages if said.startswith("Compiling") and f"[{n}]" in said]
    assert len(compiled) == 1 and "jit(block)" in compiled[0]
