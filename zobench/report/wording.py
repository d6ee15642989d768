"""The user's own names for the methods and problems of a sweep, and the order in which pages have them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from zobench.errors import UsageError
from zobench.report import naming
from zobench.report.records import Record, tell
from zobench.report.telling import word

SHOWN = 12  # names that a refusal lists


class Wording(NamedTuple):
    """`labels`: what a name, or a part of one, is to be called. `order`: names, or parts of some, that come first."""

    labels: Mapping[str, str] = {}
    order: Sequence[str] = ()

    def apply(self, records: Sequence[Record]) -> list[Record]:
        """The records with these names, in this order: problems first, then the methods on each.

        A name is what pages show: a method's parts are set apart by commas, a problem's by blanks; and the estimator,
        the method or the problem as the command line has it (two_point) is one for the first of them. UsageError for
        one that no record has, and for a label that would make two methods, or two problems, one.
        """
        self._require_known(records)
        called = [record._replace(labels=tuple(self._called(record))) for record in records]
        for kind, names in {
            "methods": [(one.method, new.method) for one, new in zip(records, called, strict=True)],
            "problems": [(one.problem, new.problem) for one, new in zip(records, called, strict=True)],
        }.items():
            for label in {new for _, new in names}:
                if len(olds := sorted({old for old, new in names if new == label})) > 1:
                    raise UsageError(f"report_labels: {' and '.join(olds)} are {len(olds)} {kind}, both called {label}")
        places = [(self._place(_of_problem(record)), self._place(_of_method(record))) for record in records]
        found = [record._replace(places=place) for record, place in zip(called, places, strict=True)]
        kept = list(dict.fromkeys((record.metric, record.problem) for record in found))
        return sorted(found, key=lambda r: (r.places[0], kept.index((r.metric, r.problem)), r.places[1]))

    def check(self, configs: Iterable[dict[str, Any]]) -> None:
        """Refuse, before anything runs, names that none of these cells will have. UsageError."""
        if self:
            runs = [Record("", {"config": config}, {}) for config in configs if "stop" in config]
            self.apply(tell(runs))

    def __bool__(self) -> bool:
        return bool(self.labels or self.order)

    def _called(self, record: Record) -> Iterator[tuple[str, str]]:
        """The parts of the record's names that are to be said otherwise."""
        wanted = {_plain(name): label for name, label in self.labels.items()}
        for name, words in (*_of_method(record).items(), *_of_problem(record).items()):
            if found := next((wanted[word] for word in words if word in wanted), None):
                yield name, found

    def _place(self, names: Mapping[str, Sequence[str]]) -> int:
        """That of the first name in the order; after all of them where it is not there."""
        known = {word for words in names.values() for word in words}
        return next((i for i, name in enumerate(self.order) if _plain(name) in known), len(self.order))

    def _require_known(self, records: Sequence[Record]) -> None:
        parts = [names for record in records for names in (_of_method(record), _of_problem(record))]
        known = {word for names in parts for words in names.values() for word in words}
        for key, asked in (("report_labels", self.labels), ("report_order", self.order)):
            for name in asked:
                if _plain(name) not in known:
                    there = list(dict.fromkeys(part for names in parts for part in names))
                    more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
                    raise UsageError(
                        f"{key}: nothing here is called {name}; there are {', '.join(map(repr, there[:SHOWN]))}{more}"
                    )


def _of_method(record: Record) -> dict[str, list[str]]:
    """The whole name and its parts, with the words by which each may be meant; the whole one first."""
    whole = record._replace(labels=()).method
    return _names(whole, whole.split(", "), _factories(record))


def _of_problem(record: Record) -> dict[str, list[str]]:
    whole = record._replace(labels=()).problem
    return _names(whole, whole.split(" "), [word(naming.target(record.config["problem"]))])


def _names(whole: str, parts: Sequence[str], factories: Sequence[str]) -> dict[str, list[str]]:
    names = {whole: [_plain(whole)]} | {part: [_plain(part)] for part in parts}
    names[parts[0]] = [*names[parts[0]], *map(_plain, factories)]
    return names


def _factories(record: Record) -> list[str]:
    """The estimator where the method takes one, else the method."""
    config = naming.normal(record.config)
    return [word(naming.target(config["estimator" if naming.takes_estimator(record.config) else "method"]))]


def _plain(name: str) -> str:
    """A name in small letters; "two-point GD", "two_point GD" and "two point GD" are the same."""
    return re.sub(r"(?<=[^\W\d_])[-_ ]+(?=[^\W\d_])", "_", name.strip().casefold())
