"""A loss over a tree of parameters as a problem: the model, its arrays and their shapes stay as they are."""

from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from zobench.trees import flat
from zobench.types import Problem, Scalar

ROWS, COLUMNS, RANK = 8, 6, 2


def pytree(
    loss: Callable[[Any], Scalar], parameters: Any, f_star: float | None = None, L: float | None = None
) -> Problem:
    """A loss in jax.numpy over a tree of parameters: dictionaries, lists and named tuples of arrays of any shape.

    `parameters` is where a run starts: the tree, or the name of a file of named arrays (.npz, .npy, or .safetensors,
    which needs the package of that name), of which the loss gets a dictionary. A method moves all numbers as one vector
    x, problem.tree(x) is the tree again, and an update rule of optax sees the tree: layers, and matrices as matrices.
    The loss is computed in the dtype of the cell. f* and L are for you to tell, null: not known.
    Raises ValueError for a leaf that is no floating-point number, with its place in the tree, and for a file that
    cannot be read.
    """
    start = _read(parameters) if isinstance(parameters, str | Path) else parameters
    try:
        made = flat(Problem(f=loss, x0=start))
    except ValueError as error:
        raise ValueError(f"problem.parameters: {error}") from error
    return made._replace(f_star=nan if f_star is None else f_star, L=nan if L is None else L)


def factorisation(parameters: Any) -> Scalar:
    """½‖UVᵀ − A‖² with U [8, 2], V [6, 2] and Aᵢⱼ = cos(i j)/2 + sin(i + j): the example of the command."""
    u, v = jnp.asarray(parameters["U"]), jnp.asarray(parameters["V"])
    i, j = jnp.arange(ROWS, dtype=u.dtype)[:, None], jnp.arange(COLUMNS, dtype=u.dtype)
    return jnp.sum((u @ v.T - jnp.cos(i * j) / 2 - jnp.sin(i + j)) ** 2) / 2


def factors(seed: int = 0) -> dict[str, np.ndarray]:
    """U and V of `factorisation`, normal of variance 1/4, drawn by `seed`."""
    draw = np.random.default_rng(seed).standard_normal
    return {"U": draw((ROWS, RANK)) / 2, "V": draw((COLUMNS, RANK)) / 2}


def _read(name: str | Path) -> Any:
    """The arrays of a file."""
    try:
        if str(name).endswith(".safetensors"):
            return _safetensors(name)
        found = np.load(name, allow_pickle=False)
        return {key: found[key] for key in found.files} if hasattr(found, "files") else found
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ValueError(f"problem.parameters={name}: {said:.200}") from error


def _safetensors(name: str | Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError as error:
        raise ValueError("the package safetensors is not installed; pip install 'zobench[safetensors]'") from error
    try:
        return load_file(name)
    except SafetensorError as error:
        raise ValueError(f"no file of safetensors: {error}") from error
