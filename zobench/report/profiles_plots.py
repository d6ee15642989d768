"""The pictures of experiment=profiles: data and performance profiles, and the distribution of hitting times."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from zobench import profiles
from zobench.profiles import Profile
from zobench.report import contenders, figures, profiled
from zobench.report.profiled import Runs
from zobench.report.profiles_report import ECDF_TAU, TAU

RATIOS = np.geomspace(1, 128, 120)
BANDED = 3  # methods with a band: the most that stay readable


def draw(runs: Runs, folder: Path) -> None:
    """Both figures."""
    with figures.context():
        _profiles(runs, folder)
        _ecdf(runs, folder)


def _profiles(runs: Runs, folder: Path) -> None:
    """Data profiles above, performance profiles below, a column for each accuracy."""
    figure, grid = figures.panels(2, len(TAU), wide=3.0, high=2.4, foot=1.25, head=0.45)
    times = profiled.times(runs, np.array(TAU))
    kappa = np.geomspace(1, runs.budget / (runs.n.max() + 1), 120)
    for i, tau in enumerate(TAU):
        of_data = profiles.profile(profiles.data(times[..., i], runs.n, kappa))
        _panel(grid[0][i], runs, kappa, of_data, "calls/(n + 1)")
        grid[0][i].set_title(f"τ = {tau:g}")
        of_performance = profiles.profile(profiles.performance(times[..., i], RATIOS))
        _panel(grid[1][i], runs, RATIOS, of_performance, "calls/fewest calls of any method")
    grid[0][0].set_ylabel("share of problems solved")
    grid[1][0].set_ylabel("share of problems solved")
    for row, name in zip(grid, ("data profile", "performance profile"), strict=True):
        row[0].annotate(name, (0, 1), (0, 14), xycoords="axes fraction", textcoords="offset points", fontsize=9)
    _foot(figure, runs, "solved: f ≤ f_L + τ (f(x0) − f_L)")
    figures.save(figure, folder, "profiles")


def _ecdf(runs: Runs, folder: Path) -> None:
    figure, grid = figures.panels(1, 1, wide=5.2, high=3.2, foot=1.45)
    budgets = np.geomspace(1, runs.budget / runs.n.max(), 120)
    found = profiles.profile(profiles.ecdf(profiled.times(runs, ECDF_TAU), runs.n, budgets))
    _panel(grid[0][0], runs, budgets, found, "calls/n")
    grid[0][0].set_ylabel("share of problems and targets")
    targets = f"{len(ECDF_TAU)} targets, τ = {ECDF_TAU[0]:g} to {ECDF_TAU[-1]:g}"
    _foot(figure, runs, targets, columns=3)
    figures.save(figure, folder, "ecdf")


def _panel(axes: Axes, runs: Runs, x: np.ndarray, found: Profile, label: str) -> None:
    axes.set(xscale="log", xlim=(x[0], x[-1]), ylim=(0, 1.02), xlabel=label)
    axes.minorticks_off()
    best = np.argsort(-found.value[:, -1], kind="stable")[[0, len(found.value) // 2, -1]] if BANDED else []
    for m, method in enumerate(runs.methods):
        look = contenders.look(method)
        axes.step(x, found.value[m], where="post", lw=1.2, **look)
        if m in best and np.isfinite(found.low[m]).all():
            axes.fill_between(x, found.low[m], found.high[m], step="post", color=look["color"], alpha=0.09, lw=0)


def _foot(figure, runs: Runs, what: str, columns: int = 6) -> None:
    handles = [Line2D([], [], label=method, **contenders.look(method)) for method in runs.methods]
    caption = f"{len(runs.problems)} problems, n = {runs.n.min()} to {runs.n.max()}, {runs.runs} runs each, at most "
    caption += f"{runs.budget} calls; {what}." + ("\n" if columns < 4 else " ")
    caption += "Bands of the best, middle and last method: 95 %, bootstrap over problems."
    figures.legend(figure, handles, caption, columns=columns)
