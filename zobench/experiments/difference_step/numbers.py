"""What is read from the records of experiment=difference_step: V-curves, their slopes, their bottoms."""

from collections.abc import Sequence
from math import nan
from typing import Any, NamedTuple

import numpy as np

from zobench.report import files, lines, tables
from zobench.report.records import target
from zobench.statistics import Estimate
from zobench.store import Record

QUOTIENTS = {"forward": 1, "central": 2, "fourth": 4}  # with their orders
AWAY = 6.0  # a slope is fitted from this factor off the bottom on, where the other error is below 3 %
REACH = 3000.0  # and up to this factor
SMOOTH = 0.1  # the largest ε of a fit: beyond, the next term of the truncation shows


class VCurve(NamedTuple):
    """Error against ε of a quotient in one precision at one level of noise, of `line` or of the whole `gradient`."""

    about: dict[str, Any]
    eps: np.ndarray
    error: np.ndarray
    expected: dict[str, float]

    @property
    def best(self) -> float:
        """The predicted best ε."""
        return self.expected["eps"]

    def at_best(self) -> float:
        """The measured error at the grid's ε nearest to the predicted best one."""
        return float(self.error[np.abs(np.log(self.eps / self.best)).argmin()])

    def side(self, truncation: bool) -> np.ndarray:
        """Where the slope of one side is fitted."""
        factor = self.eps / self.best if truncation else self.best / self.eps
        return (factor >= AWAY) & (factor <= REACH) & (self.eps <= SMOOTH) & (self.error > 0)

    def slope(self, truncation: bool) -> Estimate:
        """The exponent of the error in ε on one side."""
        kept = self.side(truncation)
        return lines.log_slope(self.eps[kept], self.error[kept])


def curves(record: Record, of: str) -> list[VCurve]:
    """All curves of a record, of `line` or `gradient`."""
    found = []
    for about in record.meta["curves"]:
        name = f"{about['quotient']} {about['dtype']} {about['sigma_given']:g}"
        found.append(VCurve(about, record.arrays[f"{name}/eps"], record.arrays[f"{name}/{of}"], about[of]))
    return found


def pick(found: Sequence[VCurve], **wanted: Any) -> list[VCurve]:
    """The curves whose fields are as wanted."""
    return [curve for curve in found if all(curve.about[key] == value for key, value in wanted.items())]


def general(records: Sequence[Record]) -> Record | None:
    """The record of the function that is no quadratic."""
    return next((record for record in records if "logistic" in record.meta), None)


def quadratic(records: Sequence[Record]) -> Record | None:
    """The record of the quadratic."""
    return next((record for record in records if "floors" in record.meta), None)


def problem(record: Record | None) -> str:
    """The problem's name."""
    return target(record.meta["config"]["problem"]) if record else ""


def measures(records: Sequence[Record]) -> dict[str, Estimate]:
    """Every quantity of the claims; nan where it cannot be measured."""
    record, other = general(records), quadratic(records)
    found = curves(record, "line") if record else []
    scale = record.meta["scale"]["line"] if record else nan
    measured = {}
    for quotient in QUOTIENTS:
        for truncation, words in ((False, "rounding"), (True, "truncation")):
            some = pick(found, quotient=quotient, dtype="float64", sigma_given=0.0)
            measured[f"{quotient}, float64: slope on the {words} side"] = _one(some, lambda c, t=truncation: c.slope(t))
        some = pick(found, quotient=quotient, dtype="float32", sigma_given=0.0)
        measured[f"{quotient}, float32: slope on the rounding side"] = _one(some, lambda c: c.slope(False))
        measured |= _bottoms(pick(found, quotient=quotient), quotient, scale)
    return {
        **measured,
        **_gradient(record, other),
        **_exact(record, found, scale),
        **_logistic(record),
        **_floors(other),
    }


def _one(some: Sequence[VCurve], of: Any) -> Estimate:
    return of(some[0]) if some else Estimate(nan)


