"""Live values: three voltages that never blur, current, charge and energy, leads, cells, the curve, and what still keeps the end away."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from tui.bench.messages import TRUST_SIGNS, Channel, Point, Snapshot
from tui.terminal import glyphs
from tui.widgets.big_number import BigNumber
from tui.widgets.cell_bars import CellBars
from tui.widgets.line import Line, Rows, Text
from tui.widgets.text import ago, channel_number, number, plain, trust_words
from tui.widgets.trace import Trace

LABEL = 9  # columns of a row's label
VALUE = 8  # columns of a number with three decimals: "-36.500" fits


class BigPair(Horizontal):
    """Cell volts and amperes, large, each with what it is and how far it can be trusted."""

    DEFAULT_CSS = """
    BigPair { height: 4; width: 1fr; }
    BigPair > Vertical { width: 1fr; height: 4; }
    BigPair Horizontal { height: 3; }
    BigPair .unit { width: 3; height: 3; padding: 1 0 0 1; text-style: bold; }
    BigPair .caption { padding-left: 1; color: $foreground 70%; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._volts, self._amps = BigNumber(3, 1, "V"), BigNumber(2, 2, "A")
        self._volts_caption, self._amps_caption = Line(classes="caption"), Line(classes="caption")

    def compose(self) -> ComposeResult:
        for number_, unit, caption in ((self._volts, "V", self._volts_caption), (self._amps, "A", self._amps_caption)):
            with Vertical():
                with Horizontal():
                    yield number_
                    yield Line("" if glyphs() == "ascii" else unit, classes="unit")  # a small number brings its own
                yield caption

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._volts.show(snapshot.cells_v)
        self._amps.show(snapshot.current_a)
        cells_v, room = snapshot.cells_v, self._volts_caption.size.width - 1
        short, what = ("highest", "highest cell") if snapshot.series > 1 else ("cells", "cells")
        known, signed = trust_words(cells_v), trust_words(cells_v).replace(f" {cells_v.trust}", "").removesuffix(" ago")
        wishes = (f"{what} {known}", f"{short} {known}", f"{short} {signed}")  # the word goes before the sign
        self._volts_caption.show(next((words for words in wishes if len(words) <= room), wishes[0 if room <= 0 else -1]))
        self._amps_caption.show(f"{current_words(snapshot)} {trust_words(snapshot.current_a)}")


def current_words(snapshot: Snapshot) -> str:
    """What the current does: charging in CC or CV, off, or not known."""
    if snapshot.output_on is None:
        return "amperes"
    if not snapshot.output_on:
        return "off"
    return f"in {snapshot.mode}" if snapshot.mode else "amperes"


class GaugesPane(Widget):
    """The live pane. Draws the latest Snapshot; asks nothing and keeps nothing."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.border_title = "Live"
        self._big = BigPair(id="gauges-big")
        self._facts = Rows(id="facts")
        self._trace = Trace(id="trace")
        self._bars = CellBars(id="cell-bars")
        self._clauses, self._waiting = Text(id="clauses"), Text(id="waiting")

    def compose(self) -> ComposeResult:
        yield self._big
        with Container(id="gauges-body"):
            with Vertical(id="gauges-facts"):
                yield self._facts
                yield self._clauses
            with Vertical(id="gauges-curve"):
                yield self._waiting
                yield self._trace
                yield self._bars

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._big.show_snapshot(snapshot)
        self._facts.show_rows(fact_rows(snapshot))
        self._clauses.show(clause_list(snapshot, self._clauses.size.width or 42))
        self._waiting.show(Content.assemble(("Waiting still buys: ", "$foreground 60%"), snapshot.waiting) if snapshot.waiting else "")
        self._bars.show(snapshot.per_cell_v, snapshot.target_v or 3.65)

    def show_points(self, points: Sequence[Point], snapshot: Snapshot) -> None:
        self._trace.show_points(points, target_v=snapshot.target_v, set_current_a=snapshot.set_current_a)


def _row(label: str, value: Content | str, unit: str, after: Content | str = "") -> Content:
    return Content.assemble((f" {label:<{LABEL}}", "$foreground 60%"), value, f" {unit:<2}", " ", after)


def fact_rows(snapshot: Snapshot) -> list[Content]:
    """Decimals under decimals: set-point, supply, cells, leads, what went in, and since when the knee is passed.

    A series string has its posts and its highest cell: the set-point, the supply and the posts are volts of the whole pack.
    """
    set_point = Channel(snapshot.set_voltage_v, "measured" if snapshot.set_voltage_v is not None else "unknown")
    amps = snapshot.current_a
    volts = snapshot.supply_v
    power_w = volts.value * amps.value if _fresh(volts) and _fresh(amps) and volts.value is not None and amps.value is not None else None
    drop_v = snapshot.lead_drop_v if _fresh(volts) and _fresh(snapshot.pack_v if snapshot.series > 1 else snapshot.cells_v) else None
    resistance = None if snapshot.lead_resistance_ohm is None else snapshot.lead_resistance_ohm * 1000
    as_set = "≠ changed" if any(alarm.code.startswith("set-") for alarm in snapshot.alarms) else "= as set"
    limit = "" if snapshot.set_current_a is None else f"{number(snapshot.set_current_a, 2, 8)} A"
    cells = [_row("cells", channel_number(snapshot.cells_v, 3, VALUE), "V", trust_words(snapshot.cells_v))]
    if snapshot.series > 1:
        cells = [
            _row("pack", channel_number(snapshot.pack_v, 3, VALUE), "V", trust_words(snapshot.pack_v)),
            _row("highest", channel_number(snapshot.cells_v, 3, VALUE), "V", trust_words(snapshot.cells_v)),
        ]
    bms = [Content.assemble((f" {'BMS':<{LABEL}}", "$foreground 60%"), snapshot.bms_state)] if snapshot.bms_state else []
    return [
        _row("set", channel_number(set_point, 3, VALUE), "V", f"{as_set}  {limit}" if limit else ""),
        _row("supply", channel_number(volts, 3, VALUE), "V", trust_words(volts)),
        *cells,
        *bms,
        _row(
            "leads",
            number(drop_v, 3, VALUE),
            "V",
            Content(f"{number(resistance, 1, 6)} mΩ{_lead_sign(snapshot)}") if resistance is not None else "",
        ),
        _row("power", number(power_w, 1, VALUE - 2) + "  ", "W", _knee(snapshot)),
        _row("put in", number(snapshot.charge_ah, 2, VALUE - 1) + " ", "Ah", f"{number(snapshot.energy_wh, 1, 8)} Wh"),
    ]


def _fresh(channel: Channel) -> bool:
    return channel.value is not None and channel.trust not in ("unknown", "stale")


def _lead_sign(snapshot: Snapshot) -> str:
    """How far the resistance of the leads can be trusted: renewed now, typed, or from a while ago."""
    return "" if snapshot.lead_trust == "unknown" else f" {plain(TRUST_SIGNS[snapshot.lead_trust])}"


def _knee(snapshot: Snapshot) -> str:
    return "" if snapshot.since_knee_s is None else f"knee {ago(snapshot.since_knee_s)} ago"


def clause_list(snapshot: Snapshot, width: int) -> Content:
    """What the end rule still waits for, in words, each indented under its sign."""
    if not snapshot.end_clauses:
        return Content("")
    lines: list[Content | str | tuple[str, str]] = [(" The charge ends when all of these hold:", "$foreground 60%")]
    for clause in snapshot.end_clauses:
        words = "\n   ".join(wrap(clause.text, max(20, width - 4)))
        lines += [
            "\n ",
            (plain("✓") if clause.ok else "·", "bold $accent" if clause.ok else "bold"),
            " ",
            (words, "" if clause.ok else "bold"),
        ]
    return Content.assemble(*lines)
