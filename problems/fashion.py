"""Fashion-MNIST where Debian's package dataset-fashion-mnist has put it: read from its files, nothing is downloaded."""

import gzip
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

FOLDER = Path("/usr/share/datasets/fashion-mnist")
HEADER = {"images": 16, "labels": 8}  # bytes before the numbers
SIDE, BLOCK = 28, 4  # pixels of an image, and of the squares that are averaged
COUNT = 200


def fashion(folder: Path) -> tuple[Float[ndarray, "m 49"], Float[ndarray, " m"]]:
    """The first 200 training images of clothes (Xiao, Rasul & Vollgraf 2017), and which of 10 kinds each is.

    Means of squares of 4 x 4 pixels, in [0, 1]. Raises ValueError where the files are missing.
    """
    try:
        raw, label = (
            _numbers(folder / "train-images-idx3-ubyte.gz", "images", COUNT * SIDE**2),
            _numbers(folder / "train-labels-idx1-ubyte.gz", "labels", COUNT),
        )
    except OSError as error:
        raise ValueError(
            f"problem.data=fashion_mnist: no images in {folder}, where Debian's package dataset-fashion-mnist puts them"
        ) from error
    squares = raw.reshape(-1, SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK).mean(axis=(2, 4)) / 255
    return squares.reshape(len(squares), -1), label


def _numbers(path: Path, kind: str, count: int) -> np.ndarray:
    with gzip.open(path) as file:
        return np.frombuffer(file.read(HEADER[kind] + count)[HEADER[kind] :], np.uint8).astype(float)
