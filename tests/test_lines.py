"""Exponents of exact counts: what they tend to, and what a law that is not reached yet may still become."""

import numpy as np
import pytest

from zobench.report import lines

N = 2.0 ** np.arange(4, 13)


def test_overhead_at_small_sizes_does_not_decide_an_exponent():
    found = lines.asymptotic(N, 8 * N**2 + 600 * N)
    assert 1.9 < found.value < 2
    assert found.low < 2 <= found.high + 0.01
    assert lines.log_slope(N, 8 * N**2 + 600 * N).value < 1.8  # a fit over all of them


def test_a_law_that_is_not_reached_yet_is_not_refuted_and_another_one_is():
    rising = lines.asymptotic(N, 3000 * N**2 + N**3)
    assert rising.low < 2.5
    assert rising.high > rising.value
    falling = lines.asymptotic(N, N**2)
    assert (falling.low, falling.value, falling.high) == pytest.approx((2, 2, 2))


def test_fewer_than_four_sizes_have_no_exponent():
    assert np.isnan(lines.asymptotic(N[:3], N[:3]).value)


def test_local_exponents():
    assert lines.local([1, 2, 4], [1, 4, 8])[1:] == pytest.approx([2, 1])
