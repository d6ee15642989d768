"""What a value, a JVP and a gradient of a language model cost: operations, CPU seconds, bytes; and a step's bytes."""

import sys
import time
from collections.abc import Callable, Sequence
from math import nan
from subprocess import run
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench import sampling
from zobench.derivatives import counted, price
from zobench.derivatives.clock import interleaved
from zobench.estimators import two_point
from zobench.problems.language_model import language_model
from zobench.types import Estimator, Key, Problem, oracle

WAYS = ("value", "jvp", "gradient")
STEPS: dict[str, Callable[[], Estimator]] = {
    "signs, q = 1": lambda: two_point("rademacher", replay=True),
    "signs, q = 64": lambda: two_point("rademacher", q=64, replay=True),
    "normals, q = 1": lambda: two_point("gaussian", replay=True),
    "signs kept, q = 1": lambda: two_point("rademacher"),
    "signs kept, q = 64": lambda: two_point("rademacher", q=64),
}


def language_model_prices(
    length: int, batches: list[int], steps: list[str], step_batch: int, outside: int | None, repeats: int, seed: int
) -> Callable[[], tuple[dict[str, np.ndarray], dict[str, Any]]]:
    """The study of sequences of `length` tokens, `batches` of them in a value; float32, the pretrained weights.

    A step is descent along those of STEPS that are named, with `step_batch` sequences a value. Where `length` is
    `outside`: the peak of the resident memory of a process of its own besides, what it had before subtracted, for the
    longest batch (Linux; else nan). Raises ValueError for other steps, no batch, fewer than two repeats and what
    `problems.language_model` refuses.
    """
    unknown = [name for name in steps if name not in STEPS]
    if unknown:
        raise ValueError(f"steps={unknown[0]}: there are {'; '.join(STEPS)}")
    sampling.require_count("repeats", repeats, 2)
    sampling.require_count("batches", min(batches, default=0), 1)
    problems = {batch: made(length, batch) for batch in {*batches, step_batch}}

    def measure() -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        rows = [_row(problems[batch], repeats) for batch in batches]
        x = problems[step_batch].x0
        temporary = {name: temporary_of(stepped(problems[step_batch], STEPS[name]()), x, True) for name in steps}
        one = temporary_of(ways(problems[step_batch])["value"], x)
        peaks = {name: peak(name, length, max(batches)) if length == outside else nan for name in (*WAYS, *steps)}
        arrays = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        arrays |= {"batch": np.array(batches), "step": np.array(list(temporary.values())), "step_value": np.array(one)}
        return arrays | {"outside": np.array(list(peaks.values()))}, {"n": x.size, "length": length, "steps": steps}

    return measure


def made(length: int, batch: int) -> Problem:
    """The problem, in float32; its text is long enough for many sequences."""
    problem = language_model(text="jaxlib", length=length, batch=batch)
    return problem._replace(x0=jnp.asarray(problem.x0, jnp.float32))


def ways(problem: Problem) -> dict[str, Callable[[Any], Any]]:
    """WAYS as functions of x, of the batch of the first step."""
    ask = oracle(problem, Key(jnp.uint32(0), jnp.uint32(0)))
    return {
        "value": ask.value,
        "jvp": lambda x: jax.jvp(ask.value, (x,), (jnp.ones_like(x),)),
        "gradient": lambda x: jax.value_and_grad(ask.value)(x),
    }


def stepped(problem: Problem, estimator: Estimator) -> Callable[[Any], Any]:
    """A step of descent of length 1e-4, as a function of x, which it takes over."""

    def step(x: Any) -> Any:
        key = Key(jnp.uint32(0), jnp.uint32(0))
        draw: Any = estimator.draw
        drawn = jax.lax.optimization_barrier(draw(key, x.size, x.dtype))
        return x - 1e-4 * estimator.estimate(oracle(problem, key), x, drawn, ())[0]

    return step


def temporary_of(f: Callable[[Any], Any], x: Any, takes_over: bool = False) -> float:
    """Bytes beside x and the result."""
    program = jax.jit(f, donate_argnums=(0,) if takes_over else ()).lower(x).compile()
    return counted.cost(program).temporary


def _row(problem: Problem, repeats: int) -> dict[str, Any]:
    functions = ways(problem).values()
    programs = [counted.compiled(f, problem.x0) for f in functions]
    timed: Sequence[Any] = [(program, lambda: problem.x0) for program in programs]
    return {
        "flops": [price.operations(f, problem.x0).flops for f in functions],
        "temporary": [counted.cost(program).temporary for program in programs],
        "seconds": interleaved(timed, repeats, time.process_time),
    }


def peak(name: str, length: int, batch: int) -> float:
    """Peak of resident memory of a process that calls one of WAYS or STEPS, less what it had before the call."""
    module = f"{__package__}.outside"
    found = run([sys.executable, "-m", module, name, str(length), str(batch)], capture_output=True, text=True)
    return float(found.stdout.split()[-1]) if found.returncode == 0 else nan
