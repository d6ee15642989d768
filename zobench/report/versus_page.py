"""The comparison of two sides as files and tables: every pair, how many are ahead, and what has no pair."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zobench import surroundings
from zobench.report import files, hypertext, latex, tables
from zobench.report.explorer import origin
from zobench.report.tables import Table
from zobench.report.versus import AHEAD, BEHIND, NOT_JUDGED, SAME, UNDECIDED, Change, Pair, Versus, overall
from zobench.statistics import Estimate

FILES = ("index.html", "table.md", "table.tex")
MAY = (*FILES, "table.csv", "alone.csv", "ratio.png", "ratio.svg")
CALLS = {AHEAD: "faster", BEHIND: "slower", SAME: "same", UNDECIDED: "undecided", NOT_JUDGED: "not judged"}
FINAL = {**CALLS, AHEAD: "better", BEHIND: "worse"}
KINDS = {"faster": "good", "better": "good", "slower": "bad", "worse": "bad", "undecided": "open"}
RULE = (
    "B/A: of the medians over the seeds, with a 95 % interval of a bootstrap that draws the same seeds on both sides. "
)
RULE += "Same: all runs are equal, or the interval is within 1 % of 1. "


def write(found: Versus, folder: Path) -> list[str]:
    """All files of a comparison; their names."""
    from zobench.report import versus_figure

    numbers = files.write_csv(folder / "table.csv", [_line(pair) for pair in found.pairs])
    numbers += files.write_csv(folder / "alone.csv", [each._asdict() for each in found.alone])
    shown = [summary(found), *pairs(found), *_alone(found)]
    title, about = f"{found.b.name} (B) against {found.a.name} (A)", made_by(found)
    listed = "".join(f"- {tables.md(line)}\n" for line in about)
    files.write(folder / "table.md", f"# {tables.md(title)}\n\n{listed}\n{tables.markdown(shown)}")
    files.write(folder / "table.tex", latex.latex(shown))
    items = "".join(f"<li>{hypertext.text(line)}</li>" for line in about)
    body = [f"<main>\n<h1>{hypertext.text(title)}</h1>\n<ul>{items}</ul>"]
    drawn = versus_figure.draw(found, folder)
    about_it = "Oracle calls to the target, B over A, of each pair; the numbers are in the table"
    picture = f'<p><img class="picture" src="{hypertext.href(drawn[0])}" alt="{about_it}"></p>' if drawn else ""
    first, *others = (hypertext.table(own, KINDS) for own in shown)
    body += [hypertext.FILTER, first, picture, *others, "</main>"]
    files.write(folder / "index.html", hypertext.sifted(f"zobench: {title}", "\n".join(body)))
    return [*FILES, *numbers, *drawn]


def _line(pair: Pair) -> dict[str, Any]:
    """A line of table.csv."""
    quantities = {"iterations": pair.iterations, "calls": pair.calls, "final": pair.final, "seconds": pair.seconds}
    words = {"calls": CALLS, "final": FINAL}
    line: dict[str, Any] = {
        "problem": pair.a.problem, "n": pair.a.n, "method": pair.a.method, "rule": pair.rule, "metric": pair.a.metric,
        "key_a": pair.a.key, "key_b": pair.b.key, "seeds": pair.count, "arrived_a": pair.arrived[0],
        "arrived_b": pair.arrived[1],
    }  # fmt: skip
    for name, change in quantities.items():
        line |= {f"{name}_a": change.a, f"{name}_b": change.b}
        line |= files.ends(f"{name}_ratio", change.ratio)
        if name in words:
            line[f"{name}_verdict"] = words[name][change.verdict]
    return line


def summary(found: Versus) -> Table:
    """How many pairs are ahead, behind, the same, undecided; over all of them the mean ratio."""
    rows = {"oracle calls to the target": ("calls", CALLS), "final value, where not all arrive": ("final", FINAL)}
    lines = []
    for name, (field, _) in rows.items():
        changes = [getattr(pair, field) for pair in found.pairs]
        count = Counter(change.verdict for change in changes)
        judged = [change for change in changes if change.verdict != NOT_JUDGED and not change.signed]
        lines.append([name, *(str(count[verdict]) for verdict in CALLS), ratio(overall(judged))])
    lines.append(["seconds of the runs", *[""] * len(CALLS), ratio(overall([pair.seconds for pair in found.pairs]))])
    header = ["", "B faster, better", "slower, worse", "same", "undecided", "not judged", "B/A: geometric mean"]
    return Table(f"{len(found.pairs)} pairs: B against A", _note(found), header, lines)


def _note(found: Versus) -> str:
    count = found.comparisons
    said = f"{RULE}A verdict is widened for all {count} comparisons that chance has a part in (Bonferroni). "
    said += (
        "Not judged: no side arrives, or, of final values, both sides do in all runs. Geometric mean: over the pairs "
    )
    said += "that have a ratio, with the interval of a bootstrap over them. "
    if are_alike(found):
        return f"{said}Seconds, measured once a cell, are judged by their mean over cells alone: {time_verdict(found)}."
    return f"{said}Seconds are of different machines, or of unknown ones, and say nothing of the two sides."


def are_alike(found: Versus) -> bool:
    """Whether all records come from machines of one kind and one processor, so that seconds can be compared."""
    metas = [record.meta for pair in found.pairs for record in (pair.a, pair.b)]
    machines = [machine if isinstance(machine := meta.get("machine"), dict) else {} for meta in metas]
    return not surroundings.mixed(metas) and len({str(machine.get("processor", "")) for machine in machines}) == 1


def time_verdict(found: Versus) -> str:
    """What the mean over the cells says of the seconds where the machines are alike."""
    ratio = overall([pair.seconds for pair in found.pairs]).ratio
    if not are_alike(found) or ratio.low != ratio.low:
        return "not judged"
    return "faster" if ratio.high < 1 else "slower" if ratio.low > 1 else "undecided"


def pairs(found: Versus, changed: bool = False) -> list[Table]:
    """A table of the pairs by problem: all of them, or those that have changed."""
    chosen = [pair for pair in found.pairs if not changed or is_changed(pair)]
    lines, above = [], ""
    for pair in chosen:
        problem = f"{pair.a.problem}, {pair.a.metric}"
        cell = f"{pair.a.method}, n = {pair.a.n}, {pair.rule}"
        lines.append(["" if problem == above else problem, cell, *_cells(pair)])
        above = problem
    header = ["problem", "method, n, step", "arrived A", "arrived B", "calls A", "calls B", "B/A", "calls: B is"]
    header += ["final A", "final B", "final: B/A", "final: B is", "seconds: B/A"]
    what = "Pairs that have changed" if changed else "All pairs"
    return (
        [Table(what, "Calls to the target and final values: medians over the seeds.", header, lines, 2)]
        if lines
        else []
    )


def is_changed(pair: Pair) -> bool:
    """Whether B is ahead or behind in anything that is judged."""
    return bool({pair.calls.verdict, pair.final.verdict} & {AHEAD, BEHIND})


def _cells(pair: Pair) -> Iterable[str]:
    yield from (f"{arrived} of {pair.count}" for arrived in pair.arrived)
    for change, words in ((pair.calls, CALLS), (pair.final, FINAL)):
        yield from (_number(change.a), _number(change.b), ratio(change), words[change.verdict])
    yield ratio(pair.seconds)


def _number(value: float) -> str:
    return "never" if value == float("inf") else tables.significant(value)


def ratio(change: Change) -> str:
    """B/A with its interval, in words."""
    found: Estimate = change.ratio
    value, low, high = map(tables.significant, found[:3])
    return value + (f" [{low}, {high}]" if low != high else "")


def _alone(found: Versus) -> list[Table]:
    lines = [[each.cell, each.side, each.why] for each in found.alone]
    return [Table("Without a pair", "", ["cell", "in", "why"], lines, 1)] if lines else []


def made_by(found: Versus) -> list[str]:
    """What the sides are: how many cells, by which libraries, whether keys are the same; what is left out."""
    lines = []
    for letter, own in (("A", found.a), ("B", found.b)):
        made = Counter(libraries(record.meta) for record in own.cells.values())
        said = "; ".join(f"{by} ({count})" if len(made) > 1 else by for by, count in sorted(made.items()))
        lines.append(f"{letter}: {own.name}: {len(own.cells)} cells{f', by {said}' if said else ''}")
        made = origin.by([record.meta for record in own.cells.values()])
        lines += [f"{letter}: {term}: {'; '.join(made[term])}" for term in ("machines", "dates") if made.get(term)]
        lines += [f"{letter}: {own.replaced} configs have several records"] if own.replaced else []
        lines += [f"{letter}: {left}" for left in own.left_out]
    same = sum(pair.a.key == pair.b.key for pair in found.pairs)
    if same:
        lines.append(f"{same} of {len(found.pairs)} pairs have the same key on both sides: code and libraries too")
    return lines


def libraries(meta: dict[str, Any], between: str = " ") -> str:
    """The versions that a record was made by."""
    made = meta.get("versions")
    return (
        ", ".join(f"{name}{between}{version}" for name, version in sorted(made.items()))
        if isinstance(made, dict)
        else ""
    )
