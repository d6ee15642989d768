"""What a wheel takes along is listed by hand in pyproject.toml; here the list is held against the disk."""

import tomllib
from pathlib import Path

import zobench

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]


def test_packages_are_those_on_disk():
    found = set()
    for name, folder in SETUPTOOLS["package-dir"].items():
        files = [file for file in (ROOT / folder).rglob("*.py") if "__pycache__" not in file.parts]
        inside = {file.parent.relative_to(ROOT / folder) for file in files}
        found |= {".".join((name, *part.parts)) for part in inside if not _is_linked(ROOT / folder, part)}
    assert found == set(SETUPTOOLS["packages"])


def _is_linked(root, part):
    """Whether the way there leads over zobench/problems or zobench/conf, which have lines of their own."""
    return any((root / parent).is_symlink() for parent in (part, *part.parents))


def test_links_show_the_packages_of_the_top_level():
    for name in ("problems", "conf"):
        assert (ROOT / "zobench" / name).resolve() == ROOT / name


def test_only_known_kinds_of_files_are_packaged():
    for folder in ("zobench", "conf", "problems"):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                assert (
                    file.suffix == ".py"
                    or file.name == "py.typed"
                    or (folder, file.suffix) == ("conf", ".yaml")
                    or (file.parent.name == "claims" and file.suffix == ".yaml")
                ), file


def test_the_version_is_said_once():
    assert PROJECT["project"]["dynamic"] == ["version"] and zobench.__version__.count(".") == 2
