"""Data and performance profiles, and the distribution of hitting times."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.profiles.page import ECDF_TAU, TAU, Runs, ends, times
from zobench.report import contenders, drawing
from zobench.report import profiles as shares
from zobench.report.labels import plain

RATIOS = np.geomspace(1, 128, 120)
QUALITY_TAU = np.geomspace(1, 1e-8, 120)  # the strictest on the right, where the intervals are
BESIDE, APART = 1.03, 0.021  # of a panel: where the intervals beside it begin, and how far each is from the next
SOLVED = r"solved: $f \leq f_L + τ(f(x_0) - f_L)$, $f_L$ the least of all runs"


def profiles(runs: Runs) -> Figure:
    """Data profiles on the left, performance profiles on the right, a row for each accuracy."""
    figure, grid = drawing.panels(len(TAU), 2, wide=3.4, high=2.4, head=0.6, gap=1.0)
    kappa = np.geomspace(1, runs.budget / (runs.n.max() + 1), 120)
    for row, tau, found in zip(grid, TAU, np.moveaxis(times(runs, TAU), -1, 0), strict=True):
        _panel(row[0], runs, kappa, shares.data(found, runs.n, kappa), "calls/(n + 1)")
        row[0].set_title(f"data profile, τ = {plain(tau)}")
        _panel(row[1], runs, RATIOS, shares.performance(found, RATIOS), "calls/fewest calls of any method")
        row[1].set_title(f"performance profile, τ = {plain(tau)}")
        row[0].set_ylabel("share of problems solved")
    _foot(figure, runs, SOLVED)
    return figure


def ecdf(runs: Runs) -> Figure:
    """The share of problems and targets against the calls."""
    figure, [[axes]] = drawing.panels(1, 1, wide=6.4, high=3.2)
    budgets = np.geomspace(1, runs.budget / runs.n.max(), 120)
    _panel(axes, runs, budgets, shares.ecdf(times(runs, ECDF_TAU), runs.n, budgets), "calls/n")
    axes.set_ylabel("share of problems and targets")
    _foot(figure, runs, f"{len(ECDF_TAU)} targets, τ = {plain(ECDF_TAU[0])} to {plain(ECDF_TAU[-1])}")
    return figure


def quality(runs: Runs) -> Figure:
    """The share of problems on which a method ends within τ of the best of all (quality profile)."""
    figure, [[axes]] = drawing.panels(1, 1, wide=6.4, high=3.2)
    _panel(axes, runs, QUALITY_TAU, shares.quality(*ends(runs), QUALITY_TAU), "τ")
    axes.set_ylabel("share of problems")
    _foot(figure, runs, r"within τ: $f - f_L \leq τ(f(x_0) - f_L)$ at the end, $f_L$ the least of all methods in a run")
    return figure


def _panel(axes: Axes, runs: Runs, x: np.ndarray, solved: np.ndarray, label: str) -> None:
    """A step line for each method, marked here and there; beside the panel the intervals at its right end."""
    axes.set(xscale="log", xlim=(x[0], x[-1]), ylim=(0, 1.02), xlabel=label)
    found = shares.profile(solved)
    for m, look in enumerate(contenders.looks(runs.methods).values()):
        axes.step(x, found.value[m], where="post", lw=1.1, ms=4, markevery=(5 + m, 17), **look)
        if np.isfinite(found.low[m]).all():
            _end(axes, BESIDE + APART * m, found.at(m, -1), look)


def _end(axes: Axes, place: float, share: Any, look: dict[str, Any]) -> None:
    beside: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "clip_on": False, "color": look["color"]}
    axes.plot([place, place], [share.low, share.high], lw=0.9, **beside)
    axes.plot(place, share.value, marker=look["marker"], ms=3.5, lw=0, **beside)


def _foot(figure: Figure, runs: Runs, what: str) -> None:
    looks = contenders.looks(runs.methods).items()
    handles = [drawing.handle(method, **look, ms=4) for method, look in looks]
    caption = f"{len(runs.problems)} problems, n = {runs.n.min()} to {runs.n.max()}, {runs.runs} runs, at most "
    caption += f"{runs.budget:,} calls; {what}. Beside each panel: 95 % intervals at its right end, bootstrap over "
    drawing.legend(figure, handles, f"{caption}problems; they do not compare pairs.", columns=4)
