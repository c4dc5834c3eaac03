"""Small terminals. From 60×16 the few things that keep the cells safe; below that a plea for room. The stop key works in both."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui.bench.messages import Snapshot
from tui.panes.gauges import BigPair
from tui.panes.status import next_words
from tui.widgets.line import Line, Text
from tui.widgets.text import LEVELS, channel_number, level_style, output_words, plain, state_words, trust_sign, worst_alarm


class SafetyView(Vertical):
    """State, cell volts, amperes, the next thing, the stop key: for terminals between 60×16 and 80×24."""

    def __init__(self) -> None:
        super().__init__(id="safety")
        self._big, self._next, self._alarm = BigPair(), Text(id="safety-next"), Text(id="safety-alarm")

    def compose(self) -> ComposeResult:
        yield self._big
        yield self._alarm
        yield self._next
        yield Line(plain("The checklist needs a terminal of 80×24 or larger."), id="safety-room")

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._big.show_snapshot(snapshot)
        self._next.show(Content.assemble((plain("▶ "), "$accent"), " ".join(next_words(snapshot)).strip()))
        self._alarm.show(alarm_words(snapshot))


def alarm_words(snapshot: Snapshot) -> Content:
    """The alarm that matters most, by its level and title; nothing where there is none."""
    alarm = worst_alarm(snapshot)
    if alarm is None:
        return Content("")
    symbol, word = LEVELS[alarm.level]
    return Content.assemble((f" {plain(symbol)} {word} ", level_style(alarm.level) + " reverse"), f" {alarm.title}")


class TooSmall(Vertical):
    """Shown where nothing else is legible."""

    def __init__(self) -> None:
        super().__init__(id="too-small")
        self._state, self._values, self._alarm = Line(), Line(), Text()

    def compose(self) -> ComposeResult:
        yield Line("^x OUTPUT OFF", id="too-small-stop")
        yield self._state
        yield self._values
        yield self._alarm
        yield Text(plain("Terminal too small: make it 60×16 or larger."))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        symbol, word, style = state_words(snapshot)
        output, output_style = output_words(snapshot)
        self._state.show(Content.assemble((f"{symbol} {word}", style), " ", (output.strip(), output_style)))
        self._alarm.show(alarm_words(snapshot))
        cells, amps = snapshot.cells_v, snapshot.current_a
        self._values.show(
            Content.assemble(
                channel_number(cells, 3, 5), f" V {trust_sign(cells.trust)}  ", channel_number(amps, 2, 5), f" A {trust_sign(amps.trust)}"
            )
        )
