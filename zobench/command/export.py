"""`zobench export`: every run of every record of a store as one tidy table, CSV or Parquet."""

import csv
import io
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

import numpy as np
from rich.console import Console

from zobench import atomic
from zobench.command.cli import options_of
from zobench.errors import UsageError, one_line, printable
from zobench.report import runs
from zobench.surroundings import usable_cores
from zobench.survey import SHOWN

FORMATS = (".csv", ".parquet")
MANY = 2000  # records from which on it pays to start processes
LINES = 50_000  # written at a time


def export(arguments: Sequence[str], console: Console) -> int:
    """`zobench export [FILE.csv|FILE.parquet] [runs_dir=...]`: the table in export.csv, or that file.

    Exit code 1 where a damaged record is left out, which is said. UsageError for what cannot be read or written.
    """
    names, options = options_of("export", arguments, ("runs_dir",))
    if len(names) > 1:
        raise UsageError("zobench export takes one file and runs_dir=..., as in: zobench export runs.parquet")
    file, runs_dir = Path(names[0] if names else "export.csv"), Path(options.get("runs_dir", "runs"))
    if file.suffix not in FORMATS:
        raise UsageError(f"export {file}: a table is a .csv or a .parquet, as in: zobench export runs.csv")
    if file.is_dir():
        raise UsageError(f"export {file}: is a folder; give another name")
    if file.suffix == ".parquet":
        _require_arrow(file)
    paths = sorted(runs_dir.glob("*.npz"))
    if not paths:
        raise UsageError(f"export: no records in {runs_dir}; give runs_dir=<the folder of a store>")
    try:
        with atomic.writing(file) as stream:
            found = _table(paths)
            (_write_csv if file.suffix == ".csv" else _write_parquet)(found, stream)
    except OSError as error:
        raise UsageError(
            f"export {file}: {error.strerror or one_line(error)}; give a file that can be written"
        ) from error
    count, kept = len(found.columns["key"]), len(set(found.columns["key"]))
    lines = [f"{file}: {count} runs of {kept} records, {len(found.columns)} columns"]
    if found.without_runs:
        lines.append(f"not in it: {len(found.without_runs)} of experiments that measure and make no runs")
    if found.damaged:
        more = f", and {len(found.damaged) - SHOWN} more" if len(found.damaged) > SHOWN else ""
        lines.append(f"not in it: {len(found.damaged)} damaged: {', '.join(found.damaged[:SHOWN])}{more}")
    console.print("\n".join(map(printable, lines)), markup=False, highlight=False, soft_wrap=True)
    return 1 if found.damaged else 0


def _table(paths: Sequence[Path]) -> runs.Table:
    """By all cores where there are many records."""
    cores = usable_cores()
    if len(paths) < MANY or cores < 2:
        return runs.table(paths)
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        return runs.table(paths, pool.map)


def _write_csv(table: runs.Table, stream: BinaryIO) -> None:
    text = io.TextIOWrapper(stream, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    columns = [np.where(each, "true", "false") if each.dtype == bool else each for each in table.columns.values()]
    for start in range(0, len(columns[0]), LINES):
        writer.writerows(zip(*(column[start : start + LINES].tolist() for column in columns), strict=True))
    text.detach()


def _require_arrow(file: Path) -> None:
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        way_out = "pip install 'zobench[export]', or give a name that ends in .csv"
        raise UsageError(f"export {file}: Parquet needs pyarrow: {way_out}") from error


def _write_parquet(table: runs.Table, stream: BinaryIO) -> None:
    import pyarrow
    import pyarrow.parquet

    columns = {name: pyarrow.array(column) for name, column in table.columns.items()}
    pyarrow.parquet.write_table(pyarrow.table(columns), stream)
