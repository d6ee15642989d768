"""Reports say what is not in them, the second time too, and never share a folder."""

import shlex
import threading
from pathlib import Path

import pytest
from made import labelled
from rich.console import Console
from test_report import cell, fill

from zobench import report, store, sweeps
from zobench.__main__ import main
from zobench.errors import UsageError
from zobench.report import files, page, stamp
from zobench.survey import survey

MACHINE = {"instructions": "avx2", "threads": 1, "device": "cpu"}


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """A store with a sweep of slowdown in tmp_path; the records of its cells by their keys."""
    monkeypatch.chdir(tmp_path)
    paths = fill(tmp_path / "runs", sizes=(8, 16))
    sweep = sweeps.sweep("runs", "slowdown-1")
    sweep.begin({path.stem: f"n={path.stem}" for path in paths}, ["experiment=slowdown", "problem.dim=8,16"])
    return {path.stem: store.path("runs", path.stem) for path in paths}


def again(capsys, *options):
    with pytest.raises(SystemExit) as ended:
        main(("report", "slowdown", "report_dir=page", *options))
    return ended.value.code, capsys.readouterr().out


@pytest.mark.slow
def test_cells_without_a_good_record_are_named_by_terminal_and_page_twice(planned, capsys, tmp_path):
    code, out = again(capsys)
    folder = tmp_path / "page"
    whole = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert code == 0 and " cells " not in out and "missing.csv" not in whole
    kept = {name: planned[name].read_bytes() for name in planned}
    gone, damaged, failed = "gap-two_point-16", "gap-autodiff-16", "gradient-two_point-8"
    planned[gone].unlink()
    planned[damaged].write_bytes(kept[damaged][:-100])
    config = cell("gradient", "two_point", 8)[1]["config"]
    store.write(
        planned[failed], {}, {"status": "failed", "reason": "MemoryError: \x1b[31mtoo <large>", "config": config}
    )
    first, second = again(capsys), again(capsys)
    assert first == second and first[0] == 1
    total = len(planned)
    for text in (first[1], (folder / "table.md").read_text().partition("##")[0]):
        assert f"1 of {total} cells is missing: n={gone}" in text
        assert f"1 of {total} cells is damaged: n={damaged} ({damaged}.npz has no checksum" in text
        assert f"1 of {total} cells failed: n={failed} (MemoryError: ?[31mtoo " in text
        assert "to run them: zobench experiment=slowdown problem.dim=8,16\n" in text
    assert first[1].index("missing") < first[1].index("claims: ")
    rows = files.read_csv(folder / "missing.csv")
    assert {row["key"]: row["kind"] for row in rows} == {gone: "missing", damaged: "damaged", failed: "failed"}
    for name, data in kept.items():
        planned[name].write_bytes(data)
    assert again(capsys) == (code, out)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == whole


def test_many_cells_are_counted_and_where_nothing_can_be_drawn_they_are_named_still(planned, capsys):
    for path in list(planned.values())[1:]:
        path.unlink()
    code, out = again(capsys)
    assert code == 1 and f"{len(planned) - 1} of {len(planned)} cells are missing: " in out
    assert f"and {len(planned) - 6} more (missing.csv)" in out
    folder = [("a", store.path("none", "a" * 16)), ("b", store.path("none", "b" * 16))]
    with pytest.raises(ValueError, match=r"no record of this experiment ended well.*2 of 2 cells are missing: a, b"):
        report.draw("memory", folder, store.path("new", "x").parent, Console(quiet=True))


def test_the_command_that_goes_on_can_be_pasted(tmp_path):
    sweep = sweeps.sweep(tmp_path / "my runs", "sweep-1")
    assert sweep.again() == ""
    sweep.begin({"a" * 16: ""}, ["problem.dim=8,16", "step=[theory,trace]", "runs_dir=elsewhere"])
    words = ["zobench", "-m", "problem.dim=8,16", "step=[theory,trace]", f"runs_dir={tmp_path / 'my runs'}"]
    assert shlex.split(sweep.again()) == words


