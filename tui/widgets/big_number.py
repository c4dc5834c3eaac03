"""A number that is read from two metres away. Only the digits that changed are drawn."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Region
from textual.renderables.digits import Digits as DigitsRenderable
from textual.widgets import Digits

from tui.bench.messages import Channel
from tui.terminal import glyphs
from tui.widgets.text import BLANK, number, plain


class BigNumber(Digits):
    """A channel in big digits, right-aligned in a fixed width of `digits` places and a point; one bold line where there is no room.

    Stale is struck through and dim, unknown is a dash: never the last value in the same ink.
    """

    DEFAULT_CSS = """
    BigNumber { height: 3; text-align: right; text-style: bold; }
    BigNumber.-stale { text-style: strike dim; }
    BigNumber.-unknown { text-style: dim; }
    """

    def __init__(self, decimals: int, whole: int, unit: str, *, id: str | None = None) -> None:  # noqa: A002
        self._decimals, self._places = decimals, decimals + whole + 1
        self._needed = 3 * (decimals + whole) + 1
        self._unit, self._channel = unit, Channel()
        super().__init__("-", id=id)
        self.styles.width = self._needed

    @property
    def needed_width(self) -> int:
        """Columns that the big digits need; with fewer the number is one line."""
        return self._needed

    def show(self, channel: Channel) -> None:
        known = channel.value is not None and channel.trust != "unknown"
        self.set_class(not known, "-unknown")
        self.set_class(known and channel.trust == "stale", "-stale")
        text = number(channel.value, self._decimals, 1) if known else "-"
        self._channel = channel
        if text == self.value:
            return
        old, self._value = self.value, text
        if len(old) != len(text) or not known or not self._is_big:
            self.refresh()
            return
        # digits before the first difference stay as they are on the terminal
        same = next(index for index, (left, right) in enumerate(zip(old, text, strict=True)) if left != right)
        left = self.size.width - DigitsRenderable.get_width(text[same:])
        self.refresh(Region(max(0, left), 0, self.size.width, self.size.height))

    @property
    def _is_big(self) -> bool:
        return glyphs() != "ascii" and self.size.height >= 3 and self.size.width >= DigitsRenderable.get_width(self.value)

    def render(self) -> RenderResult:
        if self._is_big:
            return super().render()
        text = plain(BLANK) if self.value == "-" else self.value
        return Content.styled(f"{text} {self._unit}", "bold")
