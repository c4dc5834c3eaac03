"""Drills in the command palette of the built-in bench: let something go wrong, and put it right again. Loaded when the palette is opened."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType

from tui.app import TopBalanceApp
from tui.bench.messages import Command, Inject, Mend
from tui.domain.drills import DRILLS, drill

OPEN = "Drill: let something go wrong …"
OPEN_HELP = "Faults that the built-in bench plays, to practise what the program does."


class _FirstHit(DiscoveryHit):
    """Before the common entries: providers answer in no fixed order, and an entry that comes last stands below the edge of the list."""

    @property
    def score(self) -> float:
        return 1.0


class _Entry(NamedTuple):
    title: str
    help: str
    run: IgnoreReturnCallbackType


class _Drills(Provider):
    """Entries and how the palette finds them; none on real instruments."""

    @property
    def bench_app(self) -> TopBalanceApp:
        return cast(TopBalanceApp, self.app)

    def _sent(self, title: str, help: str, command: Command) -> _Entry:  # noqa: A002 - as Textual calls it
        return _Entry(title, help, partial(self.bench_app.send, command))

    def _mends(self) -> Iterator[_Entry]:
        snapshot = self.bench_app.snapshot
        for name in snapshot.drills:
            yield self._sent(f"Drill: put it right: {drill(name).title}", "The hands of the built-in bench mend it.", Mend(name))
        for name in snapshot.drills_waiting:
            yield self._sent(f"Drill: call it off: {drill(name).title}", "It waits for its time in the charge.", Mend(name))

    def _faults(self) -> Iterator[_Entry]:
        for name, row in DRILLS.items():
            yield self._sent(f"Drill: {row.title}", f"The program should: {row.answer}. ({', '.join(row.shows)})", Inject(name))

    async def search(self, query: str) -> Hits:
        if not self.bench_app.snapshot.emulated:
            return
        matcher = self.matcher(query)
        for entry in (*self._mends(), *self._faults()):
            score = matcher.match(entry.title)
            if score > 0:
                yield Hit(score, matcher.highlight(entry.title), entry.run, text=entry.title, help=entry.help)


class DrillCommands(_Drills):
    """In the common palette: one entry that opens the list, and one for each drill that can be put right; all of them when typed for."""

    async def discover(self) -> Hits:
        if not self.bench_app.snapshot.emulated:
            return
        for entry in self._mends():
            yield _FirstHit(entry.title, entry.run, help=entry.help)
        yield _FirstHit(OPEN, self._open, help=OPEN_HELP)

    def _open(self) -> None:
        self.app.push_screen(CommandPalette(providers=(DrillList,), placeholder="What shall go wrong?"))


class DrillList(_Drills):
    """A palette of drills alone."""

    async def discover(self) -> Hits:
        for entry in (*self._mends(), *self._faults()):
            yield DiscoveryHit(entry.title, entry.run, help=entry.help)
