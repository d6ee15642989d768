"""Saved states: a cell that goes on has the bytes of one from nothing, and makes nothing twice."""

import json
import os
import sys
from functools import partial
from typing import Any

import numpy as np
import optax
import pytest

import zobench.cell
from zobench import build, estimators, methods, reads, rhythm, solvers, states, store, trust
from zobench.adaptive_sampling import inner_product_test
from zobench.bayesian_directions import bayesian_subspace
from zobench.block_directions import block
from zobench.cell import run_cell
from zobench.curvature_directions import hizoo
from zobench.gradientless import gradientless_descent
from zobench.guided_directions import guided
from zobench.matrix_directions import low_rank
from zobench.momentum_directions import aligned, cone
from zobench.old_values import averaged_baseline, stale_coordinates
from zobench.parameter_free import poem
from zobench.plan import Settings
from zobench.problems.black_boxes import black_box
from zobench.problems.quadratics import quadratic
from zobench.problems.wrappers import noisy
from zobench.runs import Runs
from zobench.scalar_adaptation import meazo
from zobench.subspace_directions import subspace
from zobench.variance_reduction import svrg

PROBLEM = quadratic(dim=5, spectrum="log_uniform")
TWO_POINT = estimators.two_point()


CELLS: dict[str, dict[str, Any]] = {
    "two-point": {},
    "float32": {"dtype": "float32"},
    "adam": {"optimizer": optax.adam, "step": [0.05, 0.01]},
    "momentum, orthogonal": {
        "optimizer": lambda lr: optax.sgd(lr, momentum=0.9),
        "estimator": estimators.two_point(q=3, orthogonal=True),
    },
    "rademacher": {"estimator": estimators.two_point("rademacher"), "step": ["theory", "tuned"]},
    "residual": {"estimator": estimators.residual_one_point(), "step": [0.01]},
    "cone": {"estimator": cone(), "step": [0.01]},
    "aligned": {"estimator": aligned(), "step": [0.01]},
    "guided": {"estimator": guided(3), "step": [0.01]},
    "MEAZO": {"method": meazo, "step": [0.01]},
    "SVRG": {"method": partial(svrg, inner=5), "step": [0.01]},
    "inner product test": {"method": partial(inner_product_test, most=9), "step": [0.01]},
    "a kept block": {"estimator": block(2, keep=7, q=2), "step": [0.01]},
    "a kept subspace": {"estimator": subspace(2, keep=7, q=2), "step": [0.01]},
    "low rank": {"estimator": low_rank(2, keep=3), "step": [0.01]},
    "averaged baseline": {"estimator": averaged_baseline(), "step": [0.01]},
    "stale coordinates": {"estimator": stale_coordinates(2), "step": [0.01]},
    "HiZOO": {"estimator": hizoo(0.1), "step": [0.01]},
    "Bayesian": {"estimator": bayesian_subspace(), "step": [0.01]},
    "POEM": {"optimizer": poem, "step": [1.0]},
    "gradient": {"estimator": estimators.autodiff()},
    "accelerated": {"method": methods.accelerated},
    "pursuit": {"method": methods.random_pursuit, "dtype": "float32"},
    "three points": {"method": methods.three_point, "step": [0.1]},
    "gradientless": {"method": gradientless_descent},
    "one plus one": {"method": methods.one_plus_one},
    "noisy": {"problem": noisy(PROBLEM, 1e-4)},
    "tuned": {"step": ["tuned", "trace"]},
    "diverging": {"step": [5.0]},
    "black box": {"problem": black_box(lambda x: float((x**2).sum()), [1.0] * 7, 0.0, 2.0), "target": 0.1},
    "Nelder-Mead": {"method": lambda: solvers.scipy("Nelder-Mead", "none"), "problem": noisy(PROBLEM, 1e-3)},
}
ASKED = {"seed": 2, "seeds": 4, "gd_iterations": 147.3, "target": 1e-3, "tuning_tries": 4, "tuning_seeds": 2}
BEFORE: dict[str, list[dict[str, Any]]] = {
    "fewer seeds": [{"seeds": 2}],
    "a smaller budget": [{"gd_iterations": 60.1}],
    "a larger budget": [{"gd_iterations": 280.2}],
    "a looser target": [{"target": 0.3}],
    "a tighter target": [{"target": 1e-9}],
    "another step": [{"step": [0.01]}],
    "other seeds": [{"seed": 0, "seeds": 3}, {"seed": 4, "seeds": 9, "gd_iterations": 180}],
    "nothing": [],
    "itself": [{}],
}


