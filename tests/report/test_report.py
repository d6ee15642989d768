"""Reports on records whose laws are known: what they say, that they change when a record does, and their files."""

import io
import json
import re
from math import inf

import numpy as np
import pytest
from made import labelled
from rich.console import Console

from zobench import report, store
from zobench.experiments.mds import numbers
from zobench.problems import maps as problem
from zobench.report import claims, files, groups, latex, measured, page, records

N = (8, 16, 32, 64)
CLASSES = {
    "gradient": ("welsch", {}),
    "gap": ("quadratic", {"spectrum": "log_uniform"}),
    "distance": ("quadratic", {"spectrum": "two_level"}),
}
CALLS = {"autodiff": {"grad": 1}, "finite_difference": {"value": 0}, "two_point": {"value": 2}}
MU, GD_TIME = 0.05, 100


def config(metric, estimator, n):
    family, extra = CLASSES[metric]
    return {
        "problem": {"_target_": f"zobench.problems.{family}.{family}", "dim": n, **extra},
        "estimator": {"_target_": f"zobench.estimators.{estimator}"},
        "optimizer": {"_target_": "optax.sgd", "_partial_": True},
        "stop": {"metric": metric},
        "step": ["theory"],
    }


def law(metric, k):
    """The mean metric after k iterations of gradient descent."""
    return np.exp(-1.5 * MU * k) if metric == "distance" else 1 / (k + 1.0)


