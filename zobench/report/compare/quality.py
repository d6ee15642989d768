"""How good the values are that methods end with, over all problems; and when a run last improved."""

import numpy as np

from zobench.report import profiles
from zobench.report.compare.labels import lines
from zobench.report.compare.traces import places, trace
from zobench.report.groups import Cells
from zobench.report.measured import Measured

TAU = np.geomspace(1e-6, 1, 61)  # of the distance from the start to the best value
SHOWN = {"1e-1": 10, "1e-3": 30, "1e-6": 60}  # places of the table's accuracies from the end of TAU


def quality(found: Cells) -> np.ndarray:
    """Whether the runs of lines end within τ of the best of all lines: shares [lines, problems, TAU].

    Of the problems and dimensions that every line ran. What has met the target counts as it: runs stop there.
    """
    keys = [line.key for line in lines(found)]
    shared = [cells for cells in places(found).values() if len(cells) == len(keys)]
    runs = max((cell.hits.size for cells in shared for cell in cells.values()), default=0)
    ends, start = np.empty((len(keys), len(shared), runs)), np.empty(len(shared))
    for j, cells in enumerate(shared):
        traces = [trace(cells[key]) for key in keys]
        start[j] = traces[0].start
        for i, (one, key) in enumerate(zip(traces, keys, strict=True)):
            best = np.maximum(one.values.min(axis=1), float(cells[key].record.meta["target"]))
            ends[i, j] = best[np.arange(runs) % len(best)]  # what is not random has one run, which stands for each
    return profiles.quality(ends, start, TAU)


def last_improvement(cell: Measured) -> float:
    """Oracle calls at which the best value of a run last fell, as far as it is recorded: the median over runs."""
    one = trace(cell)
    best = np.minimum.accumulate(one.values, axis=1)
    fell = np.concatenate([np.zeros((len(best), 1), bool), best[:, 1:] < best[:, :-1]], axis=1)
    last = fell.shape[1] - 1 - fell[:, ::-1].argmax(axis=1)
    return float(np.median(np.where(fell.any(axis=1), one.spent("calls")[last], 0.0)))
