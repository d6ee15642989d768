"""An experiment's page: what it gives as one value, and the files that are made of it, once for all of them."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from zobench import code
from zobench.errors import UsageError, printable
from zobench.report import claims, explorer, files, latex, places, tables, verdicts
from zobench.report.places import package
from zobench.report.wording import Wording
from zobench.statistics import Estimate
from zobench.survey import Gap

Rows = Sequence[Mapping[str, Any]]
FORMATS = ("png", "svg")  # of figures, unless others are asked for
TEXTS = ("table.md", "table.tex", "verdicts.json")


class Caption(NamedTuple):
    """What a figure shows, and what a sweep must have for there to be anything to see."""

    shows: str
    takes: str


class Experiment(NamedTuple):
    """A page, as pure functions: records -> what was found -> rows, tables, measured quantities, figures.

    `rows` are those of table.csv, `more` those of other CSV files by name; `tables` takes them as they are read back,
    text by column, table.csv first. `measures` are the quantities that claims.yaml speaks of. `figures` are names of
    functions of the module `figures` beside the page (of the page itself where there is none) that give a Figure of
    what was found, None where there is nothing to draw, or the bytes of a file, whose name then has a suffix. Those
    with `captions` stand in table.md. `named` is `read` in the user's words, where a page takes them.
    """

    question: str
    read: Callable[[Sequence[Path]], Any]
    rows: Callable[[Any], Rows]
    tables: Callable[..., list[tables.Table]]
    measures: Callable[[Any], dict[str, Estimate]] = lambda found: {}
    figures: tuple[str, ...] = ()
    more: Mapping[str, Callable[[Any], Rows]] = {}
    captions: Mapping[str, Caption] = {}
    named: Callable[[Sequence[Path], Wording], Any] | None = None

    @property
    def csv(self) -> tuple[str, ...]:
        """The CSV files, table.csv first."""
        return ("table.csv", *self.more)


def load(name: str) -> Experiment:
    """The page of an experiment."""
    return import_module(f"{package(name)}.page").EXPERIMENT


def fingerprint(name: str, records: Sequence[Path], said: Sequence[str] = ()) -> str:
    """Hash of the records' bytes, the claims, the code that draws and what is said: the same one, the same page."""
    place = package(name)
    by = [code.code_hash([f"{place}.page", _figures(place)]), *said]
    return files.fingerprint([*records, claims.file(name), *explorer.ASSETS], "\n".join(by))


def _figures(place: str) -> str:
    return f"{place}.figures" if find_spec(f"{place}.figures") else f"{place}.page"


def may_write(name: str) -> list[str]:
    """The files that a page may have."""
    forms = (*FORMATS, "pdf")
    pictures = ([name] if "." in name else [f"{name}.{form}" for form in forms] for name in load(name).figures)
    own = (file for each in pictures for file in each)
    return [*load(name).csv, *TEXTS, "missing.csv", *own, explorer.NAME]


def write(
    name: str,
    records: Sequence[Path],
    folder: Path,
    gaps: Sequence[Gap] = (),
    said: Sequence[str] = (),
    command: str = "",
    formats: Sequence[str] = FORMATS,
    wording: Wording | None = None,
) -> list[str]:
    """All files of a page; their names. ValueError where the records give nothing to show.

    `said` stands before the tables: which cells of the sweep are not in them; missing.csv has all of these `gaps`.
    `command`, where it is given, made the records, and stands above the tables and below each figure in table.md.
    `formats`: of the figures; `wording`: the user's names and order.
    """
    page = load(name)
    require_named(name, wording)
    found = page.named(records, wording) if page.named and wording else page.read(records)
    rows = page.rows(found)
    made = {"table.csv": rows, **{name: of(found) for name, of in page.more.items()}}
    numbers = [name for file, lines in made.items() for name in files.write_csv(folder / file, lines)]
    verdicts.judge(folder, name, records, page.measures(found))
    shown = [*_tables(page, folder), *verdicts.table(folder)]
    warned = "".join(f"> {line}\n" for line in said).replace("*", "\\*").replace("<", "&lt;")
    files.write(folder / "table.tex", latex.latex(shown))
    drawn = _draw(page, import_module(_figures(package(name))), found, folder, formats) if rows else []
    parts = [_made_by(command), warned, _pictures(page, drawn, command), tables.markdown(shown)]
    files.write(folder / "table.md", "\n".join(filter(None, parts)))
    numbers += files.write_csv(folder / "missing.csv", [gap._asdict() for gap in gaps])
    written = [*numbers, *TEXTS, *drawn]
    captions = {name: caption.shows for name, caption in page.captions.items()}
    about = explorer.Shown(page.question, _tables(page, folder), written, gaps, wording, captions)
    return [*written, *explorer.write(name, records, folder, about)]


