"""Puts the parts together for the commands: application, demo, emulator, single reading. Every way out ends with the output off."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

from tui.bench.messages import Command, InstrumentList, Outcome, Point, SessionCard, Snapshot, TraceLine
from tui.cli_drills import begin_drills

if TYPE_CHECKING:
    from drivers.simulated.description import BenchDescription
    from tui.app import TopBalanceApp
    from tui.bench.link import Link
    from tui.bench.local import LocalLink
    from tui.records.places import Home

SIGNAL_EXIT_S = 2.0
"""A terminal that goes away, or a SIGTERM: output off, verified, logged, gone within this time."""
BENCH_SWITCH = "TOPBALANCE_BENCH"
"""Environment: "inside" makes the bench a thread of the application, which ends with it; otherwise it is a process of its own that goes on."""
BUILD_AFTER_S = 0.4
"""The bench with its drivers is loaded this long after the start, so that the first paint does not wait for it."""

log = logging.getLogger("topbalance")


class LateLink:
    """A link whose bench is loaded after the first paint. Until then it is an idle bench."""

    def __init__(self, build: Callable[[], Link]) -> None:
        self._build = build
        self._link: Link | None = None
        self._lock = threading.Lock()
        self._closed = False
        timer = threading.Timer(BUILD_AFTER_S, self._get)
        timer.daemon = True
        timer.start()

    def _get(self) -> Link | None:
        with self._lock:
            if self._link is None and not self._closed:
                self._link = self._build()
            return self._link

    def snapshot(self) -> Snapshot:
        return self._link.snapshot() if self._link is not None else Snapshot()

    def card(self) -> SessionCard | None:
        return self._link.card() if self._link is not None else None

    def history(self, since_s: float = 0.0) -> list[Point]:
        return self._link.history(since_s) if self._link is not None else []

    def instruments(self) -> InstrumentList:
        link = self._get()
        return link.instruments() if link is not None else InstrumentList()

    def trace(self, address: str) -> list[TraceLine]:
        return self._link.trace(address) if self._link is not None else []

    def send(self, command: Command, *, timeout_s: float = 10.0) -> Outcome:
        link = self._get()
        return link.send(command, timeout_s=timeout_s) if link is not None else Outcome(False, "The program is closing.")

    def stop_output(self) -> None:
        if self._link is not None:
            self._link.stop_output()

    def close(self, *, timeout_s: float = 5.0) -> bool:
        with self._lock:
            self._closed = True
        return self._link.close(timeout_s=timeout_s) if self._link is not None else True


def run_application() -> int:
    """The application on the user's own instruments."""
    gc.disable()  # imports make no garbage worth looking for; the application switches it on again after its first paint
    _check_terminal()
    from tui.records.places import home

    place = home()
    if bench_process_wanted():
        return run_attached(place)
    _log_to_file(place)
    return _run_screen(LateLink(lambda: real_bench(place).start()), place, demo=False, defaults=None)


def bench_process_wanted() -> bool:
    """Whether the screen is to use a bench process; elsewhere the bench runs in the application, and that is said (`_inside_words`)."""
    from tui.bench.socket_place import unix_sockets

    return os.environ.get(BENCH_SWITCH) != "inside" and unix_sockets()


def _inside_words() -> str:
    """What the screen says first where the bench is a part of it."""
    why = "as asked for" if os.environ.get(BENCH_SWITCH) == "inside" else "this system has no Unix sockets"
    return f"The bench runs inside this program ({why}): it ends with the screen, the output off first."


def run_attached(place: Home, demo: Sequence[str] | None = None, faults: Sequence[str] = ()) -> int:
    """The application as one screen of the bench process, which is started where none runs and goes on when this screen ends.

    `demo`: the built-in bench, with these options of `topbalance demo` where it has to be started; `faults` are its drills.
    """
    _check_terminal()
    from tui.attached import AttachedApp
    from tui.bench.remote import RemoteLink

    started = time.monotonic()

    def begin() -> None:
        from tui.bench_process import ensure_bench

        time.sleep(max(0.0, started + BUILD_AFTER_S - time.monotonic()))  # the first paint does not share its processor
        ensure_bench(place, demo)

    _log_to_file(place)
    words = "" if demo is None else _other_demo(place, demo)
    link = RemoteLink(place, kind="real" if demo is None else "demo", begin=begin).start()
    app = AttachedApp(link, place, demo=demo is not None, first_words=words, faults=faults)
    caught = _catch_signals(app, link, "the bench process goes on", link.leaving)
    try:
        app.run(mouse=os.environ.get("TOPBALANCE_MOUSE", "1") != "0")
    finally:
        last, ended = link.snapshot() if link.attached() else None, link.ended
        heard = link.close(timeout_s=SIGNAL_EXIT_S)
        log.info("the screen closed; the bench process goes on")
    if link.unbegun:
        raise OSError(link.unbegun)
    if last is not None and (last.state not in ("idle", "ended") or last.output_on) and not caught:
        sys.stdout.write(_goes_on(last, demo=demo is not None))
    if ended and not caught:
        sys.stdout.write(
            f"{ended}\n  {'topbalance demo' if demo is not None else 'topbalance'} starts it again; a session that was under way waits there.\n"
        )
    if not heard:
        sys.stderr.write(
            "topbalance: OUTPUT OFF did not reach the bench process. Switch the supply off at its mains switch, or pull the + lead.\n"
        )
        return 1
    return 128 + caught[0] if caught else app.return_code or 0


