"""The arrays of an .npz read from its bytes, where these are known to be whole: its sums are not checked again.

np.load would parse each header as Python and go through zipfile, ten times slower for a record of small arrays. What
np.savez does not write itself is left to np.load.
"""

import io
import re
import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from math import prod
from typing import Literal

import numpy as np

END = struct.Struct("<4s4H2LH")  # of a zip archive
ENTRY = struct.Struct("<4s6H3L5H2L")  # of its directory
LOCAL = struct.Struct("<26xHH")
PLAIN = re.compile(rb"\{'descr': '([<|][a-zA-Z]\d+)', 'fortran_order': (False|True), 'shape': \(([\d, ]*)\), \}\s*")
TOO_LARGE = 0xFFFFFFFF  # for an entry, which says so
LENGTH = struct.Struct("<H")
COMMENT = 64


def arrays(data: bytes, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, np.ndarray]:
    """The arrays whose names are wanted, of an archive with a comment of 64 bytes; what numpy raises for no .npz."""
    try:
        return {name: _array(data, start, size) for name, start, size in _members(data) if wanted(name)}
    except (ValueError, struct.error):
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files if wanted(name)}


def _members(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, offset and size of each array; ValueError for what this does not read."""
    mark, *_, count, _, place, comment = END.unpack_from(data, len(data) - COMMENT - END.size)
    if (mark, comment) != (b"PK\5\6", COMMENT) or place == TOO_LARGE:
        raise ValueError
    for _ in range(count):
        mark, _, _, _, method, *_, packed, size, name, extra, remark, _, _, _, offset = ENTRY.unpack_from(data, place)
        if mark != b"PK\1\2" or method or packed != size or TOO_LARGE in (size, offset):
            raise ValueError
        start = place + ENTRY.size
        own = LOCAL.unpack_from(data, offset)
        yield data[start : start + name].decode().removesuffix(".npy"), offset + 30 + sum(own), size
        place = start + name + extra + remark


def _array(data: bytes, start: int, size: int) -> np.ndarray:
    (length,) = LENGTH.unpack_from(data, start + 8)
    dtype, order, shape, items = _header(data[start : start + 10 + length])
    if length + 10 + dtype.itemsize * items != size:
        raise ValueError
    return np.frombuffer(data, dtype, items, start + 10 + length).reshape(shape, order=order).copy()


@lru_cache(4096)  # records of one kind have the same ones
def _header(text: bytes) -> tuple[np.dtype, Literal["F", "C"], tuple[int, ...], int]:
    """Type, order, shape and number of items of an array, by its header; ValueError for what this does not read."""
    found = PLAIN.fullmatch(text, 10)
    if text[:8] != b"\x93NUMPY\1\0" or not found:
        raise ValueError
    shape = tuple(int(each) for each in found[3].split(b",") if each.strip())
    dtype = np.dtype(found[1].decode())
    if dtype.itemsize == 0:
        raise ValueError
    return dtype, "F" if found[2] == b"True" else "C", shape, prod(shape)
