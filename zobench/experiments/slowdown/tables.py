"""The tables of the slowdown report, made from the lines of table.csv so that file and terminal say the same."""

from collections.abc import Sequence

from zobench.report import files
from zobench.report.records import METHODS, RULES, rank
from zobench.report.tables import Table, number, significant

Line = dict[str, str]

LECTURE = {
    ("gradient", False): "O(1/k)",
    ("gap", False): "O(1/k)",
    ("distance", False): "O((1−μ/L)^k)",
    ("gradient", True): "O(n/k)",
    ("gap", True): "O(n/k)",
    ("distance", True): "O((1−μ/(nL))^k)",
}


def main_table(rows: Sequence[Line]) -> Table:
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


def _block(rows: Sequence[Line | None]) -> list[list[str]]:
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


def rules_table(rows: Sequence[Line]) -> Table:
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


def _about(rows: Sequence[Line]) -> str:
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


def details(rows: Sequence[Line]) -> Table:
    """Every entry and step rule on a line."""
    header = ["column", "method", "step", "n", "runs", "censored", "iterations", "oracle calls", "error after k"]
    header += ["K/(n K_GD)", "mean/bound", "note"]
    lines = [
        [
            row["column"].split(":")[0],
            row["method"],
            row["rule"],
            f"{row['n_min']}–{row['n_max']}",
            row["runs"],
            row["censored"] + (f" ({row['diverged']} diverged)" if row["diverged"] != "0" else ""),
            _power(row, "iterations_n_exponent"),
            _power(row, "calls_n_exponent"),
            decay(row),
            _measured(row, "constant"),
            significant(files.number(row["tightness"])),
            row["note"],
        ]
        for row in rows
    ]
    note = "The bounds are proven for the theory step; under other rules mean/bound is for reference."
    return Table("All step rules", note, header, lines, 3)


def contractions(cells: Sequence[Line]) -> Table:
    """Strongly convex column, theory step: the contraction per iteration at each n, beside the exact one."""
    chosen = [c for c in cells if c["metric"] == "distance" and c["rule"] == "theory" and c["contraction"]]
    lines = [
        [
            c["method"],
            c["n"],
            f"{files.number(c['contraction']):.6f}",
            f"[{files.number(c['contraction_low']):.6f}, {files.number(c['contraction_high']):.6f}]"
            if c["contraction_low"]
            else "",
            f"{files.number(c['contraction_exact']):.6f}" if c["contraction_exact"] else "",
            f"{files.number(c['contraction_bound']):.6f}",
        ]
        for c in chosen
    ]
    header = ["method", "n", "measured", "95 % interval", "exact recursion", "bound"]
    return Table(
        "Contraction of the mean squared distance per iteration", "Theory step; the bound is 1 − μ/(LB).", header, lines
    )


def lecture(row: Line) -> str:
    """What the lecture says of k iterations; nothing of methods that it does not speak of."""
    plain = row["estimator"] in METHODS and row.get("plain", "yes") == "yes"
    return LECTURE[row["metric"], row["estimator"] == "two_point"] if plain else ""


def decay(row: Line) -> str:
    """How the error falls with k."""
    if row["metric"] != "distance":
        return _power(row, "k_exponent", "k")
    rate = files.number(row["contraction_rate"])
    return "" if rate != rate else f"c = {number(rate)} {_interval(row, 'contraction_rate')}".strip()


def exact(row: Line) -> str:
    """The same by the exact recursion."""
    value = files.number(row["exact"])
    if value != value:
        return ""
    return f"c = {number(value)}" if row["metric"] == "distance" else f"k^{number(value)}"


def bent(row: Line) -> str:
    """The exponents between neighbours, where the hitting times are no power law in n."""
    if row["power_law"] != "no":
        return ""
    low, high = (number(files.number(row[f"local_exponent_{end}"])) for end in ("least", "most"))
    return f"n^{low} … n^{high}"


def bound(row: Line) -> str:
    """How near the mean curves come to the bound: above 1 it is crossed."""
    sign = {"yes": "> 1, crossed", "no": "≤ 1", "unknown": ""}[row["bound_crossed"]]
    return f"{significant(files.number(row['tightness']), 2)} {sign}" if sign else ""


def _power(row: Line, name: str, base: str = "n") -> str:
    if row[name] == "":
        return row["note"].split(";")[0] if "needs" in row["note"] and base == "n" else ""
    return f"{base}^{number(files.number(row[name]))} {_interval(row, name)}".strip()


def _measured(row: Line, name: str) -> str:
    return f"{number(files.number(row[name]))} {_interval(row, name)}".strip() if row[name] else ""


def _interval(row: Line, name: str) -> str:
    low, high = (number(files.number(row[f"{name}_{end}"])) for end in ("low", "high"))
    same = low == high == number(files.number(row[name]))  # to the digits shown, and nothing is random
    return "" if not low or (same and row["runs"] == row["dimensions"]) else f"[{low}, {high}]"
