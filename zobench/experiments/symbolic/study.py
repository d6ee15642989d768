"""Symbolic derivatives and arbitrary precision against automatic differentiation: sizes, times and errors."""

from collections.abc import Callable, Sequence
from functools import partial
from sys import getrecursionlimit
from typing import Any, Literal

import numpy as np

from zobench.derivatives.fits import require
from zobench.derivatives.library import needs
from zobench.experiments.symbolic import precision, swell, ways
from zobench.sampling import require_count

Measured = tuple[dict[str, np.ndarray], dict[str, Any]]

FRAMES = 40  # of sympy's recursion, for one more level of a formula within a formula
LARGEST_N = 64


def symbolic(
    *,
    part: Literal["product", "composition", "chain", "network", "precision", "ways"],
    product: list[int],
    composition: list[int],
    chain: list[int],
    network: list[int],
    digits: list[int],
    variables: list[int],
    n: int,
    repeats: int,
    dtype: str,
) -> Callable[[], Measured]:
    """One part of the study: a family of functions at its levels, differences in many digits, or all ways at size n.

    ValueError for sizes that memory or sympy's recursion cannot hold, and where the extra is not installed.
    """
    needs("sympy", "mpmath")
    if dtype != "float64":
        raise ValueError(f"dtype={dtype}: formulas and programs are compared in float64")
    require_count("repeats", repeats, 1)
    if not 1 <= n <= LARGEST_N:
        raise ValueError(f"n={n}: the formulas of a gradient have about n³ operations; give 1 to {LARGEST_N}")
    levels = {"product": product, "composition": composition, "chain": chain, "network": network}
    for name, sizes in {**levels, "digits": digits, "variables": variables}.items():
        _check(name, sizes)
    if part in levels:
        return partial(swell.measure, part, levels[part], repeats)
    if part == "precision":
        return partial(precision.measure, digits, variables, repeats)
    return partial(ways.measure, n, repeats)


def _check(name: str, sizes: Sequence[int]) -> None:
    """Refuse sizes below 1, formulas that do not fit the memory, and those nested too deep."""
    shown = f"{name}=[{','.join(map(str, sizes))}]"
    if not sizes or min(sizes) < 1 or sorted({*sizes}) != list(sizes):
        raise ValueError(f"{shown}: give different whole numbers from 1 on, the smallest first")
    largest = max(sizes)
    if name in ("chain", "network") and FRAMES * largest > getrecursionlimit():
        most = getrecursionlimit() // FRAMES
        raise ValueError(f"{shown}: sympy recurses through {largest} levels; give at most {most}")
    if name in swell.FAMILIES:
        needed = swell.FAMILIES[name].operations(largest) * swell.BYTES
        require(needed, f"{shown}: the derivative of the last level", "give fewer levels")
