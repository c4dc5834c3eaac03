"""After a crash, a kill or a power cut: the session that was left without an end is taken up again (fault F-32).

Nothing is energised. The supply must identify as the one that the session began with; its output is read and, if it is on, switched off with proof
(F-34); then the session stands in a HOLD like any other, from which the operator goes on behind a measurement, or ends it.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from drivers.address import AddressError
from drivers.roles import InstrumentError, Supply, SupplyProfile, SupplyReading, WrongDevice
from drivers.supplies.manual import ManualSupply
from tui.bench import left, memory
from tui.bench.guard import Finding
from tui.bench.left import Left
from tui.bench.messages import Abandon, Continue, Outcome, Unfinished
from tui.bench.ports import Port
from tui.bench.recorder import Recorder
from tui.bench.seat import leave_seat, missing_bms, missing_meter, open_supply, seat
from tui.bench.stranger import Stranger
from tui.bench.time_watch import TimeWatch
from tui.domain import calculations
from tui.domain.plan import Plan
from tui.domain.procedures import steps
from tui.records.cell import InvalidCell
from tui.records.store import StoreError

if TYPE_CHECKING:
    from tui.bench.bench import Bench

log = logging.getLogger(__name__)

CODE = "F-32"
AGAIN_S = 30.0
"""Line seconds between two tries to reach the supply of a session that may have left it on."""
REFUSALS = (InstrumentError, AddressError, StoreError, InvalidCell, OSError, ValueError, KeyError, TypeError)


def look_back(bench: Bench) -> None:
    """Called once when a bench begins: take up what an earlier program left. Sessions that never came to a step are ended at once."""
    try:
        embedded = bench.hands is not None
        found = [one for one in left.all_left(bench.home) if one.embedded in (None, embedded)]  # a home may hold both
    except (StoreError, OSError, ValueError, KeyError, TypeError) as problem:
        log.error("what earlier sessions left could not be read: %s", problem)
        text = f"Whether an earlier session was left without an end is not known: {problem} Look at the supply; if it is on, switch it off."
        bench.warn("records", "earlier sessions cannot be read", text)
        return
    for one in [one for one in found if not one.memory]:
        found.remove(one)
        try:
            left.end(bench.home, one, "the program ended before the first step")
        except (StoreError, OSError, ValueError) as problem:
            log.error("session %s, without a first step, could not be ended: %s", one.row.id, problem)
    bench.left = found
    if found:
        outcome = take_up(bench)
        if not outcome.ok:
            log.warning("session %s cannot go on: %s", found[-1].row.id, outcome.message)


def try_again(bench: Bench) -> None:
    """Called in each idle tick: a supply that may be on and could not be reached is asked for again, whether somebody is there or not."""
    if not bench.left or not bench.left[-1].output_on or bench.session is not None or bench.stranger is not None:
        return
    if bench.line_now_s() - bench.left_tried_s >= AGAIN_S:
        take_up(bench)


def unfinished(bench: Bench) -> Unfinished | None:
    """The newest session that waits to be taken up, for the Snapshot."""
    if not bench.left or (bench.session is not None and bench.state != "ended"):
        return None
    one = bench.left[-1]
    return Unfinished(
        session=one.row.id,
        bank=one.plan.bank,
        step=one.step_id,
        gap_s=_gap_s(bench, one),
        charge_ah=one.charge_ah,
        cells_v=one.reading.get("cells_v"),
        output_on=one.output_on,
        supply=str(one.supply.get("model") or one.plan.supply.address),
        problem=bench.left_problem,
        others=len(bench.left) - 1,
    )


def take_up(bench: Bench, command: Continue | None = None) -> Outcome:
    """Put the newest left session on the bench, off first, in a HOLD. What stands against it is told, and kept for the Snapshot."""
    one = bench.left[-1] if bench.left else None
    if one is None or (command is not None and command.session != one.row.id):
        return Outcome(False, "No session waits to go on.")
    if bench.session is not None and bench.state != "ended":
        return Outcome(False, "A session is running. End it first (e).")
    bench.left_tried_s = bench.line_now_s()
    leave_seat(bench)
    try:
        _take_up(bench, one)
    except REFUSALS as problem:
        leave_seat(bench)
        bench.left_problem = str(problem)
        if not isinstance(problem, InstrumentError):
            _off_all_the_same(bench, one)
        return Outcome(False, bench.left_problem)
    bench.left.pop()
    bench.left_problem = ""
    bench.time_watch = TimeWatch(bench)  # a silent line may have taken long: that is no time in which nobody watched a charge
    return Outcome(True, "The session is back, with the output off. Go on with g.")


def _off_all_the_same(bench: Bench, one: Left) -> None:
    """The session cannot go on, its record cannot be written perhaps; the output that it left on is switched off with proof (F-34 c)."""
    if one.plan.supply.by_hand or not one.supply:
        return
    try:
        plan, port, profile, first = _reached(bench, one)
    except REFUSALS as problem:
        log.error("whether the output is on is not known: %s", problem)
        leave_seat(bench)
        return
    if first.output_on is False:
        leave_seat(bench)
        bench.left[-1] = replace(one, output_on=False)
        return
    bench.stranger = Stranger(bench, plan, profile, port)
    bench.stranger.switch_off("left on by a session that cannot go on")


def abandon(bench: Bench, command: Abandon) -> Outcome:
    """End a left session without going on."""
    one = bench.left[-1] if bench.left else None
    if one is None or command.session != one.row.id:
        return Outcome(False, "No session waits to be ended.")
    said = "Ended as unfinished."
    try:
        left.end(bench.home, one, command.reason.strip() or "the program had stopped; the operator did not go on")
    except StoreError as problem:  # its journal has the end, so it never goes on; the next start closes its row
        said = f"Ended as unfinished in its journal; its row could not be written yet: {problem}"
    bench.left.pop()
    bench.left_problem = ""
    if one.output_on:
        said += " Its supply was on when the program stopped: look at it, and switch it off."
    return Outcome(True, said)


def _gap_s(bench: Bench, one: Left) -> float | None:
    """Wall seconds since its last sign of life; None where the computer's clock went backwards meanwhile."""
    gap = bench.clock.unix_s() - one.last_unix_s
    return gap if gap >= 0 else None


