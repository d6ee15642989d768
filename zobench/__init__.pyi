from . import problems
from .adaptive_rules import r_adazo, zo_adamm
from .adaptive_sampling import inner_product_test
from .advising.advice import Advice
from .advising.advise import advise
from .asking import Minimizer, minimizer
from .baselines import leave_one_out, normalised_signs
from .bayesian_directions import bayesian_subspace
from .block_directions import block
from .candidate_pools import greedy, guiding_vector
from .curvature_directions import hizoo
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
from .gradientless import gradientless_descent
from .guided_directions import guided
from .hadamard_directions import hadamard
from .kernel_estimates import kernel_smoothed
from .matrix_directions import low_rank, matrix_subspace
from .methods import accelerated, descent, one_plus_one, random_pursuit, three_point
from .momentum_directions import aligned, cone
from .noise_aware import noise_aware_lbfgs
from .old_values import averaged_baseline, stale_coordinates
from .optimizers import decaying
from .parameter_free import poem
from .results import Comparison, Result, compare, load, run
from .robust_estimates import clipped_slope, median_slope
from .scalar_adaptation import meazo
from .solvers import Solver, cma, scipy
from .statistics import Estimate
from .stepping import stepper
from .subspace_directions import subspace
from .telescoping_quotients import telescoping
from .training import as_optax, gradient
from .types import Calls, Estimator, Key, Method, Moment, Oracle, Problem, oracle, separable
from .variance_reduction import svrg

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
    "aligned",
    "as_optax",
    "autodiff",
    "averaged_baseline",
    "bayesian_subspace",
    "block",
    "clipped_slope",
    "cma",
    "compare",
    "cone",
    "decaying",
    "descent",
    "finite_difference",
    "forward_gradient",
    "forward_mode",
    "gradient",
    "gradientless_descent",
    "greedy",
    "guided",
    "guiding_vector",
    "hadamard",
    "hizoo",
    "inner_product_test",
    "kernel_smoothed",
    "leave_one_out",
    "load",
    "low_rank",
    "matrix_subspace",
    "meazo",
    "median_slope",
    "minimizer",
    "noise_aware_lbfgs",
    "normalised_signs",
    "one_plus_one",
    "one_point",
    "oracle",
    "poem",
    "problems",
    "r_adazo",
    "random_pursuit",
    "regression",
    "residual_one_point",
    "run",
    "scipy",
    "separable",
    "stale_coordinates",
    "stepper",
    "subspace",
    "svrg",
    "telescoping",
    "three_point",
    "two_point",
    "zo_adamm",
]
