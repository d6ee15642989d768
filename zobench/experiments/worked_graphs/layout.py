"""A layered drawing of a graph: a column for each depth, long edges bent around the nodes they pass."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

SWEEPS = 8


class Layout(NamedTuple):
    """(layer, row) of each node, bend and copy, the edges' routes through them, and how many layers and rows.

    A copy of an input is called ("copy", input, child).
    """

    place: dict[Any, tuple[float, float]]
    routes: list[list[Any]]
    layers: int
    rows: int


def layered(depth: np.ndarray, edges: np.ndarray, *, copies: bool = False) -> Layout:
    """Columns by depth, ordered within by the mean of the neighbours (Sugiyama et al. 1981), rows around 0.

    `copies` draws an input again beside each node that uses it far away.
    """
    layer: dict[Any, int] = dict(enumerate(depth.tolist()))
    routes: list[list[Any]] = []
    for parent, child in dict.fromkeys(map(tuple, edges.tolist())):
        between = range(layer[parent] + 1, layer[child])
        bends = {(parent, child, place): place for place in between}
        if copies and bends and not layer[parent]:
            bends = {("copy", parent, child): layer[child] - 1}
            routes.append([*bends, child])
        else:
            routes.append([parent, *bends, child])
        layer |= bends
    columns = _ordered(layer, [link for route in routes for link in pairwise(route)])
    place = {
        node: (float(x), y) for x, column in enumerate(columns) for node, y in zip(column, _rows(column), strict=True)
    }
    return Layout(place, routes, len(columns), max(map(len, columns)))


def _rows(column: list[Any]) -> list[float]:
    return [i - (len(column) - 1) / 2 for i in range(len(column))]


def _ordered(layer: dict[Any, int], links: list[tuple[Any, Any]]) -> list[list[Any]]:
    """The nodes of each layer from bottom to top, after some sweeps forth and back."""
    columns = [[node for node in layer if layer[node] == k] for k in range(max(layer.values()) + 1)]
    columns[0].reverse()  # the first input on top
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        for k in range(1, len(columns)) if forth else range(len(columns) - 2, -1, -1):
            beside = columns[k - 1] if forth else columns[k + 1]
            rank = dict(zip(beside, _rows(beside), strict=True))
            near: dict[Any, list[float]] = {node: [] for node in columns[k]}
            for parent, child in links:
                here, other = (child, parent) if forth else (parent, child)
                if here in near and other in rank:
                    near[here].append(rank[other])
            columns[k].sort(key=lambda node, near=near: sum(near[node]) / max(1, len(near[node])))
    return columns
