"""Methods over all problems of a sweep: performance and data profiles, and runtimes over many targets."""

from typing import Any, NamedTuple

import numpy as np

from zobench.report import files, profiles
from zobench.report.compare import quality
from zobench.report.compare.labels import Key, lines
from zobench.report.compare.targets import SHARES, distribution
from zobench.report.compare.traces import places
from zobench.report.groups import Cells

RATIOS = np.geomspace(1, 100, 60)
SOLVED = (10.0, 100.0, 1000.0)  # multiples of n + 1
FEWEST = 2  # problems


class Times(NamedTuple):
    """Calls to the target [lines, problems, runs] and to many targets [..., targets]; dimensions [problems]."""

    keys: list[Key]
    n: np.ndarray
    target: np.ndarray
    many: np.ndarray

    @property
    def budgets(self) -> np.ndarray:
        """Calls over the dimension from one to the last arrival."""
        ratios = (self.many / self.n[None, :, None, None])[np.isfinite(self.many)]
        return np.geomspace(1, max(10.0, float(ratios.max(initial=1.0))), 80)


def times(found: Cells) -> Times | None:
    """Of the problems and dimensions that every line ran; None where fewer than two problems are among them."""
    keys = [line.key for line in lines(found)]
    shared = {place: cells for place, cells in places(found).items() if len(cells) == len(keys)}
    if len(keys) < 2 or len({column for column, _ in shared}) < FEWEST:
        return None
    runs = max(cell.hits.size for cells in shared.values() for cell in cells.values())
    target = np.full((len(keys), len(shared), runs), np.inf)
    many = np.full((len(keys), len(shared), runs, SHARES), np.inf)
    for j, cells in enumerate(shared.values()):
        reached = distribution(cells)
        for i, key in enumerate(keys):
            cell = cells[key]
            target[i, j] = _spread(cell.hits * max(1, cell.record.calls), runs)
            if key in reached:
                many[i, j] = _spread(reached[key], runs)
    return Times(keys, np.array([n for _, n in shared]), target, many)


def _spread(times: np.ndarray, runs: int) -> np.ndarray:
    """Runs said again until there are so many: what is not random has one."""
    return times[np.arange(runs) % len(times)]


def rows(found: Cells) -> list[dict[str, Any]]:
    """profiles.csv: a line for each method and step rule."""
    ran = times(found)
    if ran is None:
        return []
    labels = {line.key: line.label for line in lines(found)}
    solved = profiles.profile(profiles.data(ran.target, ran.n, np.array([*SOLVED, np.inf])))
    first = profiles.performance(ran.target, np.array([1.0, 2.0])).mean(axis=1)
    area = profiles.area(profiles.profile(profiles.ecdf(ran.many, ran.n, ran.budgets)), ran.budgets)
    good, made = quality.quality(found).mean(axis=1), []
    for i, key in enumerate(ran.keys):
        line: dict[str, Any] = {"line": labels[key], "problems": len(ran.n)}
        for j, kappa in enumerate(SOLVED):
            line |= files.ends(f"solved_{kappa:g}", solved.at(i, j))
        line |= {**files.ends("solved", solved.at(i, len(SOLVED))), "first": float(first[i, 0])}
        line |= {f"quality_{tau}": float(good[i, -1 - at]) for tau, at in quality.SHOWN.items()}
        made.append(line | {"within_2": float(first[i, 1]), "area": float(area[i])})
    return sorted(made, key=lambda line: -line["area"])
