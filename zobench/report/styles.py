"""Colours, markers and lines: those of each shipped method and step rule, the same in all pictures.

The colours are Okabe and Ito's. Of two methods whose colours are alike to a colour-blind eye (or the same), neither the
marker nor the line is the same; two of different colours may share one.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import count
from typing import Any

from matplotlib.lines import Line2D

from zobench.report.groups import Group
from zobench.report.labels import title
from zobench.report.naming import METHODS

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#777777"
COLORS = (PURPLE, ORANGE, SKY, GREEN, BLUE, VERMILLION, BLACK)  # of methods; grey is for what is beside them
SOLID, DASH, DOT, DASH_DOT = "-", (0, (5, 2)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5))
LONG, DASH_DOTS = (0, (10, 2.5)), (0, (4, 1.2, 1.2, 1.2, 1.2, 1.2))
LONG_DOT, SPARSE = (0, (10, 1.5, 1.2, 1.5)), (0, (1.2, 3.5))
SHORT, UNEVEN, WIDE, FAR = (0, (2.5, 1)), (0, (8, 2, 3, 2)), (0, (5, 5)), (0, (10, 6))
LINES = (DOT, DASH_DOT, DASH, LONG, DASH_DOTS)  # five, nine markers and seven colours: all three differ in turn
MARKERS = ("v", "P", "X", "<", ">", "*", "h", "p", "d")

COLOR = {"theory": VERMILLION, "trace": BLUE, "tuned": GREEN}  # step rules
MARKER = {"theory": "o", "trace": "^", "tuned": "v"}
RULE = {"theory": "step 1/(nL)", "trace": "trace-aware step", "tuned": "tuned step"}
LOOKS: dict[str, tuple[str, str, Any]] = {
    "GD (autodiff)": (BLACK, "o", SOLID),
    "GD (forward mode)": (GREEN, "D", DASH_DOT),
    "finite-difference GD": (SKY, "s", DASH),
    "finite-difference GD, forward quotient": (SKY, "H", SOLID),
    "two-point GD": (VERMILLION, "^", SOLID),
    "SPSA": (ORANGE, "v", DASH),
    "forward_gradient": (BLACK, "P", DASH_DOTS),
    "one_point": (SKY, "*", LONG),
    "residual_one_point": (BLUE, "*", DASH_DOTS),
    "regression": (BLUE, "d", LONG),
    "hadamard": (BLACK, "s", LONG),
    "block": (BLUE, "o", DASH_DOT),
    "leave_one_out": (VERMILLION, "D", LONG_DOT),
    "normalised_signs": (PURPLE, "s", LONG_DOT),
    "median_slope": (SKY, "p", LONG_DOT),
    "clipped_slope": (BLACK, "X", LONG_DOT),
    "guided": (SKY, "X", SPARSE),
    "kernel_smoothed": (BLUE, "^", LONG_DOT),
    "telescoping": (BLACK, "v", SHORT),
    "cone": (VERMILLION, "s", SHORT),
    "aligned": (SKY, "^", UNEVEN),
    "greedy": (GREEN, "P", SHORT),
    "guiding_vector": (BLACK, "D", UNEVEN),
    "subspace": (BLUE, "v", SHORT),
    "low_rank": (SKY, "o", SHORT),
    "matrix_subspace": (ORANGE, "*", WIDE),
    "averaged_baseline": (ORANGE, "p", UNEVEN),
    "stale_coordinates": (BLACK, "*", WIDE),
    "hizoo": (BLUE, "D", UNEVEN),
    "bayesian_subspace": (PURPLE, "o", UNEVEN),
    "two-point GD, poem": (BLUE, "s", WIDE),
    "noise-aware L-BFGS": (GREEN, "d", WIDE),
    "two-point GD, adam": (GREEN, ">", SOLID),
    "two-point GD, momentum": (PURPLE, "<", DASH),
    "two-point GD, Nesterov": (ORANGE, "d", LONG),
    "two-point GD, decaying": (VERMILLION, "h", DASH_DOTS),
    "two-point GD, sign_sgd": (GREEN, "X", DASH_DOTS),
    "two-point GD, zo_adamm": (GREEN, "h", SPARSE),
    "two-point GD, r_adazo": (ORANGE, "o", SPARSE),
    "two-point GD, accelerated": (ORANGE, "P", DOT),
    "random pursuit": (VERMILLION, "X", DASH_DOT),
    "(1+1)-ES": (PURPLE, "p", LONG),
    "three points": (SKY, "v", DASH_DOTS),
    "MEAZO": (BLUE, "<", SPARSE),
    "SVRG": (SKY, "P", FAR),
    "inner product test": (SKY, "h", WIDE),
    "gradientless descent": (BLACK, "^", SPARSE),
    "CMA-ES": (PURPLE, "*", DOT),
    "conjugate gradients": (BLACK, "d", DASH_DOT),
    "BFGS": (BLACK, "p", DOT),
    "L-BFGS": (BLACK, "h", DASH),
    "BFGS, differences": (BLUE, "P", DOT),
    "L-BFGS, differences": (BLUE, "X", SOLID),
    "COBYQA": (SKY, "D", DASH_DOT),
    "Nelder-Mead": (SKY, "<", DOT),
    "Powell": (BLUE, ">", DASH),
}  # by the kind of a record: `zobench.report.naming.kind`
MOST = 8  # lines of a panel that can be told apart


def style(kind: str) -> dict[str, Any]:
    """The look of a shipped method. KeyError: it has none."""
    return dict(zip(("color", "marker", "linestyle"), LOOKS[kind], strict=True))


def looks(groups: Sequence[Group]) -> dict[str, dict[str, Any]]:
    """Colour, marker and line of each method; those that ship none of their own get the others in turn.

    Of several variants of a shipped method ("two-point GD, q=4") the plain one has its look, where none is the first.
    """
    own = {group.method: group.kind for group in sorted(groups, key=lambda group: not group.plain)}
    return named(dict.fromkeys(group.method for group in groups), own)


def named(methods: Collection[str], kinds: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The looks of methods that are of these kinds, in the methods' order; the first of a kind has the kind's."""
    first = {kind: method for method, kind in reversed([*kinds.items()]) if kind in LOOKS}
    found = {method: style(kind) for kind, method in first.items()}
    taken = {(look["color"], look["linestyle"]) for look in found.values()}
    left, different = count(), len(COLORS) * len(MARKERS) * len(LINES)
    for method in methods:
        while method not in found:
            i = next(left)
            color, marker, line = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)], LINES[i % len(LINES)]
            if i >= different or (color, line) not in taken:  # of more methods some look alike
                found[method] = {"color": color, "marker": marker, "linestyle": line}
    return {method: found[method] for method in methods}


