"""Set-up faults F-17 to F-22: the supply's protection, its power-up, who it is, units, and cold cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from click.testing import CliRunner

from drivers.modbus import READ, decode_request
from drivers.supplies.riden import RidenSupply
from tests.bench.conftest import Driven
from tests.bench.setup_words import Make, answer, asked, at, both, card_text, no_reason_helps, start_refused, untouched, warned
from tui.bench.messages import Answer, Override, Start
from tui.bench.script import ScriptStuck
from tui.cli import cli
from tui.domain import quantities
from tui.domain.calculations import figure
from tui.domain.plan import PlanCell

OVP_REGISTER = 82


def written(run: Driven) -> list[tuple[int, int]]:
    """Registers and values that were written to the supply, from now on."""
    found: list[tuple[int, int]] = []
    answer_of = run.wire.answer

    def listening(request: bytes) -> bytes:
        decoded = decode_request(request)
        if decoded is not None and decoded.function != READ:
            found.extend(enumerate(decoded.values, decoded.register))
        return answer_of(request)

    run.wire.answer = listening
    return found


# --- F-17 over-voltage protection that shorts the output ---------------------------------------------------------


def test_f17_a_crowbar_is_never_switched_on_and_it_is_said_why(drive: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    identify = RidenSupply.identify
    monkeypatch.setattr(RidenSupply, "identify", lambda self: replace(identify(self), over_voltage_is_crowbar=True))
    run = drive(soc=0.97)
    log = written(run)
    run.start()
    run.go_to("write-test")
    warned(run, "shorts its output (a crowbar)", "never switches it on", "fuse in the + lead")
    run.go_to("to-knee")
    assert OVP_REGISTER not in [register for register, _ in log]
    assert log  # all else was written


def test_f17_protection_that_shuts_the_output_off_is_used_without_a_word(drive: Make) -> None:
    run = drive(soc=0.97)
    log = written(run)
    run.start()
    run.go_to("to-knee")
    assert (OVP_REGISTER, 375) in log
    assert not any(alarm.code == "crowbar" for alarm in run.snapshot().alarms)


@pytest.mark.parametrize(("told", "words"), [("shorts the output (crowbar)", "hundreds of amperes"), ("not known", "Look in the manual")])
def test_f17_of_a_supply_with_knobs_it_is_asked(drive: Make, told: str, words: str) -> None:
    run = drive(supply="manual")
    at(run, "supply")
    assert words in answer(run, over_voltage=told)
    assert run.step_id == "supply"
    assert answer(run, over_voltage="none, or switched off") == ""


# --- F-18 output on at power-up ----------------------------------------------------------------------------------


def test_f18_a_supply_that_would_come_up_with_its_output_on_is_refused_until_that_is_off(drive: Make) -> None:
    run = drive()
    run.wire.inject("power-up-on")
    at(run, "supply")
    log = written(run)
    run.send(Answer(asked(run).id, {}))
    run.go_until(lambda run: bool(asked(run).refusal), longest_s=60)
    prompt = asked(run)
    assert "when power returns" in prompt.refusal and not prompt.overridable
    assert log == []
    untouched(run)
    run.wire.undo("power-up-on")
    run.send(Answer(prompt.id, {}))
    run.go_to("write-test")


def test_f18_a_supply_that_cannot_tell_is_tried_by_hand(drive: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RidenSupply, "power_up_output", lambda self: None)
    run = drive()
    at(run, "write-test")
    warned(run, "does not tell whether it switches its output on by itself", "Try it now", "leads off the cells")


@pytest.mark.parametrize(("told", "words"), [("comes on by itself", "charge again with nobody watching"), ("not known", "Try it now")])
def test_f18_of_a_supply_with_knobs_it_is_asked(drive: Make, told: str, words: str) -> None:
    run = drive(supply="manual")
    at(run, "supply")
    assert words in answer(run, power_up=told)
    prompt = asked(run)
    assert run.step_id == "supply"
    assert not run.send(Override(prompt.id, "")).ok  # nothing but the setting, or a reason in words
    assert answer(run, power_up="stays off") == ""


# --- F-19 who is on the port -------------------------------------------------------------------------------------


class Stranger:
    """Another device on the port: it says what it says, and remembers what it was sent."""

    url = "memory"

    def __init__(self, says: bytes) -> None:
        self.says, self.heard = says, list[bytes]()

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        self.heard.append(request)
        return self.says[:expect]

    def write(self, data: bytes) -> None:
        self.heard.append(data)

    def read_available(self) -> bytes:
        return self.says

    def close(self) -> None: ...


GPS = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n" * 3


@pytest.mark.parametrize("says", [GPS, b"", b"\x00" * 200, b"OK\r\n"], ids=["GPS", "printer", "zeros", "modem"])
def test_f19_a_gps_or_a_printer_on_the_port_is_only_ever_asked(drive: Make, says: bytes) -> None:
    run = drive()
    stranger = Stranger(says)
    lines: Callable[..., object] = run.bench.instruments._lines
    run.bench.instruments._lines = lambda address: stranger if str(address).startswith("riden") else lines(address)
    assert start_refused(run)
    assert stranger.heard
    for request in stranger.heard:
        decoded = decode_request(request)
        assert decoded is not None and decoded.function == READ, "nothing but a question may go to a device that is not identified"


@pytest.mark.parametrize("model_id", [60999.0, 12345.0])
def test_f19_an_unknown_model_is_never_set(drive: Make, model_id: float) -> None:
    run = drive()
    run.wire.inject("wrong-model", number=model_id)
    log = written(run)
    assert start_refused(run)
    assert log == []


def test_f19_another_supply_that_was_plugged_in_meanwhile_is_refused(drive: Make) -> None:
    run = drive()
    at(run, "supply")
    run.wire.inject("wrong-model", number=60181)
    log = written(run)
    run.send(Answer(asked(run).id, {}))
    run.go_until(lambda run: bool(asked(run).refusal), longest_s=60)
    assert "another" in asked(run).refusal or "now a RD6018" in asked(run).refusal
    assert log == []


def test_f19_a_set_point_beyond_the_rating_tells_of_a_wrong_scale(drive: Make) -> None:
    """An RD6006 taken for an RD6012: all its amperes read ten times too high."""
    run = drive(supply="RD6006", amps=6.0)
    run.world.set_supply(current_a=6.0)
    run.wire.inject("wrong-model", number=60121)
    log = written(run)
    refused = run.send(Start(run.plan.to_json()))
    assert not refused.ok and "60 A, which a RD6012 does not have" in refused.message
    assert log == []


def test_f19_a_scale_that_is_ten_times_wrong_never_reaches_the_cells(drive: Make) -> None:
    """An RD6012 taken for an RD6006P: 3.65 V become 36.5 V, which the supply itself shows as 3.65 V. The leads are apart when it is found."""
    run = drive(volts=60.0, amps=12.0, lead_limit_a=0.11, end_current_a=0.05)
    run.wire.inject("wrong-model", number=60065)
    at(run, "lead-volts")
    assert run.world.max_supply_voltage_v == pytest.approx(36.5)
    assert "show 36.500 V, not 3.650 V (± 10 mV); was 3.650 V meant?" in answer(run)
    no_reason_helps(run)


def test_f19_what_such_a_supply_declines_is_no_start_either(drive: Make) -> None:
    run = drive(volts=60.0)
    run.wire.inject("wrong-model", number=60065)
    with pytest.raises(ScriptStuck, match="does not accept this value"):
        at(run, "connect")
    assert not run.world.truth().leads_on
    untouched(run)


def test_f19_nothing_is_written_before_the_write_test_and_that_is_a_step_of_its_own_with_the_leads_off(drive: Make) -> None:
    run = drive()
    log = written(run)
    at(run, "write-test")
    assert log == []
    assert asked(run).confirm == "Leads are off the cells"
    assert not run.world.truth().leads_on
    assert "1.00 V" in card_text(run, "write-test")
    run.send(Answer(asked(run).id, {}))
    run.go_until(lambda run: run.step_id != "write-test", longest_s=60)
    assert log == [(8, 100), (9, 10)]  # 1.00 V and 0.10 A, the output left off
    untouched(run)


def test_f19_of_a_supply_with_knobs_the_open_leads_take_its_place(drive: Make) -> None:
    run = drive(supply="manual")
    run.start()
    steps = [step.id for step in run.bench.running.runner.steps]
    assert "write-test" not in steps
    assert steps.index("leads-apart") < steps.index("lead-volts") < steps.index("connect")


# --- F-21 units --------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("capacity_ah", "hint"), [(280_000.0, "milliampere-hours"), (0.28, "1 to 1000 Ah"), (float("nan"), "1 to 1000 Ah")]
)
def test_f21_a_capacity_in_the_wrong_unit_begins_no_session(drive: Make, supply: str, capacity_ah: float, hint: str) -> None:
    run = drive(supply=supply)
    run.plan = replace(run.plan, cells=(*run.plan.cells[:3], PlanCell("A4", capacity_ah)))
    assert hint in start_refused(run)


def test_f21_the_rate_is_of_the_bank_and_the_derived_values_are_shown_for_confirmation(drive: Make) -> None:
    run = drive(cells=8, capacity_ah=280.0)
    assert figure(run.plan, "bank-capacity").text == "2240 Ah"
    assert figure(run.plan, "c-rate-current").text == "448 A"
    assert figure(run.plan, "supply-current").text == "10.00 A ◀ wins"
    at(run, "supply")
    for words in ("8 × 280 Ah = 2240 Ah", "0.2C = 448", "10.00 A is the current to set", "the supply decides"):
        assert words in card_text(run, "supply"), card_text(run, "supply")
    assert asked(run).confirm


@both
def test_f21_a_rate_above_a_fifth_is_refused(drive: Make, supply: str) -> None:
    run = drive(supply=supply)
    run.plan = replace(run.plan, c_rate=2.0)
    assert "0.2C at most" in start_refused(run)


@pytest.mark.parametrize(
    ("text", "kind", "value", "echo"),
    [
        ("280000 mAh", "capacity", 280.0, "280 Ah"),
        ("280Ah", "capacity", 280.0, "280 Ah"),
        ("3412", "cell_voltage", 3.412, "3.412 V"),
        ("3412 mV", "cell_voltage", 3.412, "3.412 V"),
        ("3,65V", "target", 3.65, "3.650 V"),
    ],
)
def test_f21_units_are_read_and_echoed(text: str, kind: str, value: float, echo: str) -> None:
    assert quantities.parse(text, kind) == pytest.approx(value)
    assert quantities.echo(text, kind) == echo


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("280000", "capacity", "did you mean 280 Ah"),
        ("0.5", "capacity", "1 to 1000 Ah"),
        ("10 V", "capacity", "is a voltage"),
        ("3650", "voltage", "did you mean 3.650 V"),
    ],
)
def test_f21_a_slip_is_refused_with_what_was_meant(text: str, kind: str, words: str) -> None:
    with pytest.raises(quantities.QuantityError, match=words):
        quantities.parse(text, kind)


def test_f21_on_the_command_line_too(place: object) -> None:
    refused = CliRunner().invoke(cli, ["cells", "add", "A1", "--capacity", "280000"])
    assert refused.exit_code == 2 and "did you mean 280 Ah" in refused.output


# --- F-22 cold cells ---------------------------------------------------------------------------------------------


def probe_at(run: Driven, degrees_c: int) -> None:
    """The supply's own probe lies on a cell."""
    run.wire._kept[34:36] = int(degrees_c < 0), abs(degrees_c)


