"""`zobench compare A B`: what became faster or slower, better or worse, between two stores or two versions."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from zobench import store
from zobench.code import LIBRARIES
from zobench.command import front
from zobench.command.cli import options_of
from zobench.command.folders import require_writable
from zobench.errors import UsageError, printable
from zobench.report import stamp, tables, versus, versus_page
from zobench.report.tables import Table
from zobench.report.versus import Side, Versus, side

USAGE = "zobench compare old/runs new/runs, or runs@jax==0.10.0 runs@jax==0.10.2, or runs (latest against before)"
FEW, MOST = 20, 40  # pairs of which the terminal shows all; lines of a kind that it shows
STAMP = "comparison"


def compare(arguments: Sequence[str], console: Console) -> int:
    """`zobench compare A B [report_dir=...] [--open]`: pairs of records of the same config, as tables in a folder.

    A and B are folders of records, or FOLDER@LIBRARY==VERSION; one folder alone: the latest record of each config
    against the one before. Exit code 1 where a damaged record is left out. UsageError for what cannot be compared.
    """
    opens = "--open" in arguments
    given = [argument for argument in arguments if argument != "--open"]
    sides = [argument for argument in given if "@" in argument or "=" not in argument or Path(argument).is_dir()]
    _, options = options_of("compare", [one for one in given if one not in sides], ("report_dir",))
    if len(sides) not in (1, 2) or any(one.startswith("-") for one in sides):
        raise UsageError(f"compare takes one or two folders of records, and report_dir=..., as in: {USAGE}")
    folder = Path(options.get("report_dir", f"reports/{_named(sides)}"))
    stamp.require_own(folder, STAMP, versus_page.MAY)
    a, b = _sides(sides)
    found = versus.compare(a, b)
    if not found.pairs:
        raise UsageError(_no_pairs(found))
    require_writable("report_dir", str(folder))
    stamp.claim(folder, STAMP, versus_page.MAY)
    stamp.write(folder, STAMP, "", versus_page.write(found, folder))
    for table in (*_shown(found), versus_page.summary(found)):
        tables.show(table, console)
    console.print("\n".join(map(printable, _closing(found, folder))), markup=False, highlight=False, soft_wrap=True)
    front.show(folder, console, opens)
    return 1 if any(line.startswith("damaged: ") for side in (a, b) for line in side.left_out) else 0


def _sides(names: Sequence[str]) -> tuple[Side, Side]:
    """A and B. UsageError for a folder or a version that is not there, or where both are the same."""
    if len(names) == 1:
        folder, versions = _part(names[0])
        paths = _paths(folder)
        before = side(f"{names[0]}, before", paths, versions, before=True)
        if not before.cells:
            raise UsageError(f"compare {names[0]}: no config has several records in it; give a second store: {USAGE}")
        return before, side(f"{names[0]}, latest", paths, versions)
    (a, of_a), (b, of_b) = (_part(name) for name in names)
    if a.resolve() == b.resolve() and of_a == of_b:
        raise UsageError(f"compare {' '.join(names)}: that is one store twice; as in: {USAGE}")
    sides = side(names[0], _paths(a), of_a), side(names[1], _paths(b), of_b)
    for name, own in zip(names, sides, strict=True):
        if not own.cells:
            raise UsageError(f"compare {name}: no records of runs in it{_there(_part(name)[0])}; as in: {USAGE}")
    return sides


def _part(name: str) -> tuple[Path, dict[str, str]]:
    """The folder of a side and the versions that its records are to be made by. UsageError."""
    folder, at, asked = (name, "", "") if Path(name).is_dir() else name.partition("@")
    if not Path(folder).is_dir():
        raise UsageError(f"compare {name}: {folder or 'it'} is no folder of records; as in: {USAGE}")
    pairs = [part.split("==") for part in asked.split(",")] if at else []
    if any(len(pair) != 2 or pair[0] not in LIBRARIES for pair in pairs):
        raise UsageError(f"compare {name}: give FOLDER@LIBRARY==VERSION, of {', '.join(LIBRARIES)}; as in: {USAGE}")
    return Path(folder), dict(pairs)


def _paths(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise UsageError(f"compare {folder}: no records in it; give the folder of a store, as in: {USAGE}")
    return paths


def _there(folder: Path) -> str:
    """Which versions the records of a folder were made by."""
    metas = [meta for path in _paths(folder) if (meta := store.read_meta(path)) is not None]
    made = {versus_page.libraries(meta, "==") for meta in metas} - {""}
    said = "; ".join(sorted(made))
    return f" (there: {said})" if said else ""


def _named(names: Sequence[str]) -> str:
    """A name for the folder of the report: of the last parts of the sides' paths by which they differ."""
    parts = [[*Path(name).absolute().parts] for name in names]
    last = [own[-1] for own in parts]
    if len({*last}) < len(last):
        last = ["-".join(own[-2:]) for own in parts]
    return re.sub(r"[^\w.=-]+", "-", "-".join(["compare", *last]))


def _shown(found: Versus) -> list[Table]:
    """All pairs where they are few, else those that have changed."""
    made = versus_page.pairs(found, changed=len(found.pairs) > FEW)
    return [made[0]._replace(lines=made[0].lines[:MOST])] if made else []


def _closing(found: Versus, folder: Path) -> list[str]:
    """What the sides are, what has no pair, what the terminal did not show, and where the rest is."""
    lines = versus_page.made_by(found)
    lines += [f"without a pair: {each.cell} ({each.why})" for each in found.alone[:MOST]]
    lines += [f"{len(found.alone) - MOST} more without a pair: alone.csv"] if len(found.alone) > MOST else []
    changed = sum(map(versus_page.is_changed, found.pairs))
    if len(found.pairs) > FEW:
        lines.append(f"{changed} of {len(found.pairs)} pairs have changed; all of them: {folder / 'table.md'}")
    return [*lines, f"report: {folder}"]


def _no_pairs(found: Versus) -> str:
    why = f"A has {len(found.a.cells)}, B {len(found.b.cells)}"
    said = f"; {found.alone[0].cell}: {found.alone[0].why}" if found.alone else ""
    return f"compare {found.a.name} {found.b.name}: no cell of the same config ended well in both ({why}{said})"
