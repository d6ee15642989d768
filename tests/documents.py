"""The numbers of README and docs, from the committed tables: `python tests/documents.py` writes them in again.

docs/numbers.yaml has the sentences, {name:.2f} where a number stands, and where each number is read:

    table: reports/X/verdicts.json   quantity: the quantity of a check   [of: measured | low | high]
    table: reports/X/table.csv       where: {column: text, ...}          of: column
"""

import csv
import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
NUMBER = r"[−-]?\d[\d,]*\.?\d*"


def entries() -> list[dict[str, Any]]:
    return yaml.safe_load((ROOT / "docs" / "numbers.yaml").read_text())["sentences"]


def constants() -> dict[str, list[str]]:
    """Decimals that no table has: by document, with the reason beside them in the file."""
    return yaml.safe_load((ROOT / "docs" / "numbers.yaml").read_text())["constants"]


def value(source: dict[str, Any]) -> float:
    path = ROOT / source["table"]
    if path.suffix == ".json":
        checks = [check for entry in json.loads(path.read_text()) for check in entry["checks"]]
        check = next(check for check in checks if check["quantity"] == source["quantity"])
        of = source.get("of", "measured")
        found = check["measured"] if of == "measured" else check["interval"][of == "high"]
    else:
        rows = list(csv.DictReader(path.read_text().splitlines()))
        (row,) = [row for row in rows if all(row[name] == str(want) for name, want in source["where"].items())]
        found = row[source["of"]]
    return float(found) * source.get("times", 1)


def written(entry: dict[str, Any]) -> str:
    """The sentence with its numbers; those below 0 with a minus sign, not a hyphen."""
    said = entry["says"].format(**{name: value(source) for name, source in entry["numbers"].items()})
    return re.sub(r"(?<![\w-])-(?=\d)", "−", said)


def pattern(entry: dict[str, Any]) -> re.Pattern:
    """The sentence with any numbers, over line breaks."""
    parts = re.split(r"\{[^}]*\}", " ".join(entry["says"].split()))
    escaped = [re.escape(part).replace(r"\ ", r"\s+") for part in parts]
    return re.compile(NUMBER.join(escaped))


def plain(text: str) -> str:
    return " ".join(text.split())


def decimals(text: str) -> list[str]:
    """Numbers with a point in the prose: no code, no tables, no links."""
    prose = re.sub(r"```.*?```|`[^`]*`|^\|.*?$|\]\([^)]*\)|!\[[^\]]*\]", "", text, flags=re.S | re.M)
    return re.findall(r"\d[\d,]*\.\d+", prose)


def main() -> None:
    for entry in entries():
        path = ROOT / entry["document"]
        text, found = path.read_text(), pattern(entry)
        (old,) = found.findall(text)
        new = iter(re.findall(NUMBER, written(entry)))
        fixed = re.findall(NUMBER, re.sub(r"\{[^}]*\}", "", entry["says"]))
        assert len(re.findall(NUMBER, old)) == len(re.findall(NUMBER, written(entry))), (old, fixed)
        path.write_text(text.replace(old, re.sub(NUMBER, lambda _: next(new), old)))  # noqa: B023


if __name__ == "__main__":
    main()
