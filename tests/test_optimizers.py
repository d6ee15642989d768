"""Every update rule of optax and optax.contrib runs, or is refused in a sentence that says what it needs."""

import inspect
import warnings
from functools import partial

import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest
from jax.flatten_util import ravel_pytree

import zobench as zo
from zobench.factories import part

LINE_SEARCHES = ("backtracking_linesearch", "polyak", "zoom_linesearch")
REFUSED = {
    "optax.lbfgs": "needs value, grad, value_fn besides",
    "optax.noisy_sgd": "draws random numbers",
    "optax.polyak_sgd": "its step is made of f",
    **{f"optax.scale_by_{name}": "its step is made of f" for name in LINE_SEARCHES},
    "optax.contrib.dpsgd": "l2_norm_clip: dpsgd needs it",
    "optax.contrib.galore": "one for matrices, and x has none",
    "optax.contrib.momo": "needs value besides",
    "optax.contrib.momo_adam": "needs value besides",
    "optax.contrib.muon": "one for matrices, and x has none",
    "optax.contrib.schedule_free": "base_optimizer: schedule_free needs it",
    "optax.contrib.sophia": "obj_fn must be provided",
}
PARTS = ("scale_by_learning_rate", "scale_by_madgrad", "scale_by_rprop")  # of rules, which go up by themselves


def rules():
    """The names of all functions of optax that take a learning rate."""
    for module in (optax, optax.contrib):
        for name in sorted(vars(module)):
            found = getattr(module, name)
            is_function = inspect.isfunction(found) or isinstance(found, partial)  # as nadam is
            taken = inspect.signature(found).parameters if is_function else ()
            if name[0] != "_" and name not in PARTS and any(each.endswith("learning_rate") for each in taken):
                yield f"{module.__name__}.{name}"


def run(name, **values):
    rule = part("optimizer", {"_target_": name, "_partial_": True, **values})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what optax says of its own future
        return zo.run(zo.problems.quadratic(4), zo.two_point(), optimizer=rule, step=0.02, seeds=1, gd_iterations=25)


def test_there_are_as_many_rules_as_there_were():
    found = {*rules()}
    assert len(found) >= 44 and found >= REFUSED.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", [*rules()])
def test_a_rule_goes_down_or_says_what_it_needs(name):
    if name in REFUSED:
        with pytest.raises(ValueError, match=REFUSED[name]) as caught:
            run(name)
        assert "\n" not in str(caught.value)
        return
    (curve,) = run(name).curves
    assert np.isfinite(curve).all() and curve.min() < curve[0]


@pytest.mark.parametrize("name", ["optax.adamw", "optax.nadam", "optax.lion", "optax.contrib.prodigy"])
def test_some_of_them_in_the_smoke_test(name):
    test_a_rule_goes_down_or_says_what_it_needs(name)


def test_what_a_rule_needs_can_be_given_or_left_out():
    assert run("optax.lbfgs", linesearch=None).curves[0, -1] < run("optax.sgd").curves[0, 0]
    base = {"_target_": "optax.sgd", "learning_rate": 0.02}
    assert np.isfinite(run("optax.contrib.schedule_free", base_optimizer=base).curves).all()


def test_a_rule_for_matrices_sees_the_matrices_of_a_tree():
    from zobench.optimizers import on_tree

    rule = on_tree(optax.contrib.muon(0.1), lambda x: {"b": x[:1], "w": x[1:].reshape(2, 3)})
    x, g = jnp.ones(7), jnp.arange(7.0)
    mine, _ = rule.update(g, rule.init(x), x)
    tree = optax.contrib.muon(0.1)
    params = {"w": jnp.ones((2, 3)), "b": jnp.ones(1)}
    theirs, _ = tree.update({"b": g[:1], "w": g[1:].reshape(2, 3)}, tree.init(params), params)
    np.testing.assert_array_equal(mine, ravel_pytree(theirs)[0])
