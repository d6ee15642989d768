"""The tables of the slowdown report, made from the lines of table.csv so that file and terminal say the same."""

from collections.abc import Sequence

from zobench.report.records import METHODS, RULES, rank
from zobench.report.tables import Cell, Row, Table, fixed, number, rounded, table, value

LECTURE = {
    ("gradient", False): "O(1/k)",
    ("gap", False): "O(1/k)",
    ("distance", False): "O((1−μ/L)^k)",
    ("gradient", True): "O(n/k)",
    ("gap", True): "O(n/k)",
    ("distance", True): "O((1−μ/(nL))^k)",
}


def main_table(rows: Sequence[Row]) -> Table:
    """The lecture's table with what was measured under each entry; the theory rule where it was run."""
    rule = min((row["rule"] for row in rows), key=lambda rule: rank(RULES, rule), default="theory")
    chosen = [row for row in rows if row["rule"] == rule]
    columns = list(dict.fromkeys(row["column"] for row in chosen))
    lines = []
    for method in dict.fromkeys(row["method"] for row in chosen):
        own = {row["column"]: row for row in chosen if row["method"] == method}
        block = _block([own.get(column) for column in columns])
        lines += [[method if i == 0 else "", *line] for i, line in enumerate(block)]
    return Table(f"What a missing gradient costs ({rule} step)", _about(chosen), ["", "", *columns], lines, 2)


def _block(rows: Sequence[Row | None]) -> list[list[str]]:
    """The lines of one method; lines that say nothing in any column are left out."""
    entries = {
        "lecture": lecture,
        "measured": decay,
        "exact mean": exact,
        "iterations": lambda r: _power(r, "iterations_n_exponent"),
        "no power law": bent,
        "oracle calls": lambda r: _power(r, "calls_n_exponent"),
        "K/(n K_GD)": lambda r: _measured(r, "constant"),
        "mean/bound": bound,
        "problem": lambda r: r["note"] if "failed" in r["note"] else "",
    }
    lines = [[name, *(entry(row) if row else "" for row in rows)] for name, entry in entries.items()]
    return [line for line in lines if any(line[1:])]


def rules_table(rows: Sequence[Row]) -> Table:
    """What a better step saves the two-point method: exponent and constant under each step rule."""
    chosen = [row for row in rows if row["estimator"] == "two_point"]
    columns = list(dict.fromkeys(row["column"] for row in chosen))
    lines = []
    methods = list(dict.fromkeys(row["method"] for row in chosen))
    for method, rule in dict.fromkeys((row["method"], row["rule"]) for row in chosen):
        own = {row["column"]: row for row in chosen if (row["method"], row["rule"]) == (method, rule)}
        found = [own.get(column) for column in columns]
        name = f"{method}, " if len(methods) > 1 else ""
        exponents = [_power(row, "iterations_n_exponent") if row else "" for row in found]
        lines.append([f"{name}{rule} step", "iterations", *exponents])
        lines.append(["", "no power law", *(bent(row) if row else "" for row in found)])
        lines.append(["", "K/(n K_GD)", *(_measured(row, "constant") if row else "" for row in found)])
    lines = [line for line in lines if any(line[2:])]
    note = "Both methods under the same rule: theory 1/(LB), trace 1/(L B_eff) with tr H, tuned on other seeds. "
    note += "No power law: the exponents between neighbouring n. K/(n K_GD): the mean over n, its interval with what "
    note += "it varies."
    flat = [row["column"].split(":")[0] for row in chosen if row["metric"] == "gradient"]
    if flat and not any(row["metric"] == "gradient" for row in chosen if row["rule"] == "tuned"):
        note += f" Not tuned: {flat[0]}, as a small gradient is no sign of arrival where f may be flat."
    return Table("Two-point GD under three step rules", note, ["", "", *columns], lines, 2)


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
        "iterations": lambda row: _power(row, "iterations_n_exponent"),
        "oracle calls": lambda row: _power(row, "calls_n_exponent"),
        "error after k": decay,
        "K/(n K_GD)": lambda row: _measured(row, "constant"),
        "mean/bound": rounded("tightness"),
        "note": "note",
    }
    note = "The bounds are proven for the theory step; under other rules mean/bound is for reference."
    lines = [[row[cell] if isinstance(cell, str) else cell(row) for cell in columns.values()] for row in rows]
    return Table("All step rules", note, list(columns), lines, 3, aside=True)


def contractions(cells: Sequence[Row]) -> Table:
    """Strongly convex column, theory step: the contraction per iteration at each n, beside the exact one."""
    chosen = [c for c in cells if c["metric"] == "distance" and c["rule"] == "theory" and c["contraction"]]
    columns: dict[str, Cell] = {
        "method": "method",
        "n": "n",
        "measured": fixed("contraction", 6),
        "95 % interval": lambda c: "[{}, {}]".format(*ends(c)) if c["contraction_low"] else "",
        "exact recursion": fixed("contraction_exact", 6),
        "bound": fixed("contraction_bound", 6),
    }
    ends = lambda c: (f"{value(c, f'contraction_{end}'):.6f}" for end in ("low", "high"))  # noqa: E731
    title, note = "Contraction of the mean squared distance per iteration", "Theory step; the bound is 1 − μ/(LB)."
    return table(title, note, chosen, columns, aside=True)


def lecture(row: Row) -> str:
    """What the lecture says of k iterations; nothing of methods that it does not speak of."""
    plain = row["estimator"] in METHODS and row.get("plain", "yes") == "yes"
    return LECTURE[row["metric"], row["estimator"] == "two_point"] if plain else ""


def decay(row: Row) -> str:
    """How the error falls with k."""
    if row["metric"] != "distance":
        return _power(row, "k_exponent", "k")
    rate = value(row, "contraction_rate")
    return "" if rate != rate else f"c = {number(rate)} {_interval(row, 'contraction_rate')}".strip()


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
    return f"{base}^{number(value(row, name))} {_interval(row, name)}".strip()


def _measured(row: Row, name: str) -> str:
    return f"{number(value(row, name))} {_interval(row, name)}".strip() if row[name] else ""


def _interval(row: Row, name: str) -> str:
    low, high = (number(value(row, f"{name}_{end}")) for end in ("low", "high"))
    same = low == high == number(value(row, name))  # to the digits shown, and nothing is random
    return "" if not low or (same and row["runs"] == row["dimensions"]) else f"[{low}, {high}]"
