"""The steps of runs together on an accelerator: in loops of known lengths, two or four steps in a turn.

A loop whose length the compiler does not know asks the host in each of its turns. So steps go in rounds of a fixed
number: those behind the end are made and not taken. Steps in a row share their random numbers: these are made once in a
turn, for all its steps.
"""

from collections.abc import Callable
from math import gcd
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from zobench.types import Draw, Key, Method, Problem, oracle

TURNS = 1024  # steps between two questions to the host, at most
MOVED = 2**27  # coordinates between them, about a millisecond: a question takes some hundredths of one
BOTH = 2**31  # coordinates of a group of which the random numbers of two steps are kept
STEPS = 4  # steps of a turn, at most
ODD = 16  # steps between two records that are made two by two though their number is odd


def steps_of(problem: Problem, method: Method, seed: Any, every: int, size: int) -> tuple[Callable, Any]:
    """The function (x, state, k, drawn, end, ended) that makes the steps k ... end − 1 of a run that has not ended.

    Of one of `size` runs that go together, whose records are `every` steps apart; `drawn` goes through as it is.
    """
    n, dtype = problem.n, problem.x0.dtype
    period = method.period(n) if method.draw else 1
    shared, rounds, turns = rounds_of(period, every, size * n)

    def drawn_at(k) -> list[Any]:
        """The draws of the steps of one turn."""
        # a 0 for each run that XLA cannot know: else it makes apart, or keeps, what of a random number is of no step
        call = jnp.where(k < 0, seed, jnp.uint32(0))
        draw: Any = method.draw(Key(seed, k.astype(jnp.uint32), call), n, dtype) if method.draw else ()
        if shared == 1:
            return [draw]
        turn: Any = 0 if shared == period else k.astype(jnp.uint32) % jnp.uint32(period)
        return [Draw(draw.source, turn + np.uint32(i)) for i in range(shared)]

    def steps(x, state, k, drawn, end, ended):
        def turn(i, carry):
            x, state, first = carry
            for j, draw in enumerate(drawn_at(first + shared * i)):
                own = first + shared * i + j
                made = method.step(oracle(problem, Key(seed, own.astype(jnp.uint32))), x, state, draw)
                x, state = unless(ended | (own < k) | (own >= end), (x, state), made)
            return x, state, first

        def one_round(carry):
            x, state, first = jax.lax.fori_loop(0, turns, turn, carry)
            return x, state, first + shared * turns

        start = x, state, k // shared * shared  # which may begin within a turn
        made = one_round(start) if rounds == 1 else jax.lax.while_loop(lambda carry: carry[2] < end, one_round, start)
        return *made[:2], drawn

    return steps, ()


def rounds_of(period: int, every: int, size: int) -> tuple[int, int, int]:
    """How many steps a turn has, how many rounds there are at most between two records, and how many turns in a round.

    For `size` coordinates of a group. Where an odd number of steps is between two records, they may begin in a turn.
    No turn goes over the end of a period, behind which there is another draw.
    """
    shared = gcd(every, period, STEPS)
    shared = 1 if size > BOTH else 2 if shared == 1 and period % 2 == 0 and every >= ODD else shared
    turns = every // shared + (every % shared > 0)
    rounds = max(-(-turns * shared * size // MOVED), -(-turns * shared // TURNS))
    return shared, rounds, -(-turns // rounds)


def unless(ended: Any, old: Any, new: Any) -> Any:
    """What is new, and of a run that has ended what was."""
    return jax.tree.map(lambda old, new: jnp.where(ended, old, new), old, new)
