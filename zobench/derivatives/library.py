"""The elementary functions, one set for each kind of number, so that one definition of f serves them all."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from jax import lax

Function = Callable[..., Any]


class Library(NamedTuple):
    """sin, cos, exp, log, sqrt, tanh, the sigmoid 1/(1 + e⁻ᶻ), and the magnitude that a program may branch on."""

    sin: Function
    cos: Function
    exp: Function
    log: Function
    sqrt: Function
    tanh: Function
    sigmoid: Function
    magnitude: Function


JAX = Library(lax.sin, lax.cos, lax.exp, lax.log, lax.sqrt, lax.tanh, lax.logistic, abs)
NUMPY = Library(np.sin, np.cos, np.exp, np.log, np.sqrt, np.tanh, lambda z: 1 / (1 + np.exp(-z)), abs)


def needs(*libraries: str) -> None:
    """A check that these libraries are installed: ValueError, naming the extra, where one is not."""
    missing = [name for name in libraries if find_spec(name) is None]
    if missing:
        raise ValueError(f'{" and ".join(missing)} not installed: pip install "zobench[symbolic]"')


def mpmath_library() -> Library:
    """Arbitrary precision: the digits are those of mpmath's context. ImportError where mpmath is not installed."""
    import mpmath as mp

    return Library(mp.sin, mp.cos, mp.exp, mp.log, mp.sqrt, mp.tanh, lambda z: 1 / (1 + mp.exp(-z)), abs)


def sympy_library() -> Library:
    """Formulas. ImportError where sympy is not installed."""
    import sympy as sp

    functions = (sp.sin, sp.cos, sp.exp, sp.log, sp.sqrt, sp.tanh, lambda z: 1 / (1 + sp.exp(-z)), abs)
    return Library(*functions)
