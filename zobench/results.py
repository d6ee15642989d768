"""Runs from Python: one method or several on a problem, by the loop of the command, with its numbers and records."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optax

from zobench import build, decay, meanings, statistics
from zobench.cell import run_cell
from zobench.estimators import autodiff
from zobench.methods import descent
from zobench.plan import Optimizer, uses
from zobench.report import runs
from zobench.solvers import Solver
from zobench.statistics import Estimate
from zobench.trees import flat
from zobench.types import Estimator, Method, Problem
from zobench.watching import progress as shown

What = Estimator | Method | Solver | Callable[..., Method | Solver]


class Result(NamedTuple):
    """Runs of one method on one problem.

    k [records]; `curves` [runs, records] of the metric; `hits` [runs], the first iteration at or below the target, inf
    where there is none; `outcomes` [runs]: reached, not reached, diverged or nan; x [runs, n], the last iterates.
    `asks` is how many oracle calls an iteration makes, each counted as one; `meta` is what a record says besides.
    `target_hits` [targets, runs] are the hits of each of several targets, the largest first.

    >>> import zobench as zo
    >>> result = zo.run(zo.problems.quadratic(8), zo.autodiff())
    >>> result.outcomes.tolist(), result.asks
    (['reached'], 1)
    """

    k: np.ndarray
    curves: np.ndarray
    hits: np.ndarray
    outcomes: np.ndarray
    x: np.ndarray
    n: int
    step: float
    asks: int
    metric: str
    target: float
    meta: dict[str, Any]
    target_hits: np.ndarray
    tree: Any = None

    @property
    def parameters(self) -> list[Any]:
        """The last iterate of each run in the form of the problem's x0: trees where that is one, else vectors."""
        return [x if self.tree is None else self.tree.restore(x) for x in self.x]

    @property
    def iterations(self) -> Estimate:
        """Median iterations to the target, with its 95 % interval (bootstrap over seeds); inf: half did not arrive."""
        return statistics.median(self.hits, np.random.default_rng(self.n))

    @property
    def calls(self) -> Estimate:
        """Median oracle calls to the target."""
        return self.iterations.times(self.asks)

    @property
    def to_targets(self) -> dict[float, Estimate]:
        """Median oracle calls to each target, as `calls`."""
        targets = self.meta.get("targets", [self.target])
        return {
            target: statistics.median(hits, np.random.default_rng(self.n)).times(self.asks)
            for target, hits in zip(targets, self.target_hits, strict=True)
        }

    @property
    def final(self) -> np.ndarray:
        """The metric at the end of each run [runs]; of the gradient the least along it."""
        return decay.so_far(self.metric, self.curves)[:, -1]

    def columns(self) -> dict[str, np.ndarray]:
        """The curves as one tidy table, a line a run and record: run, k, calls and the metric."""
        runs, records = self.curves.shape
        k = np.tile(self.k, runs)
        return {
            "run": np.repeat(np.arange(runs), records),
            "k": k,
            "calls": k * self.asks,
            self.metric: self.curves.ravel(),
        }

    def frame(self) -> Any:
        """`columns` as a pandas DataFrame (zobench[pandas])."""
        import pandas

        return pandas.DataFrame(self.columns())

    def __repr__(self) -> str:
        """How many runs arrived, and when, in a line."""
        reached, time = int((self.outcomes == "reached").sum()), self.iterations.value
        arrived = f"{reached} of {self.hits.size} runs reached {self.metric} <= {self.target:.3g}"
        return f"Result({arrived}; n = {self.n}, median {time:.0f} iterations, {time * self.asks:.0f} oracle calls)"


