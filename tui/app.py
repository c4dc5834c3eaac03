"""The application: workspaces, the pull of Snapshots, Commands sent from threads, and what each key does.

It holds no truth of its own. Everything shown is the newest Snapshot of the link; everything done is a Command through it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import App, SystemCommand
from textual.message import Message
from textual.screen import Screen

from tui import actions
from tui.bench.link import Link
from tui.bench.messages import (
    Acknowledge,
    Command,
    Finish,
    Note,
    Outcome,
    Override,
    Point,
    Present,
    Resume,
    SessionCard,
    Speed,
)
from tui.panes.bench_screen import BenchScreen, PaneName
from tui.themes import DARK, LIGHT
from tui.widgets.freshness import as_stale
from tui.widgets.text import worst_alarm

if TYPE_CHECKING:
    from tui.records.places import Home

PULL_EVERY_S = 0.5
CURVE_EVERY_S = 10.0
PRESENCE_EVERY_S = 30.0
SAID_FOR_S = 8.0


def _cells() -> Screen[Any]:
    from tui.panes.cells import CellsScreen

    return CellsScreen()


def _sessions() -> Screen[Any]:
    from tui.panes.sessions import SessionsScreen

    return SessionsScreen()


class Sent(Message):
    """The bench has answered a Command."""

    def __init__(self, outcome: Outcome, done: Callable[[Outcome], None] | None) -> None:
        super().__init__()
        self.outcome, self.done = outcome, done


class Curve(Message):
    """The curve of a session, and the texts of its steps, as fetched by a thread."""

    def __init__(self, session: str, card: SessionCard | None, points: list[Point]) -> None:
        super().__init__()
        self.session, self.card, self.points = session, card, points


class Closed(Message):
    """The bench has ended; `off` tells whether the output is proved off."""

    def __init__(self, off: bool) -> None:
        super().__init__()
        self.off = off


class TopBalanceApp(App[int]):
    """The screen of one bench. `defaults` are first answers for Setup; `demo` tells that the bench is the built-in one."""

    TITLE = "topbalance"
    CSS_PATH = "topbalance.tcss"
    MODES: ClassVar[dict[str, Callable[[], Screen[Any]]]] = {"bench": BenchScreen, "cells": _cells, "sessions": _sessions}
    DEFAULT_MODE = "bench"
    BINDINGS = actions.bindings()
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-w0"), (60, "-w60"), (80, "-w80"), (120, "-w120")]
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [(0, "-h0"), (16, "-h16"), (24, "-h24"), (30, "-h30")]

    def __init__(self, link: Link, home: Home, *, demo: bool = False, defaults: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.link, self.home, self.demo, self.defaults = link, home, demo, defaults or {}
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.set_reactive(App.theme, DARK.name)  # without a watcher: the style sheet is read once
        self.snapshot = link.snapshot()
        self._heard = time.monotonic()  # when the bench last told something new
        self._present_at = float("-inf")
        self._rung: set[int] = set()
        self._curve_session: str | None = None
        self.points: list[Point] = []
        self.card: SessionCard | None = None
        self._leaving = False

    # --- life ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.pull()
        self.set_interval(PULL_EVERY_S, self.pull)
        self.set_interval(CURVE_EVERY_S, self._fetch_curve)
        self.set_timer(0.4, self._warm_up)

    def _warm_up(self) -> None:
        """Load the units in a thread after the first paint, so that the first typed number is echoed at once."""

        def load() -> None:
            from tui.domain.quantities import warm_up

            warm_up()

        self.run_worker(load, thread=True, exit_on_error=False, group="warm-up")

    @property
    def bench(self) -> BenchScreen | None:
        """The bench's screen once it exists, also while another workspace is in front."""
        stack = self._screen_stacks.get("bench") or []
        return cast(BenchScreen, stack[0]) if stack else None

    # --- Snapshots ----------------------------------------------------------------------------------------------

    def pull(self) -> None:
        """Take the newest Snapshot and show it; the bench never waits for a screen."""
        found = self.link.snapshot()
        now = time.monotonic()
        if found.seq != self.snapshot.seq or found.session != self.snapshot.session:
            self._heard = now
        self.snapshot = as_stale(found, silent_s=now - self._heard)
        if found.session != self._curve_session:
            self._curve_session, self.points, self.card = found.session, [], None
            self._fetch_curve()
        self._ring()
        self._show_call()
        for screen in self.screen_stack:
            show = getattr(screen, "show_snapshot", None)
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
        known = self.card

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
        self.say("OUTPUT OFF was sent. The status line shows when the supply has proved it.")

    def action_help(self) -> None:
        from tui.panes.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
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

    def action_override(self) -> None:
        prompt = self.snapshot.prompt
        if self._blocked("override") or prompt is None:
            return
        self._ask_line(
            "Override this gate",
            f"Refused: {prompt.refusal}\nYour reason stays in the record and in the report.",
            lambda reason: Override(prompt.id, reason),
        )

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
            self.send(Acknowledge(alarm.id))

    def action_resume(self) -> None:
        if self._blocked("resume"):
            return
        checks = "\n".join(f"{number}. {check}" for number, check in enumerate(self.snapshot.held_checks, 1))
        if self.snapshot.state == "tripped":
            self._ask_line(
                "Start again after a TRIP",
                f"{checks}\nWhat was the cause, and what did you do about it? All gates are asked again.".strip(),
                Resume,
            )
            return
        from tui.panes.confirm import ConfirmScreen

        self._ask(
            ConfirmScreen(
                "Go on after the HOLD?", checks or "Nothing in particular to look at.", yes="all of this is checked, go on", no="not yet"
            ),
            Resume(),
        )

    def action_note(self) -> None:
        if not self._blocked("note"):
            self._ask_line("Note for the record", "What did you see or do?", Note)

    def action_end_session(self) -> None:
        if self._blocked("end_session"):
            return
        from tui.panes.confirm import ConfirmScreen

        self._ask(
            ConfirmScreen(
                "End this session now?",
                "The output goes off and the result is STOPPED. The cells are not balanced by it.",
                yes="end it",
                no="carry on",
            ),
            Finish("ended by the operator"),
        )

    def _ask(self, screen: Screen[bool], command: Command) -> None:
        self.push_screen(screen, lambda yes: self.send(command) if yes else None)

    def _ask_line(self, title: str, help_text: str, make: Callable[[str], Command]) -> None:
        from tui.panes.confirm import LineScreen

        self.push_screen(LineScreen(title, help_text), lambda text: self.send(make(text)) if text else None)

    def action_faster(self) -> None:
        if not self._blocked("faster"):
            self.send(Speed(actions.next_speed(self.snapshot.speed, 1)))

    def action_slower(self) -> None:
        if not self._blocked("slower"):
            self.send(Speed(actions.next_speed(self.snapshot.speed, -1)))

    def action_go(self, mode: str) -> None:
        self.switch_mode(mode)

    def action_pane(self, name: PaneName) -> None:
        self.switch_mode("bench")
        if self.bench is not None:
            self.bench.go_to_pane(name)

    def action_light(self) -> None:
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    async def action_quit(self) -> None:
        """Leave. With the output on (or unknown in a session) ask first; the bench always switches off before the program ends."""
        snapshot = self.snapshot
        unsure = snapshot.output_on is None and snapshot.state not in ("idle", "ended", "resting")
        if self._leaving or not (snapshot.output_on or unsure):
            self._close()
            return
        from tui.panes.confirm import ConfirmScreen

        question = "The output is on. Quit?" if snapshot.output_on else "Whether the output is on is not known. Quit?"
        self.push_screen(
            ConfirmScreen(
                question,
                "It is switched off first, and the charge stops. The session stays in the record.",
                yes="switch off and quit",
                no="stay",
            ),
            lambda yes: self._close() if yes else None,
        )

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
        from tui.panes.confirm import ConfirmScreen

        self._leaving = False
        self.push_screen(
            ConfirmScreen(
                "The output is not proved off",
                "Switch the supply off at its mains switch, or pull the + lead from the cells. Then leave.",
                yes="leave",
                no="stay",
            ),
            lambda yes: self.exit(1, return_code=1) if yes else None,
        )
