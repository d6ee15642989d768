"""Where things are: no import circles, no experiment imports another, what is shared imports nothing particular."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from zobench import code

ROOT = Path(__file__).parents[1]


def modules():
    """The modules of the package and its problems, each with those of them that it imports."""
    files = {}
    for top, prefix in (("zobench", ()), ("problems", ("zobench",))):
        for file in sorted((ROOT / top).rglob("*.py")):
            if not any(part.is_symlink() for part in (file, *file.parents)):
                name = ".".join([*prefix, *file.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")
                files[name] = file
    return {name: set(imported(name, file, files)) for name, file in files.items()}


def imported(name, file, known):
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for one in code._imports(file.read_bytes(), package):
        if one in known and one != name and not name.startswith(f"{one}."):
            yield one


def experiment(name):
    return name.split(".")[2] if name.startswith("zobench.experiments.") else ""


def test_there_is_no_import_circle():
    try:
        tuple(TopologicalSorter(modules()).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_what_is_shared_imports_no_experiment_and_no_experiment_imports_another():
    graph = modules()
    wrong = [(a, b) for a, others in graph.items() for b in others if experiment(b) not in ("", experiment(a))]
    assert not wrong and len(graph) > 100


def test_the_engine_imports_neither_pages_nor_the_command():
    """The front door (results) reads records as the reports name them."""
    above = ("zobench.report", "zobench.command", "zobench.check", "zobench.experiments")
    flat = {f"zobench.{file.stem}" for file in ROOT.glob("zobench/*.py")} - {"zobench.results", "zobench.__main__"}
    assert not [(a, b) for a, others in modules().items() for b in others if a in flat and b.startswith(above)]


def test_every_experiment_is_a_folder_with_a_page_and_a_sweep():
    folders = {path.parent.name for path in ROOT.glob("zobench/experiments/*/page.py")}
    assert folders == {path.stem for path in ROOT.glob("conf/experiment/*.yaml")}
    assert folders == {path.stem for path in ROOT.glob("conf/experiment/quick/*.yaml")}
