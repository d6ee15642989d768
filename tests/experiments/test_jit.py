"""The number of dispatched operations, what is compiled computes the same, and a verdict that can change."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from made import files as made_files

from zobench import store
from zobench.derivatives import fits
from zobench.experiments.jit import study
from zobench.report import claims, page

SMALL = {"links": 2, "lengths": [1, 30], "sides": [1, 4], "repeats": 3, "compilations": 1}


@pytest.mark.parametrize("links", [1, 3])
def test_a_chain_dispatches_four_operations_a_link_and_compiles_to_the_same(links):
    x = jnp.linspace(0, 1, 7)
    assert study.primitives(lambda y: study.chain(y, links), x) == 4 * links
    expected = np.asarray(x)
    for _ in range(links):
        expected = np.sin(expected) * expected + 0.5 * expected
    np.testing.assert_allclose(jax.jit(lambda y: study.chain(y, links))(x), expected, rtol=1e-13)


def test_operations_inside_compiled_functions_are_counted():
    inner = jax.jit(lambda x: jnp.sin(x) * x)
    assert study.primitives(lambda x: inner(x) + inner(x), 1.0) == 5


def test_sizes_are_refused_before_anything_is_made(monkeypatch):
    monkeypatch.setattr(fits, "available", lambda: 1e6)
    with pytest.raises(ValueError, match=r"sides=\[\.\.\.,1000\]: .* needs 24,000,000 bytes, there are 1,000,000"):
        study.jit(kind="matmul")
    with pytest.raises(ValueError, match="lengths"):
        study.jit(kind="chain", lengths=[0])
    with pytest.raises(ValueError, match="repeats=0"):
        study.jit(kind="chain", lengths=[1], repeats=0)


@pytest.mark.slow
def test_a_page_and_that_another_record_gives_another_verdict(tmp_path):
    arrays, meta = study.jit(kind="chain", **SMALL)()
    assert arrays["seconds"].shape == (2, 2, 3) and (arrays["seconds"] > 0).all() and arrays["primitives"] == 8
    verdicts = {}
    for name, ratio in (("fast", 50.0), ("slow", 2.0)):
        arrays["seconds"][0, 0] = ratio * arrays["seconds"][1, 0]
        arrays["primitives"] = np.array(20)
        path = store.path(tmp_path, name)
        store.write(path, arrays, {"status": "ok", "config": {"study": SMALL, "dtype": "float32"}, **meta})
        measured = page.measured("jit", [path])
        assert measured["chain, size 1: time, op by op over compiled"].value == pytest.approx(ratio)
        paid = arrays["compiling"][0, 0] / np.median(arrays["seconds"][1, 0]) / (ratio - 1)
        assert measured["chain, size 1: calls until compiling has paid"].value == pytest.approx(paid)
        assert "matmul, size 1000: time, op by op over compiled" not in measured
        verdicts[name] = [claim.verdict(measured) for claim in claims.of("jit")]
    for name in ("a", "b"):
        page.write("jit", [path], tmp_path / name)
    for file in made_files(page.load("jit")):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert verdicts == {"fast": ["not measured", "holds"], "slow": ["refuted", "refuted"]}
