from .black_boxes import black_box, command
from .classification import breast_cancer, logistic
from .coco import bbob
from .deep_networks import deep
from .landscapes import landscape
from .language_model import language_model
from .logistic_ridge import logistic_regression, newton_example, wide_logistic_regression
from .maps import mds
from .more_wild_set import more_wild
from .networks import mlp, softmax
from .pytrees import pytree
from .quadratics import quadratic
from .regression import least_squares
from .robust import welsch
from .tabular import dataset
from .tanh_networks import tanh_network
from .worst_case import chain, huber, powers, saw_tooth, tails, tridiagonal
from .wrappers import low_precision, noisy, rotated, shifted

__all__ = [
    "bbob",
    "black_box",
    "breast_cancer",
    "chain",
    "command",
    "dataset",
    "deep",
    "huber",
    "landscape",
    "language_model",
    "least_squares",
    "logistic",
    "logistic_regression",
    "low_precision",
    "mds",
    "mlp",
    "more_wild",
    "newton_example",
    "noisy",
    "powers",
    "pytree",
    "quadratic",
    "rotated",
    "saw_tooth",
    "shifted",
    "softmax",
    "tails",
    "tanh_network",
    "tridiagonal",
    "welsch",
    "wide_logistic_regression",
]
