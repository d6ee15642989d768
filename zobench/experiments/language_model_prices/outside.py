"""A process of its own: the peak of resident memory of one call, as the operating system counts it."""

import ctypes
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from zobench.experiments.language_model_prices.study import STEPS, made, stepped, ways

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
M_MMAP_THRESHOLD = -3  # of mallopt: larger blocks come from the system and go back to it


def resident(which: str) -> int:
    """Bytes of VmRSS (now) or VmHWM (at most since the last reset)."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{which}:"))
    return 1024 * int(line.split()[1])


def main(name: str, length: int, batch: int) -> int:
    """Compile, and then look at what a call adds."""
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 65536)
    problem = made(length, batch)
    f = stepped(problem, STEPS[name]()) if name in STEPS else ways(problem)[name]
    x = jax.device_put(np.asarray(problem.x0) + np.float32(0))
    program = jax.jit(f, donate_argnums=(0,) if name in STEPS else ()).lower(x).compile()
    jax.block_until_ready(jnp.sum(x))
    RESET.write_text("5")
    before = resident("VmRSS")
    jax.block_until_ready(program(x))
    return resident("VmHWM") - before


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
