"""What the lectures, papers and our theory claim, as data, and what a measurement says about it.

Each experiment has a file of claims, `claims.yaml`:

    needs: {n: 256, study.depth: 64}    # sizes below which nothing here is judged; {}: any size judges
    claims:
    - number: 31                        # of the lectures' claims, or from 101 of a paper's, which this row states
      beyond: null                      # or: the number of the claim of which this is a stronger reading of ours
      statement: forward mode stores no intermediates
      checks: [{quantity: "temporary bytes, forward mode: slope in depth", between: [-0.1, 0.1]}]
      where: null                       # what was measured, where the sentence says more
      expected: holds                   # holds | refuted | not measured: said before it was measured

A row without a number is a prediction of ours. A check is `between: [low, high]`, `at_most: high` or `at_least: low`,
of a quantity that the report of the experiment measures (its function `measures`).

One rule for all checks. Holds: the 95 % interval is within the claimed range. Refuted: it is wholly outside, also
when it is widened for the number of checks that the page makes. Undecided: neither. Not measured: no number, or sizes
that cannot judge. What is counted has no interval, and its value decides. A claim holds where all its checks hold, and
is refuted where one is refuted. The widening is Bonferroni's: a claim that holds by all of its checks needs none (an
intersection-union test), but one of many would be refuted by chance.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from scipy.special import ndtri, stdtrit

from zobench.report import needed, places
from zobench.statistics import Estimate

VERDICTS = ("holds", "refuted", "undecided", "not measured")
HOLDS, REFUTED, UNDECIDED, NOT_MEASURED = VERDICTS


class Check(NamedTuple):
    """A measured quantity, and the range in which it must be."""

    quantity: str
    low: float
    high: float

    def verdict(self, measured: Estimate | None, family: int = 1) -> str:
        """By the rule of the module; `family` is the number of checks of the page that have an interval of samples."""
        if measured is None or measured.value != measured.value:
            return NOT_MEASURED
        known = measured.low == measured.low
        low, high = (measured.low, measured.high) if known else (measured.value, measured.value)
        if self.low <= low and high <= self.high:
            return HOLDS
        low, high = widened(measured, family) if known else (low, high)
        return REFUTED if high < self.low or low > self.high else UNDECIDED


class Claim(NamedTuple):
    """A statement, where it stands, what measures it, and the verdict that was expected before measuring."""

    number: int | None
    beyond: int | None
    lecture: str
    place: str
    statement: str
    experiment: str
    checks: tuple[Check, ...]
    where: str | None
    expected: str

    def verdict(self, measures: Mapping[str, Estimate], family: int = 1) -> str:
        """The verdict of all checks together."""
        each = {check.verdict(measures.get(check.quantity), family) for check in self.checks} or {NOT_MEASURED}
        return next(verdict for verdict in (REFUTED, NOT_MEASURED, UNDECIDED, HOLDS) if verdict in each)


def is_sampled(measured: Estimate | None) -> bool:
    """Whether its interval is one of chance; else it has none, or is a range over choices."""
    if measured is None or measured.low != measured.low:
        return False
    return bool(measured.draws.size) or measured.stderr == measured.stderr


def widened(measured: Estimate, family: int) -> tuple[float, float]:
    """The interval at the level 1 − 0.05/family, by Student's quantiles of its runs; a range over choices as it is."""
    if family < 2 or not is_sampled(measured):
        return measured.low, measured.high
    tail = 1 - 0.025 / family
    few = measured.runs > 1
    t = [stdtrit(measured.runs - 1, level) if few else ndtri(level) for level in (tail, 0.975)]
    value, factor = measured.value, float(t[0] / t[1])
    return value - factor * (value - measured.low), value + factor * (measured.high - value)


def of(experiment: str) -> list[Claim]:
    """The claims that this experiment measures. ValueError, naming the claim, for what cannot be read."""
    return [_claim(experiment, entry) for entry in _read(experiment).get("claims", [])]


