"""Orders in which a chain of l layers is reversed: what is kept, what is computed again. Pure functions of (l, s).

A schedule yields actions on a chain h_{i+1} = layer_i(h_i); "here" is the state that is at hand, h_0 at first:
  store i     keep a copy of h_i, which is here
  advance i   h_i -> h_{i+1}, nothing kept                          one evaluation
  restore i   the kept h_i is here again
  record i    h_i -> h_{i+1}, keeping what its derivative needs     one evaluation
  back i      the adjoint of h_{i+1} becomes that of h_i; the record of i is dropped
  drop i      the kept h_i is forgotten
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from math import ceil, comb, isqrt
from typing import Literal, NamedTuple

from zobench.sampling import require_count

Kind = Literal["store", "advance", "restore", "record", "back", "drop"]


class Action(NamedTuple):
    """What is done, and to which layer (or the state before it)."""

    kind: Kind
    layer: int


class Count(NamedTuple):
    """Evaluations of layers, and the most states and records that were kept at one time."""

    evaluations: int
    peak: int


Actions = Iterator[Action]


def vanilla(l: int) -> Actions:  # noqa: E741
    """Backpropagation that keeps everything (Linnainmaa 1970): l evaluations, l records."""
    return _record_all(0, l)


def memory_poor(l: int) -> Actions:  # noqa: E741
    """Backpropagation that keeps h_0 alone: l(l−1)/2 evaluations besides the l recorded ones, 2 kept."""
    return binomial(l, 1)


def segments(l: int, s: int) -> Actions:  # noqa: E741
    """Keep the first state of `s` segments and record one segment at a time (Chen et al. 2016): s + ⌈l/s⌉ kept.

    The last segment is recorded on the way, so 2l − ⌈l/s⌉ evaluations where s divides l; least memory near s = √l.
    """
    require_segments(s, l)
    edges = [i * l // s for i in range(s + 1)]
    earlier = list(pairwise(edges[:-1]))
    for start, stop in earlier:
        yield Action("store", start)
        yield from _advance(start, stop)
    yield from _record_all(edges[-2], l)
    for start, stop in reversed(earlier):
        yield Action("restore", start)
        yield from _record_all(start, stop)
        yield Action("drop", start)


def require_segments(s: int, l: int) -> None:  # noqa: E741
    """Refuse a number of segments that l layers do not have: ValueError."""
    if not 1 <= s <= l:
        raise ValueError(f"s={s}: a whole number from 1 to {l}")


def recursive(l: int) -> Actions:  # noqa: E741
    """Halve, reverse the second half, then the first: ⌈log₂ l⌉ + 2 kept, (l/2) log₂ l evaluations besides l."""
    yield Action("store", 0)
    yield from _divided(0, l, l, lambda layers, s: layers // 2)
    yield Action("drop", 0)


def binomial(l: int, s: int) -> Actions:  # noqa: E741
    """Keep at most `s` states, h_0 among them, with the fewest evaluations (Griewank 1992; Griewank & Walther 2000).

    t(l, s) of `least_advances` evaluations besides the l recorded ones; s + 1 kept, the record at hand among them.
    """
    require_count("s", s, 1)
    yield Action("store", 0)
    yield from _divided(0, l, s, _best)
    yield Action("drop", 0)


def least_advances(l: int, s: int) -> int:  # noqa: E741
    """t(l, s) = r l − C(s+r, s+1), r the least number with l ≤ C(s+r, s): the fewest evaluations with s states kept."""
    require_count("s", s, 1)
    r = repeats(l, s)
    return r * l - comb(s + r, s + 1)


def repeats(l: int, s: int) -> int:  # noqa: E741
    """The least r with l ≤ C(s+r, s): how often a layer is evaluated at most, the recorded evaluation apart."""
    r = 0
    while comb(s + r, s) < l:
        r += 1
    return r


def nearest_root(l: int) -> int:  # noqa: E741
    """The whole number of segments that keeps least: s + ⌈l/s⌉ − 1 is least near √l."""
    return min(range(max(1, isqrt(l) - 1), min(l, isqrt(l) + 2) + 1), key=lambda s: s + ceil(l / s))


def named(l: int) -> dict[str, Actions]:  # noqa: E741
    """The schedules that a study compares, √l and log₂ l states where a number has to be chosen."""
    return {
        "reverse": vanilla(l),
        "per_layer": segments(l, l),
        "segments": segments(l, nearest_root(l)),
        "recursive": recursive(l),
        "binomial": binomial(l, max(1, l.bit_length() - 1)),
        "memory_poor": memory_poor(l),
    }


def count(actions: Iterable[Action]) -> Count:
    """Evaluations and peak of a schedule. Raises ValueError for an action that cannot be done."""
    here, kept, records = 0, set(), []
    evaluations = peak = 0
    for kind, i in actions:
        possible = {"restore": i in kept, "drop": i in kept, "back": records[-1:] == [i]}.get(kind, here == i)
        if not possible:
            raise ValueError(f"{kind} {i}: the state here is {here}, kept are {sorted(kept)}, recorded {records}")
        here = {"advance": i + 1, "record": i + 1, "restore": i}.get(kind, here)
        evaluations += kind in ("advance", "record")
        if kind == "store":
            kept.add(i)
        elif kind == "drop":
            kept.remove(i)
        elif kind == "record":
            records.append(i)
        elif kind == "back":
            records.pop()
        peak = max(peak, len(kept) + len(records))
    return Count(evaluations, peak)


def _record_all(start: int, stop: int) -> Actions:
    yield from (Action("record", i) for i in range(start, stop))
    yield from (Action("back", i) for i in reversed(range(start, stop)))


def _advance(start: int, stop: int) -> Actions:
    return (Action("advance", i) for i in range(start, stop))


def _divided(start: int, stop: int, s: int, layers: Callable[[int, int], int]) -> Actions:
    """Go so many `layers` and keep the state there; reverse what is behind it, then what is before.

    With one state to keep, which is here at first, every layer from that one.
    """
    if s > 1 and stop - start > 1:
        middle = start + layers(stop - start, s)
        yield from _advance(start, middle)
        yield Action("store", middle)
        yield from _divided(middle, stop, s - 1, layers)
        yield Action("drop", middle)
        yield Action("restore", start)
        yield from _divided(start, middle, s, layers)
        return
    for last in reversed(range(start, stop)):
        if last < stop - 1:
            yield Action("restore", start)
        yield from _advance(start, last)
        yield from _record_all(last, last + 1)


def _best(l: int, s: int) -> int:  # noqa: E741
    """Any k with C(s+r−2, s) ≤ k ≤ C(s+r−1, s) and C(s+r−2, s−1) ≤ l − k ≤ C(s+r−1, s−1): the least of them."""
    r = repeats(l, s)
    return max(1, comb(s + r - 2, s), l - comb(s + r - 1, s - 1))
