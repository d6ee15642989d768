"""The names and looks of the methods of conf/contender, read from the configs of their records."""

from collections.abc import Collection, Sequence
from typing import Any

from zobench.report import naming, styles
from zobench.report.records import Record, target

ESTIMATORS = {
    "autodiff": "gradient descent",
    "finite_difference": "difference descent",
    "two_point": "two-point descent",
}
OPTIMIZERS = {"optax.adam": "Adam", "optax.sign_sgd": "signs"}
SGD = {"_target_": naming.GD}
KINDS = {
    "L-BFGS": "L-BFGS",
    "L-BFGS, differences": "L-BFGS, differences",
    "BFGS, differences": "BFGS, differences",
    "COBYQA": "COBYQA",
    "Nelder-Mead": "Nelder-Mead",
    "Powell": "Powell",
    "CMA-ES": "CMA-ES",
    "(1+1)-ES": "(1+1)-ES",
    "random pursuit": "random pursuit",
    "gradient descent": "GD (autodiff)",
    "difference descent": "finite-difference GD",
    "two-point descent": "two-point GD",
    "SPSA": "SPSA",
    "two points, momentum": "two-point GD, momentum",
    "two points, Adam": "two-point GD, adam",
}  # in the order of the tables; what they are called elsewhere, as whose they look


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
    """Sorts methods: the known ones first, in their order."""
    names = [name for name in KINDS if method == name or method.startswith(f"{name}, ")]
    return (list(KINDS).index(max(names, key=len)) if names else len(KINDS), method)


def looks(methods: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and line of each method; those without a look of their own get what is left, in turn."""
    return styles.named(dict.fromkeys(methods), {method: KINDS[method] for method in methods if method in KINDS})
