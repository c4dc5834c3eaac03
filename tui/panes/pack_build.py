"""A pack built of the cells that are listed: asks for its arrangement, shows the map and the spread before and after, saves the places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input

from tui.domain.pack_map import in_short, pack_map
from tui.panes.confirm import LineScreen
from tui.panes.dialog import Dialog
from tui.records.cell import Cell, InvalidCell
from tui.records.inventory import CellGone, Inventory
from tui.records.packs import PackRefused, PlannedPack, next_pack_name, plan_pack, save_pack
from tui.records.store import StoreError
from tui.widgets.line import Line, Text

KEYS = "s save · r {rated} · e other arrangement · esc back"
KEYS_TYPING = "enter build · esc back"


@dataclass
class Built(Message):
    """What a thread built, or why it could not."""

    planned: PlannedPack | None
    refusal: str = ""


@dataclass
class Saved(Message):
    """The places are written (`refusal` is ""), or why not."""

    name: str
    refusal: str = ""


class PackScreen(Dialog):
    """Enter builds; after that letters are keys. A pack is saved under a name that is asked for."""

    DEFAULT_CSS = """
    PackScreen .sheet { width: 84; max-width: 100%; height: 1fr; padding: 0 1; background: $surface; border: round $accent; }
    PackScreen #pack-title { text-style: bold; }
    PackScreen #pack-short { color: $accent; }
    PackScreen #pack-keys { color: $text-muted; }
    PackScreen #pack-ask { height: 1; }
    PackScreen #pack-ask Line { width: auto; padding-right: 1; }
    PackScreen Input { width: 20; }
    PackScreen VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    PackScreen #pack-map { text-wrap: nowrap; }
    PackScreen #pack-said { color: $text-warning; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "save", show=False),
        Binding("r", "rated", show=False),
        Binding("e", "edit", show=False),
        Binding("escape", "dismiss", show=False),
    ]

    def __init__(self, cells: Sequence[Cell], *, read_only: str = "") -> None:
        """`read_only` is why nothing can be saved, "" when it can."""
        super().__init__()
        self._cells, self._read_only = list(cells), read_only
        self.rated = False
        self.planned: PlannedPack | None = None

    def compose(self) -> ComposeResult:
        yield self.status
        with Vertical(classes="sheet"):
            yield Line("Build a pack of the cells that are listed", id="pack-title")
            with Horizontal(id="pack-ask"):
                yield Line("Series and parallel, such as 8S2P:")
                yield Input(f"{len(self._cells)}S1P" if 0 < len(self._cells) <= 16 else "16S1P", compact=True)
            yield Line(id="pack-short")
            with VerticalScroll():
                yield Text(id="pack-map")
                yield Text(id="pack-words")
                yield Text(id="pack-said")
            yield Line(KEYS_TYPING, id="pack-keys")

    def on_mount(self) -> None:
        self.action_edit()

    def action_edit(self) -> None:
        self.query_one(Input).focus()
        self.query_one("#pack-keys", Line).show(KEYS_TYPING)

    @on(Input.Submitted)
    def build(self) -> None:
        """Build with what is typed, in a thread: two hundred cells take seconds."""
        self.planned = None
        self.query_one("#pack-short", Line).show("")
        for name, text in (("#pack-map", ""), ("#pack-words", "Building …"), ("#pack-said", "")):
            self.query_one(name, Text).show(text)
        self.query_one(VerticalScroll).focus()
        rated = "measured capacity only" if self.rated else "capacity on label too"
        self.query_one("#pack-keys", Line).show(KEYS.format(rated=rated))
        self._build(self.query_one(Input).value, self.rated)

    @work(thread=True, exit_on_error=False, exclusive=True, group="pack-build")
    def _build(self, arrangement: str, rated: bool) -> None:
        try:
            planned = plan_pack(self._cells, arrangement, rated=rated)
        except PackRefused as problem:
            self.post_message(Built(None, str(problem)))
        else:
            self.post_message(Built(planned))

    @on(Built)
    def _built(self, event: Built) -> None:
        self.planned = event.planned
        scroll = self.query_one(VerticalScroll)
        self.query_one("#pack-short", Line).show(in_short(event.planned.pack) if event.planned else "")
        self.query_one("#pack-map", Text).show(pack_map(event.planned.pack, max(40, scroll.size.width)) if event.planned else "")
        self.query_one("#pack-words", Text).show("\n".join(event.planned.words) if event.planned else event.refusal)
        scroll.scroll_home(animate=False)

    def action_rated(self) -> None:
        self.rated = not self.rated
        self.build()

    def action_save(self) -> None:
        if self.planned is None:
            self._say("Nothing is built yet: type what the pack is to be, then press Enter.")
        elif self._read_only:
            self._say(self._read_only)
        else:
            words = "Each cell's log will tell this name, its place and how it is turned."
            self.app.push_screen(LineScreen("Name of the pack?", words, next_pack_name(self._cells)), self._named)

    def _named(self, name: str | None) -> None:
        if name and self.planned is not None:
            self._save(self.planned, name)

    @work(thread=True, exit_on_error=False, group="pack-save")
    def _save(self, planned: PlannedPack, name: str) -> None:
        try:
            save_pack(Inventory(self.bench_app.home), planned, name)
        except (StoreError, CellGone, InvalidCell) as problem:
            self.post_message(Saved(name, str(problem)))
        else:
            self.post_message(Saved(name))

    @on(Saved)
    def _saved(self, event: Saved) -> None:
        if event.refusal:
            self._say(event.refusal)
        else:
            self.bench_app.say(f"{event.name} is saved: every cell's log tells its place.")
            self.dismiss()

    def _say(self, text: str) -> None:
        self.query_one("#pack-said", Text).show(text)
        self.query_one(VerticalScroll).scroll_end(animate=False)
