"""The head of all pages, and HTML of text that is escaped: one file, under a policy that loads pictures and no more.

What a page brings of styles and scripts its policy names by their hashes; nothing else runs in it.
"""

import base64
import hashlib
import os
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from zobench.errors import printable
from zobench.report.tables import Table

MADE_BY = '<meta name="generator" content="zobench report">'

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c1f23; --soft: #59616b; --line: #d5d9df; --card: #f7f8fa;
  --link: #0b57b0; --good: #146c2e; --bad: #b3261e; --open: #8a5a00; }
@media screen and (prefers-color-scheme: dark) { :root { --ground: #15181c; --ink: #e7e9ec; --soft: #a4adb8;
  --line: #3a414a; --card: #1e2227; --link: #8ab8ff; --good: #7bd895; --bad: #ff9d94; --open: #f0c069; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 90rem; padding: 1rem clamp(0.75rem, 3vw, 2.5rem) 3rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0.5rem 0 0; } h2 { font-size: 1.35rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1.05rem; margin: 0; } p { margin: 0.35rem 0; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
.soft, caption span { color: var(--soft); font-size: 0.9rem; font-weight: normal; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; margin: 0 0 1.5rem; }
caption { text-align: left; font-weight: 600; padding: 0.4rem 0; break-after: avoid; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.5rem 0.25rem 0; border-top: 1px solid var(--line); }
thead th { font-weight: normal; color: var(--soft); border-top: 0; vertical-align: bottom; }
tbody th { font-weight: normal; } tr { break-inside: avoid; }
.wide { overflow-x: auto; } .wide table { overflow-wrap: normal; width: auto; }
.wide .figure { text-align: right; } .wide td.figure { white-space: nowrap; font-variant-numeric: tabular-nums; }
.wide th, .wide td { padding-right: 1rem; } .wide tbody th { min-width: 12rem; } .wide .head th { font-weight: 600; }
.filter { margin: 0.75rem 0; } .filter input { font: inherit; max-width: 100%; padding: 0.2rem 0.45rem;
  color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 4px; }
[hidden] { display: none !important; }
.picture { max-width: 100%; height: auto; background: #fff; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
.open { color: var(--open); font-weight: 600; } .none { color: var(--soft); }
@media print { body { max-width: none; padding: 0; font-size: 9pt; } .wide { overflow: visible; }
  .filter { display: none; } }
@page { margin: 15mm; }
"""


FILTER = (
    '<p class="filter" hidden><label>only with <input type="search" autocomplete="off"></label> <output></output></p>'
)
SIFT = """"use strict";
const [box] = document.querySelectorAll(".filter"), sifted = [...document.querySelectorAll("tbody tr, .cards > li")];
const folds = [...document.querySelectorAll("details")], folded = folds.map((fold) => fold.open);
box.hidden = false;
box.addEventListener("input", ({ target }) => {
  const words = target.value.toLowerCase().split(/\\s+/), shown = (of) => of.querySelector("tbody tr:not([hidden])");
  for (const one of sifted) one.hidden = !words.every((word) => one.textContent.toLowerCase().includes(word));
  for (const table of document.querySelectorAll("table")) table.hidden = !shown(table);
  folds.forEach((fold, i) => (fold.open = target.value ? Boolean(shown(fold)) : folded[i]));
  const found = sifted.filter((one) => !one.hidden).length;
  box.querySelector("output").textContent = target.value && `${found} of ${sifted.length}`;
});
"""


def sifted(title: str, body: str, style: str = "") -> str:
    """A page whose rows and cards are sifted by words, where its body has the field FILTER and scripts may run."""
    return document(title, f"{body}\n<script>{SIFT}</script>", STYLE + style, [SIFT])


def document(title: str, body: str, style: str, scripts: Sequence[str] = ()) -> str:
    """A page; the title is text, the body is HTML, in which these scripts stand."""
    named = f"script-src {' '.join(map(_hash, scripts))}; style-src {_hash(style)}"
    policy = f"default-src 'none'; {named}; img-src 'self' file: data:; base-uri 'none'; form-action 'none'"
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            MADE_BY,
            f"<title>{text(title)}</title>\n<style>{style}</style>\n</head>\n<body>",
            body,
            "</body>\n</html>\n",
        ]
    )


def _hash(of: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(of.encode()).digest()).decode()}'"


def table(own: Table, kinds: dict[str, str]) -> str:
    """A table with its note; cells that are a word of `kinds` have its class. A wide one scrolls by itself."""
    grouped = own.words > 1
    columns = [*zip(own.header, *own.lines, strict=True)][grouped:]
    align = [" figure" if any(map(_is_figure, cells)) else "" for _, *cells in columns]
    named = zip(align, own.header[grouped:], strict=True)
    heads = "".join(f'<th scope="col" class="{of.strip()}">{text(name)}</th>' for of, name in named)
    lines = []
    for line in own.lines:
        if grouped and line[0]:
            lines.append(f'<tr class="head"><th scope="colgroup" colspan="{len(columns)}">{text(line[0])}</th></tr>')
        first, *cells = line[grouped:]
        classes = [f"{kinds.get(cell, '')}{of}" for of, cell in zip(align[1:], cells, strict=True)]
        shown = "".join(f'<td class="{of.strip()}">{text(cell)}</td>' for of, cell in zip(classes, cells, strict=True))
        lines.append(f'<tr><th scope="row">{text(first)}</th>{shown}</tr>')
    return "\n".join(
        [
            f'<div class="wide" tabindex="0" role="region" aria-label="{text(own.title)}">',
            f"<table><caption>{text(own.title)}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>",
            *lines,
            f'</tbody></table></div>\n<p class="soft">{text(own.note)}</p>',
        ]
    )


def _is_figure(cell: str) -> bool:
    return cell.lstrip("−+-").partition(" ")[0][:1].isdigit()


def href(path: str) -> str:
    """A path as an address relative to the page, which no name of a file can make into another one."""
    return escape(f"./{quote(os.fsencode(path))}")


def text(of: object) -> str:
    """Text for HTML, without letters that steer what shows it."""
    return escape(printable(of))
