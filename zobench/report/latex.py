"""Tables for LaTeX: no wider than a page, those that are longer than one over several, and no command but ours."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from zobench.errors import printable
from zobench.report.tables import Table, shared

NEEDS = r"% \usepackage{array,booktabs,longtable}"
TEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "≥": r"$\ge$", "≤": r"$\le$", "±": r"$\pm$",
    "∇": r"$\nabla$", "‖": r"$\|$", "²": "$^2$", "μ": r"$\mu$", "×": r"$\times$", "…": r"\dots{}", "–": "--",
    "*": "$^*$", ">": "$>$", "<": "$<$", "∝": r"$\propto$", "—": "---", "ρ": r"$\rho$", "·": r"$\cdot$", "₀": "$_0$",
    "₁": "$_1$", "₂": "$_2$", "¹": "${}^1$", "³": "$^3$", "⁻": "${}^-$", "ᵀ": "${}^T$", "ⁿ": "${}^n$", "′": "$'$",
    "Σ": r"$\Sigma$", "Δ": r"$\Delta$", "α": r"$\alpha$", "ε": r"$\varepsilon$", "τ": r"$\tau$", "∂": r"$\partial$",
    "√": r"$\surd$", "→": r"$\to$", "⟨": r"$\langle$", "⟩": r"$\rangle$", "é": r"\'e",
    "β": r"$\beta$", "κ": r"$\kappa$", "λ": r"$\lambda$", "π": r"$\pi$", "σ": r"$\sigma$", "⁴": "$^4$", "ᵢ": "$_i$",
    "\u200b": r"\allowbreak{}", "″": "$''$", "½": r"$\frac12$", "ᶻ": "${}^z$", "¼": r"$\frac14$",
}  # fmt: skip
SIZES = {"footnotesize": 72, "scriptsize": 79, "tiny": 102}  # characters of a line of an article, some kept
GAP = 2  # characters between two columns
LINES = 42  # of a page; a table with more is broken
WORD = 20  # characters of a word that no blank breaks


class Fit(NamedTuple):
    """How a table is set: the size of its letters, the widths of its columns in characters, and what they like."""

    size: str
    widths: list[int]
    likes: list[int]

    @property
    def columns(self) -> str:
        """What stands in the braces of a tabular: columns as wide as they like, and paragraphs."""
        return "".join(self._column(i) for i in range(len(self.widths)))

    def _column(self, i: int) -> str:
        if self.widths[i] >= self.likes[i]:
            return "r" if i else "l"
        flush = r"\raggedleft" if i and self.likes[i] <= 2 * WORD else r"\raggedright"
        return rf">{{{flush}\arraybackslash}}p{{{self.widths[i] / SIZES[self.size]:.3f}\linewidth}}"

    def lines(self, line: Sequence[str]) -> int:
        """About how many lines a row takes."""
        return max(-(-len(cell) // max(1, width)) for cell, width in zip(line, self.widths, strict=True))


def latex(tables: Sequence[Table]) -> str:
    """Tables for a document with the packages of the first line, by the input command; too wide ones are just named."""
    return "\n".join([NEEDS, *map(_latex, tables)])


def _latex(table: Table) -> str:
    grouped = table.words > 1
    rows = [line[grouped:] for line in table.lines]
    fit = _fit([table.header[grouped:], *rows])
    if fit is None:
        return f"% {tex(table.title)}: too wide for a page; its numbers are in the CSV files\n"
    body, height = [], 0
    for line, row in zip(table.lines, rows, strict=True):
        if grouped and line[0]:
            wide = r"p{\linewidth}@{}" if len(line[0]) > SIZES[fit.size] else "l"
            body.append(rf"\multicolumn{{{len(row)}}}{{@{{}}{wide}}}{{\textbf{{{tex(line[0])}}}}} \\")
            height += 1
        body.append(" & ".join(map(tex, row)) + r" \\")
        height += fit.lines(row)
    head = " & ".join(map(tex, table.header[grouped:])) + r" \\"
    caption = rf"\caption{{{tex(table.title)}. {tex(table.note)}}}"
    return (_long if height > LINES else _short)(fit, caption, head, body)


def _short(fit: Fit, caption: str, head: str, body: Sequence[str]) -> str:
    """On one page, wherever LaTeX has room for it."""
    begin = rf"\begin{{table}}[htbp]\centering\{fit.size}\setlength{{\tabcolsep}}{{3pt}}"
    tabular = rf"\begin{{tabular}}{{@{{}}{fit.columns}@{{}}}}"
    rows = [r"\toprule", head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
    return "\n".join([begin, caption, tabular, *rows, r"\end{table}", ""])


def _long(fit: Fit, caption: str, head: str, body: Sequence[str]) -> str:
    """Over several pages, with its head on each."""
    begin = rf"\begingroup\{fit.size}\setlength{{\tabcolsep}}{{3pt}}\setlength{{\LTcapwidth}}{{\linewidth}}"
    tabular = rf"\begin{{longtable}}{{@{{}}{fit.columns}@{{}}}}"
    heads = [caption + r" \\", r"\toprule", head, r"\midrule", r"\endfirsthead", r"\toprule", head, r"\midrule"]
    heads += [r"\endhead", r"\bottomrule", r"\endfoot"]
    return "\n".join([begin, tabular, *heads, *body, r"\end{longtable}", r"\endgroup", ""])


def _fit(lines: Sequence[Sequence[str]]) -> Fit | None:
    """The largest letters in which a table is as wide as a line: no word is broken but those that are too long."""
    cells = [[printable(cell) for cell in column] for column in zip(*lines, strict=True)]
    likes = [max(map(len, column)) for column in cells]
    words = [min(WORD, max(map(_word, column))) for column in cells]
    least = [word + (word < like) for word, like in zip(words, likes, strict=True)]  # letters are not all as wide
    for size, room in SIZES.items():
        left = room - GAP * (len(cells) - 1)
        if sum(least) <= left:
            widths = shared(range(len(cells)), least, likes, left)
            return Fit(size, [widths[i] for i in range(len(cells))], likes)
    return None


def _word(cell: str) -> int:
    return max(map(len, cell.split()), default=0)


def tex(text: str) -> str:
    """Text for LaTeX: "n^1.00" becomes mathematics, the rest is escaped; what LaTeX cannot print becomes "?"."""
    breakable = re.sub(rf"\S{{{WORD}}}(?=\S)", "\\g<0>\u200b", printable(text))
    made = re.sub(r"([A-Za-z)])\^(−?[A-Za-z0-9.]+)|.", _printed, breakable)
    made = re.sub(r"(?<!\\)\$\$", "{}", made)  # two formulas side by side are one
    return f"{{[}}{made[1:]}" if made.startswith("[") else made  # after a line's end it would be an argument


def _printed(found: re.Match) -> str:
    base, exponent = found.groups()
    if base:
        return f"${base}^{{{exponent.replace('−', '-')}}}$"
    return TEX.get(found[0], found[0] if found[0].isascii() else "?")
