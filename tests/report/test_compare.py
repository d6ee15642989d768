"""The page of any sweep: what varies decides what is drawn, whatever the sweep is."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import made
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread

from zobench import store
from zobench.report import files, groups, page, styles
from zobench.report.compare import budget, figures, labels, panels, targets, traces
from zobench.report.compare.page import CAPTIONS
from zobench.report.wording import Wording

K = np.array([0, 1, 2, 4, 8, 16, 32, 64])
PROBLEMS = ("quadratics.quadratic", "classification.logistic", "robust.welsch")
PRICED: dict[str, dict[str, Any]] = {"autodiff": {"prices": {"grad": 1.5}}}
FACTOR = {"autodiff": 1.0, "finite_difference": 1.0, "two_point": 0.5, "regression": 0.25}


def cell(folder, *, problem=PROBLEMS[0], n=8, estimator="two_point", seeds=3, runs=None, speed=None, **more):
    """A cell whose runs r fall like exp(−speed (1 + r/10) k/n) from 1, to the target 0.01."""
    runs = seeds if runs is None else runs
    speed = FACTOR.get(estimator, 1.0) if speed is None else speed
    with np.errstate(over="ignore"):
        curves = np.exp(-speed * (1 + np.arange(runs) / 10)[:, None] * K / n)
    hits = np.where((curves <= 0.01).any(axis=1), K[(curves <= 0.01).argmax(axis=1)].astype(float), np.inf)
    outcome = np.where(np.isfinite(hits), "reached", "not reached")
    arrays = {"theory/k": K, "theory/gap": curves, "theory/hits": hits, "theory/outcome": outcome}
    about = {
        "n": n,
        "B": 1.0,
        "L": 1.0,
        "mu": 0.1,
        "delta": 1.0,
        "radius2": 1.0,
        "target": 0.01,
        "compile_seconds": 0.1,
    }
    asked = {"dtype": more.pop("dtype", "float64"), "seed": more.pop("seed", 0), "seeds": seeds}
    config = {"_target_": f"zobench.problems.{problem}", "dim": n}
    path = made(folder, config, arrays=arrays, estimator=estimator, asked=asked, **about, **more)
    record = store.read(path)
    assert record
    rules = {rule: {"step": 1.0, "run_seconds": 0.5, "steps_run": 100} for rule in record.meta["rules"]}
    asks = {"value": record.meta["calls"]["value"], "jvp": 0, "grad": 0}
    asks |= {"value": 0, "grad": 1} if "prices" in record.meta else {}
    store.write(path, record.arrays, {**record.meta, "rules": rules, "calls": asks})
    return path


def failed(folder, **more):
    config = {"_target_": f"zobench.problems.{PROBLEMS[0]}", "dim": 99}
    return made(folder, config, arrays={}, status="failed", reason="no such luck", **more)


@pytest.fixture
def drawn(tmp_path):
    """Writes the page of some records; the figures that it has."""

    def draw(paths, name="page"):
        (tmp_path / name).mkdir(exist_ok=True)
        written = page.write("sweep", paths, tmp_path / name, command="zobench -m all")
        assert {file.name for file in (tmp_path / name).iterdir()} == {*written}
        return {Path(file).stem for file in written if file.endswith(".png")}

    return draw


@pytest.mark.slow
def test_three_problems_four_methods_and_two_dtypes(drawn, tmp_path):
    paths = [
        cell(tmp_path, problem=problem, n=n, estimator=estimator, dtype=dtype, calls=calls, **PRICED.get(estimator, {}))
        for problem in PROBLEMS
        for n in (2, 4, 8)
        for dtype in ("float64", "float32")
        for estimator, calls in zip(FACTOR, (1, 2 * n, 2, 2), strict=True)
    ]
    assert drawn(paths) == {*CAPTIONS}
    names = {row["line"] for row in files.read_csv(tmp_path / "page" / "targets.csv")}
    assert len(names) == 8 and {"two-point GD, float32", "regression, float64"} <= names
    for name in CAPTIONS:
        high, wide, _ = imread(tmp_path / "page" / f"{name}.png").shape
        assert wide <= 1400 and high <= 900
    text = (tmp_path / "page" / "table.md").read_text()
    assert text.count("    zobench -m all\n") == 1 + len(CAPTIONS) and "Not drawn" not in text
    whole = {file.name: file.read_bytes() for file in (tmp_path / "page").iterdir()}
    drawn(paths[::-1], "again")
    assert {file.name: file.read_bytes() for file in (tmp_path / "again").iterdir()} == whole


@pytest.mark.parametrize(
    ("sweep", "there"),
    [
        (lambda at: [cell(at)], {"convergence", "runtimes", "convergence_seconds"}),
        (lambda at: [cell(at, seeds=1)], {"convergence", "runtimes", "convergence_seconds"}),
        (lambda at: [failed(at)], set()),
        (lambda at: [cell(at, n=10_000), failed(at)], {"convergence", "convergence_seconds"}),
        (
            lambda at: [cell(at, method={"_target_": "zobench.solvers.scipy", "algorithm": one}, speed=i)
                        for i, one in enumerate(("Powell", "COBYQA"), 1)],
            {"convergence", "runtimes", "convergence_seconds", "ranks"},
        ),
        (lambda at: [cell(at, n=n) for n in (4, 8)], {"convergence", "runtimes", "convergence_seconds", "scaling"}),
    ],
    ids=["one cell", "one seed", "failed", "nothing arrives", "solvers", "two sizes"],
)  # fmt: skip
def test_what_has_nothing_to_show_is_left_out_and_named(drawn, tmp_path, sweep, there):
    assert drawn(sweep(tmp_path)) == there
    text = (tmp_path / "page" / "table.md").read_text()
    assert all(CAPTIONS[name].takes in text for name in CAPTIONS.keys() - there) or not there


def test_runs_that_leave_the_numbers_or_are_negative_are_drawn(drawn, tmp_path):
    assert "convergence" in drawn([cell(tmp_path, speed=-50.0), cell(tmp_path, estimator="autodiff", speed=-1e4)])
    paths = [cell(tmp_path / "b", n=n) for n in (4, 8)]
    found = groups.read(paths)
    for each in found.measured:
        each.record.arrays["theory/gap"] -= 0.5  # a black box whose f* is not known
    figure = figures.convergence(found)
    assert figure and figure.axes[0].get_yscale() == "linear"


def test_names_of_a_stranger_are_text(drawn, tmp_path):
    bad = ("$\\frac{", "_hidden", "<script>alert(1)</script>", "a\x1b[31m|b`c\n# d", "{}%&#", "x" * 300)
    paths = [cell(tmp_path, estimator=name, problem=problem) for name in bad for problem in (bad[0], PROBLEMS[0])]
    assert {"convergence", "ranks", "profiles"} <= drawn(paths)
    text = (tmp_path / "page" / "table.md").read_text()
    assert "<script" not in text and "\x1b" not in text and "\n# d" not in text
    svg = (tmp_path / "page" / "convergence.svg").read_text()
    assert "<script" not in svg


def test_many_lines_become_small_multiples_of_at_most_eight(tmp_path):
    paths = [cell(tmp_path, estimator=name, dtype=f"float{i}") for name in FACTOR for i in range(10)]
    found = groups.read(paths)
    parts = labels.blocks(found)
    assert len(labels.lines(found)) == 40 == sum(len(part.looks) for part in parts)
    assert all(len(part.looks) <= 8 for part in parts) and {part.title for part in parts} >= {"two-point GD"}
    for part in parts:
        looks = {(look["color"], str(look["linestyle"]), look["marker"]) for look in part.looks.values()}
        assert len(looks) == len(part.looks) == len({*part.labels.values()})
    figure = figures.convergence(found)
    assert figure and len(figure.axes) == len(parts) and figure.get_size_inches()[0] < 10


@pytest.mark.slow
def test_a_figure_has_twelve_blocks_of_lines_and_says_how_many_more_there_are(tmp_path):
    found = groups.read([cell(tmp_path, estimator=name, dtype=f"float{i}") for name in FACTOR for i in range(30)])
    figure, ranks = figures.convergence(found), figures.ranks(found)
    assert figure and ranks and len(labels.blocks(found)) == 16
    for each in (figure, ranks):
        assert len(each.axes) == 12 and "4 more groups of methods" in " ".join(each.get_supxlabel().split())


def test_any_number_of_methods_has_looks():
    shipped = [*styles.LOOKS]
    looks = styles.named([*map(str, range(3000)), *shipped], {kind: kind for kind in shipped})
    assert len(looks) == 3000 + len(shipped) and looks[shipped[0]] == styles.style(shipped[0])


def test_calls_to_several_targets_come_from_one_run(tmp_path):
    rows = targets.rows(groups.read([cell(tmp_path, n=4, speed=1.0, seeds=1, calls=3)]))
    assert [row["target"] for row in rows] == [10.0**-i for i in range(1, 7)]
    exact = [3 * np.ceil(4 * np.log(10) * i) for i in range(1, 7)]
    np.testing.assert_allclose([row["calls"] for row in rows], exact)


def test_budgets_are_paired_over_the_seeds_that_all_have(tmp_path):
    slow = cell(tmp_path, n=64, estimator="two_point", seeds=6, speed=1.0)  # run r is 1 + r/10 fast
    fast = cell(tmp_path, n=64, estimator="regression", seed=2, seeds=4, speed=1.1)
    fixed = cell(tmp_path, n=64, estimator="autodiff", seeds=6, runs=1, speed=1.05)
    found = groups.read([slow, fast, fixed])
    (cells,) = traces.places(found).values()
    race = budget.race(cells, np.array([64.0, 128.0]))
    assert race and race.values.shape == (3, 4, 2)
    of = {method: race.values[race.keys.index((method, "theory"))] for method, _ in race.keys}
    np.testing.assert_allclose(of["two-point GD"][:, 0], np.exp(-(1.2 + np.arange(4) / 10) / 2), rtol=1e-6)
    np.testing.assert_allclose(of["GD (autodiff)"][:, 1], np.exp(-1.05), rtol=1e-6)
    last = budget.rows(found)[-1]
    assert (last["best"], last["even"], last["seeds"]) == ("two-point GD", 0, 4)
    assert last["second"] == "regression" and last["ahead"] == 1.0
    apart = groups.read([slow, cell(tmp_path, n=64, estimator="regression", seed=100)])
    assert budget.rows(apart) == [] and figures.ranks(apart) is None


def test_calls_against_n_are_those_to_a_decade_where_the_target_is_not_reached(tmp_path):
    found = groups.read([cell(tmp_path, n=n, speed=0.2) for n in (3, 4, 8)])
    share, arrived = targets.against_n(found, found.columns[0])
    assert share == 0.1 and [n for n, _ in arrived["two-point GD", "theory"]] == [3, 4]
    found = groups.read([cell(tmp_path / "b", n=n, speed=2.0) for n in (4, 8)])
    share, arrived = targets.against_n(found, found.columns[0])
    assert share == 0 and [calls.value for _, calls in arrived["two-point GD", "theory"]] == [
        18,
        34,
    ]  # ln 100 n/2.2, two a step


def test_a_gradient_counts_at_the_price_that_its_record_keeps(tmp_path, drawn):
    paths = [cell(tmp_path, estimator="autodiff", prices={"grad": 1.75}), cell(tmp_path, calls=2)]
    assert "convergence_priced" in drawn(paths)
    ran = {line.record.method: traces.trace(line) for line in groups.read(paths).measured}
    np.testing.assert_allclose([one.spent("priced")[-1] / one.k[-1] for one in ran.values()], [1.75, 2.0])
    said = "A gradient with its value counts as 1.75 values of f"
    assert said in (tmp_path / "page" / "index.html").read_text() and said in _text(
        figures.convergence_priced(groups.read(paths))
    )
    for unknown in ({}, {"grad": None}, [], {"jvp": 2.0}):
        paths[0] = cell(tmp_path, estimator="autodiff", prices=unknown)
        assert figures.convergence_priced(groups.read(paths)) is None
    assert figures.convergence_priced(groups.read(paths[1:])) is None  # as calls


def _text(figure):
    return " ".join(figure._supxlabel.get_text().split())


@pytest.mark.parametrize("sizes", [(8, 16), (8, 16, 32), (3, 1000), (10, 11, 12), tuple(range(4, 40, 3))])
def test_pictures_against_n_have_ticks_at_dimensions(tmp_path, sizes):
    found = groups.read([cell(tmp_path, n=n, speed=0.2 * n) for n in sizes])
    for figure in filter(None, (figures.scaling(found), figures.exponents(found))):
        axes = figure.axes[0]
        low, high = axes.get_xlim()
        ticks = [int(tick) for tick in axes.get_xticks() if low <= tick <= high]
        assert {*ticks} <= {*sizes} and 2 <= len(ticks) <= 5 and low < sizes[0] and sizes[-1] < high


def test_a_csv_file_of_no_rows_is_not_written_and_an_earlier_one_goes(drawn, tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "profiles.csv").write_text("line,problems\nmine,7\n")
    drawn([cell(tmp_path)])
    there = {file.name for file in (tmp_path / "page").glob("*.csv")}
    assert (
        there == {"table.csv", "cells.csv", "targets.csv"}
        and "mine" not in (tmp_path / "page" / "table.md").read_text()
    )


@pytest.mark.parametrize(("L", "seen"), [(1.0, True), (1e6, False)])
def test_a_bound_is_in_the_legend_where_it_is_on_the_axis(tmp_path, L, seen):
    path = cell(tmp_path)
    record = store.read(path)
    assert record
    store.write(path, record.arrays, {**record.meta, "L": L})
    figure = figures.convergence(groups.read([path]))
    assert figure and ("bound on the mean" in [text.get_text() for text in figure.legends[0].get_texts()]) == seen


def test_long_legends_make_a_picture_higher_and_no_panel_smaller(tmp_path):
    paths = [cell(tmp_path, problem=PROBLEMS[i % 3], estimator=f"{name}_{'long_name_' * 9}{i}", dtype=f"float{i}")
             for name in ("a", "b") for i in range(12)]  # fmt: skip
    found = groups.read(paths)
    figure = figures.convergence(found)
    assert figure
    wide, high = figure.get_size_inches()
    assert {
        (round(a.get_position().width * wide, 3), round(a.get_position().height * high, 3)) for a in figure.axes
    } == {(panels.WIDE, panels.HIGH)}
    draw = FigureCanvasAgg(figure).get_renderer()
    boxes = [legend.get_window_extent(draw) for legend in figure.legends]
    assert len(boxes) > 1 and all(below.y1 < above.y0 for above, below in pairwise(boxes))
    assert all(
        any(np.size(line.get_xdata()) for line in axes.lines) for axes in figure.axes
    )  # a group has its own problems


def test_no_label_is_cut_and_no_title_runs_into_the_legend(tmp_path):
    evil = "W" * 20 + " wide names WITH MANY CAPITALS and more of them: " + "x" * 60
    wording = Wording({"two_point": evil, "autodiff": "a_b $x$", "quadratic": f"bowl {evil}"}, [])
    paths = [cell(tmp_path, n=n, estimator=name) for n in (4, 8) for name in ("two_point", "autodiff")]
    for draw in (figures.convergence, figures.scaling, figures.runtimes, figures.ranks):
        figure = draw(groups.read(paths, wording))
        assert figure
        render = FigureCanvasAgg(figure).get_renderer()
        (legend,) = figure.legends
        assert legend.get_window_extent(render).x1 <= figure.bbox.x1
        title = figure.axes[0].title.get_window_extent(render)
        assert title.x1 <= legend.get_window_extent(render).x0 and title.y1 <= figure.bbox.y1


def test_names_in_pictures_are_those_for_people_and_a_users_own_stay(tmp_path):
    paths = [cell(tmp_path, problem=PROBLEMS[2])]
    assert _titles(figures.convergence(groups.read(paths))) == ["Welsch, n = 8"]
    own = groups.read(paths, Wording({"welsch": "my_welsch"}))
    assert _titles(figures.convergence(own)) == ["my_welsch, n = 8"]


def _titles(figure):
    return [axes.get_title() or axes.get_title("left") for axes in figure.axes]


def test_what_no_run_reaches_has_no_profile_and_what_all_reach_at_once_no_distribution(tmp_path):
    asked = [(name, problem) for name in ("two_point", "autodiff") for problem in PROBLEMS[:2]]
    slow = [cell(tmp_path, estimator=name, problem=problem, speed=0.3) for name, problem in asked]
    figure = figures.profiles(groups.read(slow))
    assert figure and _titles(figure) == ["runtimes", "quality profile"]
    assert "No run arrives at the target" in _text(figure) and all(axes.get_xlabel() for axes in figure.axes)
    fast = [cell(tmp_path / "fast", estimator=name, problem=problem) for name, problem in asked]
    figure = figures.profiles(groups.read(fast))
    assert figure and _titles(figure)[:2] == ["performance profile", "data profile"]
    assert all(axes.get_xlabel() for axes in figure.axes)
    assert figures.runtimes(groups.read([cell(tmp_path / "at once", runs=1, speed=1000.0)])) is None
