"""The front page: reports/index.html, over all reports of a folder. One file, and pictures beside it.

It is made of text alone: all of it is escaped, names of files are quoted, and the policy in its head lets a browser
load nothing but pictures, the style that stands in it, and the script that sifts it by words.
"""

from itertools import groupby
from pathlib import Path

from zobench.errors import UsageError
from zobench.report import files, hypertext, verdicts
from zobench.report.gallery import PAGE, Card, Claim, Gallery, Link
from zobench.report.hypertext import MADE_BY, href, text

KINDS = {"holds": "good", "refuted": "bad", "undecided": "open"}  # verdicts that have a colour
STYLE = """
nav ul { display: flex; gap: 0.25rem 1.25rem; flex-wrap: wrap; list-style: none; padding: 0; }
.topics { columns: 2 34rem; column-gap: 2.5rem; } .topics table { break-inside: avoid; }
.number { width: 2.6rem; padding-right: 0.75rem; text-align: right; color: var(--soft);
  font-variant-numeric: tabular-nums; }
.verdict { width: 6.6rem; } .by { width: 30%; } .by a { display: inline-block; max-width: 100%; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1rem;
  list-style: none; padding: 0; margin: 1rem 0; }
.cards article { height: 100%; display: flex; flex-direction: column; border: 1px solid var(--line);
  border-radius: 8px; background: var(--card); overflow: hidden; break-inside: avoid; }
.shown { display: block; background: #fff; height: 12rem; padding: 0.5rem; border-bottom: 1px solid var(--line); }
.shown img { display: block; width: 100%; height: 100%; object-fit: contain; }
.empty { display: grid; place-items: center; color: #59616b; }
.text { padding: 0.75rem 1rem 1rem; flex: 1; display: flex; flex-direction: column; }
.text .pages { margin-top: auto; padding-top: 0.5rem; }
@media print { .topics table { break-inside: auto; } nav, .skip { display: none; }
  details::details-content { content-visibility: visible; } .shown { height: 9rem; } }
"""


def write(reports: Path, found: Gallery) -> None:
    """Write the front page of a folder of reports. UsageError where it has an index.html that is not of zobench."""
    require_own(reports / PAGE)
    files.write(reports / PAGE, html(found))


def require_own(path: Path) -> None:
    """Refuse to replace a page that someone else made: UsageError."""
    if path.exists() and MADE_BY not in path.read_text(encoding="utf-8", errors="replace"):
        raise UsageError(f"report: {path} is not made by zobench and would be lost; move it, or give report_dir=...")


def html(found: Gallery) -> str:
    """The page; the same reports, the same text."""
    count = len(found.cards)
    board = _board(found) if found.board else ""
    parts = [
        '<a class="skip" href="#reports">Skip the claims</a>\n<header>\n<h1>zobench</h1>',
        f"<p>What does an optimizer pay for not having a gradient? {count} report{'s' * (count != 1)}.</p>",
        '<nav aria-label="On this page"><ul>',
        *(['<li><a href="#claims">Claims</a></li>'] if board else []),
        '<li><a href="#reports">Reports</a></li>\n</ul></nav>',
        f"{hypertext.FILTER}\n</header>\n<main>",
        board,
        '<section id="reports" aria-labelledby="reports-head">\n<h2 id="reports-head">Reports</h2>',
        '<ul class="cards">',
        *(f"<li>{_card(card)}</li>" for card in found.cards),
        "</ul>\n</section>\n</main>",
    ]
    return hypertext.sifted("zobench: all reports", "\n".join(parts), STYLE)


def _board(found: Gallery) -> str:
    """The claims of the lectures by topic, then the predictions, folded."""
    assert found.board is not None
    stated = [claim for claim in found.claims if claim.number is not None]
    others = [claim for claim in found.claims if claim.number is None]
    tables = [_table(topic, [*own]) for topic, own in groupby(stated, lambda claim: claim.topic)]
    parts = ['<section id="claims" aria-labelledby="claims-head">', '<h2 id="claims-head">Claims of the lectures</h2>']
    parts += [f"<p>{text(line)}</p>" for line in found.board.headline]
    parts += [
        _lacks(found.board),
        f"<p>{_links(found.board.pages)}</p>",
        f'<div class="topics">{"".join(tables)}</div>',
    ]
    if others:
        summary = f"{others[0].topic}: {len(others)}, of which {verdicts.fare([c._asdict() for c in others])}"
        parts.append(f"<details><summary>{text(summary)}</summary>{_table(others[0].topic, others)}</details>")
    return "\n".join([*filter(None, parts), "</section>"])


def _table(topic: str, own: list[Claim]) -> str:
    """A caption, a line for each claim; a number where the lectures' claims have one."""
    numbered = any(claim.number is not None for claim in own)
    head = '<th scope="col" class="number">no.</th>' if numbered else ""
    head += '<th scope="col">claim</th><th scope="col" class="verdict">verdict</th>'
    head += '<th scope="col" class="by">measured by</th>'
    fare = verdicts.fare([claim._asdict() for claim in own])
    return "\n".join(
        [
            f"<table><caption>{text(topic)} <span>{text(fare)}</span></caption>",
            f"<thead><tr>{head}</tr></thead>\n<tbody>",
            *(_line(claim, numbered) for claim in own),
            "</tbody></table>",
        ]
    )


def _line(claim: Claim, numbered: bool) -> str:
    number = f'<td class="number">{claim.number}</td>' if numbered else ""
    kind = KINDS.get(claim.verdict, "none")
    title = f' title="{text(claim.statement)}"' if claim.statement != claim.text else ""
    by = _links(claim.by) or f'<span class="soft">{text(claim.reason)}</span>'
    return (
        f'<tr>{number}<th scope="row"{title}>{text(claim.text)}</th>'
        f'<td class="verdict {kind}">{text(claim.verdict)}</td><td class="by">{by}</td></tr>'
    )


def _card(card: Card) -> str:
    target = card.pages[0].path if card.pages else ""
    name = f'<a href="{href(target)}">{text(card.name)}</a>' if target else text(card.name)
    shown = '<span class="shown empty">no picture</span>'
    if card.picture:
        about = f"{card.name}: {card.picture.text}"
        image = f'<img src="{href(card.picture.path)}" alt="{text(about)}">'
        shown = f'<a class="shown" href="{href(target or card.picture.path)}" tabindex="-1">{image}</a>'
    parts = [f"<h3>{name}</h3>", f"<p>{text(card.question)}</p>" if card.question else ""]
    parts += [f'<p class="soft">{text(line)}</p>' for line in card.headline]
    parts += [_lacks(card), f'<p class="pages">{_links(card.pages)}</p>' if card.pages else ""]
    return f'<article>{shown}<div class="text">{"".join(parts)}</div></article>'


def _lacks(card: Card) -> str:
    """What is not in a report, and what of it cannot be read."""
    lines = [f'<p class="bad">{text(line)}</p>' for line in card.wrong]
    if card.missing:
        lines.insert(0, f'<p class="bad"><a href="{href(f"{card.name}/missing.csv")}">{text(card.missing)}</a></p>')
    return "".join(lines)


def _links(links: list[Link]) -> str:
    """Names, with links to what is there."""
    shown = [(text(name).replace("_", "_<wbr>"), to) for name, to in links]
    return ", ".join(f'<a href="{href(to)}">{name}</a>' if to else name for name, to in shown)
