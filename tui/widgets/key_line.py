"""The last line: the keys that work now. `^x OUTPUT OFF` first and `F1 help` last, always; what does not fit between is left out whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import events
from textual.content import Content
from textual.style import Style

from tui.widgets.line import Line
from tui.widgets.text import plain

KeyHint = tuple[str, str, str]  # key as written, words, action for a mouse click ("" for none)

STOP: KeyHint = ("^x", "OUTPUT OFF", "app.stop")
HELP: KeyHint = ("F1", "help", "app.help")


def fit(hints: Iterable[KeyHint], width: int) -> list[KeyHint]:
    """The hints that fit into `width` beside stop and help, in their order; none is cut."""
    left = width - sum(len(key) + len(words) + 3 for key, words, _ in (STOP, HELP)) - 1
    taken: list[KeyHint] = []
    for key, words, action in hints:
        need = len(key) + len(words) + 4
        if need > left:
            break
        left -= need
        taken.append((key, words, action))
    return taken


class KeyLine(Line):
    """Footer of every screen. `show_keys` takes what works now, most important first."""

    DEFAULT_CSS = """
    KeyLine {
        dock: bottom; background: $panel; color: $foreground 70%;
        link-style: none; link-color: $foreground 70%; link-style-hover: underline; link-background-hover: $panel; link-color-hover: $foreground;
    }
    """

    def __init__(self, hints: Sequence[KeyHint] = ()) -> None:
        super().__init__(id="keys")
        self._hints = tuple(hints)

    def show_keys(self, hints: Sequence[KeyHint]) -> None:
        self._hints = tuple(hints)
        self._draw()

    def on_resize(self, _event: events.Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.size.width or self.app.size.width  # before the first layout: the whole line
        middle = fit(self._hints, width)
        parts: list[Content] = [_hint(STOP, "bold $text-error")]
        parts += [Content.assemble(plain(" · "), _hint(hint, "bold $foreground")) for hint in middle]
        help_hint = _hint(HELP, "bold $foreground")
        used = sum(part.cell_length for part in parts) + 1
        gap = max(1, width - used - help_hint.cell_length - 1)
        self.show(Content.assemble(" ", *parts, " " * gap, help_hint))


class StopLine(Line):
    """The stop key alone, for dialogs."""

    DEFAULT_CSS = """
    StopLine { dock: bottom; background: $panel; color: $text-error; text-style: bold; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__(_hint(STOP, ""), classes="stop-line")


def _hint(hint: KeyHint, key_style: str) -> Content:
    key, words, action = hint
    style = key_style if hint is STOP else ""
    found = Content.assemble((key, key_style), " ", (words, style))
    return found.stylize(Style.from_meta({"@click": action})) if action else found
