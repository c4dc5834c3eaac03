"""Text that is drawn only when it differs: one fixed-size line costs about 100 bytes on the wire, an unchanged one none."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget
from textual.widgets import Static


class Line(Static):
    """One line of fixed size. `show` compares before it draws; text is never read as markup."""

    DEFAULT_CSS = "Line { height: 1; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }"

    def __init__(self, content: Content | str = "", *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(content, markup=False, id=id, classes=classes)
        self._shown = Content(content) if isinstance(content, str) else content

    @property
    def text(self) -> str:
        """What is shown, without style."""
        return self._shown.plain

    def show(self, content: Content | str) -> None:
        new = Content(content) if isinstance(content, str) else content
        if new.is_same(self._shown):
            return
        self._shown = new
        self.update(new, layout=False)


class Text(Line):
    """Words that wrap and take the height they need; a change lays the pane out again, so it is for what changes rarely."""

    DEFAULT_CSS = "Text { height: auto; width: 1fr; text-wrap: wrap; text-overflow: fold; }"

    def __init__(self, content: Content | str = "", *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(content, id=id, classes=classes)
        self.display = bool(self._shown.plain)

    def show(self, content: Content | str) -> None:
        new = Content(content) if isinstance(content, str) else content
        if new.is_same(self._shown):
            return
        self._shown = new
        self.display = bool(new.plain)
        self.update(new)


class Rows(Widget):
    """Several lines in one widget; of those only the rows that differ are drawn. Its height follows the number of rows."""

    DEFAULT_CSS = "Rows { height: auto; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rows: list[Content] = []

    @property
    def texts(self) -> list[str]:
        """What is shown, row by row, without style."""
        return [row.plain for row in self._rows]

    def show_rows(self, rows: Sequence[Content]) -> None:
        old, self._rows = self._rows, list(rows)
        if len(old) != len(rows):
            self.refresh(layout=True)
            return
        changed = [
            Region(0, y, self.size.width, 1) for y, (before, now) in enumerate(zip(old, rows, strict=True)) if not now.is_same(before)
        ]
        if changed:
            self.refresh(*changed)

    def render(self) -> RenderResult:
        return Content("\n").join(self._rows)
