"""The picture of the board: a tile for each claim, coloured by its verdict, grouped by topic."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from zobench.report import board, drawing, verdicts
from zobench.report.drawing import GREEN, GREY, ORANGE, VERMILLION
from zobench.report.labels import title

COLOR = {"holds": GREEN, "refuted": VERMILLION, "undecided": ORANGE, "not measured": GREY}
SHADE = {"holds": 0.32, "refuted": 0.58, "undecided": 0.4, "not measured": 0.14}
SIGN = {"holds": "✓", "refuted": "✗", "undecided": "?", "not measured": "–"}
COLUMNS = 8
WIDE, HIGH, GAP = 1.17, 0.58, 0.06  # of a tile, inches
HEAD, TITLE, FOOT, MARGIN = 0.12, 0.28, 0.05, 0.15
LETTERS = 18  # of a line on a tile
SQUARE, SQUARES = 0.155, 7  # a prediction, inches, and how many in a line

Entry = dict[str, Any]


def draw(entries: Sequence[Entry], folder: Path) -> None:
    """A tile for each claim of the lectures and of papers, then one for the predictions of each experiment."""
    with drawing.context():
        shown = board.topics(entries)
        rows = sum(-(-len(_tiles(group)) // COLUMNS) for group in shown.values())
        height = HEAD + len(shown) * TITLE + rows * (HIGH + GAP) + FOOT
        width = 2 * MARGIN + COLUMNS * (WIDE + GAP) - GAP
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        top = height - HEAD
        for topic, group in shown.items():
            measured = sum(entry["verdict"] != board.NOT_MEASURED for entry in group)
            said, tiles = f"{measured} of {len(group)} measured", _tiles(group)
            axes.text(MARGIN, top - 0.07, topic, va="top", fontsize=10, fontweight="bold")
            axes.text(width - MARGIN, top - 0.07, said, va="top", ha="right", fontsize=8, color="#444444")
            top -= TITLE
            for i, tile in enumerate(tiles):
                row, column = divmod(i, COLUMNS)
                place = (MARGIN + column * (WIDE + GAP), top - row * (HIGH + GAP))
                (_claim if tile[0]["number"] else _predictions)(axes, place, tile)
            top -= -(-len(tiles) // COLUMNS) * (HIGH + GAP)
        drawing.legend(figure, _handles(), _caption(entries), columns=5)
        drawing.save(figure, folder, "board")


def _tiles(group: Sequence[Entry]) -> list[list[Entry]]:
    """A tile each for numbered claims, one an experiment for predictions."""
    names = dict.fromkeys(entry["number"] or entry["short"] for entry in group)
    return [[entry for entry in group if (entry["number"] or entry["short"]) == name] for name in names]


def _claim(axes: Axes, place: tuple[float, float], tile: Sequence[Entry]) -> None:
    (left, top), (entry,) = place, tile
    verdict = entry["verdict"]
    _frame(axes, place, COLOR[verdict], SHADE[verdict])
    axes.add_patch(Rectangle((left, top - HIGH), 0.05, HIGH, facecolor=COLOR[verdict], lw=0))
    if verdict not in (board.NOT_MEASURED, entry["expected"]):
        axes.add_patch(Rectangle((left, top - HIGH), WIDE, HIGH, fill=False, edgecolor="black", lw=1.1))
    axes.text(left + 0.1, top - 0.13, str(entry["number"]), fontsize=8, fontweight="bold")
    sign = SIGN[verdict] + (" but not …" if entry["and_not"] else "")
    axes.text(left + WIDE - 0.05, top - 0.13, sign, ha="right", fontsize=9 if sign == SIGN[verdict] else 7)
    for i, line in enumerate(wrap(entry["short"], LETTERS)[:2]):
        axes.text(left + 0.1, top - 0.31 - 0.135 * i, line, fontsize=7.2)


def _predictions(axes: Axes, place: tuple[float, float], tile: Sequence[Entry]) -> None:
    """The experiment's name, and a square for each prediction, with a sign that says the verdict without its colour."""
    left, top = place
    _frame(axes, place, GREY, SHADE["not measured"] / 2)
    name = title(tile[0]["short"])
    axes.text(left + 0.06, top - 0.15, name, fontsize=7.5 if len(name) <= LETTERS else 6.8)
    for i, entry in enumerate(tile):
        row, column = divmod(i, SQUARES)
        corner = (left + 0.06 + column * SQUARE, top - 0.38 - row * SQUARE)
        look = {"facecolor": COLOR[entry["verdict"]], "alpha": SHADE[entry["verdict"]], "lw": 0}
        axes.add_patch(Rectangle(corner, SQUARE - 0.02, SQUARE - 0.02, **look))
        middle = (corner[0] + SQUARE / 2 - 0.01, corner[1] + SQUARE / 2 - 0.012)
        axes.text(*middle, SIGN[entry["verdict"]], ha="center", va="center", fontsize=9, fontweight="bold")


def _frame(axes: Axes, place: tuple[float, float], color: str, shade: float) -> None:
    axes.add_patch(Rectangle((place[0], place[1] - HIGH), WIDE, HIGH, facecolor=color, alpha=shade, lw=0))


def _handles() -> list[Patch]:
    looks = {f"{verdict} {SIGN[verdict]}": (color, SHADE[verdict]) for verdict, color in COLOR.items()}
    kinds = [Patch(facecolor=color, alpha=alpha, lw=0, label=label) for label, (color, alpha) in looks.items()]
    return [*kinds, Patch(fill=False, edgecolor="black", lw=1.1, label="not as expected before")]


def _caption(entries: Sequence[Entry]) -> str:
    stated, papers = board.of_lectures(entries), board.of_papers(entries)
    said = f"The lectures' {len(stated)} claims: {verdicts.fare(stated)}. "
    said += f"Papers' {len(papers)}: {verdicts.fare(papers)}. "
    return f'{said}"But not": a stronger reading of ours does not hold.'
