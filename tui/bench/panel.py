"""Once for each supply: does its front panel show what this program has set? Asked behind the write test, with the output off and nothing near."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from drivers.supplies.checked import TEST_V, down_to_step
from tui.domain.gates_panel import PANEL_CHOICES
from tui.domain.procedure import Field, Step
from tui.records import known_supplies
from tui.records.store import StoreError

if TYPE_CHECKING:
    from drivers.roles import SupplyProfile
    from tui.bench.bench import Bench
    from tui.bench.session import Session

log = logging.getLogger(__name__)
SEEN = "panel_seen"
"""Fact of a session in which it was answered."""


def written_v(profile: SupplyProfile) -> float:
    """The voltage that the write test has left on the supply."""
    return down_to_step(max(TEST_V, profile.min_voltage_v), profile.voltage_step_v)


def question(bench: Bench, session: Session, step: Step) -> Step | None:
    """What is asked when `step` is over; None where the panel was seen before, or where there is none: our own emulators have no panel."""
    profile = session.profile
    if step.action != "write-test" or session.by_hand or SEEN in session.facts or profile.emulated or bench.hands is not None:
        return None
    try:
        if known_supplies.panel_seen(bench.home, profile.family, profile.model, profile.serial):
            return None
    except StoreError as problem:
        log.warning("whether the panel of this supply was seen is not known: %s", problem)
    volts = f"{written_v(profile):.2f} V"
    return Step(
        id="panel",
        title=f"The panel shows {volts}",
        instruction=(
            f"{volts} were set by this program just now; the output is off. Look at the front panel of the {profile.model}: which set voltage does "
            "it show? (Some panels show it only after a key, and the output's 0.00 V before.)"
        ),
        tutorial="4.2",
        fields=(Field("panel", f"Set to {volts}, it shows", "choice", choices=PANEL_CHOICES),),
        gate="panel",
    )


def answered(bench: Bench, session: Session, choice: str) -> None:
    """Keep what the eye saw: for good where the supply has a serial number, else for this session."""
    session.facts[SEEN] = 1.0
    if choice != PANEL_CHOICES[0]:
        return
    profile = session.profile
    try:
        known_supplies.note_panel(bench.home, profile.family, profile.model, profile.serial, shown_v=written_v(profile))
    except (StoreError, ValueError) as problem:
        log.warning("that the panel of this supply was seen could not be kept: %s", problem)
