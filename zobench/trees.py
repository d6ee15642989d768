"""Parameters as people keep them, a tree of arrays of any shape, and the flat vector that a method moves."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy import ndarray

from zobench.batches import is_wide
from zobench.types import Key, Problem, Scalar, Vector

ARRAYS = (np.ndarray, np.generic, jax.Array, float)
PIECE = 2**14  # coordinates of a long leaf that are moved at a time

Move = Callable[[Any, int], Any]  # coordinates start, ..., start + size − 1 of a vector


class Tree(NamedTuple):
    """The form of a tree of arrays: called with a flat x [n] it gives the tree, its leaves in the dtype of x.

    `restore` gives it as it was, with arrays of NumPy in the dtypes that they came in. `names` are the leaves' places.

    >>> import numpy as np
    >>> flat, tree = flattened({"w": np.zeros((2, 3), np.float32), "b": np.ones(2)})
    >>> flat.shape, tree(flat)["w"].shape, tree.restore(flat)["w"].dtype
    ((8,), (2, 3), dtype('float32'))
    """

    structure: Any
    names: list[str]
    shapes: list[tuple[int, ...]]
    dtypes: list[Any]

    def __call__(self, x: Vector | ndarray) -> Any:
        """The tree of x."""
        return self._of(x)

    def moved(self, x: Vector, move: Move) -> Any:
        """The tree of x + v, each leaf with its part v[start : start + size] = move(start, size)."""
        return self._of(x, move)

    def _of(self, x: Any, move: Move | None = None) -> Any:
        """A split: its derivative puts parts together, where that of slices adds a whole vector for each leaf."""
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        ends = np.cumsum(sizes).tolist()
        parts = np.split(x, ends[:-1]) if isinstance(x, np.ndarray) else jax.lax.split(x, sizes)
        if move:
            parts = [_moved(part, move, end - part.size) for part, end in zip(parts, ends, strict=True)]
        leaves = [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]
        return jax.tree.unflatten(self.structure, leaves)

    def restore(self, x: ndarray) -> Any:
        """The tree of x as it was given."""
        leaves = jax.tree.leaves(self(np.asarray(x)))
        return jax.tree.unflatten(self.structure, [a.astype(t) for a, t in zip(leaves, self.dtypes, strict=True)])


def flattened(tree: Any) -> tuple[ndarray, Tree]:
    """The leaves of a tree in one vector [n], and its form. ValueError for leaves that are no real numbers."""
    paths, structure = jax.tree.flatten_with_path(tree)
    names = [jax.tree_util.keystr(path, simple=True, separator=".") for path, _ in paths]
    leaves = [_array(f"x0{jax.tree_util.keystr(path)}", leaf) for path, leaf in paths]
    if not sum(leaf.size for leaf in leaves):
        raise ValueError("x0: a tree without a number; give the parameters that are to be found")
    shapes, dtypes = [leaf.shape for leaf in leaves], [leaf.dtype for leaf in leaves]
    wide = [leaf.astype(np.promote_types(leaf.dtype, np.float32)).ravel() for leaf in leaves]
    return np.concatenate(wide), Tree(structure, names, shapes, dtypes)


def flat(problem: Problem) -> Problem:
    """The problem over flat vectors; one that has a flat x0 is what it was. Its f, F and x_star are of trees like x0.

    Raises ValueError as `flattened`, and for an x_star of another form.

    >>> import jax.numpy as jnp
    >>> made = flat(Problem(f=lambda p: jnp.sum(p["w"] ** 2), x0={"w": jnp.ones((2, 3))}))
    >>> made.n, float(made.f(made.x0))
    (6, 6.0)
    """
    if is_flat(problem.x0):
        return problem
    x0, tree = flattened(problem.x0)
    f, F, x_star = problem.f, problem.F, problem.x_star

    def f_of(x: Vector) -> Scalar:
        return f(tree(x))

    def F_of(x: Vector, key: Key) -> Scalar:
        assert F is not None
        return F(tree(x), key)

    f_of.along = lambda x, move: f(tree.moved(x, move))  # type: ignore[attr-defined]
    if hasattr(F, "of_step"):  # what all values of a step see is drawn once
        F_of.of_step = lambda key: _on_trees(F.of_step(key), tree)  # type: ignore[attr-defined,union-attr,misc]
    F_of.along = lambda x, move, key: F(tree.moved(x, move), key)  # type: ignore[attr-defined,misc]
    if x_star is not None:
        x_star, form = flattened(x_star)
        if (form.structure, form.shapes) != (tree.structure, tree.shapes):
            raise ValueError("x_star: it has another form than x0")
    return problem._replace(f=f_of, F=F and F_of, x0=x0, x_star=x_star, tree=tree)


def _moved(part: Any, move: Move, start: int) -> Any:
    """A leaf moved, a long one piece by piece, so that what is drawn on the way to normals is kept of one of them.

    As a whole where its size is no multiple of PIECE, as a rest would be a copy, and on a wide machine: there memory is
    large and loops are slow.
    """
    if is_wide() or part.size < 2 * PIECE or part.size % PIECE:
        return part + move(start, part.size)

    def one(i: Any, part: Any) -> Any:
        at = i * PIECE
        moved = jax.lax.dynamic_slice(part, (at,), (PIECE,)) + move(start + at, PIECE)
        return jax.lax.dynamic_update_slice(part, moved, (at,))

    return jax.lax.fori_loop(0, part.size // PIECE, one, part)


def _on_trees(f: Callable[[Any], Scalar], tree: Tree) -> Callable[[Vector], Scalar]:
    return lambda x: f(tree(x))


def is_flat(x: Any) -> bool:
    """Whether x is one vector: an array [n], or a plain list of numbers."""
    if isinstance(x, list | tuple):
        return bool(x) and all(isinstance(number, int | float) for number in x)
    return jnp.ndim(x) == 1 if isinstance(x, ARRAYS) else False


def _array(name: str, leaf: Any) -> ndarray:
    if not isinstance(leaf, ARRAYS) or not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
        kind = f"an array of {np.asarray(leaf).dtype}" if isinstance(leaf, ARRAYS) else f"a {type(leaf).__name__}"
        raise ValueError(f"{name}: {kind}; parameters are floating-point numbers: keep what else there is in the loss")
    return np.asarray(leaf)
