"""A two-point step on the separable quadratic, as zobench, NumPy, C and plain JAX make it."""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import harness
import jax
import jax.numpy as jnp
import numpy as np
import optax
from harness import Run, Setting

from zobench import loop, rhythm
from zobench.differences import best_eps
from zobench.estimators import two_point
from zobench.methods import descent
from zobench.problems.quadratics import quadratic
from zobench.types import Problem

CACHED = 1 << 14  # coordinates that NumPy works on at a time


def problem_of(setting: Setting) -> Problem:
    """The log-uniform quadratic; call it, and whatever runs it, under the setting's precision."""
    return harness.at(quadratic(setting.n), setting)


def zobench_block(problem: Problem, setting: Setting, steps: int) -> Run:
    """One call of the block, with the records of one section."""
    with mock.patch.object(rhythm, "SECTIONS", 1):
        program = _compiled(problem)
    return _advance(program._replace(every=steps // program.records + 1), setting, steps)


def zobench_any(problem: Problem, setting: Setting, steps: int) -> Run:
    """The same where nothing is known about f."""
    f = problem.f
    return zobench_block(problem._replace(f=lambda x: f(x)), setting, steps)


def zobench_run(problem: Problem, setting: Setting, steps: int) -> Run:
    """As a run goes: with all its records, and a look by the host at those of each block."""
    return _advance(_compiled(problem), setting, steps)


def _compiled(problem: Problem) -> loop.Program:
    return loop.compile_block(problem, lambda step: descent(two_point(), optax.sgd(step)))


def _advance(program: loop.Program, setting: Setting, steps: int) -> Run:
    stop = loop.Stop("gap", -1.0, np.inf, steps)

    def go(seed: int) -> np.ndarray:
        seeds = range(seed * setting.runs, (seed + 1) * setting.runs)
        return loop.advance(program, [1 / setting.n] * setting.runs, seeds, stop, lambda k: None).x_end

    return go


def jax_plain(problem: Problem, setting: Setting, steps: int) -> Run:
    """`random.normal` in a scan, and vmap over the runs."""
    n, f, x0 = setting.n, problem.f, problem.x0
    eps = best_eps("central", x0.dtype)

    def step(x, key):
        v = jax.random.normal(key, (n,), x.dtype)
        v = v / jnp.linalg.norm(v)
        slope = (f(x + eps * v) - f(x - eps * v)) / (2 * eps)
        return x - 1 / n * (n * slope * v), None

    def one(key):
        return jax.lax.scan(step, x0, jax.random.split(key, steps))[0]

    keys = jax.random.split(jax.random.key(0), setting.runs)
    whole = jax.jit(jax.vmap(one) if setting.runs > 1 else lambda keys: one(keys[0])[None]).lower(keys).compile()
    return lambda seed: np.asarray(whole(jax.random.split(jax.random.key(seed), setting.runs)))


def numpy_tuned(problem: Problem, setting: Setting, steps: int) -> Run:
    """No allocation in the loop, both values in one product, as many runs at a time as stay in the cache."""
    x0 = np.asarray(problem.x0)
    n, dtype, eps = setting.n, x0.dtype, best_eps("central", x0.dtype)
    half = (np.asarray(_eigenvalues(problem)) / 2).astype(dtype)
    size = max(1, min(setting.runs, CACHED // n))

    def group(rng: np.random.Generator, x: np.ndarray) -> None:
        v, both = np.empty_like(x), np.empty((2, *x.shape), dtype)
        ahead, behind = both
        for _ in range(steps):
            rng.standard_normal(dtype=dtype.type, out=v)
            reach = eps / np.sqrt(np.einsum("ij,ij->i", v, v))
            np.multiply(v, reach[:, None].astype(dtype), out=v)  # εv
            np.add(x, v, out=ahead)
            np.subtract(x, v, out=behind)
            np.multiply(both, both, out=both)
            up, down = both @ half
            np.multiply(v, ((up - down) / (2 * eps**2))[:, None].astype(dtype), out=v)  # αn D v, αn = 1
            np.subtract(x, v, out=x)

    def go(seed: int) -> np.ndarray:
        rng = np.random.Generator(np.random.SFC64(seed))
        x = np.tile(x0, (setting.runs, 1))
        for first in range(0, setting.runs, size):
            group(rng, x[first : first + size])
        return x

    return go


def fused(library: ctypes.CDLL, generator: str) -> Callable[[Problem, Setting, int], Run]:
    """The loop of fused.c with that generator, run after run."""

    def make(problem: Problem, setting: Setting, steps: int) -> Run:
        x0 = np.asarray(problem.x0)
        h, buffer = np.asarray(_eigenvalues(problem)).astype(x0.dtype), np.empty(setting.n, np.float32)
        kernel = getattr(library, f"{generator}_{x0.dtype}")
        long, real = ctypes.c_long, ctypes.c_double
        kernel.argtypes = [long, long, long, *[ctypes.c_void_p] * 3, real, real, ctypes.c_uint64]
        kernel.restype = None
        eps = best_eps("central", x0.dtype)

        def go(seed: int) -> np.ndarray:
            x = np.tile(x0, (setting.runs, 1))
            pointers = (part.ctypes.data for part in (h, x, buffer))
            kernel(setting.n, setting.runs, steps, *pointers, eps, 1 / setting.n, seed)
            return x

        return go

    return make


def _eigenvalues(problem: Problem) -> np.ndarray:
    assert problem.modes is not None
    return problem.modes.eigenvalue


def compiled_kernel() -> ctypes.CDLL | None:
    """fused.c for this machine, or None where there is no C compiler or it refuses."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder) / "fused.o", Path(folder) / "fused.so"
        fast = ["-O3", "-march=native", "-ffast-math", "-fPIC", "-c"]
        try:  # linked without -ffast-math, which would turn off subnormal numbers in the whole process
            for arguments in ([*fast, str(Path(__file__).with_name("fused.c"))], ["-shared", "-lm", str(code)]):
                made = library if "-shared" in arguments else code
                subprocess.run([compiler, *arguments, "-o", str(made)], check=True, capture_output=True)
            return ctypes.CDLL(str(library))
        except (subprocess.CalledProcessError, OSError):
            return None
