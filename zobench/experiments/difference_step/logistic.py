"""The logistic loss of the lectures' notebook on four points, and its derivative by a quotient in single precision."""

import jax
import jax.numpy as jnp
import numpy as np

POINTS = np.array([[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]])
LABELS = np.array([True, True, False, True])
WEIGHTS = np.array([-0.3683878481388092, -2.275688886642456, 0.011447565630078316])  # of the notebook's random key 0
OFFSET = 0.8535516262054443
EPS = 1e-4  # the notebook's


def loss(b, dtype: str = "float32"):
    """−Σ log p(label), p = ½(tanh(z/2) + 1), z = Wa + b."""
    z = jnp.asarray(POINTS, dtype) @ jnp.asarray(WEIGHTS, dtype) + b
    p = 0.5 * (jnp.tanh(z / 2) + 1)
    return -jnp.sum(jnp.log(jnp.where(LABELS, p, 1 - p)))


def small_logistic(best: float) -> dict[str, float]:
    """The derivative by b: exact, and in single precision by a quotient of the notebook's ε, or of the best."""
    b, own = jnp.asarray(OFFSET, "float32"), jnp.asarray(OFFSET, "float64")
    found = {"loss": float(loss(own, "float64")), "exact": float(jax.grad(lambda b: loss(b, "float64"))(own))}
    found["automatic"] = float(jax.grad(loss)(b))
    for name, eps in (("notebook", EPS), ("best", best)):
        # ε itself is single, and so are the sums, as in the notebook: b ± ε/2 over ε
        h = jnp.asarray(eps, "float32")
        found[name] = float((loss(b + h / 2) - loss(b - h / 2)) / h)
    return found
