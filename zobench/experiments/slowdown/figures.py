"""The pictures of the slowdown report: convergence, scaling, collapse."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from zobench import statistics
from zobench.decay import so_far
from zobench.report import drawing, styles
from zobench.report.drawing import BLACK, GREEN, ORANGE, SKY, VERMILLION, handle
from zobench.report.groups import Cells, Group, find
from zobench.report.measured import Measured, bound, mean_curve, rate
from zobench.report.scaling import exponent_text, scaling

__all__ = ["collapse", "convergence", "scaling"]

N_COLORS = (GREEN, ORANGE, VERMILLION)
QUANTITY = {
    "gradient": r"$\min_{j\leq k}\ \|\nabla f(x_j)\|^2$",
    "gap": r"$f(x_k) - f^*$",
    "distance": r"$\|x_k - x^*\|^2$",
}
STEP = {"theory": "theory step α = 1/(LB)"}
CLOSE = 4  # times the iterations of the curve before: a name beside that curve's name would meet it
MAIN = ("finite_difference", "autodiff", "two_point")
BROAD: dict[str, Any] = {"color": SKY, "lw": 5, "solid_capstyle": "butt"}
DASHES: dict[str, Any] = {"color": VERMILLION, "lw": 1.4, "linestyle": (0, (2, 1.2))}


def convergence(found: Cells) -> Figure:
    """Mean curves with the band over seeds, their bounds, and the exact recursion, at three dimensions."""
    entries, columns, rule = found.groups, found.columns, found.rule
    main, others, more = _methods(entries, rule)
    figure, grid = drawing.panels(1, len(columns), wide=2.95, high=3.0, head=0.5)
    for axes, column in zip(grid[0], columns, strict=True):
        differences, gradient, zero = (find(entries, column, name, rule) for name in MAIN)
        _draw_others(axes, entries, column, rule, others)
        if differences:
            _mean(axes, differences.cells[-1], **BROAD)
        curves = [(gradient.cells[-1], BLACK, "GD")] if gradient else []
        for i, (cell, color) in enumerate(zip(_three(zero.cells if zero else []), N_COLORS, strict=False)):
            curves.append((cell, color, f"{'' if i else 'n = '}{cell.record.n}"))
        before = [0.0, *(curve[0].mean_time for curve in curves)]
        for (cell, color, label), last in zip(curves, before, strict=False):
            _curve(axes, cell, color, label, below=4 if cell.mean_time > CLOSE * last else 14)
        _frame(axes, column, entries, "iteration k")
        axes.set_title(column, pad=17)
        for group, place, color in ((gradient, 0.0, BLACK), (zero, 1.0, VERMILLION)):
            if group:
                side = "right" if place else "left"
                axes.text(place, 1.025, _decay_text(group), ha=side, transform=axes.transAxes, fontsize=7, color=color)
    looks = {"autodiff": {"color": BLACK}, "finite_difference": BROAD}
    handles = [handle(main[name], **look) for name, look in looks.items() if name in main]
    sizes = next((g.n for g in entries if (g.method, g.rule) == (main.get("two_point"), rule)), [])
    handles += [handle(f"{main['two_point']}, n = {n}", c) for n, c in zip(_three(sizes), N_COLORS, strict=False)]
    handles += [handle(f"{method}, largest n", **look) for method, look in others.items()]
    if "autodiff" in main or "two_point" in main:
        handles += [
            handle("proven bound, same colour", "#555555", linestyle="--", lw=0.9),
            handle("exact recursion", ORANGE, lw=0, marker="o", ms=3, mec=BLACK, mew=0.6),
            Patch(color=ORANGE, alpha=0.2, lw=0, label="10–90 % of runs"),
        ]
    drawing.legend(
        figure,
        handles,
        f"Mean over {found.seeds} seeds; {STEP.get(rule, f'{rule} step')}; rates fitted over {found.sizes}.{more}",
    )
    return figure


def _methods(entries: Sequence[Group], rule: str) -> tuple[dict[str, str], dict[str, dict[str, Any]], str]:
    """The three methods by their estimators, the looks of as many others as are legible, and a caption on the rest."""
    groups = [group for group in entries if group.rule == rule]
    main = styles.mains(groups)
    names = [main[name] for name in MAIN if name in main]
    found = {method: look for method, look in styles.looks(groups).items() if method not in names}
    room = styles.MOST - len(names)
    return main, dict(list(found.items())[:room]), styles.unseen(len(found) - room)


def _draw_others(
    axes: Axes,
    entries: Sequence[Group],
    column: str,
    rule: str,
    looks: dict[str, dict[str, Any]],
    unit: Callable[[Measured], float] = lambda cell: 1,
) -> None:
    """The mean curves of these methods at their largest n, k in units of its own."""
    for group in entries:
        if (group.column, group.rule) == (column, rule) and group.method in looks:
            cell = group.cells[-1]
            _mean(axes, cell, unit(cell), **looks[group.method], ms=3.5, markevery=0.13)


def _mean(axes: Axes, cell: Measured, unit: float = 1, **look: Any) -> np.ndarray:
    """Draw the mean curve up to the target, k in this unit; the indices that are shown."""
    k, mean = cell.record.k(cell.rule), mean_curve(cell.record, cell.rule)
    shown = drawing.thin(k, cell.mean_time)
    axes.plot(k[shown] / unit, mean[shown], **look)
    return shown


def _curve(axes: Axes, cell: Measured, color: str, label: str, below: float) -> None:
    """The curve, its bound and its name, so many points below its end."""
    record, rule = cell.record, cell.rule
    k, mean, runs = record.k(rule), mean_curve(record, rule), record.curve(rule)
    shown = _mean(axes, cell, color=color)
    if shown.size == 0:
        return
    axes.plot(k[shown], bound(record, k[shown]), color=color, linestyle="--", lw=0.9, alpha=0.8)
    exact = record.array(rule, f"exact_{record.metric}")
    if len(runs) > 1:
        low, high = np.quantile(so_far(record.metric, runs)[:, shown], [0.1, 0.9], axis=0)
        drawing.band(axes, k[shown], low, high, color, 0.2)
        if exact is not None:
            dots = shown[:: max(1, shown.size // 12)]
            axes.plot(k[dots], exact[dots], lw=0, marker="o", ms=3, color=color, mec=BLACK, mew=0.6, zorder=5)
    end = (float(k[shown[-1]]), float(mean[shown[-1]]))
    axes.annotate(label, end, (0, -below), textcoords="offset points", ha="center", va="top", color=color, fontsize=8)


def _decay_text(group: Group) -> str:
    name = {"autodiff": "GD", "two_point": "two-point"}[group.estimator]
    if group.metric != "distance":
        return f"{name}: {exponent_text('k', statistics.pooled([cell.decay for cell in group.cells]))}"
    slower = "nL" if group.estimator == "two_point" else "L"
    speed = statistics.pooled([rate(cell) for cell in group.cells])
    return rf"{name}: $(1 - {speed.value:.2f}\,\mu/({slower}))^k$".replace("(L)", "L")


def _frame(axes: Axes, column: str, entries: Sequence[Group], label: str) -> None:
    """Log-log axes that hold the curves; bounds may leave them."""
    metric = next(group.metric for group in entries if group.column == column)
    axes.set(xscale="log", yscale="log", xlabel=label)
    axes.set_title(column)
    axes.set_ylabel(QUANTITY[metric])
    axes.minorticks_off()
    curves = [np.asarray(line.get_ydata(), float) for line in axes.lines if line.get_linestyle() != "--"]
    y = np.concatenate([*curves, np.empty(0)])
    y = y[np.isfinite(y) & (y > 0)]
    if y.size:
        axes.set_ylim(y.min() / 2.5, y.max() * 4)


def collapse(found: Cells) -> Figure:
    """Two-point curves of all n against k/n: one line, and gradient descent's against k beside it."""
    entries, columns, rule = found.groups, found.columns, found.rule
    figure, grid = drawing.panels(1, len(columns), wide=2.7, high=2.6)
    main, others, more = _methods(entries, rule)
    sizes = sorted({n for g in entries if g.method == main.get("two_point") for n in g.n})
    place = {n: 1 - i / max(1, len(sizes) - 1) for i, n in enumerate(sizes)}  # from broad and light to narrow and dark
    looks = {n: {"color": mpl.colormaps["cividis"](0.95 * t), "lw": 0.9 + 5 * t} for n, t in place.items()}
    for axes, column in zip(grid[0], columns, strict=True):
        zero, gradient = (find(entries, column, name, rule) for name in ("two_point", "autodiff"))
        for cell in zero.cells if zero else []:
            _mean(axes, cell, cell.record.n, **looks[cell.record.n], solid_capstyle="butt")
        if gradient:
            _mean(axes, gradient.cells[-1], **DASHES, zorder=5)
        _draw_others(axes, entries, column, rule, others, _unit)
        _frame(axes, column, entries, "k/n (two-point GD), k (GD)" if not others else "k/n, k of what asks gradients")
    handles = [handle(f"{main['two_point']}, n = {n}", **looks[n]) for n in sizes]
    handles += [handle(f"{main['autodiff']}, against k", **DASHES)] if "autodiff" in main else []
    handles += [handle(f"{method}, largest n", **look) for method, look in others.items()]
    caption = f"Mean over {found.seeds} seeds, against k/n; {STEP.get(rule, f'{rule} step')}; {found.sizes}."
    drawing.legend(figure, handles, caption + more)
    return figure


def _unit(cell: Measured) -> float:
    """What k is divided by: n, and 1 for a method that asks gradients or n values or more a step."""
    calls = cell.record.meta["calls"]
    return 1 if calls["grad"] or sum(calls.values()) >= cell.record.n else cell.record.n


def _three(cells: Sequence) -> list:
    """Smallest, middle and largest dimension."""
    return [cells[i] for i in sorted({0, len(cells) // 2, len(cells) - 1})] if cells else []
