"""An oracle that counts what is asked of it, where it is asked: inside the compiled program."""

import jax

from zobench.types import Oracle, Problem, oracle


def counting_oracle(problem: Problem) -> tuple[Oracle, dict[str, int]]:
    """The problem's oracle, and the number of values, JVPs and gradients asked until jax.effects_barrier()."""
    counted = {"value": 0, "jvp": 0, "grad": 0}

    def counting(kind, ask):
        def asked(*args):
            jax.debug.callback(lambda: counted.__setitem__(kind, counted[kind] + 1))
            return ask(*args)

        return asked

    plain = oracle(problem)
    value, jvp, grad = (counting(kind, getattr(plain, kind)) for kind in counted)
    return Oracle(value, jvp, grad), counted
