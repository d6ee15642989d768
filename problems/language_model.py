"""A small language model fine-tuned on another text: all its weights, some of them, a change of low rank, a prefix."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from zobench.problems.decoders import LORA, Decoder, keys_of, loss, untrained
from zobench.problems.minibatch import minibatch
from zobench.trees import flat
from zobench.types import Problem, Scalar, Vector

Language = Literal["en", "pt"]
Moved = Literal["full", "lora", "prefix"]
HELD_OUT = 4  # one sequence of so many is for testing
TOGETHER = 8  # sequences of which the whole loss is computed at a time


class Task(NamedTuple):
    """A problem, the loss on held-out text as a function of x, the tokens of both [sequences, length + 1], sizes.

    `some`: the loss on the sequences of these numbers, as a function of x and them.
    """

    problem: Problem
    test: Callable[[Vector], Scalar]
    some: Callable[[Vector, Any], Scalar]
    train: np.ndarray
    held_out: np.ndarray
    decoder: Decoder


def language_model(
    trained: Language | None = "en",
    text: str = "jax",
    parameters: Moved = "full",
    only: Sequence[str] = (),
    rank: int = 8,
    prefix: int = 4,
    length: int = 32,
    sequences: int | None = None,
    batch: int | None = 8,
    common: bool = True,
    width: int = 128,
    layers: int = 4,
    seed: int = 0,
) -> Problem:
    """Fine-tuning glassllm's decoder (RMSNorm, RoPE, grouped queries, SwiGLU, tied embeddings) on a text; not convex.

    f(x) = mean −log p(token | those before it), in nats, over `sequences` (null: all) of `length` tokens; every fourth
    one of the text is held out (`task`). `text`: an installed package, of which it is the licence (jax: Apache-2.0), or
    a file. `trained`: the weights and the tokens, en (Lewis Carroll) or pt (Machado de Assis), 852,608 parameters;
    null: English tokens and random weights of `width` and `layers`, drawn by `seed`.

    parameters   x                                                                    n
    full         all weights, or those whose names have one of `only` in them         852,608
    lora         A, B of W + AB for queries and values (Hu et al. 2021), B = 0        1,792 `rank`
    prefix       `prefix` keys and values before the text in each layer (Li & Liang   512 `prefix`
                 2021), at first those of the text's first tokens

    `only` also says in which layers of the two others: blocks.0, blocks.3.attn, ffn, norm, E. `batch`, `common`:
    methods see some of the sequences (minibatch.minibatch; null: all). Of 16-bit weights the loss is in float32, and
    rounded but where directions are replayed. No constant is known: give steps as numbers. Needs zobench[lm]. Raises
    ValueError where an argument is out of range, the text is too short, or glassllm is missing.
    """
    return task(
        trained, text, parameters, only, rank, prefix, length, sequences, batch, common, width, layers, seed
    ).problem


def task(
    trained: Language | None = "en",
    text: str = "jax",
    parameters: Moved = "full",
    only: Sequence[str] = (),
    rank: int = 8,
    prefix: int = 4,
    length: int = 32,
    sequences: int | None = None,
    batch: int | None = 8,
    common: bool = True,
    width: int = 128,
    layers: int = 4,
    seed: int = 0,
) -> Task:
    """`language_model` with its held-out loss. Raises ValueError as it."""
    _require(trained, parameters, rank, prefix, length, width, layers, seed)
    weights, decoder, tokens = _start(trained, text, width, layers, seed)
    before = prefix if parameters == "prefix" else 0
    _require_context(length, before, decoder.context)
    train, held_out = _split(tokens, length, sequences, text)
    if before > len(tokens):
        raise ValueError(f"problem.prefix={prefix}: {text} has {len(tokens)} tokens to begin with; use fewer")
    moved = _moved(weights, parameters, only, rank, tokens[:prefix], decoder, seed)

    def mean(p: dict[str, Any], rows: Any = None) -> Scalar:
        whole = _whole(weights, p)
        if rows is not None:
            return loss(whole, jnp.asarray(train)[rows], decoder)
        return _in_parts(whole, train, decoder)

    f: Any = mean  # of a tree
    made = flat(Problem(f=f, x0=moved, F=minibatch(mean, len(train), batch, common)))

    def test(x: Vector) -> Scalar:
        return _in_parts(_whole(weights, made.tree(x)), held_out, decoder)

    def some(x: Vector, rows: Any) -> Scalar:
        return mean(made.tree(x), rows)

    return Task(made, test, some, train, held_out, decoder)


@cache
def glassllm(language: Language) -> tuple[dict[str, np.ndarray], Decoder, Any]:
    """The weights (16-bit numbers as they come), sizes and tokenizer of a language. ValueError where it is missing."""
    try:
        from glassllm import load_pretrained
    except ImportError as error:
        raise ValueError("the language model comes with glassllm; pip install 'zobench[lm]'") from error
    model, tokenizer = load_pretrained(language)
    c = model.cfg
    decoder = Decoder(c.vocab_size, c.d_model, c.n_layers, c.n_heads, c.n_kv_heads, c.max_len, c.rope_base, c.eps)
    return {name: np.asarray(part.data) for name, part in model.named_parameters().items()}, decoder, tokenizer


def words(text: str) -> str:
    """The licence of an installed package, or what is in a file. ValueError where there is neither."""
    try:
        files = metadata.files(text) or []
    except (metadata.PackageNotFoundError, ValueError):
        files = []
    name = re.compile(r"[^/]+\.dist-info/(licenses/)?(LICENSE|LICENCE|COPYING)[^/]*")
    found = sorted((file for file in files if name.fullmatch(str(file))), key=str)
    try:
        if found:
            return "\n".join(Path(str(file.locate())).read_text(encoding="utf-8") for file in found)
        return Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ValueError(f"problem.text={text}: no installed package with a licence, and no file ({said})") from error


def _require(
    trained: Any, parameters: str, rank: int, prefix: int, length: int, width: int, layers: int, seed: int
) -> None:
    if trained not in (*get_args(Language), None):
        raise ValueError(
            f"problem.trained={trained}: there are {', '.join(get_args(Language))}, and null: random weights"
        )
    if parameters not in get_args(Moved):
        raise ValueError(f"problem.parameters={parameters}: there are {', '.join(get_args(Moved))}")
    for name, value in {"rank": rank, "prefix": prefix, "length": length, "layers": layers}.items():
        if not (isinstance(value, int) and value >= 1):
            raise ValueError(f"problem.{name}={value}: a whole number from 1 on")
    if not (isinstance(seed, int) and seed >= 0):
        raise ValueError(f"problem.seed={seed}: a whole number from 0 on")
    if not (isinstance(width, int) and width >= 8 and width % 8 == 0):
        raise ValueError(f"problem.width={width}: four heads take a multiple of 8")
    if trained and (width, layers) != (128, 4):
        raise ValueError(f"problem.width={width}, layers={layers}: the trained model has 128 and 4; use trained=null")


def _require_context(length: int, before: int, context: int) -> None:
    if before >= context:
        raise ValueError(f"problem.prefix={before}: a context of {context} tokens has room for {context - 1} of them")
    if length + before > context:
        beside = f" beside a prefix of {before}" if before else ""
        raise ValueError(f"problem.length={length}: at most {context - before} tokens of context are left{beside}")


def _start(
    trained: Language | None, text: str, width: int, layers: int, seed: int
) -> tuple[dict[str, np.ndarray], Decoder, np.ndarray]:
    """Weights, sizes and the tokens of the text."""
    weights, decoder, tokenizer = glassllm(trained or "en")
    if trained is None:
        decoder = decoder._replace(width=width, layers=layers)
        weights = untrained(decoder, seed)
    return weights, decoder, np.array(tokenizer.encode(words(text)), np.int32)


def _split(tokens: np.ndarray, length: int, sequences: int | None, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of length + 1 tokens to learn from, as many as are asked for, and every fourth one, held out."""
    cut = tokens[: len(tokens) // (length + 1) * (length + 1)].reshape(-1, length + 1)
    held = np.arange(len(cut)) % HELD_OUT == HELD_OUT - 1
    train, most = cut[~held], int((~held).sum())
    if len(cut) < HELD_OUT:
        raise ValueError(
            f"problem.text={text}: {len(tokens)} tokens, too short for {HELD_OUT} sequences of {length + 1}"
        )
    if sequences is not None and not (isinstance(sequences, int) and 1 <= sequences <= most):
        raise ValueError(f"problem.sequences={sequences}: a whole number from 1 to {most}, or null for all")
    return train[:sequences], cut[held]


def _moved(
    weights: dict[str, np.ndarray],
    parameters: Moved,
    only: Sequence[str],
    rank: int,
    ids: Any,
    decoder: Decoder,
    seed: int,
) -> dict[str, np.ndarray]:
    """The arrays that x is made of, where they begin. ValueError where `only` leaves none."""
    if parameters == "prefix":
        found = {name: np.asarray(part) for name, part in keys_of(weights, ids, decoder).items()}
    elif parameters == "lora":
        found, random = {}, np.random.default_rng(seed)
        for name, weight in weights.items():
            if name.endswith(LORA):
                d, out = weight.shape
                found[f"{name}.A"] = random.standard_normal((d, rank)) / d**0.5
                found[f"{name}.B"] = np.zeros((rank, out))
    else:
        found = dict(weights)
    chosen = {name: part for name, part in found.items() if not only or any(one in name for one in only)}
    if not chosen:
        raise ValueError(f"problem.only={list(only)}: in none of {', '.join(found)}")
    return chosen


def _whole(weights: dict[str, np.ndarray], p: dict[str, Any]) -> dict[str, Any]:
    """All arrays in the dtype of those that move."""
    dtype = jnp.result_type(*p.values())
    return {name: jnp.asarray(part, dtype) for name, part in (weights | p).items()}


def _in_parts(p: dict[str, Any], text: np.ndarray, decoder: Decoder) -> Scalar:
    """The loss over all of a text, some sequences at a time: memory does not grow with the text."""
    rest = len(text) % TOGETHER
    parts = jnp.asarray(text[rest:].reshape(-1, TOGETHER, text.shape[1]))
    total = TOGETHER * jnp.sum(jax.lax.map(lambda part: loss(p, part, decoder), parts))
    return (total + (rest * loss(p, jnp.asarray(text[:rest]), decoder) if rest else 0)) / len(text)
