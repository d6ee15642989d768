"""Where the pages are: those of zobench's experiments by their names, one's own by the name of its package."""

from importlib.util import find_spec
from pathlib import Path

OWN = Path(__file__).parents[1] / "experiments"
SWEEP = "sweep"  # the page of a sweep that names none
SHARED = {"compare": "zobench.report.compare", SWEEP: "zobench.report.compare", "map": "zobench.report.map"}


def names() -> list[str]:
    """The experiments that have a page, and the pages for any sweep."""
    return sorted([*SHARED, *(file.parent.name for file in OWN.glob("*/page.py"))])


def package(name: str) -> str:
    """The package of a page: of an experiment of zobench, or of one's own by its dotted name. ValueError: none."""
    found = SHARED.get(name) or (f"zobench.experiments.{name}" if name in names() else name)
    try:
        if all(part.isidentifier() for part in found.split(".")) and find_spec(f"{found}.page"):
            return found
    except ImportError:
        pass
    there = names()
    raise ValueError(
        f"report {name}: there are {', '.join(there[:-1])} and {there[-1]}; or name a package of yours with a page.py"
    )


def folder(name: str) -> Path:
    """The folder of a page. ValueError where there is none."""
    found = find_spec(package(name))
    return Path(next(iter(found.submodule_search_locations or ()), "")) if found else Path()
