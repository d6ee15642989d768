"""The run of one of zobench's cells."""

from math import inf

import jax
import optax
from benchopt import BaseSolver

from zobench.estimators import two_point
from zobench.loop import Stop, advance, compile_block
from zobench.methods import descent


class Solver(BaseSolver):
    """zobench's compiled block, nothing kept."""

    name = "two_point"
    parameters = {"seed": [0], "gd_iterations": [10]}  # noqa: RUF012

    def set_objective(self, problem):
        """Nothing is prepared."""
        self.problem = problem

    def run(self, _):
        """One run."""
        n = self.problem.n
        stop = Stop("gap", -1.0, inf, self.gd_iterations * n)
        with jax.enable_x64(True):
            program = compile_block(self.problem, lambda step: descent(two_point(), optax.sgd(step)))
            curves = advance(program, [1 / n], [self.seed], stop, lambda k: None)
        self.x, self.value = curves.x_end[0], float(curves.gap[0, -1])

    def get_result(self):
        """Where it ended, and f there."""
        return {"x": self.x, "value": self.value}
