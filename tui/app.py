"""The application: workspaces, the pull of Snapshots, Commands sent from threads, and what each key does.

It holds no truth of its own. Everything shown is the newest Snapshot of the link; everything done is a Command through it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual._context import active_app
from textual.app import App, ScreenStackError, SystemCommand
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.dom import NoScreen
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen

from tui import actions, burst
from tui.answers import Closed, Curve, Sent
from tui.bench.link import Link
from tui.bench.messages import (
    Abandon,
    Acknowledge,
    Command,
    Continue,
    Emergency,
    Finish,
    Note,
    Outcome,
    Override,
    Point,
    Present,
    Resume,
    SessionCard,
    Speed,
    TakeRemedy,
)
from tui.panes.bench_screen import BenchScreen, PaneName
from tui.panes.capture import CaptureKey, TakesCapture
from tui.panes.capture import say as say_here
from tui.themes import DARK, LIGHT
from tui.widgets.freshness import as_stale
from tui.widgets.key_line import StopLine
from tui.widgets.no_controls import NoControls
from tui.widgets.text import worst_alarm

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.timer import Timer
    from textual.widget import AwaitMount

    from tui.records.places import Home

PULL_EVERY_S = 0.5
CURVE_EVERY_S = 10.0
PRESENCE_EVERY_S = 30.0
SAID_FOR_S = 8.0
SCANNED = "Keys came faster than a hand, like a scan: they were not taken. Codes are scanned with S among the cells (key 2)."


def _workspace(name: str) -> Callable[[], Screen[Any]]:
    """Makes a workspace when its key is first pressed; until then its module is not imported."""

    def make() -> Screen[Any]:
        screen = cast("Screen[Any]", getattr(import_module(f"tui.panes.{name}"), f"{name.capitalize()}Screen")())
        # A new screen is styled as it is made. Without this mark Textual takes it for one of before a change of theme and
        # restyles every widget of the others first, which is half of the time that the key takes.
        screen._css_update_count = active_app.get()._css_update_count
        return screen

    return make


def _drills() -> type[Provider]:
    """Of the command palette; imported when that is first opened."""
    return cast("type[Provider]", import_module("tui.panes.drills").DrillCommands)


class TopBalanceApp(App[int]):
    """The screen of one bench.

    `defaults` are first answers for Setup; `demo` tells that the bench is the built-in one; `first_words` are shown once after the first paint.
    """

    TITLE = "topbalance"
    CSS_PATH = "topbalance.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "bench": BenchScreen,
        **{name: _workspace(name) for name in ("cells", "sessions", "instruments", "advice")},
    }
    DEFAULT_MODE = "bench"
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings()]
    COMMANDS = App.COMMANDS | {_drills}
    HORIZONTAL_BREAKPOINTS = [(0, "-w0"), (60, "-w60"), (80, "-w80"), (120, "-w120")]
    VERTICAL_BREAKPOINTS = [(0, "-h0"), (16, "-h16"), (24, "-h24"), (30, "-h30")]

    def __init__(
        self, link: Link, home: Home, *, demo: bool = False, defaults: dict[str, Any] | None = None, first_words: str = ""
    ) -> None:
        gc.disable()  # until the first paint: collecting while everything is being made costs a tenth of the start
        super().__init__()
        self.link, self.home, self.demo, self.defaults = link, home, demo, defaults or {}
        self._first_words = first_words
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.set_reactive(App.theme, DARK.name)  # without a watcher: the style sheet is read once
        self.snapshot = link.snapshot()
        self._heard = time.monotonic()  # when the bench last told something new
        self._present_at = float("-inf")
        self._rung: set[int] = set()
        self._asked_speed: float | None = None  # until a Snapshot tells it
        self._curve_session: str | None = None
        self.points: list[Point] = []
        self.card: SessionCard | None = None
        self._leaving = False
        self._no_controls = NoControls()
        self._capture = CaptureKey()
        self._gone = False  # it closes
        self._holds = False  # painting, until a new screen is whole
        self._bursts = burst.Bursts()
        self._held_back: tuple[Command, Timer] | None = None  # of one letter, until it is sure that no scan begins with it

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The last of the filters lets no control character through to the terminal."""
        return [*super().get_line_filters(), self._no_controls]

    def _handle_exception(self, error: Exception) -> None:
        """What is made while the program closes finds no widgets any more, and has nothing to tell. Anything else is a fault."""
        if not ((self._exit or self._gone) and isinstance(error, NoMatches | NoScreen | ScreenStackError)):
            super()._handle_exception(error)

    async def _shutdown(self) -> None:
        self._gone = True
        await super()._shutdown()

    # --- life ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.pull()
        self.set_interval(PULL_EVERY_S, self.pull)
        self.set_interval(CURVE_EVERY_S, self._fetch_curve)
        self.set_timer(0.4, self._warm_up)

    def _warm_up(self) -> None:
        """After the first paint: collect garbage again, without what stays for good; load the units in a thread, so that echoes come at once."""
        gc.freeze()
        gc.enable()
        if self._first_words:
            self.say(self._first_words)

        def load() -> None:
            from tui.domain.quantities import warm_up

            warm_up()
            for name in ("cells", "sessions"):
                import_module(f"tui.panes.{name}").warm_up(self.home)
            gc.freeze()  # ten thousand cells are there to stay: to go through them for garbage takes a tenth of a second, in the midst of a key

        self.run_worker(load, thread=True, exit_on_error=False, group="warm-up")

    @property
    def bench(self) -> BenchScreen | None:
        """The bench's screen once it exists, also while another workspace is in front."""
        stack = self._screen_stacks.get("bench") or []
        return cast(BenchScreen, stack[0]) if stack else None

    # --- Snapshots ----------------------------------------------------------------------------------------------

    def pull(self) -> None:
        """Take the newest Snapshot and show it; the bench never waits for a screen."""
        if not self._screen_stack:  # the application is closing
            return
        found = self.link.snapshot()
        now = time.monotonic()
        if found.seq != self.snapshot.seq or found.session != self.snapshot.session:
            self._heard = now
        was, self.snapshot = self.snapshot, as_stale(found, silent_s=now - self._heard)
        if self.snapshot.state != was.state and self.snapshot.state in ("hold", "tripped") and self.bench is not None:
            self.bench.unsay()  # what to do now must not wait behind the answer to an earlier key
        if was.prompt is None and self.snapshot.prompt is not None and was.session == found.session and self.bench is not None:
            self.bench.unsay()  # nor a question
        if found.wanted_speed == self._asked_speed:
            self._asked_speed = None
        if found.session != self._curve_session:
            self._curve_session, self.points, self.card = found.session, [], None
            self._fetch_curve()
        elif self.card is not None and self.card.revision != found.revision:  # a remedy has put steps in
            self._fetch_curve()
        self._capture.look(self, self.snapshot.captured)
        self._ring()
        self._show_call()
        show = getattr(self.screen, "show_snapshot", None)  # those below catch up when they come to the front
        if show is not None:
            show(self.snapshot)

    def _ring(self) -> None:
        waiting = {alarm.id for alarm in self.snapshot.alarms if not alarm.acknowledged}
        if waiting - self._rung:
            self.bell()
        self._rung = waiting

    def _show_call(self) -> None:
        from tui.panes.call import CallScreen

        shown = isinstance(self.screen, CallScreen)
        if self.snapshot.call is not None and not shown:
            self.push_screen(CallScreen(self.snapshot))
        elif self.snapshot.call is None and shown:
            self.pop_screen()

    def _fetch_curve(self) -> None:
        session = self._curve_session
        if not session:
            if self.bench is not None:
                self.bench.show_card(None)
                self.bench.show_points([], self.snapshot)
            return
        since_s = self.points[-1].time_s if self.points else 0.0
        known = self.card if self.card is not None and self.card.revision == self.snapshot.revision else None

        def fetch() -> None:
            card = known if known is not None else self.link.card()
            self.post_message(Curve(session, card, self.link.history(since_s)))

        self.run_worker(fetch, thread=True, exit_on_error=False, group="curve", exclusive=True)

    def on_curve(self, message: Curve) -> None:
        if message.session != self._curve_session:
            return
        self.card = message.card
        last_s = self.points[-1].time_s if self.points else -1.0
        self.points += [point for point in message.points if point.time_s > last_s]
        if self.bench is not None:
            self.bench.show_card(self.card)
            self.bench.show_points(self.points, self.snapshot)

    # --- dialogs --------------------------------------------------------------------------------------------------

    def push_screen(self, screen: Any, *arguments: Any, **options: Any) -> Any:
        """Every dialog names the stop key in its last line, whatever its size leaves room for; those that fill the screen bring their own."""
        pushed = super().push_screen(screen, *arguments, **options)
        if isinstance(screen, ModalScreen) and not getattr(screen, "NAMES_STOP_KEY", False):
            screen.call_later(screen.mount, StopLine())
        return pushed

    # --- Commands -----------------------------------------------------------------------------------------------

    def send(self, command: Command, done: Callable[[Outcome], None] | None = None) -> None:
        """Hand a Command to the bench from a thread. `done` gets the Outcome on the event loop; without it the Outcome's words are shown."""

        def hand_over() -> None:
            try:
                outcome = self.link.send(command)
            except (OSError, RuntimeError) as error:
                outcome = Outcome(False, f"The bench did not answer: {error}. Look at the supply itself.")
            self.post_message(Sent(outcome, done))

        self.run_worker(hand_over, thread=True, exit_on_error=False, group="link")

    def _send_alone(self, command: Command) -> None:
        """Send what one letter asks for, unless more letters follow at once: then it was the first of a scan."""
        self._held_back = command, self.set_timer(burst.SCAN_KEYS * burst.FASTEST_HAND_S, self._let_go)

    def _let_go(self) -> None:
        if self._held_back is not None:
            (command, timer), self._held_back = self._held_back, None
            timer.stop()
            if not self._bursts.is_scan:
                self.send(command)

    def on_sent(self, message: Sent) -> None:
        if message.done is not None:
            message.done(message.outcome)
        elif message.outcome.message:
            self.say(message.outcome.message, refused=not message.outcome.ok)
        self.pull()

    def say(self, text: str, *, refused: bool = False) -> None:
        """Answer a key in the Next line, for some seconds; elsewhere as a notification."""
        bench = self.bench
        if bench is not None and self.screen is bench:
            bench.say(text, refused=refused)
            self.set_timer(SAID_FOR_S, partial(self._unsay, text))
            self._said = text
        else:
            self.notify(text, severity="warning" if refused else "information", markup=False)

    _said = ""

    def _unsay(self, text: str) -> None:
        if self._said == text and self.bench is not None:
            self.bench.unsay()

    async def on_event(self, event: events.Event) -> None:
        """Any key shows that somebody is here."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._show_presence()
            length = self._bursts.length(event)
            if length != burst.SCAN_KEYS - 1:  # two keys may be a hand's; it is known with the next one, or when none comes
                self._let_go()
            if not burst.may_take(self.screen, event, length):
                self.say(SCANNED, refused=True)
                return
        await super().on_event(event)

    def _show_presence(self) -> None:
        """Any key tells the bench that somebody is here; at most every half minute, but at once when it asks."""
        now = time.monotonic()
        called = any(alarm.code == "attention-soon" for alarm in self.snapshot.alarms)
        if self.snapshot.attention_due_s is not None and now - self._present_at >= (1.0 if called else PRESENCE_EVERY_S):
            self._present_at = now
            self.send(Present(), lambda _: None)

    # --- what keys do (the table is in `actions`) -----------------------------------------------------------------

    def _blocked(self, name: str) -> bool:
        """Say why a key does nothing now; False when it works."""
        reason = actions.action_named(name).blocked(self.snapshot)
        if reason:
            self.say(reason, refused=True)
        return bool(reason)

    def action_stop(self) -> None:
        self.link.stop_output()
        usual = "OUTPUT OFF was sent. The status line shows when the supply has proved it."
        self.say(getattr(self.screen, "STOP_SAID", usual))  # a replay says that it is the bench which is stopped

    def action_emergency(self) -> None:
        self.link.stop_output()
        self.send(Emergency(), lambda outcome: self.say(outcome.message))

    def action_help(self) -> None:
        from tui.panes.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen())

    def action_command_palette(self) -> None:
        if self.snapshot.call is None:
            super().action_command_palette()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What makes sense now, by name."""
        for action in actions.ACTIONS:
            if action.name != "command_palette" and not action.blocked(self.snapshot):
                yield SystemCommand(
                    f"{action.label[:1].upper()}{action.label[1:]}",
                    f"{action.help} ({action.shown})",
                    partial(self.run_action, action.name),
                )

    def action_start(self) -> None:
        if self._blocked("start"):
            return
        self.switch_mode("bench")
        if self.bench is not None:
            self.bench.start_session()

    def action_confirm(self) -> None:
        if not self._blocked("confirm") and self.bench is not None and self.screen is self.bench:
            missing = self.bench.checklist.prompt.confirm()
            if missing:
                self.say(missing, refused=True)

    def action_take_meter(self) -> None:
        if not self._blocked("take_meter") and self.bench is not None:
            problem = self.bench.checklist.prompt.take_meter()
            if problem:
                self.say(problem, refused=True)

    def action_capture(self) -> None:
        """Ask the screen in front for which field, have the bench measure, and give the screen what it found."""
        wanted = self.screen.capture_for() if isinstance(self.screen, TakesCapture) else "Nothing here waits for a meter's value."
        if isinstance(wanted, str):
            say_here(self, wanted, refused=True)
        elif not self.snapshot.keys:
            self.say(actions.LOOKS_ON, refused=True)
        else:
            self._capture.begin(self, wanted)

    def action_override(self) -> None:
        prompt = self.snapshot.prompt
        if self._blocked("override") or prompt is None:
            return
        from tui.panes import questions

        self._ask_line(questions.override(prompt), lambda reason: Override(prompt.id, reason))

    def action_take_remedy(self) -> None:
        prompt = self.snapshot.prompt
        if not self._blocked("take_remedy") and prompt is not None:
            self._send_alone(TakeRemedy(prompt.id))

    def action_type_reading(self) -> None:
        if self._blocked("type_reading"):
            return
        from tui.panes.reading import ReadingScreen, points

        supply = (self.card.plan.get("supply") or {}) if self.card is not None else {}
        by_hand = str(supply.get("address", "")).split(":")[0] == "manual"
        self.push_screen(ReadingScreen(points(self.snapshot, by_hand=by_hand)))

    def action_why(self) -> None:
        from tui.panes.why import WhyScreen, explainer, topics

        explain = explainer(self.card, self.snapshot)
        reasons = [reason for topic in topics(self.snapshot) if (reason := explain(topic)) is not None]
        if reasons:
            self.push_screen(WhyScreen(reasons))
        else:
            self.say("Reasons belong to a step, a limit or a number. Start a session, or press ? in a field of Setup.", refused=True)

    def action_acknowledge(self) -> None:
        alarm = worst_alarm(self.snapshot)
        if not self._blocked("acknowledge") and alarm is not None:
            self._send_alone(Acknowledge(alarm.id))

    def action_resume(self) -> None:
        if self._blocked("resume"):
            return
        from tui.panes import questions

        if self.snapshot.unfinished is not None:
            self._ask(questions.go_on_with(self.snapshot.unfinished), Continue(self.snapshot.unfinished.session))
            return
        if self.snapshot.state == "tripped":
            self._ask_line(questions.resume_after_trip(self.snapshot), Resume)
        else:
            self._ask(questions.resume_after_hold(self.snapshot), Resume())

    def action_note(self) -> None:
        if self._blocked("note"):
            return
        from tui.panes import questions

        self._ask_line(questions.note(), Note)

    def action_end_session(self) -> None:
        if self._blocked("end_session"):
            return
        from tui.panes import questions

        if self.snapshot.unfinished is not None:
            self._ask(questions.end_unfinished(self.snapshot.unfinished), Abandon(self.snapshot.unfinished.session))
            return
        self._ask(questions.end_session(), Finish("ended by the operator"))

    def _ask(self, screen: Screen[bool], command: Command) -> None:
        self.push_screen(screen, lambda yes: self.send(command) if yes else None)

    def _ask_line(self, screen: Screen[str | None], make: Callable[[str], Command]) -> None:
        self.push_screen(screen, lambda text: self.send(make(text)) if text else None)

    def action_faster(self) -> None:
        self._change_speed("faster", 1)

    def action_slower(self) -> None:
        self._change_speed("slower", -1)

    def _change_speed(self, name: str, by: int) -> None:
        if not self._blocked(name):
            self._asked_speed = actions.next_speed(self._asked_speed or self.snapshot.wanted_speed, by)
            self.send(Speed(self._asked_speed))

    def switch_mode(self, mode: str) -> AwaitMount:
        """Paint nothing until the screen is whole. Textual waits 50 ms for that, however soon or late it is, and throws away what it draws before."""
        if mode == self.current_mode or self._gone:  # a key behind the last one makes no workspace among those that are being closed
            return super().switch_mode(self.current_mode)
        held = ExitStack()
        held.enter_context(self.batch_update())
        self._holds = True
        try:
            switched = super().switch_mode(mode)
        finally:
            self._holds = False
        self.screen.call_later(held.close)  # behind the messages that have it made and resume
        return switched

    def delay_update(self, delay: float = 0.05) -> None:
        if not self._holds:
            super().delay_update(delay)

    def action_go(self, mode: str) -> None:
        self.switch_mode(mode)

    def action_pane(self, name: PaneName) -> None:
        self.switch_mode("bench")
        if self.bench is not None:
            self.bench.go_to_pane(name)

    def action_light(self) -> None:
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    def action_take_keys(self) -> None:
        """A bench inside the program has this screen alone."""
        self._blocked("take_keys")

    def meter_address(self) -> str:
        """Of the meter that stands in Setup; "" where none does."""
        from tui.panes.setup import SetupPane

        for setup in self.bench.query(SetupPane) if self.bench is not None else ():
            text = setup.answers.get("meter", "").strip()
            return "" if text.lower() == "none" else text
        return ""

    def setup_answers(self) -> dict[str, Any] | None:
        """First answers for Setup; None while they are not known yet."""
        return self.defaults

    async def action_quit(self) -> None:
        """Leave. With the output on (or unknown in a session) ask first; the bench always switches off before the program ends."""
        snapshot = self.snapshot
        unsure = snapshot.output_on is None and snapshot.state not in ("idle", "ended", "resting")
        if self._leaving or not (snapshot.output_on or unsure):
            self._close()
            return
        from tui.panes import questions

        self.push_screen(questions.quit_with_output(snapshot), lambda yes: self._close() if yes else None)

    def _close(self) -> None:
        if self._leaving:
            return
        self._leaving = True
        self.say("Switching off and closing …")
        self.run_worker(lambda: self.post_message(Closed(self.link.close())), thread=True, exit_on_error=False, group="close")

    def on_closed(self, message: Closed) -> None:
        if message.off:
            self.exit(0)
            return
        from tui.panes import questions

        self._leaving = False
        self.push_screen(questions.leave_unproved(), lambda yes: self.exit(1, return_code=1) if yes else None)
