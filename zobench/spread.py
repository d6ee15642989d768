"""A group of runs over several devices: long x along its coordinates, many runs along these."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

LEAST = 2**20  # coordinates of a group; less is done sooner on one device


class Spread(NamedTuple):
    """Where the arrays of a group of `size` runs of n coordinates are: on a device, or on all of a mesh.

    The mesh has an axis n, along which all arrays are cut that have so many columns, or an axis `runs`.
    """

    mesh: Mesh | None
    n: int

    def of(self, shape: tuple[int, ...]) -> NamedSharding | None:
        """The place of an array of a group [runs, ...]; None: the only device."""
        if self.mesh is None:
            return None
        if self.mesh.axis_names == ("runs",):
            return NamedSharding(self.mesh, PartitionSpec("runs"))
        return self._along(shape[1:], (None,))

    def run(self, array: Any) -> Any:
        """An array of a group at its place."""
        return array if self.mesh is None else jax.device_put(array, self.of(np.shape(array)))

    def array(self, array: Any) -> Any:
        """An array that f holds at its place: whole on each device, or cut along an axis of length n."""
        if self.mesh is None:
            return array
        place = (
            self._along(array.shape) if self.mesh.axis_names == ("n",) else NamedSharding(self.mesh, PartitionSpec())
        )
        return jax.device_put(array, place)

    def _along(self, shape: tuple[int, ...], before: tuple[None, ...] = ()) -> NamedSharding:
        assert self.mesh is not None
        where = len(shape) - 1 - shape[::-1].index(self.n) if self.n in shape else None
        return NamedSharding(
            self.mesh, PartitionSpec(*before, *("n" if i == where else None for i in range(len(shape))))
        )


def spread(size: int, n: int) -> Spread:
    """Where a group is: over as many devices as divide n, or else its runs, where it has many coordinates.

    With one device, or a short group, on that device.
    """
    devices = jax.devices()
    if len(devices) == 1 or size * n < LEAST:
        return Spread(None, n)
    axis, length = ("n", n) if n >= LEAST or size == 1 else ("runs", size)
    many = max(count for count in range(1, len(devices) + 1) if length % count == 0)
    return Spread(Mesh(np.array(devices[:many]), (axis,)) if many > 1 else None, n)
