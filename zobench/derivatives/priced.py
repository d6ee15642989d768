"""What a call of each kind that a method makes costs in values of f, kept in its record when the cell has run."""

from collections.abc import Mapping

from zobench.derivatives.price import jvp_price, price
from zobench.types import Problem

KINDS = {"grad": price, "jvp": jvp_price}


def prices(problem: Problem, calls: Mapping[str, int]) -> dict[str, float]:
    """Of the derivatives among the `calls` of a step; nothing of one that cannot be counted.

    Those of zobench.derivatives.price: a gradient with its value, a directional derivative with its value. Nothing is
    compiled; 0.05 s each, less what tracing f takes beyond that.
    """
    found = {}
    for kind, of in KINDS.items():
        if calls.get(kind):
            try:
                found[kind] = of(problem)
            except Exception:  # whatever counting may raise, the cell has run, and is not lost for it
                continue
    return found
