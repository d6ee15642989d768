"""A layered drawing of a graph: a column for each depth, long edges bent around the nodes they pass."""

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

    `copies` draws an input again beside each node that uses it far away. ValueError where networkx is not installed.
    """
    try:
        import networkx as nx
    except ImportError as error:
        raise ValueError('networkx not installed: pip install "zobench[symbolic]"') from error

    graph = nx.DiGraph()
    routes = []
    for node, layer in enumerate(depth.tolist()):
        graph.add_node(node, layer=layer)
    for parent, child in dict.fromkeys(map(tuple, edges.tolist())):
        bends = [(parent, child, layer) for layer in range(int(depth[parent]) + 1, int(depth[child]))]
        route = [parent, *bends, child]
        if copies and bends and not depth[parent]:
            route = [("copy", parent, child), child]
            graph.add_node(route[0], layer=int(depth[child]) - 1)
        else:
            graph.add_nodes_from((bend, {"layer": bend[2]}) for bend in bends)
        routes.append(route)
        nx.add_path(graph, routes[-1])
    columns = _ordered(graph, int(depth.max()) + 1)
    position: dict[Any, Any] = nx.multipartite_layout(graph, subset_key=dict(enumerate(columns)), scale=1)
    step = _row_step(position, columns)
    place = {node: (float(graph.nodes[node]["layer"]), float(xy[1]) / step) for node, xy in position.items()}
    return Layout(place, routes, len(columns), max(map(len, columns)))


def _ordered(graph: Any, layers: int) -> list[list[Any]]:
    """The nodes of each layer from bottom to top, after some sweeps forth and back."""
    columns = [[node for node in graph if graph.nodes[node]["layer"] == layer] for layer in range(layers)]
    columns[0].reverse()  # the first input on top
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        for k in range(1, layers) if forth else range(layers - 2, -1, -1):
            beside = columns[k - 1] if forth else columns[k + 1]
            rank = {node: i - (len(beside) - 1) / 2 for i, node in enumerate(beside)}
            near = graph.predecessors if forth else graph.successors
            columns[k].sort(key=lambda node, near=near, rank=rank: _mean([rank[other] for other in near(node)]))
    return columns


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _row_step(position: dict[Any, Any], columns: list[list[Any]]) -> float:
    """The distance of two rows in networkx's units; 1 where each layer has one node."""
    tall = max(columns, key=len)
    return abs(float(position[tall[1]][1] - position[tall[0]][1])) if len(tall) > 1 else 1.0
