"""What the steps of `layout=together` are on an H200, told by XLA's compiler for it, without one: kernels and bytes.

`python benchmarks/accelerator_kernels.py [--out DIR]` needs `pip install "zobench[cuda]"` and no card. Nothing is run,
so nothing here is a time. A row of accelerator_kernels.csv is a program with the quadratic of accelerator.py in
float32; all but `memory` is of one step, and of a coordinate of all runs that of two-point rows alone.
"""

import argparse
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

if __name__ == "__main__":  # before jax
    from zobench.surroundings import prepare_jax

    os.environ["JAX_PLATFORMS"] = "cpu"
    prepare_jax()

import accelerator_steps as ways
import jax
import numpy as np
import optax
from accelerator_steps import AXES, FRAME, TWO, Task
from jax.experimental import topologies
from jax.sharding import NamedSharding, PartitionSpec

from zobench import batches, programs, together, types, wide_steps
from zobench.methods import descent
from zobench.report import files
from zobench.types import Problem, separable

ROOT = Path(__file__).parent.parent
# A GpuTargetConfigProto: the card as its makers describe it.
H200 = """
gpu_device_info {
  threads_per_block_limit: 1024 threads_per_warp: 32 shared_memory_per_block: 49152 shared_memory_per_core: 233472
  threads_per_core_limit: 2048 core_count: 132 fpus_per_core: 128 block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535 block_dim_limit_z: 65535 memory_bandwidth: 4800000000000 l2_cache_size: 52428800
  clock_rate_ghz: 1.98 device_memory_size: 151397597184 shared_memory_per_block_optin: 232448
  cuda_compute_capability { major: 9 } registers_per_core_limit: 65536 registers_per_block_limit: 65536
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 12 }
runtime_version { major: 13 }
device_description_str: "NVIDIA H200"
"""
TASKS = [
    *((Task(TWO, n, 1), direction) for n in (10**6, 10**8, 10**9) for direction in ("gaussian", "sphere")),
    (Task(TWO, 10**6, 1), "rademacher"),
    *((Task(TWO, n, runs), "sphere") for n, runs in ((64, 20), (512, 20), (100, 20_000), (1000, 1000))),
    (Task(AXES, 512, 20), "axes"),
    (Task(FRAME, 512, 20), "orthogonal"),
]
NUMBER = {"f64": 8, "s64": 8, "u64": 8, "c64": 8, "f32": 4, "s32": 4, "u32": 4, "bf16": 2, "f16": 2, "pred": 1, "u8": 1}
NO_KERNELS = {"parameter", "tuple", "get-tuple-element", "constant", "bitcast", "after-all", "while"}


class Instruction(NamedTuple):
    """A line of a program as XLA writes it: what it makes, and the rest of the line."""

    name: str
    shape: str
    kind: str
    rest: str


