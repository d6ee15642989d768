"""The pictures of experiment=profiles: data and performance profiles, and the distribution of hitting times."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zobench.experiments.profiles import numbers
from zobench.experiments.profiles.numbers import Runs
from zobench.experiments.profiles.page import ECDF_TAU, TAU
from zobench.report import contenders, drawing, profiles
from zobench.report.profiles import Profile

RATIOS = np.geomspace(1, 128, 120)


def draw(runs: Runs, folder: Path) -> None:
    """Both figures."""
    with drawing.context():
        _profiles(runs, folder)
        _ecdf(runs, folder)


def _profiles(runs: Runs, folder: Path) -> None:
    """Data profiles above, performance profiles below, a column for each accuracy."""
    figure, grid = drawing.panels(2, len(TAU), wide=3.0, high=2.4, foot=1.25, head=0.68)
    times = numbers.times(runs, np.array(TAU))
    kappa = np.geomspace(1, runs.budget / (runs.n.max() + 1), 120)
    for i, tau in enumerate(TAU):
        of_data = profiles.profile(profiles.data(times[..., i], runs.n, kappa))
        _panel(grid[0][i], runs, kappa, of_data, "calls/(n + 1)")
        grid[0][i].set_title(f"data profile, τ = {tau:g}")
        of_performance = profiles.profile(profiles.performance(times[..., i], RATIOS))
        _panel(grid[1][i], runs, RATIOS, of_performance, "calls/fewest calls of any method")
        grid[1][i].set_title(f"performance profile, τ = {tau:g}")
    grid[0][0].set_ylabel("share of problems solved")
    grid[1][0].set_ylabel("share of problems solved")
    _foot(figure, runs, "solved: f ≤ f_L + τ (f(x0) − f_L)")
    drawing.save(figure, folder, "profiles")


def _ecdf(runs: Runs, folder: Path) -> None:
    figure, grid = drawing.panels(1, 1, wide=6.4, high=3.2, foot=1.3)
    budgets = np.geomspace(1, runs.budget / runs.n.max(), 120)
    found = profiles.profile(profiles.ecdf(numbers.times(runs, ECDF_TAU), runs.n, budgets))
    _panel(grid[0][0], runs, budgets, found, "calls/n")
    grid[0][0].set_ylabel("share of problems and targets")
    targets = f"{len(ECDF_TAU)} targets, τ = {ECDF_TAU[0]:g} to {ECDF_TAU[-1]:g}"
    _foot(figure, runs, targets, columns=4)
    drawing.save(figure, folder, "ecdf")


def _panel(axes: Axes, runs: Runs, x: np.ndarray, found: Profile, label: str) -> None:
    axes.set(xscale="log", xlim=(x[0], x[-1]), ylim=(0, 1.02), xlabel=label)
    axes.minorticks_off()
    order = np.argsort(-found.value.mean(axis=1), kind="stable")
    for m, look in enumerate(contenders.looks(runs.methods).values()):
        axes.step(x, found.value[m], where="post", lw=1.2, **look)
        if m in order[[0, len(order) // 2, -1]] and np.isfinite(found.low[m]).all():
            axes.fill_between(x, found.low[m], found.high[m], step="post", color=look["color"], alpha=0.09, lw=0)


def _foot(figure, runs: Runs, what: str, columns: int = 6) -> None:
    handles = [Line2D([], [], label=method, **look) for method, look in contenders.looks(runs.methods).items()]
    caption = f"{len(runs.problems)} problems, n = {runs.n.min()} to {runs.n.max()}, {runs.runs} runs, at most "
    caption += f"{runs.budget} calls; {what}."
    caption += " Bands of the best, middle and last: 95 %" + ", bootstrap over problems." * (columns > 4)
    drawing.legend(figure, handles, caption, columns=columns)
