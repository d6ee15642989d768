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
TOGETHER = 256  # steps whose directions NumPy draws at once, at most


def problem_of(setting: Setting) -> Problem:
    """The log-uniform quadratic; call it, and whatever runs it, under the setting's precision."""
    return harness.at(quadratic(setting.n), setting)


def zobench_block(problem: Problem, setting: Setting, steps: int) -> Run:
    """One call of the block, with the records of one section."""
    with mock.patch.object(rhythm, "SECTIONS", 1):
        program = _compiled(problem)
    return _advance(program._replace(every=steps // program.records + 1), setting, steps)


def zobench_any(problem: Problem, setting: Setting, steps: int) -> Run:
    """A run where nothing is known about f."""
    f = problem.f
    return zobench_run(problem._replace(f=lambda x: f(x)), setting, steps)


def zobench_run(problem: Problem, setting: Setting, steps: int) -> Run:
    """As a run goes: with all its records, and a look by the host between blocks."""
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
    """No allocation in the loop, the directions of many steps drawn at once, runs in groups that stay in the cache."""
    x0 = np.asarray(problem.x0)
    dtype, eps = x0.dtype, best_eps("central", x0.dtype)
    half = (np.asarray(_eigenvalues(problem)) / 2).astype(dtype)
    size = max(1, min(setting.runs, CACHED // setting.n))
    many = max(1, min(steps, TOGETHER, 4 * CACHED // (size * setting.n)))
    loop_of = _numpy_run if size == 1 else _numpy_runs

    def group(rng: np.random.Generator, x: np.ndarray) -> None:
        v, made = np.empty((many, *x.shape), dtype), 0
        advance = loop_of(x, half, eps)
        while made < steps:
            now = v[: steps - made]
            rng.standard_normal(dtype=dtype.type, out=now)
            now *= (eps / np.sqrt(np.einsum("kij,kij->ki", now, now)))[..., None].astype(dtype)  # εv
            advance(now)
            made += len(now)

    def go(seed: int) -> np.ndarray:
        rng = np.random.Generator(np.random.SFC64(seed))
        x = np.tile(x0, (setting.runs, 1))
        for first in range(0, setting.runs, size):
            group(rng, x[first : first + size])
        return x

    return go


def _numpy_run(x: np.ndarray, half: np.ndarray, eps: float) -> Callable[[np.ndarray], None]:
    """Steps of one run along the rows of v [steps, 1, n]: vectors alone, which cost NumPy least."""
    (x,), scale = x, x.dtype.type(1 / (2 * eps**2))
    ahead, behind = np.empty_like(x), np.empty_like(x)
    add, subtract, multiply, dot = np.add, np.subtract, np.multiply, half.dot

    def advance(v: np.ndarray) -> None:
        for each in v[:, 0]:
            add(x, each, ahead)
            subtract(x, each, behind)
            multiply(ahead, ahead, ahead)
            multiply(behind, behind, behind)
            multiply(each, (dot(ahead) - dot(behind)) * scale, each)  # αn D v, αn = 1
            subtract(x, each, x)

    return advance


def _numpy_runs(x: np.ndarray, half: np.ndarray, eps: float) -> Callable[[np.ndarray], None]:
    """Steps of several runs along v [steps, runs, n], both values in one product."""
    both, scale = np.empty((2, *x.shape), x.dtype), x.dtype.type(1 / (2 * eps**2))
    (ahead, behind), rows, values = both, both.reshape(-1, x.shape[1]), np.empty((2, len(x), 1), x.dtype)
    up, down = values
    add, subtract, multiply, dot, flat = np.add, np.subtract, np.multiply, rows.dot, values.reshape(-1)

    def advance(v: np.ndarray) -> None:
        for each in v:
            add(x, each, ahead)
            subtract(x, each, behind)
            multiply(rows, rows, rows)
            dot(half, flat)
            subtract(up, down, up)
            multiply(up, scale, up)
            multiply(each, up, each)
            subtract(x, each, x)

    return advance


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
