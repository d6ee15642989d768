"""experiment=networks: digits learnt with and without gradients."""

from collections.abc import Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np

from zobench import statistics
from zobench.report import files as writing
from zobench.report import page, tables
from zobench.report.page import closing
from zobench.statistics import Estimate
from zobench.store import Record

FILES = page.names("learning")
GRADIENTS = ("SGD", "Adam")
VALUES = (
    "ZO-SGD, 1 direction",
    "ZO-SGD, 16 directions",
    "SPSA",
    "ES, 16 pairs, Adam",
    "greedy ES, notebook",
    "greedy ES, fresh",
)
MODELS = {"softmax regression": [], "a layer of 32": [32]}
RIGHT = 0.8  # accuracy on the test digits to be reached

__all__ = ["FILES", "closing", "measures", "summary", "write"]


def write(records: Sequence[Path], folder: Path) -> None:
    """All files of the report."""
    from zobench.experiments.networks import figures

    found = read(records)
    lines = [row(record, name) for record in found for name in record.meta["methods"]]
    writing.write_csv(folder / "table.csv", lines)
    page.write(folder, "networks", records, lines, summary(folder), measures(records))
    figures.draw(found, folder)


def read(records: Sequence[Path]) -> list[Record]:
    """The records, the smallest network first."""
    return sorted(page.read(records), key=lambda record: record.meta["n"])


def model(record: Record) -> str:
    """What the network is, in words."""
    widths = record.meta["widths"]
    return "softmax regression" if not widths else "a layer of " + ", ".join(map(str, widths))


def last(record: Record, name: str, what: str) -> Estimate:
    """Median over runs of the loss or the accuracy at the end; nan where the method did not run."""
    if name not in record.meta["methods"]:
        return Estimate(nan)
    values = record.arrays[f"{name}/{what}"][:, -1]
    return statistics.median(values, np.random.default_rng(record.meta["n"]))


def evaluations(record: Record, name: str) -> Estimate:
    """Median samples x evaluations to an accuracy of 0.8 on the test digits; inf where half of the runs do not."""
    met = record.arrays[f"{name}/accuracy"] >= RIGHT
    hits = np.where(met.any(axis=1), record.arrays[f"{name}/samples"][np.argmax(met, axis=1)], inf)
    return statistics.median(hits, np.random.default_rng(record.meta["n"]))


