"""Convergence of any sweep: the best value so far against iterations, calls, calls at their prices, seconds."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from zobench.report import drawing, labels
from zobench.report.compare import found as best
from zobench.report.compare.labels import Block, Key, blocks, curve
from zobench.report.compare.panels import FOOT, Panel, logarithmic, multiples
from zobench.report.compare.traces import AXES, Trace, largest, trace
from zobench.report.explorer.origin import prices
from zobench.report.groups import Cells
from zobench.report.measured import Measured, bound
from zobench.report.records import Record

QUANTITY = {"gradient": "least ‖∇f‖² so far", "gap": "f − f*", "distance": "‖x − x*‖²"}
PROVEN = 4  # lines of a panel that are drawn with their bounds and exact means
CONTEXT = 24  # lines of all blocks that are drawn behind each other's
BEHIND = {"color": "#cccccc", "lw": 0.5, "zorder": 0.5}
BELOW, ABOVE = 1e-4, 30.0  # an axis ends there, times the target and the start
ROOM = 2.5  # an axis goes so far above the highest value
ROUNDING = 1e-6  # of the start: f − f* may be so far below zero
CLEAR = 0.1  # seconds of a cell below which they say nothing of the method


def convergence(found: Cells, axis: str = "calls") -> Figure | None:
    """Median over seeds and the band of 10 to 90 % against oracle calls, each problem at its largest dimension."""
    parts, known = blocks(found), largest(found)
    traces = {column: {key: trace(cell) for key, cell in cells.items()} for column, (_, cells) in known.items()}
    behind = _has_context(parts)
    shows = []
    for column, (n, cells) in known.items():
        span = _span([*traces[column].values()], [float(cell.record.meta["target"]) for cell in cells.values()])
        draw = partial(_curves, cells=cells, traces=traces[column], axis=axis, span=span, behind=behind)
        shows.append(Panel(title(column, n, cells), draw, cells.keys()))
    few = {key for block in parts if len(block.looks) <= PROVEN for key in block.looks}
    few_cells = [cell for _, cells in known.values() for key, cell in cells.items() if key in few]
    grey = [Line2D([], [], label="other methods", color="#cccccc")] if behind else []
    exact, proven = any(_exact(cell) is not None for cell in few_cells), any(map(_is_bound_seen, few_cells))
    extra = [Line2D([], [], label="exact mean", color=FOOT, marker="x", ms=4, lw=0)] if exact else []
    extra += [Line2D([], [], label="bound on the mean", color=FOOT, lw=0.6)] if proven else []
    extra = extra if axis != "seconds" else []
    caption = f"Median over {found.seeds} seeds, band: 10 to 90 % of runs." if found.seeds > 1 else "One run each."
    if any(cell.ended("diverged") + cell.ended("nan") for cell in found.measured):
        caption += f" Runs that diverge leave the axis at {ABOVE:.0f} times the start."
    ends = [(traces[column][key], cell) for column, (_, cells) in known.items() for key, cell in cells.items()]
    if any(one.values.min() < BELOW * cell.record.meta["target"] for one, cell in ends):
        caption += f" What is below {BELOW:g} of the target is drawn there."
    if axis == "priced":
        caption += f" {prices(record.meta for record in found.records)}"
    return multiples(shows, parts, caption, AXES[axis], [*grey, *extra])


def convergence_iterations(found: Cells) -> Figure | None:
    """Against iterations; None where each asks the same, and the axis would differ by a factor alone."""
    asked = {cell.record.calls for cell in found.measured}
    return convergence(found, "iterations") if len(asked) > 1 else None


def convergence_priced(found: Cells) -> Figure | None:
    """Against calls at their prices; None where values alone are asked for, or a price is not known."""
    records = [cell.record for cell in found.measured]
    asked, known = any(r.derivatives for r in records), all(r.price is not None for r in records)
    return convergence(found, "priced") if asked and known else None


def convergence_seconds(found: Cells) -> Figure | None:
    """Against seconds of the runs, where all cells took long enough."""
    took = [cell.record.meta["rules"][cell.rule] for cell in found.measured]
    clear = all(float(about.get("run_seconds") or 0) > CLEAR and about.get("steps_run") for about in took)
    return convergence(found, "seconds") if took and clear else None


def title(column: str, n: int, cells: Mapping[Key, Measured]) -> str:
    """The problem and its dimension; its class where it stands for one."""
    problem = called(next(iter(cells.values())).record)
    return f"{problem}, n = {n}" if n else problem or column


def called(record: Record) -> str:
    """The problem's name for people, or the user's."""
    return record.problem if record.is_labelled else labels.title(record.problem)


def _curves(
    axes: Axes,
    block: Block,
    cells: Mapping[Key, Measured],
    traces: Mapping[Key, Trace],
    axis: str,
    span: tuple[float, float],
    behind: bool,
) -> bool:
    own = [key for key in block.looks if key in traces and drawing.thin(traces[key].k).size]
    for key in (key for key in traces if behind and key not in block.looks):
        shown = drawing.thin(traces[key].k)[::3]
        axes.plot(traces[key].spent(axis)[shown], np.median(traces[key].values[:, shown], axis=0), **BEHIND)
    low, high = span
    for key in own:
        one, shown = traces[key], drawing.thin(traces[key].k)
        x, values = one.spent(axis)[shown], np.clip(one.values[:, shown], low, None)
        if np.isfinite(np.quantile(values, 0.5, axis=0, method="lower")).any():
            drawing.runs(axes, x, values, curve(block, key), 0.12, 1e3 * high)
        if len(block.looks) <= PROVEN and axis != "seconds":
            _proven(axes, cells[key], x, shown, block.looks[key]["color"])
    if own and low > 0:
        axes.set_ylim(low / 1.6, ROOM * high)
    logarithmic(axes, y=low > 0)
    record = next(iter(cells.values())).record
    axes.set_ylabel(best.BEST if best.is_open(record) else QUANTITY[record.metric])
    return bool(own)


def _span(traces: list[Trace], targets: list[float]) -> tuple[float, float]:
    """The least and the largest value of an axis: not far below the target, nor above the start; -inf: not positive."""
    values = np.concatenate([one.values.ravel() for one in traces] or [np.ones(1)])
    starts = [one.start for one in traces if np.isfinite(one.start)]
    positive = values[np.isfinite(values) & (values > 0)]
    if not positive.size or values.min() < -ROUNDING * max(starts, default=0.0):
        return -np.inf, max(starts, default=1.0)
    medians = [np.median(one.values[:, 1:], axis=0) for one in traces if one.values.shape[1] > 1]
    top = max((float(middle[np.isfinite(middle)].max(initial=0.0)) for middle in medians), default=1.0)
    low = max(float(positive.min()), BELOW * min(targets, default=0.0))
    return low, max(min(top, ABOVE * max(starts, default=top)), low)


def _has_context(parts: list[Block]) -> bool:
    return len(parts) > 1 and sum(len(block.looks) for block in parts) <= CONTEXT


def _exact(cell: Measured) -> np.ndarray | None:
    return cell.record.array(cell.rule, f"exact_{cell.record.metric}")


def _is_proven(cell: Measured) -> bool:
    return cell.record.plain and cell.rule == "theory"


def _is_bound_seen(cell: Measured) -> bool:
    """Whether the proven bound comes down to where the axis is."""
    if not _is_proven(cell) or len(cell.record.k(cell.rule)) < 2:
        return False
    least = bound(cell.record, cell.record.k(cell.rule)[-1:].astype(float))[0]
    return bool(least < ROOM * np.median(trace(cell).values[:, 1:], axis=0).max())


def _proven(axes: Axes, cell: Measured, x: np.ndarray, shown: np.ndarray, color: str) -> None:
    """The exact mean as crosses and the proven bound as a thin line."""
    exact = _exact(cell)
    if exact is not None:
        axes.plot(x, exact[shown], color=color, marker="x", ms=4, lw=0, markevery=0.12)
    if _is_proven(cell):
        axes.plot(x, bound(cell.record, cell.record.k(cell.rule)[shown]), color=color, lw=0.6)
