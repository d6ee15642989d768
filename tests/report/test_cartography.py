"""Maps: every place has a name that meets nothing or is counted, a km is as long both ways, meridians run through."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from zobench.problems.maps import BUILT_IN, true_map
from zobench.report import cartography

ERRORS = np.random.default_rng(0).normal(size=(40, 2)) * 150  # km


def drawn(cities, wide, high):
    """A map with errors: its axes, the places, the lines, the names that are there and how many are left out."""
    figure = Figure(figsize=(wide, high))
    axes = figure.add_axes((0.1, 0.1, 0.85, 0.8))
    names, where = true_map(cities, None)
    ends = where + ERRORS[: len(where)]
    cartography.frame(axes, np.vstack([where, ends]))
    lines = [*np.stack([where, ends], axis=1)]
    left_out = cartography.names(axes, where, names, lines, [cartography.bar(axes, "km", 100)])
    labels = [text for text in axes.texts if isinstance(text, Annotation) and text.get_text() in names]
    return figure, axes, where, lines, names, labels, left_out


@pytest.mark.parametrize(("cities", "wide", "high"), [("europe", 8, 5), ("usa", 8, 3), ("europe", 3, 2), ("usa", 2, 5)])
def test_every_city_has_a_name_that_meets_nothing_or_is_counted(cities, wide, high):
    figure, axes, where, lines, names, labels, left_out = drawn(cities, wide, high)
    assert len(labels) + left_out == len(names) and len({label.get_text() for label in labels}) == len(labels)
    assert (left_out == 0) == (wide == 8)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    boxes = [Text.get_window_extent(label, renderer) for label in axes.texts]  # the first one is the bar's
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    assert all(axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 and box.y1 <= axes.bbox.y1 for box in boxes)
    along = np.vstack([line[0] + t * (line[1] - line[0]) for line in lines for t in np.linspace(0, 1, 100)])
    for x, y in axes.transData.transform(np.vstack([where, along])):
        assert not [box for box in boxes[1:] if box.contains(x, y)]


def test_a_place_outside_the_axes_is_counted_as_left_out():
    _, axes, where, *_ = drawn("usa", 8, 3)
    assert cartography.names(axes, where[:1] + np.array([0, 1e4]), ["nowhere"]) == 1


def test_a_km_is_as_long_both_ways_and_all_that_is_framed_is_inside():
    _, axes, _, lines, *_ = drawn("usa", 8, 3)
    across, up = axes.transData.transform([[1000.0, 0.0], [0.0, 1000.0]]) - axes.transData.transform([0.0, 0.0])
    assert np.allclose(across[0], up[1], rtol=1e-6)
    assert all(axes.bbox.contains(*point) for point in axes.transData.transform(np.vstack(lines)))


def test_meridians_and_parallels_run_through_the_places_that_lie_on_them():
    _, axes, where, *_ = drawn("europe", 8, 5)
    degrees = np.array([city[1:] for city in BUILT_IN["europe"]])
    before = len(axes.lines)
    cartography.graticule(axes, degrees)
    drawn_lines = [line.get_xydata() for line in axes.lines[before:]]
    london = int(np.argmin(abs(degrees[:, 1])))  # a tenth of a degree from Greenwich: 7 km there
    nearest = min(np.linalg.norm(line - where[london], axis=1).min() for line in drawn_lines)
    assert nearest < 60  # between two points of a line
    assert {text.get_text() for text in axes.texts} >= {"0°", "50°N", "20°E"}
