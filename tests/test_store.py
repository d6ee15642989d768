"""Records: whole or absent, found by what decides their numbers."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from zobench import code, reads, store

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
