"""The picture of the estimator report: second moment, angle, bias, the lecture's formula."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from zobench.experiments.estimator_error.page import Row, pick
from zobench.report import drawing, keys
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, handle

SERIES = (
    ({"direction": "sphere", "q": 1, "orthogonal": False}, VERMILLION, "^", "sphere, q = 1"),
    ({"direction": "gaussian", "q": 1}, ORANGE, "v", "Gaussian, q = 1"),
    ({"direction": "rademacher", "q": 1}, PURPLE, "x", "signs, q = 1"),
    ({"direction": "sphere", "q": 4, "orthogonal": False}, SKY, "D", "sphere, q = 4"),
    ({"direction": "sphere", "q": 4, "orthogonal": True}, BLUE, "s", "orthogonal, q = 4"),
)
FAMILIES = {
    "sphere": (VERMILLION, "^", "sphere"),
    "gaussian": (ORANGE, "v", "Gaussian"),
    "rademacher": (PURPLE, "x", "signs"),
    "coordinate": (GREEN, "o", "coordinate"),
    "axes": (BLACK, "+", "all axes"),
}
FORMULAS = (
    ({"direction": "sphere", "factor": "d"}, VERMILLION, "^", "sphere, with d"),
    ({"direction": "sphere", "factor": "1"}, VERMILLION, "2", "sphere, without"),
    ({"direction": "gaussian", "factor": "d"}, ORANGE, "v", "Gaussian, with d"),
    ({"direction": "gaussian", "factor": "1"}, ORANGE, "1", "Gaussian, without"),
)


def estimator_error(found: Sequence[Row]) -> Figure:
    """Four panels; what was not run is left out."""
    figure, ((second, captured), (bias, formula)) = drawing.panels(2, 2, wide=3.2, high=2.2, foot=0.6, head=0.72)
    two = pick(found, kind="moments", dtype="float64", quadratic=True, factory="two_point")
    second.set_title("Second moment: the price of a direction is n")
    _against_n(second, two, "second", r"$E\|G\|^2/\|g\|^2$")
    captured.set_title("What of the gradient q directions can see: q/n")
    _against_n(captured, two, "captured", r"$E\cos^2\angle(G, g)$")
    _bias(bias, pick(found, kind="quotient", quotient="central", quadratic=False))
    _formula(formula, pick(found, kind="formula"))
    caption = f"{max(row['samples'] for row in found):,} estimates a point, at x0 (float64, seed {found[0]['seed']}); "
    caption += (
        "bars: 95 %, mostly smaller than the marks. Lines: what is proven, of the bias its leading term. Log-uniform "
    )
    caption += "quadratic, but for the bias."
    drawing.legend(figure, [], caption)
    return figure


def _against_n(axes: Axes, two: Sequence[Row], of: str, label: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel="dimension n", ylabel=label)
    handles = []
    for wanted, color, mark, words in SERIES:
        handles += _points(axes, pick(two, **wanted), "n", of, color, mark, words)
    if of == "captured" and two:
        n = sorted({row["n"] for row in two if row["n"] >= 4})
        axes.plot(n, [4 / one for one in n], **(bound := {"color": GREY, "lw": 1.2, "ls": ":"}))
        handles.append(handle("bound q/n, q = 4", **bound))
    drawing.sizes(axes, [row["n"] for row in two])
    keys.below(axes, handles, columns=2)


def _bias(axes: Axes, central: Sequence[Row]) -> None:
    """On the function that is no quadratic, at the largest n."""
    n = max((row["n"] for row in central), default=0)
    axes.set(xscale="log", yscale="log", xlabel="difference step ε", ylabel=r"$\|EG - g\|/\|g\|$")
    handles = []
    for family, look in FAMILIES.items():
        handles += _points(axes, pick(central, n=n, family=family), "eps", "bias", *look)
    axes.set_title(f"Bias of the central quotient ({central[0]['problem'] if central else 'no data'}, n = {n})")
    axes.xaxis.set_major_locator(FixedLocator(sorted({row["eps"] for row in central})))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    keys.below(axes, handles, columns=2)


def _formula(axes: Axes, shown: Sequence[Row]) -> None:
    axes.set(xscale="log", yscale="log", xlabel="dimension n", ylabel=r"$E\,g^TG/\|g\|^2$")
    handles = []
    for wanted, color, mark, words in FORMULAS:
        handles += _points(axes, pick(shown, **wanted), "n", "along", color, mark, words)
    axes.set_title("The factor d belongs to unit directions only")
    drawing.sizes(axes, [row["n"] for row in shown])
    keys.below(axes, handles, columns=2)


def _points(axes: Axes, some: Sequence[Row], x: str, of: str, color: str, mark: str, label: str) -> list[Line2D]:
    """Measured numbers with their bars and a line of what is expected; one entry of a key for both, none without."""
    if not some:
        return []
    at, (value, error) = [row[x] for row in some], np.array([row[of] for row in some]).T
    drawing.means(axes, at, value, error, color, mark)
    axes.plot(at, [row[f"{of}_theory"] for row in some], color=color, lw=0.8)
    return [handle(label, color, marker=mark, lw=0.8, ms=5, mfc="none")]