def main(folder: Path) -> None:
    """Compile each task, and write accelerator_kernels.csv."""
    jax.devices()  # the plugins are found
    try:
        card = topologies.get_topology_desc("", platform="cuda", target_config=H200, topology="1x1x1")
    except NotImplementedError:
        raise SystemExit('JAX has no compiler for the card: pip install "zobench[cuda]"') from None
    place = NamedSharding(topologies.make_mesh(card, (1,), ("card",)), PartitionSpec())
    rows = []
    for task, direction in TASKS:
        rows.append(row(task, direction, place))
        print(", ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    names = dict.fromkeys(name for found in rows for name in found)
    files.write_csv(folder / "accelerator_kernels.csv", [{name: found.get(name) for name in names} for found in rows])


def row(task: Task, direction: str, place: NamedSharding) -> dict[str, Any]:
    """A task's program: the steps of its innermost loop, or of a record where there is one after each step."""
    problem, size = problem_of(task.n), task.n * task.runs
    estimator, _ = ways.estimator_of(task, direction)
    compiler = partial(_compiled, place)
    # neither copies an array of n numbers, of which there is one in memory here
    light = mock.patch.object(types, "size_of", lambda x: 1.0), mock.patch.object(programs, "_are_same", _is_view)
    with batches.wide(), mock.patch.object(programs, "compiled", compiler), light[0], light[1]:
        program = together.compile_group(problem, lambda step: descent(estimator, optax.sgd(step)), task.runs)
        shared, rounds, turns = wide_steps.rounds_of(ways.period_of(estimator, task.n, task.runs), program.every, size)
    computations, memory = parsed(program.block.as_text()), ways.bytes_of(program.block)
    path = loops(computations, "ENTRY", 1 if program.every == 1 else 4)
    made = [each for each in computations[path[-1][0]] if each.kind not in NO_KERNELS]
    further = open_loops(computations, path[-1][0])
    found: dict[str, Any] = {
        "direction": direction,
        "n": task.n,
        "runs": task.runs,
        "steps_of_a_turn": shared,
        "kernels": len(made) / shared,
        "library_calls": calls(made) / shared,
        **{f"kernels_of_open_loop_{i}": len(each) for i, each in enumerate(further, 1)},
        **{f"library_calls_of_open_loop_{i}": calls(each) for i, each in enumerate(further, 1)},
        "steps_between_questions": None if rounds == 1 else turns * shared,
        "memory": memory / size,
    }
    if task.kind == TWO:
        shapes = {each.name: each.shape for each in computations[path[-1][0]]}
        read = sum(size_of(shapes.get(name, "")) for each in made for name in operands(each))
        found |= {"read": read / shared / size, "written": sum(size_of(each.shape) for each in made) / shared / size}
    return found


def problem_of(n: int) -> Problem:
    """The quadratic of accelerator.py, in arrays that have one number in memory: their values are not compiled."""
    half: Any = np.broadcast_to(np.float32(0.5), (n,))
    x0 = np.broadcast_to(np.float32(n**-0.5), (n,))
    return Problem(f=separable(lambda x: half * x**2), x0=x0, f_star=0.0, L=1.0, hessian_trace=n)


def _is_view(a: Any, b: Any) -> bool:
    return a is b or (a.shape == b.shape and a.dtype == b.dtype and a.ctypes.data == b.ctypes.data)


def _compiled(place: NamedSharding, f: Any, *args: Any, taken: Any = (), placed: Any = None) -> Any:
    """`programs.compiled` for the card: from shapes alone."""
    opened, held = programs.hoisted(f, *args)
    shape = lambda each: jax.ShapeDtypeStruct(np.shape(each), each.dtype, sharding=place)  # noqa: E731
    made = jax.jit(opened, compiler_options=programs.COMPILER_OPTIONS, donate_argnums=tuple(1 + i for i in taken))
    return made.lower([*map(shape, held)], *jax.tree.map(shape, args)).compile()


def parsed(text: str) -> dict[str, list[Instruction]]:
    """The computations of a program by their names; that of the whole is ENTRY."""
    found: dict[str, list[Instruction]] = {}
    name = ""
    for line in text.splitlines():
        if begun := re.match(r"^(ENTRY )?%?([\w.\-]+) \(.*\{\s*$", line):
            name = "ENTRY" if begun[1] else begun[2]
            found[name] = []
        elif one := re.match(r"^\s+(?:ROOT )?%?([\w.\-]+) = (.*?) ([a-z][\w\-]*)\((.*)$", line):
            found[name].append(Instruction(*one.groups()))
    return found


def whiles(computations: dict[str, list[Instruction]], name: str) -> Iterator[tuple[str, int | None]]:
    """The loops of a computation: their bodies, and their lengths where the compiler knows them."""
    for each in computations[name]:
        if each.kind == "while":
            body, length = re.search(r"body=%?([\w.\-]+)", each.rest), re.search(r'trip_count":{"n":"(\d+)', each.rest)
            assert body
            yield body[1], int(length[1]) if length else None


def loops(computations: dict[str, list[Instruction]], name: str, most: int) -> list[tuple[str, int | None]]:
    """The first loop of a computation, the first within it, and so on, as many as `most`."""
    found = next(whiles(computations, name), None) if most else None
    return [found, *loops(computations, found[0], most - 1)] if found else []


def open_loops(computations: dict[str, list[Instruction]], name: str) -> list[list[Instruction]]:
    """The kernels of a turn of each loop whose length is not known."""
    bodies = [body for body, length in whiles(computations, name) if length is None]
    return [[each for each in computations[body] if each.kind not in NO_KERNELS] for body in bodies]


def calls(made: list[Instruction]) -> int:
    """How many kernels are those of CUDA's libraries."""
    return sum(each.kind == "custom-call" for each in made)


def operands(each: Instruction) -> list[str]:
    """The names of what it reads."""
    return re.findall(r"%([\w.\-]+)", each.rest.partition(")")[0])


def size_of(shape: str) -> int:
    """Bytes of an array, or of a tuple of arrays."""
    found = re.findall(rf"\b({'|'.join(NUMBER)})\[([\d,]*)\]", shape)
    return sum(
        NUMBER[kind] * int(np.prod([int(length) for length in sides.split(",") if length])) for kind, sides in found
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="kernels of the steps on an H200, without one")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance")
    main(parser.parse_args().out)
