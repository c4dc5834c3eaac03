"""Runs a session on steps made by a test instead of a built-in procedure's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from tui.domain.procedure import Step


@contextmanager
def with_steps(made: tuple[Step, ...]) -> Iterator[None]:
    with patch("tui.bench.commands.steps", lambda *_, **__: made):
        yield
