"""The pictures of any sweep: what varies in it decides which there are."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from zobench.report import drawing
from zobench.report import profiles as shares
from zobench.report.compare import across, budget, targets
from zobench.report.compare import found as best
from zobench.report.compare.labels import Block, Key, blocks, curve
from zobench.report.compare.panels import FOOT, Panel, logarithmic, multiples
from zobench.report.compare.traces import AXES, Trace, largest, places, trace
from zobench.report.groups import Cells
from zobench.report.measured import Measured, bound

QUANTITY = {"gradient": "least ‖∇f‖² so far", "gap": "f − f*", "distance": "‖x − x*‖²"}
PROVEN = 4  # lines of a panel that are drawn with their bounds and exact means
CONTEXT = 24  # lines of all blocks that are drawn behind each other's
BEHIND = {"color": "#cccccc", "lw": 0.5, "zorder": 0.5}
BELOW, ABOVE = 1e-4, 30.0  # an axis ends there, times the target and the start
ROUNDING = 1e-6  # of the start: f − f* may be so far below zero
SEVERAL = 10  # problems from which an interval over them is no whole axis
CLEAR = 0.1  # seconds of a cell below which they say nothing of the method


def convergence(found: Cells, axis: str = "calls") -> Figure | None:
    """Median over seeds and the band of 10 to 90 % against oracle calls, each problem at its largest dimension."""
    parts, known = blocks(found), largest(found)
    traces = {column: {key: trace(cell) for key, cell in cells.items()} for column, (_, cells) in known.items()}
    shows = [
        Panel(_title(column, n, cells), partial(_curves, cells=cells, traces=traces[column], axis=axis, parts=parts))
        for column, (n, cells) in known.items()
    ]
    few = {key for block in parts if len(block.looks) <= PROVEN for key in block.looks}
    few_cells = [cell for _, cells in known.values() for key, cell in cells.items() if key in few]
    grey = [Line2D([], [], label="other methods", color="#cccccc")] if _has_context(parts) else []
    exact, proven = any(_exact(cell) is not None for cell in few_cells), any(map(_is_proven, few_cells))
    extra = [Line2D([], [], label="exact mean", color=FOOT, marker="x", ms=4, lw=0)] if exact else []
    extra += [Line2D([], [], label="bound on the mean", color=FOOT, lw=0.6)] if proven else []
    extra = extra if axis != "seconds" else []
    caption = f"Median over {found.seeds} seeds, band: 10 to 90 % of runs." if found.seeds > 1 else "One run each."
    if any(cell.ended("diverged") + cell.ended("nan") for cell in found.measured):
        caption += f" Runs that diverge leave the axis at {ABOVE:.0f} times the start."
    ends = [(traces[column][key], cell) for column, (_, cells) in known.items() for key, cell in cells.items()]
    if any(one.values.min() < BELOW * cell.record.meta["target"] for one, cell in ends):
        caption += f" What is below {BELOW:g} of the target is drawn there."
    return multiples(shows, parts, caption, AXES[axis], [*grey, *extra])


def convergence_iterations(found: Cells) -> Figure | None:
    """Against iterations; None where each asks the same, and the axis would differ by a factor alone."""
    asked = {cell.record.calls for cell in found.measured}
    return convergence(found, "iterations") if len(asked) > 1 else None


def convergence_seconds(found: Cells) -> Figure | None:
    """Against seconds of the runs, where all cells took long enough."""
    took = [cell.record.meta["rules"][cell.rule] for cell in found.measured]
    clear = all(float(about.get("run_seconds") or 0) > CLEAR and about.get("steps_run") for about in took)
    return convergence(found, "seconds") if took and clear else None


def _title(column: str, n: int, cells: Mapping[Key, Measured]) -> str:
    """The problem and its dimension; its class where it stands for one."""
    problem = next(iter(cells.values())).record.problem
    return f"{problem}, n = {n}" if n else problem or column


def _curves(
    axes: Axes,
    block: Block,
    cells: Mapping[Key, Measured],
    traces: Mapping[Key, Trace],
    axis: str,
    parts: list[Block],
) -> bool:
    own = [key for key in block.looks if key in traces and drawing.thin(traces[key].k).size]
    for key in (key for key in traces if _has_context(parts) and key not in block.looks):
        shown = drawing.thin(traces[key].k)[::3]
        axes.plot(traces[key].spent(axis)[shown], np.median(traces[key].values[:, shown], axis=0), **BEHIND)
    low, high = _span([*traces.values()], [float(cell.record.meta["target"]) for cell in cells.values()])
    for key in own:
        one, shown = traces[key], drawing.thin(traces[key].k)
        x, values = one.spent(axis)[shown], np.clip(one.values[:, shown], low, None)
        if np.isfinite(np.quantile(values, 0.5, axis=0, method="lower")).any():
            drawing.runs(axes, x, values, curve(block, key), 0.12, 1e3 * high)
        if len(block.looks) <= PROVEN and axis != "seconds":
            _proven(axes, cells[key], x, shown, block.looks[key]["color"])
    if own and low > 0:
        axes.set_ylim(low / 1.6, 2.5 * high)
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


def _proven(axes: Axes, cell: Measured, x: np.ndarray, shown: np.ndarray, color: str) -> None:
    """The exact mean as crosses and the proven bound as a thin line."""
    exact = _exact(cell)
    if exact is not None:
        axes.plot(x, exact[shown], color=color, marker="x", ms=4, lw=0, markevery=0.12)
    if _is_proven(cell):
        axes.plot(x, bound(cell.record, cell.record.k(cell.rule)[shown]), color=color, lw=0.6)


def scaling(found: Cells) -> Figure | None:
    """Oracle calls to the target against n, where several dimensions arrived."""
    caption = "Median calls to the target, or where no two dimensions arrive there to the share of the start that is "
    caption += "named; 95 % interval. No point: half of the runs or more did not arrive."
    return _against_n(found, _calls_to_target, 2, caption)


def exponents(found: Cells) -> Figure | None:
    """Local exponents of the calls to the target: the slope from each dimension to the next."""
    caption = "d ln(calls to the target)/d ln n between neighbouring n, at their geometric mean."
    return _against_n(found, _local_exponents, 3, caption)


def _against_n(found: Cells, draw: Callable[..., bool], least: int, caption: str) -> Figure | None:
    shows = []
    for column in found.columns:
        share, arrived = targets.against_n(found, column)
        if max((len(points) for points in arrived.values()), default=0) >= least:
            record = next(group.cells[0].record for group in found.groups if group.column == column)
            title = record.problem + (f", to {share:g} of the start" if share else "")
            shows.append(Panel(title, partial(draw, arrived=arrived)))
    return multiples(shows, blocks(found), caption, "dimension n") if shows else None


def _calls_to_target(axes: Axes, block: Block, arrived: Mapping[Key, targets.Points]) -> bool:
    own = {line: arrived[line] for line in block.looks if arrived.get(line)}
    for line, points in own.items():
        look = block.looks[line]
        for n, calls in points:
            axes.plot([n, n], [calls.low, calls.high], color=look["color"], lw=0.8)
        axes.plot([n for n, _ in points], [calls.value for _, calls in points], **look, ms=3.6)
    values = [calls.value for points in arrived.values() for _, calls in points]
    axes.set(yscale="log", ylim=(min(values) / 1.5, 1.5 * max(values)))
    logarithmic(axes)
    _sizes(axes, arrived)
    axes.set_ylabel("calls to the target")
    return bool(own)


def _local_exponents(axes: Axes, block: Block, arrived: Mapping[Key, targets.Points]) -> bool:
    own = {line: arrived[line] for line in block.looks if len(arrived.get(line, ())) > 1}
    for line, points in own.items():
        n, calls = np.log([(n, calls.value) for n, calls in points]).T
        axes.plot(np.exp((n[1:] + n[:-1]) / 2), np.diff(calls) / np.diff(n), **block.looks[line], ms=3.6)
    for whole in (0, 1):
        axes.axhline(whole, color="#dddddd", lw=0.6, zorder=0)
    axes.set_xscale("log")
    _sizes(axes, arrived)
    axes.set_ylabel("local exponent")
    return bool(own)


def _sizes(axes: Axes, arrived: Mapping[Key, targets.Points]) -> None:
    """Ticks at the dimensions, at most five of them."""
    known = sorted({n for points in arrived.values() for n, _ in points})
    drawing.sizes(axes, known[:: -(-len(known) // 5)])


def ranks(found: Cells) -> Figure | None:
    """Mean rank after so many calls, 1 the best, each problem at its largest dimension."""
    races = {column: (n, cells, made) for column, (n, cells) in largest(found).items() if (made := budget.race(cells))}
    shows = [
        Panel(_title(column, n, cells), partial(_ranked, found=made)) for column, (n, cells, made) in races.items()
    ]
    many = any(made.values.shape[1] > 1 for *_, made in races.values())
    caption = "Rank by the best value after so many calls, 1 the best; methods that have met the target, or agree to "
    caption += "1 %, are even. "
    caption += "Mean over seeds, paired; bands, of few methods: 95 % interval. " if many else "One run each. "
    caption += "A method that has ended keeps its last value."
    return multiples(shows, blocks(found), caption, "oracle calls") if shows else None


def _ranked(axes: Axes, block: Block, found: budget.Race) -> bool:
    mean, low, high = budget.mean_ranks(found)
    drawn = False
    for i, line in enumerate(found.keys):
        if line in block.looks:
            axes.plot(found.calls, mean[i], **curve(block, line))
            if len(block.looks) <= PROVEN:
                drawing.band(axes, found.calls, low[i], high[i], block.looks[line]["color"], 0.12)
            drawn = True
    logarithmic(axes, y=False)
    axes.set_ylim(len(found.keys) + 0.3, 0.7)
    axes.yaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_ylabel("rank")
    return drawn


def runtimes(found: Cells) -> Figure | None:
    """Share of runs and targets reached within so many calls over n, each problem over all its dimensions."""
    known: dict[str, dict[Key, list[np.ndarray]]] = {}
    for (column, n), cells in places(found).items():
        for line, reached in targets.distribution(cells).items():
            known.setdefault(column, {}).setdefault(line, []).append(reached / n)
    titles = {column: _title(column, 0, cells) for column, (_, cells) in largest(found).items()}
    shows = [Panel(titles[column], partial(_steps, times=own)) for column, own in known.items()]
    caption = f"Share of the runs and of {targets.SHARES} targets reached: from the value at the start down to the "
    caption += "least of its decades 0.1, 0.01, ... that some run has reached."
    return multiples(shows, blocks(found), caption, "oracle calls / n") if shows else None


def _steps(axes: Axes, block: Block, times: Mapping[Key, list[np.ndarray]]) -> bool:
    own = {line: np.concatenate([part.ravel() for part in times[line]]) for line in block.looks if line in times}
    ends = np.concatenate([np.concatenate([part.ravel() for part in parts]) for parts in times.values()])
    ends = ends[np.isfinite(ends) & (ends > 0)]
    if not (own and ends.size):
        return False
    x = np.geomspace(ends.min(), max(ends.max(), 1.1 * ends.min()), 150)
    for line, values in own.items():
        y = np.searchsorted(np.sort(values), x, side="right") / values.size
        axes.plot(x, y, **curve(block, line))
    logarithmic(axes, y=False)
    axes.set(ylim=(-0.02, 1.02), ylabel="share reached")
    return True


def profiles(found: Cells) -> Figure | None:
    """Over all problems: performance profile, data profile, runtimes over many targets."""
    ran = across.times(found)
    if ran is None:
        return None
    kappa, bands = ran.budgets, len(ran.n) >= SEVERAL
    made = {
        ("performance profile", "calls / fewest calls"): (
            across.RATIOS,
            shares.performance(ran.target, across.RATIOS),
        ),
        ("data profile", "calls / (n + 1)"): (kappa, shares.data(ran.target, ran.n, kappa)),
        ("runtimes", "calls / n"): (kappa, shares.ecdf(ran.many, ran.n, kappa)),
    }
    shows = [
        Panel(title, partial(_shares, keys=ran.keys, x=x, profile=shares.profile(reached), bands=bands), xlabel)
        for (title, xlabel), (x, reached) in made.items()
    ]
    caption = f"Left and middle: share of {len(ran.n)} problems and of their runs that are at the target; right: of "
    caption += f"{targets.SHARES} targets as well. Mean over the problems"
    caption += "; bands, of few methods: 95 % interval over them." if bands else "; intervals: table.md."
    return multiples(shows, blocks(found), caption, "")


def _shares(axes: Axes, block: Block, keys: list[Key], x: np.ndarray, profile: shares.Profile, bands: bool) -> bool:
    for i, line in enumerate(keys):
        if line in block.looks:
            axes.plot(x, profile.value[i], **curve(block, line))
            if len(block.looks) <= PROVEN and bands:
                drawing.band(axes, x, profile.low[i], profile.high[i], block.looks[line]["color"], 0.12)
    logarithmic(axes, y=False)
    axes.set(ylim=(-0.02, 1.02), ylabel="share")
    return True
