"""All methods on all cases, in values over those of tuned two-point descent: what each gains, and what to take."""

from collections.abc import Collection, Sequence
from math import isfinite, nan
from pathlib import Path
from typing import Any, NamedTuple

from zobench.experiments.referee import names
from zobench.experiments.referee.names import TWO_POINT
from zobench.experiments.referee.trials import ALIKE, FEWER, Ratio, Trial, judged, over, rule_of, trial
from zobench.report import records
from zobench.report.records import rank
from zobench.statistics import Estimate

PAIRS = (
    ("R-AdaZO", "ZO-AdaMM"),
    ("MEAZO", "Adam"),
    ("FZOO, 8 signs", "Gaussian (MeZO)"),
    ("cone (ConMeZO)", "Gaussian (MeZO)"),
    ("best of 4 (MeZO-Greedy)", "Gaussian (MeZO)"),
    ("contrast of 4 (MeZO-GV)", "Gaussian (MeZO)"),
    ("curvature (HiZOO)", "Gaussian (MeZO)"),
    ("2 and 4 old values (ZoAR)", "Gaussian (MeZO)"),
    ("FZOO, 8 signs", "8 averaged"),
)  # of which papers speak, besides those with two-point descent


class Court(NamedTuple):
    """All trials by case, and the ratios to two-point descent."""

    trials: list[Trial]
    ratios: list[Ratio]

    @property
    def cases(self) -> list[str]:
        """The cases, exact quadratics first, then data, then noise."""
        return list(dict.fromkeys(trial.case for trial in self.trials))

    @property
    def methods(self) -> list[str]:
        """The methods in the order of names.METHODS."""
        found = dict.fromkeys(trial.method for trial in self.trials)
        return sorted(found, key=lambda name: (rank(names.ORDER, name), name))

    def of(self, case: str) -> list[Trial]:
        """The trials of a case."""
        return [trial for trial in self.trials if trial.case == case]

    def get(self, method: str, case: str) -> Trial | None:
        """One of them."""
        return next((trial for trial in self.of(case) if trial.method == method), None)


def read(paths: Sequence[Path]) -> Court:
    """All cells of cases on which two-point descent ran too. ValueError where there is none."""
    found = [record for record in records.load(paths) if not record.failed and record.meta.get("status") == "ok"]
    abouts = {record.key: names.case(record) for record in found}
    every = list(dict.fromkeys(abouts.values()))
    trials = [trial(record, abouts[record.key], names.full(abouts[record.key], every)) for record in found]
    base = {one.case: one for one in trials if names.is_two_point(one.record)}
    trials = sorted((one for one in trials if one.case in base), key=_place)
    if not trials:
        raise ValueError("no case on which two-point descent ran: it is what the others are held against; run it again")
    return Court(trials, judged([over(one, base[one.case]) for one in trials if one is not base[one.case]]))


def _place(one: Trial) -> tuple:
    """Quadratics first, then data, then noise."""
    about = one.about
    kind = 0 if one.record.family == "quadratic" else 1 if about.is_exact else 2
    case = (rank(names.CASES, about.name), about.name, about.n, -about.target, about.noise)
    return kind, *case, rank(names.ORDER, one.method), one.method


def advice(court: Court) -> list[tuple[Trial, dict[str, list[Ratio]]]]:
    """For each case two-point descent, and by kind of method the one of the fewest values before those like it.

    Each list holds ratios to the first of it: itself, then those that are not shown to differ from it (Holm over the
    methods of the case). Where the one of the fewest is not shown to ask fewer than two-point descent, the next that is
    comes first, and two-point descent where there is none. Kinds: any; a step whose
    price does not grow with n; no step to tune, and no such price.
    """
    found = []
    for case in court.cases:
        trials = [trial for trial in court.of(case) if isfinite(trial.time.value)]
        base = next(trial for trial in court.of(case) if names.is_two_point(trial.record))
        cheap = [trial for trial in trials if not trial.grows]
        kinds = {"any": trials, "cheap": cheap, "untuned": [trial for trial in cheap if not trial.tunes]}
        fewer = {one.trial.method for one in court.ratios if one.trial.case == case and one.verdict == FEWER}
        found.append((base, {kind: _like_the_first(own, base, fewer) for kind, own in kinds.items()}))
    return found


def _like_the_first(trials: Sequence[Trial], base: Trial, fewer: Collection[str]) -> list[Ratio]:
    if not trials:
        return []
    ordered = sorted(trials, key=lambda one: one.time.value)
    if ordered[0].method not in fewer and any(one is base for one in trials):
        best = next((one for one in ordered if one.method in fewer), base)
        ordered = [best, *(one for one in ordered if one is not best)]
    first = over(ordered[0], ordered[0])
    others = judged([over(trial, ordered[0]) for trial in ordered[1:]])
    return [first, *(one for one in others if one.verdict == ALIKE)]


def measures(court: Court) -> dict[str, Estimate]:
    """Ratios by method and case, some between two methods, the least of each; how far medians are from exact means.

    The least ratio of several cases has the interval of its case, and none of being the least.
    """
    named = {f"{one.trial.method} over {TWO_POINT}: {one.trial.case}": one.ratio for one in court.ratios}
    for first, second in PAIRS:
        for case in court.cases:
            pair = court.get(first, case), court.get(second, case)
            if pair[0] and pair[1]:
                named[f"{first} over {second}: {case}"] = over(pair[0], pair[1]).ratio
    least: dict[str, Estimate] = {}
    for name, ratio in named.items():
        about = name.partition(":")[0]
        if about not in least or ratio.value < least[about].value:
            least[about] = ratio
    named |= {f"{about}: least of the cases": ratio for about, ratio in least.items()}
    for case in court.cases:
        known = [one for one in court.of(case) if isfinite(one.exact) and isfinite(one.time.value)]
        if known:
            off = max(abs(one.time.value / one.exact - 1) for one in known)
            named[f"largest |median/exact mean - 1|: {case}"] = Estimate(off)
    return named


def rows(court: Court) -> list[dict[str, Any]]:
    """table.csv: a line for each case and method."""
    by = {(one.trial.case, one.trial.method): one for one in court.ratios}
    return [_row(trial, by.get((trial.case, trial.method))) for trial in court.trials]


def _row(trial: Trial, one: Ratio | None) -> dict[str, Any]:
    ratio = one.ratio if one else Estimate(1.0)
    record = trial.record
    return {
        "case": trial.case,
        "n": trial.about.n,
        "target": trial.about.target,
        "noise": trial.about.noise,
        "method": trial.method,
        "values_a_step": record.calls,
        "values": trial.time.value,
        "values_low": trial.time.low,
        "values_high": trial.time.high,
        "ratio": ratio.value,
        "ratio_low": ratio.low,
        "ratio_high": ratio.high,
        "exact_ratio": one.best if one else nan,
        "exact_values": trial.exact,
        "p": one.p if one else nan,
        "p_holm": one.p_holm if one else nan,
        "verdict": one.verdict if one else "",
        "reached": trial.reached,
        "runs": trial.values.size,
        "step": float(record.meta["rules"][rule_of(record)]["step"]),
        "multiple": trial.multiple,
        "bracketed": "yes" if trial.bracketed else "no",
        "tuning_values": record.meta["tuning"].get("calls", nan) if trial.tunes else 0,
    }
