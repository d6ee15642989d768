"""Whose a report's folder is: the file `inputs` has the report's name, the hash of what it was drawn from, its files.

Two reports in one folder would replace each other's tables, and leave figures that belong to neither.
"""

import re
import time
from collections.abc import Iterable
from pathlib import Path

from zobench import atomic
from zobench.errors import UsageError

NAME = "inputs"
MADE = (".csv", ".png", ".svg")  # by a report, under names that tell which
UNNAMED = re.compile(r"[0-9a-f]{64}")  # the first line of an earlier version


def require_own(folder: Path, name: str, made: Iterable[str] | None = None) -> list[str]:
    """The stamp's hash and files, none where there is no stamp. UsageError where the folder is another report's.

    `made` are the files that the report may have; without a stamp they tell whose a folder is.
    """
    owner, *rest = _lines(folder)
    if UNNAMED.fullmatch(owner):
        owner, rest = "", [owner, *rest]
    if made is not None and not owner and (folder / "verdicts.json").exists() and not (folder / NAME).exists():
        strange = sorted({file.name for file in folder.iterdir() if file.suffix in MADE} - {*made})
        owner = f"a report with {strange[0]}" if strange else ""
    if owner and owner != name:
        there = owner if " " in owner else f"the report {owner}"
        way_out = f"{name} would mix with it; give report_dir=<another folder>"
        raise UsageError(f"report_dir={folder} has {there}, and {way_out}")
    return rest


def claim(folder: Path, name: str, made: Iterable[str]) -> list[str]:
    """As `require_own`, and from here on no other report may have the folder."""
    require_own(folder, name, made)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (folder / NAME).open("x") as file:
            file.write(f"{name}\n")
    except FileExistsError:
        pass
    return require_own(folder, name, made)


def write(folder: Path, name: str, drawn_from: str, written: list[str]) -> None:
    """Say what was drawn from what; files of an earlier drawing that are not among them go."""
    _, *earlier = require_own(folder, name, written) or [""]
    for file in {*earlier} - {*written}:
        if Path(file).name == file != NAME:
            (folder / file).unlink(missing_ok=True)
    atomic.write(folder / NAME, ("\n".join([name, drawn_from, *written]) + "\n").encode())


def owner(folder: Path) -> str:
    """The name of the report that a folder has; "" where no stamp says so."""
    name = _lines(folder)[0]
    return "" if UNNAMED.fullmatch(name) or " " in name else name


def _lines(folder: Path) -> list[str]:
    """The stamp's; [""] where there is none. Another process may have made it and be about to write its name."""
    for _ in range(20):
        try:
            lines = (folder / NAME).read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return [""]
        except (OSError, UnicodeDecodeError):
            return [f"an entry {NAME} that is no stamp"]
        if lines:
            return lines
        time.sleep(0.05)
    return [""]
