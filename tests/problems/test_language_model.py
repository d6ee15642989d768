"""The language model is glassllm's to rounding; what moves, what is learnt from, and what is refused."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import zobench as zo
from zobench.problems import decoders
from zobench.problems.decoders import Decoder
from zobench.problems.language_model import task, words
from zobench.types import Key, oracle

package = pytest.importorskip("glassllm", reason="needs glassllm: pip install 'zobench[lm]'")
SMALL: Any = {"trained": None, "width": 8, "layers": 2, "length": 8}
TINY: Any = {**SMALL, "layers": 1}
FEW: Any = {**SMALL, "sequences": 4, "batch": None}


@pytest.mark.slow
def test_logits_are_those_of_the_package():
    """On a text, in single precision and in double, where the gradient of the loss is that of its own reverse mode."""
    model, tokenizer = package.load_pretrained("en")
    text = np.array(tokenizer.encode("The Hatter opened his eyes very wide on hearing this; but all he said was, why"))
    logits = jax.jit(decoders.logits, static_argnums=2)
    p = {name: jnp.asarray(part.data) for name, part in model.named_parameters().items()}
    found = logits(p, text[None, :-1], Decoder())
    assert found.dtype == jnp.float32 and sum(part.size for part in p.values()) == 852_608
    assert {name: part.shape for name, part in p.items()} == decoders.shapes(Decoder())
    np.testing.assert_allclose(found, model(text[:-1]).data, rtol=0, atol=1e-5)

    for part in model.parameters():
        part.data = part.data.astype(float)
    for block in model.blocks:
        block.attn.cos, block.attn.sin = package.nn.rope_angles(block.attn.d_k, 128, 10000.0)
    value = model.loss(text[None, :-1], text[None, 1:])
    value.backward()
    p = {name: jnp.asarray(part.data) for name, part in model.named_parameters().items()}
    mine, g = jax.jit(jax.value_and_grad(decoders.loss), static_argnums=2)(p, text[None], Decoder())
    assert float(mine) == pytest.approx(float(value.data), rel=1e-13)
    for name, part in model.named_parameters().items():
        np.testing.assert_allclose(g[name], part.grad, rtol=0, atol=1e-12 * np.abs(part.grad).max())


@pytest.mark.slow
def test_what_moves_begins_where_the_model_stands():
    """LoRA and a subset have the model's loss at x0; a prefix that of the same text with its tokens before it."""
    start = float(jax.jit(zo.problems.language_model(**FEW).f)(zo.problems.language_model(**FEW).x0))
    names = {*zo.problems.language_model(**FEW).tree.names}
    cases: Any = (
        ({"parameters": "lora", "rank": 3}, 2 * 3 * (8 + 8 + 8 + 4)),
        ({"only": ["blocks.1.attn"]}, 8 * 8 * 2 + 8 * 4 * 2),
        ({"parameters": "lora", "rank": 2, "only": ["blocks.0"]}, 2 * (8 + 8 + 8 + 4)),
    )
    for arguments, n in cases:
        made = zo.problems.language_model(**FEW, **arguments)
        assert made.n == n and ("rank" in arguments) == (not {*made.tree.names} <= names)
        assert float(jax.jit(made.f)(made.x0)) == pytest.approx(start, rel=1e-6)
    made = task(**FEW, parameters="prefix", prefix=5)
    weights = decoders.untrained(made.decoder, 0)
    longer = np.concatenate([np.repeat(made.train[:1, :5], 4, axis=0), made.train], axis=1)
    said = jax.jit(decoders.logits, static_argnums=2)(weights, longer[:, :-1], made.decoder)[:, 5:]
    chance = jnp.take_along_axis(jax.nn.log_softmax(said), jnp.asarray(made.train)[:, 1:, None], axis=-1)
    assert made.problem.n == 2 * 2 * 4 * 5
    assert float(jax.jit(made.problem.f)(made.problem.x0)) == pytest.approx(-float(jnp.mean(chance)), rel=1e-12)


@pytest.mark.slow
def test_sequences_are_cut_once_and_some_are_seen():
    """Three to learn from, one held out; a step sees the same batch in all its values, the next one another."""
    made = task(**TINY)
    assert len(made.train) == pytest.approx(3 * len(made.held_out), abs=3) and words("jax").count("License") > 20
    whole = np.concatenate([made.train[:3], made.held_out[:1], made.train[3:6], made.held_out[1:2]]).ravel()
    _, tokenizer = package.load_pretrained("en")
    assert tokenizer.encode(words("jax"))[: whole.size] == whole.tolist()
    x = made.problem.x0
    for common in (True, False):
        problem = zo.problems.language_model(**TINY, batch=2, common=common)
        ask = jax.jit(lambda step, call, problem=problem: oracle(problem, Key(jnp.uint32(0), step)).value(x, call))
        first, second, later = (float(ask(jnp.uint32(i), j)) for i, j in ((0, 0), (0, 1), (1, 0)))
        assert (first == second) == common and first != later
    assert float(jax.jit(made.test)(x)) == pytest.approx(np.log(1024), abs=0.03)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"trained": "fr"}, "trained=fr: there are en, pt"),
        ({"parameters": "half"}, "parameters=half: there are full, lora, prefix"),
        ({"text": "nothing.txt"}, "text=nothing.txt: no installed package"),
        ({"length": 126, "parameters": "prefix"}, "at most 124 tokens"),
        ({"sequences": 10**6}, "sequences=1000000: a whole number from 1 to"),
        ({"batch": 0}, "batch=0"),
        ({"only": ["nowhere"]}, r"only=\['nowhere'\]: in none of E, blocks.0"),
        ({"width": 64}, "use trained=null"),
        ({"trained": None, "width": 12}, "a multiple of 8"),
        ({"rank": 0}, "rank=0"),
        ({"parameters": "prefix", "prefix": 200}, "prefix=200: a context of 128 tokens has room for 127"),
        ({"trained": None, "seed": -1}, "seed=-1: a whole number from 0 on"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, said):
    with pytest.raises(ValueError, match=f"problem.*{said}"):
        zo.problems.language_model(**arguments)


@pytest.mark.slow
def test_a_prefix_may_be_longer_than_the_sequences():
    made = task(**TINY, parameters="prefix", prefix=20)
    assert made.problem.n == 2 * 4 * 20
    _, tokenizer = package.load_pretrained("en")
    weights = decoders.untrained(made.decoder, 0)
    keys = decoders.keys_of(weights, jnp.array(tokenizer.encode(words("jax"))[:20]), made.decoder)
    np.testing.assert_allclose(made.problem.tree(made.problem.x0)["blocks.0.prefix.K"], keys["blocks.0.prefix.K"])


def test_a_text_of_ones_own(tmp_path):
    (tmp_path / "own.txt").write_text("It was a bright cold day in April. " * 60)
    made = task(**SMALL, text=str(tmp_path / "own.txt"))
    assert made.problem.F is not None and len(made.train) < 150
    (tmp_path / "short.txt").write_text("Too short.")
    with pytest.raises(ValueError, match="too short for 4 sequences of 9"):
        zo.problems.language_model(**SMALL, text=str(tmp_path / "short.txt"))
