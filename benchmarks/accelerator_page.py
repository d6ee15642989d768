"""The tables and the figure of accelerator.py: times, ratios, what was left out and why, memory as compiled."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import accelerator_steps as ways
import harness
import jax
import numpy as np
import optax
from accelerator_steps import TWO, Task
from matplotlib.axes import Axes

from zobench import batches, surroundings, together
from zobench.estimators import two_point
from zobench.methods import descent
from zobench.report import drawing, files

OURS, GAUSSIAN, APART = "zobench", "zobench, Gaussian", "zobench, apart"
MEZO, EVOSAX, PLAIN = "PyTorch, MeZO", "evosax", "JAX, plain"
COPY, GENERATOR = "copy, 16 bytes", "generator alone"
NAMES = (OURS, GAUSSIAN, APART, MEZO, EVOSAX, PLAIN, COPY, GENERATOR)
RATIOS = [(MEZO, OURS), (MEZO, GAUSSIAN), (EVOSAX, OURS), (PLAIN, GAUSSIAN)]  # above 1: zobench is faster
RATIOS += [(OURS, COPY), (GAUSSIAN, COPY), (OURS, GENERATOR), (APART, OURS)]
ACROSS = 1000  # the dimension at which the number of runs grows in the figure
LOOKS = {
    OURS: (drawing.VERMILLION, "^", "-"),
    GAUSSIAN: (drawing.ORANGE, "v", "-"),
    APART: (drawing.PURPLE, "<", "-"),
    MEZO: (drawing.SKY, "P", "--"),
    EVOSAX: (drawing.GREEN, "h", "--"),
    PLAIN: (drawing.BLUE, "o", "--"),
    COPY: (drawing.BLACK, "", ":"),
    GENERATOR: (drawing.GREY, "", ":"),
}
NOTES = [
    "- zobench: the compiled block with its records, uniform directions on the sphere, or Gaussian ones; runs as",
    "  `layout=auto` takes them here, and apart where that is together. Apart, one run is timed: the others cost the",
    "  same; and of groups of runs one group.",
    "- PyTorch, MeZO: in place, the direction drawn four times from its seed. evosax: Open_ES, population 2, in",
    "  `lax.scan`. JAX, plain: `random.normal` in `lax.scan`, `vmap` over runs. All three with Gaussian directions.",
    "- copy, 16 bytes: two arrays of as many numbers as all runs have, both read and written in a step: a step that",
    "  reads and writes four numbers a coordinate takes no less. Short arrays stay in caches.",
    "- generator alone: the words of Threefry for two directions a step, added up and not kept. zobench may take less:",
    "  two steps share the words of a normal.",
]


class Found(NamedTuple):
    """Microseconds a step of a run, one for each repeat; zobench's layout, and bytes a coordinate as compiled."""

    task: Task
    name: str
    layout: str
    microseconds: list[float]
    held: float


class LeftOut(NamedTuple):
    """What was not measured, and why."""

    task: Task
    name: str
    why: str


