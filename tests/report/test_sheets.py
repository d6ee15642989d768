"""Figures as wide as a page: zeros stand on a marked floor, numbers along the outer panels alone."""

import numpy as np
from matplotlib.figure import Figure

from zobench.report import sheets


def test_a_zero_on_a_logarithmic_axis_stands_on_the_floor_and_is_joined_to_nothing():
    axes = Figure().add_subplot()
    axes.set_yscale("log")
    sheets.floored(axes, [1, 2, 3, 4], [1e-15, 0.0, 2e-15, 1e-15], 1e-17, color="black", marker="o", lw=1.0)
    sheets.mark_floor(axes.yaxis, 1e-17, [1e-16, 1e-15])
    line, zeros, floor = axes.lines
    assert np.isnan(np.asarray(line.get_xydata())[:, 1]).tolist() == [False, True, False, False]
    assert np.asarray(zeros.get_xydata()).tolist() == [[2, 1e-17]] and zeros.get_linewidth() == 0
    assert np.asarray(floor.get_ydata()).tolist() == [1e-17, 1e-17]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "$10^{-16}$", "$10^{-15}$"]


def test_small_panels_have_numbers_along_the_left_and_below_the_lowest_and_fill_the_page():
    for count, columns in ((7, 3), (2, 3), (1, 3)):
        figure, [panels] = sheets.multiples(["head"], [f"{i}" for i in range(count)], columns)
        shown = [axes.xaxis.get_tick_params()["labelbottom"] for axes in panels]
        assert shown == [i + min(columns, count) >= count for i in range(count)]
        assert [axes.yaxis.get_tick_params()["labelleft"] for axes in panels] == [
            i % columns == 0 for i in range(count)
        ]
        ends = [axes.get_position().x1 for axes in panels]
        assert 0.95 < max(ends) <= 1 and figure.get_size_inches()[0] < 7.5
