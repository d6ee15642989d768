"""The BBOB functions of COCO (Hansen et al. 2009; 2021), as the package ioh computes them, as black boxes."""

from typing import Any

import numpy as np

from zobench.problems.black_boxes import black_box
from zobench.types import Problem

FUNCTIONS, REACH = 24, 4.0  # COCO's algorithms begin within [-4, 4]


class Function:
    """One of the functions; made anew where it is copied to another process, as ioh's own object cannot be."""

    def __init__(self, function: int, instance: int, dim: int):
        self.asked = function, instance, dim
        self.__name__ = f"bbob_f{function}"
        self.problem = _made(function, instance, dim)

    def __call__(self, x: np.ndarray) -> float:
        """f(x)."""
        return float(self.problem(np.asarray(x, float)))

    def __reduce__(self) -> Any:
        """By what it was made of."""
        return Function, self.asked


def bbob(function: int = 1, dim: int = 5, instance: int = 1, start: int | None = None) -> Problem:
    """Function 1 ... 24 of BBOB in any dimension from 2 on (COCO's: 2, 3, 5, 10, 20, 40), one of its instances.

    A black box from x0 = 0, or uniform in [−4, 4]ⁿ drawn by `start`. f* is known to the suite: it measures the gap and
    no method sees it; targets of COCO are stop.relative_to=unit stop.target=1e-8. Needs zobench[bbob] (ioh).
    Raises ValueError where an argument is out of range or ioh is missing.
    """
    for name, value, least in (("function", function, 1), ("dim", dim, 2), ("instance", instance, 1)):
        if not (isinstance(value, int) and value >= least):
            raise ValueError(f"problem.{name}={value}: a whole number from {least} on")
    if function > FUNCTIONS:
        raise ValueError(f"problem.function={function}: there are 1 to {FUNCTIONS}")
    made = Function(function, instance, dim)
    x0 = np.zeros(dim) if start is None else np.random.default_rng(start).uniform(-REACH, REACH, dim)
    return black_box(made, x0.tolist(), f_star=float(made.problem.optimum.y))


def _made(function: int, instance: int, dim: int) -> Any:
    try:
        from ioh import ProblemClass, get_problem
    except ImportError as error:
        raise ValueError("bbob needs the package ioh: pip install 'zobench[bbob]'") from error
    return get_problem(function, instance=instance, dimension=dim, problem_class=ProblemClass.BBOB)
