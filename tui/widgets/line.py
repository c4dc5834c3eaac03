"""Text that is drawn only when it differs: one fixed-size line costs about 100 bytes on the wire, an unchanged one none."""

from __future__ import annotations

from textual.content import Content
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