def run(
    problem: Problem,
    method: What,
    *,
    step: str | float = "theory",
    seeds: int = 20,
    seed: int = 0,
    metric: str = "gap",
    target: float | Sequence[float] = 1e-3,
    relative_to: str = "start",
    gd_iterations: float = 1000,
    calls: int | None = None,
    dtype: str = "float64",
    estimator: Estimator | None = None,
    optimizer: Optimizer = optax.sgd,
    tuning: tuple[int, int] = (16, 5),
    layout: str = "auto",
    records: float = 2,
    progress: bool | None = None,
) -> Result:
    """Run a method on a problem for so many seeds, until the target or the budget.

    `method` is an estimator (descent along it, by the update rule `optimizer`), a method or solver that is ready
    (zo.random_pursuit(), zo.cma()), or the factory of one that takes problem, estimator or step by these names
    (zo.accelerated with estimator=..., zo.three_point). `step` is theory, trace, tuned or a number; `tuning` its tries
    and held-out seeds. The target is `metric` <= target * (1 | its value at x0 | f*), as `relative_to` says: unit,
    start or minimum; of several targets, which the runs of one meet all, the least ends them. Metrics are gap f − f*,
    gradient min ‖∇f‖² and distance ‖x − x*‖². A run takes at most gd_iterations·B iterations and `calls` oracle calls.
    The precision is that of `dtype` whatever JAX's setting. `layout`: runs one by one (apart), in one program
    (together), or as it is faster (auto). `records`: how many a run has in the time of a step with the gradient, n
    iterations of two-point descent. `progress`: say on a line how far it is, after two seconds; None: in a notebook.

    A problem whose x0 is a tree of arrays is run over all their numbers, and the result's `parameters` are trees again.

    Raises ValueError where the step or the metric needs a constant that the problem does not know, for the steps theory
    and trace of a method that asks no estimator (zo.three_point), where a method needs a gradient that the problem does
    not have, and for an unknown step, metric, dtype or layout.

    >>> import zobench as zo
    >>> result = zo.run(zo.problems.quadratic(8), zo.two_point(), seeds=4)
    >>> result.hits.shape, result.curves.shape == (4, result.k.size)
    ((4,), True)
    """
    problem = flat(problem)
    made, by = method_of(method, estimator)
    goal = target if isinstance(target, float | int) else build.targets(list(target))
    stop = {"metric": metric, "target": goal, "relative_to": relative_to, "gd_iterations": gd_iterations}
    asked = {"step": [step], "seeds": seeds, "seed": seed, "dtype": dtype, "stop": {**stop, "calls": calls}}
    asked |= {"layout": layout, "records": records}
    asked["tuning"] = dict(zip(("tries", "seeds"), tuning, strict=True))
    try:
        meanings.check(asked)
        with shown(progress) as report:
            arrays, meta = run_cell(problem, by, optimizer, made, build.settings(asked), report)
    except ValueError as error:
        raise ValueError(str(error).replace("stop.", "")) from error  # the command's word for these arguments
    (rule,) = meta["rules"]
    own = {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith(f"{rule}/")}
    curves = own[metric].astype(float)
    hits = decay.arrivals(own["k"], curves, own["hits"].astype(float), meta["target"])
    asks = sum(meta["calls"].values())
    to_each = [decay.arrivals(own["k"], curves, first, goal) for goal, first in _targets(own, meta)]
    about = problem.n, meta["rules"][rule]["step"], asks, metric, meta["target"], meta, np.array(to_each), problem.tree
    return Result(own["k"], curves, hits, own["outcome"], own["x_end"], *about)