def cell(metric, estimator, n, power=1.0, seeds=20, rule="theory"):
    """Arrays and meta of a made-up cell: two points take n^power iterations for one of gradient descent."""
    random = estimator == "two_point"
    runs, slower, B = (seeds, n**power, n) if random else (1, 1, 1)
    k = np.arange(0, int(2 * GD_TIME * slower), max(1, n // 4 if random else 1))
    noise = np.exp(0.1 * np.random.default_rng(n).standard_normal((runs, 1))) if random else np.ones((1, 1))
    mean = law(metric, k / slower)
    curve, target = mean * noise / noise.mean(), float(law(metric, np.array(float(GD_TIME))))
    met = curve <= target
    hits = np.where(met.any(axis=1), k[np.argmax(met, axis=1)], inf)
    unknown = np.full_like(curve, np.nan, dtype=np.float32)
    arrays = {"k": k, "gap": unknown, "gradient": unknown, "distance": unknown, metric: curve.astype(np.float32)}
    arrays |= {
        "hits": hits,
        "outcome": np.where(met.any(axis=1), "reached", "not reached"),
        "x_end": np.zeros((runs, n)),
    }
    if metric != "gradient":
        arrays[f"exact_{metric}"] = mean
    calls = {"value": 0, "jvp": 0, "grad": 0, **CALLS[estimator]}
    calls |= {"value": 2 * n} if estimator == "finite_difference" else {}
    rules = {rule: {"step": 1 / B, "run_seconds": 0.1, "steps_run": 100, "cap": 10**6}}
    constants = {"L": 1.0, "mu": MU, "delta": 1.0, "radius2": 2.0, "f_star": 0.0, "target": target, "B": B}
    meta = {"config": config(metric, estimator, n), "status": "ok", "n": n, "calls": calls, "rules": rules, **constants}
    return {f"{rule}/{name}": value for name, value in arrays.items()}, {**meta, "compile_seconds": 0.5}


def fill(folder, sizes=N, **law_of_two_points):
    for metric in CLASSES:
        for estimator in CALLS:
            for n in sizes:
                arrays, meta = cell(metric, estimator, n, **law_of_two_points)
                store.write(folder / f"{metric}-{estimator}-{n}.npz", arrays, meta)
    return sorted(folder.glob("*.npz"))


TABLES = ("table.csv", "table.md", "table.tex", "verdicts.json")


def change(path, **news):
    stored = store.read(path)
    assert stored
    store.write(path, stored.arrays, {**stored.meta, **news})


def analysed(paths):
    return groups.groups(records.load(paths))


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def drawn(paths, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / "slowdown"
    report.draw("slowdown", labelled(paths), folder, Console(quiet=True))
    return folder


def test_all_files_are_written_and_nothing_else(drawn):
    pictures = {f"{name}.{form}" for name in page.load("slowdown").figures for form in ("png", "svg")}
    assert {path.name for path in drawn.iterdir()} == {*TABLES, "cells.csv", *pictures, "index.html", "inputs"}


def test_known_laws_are_found_and_every_claim_holds(drawn):
    table = {(r["metric"], r["estimator"]): r for r in files.read_csv(drawn / "table.csv")}
    for metric in CLASSES:
        zero, differences, gradient = (table[metric, name] for name in ("two_point", "finite_difference", "autodiff"))
        assert float(zero["iterations_n_exponent"]) == pytest.approx(1, abs=0.02)
        assert float(zero["iterations_n_exponent_low"]) < 1 < float(zero["iterations_n_exponent_high"])
        assert float(differences["calls_n_exponent"]) == pytest.approx(1, abs=1e-6)
        assert float(gradient["iterations_n_exponent"]) == pytest.approx(0, abs=1e-6)
        assert float(zero["constant"]) == pytest.approx(1, abs=0.03)
    assert float(table["gap", "autodiff"]["k_exponent"]) == pytest.approx(-1, abs=0.03)
    assert float(table["distance", "two_point"]["contraction_rate"]) == pytest.approx(1.5, abs=0.06)
    assert "Claims" in (drawn / "table.md").read_text()
    verdicts = json.loads((drawn / "verdicts.json").read_text())
    assert {claim["verdict"] for claim in verdicts} == {"not measured"}
    assert {claim["reason"] for claim in verdicts} == {
        "needs n >= 128 (here 64), dimensions >= 5 (here 4), seeds >= 10 (here 0)"
    }


@pytest.mark.slow
def test_cells_that_ran_again_change_nothing_that_is_committed(paths, drawn, tmp_path):
    """Their seconds are others, and after a change of code so are their names."""
    (tmp_path / "runs").mkdir()
    again = []
    for path in paths:
        record = store.read(path)
        assert record
        rules = {rule: {**about, "run_seconds": 7.0} for rule, about in record.meta["rules"].items()}
        again.append(tmp_path / "runs" / f"again-{path.name}")
        store.write(again[-1], record.arrays, {**record.meta, "rules": rules, "compile_seconds": 9.0})
    report.draw("slowdown", labelled(again), tmp_path / "page", Console(quiet=True))
    for path in drawn.iterdir():
        if path.name not in ("index.html", "inputs"):  # which no repository has
            assert (tmp_path / "page" / path.name).read_bytes() == path.read_bytes(), path


@pytest.mark.slow
def test_the_same_records_give_the_same_bytes(paths, drawn, tmp_path):
    report.draw("slowdown", labelled(paths[::-1]), tmp_path, Console(quiet=True))
    for path in drawn.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path


def test_a_report_that_is_up_to_date_is_only_printed(paths, drawn, monkeypatch):
    monkeypatch.setattr(page, "write", lambda *_: pytest.fail("drawn again"))
    screen = Console(width=120, file=io.StringIO(), record=True)
    report.draw("slowdown", labelled(paths), drawn, screen)
    text = screen.export_text()
    assert "two-point GD" in text
    assert "not measured (needs n >= 128 (here 64)" in text
    _, _, *same = (drawn / "inputs").read_text().splitlines()
    monkeypatch.setattr(page, "write", lambda *_: same)
    report.draw("slowdown", labelled(paths[1:]), drawn, Console(quiet=True))
    stamped = ["slowdown", page.fingerprint("slowdown", paths[1:]), *same]
    assert (drawn / "inputs").read_text().splitlines() == stamped


def judged(paths):
    """The verdict of each check, by its quantity."""
    lines = claims.judged("slowdown", page.measured("slowdown", paths))
    return {check["quantity"]: check["verdict"] for line in lines for check in line["checks"]}


@pytest.mark.slow
def test_verdicts_follow_the_records(paths, tmp_path):
    held, steep = judged(paths), judged(fill(tmp_path, power=1.2))
    iterations = "convex, two points: exponent in n of the iterations"
    assert (held[iterations] in ("holds", "undecided"), steep[iterations]) == (True, "refuted")  # four n say little
    finite = [verdict for quantity, verdict in steep.items() if "finite differences" in quantity]
    assert finite and set(finite) == {"holds"}


def test_a_crossed_bound_refutes(tmp_path):
    paths = fill(tmp_path)
    for n in N:
        change(tmp_path / f"gap-two_point-{n}.npz", radius2=0.5)
    bounds = {quantity: verdict for quantity, verdict in judged(paths).items() if "mean/bound" in quantity}
    assert bounds.pop("convex, two points: largest mean/bound") == "refuted"
    assert set(bounds.values()) == {"holds"}


def test_another_contraction_than_that_of_the_exact_recursion_refutes(tmp_path):
    """By 5 %; the claim is that they agree to 1 %, so a correct run is not refuted by chance."""
    paths = fill(tmp_path)
    quantity = "strongly convex, two points: measured over exact ln-contraction"
    before = judged(paths)[quantity]
    for n in N:
        path = tmp_path / f"distance-two_point-{n}.npz"
        stored = store.read(path)
        assert stored
        exact = stored.arrays["theory/exact_distance"] ** 1.05
        store.write(path, {**stored.arrays, "theory/exact_distance": exact}, stored.meta)
    assert (before, judged(paths)[quantity]) == ("holds", "refuted")


@pytest.mark.slow
def test_failed_and_censored_cells_are_shown(tmp_path):
    paths = fill(tmp_path, sizes=(8, 16))
    about = {"config": config("gap", "two_point", 16), "status": "failed", "reason": "MemoryError: too large"}
    store.write(tmp_path / "gap-two_point-16.npz", {}, about)
    arrays, meta = cell("gradient", "two_point", 16)
    arrays["theory/hits"][:12], arrays["theory/outcome"][:12] = inf, "not reached"
    store.write(tmp_path / "gradient-two_point-16.npz", arrays, meta)
    folder = tmp_path / "report"
    screen = Console(width=80, file=io.StringIO(), record=True)
    report.draw("slowdown", labelled(paths), folder, screen)
    text = screen.export_text()
    assert "needs >= 4" in text
    assert "12 of" in text
    cells = files.read_csv(folder / "cells.csv")
    failed = next(line for line in cells if line["status"] == "failed")
    assert (failed["n"], failed["estimator"], failed["reason"]) == ("16", "two_point", "MemoryError: too large")
    censored = next(line for line in cells if line["status"] == "censored")
    assert (censored["reached"], censored["iterations_median"], censored["reason"]) == ("8", "inf", "12 not reached")
    assert "MemoryError" in (folder / "table.md").read_text()


def test_a_report_of_failures_alone_is_written(tmp_path):
    about = {"config": config("gap", "two_point", 16), "status": "failed", "reason": "MemoryError: too large"}
    store.write(tmp_path / "only.npz", {}, about)
    screen = Console(width=120, file=io.StringIO(), record=True)
    report.draw("slowdown", labelled([tmp_path / "only.npz"]), tmp_path / "report", screen)
    assert "1 of 1 cells failed: only (MemoryError: too large)" in screen.export_text()
    assert "MemoryError" in (tmp_path / "report" / "cells.csv").read_text()


def test_problems_that_share_a_metric_get_a_column_each(tmp_path):
    for mu in (0.1, 0.2):
        arrays, meta = cell("gap", "two_point", 8)
        meta["config"]["problem"]["mu"] = mu
        store.write(tmp_path / f"{mu}.npz", arrays, meta)
    columns = {group.column for group in analysed(sorted(tmp_path.glob("*.npz")))}
    assert columns == {f"convex: f − f* (quadratic log_uniform mu={mu})" for mu in (0.1, 0.2)}


def test_fit_leaves_out_the_transient_and_what_is_below_the_target(tmp_path):
    arrays, meta = cell("gap", "autodiff", 8)
    store.write(tmp_path / "one.npz", arrays, meta)
    found = measured.measure(records.load([tmp_path / "one.npz"])[0], "theory")
    assert found.fitted == (20, GD_TIME)


@pytest.mark.parametrize(
    "text", ["50 % of a_b^2 & c#d", "n^1.00 [0.98, 1.02]", "k^−1.01", "O((1−μ/(nL))^k)", "{x} \\ ~ 数"]
)
def test_tex_is_ascii_and_balanced(text):
    made = latex.tex(text)
    assert made.isascii()
    bare = re.sub(r"\\[{}$]", "", made)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0


def test_table_tex(drawn):
    made = (drawn / "table.tex").read_text()
    assert made.isascii()
    assert re.sub(r"\\[{}]", "", made).count("{") == re.sub(r"\\[{}]", "", made).count("}")
    assert made.count(r"\bottomrule") == made.count(r"\begin{tabular}") + made.count(r"\begin{longtable}") > 0


def test_unknown_report_and_no_records(tmp_path):
    with pytest.raises(ValueError, match=r"report speed: there are .*directions, "):
        report.draw("speed", [], tmp_path, Console(quiet=True))
    with pytest.raises(ValueError, match="no records"):
        report.draw("mds", [], tmp_path, Console(quiet=True))
    assert not list(tmp_path.iterdir())


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    files.write(tmp_path / "a", "old")
    with pytest.raises(TypeError):
        files.write(tmp_path / "a", None)  # pyright: ignore[reportArgumentType]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def map_cell(estimator, points, seeds=3):
    """A made-up cell whose runs end at the true map, turned and mirrored."""
    arrays, meta = cell("gap", estimator, 2 * points, seeds=seeds)
    meta["config"]["problem"] = {"_target_": "zobench.problems.maps.mds", "cities": "europe", "points": points}
    meta |= {"f_star": 0.1, "mu": float("nan"), "radius2": float("nan")}
    _, true = problem.true_map("europe", points)
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])
    end = true @ turn / problem.distances("europe", points, 2, 42).max() + 3
    arrays["theory/x_end"] = np.tile(end.ravel(), (len(arrays["theory/hits"]), 1))
    return arrays, meta


@pytest.mark.slow
def test_map_report(tmp_path):
    for points in (4, 6, 9, 12):
        for estimator in CALLS:
            store.write(tmp_path / f"{estimator}-{points}.npz", *map_cell(estimator, points))
    folder = tmp_path / "report"
    screen = Console(width=120, file=io.StringIO(), record=True)
    report.draw("mds", labelled(sorted(tmp_path.glob("*.npz"))), folder, screen)
    assert {path.name for path in folder.iterdir()} >= {*TABLES, "map.png", "convergence.svg"}
    assert "12 points" in screen.export_text()
    for line in files.read_csv(folder / "table.csv"):
        assert float(line["map_error"]) < 1e-6
    lines = claims.judged("mds", page.measured("mds", sorted(tmp_path.glob("*.npz"))))
    assert {line["verdict"] for line in lines if line["number"]} == {"holds"}
    assert "refuted" not in {line["verdict"] for line in lines}


def test_maps_are_not_scaled_to_fit():
    true = np.random.default_rng(0).standard_normal((5, 2))
    assert numbers.aligned(true[:, ::-1] * [1, -1] + 7, true) == pytest.approx(true)
    assert not np.allclose(numbers.aligned(2 * true, true), true)
