"""A map from distances: the page."""

from collections.abc import Sequence

from zobench import statistics
from zobench.experiments.mds import numbers
from zobench.report import cell_rows, groups
from zobench.report.groups import Cells
from zobench.report.page import Experiment
from zobench.report.tables import Row, Table, across, rounded, spread
from zobench.statistics import Estimate

BLOCK = {
    "iterations": spread("iterations", shown=lambda x: f"{x:.0f}"),
    "oracle calls": spread("calls", shown=lambda x: f"{x:.0f}"),
    "seconds": rounded("seconds", 2),
    "K/(n K_GD)": spread("constant"),
    "runs arrived": lambda x: (
        f"{x['reached']} of {x['runs']}" + (f", {x['diverged']} diverged" * (x["diverged"] != "0"))
    ),
    "map error": rounded("map_error"),
}


def shown(rows: Sequence[Row], _cells: Sequence[Row]) -> list[Table]:
    """All methods under the theory step and two points under the others; in the files all of them."""
    short = [x for x in rows if x["rule"] == "theory" or x["estimator"] == "two_point"] or rows
    return [_table("A map from distances", short), _table("All step rules", rows)._replace(aside=True)]


def _table(title: str, rows: Sequence[Row]) -> Table:
    """A column a map, a block a method and step rule."""
    several = len({row["problem"] for row in rows}) > 1
    place = lambda row: f"{row['problem']} " * several + f"{row['points']} points: n = {row['n']}"  # noqa: E731
    one_percent = all(abs(float(x["target"]) - 0.01 * float(x["f_star"])) <= 1e-5 * float(x["target"]) for x in rows)
    note = "To 1 % above the minimum" if one_percent else "To the target"
    note += ", median over seeds [95 % interval, bootstrap]. Map error: root mean square distance from the "
    note += "true places (km for cities), after Procrustes."
    return across(title, note, rows, place, lambda row: f"{row['method']}, {row['rule']} step", BLOCK)


def measures(found: Cells) -> dict[str, Estimate]:
    """What two points pay on the maps under the theory step, against gradient descent."""
    pairs = ((g, groups.reference(found.groups, g)) for g in found.groups if g.estimator == "two_point")
    two, gd = next(((g, gd) for g, gd in pairs if gd and g.rule == "theory" and g.plain), (None, None))
    if not (two and gd):
        return {}
    slowdowns = [groups.ratio(cell, gd).times(cell.record.n) for cell in two.cells]
    price = two.cells[0].record.calls / gd.cells[0].record.calls
    calls = [slowdown.times(price) for slowdown in slowdowns if slowdown.value == slowdown.value]
    name = "two points: calls over those of gradient descent, least over the maps"
    return {
        **({name: min(calls, key=lambda one: one.value)} if calls else {}),
        "two points: exponent in n of K/K_GD": statistics.exponent(two.n, slowdowns),
        "two points: K/(n K_GD)": groups.constant(two, gd),
    }


EXPERIMENT = Experiment(
    question="What does it cost to find a map from its distances without a gradient, and is it the same map?",
    read=groups.read,
    rows=numbers.rows,
    tables=shown,
    measures=measures,
    figures=("convergence", "map", "scaling"),
    more={"cells.csv": cell_rows.rows},
)
