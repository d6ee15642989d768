"""Real data that scikit-learn ships: read from its package, nothing is downloaded."""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

TRAIN = 1437  # of the 1797 digits, 80%: the rest is for testing


class Digits(NamedTuple):
    """Images of handwritten digits, 8 x 8 pixels in [0, 1], and which digit each is."""

    train: Float[ndarray, "m 64"]
    train_label: Int[ndarray, " m"]
    test: Float[ndarray, "t 64"]
    test_label: Int[ndarray, " t"]


@cache
def digits() -> Digits:
    """The 1797 digits (Alpaydin & Kaynak 1998) in one shuffled order, always the same: 1437 to train, 360 to test.

    Shuffled because the file goes writer by writer. Raises ValueError where scikit-learn is missing.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ValueError(_missing("handwritten digits")) from error
    pixels, label = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(label))
    pixels, label = np.asarray(pixels)[order] / 16, np.asarray(label)[order]
    return Digits(pixels[:TRAIN], label[:TRAIN], pixels[TRAIN:], label[TRAIN:])


@cache
def tumours() -> tuple[Float[ndarray, "569 31"], Float[ndarray, " 569"]]:
    """Features and labels ±1 (benign: +1) of 569 tumours (Street, Wolberg & Mangasarian 1993).

    30 features of mean 0 and variance 1, and a 1 for the intercept. Raises ValueError where scikit-learn is missing.
    """
    try:
        from sklearn.datasets import load_breast_cancer
    except ImportError as error:
        raise ValueError(_missing("tumour data")) from error
    raw, label = (np.asarray(part) for part in load_breast_cancer(return_X_y=True))
    feature = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    return np.column_stack([feature, np.ones(len(feature))]), 2.0 * label - 1


def _missing(what: str) -> str:
    return f"the {what} come with scikit-learn, which is not installed; pip install 'zobench[data]'"
