"""Newton's method, for factories that find their own minimum."""

from collections.abc import Callable

from numpy import finfo, linalg, ndarray

Derivatives = Callable[[ndarray], tuple[float, ndarray, ndarray]]


def newton(derivatives: Derivatives, x: ndarray, steps: int = 100) -> ndarray:
    """The minimiser of a strongly convex f, to rounding: x₊ = x − t H⁻¹g, t = 1, ½, ... until f falls enough.

    `derivatives(x)` gives f, ∇f [n] and ∇²f [n, n]. Once gᵀH⁻¹g, twice the gap by Newton's model, is below 1e-20 the
    next step is the last: convergence is quadratic.
    """
    f, g, h = derivatives(x)
    for _ in range(steps):
        step = linalg.solve(h, g)
        decrement = g @ step
        if decrement < 1e-20:
            return x - step
        t, rounding = 1.0, 4 * finfo(float).eps * abs(f)
        while (there := derivatives(x - t * step))[0] > f - t * decrement / 4 + rounding and t > 1e-10:
            t /= 2
        x, (f, g, h) = x - t * step, there
    return x
