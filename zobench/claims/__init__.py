"""What the lectures (and our theory) claim, as data, and what a measurement says about it.

Each experiment has a file of claims, `<experiment>.yaml`, a list of

    - number: 31                      # of the lectures' claims; null: a prediction of the theory
      lecture: "001"
      place: forward mode, slide 2
      statement: forward mode stores no intermediates
      checks: [{quantity: "temporary bytes, forward mode: slope in depth", between: [-0.1, 0.1]}]
      qualification: null             # what must be said where the claim holds only so far
      expected: holds                 # holds | holds with qualification | refuted: a prediction, not a target

A check is `between: [low, high]`, `at_most: high` or `at_least: low`, of a quantity that the report of the experiment
measures (its function `measures`). A claim holds where all its checks hold, and is refuted where one fails.
"""

from collections.abc import Mapping
from importlib.resources import files
from math import inf
from typing import Any, NamedTuple

import yaml

from zobench.statistics import Estimate

VERDICTS = ("holds", "holds with qualification", "refuted", "not measured")


class Check(NamedTuple):
    """A measured quantity, and the range in which it must be."""

    quantity: str
    low: float
    high: float

    def verdict(self, measured: Estimate | None) -> str:
        """Whether the value is within the range; "not measured" too where only its 95 % interval reaches it."""
        if measured is None or measured.value != measured.value:
            return "not measured"
        if self.low <= measured.value <= self.high:
            return "holds"
        return "not measured" if measured.low <= self.high and measured.high >= self.low else "refuted"


class Claim(NamedTuple):
    """A statement, where it stands, what measures it, and the verdict that was expected before measuring."""

    number: int | None
    lecture: str
    place: str
    statement: str
    experiment: str
    checks: tuple[Check, ...]
    qualification: str | None
    expected: str

    def verdict(self, measures: Mapping[str, Estimate]) -> str:
        """The verdict of all checks together."""
        each = {check.verdict(measures.get(check.quantity)) for check in self.checks} or {"not measured"}
        if "refuted" in each:
            return "refuted"
        if "not measured" in each:
            return "not measured"
        return "holds with qualification" if self.qualification else "holds"


def of(experiment: str) -> list[Claim]:
    """The claims that this experiment measures. ValueError, naming the claim, for what cannot be read."""
    file = files(__name__).joinpath(f"{experiment}.yaml")
    entries = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else []
    return [_claim(experiment, entry) for entry in entries]


def experiments() -> list[str]:
    """The experiments that have claims."""
    return sorted(file.name[:-5] for file in files(__name__).iterdir() if file.name.endswith(".yaml"))


def judged(claim: Claim, measures: Mapping[str, Estimate]) -> dict[str, Any]:
    """The claim with its measured values and verdict, for verdicts.json and the board."""
    found = [(check, measures.get(check.quantity)) for check in claim.checks]
    return {
        **{name: getattr(claim, name) for name in ("number", "lecture", "place", "statement", "experiment")},
        "checks": [
            {
                "quantity": check.quantity,
                "between": [check.low, check.high],
                "measured": estimate.value if estimate else None,
                "interval": [estimate.low, estimate.high] if estimate else None,
                "verdict": check.verdict(estimate),
            }
            for check, estimate in found
        ],
        "qualification": claim.qualification,
        "expected": claim.expected,
        "verdict": claim.verdict(measures),
    }


def _claim(experiment: str, entry: dict[str, Any]) -> Claim:
    try:
        fields = {"qualification": None, "number": None, "lecture": "", "place": "", **entry}
        checks = tuple(_check(dict(check)) for check in fields.pop("checks"))
        claim = Claim(experiment=experiment, checks=checks, **fields)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"claims/{experiment}.yaml: {entry.get('statement', entry)!r}: {error}") from error
    if claim.expected not in VERDICTS:
        raise ValueError(f"claims/{experiment}.yaml: {claim.statement!r}: expected is one of {', '.join(VERDICTS)}")
    return claim


def _check(entry: dict[str, Any]) -> Check:
    quantity = str(entry.pop("quantity"))
    ((kind, value),) = entry.items()
    if kind == "between":
        return Check(quantity, float(value[0]), float(value[1]))
    limits = {"at_most": (-inf, float(value)), "at_least": (float(value), inf)}
    return Check(quantity, *limits[kind])
