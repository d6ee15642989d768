"""`zobench export`: every run of every record as one tidy table, or its curves in the format of another package."""

import csv
import io
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO

import numpy as np
from rich.console import Console

from zobench import atomic, sweeps
from zobench.command.cli import options_of
from zobench.errors import UsageError, one_line, printable
from zobench.report import runs
from zobench.surroundings import usable_cores
from zobench.survey import SHOWN

TABLES = (".csv", ".parquet")
METHODS = ".txt"
FORMATS = ("coco", "ioh", "benchopt")
MANY = 2000  # records from which on it pays to start processes
LINES = 50_000  # written at a time


def export(arguments: Sequence[str], console: Console) -> int:
    """`zobench export [FILE.csv|FILE.parquet] [runs_dir=...] [sweep=NAME]`: the table in export.csv, or that file.

    FILE.txt has sentences on how they were made, for a paper. With format=coco|ioh|benchopt the curves instead, in a
    folder or a Parquet file; gradient=1,n are the prices of a gradient in evaluations. Exit code 1 where a damaged
    record is left out, which is said. UsageError for what cannot be read or written.
    """
    names, options = options_of("export", arguments, ("runs_dir", "sweep", "format", "gradient"))
    if len(names) > 1:
        raise UsageError("zobench export takes one file and runs_dir=..., as in: zobench export runs.parquet")
    paths = _paths(Path(options.get("runs_dir", "runs")), options.get("sweep"))
    if names and names[0].endswith(METHODS):
        return _export_methods(Path(names[0]), paths, console)
    if "format" in options:
        return _export_format(options["format"], names, paths, options.get("gradient", "1,n"), console)
    if "gradient" in options:
        raise UsageError(f"gradient={options['gradient']}: prices are of a format; give format=coco, ioh or benchopt")
    return _export_table(Path(names[0] if names else "export.csv"), paths, console)


def _paths(runs_dir: Path, sweep: str | None) -> list[Path]:
    """The records of a store, or those of the latest sweep of a name."""
    if sweep is None:
        paths = sorted(runs_dir.glob("*.npz"))
    else:
        found = {name: own[-1] for name, own in sweeps.sweeps(runs_dir).items()}
        if sweep not in found:
            raise UsageError(f"export sweep={sweep}: {runs_dir} has {', '.join(found) or 'none'}")
        paths = [path for _, path in found[sweep].cells() if path.exists()]
    if not paths:
        raise UsageError(f"export: no records in {runs_dir}; give runs_dir=<the folder of a store>")
    return paths


def _export_methods(file: Path, paths: Sequence[Path], console: Console) -> int:
    """How the runs were made, in sentences for a paper."""
    from zobench import store
    from zobench.report import method_text, records

    metas = {path: store.read_meta(path) for path in paths}
    said = method_text.text(records.load([path for path, meta in metas.items() if meta and "stop" in meta["config"]]))
    if not said:
        raise UsageError("export: none of the records has runs of a method")
    try:
        atomic.write(file, said.encode())
    except OSError as error:
        raise UsageError(
            f"export {file}: {error.strerror or one_line(error)}; give a file that can be written"
        ) from error
    damaged = [f"{path.name} {store.fault(path)}" for path, meta in metas.items() if meta is None]
    return _say([f"{file}:", *said.splitlines()], damaged, console)


def _export_format(how: str, names: Sequence[str], paths: Sequence[Path], prices: str, console: Console) -> int:
    """The curves of records in another package's format."""
    from zobench import formats

    if how not in FORMATS:
        raise UsageError(f"format={how}: there are {', '.join(FORMATS)}; without one: zobench export runs.csv")
    place = Path(names[0] if names else ("benchopt.parquet" if how == "benchopt" else f"export_{how}"))
    if how == "benchopt":
        if place.suffix != ".parquet" or place.is_dir():
            raise UsageError(f"export {place}: benchopt's results are a file .parquet, as in: zobench export x.parquet")
        _require_arrow(place)
    found = formats.read(paths, formats.prices(prices))
    if not found.series:
        raise UsageError("export: none of the records has runs of a method")
    try:
        said = formats.write(how, found.series, place)
    except OSError as error:
        raise UsageError(
            f"export {place}: {error.strerror or one_line(error)}; give a name that can be written"
        ) from error
    algorithms, problems = {one.algorithm for one in found.series}, {one.problem for one in found.series}
    lines = [f"{place}: {len(algorithms)} algorithms on {len(problems)} problems, {len(found.series)} data sets", *said]
    if found.left_out:
        lines.append(f"not in it: {found.left_out} that failed or made no runs")
    return _say(lines, found.damaged, console)


def _export_table(file: Path, paths: Sequence[Path], console: Console) -> int:
    """Every run in a line."""
    if file.suffix not in TABLES:
        raise UsageError(
            f"export {file}: a table is a .csv or a .parquet, as in: zobench export runs.csv; or give format="
        )
    if file.is_dir():
        raise UsageError(f"export {file}: is a folder; give another name")
    if file.suffix == ".parquet":
        _require_arrow(file)
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
    return _say(lines, found.damaged, console)


def _say(lines: list[str], damaged: Sequence[str], console: Console) -> int:
    """Print the lines, and which records are damaged: then 1."""
    if damaged:
        more = f", and {len(damaged) - SHOWN} more" if len(damaged) > SHOWN else ""
        lines.append(f"not in it: {len(damaged)} damaged: {', '.join(damaged[:SHOWN])}{more}")
    console.print("\n".join(map(printable, lines)), markup=False, highlight=False, soft_wrap=True)
    return 1 if damaged else 0


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
    columns = [_inert(each) if each.dtype.kind in "OUT" else each for each in columns]
    for start in range(0, len(columns[0]), LINES):
        writer.writerows(zip(*(column[start : start + LINES].tolist() for column in columns), strict=True))
    text.detach()


def _inert(column: np.ndarray) -> np.ndarray:
    from zobench.report.files import inert

    return np.array([inert(value) if isinstance(value, str) else value for value in column.tolist()], object)


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
