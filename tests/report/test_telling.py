"""One row is one method: whatever differs between cells tells their rows apart, by name, by column and by look."""

import io
import itertools
import json
import os

import pytest
from made import labelled
from matplotlib.lines import Line2D
from rich.console import Console
from test_report import cell, change

from zobench import build, report, store
from zobench.command import compose, terminal
from zobench.experiments.slowdown import numbers
from zobench.report import contenders, drawing, files, groups, naming, page, records, styles, telling
from zobench.report.records import Record

COMMANDS = (
    [],
    ["problem=noisy", "optimizer=momentum"],
    ["problem=mds", "estimator=spsa", "method=accelerated"],
    ["problem=black_box", "method=cobyqa"],
    ["problem=more_wild", "estimator=finite_difference", "optimizer=adam", "step=[0.1]"],
)


@pytest.fixture(scope="module")
def configs():
    with compose.session():
        return [build.numeric(compose.single(compose.parse(words))) for words in COMMANDS]


def with_leaf(config, key, change):
    """A copy of the config with the leaf of that key set by a function, or without it where that gives None."""
    copy = json.loads(json.dumps(config))
    *path, last = key.split(".")
    place = copy
    for name in path:
        place = place[name]
    new = change(place.pop(last))
    return copy if new is None else (place.update({last: new}), copy)[1]


def other(value):
    """Another value, as near to it as may be."""
    if value in ("gap", "float64"):
        return {"gap": "distance", "float64": "float32"}[value]
    if isinstance(value, list):
        return value[:-1] if len(value) > 1 else [*value, "trace"]
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"my.{value}" if "." in value else f"{value}_2"
    return 7 if value is None else value + 1


def rows(*asked, n=(8, 8)):
    """The rows of the table that cells of these configs are points of."""
    told = records.tell([Record("", {"config": c, "n": size}, {}) for c, size in zip(asked, n, strict=True)])
    return [{(groups.column_of(r, told), r.method, str(rule)) for rule in r.config["step"]} for r in told]


def test_configs_that_differ_in_any_leaf_are_in_different_rows(configs):
    for config in configs:
        for leaf in telling.leaves(config):
            changed = [with_leaf(config, leaf.key, other)]
            if "." in leaf.key and not leaf.key.endswith(("_target_", "metric")):
                changed.append(with_leaf(config, leaf.key, lambda value: None))
            for each in changed:
                one, two = rows(config, each)
                assert not one & two, leaf
                one, two = rows(config, each, n=(8, 16))
                assert not one & two or naming.is_size(leaf.key) or leaf.key == "step", leaf


def test_values_that_look_alike_are_said_apart():
    values = [1, 1.0, "1", True, "true", None, "null", "a b", [1, "a"], ["1", "a"], {}, [*range(99)], [*range(98)]]
    assert len({telling.text(value) for value in values}) == len(values)


def test_the_dimension_and_the_step_rule_alone_leave_one_row(configs):
    sizes = [with_leaf(configs[0], "problem.dim", lambda _, n=n: n) for n in (8, 16, 32)]
    told = records.tell([Record("", {"config": config, "n": config["problem"]["dim"]}, {}) for config in sizes])
    assert {(record.problem, record.method, record.telling, record.columns) for record in told} == {
        ("quadratic log_uniform", "two-point GD", (), ())
    }
    assert rows(*(with_leaf(configs[0], "step", lambda _, rule=rule: [rule]) for rule in ("theory", "trace"))) == [
        {("convex: f − f*", "two-point GD", rule)} for rule in ("theory", "trace")
    ]


TWO, SGD = "zobench.estimators.two_point", "optax.sgd"


