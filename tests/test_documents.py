"""README and docs agree with the committed tables, number by number."""

from pathlib import Path

import documents
import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("entry", documents.entries(), ids=lambda entry: entry["says"][:40])
def test_a_sentence_has_the_numbers_of_its_table(entry):
    text = documents.plain((ROOT / entry["document"]).read_text())
    assert documents.plain(documents.written(entry)) in text, "python tests/documents.py writes it in again"


# not those whose numbers are settings or times: extending, launchers, reliability, performance, and pages of one's own
PAGES = ["index", "quickstart", "tutorial", "accelerator", "completion", "paper_figure", "science", "differentiation"]
PAGES += ["referee"]
THEORY = [f"docs/theory/{path.name}" for path in sorted(ROOT.glob("docs/theory/*.md"))]


@pytest.mark.parametrize("document", ["README.md", *(f"docs/{page}.md" for page in PAGES), *THEORY])
def test_no_decimal_stands_alone(document):
    """Each is read from a table, or listed with the reason why it is none."""
    text = (ROOT / document).read_text()
    known = [*documents.constants().get(document, [])]
    for entry in documents.entries():
        known += documents.decimals(documents.written(entry)) if entry["document"] == document else []
    assert set(documents.decimals(text)) <= set(known)


def test_a_number_that_has_moved_is_seen():
    entry = documents.entries()[0]
    name, source = next(iter(entry["numbers"].items()))
    moved = {**entry, "numbers": {**entry["numbers"], name: {**source, "times": 3 * source.get("times", 1)}}}
    assert documents.plain(documents.written(moved)) not in documents.plain((ROOT / entry["document"]).read_text())
