"""Records as the reports see them: what was run (labels from the config) and what came out (arrays)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import store

METHODS = {
    "autodiff": "GD (autodiff)",
    "forward_mode": "GD (forward mode)",
    "finite_difference": "finite-difference GD",
    "two_point": "two-point GD",
}
RULES = ("theory", "trace", "tuned")
NAMING = ("spectrum", "cities")  # arguments that belong to a problem's name
SIZES = ("dim", "points")  # arguments that say how large it is, not which


class Record(NamedTuple):
    """One cell: its key, what is known about it, and its arrays by name. A failed cell has no arrays.

    `telling`: arguments of the problem that differ within a report, the dimension apart.
    """

    key: str
    meta: dict[str, Any]
    arrays: dict[str, np.ndarray]
    telling: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the cell raised."""
        return self.meta.get("status") == "failed"

    @property
    def rules(self) -> list[str]:
        """Step rules that ran, in the order theory, trace, tuned, numbers."""
        return sorted(self.meta.get("rules", {}), key=lambda rule: (rank(RULES, rule), rule))

    @property
    def metric(self) -> str:
        """What the runs stopped on: gradient, gap or distance."""
        return str(self.meta["config"]["stop"]["metric"])

    @property
    def estimator(self) -> str:
        """The estimator's factory."""
        return target(self.meta["config"]["estimator"])

    @property
    def method(self) -> str:
        """The row of the table: the estimator by its usual name, with what is not the default said."""
        config = self.meta["config"]
        name = METHODS.get(self.estimator, self.estimator)
        optimizer = target(config["optimizer"])
        extra = [] if config["estimator"].get("quotient", "central") == "central" else ["forward quotient"]
        extra += [] if optimizer == "sgd" else [optimizer]
        return f"{name}, {', '.join(extra)}" if extra else name

    @property
    def family(self) -> str:
        """The problem's factory."""
        return target(self.meta["config"]["problem"])

    @property
    def problem(self) -> str:
        """The problem's name, with the arguments in which it differs from others: "quadratic log_uniform mu=0.1"."""
        config = self.meta["config"]["problem"]
        words = [str(config[name]) for name in NAMING if name in config]
        words += [f"{name}={config.get(name)}" for name in self.telling]
        return " ".join([self.family, *words])

    @property
    def n(self) -> int:
        """Dimension; of a failed cell the one that was asked for, 0 where the config does not say."""
        asked = self.meta["config"]["problem"]
        return int(self.meta.get("n") or asked.get("dim") or (asked.get("points") or 0) * asked.get("embedding", 1))

    @property
    def calls(self) -> int:
        """Oracle calls a step, each kind counted as one."""
        return sum(self.meta["calls"].values())

    def array(self, rule: str, name: str) -> np.ndarray | None:
        """An array of a rule, None where the record has none."""
        return self.arrays.get(f"{rule}/{name}")

    def curve(self, rule: str, name: str | None = None) -> np.ndarray:
        """[runs, records] in float64; the stopping metric unless another is named."""
        return self.arrays[f"{rule}/{name or self.metric}"].astype(float)

    def k(self, rule: str) -> np.ndarray:
        """The recorded iterations."""
        return self.arrays[f"{rule}/k"]


def load(paths: Sequence[Path]) -> list[Record]:
    """Read records, sorted so that the report does not depend on the order in which they were made."""
    records = []
    for path in paths:
        stored = store.read(path)
        if stored is not None:
            records.append(Record(path.stem, stored.meta, stored.arrays))
    records = [record._replace(telling=_telling(record, records)) for record in records]
    return sorted(records, key=lambda r: (rank(("gradient", "gap", "distance"), r.metric), r.problem, *row(r), r.n))


def _telling(record: Record, records: Sequence[Record]) -> tuple[str, ...]:
    """Arguments in which problems of the same family and metric differ."""
    like = [r.meta["config"]["problem"] for r in records if (r.family, r.metric) == (record.family, record.metric)]
    names = sorted(set().union(*like) - {"_target_", *SIZES, *NAMING})
    return tuple(name for name in names if len({repr(problem.get(name)) for problem in like}) > 1)


def row(record: Record) -> tuple[int, str]:
    """Sorts rows of the table: gradient first, then finite differences, then two points."""
    return rank(tuple(METHODS), record.estimator), record.method


def rank(order: Sequence[str], name: str) -> int:
    """Place in a list; unlisted names come after."""
    return list(order).index(name) if name in order else len(order)


def target(config: dict[str, Any]) -> str:
    """Last word of a config's _target_: the factory's name."""
    return str(config.get("_target_", "?")).rsplit(".", 1)[-1]
