"""What a check says about one property of a problem or an estimator."""

from collections.abc import Callable
from typing import Literal, NamedTuple

LONGEST = 240


class Verdict(NamedTuple):
    """`detail` is one line, with the numbers that led to the verdict."""

    property: str
    verdict: Literal["passes", "hint", "fails", "not declared", "skipped"]
    detail: str


def judged(name: str, good: bool, detail: str) -> Verdict:
    """Passes if good, else fails."""
    return Verdict(name, "passes" if good else "fails", detail)


def hinted(name: str, detail: str) -> Verdict:
    """Nothing is wrong for certain, but somebody should look."""
    return Verdict(name, "hint", detail)


def attempt(name: str, check: Callable[..., Verdict], *arguments: object) -> Verdict:
    """The verdict of a check; it fails where the code under test raises."""
    try:
        return check(name, *arguments)
    except Exception as error:
        return Verdict(name, "fails", said(error))


def said(error: BaseException) -> str:
    """An exception in one line: its kind, and its first line (of one raised on the host by a callback, the last)."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if "Traceback" in str(error):
        return lines[-1][:LONGEST]
    return f"raises {type(error).__name__}" + (f": {lines[0][:LONGEST]}" if lines else "")
