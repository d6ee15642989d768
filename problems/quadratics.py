"""Convex quadratics whose spectrum is chosen, so that the rate of every method on them is known.

Eigenvalues λᵢ, largest 1, and energies eᵢ of x0 in the eigenbasis; R² = ‖x0‖² = Σ e = 1 but for `power`:
  two_level    half of them mu, half 1; e = 1/n. GD: one curve for every even n.
  log_uniform  λᵢ = mu^(1−i/(n−1)), i = 0 ... n−1; e = 1/(n−1), half of it at both ends: the trapezoid rule in ln λ.
               GD with α = 1: f_k = ½∫λ(1−λ)²ᵏ d ln λ/ln(1/mu), but for terms exponentially small in n: ~ 1/k for
               1 ≪ k ≪ 1/mu, one curve for every n.
  power        λᵢ = (i/n)^a, a = exponent; e = λ^(−1/a) = n/i: f_k ~ 1/k for 1 ≪ k ≪ nᵃ; R² = n Σ 1/i grows with n.
  uniform      equally spaced mu ... 1; e = 1/n.
  isotropic    all 1; e = 1/n. GD needs one step.
  one_large    one of them 1, the others mu; e = 1/n. tr(H)/L = 1 + (n−1)mu.
  harmonic     λᵢ = max(1/i, mu); e = 1/n. tr(H)/L = 1 + 1/2 + ... grows like ln n up to n = 1/mu: no power of n.
  inverse      λᵢ = i^(−a), a = exponent; e = 1/n. tr(H)/L ≤ a/(a−1) for a > 1, whatever n.
  fixed_rank   tr(H)/L = rank for every n: m = 2 rank − 1 of them equally spaced from (1−2(n−m)mu)/m to 1 with e = 1/m,
               the other n−m are mu with e = 0. Noise stays in these: n mu has to be small against the target f/f(x0).
One's own: a list of eigenvalues, or a file of them, as they are, L the largest; e = 1/n.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import jax.numpy as jnp
import numpy as np

from zobench.types import Modes, Problem, separable

Spectrum = Literal[
    "two_level", "log_uniform", "power", "uniform", "isotropic", "one_large", "harmonic", "inverse", "fixed_rank"
]
DIM = 64
SMALLEST = {  # mu where none is given
    "two_level": 1e-2,
    "log_uniform": 1e-5,
    "uniform": 1e-2,
    "one_large": 1e-2,
    "harmonic": 1e-2,
    "fixed_rank": 1e-6,
}


def quadratic(
    dim: int = DIM,
    spectrum: Spectrum | Sequence[float] | str = "log_uniform",
    mu: float | None = None,
    exponent: float = 2.0,
    rank: int = 8,
    rotated: bool = False,
    seed: int = 0,
) -> Problem:
    """f(x) = ½ xᵀHx with L = 1, f* = 0, x* = 0; spectra and starts as above. A value costs n.

    `spectrum`: a name, a list of eigenvalues ≥ 0, or a file of them (text, or .npy), whose number is n whatever dim.
    `mu`: the smallest eigenvalue; null takes SMALLEST, and power, inverse and isotropic fix theirs. `exponent` belongs
    to power and inverse, `rank` to fixed_rank. `rotated` makes H dense, QΛQᵀ with Q of Haar measure drawn by `seed`; a
    value costs n².
    The exact expectation of every method on it: zobench.theory.expectation, from `modes`.
    Raises ValueError where an argument is out of range.
    """
    own = _own(spectrum, dim, mu)
    if own is not None:
        dim, modes = own.size, Modes(own, np.full(own.size, 1 / own.size))
    else:
        name: Spectrum = spectrum  # type: ignore[assignment]
        _check(dim, name, mu, exponent, rank)
        modes = _modes(dim, name, SMALLEST.get(name, 1.0) if mu is None else mu, exponent, rank)
    modes = modes._replace(axes=not rotated)
    eigenvalue, x0 = modes.eigenvalue, np.sqrt(modes.energy)
    if rotated:
        q = haar(dim, seed)
        f, x0 = _dense((q * eigenvalue) @ q.T), q @ x0
    else:
        f = _diagonal(eigenvalue)
    return Problem(
        f=f,
        x0=x0,
        f_star=0.0,
        x_star=np.zeros(dim),
        L=1.0 if own is None else float(eigenvalue.max()),
        mu=float(eigenvalue.min()) or np.nan,
        hessian_trace=float(eigenvalue.sum()),
        modes=modes,
    )


def _own(spectrum: Spectrum | Sequence[float] | str, dim: int, mu: float | None) -> np.ndarray | None:
    """Eigenvalues of one's own; None where a name is given. ValueError for what is no list of them."""
    if isinstance(spectrum, str):
        if spectrum in get_args(Spectrum):
            return None
        if not Path(spectrum).is_file():
            there = ", ".join(get_args(Spectrum))
            raise ValueError(f"problem.spectrum={spectrum}: there are {there}; or give a list, or a file that is there")
    said = f"problem.spectrum={spectrum if isinstance(spectrum, str) else f'[{len(spectrum)} numbers]'}"
    try:
        if not isinstance(spectrum, str):
            values = np.asarray(spectrum, float)
        elif spectrum.endswith(".npy"):
            values = np.asarray(np.load(spectrum, allow_pickle=False), float).ravel()
        else:
            text = Path(spectrum).read_text(encoding="utf-8-sig")
            values = np.array([float(word) for word in text.replace(",", " ").replace(";", " ").split()])
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{said}: no list of eigenvalues: {' '.join(str(error).split()):.100}") from error
    if values.ndim != 1 or not (np.isfinite(values).all() and (values >= 0).all() and values.any()):
        raise ValueError(f"{said}: eigenvalues are finite numbers, 0 or more, and one of them is positive")
    if dim not in (DIM, values.size):
        raise ValueError(f"problem.dim={dim}: there are {values.size} eigenvalues; leave dim as it is")
    if mu is not None:
        raise ValueError(f"problem.mu={mu}: the smallest eigenvalue is in the list; leave it null")
    return values


