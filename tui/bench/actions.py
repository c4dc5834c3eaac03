"""What the bench itself does in a step: identify, test the writes, test the set-point with leads apart, test the contact, charge, off.

Each action is a generator that is stepped once a tick, so the guard goes on looking while it runs. An action that finds something wrong raises
`ActionRefused` with words for the operator; the output is off and proved off by then.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from statistics import median
from typing import Protocol

from drivers.roles import OperatorMustAct, SupplyProfile, SupplyReading
from drivers.supplies.checked import down_to_step
from tui.bench.output import Output
from tui.bench.reading import Reading
from tui.domain import calculations
from tui.domain.plan import Plan

OPEN_LEAD_ON_S = 2.5
"""Output on with leads apart: at most 3 s in all (fault F-01), switching included."""
BEYOND_RATING = 1.1  # what a healthy supply may show above its rating
CONTACT_ON_S = 2.0
OPEN_LEAD_METER, SAME_V, ROSE_V = "open_lead_meter_v", 0.003, 0.5
"""Fact: what a meter that is carried about showed at the open lead ends: two readings in a row that agreed, and rose with the output. One that lies
elsewhere does not."""
CONTACT_CURRENT_A = 0.2


class ActionRefused(Exception):
    """The action found something wrong; the text says what was found, what it means, and what to do."""


class Hall(Protocol):
    """What an action may see and use of the bench."""

    output: Output
    profile: SupplyProfile
    facts: dict[str, float]

    @property
    def plan(self) -> Plan: ...

    @property
    def reading(self) -> Reading: ...

    def line_now_s(self) -> float: ...

    def charge_current_a(self) -> float: ...

    def warn(self, code: str, title: str, text: str) -> None: ...


Action = Iterator[None]


def over_voltage_v(plan: Plan) -> float:
    """Level of the supply's over-voltage protection: target + 0.10 V, at most 3.80 V for one cell (supply rules, section OVP level).

    For cells in series it is their number × target + 0.10 V (fault F-28).
    """
    target_v = calculations.pack_target_v(plan)
    return min(target_v + 0.10, 3.80) if calculations.wiring(plan).series == 1 else target_v + 0.10


def identify(hall: Hall) -> Action:
    """Who is there, does it come up with the output on, is anything on or tripped now. Writes nothing."""
    yield
    if not hall.profile.has_interface:
        return
    profile = hall.output.port.call(lambda supply: supply.identify())
    known = hall.profile
    if (profile.model, profile.serial) != (known.model, known.serial):
        raise ActionRefused(
            f"At the start a {known.model} (serial {known.serial or 'unknown'}) answered here, now a {profile.model} "
            f"(serial {profile.serial or 'unknown'}). Nothing was sent. Plug the first one in again, or start anew."
        )
    comes_up_on = hall.output.port.call(lambda supply: supply.power_up_output())
    if comes_up_on is None:
        hall.warn(
            "power-up",
            "output after a power cut not known",
            f"The {profile.model} does not tell whether it switches its output on by itself when power returns. Try it now, with its leads "
            "off the cells: mains off, mains on again. If the output comes on, switch that off in its menu, or pull the + lead whenever you leave.",
        )
    if comes_up_on:
        raise ActionRefused(
            f"The {profile.model} is set to switch its output on by itself when power returns. After a mains dip it would charge "
            "unwatched. Switch that off in the supply's menu (boot or power-on output), then try again."
        )
    yield
    supply = hall.reading.supply
    if supply is None or not hall.reading.supply_fresh:
        raise ActionRefused(f"The {profile.model} does not answer. Check its cable and that no other program uses the port.")
    if supply.output_on:
        raise ActionRefused(
            f"The output of the {profile.model} is on, and not by this program. Nothing was sent. Switch it off at its panel, or press "
            "ctrl+x and let the program do it, then try again."
        )
    wrong = _beyond_rating(profile, supply)
    if wrong:
        raise ActionRefused(
            f"The {profile.model} answers {wrong}. Its scale is not what this program believes: every value would be wrong by as much. "
            "Nothing was sent. Check which model is on this port before anything is set."
        )
    if known.echoes_set_point:
        hall.warn(
            "F-26",
            "this supply repeats its set-point",
            f"The {profile.model} repeats its set-point near it instead of measuring. There its volts may raise an alarm, but they clear none and "
            "end nothing: the charge goes on and ends by a meter at the cells, live or typed (key r).",
        )
    if profile.over_voltage_is_crowbar:
        hall.warn(
            "crowbar",
            "over-voltage protection stays off",
            f"The over-voltage protection of the {profile.model} shorts its output (a crowbar), and with it your cells: hundreds of amperes "
            "through the supply. This program never switches it on; switch it off at the panel if it is on. The fuse in the + lead and the "
            "limits of this program are what stands between.",
        )
    if supply.protection:
        hall.warn("protection-shown", "protection shown", f"The supply shows {supply.protection} from before. Clear it at the panel.")


def _beyond_rating(profile: SupplyProfile, supply: SupplyReading) -> str:
    """What the supply shows that its own rating makes impossible, in words; "" when all fits."""
    for name, value, rating, unit in (
        ("a set-point", supply.set_voltage_v, profile.max_voltage_v, "V"),
        ("a set-point", supply.set_current_a, profile.max_current_a, "A"),
        ("a reading", supply.voltage_v, profile.max_voltage_v, "V"),
        ("a reading", supply.current_a, profile.max_current_a, "A"),
    ):
        if value is not None and value > BEYOND_RATING * rating:
            return f"{name} of {value:g} {unit}, and its rating is {rating:g} {unit}"
    return ""


def write_test(hall: Hall) -> Action:
    """Harmless set-points with the output off, read back: proves scale and obedience before any cell is near (fault F-19)."""
    yield
    hall.output.port.call(lambda supply: supply.prove_writable())
    hall.output.told(voltage_v=None, current_a=None)


def _on_for(
    hall: Hall,
    seconds: float,
    reason: str,
    enough: Callable[[SupplyReading], bool] | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Generator[None, None, list[SupplyReading]]:
    """Output on for so many line seconds, or until an answer is `enough`; then off with proof, whatever happens. Gives the answers."""
    answers: list[SupplyReading] = []
    try:
        hall.output.on()
        started = hall.line_now_s()
        while hall.line_now_s() - started < seconds:
            yield
            meanwhile()
            supply = hall.reading.supply
            if supply is None or not hall.reading.supply_fresh or supply.time_s <= hall.output.commanded.since_s or not supply.output_on:
                continue
            answers.append(supply)
            if enough is not None and enough(supply):
                break
    finally:
        hall.output.begin_off(reason)
    yield from hall.output.off_with_proof(reason, lambda: hall.reading)
    return answers


def open_lead_test(hall: Hall) -> Action:
    """Target voltage with the leads apart, output on for at most 3 s: the only check of scale made while no cell is in danger (F-01)."""
    plan, output = hall.plan, hall.output
    amps, (target_v, _) = hall.charge_current_a(), calculations.set_points(hall.plan)
    output.program(target_v, amps, over_voltage_v(plan), amps * 1.1)
    yield
    shown_by_meter: list[tuple[float, float]] = []
    before = hall.reading.walk_v

    def watch_meter() -> None:
        seen = hall.reading.walk_v
        read_s = hall.reading.time_s - (seen.age_s or 0.0)
        newer_than_s = shown_by_meter[-1][0] if shown_by_meter else output.commanded.since_s
        if seen.trust == "measured" and seen.value is not None and read_s > newer_than_s:
            shown_by_meter.append((read_s, seen.value))

    hall.facts.pop(OPEN_LEAD_METER, None)
    wrong_v = target_v + max(0.05, 0.01 * target_v)  # wrong scale: no reason to hold it a moment longer
    answers = yield from _on_for(
        hall,
        OPEN_LEAD_ON_S,
        "end of the open-lead test",
        enough=lambda supply: (supply.voltage_v or 0.0) > wrong_v,
        meanwhile=watch_meter,
    )
    agreed = len(shown_by_meter) > 1 and abs(shown_by_meter[-1][1] - shown_by_meter[-2][1]) <= SAME_V
    if agreed and before.value is not None and abs(shown_by_meter[-1][1] - before.value) > ROSE_V:
        hall.facts[OPEN_LEAD_METER] = shown_by_meter[-1][1]
    volts = [supply.voltage_v for supply in answers if supply.voltage_v is not None]
    current = max((supply.current_a or 0.0 for supply in answers), default=0.0)
    step = hall.profile.voltage_count_v
    if not volts:
        raise ActionRefused("The supply did not tell its output voltage during the test. Check the line, then try again.")
    shown = median(volts[-3:])
    hall.facts["open_lead_supply_v"] = shown
    if current > max(0.05, 2 * hall.profile.current_count_a):
        raise ActionRefused(
            f"{current:.2f} A flowed although the leads should hang free: they touch each other or lie on the cells. "
            "The output is off. Take the leads apart, away from the cells, then try again."
        )
    if abs(shown - target_v) > max(0.010, step) + 1e-9:
        meaning = "the cells would be overcharged by as much" if shown > target_v else "the cells would never be filled"
        raise ActionRefused(
            f"Set to {target_v:.3f} V, the supply measures {shown:.3f} V at its open output; with this error {meaning}. "
            "The output is off. Find the cause before this supply meets cells (wrong model, wrong range, defect)."
        )


def contact_test(hall: Hall) -> Action:
    """A little current for two seconds tells an open lead, a reversed bank and a far too empty one apart, before full current flows."""
    plan, output = hall.plan, hall.output
    series, (target_v, _) = calculations.wiring(plan).series, calculations.set_points(plan)
    battery_v = hall.reading.supply.battery_voltage_v if hall.reading.supply is not None and hall.reading.supply_fresh else None
    if battery_v is not None and not 2.0 * series <= battery_v <= target_v + 0.05 * series:
        raise ActionRefused(
            f"The supply's battery terminals show {battery_v:.2f} V; a bank of charged cells, the right way round, shows {2.0 * series:.1f} to "
            f"{target_v:.2f} V. Nothing was switched on. Take the + lead off and check red on +, black on −."
        )
    reading, seen_now = hall.reading, None
    if reading.posts_v.trust == "measured":
        seen_now = reading.posts_v.value
    elif reading.cells_trusted and series == 1:
        seen_now = reading.cells_v.value
    expected = seen_now if seen_now is not None else hall.facts.get("mean_cell_v", plan.target_v) * series
    step_v = hall.profile.voltage_step_v
    above_v = max(0.05 * series, 0.02 * series + step_v)  # with coarse steps a whole one, so that rounding down leaves room above the cells
    set_v = down_to_step(min(target_v, expected + above_v), step_v)
    amps = min(CONTACT_CURRENT_A, hall.charge_current_a())
    output.program(set_v, amps, over_voltage_v(plan), hall.charge_current_a() * 1.1)
    yield
    answers = yield from _on_for(hall, CONTACT_ON_S, "end of the contact test")
    both = [(supply.voltage_v, supply.current_a) for supply in answers if supply.voltage_v is not None and supply.current_a is not None]
    seen = both[-1] if both else None
    if seen is None:
        raise ActionRefused("The supply did not tell volts and amperes during the contact test. Check the line, then try again.")
    volts, current = seen
    hall.facts["contact_test_v"], hall.facts["contact_test_a"] = volts, current
    count = hall.profile.current_count_a
    if current >= 0.9 * amps and volts < 0.5:
        raise ActionRefused(
            f"{current:.2f} A flows at {volts:.2f} V: the leads are on the wrong way round, or something shorts them. The output is off. "
            "Take the + lead off first, then check red on +, black on −."
        )
    room_v = set_v - expected  # full cells take next to nothing: there an open lead cannot be told from them, nor does harm
    if room_v >= 0.020 * series and current <= max(0.010, count) and abs(volts - set_v) <= 0.020:
        raise ActionRefused(
            f"No current flows and the supply shows its own {volts:.2f} V: a lead is open, its fuse blew, or a ring does not touch. "
            "The output is off. Check both ends of both leads."
        )
    if volts < 2.0 * series:
        raise ActionRefused(
            f"The bank shows {volts:.2f} V under a little current: deeply empty cells, or not the bank that was measured. "
            "The output is off. Measure each cell again."
        )


def charge(hall: Hall) -> Action:
    """Set-points and protection for the charge, read back, then output on; the first answers must not lie above the set-point."""
    plan, output = hall.plan, hall.output
    if not hall.profile.has_interface:
        output.told(output_on=True)
        yield
        return
    if output.commanded.output_on:  # a higher set-point while it charges (fault F-47)
        yield from output.off_with_proof("the set-point goes up only with the output off", lambda: hall.reading)
    amps = hall.charge_current_a()
    set_v = hall.facts.get("trimmed_set_v", calculations.set_points(plan)[0])
    output.program(set_v, amps, over_voltage_v(plan), amps * 1.1)
    yield
    output.on()
    started, checked = hall.line_now_s(), 0
    while checked < 2 and hall.line_now_s() - started < 5.0:
        yield
        supply = hall.reading.supply
        if supply is None or not hall.reading.supply_fresh or supply.time_s <= output.commanded.since_s or supply.voltage_v is None:
            continue
        if supply.voltage_v > set_v + max(0.05, 0.01 * set_v):
            yield from output.off_with_proof("measured volts above the set-point", lambda: hall.reading)
            raise ActionRefused(
                f"Right after switching on the supply measures {supply.voltage_v:.3f} V with {set_v:.3f} V set. The output is off. "
                "Its scale is not what the program believes: do not use it on cells."
            )
        checked += 1


def output_off(hall: Hall) -> Action:
    """Off with proof; for a supply without interface the operator's hands were asked before this runs."""
    try:
        yield from hall.output.off_with_proof("the procedure's own end of charge", lambda: hall.reading)
    except OperatorMustAct:
        return


ACTIONS: dict[str, Callable[[Hall], Action]] = {
    "identify": identify,
    "write-test": write_test,
    "open-lead-test": open_lead_test,
    "contact-test": contact_test,
    "charge": charge,
    "output-off": output_off,
}
