"""`zobench compare`: cells of two stores or versions, paired by config and seed, judged by one rule, all named."""

import os
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zobench import store
from zobench.report import files, hypertext, versus, versus_page

SEEDS = 20
MACHINE = {"processor": "P", "instructions": "avx2", "threads": 1, "device": "cpu"}
SPREAD = np.exp(np.random.default_rng(0).normal(6, 1, SEEDS)).round()  # what the seeds do to the iterations
NOISE = np.exp(np.random.default_rng(1).normal(0, 0.3, (100, SEEDS)))


def cell(folder, dim, hits, final: Any = 1e-4, *, calls: Any = 2, seconds=1.0, **meta):
    """Write a record of runs that arrive after `hits` iterations and end at `final`."""
    hits = np.atleast_1d(np.asarray(hits, float))
    curves = np.repeat(np.broadcast_to(np.asarray(final, float), hits.shape)[:, None], 3, axis=1)
    config = {
        "problem": {"_target_": "zobench.problems.quadratics.quadratic", "dim": dim},
        "estimator": {"_target_": "zobench.estimators.two_point"},
        "method": {"_target_": "zobench.methods.descent"},
        "stop": {"metric": "gap"}, "seeds": meta.pop("seeds", SEEDS), "seed": 3,
    }  # fmt: skip
    arrays = {"k": np.array([0, 10, 10**6]), "gap": curves, "hits": hits, "outcome": np.full(hits.shape, "x")}
    about = {
        "status": "ok", "config": config, "n": dim, "calls": {"value": calls}, "target": 1e-3, "machine": MACHINE,
        "rules": {"theory": {"step": 0.1, "run_seconds": seconds}}, "versions": {"jax": "1"}, **meta,
    }  # fmt: skip
    path = store.path(folder, store.digest(config, hits.tolist(), meta))
    Path(folder).mkdir(parents=True, exist_ok=True)
    store.write(path, {f"theory/{name}": array for name, array in arrays.items()}, about)
    return path


@pytest.fixture
def zobench(zobench):
    return partial(zobench, "compare")


def rows(folder):
    return {int(row["n"]): row for row in files.read_csv(Path(folder) / "table.csv")}


def test_every_pair_has_its_verdict_and_what_has_none_is_named(zobench):
    sides = {
        4: (SPREAD, 0.9 * SPREAD),  # the seeds differ by far more than the sides: told by pairs alone
        8: (SPREAD, SPREAD),
        16: (SPREAD, SPREAD * NOISE[0]),
        32: (SPREAD, np.full(SEEDS, inf)),
    }
    for dim, (a, b) in sides.items():
        cell("a", dim, a)
        cell("b", dim, b, 1e-2 if dim == 32 else 1e-4, x=1)
    for folder, final in (("a", -1.0), ("b", -2.0)):  # a value that is not positive has no ratio
        cell(folder, 64, np.full(SEEDS, inf), final * NOISE[1], x=folder)
    for folder, hits in (("a", 100), ("b", 90)):
        cell(folder, 128, [hits], x=folder)  # runs once though there are 20 seeds: nothing is random in it
        cell(folder, 256, [hits], seeds=1, x=folder)
        cell(folder, 512 if folder == "a" else 1024, SPREAD)
        cell(folder, 2048, SPREAD, status="ok" if folder == "a" else "failed")
    code, out, err = zobench("a", "b")
    assert (code, err) == (0, "")
    table = rows("reports/compare-a-b")
    said = {n: (row["calls_verdict"], row["final_verdict"]) for n, row in table.items()}
    none = "not judged"
    assert said == {
        4: ("faster", none), 8: ("same", none), 16: ("undecided", none), 32: ("slower", "worse"),
        64: (none, "better"), 128: ("faster", none), 256: ("undecided", none),
    }  # fmt: skip
    ratio = [float(table[4][f"calls_ratio{end}"]) for end in ("", "_low", "_high")]
    assert ratio == pytest.approx([0.9] * 3) and float(table[4]["calls_a"]) == 2 * np.median(SPREAD)
    said_of = next(line for line in Path("reports/compare-a-b/table.md").read_text().splitlines() if "n = 4," in line)
    assert [part.strip() for part in said_of.split("|")][3:9] == ["20 of 20", "20 of 20", "678", "610", "0.9", "faster"]
    low, high = (float(table[16][f"calls_ratio_{end}"]) for end in ("low", "high"))
    assert low < 1 < high and table[32]["arrived_b"] == "0" and table[32]["calls_ratio"] == "inf"
    alone = {
        row["cell"].split(",")[1]: (row["side"], row["why"])
        for row in files.read_csv(Path("reports/compare-a-b/alone.csv"))
    }
    gone = {" n = 512": ("A", "no record in B"), " n = 1024": ("B", "no record in A")}
    assert alone == {**gone, " n = 2048": ("A and B", "failed in B")}
    for text in (out, Path("reports/compare-a-b/table.md").read_text()):
        assert "n = 512" in text and "failed in B" in text and "all 5 comparisons" in " ".join(text.split())
    assert 'src="./ratio.png"' in Path("reports/compare-a-b/index.html").read_text()
    before = {file.name: file.read_bytes() for file in Path("reports/compare-a-b").iterdir()}
    assert zobench("a", "b")[1] == out
    assert before == {file.name: file.read_bytes() for file in Path("reports/compare-a-b").iterdir()}
    zobench("b", "a")
    other = rows("reports/compare-b-a")
    assert (other[4]["calls_verdict"], other[32]["calls_verdict"], other[64]["final_verdict"]) == (
        "slower",
        "faster",
        "worse",
    )