def _diagonal(eigenvalue: np.ndarray):
    @cache
    def half(dtype: Any) -> np.ndarray:  # one array however often f is traced
        return (eigenvalue / 2).astype(dtype)

    return separable(lambda x: jnp.asarray(half(x.dtype)) * x**2)


def _dense(hessian: np.ndarray):
    return lambda x: 0.5 * x @ (jnp.asarray(hessian, x.dtype) @ x)


def haar(n: int, seed: int) -> np.ndarray:
    """An orthogonal matrix [n, n] of Haar measure, drawn by `seed`."""
    q, upper = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    return q * np.sign(np.diag(upper))  # without the signs QR is not Haar distributed (Mezzadri 2007)


def _modes(n: int, spectrum: Spectrum, mu: float, exponent: float, rank: int) -> Modes:
    equal = np.full(n, 1 / n)
    match spectrum:
        case "two_level":
            return Modes(np.repeat([mu, 1.0], [n // 2, n - n // 2]), equal)
        case "log_uniform":
            weight = np.full(n, 1 / (n - 1))
            weight[[0, -1]] /= 2
            return Modes(np.geomspace(mu, 1, n), weight)
        case "power":
            share = np.arange(1, n + 1) / n
            return Modes(share**exponent, 1 / share)
        case "uniform":
            return Modes(np.linspace(mu, 1, n), equal)
        case "isotropic":
            return Modes(np.ones(n), equal)
        case "one_large":
            return Modes(np.repeat([mu, 1.0], [n - 1, 1]), equal)
        case "harmonic":
            return Modes(np.maximum(1 / np.arange(n, 0, -1), mu), equal)
        case "inverse":
            return Modes(np.arange(n, 0, -1.0) ** -exponent, equal)
        case "fixed_rank":
            m = 2 * rank - 1
            core = np.linspace((1 - 2 * (n - m) * mu) / m, 1, m)
            return Modes(np.append(core, np.full(n - m, mu)), np.repeat([1 / m, 0.0], [m, n - m]))


def _check(dim: int, spectrum: Spectrum, mu: float | None, exponent: float, rank: int) -> None:
    if spectrum not in get_args(Spectrum):
        raise ValueError(f"problem.spectrum={spectrum}: there are {', '.join(get_args(Spectrum))}")
    if not (isinstance(rank, int) and rank >= 2):
        raise ValueError(f"problem.rank={rank}: the effective dimension kept fixed is a whole number from 2 on")
    if not (isinstance(exponent, int | float) and exponent > 0):
        raise ValueError(f"problem.exponent={exponent}: the power is a positive number, such as 2")
    least = 2 * rank - 1 if spectrum == "fixed_rank" else 2 if spectrum in SMALLEST else 1
    if not (isinstance(dim, int) and dim >= least):
        raise ValueError(f"problem.dim={dim}: spectrum={spectrum} needs a whole number of at least {least}")
    if mu is None:
        return
    if spectrum not in SMALLEST:
        raise ValueError(
            f"problem.mu={mu}: the smallest eigenvalue of spectrum={spectrum} is fixed by dim; leave it null"
        )
    if not (isinstance(mu, int | float) and 0 < mu < 1):
        raise ValueError(f"problem.mu={mu}: the smallest eigenvalue lies between 0 and L = 1, both excluded")
    if spectrum == "fixed_rank" and (2 * dim - least) * mu > 1:
        raise ValueError(
            f"problem.mu={mu}: {dim} of them take too much of rank={rank}; use at most {1 / (2 * dim - least):.2g}"
        )
