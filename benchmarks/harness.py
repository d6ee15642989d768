"""Timing side by side: what is measured, how, and the table and figure that show it."""

import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes

from zobench import surroundings
from zobench.report import drawing
from zobench.types import Problem

REPEATS = 5
DTYPES = ("float32", "float64")
OWN = ("zobench", "fused")  # drawn with solid lines
TOGETHER = 6  # implementations that share a panel
Run = Callable[[int], np.ndarray]


class Setting(NamedTuple):
    """What is measured: dimension, number of runs, dtype."""

    n: int
    runs: int
    dtype: str


class Implementation(NamedTuple):
    """`make(problem, setting, steps)` gives a function of a seed that makes the steps and returns x of shape [runs, n].

    Microseconds a step of all runs and nanoseconds a coordinate are guesses, which set the number of steps.
    """

    name: str
    make: Callable[[Problem, Setting, int], Run]
    microseconds: float
    nanoseconds: float
    colour: str
    marker: str
    most: int = 1 << 62  # coordinates of all runs, and runs, up to which it is measured
    most_runs: int = 1 << 62


class Measurement(NamedTuple):
    """Microseconds a step of a run: one for each repeat."""

    setting: Setting
    name: str
    steps: int
    microseconds: list[float]


def precision(setting: Setting) -> Any:
    """JAX's switch between float32 and float64, as a context."""
    return jax.enable_x64(setting.dtype == "float64")


def at(problem: Problem, setting: Setting) -> Problem:
    """The problem with its start in the setting's precision."""
    return problem._replace(x0=jnp.asarray(problem.x0, setting.dtype))


def steps_of(each: Implementation, setting: Setting, seconds: float) -> int:
    """About so many seconds of steps."""
    size = setting.n * setting.runs
    return max(2, int(seconds / (each.microseconds * 1e-6 * setting.runs + each.nanoseconds * 1e-9 * size)))


def measure(
    problem_of: Callable[[Setting], Problem],
    setting: Setting,
    those: Sequence[Implementation],
    seconds: float,
    repeats: int = REPEATS,
) -> list[Measurement]:
    """Each implementation in turn, so many times over; about so many seconds for each."""
    with precision(setting):
        problem = problem_of(setting)
        ready = []
        for each in those:
            if setting.n * setting.runs > each.most or setting.runs > each.most_runs:
                continue
            steps = steps_of(each, setting, seconds)
            ready.append((each.name, steps, each.make(problem, setting, steps), []))
        for repeat in range(repeats + 1):
            for _, steps, go, times in ready:
                start = time.perf_counter()
                go(repeat)
                times.append((time.perf_counter() - start) * 1e6 / (steps * setting.runs))
    return [Measurement(setting, name, steps, times[1:]) for name, steps, _, times in ready]  # the first one warms up


def table(title: str, notes: Sequence[str], measured: Sequence[Measurement], names: Sequence[str]) -> str:
    """Microseconds as median (least-most), then the time of each over zobench's: above 1, zobench is faster."""
    cells = {(m.setting, m.name): m.microseconds for m in measured}
    lines = [f"# {title}", "", *notes]
    for shown, columns in (
        ("µs a step of a run", list(names)),
        ("its time over zobench's", [n for n in names if n != names[0]]),
    ):
        lines += ["", f"| {shown} | n | {' | '.join(columns)} |", f"| --- | ---: |{' ---: |' * len(columns)}"]
        for setting in dict.fromkeys(m.setting for m in measured):
            own = np.median(cells[setting, names[0]])
            texts = []
            for name in columns:
                times = cells.get((setting, name))
                if times is None:
                    texts.append("")
                elif shown.startswith("µs"):
                    texts.append(f"{digits(np.median(times))} ({digits(min(times))} to {digits(max(times))})")
                else:
                    texts.append(digits(np.median(times) / own))
            runs = "1 run" if setting.runs == 1 else f"{setting.runs} runs"
            lines.append(f"| {setting.dtype}, {runs} | {setting.n} | {' | '.join(texts)} |")
    return "\n".join(lines) + "\n"


def digits(value: float) -> str:
    """Three of them."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def machine() -> str:
    """Where it was measured, and with what: times and ratios of another processor are others."""
    about = surroundings.machine()
    versions = ", ".join(f"{name} {version(name)}" for name in ("jax", "numpy"))
    return f"{about['processor']} ({about['instructions']}), {about['system']}, Python {about['python']}, {versions}"


def rows(measured: Sequence[Measurement], first: str = "zobench") -> list[dict[str, Any]]:
    """The table's numbers, one line for each measurement."""
    own = {m.setting: np.median(m.microseconds) for m in measured if m.name == first}
    return [
        {
            **m.setting._asdict(),
            "implementation": m.name,
            "steps": m.steps,
            "microseconds": float(np.median(m.microseconds)),
            "least": min(m.microseconds),
            "most": max(m.microseconds),
            "over_zobench": float(np.median(m.microseconds) / own[m.setting]),
        }
        for m in measured
    ]


def draw(measured: Sequence[Measurement], those: Sequence[Implementation], folder: Path, name: str) -> None:
    """A row for each precision and number of runs: this project and what is written for the task, then libraries."""
    kinds = list(dict.fromkeys((m.setting.dtype, m.setting.runs) for m in measured))
    parts = [part for part in _parts(those) if part]
    with drawing.context():
        figure, grid = drawing.panels(len(kinds), len(parts), wide=3.2, high=2.1, head=0.6)
        for row, kind in zip(grid, kinds, strict=True):
            for axes, part in zip(row, parts, strict=True):
                _lines(axes, measured, part, kind)
            ends = [end for axes in row for end in axes.get_ylim()]
            for axes in row:
                axes.set_ylim(min(ends), max(ends))
            row[0].set_ylabel("µs a step of a run")
        handles = [drawing.handle(e.name, e.colour, marker=e.marker, ls=_dash(e)) for part in parts for e in part]
        handles = list({handle.get_label(): handle for handle in handles}.values())
        drawing.legend(figure, handles, "median of repeats, band from least to most; one core", columns=4)
        drawing.save(figure, folder, name)


def _parts(those: Sequence[Implementation]) -> list[list[Implementation]]:
    """What is drawn together where there are many; the first is in both, to compare with."""
    if len(those) <= TOGETHER:
        return [list(those)]
    own = [each for each in those if each.name.startswith(OWN)]
    return [own, [those[0], *(each for each in those if each not in own)]]


def _lines(axes: Axes, measured: Sequence[Measurement], those: Sequence[Implementation], kind: tuple[str, int]) -> None:
    dtype, runs = kind
    for each in those:
        inside = [m for m in measured if m.name == each.name and (m.setting.dtype, m.setting.runs) == kind]
        if inside:
            n, times = [m.setting.n for m in inside], np.array([m.microseconds for m in inside])
            drawing.band(axes, n, times.min(axis=1), times.max(axis=1), each.colour, 0.2)
            axes.plot(n, np.median(times, axis=1), color=each.colour, marker=each.marker, ls=_dash(each))
    axes.set(xscale="log", yscale="log", title=f"{dtype}, {runs} run{'s' * (runs > 1)}", xlabel="dimension n")


def _dash(each: Implementation) -> str:
    return "-" if each.name.startswith(OWN) else "--"
