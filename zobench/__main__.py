"""The command: zobench, or python -m zobench."""

import os
import re
import sys
from collections.abc import Sequence

from zobench.errors import UsageError, one_line
from zobench.surroundings import prepare_jax

PIPE_WIDTH = 120  # rich takes 80 where it cannot ask, too narrow for the tables

INFO = "all|config|defaults|defaults-tree|plugins|searchpath"
SHOWN = {"--cfg": "job|hydra|all", "--info": INFO, "--package": r"[\w.]+", "--resolve": ""}
SHOWN |= {"--hydra-help": "", "--shell-completion": ""}  # Hydra's flags that run nothing, and what they take
SHORT = {"-c": "--cfg", "-i": "--info", "-p": "--package", "-sc": "--shell-completion"}

HELP = """\
zobench: what does an optimizer pay for not having a gradient?

  zobench experiment=slowdown                       the table, n = 8 ... 512: runs, report, plots in reports/slowdown
  zobench experiment=slowdown problem.dim=8,16 seeds=4      a smaller one; the command line wins over the file
  zobench experiment=quick/memory                   any experiment in seconds, its page in reports/quick
  zobench -m problem=black_box ... method=cma,cobyqa stop.calls=500          your own simulator: docs/black_boxes.md
  zobench problem=mds problem.points=15 estimator=two_point seeds=10         one cell and a short table
  zobench -m problem.dim=8,16 estimator=two_point,autodiff                   a sweep, its page in reports/sweep
  zobench report slowdown|sweep [report_dir=...] [runs_dir=...] [--open]     draw again from records, show it
  zobench report [report_dir=...] [--open]                                   the front page over all reports
  zobench report claims                             the board: what the lectures claim, and what the records say of it
  zobench status [NAME] [runs_dir=...]              done, running, failed, missing; the command that goes on
  zobench compare old/runs new/runs [report_dir=...]                         what got faster, slower, better, worse
  zobench export [runs.csv|runs.parquet] [runs_dir=...] [sweep=NAME]         every run of every record in one table
  zobench export [FOLDER] format=coco|ioh|benchopt [gradient=1,n]            curves as COCO and others read them
  zobench export methods.txt [sweep=NAME]                                    how runs were made, for a paper
  zobench advise problem=... [calls=N] [json=FILE]  which method to take for it, and what a gradient would save
  zobench list [problems|estimators|methods|experiments]                     what there is, one sentence each
  zobench check my_problem.py | <name>              test a problem or an estimator against what it declares

{choices}

  more keys: step=theory|trace|tuned|probe|<number>|[...]  seeds  seed  dtype  stop.metric  stop.target
  stop.relative_to  stop.gd_iterations  tuning.tries  tuning.seeds  runs_dir  report_dir  report_formats=[png,svg,pdf]
  report_labels={{two_point: mine}}  report_order=[two_point]  (names and order on the page of a sweep)
  report=null (a sweep without a report)  force=true (run again what has a record)
  limit.seconds  limit.gigabytes (of a cell)  retry=true (try again what crashed or went over a limit)
  trust=[my_package] (what a config file may call besides zobench and optax)
  zobench --cfg job ... shows the composed config; HYDRA_FULL_ERROR=1 shows tracebacks."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0, 1 if a cell failed, 2 for what cannot be done (one line), 130 if interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    prepare_jax()
    from zobench.command import signals

    try:
        with signals.heard():
            code = _dispatch(arguments)
    except KeyboardInterrupt as error:
        print("zobench: interrupted; run the same command again to finish", file=sys.stderr)
        code = 143 if isinstance(error, signals.Terminated) else 130
    except Exception as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        refused = isinstance(error, UsageError)
        kind = "" if refused else f"{type(error).__name__}: "
        print(f"zobench: {kind}{one_line(error)}", file=sys.stderr)  # one_line: nothing that steers the terminal
        code = 2 if refused else 1
    if argv is None:
        signals.leave(code)
    sys.exit(code)


NO_CONFIGS = ("report", "status", "export", "compare")  # commands that read records: what --config-dir says is in them


def _dispatch(arguments: list[str]) -> int:
    asks_help = {"-h", "--help"} & {*arguments} and arguments[0] != "report"  # which has more to say
    if not arguments or arguments[0] == "help" or asks_help:
        print(HELP.format(choices=_choices()))
        return 0
    if arguments[0] == "--version":
        from zobench import __version__

        print(f"zobench {__version__}")
        return 0
    from rich.console import Console

    from zobench.command import cli

    arguments = _own_configs(arguments)
    if arguments[0] in NO_CONFIGS:
        arguments = [argument for argument in arguments if not argument.startswith("hydra.searchpath=")]
    console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH)
    if arguments[0] == "report":
        return cli.report_again(arguments[1:], console)
    if arguments[0] == "status":
        from zobench.command.status import status

        return status(arguments[1:], console)
    if arguments[0] == "export":
        from zobench.command.export import export

        return export(arguments[1:], console)
    if arguments[0] == "advise":
        from zobench.command.advise import advise

        return advise(arguments[1:], console)
    if arguments[0] == "compare":
        from zobench.command.compare import compare

        return compare(arguments[1:], console)
    if arguments[0] == "list":
        from zobench.command.listing import show

        return show(arguments[1:], console)
    if arguments[0] == "check":
        from zobench.check.checks import check

        return check(arguments[1:], console)
    plain = [argument for argument in arguments if argument not in ("-m", "--multirun")]
    if any(argument.startswith("-") for argument in plain):
        return _hydra(arguments)
    if len(plain) < len(arguments) or any(argument.startswith("experiment=") for argument in plain):
        return cli.run_sweep(plain, console)
    return cli.run_single(plain, console)


def _own_configs(arguments: list[str]) -> list[str]:
    """Say --config-dir as Hydra's override, which all commands understand."""
    found, folders, rest = [], [], iter(arguments)
    for argument in rest:
        name, _, folder = argument.partition("=")
        if name not in ("--config-dir", "-cd"):
            found.append(argument)
            continue
        folder = folder or next(rest, "")
        if not os.path.isdir(folder):
            raise UsageError(f"--config-dir {folder}: no such folder")
        place = os.path.abspath(folder).replace("\\", "\\\\").replace("'", "\\'")
        folders.append(f"hydra.searchpath=['file://{place}']")
    return [*found, *folders]  # a command may come after it


