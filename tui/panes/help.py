"""F1: every key, made from the one table of actions, and the signs that the screen uses."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content

from tui.actions import ACTIONS, GROUPS
from tui.bench.messages import Trust
from tui.panes.dialog import Dialog
from tui.widgets.line import Line, Text
from tui.widgets.text import trust_sign

_TRUST: tuple[tuple[Trust, str], ...] = (
    ("measured", "read by an instrument just now"),
    ("typed", "read by you, with its age"),
    ("derived", "calculated: supply volts less the drop in the leads"),
    ("echo", "the instrument repeats what it was told; no measurement"),
    ("unknown", "nothing is known; the number is left blank"),
    ("stale", "too old to trust; the number is struck through"),
)
_MOVING = (
    ("tab", "next field, then the next pane"),
    ("esc", "leave a field or a dialog"),
    ("↑ ↓", "field above or below"),
    ("PgUp PgDn", "scroll the step's text, or a topic of Advice"),
    ("F6", "in Setup: choose cells; in Model the catalogue; in Supply, Meter, BMS: find it"),
    ("F7", "in Setup: from the three questions to all fields"),
    ("F9", "in Setup: fill in the cells that a queue of single cells left"),
)


KEY_COLUMNS = 13
WIDEST = 200


def help_text(width: int = WIDEST) -> Content:
    """All keys by group, then moving about, then the signs; words that go on in a next line stay under the words."""
    parts: list[Content | str | tuple[str, str]] = []

    def row(key: str, words: str) -> None:
        lines = wrap(words, max(20, width - KEY_COLUMNS))
        parts.extend(((f"  {key:<{KEY_COLUMNS - 2}}", "bold"), f"\n{' ' * KEY_COLUMNS}".join(lines) + "\n"))

    for group in GROUPS:
        parts.append((f"{group}\n", "bold $accent"))
        for action in ACTIONS:
            if action.group == group:
                row(action.shown, action.help)
        parts.append("\n")
    parts.append(("Moving about\n", "bold $accent"))
    for key, words in _MOVING:
        row(key, words)
    parts.append(("\nWhere a number comes from\n", "bold $accent"))
    for trust, words in _TRUST:
        row(f"{trust_sign(trust)} {trust}", words)
    parts.append("\nThis program is an aid. It does not replace the limits set on the supply, a meter of your own, and you being there.")
    return Content.assemble(*parts)


class HelpScreen(Dialog):
    """Scrolls with the arrow keys; Esc goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1,enter", "dismiss", "back", show=False)]

    def compose(self) -> ComposeResult:
        yield self.status
        with Vertical(classes="dialog -large"):
            yield Line("Help: all keys", classes="dialog-title")
            with VerticalScroll():
                yield Text(help_text(), id="help-text")
            yield Line("↑ ↓ scroll · esc back · ^x OUTPUT OFF", classes="dialog-keys")

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        text = self.query_one("#help-text", Text)
        text.show(help_text(text.size.width or WIDEST))
