"""Saved states: what the runs of a family of cells have done so far, so that a later cell goes on from it.

A family is all cells that differ in seeds, seed, stop, tuning and step alone. Its folder has one for each step size,
and there a file for each range of seeds, so that cells that run side by side never write the same one; a wider range
takes the place of those within it. Nothing is lost without these files but time: they may be deleted.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zobench import atomic, reads, store
from zobench.surroundings import SIMILAR, machine

LARGEST = 2**30  # bytes: a file of states that would be larger is not written
ENDING = ".state"
TAILS = 4
SAVE_EVERY = 30.0  # seconds, and twenty times what saving takes

Leaves = list[np.ndarray]


class Family(NamedTuple):
    """Where the states of a family are: a folder named by its key. `files()`: hashes of what the cell has read so far.

    `inherited`: hashes of what the runs had read that it goes on from. `read`: the files of states, as they were then.
    """

    folder: Path
    files: Callable[[], dict[str, str]]
    inherited: dict[str, str]
    read: dict[Path, tuple[range, reads.State | None]]


def states_of(folder: Path, files: Callable[[], dict[str, str]] = dict) -> Family:
    """The family of that folder, of which nothing has been read."""
    return Family(folder, files, {}, {})


class Tail(NamedTuple):
    """The last block of a run, which a cap cuts short: its records [records + 1, 3], seconds, x behind each section."""

    records: np.ndarray
    seconds: float
    x: np.ndarray


class Past(NamedTuple):
    """A run so far: the records [records, 3] and seconds of each whole block; x and memory after so many blocks.

    States take no more room than records: there is one after every so many blocks, and the latest. `tails`: the last
    block by its cap.
    """

    records: list[np.ndarray]
    seconds: list[float]
    states: dict[int, Leaves]
    tails: dict[int, Tail]

    @property
    def blocks(self) -> int:
        """How many blocks there are to go on from."""
        return max(self.states, default=0)

    def extent(self) -> tuple[int, ...]:
        """What changes whenever something is added."""
        return self.blocks, *self.tails

    def keep(self, block: int, leaves: Leaves) -> None:
        """Keep the state after that block."""
        often = self.often(leaves)
        for other in [other for other in self.states if other % often]:
            del self.states[other]
        self.states[block] = leaves

    def often(self, leaves: Sequence[Any]) -> int:
        """After how many blocks a state is kept."""
        return -(-sum(leaf.nbytes for leaf in leaves) // self.records[0].nbytes) if self.records else 1

    def end(self, cap: int, tail: Tail) -> None:
        """Keep the last block, and a few that other caps made."""
        self.tails[cap] = tail
        for other in [*self.tails][:-TAILS]:
            del self.tails[other]


def new_past() -> Past:
    """Of a run that has not begun."""
    return Past([], [], {}, {})


def load_pasts(family: Family | None, step: float, seeds: Sequence[int], like: Leaves, records: int) -> list[Past]:
    """The runs of these seeds at that step so far, the longest that is known of each.

    `like` is a state, `records` the number of a block: a file that holds anything else is ignored.
    """
    found = {seed: new_past() for seed in seeds}
    for each in load(family, _of_step(step), seeds):
        with suppress(KeyError, ValueError, TypeError, AttributeError):  # of another version
            for seed, past in _unpacked(each, like, records):
                known = found.get(seed)
                if known is not None:
                    longest = past if past.blocks > known.blocks else known
                    found[seed] = longest._replace(tails={**known.tails, **past.tails})
    return list(found.values())


def save_pasts(family: Family | None, step: float, seeds: Sequence[int], pasts: Sequence[Past]) -> None:
    """Save runs as far as there is a state to go on from."""
    tails = [tail for past in pasts for tail in past.tails.values()]
    states = [past.states[after] for past in pasts for after in sorted(past.states)]
    whole = [(past.records[i], past.seconds[i]) for past in pasts for i in range(past.blocks)]
    parts: dict[str, Sequence[np.ndarray]] = {f"state{i}": part for i, part in enumerate(zip(*states, strict=True))}
    parts |= {"records": [one for one, _ in whole], "last": [tail.records for tail in tails]}
    parts["ends"] = [tail.x for tail in tails]
    if sum(one.nbytes for part in parts.values() for one in part) > LARGEST:
        return
    arrays = {name: np.stack(part) for name, part in parts.items() if part}
    arrays["seconds"] = np.array([*(took for _, took in whole), *(tail.seconds for tail in tails)])
    after, caps = [sorted(past.states) for past in pasts], [[*past.tails] for past in pasts]
    save(family, _of_step(step), seeds, arrays, {"after": after, "caps": caps})


def _of_step(step: float) -> str:
    return store.digest("step", float(step).hex())


def _unpacked(saved: store.Record, like: Leaves, records: int) -> list[tuple[int, Past]]:
    """Runs with their seeds, as `save_pasts` packs them. ValueError and others where anything does not fit."""
    arrays, meta = saved
    seeds, after, caps = meta["seeds"], meta["after"], meta["caps"]
    blocks, tails, kept = sum(max(own, default=0) for own in after), sum(map(len, caps)), sum(map(len, after))
    due = {f"state{i}": ((kept, *leaf.shape), leaf.dtype) for i, leaf in enumerate(like)}
    due |= {"records": ((blocks, records, 3), like[0].dtype), "last": ((tails, records + 1, 3), like[0].dtype)}
    due |= {"ends": ((tails, *arrays["ends"].shape[1:2], *like[0].shape), like[0].dtype)} if tails else {}
    due = {name: wanted for name, wanted in due.items() if wanted[0][0]}
    due["seconds"] = (blocks + tails,), np.dtype(float)
    if {name: (part.shape, part.dtype) for name, part in arrays.items()} != due:
        raise ValueError("runs of another kind")
    rows, last, ends = (iter(arrays.get(name, ())) for name in ("records", "last", "ends"))
    states, seconds = [iter(arrays[name]) for name in due if name.startswith("state")], iter(arrays["seconds"].tolist())
    whole = [[(next(rows), next(seconds)) for _ in range(max(own, default=0))] for own in after]
    at = [{block: [next(part) for part in states] for block in own} for own in after]
    cut = [{cap: Tail(next(last), next(seconds), next(ends)) for cap in own} for own in caps]
    columns = zip(seeds, whole, at, cut, strict=True)
    return [(seed, Past([one for one, _ in own], [one for _, one in own], at, cut)) for seed, own, at, cut in columns]


def load(family: Family | None, what: str, seeds: Sequence[int]) -> list[store.Record]:
    """What is saved of runs of these seeds and others; `what` names what decides them besides.

    A file that is not what its place says, or of a cell that read other files, is ignored.
    """
    if family is None:
        return []
    place, found = _place(family, what), []
    for path, own in sorted(_near(place, seeds)):
        family.read[path] = own, reads.state(str(path))
        with reads.unwatched():
            saved = store.read(path)
            if saved is None or saved.meta.get("of") != _of(place):
                continue
            files = saved.meta.get("files", {})
            if reads.are_unchanged(files):
                family.inherited.update(files)
                found.append(saved)
    return found


def save(
    family: Family | None, what: str, seeds: Sequence[int], arrays: dict[str, np.ndarray], meta: dict[str, Any]
) -> None:
    """Save runs of these seeds, an unbroken range, in place of what has been read of seeds among them."""
    if family is None or sum(array.nbytes for array in arrays.values()) > LARGEST:
        return
    place = _place(family, what)
    path = place / _section(seeds) / f"{seeds[0]}-{len(seeds)}{ENDING}"
    about = {"status": "ok", "of": _of(place), "files": merged(family.files(), family.inherited)}
    try:
        with reads.unwatched():
            store.write(path, arrays, {**about, "seeds": list(seeds), **meta})
    except OSError as error:  # the disk may be full: a later run begins from nothing
        print(f"zobench: {path}: the state of these runs is not saved: {error.strerror}", file=sys.stderr)
        return
    for other, (own, state) in family.read.items():
        is_within = other.is_relative_to(place) and own.start >= seeds[0] and own.stop <= seeds[-1] + 1
        if is_within and other != path and reads.state(str(other)) == state:  # all that it has is here
            other.unlink(missing_ok=True)


def now_and_then(save: Callable[[], None]) -> Callable[[], None]:
    """What saves where that has not been done for a while, to be called often."""
    due = time.perf_counter() + SAVE_EVERY

    def look() -> None:
        nonlocal due
        start = time.perf_counter()
        if start > due:
            save()
            due = time.perf_counter() + max(SAVE_EVERY, 20 * (time.perf_counter() - start))

    return look


def merged(files: dict[str, str], inherited: dict[str, str]) -> dict[str, str]:
    """The hashes of all files that decide a cell; none ("") for one that was another for the runs it goes on from."""
    kept = {path: known if inherited.get(path, known) == known else "" for path, known in files.items()}
    return {**inherited, **kept}


def _place(family: Family, what: str) -> Path:
    """The folder of runs that have all in common but their seeds; machines that may round otherwise do not share it."""
    about = machine()
    return family.folder / store.digest(what, *(about[name] for name in SIMILAR))


def _of(place: Path) -> list[str]:
    return [place.parent.name, place.name]


def _section(seeds: Sequence[int]) -> str:
    """The smallest of all sections of 2^6, 2^7, ... seeds that has all of these: where a file of them is looked for."""
    size = 6
    while seeds[0] >> size != seeds[-1] >> size:
        size += 1
    return f"{size}-{seeds[0] >> size}"


def _near(place: Path, seeds: Sequence[int]) -> Iterator[tuple[Path, range]]:
    """The files that have any of these seeds, and the seeds of each."""
    for section, size, number in _names(place, ""):
        if number << size <= seeds[-1] and seeds[0] < (number + 1) << size:
            for file, first, count in _names(place / section, ENDING):
                if first <= seeds[-1] and seeds[0] < first + count:
                    yield place / section / file, range(first, first + count)


def _names(folder: Path, ending: str) -> Iterator[tuple[str, int, int]]:
    """What is in a folder by names of two numbers; what killed processes left there goes."""
    with suppress(FileNotFoundError, NotADirectoryError):
        found = os.listdir(folder)
        if any(name.endswith(".tmp") for name in found):
            atomic.sweep_up(folder)
        for name in found:
            first, _, second = name.removesuffix(ending).partition("-")
            if name.endswith(ending) and first.isdecimal() and second.isdecimal():
                yield name, int(first), int(second)
