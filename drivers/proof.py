"""How one of our own emulators proves what it is: a question that no instrument knows, and an answer that none gives.

It is asked only where an address wants scaled time, which no hardware can give. The answer is a comment to a meter that sends lines of text.
"""

from __future__ import annotations

from drivers.roles import Line, WrongDevice

REQUEST, ANSWER = b"token?\n", b"# topbal!!\n"
DEADLINE_S = 2.0


def demand(line: Line, address: str) -> None:
    """Raises WrongDevice where hardware, or nobody, answers. Nothing but the question was sent."""
    if line.ask(REQUEST, len(ANSWER), DEADLINE_S, end=ANSWER) != ANSWER:
        what = "scaled time is for our own emulators only, and this is none; nothing was written."
        raise WrongDevice(address, "identify", what, "Leave the option 'speed' out of the address.")