SLOW = pytest.mark.slow
NOTHING = {"runs": 0, "iterations": 0, "tuning_runs": 0}


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    """Runs of some blocks, each of two sections."""
    monkeypatch.setattr(rhythm, "SECTIONS", 2)


def cell(folder, programs, fails_at=0, **changes):
    """A cell with its states in that folder; killed when it says for the `fails_at`-th time how far it is."""
    given = {"problem": PROBLEM, "method": methods.descent, "estimator": TWO_POINT, "optimizer": optax.sgd, **changes}
    parts = [given.pop(name) for name in ("problem", "estimator", "optimizer", "method")]
    settings, said = Settings(**{"step": ["theory"], **ASKED, **given}), []

    def progress(rule, k, cap):
        said.append(k)
        if len(said) == fails_at:
            raise Killed

    family = folder and states.states_of(folder)
    return run_cell(*parts, settings, progress, family=family, programs=programs)  # type: ignore[arg-type]


def plain(value):
    """Of a meta, what is not a time and not about states."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items() if "seconds" not in name and name != "reused"}
    return value


def same(one, other):
    (arrays, meta), (expected, about) = one, other
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert arrays[name].dtype == array.dtype and arrays[name].shape == array.shape, name
        assert arrays[name].tobytes() == array.tobytes(), name
    assert json.dumps(plain(meta)) == json.dumps(plain(about))


@pytest.mark.parametrize("name", [pytest.param(one, marks=SLOW if one == "Nelder-Mead" else ()) for one in CELLS])
def test_a_cell_that_goes_on_has_the_bytes_of_one_from_nothing(tmp_path, name):
    own, programs = CELLS[name], []
    expected = cell(None, programs, **own)
    assert expected[1]["reused"] == NOTHING
    for before, others in BEFORE.items():
        for changes in others:
            cell(tmp_path / before, programs, **{**own, **changes})
        found = cell(tmp_path / before, programs, **own)
        same(found, expected)
        shown, reused = sum(rule["steps_run"] for rule in found[1]["rules"].values()), found[1]["reused"]
        assert reused["iterations"] <= shown and (reused["iterations"] == shown or before != "itself")
        assert before != "nothing" or reused == NOTHING
    for moment in (1, 2, 3, 8):
        folder = tmp_path / f"killed {moment}"
        with pytest.raises(Killed):
            cell(folder, programs, fails_at=moment, **own)
            raise Killed  # it does not tell so often how far it is
        same(cell(folder, programs, **own), expected)


def files(folder):
    return [path for path in folder.rglob("*.state") if "damaged" not in path.parts]


@pytest.fixture
def calls(monkeypatch):
    """The blocks that are computed: seed and number of each."""
    made, call = [], Runs.call

    def counted(runs, run, block, state):
        made.append((int(runs.asked[run][0]), block))
        return call(runs, run, block, state)

    monkeypatch.setattr(Runs, "call", counted)
    return made


SHORT: dict[str, Any] = {"gd_iterations": 3.0, "target": 1e-12}  # within the first block
LONG: dict[str, Any] = {"gd_iterations": 100.0, "target": 1e-12}


@pytest.mark.parametrize("length", [SHORT, LONG])
def test_no_block_of_a_run_is_made_twice(tmp_path, calls, length):
    programs = []
    cell(tmp_path, programs, seed=0, seeds=20, **length)
    alone = cell(None, programs, seed=0, seeds=50, **length)
    blocks = {block for _, block in calls}
    assert (len(blocks) > 1) == (length is LONG)
    calls.clear()
    found = cell(tmp_path, programs, seed=0, seeds=50, **length)
    same(found, alone)
    assert sorted(calls) == [(seed, block) for seed in range(20, 50) for block in sorted(blocks)]
    assert found[1]["reused"] == {"runs": 20, "iterations": 20 * 5 * length["gd_iterations"], "tuning_runs": 0}
    calls.clear()
    same(cell(tmp_path, programs, seed=5, seeds=10, **length), cell(None, [], seed=5, seeds=10, **length))
    assert {seed for seed, _ in calls} == {*range(5, 15)} and len(calls) == 10 * len(blocks)  # those from nothing
    assert len(files(tmp_path)) == 1  # the wider range took the place of the other


def test_a_larger_budget_goes_on_where_the_smaller_one_ended(tmp_path, calls):
    programs = []
    cell(tmp_path, programs, **{**LONG, "gd_iterations": 60})
    first = len(calls)
    longer = cell(tmp_path, programs, **{**LONG, "gd_iterations": 200})
    from_nothing = 4 * len(range(0, 1001, programs[0].every * programs[0].records))
    last = 60 * 5 // (programs[0].every * programs[0].records)
    assert last > 0 and programs[0].records == 2 * rhythm.RECORDS
    assert all(block >= last for _, block in calls[first:]) and len(calls) - first == from_nothing - 4 * last
    calls.clear()
    same(cell(None, programs, **{**LONG, "gd_iterations": 200}), longer)
    assert len(calls) == from_nothing


def test_states_of_long_vectors_take_no_more_room_than_records(tmp_path, calls):
    problem, programs = quadratic(dim=600), []
    long = {"problem": problem, "gd_iterations": 300.0, "target": 1e-12, "seeds": 2}
    step = cell(tmp_path, programs, **long)[1]["rules"]["theory"]["step"]
    family, records = states.states_of(tmp_path), programs[0].records
    past, _ = states.load_pasts(family, step, range(2, 4), [np.zeros(600)], records)
    often = -(-600 // (3 * records))
    assert often > 5 and [*past.states] == [*range(often, past.blocks, often), past.blocks] and past.blocks > 2 * often
    calls.clear()
    shorter = {**long, "gd_iterations": 200.0}
    found = cell(tmp_path, programs, **shorter)
    again = len(calls)
    calls.clear()
    same(found, cell(None, programs, **shorter))
    assert 2 <= again <= 2 * often < len(calls)  # from the state before its end


def test_a_tuned_cell_with_more_seeds_does_not_tune_again(tmp_path, calls):
    programs, tuned = [], {"step": ["tuned"], "target": 1e-2}
    cell(tmp_path, programs, **tuned)
    expected = cell(None, programs, **{**tuned, "seeds": 7})
    calls.clear()
    found = cell(tmp_path, programs, **{**tuned, "seeds": 7})
    same(found, expected)
    assert all(seed < 1_000_000 for seed, _ in calls) and found[1]["reused"]["tuning_runs"] >= 8
    calls.clear()
    more = {**tuned, "tuning_tries": 7}
    same(cell(tmp_path, programs, **more), cell(None, programs, **more))
    assert len(calls) > 0


@pytest.mark.parametrize("moment", [2, 6, 9])
def test_a_killed_tuning_goes_on_from_the_runs_it_made(tmp_path, calls, moment):
    programs, tuned = [], {"step": ["tuned"], "target": 1e-2}
    expected = cell(None, programs, **tuned)
    whole = len(calls)
    calls.clear()
    with pytest.raises(Killed):
        cell(tmp_path, programs, fails_at=moment, **tuned)
    same(cell(tmp_path, programs, **tuned), expected)
    assert whole <= len(calls) <= whole + 4  # a run of the tuning begins anew


@SLOW
def test_a_black_box_that_fails_keeps_what_it_had(tmp_path):
    asked, broken = [], []

    def box(x):
        asked.append(1)
        if len(asked) == 200 and not broken:
            broken.append(1)
            raise OSError("no licence")
        return float((x**2 * [1, 2, 3]).sum())

    own = {"problem": black_box(box, [1.0, 2.0, 3.0], 0.0, 6.0), "target": 1e-12, "seeds": 1}
    assert "no licence" in cell(tmp_path, None, **own)[1]["failure"]
    before = len(asked)
    found = cell(tmp_path, None, **{**own, "problem": black_box(box, [1.0, 2.0, 3.0], 0.0, 6.0)})
    second = len(asked) - before
    same(found, cell(None, None, **{**own, "problem": black_box(box, [1.0, 2.0, 3.0], 0.0, 6.0)}))
    whole = len(asked) - before - second
    assert found[1]["reused"]["iterations"] > 0 and second < whole - 180


def damages(path, folder):
    """The file with a byte flipped, cut, empty, nothing of its kind; of another family, range, kind of state."""
    data = path.read_bytes()
    saved = store.read(path)
    assert saved is not None
    yield path.name, data[:200] + bytes([data[200] ^ 8]) + data[201:]
    yield path.name, data[: len(data) // 2]
    yield path.name, b""
    yield path.name, b"PK" * 100
    other = folder / path.name
    for meta in ({"of": ["0" * 16] * 2}, {"after": [[3]] * 4}, {"caps": 3}, {"seeds": [1, 2]}):
        store.write(other, saved.arrays, {**saved.meta, **meta})
        yield path.name, other.read_bytes()
    for arrays in ({"records": saved.arrays["records"].astype(np.float32)}, {"state0": np.zeros(3)}):
        store.write(other, {**saved.arrays, **arrays}, saved.meta)
        yield path.name, other.read_bytes()
    yield "0-4.state", data


def test_what_is_damaged_or_of_something_else_is_ignored(tmp_path, capsys):
    programs = []
    expected = cell(tmp_path / "good", programs, **LONG)
    (good,) = files(tmp_path / "good")
    for i, (name, data) in enumerate(damages(good, tmp_path)):
        folder = tmp_path / str(i) / "good"
        place = folder / good.parent.relative_to(tmp_path / "good") / name
        place.parent.mkdir(parents=True)
        place.write_bytes(data)
        found = cell(folder, programs, **LONG)
        same(found, expected)
        assert found[1]["reused"] == NOTHING, i
        assert cell(folder, programs, **LONG)[1]["reused"]["runs"] == 4  # it was written anew
    capsys.readouterr()


def test_what_is_too_large_is_not_saved(tmp_path, monkeypatch):
    expected = cell(None, None)
    for module in (states, zobench.cell):
        monkeypatch.setattr(module, "LARGEST", 300)
        same(cell(tmp_path, None), expected)
        assert not files(tmp_path)


@pytest.mark.parametrize("name", ["two-point", "tuned", "black box", pytest.param("Nelder-Mead", marks=SLOW)])
def test_a_cell_saves_as_it_goes(tmp_path, monkeypatch, name):
    """What a process leaves behind that is killed without a word as it saves for the second time."""
    monkeypatch.setattr(states, "SAVE_EVERY", -1.0)
    long, programs, saved, write = {**CELLS[name], **LONG, "gd_iterations": 300.0}, [], [], store.write
    expected = cell(None, programs, **long)

    def dies(*arguments):
        if len(saved) == 1:
            raise Killed
        saved.append(write(*arguments))

    monkeypatch.setattr(store, "write", dies)
    with pytest.raises(Killed):
        cell(tmp_path, programs, **long)
    monkeypatch.setattr(store, "write", write)
    left = files(tmp_path)[0].parent / ".x.state.another-host.1.0.tmp"
    left.touch()
    os.utime(left, (1e9, 1e9))
    found = cell(tmp_path, programs, **long)
    same(found, expected)
    assert sum(found[1]["reused"].values()) > 0 and not left.exists()


def test_a_full_disk_costs_the_state_alone(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write", full)
    same(cell(tmp_path, None), cell(None, None))
    assert "not saved: No space left on device" in capsys.readouterr().err


def test_a_file_that_another_cell_has_written_since_is_left(tmp_path, monkeypatch):
    programs = []
    cell(tmp_path, programs, seeds=2)
    family = states.states_of(tmp_path)
    (path,) = files(tmp_path)
    monkeypatch.setattr(states, "_place", lambda *_: path.parent.parent)
    assert len(states.load(family, "", range(2, 4))) == 1
    cell(tmp_path, programs, seeds=2, **LONG)
    states.save(family, "", range(9), {}, {})
    assert path.exists() and len(files(tmp_path)) == 2


@pytest.mark.parametrize("kind", ["instructions", "threads", "device"])
def test_machines_that_may_round_otherwise_share_no_states(tmp_path, monkeypatch, kind):
    programs = []
    cell(tmp_path, programs)
    assert cell(tmp_path, programs)[1]["reused"]["runs"] == 4
    here = states.machine()
    monkeypatch.setattr(states, "machine", lambda: {**here, kind: "another"})
    assert cell(tmp_path, programs)[1]["reused"] == NOTHING


def test_files_are_found_by_any_of_their_seeds(tmp_path):
    family = states.states_of(tmp_path)
    ranges = [range(3), range(60, 70), range(1000, 1300), range(127, 128), range(2**20 - 3, 2**20 + 3), range(10**6)]
    for own in ranges:
        states.save(family, "x", own, {}, {})
    for asked in (range(1), range(62, 63), range(69, 80), range(127, 129), range(1299, 1400), range(2**20, 2**20 + 1)):
        found = {tuple(each.meta["seeds"]) for each in states.load(states.states_of(tmp_path), "x", asked)}
        assert found == {tuple(own) for own in ranges if set(own) & set(asked)}


CONFIG = {
    "problem": {"_target_": "own_box.problem"},
    "estimator": {"_target_": "zobench.estimators.two_point"},
    "optimizer": {"_target_": "optax.sgd", "_partial_": True},
    "method": {"_target_": "zobench.methods.descent", "_partial_": True},
    "step": ["theory"],
    "tuning": {"tries": 4, "seeds": 2},
    "stop": {"metric": "gap", "target": 1e-3, "relative_to": "start", "gd_iterations": 30, "calls": None},
    "seeds": 2,
    "seed": 0,
    "dtype": "float64",
}
BOX = """
from zobench.problems.black_boxes import black_box

