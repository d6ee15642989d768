"""Any sweep ends with a report: of runs, of one cell, of failed ones; of none where it is told so."""

import pytest

from zobench import build
from zobench.command import cli
from zobench.report import files

SWEEP = ("-m", "problem.dim=3,4", "estimator=autodiff,two_point", "seeds=2", "stop.gd_iterations=20")


def test_a_sweep_ends_with_a_report_which_is_drawn_again_and_replaced(zobench, tmp_path):
    ended = zobench(*SWEEP)
    folder = tmp_path / "reports" / "sweep"
    assert ended.code == 0 and "report: reports/sweep\naddress: file://" in ended.out
    assert ended.out.count("iterations and calls to target") == 1 and "arrived" not in ended.out
    page, command = (folder / "table.md").read_text(), "    zobench " + " ".join(SWEEP) + "\n"
    assert page.startswith(command) and "![Convergence](convergence.png)\n\n" in page
    assert page.count(command) == 1 + page.count("![") > 1
    assert (folder / "convergence_priced.png").exists()  # a gradient has a price, which its record keeps
    whole = {file.name: file.read_bytes() for file in folder.iterdir()}
    for file in folder.glob("*.*"):
        file.unlink()
    again = zobench("report", "sweep")
    assert again.code == 0 and "arrived" in again.out
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == whole
    assert zobench("-m", "problem.dim=5", *SWEEP[2:]).code == 0
    assert not (folder / "scaling.png").exists() and "scaling (it takes" in (folder / "table.md").read_text()


@pytest.mark.slow
def test_figures_come_in_the_formats_asked_for_and_again(zobench, tmp_path):
    folder = tmp_path / "reports" / "sweep"
    assert zobench(*SWEEP, "report_formats=[pdf]").code == 0
    kept = (folder / "convergence.pdf").read_bytes()
    assert b"FontFile2" in kept and (folder / "convergence.png").exists() and not [*folder.glob("*.svg")]
    (folder / "inputs").unlink()
    assert zobench("report", "sweep").code == 0 and (folder / "convergence.pdf").read_bytes() == kept
    assert zobench("report", "sweep", "report_formats=[svg]").code == 0
    assert (folder / "convergence.svg").exists() and not [*folder.glob("*.pdf")]
    for refused in (("report", "sweep", "report_formats=[gif]"), (*SWEEP, "report_formats=[]")):
        ended = zobench(*refused)
        assert ended.code == 2 and "report_formats is a list of png, svg, pdf" in ended.err


def test_a_report_is_not_drawn_where_none_is_wanted(zobench, tmp_path):
    for none in ("null", "none"):
        ended = zobench(*SWEEP, f"report={none}")
        assert ended.code == 0 and "report:" not in ended.out
    assert zobench("problem.dim=3", *SWEEP[3:]).code == 0 and not (tmp_path / "reports").exists()
    help = zobench("report", "--help")
    assert help.code == 0 and "latest sweep" in help.out


def test_thousands_of_cells_are_drawn_when_asked(zobench, monkeypatch, tmp_path):
    monkeypatch.setattr(cli, "MANY", 3)
    ended = zobench(*SWEEP)
    assert ended.code == 0 and "4 cells are not drawn unless asked: zobench report sweep" in ended.out
    assert not (tmp_path / "reports").exists() and zobench("report", "sweep").code == 0
    assert (tmp_path / "reports" / "sweep" / "table.md").exists()


def test_what_cannot_be_drawn_costs_the_sweep_nothing(zobench, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    assert zobench(*SWEEP, "report_dir=file/x").code == 2
    (tmp_path / "reports").touch()
    ended = zobench(*SWEEP)
    assert ended.code == 0 and "zobench: no report: report_dir=reports/sweep: " in ended.err
    (tmp_path / "reports").unlink()
    monkeypatch.setattr(build, "run", None)
    ended = zobench(*SWEEP, "seed=1")
    assert ended.code == 1 and "4 of 4 cells failed" in (tmp_path / "reports" / "sweep" / "table.md").read_text()


def test_methods_and_problems_have_the_users_names_and_order_on_all_of_the_page(zobench, tmp_path):
    folder, runs = tmp_path / "reports" / "sweep", tmp_path / "runs"
    labels = "report_labels={two_point: mine, GD \\(autodiff\\): yours, quadratic: bowl}"
    assert zobench(*SWEEP).code == 0
    records = {file.name: file.stat().st_mtime_ns for file in runs.glob("*.npz")}
    assert zobench(*SWEEP, labels, "report_order=[two_point]").code == 0
    assert {file.name: file.stat().st_mtime_ns for file in runs.glob("*.npz")} == records  # no part of a record's key
    text = (folder / "table.md").read_text()
    assert "two-point" not in text and "bowl" in text and "yours" in text
    assert _methods(folder) == ["mine", "yours"] * 2
    svg, page = (folder / "convergence.svg").read_text(), (folder / "index.html").read_text()
    assert "mine" in svg and "bowl" in svg and '"name":"mine' in page and '"problem":"bowl' in page
    (folder / "inputs").unlink()
    assert zobench("report", "sweep").code == 0 and (folder / "table.md").read_text() == text
    assert zobench("report", "sweep", "report_order=[autodiff]").code == 0
    assert _methods(folder) == ["yours", "mine"] * 2


def _methods(folder):
    return [row["method"] for row in files.read_csv(folder / "table.csv")]


def test_names_that_nothing_has_are_refused_before_anything_runs(zobench, tmp_path):
    for asked, said in {
        "report_labels={tow_point: mine}": "nothing here is called tow_point; there are 'GD (autodiff)', ",
        "report_order=[tow_point]": "report_order: nothing here is called tow_point",
        "report_labels={two_point: mine, autodiff: mine}": "are 2 methods, both called mine",
        "report_labels=[two_point]": "report_labels is names and what they are to be called",
        "report_labels={two_point: ''}": "report_labels is names and what they are to be called",
        "report_order=two_point": "report_order is a list of names",
    }.items():
        ended = zobench(*SWEEP, asked)
        assert ended.code == 2 and said in ended.err and ended.err.count("\n") == 1 and not (tmp_path / "runs").exists()
    assert zobench("experiment=slowdown", "report_labels={two_point: mine}").code == 2
    assert zobench(*SWEEP).code == 0
    for asked in ("report_order={a", "report_labels={tow_point: mine}", "report_order=[1,2]"):
        assert zobench("report", "sweep", asked).code == 2


def test_a_report_without_records_says_what_would_make_them_if_anything_would(zobench):
    for name, way in {
        "sweep": "zobench -m problem.dim=8,16",
        "slowdown": "zobench experiment=slowdown",
        "slow": "zobench list experiments",
    }.items():
        ended = zobench("report", name)
        assert ended.code == 2 and ended.err.count("\n") == 1 and ended.err.endswith(f": {way}\n"), ended.err