def _bottoms(some: Sequence[VCurve], quotient: str, scale: float) -> dict[str, Estimate]:
    """How good the predicted ε is, and how low the curves go."""
    noisy = [curve for curve in some if curve.about["sigma_given"] > curve.about["rounding"]]  # below it is none
    quiet = [curve for curve in some if not curve.about["sigma_given"]]
    measured = {}
    for words, group in (("with noise", noisy), ("rounding alone", quiet)):
        lost = [curve.at_best() / curve.error.min() for curve in group]
        measured[f"{quotient}, {words}: error at the predicted ε over the least, largest"] = lines.largest(lost)
    ratio = [curve.error.min() / curve.expected["error"] for curve in noisy]
    measured[f"{quotient}, with noise: least error over the predicted, largest"] = lines.largest(ratio)
    for dtype in ("float64", "float32"):
        least = [curve.error.min() / scale for curve in pick(quiet, dtype=dtype)]
        measured[f"{quotient}, {dtype}: least relative error"] = lines.largest(least)
    return measured


def _gradient(record: Record | None, other: Record | None) -> dict[str, Estimate]:
    """The whole gradient by central quotients: its truncation against √n Mε²/6, and none on a quadratic."""
    wanted = {"quotient": "central", "dtype": "float64", "sigma_given": 0.0}
    near, share, flat = [], [], []
    meta, scale = record.meta if record else {}, other.meta["scale"]["gradient"] if other else nan
    for curve in pick(curves(record, "gradient"), **wanted) if record else ():
        inside = curve.side(True) & (curve.eps <= SMOOTH / 3)
        bound = meta["n"] ** 0.5 * meta["M"] * curve.eps**2 / 6
        share += list(curve.error[inside] / bound[inside])
        near += list(curve.error[inside] / (curve.expected["c"] * curve.eps[inside] ** 2))
    for curve in pick(curves(other, "gradient"), **wanted) if other else ():
        flat += list(curve.error[curve.eps >= 1e-3] / scale)
    return {
        "central gradient: error over (ε²/6)‖f_iii‖ on the truncation side": Estimate(
            float(np.median(near)) if near else nan
        ),
        "central gradient: largest error over √n Mε²/6 on the truncation side": lines.largest(share),
        "central gradient of a quadratic: largest relative error for ε ≥ 1e-3": lines.largest(flat),
    }


def _exact(record: Record | None, found: Sequence[VCurve], scale: float) -> dict[str, Estimate]:
    """What has no difference to cancel: the complex step and forward mode; what a gradient asks."""
    meta = record.meta if record else {}
    mode, calls, n = meta.get("forward_mode", {}), meta.get("calls", {}), meta.get("n", nan)
    measured = {}
    for dtype, eps in (("float64", 2.0**-52), ("float32", 2.0**-23)):
        tiny = [curve.error[curve.eps <= 1e-12].max() for curve in pick(found, quotient="complex", dtype=dtype)]
        measured[f"complex step, {dtype}: largest relative error for ε ≤ 1e-12"] = lines.largest(
            [e / scale for e in tiny]
        )
        measured[f"forward mode, {dtype}: relative error over machine epsilon"] = Estimate(
            mode.get(dtype, nan) / scale / eps
        )
    least = [curve.error.min() for curve in pick(found, quotient="forward", dtype="float64", sigma_given=0.0)]
    return {
        **measured,
        "forward differences: least error over that of forward mode, float64": lines.largest(
            [one / mode["float64"] for one in least]
        ),
        "forward mode: operations of a directional derivative over those of f": Estimate(mode.get("flops", nan)),
        "central differences: values a gradient over 2n": Estimate(calls.get("central", nan) / (2 * n)),
        "forward differences, f(x) kept: values a gradient less n": Estimate(calls.get("forward", nan) - n),
        "complex step: values a gradient over n": Estimate(calls.get("complex", nan) / n),
    }