def require_named(name: str, wording: Wording | None) -> None:
    """Refuse names for a page that has its own. UsageError."""
    if wording and load(name).named is None:
        taken = ", ".join(places.SHARED)
        raise UsageError(f"report_labels, report_order: the page {name} has names of its own; they are for {taken}")


def _draw(page: Experiment, module: Any, found: Any, folder: Path, formats: Sequence[str]) -> list[str]:
    from zobench.report import drawing

    drawn = []
    with drawing.context():
        for name in page.figures:
            made = getattr(module, name.partition(".")[0])(found)
            if isinstance(made, bytes):
                files.write(folder / name, made)
                drawn.append(name)
            elif made is not None:
                drawn += drawing.save(made, folder, name, formats)
    return drawn


def _made_by(command: str) -> str:
    """The command as a block of Markdown, in which nothing means anything."""
    return f"    {printable(command)}\n" if command else ""


def _pictures(page: Experiment, drawn: Sequence[str], command: str) -> str:
    """The figures with captions, each with the command below it, and what is left out."""
    parts = []
    for name, caption in page.captions.items():
        if f"{name}.png" in drawn:
            title = name.replace("_", " ").capitalize()
            parts.append(f"## {title}\n\n![{title}]({name}.png)\n\n{caption.shows}\n")
            parts.append(_made_by(command))
    return "\n".join(filter(None, [*parts, _left_out(page, drawn)])) + "\n" * bool(page.captions)


def _left_out(page: Experiment, drawn: Sequence[str]) -> str:
    absent = [f"{name} ({page.captions[name].takes})" for name in _absent(page, drawn)]
    return f"Not drawn, as there is nothing to see: {', '.join(absent)}." if absent else ""


def _absent(page: Experiment, drawn: Sequence[str]) -> list[str]:
    return [name for name in page.captions if f"{name}.png" not in drawn]


def left_out(name: str, folder: Path) -> str:
    """Which figures a page that was written does not have; "" where it has all."""
    absent = _absent(load(name), [file.name for file in folder.glob("*.png")])
    return f"not drawn: {', '.join(absent)} (why: {folder / 'table.md'})" if absent else ""


def measured(name: str, records: Sequence[Path]) -> dict[str, Estimate]:
    """The quantities that an experiment's claims speak of."""
    page = load(name)
    return page.measures(page.read(records))


def summary(name: str, folder: Path) -> list[tables.Table]:
    """What the terminal shows of a page that was written: its tables but for those that are set aside."""
    return [table for table in _tables(load(name), folder) if not table.aside]


def _tables(page: Experiment, folder: Path) -> list[tables.Table]:
    found = page.tables(*(files.read_csv(folder / file) for file in page.csv))
    return [table for table in found if table.lines]


def closing(name: str, folder: Path, said: Sequence[str] = ()) -> str:
    """What is to be known before the numbers are used, how the claims fare, and where the rest is."""
    return "\n".join([*said, *filter(None, [verdicts.closing(folder)]), f"tables, verdicts and figures in {folder}"])