def asked(estimator=TWO, optimizer=SGD, problem="zobench.problems.quadratics.quadratic", **more):
    """A config; keys with a dot written with two underscores."""
    factories = {"problem": problem, "estimator": estimator, "optimizer": optimizer, "method": naming.DESCENT}
    config: dict = {group: {"_target_": target} for group, target in factories.items()}
    config |= {"stop": {"metric": "gap"}, "dtype": "float64", "step": ["theory"]}
    for key, value in more.items():
        group, _, name = key.partition("__")
        config |= {group: {**config.get(group, {}), name: value}} if name else {group: value}
    return config


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ([{}, {"estimator": "zobench.estimators.autodiff"}], ["two-point GD", "GD (autodiff)"]),
        ([{"estimator__q": 4}], ["two-point GD"]),
        (
            [{"estimator__direction": d} for d in ("sphere", "gaussian", "rademacher")],
            ["two-point GD, direction=sphere", "two-point GD, direction=gaussian", "SPSA"],
        ),
        (
            [{"estimator__q": q, "estimator__orthogonal": q > 1} for q in (1, 4)],
            ["two-point GD, orthogonal=false q=1", "two-point GD, orthogonal=true q=4"],
        ),
        ([{"estimator__quotient": "forward"}], ["two-point GD, forward quotient"]),
        ([{"optimizer": "optax.adam"}], ["two-point GD, adam"]),
        ([{}, {"optimizer__momentum": 0.9}], ["two-point GD", "two-point GD, momentum"]),
        (
            [{"optimizer__momentum": 0.9, "optimizer__nesterov": True}, {"optimizer__momentum": 0.8}],
            ["two-point GD, Nesterov", "two-point GD, momentum"],
        ),
        ([{"estimator": "mine.two_point"}, {}], ["mine.two_point", "two-point GD"]),
        ([{"estimator": "mine.rays"}], ["rays"]),
        ([{"estimator": "mine.rays"}, {"estimator": "yours.rays"}], ["mine.rays", "yours.rays"]),
        ([{"dtype": t} for t in ("float64", "float32")], ["two-point GD, float64", "two-point GD, float32"]),
        ([{"seeds": n} for n in (4, 8)], ["two-point GD, seeds=4", "two-point GD, seeds=8"]),
        (
            [{"stop__target": t} for t in (0.1, 0.01)],
            ["two-point GD, stop.target=0.1", "two-point GD, stop.target=0.01"],
        ),
        ([{"method": {"_target_": "zobench.solvers.cma"}}], ["CMA-ES"]),
        (
            [{"method": {"_target_": "zobench.solvers.scipy", "algorithm": a}} for a in ("CG", "COBYQA")],
            ["conjugate gradients", "COBYQA"],
        ),
    ],
)
def test_names_of_methods(cells, names):
    told = records.tell([Record(str(i), {"config": asked(**cell), "n": 8}, {}) for i, cell in enumerate(cells)])
    assert [record.method for record in told] == names


def test_names_of_problems():
    inner = {"_target_": "zobench.problems.quadratics.quadratic", "spectrum": "uniform"}
    noisy = {"_target_": "zobench.problems.wrappers.noisy", "sigma": 0.1}
    problems = [noisy | {"problem": inner | {"dim": n, "mu": mu}} for n in (8, 16) for mu in (0.1, 0.2)]
    problems += [{"_target_": f"{file}.bowl", "dim": 8} for file in ("mine", "yours")]
    told = records.tell([Record(str(i), {"config": asked() | {"problem": p}}, {}) for i, p in enumerate(problems)])
    assert [(record.problem, record.n) for record in told] == [
        *((f"noisy quadratic uniform problem.mu={mu}", n) for n in (8, 16) for mu in (0.1, 0.2)),
        ("mine.bowl", 8),
        ("yours.bowl", 8),
    ]
    assert dict(told[1].columns) == {"problem.problem.mu": 0.2}
    assert dict(told[-1].columns) == {"problem.problem.mu": ""}


@pytest.fixture
def swept(tmp_path):
    """Directions of two points, two dtypes of gradient descent: six rows that were two."""
    for n, (i, change_of) in itertools.product((8, 16, 32, 64), enumerate(("sphere", "gaussian", "rademacher"))):
        arrays, meta = cell("gap", "two_point", n, power=1 + i / 10)
        meta["config"] |= {"dtype": "float64"}
        meta["config"]["estimator"]["direction"] = change_of
        store.write(tmp_path / f"{change_of}{n}.npz", arrays, meta)
    for n, dtype in itertools.product((8, 16, 32, 64), ("float64", "float32")):
        arrays, meta = cell("gap", "autodiff", n)
        meta["config"] |= {"dtype": dtype}
        store.write(tmp_path / f"{dtype}{n}.npz", arrays, meta)
    return sorted(tmp_path.glob("*.npz"))


@pytest.mark.slow
def test_a_report_has_a_row_a_column_and_a_verdict_for_each(swept, tmp_path):
    report.draw("slowdown", labelled(swept), tmp_path / "report", Console(quiet=True))
    table = {row["method"]: row for row in files.read_csv(tmp_path / "report" / "table.csv")}
    sphere, gaussian = (f"two-point GD, direction={name}" for name in ("sphere", "gaussian"))
    assert list(table) == ["GD (autodiff), float32", "GD (autodiff), float64", gaussian, sphere, "SPSA"]
    assert {(row["runs"], row["seeds"]) for name, row in table.items() if "GD (" not in name} == {("80", "20")}
    slopes = [float(table[name]["iterations_n_exponent"]) for name in (sphere, gaussian, "SPSA")]
    assert slopes == pytest.approx([1, 1.1, 1.2], abs=0.03)
    assert [row["estimator.direction"] for row in table.values()] == ["", "", "gaussian", "sphere", "rademacher"]
    assert [row["config.dtype"] for row in table.values()] == ["float32", *["float64"] * 4]
    assert [row["plain"] for row in table.values()] == ["yes", "yes", "no", "yes", "no"]
    cells = files.read_csv(tmp_path / "report" / "cells.csv")
    assert len({(row["n"], row["estimator"], row["estimator.direction"], row["config.dtype"]) for row in cells}) == 20
    text = (tmp_path / "report" / "table.md").read_text()
    assert text.partition("## Claims")[0].count("O(n/k)") == 1
    assert page.measured("slowdown", swept)[
        "convex, two points: exponent in n of the iterations"
    ].value == pytest.approx(slopes[0], abs=1e-6)