def _logistic(record: Record | None) -> dict[str, Estimate]:
    found = record.meta["logistic"] if record else {}
    exact = found.get("exact", nan)
    far = {name: abs(found.get(name, nan) / exact - 1) for name in ("notebook", "best", "automatic")}
    return {
        "notebook's logistic loss": Estimate(found.get("loss", nan)),
        "notebook's derivative, automatic": Estimate(exact),
        "notebook's derivative, central quotient with ε = 1e-4 in float32": Estimate(found.get("notebook", nan)),
        "notebook's derivative, relative error with ε = 1e-4": Estimate(far["notebook"]),
        "notebook's derivative, relative error with the best ε": Estimate(far["best"]),
        "notebook's derivative, relative error of automatic differentiation": Estimate(far["automatic"]),
    }


def _floors(other: Record | None) -> dict[str, Estimate]:
    """Floors of whole runs against ε; the least is predicted where one derivative is best: 8^¼ √(σ/L)."""
    told = other.meta["floors"] if other else []
    ratios = [[value / one["exact"] for value in one["floor"]] for one in told]
    least = min(told, key=lambda one: one["floor"][0], default=None)
    best = 8**0.25 * max(other.meta["noise"]) ** 0.5 if other else nan
    return {
        "floor of a run, forward quotient with noise: measured/(nσ²/(Lε²) + nLε²/8)": lines.pooled(
            [one[0] for one in ratios], [one[1] for one in ratios]
        ),
        "floor of a run: its best ε over 8^¼ √(σ/L)": Estimate(least["eps"] / best if least else nan),
    }


def rows(records: Sequence[Record]) -> list[dict[str, Any]]:
    """table.csv: a line for each curve of a derivative and of a gradient, then the floors."""
    out = []
    for record in records:
        for of in ("line", "gradient"):
            for curve in curves(record, of):
                about = {"problem": problem(record), "n": record.meta["n"], "of": of}
                about |= {key: curve.about[key] for key in ("quotient", "dtype")} | {
                    "noise": curve.about["sigma_given"]
                }
                i = int(curve.error.argmin())
                about |= {"best_eps": float(curve.eps[i]), "least_error": float(curve.error[i])}
                known = curve.expected["eps"] == curve.expected["eps"]
                about |= {"predicted_eps": curve.best, "predicted_error": curve.expected["error"]}
                about |= {"error_at_predicted": curve.at_best() if known else nan, "scale": record.meta["scale"][of]}
                about |= {"rounding_slope": curve.slope(False).value if known else nan}
                out.append({**about, "truncation_slope": curve.slope(True).value if known else nan})
    empty = dict.fromkeys(out[0] if out else (), "")
    for record in records:
        for one in record.meta.get("floors", []):
            about = {**empty, "problem": "floor of a run", "n": record.meta["n"], "quotient": "forward"}
            out.append(
                {**about, "best_eps": one["eps"], "least_error": one["floor"][0], "predicted_error": one["exact"]}
            )
    return out


def table(lines_of_csv: Sequence[dict[str, str]]) -> list[tables.Table]:
    """The bottoms of the V-curves of a derivative, from table.csv."""
    body = []
    names = list(dict.fromkeys(line["problem"] for line in lines_of_csv if line["of"] == "line"))
    for line in lines_of_csv:
        if line["of"] != "line" or line["problem"] != names[0]:
            continue
        noise = f", noise {float(line['noise']):g}" if float(line["noise"]) else ""
        scale = float(line["scale"])
        cells = [f"{line['quotient']}, {line['dtype']}{noise}", tables.significant(float(line["best_eps"]), 2)]
        cells += [tables.significant(files.number(line["predicted_eps"]), 2), _relative(line["least_error"], scale)]
        cells += [_relative(line["predicted_error"], scale), _relative(line["error_at_predicted"], scale)]
        slopes = (files.number(line["rounding_slope"]), files.number(line["truncation_slope"]))
        body.append([*cells, *(tables.number(slope) for slope in slopes)])
    header = ["", "best ε", "predicted", "least error", "predicted", "at predicted ε", "left slope", "right slope"]
    note = "A directional derivative, root mean square over directions, relative. Predicted: Moré & Wild's ε, from the "
    note += "derivatives along the directions and the noise that ECNoise finds."
    return [tables.Table(f"Which difference step? ({names[0] if names else ''})", note, header, body)]


def _relative(text: str, scale: float) -> str:
    return tables.significant(files.number(text) / scale, 2)
