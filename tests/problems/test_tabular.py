"""Data sets by their names: the declared constants hold, and the minimum is one."""

import gzip

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from zobench.problems import fashion, tabular
from zobench.problems.tabular import dataset

SIZES = {"wine": 42, "iris": 15, "breast_cancer": 62, "diabetes": 11}


@pytest.mark.parametrize("data", SIZES)
def test_the_minimum_and_the_curvature_are_those_declared(data):
    problem = dataset(data)
    assert problem.n == SIZES[data] and problem.x_star is not None
    slope, bend = jax.jit(jax.grad(problem.f)), jax.jit(jax.hessian(problem.f))
    np.testing.assert_allclose(slope(jnp.asarray(problem.x_star)), 0, atol=1e-10)
    assert float(problem.f(jnp.asarray(problem.x_star))) == pytest.approx(problem.f_star, abs=1e-13)
    for x in (problem.x0, problem.x_star):
        h = np.asarray(bend(jnp.asarray(x)))
        spectrum = np.linalg.eigvalsh(h)
        assert problem.mu * (1 - 1e-9) <= spectrum[0] and spectrum[-1] <= problem.L * (1 + 1e-9)
        assert np.trace(h) <= problem.hessian_trace * (1 + 1e-9)


def test_the_digits_are_there_and_others_are_refused():
    assert dataset("digits", batch=20).n == 650
    with pytest.raises(ValueError, match=r"problem.data=mnist: there are wine, iris, breast_cancer, digits, diabetes"):
        dataset("mnist")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"problem.ridge=0: the weight"):
        dataset(ridge=0)


def test_images_are_read_from_the_files_of_the_package_and_missed_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(fashion, "FOLDER", tmp_path)
    with pytest.raises(
        ValueError, match=r"no images in .*, where Debian's package dataset-fashion-mnist puts them"
    ) as no:
        dataset("fashion_mnist")
    assert "\n" not in str(no.value)
    random = np.random.default_rng(0)
    pixels, label = random.integers(256, size=(300, 28, 28)), np.arange(300) % 10
    for name, header, numbers in (("images-idx3", 16, pixels), ("labels-idx1", 8, label)):
        with gzip.GzipFile(tmp_path / f"train-{name}-ubyte.gz", "wb") as file:
            file.write(bytes([255] * header) + numbers.astype(np.uint8).tobytes())
    found, which = fashion.fashion(tmp_path)
    assert found.shape == (200, 49) and list(which) == list(label[:200])
    assert found[7, 8] == pytest.approx(pixels[7, 4:8, 4:8].mean() / 255, rel=1e-12)
    assert tabular._table.__wrapped__("fashion_mnist")[0].shape == (200, 50)
