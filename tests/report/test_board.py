"""The board of claims: none is lost, verdicts follow the records of the latest sweep, and faults are said."""

import json
from pathlib import Path

import pytest

from zobench import store, sweeps
from zobench.__main__ import main
from zobench.report import board, board_figures, claims, files, page, verdicts
from zobench.statistics import Estimate

ROOT = Path(__file__).parents[2]
REAL_NEEDS = claims.needs
SMALL = ("problem.dim=16", "estimator.q=1,16", "seeds=40", "step=[theory]", "hydra/launcher=basic")
CLAIM = 18  # what experiment=directions measures


@pytest.fixture(autouse=True)
def small_is_enough(monkeypatch):
    """The sweep of these tests is small; what it needs is tested apart."""
    monkeypatch.setattr(claims, "needs", lambda experiment: {})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A small sweep of experiment=directions."""
    folder = tmp_path_factory.mktemp("board")
    with pytest.raises(SystemExit) as ended:
        main(("experiment=directions", *SMALL, f"runs_dir={folder / 'runs'}", f"report_dir={folder / 'page'}"))
    assert ended.value.code == 0
    return folder / "runs"


@pytest.fixture
def runs(recorded, tmp_path):
    """A copy of its records, to be changed."""
    ((_, (sweep,)),) = sweeps.sweeps(recorded).items()
    keys = sweep.members()
    for key in keys:
        rewrite(store.path(recorded, key), store.path(tmp_path / "runs", key))
    copy = sweeps.sweep(tmp_path / "runs", sweep.folder.name)
    copy.begin({key: key for key in keys}, ended=keys)
    copy.end()
    return tmp_path / "runs"


@pytest.fixture
def without_picture(monkeypatch):
    """The board's tables alone, to save the time of drawing."""
    monkeypatch.setattr(board_figures, "draw", lambda entries, folder: None)


def rewrite(source, path, change=lambda arrays, meta: None):
    record = store.read(source)
    assert record
    arrays, meta = dict(record.arrays), dict(record.meta)
    change(arrays, meta)
    store.write(path, arrays, meta)


def slower(arrays, meta):
    arrays["theory/hits"] = arrays["theory/hits"] * 2


def failed(arrays, meta):
    arrays.clear()
    meta |= {"status": "failed", "reason": "it fell over", "rules": {}}


def drawn(runs):
    """The board: its entries by number, and what the terminal said."""
    folder = runs.parent / "claims"
    with pytest.raises(SystemExit) as ended:
        main(("report", "claims", f"runs_dir={runs}", f"report_dir={folder}"))
    entries = json.loads((folder / "verdicts.json").read_text())
    return {entry["number"]: entry for entry in entries if entry["number"]}, folder, ended.value.code


def latest(runs):
    return sweeps.sweeps(runs)["directions"][-1]


def test_all_seventy_claims_are_stated_once_and_every_measured_number_is_among_them():
    stated = board.statements()
    assert [statement.number for statement in stated if statement.lecture] == list(range(1, 71))
    assert all(statement.expected in claims.VERDICTS and statement.statement for statement in stated)
    assert [statement.number for statement in stated if statement.untestable] == [25]
    found = [board.Evidence(name, {}, reason="no records") for name in claims.experiments()]
    entries = board.board(board.rows(found))
    assert [entry["number"] for entry in entries if entry["number"]] == [statement.number for statement in stated]
    assert {entry["verdict"] for entry in entries} == {"not measured"}
    assert all(entry["reason"] for entry in entries)


def test_every_claim_of_a_paper_is_quoted_with_its_place_and_scope_and_is_measured_where_that_was_expected():
    papers = [statement for statement in board.statements() if statement.paper]
    assert [statement.number for statement in papers] == list(range(board.PAPERS_FROM, board.PAPERS_FROM + len(papers)))
    assert len(papers) >= 24 and len({statement.paper for statement in papers}) >= 15
    for each in papers:
        assert each.quotation and each.place and each.scope and not each.lecture
        assert len(each.short) <= 2 * board_figures.LETTERS
    measured = {claim.number for name in claims.experiments() for claim in claims.of(name) if claim.checks}
    expected = {each.number for each in papers if each.expected != "not measured"}
    assert {number for number in measured if number and number >= board.PAPERS_FROM} == expected


