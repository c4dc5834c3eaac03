"""The map of a pack as text to print and lay the cells out by: every group as a box, seen from above, with its cells' posts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from unicodedata import combining, east_asian_width

from tui.domain.packing import Group, Pack

WIDTH = 80
_LABEL = 12  # columns a label may take in a box; what is cut off stands in the list below the map
_LEAST_INNER = 10  # "1120.0 Ah" with a blank


def pack_map(pack: Pack, width: int = WIDTH) -> str:
    """The map in lines of at most `width` columns, 40 or more, whatever the number of cells. Labels too long for it are cut with an …
    and written out below."""
    labels = [cell.label for group in pack.groups for cell in group.cells]
    slot = min(_LABEL, max(2, *(_columns(label) for label in labels))) + 2
    per_line = min(pack.arrangement.parallel, max(1, (width - 2) // slot))
    inner = max(_LEAST_INNER, slot * per_line)
    slot = inner // per_line  # few cells stand in the middle of their box
    most_per_row = max(1, (width - 1) // (inner + 1))
    per_row = -(-len(pack.groups) // -(-len(pack.groups) // most_per_row))  # rows of equal length
    lines = wrap(f"{pack.name}, {pack.arrangement.cells} cells, seen from above. S1 is at the minus end.", width)
    lines += wrap("Every second group is turned, so that + lies beside −.", width)
    for start in range(0, len(pack.groups), per_row):
        row = [_box(group, inner, slot, per_line) for group in pack.groups[start : start + per_row]]
        lines += _beside(row, [f" S{group.series} " for group in pack.groups[start : start + per_row]], inner)
    long = [label for label in labels if _columns(label) > _LABEL]
    if long:
        lines += ["", "In full:", *(line for label in long for line in _wrapped(label, width))]
    return "\n".join(lines)


def in_short(pack: Pack) -> str:
    """One line: what the pack gives, and its spread before and after."""
    before, after = pack.before, pack.after
    parts = [f"{pack.capacity_ah:.2f} Ah", f"spread {before.capacity_ah:.2f} → {after.capacity_ah:.2f} Ah"]
    if before.resistance_mohm is not None and after.resistance_mohm is not None:
        parts.append(f"{before.resistance_mohm:.4f} → {after.resistance_mohm:.4f} mΩ")
    return " · ".join([*parts, "proven best"] if pack.capacity_proven and pack.resistance_proven else parts)


def spread_lines(pack: Pack) -> tuple[str, ...]:
    """What the pack gives, its spread before and after, and how good that is."""
    before, after = pack.before, pack.after
    lines = [
        f"Pack capacity {pack.capacity_ah:.2f} Ah, that of its smallest group.",
        f"Spread of the groups' capacity: {before.capacity_ah:.2f} Ah in the order of the labels, {after.capacity_ah:.2f} Ah as built.",
    ]
    if before.resistance_mohm is not None and after.resistance_mohm is not None:
        lines.append(
            f"Spread of the groups' resistance: {before.resistance_mohm:.4f} mΩ in the order of the labels, {after.resistance_mohm:.4f} mΩ as built."
        )
    if pack.arrangement.parallel == 1:
        lines.append("Each group is one cell: nothing can be evened out, only the choice of the cells counts.")
    lines.append(pack.proof)
    if pack.spares:
        names = ", ".join(f"{cell.label} ({cell.capacity_ah:g} Ah)" for cell in pack.spares)
        lines.append(f"Left over, with the least capacity: {names}.")
    return (*lines, *pack.notes)


def _box(group: Group, inner: int, slot: int, per_line: int) -> list[str]:
    far, near = ("−", "+") if group.turned else ("+", "−")
    lines = []
    for start in range(0, len(group.cells), per_line):
        cells = group.cells[start : start + per_line]
        lines += [
            "".join(_fit(far, slot, middle=True) for _ in cells),
            "".join(_fit(cell.label, slot, middle=True) for cell in cells),
            "".join(_fit(near, slot, middle=True) for _ in cells),
        ]
    lines.append(f" {group.capacity_ah:.2f} Ah" if inner > _LEAST_INNER else f" {group.capacity_ah:.1f} Ah")
    ohm = group.resistance_mohm
    lines.append("" if ohm is None else f" {ohm:.3f} mΩ")
    return [_fit(line, inner) for line in lines]


def _beside(boxes: Sequence[list[str]], titles: Sequence[str], inner: int) -> Iterator[str]:
    yield "┌" + "┬".join(title.center(inner, "─") if len(title) <= inner else "─" * inner for title in titles) + "┐"
    for parts in zip(*boxes, strict=True):
        yield "│" + "│".join(parts) + "│"
    yield "└" + "┴".join("─" * inner for _ in boxes) + "┘"


def _fit(text: str, width: int, *, middle: bool = False) -> str:
    """The text in exactly so many columns."""
    room = width - 2 if middle else width
    if _columns(text) > room:
        kept = ""
        for sign in text:
            if _columns(kept + sign) > room - 1:
                break
            kept += sign
        text = kept + "…"
    blank = width - _columns(text)
    left = (blank + 1) // 2 if middle else 0
    return " " * left + text + " " * (blank - left)


def _columns(text: str) -> int:
    """The columns of a terminal that a text takes: two for wide signs, none for accents."""
    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _wrapped(text: str, width: int) -> Iterator[str]:
    line = ""
    for sign in text:
        if _columns(line + sign) > width:
            yield line
            line = ""
        line += sign
    yield line
