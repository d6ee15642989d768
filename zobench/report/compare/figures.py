"""The pictures of any sweep: convergence against oracle calls, and calls to the target against n."""

from matplotlib.figure import Figure

from zobench import decay
from zobench.report import drawing
from zobench.report import scaling as scalings
from zobench.report.groups import Cells

QUANTITY = {"gradient": "least ‖∇f‖² so far", "gap": "f − f*", "distance": "‖x − x*‖²"}


def convergence(found: Cells) -> Figure:
    """Median over seeds and the band of 10 to 90 % against oracle calls, each problem at its largest dimension."""
    columns = found.columns
    figure, grid = drawing.panels(1, len(columns), high=2.8, foot=1.0)
    legible, more = drawing.legible(found.groups)
    looks = drawing.looks(found.groups)
    for axes, column in zip(grid[0], columns, strict=True):
        own = [group for group in legible if group.column == column]
        for group in own:
            record, look = group.cells[-1].record, drawing.look(looks[group.method], group.rule)
            k, curves = record.k(group.rule), decay.so_far(record.metric, record.curve(group.rule))
            shown = drawing.thin(k)
            calls = k[shown] * max(1, record.calls)
            drawing.runs(axes, calls, curves[:, shown], {**look, "ms": 3.5, "markevery": 0.13}, 0.15)
        n = max((group.cells[-1].record.n for group in own), default=0)
        axes.set(xscale="log", yscale="log", xlabel="oracle calls", title=f"{column}, n = {n}")
        axes.set_ylabel(QUANTITY[own[0].metric] if own else "", labelpad=1)
        axes.minorticks_off()
    caption = f"Median over {found.seeds} seeds, band: 10 to 90 % of runs.{more}"
    drawing.legend(figure, drawing.method_handles(legible, found.groups), caption, columns=3)
    return figure


def scaling(found: Cells) -> Figure | None:
    """Iterations and oracle calls to the target against n, where several dimensions ran."""
    return scalings.scaling(found) if any(len(group.cells) > 1 for group in found.groups) else None
