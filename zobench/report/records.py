"""Records as the reports see them: what was run (labels from the config) and what came out (arrays).

A row of a table is the set of cells that are equal in everything but the dimension and the step rule: what differs
besides is said in the problem's name (the column) or in the method's (the row), see `tell`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import store
from zobench.report import naming, telling
from zobench.report.naming import METHODS

__all__ = ["METHODS", "RULES", "Record", "ended", "load", "rank", "row", "rows", "target", "tell"]

RULES = ("theory", "trace", "tuned")


class Record(NamedTuple):
    """One cell: its key, what is known about it, and its arrays by name. A failed cell has no arrays.

    `telling`: keys of its config in which it differs from others of the report, the dimension apart. `columns`: those
    of all records of the report, with its own values. `replaced`: how many earlier records there are of its config.
    `labels`: the user's words for names or parts of them; `places` of problem and method in the user's order.
    """

    key: str
    meta: dict[str, Any]
    arrays: dict[str, np.ndarray]
    telling: tuple[str, ...] = ()
    columns: tuple[tuple[str, Any], ...] = ()
    replaced: int = 0
    labels: tuple[tuple[str, str], ...] = ()
    places: tuple[int, int] = (0, 0)

    @property
    def config(self) -> dict[str, Any]:
        """What was asked for."""
        return self.meta["config"]

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
        return str(self.config["stop"]["metric"])

    @property
    def estimator(self) -> str:
        """The estimator's factory: its name, its path where it is not of zobench, "" where the method takes none."""
        return naming.own("estimators", self.config["estimator"]) if naming.takes_estimator(self.config) else ""

    @property
    def kind(self) -> str:
        """The method by its usual name, with what is not the default said: "finite-difference GD, forward quotient"."""
        return naming.kind(self.config, self.telling)

    @property
    def method(self) -> str:
        """The row of the table: the kind, and what tells it from others: "two-point GD, q=4 orthogonal=true"."""
        return self._called(", ".join([self.kind, *naming.told(self.config, self.telling)]), ", ")

    @property
    def plain(self) -> bool:
        """Whether it is one of the methods that the lectures speak of, with the defaults of its estimator."""
        return naming.plain(self.config)

    @property
    def family(self) -> str:
        """The problem's factory: its name, or its whole path where it is not of zobench."""
        return naming.own("problems", self.config["problem"])

    @property
    def problem(self) -> str:
        """The problem's name, with the arguments in which it differs from others: "quadratic log_uniform mu=0.1"."""
        return self._called(naming.problem(self.config, self.telling), " ")

    @property
    def family_label(self) -> str:
        """The first part of the method's name."""
        return self._called(self.kind.partition(", ")[0], ", ")

    @property
    def is_labelled(self) -> bool:
        """Whether the problem has a name that the user gave."""
        return self.problem != naming.problem(self.config, self.telling)

    def _called(self, name: str, between: str) -> str:
        """A name in the user's words, whole or by its parts."""
        labels = dict(self.labels)
        return labels.get(name) or between.join(labels.get(part, part) for part in name.split(between))

    @property
    def n(self) -> int:
        """Dimension; of a failed cell the one that was asked for, 0 where the config does not say."""
        return naming.size(self.config, self.meta)

    @property
    def calls(self) -> int:
        """Oracle calls a step, each kind counted as one."""
        return sum(self.meta["calls"].values())

    @property
    def price(self) -> float | None:
        """What a step costs in values of f; None where it asks for a derivative of which the record has no price."""
        known = self.meta.get("prices")
        prices = {"value": 1.0, **(known if isinstance(known, dict) else {})}
        asked = {kind: count for kind, count in self.meta["calls"].items() if count}
        if not all(isinstance(prices.get(kind), float | int) for kind in asked):
            return None
        return float(sum(count * prices[kind] for kind, count in asked.items()))

    @property
    def derivatives(self) -> bool:
        """Whether a step asks for more than values of f."""
        return any(count for kind, count in self.meta["calls"].items() if kind != "value")

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
    """Read records, sorted so that the report does not depend on the order in which they were made.

    Of several records of the same config (made by other code or libraries) the latest is taken.
    """
    latest: dict[str, Record] = {}
    for path in sorted(filter(Path.exists, paths), key=lambda path: (path.stat().st_mtime_ns, path.name)):
        stored = store.read(path)
        if stored is not None:
            asked = store.digest(stored.meta["config"])
            replaced = latest[asked].replaced + 1 if asked in latest else 0
            latest[asked] = Record(path.stem, stored.meta, stored.arrays, replaced=replaced)
    metrics, told = ("gradient", "gap", "distance"), tell(list(latest.values()))
    return sorted(told, key=lambda r: (rank(metrics, r.metric), r.problem, row(r), r.n, r.rules, r.key))


def ended(paths: Sequence[Path]) -> list[store.Record]:
    """The records of a study that ended well, in the order of the sweep. ValueError where there are none."""
    found = [record for record in map(store.read, paths) if record is not None and record.meta["status"] == "ok"]
    if not found:
        raise ValueError("no record of this experiment ended well: run it again")
    return found


