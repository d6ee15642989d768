"""The methods that find maps, by name: what each is made of, and its step size."""

from collections.abc import Callable
from typing import Any

import optax

from zobench import estimators, methods, solvers, theory
from zobench.solvers import Solver
from zobench.types import Estimator, Method, Problem

Made = tuple[Callable[[Any], Method], float]  # a method for a step size, and the step size

DESCENTS: dict[str, Callable[[], Estimator]] = {
    "gradient": estimators.autodiff,
    "finite differences": estimators.finite_difference,
    "sphere": estimators.two_point,
    "gaussian": lambda: estimators.two_point("gaussian"),
    "coordinate": lambda: estimators.two_point("coordinate"),
    "orthogonal": lambda: estimators.two_point(q=8, orthogonal=True),
    "SPSA": lambda: estimators.two_point("rademacher"),
}
ACCELERATED: dict[str, Callable[[], Estimator]] = {
    "accelerated": estimators.autodiff,
    "accelerated sphere": estimators.two_point,
}
OWN: dict[str, Callable[[], Method]] = {
    "random pursuit": methods.random_pursuit,
    "(1+1)-ES": lambda: methods.one_plus_one(0.3),
}
SOLVERS: dict[str, Callable[[], Solver]] = {
    "CMA-ES": solvers.cma,
    "Nelder-Mead": lambda: solvers.scipy("Nelder-Mead", "none"),
    "Nelder-Mead, adaptive": lambda: solvers.scipy("Nelder-Mead", "none", True),
    "Powell": lambda: solvers.scipy("Powell", "none"),
    "BFGS, differences": lambda: solvers.scipy("BFGS", "forward"),
    "L-BFGS": lambda: solvers.scipy("L-BFGS-B", "exact"),
}
NAMES = (*DESCENTS, *ACCELERATED, *OWN, *SOLVERS)


def made(name: str, problem: Problem) -> Made:
    """The method of a name for any step size, and its step size (1 where it has none)."""
    if name in OWN:
        return lambda step: OWN[name](), 1.0
    if name in ACCELERATED:
        estimator = ACCELERATED[name]()
        return lambda step: methods.accelerated(problem, estimator, step), theory.theory_step(problem, estimator)
    estimator = DESCENTS[name]()
    return lambda step: methods.descent(estimator, optax.sgd(step)), theory.trace_step(problem, estimator)