@pytest.mark.slow
def test_without_records_all_is_not_measured_and_the_board_says_what_to_run(tmp_path, capsys):
    (tmp_path / "runs").mkdir()
    entries, folder, code = drawn(tmp_path / "runs")
    out = capsys.readouterr().out
    assert code == 0 and "claims: 70 not measured" in out and "not measured: zobench experiment=" in out
    papers = [statement for statement in board.statements() if statement.paper]
    assert f"claims of papers: {len(papers)} not measured" in out
    assert "zobench experiment=directions" in entries[CLAIM]["reason"].split("; ")
    assert "nothing that could be measured" in entries[25]["reason"]
    assert {path.name for path in folder.iterdir()} == {
        *("table.csv", "table.md", "table.tex", "verdicts.json", "board.png", "board.svg", "index.html", "inputs")
    }
    numbers = {line["number"] for line in files.read_csv(folder / "table.csv")}
    assert {str(number) for number in range(1, 71)} <= numbers
    assert all(f"| {number}. " in (folder / "table.md").read_text() for number in range(1, 71))
    shown = (folder / "index.html").read_text()
    assert all(f'"{number}. ' in shown for number in range(1, 71)) and "zobench report claims" in shown
    assert all(f'"{each.number}. ' in shown for each in papers)


@pytest.mark.slow
def test_a_changed_record_changes_the_verdict(runs, capsys):
    before, folder, code = drawn(runs)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert code == 0 and before[CLAIM]["verdict"] == "holds"
    assert "claims: 1 hold, 69 not measured" in capsys.readouterr().out
    drawn(runs)
    assert first == {path.name: path.read_bytes() for path in folder.iterdir()}
    for key in latest(runs).members():
        rewrite(store.path(runs, key), store.path(runs, key), slower)
    after, _, _ = drawn(runs)
    assert after[CLAIM]["verdict"] == "refuted"
    assert "claims: 1 refuted, 69 not measured" in capsys.readouterr().out
    assert first["board.png"] != (folder / "board.png").read_bytes()


@pytest.mark.slow
def test_failed_broken_and_absent_records_are_counted_and_leave_the_rest(runs, without_picture, capsys):
    keys = latest(runs).members()
    assert len(keys) == 4
    rewrite(store.path(runs, keys[3]), store.path(runs, keys[3]), failed)
    store.path(runs, keys[2]).write_bytes(b"no record")
    entries, folder, code = drawn(runs)
    assert code == 0 and entries[CLAIM]["verdict"] == "holds"
    text = (folder / "table.md").read_text()
    assert "2 ended well, 1 failed, 1 damaged: " in text and f"{keys[2]}.npz has no checksum" in text
    assert f"{keys[2]}.npz has no checksum" in capsys.readouterr().out
    store.path(runs, keys[0]).unlink()
    rewrite(store.path(runs, keys[1]), store.path(runs, keys[1]), failed)
    entries, _, code = drawn(runs)
    assert code == 0 and "no cell ended well: zobench experiment=directions" in entries[CLAIM]["reason"]
    capsys.readouterr()


@pytest.mark.slow
def test_the_latest_sweep_in_which_a_cell_has_ended_counts(runs, without_picture):
    keys, old = latest(runs).members(), latest(runs)
    slow = [f"{i:016x}" for i in range(len(keys))]
    for key, new in zip(keys, slow, strict=True):
        rewrite(store.path(runs, key), store.path(runs, new), slower)
    newer = sweeps.sweep(runs, "directions-newer")
    newer.begin({key: key for key in slow}, ended=slow[:1])  # a sweep that was interrupted
    for key in slow[1:]:
        store.path(runs, key).unlink()
    (runs / "sweeps" / "directions-empty").mkdir()
    entries, folder, _ = drawn(runs)
    assert entries[CLAIM]["verdict"] == "refuted"
    assert "1 ended well, 3 without a record, the sweep has not ended" in (folder / "table.md").read_text()
    old.renew()
    assert drawn(runs)[0][CLAIM]["verdict"] == "holds"


