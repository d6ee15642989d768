"""What a wheel takes along: packages are found, kinds of files are listed in pyproject.toml and held to the disk."""

import tomllib
from pathlib import Path

import zobench
from zobench.report import explorer

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


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
                    or (file.name == "__init__.pyi" and file.parent.name in ("zobench", "problems"))
                    or file.name in ("claims.yaml", "lectures.yaml", "literature.yaml", "held_out.csv")
                    or (file.parent.name == "explorer" and file.suffix in (".html", ".css", ".js", ".txt"))
                ), file


def test_the_page_of_a_report_takes_its_parts_along_and_the_licence_of_its_library():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["zobench.report.explorer"]
    assert all(file.is_file() and f"*{file.suffix}" in patterns for file in explorer.ASSETS)
    licence = explorer.HERE / "uPlot.LICENSE.txt"
    assert str(licence.relative_to(ROOT)) in PROJECT["project"]["license-files"] and licence in explorer.ASSETS


def test_the_version_is_said_once():
    assert PROJECT["project"]["dynamic"] == ["version"] and zobench.__version__.count(".") == 2