def seconds(record: Record, name: str) -> tuple[float, float, float]:
    """Quartiles of the seconds of a step."""
    low, middle, high = np.quantile(record.arrays[f"{name}/seconds"], [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def row(record: Record, name: str) -> dict[str, Any]:
    """One line of table.csv."""
    about = record.meta["methods"][name]
    loss, right, spent = last(record, name, "loss"), last(record, name, "accuracy"), evaluations(record, name)
    low, middle, high = seconds(record, name)
    return {
        "model": model(record),
        "n": record.meta["n"],
        "method": name,
        "step": about["step"],
        "steps": about["steps"],
        "evaluations_a_step": about["evaluations"],
        "runs": len(record.arrays[f"{name}/loss"]),
        "loss": loss.value,
        "loss_low": loss.low,
        "loss_high": loss.high,
        "accuracy": right.value,
        "accuracy_low": right.low,
        "accuracy_high": right.high,
        "samples_to_0.8": spent.value,
        "seconds_a_step": middle,
        "seconds_low": low,
        "seconds_high": high,
        "seconds_an_evaluation": middle / about["evaluations"],
        "temporary_bytes": about["temp"],
    }


def summary(folder: Path) -> list[tables.Table]:
    """A block a network."""
    body, previous = [], ""
    for line in writing.read_csv(folder / "table.csv"):
        title = f"{line['model']}, n = {line['n']}"
        spread = f" [{float(line['accuracy_low']):.3f}, {float(line['accuracy_high']):.3f}]"
        samples = float(line["samples_to_0.8"])
        cells = [
            tables.significant(float(line["step"])),
            line["steps"],
            tables.significant(float(line["loss"])),
            f"{float(line['accuracy']):.3f}" + spread,
            f"{samples:.2e}" if np.isfinite(samples) else "not reached",
            f"{1e6 * float(line['seconds_a_step']):.0f}",
            f"{float(line['temporary_bytes']) / 1024:.0f}",
        ]
        body.append([title if title != previous else "", line["method"], *cells])
        previous = title
    header = ["", "", "step", "steps", "train loss", "test accuracy", "samples to 0.8", "µs a step", "KiB beside x"]
    note = "All methods after as many evaluations, a gradient at its compiled price; median over runs [95 % interval]; "
    note += "step sizes from a grid on another seed. KiB: temporary bytes of a compiled step."
    return [tables.Table("Digits learnt with and without gradients", note, header, body, 2)]


def measures(records: Sequence[Path]) -> dict[str, Estimate]:
    """Accuracies and losses at equal evaluations, samples to an accuracy, seconds and bytes; nan where not run."""
    found = {model(record): record for record in read(records)}
    measured = {}
    for words in MODELS:
        record = found.get(words)
        for name in (*GRADIENTS, *VALUES):
            ran = record if record and name in record.meta["methods"] else None
            measured[f"{words}, {name}: test accuracy"] = last(ran, name, "accuracy") if ran else Estimate(nan)
            measured[f"{words}, {name}: train loss"] = last(ran, name, "loss") if ran else Estimate(nan)
            measured[f"{words}, {name}: samples to an accuracy of 0.8"] = (
                evaluations(ran, name) if ran else Estimate(nan)
            )
        measured |= _compared(words, record)
    return measured


def _compared(words: str, record: Record | None) -> dict[str, Estimate]:
    """The best without gradients against SGD, the notebook's strategy against the same without its defects."""
    names = (
        "best accuracy with gradients less best accuracy without",
        "accuracy of SGD less accuracy of the notebook's ES",
        "loss of the notebook's ES over that with fresh directions",
        "seconds of SGD's loss over seconds of the notebook's ES",
        "bytes of ZO-SGD with 1 direction over bytes of SGD",
    )
    found = dict.fromkeys((f"{words}: {name}" for name in names), Estimate(nan))
    if record is None:
        return found

    def of(what: str, group: Sequence[str]) -> list[float]:
        return [last(record, name, what).value for name in group if name in record.meta["methods"]]

    values, gradients, ran = of("accuracy", VALUES), of("accuracy", GRADIENTS), record.meta["methods"]
    if values and gradients:
        found[f"{words}: {names[0]}"] = Estimate(max(gradients) - max(values))
    if {"SGD", "greedy ES, notebook"} <= ran.keys():
        sgd, es = (last(record, name, "accuracy").value for name in ("SGD", "greedy ES, notebook"))
        found[f"{words}: {names[1]}"] = Estimate(sgd - es)
        found[f"{words}: {names[3]}"] = Estimate(_seconds_to_loss(record))
    if {"greedy ES, fresh", "greedy ES, notebook"} <= ran.keys():
        es, fresh = (last(record, name, "loss").value for name in ("greedy ES, notebook", "greedy ES, fresh"))
        found[f"{words}: {names[2]}"] = Estimate(es / fresh)
    if {"SGD", "ZO-SGD, 1 direction"} <= ran.keys():
        zo, sgd = (ran[name]["temp"] for name in ("ZO-SGD, 1 direction", "SGD"))
        found[f"{words}: {names[4]}"] = Estimate(zo / sgd)
    return found


def _seconds_to_loss(record: Record) -> float:
    """Seconds in which SGD is at the last loss of the notebook's strategy, over those that the strategy takes."""
    goal = last(record, "greedy ES, notebook", "loss").value
    batch, spent = record.meta["batch"], {}
    for name in ("SGD", "greedy ES, notebook"):
        samples, loss = record.arrays[f"{name}/samples"], np.median(record.arrays[f"{name}/loss"], axis=0)
        steps = samples / (batch * record.meta["methods"][name]["evaluations"])
        met = loss <= goal
        spent[name] = steps[np.argmax(met)] * seconds(record, name)[1] if met.any() else inf
    return spent["SGD"] / spent["greedy ES, notebook"]