def test_a_report_that_raises_is_said_and_gives_exit_code_1(runs, without_picture, monkeypatch, capsys):
    def broken(name, records):
        raise KeyError("gone")

    monkeypatch.setattr(page, "measured", broken)
    entries, _, code = drawn(runs)
    assert code == 1 and "KeyError: 'gone'" in capsys.readouterr().err
    assert entries[CLAIM]["verdict"] == "not measured" and "KeyError" in entries[CLAIM]["reason"]


def test_a_number_has_the_worst_verdict_of_those_that_could_measure_it():
    assert claims.worst(["holds", "not measured"]) == "holds"
    assert claims.worst(["holds", "undecided"]) == "undecided"
    assert claims.worst(["holds", "refuted", "undecided"]) == "refuted"
    assert claims.worst(["not measured"]) == claims.worst([]) == "not measured"


def test_a_stronger_reading_that_fails_stands_beside_the_claim_and_does_not_refute_it():
    rows = [
        {"number": 17, "beyond": None, "experiment": "a", "verdict": "holds", "statement": "at most n", "checks": []},
        {"number": None, "beyond": 17, "experiment": "b", "verdict": "refuted", "statement": "always n", "checks": []},
        {"number": None, "beyond": 17, "experiment": "b", "verdict": "holds", "statement": "n for one", "checks": []},
    ]
    rows = [{**row, "where": None, "reason": "", "lecture": "", "place": "", "expected": "holds"} for row in rows]
    entries = board.board([{**row, "and_not": []} for row in rows])
    (claim,) = (entry for entry in entries if entry["number"] == 17)
    assert claim["verdict"] == "holds" and claim["and_not"] == ["refuted: always n"]
    assert verdicts.verdict(claim) == "holds; and not: always n (refuted)"
    assert [entry["verdict"] for entry in entries if entry["number"] is None] == ["refuted", "holds"]


def test_a_value_whose_interval_leaves_the_range_is_undecided():
    (claim,) = (claim for claim in claims.of("directions") if claim.number == CLAIM)
    vague = {claim.checks[0].quantity: Estimate(1.1, 1.0, 1.3)}
    (row,) = (r for r in board.rows([board.Evidence("directions", vague, ended=1)]) if r["number"] == CLAIM)
    assert row["verdict"] == "undecided" and row["reason"] == ""


def test_a_sweep_that_is_too_small_judges_nothing_and_never_replaces_a_full_one(recorded, monkeypatch):
    monkeypatch.setattr(claims, "needs", REAL_NEEDS)
    (found,) = (e for e in board.evidence(recorded, board.latest(recorded)) if e.experiment == "directions")
    lines = board.rows([found])
    assert {line["verdict"] for line in lines} == {"not measured"}
    assert {line["reason"] for line in lines} == {"needs n >= 32 (here 16)"}
    both = [sweeps.Sweep(recorded), sweeps.Sweep(recorded / "later")]
    monkeypatch.setattr(
        board, "_metas", lambda runs, sweep: [{"status": "ok", "n": 64, "config": {"seeds": 20}}] * (sweep == both[0])
    )
    assert board._judging("directions", recorded, both) == both[0]


def test_a_number_that_no_claim_has_is_refused():
    row = {"number": 71, "experiment": "directions", "statement": "too many"}
    with pytest.raises(ValueError, match=r"directions/claims.yaml: 'too many': number 71"):
        board.board([row])


@pytest.mark.parametrize("name", claims.experiments())
def test_every_quantity_that_a_claim_asks_for_is_measured_by_the_committed_report(name):
    """What a page does not measure counts as not measured, so that a misspelt quantity must be found here."""
    entries = json.loads((ROOT / "reports" / name / "verdicts.json").read_text())
    asked = {check.quantity for claim in claims.of(name) for check in claim.checks}
    found = {check["quantity"]: check["measured"] for entry in entries for check in entry["checks"]}
    assert asked == found.keys()
    wanted = {check["quantity"] for e in entries if e["expected"] != "not measured" for check in e["checks"]}
    assert not [quantity for quantity in wanted if found[quantity] is None]
