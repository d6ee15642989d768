"""What is possible with noisy values of ½‖x − x*‖², whatever the method, and what a comparison is worth.

x* ~ N(x0, (R²/n) I), so that E‖x0 − x*‖² = R²; T values f(xᵢ) + σξᵢ, ξ normal, each xᵢ chosen by all that came before.
A value at xᵢ has the Fisher information (xᵢ−x*)(xᵢ−x*)ᵀ/σ² on x*; over the run its trace adds up, in the mean, to S/σ²,
S = E Σ‖xᵢ−x*‖², and the prior has n²/R². By van Trees's inequality (Gill & Levit 1995), for every x̂ that is made of it,

    E‖x̂−x*‖² ≥ n²/(n²/R² + S/σ²).

Proof: docs/theory/possible.md.
"""

from typing import Any

import numpy as np


def possible(n: int, asked: Any, start: float, sigma: float) -> Any:
    """The least E f(x̂) = ½E‖x̂−x*‖² after values whose squared distances from x* add up to `asked`; R = `start`."""
    return n**2 / (n**2 / start**2 + asked / sigma**2) / 2


def compared(n: int, count: Any, start: float, sigma: float, eps: float) -> Any:
    """The same of every method that learns of T = `count` values only which of two, 2ε apart, is the larger.

    The sign of y₊ − y₋ has the information φ(m)²/(Φ(m)Φ(−m)) ≤ 2/π of what the difference itself has, m its mean over
    √2 σ; a difference has 2ε²vvᵀ/σ².
    """
    return possible(n, 2 / np.pi * eps**2 * count, start, sigma)


def gain(n: int, sigma: float, eps: float, start: float, worth: float = 1.0) -> float:
    """k0 of steps 1/(k + k0): the first is the best of x0's uncertainty, n + n²σ²/(2ε²R²)/worth, worth = 2/π compared.

    A pair of values at x ± εv gives G = x + noise of variance n²σ²/(2ε²) in the whole, and (n−1)‖x‖² besides.
    """
    return n + n**2 * sigma**2 / (2 * eps**2 * start**2 * worth)
