"""How a config is called: the problem's name (a column of the tables) and the method's (a row).

`telling` are the keys of the config that tell it from others of a report (`zobench.report.records.tell` finds them);
names carry them with their values, and nothing else that is not the default of a method.
"""

import inspect
from collections.abc import Collection, Iterable
from importlib import import_module

from zobench.report.telling import Config, said, text, word

METHODS = {
    "autodiff": "GD (autodiff)",
    "forward_mode": "GD (forward mode)",
    "finite_difference": "finite-difference GD",
    "two_point": "two-point GD",
}
ESTIMATORS = {**METHODS, "spsa": "SPSA"}
SOLVERS = {"CG": "conjugate gradients", "L-BFGS-B": "L-BFGS"}
OTHERS = {
    "zobench.methods.random_pursuit": "random pursuit",
    "zobench.methods.one_plus_one": "(1+1)-ES",
    "zobench.methods.three_point": "three points",
    "zobench.scalar_adaptation.meazo": "MEAZO",
    "zobench.variance_reduction.svrg": "SVRG",
    "zobench.gradientless.gradientless_descent": "gradientless descent",
    "zobench.noise_aware.noise_aware_lbfgs": "noise-aware L-BFGS",
    "zobench.solvers.cma": "CMA-ES",
    "zobench.adaptive_sampling.inner_product_test": "inner product test",
}  # methods that take no estimator, or any
DESCENT, ACCELERATED, GD = "zobench.methods.descent", "zobench.methods.accelerated", "optax.sgd"
METHOD = ("estimator", "optimizer", "method")  # what makes the iterates
NAMING = ("spectrum", "cities")  # arguments that belong to a problem's name
SIZES = ("dim", "points")  # arguments that say how large it is, not which
QUOTIENTS = ("forward", "fourth", "complex")


def own(module: str, values: Config) -> str:
    """The factory's name where it is of that module of zobench, else its whole path: another's is not one of ours."""
    path = target(values)
    return word(path) if path.startswith(f"zobench.{module}.") else path


def target(values: Config) -> str:
    """The path of a config's factory."""
    return str(values.get("_target_", "?"))


def normal(config: Config) -> Config:
    """The config with a factory of its own for each method that has a name of its own: SPSA, momentum, scipy's."""
    estimator, optimizer = dict(config.get("estimator", {})), dict(config.get("optimizer", {"_target_": GD}))
    method = dict(config.get("method", {"_target_": DESCENT}))
    if target(estimator) == "zobench.estimators.two_point" and estimator.get("direction") == "rademacher":
        estimator["_target_"] = "zobench.estimators.spsa"
        del estimator["direction"]
    if target(optimizer) == GD and optimizer.get("momentum"):
        optimizer["_target_"] = "optax.nesterov" if optimizer.pop("nesterov", False) else "optax.momentum"
    if target(method) == "zobench.solvers.scipy":
        algorithm = str(method.pop("algorithm", None))
        differences = ", differences" * (method.get("gradient") in ("forward", "central"))
        method["_target_"] = f"zobench.solvers.{SOLVERS.get(algorithm, algorithm)}{differences}"
    return {"problem": {}, **config, "estimator": estimator, "optimizer": optimizer, "method": method}


def shown(config: Config) -> list[str]:
    """Keys of the factories whose names are in the names of the problem and the method whatever tells them apart."""
    keys, values, prefix = [], config["problem"], "problem."
    while isinstance(values, dict) and "_target_" in values:
        keys.append(f"{prefix}_target_")
        values, prefix = values.get("problem"), f"{prefix}problem."
    method = target(config["method"])
    kept = {DESCENT: METHOD, ACCELERATED: ("estimator", "method")}.get(method, ("method",))
    return keys + [f"{group}._target_" for group in kept]


def takes_estimator(config: Config) -> bool:
    """Whether the method estimates a gradient by the config's estimator; what one's own does is not known: it may."""
    path = target(normal(config)["method"])
    return path in (DESCENT, ACCELERATED) or not path.startswith("zobench.")


