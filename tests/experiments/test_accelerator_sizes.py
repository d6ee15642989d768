"""The sizes for an accelerator: composed, and of each case the shapes of a value and a gradient; nothing is run."""

import jax
import numpy as np
import pytest

from zobench import build
from zobench.command import compose

CASES = ["all weights", "random weights of width 64", "random weights of width 512 and 12 layers"]


@pytest.mark.slow
def test_the_sizes_for_an_accelerator_are_composed_and_fit_it():
    """Up to 35 million parameters; what a gradient keeps is far less than the memory of one card."""
    pytest.importorskip("glassllm", reason="needs glassllm: pip install 'zobench[lm]'")
    with compose.session():
        overrides = compose.parse(["experiment=accelerator/finetuning_rank"])
        configs = [cell.config for cell in compose.cells(overrides, compose.shared(overrides))]
    assert [config["study"]["case"] for config in configs] == CASES
    sizes = {}
    for config in configs:
        problem = build.study(config).args[0]
        x = jax.ShapeDtypeStruct((problem.n,), np.float32)
        assert jax.eval_shape(problem.f, x).shape == () and jax.eval_shape(jax.grad(problem.f), x).shape == x.shape
        sizes[config["study"]["case"]] = problem.n
    assert sizes["all weights"] == 852_608 and 34e6 < max(sizes.values()) < 36e6