def _take_up(bench: Bench, one: Left) -> None:
    """Raises what `REFUSALS` names."""
    memory.check(one.memory)
    plan, port, profile, first = _reached(bench, one)
    bench.follow(profile.emulated, plan.supply.address)
    made = steps(plan, one.own_procedure)
    no_meter, no_bms = missing_meter(bench, plan), missing_bms(bench, plan, made)
    gap_s = _gap_s(bench, one)
    elapsed_s = one.last_test_s + (gap_s or 0.0)
    recorder = Recorder.go_on(bench.home, bench.clock, one.row.id, elapsed_s=elapsed_s)
    session = seat(bench, plan, profile, port, recorder, made, started_s=bench.now_s() - elapsed_s)
    assert session.runner is not None
    recorder.strict = False  # what follows is no Command: a disk that refuses now is told as in any charge
    memory.restore(session, session.runner, one.memory, one.reading, bench.now_s())
    bench.arrangement = str(calculations.wiring(session.plan))
    surface_c = one.memory.get("surface_c")
    if surface_c is not None:
        session.composer.type("surface_c", float(surface_c), session.started_s)  # old: it is asked again before it counts
    session.attention.current_a = session.forecaster.current_a = session.end_rule.set_current_a = session.current_a
    text = "the program did not run; what flowed in this time is not counted"
    bench.log("gap", durable=True, seconds=None if gap_s is None else round(gap_s, 1), text=text)
    bench.log(
        "resume",
        durable=True,
        text="taken up after the program had stopped",
        data={"output_found": first.output_on, "supply": profile.model},
    )
    for row in one.memory.get("held", ()):
        if row["code"] != CODE:
            bench.safety.raise_alarm(Finding(**row))  # why it was stopped already is not forgotten
    _off_first(bench, one, first.output_on, gap_s)
    if no_meter:
        text = f"{no_meter} Without it the cells' volts are asked of you. Plug it in; g tries it again."
        bench.warn("meter-missing", "the meter does not answer", text)
    if no_bms:
        text = f"{no_bms} Without it what it shows is asked of you. Plug it in; g tries it again."
        bench.warn("bms-silent", "the BMS does not answer", text)


