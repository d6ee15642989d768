"""Data and performance profiles, and the distribution of hitting times."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zobench.experiments.profiles.page import ECDF_TAU, TAU, Runs, times
from zobench.report import contenders, drawing
from zobench.report import profiles as shares

RATIOS = np.geomspace(1, 128, 120)


def profiles(runs: Runs) -> Figure:
    """Data profiles above, performance profiles below, a column for each accuracy."""
    figure, grid = drawing.panels(2, len(TAU), wide=3.0, high=2.4, foot=1.25, head=0.68)
    kappa = np.geomspace(1, runs.budget / (runs.n.max() + 1), 120)
    for i, (tau, found) in enumerate(zip(TAU, np.moveaxis(times(runs, TAU), -1, 0), strict=True)):
        _panel(grid[0][i], runs, kappa, shares.data(found, runs.n, kappa), "calls/(n + 1)")
        grid[0][i].set_title(f"data profile, τ = {tau:g}")
        _panel(grid[1][i], runs, RATIOS, shares.performance(found, RATIOS), "calls/fewest calls of any method")
        grid[1][i].set_title(f"performance profile, τ = {tau:g}")
    for row in grid:
        row[0].set_ylabel("share of problems solved")
    _foot(figure, runs, "solved: f ≤ f_L + τ (f(x0) − f_L)", ", bootstrap over problems.", columns=6)
    return figure


def ecdf(runs: Runs) -> Figure:
    """The share of problems and targets against the calls."""
    figure, [[axes]] = drawing.panels(1, 1, wide=6.4, high=3.2, foot=1.3)
    budgets = np.geomspace(1, runs.budget / runs.n.max(), 120)
    _panel(axes, runs, budgets, shares.ecdf(times(runs, ECDF_TAU), runs.n, budgets), "calls/n")
    axes.set_ylabel("share of problems and targets")
    _foot(figure, runs, f"{len(ECDF_TAU)} targets, τ = {ECDF_TAU[0]:g} to {ECDF_TAU[-1]:g}", "", columns=4)
    return figure


def _panel(axes: Axes, runs: Runs, x: np.ndarray, solved: np.ndarray, label: str) -> None:
    axes.set(xscale="log", xlim=(x[0], x[-1]), ylim=(0, 1.02), xlabel=label)
    axes.minorticks_off()
    found = shares.profile(solved)
    order = np.argsort(-found.value.mean(axis=1), kind="stable")
    for m, look in enumerate(contenders.looks(runs.methods).values()):
        axes.step(x, found.value[m], where="post", lw=1.2, **look)
        if m in order[[0, len(order) // 2, -1]] and np.isfinite(found.low[m]).all():
            axes.fill_between(x, found.low[m], found.high[m], step="post", color=look["color"], alpha=0.09, lw=0)


def _foot(figure: Figure, runs: Runs, what: str, how: str, columns: int) -> None:
    handles = [drawing.handle(method, **look) for method, look in contenders.looks(runs.methods).items()]
    caption = f"{len(runs.problems)} problems, n = {runs.n.min()} to {runs.n.max()}, {runs.runs} runs, at most "
    caption += f"{runs.budget} calls; {what}. Bands of the best, middle and last: 95 %{how}"
    drawing.legend(figure, handles, caption, columns=columns)
