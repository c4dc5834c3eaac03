"""What a second look at the drivers found: each of these went wrong once."""

from __future__ import annotations

import pytest

from drivers.clock import VirtualClock
from drivers.roles import GarbledAnswer, Refused
from drivers.supplies.scpi import ScpiSupply
from drivers.words import number
from tests.wire.text_supplies import Table, in_memory

# --- the second path of an off


def test_volts_that_the_supply_declines_do_not_keep_the_amperes_from_going_to_zero() -> None:
    """F-36: "off" is ignored, so both set-points go to zero; a supply may decline 0 V, and must still get 0 A."""
    bench, supply, _ = in_memory("RD6012")
    supply.program(voltage_v=3.65, current_a=2.0)
    put = supply._put  # type: ignore[attr-defined]

    def declines_volts(point: str, value: float) -> None:
        if point == "voltage":
            raise Refused(supply.address, "write", "it does not accept this value.")
        put(point, value)

    supply._put = declines_volts  # type: ignore[attr-defined]
    with pytest.raises(Refused):
        supply.throttle()
    assert bench.world.set_points[1] == 0.0


# --- off of a supply whose channel is selected


def hmp(answers: dict[bytes, bytes | list[bytes]]) -> tuple[ScpiSupply, Table]:
    table = Table({b"*IDN?\n": b"ROHDE&SCHWARZ,HMP4040,100000,HW1,SW2.62\n", b"INST:NSEL?\n": b"1\n", **answers})
    supply = ScpiSupply(table, address="scpi:table", clock=VirtualClock())
    supply.identify()
    table.sent.clear()
    return supply, table


@pytest.mark.parametrize("answer", [b"", b"what?\n"])
def test_off_is_sent_also_when_the_selected_channel_is_not_told(answer: bytes) -> None:
    supply, table = hmp({})
    table.answers[b"INST:NSEL?\n"] = answer
    with pytest.raises(Exception):  # noqa: B017 - its flag cannot be read either: what counts is that off went out
        supply.switch_output(False)
    assert b"OUTP OFF\n" in table.sent
    assert b"INST:NSEL 1\n" in table.sent[: table.sent.index(b"OUTP OFF\n")]


def test_on_is_not_sent_when_the_selected_channel_is_not_told() -> None:
    supply, table = hmp({})
    table.answers[b"INST:NSEL?\n"] = b""
    with pytest.raises(Exception):  # noqa: B017
        supply.switch_output(True)
    assert not [sent for sent in table.sent if sent.startswith((b"OUTP ON", b"INST:NSEL "))]


# --- numbers


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9" * 250 + "e200"])
def test_a_number_beyond_all_numbers_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        number(text)


def test_a_channel_beyond_all_numbers_is_a_garbled_answer() -> None:
    supply, table = hmp({})
    table.answers[b"INST:NSEL?\n"] = b"1e999\n"
    with pytest.raises(GarbledAnswer):
        supply.read()


# --- coarse steps


def test_a_set_point_one_coarse_step_too_high_does_not_pass_for_the_one_written() -> None:
    """A Manson sets volts in steps of 0.1 V: 3.7 V is not "within one count" of 3.6 V when cells are there."""
    bench, supply, _ = in_memory("HCS-3302")
    supply.identify()
    put = supply._put  # type: ignore[attr-defined]
    supply._put = lambda point, value: put(point, value + 0.1 if point == "voltage" else value)  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="reads back"):
        supply.program(voltage_v=3.65, current_a=2.0)
    assert not bench.world.output_on
