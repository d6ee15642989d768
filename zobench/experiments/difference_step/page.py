"""V-curves of difference quotients: slopes, bottoms, whole gradients, what has no difference, floors of runs."""

from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench.report import files, lines, tables
from zobench.report.page import Experiment
from zobench.report.records import ended, target
from zobench.report.tables import fixed, rounded
from zobench.statistics import Estimate
from zobench.store import Record

QUOTIENTS = ("forward", "central", "fourth")
CENTRAL = {"quotient": "central", "dtype": "float64", "sigma_given": 0.0}
AWAY = 6.0  # a slope is fitted from this factor off the bottom on, where the other error is below 3 %
REACH = 3000.0  # and up to this factor
SMOOTH = 0.1  # the largest ε of a fit: beyond, the next term of the truncation shows


class VCurve(NamedTuple):
    """Error against ε of a quotient in one precision at one level of noise, of `line` or of the whole `gradient`."""

    about: dict[str, Any]
    eps: np.ndarray
    error: np.ndarray
    expected: dict[str, float]
    scale: float

    @property
    def best(self) -> float:
        """The predicted best ε; nan where none is."""
        return self.expected["eps"]

    @property
    def at_best(self) -> float:
        """The measured error at the grid's ε nearest to the predicted best one."""
        return float(self.error[np.abs(np.log(self.eps / self.best)).argmin()]) if self.best == self.best else nan

    def side(self, truncation: bool) -> np.ndarray:
        """Where the slope of one side is fitted."""
        factor = self.eps / self.best if truncation else self.best / self.eps
        return (factor >= AWAY) & (factor <= REACH) & (self.eps <= SMOOTH) & (self.error > 0)

    def slope(self, truncation: bool) -> Estimate:
        """The exponent of the error in ε on one side."""
        kept = self.side(truncation)
        return lines.log_slope(self.eps[kept], self.error[kept])


def read(paths: Sequence[Path]) -> list[Record]:
    """The function that is no quadratic first."""
    return sorted(ended(paths), key=lambda record: "floors" in record.meta)


def curves(record: Record, of: str, **wanted: Any) -> list[VCurve]:
    """The curves of a record, of `line` or `gradient`, that are as wanted."""
    found, scale = [], record.meta["scale"][of]
    for about in record.meta["curves"]:
        if all(about[key] == value for key, value in wanted.items()):
            name = f"{about['quotient']} {about['dtype']} {about['sigma_given']:g}"
            eps, error = record.arrays[f"{name}/eps"], record.arrays[f"{name}/{of}"]
            found.append(VCurve(about, eps, error, about[of], scale))
    return found


def problem(record: Record) -> str:
    """The problem's name."""
    return target(record.meta["config"]["problem"])


def measures(found: Sequence[Record]) -> dict[str, Estimate]:
    """Curves, gradient and what is exact, of the function that is no quadratic; of the quadratic its floors."""
    measured = {}
    for record in reversed(found):
        (central,) = curves(record, "gradient", **CENTRAL)
        if "floors" in record.meta:
            flat = lines.largest(central.error[central.eps >= 1e-3] / central.scale)
            measured["central gradient of a quadratic: largest relative error for ε ≥ 1e-3"] = flat
            measured |= _floors(record)
        else:
            measured |= _lines(record) | _gradient(record, central) | _exact(record) | _logistic(record)
    return measured


def _lines(record: Record) -> dict[str, Estimate]:
    """Slopes on both sides, how low the curves go, and how good the predicted ε is."""
    measured = {}
    for quotient in QUOTIENTS:
        every = curves(record, "line", quotient=quotient)
        quiet = [curve for curve in every if not curve.about["sigma_given"]]
        noisy = [curve for curve in every if curve.about["sigma_given"] > curve.about["rounding"]]  # below it is none
        for curve in quiet:
            name = f"{quotient}, {curve.about['dtype']}"
            measured[f"{name}: slope on the rounding side"] = curve.slope(False)
            measured[f"{name}: slope on the truncation side"] = curve.slope(True)
            measured[f"{name}: least relative error"] = Estimate(curve.error.min() / curve.scale)
        for words, group in (("with noise", noisy), ("rounding alone", quiet)):
            lost = lines.largest([curve.at_best / curve.error.min() for curve in group])
            measured[f"{quotient}, {words}: error at the predicted ε over the least, largest"] = lost
        ratio = lines.largest([curve.error.min() / curve.expected["error"] for curve in noisy])
        measured[f"{quotient}, with noise: least error over the predicted, largest"] = ratio
    return measured


def _gradient(record: Record, central: VCurve) -> dict[str, Estimate]:
    """The truncation of the whole gradient against √n Mε²/6 and against its leading term."""
    inside = central.side(True) & (central.eps <= SMOOTH / 3)
    eps2, error = central.eps[inside] ** 2, central.error[inside]
    near = float(np.median(error / (central.expected["c"] * eps2))) if error.size else nan
    share = lines.largest(error / (record.meta["n"] ** 0.5 * record.meta["M"] * eps2 / 6))
    return {
        "central gradient: error over (ε²/6)‖f_iii‖ on the truncation side": Estimate(near),
        "central gradient: largest error over √n Mε²/6 on the truncation side": share,
    }


