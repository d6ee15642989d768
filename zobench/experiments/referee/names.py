"""What the page calls the methods and cases of conf/referee, and others by their names in code."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from zobench.report import contenders, naming, telling
from zobench.report.records import Record, target

TWO_POINT = "two-point"

Arguments = dict[str, Any]


class Known(NamedTuple):
    """A method by what `contenders.base` calls it and those of its estimator's arguments that make it what it is."""

    name: str
    base: str
    arguments: Mapping[str, Any] = MappingProxyType({})


METHODS = (
    Known(TWO_POINT, "two-point descent", {"direction": "sphere", "q": 1, "orthogonal": False, "quotient": "central"}),
    Known("Gaussian (MeZO)", "two-point descent", {"direction": "gaussian", "q": 1}),
    Known("signs (SPSA)", "SPSA", {"q": 1}),
    Known("blocks of 8 (MeZO-BCD)", "block", {"size": 8, "q": 1, "order": "random"}),
    Known("8 averaged", "two-point descent", {"direction": "sphere", "q": 8, "quotient": "forward"}),
    Known("8 Hadamard", "hadamard", {"q": 8, "quotient": "forward"}),
    Known("8, leave-one-out", "leave_one_out", {"q": 8}),
    Known("2 and 4 old values (ZoAR)", "averaged_baseline", {"q": 2, "history": 3}),
    Known("FZOO, 8 signs", "normalised_signs", {"q": 8}),
    Known("MEAZO", "MEAZO"),
    Known("Adam", "two points, Adam"),
    Known("ZO-AdaMM", "two points, zo_adamm"),
    Known("R-AdaZO", "two points, r_adazo"),
    Known("POEM, not tuned", "two points, poem"),
    Known("momentum", "two points, momentum"),
    Known("sign of G", "two points, signs"),
    Known("guided", "guided", {"memory": 4, "q": 1}),
    Known("cone (ConMeZO)", "cone"),
    Known("aligned (DAP)", "aligned", {"q": 1}),
    Known("best of 4 (MeZO-Greedy)", "greedy", {"pool": 4}),
    Known("contrast of 4 (MeZO-GV)", "guiding_vector", {"pool": 4}),
    Known("curvature (HiZOO)", "hizoo"),
    Known("posterior of 2 (BSZO)", "bayesian_subspace", {"q": 2, "samples": 3}),
    Known("accelerated", "two-point GD, accelerated"),
    Known("random pursuit", "random pursuit"),
    Known("three points", "three points"),
    Known("gradientless descent", "gradientless descent"),
    Known("(1+1)-ES", "(1+1)-ES"),
    Known("SVRG", "SVRG"),
    Known("inner product test", "inner product test"),
    Known("median of 3", "median_slope", {"q": 1, "repeats": 3}),
    Known("clipped at 1", "clipped_slope", {"q": 1, "clip": 1.0}),
    Known("old partials (CoCD)", "stale_coordinates", {"size": 1}),
    Known("finite differences", "difference descent", {"quotient": "forward"}),
    Known("L-BFGS, differences", "L-BFGS, differences"),
    Known("L-BFGS, noise-aware", "noise-aware L-BFGS"),
)
ORDER = tuple(known.name for known in METHODS)


def method(record: Record) -> str:
    """The name of a method; of one that is not ours, or has other arguments, that of all reports."""
    base, given = contenders.base(record.config), record.config["estimator"]
    for known in METHODS:
        if known.base == base and all(given.get(name, want) == want for name, want in known.arguments.items()):
            return known.name
    return contenders.name(record)


class Case(NamedTuple):
    """A case in words: its short name, what is minimised, n, the target over f(x0) − f*, the noise."""

    name: str
    about: str
    n: int
    target: float
    noise: str

    @property
    def is_exact(self) -> bool:
        """Whether values have no noise."""
        return self.noise == "none"


SPECTRA = {
    "isotropic": ("isotropic", "quadratic, all eigenvalues 1"),
    "few": ("few large", "quadratic, tr(H)/L = 8"),
    "two_level": ("two blocks", "quadratic, a block of curvature 1 and one of 0.01"),
}
NAMED = {"fashion_mnist": ("clothes", "softmax regression, clothes")}  # of conf/problem/dataset
DATA = {
    "breast_cancer": ("tumours", "logistic regression, tumours"),
    "softmax": ("softmax", "softmax regression, digits"),
    "mlp": ("network", "network of tanh units, digits"),
}

CASES = (
    "isotropic",
    "1/i",
    "1/i²",
    "few large",
    "two blocks",
    "two blocks, rotated",
    *(name for name, _ in DATA.values()),
    *(name for name, _ in NAMED.values()),
)


def case(record: Record) -> Case:
    """The case of a record. Two that are called the same differ in n or in the target, which are said with the name."""
    problem, goal = record.config["problem"], float(record.config["stop"]["target"])
    inside = problem.get("problem", problem)
    name, about = _called(inside, record)
    noise = "none"
    if target(problem) == "noisy":
        noise = {"additive": "normal", "student": "heavy tails"}.get(problem["kind"], str(problem["kind"]))
        noise += ", common" * bool(problem.get("common"))
    elif inside.get("batch"):
        noise = "minibatch" + ", fresh each value" * (not inside.get("common"))
    if inside.get("rotated"):
        name, about = f"{name}, rotated", f"{about}, off the axes"
    return Case(name, about, record.n, goal, noise)


def _called(problem: Arguments, record: Record) -> tuple[str, str]:
    factory, spectrum = target(problem), problem.get("spectrum")
    if spectrum == "inverse":
        name = {1.0: "1/i", 2.0: "1/i²"}.get(problem["exponent"], f"1/i^{problem['exponent']:g}")
        return name, f"quadratic, eigenvalues {name}"
    if spectrum == "fixed_rank" and problem.get("rank", 8) == 8:
        return SPECTRA["few"]
    if isinstance(spectrum, str) and spectrum in SPECTRA:
        return SPECTRA[spectrum]
    if factory == "dataset" and problem["data"] in NAMED:
        return NAMED[problem["data"]]
    if factory in DATA:
        return DATA[factory]
    return record.problem, record.problem


def full(found: Case, others: Sequence[Case]) -> str:
    """The name with n, the target or the noise where another case of the name differs in it."""
    same = [other for other in others if other.name == found.name]
    exact = [other for other in same if other.noise == found.noise]
    parts = [found.name]
    parts += [f"n = {found.n}"] * (len({other.n for other in exact}) > 1)
    parts += [f"to {telling.text(found.target)}"] * (len({other.target for other in exact}) > 1)
    parts += [found.noise] * (not found.is_exact)
    return ", ".join(parts)


def is_two_point(record: Record) -> bool:
    """Whether it is plain descent along one direction on the sphere."""
    return method(record) == TWO_POINT and naming.target(record.config["method"]) == naming.DESCENT
