"""experiment=mds_pca: classical scaling, principal components and the minimum of s-stress, side by side."""

from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import files as writing
from zobench.report import page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate
from zobench.store import Record

FILES = page.names("maps")
OFF = ("classical and PCA", "s-stress and classical", "classical and true", "s-stress and true")
PLACES = ("synthetic", "europe", "usa")

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.mds_pca import figures

    found = read(records)
    lines = [line for record in found for line in rows(record)]
    writing.write_csv(folder / "table.csv", lines)
    page.write(folder, "mds_pca", records, lines, summary(folder), measures(records))
    figures.draw(found, folder)


def read(records: Sequence[Path]) -> list[Record]:
    """The records, exact points first."""
    return sorted(page.read(records), key=lambda record: (PLACES.index(record.meta["cities"]), record.meta["points"]))


def median(record: Record, name: str, column: int, level: int) -> Estimate:
    """Median over draws of a misfit, strain or stress at a level of noise; one draw at level 0."""
    values = record.arrays[name][level, :, column]
    values = values[:1] if record.arrays["noise"][level] == 0 else values
    return statistics.median(values, np.random.default_rng([level, column]))


def rows(record: Record) -> list[dict[str, Any]]:
    """table.csv: a line for each level of noise, and one for s-stress as the lecture prints it."""
    meta, lines = record.meta, []
    about = {"points of": meta["cities"], "N": meta["points"], "p": meta["embedding"], "in p dimensions": meta["share"]}
    for i, level in enumerate(record.arrays["noise"]):
        line: dict[str, Any] = {**about, "target": "d²", "noise": float(level)}
        for j, name in enumerate(OFF):
            found = median(record, "off", j, i)
            line |= {name: found.value, f"{name}, low": found.low, f"{name}, high": found.high}
        for name in ("strain", "stress"):
            for j, who in enumerate(("classical", "s-stress")):
                line[f"relative {name} of {who}"] = median(record, name, j, i).value
        lines.append(line)
    printed = {"target": "d, as printed", "noise": 0.0, "s-stress and true": meta["printed_misfit"]}
    printed |= {"relative stress of s-stress": meta["printed_stress"], "shape": meta["printed_shape"]}
    empty = dict.fromkeys(lines[0], nan)
    return [*({**line, "shape": nan} for line in lines), {**empty, **about, **printed}]


def summary(folder: Path) -> list[tables.Table]:
    """A block for each set of points."""
    header = ["", "distances", "classical, PCA", "s-stress, classical", "classical, true", "s-stress, true"]
    header += ["strain: classical", "strain: s-stress", "stress: classical", "stress: s-stress"]
    body, last = [], ""
    for line in writing.read_csv(folder / "table.csv"):
        flat = f"{100 * float(line['in p dimensions']):.2f} % in {line['p']} dimensions"
        title = f"{line['points of']}, N = {line['N']}, {flat}"
        kind = f"noise {line['noise']}" if line["target"] == "d²" else "against d, not d²"
        columns = [*OFF, *(f"relative {n} of {w}" for n in ("strain", "stress") for w in ("classical", "s-stress"))]
        cells = [tables.significant(float(line[name]), 2) if line[name] else "" for name in columns]
        body.append([title if title != last else "", kind, *cells])
        last = title
    note = "First four columns: distance between two maps over the size of the second, after the best isometry (for "
    note += (
        "PCA the best signs of the axes alone), median over draws. Strain and stress: relative, of the classical map "
    )
    note += "and of the minimiser of s-stress."
    return [tables.Table("Three maps of the same points", note, ["", *header[1:]], body, 2)]


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """What the claims are about; nan where a record is missing."""
    found = {f"{place}, {name}": Estimate(nan) for place in PLACES for name in _names()}
    for record in read(records):
        found |= {f"{record.meta['cities']}, {name}": value for name, value in _measured(record).items()}
    return found


def _names() -> list[str]:
    return [
        *(f"as given: {name}" for name in OFF),
        "as given: strain of s-stress over strain of classical",
        "as given: stress of classical over stress of s-stress",
        "10 % noise: s-stress and classical",
        "10 % noise: error of s-stress over error of classical",
        "misfit of s-stress and classical: slope in the noise",
        "against d: relative stress at the minimum",
        "against d: misfit of the shape at the best scale",
        "against d²: relative stress at the minimum",
    ]


def _measured(record: Record) -> dict[str, Estimate]:
    meta, noise = record.meta, record.arrays["noise"]
    found = {}
    for level, words in ((0.0, "as given"), (0.1, "10 % noise")):
        at = np.flatnonzero(np.isclose(noise, level))
        if not at.size:
            continue
        off = [median(record, "off", j, at[0]) for j in range(len(OFF))]
        found |= {f"{words}: {name}": off[j] for j, name in enumerate(OFF)}
        for name, over, under in (("strain", "s-stress", "classical"), ("stress", "classical", "s-stress")):
            pair = {who: median(record, name, j, at[0]).value for j, who in enumerate(("classical", "s-stress"))}
            found[f"{words}: {name} of {over} over {name} of {under}"] = Estimate(pair[over] / pair[under])
        both = record.arrays["off"][at[0]]
        ratio = statistics.median(both[:, 3] / both[:, 2], np.random.default_rng(at[0]))
        found[f"{words}: error of s-stress over error of classical"] = ratio
    found |= {
        "misfit of s-stress and classical: slope in the noise": _slope(record),
        "against d: relative stress at the minimum": Estimate(meta["printed_stress"]),
        "against d: misfit of the shape at the best scale": Estimate(meta["printed_shape"]),
        "against d²: relative stress at the minimum": Estimate(meta["squared_stress"]),
    }
    return {name: found.get(name, Estimate(nan)) for name in _names()}


def _slope(record: Record) -> Estimate:
    """Power law of the misfit in the noise, for exact data."""
    above = [i for i, level in enumerate(record.arrays["noise"]) if level > 0]
    if record.meta["cities"] != "synthetic":
        return Estimate(nan)
    try:
        points = [median(record, "off", 1, i) for i in above]
        return statistics.power_law(record.arrays["noise"][above].tolist(), points).slope
    except ValueError:
        return Estimate(nan)
