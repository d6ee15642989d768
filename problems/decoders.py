"""A decoder of language as a pure function of named arrays: RMSNorm, RoPE, grouped queries, SwiGLU, tied embeddings."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

Parameters = Mapping[str, Any]
LORA = "attn.W_Q", "attn.W_V"  # which matrices get a change of low rank (Hu et al. 2021)


class Decoder(NamedTuple):
    """The sizes of a decoder: `vocabulary` tokens, `width`, `layers`, `heads` of queries that share `groups` keys."""

    vocabulary: int = 1024
    width: int = 128
    layers: int = 4
    heads: int = 4
    groups: int = 2
    context: int = 128
    base: float = 10000.0
    eps: float = 1e-6

    @property
    def head(self) -> int:
        """The width of a head."""
        return self.width // self.heads


def shapes(decoder: Decoder) -> dict[str, tuple[int, ...]]:
    """The arrays of a decoder by name, as glassllm has them; hidden width ⌊8d/3⌋."""
    d, keys, hidden = decoder.width, decoder.groups * decoder.head, int(8 * decoder.width / 3)
    layer = {
        "norm1.gamma": (d,),
        "attn.W_Q": (d, d),
        "attn.W_K": (d, keys),
        "attn.W_V": (d, keys),
        "attn.W_O": (d, d),
        "norm2.gamma": (d,),
        "ffn.W1": (d, hidden),
        "ffn.W3": (d, hidden),
        "ffn.W2": (hidden, d),
    }
    layers = {f"blocks.{i}.{name}": shape for i in range(decoder.layers) for name, shape in layer.items()}
    return {"E": (decoder.vocabulary, d), **layers, "norm_f.gamma": (d,)}


def untrained(decoder: Decoder, seed: int, deviation: float = 0.02) -> dict[str, np.ndarray]:
    """Matrices normal of that standard deviation, drawn by `seed`, and norms of 1, as glassllm begins."""
    random = np.random.default_rng(seed)
    made = shapes(decoder).items()
    return {name: np.ones(s) if len(s) == 1 else random.normal(0, deviation, s) for name, s in made}


def logits(p: Parameters, ids: Int[Array, "batch length"], decoder: Decoder) -> Float[Array, "batch length vocabulary"]:
    """What the decoder says of the next token at each place, in the dtype of its parameters.

    `p` has the arrays of `shapes`; with "blocks.i.attn.W_Q.A" [d, r] and "....B" [r, out] beside one of them W + AB
    stands for W; "blocks.i.prefix.K" and "....V" [tokens, keys] are keys and values before those of the text (Li &
    Liang 2021), in which case the text's places begin behind them.
    """
    with jax.default_matmul_precision("highest"):  # else an accelerator rounds to TF32: differences would be noise
        x = p["E"][ids]
        for i in range(decoder.layers):
            x = x + _attention(p, f"blocks.{i}.", _norm(x, p[f"blocks.{i}.norm1.gamma"], decoder.eps), decoder)
            h = _norm(x, p[f"blocks.{i}.norm2.gamma"], decoder.eps)
            gate, up = (h @ _weight(p, f"blocks.{i}.ffn.{name}") for name in ("W1", "W3"))
            x = x + (jax.nn.silu(gate) * up) @ _weight(p, f"blocks.{i}.ffn.W2")
        return _norm(x, p["norm_f.gamma"], decoder.eps) @ p["E"].T


def loss(p: Parameters, text: Int[Array, "batch length+1"], decoder: Decoder) -> Float[Array, ""]:
    """Mean −log of the probability of each token but the first, given those before it, in nats; float32 at least."""
    said = logits(p, text[:, :-1], decoder)
    said = said.astype(jnp.promote_types(said.dtype, jnp.float32))
    chosen = jnp.take_along_axis(said, text[:, 1:, None], axis=-1)[..., 0]
    return jnp.mean(jax.nn.logsumexp(said, axis=-1) - chosen)


def keys_of(p: Parameters, ids: Int[Array, " tokens"], decoder: Decoder) -> dict[str, Array]:
    """The keys, turned to their places, and the values of a text in each layer: what a prefix begins as."""
    found: dict[str, Array] = {}
    x = p["E"][ids[None]]
    for i in range(decoder.layers):
        h = _norm(x, p[f"blocks.{i}.norm1.gamma"], decoder.eps)
        k, v = _keys(p, f"blocks.{i}.", h, decoder)
        found |= {f"blocks.{i}.prefix.{name}": part.reshape(len(ids), -1) for name, part in (("K", k), ("V", v))}
        x = x + _attention(p, f"blocks.{i}.", h, decoder)
        h = _norm(x, p[f"blocks.{i}.norm2.gamma"], decoder.eps)
        x = x + (jax.nn.silu(h @ p[f"blocks.{i}.ffn.W1"]) * (h @ p[f"blocks.{i}.ffn.W3"])) @ p[f"blocks.{i}.ffn.W2"]
    return found


def _weight(p: Parameters, name: str) -> Array:
    return p[name] + p[f"{name}.A"] @ p[f"{name}.B"] if f"{name}.A" in p else p[name]


def _norm(x: Array, gamma: Array, eps: float) -> Array:
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + eps) * gamma


def _turned(x: Float[Array, "batch length heads head"], decoder: Decoder, first: int) -> Array:
    """Each adjacent pair of coordinates rotated by place · base^(−2i/head) (RoPE: Su et al. 2021)."""
    angle = np.outer(
        first + np.arange(x.shape[1]), decoder.base ** (-2.0 * np.arange(decoder.head // 2) / decoder.head)
    )
    cos, sin = (jnp.asarray(part, x.dtype)[:, None] for part in (np.cos(angle), np.sin(angle)))
    even, odd = x[..., 0::2], x[..., 1::2]
    return jnp.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(x.shape)


def _keys(p: Parameters, block: str, h: Array, decoder: Decoder, first: int = 0) -> tuple[Array, Array]:
    """Keys and values of a layer, [batch, length, groups, head]."""
    split = (*h.shape[:2], decoder.groups, decoder.head)
    k, v = (h @ _weight(p, f"{block}attn.{name}") for name in ("W_K", "W_V"))
    return _turned(k.reshape(split), decoder, first), v.reshape(split)


def _attention(p: Parameters, block: str, h: Array, decoder: Decoder) -> Array:
    """Causal attention of a layer; each group of keys serves heads/groups neighbouring heads."""
    batch, length, _ = h.shape
    before = len(p[f"{block}prefix.K"]) if f"{block}prefix.K" in p else 0
    k, v = _keys(p, block, h, decoder, before)
    if before:
        own = (
            jnp.broadcast_to(p[f"{block}prefix.{name}"].reshape(before, *k.shape[2:]), (batch, before, *k.shape[2:]))
            for name in ("K", "V")
        )
        k, v = (jnp.concatenate(pair, axis=1) for pair in zip(own, (k, v), strict=True))
    q = (h @ _weight(p, f"{block}attn.W_Q")).reshape(batch, length, decoder.heads, decoder.head)
    q = _turned(q, decoder, before).reshape(batch, length, decoder.groups, -1, decoder.head)
    scores = jnp.einsum("bqghd,bkgd->bghqk", q, k) / decoder.head**0.5
    seen = np.arange(before + length) <= before + np.arange(length)[:, None]
    weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1)
    mixed = jnp.einsum("bghqk,bkgd->bqghd", weights, v)
    return mixed.reshape(batch, length, decoder.width) @ _weight(p, f"{block}attn.W_O")
