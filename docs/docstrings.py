"""Docstrings of this project as reStructuredText: plain text, `names` in backticks, tables in columns, examples."""

import re


def process(app, what, name, obj, options, lines):
    """Sphinx's event autodoc-process-docstring: the lines are replaced in place."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip())
    lines[:] = [*"\n\n".join(paragraph(text) for text in paragraphs).split("\n"), ""]


def paragraph(text: str) -> str:
    """An example or a list as it is, columns as they stand, all else as prose."""
    rows = text.split("\n")
    if text.lstrip().startswith(">>>"):
        return text
    if any(row.startswith("    ") for row in rows) or sum(bool(re.search(r"\S {3,}\S", row)) for row in rows) > 1:
        return "::\n\n" + "\n".join(f"    {row}" for row in rows)
    return prose(text)


def prose(text: str) -> str:
    """Text between backticks is code; elsewhere nothing is markup."""
    parts = re.split(r"`([^`]+)`", text)
    parts[::2] = [re.sub(r"([\\*_|])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [f"\\ ``{part}``\\ " for part in parts[1::2]]
    return "".join(parts)


def skip(app, what, name, obj, skipped, options):
    """Sphinx's event autodoc-skip-member: fields of a NamedTuple are described by its docstring."""
    return True if type(obj).__name__ == "_tuplegetter" else None
