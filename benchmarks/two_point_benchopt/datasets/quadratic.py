"""The quadratic of zobench's cells."""

import jax
from benchopt import BaseDataset

from zobench.problems.quadratics import quadratic


class Dataset(BaseDataset):
    """The log-uniform quadratic, float64."""

    name = "quadratic"
    parameters = {"dim": [8]}  # noqa: RUF012  benchopt's idiom

    def get_data(self):
        """The problem."""
        with jax.enable_x64(True):
            return {"problem": quadratic(self.dim)}
