"""`zobench status`: what of a sweep is done, running, failed, damaged or missing, and how to go on."""

import json
import os
import time
from functools import partial

import pytest

from zobench import store, sweeps

KEYS = [f"{i:016x}" for i in range(30)]
LABELS = {key: f"dim={i}" for i, key in enumerate(KEYS)}
COMMAND = ["experiment=slowdown", "problem.dim=8,16", "step=[theory,trace]"]


@pytest.fixture
def zobench(zobench):
    return partial(zobench, "status")


@pytest.fixture
def sweep(tmp_path):
    """Thirty cells, of which ten have records."""
    found = sweeps.sweep(tmp_path / "runs", "slowdown-1")
    found.begin(LABELS, COMMAND)
    for key in KEYS[:10]:
        record(tmp_path, key)
        found.mark(key)
    return found


def record(folder, key, **meta):
    store.write(store.path(folder / "runs", key), {}, {"status": "ok", "reason": "", **meta})


def rewind(sweep, seconds):
    """As if it had been begun earlier."""
    plan = json.loads((sweep.folder / "plan.json").read_text())
    (sweep.folder / "plan.json").write_text(json.dumps(plan | {"begun": time.time() - seconds}))


def test_what_is_done_and_missing_is_counted_and_the_command_can_be_pasted(zobench, sweep, tmp_path):
    code, out, err = zobench()
    first, last = out.splitlines()
    assert (code, err) == (1, "") and first.startswith("slowdown-1, begun 20")
    assert first.endswith(": 30 cells: 10 done, 20 missing")
    assert last == "  to go on: zobench experiment=slowdown problem.dim=8,16 'step=[theory,trace]'"
    named = zobench("slowdown")[1].splitlines()
    assert named[1:21] == [f"  missing: dim={i}" for i in range(10, 30)] and len(named) == 22
    assert zobench("slowdown-1")[1].splitlines() == named
    for key in KEYS:
        record(tmp_path, key)
    assert zobench("slowdown")[:2] == (0, first.partition(": ")[0] + ": 30 cells: 30 done\n")


def test_failed_and_damaged_cells_are_named_with_the_reason(zobench, sweep, tmp_path):
    for key in KEYS[5:]:
        record(tmp_path, key, status="failed", reason="ValueError: \x1b[1mno [/b]")
    path = store.path(tmp_path / "runs", KEYS[0])
    path.write_bytes(path.read_bytes()[:-2])
    code, out, _ = zobench()
    lines = out.splitlines()
    assert code == 1 and ": 30 cells: 4 done, 25 failed, 1 damaged" in lines[0]
    assert lines[1:21] == [f"  failed: dim={i} (ValueError: ?[1mno [/b])" for i in range(5, 25)]
    assert lines[21] == "  failed: 5 more" and lines[22].startswith(f"  damaged: dim=0 ({path.name} has no checksum")
    assert path.exists()


def test_of_a_sweep_that_runs_the_pace_is_said_and_what_is_left(zobench, sweep, tmp_path):
    rewind(sweep, 100)
    os.utime(store.path(tmp_path / "runs", KEYS[0]), (1, 1))  # it had its record before
    for key in KEYS[10:12]:
        sweep.beat(key)
    out = zobench()[1].splitlines()
    assert ": 10 done, 2 running, 18 missing" in out[0]
    said = "  9 cells have ended since then, one every 11 s: about 4 min left, if the other 20 take as long"
    assert out[1:] == [said]
    assert zobench("slowdown")[1].splitlines()[2:4] == ["  running: dim=10", "  running: dim=11"]


def test_machines_and_what_was_set_aside_are_said(zobench, sweep, tmp_path):
    record(tmp_path, KEYS[0], machine={"instructions": "avx2"})
    record(tmp_path, KEYS[1], machine={"instructions": "sse4"})
    store.path(tmp_path / "runs", KEYS[2]).write_text("no record")
    store.is_done(store.path(tmp_path / "runs", KEYS[2]))
    out = zobench()[1]
    assert "records of 2 kinds of machines: avx2 (1 cell), sse4 (1 cell)" in out
    assert "set aside in runs/damaged: 1" in out and ": 9 done, 21 missing" in out


def test_the_latest_sweep_of_each_name_counts_and_a_store_without_sweeps_its_records(zobench, sweep, tmp_path):
    sweeps.sweep(tmp_path / "runs", "slowdown-2").begin({KEYS[0]: ""}, COMMAND)
    sweeps.sweep(tmp_path / "runs", "sweep-3").begin({KEYS[20]: ""}, ["problem.dim=4,5"])
    code, out, _ = zobench()
    assert code == 1 and "slowdown-1" not in out and "slowdown-2" in out and "zobench -m problem.dim=4,5" in out
    record(tmp_path / "other", KEYS[0])
    assert zobench("runs_dir=other/runs")[:2] == (0, "other/runs: no sweeps; 1 record: 1 done\n")
    record(tmp_path / "other", KEYS[1], status="failed", reason="x")
    code, out, _ = zobench("runs_dir=other/runs")
    assert code == 1 and "1 done, 1 failed" in out and f"failed: {KEYS[1]} (x)" in out


def test_nothing_is_written(zobench, sweep, tmp_path):
    store.path(tmp_path / "runs", KEYS[0]).write_text("no record")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert zobench()[0] == zobench("slowdown")[0] == 1
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(("arguments", "said"), [
    (("typo",), "status typo: no such sweep in runs (there: slowdown)"),
    (("a", "b"), "takes one name"),
    (("colour=red",), "takes runs_dir=..."),
    (("runs_dir=none",), "none is no folder"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(zobench, sweep, arguments, said):
    code, _, err = zobench(*arguments)
    assert (code, len(err.splitlines())) == (2, 1) and said in err
