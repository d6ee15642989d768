"""The cells of cells.py as a benchmark of benchopt's."""

import numpy as np
from benchopt import BaseObjective


class Objective(BaseObjective):
    """The gap of a quadratic, f* = 0."""

    name = "gap"
    min_benchopt_version = "1.9"
    sampling_strategy = "run_once"

    def set_data(self, problem):
        """From the dataset."""
        self.problem = problem

    def get_objective(self):
        """For the solver."""
        return {"problem": self.problem}

    def evaluate_result(self, x, value):
        """f(x), which the run has recorded."""
        return {"value": value}

    def get_one_result(self):
        """For `benchopt test`."""
        return {"x": np.asarray(self.problem.x0), "value": 0.0}