def kind(config: Config, telling: Collection[str] = ()) -> str:
    """The method by its usual name, with an optimizer that is not gradient descent and a quotient that is not central.

    A factory of one's own is called by its last word, by its whole path where `telling` has it.
    """
    values = normal(config)
    method, estimator = target(values["method"]), target(values["estimator"])
    if method.startswith("zobench.solvers.") and method != "zobench.solvers.cma":
        return method.removeprefix("zobench.solvers.")
    if method not in (DESCENT, ACCELERATED):
        return OTHERS.get(method) or _called("method", method, telling)
    name = ESTIMATORS.get(own("estimators", values["estimator"])) or _called("estimator", estimator, telling)
    quotient = values["estimator"].get("quotient")
    extra = [f"{quotient} quotient"] if quotient in QUOTIENTS and "estimator.quotient" not in telling else []
    extra += ["accelerated"] if method != DESCENT else []
    extra += [optimizer(config, telling)] if method == DESCENT and target(values["optimizer"]) != GD else []
    return ", ".join([name, *extra])


def optimizer(config: Config, telling: Collection[str] = ()) -> str:
    """What the update rule is called."""
    path = target(normal(config)["optimizer"])
    return "Nesterov" if path == "optax.nesterov" else _called("optimizer", path, telling)


def _called(group: str, path: str, telling: Collection[str]) -> str:
    return path if f"{group}._target_" in telling else word(path)


def told(config: Config, telling: Iterable[str]) -> list[str]:
    """What tells a method from others, in words: its arguments, then how it was run."""
    hidden = shown(normal(config))
    keys = [key for key in telling if key not in hidden and not key.startswith("problem.")]
    of_estimator = [key for key in keys if key.startswith("estimator.")]
    arguments = [key for key in keys if key.startswith(("optimizer.", "method."))]
    ran = [key for key in keys if key not in (*of_estimator, *arguments, "dtype")]
    dtype = text(config["dtype"]) if "dtype" in keys else ""
    words = said(config, of_estimator, "estimator."), said(config, arguments), dtype, said(config, ran)
    return [word for word in words if word]


def problem(config: Config, telling: Collection[str] = ()) -> str:
    """The problem's name, those of the problems it is made of, then its arguments in `telling`."""
    words, whose, values, prefix = [], [], config["problem"], "problem."
    while isinstance(values, dict):
        path = target(values)
        words.append(path if f"{prefix}_target_" in telling else word(path))
        own = values.get("distances")  # in place of cities
        named = [name for name in NAMING if name in values and not (own and name == "cities")]
        words += [text(values[name]) for name in named] + [text(own)] * bool(own)
        whose += [f"{prefix}distances"] * bool(own)
        values, prefix = values.get("problem"), f"{prefix}problem."
    hidden = [*shown(normal(config)), *whose, *(key for key in telling if is_name(key))]
    keys = [key for key in telling if key.startswith("problem.") and key not in hidden]
    return " ".join([*words, said(config, keys, "problem.")]).rstrip()


def size(config: Config, meta: Config) -> int:
    """The dimension that a record has; of a failed cell the one that was asked for, 0 where the config does not say."""
    asked = config["problem"]
    while isinstance(asked.get("problem"), dict):
        asked = asked["problem"]
    return int(meta.get("n") or asked.get("dim") or (asked.get("points") or 0) * asked.get("embedding", 1))


def is_name(key: str) -> bool:
    """Whether an argument of a problem is in its name anyway."""
    return key.startswith("problem.") and word(key) in NAMING


def is_size(key: str) -> bool:
    """Whether an argument of a problem says how large it is."""
    return key.startswith("problem.") and word(key) in SIZES


def plain(config: Config) -> bool:
    """Whether the lectures speak of it: plain descent along one of METHODS, with the defaults of the estimator."""
    values = normal(config)
    name = own("estimators", values["estimator"])
    ours = (target(values["method"]), target(values["optimizer"])) == (DESCENT, GD) and name in METHODS
    given = {group: {k: v for k, v in values[group].items() if k not in ("_target_", "_partial_")} for group in METHOD}
    if not ours or given["optimizer"] or given["method"]:
        return False
    defaults = inspect.signature(getattr(import_module("zobench.estimators"), name)).parameters
    return all(key in defaults and defaults[key].default == value for key, value in given["estimator"].items())
