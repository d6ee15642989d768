"""Sums over samples, of which a method is shown a few at a time."""

from collections.abc import Callable

from zobench.subsets import subset
from zobench.types import Key, Scalar, Vector

# An estimator draws its directions under the call numbers 0, 1, ... of a step, and asks the oracle under the same ones.
# Noise of another use than directions takes numbers that no step reaches, or it would be the direction's own.
APART = 2**20


def apart(key: Key, common: bool = False) -> Key:
    """The key of the noise of a call; `common`: of all calls of the step. Each application goes to fresh numbers."""
    call = key.call // APART * APART if common else key.call
    return key._replace(call=call + APART)


def minibatch(
    mean: Callable[..., Scalar], samples: int, batch: int | None, common: bool
) -> Callable[[Vector, Key], Scalar] | None:
    """F(x, key) = mean(x, rows) over `batch` of the samples without replacement; None for `batch=None`: all.

    Fresh rows at each evaluation; `common`: the same ones for all of a step (common random numbers), as in training,
    which `F.of_step(key)`, a function of x alone, has drawn once. Drawing costs O(batch) (`subsets.subset`). Raises
    ValueError for a batch that is not 1 ... samples.
    """
    if batch is None:
        return None
    if not (isinstance(batch, int) and 1 <= batch <= samples):
        raise ValueError(f"problem.batch={batch}: a whole number from 1 to the {samples} samples, or null for all")

    def of(key: Key) -> Callable[[Vector], Scalar]:
        rows = subset(apart(key, common), samples, batch)
        return lambda x: mean(x, rows)

    def F(x: Vector, key: Key) -> Scalar:
        return of(key)(x)

    if common:
        F.of_step = of  # type: ignore[attr-defined]
    return F
