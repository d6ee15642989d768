"""Records: whole or absent, found by what decides their numbers."""

import subprocess
import sys

import numpy as np
import pytest

from zobench import store

ARRAYS = {"theory/hits": np.array([3.0, np.inf]), "theory/outcome": np.array(["reached", "not reached"])}
META = {"status": "ok", "reason": "", "L": float("nan"), "n": 4}


def test_a_record_comes_back_as_it_was(tmp_path):
    path = store.path(tmp_path / "runs", "a" * 16)
    store.write(path, ARRAYS, META)
    record = store.read(path)
    assert record is not None and record.arrays.keys() == ARRAYS.keys()
    assert all(np.array_equal(record.arrays[name], ARRAYS[name]) for name in ARRAYS)
    assert record.meta["n"] == 4 and np.isnan(record.meta["L"])
    assert store.read_meta(path) is not None and store.is_done(path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_write_that_fails_leaves_nothing(tmp_path):
    path = store.path(tmp_path, "a" * 16)
    with pytest.raises(ValueError):
        store.write(path, {"no pickle": np.array([object()])}, META)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"no zip"])
def test_a_damaged_record_is_absent_and_said_so_once(tmp_path, capsys, damage):
    path = store.path(tmp_path, "a" * 16)
    store.write(path, ARRAYS, META)
    path.write_bytes(damage(path.read_bytes()))
    assert not store.is_done(path)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_absent_or_failed_record_is_to_be_run(tmp_path, capsys):
    path = store.path(tmp_path, "a" * 16)
    assert store.read(path) is None and not store.is_done(path)
    store.write(path, {}, {"status": "failed", "reason": "TypeError: no"})
    assert not store.is_done(path) and capsys.readouterr().err == ""


def test_a_key_follows_the_config_and_the_code_that_it_needs(tmp_path, monkeypatch):
    package = tmp_path / "own"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "problem.py").write_text("from own.data import rows\nimport os\n")
    (package / "data.py").write_text("rows = 1\n")
    (package / "other.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def key(config):
        store.clear_code_hashes()
        return store.key(config, ["own.problem"])

    first = key({"dim": 8})
    assert len(first) == 16 and key({"dim": 8}) == first != key({"dim": 9})
    (package / "other.py").write_text("changed = True\n")
    assert key({"dim": 8}) == first
    (package / "data.py").write_text("rows = 2\n")
    assert key({"dim": 8}) != first


def test_a_key_needs_no_jax():
    code = "import sys; from zobench import store; store.key({}, ['zobench.cell', 'zobench.problems.mds']); "
    subprocess.run([sys.executable, "-c", code + "assert 'jax' not in sys.modules"], check=True)


def test_markers_count_a_sweep(tmp_path):
    sweep, keys = store.sweep(tmp_path, "slowdown-1"), ["b" * 16, "a" * 16]
    for key in reversed(keys):
        sweep.mark(key)
    assert sweep.members() == ["a" * 16, "b" * 16] and not sweep.complete.exists()
    sweep.end(keys)
    assert sweep.members() == keys and store.sweeps(tmp_path) == {"slowdown": [sweep]}
    sweep.begin(ended=["a" * 16])
    assert sweep.members() == ["a" * 16] and not sweep.complete.exists()
