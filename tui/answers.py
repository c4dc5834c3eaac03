"""What threads post back to the application: answers of the bench. Posting never blocks, also while the terminal is stalled."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from tui.bench.messages import Outcome, Point, SessionCard


class Sent(Message):
    """The bench has answered a Command."""

    def __init__(self, outcome: Outcome, done: Callable[[Outcome], None] | None) -> None:
        super().__init__()
        self.outcome, self.done = outcome, done


class Curve(Message):
    """The curve of a session, and the texts of its steps, as fetched by a thread."""

    def __init__(self, session: str, card: SessionCard | None, points: list[Point]) -> None:
        super().__init__()
        self.session, self.card, self.points = session, card, points


class Closed(Message):
    """The bench has ended; `off` tells whether the output is proved off."""

    def __init__(self, off: bool) -> None:
        super().__init__()
        self.off = off
