"""The lines of any sweep: a method under a step rule, with a label and a look; many of them in several blocks."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from zobench.report import drawing, labels, styles
from zobench.report.groups import Cells, Group
from zobench.report.naming import METHODS

TOGETHER = 10  # lines that share a panel where they are all that there are
MOST = 8  # of a block, where there are more
PALETTE = (
    drawing.VERMILLION, drawing.BLUE, drawing.GREEN, drawing.ORANGE, drawing.SKY, drawing.PURPLE, drawing.BLACK,
    drawing.GREY,
)  # fmt: skip
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1, 1, 1)))
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<")
USUAL = {name: styles.LOOKS[name][0] for name in METHODS.values()}

Key = tuple[str, str]  # a method and a step rule


class Line(NamedTuple):
    """A method under a step rule: what a legend calls it, and the name that its variants share, as those of Adam do.

    `title`: this name in the user's words; `place`: in the user's order.
    """

    key: Key
    label: str
    family: str
    title: str
    place: int


class Block(NamedTuple):
    """Lines that share panels, the look of each, and what all are: "" where they are of several kinds."""

    title: str
    looks: dict[Key, dict[str, Any]]
    labels: dict[Key, str]


def line_of(group: Group) -> Key:
    """What line a group of cells is."""
    return group.method, group.rule


def lines(found: Cells) -> list[Line]:
    """All lines; the step rule is said where there are several."""
    rules = {group.rule for group in found.groups} - {"own"}
    made = {}
    for group in found.groups:
        step = f", step {group.rule}" if _is_number(group.rule) else f", {group.rule} step"
        record = group.cells[0].record
        kind = record.kind if group.method.startswith(record.kind) else ""
        named = labels.title(kind) + group.method.removeprefix(kind)
        label = named + (step if len(rules) > 1 and group.rule != "own" else "")
        family = labels.title(record.kind.partition(",")[0])
        title = record.family_label if record.labels else family
        made.setdefault(line_of(group), Line(line_of(group), label, family, title, record.places[1]))
    families = list(dict.fromkeys(line.family for line in made.values()))
    return sorted(made.values(), key=lambda line: (line.place, families.index(line.family)))


def _is_number(rule: str) -> bool:
    return rule[:1].isdigit()


def blocks(found: Cells) -> list[Block]:
    """Up to ten lines are one block; more are parted by families, those with many variants again."""
    known = lines(found)
    if len(known) <= TOGETHER:
        return [_block(known)] if known else []
    parts: list[list[Line]] = []
    for family in dict.fromkeys(line.family for line in known):
        own = [line for line in known if line.family == family]
        count = -(-len(own) // MOST)
        pieces = [own[len(own) * i // count : len(own) * (i + 1) // count] for i in range(count)]
        if count == 1 and parts and len(parts[-1]) + len(own) <= MOST:
            parts[-1] = parts[-1] + own
        else:
            parts += pieces
    return [_block(part) for part in parts]


def _block(own: Sequence[Line]) -> Block:
    """A colour for each family, a dash and a marker for each of its variants; of one family a colour for each."""
    families = list(dict.fromkeys(line.family for line in own))
    title = own[0].title if len(families) == 1 else ""
    taken = {USUAL[family] for family in families if family in USUAL}
    free = sorted((color for color in PALETTE if color not in taken), key=lambda color: color in USUAL.values())
    others = [family for family in families if family not in USUAL]
    colors = {family: USUAL.get(family) or free[others.index(family) % len(free)] for family in families}
    seen: dict[str, int] = {}
    looks, labels = {}, {}
    for i, line in enumerate(own):
        variant = seen[line.family] = seen.get(line.family, -1) + 1
        color, dash = (PALETTE[i % 8], DASHES[i // 8]) if title else (colors[line.family], DASHES[variant % 4])
        repeated = i if title else families.index(line.family) + variant
        face = {"markerfacecolor": "white"} if variant and not title else {}
        marker = MARKERS[repeated % len(MARKERS)]
        looks[line.key] = {"color": color, "linestyle": dash, "marker": marker, "lw": 1.1, **face}
        labels[line.key] = line.label.removeprefix(f"{title}, ") if title else line.label
    return Block(title if len(own) > 1 else "", looks, labels)


def curve(block: Block, line: Key) -> dict[str, Any]:
    """The look of a curve of many points: markers here and there, and not where those of other lines are."""
    places = list(block.looks)
    return {**block.looks[line], "ms": 3.6, "markevery": (0.2 * places.index(line) / len(places), 0.2)}
