"""Orders of reversal: what they evaluate and keep, counted as they run, against formulas and dynamic programming."""

from functools import cache
from math import ceil, log2

import numpy as np
import pytest
from executor import counted
from hypothesis import given, settings
from hypothesis import strategies as st

from zobench.experiments.memory import schedules
from zobench.experiments.memory.schedules import (
    Action,
    Count,
    binomial,
    count,
    least_advances,
    memory_poor,
    segments,
    vanilla,
)


@cache
def fewest(l: int, s: int) -> int:  # noqa: E741
    """Dynamic programming: advance k, keep, reverse what is behind with one state less, then what is before."""
    if l == 1:
        return 0
    if s == 1:
        return l * (l - 1) // 2
    return min(k + fewest(l - k, s - 1) + fewest(k, s) for k in range(1, l))


def test_binomial_checkpoints_are_the_best_there_are():
    """The formula, the schedule as it runs and dynamic programming agree for all s <= 6, l <= 60."""
    for s in range(1, 7):
        for l in range(1, 61):  # noqa: E741
            ran = count(binomial(l, s))
            assert fewest(l, s) == least_advances(l, s) == ran.evaluations - l and ran.peak <= s + 1
    assert [least_advances(*each) for each in ((10, 3), (50, 3), (60, 6))] == [15, 180, 144]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 700), st.integers(1, 40))
def test_deep_binomial_schedules_do_what_the_formula_says(l, s):  # noqa: E741
    assert count(binomial(l, s)) == Count(l + least_advances(l, s), count(binomial(l, s)).peak)
    assert count(binomial(l, s)).peak <= s + 1


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 200), st.data())
def test_counts_are_their_formulas_and_all_gradients_are_one(l, data):  # noqa: E741
    """Counted on a chain of numbers as it runs; the simulation of the actions counts the same."""
    s = data.draw(st.integers(1, l))
    longest = max(np.diff([i * l // s for i in range(s + 1)]))
    last = l - (s - 1) * l // s
    expected = {
        "vanilla": (vanilla(l), l, l),
        "memory_poor": (memory_poor(l), l * (l - 1) // 2 + l, 2),
        "segments": (segments(l, s), 2 * l - last, s - 1 + longest),
    }
    truth = counted(vanilla(l), l)[1]
    for actions, evaluations, peak in expected.values():
        actions = list(actions)
        ran, g = counted(actions, l)
        assert ran == count(actions)
        assert ran.evaluations == evaluations and peak - 1 <= ran.peak <= peak
        np.testing.assert_array_equal(g, truth)


def test_recursive_checkpoints_are_logarithmic():
    for l in (1, 2, 3, 7, 64, 100, 1024):  # noqa: E741
        ran, g = counted(schedules.recursive(l), l)
        assert ran.peak <= ceil(log2(l)) + 2 and ran.evaluations <= l + l / 2 * ceil(log2(l))
        np.testing.assert_array_equal(g, counted(vanilla(l), l)[1])


@pytest.mark.parametrize("l", [1, 2, 5, 12, 64, 100])
def test_the_nearest_root_keeps_fewest(l):  # noqa: E741
    """The U-curve s + l/s: no other number of segments keeps less, and nothing is evaluated more than twice."""
    kept = {s: count(segments(l, s)) for s in range(1, l + 1)}
    best = kept[schedules.nearest_root(l)]
    assert best.peak == min(one.peak for one in kept.values())
    assert all(one.evaluations < 2 * l for one in kept.values())


def test_what_cannot_be_done_is_refused():
    for actions in ([Action("back", 0)], [Action("restore", 1)], [Action("advance", 1)], [Action("drop", 0)]):
        with pytest.raises(ValueError, match="the state here is 0"):
            count(actions)
    for call in (lambda: binomial(4, 0), lambda: segments(4, 5), lambda: segments(4, 0)):
        with pytest.raises(ValueError, match=r"s=\d: a whole number from 1"):
            list(call())
    with pytest.raises(ValueError, match="s=0"):
        least_advances(4, 0)
