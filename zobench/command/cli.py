"""What a command does: one cell, a sweep of cells, or a report drawn again from records."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig
from rich.console import Console

from zobench import build, store, sweeps, trust
from zobench.command import supervise, terminal
from zobench.command.folders import require_writable
from zobench.command.job import is_settled
from zobench.errors import UsageError, one_line, printable
from zobench.report.places import SWEEP, package
from zobench.survey import LEFT_OUT, Gap

if TYPE_CHECKING:
    from zobench.report.wording import Wording

REPORTS = "reports"  # the folder of all reports
MANY = 2000  # cells whose page takes minutes, and which nobody looks at one by one
REPORT_HELP = """\
zobench report NAME [report_dir=FOLDER] [runs_dir=FOLDER] [report_formats=[png,svg,pdf]] [report_labels={NAME: LABEL}]
               [report_order=[NAME]] [trust=[PACKAGE]] [--open]

  Draws the tables and figures of the latest sweep of that name again, from its records alone. NAME is an experiment,
  sweep (the latest sweep of your own), claims (the board of all claims) or a package of yours with a page.py; without
  a NAME, the front page over all reports of a folder. --open shows it in a browser.
  report_dir: where to, reports/NAME if it is not given; runs_dir: where the records are, else runs.
  report_formats: of the figures; as the sweep had them, if it is not given. There is a png in any case.
  report_labels, report_order: of a page of your own sweep, what methods and problems are to be called, and which come
  first: report_labels='{two_point: mine, "q=4": four}' report_order=[two_point]; as the sweep had them if not given.
  Exit code 1 where a cell has no good record: the report says which, and the command that runs it."""


def run_single(arguments: Sequence[str], console: Console) -> int:
    """`zobench problem=... estimator=...`: one cell, a bar, a short table."""
    from zobench.command import compose

    with compose.session():
        overrides = compose.parse(arguments)
        cfg = compose.single(overrides)
    _require_folders(cfg, overrides)
    config = build.numeric(cfg)
    path = store.path(cfg.runs_dir, build.key(config))
    if cfg.force or not is_settled(path, config, cfg):
        require_writable("runs_dir", cfg.runs_dir)
        limits = supervise.limits(**cfg.limit)
        with terminal.cell_progress() as progress:
            how, why = supervise.measure(path, config, limits, saves=not cfg.force, progress=progress)
        if how == "refused":
            raise UsageError(why)
        if how == "raised":
            return terminal.failures([("the cell", why)])
    terminal.table([("", path)], console)
    terminal.warnings([("", path)])
    terminal.notes([("", path)])
    console.print(f"record: {path}", soft_wrap=True, markup=False)
    record = store.read(path)
    return terminal.failures([("the cell", record.meta["reason"])] if record and record.meta["status"] != "ok" else [])


def run_sweep(arguments: Sequence[str], console: Console) -> int:
    """`zobench -m ...` or `zobench experiment=...`: all cells that have no record yet, then the report.

    A sweep without a report of its own has a short table instead of the page's, which is drawn all the same.
    """
    from zobench.command import compose, keys, sweep
    from zobench.report import stamp
    from zobench.report.page import require_named

    with compose.session():
        overrides = compose.parse(arguments)
        cfg = compose.shared(overrides)
        _require_folders(cfg, overrides)
        if cfg.report:
            try:
                package(cfg.report)
            except ValueError as error:
                raise UsageError(one_line(error)) from error
            stamp.require_own(Path(cfg.report_dir), cfg.report)
        name, report_dir, formats, wording = cfg.report, cfg.report_dir, list(cfg.report_formats), keys.wording(cfg)
        if name and wording:
            require_named(name, wording)
        if name == SWEEP:
            cfg.report = None  # to the sweep it is none: only an experiment is known by what its command says
        cells, failed = sweep.run(overrides, cfg)
    command = sweeps.command([str(override.input_line) for override in overrides], cfg.runs_dir)
    try:
        if cfg.report:
            report(name, cells, report_dir, console, command, True, formats, wording)
        else:
            terminal.table(cells, console)
            console.print(f"records: {cfg.runs_dir}", soft_wrap=True, markup=False)
        if name == SWEEP:
            _report_sweep(cells, report_dir, console, command, formats, wording)
    finally:  # what failed is said last, also where too little is left to draw from
        terminal.warnings(cells)
        terminal.notes(cells)
        code = terminal.failures(failed)
    return code


def _report_sweep(
    cells: Sequence[tuple[str, Path]],
    report_dir: str,
    console: Console,
    command: str,
    formats: Sequence[str],
    wording: "Wording",
) -> None:
    """Draw the page of a sweep that names none; why it could not be drawn is said, and the sweep has run well."""
    if len(cells) > MANY:
        console.print(f"{len(cells)} cells are not drawn unless asked: zobench report sweep", markup=False)
        return
    try:
        require_writable("report_dir", report_dir)
        report(SWEEP, cells, report_dir, console, command, False, formats, wording)
    except Exception as error:  # whatever a page may raise, the records are there
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        print(printable(f"zobench: no report: {one_line(error)}"), file=sys.stderr)


def report_again(arguments: Sequence[str], console: Console) -> int:
    """`zobench report slowdown [report_dir=...] [runs_dir=...]`: from the records of the latest sweep alone.

    Exit code 1 where a cell has no good record; the report, drawn from the others, says which and why.
    `zobench report claims` judges the claims of all experiments; without a name it writes the front page over all
    reports of a folder. `--open` shows the page in a browser.
    """
    from zobench.command import front, keys

    if {"-h", "--help", "help"} & {*arguments}:
        console.print(REPORT_HELP, markup=False, highlight=False, soft_wrap=True)
        return 0
    opens = "--open" in arguments
    given = [argument for argument in arguments if argument != "--open"]
    known = ("report_dir", "runs_dir", "report_formats", "report_labels", "report_order", "trust")
    names, options = options_of("report", given, known)
    trusted = re.split(r"[\s,]+", options.pop("trust", "").strip("[] "))
    trust.allow(filter(None, [*trusted, *filter(trust.is_own, names)]))
    if len(names) > 1 or any(name.startswith("-") for name in names):
        known = "a name, report_dir=..., runs_dir=... and --open"
        raise UsageError(f"zobench report takes {known}, as in: zobench report slowdown")
    runs_dir = options.get("runs_dir", "runs")
    if "runs_dir" in options and not Path(runs_dir).is_dir():
        raise UsageError(f"report: runs_dir={runs_dir} is no folder; give runs_dir=<the folder of a store>")
    if not names:
        front.show(front.report_all(options.get("report_dir", REPORTS), runs_dir, console), console, opens)
        return 0
    if names[0] == "claims":
        return _report_claims(runs_dir, options.get("report_dir"), console, opens)
    found = {name: own[-1] for name, own in sweeps.sweeps(runs_dir).items()}
    if names[0] not in found:
        there = ", ".join(f"{name} ({len(sweep.members())} cells)" for name, sweep in found.items()) or "none"
        raise UsageError(f"report {names[0]}: no records in {runs_dir} (there: {there}); {_way_out(names[0])}")
    keys.check_report(names[0])
    report_dir = options.get("report_dir", f"reports/{names[0]}")
    require_writable("report_dir", report_dir)
    asked = {**found[names[0]].plan().page, **keys.page_of(options)}
    formats, wording = asked.get("report_formats") or (), keys.wording_of(asked)
    command = found[names[0]].again()
    gaps = report(names[0], found[names[0]].cells(), report_dir, console, command, True, formats, wording, opens)
    return 1 if any(gap.kind != LEFT_OUT for gap in gaps) else 0


def _way_out(name: str) -> str:
    """How there come to be records of that name, where they can."""
    from zobench.command import listing

    if name == SWEEP:
        return "make them by a sweep, as in: zobench -m problem.dim=8,16"
    if name in listing.names("experiment"):
        return f"make them by: zobench experiment={name}"
    return "nothing that zobench ships is called so: zobench list experiments"


def options_of(command: str, arguments: Sequence[str], known: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The names that a command is given, and its options key=value. UsageError for one that it does not know."""
    from zobench.command import keys

    options = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    for name, value in options.items():
        if name not in known:
            raise UsageError(f"{name}={value}: zobench {command} takes {', '.join(f'{key}=...' for key in known)}")
        if name in keys.FOLDERS:
            keys.check_folder(name, value)
    return [argument for argument in arguments if "=" not in argument], options


