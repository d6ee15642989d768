"""Which cells of a sweep have a good record, and what is to be said of the others."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from zobench import store, surroundings
from zobench.errors import printable

LEFT_OUT = "left out"  # its parts do not go together: no command runs it
KINDS = ("missing", "damaged", "failed", LEFT_OUT)
SHOWN = 5  # cells named in a line


class Gap(NamedTuple):
    """A cell without a good record: missing, damaged, failed or left out, and why."""

    key: str
    label: str
    kind: str
    why: str

    @property
    def named(self) -> str:
        """The cell, and what is to be known about it."""
        label = printable(self.label or self.key)
        return label if self.kind == "missing" else f"{label} ({printable(self.why)})"


class Survey(NamedTuple):
    """How many cells were asked for, those without a good record, and a line where machines are mixed, else ""."""

    total: int
    gaps: list[Gap]
    machines: str = ""

    def lines(self, command: str = "") -> list[str]:
        """What a reader has to know before the numbers; `command` is the one that runs what is missing."""
        found = []
        for kind in KINDS:
            own = [gap for gap in self.gaps if gap.kind == kind]
            if own:
                verb = "" if kind == "failed" else "is " if len(own) == 1 else "are "
                more = f", and {len(own) - SHOWN} more (missing.csv)" if len(own) > SHOWN else ""
                found.append(f"{len(own)} of {self.total} cells {verb}{kind}: {_named(own[:SHOWN])}{more}")
        can_run = [gap for gap in self.gaps if gap.kind != LEFT_OUT]
        if can_run and command:
            found.append(f"to run {'it' if len(can_run) == 1 else 'them'}: {command}")
        return [*found, self.machines] if self.machines else found


def _named(gaps: Sequence[Gap]) -> str:
    """The cells, those that stand together for the same reason with the reason once."""
    said = []
    for _, same in groupby(gaps, lambda gap: gap.why):
        *others, last = same
        said += [printable(gap.label or gap.key) for gap in others] + [last.named]
    return ", ".join(said)


def survey(cells: Sequence[tuple[str, Path]]) -> Survey:
    """Look at the records of cells, given as label and path."""
    gaps, metas = [], []
    for label, path in cells:
        meta = store.read_meta(path)
        if meta is None:
            wrong = store.fault(path)
            why = f"{path.name} {wrong}" if wrong else "it has no record"
            gaps.append(Gap(path.stem, label, "damaged" if wrong else "missing", why))
        elif meta["status"] != "ok":
            kind = LEFT_OUT if meta.get("died") == LEFT_OUT else "failed"
            gaps.append(Gap(path.stem, label, kind, str(meta.get("reason") or meta["status"])))
        else:
            metas.append(meta)
    return Survey(len(cells), gaps, surroundings.mixed(metas))
