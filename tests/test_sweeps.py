"""Sweeps: what was planned, what runs, what has ended, which was the latest."""

import os
import shutil

from zobench import sweeps

A, B = "a" * 16, "b" * 16


def test_a_sweep_knows_what_was_planned_before_anything_has_ended(tmp_path):
    sweep = sweeps.sweep(tmp_path, "slowdown-1")
    sweep.begin({B: "dim=8", A: "dim=16"}, ["problem.dim=8,16"])
    assert sweep.members() == [B, A] and sweep.ended() == [] and not sweep.complete.exists()
    assert sweep.plan().cells == {B: "dim=8", A: "dim=16"} and sweep.plan().command == ["problem.dim=8,16"]
    sweep.beat(A)
    assert sweep.running() == [A]
    sweep.mark(A)
    assert sweep.ended() == [A] and sweep.running() == []
    sweep.end()
    assert sweep.complete.exists() and sweeps.sweeps(tmp_path) == {"slowdown": [sweep]}
    sweep.begin({A: ""}, ended=[A])
    assert sweep.members() == [A] == sweep.ended() and not sweep.complete.exists()


def test_a_cell_without_a_sign_of_life_does_not_run(tmp_path):
    sweep = sweeps.sweep(tmp_path, "slowdown-1")
    sweep.beat(A)
    os.utime(sweep.folder / f"{A}.running", (0, 0))
    assert sweep.running() == []


def test_without_a_plan_those_that_have_ended_are_the_members(tmp_path):
    sweep = sweeps.sweep(tmp_path, "slowdown-1")
    sweep.mark(B)
    (sweep.folder / "plan.json").write_text("{")
    assert sweep.members() == [B]


def test_the_latest_is_the_one_that_was_begun_last_in_a_copy_too_and_when_clocks_are_set_back(tmp_path, monkeypatch):
    first, second = (sweeps.sweep(tmp_path / "one", f"slowdown-{i}") for i in "ba")
    first.begin({A: ""})
    monkeypatch.setattr("time.time", lambda: 0.0)
    second.begin({B: ""})
    assert sweeps.sweeps(tmp_path / "one")["slowdown"] == [first, second]
    for name in ("slowdown-a", "slowdown-b"):
        shutil.copytree(tmp_path / "one" / "sweeps" / name, tmp_path / "two" / "sweeps" / name)
    assert [each.folder.name for each in sweeps.sweeps(tmp_path / "two")["slowdown"]] == ["slowdown-b", "slowdown-a"]
    first.renew()
    assert sweeps.sweeps(tmp_path / "one")["slowdown"] == [second, first]
