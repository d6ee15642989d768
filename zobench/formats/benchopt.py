"""benchopt's results: Parquet with its column names, as benchopt.results.read_results and `benchopt plot` take them.

Moreau et al. (2022), "Benchopt: reproducible, efficient and collaborative optimization benchmarks".
"""

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

import zobench
from zobench.formats.series import Series, spaced


def write(series: Sequence[Series], stream: BinaryIO) -> list[str]:
    """Write the table, a line a run and point; there is nothing to say about it.

    stop_val counts evaluations, time is iterations times the mean seconds of one, objective_value is f, the least among
    the recorded iterates so far, and objective_gap the same less f_opt.
    """
    import pyarrow
    import pyarrow.parquet

    parts = [_columns(one) for one in series]
    columns = {name: pyarrow.array(np.concatenate([part[name] for part in parts])) for name in parts[0]}
    pyarrow.parquet.write_table(pyarrow.table(columns), stream)
    return []


def _columns(one: Series) -> dict[str, np.ndarray]:
    """About 20 points a decade of evaluations of each run."""
    shown = spaced(one.evaluations)
    gap, runs, points = one.values[:, shown], len(one.values), len(shown)
    place = f"{one.problem}[n={one.n}]"
    texts = {
        "objective_name": "f",
        "obj_description": "f, the least among the recorded iterates so far; stop_val counts evaluations",
        "dataset_name": place,
        "solver_name": one.algorithm,
        "solver_description": f"{one.algorithm}, step rule {one.fields['rule']}",
        "benchmark-name": f"zobench {zobench.__version__}",
        "sampling_strategy": "Callback",
    }
    many = {name: np.full(runs * points, text, object) for name, text in texts.items()}
    return many | {
        "idx_rep": np.repeat(np.arange(runs), points),
        "seed": np.repeat(one.seeds, points),
        "stop_val": np.tile(one.evaluations[shown], runs),
        "time": np.tile(one.fields["seconds"][shown], runs),
        "objective_value": (gap + one.f_opt).ravel(),
        "objective_gap": gap.ravel(),
    }