def test_a_picture_of_an_earlier_comparison_goes(zobench):
    for folder in ("a", "b"):
        cell(folder, 4, SPREAD)
        cell(f"{folder}2", 4, np.full(SEEDS, inf))
    zobench("a", "b", "report_dir=page")
    assert {file.name for file in Path("page").iterdir()} == {*versus_page.MAY, "inputs"} - {"alone.csv"}
    zobench("a2", "b2", "report_dir=page")
    assert {file.name for file in Path("page").iterdir()} == {*versus_page.FILES, "table.csv", "inputs"}
    assert "<img" not in Path("page/index.html").read_text()


def test_many_comparisons_need_more_of_each(zobench):
    """What one comparison would decide is undecided among a hundred."""
    shift = 0.86 * NOISE[0] / np.exp(np.log(NOISE[0]).mean())
    cell("a", 4, np.full(SEEDS, 1000.0))
    cell("b", 4, 1000 * shift)
    zobench("a", "b")
    assert rows("reports/compare-a-b")[4]["calls_verdict"] == "faster"
    for dim in range(5, 100):
        cell("a", dim, np.full(SEEDS, 1000.0))
        cell("b", dim, 1000 * NOISE[dim])
    code, out, _ = zobench("a", "b")
    table = rows("reports/compare-a-b")
    assert code == 0 and table[4]["calls_verdict"] == "undecided" and "all 96 comparisons" in " ".join(out.split())
    assert float(table[4]["calls_ratio_high"]) < 1  # the interval itself is that of 95 %
    assert "of 96 pairs have changed" in out and sum(row["calls_verdict"] == "faster" for row in table.values()) == 0


def test_two_versions_in_one_store(zobench):
    for i, (version, factor) in enumerate((("1", 1.0), ("2", 0.8), ("3", 0.5))):
        for dim in (4, 8):
            os.utime(cell("runs", dim, factor * SPREAD, versions={"jax": version}), (i + 1, i + 1))
    assert zobench("runs", "report_dir=latest")[0] == 0
    assert float(rows("latest")[4]["calls_ratio"]) == pytest.approx(0.5 / 0.8)
    code, out, _ = zobench("runs@jax==1", "runs@jax==3", "report_dir=chosen")
    assert code == 0 and "A: runs@jax==1: 2 cells, by jax 1\n" in out and "B: runs@jax==3: 2 cells, by jax 3\n" in out
    assert float(rows("chosen")[8]["calls_ratio"]) == pytest.approx(0.5)
    code, _, err = zobench("runs@jax==4", "runs")
    assert code == 2 and "there: jax==1; jax==2; jax==3" in err


