"""What XLA says a compiled function costs, without running it: deterministic, so that tests may hold it to formulas."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import ShapeDtypeStruct

from zobench.types import Problem


class Counted(NamedTuple):
    """Floating point operations, transcendental ones (XLA counts these apart), bytes beyond arguments and result."""

    flops: float
    transcendentals: float
    temporary: float
    result: float

    @property
    def bytes(self) -> float:
        """What a call needs beyond its arguments."""
        return self.temporary + self.result

    @property
    def operations(self) -> float:
        """Arithmetic and transcendental operations, each counted as one."""
        return self.flops + self.transcendentals


def counted(f: Callable[..., Any], *arguments: Any) -> Counted:
    """The cost of f, compiled for these arguments, of which shapes alone will do (`like`): nothing is run.

    A while loop counts as one turn of its body: give functions without loops where operations matter.
    """
    return cost(compiled(f, *arguments))


def compiled(f: Callable[..., Any], *arguments: Any) -> Any:
    """f compiled for these arguments, to be called and counted without being compiled twice."""
    return jax.jit(f).lower(*arguments).compile()


def cost(executable: Any) -> Counted:
    """What XLA says of what `compiled` gave."""
    said, memory = executable.cost_analysis(), executable.memory_analysis()
    return Counted(
        flops=float(said.get("flops", 0.0)),  # absent where there are none
        transcendentals=float(said.get("transcendentals", 0.0)),
        temporary=float(memory.temp_size_in_bytes),
        result=float(memory.output_size_in_bytes),
    )


def price(problem: Problem) -> float:
    """What f and its gradient cost in values of f: floating point operations of the compiled programs."""
    both, one = (counted(f, problem.x0).flops for f in (jax.value_and_grad(problem.f), problem.f))
    return both / one


def like(*shapes: tuple[int, ...], dtype: Any) -> list[ShapeDtypeStruct]:
    """Arguments of these shapes for `counted`."""
    return [ShapeDtypeStruct(shape, np.dtype(dtype)) for shape in shapes]