@both
@pytest.mark.parametrize("surface_c", [-0.1, -12.0])
def test_f22_cells_below_freezing_are_refused_whatever_the_reason(drive: Make, supply: str, surface_c: float) -> None:
    run = drive(supply=supply)
    at(run, "temperature")
    refusal = answer(run, surface_c=surface_c)
    assert "below freezing" in refusal and "warm room" in refusal
    no_reason_helps(run)


@both
@pytest.mark.parametrize("surface_c", [0.0, 3.0, 4.9])
def test_f22_cells_below_five_degrees_get_a_quarter_of_the_current_and_a_warning(drive: Make, supply: str, surface_c: float) -> None:
    run = drive(supply=supply, soc=0.97)
    at(run, "temperature")
    assert answer(run, surface_c=surface_c) == ""
    warned(run, "a quarter, 2.50 A")
    run.go_to("to-knee")
    assert run.world.set_points[1] == pytest.approx(2.5)


def test_f22_a_probe_of_the_supply_that_is_colder_counts(drive: Make) -> None:
    run = drive(soc=0.97)
    probe_at(run, -3)
    at(run, "temperature")
    run.step(1.0)
    assert "-3.0 °C by the supply's own probe" in answer(run, surface_c=20.0)
    no_reason_helps(run)
    probe_at(run, 3)
    run.step(2.0)
    assert answer(run, surface_c=20.0) == ""
    warned(run, "3.0 °C by the supply's own probe", "a quarter")
    run.go_to("to-knee")
    assert run.world.set_points[1] == pytest.approx(2.5)