def _report_claims(runs_dir: str, report_dir: str | None, console: Console, opens: bool) -> int:
    """The board, and the front page that shows it, where it is in its own place."""
    from zobench.command import front
    from zobench.report import draw_board

    place = report_dir or f"{REPORTS}/claims"
    require_writable("report_dir", place)
    failed = draw_board(Path(runs_dir), Path(place), console)
    console.print(f"report: {place}", soft_wrap=True, markup=False)
    for name, reason in failed:
        print(printable(f"zobench: {name} raised: {reason}"), file=sys.stderr)
    shown = Path(place) if report_dir else front.report_all(REPORTS, runs_dir, console)
    front.show(shown, console, opens)
    return 1 if failed else 0


def report(
    name: str,
    cells: Sequence[tuple[str, Path]],
    report_dir: str,
    console: Console,
    command: str = "",
    shows: bool = True,
    formats: Sequence[str] = (),
    wording: "Wording | None" = None,
    opens: bool = False,
) -> list[Gap]:
    """Draw a report from the records of cells, label and path, and say where it is; the cells that are not in it.

    `command` made the cells; `shows`: print the tables too; `formats`: of the figures, as the experiment has them;
    `wording`: the user's names and order; `opens`: show it in a browser.
    """
    from zobench import report
    from zobench.command import front

    gaps = report.draw(name, cells, Path(report_dir), console, command, shows, formats, wording)
    console.print(f"report: {report_dir}", soft_wrap=True, markup=False)
    front.show(Path(report_dir), console, opens)
    return gaps


def _require_folders(cfg: DictConfig, overrides: Sequence[Any]) -> None:
    """The folder of the report; that of the records may be one to read, where nothing is missing."""
    if cfg.report not in (None, SWEEP) or any(override.key_or_group == "report_dir" for override in overrides):
        require_writable("report_dir", cfg.report_dir)
