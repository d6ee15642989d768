"""Public checks of anyone's problem or estimator, and the command `zobench check` that prints them."""

import logging
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import jax
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zobench.check import targets
from zobench.check.draws import check_draws
from zobench.check.estimator import check_estimator
from zobench.check.problem import check_problem
from zobench.check.verdict import Verdict
from zobench.errors import UsageError, printable
from zobench.types import Estimator, Problem

__all__ = ["Verdict", "check", "check_estimator", "check_problem"]

BIASED = "unbiased=false"  # on the command line: a bias is intended
OF_BIAS = ("unbiased", "small bias", "large n", "second moment", "moment matrix", "trace factor")
STYLES = {"passes": "green", "hint": "yellow", "fails": "bold red", "not declared": "dim", "skipped": "dim"}


def check(arguments: Sequence[str], console: Console) -> int:
    """`zobench check TARGET ...`: a .py file or a name, several of them; 0, or 1 if something fails. UsageError."""
    if not arguments:
        raise UsageError(
            "zobench check takes a .py file or a name, as in: zobench check my_problem.py, zobench check mds"
        )
    logging.getLogger("jax._src.callback").setLevel(logging.CRITICAL)  # a black box that raises is told in our words
    failed: list[str] = []
    biased, arguments = BIASED in arguments, [argument for argument in arguments if argument != BIASED]
    with jax.enable_x64(True):
        for is_file, group in groupby(arguments, _is_file):
            if not is_file:
                failed += _shown(targets.configured(list(group)), console, biased)
                continue
            for name in group:
                with targets.opened(_existing(name)) as things:
                    words = printable(f"{name}: {', '.join(thing.name for thing in things)}")
                    console.print(words, soft_wrap=True, highlight=False, markup=False)
                    failed += _shown(things, console, biased)
    words = f"fails: {', '.join(failed)}" if failed else "nothing fails"
    console.print(
        printable(words), style="bold red" if failed else "green", soft_wrap=True, highlight=False, markup=False
    )
    return 1 if failed else 0


def _is_file(argument: str) -> bool:
    return "=" not in argument and (argument.endswith(".py") or "/" in argument or Path(argument).is_file())


def _existing(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        there = sorted(file.name for file in path.parent.glob("*.py")) if path.parent.is_dir() else []
        hint = f"; in {path.parent} there are {', '.join(there[:10])}" if there else ""
        raise UsageError(f"{name}: {what}; check takes a .py file, or a name such as quadratic{hint}")
    return path


def _shown(things: Sequence[targets.Thing], console: Console, biased: bool) -> list[str]:
    """Check each thing and print its table; what failed, as thing.property."""
    failed = []
    for name, thing, complaint in things:
        if thing is None:
            verdicts, kind = [Verdict("made", "fails", complaint)], name
        elif isinstance(thing, Problem):
            verdicts, kind = check_problem(thing), "problem"
        else:
            verdicts, kind = _of_estimator(thing, biased), "estimator"
        title = name if kind == name else f"{kind} {name}"
        table = Table(title=escape(printable(title)), title_justify="left", title_style="bold", box=SIMPLE_HEAD)
        table.add_column("property", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        table.add_column("detail", overflow="fold")
        for about, verdict, detail in verdicts:
            style = STYLES[verdict]
            table.add_row(
                about, f"[{style}]{verdict}[/]", escape(printable(detail)), style="dim" if style == "dim" else ""
            )
        console.print(table)
        failed += [f"{name}.{verdict.property}" for verdict in verdicts if verdict.verdict == "fails"]
    return failed


def _of_estimator(thing: Estimator, biased: bool) -> list[Verdict]:
    """All checks of an estimator; where its bias is intended, what a bias changes is told and not judged."""
    found = check_estimator(thing)
    if found[-1].property != "the rest":
        found += check_draws(thing)
    for i, v in enumerate(found):
        if biased and v.verdict == "fails" and v.property in OF_BIAS:
            found[i] = v._replace(verdict="hint", detail=f"a bias is intended: {v.detail}")
    return found
