"""REPLAY: a recorded session in the live panes, with a time slider. Reads the record only; the bench's own state stays in the top line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from tui.bench.messages import Point, SessionCard, Snapshot
from tui.panes.checklist import ChecklistPane
from tui.panes.gauges import BigPair, GaugesPane
from tui.panes.over_bench import OverBench
from tui.panes.safety import alarm_words
from tui.panes.session_story import Story
from tui.panes.session_text import headline
from tui.panes.status import fitted
from tui.records.journal_seek import Events, reading_at
from tui.records.sessions import Session, Sessions
from tui.replay.player import Player
from tui.terminal import glyphs
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Line
from tui.widgets.marks import nearest, neighbour, sign
from tui.widgets.text import output_words, plain, state_words
from tui.widgets.time_slider import TimeSlider

FRAME_S = 0.5  # as often as the live screen
SPEEDS = (1.0, 10.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 10800.0)
FIRST_SPEED = 60.0
STEP_SHARE = 0.01  # of the session, for one press of an arrow
SHORTEST_STEP_S = 1.0


@dataclass
class Ready(Message):
    """The player stands; made in a thread, for it reads the procedure."""

    player: Player


@dataclass
class Frame(Message):
    """One moment of the session."""

    time_s: float
    snapshot: Snapshot


class ReplayScreen(OverBench[None]):
    """Space plays and pauses, arrows go through the time. No key here means anything to the bench but those that stop it."""

    STOP_SAID = "OUTPUT OFF was sent to the bench itself, not to the replay. The top line shows when the supply has proved it."
    DEFAULT_CSS = """
    ReplayScreen #replay-banner { background: $warning; color: auto; text-style: bold; }
    ReplayScreen #replay-state { background: $surface; }
    ReplayScreen #replay-panes { height: 1fr; }
    ReplayScreen #replay-bottom { height: 6; dock: bottom; margin-bottom: 1; }
    ReplayScreen #replay-next { height: 2; text-wrap: wrap; padding: 0 1; text-style: bold; }
    ReplayScreen #replay-mark { color: $text-warning; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play", show=False),
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
        Binding("shift+left,less_than_sign,comma", "step(-10)", show=False),
        Binding("shift+right,greater_than_sign,full_stop", "step(10)", show=False),
        Binding("left_square_bracket", "mark(-1)", show=False),
        Binding("right_square_bracket", "mark(1)", show=False),
        Binding("plus,equals_sign", "speed(1)", show=False),
        Binding("minus", "speed(-1)", show=False),
        Binding("home", "seek(0)", show=False),
        Binding("end", "seek(1)", show=False),
        Binding("h", "last_hour", show=False),
        Binding("tab,shift+tab", "walk", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
    ]

    def __init__(self, session: Session, events: Events, points: list[Point], told: Story) -> None:
        super().__init__()
        self.session = session
        self.player: Player | None = None
        self.time_s, self.speed, self.playing = 0.0, FIRST_SPEED, False
        self.shown = Snapshot()  # the moment on the screen; never the bench's
        self._events, self._points, self._story = events, points, told
        self._card: SessionCard | None = None
        self._asked_s: float | None = None  # the moment that a thread is reading now
        self._pane = "gauges"
        self._ticked_s = 0.0
        self._headline, self._gauges, self._checklist = (
            BigPair(id="replay-headline"),
            GaugesPane(id="replay-gauges"),
            ChecklistPane(id="replay-checklist"),
        )
        self._state, self._next, self._mark = Line(id="replay-state"), Line(id="replay-next"), Line(id="replay-mark")
        self._slider = TimeSlider(events.last_s, told.marks)

    def compose_body(self) -> Iterator[Widget]:
        yield Line(self._banner(), id="replay-banner")
        yield self._state
        yield self._headline
        yield Horizontal(self._gauges, self._checklist, id="replay-panes")
        yield Vertical(self._next, Line(id="replay-alarm"), self._mark, self._slider, id="replay-bottom")

    def _banner(self) -> Content:
        return Content(plain(f" REPLAY of a record; the line above is the bench · {headline(self.session)}"))

    def own_keys(self) -> list[KeyHint]:
        play = ("space", "pause" if self.playing else "play", "screen.play")
        ways = (("← →", "time", ""), ("[ ]", "event", ""), ("+ -", "speed", ""))
        more = (("tab", "pane", "screen.walk"), ("h", "last hour", "screen.last_hour"), ("home end", "ends", ""))
        return [play, *ways, ("esc", "back", "screen.close"), *more]

    def on_mount(self) -> None:
        for pane, title in ((self._gauges, "Live: REPLAY"), (self._checklist, "Checklist: REPLAY")):
            pane.border_title = title
        self._show_pane()
        self._next.show("The record is being read …")
        self._ticked_s = time.monotonic()
        self.set_interval(FRAME_S, self._tick)
        self._make_player()

    @work(thread=True, exit_on_error=False, group="replay-make")
    def _make_player(self) -> None:
        path = Sessions(self.app.home).journal_path(self.session.id)
        player = Player(
            self.session, self._events.lines, lambda time_s: reading_at(path, time_s), end_s=self._events.last_s, points=self._points
        )
        self.post_message(Ready(player))

    @on(Ready)
    def _ready(self, event: Ready) -> None:
        self.player = event.player
        self._slider.set_end(event.player.end_s)
        self._seek(self.time_s)

    # --- time -----------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now_s = time.monotonic()
        passed_s, self._ticked_s = now_s - self._ticked_s, now_s
        if self.playing and self.player is not None:
            self._seek(self.time_s + passed_s * self.speed)
            if self.time_s >= self.player.end_s:
                self.action_play()

    def _seek(self, time_s: float) -> None:
        if self.player is None:
            return
        self.time_s = min(max(0.0, time_s), self.player.end_s)
        self._slider.show(self.time_s, self.speed, playing=self.playing)
        self._ask()

    def _ask(self) -> None:
        """One thread at a time: while one reads, the newest wish waits."""
        if self._asked_s is None:
            self._asked_s = self.time_s
            self._read(self.time_s)

    @work(thread=True, exit_on_error=False, group="replay-frame")
    def _read(self, time_s: float) -> None:
        assert self.player is not None
        try:
            snapshot = self.player.at(time_s)
        except OSError as error:
            snapshot = Snapshot(session=self.session.id, next=f"The journal cannot be read: {error.strerror or error}.", elapsed_s=time_s)
        self.post_message(Frame(time_s, snapshot))

    @on(Frame)
    def _framed(self, event: Frame) -> None:
        self._asked_s = None
        self.shown = event.snapshot
        self._draw()
        if event.time_s != self.time_s:
            self._ask()

    # --- drawing --------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        snapshot = self.shown
        assert self.player is not None
        symbol, word, style = state_words(snapshot)
        output, output_style = output_words(snapshot)
        step = f"step {snapshot.step + 1} of {len(snapshot.steps)}: {snapshot.steps[snapshot.step].title}" if snapshot.steps else ""
        part = f"part {snapshot.part + 1} of {len(snapshot.parts)} · " if snapshot.parts else ""
        self._state.show(Content.assemble((f" then: {symbol} {word:<10}", style), " ", (output, output_style), f"  {plain(part + step)}"))
        self._headline.show_snapshot(snapshot)
        self._gauges.show_snapshot(snapshot)
        card = self.player.card(snapshot)
        if card is not self._card:
            self._card = card
            self._checklist.show_card(card)
        self._checklist.show_snapshot(snapshot)
        self._gauges.show_points(self.player.points_until(snapshot.elapsed_s), snapshot)
        self._next.show(Content.assemble((plain("▶ "), "$accent"), fitted(snapshot.next, "", self.size.width - 4)))
        alarm = alarm_words(snapshot)
        self.query_one("#replay-alarm", Line).show(Content.assemble(" then: ", alarm) if alarm.plain else "")
        mark = nearest(self._story.marks, snapshot.elapsed_s, max(1.0, 0.005 * self.player.end_s))
        self._mark.show("" if mark is None else f"{sign(mark.kind, glyphs())} {' '.join(mark.text.split())}")

    def on_resize(self) -> None:
        if self.player is not None:
            self._draw()

    def _show_pane(self) -> None:
        """Where only one has room."""
        self._gauges.set_class(self._pane == "gauges", "-shown")
        self._checklist.set_class(self._pane == "checklist", "-shown")

    # --- keys -----------------------------------------------------------------------------------------------------

    def action_play(self) -> None:
        if self.player is None:
            return
        if not self.playing and self.time_s >= self.player.end_s:
            self._seek(0.0)
        self.playing = not self.playing
        self._slider.show(self.time_s, self.speed, playing=self.playing)
        self.show_keys()

    def action_step(self, by: int) -> None:
        if self.player is not None:
            self._seek(self.time_s + by * max(SHORTEST_STEP_S, STEP_SHARE * self.player.end_s))

    def action_mark(self, by: int) -> None:
        found = neighbour(self._story.marks, self.time_s, by, apart_s=0.5)
        if found is not None:
            self._seek(found.time_s)

    def action_speed(self, by: int) -> None:
        at = min(range(len(SPEEDS)), key=lambda index: abs(SPEEDS[index] - self.speed))
        self.speed = SPEEDS[min(max(0, at + by), len(SPEEDS) - 1)]
        self._slider.show(self.time_s, self.speed, playing=self.playing)

    def action_seek(self, share: int) -> None:
        if self.player is not None:
            self._seek(share * self.player.end_s)

    def action_last_hour(self) -> None:
        """An hour before the end of the charge."""
        if self.player is not None:
            self._seek((self._story.charge_end_s or self.player.end_s) - 3600.0)

    def action_walk(self) -> None:
        self._pane = "checklist" if self._pane == "gauges" else "gauges"
        self._show_pane()

    def action_page(self, pages: int) -> None:
        self._checklist.scroll_detail(pages)

    @on(TimeSlider.Sought)
    def _sought(self, event: TimeSlider.Sought) -> None:
        event.stop()
        self._seek(event.time_s)