def needs(experiment: str) -> dict[str, float]:
    """The least sizes at which the claims of an experiment are judged."""
    return _read(experiment).get("needs", {})


def experiments() -> list[str]:
    """The experiments of zobench that have claims."""
    return [name for name in places.names() if file(name).is_file()]


def file(experiment: str) -> Path:
    """Where its claims are, or would be. ValueError where there is no such experiment."""
    return places.folder(experiment) / "claims.yaml"


def judged(
    experiment: str, measures: Mapping[str, Estimate], metas: Iterable[Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """All claims of an experiment with their measured values and verdicts, for verdicts.json and the board.

    `metas` are those of its records, by which its sizes are known; None: they are large enough.
    """
    lacking = "" if metas is None else needed.lacking(needs(experiment), needed.sizes(metas))
    claims = of(experiment)
    family = len({c.quantity for claim in claims for c in claim.checks if is_sampled(measures.get(c.quantity))})
    lines = [_judged(claim, {} if lacking else measures, family, lacking) for claim in claims]
    return [{**line, "and_not": and_not(line["number"], lines)} for line in lines]


def and_not(number: int | None, lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """The stronger readings of a claim that do not hold, with their verdict."""
    mine = [line for line in lines if number is not None and line["beyond"] == number]
    return [f"{line['verdict']}: {line['statement']}" for line in mine if line["verdict"] in (REFUTED, UNDECIDED)]


def _judged(claim: Claim, measures: Mapping[str, Estimate], family: int, lacking: str) -> dict[str, Any]:
    checks = [
        {
            "experiment": claim.experiment,
            "quantity": check.quantity,
            "between": [check.low, check.high],
            "measured": found.value if found else None,
            "interval": [found.low, found.high] if found else None,
            "verdict": check.verdict(found, family),
        }
        for check in claim.checks
        for found in [measures.get(check.quantity)]
    ]
    verdict = claim.verdict(measures, family)
    missing = [check["quantity"] for check in checks if check["verdict"] == NOT_MEASURED]
    reason = lacking or (f"{missing[0]}: not to be had from these records" if missing else "no check")
    judged = {"checks": checks, "verdict": verdict, "reason": reason if verdict == NOT_MEASURED else ""}
    return {**claim._asdict(), **judged}


def _read(experiment: str) -> dict[str, Any]:
    own = file(experiment)
    return yaml.safe_load(own.read_text(encoding="utf-8")) if own.is_file() else {}


def _claim(experiment: str, entry: dict[str, Any]) -> Claim:
    try:
        fields = {"where": None, "number": None, "beyond": None, "lecture": "", "place": "", **entry}
        checks = tuple(_check(dict(check)) for check in fields.pop("checks"))
        claim = Claim(experiment=experiment, checks=checks, **fields)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{experiment}/claims.yaml: {entry.get('statement', entry)!r}: {error}") from error
    if claim.expected not in VERDICTS:
        raise ValueError(f"{experiment}/claims.yaml: {claim.statement!r}: expected is one of {', '.join(VERDICTS)}")
    if claim.number is not None and claim.beyond is not None:
        raise ValueError(f"{experiment}/claims.yaml: {claim.statement!r}: a claim of the lectures, or beyond one")
    return claim


def _check(entry: dict[str, Any]) -> Check:
    quantity = str(entry.pop("quantity"))
    ((kind, value),) = entry.items()
    if kind == "between":
        return Check(quantity, float(value[0]), float(value[1]))
    limits = {"at_most": (-inf, float(value)), "at_least": (float(value), inf)}
    return Check(quantity, *limits[kind])


def worst(verdicts: Sequence[str]) -> str:
    """The worst of those that were measured."""
    order = (REFUTED, UNDECIDED, HOLDS)
    return min((verdict for verdict in verdicts if verdict in order), key=order.index, default=NOT_MEASURED)
