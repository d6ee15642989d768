"""The same step by other libraries, as their documentation has it; each is left out where it is not installed.

They draw Gaussian directions where that is what they offer; every one asks two values a step and moves along one
direction. `pip install -e ".[peers]"` installs them (pypop7 and nevergrad without what their other methods need).
"""

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from harness import Run, Setting

from zobench.types import Problem

EPS = 3e-3


def _half(problem: Problem) -> np.ndarray:
    assert problem.modes is not None
    return (problem.modes.eigenvalue / 2).astype(problem.x0.dtype)


def torch_mezo(stored: bool) -> Callable[[Problem, Setting, int], Run]:
    """MeZO (Malladi et al. 2023): in place, the direction drawn again from its seed, or stored."""

    def make(problem: Problem, setting: Setting, steps: int) -> Run:
        import torch

        torch.set_num_threads(1)
        half, start = torch.tensor(_half(problem)), torch.tensor(np.asarray(problem.x0))

        def go(seed: int) -> np.ndarray:
            x = start.expand((setting.runs, setting.n)).clone()
            mezo_steps(x, half, range(seed * 1_000_003, seed * 1_000_003 + steps), stored)
            return x.numpy()

        return go

    return make


def mezo_steps(x: Any, half: Any, seeds: Iterable[int], stored: bool = False) -> None:
    """Steps of x [runs, n] on ½ Σ hᵢxᵢ², one for each seed, in place, on the device where x and h/2 are."""
    import torch

    rate, generator = 1 / (x.shape[1] + 2), torch.Generator(device=x.device)

    def direction(seed: int) -> Any:
        generator.manual_seed(seed)
        return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)

    with torch.no_grad():
        for seed in seeds:
            z = direction(seed)
            x.add_(z, alpha=EPS)
            ahead = (x * x) @ half
            x.add_(z if stored else direction(seed), alpha=-2 * EPS)
            behind = (x * x) @ half
            slope = (ahead - behind) / (2 * EPS)
            x.add_(z if stored else direction(seed), alpha=EPS)
            x.sub_((rate * slope)[:, None] * (z if stored else direction(seed)))


def evosax_open_es(problem: Problem, setting: Setting, steps: int) -> Run:
    """Open_ES with a population of two opposite points and plain gradient descent, compiled, in a scan."""
    one, x0 = evosax_steps(problem, steps), jnp.asarray(problem.x0)
    keys = jax.random.split(jax.random.key(0), setting.runs)
    runs = jax.vmap(one, in_axes=(0, None)) if setting.runs > 1 else lambda keys, x: one(keys[0], x)[None]
    whole = jax.jit(runs).lower(keys, x0).compile()
    return lambda seed: np.asarray(whole(jax.random.split(jax.random.key(seed), setting.runs), x0))


def evosax_steps(problem: Problem, steps: int) -> Callable[[Any, Any], Any]:
    """The function (key, x) that makes so many steps of Open_ES from x."""
    from evosax.algorithms import Open_ES

    strategy: Any = Open_ES(
        population_size=2,
        solution=problem.x0,
        optimizer=optax.sgd(1 / (problem.n + 2)),
        std_schedule=optax.constant_schedule(EPS),
        fitness_shaping_fn=lambda population, fitness, state, params: fitness,
    )
    params, f = strategy.default_params, jax.vmap(problem.f)

    def step(state, key):
        ask, tell = jax.random.split(key)
        population, state = strategy.ask(ask, state, params)
        state, _ = strategy.tell(tell, population, f(population), state, params)
        return state, None

    def one(key, x):
        first, *keys = jax.random.split(key, 2)
        state = strategy.init(first, x, params)
        return jax.lax.scan(step, state, jax.random.split(keys[0], steps))[0].mean

    return one


def nevergrad_spsa(problem: Problem, setting: Setting, steps: int) -> Run:
    """SPSA by ask and tell, two values a step."""
    import nevergrad

    half = _half(problem).astype(float)

    def go(seed: int) -> np.ndarray:
        ends = []
        for i in range(setting.runs):
            start = nevergrad.p.Array(init=np.asarray(problem.x0, float))
            start.random_state.seed(seed * setting.runs + i)
            solver = nevergrad.optimizers.registry["SPSA"](start, budget=2 * steps)
            for _ in range(2 * steps):
                candidate = solver.ask()
                x = candidate.value
                solver.tell(candidate, float(half @ (x * x)))
            ends.append(solver.provide_recommendation().value)
        return np.array(ends)

    return go


def pypop7_gs(problem: Problem, setting: Setting, steps: int) -> Run:
    """Gaussian smoothing with a forward quotient: f(x) and one value beside it a step."""
    from pypop7.optimizers.rs.gs import GS

    n, half = setting.n, _half(problem).astype(float)
    bounds = {"lower_boundary": np.full(n, -5.0), "upper_boundary": np.full(n, 5.0)}
    task = {"fitness_function": lambda x: float(half @ (x * x)), "ndim_problem": n, **bounds}

    def go(seed: int) -> np.ndarray:
        ends = []
        for i in range(setting.runs):
            options = {"max_function_evaluations": 2 * steps, "seed_rng": seed * setting.runs + i, "verbose": False}
            options |= {"x": np.asarray(problem.x0, float), "n_individuals": 1, "c": EPS, "lr": 1 / (n + 2)}
            ends.append(GS(task, options).optimize()["best_so_far_x"])
        return np.array(ends)

    return go


def installed(name: str) -> bool:
    """Whether a library can be imported."""
    return find_spec(name) is not None
