"""Pictures as readers see them: names for people, looks that a colour-blind eye tells apart, ticks, labels apart."""

import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure
from pictures import RAW, faults

from zobench.command import compose
from zobench.report import drawing, labels, layout, naming, styles, ticks

SHIPPED = sorted(Path("conf").glob("contender/*.yaml")) + sorted(Path("conf").glob("method/*.yaml"))
SHIPPED += sorted(Path("conf").glob("optimizer/*.yaml")) + sorted(Path("conf").glob("estimator/*.yaml"))
DEUTERANOPE = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)  # of linear RGB, Machado et al. 2009
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def test_every_name_and_choice_in_the_shipped_configs_has_a_name_for_people():
    raw = {}
    for group in ("problem", "problem/family", "estimator", "optimizer", "method", "spectrum", "contender"):
        for path in sorted(Path("conf", group).glob("*.yaml")):
            source = path.read_text()
            targets = re.findall(r"_target_: \S*?(\w+)$", source, re.MULTILINE)
            choices = re.findall(r"[a-z]\w*", " ".join(re.findall(r"#((?: *[a-z]\w* *\|)+ *[a-z]\w*)", source)))
            for word in [path.stem, *targets, *choices, *_values(yaml.safe_load(source))]:
                if RAW.search(labels.title(word)) or (word in ACRONYMS and labels.title(word) == word):
                    raw[word] = path
    assert not raw


ACRONYMS = ("adam", "bbob", "cma", "huber", "mds", "mlp", "spsa", "usa", "welsch", "europe", "rosenbrock", "zakharov")


def _values(config):
    return [str(value) for value in config.values() if isinstance(value, str) and re.fullmatch(r"[a-z]\w*", value)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("quadratic two_level, n = 64", "quadratic two-level, n = 64"),
        ("two-point GD, adam, eps=2.5e-05", "two-point GD, Adam, eps=2.5·10⁻⁵"),
        ("σ = 1e-09 on mds europe", "σ = 10⁻⁹ on MDS Europe"),
        ("hadamard_memory, mine.two_point", "hadamard memory, mine.two_point"),
        ("$K_{two_point}$ of least_squares", "$K_{two_point}$ of least squares"),
    ],
)
def test_a_title_says_names_and_numbers_as_people_do(text, shown):
    assert labels.title(text) == shown


@pytest.mark.slow
def test_every_shipped_method_has_a_look_of_its_own_that_colour_blind_eyes_tell_apart():
    kinds = {_kind(path) for path in SHIPPED}
    assert kinds <= styles.LOOKS.keys()
    for one, other in combinations(styles.LOOKS, 2):
        (color, marker, line), (color2, marker2, line2) = styles.LOOKS[one], styles.LOOKS[other]
        apart = np.linalg.norm(_lab(color) - _lab(color2)) >= 20
        assert apart or (marker != marker2 and line != line2), (one, other)
    rules = [_lab(color) for color in styles.COLOR.values()]
    assert min(np.linalg.norm(a - b) for a, b in combinations(rules, 2)) >= 20


def _kind(path):
    added = "+" * (path.parent.name == "contender")
    with compose.session():
        overrides = compose.parse([f"{added}{path.parent.name}={path.stem}", "estimator=two_point"][: 2 - bool(added)])
        return naming.kind(compose.cells(overrides, compose.shared(overrides))[0].config)


def _lab(color):
    rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x, y, z = np.cbrt(np.maximum(XYZ @ np.clip(DEUTERANOPE @ linear, 0, 1) / [0.9505, 1, 1.089], 1e-4))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0.55, 3.4, ["0.7", "1", "1.5", "2", "3"]),
        (310, 4810, ["500", "1,000", "2,000"]),
        (6.1, 8.3, ["6.5", "7", "7.5", "8"]),
        (0.8, 40.0, ["1", "3", "10", "30"]),
        (1e-9, 1e-7, ["10⁻⁹", "10⁻⁸", "10⁻⁷"]),
    ],
)
def test_a_logarithmic_axis_that_spans_little_has_plain_ticks(low, high, shown):
    figure = Figure()
    axes = figure.add_subplot()
    axes.set(xscale="log", xlim=(low, high))
    ticks.readable(figure)
    figure.canvas.draw()
    assert [label.get_text() for label in axes.get_xticklabels() + axes.get_xticklabels(minor=True)] == shown


def test_a_logarithmic_axis_that_spans_much_has_few_powers_of_ten_and_one_with_ticks_keeps_them():
    figure = Figure()
    axes = figure.add_subplot()
    axes.set(xscale="log", yscale="log", xlim=(1e-16, 2), ylim=(1, 20))
    drawing.sizes(axes, [1e-3, 1e-1])
    axes.set_yscale("log")
    axes.set_yticks([4, 16], ["four", "sixteen"])
    ticks.readable(figure)
    assert axes.get_xticks().tolist() == [1e-3, 1e-1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["four", "sixteen"]
    assert 3 <= len(ticks.powers(1e-16, 2)) <= ticks.MOST


@pytest.mark.parametrize(("low", "high"), [(1e-6, 1), (90, 9000), (200, 30_000), (1, 1.1), (1e-3, 1e12)])
def test_ticks_of_a_narrow_axis_do_not_meet(low, high):
    figure = Figure(figsize=(4, 2))
    axes = figure.add_axes((0.2, 0.3, 1.72 / 4, 0.6))
    axes.set(xscale="log", xlim=(low, high))
    ticks.readable(figure)
    figure.canvas.draw()
    shown = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert len(shown) >= 3 and all(left.x1 < right.x0 for left, right in pairwise(shown))


def test_sizes_that_would_meet_lose_a_name_and_not_the_largest():
    with drawing.context():
        figure, [[axes]] = drawing.panels(1, 1, wide=1.5)
        axes.plot([310, 1200, 1210, 4810], [1, 2, 3, 4])
        axes.set(xscale="log")
        drawing.sizes(axes, [4810, 310, 1210, 1200, 1200])
        drawing.legend(figure, [], "")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["310", "", "1,210", "4,810"]
    assert not faults(figure)


def test_labels_that_would_meet_move_their_axes_apart_and_stay_inside():
    with drawing.context():
        figure, grid = drawing.panels(2, 2, wide=1.5, high=1.2, gap=0.2, head=0.1, left=0.1)
        for axes in (axes for row in grid for axes in row):
            axes.set(
                ylim=(0, 1e5), ylabel="oracle calls to target", xlabel="dimension n", title="a long title of calls"
            )
        before = faults(figure)
        drawing.legend(figure, [drawing.handle("two_point", "black")], "A caption.")
    assert before and not faults(figure)
    assert [axes.get_position().width * figure.get_size_inches()[0] for axes in grid[0]] == pytest.approx([1.5, 1.5])
    assert layout.inches(figure, grid[0][0]).y1 < figure.get_size_inches()[1] < 6
