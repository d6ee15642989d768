"""The tables of the slowdown report, made from the lines of table.csv so that file and terminal say the same."""

from collections.abc import Sequence

from zobench.report.records import METHODS, RULES, rank
from zobench.report.tables import Cell, Row, Table, across, fixed, number, rounded, spread, table, value

LECTURE = {  # with a gradient, and by two points
    "gradient": ("O(1/k)", "O(n/k)"),
    "gap": ("O(1/k)", "O(n/k)"),
    "distance": ("O((1−μ/L)^k)", "O((1−μ/(nL))^k)"),
}


def main_table(rows: Sequence[Row]) -> Table:
    """The lecture's table with what was measured under each entry; the theory rule where it was run."""
    rule = min((row["rule"] for row in rows), key=lambda rule: rank(RULES, rule), default="theory")
    chosen = [row for row in rows if row["rule"] == rule]
    title = f"What a missing gradient costs ({rule} step)"
    return across(title, _about(chosen), chosen, "column", "method", ENTRIES)


def rules_table(rows: Sequence[Row]) -> Table:
    """What a better step saves the two-point method: exponent and constant under each step rule."""
    chosen = [row for row in rows if row["estimator"] == "two_point"]
    several = len({row["method"] for row in chosen}) > 1
    note = "Both methods under the same rule: theory 1/(LB), trace 1/(L B_eff) with tr H, tuned on other seeds. "
    note += "No power law: the exponents between neighbouring n. K/(n K_GD): the mean over n, its interval with what "
    note += "it varies."
    flat = [row["column"].split(":")[0] for row in chosen if row["metric"] == "gradient"]
    if flat and not any(row["metric"] == "gradient" for row in chosen if row["rule"] == "tuned"):
        note += f" Not tuned: {flat[0]}, as a small gradient is no sign of arrival where f may be flat."
    entries = {name: ENTRIES[name] for name in ("iterations", "no power law", "K/(n K_GD)")}
    steps: Cell = lambda row: f"{row['method']}, " * several + f"{row['rule']} step"  # noqa: E731
    return across("Two-point GD under three step rules", note, chosen, "column", steps, entries)


def _about(rows: Sequence[Row]) -> str:
    if not rows:
        return "No cell ran."
    n = f"n = {min(int(r['n_min']) for r in rows)} … {max(int(r['n_max']) for r in rows)}"
    censored, runs = sum(int(r["censored"]) for r in rows), sum(int(r["runs"]) for r in rows)
    return (
        f"{n}, {max(int(r['seeds']) for r in rows)} seeds, {censored} of {runs} runs censored. "
        "[95 % interval: seeds, misfit of the law, choice of n and of the window in k; where nothing is random the "
        "range over these choices]. Strongly convex: error ∝ (1 − c μ/L)^k, two-point (1 − c μ/(nL))^k, bound c = 1. "
        "Mean/bound: the largest over n and k ≥ B, B = n for two points and 1 else."
    )


def details(rows: Sequence[Row]) -> Table:
    """Every entry and step rule on a line."""
    columns: dict[str, Cell] = {
        "column": lambda row: row["column"].split(":")[0],
        "method": "method",
        "step": "rule",
        "n": lambda row: f"{row['n_min']}–{row['n_max']}",
        "runs": "runs",
        "censored": lambda row: row["censored"] + (f" ({row['diverged']} diverged)" if row["diverged"] != "0" else ""),
        **{name: ENTRIES[name] for name in ("iterations", "oracle calls")},
        "error after k": decay,
        "K/(n K_GD)": ENTRIES["K/(n K_GD)"],
        "mean/bound": rounded("tightness"),
        "note": "note",
    }
    note = "The bounds are proven for the theory step; under other rules mean/bound is for reference."
    return table("All step rules", note, rows, columns, aside=True)._replace(words=3)


def contractions(cells: Sequence[Row]) -> Table:
    """Strongly convex column, theory step: the contraction per iteration at each n, beside the exact one."""
    chosen = [c for c in cells if c["metric"] == "distance" and c["rule"] == "theory" and c["contraction"]]
    columns: dict[str, Cell] = {
        "method": "method",
        "n": "n",
        "measured": fixed("contraction", 6),
        "95 % interval": lambda c: spread("contraction", digits=6)(c).partition(" ")[2],
        "exact recursion": fixed("contraction_exact", 6),
        "bound": fixed("contraction_bound", 6),
    }
    title, note = "Contraction of the mean squared distance per iteration", "Theory step; the bound is 1 − μ/(LB)."
    return table(title, note, chosen, columns, aside=True)


def lecture(row: Row) -> str:
    """What the lecture says of k iterations; nothing of methods that it does not speak of."""
    plain = row["estimator"] in METHODS and row.get("plain", "yes") == "yes"
    return LECTURE[row["metric"]][row["estimator"] == "two_point"] if plain else ""


def decay(row: Row) -> str:
    """How the error falls with k."""
    if row["metric"] != "distance":
        return _power(row, "k_exponent", "k")
    shown = _measured(row, "contraction_rate")
    return shown and f"c = {shown}"


def exact(row: Row) -> str:
    """The same by the exact recursion."""
    shown = fixed("exact")(row)
    return shown and (f"c = {shown}" if row["metric"] == "distance" else f"k^{shown}")


def bent(row: Row) -> str:
    """The exponents between neighbours, where the hitting times are no power law in n."""
    if row["power_law"] != "no":
        return ""
    low, high = (number(value(row, f"local_exponent_{end}")) for end in ("least", "most"))
    return f"n^{low} … n^{high}"


def bound(row: Row) -> str:
    """How near the mean curves come to the bound: above 1 it is crossed."""
    sign = {"yes": "> 1, crossed", "no": "≤ 1", "unknown": ""}[row["bound_crossed"]]
    return f"{rounded('tightness', 2)(row)} {sign}" if sign else ""


def _power(row: Row, name: str, base: str = "n") -> str:
    if row[name] == "":
        return row["note"].split(";")[0] if "needs" in row["note"] and base == "n" else ""
    return f"{base}^{_measured(row, name)}"


def _measured(row: Row, name: str) -> str:
    shown, low, high = (number(value(row, f"{name}{end}")) for end in ("", "_low", "_high"))
    same = low == high == shown  # to the digits shown, and nothing is random
    return shown if not low or (same and row["runs"] == row["dimensions"]) else f"{shown} [{low}, {high}]"


ENTRIES: dict[str, Cell] = {
    "lecture": lecture,
    "measured": decay,
    "exact mean": exact,
    "iterations": lambda row: _power(row, "iterations_n_exponent"),
    "no power law": bent,
    "oracle calls": lambda row: _power(row, "calls_n_exponent"),
    "K/(n K_GD)": lambda row: _measured(row, "constant"),
    "mean/bound": bound,
    "problem": lambda row: row["note"] if "failed" in row["note"] else "",
}
