"""experiment=jit: time per call op by op and compiled, what compiling costs and after how many calls it has paid."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench.report import files, fitted, page, tables
from zobench.statistics import Estimate

FILES = page.names("jit")
KINDS = {"chain": "chain of elementwise operations", "matmul": "tanh(AB)"}
ENDS = {"chain": 1_000_000, "matmul": 1000}  # the sizes that claims speak of as large
closing = page.closing

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the page."""
    from zobench.report import jit_plots

    read = page.read(records)
    rows = [line for record in read for line in _rows(record.meta["kind"], record.arrays)]
    page.write(folder, "jit", records, rows, _tables(rows), measures(records))
    jit_plots.draw({record.meta["kind"]: record.arrays for record in read}, read[0].meta["config"], folder)


def summary(folder: Path) -> list[tables.Table]:
    """What the terminal shows, from table.csv."""
    return _tables(files.read_csv(folder / "table.csv"))


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Op by op over compiled at the smallest and the largest size, and what compiling costs in calls."""
    found = {record.meta["kind"]: record.arrays for record in page.read(records)}
    measured = {}
    for kind, end in ENDS.items():
        names = [f"{kind}, size 1: time, op by op over compiled", f"{kind}, size {end}: time, op by op over compiled"]
        names += [f"{kind}, size 1: calls until compiling has paid", f"{kind}: operations dispatched op by op"]
        measured |= dict.fromkeys(names, Estimate(nan))
        if kind in found:
            a = found[kind]
            for name, size in zip(names[:2], (1, end), strict=True):
                for i in np.flatnonzero(a["size"] == size):
                    measured[name] = fitted.timed_ratio(a["seconds"][0, i], a["seconds"][1, i])
            if a["size"][0] == 1:
                measured[names[2]] = Estimate(paid(a, 0))
            measured[names[3]] = Estimate(float(a["primitives"]))
    return measured


def paid(a: dict[str, np.ndarray], i: int) -> float:
    """Calls after which compiling has saved more than it took; inf where a compiled call is not faster."""
    slow, fast = fitted.median(a["seconds"][:, i])
    return float(np.median(a["compiling"][i]) / (slow - fast)) if slow > fast else inf


def _rows(kind: str, a: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    lines = []
    for i, size in enumerate(a["size"]):
        eager, compiled = (fitted.quartiles(a["seconds"][k, i]) for k in range(2))
        lines.append(
            {
                "kind": kind,
                "size": int(size),
                "primitives": int(a["primitives"]),
                **{f"op_by_op{end}": float(value) for end, value in zip(("_low", "", "_high"), eager, strict=True)},
                **{f"compiled{end}": float(value) for end, value in zip(("_low", "", "_high"), compiled, strict=True)},
                "ratio": fitted.timed_ratio(a["seconds"][0, i], a["seconds"][1, i]).value,
                "compiling": float(np.median(a["compiling"][i])),
                "paid_after": paid(a, i),
            }
        )
    return lines


def _tables(rows: Sequence[dict[str, Any]]) -> list[tables.Table]:
    header = ["", "size", "op by op, µs", "compiled, µs", "ratio", "compiling, ms", "paid after calls"]
    body, last = [], ""
    for line in rows:
        title = f"{KINDS[str(line['kind'])]}: {line['primitives']} operations"
        times = [1e6 * float(line["op_by_op"]), 1e6 * float(line["compiled"])]
        rest = [float(line["ratio"]), 1e3 * float(line["compiling"]), float(line["paid_after"])]
        shown = [tables.significant(value) for value in (*times, *rest)]
        body.append(["" if title == last else title, str(line["size"]), *shown])
        last = title
    note = "Medians; quartiles in table.csv. Size: of the vector, or the side of the square matrices."
    return [tables.Table("Op by op against compiled", note, header, body, 2)] if body else []
