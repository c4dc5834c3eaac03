"""What the command line writes, without what would steer a terminal: names, notes and instruments' words are printed, never obeyed.

The one place for it: every command prints through `sys.stdout` and `sys.stderr`. The full-screen application writes past them, and has its own
(`tui.widgets.no_controls`).
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

_STEERING = re.compile(r"\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    """Control characters, and those that reverse the direction of writing, as "\\u001b": to be read, and still good JSON."""
    return _STEERING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


class PlainOutput(io.TextIOWrapper):
    """A text stream that writes nothing but text."""

    def write(self, text: str) -> int:
        super().write(escaped(text))
        return len(text)


@contextmanager
def plain_output() -> Iterator[None]:
    """Standard output and standard error print text only, until the block ends."""
    with ExitStack() as stack:
        for name in ("stdout", "stderr"):
            stack.enter_context(_plain(name))
        yield


@contextmanager
def _plain(name: str) -> Iterator[None]:
    before = getattr(sys, name)
    if not isinstance(before, io.TextIOWrapper):  # a test's own stream, or none at all
        yield
        return
    before.flush()
    plain = PlainOutput(before.buffer, before.encoding, "backslashreplace", line_buffering=before.line_buffering, write_through=True)
    setattr(sys, name, plain)
    try:
        yield
    finally:
        setattr(sys, name, before)
        with suppress(BrokenPipeError):
            plain.detach()  # flushes; the stream below belongs to `before`
