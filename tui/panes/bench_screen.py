"""The bench: Setup, Live and Checklist side by side where the terminal is wide enough, one at a time where it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widget import Widget

from tui.bench.messages import Answer, Captured, Outcome, Point, SessionCard, Snapshot
from tui.panes.capture import Wanted
from tui.panes.checklist import ChecklistPane
from tui.panes.gauges import BigPair, GaugesPane
from tui.panes.prompt import PromptArea
from tui.panes.status import NextBar
from tui.panes.workspace import Workspace
from tui.widgets.line import Line

PaneName = Literal["setup", "gauges", "checklist"]
SETUP_AFTER_S = 0.05  # lets the first paint reach the terminal before Setup brings its calculations
PANES: tuple[tuple[PaneName, str, str], ...] = (("setup", "Setup", "F2"), ("gauges", "Live", "F3"), ("checklist", "Checklist", "F4"))


def _is_idle(snapshot: Snapshot) -> bool:
    """Nothing runs and nothing has: Setup gets the room. After a session its checklist and curve keep theirs."""
    return snapshot.state == "idle"


def _pane_for(snapshot: Snapshot) -> PaneName:
    """The pane that matters in this state, where only one is shown."""
    if snapshot.state == "idle":
        return "setup"
    waits = snapshot.prompt is not None and snapshot.prompt.blocking
    return "gauges" if snapshot.state == "charging" and not waits else "checklist"


class BenchScreen(Workspace):
    """Draws the latest Snapshot and hands answers to the bench; decides nothing."""

    MODE = "bench"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "walk(1)", show=False),
        Binding("shift+tab", "walk(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pane: PaneName = "setup"
        self._state = ""
        self.gauges, self.checklist, self.next_bar = GaugesPane(id="gauges"), ChecklistPane(id="checklist"), NextBar()
        self._headline, self._tabs = BigPair(id="headline"), Line(id="tabs")
        self._setup = Container(id="setup")
        self._setup.border_title = "Setup"

    def compose_body(self) -> Iterator[Widget]:
        snapshot = self.bench_app.snapshot
        self.update_classes({"-idle": _is_idle(snapshot)}, update=False)
        self._state = snapshot.state
        self.show_pane(_pane_for(snapshot))
        yield self._headline
        yield self._tabs
        yield Horizontal(self._setup, self.gauges, self.checklist, id="panes")
        yield self.next_bar

    def on_mount(self) -> None:
        self.show_card(self.bench_app.card)
        self.show_points(self.bench_app.points, self.bench_app.snapshot)
        self.call_after_refresh(self.set_timer, SETUP_AFTER_S, self._mount_setup)

    def _mount_setup(self) -> None:
        """After the first paint: Setup brings the calculations with it."""
        if self.bench_app.setup_answers() is None:  # a bench process that is being started tells them soon
            self.set_timer(SETUP_AFTER_S, self._mount_setup)
            return
        from tui.panes.setup import SetupPane

        if self._setup.is_attached:  # the screen may be closing already
            self._setup.mount(SetupPane())

    def start_session(self) -> None:
        """Setup starts, or says what stops it."""
        from tui.panes.setup import SetupPane

        for setup in self.query(SetupPane):
            setup.action_start()

    # --- one pane at a time -------------------------------------------------------------------------------------

    @property
    def side_by_side(self) -> bool:
        return self.has_class("-w120") and self.has_class("-h30")

    def show_pane(self, name: PaneName) -> None:
        self.pane = name
        for other, pane in zip((other for other, _, _ in PANES), (self._setup, self.gauges, self.checklist), strict=True):
            # On the pane, not on the screen, and side by side without any effect: each would style every widget below it anew.
            pane.set_class(other == name, "-shown", update=not self.side_by_side)
        parts: list[Content | str | tuple[str, str]] = [" "]
        for other, title, key in PANES:
            parts += [(f" {title} ", "bold reverse $accent" if other == name else "$foreground 60%"), (f" {key}   ", "dim")]
        self._tabs.show(Content.assemble(*parts, ("tab next", "dim")))

    def go_to_pane(self, name: PaneName) -> None:
        """Show a pane and put the focus into it where it takes one."""
        self.show_pane(name)
        if name == "checklist":
            self.checklist.prompt.focus_first()
            if not self.checklist.prompt.fields:
                self.set_focus(None)
            return
        self.set_focus(next(iter(self._reachable(name)), None))

    def _reachable(self, name: PaneName) -> list[Widget]:
        """What takes the focus in a pane, in its order; what is not shown takes none."""
        return [
            widget
            for widget in self.query_one(f"#{name}").query("*")
            if widget.focusable and all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget))
        ]

    def action_walk(self, by: int) -> None:
        """To the next field; past a pane's last field to the next pane, where only one is shown."""
        if self.side_by_side:
            (self.focus_next if by > 0 else self.focus_previous)()
            return
        fields = self._reachable(self.pane)
        if self.focused in fields:
            at = fields.index(self.focused) + by
            if 0 <= at < len(fields):
                fields[at].focus()
                return
        names = [name for name, _, _ in PANES]
        self.go_to_pane(names[(names.index(self.pane) + by) % len(names)])

    def action_page(self, pages: int) -> None:
        self.checklist.scroll_detail(pages)

    # --- the Snapshot -------------------------------------------------------------------------------------------

    def show_body(self, snapshot: Snapshot) -> None:
        self.set_class(_is_idle(snapshot), "-idle")
        self._headline.show_snapshot(snapshot)
        self.gauges.show_snapshot(snapshot)
        self.next_bar.show_snapshot(snapshot)
        asks_anew = self.checklist.show_snapshot(snapshot)
        if asks_anew and snapshot.prompt is not None:
            self._turn_to_prompt(blocking=snapshot.prompt.blocking)
        if snapshot.state != self._state:
            self._turn_to_state(snapshot)
            self._state = snapshot.state

    def _turn_to_prompt(self, *, blocking: bool) -> None:
        """Bring a new question before the operator; one that does not block leaves the hands where they are.

        That is also where they are nowhere, when it is a choice: a digit that was to change the workspace would answer it. F4 goes there.
        """
        prompt = self.checklist.prompt
        if not blocking and (self.focused is not None or not self.side_by_side or prompt.begins_with_choice):
            return
        self.show_pane("checklist")
        self.set_focus(None)
        self.call_after_refresh(self.checklist.prompt.focus_first)

    def _turn_to_state(self, snapshot: Snapshot) -> None:
        self.show_pane(_pane_for(snapshot))
        if snapshot.state == "charging":
            self.set_focus(None)

    def show_card(self, card: SessionCard | None) -> None:
        self.checklist.show_card(card)

    def show_points(self, points: Sequence[Point], snapshot: Snapshot) -> None:
        self.gauges.show_points(points, snapshot)

    # --- answers ------------------------------------------------------------------------------------------------

    @on(PromptArea.Answered)
    def _answered(self, event: PromptArea.Answered) -> None:
        event.stop()
        self.unsay()  # what was said of this question is over with it

        def done(outcome: Outcome) -> None:
            if not outcome.ok:
                self.checklist.prompt.refuse(event.prompt, outcome.message)
            elif outcome.message:
                self.bench_app.say(outcome.message)

        self.bench_app.send(Answer(event.prompt, event.values), done)

    def capture_for(self) -> str | Wanted:
        return self.checklist.prompt.capture_for()

    def take_captured(self, captured: Captured) -> str:
        return self.checklist.prompt.take_captured(captured)

    def say(self, text: str, *, refused: bool = False) -> None:
        self.next_bar.say(text, refused=refused)

    def unsay(self) -> None:
        self.next_bar.unsay()
