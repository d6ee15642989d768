"""Records: whole or absent, sealed, found by what decides their numbers."""

import hashlib
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from zobench import atomic, code, reads, store

A, B = "a" * 16, "b" * 16
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


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a good record of the name A."""
    path = store.path(tmp_path_factory.mktemp("whole"), A)
    store.write(path, ARRAYS, META)
    return path.read_bytes()


def assert_found(path, capsys):
    """It is no record to anyone, which is said in a line; it is set aside and its cell makes it again."""
    before = path.lstat().st_ino
    assert store.read(path) is None and store.read_meta(path) is None and store.fault(path)
    assert not store.is_done(path) and not os.path.lexists(path)
    said = capsys.readouterr().err.splitlines()
    assert 1 <= len(said) <= 2 and all(path.name in line for line in said) and "set aside" in said[-1]
    (aside,) = (path.parent / "damaged").iterdir()
    assert aside.name == path.name and aside.lstat().st_ino == before
    aside.rmdir() if aside.is_dir() and not aside.is_symlink() else aside.unlink()
    store.write(path, ARRAYS, META)
    assert store.is_done(path) and store.fault(path) == ""


def test_every_bit_of_a_record_is_under_its_seal(tmp_path, whole):
    """All bits of the small record, one after the other: what a disk or a copy may do to it."""
    path = store.path(tmp_path, A)
    damaged = bytearray(whole)
    for i in range(len(whole) * 8):
        damaged[i // 8] ^= 1 << i % 8
        path.write_bytes(damaged)
        assert store._examine(path, lambda name: True)[0] is None, i
        damaged[i // 8] ^= 1 << i % 8
    assert damaged == whole


@pytest.mark.parametrize("way", ["byte", "cut", "longer", "zeros", "random"])
def test_damage_of_every_kind_is_found_said_and_made_again(tmp_path, capsys, whole, way):
    rng = np.random.default_rng(0)
    path = store.path(tmp_path, A)
    for _ in range(40):
        i = int(rng.integers(len(whole)))
        byte = bytes([(whole[i] + int(rng.integers(1, 256))) % 256])
        data = {
            "byte": whole[:i] + byte + whole[i + 1 :],
            "cut": whole[:i],
            "longer": whole + rng.bytes(1 + i % 9),
            "zeros": whole[:i] + bytes(len(whole) - i),
            "random": rng.bytes(i),
        }
        path.write_bytes(data[way])
        assert_found(path, capsys)


def sealed(data):
    return data + hashlib.sha256(data).hexdigest().encode()


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


FOREIGN = {
    "npz": lambda: npz(x=np.ones(3)),
    "an earlier record": lambda: npz(meta=np.array(json.dumps(META))),
    "pickled npz": lambda: npz(x=np.array([print], dtype=object)),
    "pickle": lambda: pickle.dumps(META),
    "empty": lambda: b"",
    "text": lambda: b"no record\n" * 20,
    "digits": lambda: b"0" * 1000,
    "sealed npz": lambda: sealed(npz(x=np.ones(3))),
    "sealed pickle": lambda: sealed(npz(meta=np.array([print], dtype=object))),
    "sealed npy": lambda: sealed(npz(x=np.ones(3))[30:]),
    "sealed nothing": lambda: sealed(b""),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_files_of_others_are_no_records(tmp_path, capsys, kind):
    path = store.path(tmp_path, A)
    path.write_bytes(FOREIGN[kind]())
    assert_found(path, capsys)


@pytest.mark.parametrize("meta", [[], 3, None, {}, {"status": 3}, {"status": "ok"}, {"status": "ok", "key": B}])
def test_a_record_says_how_its_cell_ended_and_which_it_is(tmp_path, capsys, monkeypatch, meta):
    path = store.path(tmp_path, A)
    with monkeypatch.context() as patched:
        patched.setattr(store.json, "dumps", lambda value: json.JSONEncoder().encode(meta))
        store.write(path, ARRAYS, META)
    assert_found(path, capsys)


@pytest.mark.parametrize("make", [
    lambda path: path.mkdir(),
    lambda path: path.symlink_to("nowhere"),
    lambda path: path.symlink_to(path.name),
    lambda path: os.mkfifo(path),
])  # fmt: skip
def test_what_is_no_file_is_no_record(tmp_path, capsys, make):
    path = store.path(tmp_path, A)
    make(path)
    assert_found(path, capsys)


def test_a_record_copied_to_another_name_or_asked_by_another_config_runs_again(tmp_path, capsys):
    one, other = store.path(tmp_path, A), store.path(tmp_path, B)
    store.write(one, ARRAYS, META | {"config": {"dim": 8}})
    shutil.copy(one, other)
    assert store.is_done(one, {"dim": 8}) and store.read(other) is None and not store.is_done(other)
    assert A in capsys.readouterr().err and not other.exists()
    assert not store.is_done(one, {"dim": 16}) and not one.exists()


def test_what_is_set_aside_is_never_replaced(tmp_path, whole, capsys):
    """Also by a write with force, and where the folder of set aside records cannot be made: then it is said."""
    path, aside = store.path(tmp_path, A), tmp_path / "damaged"
    for text in ("1", "2"):
        path.write_text(text)
        store.write(path, ARRAYS, META)
    path.unlink()
    path.mkdir()
    assert not store.is_done(path)
    assert (aside / f"{A}.npz").read_text() == "1" and (aside / f"{A}.1.npz").read_text() == "2"
    assert (aside / f"{A}.2.npz").is_dir()
    shutil.rmtree(aside)
    aside.touch()
    path.write_text("3")
    capsys.readouterr()
    assert not store.is_done(path) and path.read_text() == "3"
    assert "could not be set aside" in capsys.readouterr().err


def test_a_fault_is_told_from_absence_and_a_file_is_read_again_only_when_it_has_been_written(tmp_path, monkeypatch):
    path = store.path(tmp_path, A)
    assert store.fault(path) == ""
    path.write_text("no record")
    assert store.fault(path)
    store.write(path, ARRAYS, META)
    assert store.fault(path) == ""
    monkeypatch.setattr(store.reads, "COARSE", -1)
    read = []
    examine = store._examine
    monkeypatch.setattr(store, "_examine", lambda *given: read.append(1) or examine(*given))
    path.write_text("no record")
    assert store.fault(path) == store.fault(path) != "" and len(read) == 1


def test_a_record_is_an_npz_to_numpy(tmp_path):
    path = store.path(tmp_path, A)
    odd = {
        "f": np.asfortranarray(np.ones((2, 3))),
        "none": np.ones((0, 2)),
        "one": np.float32(2),
        "b": np.array([True]),
    }
    odd["pairs"] = np.array([(1, 2.0)], dtype=[("i", int), ("x", float)])
    store.write(path, odd, META)
    record = store.read(path)
    assert record is not None
    with np.load(path) as file:
        for name, array in odd.items():
            for read in (file[name], record.arrays[name]):
                assert read.dtype == array.dtype and read.shape == array.shape and np.array_equal(read, array)


def test_a_disk_that_is_full_is_told_with_the_name_of_the_record(tmp_path, monkeypatch):
    path = store.path(tmp_path, A)
    with monkeypatch.context() as full:
        full.setattr(atomic.os, "replace", lambda one, other: exec("raise OSError(28, 'No space left on device')"))
        with pytest.raises(OSError, match=f"No space left.*{path.name}'$"):
            store.write(path, ARRAYS, META)
    assert list(tmp_path.iterdir()) == []


def test_temporary_files_of_the_dead_are_swept_up_and_no_others(tmp_path):
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead, host = int(child.stdout), atomic._host()
    gone, kept = [f".x.npz.{host}.{dead}.ab.tmp", ".x.npz.1.tmp"], [f".x.npz.{host}.{os.getpid()}.ab.tmp", "x.tmp"]
    kept += [f".x.npz.other{host}.{dead}.ab.tmp", ".y.tmp"]
    for name in (*gone, *kept):
        (tmp_path / name).touch()
    os.utime(tmp_path / gone[1], (0, 0))
    assert atomic.sweep_up(tmp_path, tmp_path / "none") == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(kept)
    for folder in ("sweeps/slowdown-1", "states/a/b/6-0"):
        left = tmp_path / folder / f".plan.json.{host}.{dead}.ab.tmp"
        left.parent.mkdir(parents=True)
        left.touch()
        assert store.sweep_up(tmp_path) == 1 and not left.exists()


def test_an_absent_or_failed_record_is_to_be_run(tmp_path, capsys):
    path = store.path(tmp_path, "a" * 16)
    assert store.read(path) is None and not store.is_done(path)
    store.write(path, {}, {"status": "failed", "reason": "TypeError: no"})
    assert not store.is_done(path) and capsys.readouterr().err == ""


CODE = {
    "own/__init__.py": "",
    "own/problem.py": "from own.data import x\nfrom . import near\nfrom .deep.inner import y\nimport json, helpers\n",
    "own/data.py": "rows = 1\n",
    "own/near.py": "def late():\n    from .. import no\n    import later\n",
    "own/deep/__init__.py": "from ..beside import y\n",
    "own/deep/inner.py": "x = 1\n",
    "own/beside.py": "y = 1\n",
    "own/other.py": "",
    "helpers.py": "from second import z\nimport importlib\nimportlib.import_module('named')\nimport gone, installed\n",
    "second.py": "z = 1\n",
    "later.py": "",
    "named.py": "",
    "stranger.py": "",
    "site-packages/installed/__init__.py": "from . import part\n",
    "site-packages/installed/part.py": "",
}


@pytest.fixture
def key(tmp_path, monkeypatch):
    """The key of a config whose code is CODE."""
    for name, text in CODE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "site-packages")

    def key(config):
        code.clear_code_hashes()
        return store.key(config, ["own.problem"])

    return key


def test_a_key_follows_the_config(key):
    first = key({"dim": 8})
    assert len(first) == 16 and key({"dim": 8}) == first != key({"dim": 9})


@pytest.mark.parametrize("name", CODE)
def test_a_key_follows_all_code_that_is_imported_and_no_other(key, tmp_path, name):
    """Absolute and relative, in functions and by name, over any number of modules; installed packages by version."""
    first = key({})
    (tmp_path / name).write_text(CODE[name] + "changed = True\n")
    not_read = ("own/other.py", "stranger.py", *(name for name in CODE if "site-packages" in name))
    assert (key({}) == first) == (name in not_read)
    assert "own" not in sys.modules and "helpers" not in sys.modules


def test_a_key_follows_the_version_of_what_is_installed(key, tmp_path):
    def install(number):
        about = tmp_path / "site-packages" / f"installed-{number}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: installed\nVersion: {number}\n")
        code._version.cache_clear()
        return key({}), about

    first, about = install("1.0")
    about.joinpath("METADATA").unlink()
    about.rmdir()
    assert install("1.1")[0] != first


def test_zobench_itself_follows_what_decides_numbers_alone(monkeypatch):
    """No hydra, jaxtyping or rich; and the list of all distributions, which takes long, is not asked for."""
    asked = []
    monkeypatch.setattr(code, "_version", lambda top: asked.append(top) or "1")
    code.clear_code_hashes()
    code.code_hash(["zobench.build", "zobench.problems.classification", "zobench.solvers"])
    code.clear_code_hashes()
    assert set(asked) == {"cma", "sklearn"}


def test_a_file_that_was_read_decides_whether_a_record_is_current(tmp_path, monkeypatch):
    """Changed, missing or written in between: run again; what the work itself wrote does not count."""
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("1")
    Path("named.h5").write_text("1")
    os.utime("data.csv", (1, 1))
    path = store.path(tmp_path, "a" * 16)

    def work():
        Path("scratch").write_text("1")
        return [Path(name).read_text() for name in ("data.csv", "scratch")]

    def run(named=()):
        with ThreadPoolExecutor(1) as thread:  # JAX calls a black box from a thread of its own
            files = reads.hashes(reads.watched(lambda: thread.submit(work).result(), remembers=False)[1], named)
        store.write(path, {}, META | {"files": files})
        return files

    assert run().keys() == {"data.csv"} and run(["named.h5"]).keys() == {"data.csv", "named.h5"}
    for name in ("data.csv", "named.h5"):
        assert store.is_done(path)
        Path(name).write_text("2")
        assert not store.is_done(path)
        Path(name).unlink()
        assert not store.is_done(path)
        Path(name).write_text("1")
    assert store.is_done(path)
    files = reads.watched(lambda: (open("named.h5").close(), os.utime("named.h5", (1, 1))), remembers=False)[1]
    assert not files  # younger than the work
    files = reads.watched(lambda: (open("named.h5").close(), Path("named.h5").write_text("3")), remembers=False)[1]
    assert reads.hashes(files) == {"named.h5": ""} and not reads.are_unchanged({"named.h5": ""})


def test_a_key_needs_no_jax():
    code = "import sys; from zobench import store; store.key({}, ['zobench.cell', 'zobench.problems.maps']); "
    subprocess.run([sys.executable, "-c", code + "assert 'jax' not in sys.modules"], check=True)
