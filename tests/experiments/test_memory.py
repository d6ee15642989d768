"""All ways to the gradient of a chain give the same one, keep what they say they keep, and are refused in time."""

import json
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from executor import reverse
from made import files as made_files

from zobench import store
from zobench.__main__ import main
from zobench.derivatives import fits, price
from zobench.derivatives.counted import counted
from zobench.experiments.memory import chain as chains
from zobench.experiments.memory import schedules, study, tapes
from zobench.report import claims, page

SMALL = partial(chains.tanh_chain, width=3, batch=4)
FEW = 5


def own_chain(depth: int = 2) -> chains.Chain:
    """Weights and states that are trees, and a layer that is no square matrix: what a user may bring."""
    w = jax.random.normal(jax.random.key(0), (depth, 2, 3))
    return chains.Chain(
        layer=lambda w, h: {"a": jnp.sin(w["v"] @ h["b"]) + w["u"], "b": h["b"] * jnp.tanh(h["a"].sum())},
        weights={"v": w, "u": w[:, :, 0]},
        h0={"a": jnp.ones(2), "b": jnp.arange(3.0)},
        loss=lambda h: jnp.sum(h["a"] ** 2) + jnp.sum(h["b"]),
    )


@pytest.mark.parametrize(("make", "l"), [(SMALL, FEW), (own_chain, 2)])
def test_every_way_gives_the_gradient(make, l):  # noqa: E741
    """The obvious executor and the compiled ones against jax.grad of a plain loop."""
    chain = make(depth=l)

    def plain(weights):
        h = chain.h0
        for i in range(l):
            h = chain.layer(jax.tree.map(lambda w, i=i: w[i], weights), h)
        return chain.loss(h)

    value, truth = jax.value_and_grad(plain)(chain.weights)
    layers = [jax.tree.map(lambda w, i=i: w[i], chain.weights) for i in range(l)]
    for actions in schedules.named(l).values():
        pullback = partial(jax.vjp, chain.layer)
        parts, _ = reverse(chain.layer, pullback, layers, chain.h0, jax.grad(chain.loss), actions)
        _same(jax.tree.map(lambda *leaves: jnp.stack(leaves), *parts), truth)
    for name, (f, arguments) in study.ways(chain).items():
        if name in study.WAYS[3:]:
            found, g = jax.jit(f)(*arguments)
            assert float(found) == pytest.approx(float(value), rel=1e-14)
            _same(g, truth)


def _same(a, b):
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_a_zero_order_step_is_one():
    """W − α slope V with V the same at both points and in the update: the slope is ∇f·V for a small ε."""
    chain = SMALL(depth=FEW)
    seed, lr = jnp.uint32(3), 1e-2
    moved = jax.jit(chains.zero_order_step(chain, eps=1e-5, lr=lr))(chain.weights, seed)
    g = jax.grad(chains.value(chain))(chain.weights)
    V = jnp.sign(moved - chain.weights)  # ±V
    np.testing.assert_allclose(moved, chain.weights - lr * jnp.vdot(g, V) * V, rtol=1e-7)


def test_bytes_are_those_of_the_states_kept():
    """Compiled: flat for forward mode, the zero-order and the memory-poor step; a state for each one kept elsewhere."""
    of = {}
    for l in (16, 64):  # noqa: E741
        chain = chains.tanh_chain(l, width=4, batch=512)
        made = study.ways(chain)
        for name in ("jvp", "zero_order", "reverse", "binomial", "memory_poor"):
            f, arguments = made[name]
            bytes = counted(f, *arguments).temporary
            of[name, l] = bytes / study.nbytes(chain.h0)
    for name in ("jvp", "zero_order", "memory_poor"):
        assert of[name, 64] == pytest.approx(of[name, 16], abs=0.2)
    assert of["reverse", 64] - of["reverse", 16] >= 48
    assert of["binomial", 64] - of["binomial", 16] == pytest.approx(2, abs=0.2)  # log2 l states
    need = study.kept_bytes(chains.tanh_chain(1, width=4, batch=512), 64) / (512 * 4 * 8)
    assert need == pytest.approx(of["reverse", 64], rel=0.1)


def test_modelled_work_is_the_compiled_one():
    """Evaluations·(layer) + l·(layer backward) is what XLA counts for reverse mode."""
    chain = chains.tanh_chain(6, width=8, batch=64)
    forward, backward = study.layer_operations(chain)
    compiled = price.operations(jax.value_and_grad(chains.value(chain)), chain.weights).total()
    assert 6 * (forward + backward) == pytest.approx(compiled, rel=0.05)
    assert study.evaluated(6)["reverse"] == schedules.Count(6, 6)


def test_bad_input_is_refused_before_anything_is_made(monkeypatch):
    with pytest.raises(ValueError, match="depth=0"):
        study.memory(SMALL, depth=0)
    with pytest.raises(ValueError, match="not a Chain"):
        study.memory(lambda depth: 3, depth=4)  # type: ignore[arg-type]
    monkeypatch.setattr(fits, "available", lambda: 1e6)
    made = []

    def watched(depth):
        made.append(depth)
        return SMALL(depth=depth)

    with pytest.raises(ValueError, match=r"depth=100000: .* needs [\d,]+ bytes, there are 1,000,000; give a smaller"):
        study.memory(watched, depth=100000)
    assert made == [1]
    with pytest.raises(ValueError, match="a tape begins with a kept state"):
        tapes.tape(schedules.vanilla(3), 3)
    with pytest.raises(ValueError, match="width=0"):
        chains.tanh_chain(2, width=0)


@pytest.mark.slow
def test_a_user_measures_their_own_chain_in_one_file(tmp_path, monkeypatch, capsys):
    """study.chain._target_=my_chain_file.my_chain, and the page; a changed record changes a verdict."""
    text = (
        "import jax.numpy as jnp\nfrom zobench.experiments.memory.chain import Chain\n\n\ndef my_chain(depth: int):\n"
    )
    text += "    return Chain(lambda w, h: jnp.sin(w * h), jnp.ones(depth), jnp.ones(8), jnp.sum)\n"
    (tmp_path / "my_chain_file.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["experiment=quick/memory", "study.chain._target_=my_chain_file.my_chain", "study.depth=3"])
    assert ended.value.code == 0, capsys.readouterr().err
    folder = tmp_path / "reports/quick/memory"
    assert {path.name for path in folder.iterdir()} == {*made_files(page.load("memory")), "inputs"}
    (path,) = (tmp_path / "runs").glob("*.npz")
    record = store.read(path)
    assert record is not None
    entries = json.loads((folder / "verdicts.json").read_text())
    (claim,) = [one for one in claims.of("memory") if one.number == 64]
    measured = page.measured("memory", [path])
    assert measured["layer evaluations, reverse mode over l: largest"].value == 1
    assert len(entries) == len(claims.of("memory"))
    record.arrays["evaluations"][study.WAYS.index("reverse")] += 1
    store.write(path, record.arrays, record.meta)
    assert claim.verdict(page.measured("memory", [path])) == "refuted" != claim.verdict(measured)
