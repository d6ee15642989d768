"""The front page: reports/index.html, over all reports of a folder. One file without scripts, and pictures beside it.

It is made of text alone: all of it is escaped, names of files are quoted, and the policy in its head lets a browser
load nothing but pictures and the style that stands in it.
"""

import base64
import hashlib
import os
from html import escape
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from zobench.errors import UsageError, printable
from zobench.report import files, verdicts
from zobench.report.gallery import PAGE, Card, Claim, Gallery, Link

MADE_BY = '<meta name="generator" content="zobench report">'

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c1f23; --soft: #59616b; --line: #d5d9df; --card: #f7f8fa;
  --link: #0b57b0; --holds: #146c2e; --refuted: #b3261e; --undecided: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181c; --ink: #e7e9ec; --soft: #a4adb8; --line: #3a414a;
  --card: #1e2227; --link: #8ab8ff; --holds: #7bd895; --refuted: #ff9d94; --undecided: #f0c069; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 90rem; padding: 1rem clamp(0.75rem, 3vw, 2.5rem) 3rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0.5rem 0 0; } h2 { font-size: 1.35rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1.05rem; margin: 0; } p { margin: 0.35rem 0; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
.soft, caption span { color: var(--soft); font-size: 0.9rem; font-weight: normal; }
nav ul { display: flex; gap: 0.25rem 1.25rem; flex-wrap: wrap; list-style: none; padding: 0; }
.topics { columns: 2 34rem; column-gap: 2.5rem; } .topics table { break-inside: avoid; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; margin: 0 0 1.5rem; }
caption { text-align: left; font-weight: 600; padding: 0.4rem 0; break-after: avoid; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.5rem 0.25rem 0; border-top: 1px solid var(--line); }
thead th { font-weight: normal; color: var(--soft); border-top: 0; } tbody th { font-weight: normal; }
tr { break-inside: avoid; }
.number { width: 2.6rem; padding-right: 0.75rem; text-align: right; color: var(--soft);
  font-variant-numeric: tabular-nums; }
.verdict { width: 6.6rem; } .by { width: 30%; } .by a { display: inline-block; max-width: 100%; }
.holds { color: var(--holds); } .refuted { color: var(--refuted); font-weight: 600; }
.undecided { color: var(--undecided); font-weight: 600; } .not { color: var(--soft); font-weight: 600; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1rem;
  list-style: none; padding: 0; margin: 1rem 0; }
.cards article { height: 100%; display: flex; flex-direction: column; border: 1px solid var(--line);
  border-radius: 8px; background: var(--card); overflow: hidden; break-inside: avoid; }
.shown { display: block; background: #fff; height: 12rem; padding: 0.5rem; border-bottom: 1px solid var(--line); }
.shown img { display: block; width: 100%; height: 100%; object-fit: contain; }
.none { display: grid; place-items: center; color: #59616b; }
.text { padding: 0.75rem 1rem 1rem; flex: 1; display: flex; flex-direction: column; }
.text .pages { margin-top: auto; padding-top: 0.5rem; }
.lacks { color: var(--refuted); }
@media print { .topics table { break-inside: auto; }
  body { max-width: none; padding: 0; font-size: 9pt; } nav, .skip { display: none; }
  details::details-content { content-visibility: visible; } .shown { height: 9rem; } }
@page { margin: 15mm; }
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
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src 'self' file:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    count = len(found.cards)
    board = _board(found) if found.board else ""
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            MADE_BY,
            f"<title>zobench: all reports</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            '<a class="skip" href="#reports">Skip the claims</a>\n<header>\n<h1>zobench</h1>',
            f"<p>What does an optimizer pay for not having a gradient? {count} report{'s' * (count != 1)}.</p>",
            '<nav aria-label="On this page"><ul>',
            *(['<li><a href="#claims">Claims</a></li>'] if board else []),
            '<li><a href="#reports">Reports</a></li>\n</ul></nav>\n</header>\n<main>',
            board,
            '<section id="reports" aria-labelledby="reports-head">\n<h2 id="reports-head">Reports</h2>',
            '<ul class="cards">',
            *(f"<li>{_card(card)}</li>" for card in found.cards),
            "</ul>\n</section>\n</main>\n</body>\n</html>\n",
        ]
    )


