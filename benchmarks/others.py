"""The same step by other libraries, as their documentation has it; each is left out where it is not installed.

They draw Gaussian directions where that is what they offer; every one asks two values a step and moves along one
direction. `pip install -e ".[peers]"` installs them (pypop7 and nevergrad without what their other methods need).
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import jax
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
        shape, rate = (setting.runs, setting.n), 1 / (setting.n + 2)

        def go(seed: int) -> np.ndarray:
            x = start.expand(shape).clone()
            generator = torch.Generator()

            def direction(k: int) -> Any:
                generator.manual_seed(seed * 1_000_003 + k)
                return torch.randn(shape, generator=generator, dtype=x.dtype)

            with torch.no_grad():
                for k in range(steps):
                    z = direction(k)
                    x.add_(z, alpha=EPS)
                    ahead = (x * x) @ half
                    x.add_(z if stored else direction(k), alpha=-2 * EPS)
                    behind = (x * x) @ half
                    slope = (ahead - behind) / (2 * EPS)
                    x.add_(z if stored else direction(k), alpha=EPS)
                    x.sub_((rate * slope)[:, None] * (z if stored else direction(k)))
            return x.numpy()

        return go

    return make


def evosax_open_es(problem: Problem, setting: Setting, steps: int) -> Run:
    """Open_ES with a population of two opposite points and plain gradient descent, compiled, in a scan."""
    from evosax.algorithms import Open_ES

    strategy: Any = Open_ES(
        population_size=2,
        solution=problem.x0,
        optimizer=optax.sgd(1 / (setting.n + 2)),
        std_schedule=optax.constant_schedule(EPS),
        fitness_shaping_fn=lambda population, fitness, state, params: fitness,
    )
    params, f = strategy.default_params, jax.vmap(problem.f)

    def step(state, key):
        ask, tell = jax.random.split(key)
        population, state = strategy.ask(ask, state, params)
        state, _ = strategy.tell(tell, population, f(population), state, params)
        return state, None

    def one(key):
        first, *keys = jax.random.split(key, 2)
        state = strategy.init(first, problem.x0, params)
        return jax.lax.scan(step, state, jax.random.split(keys[0], steps))[0].mean

    keys = jax.random.split(jax.random.key(0), setting.runs)
    whole = jax.jit(jax.vmap(one) if setting.runs > 1 else lambda keys: one(keys[0])[None]).lower(keys).compile()
    return lambda seed: np.asarray(whole(jax.random.split(jax.random.key(seed), setting.runs)))


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
