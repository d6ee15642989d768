"""IOHprofiler's data: a JSON for each function and a .dat for each dimension, in a folder for each algorithm.

Doerr et al. (2018), "IOHprofiler". IOHanalyzer and iohinspector read it; any function and dimension has a place in it.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import zobench
from zobench.formats.series import Series, by_algorithm, improved


def write(series: Sequence[Series], folder: Path) -> list[str]:
    """Write a folder for each algorithm; raw_y is f − f_opt, the best so far.

    There is nothing to say about it.
    """
    for name, own in by_algorithm(series).items():
        for function in sorted({one.function for one in own}):
            here = [one for one in own if one.function == function]
            (folder / name / f"data_f{function}").mkdir(parents=True)
            about = _about(here, list(_scenarios(here, folder / name)))
            path = folder / name / f"IOHprofiler_f{function}.json"
            path.write_text(json.dumps(about, indent=1, allow_nan=False), "utf-8")
    return []


def _about(own: Sequence[Series], scenarios: list[dict[str, Any]]) -> dict[str, Any]:
    first = own[0]
    told = {"step_rule": first.fields["rule"], "dtype": first.fields["dtype"]} | (
        {"gradient_price": first.price} if first.price else {}
    )
    return {
        "version": f"zobench {zobench.__version__}",
        "suite": "zobench",
        "function_id": first.function,
        "function_name": first.problem,
        "maximization": False,
        "algorithm": {"name": first.algorithm, "info": f"zobench {zobench.__version__}, {first.algorithm}"},
        "experiment_attributes": [{name: value} for name, value in told.items()],
        "attributes": ["evaluations", "raw_y"],
        "scenarios": scenarios,
    }


def _scenarios(own: Sequence[Series], place: Path) -> Iterator[dict[str, Any]]:
    """Of each dimension; writes its .dat."""
    for n in sorted({one.n for one in own}):
        path, runs = f"data_f{own[0].function}/IOHprofiler_f{own[0].function}_DIM{n}.dat", []
        with (place / path).open("w", encoding="utf-8") as file:
            file.write("evaluations raw_y\n")
            for one in (one for one in own if one.n == n):
                for run in np.nan_to_num(one.values, nan=np.inf):
                    shown = improved(run)
                    asked, best = one.evaluations[shown].tolist(), run[shown].tolist()
                    file.writelines(f"{each} {value:.10g}\n" for each, value in zip(asked, best, strict=True))
                    runs.append(_run(one.instance, asked, best))
        yield {"dimension": n, "path": path, "runs": runs}


def _run(instance: int, asked: list[int], best: list[float]) -> dict[str, Any]:
    where = best.index(min(best))
    return {"instance": instance, "evals": asked[-1], "best": {"evals": asked[where], "y": best[where], "x": []}}
