"""The names and looks of the methods of conf/contender, read from the configs of their records."""

from collections.abc import Collection, Sequence
from itertools import cycle
from typing import Any

from zobench.report import naming
from zobench.report.drawing import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION
from zobench.report.records import Record, target

ESTIMATORS = {
    "autodiff": "gradient descent",
    "finite_difference": "difference descent",
    "two_point": "two-point descent",
}
OPTIMIZERS = {"optax.adam": "Adam", "optax.sign_sgd": "signs"}
SGD = {"_target_": naming.GD}
DASH, DOT, DASH_DOT = (0, (5, 2)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5))
COLORS, LINES = (GREY, PURPLE, GREEN, ORANGE, SKY, BLUE, VERMILLION, BLACK), (DOT, DASH_DOT, DASH, "-")
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


def name(record: Record) -> str:
    """What a report calls the method of a record, with what tells it from others: "two-point descent, q=4"."""
    return ", ".join([base(record.config, record.telling), *naming.told(record.config, record.telling)])


def base(config: dict[str, Any], telling: Collection[str] = ()) -> str:
    """What its method is called, whatever its arguments."""
    if target(config["method"]) != "descent":
        return naming.kind(config, telling)
    values = naming.normal(config)
    factory, rule = naming.own("estimators", values["estimator"]), naming.target(values["optimizer"])
    estimator = ESTIMATORS.get(factory) or naming.kind({**config, "optimizer": SGD}, telling).partition(",")[0]
    if rule == naming.GD:
        return estimator
    words = OPTIMIZERS.get(rule) or naming.optimizer(config, telling)
    return f"{'two points' if factory == 'two_point' else estimator}, {words}"


def order(method: str) -> tuple[int, str]:
    """Sorts methods: those with a look first, in its order."""
    names = [name for name in LOOKS if method == name or method.startswith(f"{name}, ")]
    return (list(LOOKS).index(max(names, key=len)) if names else len(LOOKS), method)


def looks(methods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour and line of each method; those without a look of their own get what is left, in turn."""
    taken = {LOOKS[method] for method in methods if method in LOOKS}
    left = cycle([look for look in ((color, line) for line in LINES for color in COLORS) if look not in taken])
    found = {method: LOOKS[method] if method in LOOKS else next(left) for method in dict.fromkeys(methods)}
    return {method: {"color": color, "linestyle": line} for method, (color, line) in found.items()}