def f(x):
    with open("scale.txt") as file:
        return float(file.read()) * float((x**2).sum())

def problem():
    return black_box(f, [1.0, 2.0], 0.0, 2.0)
"""


BOWL = """
import jax.numpy as jnp
from zobench.types import Problem

def problem():
    return Problem(f=lambda x: jnp.sum(x**2), x0=jnp.ones(2), f_star=0.0, L=2.0)
"""


@SLOW
def test_runs_that_read_a_file_are_of_no_use_once_it_has_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(trust, "_allowed", ["own_box"])
    monkeypatch.setattr(reads, "_imported", set())  # by other tests
    monkeypatch.setattr(reads, "_seen", {})
    monkeypatch.delitem(sys.modules, "own_box", raising=False)  # they may have another one
    (tmp_path / "own_box.py").write_text(BOX)
    (tmp_path / "scale.txt").write_text("1.0")
    os.utime(tmp_path / "scale.txt", (1e9, 1e9))
    run = partial(build.run, progress=lambda *_: None, states=tmp_path / "states")
    _, first = run(CONFIG)
    assert [*first["files"]] == ["scale.txt"] and first["reused"]["runs"] == 0
    _, more = run({**CONFIG, "seeds": 3})
    assert more["files"] == first["files"] and more["reused"]["runs"] == 2
    (tmp_path / "scale.txt").write_text("0.5")
    os.utime(tmp_path / "scale.txt", (2e9 - 1e9 + 5, 1e9 + 5))
    arrays, other = run({**CONFIG, "seeds": 3})
    assert other["reused"]["runs"] == 0 and other["files"] != first["files"]
    expected, _ = build.run({**CONFIG, "seeds": 3}, lambda *_: None)
    assert arrays["theory/gap"].tobytes() == expected["theory/gap"].tobytes() and other["delta"] == 2.5


def test_cells_of_a_family_are_compiled_once_but_a_users_own_each_time(tmp_path, monkeypatch):
    compiled, compile_block = [], zobench.cell.compile_block
    monkeypatch.setattr(zobench.cell, "compile_block", lambda *a: compiled.append(1) or compile_block(*a))
    config = {**CONFIG, "problem": {"_target_": "zobench.problems.quadratics.quadratic", "dim": 4}}
    found = [build.run({**config, "seed": seed}, lambda *_: None) for seed in range(3)]
    found.append(build.run({**config, "step": [0.1], "stop": {**config["stop"], "calls": 40}}, lambda *_: None))
    assert len(compiled) == 1 and [meta["compile_seconds"] > 0 for _, meta in found] == [True, False, False, False]
    build.run({**config, "dtype": "float32"}, lambda *_: None)
    alone = build.run({**config, "seed": 2}, lambda *_: None)
    same(found[2], alone)
    assert len(compiled) == 3
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(trust, "_allowed", ["own_box"])
    monkeypatch.setattr(reads, "_imported", set())  # by other tests
    monkeypatch.delitem(sys.modules, "own_box", raising=False)  # they may have another one
    (tmp_path / "own_box.py").write_text(BOWL)
    (tmp_path / "scale.txt").write_text("1.0")
    trust.allow(["own_box"])
    for seed in (0, 1):
        build.run({**CONFIG, "seed": seed}, lambda *_: None)
    assert len(compiled) == 5