@pytest.mark.slow
def test_machines_that_differ_are_said(planned, capsys, tmp_path):
    for i, path in enumerate(planned.values()):
        record = store.read(path)
        assert record
        machine = MACHINE | {"processor": str(i), "instructions": "avx512" if i < 2 else "avx2"}
        store.write(path, record.arrays, {**record.meta, "machine": machine})
    code, out = again(capsys)
    said = f"records of 2 kinds of machines: avx2 ({len(planned) - 2} cells), avx512 (2 cells)"
    assert code == 0 and said in out and said in (tmp_path / "page" / "table.md").read_text()


@pytest.mark.slow
def test_two_reports_in_one_folder_are_refused_before_anything_is_written(planned, capsys, tmp_path):
    again(capsys)
    folder = tmp_path / "page"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    for stamped in (True, False):
        if not stamped:
            (folder / "inputs").unlink()
            del before["inputs"]
        with pytest.raises(UsageError, match=f"page has {'the report slowdown' if stamped else 'a report with'}.* mds"):
            report.draw("mds", labelled(planned.values()), folder, Console(quiet=True))
        with pytest.raises(UsageError, match=r"page has .*claims"):
            report.draw_board(tmp_path / "runs", folder, Console(quiet=True))
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert again(capsys)[0] == 0  # its own, from before there were stamps
    with pytest.raises(SystemExit) as ended:
        main(("experiment=memory", "report_dir=page"))
    assert ended.value.code == 2 and "has the report slowdown" in capsys.readouterr().err


def test_of_two_that_start_at_the_same_time_one_has_the_folder(tmp_path):
    for i in range(20):
        folder, together, refused = tmp_path / str(i), threading.Barrier(2), []

        def claim(name, folder=folder, together=together, refused=refused):
            together.wait()
            try:
                stamp.claim(folder, name, [])
            except UsageError:
                refused.append(name)

        threads = [threading.Thread(target=claim, args=(name,)) for name in ("one", "other")]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert len(refused) == 1 and {(folder / "inputs").read_text().strip(), *refused} == {"one", "other"}


def test_files_of_an_earlier_drawing_go_and_those_of_the_user_stay(planned, monkeypatch, tmp_path):
    folder = tmp_path / "page"
    folder.mkdir()
    for name in ("notes.txt", "old.png"):
        (folder / name).touch()
    (tmp_path / "outside").touch()
    stamp.claim(folder, "slowdown", [])
    stamp.write(folder, "slowdown", "", ["old.png", "table.csv", "../outside"])
    stamp.write(folder, "slowdown", "", ["table.csv"])
    assert {file.name for file in folder.iterdir()} == {"inputs", "notes.txt"} and (tmp_path / "outside").exists()


def test_a_survey_tells_what_is_wrong_with_each_cell(planned):
    planned["gap-two_point-8"].write_bytes(b"")
    found = survey(labelled(planned.values()))
    assert [(gap.key, gap.kind) for gap in found.gaps] == [("gap-two_point-8", "damaged")]
    assert page.may_write("slowdown")[:2] == ["table.csv", "cells.csv"]


def test_a_store_is_only_read(planned, capsys, tmp_path):
    """By report, also of claims, by status and export, whatever is wrong with its records."""
    planned["gap-two_point-8"].write_bytes(b"no record")
    (tmp_path / "runs" / ".x.npz.1.tmp").touch()

    def look():
        return {path: (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in (tmp_path / "runs").rglob("*")}

    before = look()
    for words in (("report", "slowdown"), ("report", "claims"), ("status",), ("export",)):
        with pytest.raises(SystemExit):
            main(words)
    capsys.readouterr()
    assert look() == before


def test_an_entry_of_that_name_which_is_no_stamp_is_refused(tmp_path):
    for folder, make in ((tmp_path / "a", Path.mkdir), (tmp_path / "b", lambda path: path.write_bytes(b"\xff"))):
        folder.mkdir()
        make(folder / "inputs")
        with pytest.raises(UsageError, match="an entry inputs that is no stamp"):
            stamp.claim(folder, "slowdown", [])
