"""`zobench export` and `zobench.load`: every run of every record in one table, and what is not in it."""

import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import zobench as zo
from zobench import store
from zobench.__main__ import main
from zobench.command import export
from zobench.report import runs
from zobench.surroundings import machine


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Two dimensions of two estimators, two rules and 2 seeds; a failed cell; a measurement without runs."""
    folder = tmp_path_factory.mktemp("export")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        many = ("-m", "problem.dim=4,5", "estimator=two_point,autodiff", "step=[theory,0.01]", "seed=3", "seeds=2")
        with pytest.raises(SystemExit):
            main((*many, "problem=quadratic", "stop.gd_iterations=30", "hydra/launcher=basic"))
    (path, *_) = (folder / "runs").glob("*.npz")
    record = store.read(path)
    assert record
    failed = {**record.meta, "status": "failed", "reason": 'a, "b"\nc', "rules": {}}
    store.write(store.path(folder / "runs", "f" * 16), {}, failed)
    store.write(store.path(folder / "runs", "e" * 16), {}, {"status": "ok", "config": {"study": {"x": 1}}})
    return folder


@pytest.fixture
def zobench(zobench, filled, tmp_path):
    """The command in a folder that has a copy of the store."""
    shutil.copytree(filled / "runs", tmp_path / "runs")
    return partial(zobench, "export")


def test_the_table_has_a_line_a_run_and_says_what_it_has_not(zobench, tmp_path):
    code, out, err = zobench()
    table: Any = pandas.read_csv("export.csv")
    first, second = out.splitlines()
    assert (code, err) == (0, "") and first == f"export.csv: 13 runs of 5 records, {len(table.columns)} columns"
    assert second == "not in it: 1 of experiments that measure and make no runs"
    assert list(table)[: len(runs.COLUMNS)] == [*runs.COLUMNS] and not table.duplicated(["key", "rule", "run"]).any()
    assert {"problem.dim", "estimator.direction"} <= {*table} and "problem.seed" not in table
    ok = table[table.status == "ok"]
    assert set(ok.method) == {"two-point GD", "GD (autodiff)"} and set(ok.rule) == {"theory", "0.01"}
    assert (
        list(ok[ok.estimator == "two_point"].seed) == [3, 4] * 4
        and list(ok[ok.estimator == "autodiff"].seed) == [3] * 4
    )
    assert (ok.instructions == machine()["instructions"]).all() and set(ok.device) == {"cpu"} and set(ok.n) == {4, 5}
    assert (ok.calls_per_step == np.where(ok.estimator == "two_point", 2, 1)).all() and (ok.seconds > 0).all()
    (failed,) = table[table.status == "failed"].itertuples()
    assert (failed.run, failed.outcome, failed.reason) == (-1, "failed", 'a, "b"\nc')
    for path in (tmp_path / "runs").glob("*.npz"):
        record = store.read(path)
        assert record
        for rule in record.meta.get("rules", {}):
            own = ok[(ok.key == path.stem) & (ok.rule == rule)]
            np.testing.assert_array_equal(own.final, record.arrays[f"{rule}/gap"][:, -1].astype(float))
            np.testing.assert_array_equal(own.outcome, record.arrays[f"{rule}/outcome"])
            np.testing.assert_array_equal(np.isinf(own.hit), np.isinf(record.arrays[f"{rule}/hits"]))
            np.testing.assert_array_equal(own.calls, own.hit * own.calls_per_step)


def test_parquet_and_load_have_the_same_table(zobench, monkeypatch):
    assert zobench("export.csv")[0] == zobench("runs.parquet")[0] == 0
    text: Any
    text, parquet = pandas.read_csv("export.csv", keep_default_na=False), pandas.read_parquet("runs.parquet")
    loaded: Any = pandas.DataFrame(zo.load())
    assert list(text) == list(parquet) == list(loaded)
    for name in text:
        other = text[name].replace("nan", "") if text[name].dtype == object else text[name]
        assert loaded[name].equals(parquet[name].astype(loaded[name].dtype)), name
        if loaded[name].dtype == float:
            np.testing.assert_array_equal(loaded[name], pandas.to_numeric(other, errors="coerce"))
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pyarrow", None)
        code, _, said = zobench("none.parquet")
        assert code == 2 and "pip install 'zobench[export]'" in said and not os.path.exists("none.parquet")


def test_damaged_records_are_named_and_many_processes_give_the_same(zobench, monkeypatch, tmp_path, capsys):
    (victim, *_) = [path for path in sorted((tmp_path / "runs").glob("*.npz")) if path.stem < "e"]
    victim.write_bytes(victim.read_bytes()[:-1])
    code, out, said = zobench("one.csv")
    assert code == 1 and f"not in it: 1 damaged: {victim.name} has no checksum" in out and victim.name in said
    assert victim.stem not in zo.load()["key"] and victim.exists()
    monkeypatch.setattr(export, "MANY", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    code, out, _ = zobench("two.csv")
    assert code == 1 and (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    capsys.readouterr()


def test_of_one_config_the_newest_record_is_the_latest(filled, tmp_path):
    (path, *_) = [path for path in (filled / "runs").glob("*.npz") if path.stem < "e"]
    record = store.read(path)
    assert record
    for i, key in enumerate(("b" * 16, "a" * 16)):
        store.write(store.path(tmp_path, key), *record)
        os.utime(store.path(tmp_path, key), (i + 1, i + 1))
    table = zo.load(tmp_path)
    assert set(table["key"][table["latest"]]) == {"a" * 16} and set(table["key"][~table["latest"]]) == {"b" * 16}


@pytest.mark.parametrize(("arguments", "said"), [
    (("x.xls",), "is a .csv or a .parquet"),
    (("a.csv", "b.csv"), "takes one file"),
    (("colour=red",), "takes runs_dir=..."),
    (("runs_dir=none",), "no records in none"),
    (("no/where/x.csv",), "No such file or directory"),
    (("folder.csv",), "is a folder"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(zobench, tmp_path, arguments, said):
    (tmp_path / "folder.csv").mkdir()
    code, _, err = zobench(*arguments)
    assert (code, len(err.splitlines())) == (2, 1) and said in err


def test_a_table_of_nothing_but_failures_has_its_columns(tmp_path):
    config = {"problem": {"_target_": "zobench.problems.quadratics.quadratic", "dim": 3}, "estimator": {}, "stop": {}}
    config["stop"] = {"metric": "gap"}
    store.write(store.path(tmp_path, "a" * 16), {}, {"status": "failed", "reason": "x", "config": config})
    table = zo.load(tmp_path)
    assert list(table) == [*runs.COLUMNS] and table["n"].tolist() == [3] and table["outcome"].tolist() == ["failed"]
    assert list(zo.load(tmp_path / "..")) == [*runs.COLUMNS]


def test_the_docs_have_the_columns():
    text = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    assert "".join(f"| `{name}` | {meaning} |\n" for name, meaning in runs.COLUMNS.items()) in text
