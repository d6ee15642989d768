"""Keys of single panels: below one, where they cover nothing, or above a row of them as its title."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes

BELOW = 0.46  # inches from a panel down to its key, with ticks and the axis' name between
ABOVE = 0.03  # inches


def below(axes: Axes, handles: Sequence[Artist], columns: int = 1) -> None:
    """A key below a panel with ticks and a name of its x axis; `zobench.report.layout` gives it its room."""
    high = axes.get_position(original=True).height * axes.get_figure().get_size_inches()[1]  # pyright: ignore
    look = {"fontsize": 8, "handlelength": 2.2, "labelspacing": 0.25, "columnspacing": 1.2, "borderaxespad": 0}
    place = {"loc": "upper left", "bbox_to_anchor": (-0.02, -BELOW / high)}
    axes.legend(handles=list(handles), ncols=columns, **look, **place)


def above(axes: Axes, handles: Sequence[Artist]) -> None:
    """A key in one line above a panel, from its left edge on and over its neighbours."""
    high = axes.get_position(original=True).height * axes.get_figure().get_size_inches()[1]  # pyright: ignore
    look = {"fontsize": 8.5, "handlelength": 2.2, "columnspacing": 1.4, "borderaxespad": 0, "borderpad": 0}
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1 + ABOVE / high)}
    axes.legend(handles=list(handles), ncols=len(handles), **look, **place).set_in_layout(False)
