"""Tables of distances of one's own: read from a file as people keep them, and refused in a line where they are none."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.sparse.csgraph import connected_components, shortest_path

MISSING = ("", "nan", "na", "n/a", "?", "-", "null", "none", ".")
SAME = 1e-6  # of the largest: (i, j) and (j, i) may be rounded differently

Square = Float[ndarray, "N N"]


class Table(NamedTuple):
    """Distances d [N, N], their weights (0: not known), and the names of the points, which may be their numbers.

    Both are symmetric. Of a pair of which one of the two entries is known, d has that one and the weight is a half.
    """

    d: Square
    weight: Square
    names: list[str]


def table(distances: Any, weights: Any = None, labels: Any = None, points: int | None = None) -> Table:
    """A table of distances, of its first `points`; each argument an array, a list of rows, or the name of a file.

    A file is .npy, or text with commas, semicolons, tabs or spaces between the entries, with or without names above
    and in front. No entry, nan, NA, ? or - is a distance that is not known; the diagonal is 0 or not known. `weights`
    is a table too, 0 where a distance is not to be fitted; `labels` a list of names, or a file with one in each line.
    Raises ValueError, with the place, for what is not square, not symmetric, negative or no number, and where points
    fall into groups without a distance between them.
    """
    d, names = _square("distances", distances)
    if not (points is None or 1 < points <= len(d)):
        raise ValueError(f"points={points}: {_shown(distances)} has {len(d)} of them")
    names = _names(labels, len(d)) if labels is not None else names
    _check_distances(distances, d, names)
    known = np.isfinite(d) & ~np.eye(len(d), dtype=bool)
    weight = known.astype(float)
    if weights is not None:
        given, _ = _square("weights", weights)
        if given.shape != d.shape:
            raise ValueError(f"weights={_shown(weights)}: {len(given)} rows, and {len(d)} of distances")
        given = np.where(np.isnan(given), 0, given)
        _require("weights", weights, names, given >= 0, given, "negative")
        _symmetric("weights", weights, given, names)
        weight = weight * given
    d, weight = np.where(known, d, 0)[:points, :points], weight[:points, :points]
    both = weight + weight.T
    d = np.divide(weight * d + weight.T * d.T, both, out=np.zeros_like(d), where=both > 0)
    _require_one_piece(distances, both, names)
    if not d.max() > 0:
        raise ValueError(f"distances={_shown(distances)}: all that are known are 0")
    return Table(d, both / 2, names[:points])


def filled(found: Table) -> Square:
    """The distances, with the length of the shortest way over known ones in the place of each that is not."""
    ways = np.where((found.weight > 0) & (found.d > 0), found.d, 0)
    together = (found.weight > 0) & (found.d == 0)  # 0 is no edge to scipy
    ways[together] = 1e-12 * found.d.max()
    return np.where(found.weight > 0, found.d, shortest_path(ways, directed=False))


def _check_distances(asked: Any, d: Square, names: Sequence[str]) -> None:
    _require("distances", asked, names, ~(d < 0), d, "negative")
    _require("distances", asked, names, ~np.isinf(d), d, "not finite")
    own = np.where(np.eye(len(d), dtype=bool), d, 0)
    _require("distances", asked, names, ~(np.abs(own) > 0), d, "not 0, from a point to itself")
    _symmetric("distances", asked, d, names)


def _symmetric(name: str, asked: Any, table: Square, names: Sequence[str]) -> None:
    apart = np.abs(table - table.T)
    largest = np.nanmax(np.abs(table), initial=0.0)
    if (wrong := np.argwhere(apart > SAME * largest)).size:
        i, j = wrong[0]
        there, back = f"{names[i]} to {names[j]} is {table[i, j]:g}", f"back it is {table[j, i]:g}"
        raise ValueError(f"{name}={_shown(asked)}: not symmetric: {there}, {back}; give one of the two, or their mean")


def _require(name: str, asked: Any, names: Sequence[str], good: ndarray, table: Square, said: str) -> None:
    if not good.all():
        i, j = np.argwhere(~good)[0]
        raise ValueError(f"{name}={_shown(asked)}: {names[i]} to {names[j]} is {table[i, j]:g}: {said}")


def _require_one_piece(asked: Any, weight: Square, names: Sequence[str]) -> None:
    pieces, piece = connected_components(weight > 0, directed=False)
    if pieces > 1:
        other = names[int(np.argmax(piece != piece[0]))]
        way = f"no way over known distances from {names[0]} to {other}"
        raise ValueError(f"distances={_shown(asked)}: {way}: {pieces} maps, of which each can be anywhere")


def _square(name: str, asked: Any) -> tuple[Square, list[str]]:
    """The numbers of a table, and the names of its rows."""
    try:
        rows, names = _read(asked) if isinstance(asked, str | Path) else (np.asarray(asked, float), [])
    except OSError as error:
        raise ValueError(f"{name}={_shown(asked)}: {error.strerror or 'it cannot be read'}") from error
    except (ValueError, TypeError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{name}={_shown(asked)}: no table of numbers: {said:.200}") from error
    if rows.ndim != 2 or rows.shape[0] != rows.shape[1] or len(rows) < 2:
        shape = " x ".join(map(str, rows.shape))
        raise ValueError(f"{name}={_shown(asked)}: not square: {shape}; a row and a column for each point are needed")
    return rows, names or [str(i + 1) for i in range(len(rows))]


def _read(name: str | Path) -> tuple[ndarray, list[str]]:
    if str(name).endswith(".npy"):
        return np.asarray(np.load(name, allow_pickle=False), float), []
    lines = [line for line in Path(name).read_text(encoding="utf-8-sig").splitlines() if line.strip(" ,;\t")]
    lines = [line for line in lines if not line.startswith("#")]
    if not lines:
        raise ValueError("nothing in it")
    between = next((each for each in ";\t," if each in lines[0]), " ")
    cells = [line.split() for line in lines] if between == " " else [*csv.reader(lines, delimiter=between)]
    comma = between == ";" and not any("." in cell for row in cells for cell in row)
    cells = [[cell.strip().replace(",", ".") if comma else cell.strip() for cell in row] for row in cells]
    above, before = _has_names(cells)
    names = [row[0] for row in cells[above:]] if before else cells[0] if above else []
    body = [row[before:] for row in cells[above:]]
    for i, row in enumerate(body):
        if len(row) != len(body[0]):
            raise ValueError(f"row {i + 1} has {len(row)} entries, the first {len(body[0])}")
    number = [[_number(cell, i + 1, j + 1) for j, cell in enumerate(row)] for i, row in enumerate(body)]
    return np.array(number), names


def _has_names(cells: list[list[str]]) -> tuple[bool, bool]:
    """Whether there are names above the table, and in front of it; numbers may be names."""
    first, column = cells[0], [row[0] for row in cells]
    above = len(first) > 1 and all(map(_is_word, first[1:]))
    before = len(column) > 1 and all(map(_is_word, column[1:]))
    width = len(cells[-1])
    if first[0] == "" and _is_count(first[1:]) and _is_count(column[1:]) and width == len(cells):
        return True, True
    return above or (_is_count(first) and len(cells) == width + 1), before


def _is_count(cells: Sequence[str]) -> bool:
    return [*cells] in ([str(i + start) for i in range(len(cells))] for start in (0, 1))


def _is_word(cell: str) -> bool:
    if cell.lower() in MISSING:
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def _number(cell: str, row: int, column: int) -> float:
    if cell.lower() in MISSING:
        return np.nan
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"row {row}, column {column}: {cell[:30]!r} is no number") from None


def _names(asked: Any, many: int) -> list[str]:
    try:
        text = Path(asked).read_text(encoding="utf-8-sig").splitlines() if isinstance(asked, str | Path) else asked
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "no text"
        raise ValueError(f"labels={_shown(asked)}: {said}") from error
    names = [str(name).strip() for name in text if str(name).strip()]
    if len(names) != many:
        raise ValueError(f"labels={_shown(asked)}: {len(names)} names of {many} points")
    return names


def _shown(asked: Any) -> str:
    """The name of a file, or what else it is."""
    return str(asked) if isinstance(asked, str | Path) else f"a {type(asked).__name__}"
