"""The quadratic of zobench's cells."""

import jax
from benchopt import BaseDataset

from zobench.problems.quadratics import quadratic


class Dataset(BaseDataset):
    """The log-uniform quadratic, float64; rotated by that seed unless it is -1."""

    name = "quadratic"
    parameters = {"dim": [8], "rotation": [-1]}  # noqa: RUF012  benchopt's idiom

    def get_data(self):
        """The problem."""
        with jax.enable_x64(True):
            return {"problem": quadratic(self.dim, rotated=self.rotation >= 0, seed=max(self.rotation, 0))}
