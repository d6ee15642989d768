"""`zobench check`: files, names, refusals, exit codes, and the documentation."""

import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from zobench.check import estimator as module
from zobench.check.checks import check
from zobench.errors import UsageError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def quick(monkeypatch):
    """One n, and fewer samples."""
    monkeypatch.setattr(module, "DIMENSIONS", (5,))
    monkeypatch.setattr(module, "SAMPLES", 5_000)


def run(*arguments):
    console = Console(file=StringIO(), width=160)
    code = check(list(map(str, arguments)), console)
    return code, console.file.getvalue()  # type: ignore[attr-defined]


@pytest.fixture
def write(tmp_path):
    def write(text, name="mine.py"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


HEAD = "import jax.numpy as jnp\nfrom zobench.types import Problem\n"


@pytest.mark.slow
def test_a_file_with_several_things(write, quick):
    file = write(
        HEAD
        + "from helper import scale\nfrom zobench.estimators import autodiff\n"
        + "def bowl(n=3) -> Problem:\n    return Problem(lambda x: scale * jnp.sum(x**2), jnp.ones(n), L=2.0)\n"
        + "def steep():\n    return bowl()._replace(L=1.0)\n"
        + "def with_arguments(n): 1 / 0\ndef main(): 1 / 0\ndef _private(): 1 / 0\ndef number() -> int: return 1 / 0\n"
        + "value, exact = bowl(), autodiff()\n"
    )
    write("scale = 1.0\n", "helper.py")
    code, out = run(file)
    assert code == 1 and "bowl, steep, value, exact" in out and "fails: steep.L" in out
    assert not (file.parent / "__pycache__").exists() and str(file.parent) not in sys.path
    assert "helper" not in sys.modules
    write("scale = 0.5\n", "helper.py")
    code, out = run(file)
    assert code == 0 and "nothing fails" in out


def test_a_factory_that_raises_fails(write):
    code, out = run(write(HEAD + "def bowl() -> Problem:\n    return 1 / 0\ndef other() -> Problem:\n    return 3\n"))
    assert code == 1 and "line 4: bowl() raises ZeroDivisionError" in out and "other() gives a int" in out


BAD_FILES = {
    "x = (1,\ny = 2)": ("line 2", "syntax error"),
    "import jax\nx = = 2": ("line 2", "syntax error"),
    "import nope_nope": ("line 1", "raises ModuleNotFoundError: No module named 'nope_nope'"),
    "x = 1\n1 / 0": ("line 2", "raises ZeroDivisionError"),
    "import sys\nsys.exit(3)": ("line 2", "raises SystemExit"),
    "": ("no Problem and no Estimator", "Problem(f=..., x0=...)"),
    "def bowl(n): return 1\ndef three(): return 3": ("bowl, three give none",),
}


@pytest.mark.parametrize("text", BAD_FILES)
def test_a_file_that_cannot_be_used_is_refused_with_one_line(write, text):
    file = write(text)
    with pytest.raises(UsageError) as refusal:
        run(file)
    said = str(refusal.value)
    assert said.startswith(str(file)) and "\n" not in said and all(word in said for word in BAD_FILES[text]), said


def test_what_does_not_exist_is_refused_with_what_does(write):
    there = write("").parent
    for arguments, words in (
        ([there / "nope.py"], ("no such file", "mine.py")),
        ([there], ("is a folder",)),
        (["typo"], ("quadratic", "two_point", ".py")),
        (["problem=typo"], ("problem=typo", "quadratic")),
        (["quadratic", "problem.dimm=3"], ("did you mean problem.dim?",)),
        (["quadratic", "problem.dim=0"], ("problem.dim=0", "at least 2")),
        (["seeds=3"], ("no problem and no estimator",)),
        ([], ("zobench check my_problem.py",)),
    ):
        with pytest.raises(UsageError) as refusal:
            run(*arguments)
        assert all(word in str(refusal.value) for word in words), refusal.value


@pytest.mark.slow
def test_names_and_overrides_choose_from_the_configuration(quick):
    code, out = run("problem=quadratic", "problem.dim=5", "welsch", "autodiff")
    assert code == 0 and all(words in out for words in ("problem welsch", "n = 5", "estimator autodiff"))
    code, out = run("problem.spectrum=isotropic", "problem.dim=3")
    assert code == 0 and "problem problem" not in out and "n = 3" in out