def _board(found: Gallery) -> str:
    """The claims of the lectures by topic, then the predictions, folded."""
    assert found.board is not None
    stated = [claim for claim in found.claims if claim.number is not None]
    others = [claim for claim in found.claims if claim.number is None]
    tables = [_table(topic, [*own]) for topic, own in groupby(stated, lambda claim: claim.topic)]
    parts = ['<section id="claims" aria-labelledby="claims-head">', '<h2 id="claims-head">Claims of the lectures</h2>']
    parts += [f"<p>{_text(line)}</p>" for line in found.board.headline]
    parts += [
        _lacks(found.board),
        f"<p>{_links(found.board.pages)}</p>",
        f'<div class="topics">{"".join(tables)}</div>',
    ]
    if others:
        summary = f"{others[0].topic}: {len(others)}, of which {verdicts.fare([c._asdict() for c in others])}"
        parts.append(f"<details><summary>{_text(summary)}</summary>{_table(others[0].topic, others)}</details>")
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
            f"<table><caption>{_text(topic)} <span>{_text(fare)}</span></caption>",
            f"<thead><tr>{head}</tr></thead>\n<tbody>",
            *(_line(claim, numbered) for claim in own),
            "</tbody></table>",
        ]
    )


def _line(claim: Claim, numbered: bool) -> str:
    number = f'<td class="number">{claim.number}</td>' if numbered else ""
    kind = escape(claim.verdict.split(" ")[0]) if claim.verdict in verdicts.WORDS else "not"
    title = f' title="{_text(claim.statement)}"' if claim.statement != claim.text else ""
    by = _links(claim.by) or f'<span class="soft">{_text(claim.reason)}</span>'
    return (
        f'<tr>{number}<th scope="row"{title}>{_text(claim.text)}</th>'
        f'<td class="verdict {kind}">{_text(claim.verdict)}</td><td class="by">{by}</td></tr>'
    )


def _card(card: Card) -> str:
    target = card.pages[0].path if card.pages else ""
    name = f'<a href="{_href(target)}">{_text(card.name)}</a>' if target else _text(card.name)
    shown = '<span class="shown none">no picture</span>'
    if card.picture:
        about = f"{card.name}: {card.picture.text}"
        image = f'<img src="{_href(card.picture.path)}" alt="{_text(about)}">'
        shown = f'<a class="shown" href="{_href(target or card.picture.path)}" tabindex="-1">{image}</a>'
    parts = [f"<h3>{name}</h3>", f"<p>{_text(card.question)}</p>" if card.question else ""]
    parts += [f'<p class="soft">{_text(line)}</p>' for line in card.headline]
    parts += [_lacks(card), f'<p class="pages">{_links(card.pages)}</p>' if card.pages else ""]
    return f'<article>{shown}<div class="text">{"".join(parts)}</div></article>'


def _lacks(card: Card) -> str:
    """What is not in a report, and what of it cannot be read."""
    lines = [f'<p class="lacks">{_text(line)}</p>' for line in card.wrong]
    if card.missing:
        lines.insert(0, f'<p class="lacks"><a href="{_href(f"{card.name}/missing.csv")}">{_text(card.missing)}</a></p>')
    return "".join(lines)


def _links(links: list[Link]) -> str:
    """Names, with links to what is there."""
    shown = [(_text(text).replace("_", "_<wbr>"), to) for text, to in links]
    return ", ".join(f'<a href="{_href(to)}">{text}</a>' if to else text for text, to in shown)


def _href(path: str) -> str:
    """A path as an address relative to the page, which no name of a file can make into another one."""
    return escape(f"./{quote(os.fsencode(path))}")


def _text(text: object) -> str:
    """Text for HTML, without letters that steer what shows it."""
    return escape(printable(text))
