"""Trees of parameters are taken as they are and come back as they are, from Python and from the command."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import zobench as zo
from zobench import directions, store
from zobench.moments import Direction
from zobench.problems.pytrees import factorisation, factors
from zobench.trees import PIECE, flat, flattened
from zobench.types import Key


class Layer(NamedTuple):
    weight: Any
    bias: Any


TREE = {"layers": [Layer(np.ones((2, 3), np.float32), np.zeros(3)), Layer(jnp.ones((3, 1)), 0.5)], "scale": np.ones(())}


def loss(tree) -> Any:
    first, second = tree["layers"]
    return sum(jnp.sum((a - 2) ** 2) for a in (first.weight, first.bias, second.weight, second.bias, tree["scale"]))


def test_a_tree_goes_in_and_comes_out_with_its_form_and_dtypes():
    result = zo.run(zo.Problem(f=loss, x0=TREE, f_star=0.0, L=2.0), zo.finite_difference(), seeds=1, target=1e-6)
    (found,) = result.parameters
    assert jax.tree.structure(found) == jax.tree.structure(TREE) and result.n == 14
    for leaf, old in zip(jax.tree.leaves(found), jax.tree.leaves(TREE), strict=True):
        assert leaf.shape == np.shape(old) and leaf.dtype == np.asarray(old).dtype
        np.testing.assert_allclose(leaf, 2, atol=0.02)
    x, tree = flattened(TREE)
    np.testing.assert_array_equal(flattened(tree.restore(x))[0], x)
    assert float(zo.problems.pytree(loss, TREE).f(jnp.asarray(x))) == pytest.approx(float(loss(TREE)))


def test_a_matrix_is_one_and_a_vector_stays_what_it_was():
    target = np.arange(6.0).reshape(2, 3)
    problem = zo.Problem(f=lambda m: jnp.sum((m - target) ** 2), x0=np.zeros((2, 3)), x_star=target, f_star=0.0, L=2.0)
    result = zo.run(problem, zo.two_point(), seeds=2, metric="distance", target=1e-6)
    assert (result.outcomes == "reached").all()
    np.testing.assert_allclose(result.parameters[1], target, atol=0.02)
    assert zo.run(problem, zo.scipy("Powell", "none"), seeds=1).parameters[0].shape == (2, 3)
    vector = zo.problems.quadratic(3)
    assert flat(vector) is vector and zo.run(vector, zo.autodiff(), calls=3).parameters[0].shape == (3,)


def test_an_update_rule_sees_the_tree():
    """As optax's own loop over the tree does it, with the gradient of JAX."""
    problem = zo.problems.pytree(factorisation, factors())._replace(f_star=0.0)
    params: Any = jax.tree.map(jnp.asarray, factors())
    for rule in (optax.lamb, optax.contrib.muon):
        (mine,) = zo.run(problem, zo.autodiff(), optimizer=rule, step=0.01, calls=5).parameters
        tree, by = params, rule(0.01)
        state = by.init(tree)
        for _ in range(5):
            update, state = by.update(jax.grad(factorisation)(tree), state, tree)
            tree = optax.apply_updates(tree, update)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11), mine, tree)


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"a": np.ones(2, int)}, r"x0\['a'\]: an array of int64; parameters are floating-point numbers"),
        ({"a": [jnp.ones(2), "x"]}, r"x0\['a'\]\[1\]: a str"),
        ({}, "a tree without a number"),
    ],
)
def test_what_is_no_tree_of_numbers_is_refused_with_its_place(tree, said):
    with pytest.raises(ValueError, match=said):
        zo.run(zo.Problem(f=loss, x0=tree, f_star=0.0), zo.two_point(), step=0.1)
    with pytest.raises(ValueError, match=r"^problem.parameters: x0"):
        zo.problems.pytree(loss, tree)


MODULE = """
import jax.numpy as jnp, numpy as np
def loss(p): return jnp.sum((p["w"] @ p["v"] - 1) ** 2)
def start(scale=1.0): return {"w": scale * np.ones((3, 2)), "v": np.ones(2)}
"""


@pytest.mark.parametrize("start", ["made", "npz", "safetensors"])
def test_a_loss_and_parameters_of_ones_own_by_the_command(tmp_path, monkeypatch, start):
    from zobench.__main__ import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = f"tree_of_{start}"  # modules are imported once in a process
    (tmp_path / f"{name}.py").write_text(MODULE)
    where = [f"problem.parameters._target_={name}.start", "+problem.parameters.scale=2"]
    arrays = {"w": 2 * np.ones((3, 2)), "v": np.ones(2, np.float32)}
    if start == "npz":
        np.savez("weights.npz", **arrays)
        where = ["problem.parameters=weights.npz"]
    if start == "safetensors":
        pytest.importorskip("safetensors.numpy").save_file(arrays, "weights.safetensors")
        where = ["problem.parameters=weights.safetensors"]
    asked = ("problem=pytree", f"problem.loss._target_={name}.loss", *where, "problem.f_star=0", "step=0.01", "seeds=2")
    with pytest.raises(SystemExit) as ended:
        main((*asked, "stop.calls=400"))
    assert ended.value.code == 0
    (path,) = tmp_path.glob("runs/*.npz")
    record = store.read(path)
    assert record is not None and record.meta["leaves"] == {"v": [2], "w": [3, 2]}
    assert record.arrays["0.01/gap"][0, 0] == 27
    assert start == "made" or f"weights.{start}" in record.meta["files"]


def test_a_file_that_is_not_there_ends_in_a_line(tmp_path):
    with pytest.raises(ValueError, match=r"problem.parameters=nowhere.npz: No such file"):
        zo.problems.pytree(loss, "nowhere.npz")
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match="no file of safetensors"):
        zo.problems.pytree(loss, tmp_path / "bad.safetensors")


@pytest.mark.slow
def test_directions_drawn_again_are_those_that_are_kept():
    """The same run to rounding, with one direction and with several; other ones are refused."""
    problem = zo.problems.pytree(factorisation, factors())._replace(f_star=0.0)
    families: list[tuple[Direction, int]] = [("gaussian", 1), ("rademacher", 3)]
    for kind, q in families:
        kept, again = (
            zo.run(problem, zo.two_point(kind, q=q, replay=replay), step=1e-2, calls=60 * q, seeds=2)
            for replay in (False, True)
        )
        assert np.abs(kept.x - problem.x0).max() > 1e-2
        np.testing.assert_allclose(again.x, kept.x, rtol=0, atol=1e-9)
    with pytest.raises(ValueError, match="replay=true: it has gaussian and rademacher directions, and no sphere"):
        zo.two_point(replay=True)


def test_a_long_leaf_is_moved_in_pieces_of_the_same_direction():
    """Behind a short one, and before one of which no piece is the whole: as by the direction drawn at once."""
    sizes = {"a": 7, "b": 2 * PIECE, "c": 2 * PIECE + 1}
    x, tree = flattened({name: np.zeros(size, np.float32) for name, size in sizes.items()})
    key, kinds = (
        Key(jnp.uint32(3), jnp.uint32(5)),
        {"gaussian": directions.gaussian, "rademacher": directions.rademacher},
    )
    for kind, whole in kinds.items():
        moved = tree.moved(jnp.asarray(x), lambda start, size, kind=kind: directions.piece(kind, key, 0, start, size))
        np.testing.assert_allclose(jnp.concatenate(jax.tree.leaves(moved)), whole(key, x.size), rtol=1e-6)