@pytest.mark.parametrize(("machine", "said"), [
    (MACHINE, "alone: faster"),
    ({**MACHINE, "instructions": "avx512"}, "say nothing"),
    ({**MACHINE, "processor": "Q"}, "say nothing"),
    ("?", "say nothing"),
])  # fmt: skip
def test_seconds_are_judged_on_machines_of_one_kind_alone(zobench, machine, said):
    for dim in range(4, 12):
        cell("a", dim, SPREAD, seconds=1.0)
        cell("b", dim, SPREAD, seconds=0.5 + dim / 100, machine=machine)
    code, out, _ = zobench("a", "b")
    assert code == 0 and said in " ".join(out.split()) and rows("reports/compare-a-b")[4]["seconds_ratio"] == "0.54"


def test_what_is_damaged_or_strange_is_named_and_the_rest_compared(zobench):
    for folder in ("a", "b"):
        for dim in (4, 8):
            cell(folder, dim, SPREAD)
    victim = cell("b", 16, SPREAD)
    victim.write_bytes(victim.read_bytes()[:-1])
    store.write(store.path("b", "e" * 16), {}, {"status": "ok", "config": {"study": {}}})
    store.write(store.path("b", "c" * 16), {}, {"status": "ok", "config": None})
    store.write(store.path("b", "d" * 16), {}, {"status": "ok", "config": {"stop": 3, "problem": "\x1b[31m<b>"}})
    for folder in ("a", "b"):
        cell(folder, 32, SPREAD, calls={"a": "x"})
        cell(folder, 4, SPREAD, versions={"<script>\x1b[31m": "1"}, seeds=99)
    code, out, err = zobench("a", "b")
    assert code == 1 and f"B: damaged: {victim.name} has no checksum" in out and "Traceback" not in err
    assert f"B: without runs: {'e' * 16}.npz" in out and f"B: no record of runs: {'d' * 16}.npz" in out
    assert "cannot be read as runs" in out and set(rows("reports/compare-a-b")) == {4, 8} and "\x1b[31m" not in out
    for text in (Path(f"reports/compare-a-b/{name}").read_text() for name in ("table.md", "index.html")):
        text = text.replace(f"<script>{hypertext.SIFT}</script>", "")
        assert "\x1b" not in text and "<script>" not in text and victim.name in text
    assert "default-src 'none'" in text and "address: file://" in out


@pytest.mark.parametrize(("arguments", "said"), [
    ((), "one or two folders"),
    (("a", "b", "c"), "one or two folders"),
    (("a", "none"), "none is no folder"),
    (("a", "a"), "one store twice"),
    (("a",), "no config has several records"),
    (("a", "empty"), "no records in it"),
    (("a", "c"), "no cell of the same config"),
    (("a@torch==1", "b"), "jax, jaxlib"),
    (("a", "b", "colour=red"), "takes report_dir=..."),
    (("a", "b", "report_dir=file/x"), "is no folder"),
    (("a", "b", "report_dir=other"), "other has the report slowdown"),
    (("a", "--nope"), "one or two folders"),
])  # fmt: skip
def test_what_cannot_be_compared_is_one_line_and_leaves_nothing(zobench, tmp_path, arguments, said):
    cell("a", 4, SPREAD)
    cell("b", 4, SPREAD)
    cell("c", 5, SPREAD)
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "inputs").write_text("slowdown\n")
    (tmp_path / "file").touch()
    there = {*tmp_path.rglob("*")}
    code, out, err = zobench(*arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1) and said in err and there == {*tmp_path.rglob("*")}


def test_an_interval_covers_the_ratio_that_was_put_in():
    """Of 300 pairs with a true ratio of 0.9 and noise of the seeds, 95 % have it in their interval, none is opposed."""
    rng, inside, wrong = np.random.default_rng(5), 0, 0
    for trial in range(300):
        a = np.exp(rng.normal(6, 1, SEEDS))
        draw = versus.resamples(SEEDS, np.random.default_rng(trial))
        change = versus._change((a, 0.9 * a * np.exp(rng.normal(0, 0.1, SEEDS))), draw, False)
        inside += change.ratio.low <= 0.9 <= change.ratio.high
        wrong += versus._verdict(change, 300).verdict == versus.BEHIND
    assert inside / 300 > 0.91 and wrong == 0
