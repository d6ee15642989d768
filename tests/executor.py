"""The obvious executor of a schedule of reversal, for any arithmetic: for tests of what is counted and compiled."""

from math import tanh

from zobench.experiments.memory.schedules import Count


def reverse(layer, pullback, weights, h0, adjoint_of, actions):
    """∂f/∂w_i by the actions of a schedule, one by one; and the most states and records kept at one time.

    `pullback(w, h)` gives layer(w, h) and what takes an adjoint back, as jax.vjp does; `adjoint_of(h_l)` is the
    gradient of the loss.
    """
    here, kept, records = h0, {}, []
    g, adjoint, peak = {}, None, 0
    for kind, i in actions:
        if kind == "store":
            kept[i] = here
        elif kind == "advance":
            here = layer(weights[i], here)
        elif kind == "restore":
            here = kept[i]
        elif kind == "record":
            here, pull = pullback(weights[i], here)
            records.append(pull)
        elif kind == "back":
            adjoint = adjoint_of(here) if adjoint is None else adjoint
            g[i], adjoint = records.pop()(adjoint)
        else:
            del kept[i]
        peak = max(peak, len(kept) + len(records))
    return [g[i] for i in range(len(weights))], peak


def counted(actions, l):  # noqa: E741
    """Evaluations and peak of a schedule, counted as it runs on a chain of numbers, h_{i+1} = tanh(w_i h_i); and ∂f/∂w.

    f = h_l²/2, h_0 = 1, w_i = 1 + 1/(i+1).
    """
    evaluations = 0

    def layer(w, h):
        nonlocal evaluations
        evaluations += 1
        return tanh(w * h)

    def pullback(w, h):
        out = layer(w, h)
        return out, lambda adjoint: (adjoint * (1 - out * out) * h, adjoint * (1 - out * out) * w)

    weights = [1 + 1 / (i + 1) for i in range(l)]
    g, peak = reverse(layer, pullback, weights, 1.0, lambda h: h, actions)
    return Count(evaluations, peak), g
