"""The page of maps: where each method has put the points of a table of distances, one's own or a built-in one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from zobench.problems.distance_tables import Table, table
from zobench.problems.maps import distances, true_map
from zobench.report import files, groups
from zobench.report import tables as written
from zobench.report.maps import aligned
from zobench.report.measured import Measured
from zobench.report.page import Caption, Experiment
from zobench.report.tables import Cell, Row, rounded, spread

MOST = 3  # maps drawn of one table


class Map(NamedTuple):
    """The end of the best run of a method: places [N, p] in the unit of the distances, on their principal axes.

    `misfit` is the root mean square of ‖Wᵢ−Wⱼ‖ − dᵢⱼ over the known pairs, by their weights.
    """

    problem: str
    method: str
    names: list[str]
    places: ndarray
    misfit: float
    missing: int
    cell: Measured


def read(paths: Sequence[Path]) -> list[Map]:
    """The maps in the records, those of the least misfit first within each table. ValueError where there are none."""
    cells = [cell for cell in groups.read(paths).measured if cell.record.family == "mds"]
    if not cells:
        raise ValueError("there is no cell of problem=mds here")
    found: dict[str, list[Map]] = {}
    for cell in cells:
        found.setdefault(f"{cell.record.problem}, n = {cell.record.n}", []).append(_map(cell))
    return [one for maps in found.values() for one in _alike(sorted(maps, key=lambda one: one.misfit))]


def _map(cell: Measured) -> Map:
    problem = cell.record.config["problem"]
    known, embedding = _table(problem), int(problem.get("embedding", 2))
    power = 1 if problem.get("squared", True) or problem.get("stress") == "stress" else 0.5
    ends = cell.record.arrays[f"{cell.rule}/x_end"].reshape(-1, len(known.d), embedding)
    curves = cell.record.curve(cell.rule, "gap")[:, -1]
    best = ends[int(np.argmin(np.where(np.isfinite(curves), curves, np.inf)))] * known.d.max() ** power
    between = np.sqrt(np.sum((best[:, None] - best) ** 2, axis=2))
    known_pairs = np.triu(known.weight, 1)
    misfit = float(np.sqrt(np.average((between - known.d) ** 2, weights=known_pairs)))
    method = cell.record.method + f", {cell.rule} step" * (cell.rule != "own")
    missing = int((np.triu(known.weight == 0, 1)).sum())
    return Map(cell.record.problem, method, known.names, _on_axes(best), misfit, missing, cell)


def _table(problem: dict[str, Any]) -> Table:
    if problem.get("distances") is not None:
        return table(problem["distances"], problem.get("weights"), problem.get("labels"), problem.get("points"))
    asked = problem.get("cities", "europe"), problem.get("points"), int(problem.get("embedding", 2))
    seed = int(problem.get("seed", 42))
    d = distances(*asked, seed)
    return Table(d, 1.0 - np.eye(len(d)), true_map(*asked, seed)[0])


def _on_axes(places: ndarray) -> ndarray:
    """Shifted and turned to the principal axes, the longest first: distances say nothing of either."""
    centred = places - places.mean(axis=0)
    if not np.isfinite(centred).all():
        return centred
    return centred @ np.linalg.svd(centred, full_matrices=False)[2].T


def _alike(maps: Sequence[Map]) -> list[Map]:
    """The same, each turned and mirrored on to the first."""
    first = maps[0].places
    good = [np.isfinite(one.places).all() and np.isfinite(first).all() for one in maps]
    return [
        one._replace(places=aligned(one.places, first)) if fine else one for one, fine in zip(maps, good, strict=True)
    ]


def rows(found: Sequence[Map]) -> list[dict[str, Any]]:
    """table.csv: a line a map and method."""
    return [
        {
            "problem": one.problem,
            "points": len(one.names),
            "not_known": one.missing,
            "method": one.method,
            "runs": one.cell.hits.size,
            "reached": one.cell.ended("reached"),
            **files.ends("calls", one.cell.calls),
            "misfit": one.misfit,
        }
        for one in found
    ]


def places(found: Sequence[Map]) -> list[dict[str, Any]]:
    """places.csv: a line a point of each map, with its coordinates."""
    wide = max(one.places.shape[1] for one in found)
    lines = []
    for one in found:
        for name, place in zip(one.names, one.places, strict=True):
            coordinates = {f"x{i + 1}": float(place[i]) if i < len(place) else None for i in range(wide)}
            lines.append({"problem": one.problem, "method": one.method, "name": name, **coordinates})
    return lines


def tables(rows: Sequence[Row], _places: Sequence[Row]) -> list[written.Table]:
    """A line a map and method."""
    columns: dict[str, Cell] = {
        "": lambda row: f"{row['problem']}, {row['points']} points",
        "pairs not known": "not_known",
        "method": "method",
        "arrived": lambda row: f"{row['reached']} of {row['runs']}",
        "oracle calls": lambda row: "never" if row["calls"] in ("", "inf") else spread("calls", shown=_whole)(row),
        "misfit": rounded("misfit"),
    }
    note = "Misfit: root mean square of what distances in the map differ from those given, in their unit, of the best "
    note += "run at its end. Places: places.csv."
    return [written.table("Maps from distances", note, rows, columns, words=2)]


def _whole(calls: float) -> str:
    return f"{calls:.0f}"


EXPERIMENT = Experiment(
    question="Where has each method put the points of a table of distances?",
    read=read,
    rows=rows,
    tables=tables,
    figures=("map",),
    more={"places.csv": places},
    captions={"map": Caption("The best run of each method, the least misfit first.", "cells of problem=mds that ran")},
)
