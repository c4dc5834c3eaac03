"""What is asked before something is lost or started again: each question in its words, with what follows from a yes."""

from __future__ import annotations

from tui.bench.messages import Prompt, Snapshot, Unfinished
from tui.panes.confirm import ConfirmScreen, LineScreen
from tui.widgets.text import duration


def checks_of(snapshot: Snapshot) -> str:
    """What must be looked at before going on, numbered."""
    return "\n".join(f"{number}. {check}" for number, check in enumerate(snapshot.held_checks, 1))


def resume_after_hold(snapshot: Snapshot) -> ConfirmScreen:
    checks = checks_of(snapshot) or "Nothing in particular to look at."
    return ConfirmScreen("Go on after the HOLD?", checks, yes="all of this is checked, go on", no="not yet")


def resume_after_trip(snapshot: Snapshot) -> LineScreen:
    words = f"{checks_of(snapshot)}\nWhat was the cause, and what did you do about it? All gates are asked again."
    return LineScreen("Start again after a TRIP", words.strip())


def override(prompt: Prompt) -> LineScreen:
    return LineScreen("Override this gate", f"Refused: {prompt.refusal}\nYour reason stays in the record and in the report.")


def note() -> LineScreen:
    return LineScreen("Note for the record", "What did you see or do?")


def end_session() -> ConfirmScreen:
    loss = "The output goes off and the result is STOPPED. The cells are not balanced by it."
    return ConfirmScreen("End this session now?", loss, yes="end it", no="carry on")


def quit_with_output(snapshot: Snapshot) -> ConfirmScreen:
    question = "The output is on. Quit?" if snapshot.output_on else "Whether the output is on is not known. Quit?"
    loss = "It is switched off first, and the charge stops. The next start takes the session up again."
    return ConfirmScreen(question, loss, yes="switch off and quit", no="stay")


def _about(left: Unfinished) -> str:
    """What is known of a session that its program left."""
    volts = "" if left.cells_v is None else f", {left.cells_v:.3f} V at the cells"
    was = f"{left.charge_ah:.1f} Ah{volts}, output {'ON' if left.output_on else 'off'} when last seen"
    since = "" if left.gap_s is None else f" {duration(left.gap_s)} ago"
    return f"Session {left.session} ({left.bank}) stopped without an end{since}: {was}."


def go_on_with(left: Unfinished) -> ConfirmScreen:
    words = (
        f"{_about(left)}\n\nIt cannot go on: {left.problem}\n\n"
        "Put that right, then try again: the supply is identified, switched off first, and the session waits in a HOLD."
    )
    return ConfirmScreen("Take up the unfinished session?", words, yes="try again", no="not now")


def end_unfinished(left: Unfinished) -> ConfirmScreen:
    look = f"\n\nLook at the supply ({left.supply}) first: its output may still be on." if left.output_on else ""
    return ConfirmScreen(
        "End the unfinished session?", f"{_about(left)} Its record stays, as UNFINISHED.{look}", yes="end it", no="keep it"
    )


def leave_unproved() -> ConfirmScreen:
    loss = "Switch the supply off at its mains switch, or pull the + lead from the cells. Then leave."
    return ConfirmScreen("The output is not proved off", loss, yes="leave", no="stay")
