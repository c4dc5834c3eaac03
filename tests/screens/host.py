"""An application that holds one pane of ours, with a bench that only listens: what the tests of panes stand on."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget

from tui.bench.messages import Command, Outcome, SessionCard, Snapshot
from tui.records.places import Home


class ListeningLink:
    """Keeps what is sent, and answers what the test says."""

    def __init__(self) -> None:
        self.now = Snapshot()
        self.running: SessionCard | None = None
        self.outcome = Outcome(ok=True)
        self.sent: list[Command] = []

    def snapshot(self) -> Snapshot:
        return self.now

    def card(self) -> SessionCard | None:
        return self.running

    def send(self, command: Command, *, timeout_s: float = 10.0) -> Outcome:
        self.sent.append(command)
        return self.outcome

    def stop_output(self) -> None: ...


class Host(App[None]):
    """`content` makes the pane."""

    def __init__(self, content: Callable[[], Widget], home: Home, *, demo: bool = False, defaults: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.link, self.home, self.demo, self.defaults = ListeningLink(), home, demo, defaults
        self._content = content

    @property
    def card(self) -> SessionCard | None:
        return self.link.running

    @property
    def snapshot(self) -> Snapshot:
        return self.link.now

    def send(self, command: Command, done: Callable[[Outcome], None]) -> None:
        done(self.link.send(command))

    def compose(self) -> ComposeResult:
        yield self._content()


def home_in(folder: Path) -> Home:
    """A home of its own for one test."""
    place = Home(config=folder, data=folder, logs=folder, runtime=folder)
    place.create()
    return place


async def until(pilot: Pilot[Any], condition: Callable[[], object], *, turns: int = 1000) -> None:
    """Wait for a condition, not for a time; fails when it never comes."""
    for turn in range(turns):
        if condition():
            if turn:
                await pilot.pause()  # what brought it about is done to its end
            return
        await asyncio.sleep(0.01)  # not a pause: that would ask every widget each time
    raise AssertionError("the condition never came")


def run_elsewhere(home: Home, *lines: str) -> None:
    """Lines of Python that another process does to the records of `home`."""
    folders = ", ".join(f"Path({str(folder)!r})" for folder in (home.config, home.data, home.logs, home.runtime))
    program = "\n".join(("from pathlib import Path", "from tui.records.places import Home", f"home = Home({folders})", *lines))
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).resolve().parents[2])


@contextmanager
def nobody_reads(path: Path) -> Iterator[Callable[[], None]]:
    """Whoever reads the record file waits, until the given function is called or the block ends."""
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    lock.acquire()
    try:
        yield lock.release
    finally:
        lock.release()


def text_of(app: App[Any]) -> str:
    """What stands on the screen, as text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def on_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test written as a coroutine, run on a loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **values: Any) -> None:
        asyncio.run(test(*args, **values))

    return run