def test_the_constant_is_against_gradient_descent_that_ran_alike(swept):
    entries = groups.groups(records.load(swept))
    by_name = {group.method: group for group in entries}
    found = groups.reference(entries, by_name["SPSA"])
    assert found and found.method == "GD (autodiff), float64"
    without = [group for group in entries if group is not found]
    assert groups.reference(without, by_name["SPSA"]) is None
    line = next(line for line in numbers.rows(groups.Cells([], without)) if line["method"] == "SPSA")
    assert line["constant"] != line["constant"]


def test_of_records_that_differ_in_nothing_asked_for_the_latest_is_taken_and_said(swept, tmp_path):
    stored = store.read(tmp_path / "float6416.npz")
    assert stored
    store.write(tmp_path / "again.npz", stored.arrays, {**stored.meta, "versions": {"jax": "0.0"}})
    os.utime(tmp_path / "again.npz", (2**33, 2**33))
    loaded = records.load([*swept, tmp_path / "again.npz"])
    assert len(loaded) == len(swept) and "again" in {record.key for record in loaded}
    entries = groups.groups(loaded)
    notes = [
        line["note"]
        for line in numbers.rows(groups.Cells(loaded, entries))
        if line["method"] == "GD (autodiff), float64"
    ]
    assert notes == ["n=16: the latest of 2 records that differ in nothing asked for"]


def test_every_method_of_a_figure_has_a_look_of_its_own(swept):
    entries = groups.groups(records.load(swept))
    mine = [
        group._replace(method=f"rays, q={q}", cells=[c._replace(record=_mine(c.record)) for c in group.cells])
        for q, group in enumerate(entries * 2)
    ]
    looks = styles.looks([*entries, *mine])
    assert len({tuple(map(str, look.values())) for look in looks.values()}) == len(looks) == 15
    assert looks["two-point GD, direction=sphere"] == styles.style("two-point GD")
    shown, words = styles.legible([*entries, *mine])
    assert len({group.method for group in shown}) == styles.MOST and words == " 7 more methods: see the tables."
    names = [*contenders.KINDS, *(f"two-point descent, q={q}" for q in range(9))]
    found = contenders.looks(names)
    assert len({tuple(map(str, look.values())) for look in found.values()}) == len(names)
    assert sorted(names, key=contenders.order)[11:13] == ["two-point descent", "two-point descent, q=0"]


def _mine(record):
    config = {**record.config, "estimator": {"_target_": "mine.rays"}}
    return record._replace(meta={**record.meta, "config": config})


@pytest.mark.parametrize("count", [2, 9])
def test_a_legend_covers_no_label_and_leaves_no_edge(count):
    with drawing.context():
        figure, grid = drawing.panels(1, 1)
        grid[0][0].set_xlabel("dimension n")
        handles = [Line2D([], [], label=f"two-point GD, direction={i}") for i in range(count)]
        drawing.legend(figure, handles, "A caption that is longer than the figure is wide. " * 3, columns=5)
        wide = figure.get_size_inches()[0]
        legend = drawing.inches(figure, figure.legends[0])
        assert legend.y1 <= drawing.inches(figure, grid[0][0].xaxis).y0 + drawing.TOUCH
        assert drawing.inches(figure, figure.texts[0]).y1 <= legend.y0 + 0.1
        for artist in (figure.legends[0], *figure.texts):
            assert drawing.inches(figure, artist).x0 >= 0 and drawing.inches(figure, artist).x1 <= wide


def test_the_table_of_a_sweep_is_whole_at_80_columns(swept, tmp_path):
    labels = [f"two_point dim={8 * i} step=[theory,trace] a rather long value" for i in range(len(swept))]
    for path in swept:
        change(path, rules={"theory": {"step": 0.125, "run_seconds": 1.0}})
    screen = Console(width=80, file=io.StringIO(), record=True)
    terminal.table(list(zip(labels, swept, strict=True)), screen)
    text = screen.export_text()
    assert "…" not in text and max(map(len, text.splitlines())) <= 80
    for word in ("cell", "iterations", "reached", "[theory,trace]"):
        assert word in text


def test_labels_of_a_sweep_name_keys_of_the_same_last_word_whole():
    words = ["seeds=4,8", "tuning.seeds=3,5", "problem.mu=0.1", "estimator=two_point,autodiff"]
    with compose.session():
        overrides = compose.parse(words)
        labels = [cell.label for cell in compose.cells(overrides, compose.shared(overrides))]
    assert labels[0] == "seeds=4 tuning.seeds=3 two_point" and len({*labels}) == len(labels) == 8
