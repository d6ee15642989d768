"""What is wrong with a picture as a reader sees it: texts on each other or cut off, too small, raw; bare axes."""

import re
from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

SHOWN, SMALLEST = 800, 6.9  # pixels of a README, and of the smallest letters in it
RAW = re.compile(r"(?<![\w./\\{$])[a-z]+_[a-z]\w*|\d[eE][+-]\d")
TOUCH = 1.0  # pixels that the boxes of two texts may share: boxes hold air above and below the letters


def faults(figure) -> list[str]:
    """One line for each fault; none for a clean picture."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    texts = [(text, _box(text, renderer)) for text in _texts(figure)]
    whole = figure.bbox
    wide = figure.get_size_inches()[0]
    found = [f"raw: {_said(text)}" for text, _ in texts if RAW.search(re.sub(r"\$[^$]*\$", "", text.get_text()))]
    found += [
        f"{float(text.get_fontsize()) * SHOWN / 72 / wide:.1f} px in a README: {_said(text)}"
        for text, _ in texts
        if float(text.get_fontsize()) * SHOWN / 72 / wide < SMALLEST
    ]
    for text, box in texts:
        if box.x0 < -TOUCH or box.y0 < -TOUCH or box.x1 > whole.x1 + TOUCH or box.y1 > whole.y1 + TOUCH:
            found.append(f"cut off: {_said(text)}")
    for (one, a), (other, b) in combinations(texts, 2):
        shared = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if min(shared) > TOUCH:
            found.append(f"on each other: {_said(one)} and {_said(other)}")
    return found + [line for axes in figure.axes for line in _axes(axes, renderer)]


def _texts(figure) -> list[Text]:
    """Every text that is seen, ticks within the axes' view alone."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                inside = low - 1e-9 * abs(low) <= tick.get_loc() <= high + 1e-9 * abs(high)
                if not (inside and axes.axison and axes.get_visible()):
                    hidden |= {tick.label1, tick.label2}
            if not (axes.axison and axes.get_visible()):
                hidden |= {axis.label, axis.offsetText}
    found = figure.findobj(lambda artist: isinstance(artist, Text))
    return [text for text in found if text.get_visible() and text.get_text().strip() and text not in hidden]


def _box(text, renderer):
    """The box of the letters."""
    return Text.get_window_extent(text, renderer)


def _said(text) -> str:
    return repr(text.get_text())


def _axes(axes, renderer) -> list[str]:
    """A logarithmic axis with one tick, and a legend over the data."""
    found = []
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        named = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high and tick.label1.get_text()]
        lines = [line for line in axes.lines if line.get_transform() == axes.transData]  # no axhline: its x are shares
        points = {float(x) for line in lines for x in getattr(line, f"get_{axis.axis_name}data")()}
        if axis.get_scale() == "log" and axes.axison and len(named) == 1 < len(points):
            found.append(f"one tick: {axis.axis_name} of {axes.get_title(loc='left')!r}")
    legend = axes.get_legend()
    if legend is not None:
        box = legend.get_window_extent(renderer)
        for line in axes.lines:
            points = line.get_transform().transform(line.get_xydata())
            if any(box.contains(x, y) and axes.bbox.contains(x, y) for x, y in points):
                found.append(f"legend over {line.get_label()!r} in {axes.get_title(loc='left')!r}")
    return found
