"""A function as a list of nodes (Wengert 1964), and the sweeps over it that forward and reverse mode are."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal

EXACT = {"neg", "abs", "copy", "slice", "squeeze", "reshape", "broadcast_in_dim", "transpose", "select_n"}


class Node(NamedTuple):
    """vᵢ = apply(values of the parents); an input has no parents, and nothing is applied.

    `constants` are the other operands, by place; None where one is an array.
    """

    operation: str
    parents: tuple[int, ...]
    apply: Callable[..., Any]
    constants: tuple[tuple[int, float | None], ...] = ()


class Sweeps(NamedTuple):
    """What one pass over the graph and one back have found, and how often they evaluated and pulled back each node."""

    values: list[Any]
    adjoints: list[Any]
    evaluations: np.ndarray
    pullbacks: np.ndarray


def trace(f: Callable[..., Any], x: Sequence[Any]) -> list[Node]:
    """The nodes of f(*x) in the order of evaluation, inputs first, the result last.

    ValueError where an operation has several results (a loop, a branch) or nothing depends on the inputs.
    """
    closed = jax.make_jaxpr(f)(*x)
    jaxpr = closed.jaxpr
    place: dict[Any, int] = {variable: i for i, variable in enumerate(jaxpr.invars)}
    known = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    nodes = [Node("input", (), tuple) for _ in jaxpr.invars]
    for equation in jaxpr.eqns:
        if len(equation.outvars) != 1 or equation.primitive.multiple_results:
            raise ValueError(f"operation {equation.primitive.name} has several results: write f without it")
        fixed = {k: _value(v, known) for k, v in enumerate(equation.invars) if not _is_node(v, place)}
        parents = tuple(place[v] for k, v in enumerate(equation.invars) if k not in fixed)
        apply = _bind(equation, fixed)
        if not parents:
            known[equation.outvars[0]] = apply()
            continue
        place[equation.outvars[0]] = len(nodes)
        constants = tuple((k, float(value) if np.ndim(value) == 0 else None) for k, value in fixed.items())
        nodes.append(Node(equation.primitive.name, parents, apply, constants))
    if not _is_node(jaxpr.outvars[0], place):
        raise ValueError("the result does not depend on the inputs")
    return _used(nodes, len(jaxpr.invars), place[jaxpr.outvars[0]])


def forward(nodes: Sequence[Node], x: Sequence[Any], direction: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Values v and tangents v̇ = Σ (∂vᵢ/∂vⱼ) v̇ⱼ of all nodes, together in one pass."""
    values, tangents = [jnp.asarray(part) for part in x], [jnp.asarray(part) for part in direction]
    for node in nodes[len(x) :]:
        at, along = (tuple(of[j] for j in node.parents) for of in (values, tangents))
        value, tangent = jax.jvp(node.apply, at, along)
        values.append(value)
        tangents.append(tangent)
    return values, tangents


def reverse(nodes: Sequence[Node], x: Sequence[Any]) -> Sweeps:
    """Values, then adjoints v̄ⱼ = Σ v̄ᵢ ∂vᵢ/∂vⱼ over the nodes i that use j, from the result (v̄ = 1) back to the inputs.

    The way there keeps each node's local derivative, the way back uses it.
    """
    evaluations, pullbacks = np.zeros(len(nodes), int), np.zeros(len(nodes), int)
    values, pulls = [jnp.asarray(part) for part in x], []
    for i, node in enumerate(nodes[len(x) :], len(x)):

        def counted(*parts: Any, i: int = i, node: Node = node) -> Any:
            evaluations[i] += 1
            return node.apply(*parts)

        value, local = jax.vjp(counted, *(values[j] for j in node.parents))
        values.append(value)
        pulls.append(local)
    adjoints = [jnp.zeros_like(value) for value in values]
    adjoints[-1] = jnp.ones_like(values[-1])
    for i in reversed(range(len(x), len(nodes))):
        pullbacks[i] += 1
        for j, part in zip(nodes[i].parents, pulls[i - len(x)](adjoints[i]), strict=True):
            adjoints[j] = adjoints[j] + part
    return Sweeps(values, adjoints, evaluations, pullbacks)


def unshared(nodes: Sequence[Node]) -> np.ndarray:
    """How often each node is evaluated if no value is kept: the number of paths from it to the result."""
    uses = np.zeros(len(nodes), int)
    uses[-1] = 1
    for i in reversed(range(len(nodes))):
        for j in nodes[i].parents:
            uses[j] += uses[i]
    return uses


def depth(nodes: Sequence[Node]) -> np.ndarray:
    """The longest way to a node from an input, in operations."""
    level = np.zeros(len(nodes), int)
    for i, node in enumerate(nodes):
        level[i] = 1 + max((level[j] for j in node.parents), default=-1)
    return level


def condition(f: Callable[..., Any], x: Sequence[Any]) -> float:
    """Σ |v̄ᵢ vᵢ|/|f| over all nodes: times the rounding unit, a bound on f's error to first order.

    Each input and each operation that is not exact is taken as rounded to nearest (Linnainmaa 1976).
    """
    nodes = trace(f, x)
    values, adjoints = jax.jit(lambda *at: reverse(nodes, at)[:2])(*x)
    triples = zip(nodes, values, adjoints, strict=True)
    rounded = [np.asarray(value * adjoint) for node, value, adjoint in triples if node.operation not in EXACT]
    total = sum(float(np.abs(part).sum()) for part in rounded)
    return total / abs(float(values[-1]))


def _used(nodes: list[Node], inputs: int, result: int) -> list[Node]:
    """The inputs, the operations that the result needs, and the result as the last node."""
    nodes = nodes[: result + 1] if result >= inputs else [*nodes[:inputs], Node("copy", (result,), lambda value: value)]
    kept = [i for i, paths in enumerate(unshared(nodes)) if i < inputs or paths]
    number = {old: new for new, old in enumerate(kept)}
    return [nodes[i]._replace(parents=tuple(number[j] for j in nodes[i].parents)) for i in kept]


def _is_node(variable: Any, place: dict[Any, int]) -> bool:
    return not isinstance(variable, Literal) and variable in place


def _value(variable: Any, known: dict[Any, Any]) -> Any:
    return variable.val if isinstance(variable, Literal) else known[variable]


def _bind(equation: Any, fixed: dict[int, Any]) -> Callable[..., Any]:
    """The operation as a function of the values of its parents alone, the other operands by place."""

    def apply(*values: Any) -> Any:
        given = iter(values)
        operands = [fixed[k] if k in fixed else next(given) for k in range(len(equation.invars))]
        return equation.primitive.bind(*operands, **equation.params)

    return apply
