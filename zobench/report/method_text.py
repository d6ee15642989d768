"""How the runs of some records were made, in sentences for the methods section of a paper."""

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Any

import zobench
from zobench.report.groups import Cells
from zobench.report.records import RULES, Record, rank

METRICS = {"gap": "f − f*", "gradient": "the least ‖∇f‖² so far", "distance": "‖x − x*‖²"}
OF = {"start": " times its value at x0", "unit": "", "minimum": " times f*"}
STEPS = {
    "theory": "theory (α = 1/(LB), B = sup E‖G‖²/‖∇f‖² of the estimator)",
    "trace": "trace (α = 1/(L B_eff), B_eff from the trace of the Hessian)",
    "tuned": "tuned (the best of {tries} multiples of the theory step on {seeds} seeds that are not reported)",
    "probe": "probe (from values at x0, which are charged)",
    "own": "that of the method itself",
}


def text(records: Sequence[Record]) -> str:
    """What was run, with which steps, seeds, precision and budget, how it is counted, and the versions; "" for none.

    It says what the records have; where they differ, all of it.
    """
    ran = [record for record in records if record.rules]
    if not ran:
        return ""
    parts = [_what(ran), _steps(ran), _runs(ran), _stop(ran), _counted(ran), _made(ran)]
    return " ".join(filter(None, parts)) + "\n"


def methods(found: Cells) -> bytes:
    """methods.txt beside the pictures of a page."""
    return text(found.records).encode()


def _what(ran: Sequence[Record]) -> str:
    methods, problems = _all(ran, lambda r: [r.method]), _all(ran, lambda r: [r.problem])
    sizes = _join(sorted({record.n for record in ran}))
    were = "was" if len(methods) == 1 else "were"
    return f"{_join(methods)} {were} run on {_join(problems)} (n = {sizes})."


def _steps(ran: Sequence[Record]) -> str:
    rules = sorted({rule for record in ran for rule in record.rules}, key=lambda rule: (rank(RULES, rule), rule))
    tuning = [record.config.get("tuning", {}) for record in ran if "tuned" in record.rules]
    about = {name: _join(sorted({str(one.get(name)) for one in tuning})) for name in ("tries", "seeds")}
    told = [STEPS.get(rule, f"α = {rule}").format(**about) for rule in rules]
    updates = _all(ran, lambda r: [str(r.config.get("optimizer", {}).get("_target_", ""))])
    other = [name for name in updates if name not in ("", "optax.sgd")]
    return f"Step sizes: {'; '.join(told)}." + (f" Update rules: {_join(updates)}." if other else "")


def _runs(ran: Sequence[Record]) -> str:
    seeds = _all(ran, lambda r: [_seeds(int(r.config.get("seed", 0)), int(r.config.get("seeds", 1)))])
    dtypes = _all(ran, lambda r: [str(r.config.get("dtype", ""))])
    each = f"Where the method or f is random, one run was made for each of the seeds {_join(seeds)}"
    return f"{each}, else one run, in {_join(dtypes)}."


def _seeds(first: int, many: int) -> str:
    return f"{first} to {first + many - 1}" if many > 1 else str(first)


def _stop(ran: Sequence[Record]) -> str:
    targets, budgets = [], []
    for record in ran:
        stop = record.config["stop"]
        if record.meta.get("target") != -inf:
            asked = stop.get("target")
            target = " and ".join(map(_number, asked if isinstance(asked, list) else [asked]))
            targets.append(f"{METRICS[stop['metric']]} ≤ {target}{OF[stop.get('relative_to', 'unit')]}")
        calls, iterations = stop.get("calls"), stop.get("gd_iterations")
        work = f"as many iterations as do the work of {_number(iterations)} with the gradient"
        budget = [] if iterations is None else [work]
        budgets.append(" and ".join(budget + ([f"{calls:,} oracle calls"] if calls else [])))
    limits = _join(filter(None, dict.fromkeys(budgets)))
    wanted = f"The target was {_join(dict.fromkeys(targets))}" if targets else "As f* is not known, runs had no target"
    return wanted + (f", the budget {'was ' * (not targets)}{limits}." if limits else ".")


def _counted(ran: Sequence[Record]) -> str:
    kinds = {"value": "a value of f", "jvp": "a Jacobian-vector product", "grad": "a gradient"}
    asked = [name for kind, name in kinds.items() if any(record.meta["calls"].get(kind) for record in ran)]
    each = "Every call of the oracle counts as one ({})" if len(asked) > 1 else "An oracle call is {}"
    each = each.format(_join(asked))
    return f"{each}; times are medians over seeds with 95 % bootstrap intervals."


def _made(ran: Sequence[Record]) -> str:
    versions = _all(ran, lambda r: [f"{name} {version}" for name, version in r.meta.get("versions", {}).items()])
    machines = _all(ran, lambda r: [_machine(r.meta.get("machine") or {})])
    made = _join([f"zobench {zobench.__version__}", *versions])
    return f"Made with {made}" + (f" on {_join(machines)}." if any(machines) else ".")


def _machine(machine: dict[str, Any]) -> str:
    parts = [machine.get(name) for name in ("device", "processor", "instructions")]
    return " ".join(str(part) for part in parts if part)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _all(ran: Iterable[Record], of: Callable[[Record], list[str]]) -> list[str]:
    """What records say, each once, in their order."""
    return list(dict.fromkeys(text for record in ran for text in of(record) if text))


def _join(parts: Iterable[Any]) -> str:
    """a, b and c."""
    *most, last = [*map(str, parts)] or [""]
    return f"{', '.join(most)} and {last}" if most else last
