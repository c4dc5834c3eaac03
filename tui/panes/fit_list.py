"""What fits: every procedure for this bank and supply in one line each, with its hours, or with the reason why it does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.domain.procedures import TITLES
from tui.panes.setup_fields import OWN
from tui.widgets.text import plain

if TYPE_CHECKING:
    from tui.domain.fits import Choice, Fit

NOTE_LINES = 3  # under the list, always, so that nothing below it moves


def title_of(name: str) -> str:
    """A procedure or chain in words; a person's own by its name."""
    return TITLES.get(name) or (f"own: {name.removeprefix(OWN)}" if name.startswith(OWN) else name)


def hours_words(low_s: float | None, high_s: float | None) -> str:
    """ "45–70 min", "3.5–5.2 h", "97–122 h"; "" when nothing honest can be said."""
    if low_s is None or high_s is None:
        return ""
    unit, scale, digits = ("min", 60, 0) if high_s < 99.5 * 60 else ("h", 3600, 1 if high_s < 36000 else 0)
    low, high = f"{low_s / scale:.{digits}f}", f"{high_s / scale:.{digits}f}"
    return f"≈{high} {unit}" if low == high else f"{low}–{high} {unit}"


def note_of(fit: Fit, best: Choice | None) -> str:
    """What there is to say about one procedure: why it is recommended, why it does not fit, or what it is like."""
    if not fit.ok:
        return f"Does not fit: {fit.why_not}"
    if best is not None and best.name == fit.name:
        return f"Recommended: {best.why}"
    return " ".join(part for part in (fit.note, f"{fit.hands_on[:1].upper()}{fit.hands_on[1:]}." if fit.hands_on else "") if part)


class FitList(Widget, can_focus=True):
    """Up and down look, Enter takes the procedure into its field, `?` reads its note in full."""

    DEFAULT_CSS = """
    FitList { height: auto; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("enter,space", "take", "Take", show=False),
        Binding("question_mark", "why", "Why?", key_display="?"),
    ]

    fits: reactive[tuple[Fit, ...]] = reactive((), layout=True)
    cursor: reactive[int] = reactive(0)
    chosen: reactive[str] = reactive("")

    class Taken(Message):
        """This procedure is to be done."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class WhyAsked(Message):
        """The whole note of one procedure was asked for."""

        def __init__(self, title: str, text: str) -> None:
            super().__init__()
            self.title, self.text = title, text

    def __init__(self) -> None:
        super().__init__()
        self._best: Choice | None = None

    def show(self, fits: Sequence[Fit], best: Choice | None, chosen: str) -> None:
        """Draw; nothing happens when all is the same."""
        if best != self._best:
            self._best = best
            self.refresh()
        self.fits = tuple(fits)
        if chosen != self.chosen or not self.has_focus:
            self.cursor = next((at for at, fit in enumerate(self.fits) if fit.name == chosen), 0)
        self.chosen = chosen

    def render(self) -> RenderResult:
        if not self.fits:
            return Content.styled("What fits is shown\nas soon as every field can be read.", "dim")
        lines = [Content.assemble(("What fits", "underline $foreground 60%"), (f"     {plain('★')} recommended", "$foreground 60%"))]
        lines += [self._line(at, fit) for at, fit in enumerate(self.fits)]
        note = note_of(self.fits[min(self.cursor, len(self.fits) - 1)], self._best)
        rows = wrap(note, max(20, self.size.width))
        if len(rows) > NOTE_LINES:
            rows = [*rows[: NOTE_LINES - 1], f"{rows[NOTE_LINES - 1][: max(0, self.size.width - 4)]} … ?"]
        lines += [Content.styled(row, "$foreground 75%") for row in [*rows, *[""] * (NOTE_LINES - len(rows))]]
        return Content("\n").join(lines)

    def _line(self, at: int, fit: Fit) -> Content:
        best = self._best is not None and self._best.name == fit.name
        sign = plain("★" if best else "✓" if fit.ok else "✗")
        title, hours = title_of(fit.name), hours_words(fit.low_s, fit.high_s) if fit.ok else "no"
        width = min(max(len(title_of(each.name)) for each in self.fits), max(8, self.size.width - 13))
        title = title if len(title) <= width else f"{title[: width - 1]}…"
        style = "bold $accent" if fit.name == self.chosen else "" if fit.ok else "$foreground 50%"
        if self.has_focus and at == self.cursor:
            style += " reverse"
        mark = plain("▶") if fit.name == self.chosen else " "
        return Content.assemble(mark, (f"{sign} {title:<{width}}", style), f"{hours:>10}")

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def watch_cursor(self, cursor: int) -> None:
        if isinstance(self.parent, Widget) and self.has_focus:
            self.parent.scroll_to_region(Region(0, cursor + 1, self.size.width, 1), animate=False)

    def action_move(self, by: int) -> None:
        self.cursor = max(0, min(len(self.fits) - 1, self.cursor + by))

    def action_take(self) -> None:
        if self.fits:
            self.post_message(self.Taken(self.fits[self.cursor].name))

    def action_why(self) -> None:
        if self.fits:
            fit = self.fits[self.cursor]
            self.post_message(self.WhyAsked(title_of(fit.name), note_of(fit, self._best)))
