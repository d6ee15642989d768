from . import problems
from .advising.advice import Advice
from .advising.advise import advise
from .asking import Minimizer, minimizer
from .estimators import (
    autodiff,
    finite_difference,
    forward_gradient,
    forward_mode,
    one_point,
    regression,
    residual_one_point,
    two_point,
)
from .methods import accelerated, descent, one_plus_one, random_pursuit, three_point
from .optimizers import decaying
from .results import Comparison, Result, compare, load, run
from .solvers import Solver, cma, scipy
from .statistics import Estimate
from .training import as_optax, gradient
from .types import Calls, Estimator, Key, Method, Moment, Oracle, Problem, oracle, separable

__version__: str
__all__ = [
    "Advice",
    "Calls",
    "Comparison",
    "Estimate",
    "Estimator",
    "Key",
    "Method",
    "Minimizer",
    "Moment",
    "Oracle",
    "Problem",
    "Result",
    "Solver",
    "accelerated",
    "advise",
    "as_optax",
    "autodiff",
    "cma",
    "compare",
    "decaying",
    "descent",
    "finite_difference",
    "forward_gradient",
    "forward_mode",
    "gradient",
    "load",
    "minimizer",
    "one_plus_one",
    "one_point",
    "oracle",
    "problems",
    "random_pursuit",
    "regression",
    "residual_one_point",
    "run",
    "scipy",
    "separable",
    "three_point",
    "two_point",
]
