"""Differences in arbitrary precision: their time against the digits and the variables, their error against the step."""

from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

import numpy as np

from zobench.derivatives import dual
from zobench.derivatives.clock import interleaved
from zobench.derivatives.library import Library, mpmath_library
from zobench.derivatives.worked_examples import sine_exponential

FACTORS = 64
EXPONENTIALS = 4
HARD_DIGITS = 4096  # exponentials and errors are measured up to here
FIXED_STEP = 8  # the step 1e-8 that does not know how many digits there are
GUARD = 20  # digits more for what is taken as the truth
ERRORS = ("step 1e-8", "step shrinks with the digits", "dual numbers")


def multiplications(m: Library, x: Sequence[Any]) -> Any:
    """64 multiplications of numbers that fill all digits, whatever the number of variables."""
    result = x[0]
    for k in range(FACTORS):
        result = result * x[k % len(x)]
    return result


def exponentials(m: Library, x: Sequence[Any]) -> Any:
    """4 exponentials, whatever the number of variables."""
    return sum((m.exp(x[k % len(x)]) for k in range(EXPONENTIALS)), 0)


FUNCTIONS: dict[str, Callable[..., Any]] = {"64 multiplications": multiplications, "4 exponentials": exponentials}


def forward_differences(f: Callable[[Sequence[Any]], Any], x: Sequence[Any], e: Any) -> list[Any]:
    """(f(x + e eᵢ) − f(x))/e, the lecture's quotient: n + 1 evaluations."""
    start = f(x)
    return [(f([*x[:i], x[i] + e, *x[i + 1 :]]) - start) / e for i in range(len(x))]


def measure(
    digits: Sequence[int], variables: Sequence[int], repeats: int
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """CPU seconds of a gradient [FUNCTIONS, digits or variables, repeats], log₁₀ of its errors [ERRORS, digits]."""
    from mpmath import libmp

    digits_time = np.full((len(FUNCTIONS), len(digits), repeats), np.nan)
    for i, f in enumerate(FUNCTIONS.values()):
        done = [k for k in digits if k <= HARD_DIGITS or f is multiplications]
        digits_time[i, : len(done)] = times(f, [(k, 2) for k in done], repeats)
    arrays = {
        "digits": np.array(digits),
        "variables": np.array(variables),
        "digits_time": digits_time,
        "variables_time": np.array([times(f, [(1000, n) for n in variables], repeats) for f in FUNCTIONS.values()]),
        "error": np.array([errors(k) if k <= HARD_DIGITS else [np.nan] * len(ERRORS) for k in digits]).T,
    }
    return arrays, {"part": "precision", "kinds": list(FUNCTIONS), "errors": ERRORS, "backend": libmp.BACKEND}


def times(f: Callable[..., Any], sizes: Sequence[tuple[int, int]], repeats: int) -> np.ndarray:
    """CPU seconds of the gradient for each (digits, variables), [sizes, repeats], one after the other."""
    import mpmath as mp

    library = mpmath_library()

    def timed(k: int, n: int) -> tuple[Callable[[Any], Any], Callable[[], Any]]:
        def setup() -> tuple[list[Any], Any]:
            mp.mp.dps = k
            return [1 + 1 / mp.mpf(3 + i) for i in range(n)], mp.mpf(10) ** (-k // 2)

        return lambda given: forward_differences(lambda x: f(library, x), *given), setup

    with mp.workdps(15):  # restores what the setups change
        return interleaved([timed(k, n) for k, n in sizes], repeats, process_time)


def errors(digits: int) -> list[float]:
    """log₁₀ of the largest relative error of the lecture's gradient at so many digits, in the order of ERRORS."""
    import mpmath as mp

    library, half = mpmath_library(), mp.mpf(1) / 2  # exact, as is 3/2
    at = (3 * half, half)
    with mp.workdps(digits + GUARD):
        exact = dual.gradient(sine_exponential, library, at)
    with mp.workdps(digits):
        steps = (mp.mpf(10) ** -FIXED_STEP, mp.mpf(10) ** (-digits // 2))
        found = [forward_differences(lambda x: sine_exponential(library, *x), at, e) for e in steps]
        found.append(dual.gradient(sine_exponential, library, at))
    with mp.workdps(digits + GUARD):
        least = mp.mpf(10) ** -(digits + GUARD)  # an error of zero is not told from less than this
        worst = [max(abs((a - b) / b) for a, b in zip(part, exact, strict=True)) for part in found]
        return [float(mp.log10(max(error, least))) for error in worst]