def _exact(record: Record) -> dict[str, Estimate]:
    """What has no difference to cancel: the complex step and forward mode; what a gradient asks."""
    mode, calls, n, measured = record.meta["forward_mode"], record.meta["calls"], record.meta["n"], {}
    for dtype in ("float64", "float32"):
        (curve,) = curves(record, "line", quotient="complex", dtype=dtype)
        tiny = lines.largest(curve.error[curve.eps <= 1e-12] / curve.scale)
        measured[f"complex step, {dtype}: largest relative error for ε ≤ 1e-12"] = tiny
        over = mode[dtype] / curve.scale / float(np.finfo(dtype).eps)
        measured[f"forward mode, {dtype}: relative error over machine epsilon"] = Estimate(over)
    (forward,) = curves(record, "line", **{**CENTRAL, "quotient": "forward"})
    found = {
        "forward differences: least error over that of forward mode, float64": forward.error.min() / mode["float64"],
        "forward mode: operations of a directional derivative over those of f": mode["flops"],
        "central differences: values a gradient over 2n": calls["central"] / (2 * n),
        "forward differences, f(x) kept: values a gradient less n": calls["forward"] - n,
        "complex step: values a gradient over n": calls["complex"] / n,
    }
    return measured | {name: Estimate(value) for name, value in found.items()}


def _logistic(record: Record) -> dict[str, Estimate]:
    found = record.meta["logistic"]
    return {
        "notebook's logistic loss": Estimate(found["loss"]),
        "notebook's derivative, automatic": Estimate(found["exact"]),
        "notebook's derivative, relative error with ε = 1e-4": Estimate(abs(found["notebook"] / found["exact"] - 1)),
        "notebook's derivative, relative error with the best ε": Estimate(abs(found["best"] / found["exact"] - 1)),
    }


def _floors(record: Record) -> dict[str, Estimate]:
    """Floors of whole runs against ε; the least is predicted where one derivative is best: 8^¼ √(σ/L)."""
    told = record.meta["floors"]
    least = min(told, key=lambda one: one["floor"][0], default={"eps": nan})["eps"]
    ratio = lines.pooled((one["floor"], one["exact"]) for one in told)
    return {
        "floor of a run, forward quotient with noise: measured/(nσ²/(Lε²) + nLε²/8)": ratio,
        "floor of a run: its best ε over 8^¼ √(σ/L)": Estimate(least / (8**0.25 * max(record.meta["noise"]) ** 0.5)),
    }


def rows(found: Sequence[Record]) -> list[dict[str, Any]]:
    """A line for each curve of a derivative and of a gradient, then the floors."""
    out = [_row(record, of, curve) for record in found for of in ("line", "gradient") for curve in curves(record, of)]
    for record in found:
        about = {"problem": "floor of a run", "n": record.meta["n"], "quotient": "forward"}
        for one in record.meta.get("floors", []):
            floor = {"best_eps": one["eps"], "least_error": one["floor"][0], "predicted_error": one["exact"]}
            out.append({**about, **floor})
    return files.aligned(out)


def _row(record: Record, of: str, curve: VCurve) -> dict[str, Any]:
    least = int(curve.error.argmin())
    return {
        "problem": problem(record),
        "n": record.meta["n"],
        "of": of,
        "quotient": curve.about["quotient"],
        "dtype": curve.about["dtype"],
        "noise": curve.about["sigma_given"],
        "best_eps": float(curve.eps[least]),
        "least_error": float(curve.error[least]),
        "predicted_eps": curve.best,
        "predicted_error": curve.expected["error"],
        "error_at_predicted": curve.at_best,
        "scale": curve.scale,
        "rounding_slope": curve.slope(False).value,
        "truncation_slope": curve.slope(True).value,
    }


def shown(rows: Sequence[tables.Row]) -> list[tables.Table]:
    """The bottoms of the V-curves of a derivative."""
    first = rows[0]["problem"]
    some = [row for row in rows if row["of"] == "line" and row["problem"] == first]
    errors = [_relative(column) for column in ("least_error", "predicted_error", "error_at_predicted")]
    slopes = [fixed("rounding_slope"), fixed("truncation_slope")]
    cells = [_name, rounded("best_eps", 2), rounded("predicted_eps", 2), *errors, *slopes]
    header = ["", "best ε", "predicted", "least error", "predicted", "at predicted ε", "left slope", "right slope"]
    note = "A directional derivative, root mean square over directions, relative. Predicted: Moré & Wild's ε, from the "
    note += "derivatives along the directions and the noise that ECNoise finds."
    body = [[cell(row) for cell in cells] for row in some]
    return [tables.Table(f"Which difference step? ({first})", note, header, body)]


def _name(row: tables.Row) -> str:
    noise = tables.value(row, "noise")
    return f"{row['quotient']}, {row['dtype']}" + (f", noise {noise:g}" if noise else "")


def _relative(column: str) -> Callable[[tables.Row], str]:
    return lambda row: tables.significant(tables.value(row, column) / tables.value(row, "scale"), 2)


EXPERIMENT = Experiment(
    question="How wrong is a difference quotient, and which step is best?",
    read=read,
    rows=rows,
    tables=shown,
    measures=measures,
    figures=("v_curves", "steps"),
)
