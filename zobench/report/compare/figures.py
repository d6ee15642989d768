"""The pictures of any sweep: what varies in it decides which there are."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from zobench.report import drawing
from zobench.report import profiles as shares
from zobench.report.compare import across, budget, quality, targets
from zobench.report.compare.convergence import (
    PROVEN,
    called,
    convergence,
    convergence_iterations,
    convergence_priced,
    convergence_seconds,
    title,
)  # fmt: skip
from zobench.report.compare.labels import Block, Key, blocks, curve
from zobench.report.compare.panels import Panel, logarithmic, multiples
from zobench.report.compare.traces import largest, places
from zobench.report.groups import Cells
from zobench.report.method_text import methods as methods

__all__ = [
    "convergence", "convergence_iterations", "convergence_priced", "convergence_seconds", "exponents", "profiles",
    "ranks", "runtimes", "scaling",
]  # fmt: skip
AT_TARGET = ("performance profile", "data profile")
SEVERAL = 10  # problems from which an interval over them is no whole axis


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
            named = called(record) + (f", to {share:g} of the start" if share else "")
            has = [key for key, points in arrived.items() if len(points) >= least - 1]
            shows.append(Panel(named, partial(draw, arrived=arrived), has))
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
    """All dimensions on the axis, with ticks at five of them at the most."""
    known = sorted({n for points in arrived.values() for n, _ in points})
    drawing.sizes(axes, known[:: -(-len(known) // 5)])
    margin = (known[-1] / known[0]) ** 0.06
    axes.set_xlim(known[0] / margin, known[-1] * margin)


def ranks(found: Cells) -> Figure | None:
    """Mean rank after so many calls, 1 the best, each problem at its largest dimension."""
    races = {column: (n, cells, made) for column, (n, cells) in largest(found).items() if (made := budget.race(cells))}
    shows = [
        Panel(title(column, n, cells), partial(_ranked, found=made, means=budget.mean_ranks(made)), made.keys)
        for column, (n, cells, made) in races.items()
    ]
    many = any(made.values.shape[1] > 1 for *_, made in races.values())
    caption = "Rank by the best value after so many calls, 1 the best; methods that have met the target, or agree to "
    caption += "1 %, are even. "
    caption += "Mean over seeds, paired; bands, of few methods: 95 % interval. " if many else "One run each. "
    caption += "A method that has ended keeps its last value."
    return multiples(shows, blocks(found), caption, "oracle calls") if shows else None


def _ranked(axes: Axes, block: Block, found: budget.Race, means: tuple[np.ndarray, np.ndarray, np.ndarray]) -> bool:
    (mean, low, high), drawn = means, False
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
    titles = {column: title(column, 0, cells) for column, (_, cells) in largest(found).items()}
    known = {column: own for column, own in known.items() if _ends(own).size > 1}
    shows = [Panel(titles[column], partial(_steps, times=own), own.keys()) for column, own in known.items()]
    caption = f"Share of the runs and of {targets.SHARES} targets reached: from the value at the start down to the "
    caption += "least of its decades 0.1, 0.01, ... that some run has reached."
    return multiples(shows, blocks(found), caption, "oracle calls / n") if shows else None


def _steps(axes: Axes, block: Block, times: Mapping[Key, list[np.ndarray]]) -> bool:
    own = {line: np.concatenate([part.ravel() for part in times[line]]) for line in block.looks if line in times}
    ends = _ends(times)
    if not (own and ends.size):
        return False
    x = np.geomspace(ends.min(), max(ends.max(), 1.1 * ends.min()), 150)
    for line, values in own.items():
        y = np.searchsorted(np.sort(values), x, side="right") / values.size
        axes.plot(x, y, **curve(block, line))
    logarithmic(axes, y=False)
    axes.set(ylim=(-0.02, 1.02), ylabel="share reached")
    return True


def _ends(times: Mapping[Key, list[np.ndarray]]) -> np.ndarray:
    """The different times at which something is reached: from one alone no distribution is to be seen."""
    ends = np.unique(np.concatenate([part.ravel() for parts in times.values() for part in parts]))
    return ends[np.isfinite(ends) & (ends > 0)]


def profiles(found: Cells) -> Figure | None:
    """Over all problems: performance, data and quality profiles, runtimes over many targets."""
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
        ("quality profile", "τ"): (quality.TAU, quality.quality(found)),
    }
    arrived = bool(np.isfinite(ran.target).any())
    if not arrived:
        made = {head: made[head] for head in made if head[0] not in AT_TARGET}
    shows = [
        Panel(
            title, partial(_shares, keys=ran.keys, x=x, profile=shares.profile(reached), bands=bands), ran.keys, xlabel
        )
        for (title, xlabel), (x, reached) in made.items()
    ]
    of_runs = f"Share of {len(ran.n)} problems and of their runs"
    caption = f"{of_runs} that are at the target; " if arrived else f"No run arrives at the target. {of_runs}; "
    caption += f"runtimes: that are at {targets.SHARES} targets; quality: that end within τ (f(x0) − best) of the best "
    caption += "of all methods. Mean over the problems"
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
