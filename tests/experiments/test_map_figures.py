"""Pictures of the studies of maps: what has not arrived is marked, rounding stretches no axis."""

import numpy as np

from zobench.experiments.mds_methods import figures as mds_methods
from zobench.experiments.mds_pca import figures as mds_pca
from zobench.experiments.mds_pca.study import mds_pca as study
from zobench.experiments.mds_shapes import figures as mds_shapes
from zobench.experiments.mds_shapes.page import GRADIENT, THEORY, TRACE
from zobench.store import Record


def marked(axes, marker):
    """The points of each line with this marker that has any."""
    points = [np.asarray(line.get_xydata()) for line in axes.lines if line.get_marker() == marker]
    return [one.tolist() for one in points if one.size]


def test_exact_distances_whose_misfit_is_rounding_stretch_no_axis_and_are_said():
    figure = mds_pca.maps([Record(*study("synthetic", 6, 2, [0.0, 0.01, 0.1], 2, 0)())])
    misfits = figure.axes[0]
    assert misfits.get_ylim()[0] > 1e-5
    assert "distances as given: all 4" in misfits.texts[0].get_text()


def shape(points, calls):
    """A record of a shape in a plane, with the calls [runs] to the target of each way; inf: not within 900."""
    arrays, methods = {}, {}
    for name, hits in zip((GRADIENT, THEORY, TRACE), calls, strict=True):
        arrays[f"{name}/calls"] = np.arange(0, 901, 10)
        arrays[f"{name}/f"] = np.where(arrays[f"{name}/calls"] >= np.array(hits)[:, None], 1e-5, 1.0)
        methods[name] = {"step": 0.1, "most": 900}
    config = {"study": {"points": points, "embedding": 2, "target": 1e-4, "runs": 3}}
    return Record(arrays, {"n": 2 * points, "r": 3.0, "target": 1e-4, "config": config, "methods": methods})


def test_a_shape_whose_target_is_not_reached_has_an_arrow_at_the_budget():
    late = [np.inf] * 3
    found = [shape(10, ([20], [300] * 3, [100] * 3)), shape(20, ([20], late, [200] * 3)), shape(40, ([20], late, late))]
    plain, aware, paid, _ = mds_shapes.shapes(found).axes
    assert marked(plain, r"$\uparrow$") == [[[40, 900], [80, 900]]]
    assert marked(aware, r"$\uparrow$") == [[[80, 900]]]
    assert not marked(paid, r"$\uparrow$")


def start(points, hits):
    """A record of cities with two starts of gradient descent, which arrive, and of Powell's method."""
    calls = np.arange(0, 101, 10)
    arrays: dict = {"starts": np.zeros((2, 2 * points))}
    for name, each in (("gradient", (10, 20)), ("Powell", hits)):
        arrays |= {f"{name}/calls": calls, f"{name}/f": np.where(calls >= np.array(each)[:, None], 1.0, 5.0)}
    methods = {
        "gradient": {"each": {"value": 0, "grad": 1}, "most": 100},
        "Powell": {"each": {"value": 1, "grad": 0}, "most": 100},
    }
    config = {"study": {"points": points, "cities": "europe", "stress": "stress"}}
    return Record(
        arrays, {"n": 2 * points, "r": 2.0, "f_star": 1.0, "price": 4.0, "config": config, "methods": methods}
    )


def test_a_method_that_does_not_arrive_has_a_cross_and_all_others_are_pale():
    found = [start(5, (40, 60)), start(9, (np.inf, np.inf))]
    (ratios,) = mds_methods.ratio(found).axes
    ((cross,),) = marked(ratios, "x")
    assert cross[0] == 18
    assert marked(ratios, "o") == [[[10, 4], [10, 3]]]
    gradients, lines = mds_methods.curves(found).axes
    assert [line.get_color() for line in gradients.lines[:2]] == [mds_methods.PALE, mds_methods.LOOKS[0][0]]
    assert [line.get_marker() for line in lines.lines].count("x") == 1
