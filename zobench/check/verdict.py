"""What a check says about one property of a problem or an estimator."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

from zobench.types import Estimator

LONGEST = 240

Word = Literal["passes", "hint", "fails", "not declared", "skipped"]
Found = tuple[Word, str]
"""A verdict without the name of its property: what a check gives. A hint: nothing is wrong for certain, but look."""


class Verdict(NamedTuple):
    """`detail` is one line, with the numbers that led to the verdict."""

    property: str
    verdict: Word
    detail: str


def judged(good: bool, detail: str) -> Found:
    """Passes if good, else fails."""
    return "passes" if good else "fails", detail


def attempt(name: str, check: Callable[..., Found], *arguments: Any) -> Verdict:
    """The verdict of a check; it fails where the code under test raises."""
    try:
        return Verdict(name, *check(*arguments))
    except Exception as error:
        return Verdict(name, "fails", said(error))


def each(check: Callable[..., Found], estimator: Estimator, cases: Iterable, about: str = "", by: str = ", ") -> Found:
    """What a check finds in several cases: the first that does not pass, or all of them in one line."""
    details = []
    for case in cases:
        verdict, detail = check(estimator, case)
        if verdict != "passes":
            return verdict, detail
        details.append(detail)
    return "passes", about + by.join(details)


def rest(name: str) -> Verdict:
    """All further properties, where this one is wrong."""
    return Verdict("the rest", "skipped", f"needs {name} to be right")


def said(error: BaseException) -> str:
    """An exception in one line: its kind, and its first line (of one raised on the host by a callback, the last)."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if "Traceback" in str(error):
        return lines[-1][:LONGEST]
    return f"raises {type(error).__name__}" + (f": {lines[0][:LONGEST]}" if lines else "")
