"""Newer zero-order methods against tuned two-point descent: the page."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from zobench.experiments.referee import names, numbers
from zobench.experiments.referee.numbers import Court
from zobench.experiments.referee.trials import ALIKE, FEWER, LEVEL, MARGIN, MORE, NEVER
from zobench.report import tables
from zobench.report.page import Caption, Experiment
from zobench.report.tables import Row, significant, value

SIGN = {FEWER: " *", MORE: " *", ALIKE: "", NEVER: ""}
NAMED = 4  # methods that are said to be like another, the others are counted
KINDS = {
    "any": "fewest values",
    "cheap": "fewest, a step costing the same whatever n",
    "untuned": "of these, with no step to tune",
}


def _scope(rows: Sequence[Row]) -> str:
    n = sorted({int(row["n"]) for row in rows})
    sizes = f"n = {n[0]} to {n[-1]}" if len(n) > 1 else f"n = {n[0]}"
    said = (
        f"Scope: these functions, targets and noises, {sizes}; steps were tuned to the target, POEM's apart, and all "
    )
    return (
        said + "other parameters are zobench's defaults or stated in conf/referee. It says nothing of language models."
    )


def shown(rows: Sequence[Row], advice: Sequence[Row]) -> list[tables.Table]:
    """What to take; ratios of all methods on all cases; steps and tuning."""
    return [_advice(advice), _ratios(rows), _counts(rows), _values(rows), _steps(rows)]


def take(court: Court) -> list[dict[str, Any]]:
    """advice.csv: a line for each case and kind of method."""
    lines = []
    for base, kinds in numbers.advice(court):
        for kind, found in kinds.items():
            first = found[0].trial if found else None
            ratio = next((one for one in court.ratios if first is not None and one.trial is first), None)
            lines.append(
                {
                    "case": base.case,
                    "about": base.about.about,
                    "n": base.about.n,
                    "target": base.about.target,
                    "noise": base.about.noise,
                    "two_point_values": base.time.value,
                    "kind": kind,
                    "take": first.method if first else "",
                    "ratio": ratio.ratio.value if ratio else 1.0,
                    "ratio_low": ratio.ratio.low if ratio else float("nan"),
                    "ratio_high": ratio.ratio.high if ratio else float("nan"),
                    "verdict": ratio.verdict if ratio else "",
                    "alike": "; ".join(one.trial.method for one in found[1:]),
                }
            )
    return lines


def _advice(rows: Sequence[Row]) -> tables.Table:
    by = {(row["case"], row["kind"]): row for row in rows}
    lines = []
    for case in dict.fromkeys(row["case"] for row in rows):
        first = by[case, "any"]
        noise = "" if first["noise"] == "none" else f", noise: {first['noise']}"
        about = f"{first['about']}, n = {first['n']}, to {value(first, 'target'):g}{noise}"
        cheap = [_taken(by[case, "cheap"]), *filter(None, [_alike(by[case, "cheap"]["alike"])])]
        lines.append([about, _taken(first), "; not shown to differ: ".join(cheap), _taken(by[case, "untuned"])])
    note = "The methods that asked the fewest values to f − f* = the target times that of the start, with the ratio to "
    note += "tuned two-point descent, median over the seeds [95 % interval]; * differs from it (see below). They were "
    note += f"chosen by these runs, so a gain near 1 is none. {_scope(rows)}"
    return tables.Table("Take this when", note, ["take this when", *KINDS.values()], lines, 4)


def _alike(methods: str) -> str:
    found = methods.split("; ") if methods else []
    return "; ".join([*found[:NAMED], *([f"{len(found) - NAMED} more"] if len(found) > NAMED else [])])


def _taken(row: Row) -> str:
    if not row["take"]:
        return "none"
    return row["take"] if row["take"] == names.TWO_POINT else f"{row['take']}: {_ratio(row)}"


def _ratio(row: Row) -> str:
    if row["verdict"] == NEVER:
        return "never"
    low, high = value(row, "ratio_low"), value(row, "ratio_high")
    spread = f" [{significant(low, 2)}, {significant(high, 2)}]" if low == low else ""
    return f"{significant(value(row, 'ratio'), 2)}{spread}{SIGN.get(row['verdict'], '')}"


def _ratios(rows: Sequence[Row]) -> tables.Table:
    by = {(row["method"], row["case"]): row for row in rows if row["method"] != names.TWO_POINT}
    cases = list(dict.fromkeys(row["case"] for row in rows))
    methods = sorted(dict.fromkeys(method for method, _ in by), key=_order)
    lines = [[method, *(_brief(by.get((method, case))) for case in cases)] for method in methods]
    note = (
        "Median values to the target over those of two-point descent, both at the best step found with as many tries "
    )
    note += "on held-out seeds. * the two differ: sign test over paired seeds, adjusted by Holm over all methods and "
    note += (
        f"cases, at {LEVEL:g}, and the 95 % interval, tuning included, is beyond {MARGIN:g} or below 1/{MARGIN:g}. In "
    )
    note += (
        "brackets: exact means, both at their best steps. never: half of the runs or more did not arrive. Intervals: "
    )
    note += (
        "table.csv. L-BFGS takes differences as scipy does, with intervals that know of no noise; the noise-aware one "
    )
    note += (
        "finds its intervals from the noise's standard deviation, which is not given for a minibatch. POEM's factor is "
    )
    note += "the paper's, 1."
    loose = [f"{row['method']} ({row['case']})" for row in rows if row["bracketed"] == "no"]
    note += f" The best step was at the edge of those tried for {', '.join(loose)}." if loose else ""
    return tables.Table("Values over tuned two-point descent", note, ["", *cases], lines)


def _counts(rows: Sequence[Row]) -> tables.Table:
    others = [row for row in rows if row["method"] != names.TWO_POINT]
    verdicts = {"fewer": FEWER, "not shown to differ": ALIKE, "more": MORE, "never there": NEVER}
    found = Counter((row["method"], row["verdict"]) for row in others)
    methods = sorted(dict.fromkeys(row["method"] for row in others), key=_order)
    lines = [[method, *(str(found[method, verdict]) for verdict in verdicts.values())] for method in methods]
    note = "In how many cases a method asks fewer values than tuned two-point descent, or more, by the rule above."
    return tables.Table("Over the cases", note, ["", *verdicts], lines)


def _order(method: str) -> tuple[int, str]:
    return (names.ORDER.index(method) if method in names.ORDER else len(names.ORDER), method)


def _brief(row: Row | None) -> str:
    if row is None:
        return ""
    if row["verdict"] == NEVER:
        return "never"
    exact = value(row, "exact_ratio")
    known = f" ({significant(exact, 2)})" if exact == exact else ""
    return f"{significant(value(row, 'ratio'), 2)}{SIGN[row['verdict']]}{known}"


def _values(rows: Sequence[Row]) -> tables.Table:
    columns: dict[str, tables.Cell] = {
        "case": "case",
        "method": "method",
        "values": lambda row: (
            tables.spread("values", shown=lambda x: f"{x:.0f}")(row) if row["values"] != "inf" else "never"
        ),
        "exact mean": tables.fixed("exact_values", 0),
        "over two-point": lambda row: "" if row["method"] == names.TWO_POINT else _ratio(row),
        "p, Holm": tables.rounded("p_holm", 2),
        "reached": lambda row: f"{row['reached']} of {row['runs']}",
    }
    note = "Median [95 % interval, tuning included]. Exact mean: the recursion's, at the step that ran."
    return tables.table("Values to the target", note, rows, columns, words=2, aside=True)


def _steps(rows: Sequence[Row]) -> tables.Table:
    columns: dict[str, tables.Cell] = {
        "case": "case",
        "method": "method",
        "best step": tables.rounded("step"),
        "multiple of the first try": tables.rounded("multiple"),
        "bracketed": "bracketed",
        "values for tuning": tables.rounded("tuning_values"),
    }
    tuned = [row for row in rows if row["multiple"]]
    note = (
        "The search begins at the theory step where there is one, else at what values at x0 say. It goes on by factors "
    )
    note += (
        "of 2 until the best is bracketed (a smaller and a larger step were tried, no better), then by square roots."
    )
    return tables.table("Tuned steps", note, tuned, columns, words=2, aside=True)


EXPERIMENT = Experiment(
    question="Which zero-order method asks the fewest values, and what does it gain over tuned two-point descent?",
    read=numbers.read,
    rows=numbers.rows,
    tables=shown,
    measures=numbers.measures,
    figures=("referee", "exact"),
    captions={
        "referee": Caption("Values to a target over those of tuned two-point descent, by method and case", "a case"),
        "exact": Caption("Measured ratios on quadratics beside the exact ones", "a method with an exact recursion"),
    },
    more={"advice.csv": take},
)
