"""A judgement as the rows of a table and as lines to print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from tui.domain.judging import By, Judged, Judgement, LeftOut

TITLES: dict[By, str] = {"self-discharge": "Self-discharge", "resistance": "Resistance", "capacity": "Capacity"}
SIGNS = {"outlier": "!", "note": "·", "": " "}
_DASH = "–"


def title(judgement: Judgement) -> str:
    """ "Self-discharge by day 7, worst first"."""
    day = f" by day {judgement.mark_d}" if judgement.by == "self-discharge" and judgement.mark_d else ""
    return f"{TITLES[judgement.by]}{day}, worst first"


def value_words(row: Judged, by: By) -> str:
    """ "278.4 Ah", "0.182 mΩ", "0.20–0.60 %/month", "≥ 0.50 %/month"."""
    if by == "capacity":
        return f"{row.value:.1f} Ah"
    if by == "resistance":
        return f"{row.value:.3f} mΩ"
    assert row.fall is not None and row.fall.loss is not None
    low, high = 100 * row.fall.rate(row.fall.loss.low), row.fall.loss.high
    span = f"≥ {low:.2f}" if high is None else f"{low:.2f}–{100 * row.fall.rate(high):.2f}"
    return f"{span} {row.fall.per}"


def fall_words(row: Judged) -> str:
    """ "23 ± 1 mV", a dash for what is no self-discharge."""
    return _DASH if row.fall is None else f"{1000 * row.fall.fall_v:.0f} ± {1000 * row.fall.uncertainty_v:.2g} mV"


def median_words(judgement: Judgement) -> tuple[str, ...]:
    """The median of each kind and how far most cells lie from it."""
    found = []
    for kind, middle in judgement.usual.items():
        if judgement.by == "self-discharge":
            per = "% in the day" if judgement.mark_d == 1 else "%/month"
            value = f"{100 * middle.median:.2f} ± {100 * middle.spread:.2f} {per}"
        else:
            digits, unit = (1, "Ah") if judgement.by == "capacity" else (3, "mΩ")
            value = f"{middle.median:.{digits}f} ± {middle.spread:.{digits}f} {unit}"
        found.append(f"Median{f' of {kind}' if kind else ''}: {value}, {middle.count} {'cell' if middle.count == 1 else 'cells'}.")
    return tuple(found)


def left_out_words(left_out: Sequence[LeftOut]) -> tuple[str, ...]:
    """The cells that are left out, those with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for cell in left_out:
        by_reason.setdefault(cell.reason, []).append(cell.label)
    return tuple(f"Left out: {', '.join(labels)}: {reason}." for reason, labels in by_reason.items())


def report(judgement: Judgement, width: int = 80) -> Iterator[str]:
    """The whole judgement in lines of at most `width` columns."""
    yield title(judgement)
    kinds = len(judgement.usual) > 1
    label_width = min(20, max((len(row.label) for row in judgement.rows), default=5))
    for row in judgement.rows:
        cells = [f"{SIGNS[row.level]} {row.rank:>4}  {row.label:<{label_width}}"]
        if row.fall is not None:
            cells.append(f"{fall_words(row):>14}")
        cells.append(f"{value_words(row, judgement.by):>20}")
        yield "  ".join([*cells, row.kind] if kinds else cells).rstrip()
    if not judgement.rows:
        yield "  no cell can be ranked"
    told = [*median_words(judgement), *(row.words for row in judgement.rows if row.words), *judgement.notes]
    for words in (*told, *left_out_words(judgement.left_out)):
        yield from wrap(words, width, subsequent_indent="  ")
