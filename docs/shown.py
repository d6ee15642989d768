"""What the site makes from what is there: a head for each report, the gallery, the words of the command."""

import contextlib
import inspect
import io
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

from rich.console import Console

import zobench as zo
from zobench.command import listing
from zobench.report import gallery, places

ROOT = Path(__file__).parent.parent
PICTURES = (".png", ".gif")
CAPITALS = {"mds": "MDS", "jit": "JIT", "pca": "PCA"}
NAMES = {"docs/reference": ("zobench", zo.__all__), "docs/problems": ("zobench.problems", zo.problems.__all__)}
COMMANDS = {"claims": "zobench report claims", "performance": "python benchmarks/peers.py"}


def read(app, docname, source):
    """Sphinx's event source-read."""
    if docname == "docs/gallery":
        source[0] += "".join(section(card) for card in cards().values())
    elif docname == "docs/command":
        source[0] += "".join(spoken())
    elif docname == "docs/index":
        source[0] = source[0].replace("\n*\n", others(source[0]))
    elif docname in NAMES:
        source[0] += unnamed(source[0], *NAMES[docname])
    elif docname.startswith("reports/") and docname.endswith("/table"):
        source[0] = head(cards()[docname.split("/")[1]]) + source[0]


def others(text: str) -> str:
    """The pages of docs/ that a text does not name, a line each."""
    found = sorted(file.stem for file in (ROOT / "docs").glob("*.md") if file.stem != "index")
    return "".join(f"\n{name}" for name in found if not re.search(rf"^{name}$", text, re.MULTILINE)) + "\n"


def unnamed(text: str, module: str, names: list[str]) -> str:
    """Entries of the public names that a page of reference has not given a place."""
    found = {name: getattr(import_module(module), name) for name in names if not re.search(rf"\.{name}$", text, re.M)}
    kinds = {name: "autoclass" if inspect.isclass(of) else "autofunction" for name, of in found.items()}
    entries = [f".. {kinds[name]}:: {module}.{name}\n" for name, of in found.items() if not inspect.ismodule(of)]
    return "\n".join(["\n## Others\n\n```{eval-rst}", *entries, "```\n"]) if entries else ""


@cache
def cards() -> dict[str, gallery.Card]:
    """The committed reports by name, those of lectures' claims last."""
    found = gallery.read(ROOT / "reports")
    return {card.name: card for card in (*found.cards, found.board) if card and "/" not in card.name}


def pictures(name: str) -> list[Path]:
    """The pictures of a report, the one that stands for it first."""
    card = cards()[name]
    files = sorted(file for file in (ROOT / "reports" / name).iterdir() if file.suffix in PICTURES)
    return sorted(files, key=lambda file: card.picture is None or not card.picture.path.endswith(f"/{file.name}"))


def title(name: str) -> str:
    """A report's name for people."""
    words = " ".join(CAPITALS.get(word, word) for word in name.split("_"))
    return words[0].upper() + words[1:]


def command(name: str) -> str:
    """The command that makes a report."""
    return COMMANDS.get(name) or (f"zobench experiment={name}" if name in places.names() else f"zobench report {name}")


def image(file: Path, above: str) -> str:
    """A picture, loaded when it comes into sight."""
    where = file.relative_to(ROOT).as_posix()
    alt = f"{title(file.parent.name)}: {file.stem.replace('_', ' ')}"
    return f"```{{image}} {above}{where}\n:alt: {alt}\n:loading: lazy\n```\n"


def told(card: gallery.Card) -> Iterator[str]:
    """Question, how its claims fare, and the command."""
    yield f"{card.question}\n"
    if card.headline:
        yield f"{card.headline[0]}.\n"
    yield f"```sh\n{command(card.name)}\n```\n"


def section(card: gallery.Card) -> str:
    """A report in the gallery."""
    link = f"[Tables](../reports/{card.pages[0].path.replace('index.html', 'table.md')})\n" if card.pages else ""
    images = [image(file, "../") for file in pictures(card.name)]
    return "\n".join([f"\n## {title(card.name)}\n", *told(card), link, *images])


def head(card: gallery.Card) -> str:
    """What stands above the tables of a report."""
    images = [image(file, "../../") for file in pictures(card.name)]
    return "\n".join([f"# {title(card.name)}\n", *told(card), *images, ""])


def spoken() -> Iterator[str]:
    """What the command says of itself."""
    from zobench.__main__ import main

    help_, choices = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(help_), contextlib.suppress(SystemExit):
        main(["--help"])
    listing.show([], Console(file=choices, width=110))
    yield f"\n## `zobench --help`\n\n```text\n{help_.getvalue()}```\n"
    yield f"\n## `zobench list`\n\n```text\n{choices.getvalue()}```\n"