def _choices() -> str:
    from zobench.command.listing import names

    groups = ("problem", "estimator", "optimizer", "method", "class", "experiment")
    return "\n".join(f"  {group + '=':12} {', '.join(names(group))}" for group in groups)


def _hydra(arguments: list[str]) -> int:
    """Hydra's own flags that show something, as Hydra handles them, before or after the overrides."""
    import hydra

    from zobench.command import compose
    from zobench.command.job import job

    flags, overrides, rest = [], [], iter(arguments)
    for argument in rest:
        name, _, value = argument.partition("=")
        name = SHORT.get(name, name)
        if name in ("-m", "--multirun"):  # what all its cells share is shown
            if value:
                raise UsageError(f"{argument}: a flag without a value; write -m {value}")
            continue
        if not argument.startswith("-"):
            overrides.append(argument)
        elif name in SHOWN:
            value = value or (next(rest, "") if SHOWN[name] else "")
            if SHOWN[name] and not re.fullmatch(SHOWN[name], value):
                raise UsageError(f"{name} {value}: give one of {SHOWN[name].replace('|', ', ')}")
            flags.append(f"{name}={value}" if value else name)
        else:
            raise UsageError(f"{name}: no such flag; there are -m, --config-dir, {', '.join(SHOWN)}")
    if "--shell-completion" not in flags:
        with compose.session():
            compose.check_shown(compose.parse(overrides))
    sys.argv = ["zobench", *flags, *overrides]
    hydra.main(version_base="1.3", config_path="pkg://zobench.conf", config_name="config")(job)()
    return 0


if __name__ == "__main__":
    main()