def _targets(own: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> list[tuple[float, np.ndarray]]:
    """Each target with the first recorded iterations at or below it."""
    hits = own.get("target_hits", own["hits"][None])
    return list(zip(meta.get("targets", [meta["target"]]), hits.astype(float), strict=True))


def method_of(method: What, estimator: Estimator | None) -> tuple[Callable[..., Any], Estimator]:
    """What run_cell takes: a factory, and an estimator, which a method without one does not look at."""
    if isinstance(method, Estimator):
        return descent, method
    if isinstance(method, Method | Solver):
        return lambda: method, autodiff()
    if uses(method, "estimator") and estimator is None:
        raise ValueError(f"{getattr(method, '__name__', method)} takes an estimator: give estimator=zo.two_point()")
    return method, estimator or autodiff()


class Comparison(NamedTuple):
    """Results by name, of one problem, the same seeds and the same target and budget.

    >>> import zobench as zo
    >>> found = zo.compare(zo.problems.quadratic(8), {"gradient": zo.autodiff(), "fixed": zo.autodiff()}, calls=9)
    >>> sorted(found.results)
    ['fixed', 'gradient']
    """

    results: dict[str, Result]

    def columns(self) -> dict[str, np.ndarray]:
        """A line a method, those that ask the fewest calls first, then those that end lowest."""
        lines = sorted(starmap(_line, self.results.items()), key=lambda line: (line["calls"], line["final"]))
        return {name: np.array([line[name] for line in lines]) for name in lines[0]} if lines else {}

    def frame(self) -> Any:
        """`columns` as a pandas DataFrame (zobench[pandas])."""
        import pandas

        return pandas.DataFrame(self.columns())

    def plot(self) -> Any:
        """A matplotlib Figure: the median over seeds against oracle calls, with the band of 10 to 90 % of the runs."""
        from zobench.report import drawing, styles

        with drawing.context():
            figure, [[axes]] = drawing.panels(1, 1, wide=4.2, high=3.0, foot=1.0)
            handles = []
            for i, (name, result) in enumerate(self.results.items()):
                color = styles.COLORS[i % len(styles.COLORS)]
                shown = drawing.thin(result.k)
                calls, curves = result.k[shown] * max(1, result.asks), decay.so_far(result.metric, result.curves)
                drawing.runs(axes, calls, curves[:, shown], {"color": color}, 0.2)
                handles.append(drawing.handle(name, color))
            metric = next(iter(self.results.values())).metric if self.results else ""
            axes.set(xscale="log", yscale="log", xlabel="oracle calls", ylabel=metric)
            drawing.legend(figure, handles, "Median over seeds, band: 10 to 90 % of runs.", columns=4)
        setattr(figure, "_repr_png_", partial(drawing.made, figure, dpi=110))  # noqa: B010  a notebook shows it
        return figure

    def __repr__(self) -> str:
        """The columns as text."""

        def text(value: Any) -> str:
            return f"{value:.4g}" if isinstance(value, float) else str(value)

        columns = [[name, *map(text, column)] for name, column in self.columns().items()]
        wide = [max(map(len, column)) for column in columns]
        return "\n".join("  ".join(map(str.rjust, line, wide)) for line in zip(*columns, strict=True))


def _line(name: str, result: Result) -> dict[str, Any]:
    asked = result.calls
    return {
        "method": name,
        "runs": result.hits.size,
        "reached": int((result.outcomes == "reached").sum()),
        "calls": asked.value,
        "calls_low": asked.low,
        "calls_high": asked.high,
        "final": decay.median_end(result.metric, result.curves),
    }


def compare(problem: Problem, methods: Mapping[str, What], **options: Any) -> Comparison:
    """Run several methods on a problem, with the options of `run`, which hold for all of them.

    Raises ValueError as `run`, and where a method is refused says which one.

    >>> import zobench as zo
    >>> found = zo.compare(zo.problems.quadratic(8), {"two-point": zo.two_point(), "gradient": zo.autodiff()}, seeds=4)
    >>> [str(name) for name in found.columns()["method"]]
    ['gradient', 'two-point']
    """
    found = {}
    for name, method in methods.items():
        try:
            found[name] = run(problem, method, **options)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return Comparison(found)


def load(runs_dir: str | Path = "runs") -> dict[str, np.ndarray]:
    """Every record of a store as one tidy table, a line a run: pandas.DataFrame(zo.load("runs")) reads it as it is.

    Columns: those of zobench.report.runs.COLUMNS, as `zobench export` writes them, then one for each value of the
    configs in which the records differ. A cell that failed is one line; measurements of experiments that make no runs
    are left out, and so are damaged records, which are named on stderr. Raises ValueError where the folder is not
    there.

    >>> import zobench as zo
    >>> zo.load("no_such_folder")
    Traceback (most recent call last):
    ValueError: no_such_folder: no such folder; give the runs_dir of a sweep
    """
    folder = Path(runs_dir)
    if not folder.is_dir():
        raise ValueError(f"{runs_dir}: no such folder; give the runs_dir of a sweep")
    return runs.table(sorted(folder.glob("*.npz"))).columns