def memory(size: int) -> list[dict[str, Any]]:
    """Bytes a coordinate of all runs of the program for a wide machine, by direction, with 1 and with 1,000 runs."""
    rows = []
    for n, runs in ((size, 1), (size // 1000, 1000)):
        problem = ways.problem_of(n)
        for direction in ("gaussian", "sphere", "rademacher"):
            estimator = two_point(direction)
            with batches.wide():
                program = together.compile_group(problem, lambda step, e=estimator: descent(e, optax.sgd(step)), runs)
            about = program.block.func.memory_analysis()  # type: ignore[attr-defined]
            if about is not None:
                own = {"arguments": about.argument_size_in_bytes, "temporary": about.temp_size_in_bytes}
                row = {name: value / (n * runs) for name, value in own.items()}
                rows.append({"direction": direction, "n": n, "runs": runs, **row, "bytes": sum(row.values())})
    return rows


def write(
    folder: Path, found: Sequence[Found], left: Sequence[LeftOut], held: Sequence[dict[str, Any]], seconds: float
) -> None:
    """All files of the report, of a command that had so many seconds."""
    files.write(folder / "accelerator.md", text(found, left, held, seconds))
    files.write_csv(folder / "accelerator.csv", [*rows(found), *ratio_rows(found)])
    files.write_csv(folder / "accelerator_memory.csv", held)
    draw(found, folder)


def device() -> str:
    """What it was measured on: the accelerator, or that it is a CPU, and the versions of all that took part."""
    kinds = [each.device_kind for each in jax.devices()]
    name = f"{len(kinds)} x {kinds[0]}" if len(kinds) > 1 else kinds[0]
    if jax.default_backend() == "cpu":
        return (
            f"Device: a CPU and no accelerator, one thread on one core, processor time. {harness.machine()}{_peers()}."
        )
    return f"Device: {name}, {surroundings.machine()['cores']} cores beside it. {harness.machine()}{_peers()}."


def _peers() -> str:
    shown = []
    for name in ("torch", "evosax"):
        try:
            shown.append(f", {name} {version(name)}")
        except PackageNotFoundError:
            continue
    return "".join(shown)


def rows(found: Sequence[Found]) -> list[dict[str, Any]]:
    """A line for each time."""
    kind = jax.devices()[0].device_kind
    return [
        {
            "device": kind if jax.default_backend() != "cpu" else "CPU",
            **each.task._asdict(),
            "name": each.name,
            "layout": each.layout,
            "repeats": len(each.microseconds),
            "microseconds": float(np.median(each.microseconds)),
            "least": min(each.microseconds),
            "most": max(each.microseconds),
            "bytes_a_coordinate": None if np.isnan(each.held) else each.held,
            "ratio": None,
        }
        for each in found
    ]


def ratio_rows(found: Sequence[Found]) -> list[dict[str, Any]]:
    """A line for each ratio of medians, in the columns of the others."""
    empty = dict.fromkeys(rows(found)[0]) if found else {}
    device = {"device": rows(found)[0]["device"]} if found else {}
    return [
        {**empty, **device, **task._asdict(), "name": f"{above} over {below}", "ratio": value}
        for task in dict.fromkeys(each.task for each in found)
        for (above, below), value in ratios(found, task).items()
    ]


def ratios(found: Sequence[Found], task: Task) -> dict[tuple[str, str], float]:
    """Those of RATIOS of which both are known."""
    times = {each.name: float(np.median(each.microseconds)) for each in found if each.task == task}
    return {pair: times[pair[0]] / times[pair[1]] for pair in RATIOS if pair[0] in times and pair[1] in times}


def text(found: Sequence[Found], left: Sequence[LeftOut], held: Sequence[dict[str, Any]], seconds: float) -> str:
    """The page."""
    lines = ["# Steps, and what the device can do at most", "", device(), ""]
    lines += ["f(x) = ½ Σ hᵢxᵢ², float32, without compiling; median (least to most) of 5 repeats, taken in turn;"]
    lines += [f"time limit of all of it: {seconds:.0f} s.", ""]
    lines += [*NOTES, *_times(found), *_ratios(found)]
    lines += ["", "| program for an accelerator: bytes a coordinate | n | runs | arguments | temporary | sum |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    for row in held:
        sums = " | ".join(f"{row[name]:.3g}" for name in ("arguments", "temporary", "bytes"))
        lines.append(f"| {row['direction']} | {row['n']:,} | {row['runs']:,} | {sums} |")
    lines += [
        "",
        "As JAX has compiled it for this device. Arguments: x, and h/2, which all runs share. Temporary: what a step",
    ]
    lines += ["keeps."]
    return "\n".join([*lines, *_left(left)]) + "\n"


def _times(found: Sequence[Found]) -> list[str]:
    names = [name for name in NAMES if any(each.name == name for each in found)]
    lines = ["", f"| µs a step of a run | n | runs | {' | '.join(names)} |", "| --- |" + " ---: |" * (len(names) + 2)]
    for task in _in_order(found):
        times = {each.name: each.microseconds for each in found if each.task == task}
        cells = [_spread(times[name]) if name in times else "" for name in names]
        layout = next((each.layout for each in found if each.task == task and each.name == OURS), "")
        what = f"{task.kind}, zobench {layout}" if layout else task.kind
        lines.append(f"| {what} | {task.n:,} | {task.runs:,} | {' | '.join(cells)} |")
    return lines


def _spread(times: Sequence[float]) -> str:
    return f"{harness.digits(float(np.median(times)))} ({harness.digits(min(times))} to {harness.digits(max(times))})"


def _ratios(found: Sequence[Found]) -> list[str]:
    shown = {task: ratios(found, task) for task in _in_order(found)}
    pairs = [pair for pair in RATIOS if any(pair in each for each in shown.values())]
    lines = ["", f"| ratio of times | n | runs | {' | '.join(f'{a} over {b}' for a, b in pairs)} |"]
    lines += ["| --- |" + " ---: |" * (len(pairs) + 2)]
    for task, each in shown.items():
        cells = [harness.digits(each[pair]) if pair in each else "" for pair in pairs]
        lines += [f"| {task.kind} | {task.n:,} | {task.runs:,} | {' | '.join(cells)} |"] if each else []
    return lines


def _left(left: Sequence[LeftOut]) -> list[str]:
    reasons = dict.fromkeys((each.name, each.why) for each in left)
    lines = ["", "Left out:", ""] if left else ["", "Nothing was left out."]
    for name, why in reasons:
        where = [each.task for each in left if (each.name, each.why) == (name, why)]
        what = "; ".join(f"{task.kind}, n = {task.n:,}, runs = {task.runs:,}" for task in where)
        lines.append(f"- {name}: {why} ({what})")
    return lines


def _in_order(found: Sequence[Found]) -> list[Task]:
    kinds = list(dict.fromkeys(each.task.kind for each in found))
    return sorted({each.task for each in found}, key=lambda task: (kinds.index(task.kind), task.runs, task.n))


def draw(found: Sequence[Found], folder: Path) -> None:
    """One run against the dimension; runs of one dimension against their number."""
    with drawing.context():
        figure, ((left, right),) = drawing.panels(1, 2, wide=3.3, high=2.7, head=0.35)
        shown = [each for each in found if each.task.kind == TWO and (each.task.runs == 1 or each.task.n == ACROSS)]
        names = [name for name in NAMES if any(each.name == name for each in shown)]
        for name in names:
            own = [each for each in shown if each.name == name]
            _line(left, name, [(each.task.n, each) for each in own if each.task.runs == 1])
            _line(right, name, [(each.task.runs, each) for each in own if each.task.n == ACROSS])
        left.set(xscale="log", yscale="log", title="one run", xlabel="dimension n", ylabel="µs a step of a run")
        right.set(xscale="log", yscale="log", title=f"n = {ACROSS:,}", xlabel="runs")
        handles = [drawing.handle(name, LOOKS[name][0], marker=LOOKS[name][1], ls=LOOKS[name][2]) for name in names]
        where = "a CPU, one core" if jax.default_backend() == "cpu" else jax.devices()[0].device_kind
        drawing.legend(figure, handles, f"median of repeats, band from least to most; float32, on {where}", columns=4)
        drawing.save(figure, folder, "accelerator")


def _line(axes: Axes, name: str, points: Sequence[tuple[int, Found]]) -> None:
    colour, marker, dash = LOOKS[name]
    shown = sorted(points, key=lambda point: point[0])
    if shown:
        x, times = [at for at, _ in shown], [each.microseconds for _, each in shown]
        drawing.band(axes, x, [min(each) for each in times], [max(each) for each in times], colour, 0.2)
        axes.plot(x, [float(np.median(each)) for each in times], color=colour, marker=marker, ls=dash)
