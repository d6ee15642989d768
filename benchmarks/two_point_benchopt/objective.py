"""The cells of cells.py as a benchmark of benchopt's."""

import numpy as np
from benchopt import BaseObjective


class Objective(BaseObjective):
    """The gap of a diagonal quadratic, f* = 0."""

    name = "gap"
    min_benchopt_version = "1.9"
    sampling_strategy = "run_once"

    def set_data(self, problem):
        """From the dataset."""
        self.problem = problem

    def get_objective(self):
        """For the solver."""
        return {"problem": self.problem}

    def evaluate_result(self, x, inside):
        """f(x), in NumPy, and the seconds that are taken off."""
        return {"value": float(np.square(x) @ self.problem.modes.eigenvalue / 2), "inside": inside}

    def get_one_result(self):
        """For `benchopt test`."""
        return {"x": np.asarray(self.problem.x0), "inside": 0.0}