def rows(of: Callable[[store.Record], Iterable[Any]]) -> Callable[[Iterable[store.Record]], list[Any]]:
    """The rows that `of` makes of a record, of all of them."""
    return lambda found: [row for record in found for row in of(record)]


def tell(records: Sequence[Record]) -> list[Record]:
    """The same records with what tells each from the others.

    Arguments of a problem are compared among those of its metric, those of a method within the report; what else is in
    a config (dtype, seeds, stop, tuning) among the cells of a method on a problem, as a problem may have its own.
    """
    configs = [naming.normal(record.config) for record in records]
    shown = [naming.shown(config) for config in configs]
    metrics, kinds = [record.metric for record in records], [naming.target(config["method"]) for config in configs]
    of_problem = telling.differing_within([_only(config, ("problem",)) for config in configs], metrics)
    of_method = telling.differing_within([_only(config, naming.METHOD) for config in configs], kinds)
    differ = [one | other for one, other in zip(of_problem, of_method, strict=True)]
    unclear = _ambiguous(configs, shown)
    found = _with(records, [keys - {*names} | also for keys, names, also in zip(differ, shown, unclear, strict=True)])
    places = [(record.metric, record.problem, record.kind) for record in found]
    rest = [_only(config, config.keys() - {"problem", *naming.METHOD, "step"}) for config in configs]
    found = _apart(_with(found, telling.differing_within(rest, places)))
    keys = {key for record in found for key in record.telling}.union(*differ).difference(*shown)
    columns = sorted(key for key in keys if not naming.is_size(key))
    return [record._replace(columns=tuple(_columns(record.config, columns))) for record in found]


def _only(config: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: config[name] for name in names}


def _with(records: Sequence[Record], keys: Sequence[set[str]]) -> list[Record]:
    """Records that tell these keys besides, but for the size and what is in the problem's name anyway."""
    new = [{key for key in own if not (naming.is_size(key) or naming.is_name(key))} for own in keys]
    return [r._replace(telling=tuple(sorted({*r.telling, *own}))) for r, own in zip(records, new, strict=True)]


def _ambiguous(configs: Sequence[dict[str, Any]], shown: Sequence[Sequence[str]]) -> list[set[str]]:
    """Of the factories that names have anyway those whose last word is also that of another one at the same place."""
    targets = [telling.at(config, keys) for config, keys in zip(configs, shown, strict=True)]
    several: dict[tuple[str, str], set[str]] = {}
    for key, path in (item for own in targets for item in own.items()):
        several.setdefault((key, telling.word(path)), set()).add(path)
    return [{key for key, path in own.items() if len(several[key, telling.word(path)]) > 1} for own in targets]


def _apart(records: Sequence[Record]) -> list[Record]:
    """Records that would be one point of a row, told apart by whatever differs: the steps or sizes asked for.

    Where the steps differ at one dimension, all cells of the row are told by them, so that no row is split by halves.
    """
    points = [(record.metric, record.problem, record.method, record.n) for record in records]
    members: dict[tuple, list[Record]] = {}
    for point, record in zip(points, records, strict=True):
        members.setdefault(point, []).append(record)
    shared = {point for point, own in members.items() if _overlap(own)}
    differ = telling.differing_within([record.config for record in records], points)
    added = [keys if point in shared else set() for point, keys in zip(points, differ, strict=True)]
    of_row: dict[tuple, set[str]] = {}
    for point, keys in zip(points, added, strict=True):
        of_row.setdefault(point[:3], set()).update(key for key in keys if not naming.is_size(key))
    told = [
        {*record.telling, *keys, *telling.at(record.config, of_row[point[:3]])}
        for record, point, keys in zip(records, points, added, strict=True)
    ]
    return [record._replace(telling=tuple(sorted(keys))) for record, keys in zip(records, told, strict=True)]


def _overlap(records: Sequence[Record]) -> bool:
    """Whether a step rule is among those of two of the records."""
    asked = [(record, record.config.get("step", "")) for record in records]
    rules = [{*(record.rules or map(str, step if isinstance(step, list) else [step]))} for record, step in asked]
    return sum(map(len, rules)) > len(set().union(*rules))


def _columns(config: dict[str, Any], keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Columns of a table for these keys, empty where the config has none; "config.seeds", as "seeds" is another one."""
    known = telling.at(config, keys)
    for key in keys:
        value = known.get(key, "")
        shown = value if isinstance(value, str | float) or type(value) is int else telling.text(value)
        yield key if "." in key else f"config.{key}", shown


def row(record: Record) -> tuple:
    """Sorts rows of the table: gradient first, then finite differences, then two points; q=4 before q=16."""
    parts = re.split(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)", record.method)
    order = [(float(part) if i % 2 else 0.0, part) for i, part in enumerate(parts)]
    base = record.kind.partition(",")[0]
    return rank(tuple(naming.ESTIMATORS.values()), base), order


def rank(order: Sequence[str], name: str) -> int:
    """Place in a list; unlisted names come after."""
    return list(order).index(name) if name in order else len(order)


def target(config: dict[str, Any]) -> str:
    """Last word of a config's _target_: the factory's name."""
    return telling.word(naming.target(config))
