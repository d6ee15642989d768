"""What besides the config and the code decides numbers: variables of the environment, and the machine.

What the user sets is in the key of a record; what a machine is stands in the record. Nothing here imports jax.
"""

import os
import platform
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from zobench.accelerators import cards

VARIABLES = (  # of XLA, of jax, of the linear algebra of numpy, scipy and CUDA
    "XLA_FLAGS", "LIBTPU_INIT_ARGS", "NPROC", "PJRT_NPROC",
    "JAX_PLATFORMS", "JAX_PLATFORM_NAME", "JAX_DEFAULT_DEVICE", "JAX_DEFAULT_MATMUL_PRECISION",
    "JAX_DEFAULT_PRNG_IMPL", "JAX_DISABLE_JIT", "JAX_DISABLE_MOST_OPTIMIZATIONS", "JAX_OPTIMIZATION_LEVEL",
    "JAX_EXEC_TIME_OPTIMIZATION_EFFORT", "JAX_NUMPY_DTYPE_PROMOTION", "JAX_EXPLICIT_X64_DTYPES",
    "JAX_ALLOW_F16_REDUCTIONS", "JAX_RANDOM_SEED_OFFSET", "JAX_THREEFRY_PARTITIONABLE",
    "JAX_THREEFRY_GPU_KERNEL_LOWERING", "JAX_ENABLE_CUSTOM_PRNG", "JAX_HIGH_DYNAMIC_RANGE_GUMBEL",
    "JAX_SOFTMAX_CUSTOM_JVP", "JAX_USE_MAGMA",
    "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "NVIDIA_TF32_OVERRIDE",
)  # fmt: skip
SMALL_LOOPS = "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=100000000"
SETS = {"avx512": "avx512f", "avx2": "avx2", "avx": "avx", "sse4": "sse4_2", "sse2": "sse2", "neon": "asimd"}
PROGRAMS = 2**29  # bytes of compiled programs that are kept
SIMILAR = ("instructions", "threads", "device")  # machines that agree in these give the same bits


def prepare_jax() -> None:
    """What jax reads from the environment when it starts, in this process and its workers; what the user has set stays.

    One thread a process: the same bits on any machine, no quarrel between workers. Loops over small arrays in one
    compiled function: half the time to compile, half a step at n = 10, rounding changed at most. Compiled programs are
    kept in the user's cache folder (`bound_programs`).
    """
    os.environ.setdefault("NPROC", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    flags = os.environ.get("XLA_FLAGS", "")
    if "--xla_backend_extra_options" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {SMALL_LOOPS}".strip()
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", _programs())
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.05")


def _programs() -> str:
    """Where compiled programs are kept unless the user says."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "zobench")


def bound_programs(most: int = PROGRAMS) -> int:
    """Remove the compiled programs that were last used longest ago, until the rest has `most` bytes; how many.

    JAX's own bound lists the folder, and reads a file for each program in it, whenever it adds one. A folder that the
    user has named is left alone.
    """
    folder, kept, removed = os.environ.get("JAX_COMPILATION_CACHE_DIR", ""), 0, 0
    if folder != _programs():
        return 0
    with suppress(OSError):
        files = [(entry.stat(), entry.path) for entry in os.scandir(folder) if entry.name.endswith("-cache")]
        for about, path in sorted(files, key=lambda file: max(file[0].st_atime, file[0].st_mtime), reverse=True):
            kept += about.st_size
            if kept > most:
                os.unlink(path)
                removed += 1
    return removed


def numeric_environment() -> dict[str, str]:
    """The variables of the environment that change numbers, those that are set; flags of XLA sorted by their names.

    Where none of them says what jax computes on, and it will take an accelerator, the kind of that.

    They are what `store.key` sees of this process: a worker has to run with those of the process that planned its cell.
    """
    found = {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
    if "XLA_FLAGS" in found:
        found["XLA_FLAGS"] = _flags(found["XLA_FLAGS"])
    if "JAX_PLATFORMS" not in found and "JAX_PLATFORM_NAME" not in found and (kind := cards().kind):
        found["accelerator"] = kind
    return found


def _flags(text: str) -> str:
    """Of several with one name XLA takes the last; where the text names a file, it reads them there."""
    if not text.lstrip().startswith("-"):
        try:
            text = Path(text).read_text()
        except (OSError, ValueError):
            return text
    said = [flag for flag in text.split() if not flag.startswith("--xla_dump_")]
    return " ".join(sorted(said, key=lambda flag: flag.partition("=")[0]))


def machine() -> dict[str, Any]:
    """Where a record is made: system, processor, its vector instructions, cores, threads, Python, and jax's device.

    The device is asked for only where jax has been imported, else "": who has not run on it does not start it.
    """
    return {**_processor(), "threads": _threads(), "device": _device()}


@cache
def _processor() -> dict[str, Any]:
    about = _cpuinfo()
    flags = (about.get("flags") or about.get("features") or "").split()
    known = [name for name, flag in SETS.items() if flag in flags]
    known += ["neon"] if platform.machine() in ("arm64", "aarch64") else []
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": about.get("model name") or platform.processor() or platform.machine(),
        "instructions": known[0] if known else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _cpuinfo() -> dict[str, str]:
    """The first processor, as Linux tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _threads() -> int:
    """Of XLA on the processor: what NPROC says, else all cores that this process may use."""
    for name in ("PJRT_NPROC", "NPROC"):
        if os.environ.get(name, "").isdecimal():
            return int(os.environ[name])
    return usable_cores()


def usable_cores() -> int:
    """How many cores this process may use."""
    usable = getattr(os, "sched_getaffinity", lambda pid: range(os.cpu_count() or 1))
    return len(usable(0))


def _device() -> str:
    jax = sys.modules.get("jax")
    try:
        kind, backend = (jax.devices()[0].device_kind, jax.default_backend()) if jax else ("", "")
        kind = f"{len(jax.devices())} x {kind}" if jax and backend != "cpu" and len(jax.devices()) > 1 else kind
    except (RuntimeError, AttributeError):  # jax finds no device, or is being imported
        return ""
    return backend if kind == backend else f"{backend} {kind}"


def kinds(metas: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How many records that ended well each kind of machine has made, in words that say where the kinds differ.

    The model of the processor alone makes no kind. A single one is "".
    """
    found = [meta.get("machine") for meta in metas if meta.get("status") == "ok"]
    shown = [tuple(_part(each, name) for name in SIMILAR) for each in found if isinstance(each, dict)]
    differ = [i for i in range(len(SIMILAR)) if len({parts[i] for parts in shown}) > 1]
    return Counter(", ".join(parts[i] for i in differ) for parts in shown)


def _part(machine: Mapping[str, Any], name: str) -> str:
    value = machine.get(name)
    if name == "threads":
        return f"{value} thread" + "s" * (value != 1)
    return str(value or f"unknown {name}")


def mixed(metas: Iterable[Mapping[str, Any]]) -> str:
    """A line for records that were made on machines whose numbers may differ; "" where they are alike."""
    found = kinds(metas)
    if len(found) < 2:
        return ""
    counts = [f"{kind} ({count} cell{'s' * (count > 1)})" for kind, count in found.most_common()]
    return f"records of {len(found)} kinds of machines: {', '.join(counts)}; their numbers may differ by rounding"