def _reached(bench: Bench, one: Left) -> tuple[Plan, Port[Supply], SupplyProfile, SupplyReading]:
    """The session's own supply where it is now, its first reading, and the plan with that address. Raises what `REFUSALS` names."""
    plan = _where_now(bench, one) if bench.hands is None else bench.hands.woken(one.plan, _acts(one), one.charge_ah)
    port, profile, first = open_supply(bench, plan)
    _same(one, profile)
    return plan, port, profile, first


def _where_now(bench: Bench, one: Left) -> Plan:
    """The plan with the addresses that its instruments have now: a port may have been numbered anew. Raises LostLine for the supply's."""
    plan, instruments = one.plan, bench.instruments
    supply = plan.supply
    if not supply.by_hand:
        supply = replace(supply, address=instruments.found_again(supply.address, one.adapters.get("supply"), identifies=True))
    meter, bms = plan.meter, plan.bms
    with contextlib.suppress(InstrumentError):  # told when it is opened
        meter = meter and instruments.found_again(meter, one.adapters.get("meter"), identifies=False)
    with contextlib.suppress(InstrumentError):
        bms = bms and instruments.found_again(bms, one.adapters.get("bms"), identifies=False)
    return replace(plan, supply=supply, meter=meter, bms=bms)


def _same(one: Left, profile: SupplyProfile) -> None:
    """Only the supply that the session began with is written to."""
    known, found = (one.supply.get("model"), one.supply.get("serial") or ""), (profile.model, profile.serial)
    if profile.has_interface and known != found:
        raise WrongDevice(
            one.plan.supply.address,
            "identify",
            f"a {found[0]} (serial {found[1] or 'unknown'}) answers where the session had a {known[0]} (serial {known[1] or 'unknown'}). "
            "Nothing was sent to it.",
            "Plug the right one in, then try again.",
        )


def _off_first(bench: Bench, one: Left, found_on: bool | None, gap_s: float | None) -> None:
    """Output off with proof, and the HOLD. With knobs nobody knows the output's state: if it was on, hands are called."""
    driver = bench.supply.driver if bench.supply else None
    unknown = "for an unknown time" if bench.hands is not None else "for an unknown time (the computer's clock ran backwards)"
    how_long = unknown if gap_s is None else f"for {_words(gap_s)}"
    volts = one.reading.get("cells_v")
    last = f"Last seen: {'' if volts is None else f'{volts:.3f} V at the cells, '}output {'on' if one.output_on else 'off'}. "
    if isinstance(driver, ManualSupply):
        set_v, set_a = one.reading.get("set_voltage_v"), one.reading.get("set_current_a")
        if set_v is not None and set_a is not None:
            driver.told_set(set_v, set_a)
            bench.output.told(voltage_v=set_v, current_a=set_a)
        driver.told_output(one.output_on)
        bench.output.told(output_on=one.output_on)
        now = "The supply may have gone on all the time. " if one.output_on else ""
    elif found_on is False:
        now = "The supply's output is off. "
    else:
        now = "The supply's output was found ON and is switched off. " if found_on else "The supply's output is switched off. "
        bench.output.told(output_on=True)
        bench.running.off_since_s = None  # a rest begins with the proof of this off
        bench.safety.begin_off("taken up after the program had stopped")
    why = "it had been ended, in order" if one.paused else "a crash, a kill or a power cut"
    text = f"The program did not run {how_long}: {why}. {last}{now}Nothing is lost; charge in the gap is not counted. "
    bench.safety.act_on(Finding("hold", CODE, "the program had stopped", text + "Go on (g), which measures first, or end the session (e)."))
    bench.remember()


def _acts(one: Left) -> tuple[str, ...]:
    """The physical acts of the steps that were passed, in their order: how the bank stood on a simulated bench."""
    acts: list[str] = []
    taken = one.memory.get("taken") or ()
    here = taken[-1]["step_id"] if "@remedy-" in one.step_id and taken else one.step_id  # a remedy stands before the step that it is for
    for step in steps(one.plan, one.own_procedure):
        if step.id == here:
            break
        acts += step.hands
    return tuple(acts)


def _words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
