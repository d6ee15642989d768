"""What decides numbers besides config and code: the key follows what the user sets, a record says its machine."""

import os
import subprocess
import sys

import pytest
from jax._src.config import config

from zobench import store, surroundings


def machine(instructions="avx2", threads=1, device="cpu", **more):
    return {"status": "ok", "machine": {"instructions": instructions, "threads": threads, "device": device, **more}}


def test_jax_reads_the_variables_of_its_name():
    own = [name for name in surroundings.VARIABLES if name.startswith("JAX_")]
    assert len(own) > 10 and not [name for name in own if name.lower() not in config._value_holders]


@pytest.mark.parametrize("name", surroundings.VARIABLES)
def test_a_key_follows_what_changes_numbers(monkeypatch, name):
    monkeypatch.delenv(name, raising=False)
    first = store.key({}, [])
    monkeypatch.setenv(name, "")
    assert store.key({}, []) == first
    monkeypatch.setenv(name, "--xla_cpu_max_isa=SSE4_2")
    assert store.key({}, []) != first


def test_flags_in_another_order_are_the_same_of_one_name_the_last_counts_and_dumps_change_nothing(
    monkeypatch, tmp_path
):
    def key(flags):
        monkeypatch.setenv("XLA_FLAGS", flags)
        return store.key({}, [])

    assert key("--a=1 --b=2") == key(" --b=2  --a=1 --xla_dump_to=here") != key("--b=1 --a=1")
    assert key("--a=1 --a=2") != key("--a=2 --a=1")
    (tmp_path / "flags").write_text("--b=2\n--a=1\n")
    assert key(str(tmp_path / "flags")) == key("--a=1 --b=2") != key(str(tmp_path / "none"))


def test_a_machine_says_what_it_is_and_does_not_import_jax(monkeypatch):
    about = surroundings.machine()
    assert about["device"] == "cpu" and about["instructions"] in {*surroundings.SETS}
    assert {"system", "processor", "cores", "python", "threads"} < about.keys()
    monkeypatch.setenv("NPROC", "7")
    assert surroundings.machine()["threads"] == 7
    code = "import sys; from zobench import surroundings; assert surroundings.machine()['device'] == ''; "
    subprocess.run([sys.executable, "-c", code + "assert 'jax' not in sys.modules"], check=True)


@pytest.mark.parametrize(("flags", "known"), [
    ("flags\t\t: fpu sse2 sse4_2 avx avx2 avx512f", "avx512"),
    ("flags\t\t: fpu sse2 sse4_2 avx avx2", "avx2"),
    ("flags\t\t: fpu sse2 sse4_2", "sse4"),
    ("Features\t: fp asimd", "neon"),
])  # fmt: skip
def test_the_vector_instructions_are_those_of_the_first_processor(monkeypatch, flags, known):
    monkeypatch.setattr(surroundings.Path, "read_text", lambda path, **how: f"model name\t: A\n{flags}\n\nflags\t: x")
    about = surroundings._processor.__wrapped__()
    assert about["instructions"] == known and about["processor"] == "A"


def test_machines_that_may_differ_are_named_and_others_are_not():
    assert surroundings.mixed([machine(processor="A"), machine(processor="B"), {"status": "ok"}]) == ""
    said = surroundings.mixed([machine(), *[machine("avx512")] * 2, {**machine("sse4"), "status": "failed"}])
    assert said.startswith("records of 2 kinds of machines: avx512 (2 cells), avx2 (1 cell); ")
    said = surroundings.mixed([machine(device="gpu NVIDIA H200"), machine(threads=4)])
    assert "1 thread, gpu NVIDIA H200 (1 cell)" in said and "4 threads, cpu (1 cell)" in said


def test_compiled_programs_are_kept_within_bounds_and_a_folder_of_ones_own_is_left_alone(monkeypatch, tmp_path):
    folder = tmp_path / "zobench"
    folder.mkdir()
    for i, name in enumerate(("a-cache", "b-cache", "c-cache", "else")):
        (folder / name).write_bytes(bytes(100))
        os.utime(folder / name, (i, i))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", f"{folder}/")
    assert surroundings.bound_programs(250) == 0
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(folder))
    assert surroundings.bound_programs(250) == 1
    assert {path.name for path in folder.iterdir()} == {"b-cache", "c-cache", "else"}
    assert surroundings.bound_programs() == 0


def test_a_sweep_under_other_flags_is_another_sweep(monkeypatch):
    from zobench.command import compose, sweep

    with compose.session():
        overrides = compose.parse(["experiment=slowdown"])
        cfg = compose.shared(overrides)
        first = sweep._identity(overrides, cfg)
        monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_max_isa=SSE4_2")
        assert sweep._identity(overrides, cfg) != first
