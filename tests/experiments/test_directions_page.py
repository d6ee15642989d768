"""experiment=directions, small: its files, its theory against closed forms, and verdicts that follow the records."""

import json
from math import sqrt

import numpy as np
import pytest
from made import labelled
from rich.console import Console

from zobench import report, store
from zobench.__main__ import main
from zobench.experiments.directions import numbers
from zobench.report import claims as every
from zobench.report import files, page, records
from zobench.types import Moment

N, Q = 8, (1, 2, 8)
SMALL = ("problem.dim=8", "estimator.q=1,2,8", "seeds=4", "step=[theory]", "hydra/launcher=basic")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("directions")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with pytest.raises(SystemExit) as exit:
            main(("experiment=directions", *SMALL))
    assert exit.value.code == 0
    return folder


@pytest.fixture(scope="module")
def paths(ran):
    return sorted((ran / "runs").glob("*.npz"))


def drawn(paths, folder):
    report.draw("directions", labelled(paths), folder, Console(quiet=True))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def claims(folder):
    return {entry["statement"]: entry for entry in json.loads((folder / "verdicts.json").read_text())}


def judged(paths):
    """The check of each quantity."""
    lines = every.judged("directions", page.measured("directions", paths))
    return {check["quantity"]: check for line in lines for check in line["checks"]}


def altered(paths, folder, change):
    """Copies of the records, each passed through change(arrays, meta)."""
    folder.mkdir()
    for path in paths:
        stored = store.read(path)
        assert stored
        store.write(folder / path.name, *change(dict(stored.arrays), dict(stored.meta)))
    return sorted(folder.glob("*.npz"))


def test_files_are_those_announced_and_the_same_bytes_again(ran, paths, tmp_path):
    folder = ran / "reports" / "directions"
    assert {path.name for path in folder.iterdir()} >= {"table.csv", "cells.csv", "verdicts.json", "directions.png"}
    assert drawn(paths[::-1], tmp_path / "again") == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_theory_columns_are_the_closed_forms(ran):
    lines = files.read_csv(ran / "reports" / "directions" / "table.csv")
    K_GD = float(next(x for x in lines if x["directions"] == "GD (autodiff)")["exact_iterations"])
    assert K_GD == 229
    for kind, factor in (("independent", lambda q: 1 + (N - 1) / q), ("orthogonal", lambda q: N / q)):
        own = {int(x["q"]): x for x in lines if x["directions"] == kind}
        assert tuple(own) == Q
        for q, x in own.items():
            assert float(x["B"]) == pytest.approx(factor(q), rel=1e-5)
            assert float(x["theory_calls"]) == pytest.approx((q + 1) * factor(q) * K_GD, rel=1e-5)
            assert float(x["exact_calls"]) == (q + 1) * float(x["exact_iterations"])
    assert float(own[N]["calls"]) == float(own[N]["exact_calls"]) == (N + 1) * K_GD
    assert float(next(x for x in lines if x["directions"] == "forward differences")["exact_calls"]) == (N + 1) * K_GD
    cells = files.read_csv(ran / "reports" / "directions" / "cells.csv")
    assert sorted((int(x["q"]), x["orthogonal"]) for x in cells) == [(q, o) for q in Q for o in ("False", "True")]


def test_the_sheets_numbers_come_from_the_exact_recursion(paths):
    """The theory sheet, 10.4: calls to 1e-4 at n = 64, from the constants of a record."""
    record = records.load(paths)[0]
    config = {**record.meta["config"], "problem": {**record.meta["config"]["problem"], "dim": 64}}
    record = record._replace(meta={**record.meta, "n": 64, "config": config})  # f(x0) is the same for every n
    known = {(False, 1): 31362, (False, 4): 20480, (False, 8): 19485, (False, 64): 30810}
    known |= {(True, 1): 31362, (True, 8): 17559, (True, 64): 14885}
    for (orthogonal, q), expected in known.items():
        moment = moment_of(64, q, orthogonal)
        step = 1 / (64 * moment.A + moment.C)
        assert (q + 1) * numbers._exact_time(record, moment, step, 2**14) == expected


def moment_of(n, q, orthogonal):
    """E GGᵀ = A‖g‖² I + C ggᵀ, as in the theory sheet, section 2."""
    c = n / (n + 2)
    if not orthogonal:
        return Moment(A=c / q, C=2 * c / q + 1 - 1 / q, D=0.0)
    below = q * (n - 1) * (n + 2)
    return Moment(A=n * (n - q) / below, C=n * (q * n + n - 2) / below, D=0.0)


def test_the_line_of_b_is_the_closed_form(paths):
    (study,) = numbers.studies(records.load(paths))
    assert study.best_q == sqrt(N - 1)
    q, iterations = numbers.line(study, False, "theory")
    assert list(q) == list(range(1, N + 1))
    assert iterations == pytest.approx((1 + (N - 1) / q) * study.K_GD)


def test_verdicts_follow_the_records(ran, paths, tmp_path):
    falls = "orthogonal directions: largest calls(next q)/calls(q)"
    least = "independent directions: q of the fewest calls/√(n−1)"
    before = judged(paths)
    assert before[falls]["verdict"] == "holds"

    def slower(arrays, meta):
        own = meta["config"]["estimator"]
        if own["q"] == (8 if own["orthogonal"] else 2):
            arrays["theory/hits"] = arrays["theory/hits"] * 10
        return arrays, meta

    after = judged(altered(paths, tmp_path / "slower", slower))
    assert after[falls]["measured"] > 1 and after[falls]["verdict"] == "refuted"
    assert after[least]["measured"] != before[least]["measured"]
    assert after["median calls over the exact recursion, most"]["measured"] > 5
    assert "needs n >= 32" in next(iter(claims(ran / "reports" / "directions").values()))["reason"]


def test_runs_that_never_arrive_and_failed_cells_are_shown(paths, tmp_path):
    def lost(arrays, meta):
        if meta["config"]["estimator"]["q"] == 1:
            return {}, {**meta, "status": "failed", "reason": "none left"}
        arrays["theory/hits"] = np.full_like(arrays["theory/hits"], np.inf)
        return arrays, {**meta, "rules": meta["rules"]}

    drawn(altered(paths, tmp_path / "lost", lost), tmp_path / "report")
    cells = files.read_csv(tmp_path / "report" / "cells.csv")
    assert [x["reason"] for x in cells if x["status"] == "failed"] == ["none left"] * 2
    assert "holds" not in {entry["verdict"] for entry in claims(tmp_path / "report").values()}
    assert "inf" in (tmp_path / "report" / "table.md").read_text()


def test_methods_that_differ_in_more_than_the_number_of_directions_are_studies_of_their_own(paths, tmp_path):
    def gaussian(arrays, meta):
        config = {**meta["config"], "estimator": {**meta["config"]["estimator"], "direction": "gaussian"}}
        return arrays, {**meta, "config": config}

    plain = [path for path in paths if not (store.read_meta(path) or {})["config"]["estimator"]["orthogonal"]]
    found = numbers.studies(records.load([*plain, *altered(plain, tmp_path / "more", gaussian)]))
    assert [(study.problem, len(study.entries)) for study in found] == [
        (f"quadratic two_level, direction={direction}", len(Q)) for direction in ("gaussian", "sphere")
    ]
