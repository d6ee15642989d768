"""The formats of other packages that compare optimizers, written from records of a store."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from math import inf
from pathlib import Path

from zobench import atomic
from zobench.errors import UsageError
from zobench.formats import benchopt, coco, ioh
from zobench.formats.series import DECLARED, Found, Series, cost, read

__all__ = ["Found", "Series", "prices", "read", "write"]

MARK = "zobench.txt"  # in a folder that may be replaced
WORDS = "Written by zobench export: the next one replaces this folder.\n"


def prices(text: str) -> list[str]:
    """What a gradient counts, `1,n`: numbers of evaluations, or of n, or declared. UsageError for anything else."""
    found = [part for part in re.split(r"[\s,]+", text.strip("[] ")) if part]
    wrong = [part for part in found if part != DECLARED and not _is_price(part)]
    if wrong or not found:
        raise UsageError(
            f"gradient={text}: a price is a number of evaluations above 0, n, 2n or declared, as in: gradient=1,n"
        )
    return list(dict.fromkeys(found))


def _is_price(part: str) -> bool:
    try:
        return 0 < cost(part, 1) < inf
    except ValueError:
        return False


def write(how: str, series: Sequence[Series], place: Path) -> list[str]:
    """Write series as coco or ioh into a folder, as benchopt into a file, whole or not at all; what there is to say.

    A folder that an earlier export made is replaced. UsageError for any other that is not empty, and as the formats.
    """
    if how == "benchopt":
        with atomic.writing(place) as stream:
            return benchopt.write(series, stream)
    if place.exists() and not (place / MARK).is_file() and (not place.is_dir() or any(place.iterdir())):
        raise UsageError(f"export {place}: is there and not of an export; give another name")
    place.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        said = {"coco": coco, "ioh": ioh}[how].write(series, made)
        (made / MARK).write_text(WORDS, "utf-8")
        made.chmod(0o755)
        if place.exists():
            shutil.rmtree(place)
        made.rename(place)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return said
