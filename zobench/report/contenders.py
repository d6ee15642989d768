"""The names and looks of the methods of conf/contender, read from the configs of their records."""

from typing import Any

from zobench.report.figures import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from zobench.report.records import target

SOLVERS = {"CG": "conjugate gradients", "L-BFGS-B": "L-BFGS"}
PLAIN = {
    "random_pursuit": "random pursuit",
    "one_plus_one": "(1+1)-ES",
    "cma": "CMA-ES",
    "three_point": "three points",
    "accelerated": "accelerated",
}
ESTIMATORS = {
    "autodiff": "gradient descent",
    "finite_difference": "difference descent",
    "two_point": "two-point descent",
}
OPTIMIZERS = {"adam": "Adam", "sign_sgd": "signs"}
DASH, DOT = (0, (5, 2)), (0, (1.2, 1.2))
LOOKS = {
    "L-BFGS": (BLACK, "-"),
    "L-BFGS, differences": (BLUE, "-"),
    "BFGS, differences": (BLUE, DASH),
    "COBYQA": (GREEN, "-"),
    "Nelder-Mead": (ORANGE, "-"),
    "Powell": (ORANGE, DASH),
    "CMA-ES": (PURPLE, "-"),
    "(1+1)-ES": (PURPLE, DASH),
    "random pursuit": (VERMILLION, DASH),
    "gradient descent": (BLACK, "-"),
    "difference descent": (SKY, "-"),
    "two-point descent": (VERMILLION, "-"),
    "SPSA": (ORANGE, "-"),
    "two points, momentum": (PURPLE, "-"),
    "two points, Adam": (GREEN, "-"),
}  # in the order of the tables


def name(config: dict[str, Any]) -> str:
    """What the config of a record calls its method."""
    method, optimizer = target(config["method"]), config["optimizer"]
    if method == "scipy":
        algorithm = str(config["method"]["algorithm"])
        differences = config["method"].get("gradient") in ("forward", "central")
        return SOLVERS.get(algorithm, algorithm) + ", differences" * differences
    if method != "descent":
        return PLAIN.get(method, method)
    estimator, rule = target(config["estimator"]), target(optimizer)
    if rule == "sgd" and not optimizer.get("momentum"):
        signs = config["estimator"].get("direction") == "rademacher"
        return "SPSA" if signs else ESTIMATORS.get(estimator, estimator)
    kind = "Nesterov" if optimizer.get("nesterov") else "momentum" if rule == "sgd" else OPTIMIZERS.get(rule, rule)
    return f"{'two points' if estimator == 'two_point' else estimator}, {kind}"


def order(method: str) -> tuple[int, str]:
    """Sorts methods: those with a look first, in its order."""
    names = list(LOOKS)
    return (names.index(method) if method in names else len(names), method)


def look(method: str) -> dict[str, Any]:
    """Colour and line of a method."""
    color, line = LOOKS.get(method, (GREY, DOT))
    return {"color": color, "linestyle": line}