def _other_demo(place: Home, options: Sequence[str]) -> str:
    """A demo that runs with other options: one that waits makes room, one with a session stays; what to tell of it then."""
    from tui.bench_process import status, stop

    found = status(place)
    if found is None or found.get("options") == list(options):
        return ""
    if found.get("state") in ("idle", "ended") and not found.get("screens"):
        stop(place)
        return ""
    return "This demo was running already, with its own options. `topbalance bench stop --demo` ends it." if options else ""


def _goes_on(last: Snapshot, *, demo: bool) -> str:
    """Said when the screen has closed, with a session under way."""
    output = {True: "the output is ON", False: "the output is off", None: "whether the output is on is not known"}[last.output_on]
    again, option = ("topbalance demo", " --demo") if demo else ("topbalance", "")
    return (
        f"The bench goes on without a screen ({last.state}, {output}).\n"
        f"  {again:<28} shows it again\n"
        f"  topbalance ack{option:<14} tells it that somebody is there: near the top it asks\n"
        f"  topbalance bench stop{option:<7} switches the output off and ends it\n"
    )


def real_bench(place: Home) -> LocalLink:
    """The bench on real instruments, on a thread of this process that is still to be started. No line is opened before a session starts."""
    from drivers.clock import ScaledClock
    from tui.bench.bench import Bench
    from tui.bench.instruments import Instruments
    from tui.bench.local import LocalLink
    from tui.bench.sleep_guard import SleepGuard

    clock = ScaledClock()  # real time, unless the supply proves to be an emulator of ours that runs faster
    bench = Bench(place, clock, Instruments(clock, place), line_now_s=time.monotonic, takes_up=True)
    bench.sleep_guard = SleepGuard()
    return LocalLink(bench)


def run_demo(description: BenchDescription, options: dict[str, Any]) -> int:
    """The application on the embedded bench, opened through its pseudo-terminals like any hardware."""
    _check_terminal()
    from tui.bench import headless
    from tui.bench.local import LocalLink
    from tui.cli_bench import plan_from
    from tui.records.places import home

    place = home(demo=True)
    _log_to_file(place)
    rig = headless.pty_rig(description, place, speed=options["speed"], takes_up=True)
    defaults = plan_from(description, rig.supply_address, rig.meter_address, options, rig.bms_address).to_json()
    try:
        link = LocalLink(rig.bench).start()
        begin_drills(link, options["faults"])
        return _run_screen(link, place, demo=True, defaults=defaults)
    finally:
        rig.close()


def _check_terminal() -> None:
    from tui.terminal import problem

    found = problem()
    if found:
        raise OSError(found)


def _log_to_file(place: Home) -> None:
    """The screen goes to standard error: nothing else may be written there."""
    logging.basicConfig(
        filename=place.logs / "topbalance.log", level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    logging.captureWarnings(True)


def _run_screen(link: Link, place: Home, *, demo: bool, defaults: dict[str, Any] | None) -> int:
    from tui.app import TopBalanceApp

    app = TopBalanceApp(link, place, demo=demo, defaults=defaults, first_words=_inside_words())
    caught = _catch_signals(app, link)
    try:
        app.run(mouse=os.environ.get("TOPBALANCE_MOUSE", "1") != "0")
    finally:
        off = link.close(timeout_s=SIGNAL_EXIT_S)
        log.info("the screen closed; output %s", "proved off" if off else "NOT proved off")
    if not off:
        sys.stderr.write("topbalance: the output is NOT proved off. Switch the supply off at its mains switch, or pull the + lead.\n")
        return 1
    return 128 + caught[0] if caught else app.return_code or 0


def _catch_signals(
    app: TopBalanceApp, link: Link, closed: str = "output proved off", say: Callable[[str], None] = lambda why: None
) -> list[int]:
    """SIGHUP (the terminal is gone), SIGTERM and SIGINT: the link closes, then the screen; a frozen screen is not waited for.

    `closed` is what a closed link means: a bench of this process has switched off, one of its own goes on, and by `say` hears why.
    The list that is returned receives the signal's number.
    """
    caught: list[int] = []

    def leave(signum: int) -> None:
        started = time.monotonic()
        say(signal.Signals(signum).name)
        off = link.close(timeout_s=SIGNAL_EXIT_S - 0.4)
        log.warning("signal %s: %s after %.2f s", signum, closed if off else "output NOT proved off", time.monotonic() - started)
        loop = getattr(app, "_loop", None)
        if isinstance(loop, asyncio.AbstractEventLoop):
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(app.exit)
        time.sleep(max(0.1, SIGNAL_EXIT_S - (time.monotonic() - started)))
        logging.shutdown()
        os._exit(128 + signum)

    def handler(signum: int, _frame: FrameType | None) -> None:
        caught.append(signum)
        threading.Thread(target=leave, args=(signum,), name="leave", daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", None)):
        if number is not None:
            signal.signal(number, handler)
    return caught