def mains(groups: Sequence[Group]) -> dict[str, str]:
    """Of each of the lectures' estimators the method that has its look: the plain one, else the first."""
    plain_first = sorted(groups, key=lambda group: not group.plain)
    return {g.estimator: g.method for g in reversed(plain_first) if g.estimator in METHODS}


def look(style: dict[str, Any], rule: str) -> dict[str, Any]:
    """Colour by method; filled marker for the theory step, open ones for others; two points in the colours of rules."""
    own = {**style, "lw": 0.9, "ms": 4.5}
    which = (style["color"], style["marker"], style["linestyle"])
    if which == LOOKS["finite-difference GD"]:  # a frame around gradient descent's dots, where the two agree
        own |= {"ms": 7, "markerfacecolor": "none"}
    if rule != "theory":
        marker, line = {"trace": ("^", DASH), "tuned": ("v", DOT)}.get(rule, ("d", DASH_DOT))
        own |= {"markerfacecolor": "none", "linestyle": line}
        if which == LOOKS["two-point GD"]:
            own |= {"marker": marker, "color": COLOR.get(rule, style["color"])}
    return own


def legible(groups: Sequence[Group]) -> tuple[list[Group], str]:
    """The methods under the theory step and two points under the others, as many as are legible.

    And what a caption says of the rest: nothing where there is none.
    """
    wanted = [g for g in groups if g.rule == "theory" or g.estimator == "two_point"] or list(groups)
    rule = next((g.rule for g in wanted if g.rule == "theory"), wanted[0].rule if wanted else "")
    if len({(g.method, g.rule) for g in wanted}) > MOST:
        wanted = [g for g in wanted if g.rule == rule]
    kinds = list(dict.fromkeys((g.method, g.rule) for g in wanted))
    return [g for g in wanted if (g.method, g.rule) in kinds[:MOST]], unseen(len(kinds) - MOST)


def unseen(methods: int) -> str:
    """What a caption says of methods that a figure leaves out."""
    return f" {methods} more method{'s' * (methods > 1)}: see the tables." if methods > 0 else ""


def method_handles(groups: Sequence[Group], all_groups: Sequence[Group]) -> list[Line2D]:
    """Legend entries of groups, in the looks that they have among all groups."""
    styles, kinds = looks(all_groups), dict.fromkeys((g.method, g.rule) for g in groups)
    names = {kind: kind[0] if kind[1] == "theory" else f"{kind[0]}, {kind[1]} step" for kind in kinds}
    return [Line2D([], [], label=title(name), **look(styles[kind[0]], kind[1])) for kind, name in names.items()]
