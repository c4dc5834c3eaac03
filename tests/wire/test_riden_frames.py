"""Every known exchange of the Riden family with the driver, and its battery terminal, counters and cost of a reading."""

import pytest
from frame_rows import exchange, frame_rows, named, where
from scripted_line import ScriptedLine, polls, reads, writes
from test_emulated_instruments import in_memory

from drivers.clock import VirtualClock
from drivers.modbus import decode_request, parse_read_reply, parse_write_reply, read_request, write_many_request, write_request
from drivers.roles import GarbledAnswer, Refused
from drivers.simulated.lines import MemoryLine
from drivers.supplies.riden import BY_ID, RidenSupply

ROWS = frame_rows("riden")
WRITES = [row for row in ROWS if "write" in row["meaning"]]
IDS = {model.name: model_id for model_id, model in BY_ID.items()}


def supply(*steps: tuple[bytes, bytes | None], **identity: int) -> RidenSupply:
    driver = RidenSupply(ScriptedLine([polls(**identity), *steps]), address="riden:scripted", clock=VirtualClock())
    driver.identify()
    return driver


def of(row: dict) -> dict[str, int]:
    """The identity registers of a row's model."""
    return {"r0": IDS[row["model"].split()[0]], "r20": int("12 A" in row["model"])}


@pytest.mark.parametrize("row", WRITES, ids=named)
def test_known_writes_are_built_and_their_echoes_taken(row: dict) -> None:
    sent, answer = exchange(row)
    asked = decode_request(sent)
    assert asked is not None
    build = write_many_request(1, asked.register, asked.values) if asked.count > 1 else write_request(1, asked.register, asked.values[0])
    assert build == sent
    parse_write_reply(answer, sent, device="", request="")


@pytest.mark.parametrize("row", [row for row in WRITES if row["meaning"]["write"] in ("V_SET", "I_SET")], ids=named)
def test_known_set_points_are_what_the_driver_sends(row: dict) -> None:
    identity, (sent, _) = of(row), exchange(row)
    value = int.from_bytes(sent[4:6], "big")
    register = sent[3]
    driver = supply(polls(**identity, r9=100), exchange(row), reads(register, value), **identity)
    if "v_set_V" in row["meaning"]:
        driver.set_voltage(row["meaning"]["v_set_V"])
    else:
        driver.set_current(row["meaning"]["i_set_A"])
    driver.close()


def test_known_pairs_are_written_one_by_one_with_the_same_counts() -> None:
    """Writing two registers at once is known too; the driver writes single ones, so that a declined value names itself."""
    pair, levels = where(ROWS, write="V_SET+I_SET"), where(ROWS, write="OVP+OCP")
    asked = [decode_request(exchange(row)[0]) for row in (pair, levels)]
    (volts, amperes), (over_v, over_a) = (one.values for one in asked if one is not None)
    driver = supply(
        polls(r0=60181),
        reads(82, 6200),
        *(writes(8, volts), writes(9, amperes), writes(82, over_v), writes(83, over_a)),
        *(reads(8, volts, amperes), reads(82, over_v, over_a)),
        r0=60181,
    )
    meaning = {**pair["meaning"], **levels["meaning"]}
    driver.program(
        voltage_v=meaning["v_set_V"], current_a=meaning["i_set_A"], over_voltage_v=meaning["ovp_V"], over_current_a=meaning["ocp_A"]
    )
    driver.close()


def test_known_identity() -> None:
    row = where(ROWS, request_hex="0103000000044409")
    found = parse_read_reply(exchange(row)[1], 1, 4, device="", request="")
    driver = supply(r0=found[0], r1=found[1], r2=found[2], r3=found[3])
    profile, meaning = driver._profile, row["meaning"]
    assert profile is not None
    assert (profile.model, profile.firmware, profile.serial) == (row["model"], meaning["firmware"], f"{meaning['serial']:08d}")
    assert (profile.voltage_step_v, profile.current_step_a) == (1 / meaning["v_div"], 1 / meaning["i_div"])


def test_known_levels_are_taken_in_the_models_scale() -> None:
    row = where(ROWS, model="RD6024")
    assert supply(exchange(row), r0=60241)._taken(("over_voltage", "over_current")) == {"over_voltage": 20.0, "over_current": 2.2}
    row = where(ROWS, request_hex="0103005000044418")
    counts, meaning, driver = parse_read_reply(exchange(row)[1], 1, 4, device="", request=""), row["meaning"], supply(r0=60062)
    per_volt, per_ampere = driver._per_unit("over_voltage"), driver._per_unit("over_current")
    assert [counts[0] / per_volt, counts[1] / per_ampere] == [meaning["m0_v_V"], meaning["m0_i_A"]]
    assert [counts[2] / per_volt, counts[3] / per_ampere] == [meaning["ovp_V"], meaning["ocp_A"]]


@pytest.mark.parametrize("request_hex", ["0103000A0009A5CE", "0103000A0004640B"])
def test_known_readings(request_hex: str) -> None:
    """The driver asks for all of a reading in one request; these rows are parts of it."""
    row = where(ROWS, request_hex=request_hex)
    asked = decode_request(exchange(row)[0])
    assert asked is not None
    part = parse_read_reply(exchange(row)[1], 1, asked.count, device="", request="")
    changes = {f"r{10 + place}": value for place, value in enumerate(part)} | {"r0": of(row)["r0"], "r9": part[1]}
    reading, meaning = supply(polls(**changes), **of(row)).read(), row["meaning"]
    assert (reading.voltage_v, reading.current_a) == (meaning["v_out_V"], meaning["i_out_A"])
    if "mode" in meaning:
        assert (reading.mode, reading.output_on, reading.protection) == (meaning["mode"], meaning["output_on"], "")


def test_known_flag_trip_and_refusal() -> None:
    trip, off = where(ROWS, request_hex="010300100003040E"), where(ROWS, write="OUTPUT")
    driver = supply(exchange(off), exchange(trip), r0=60181)
    driver.switch_output(False)
    driver.close()
    with pytest.raises(Refused, match=f"protection shows {trip['meaning']['protection']}"):
        supply(writes(18, 1), exchange(trip), r0=60181).switch_output(True)
    assert trip["meaning"]["protection"] in RidenSupply.protections.values()
    assert supply(exchange(where(ROWS, request_hex="010300120001240F"))).unit.read(18, 1) == (0,)
    with pytest.raises(Refused, match="no such register"):
        supply(exchange(where(ROWS, model="any"))).unit.read(600, 1)


def test_known_battery_voltage() -> None:
    row = where(ROWS, request_hex="010300200002C5C1")
    seen, counted = parse_read_reply(exchange(row)[1], 1, 2, device="", request="")
    driver = supply(polls(r0=60181, r32=seen, r33=counted), r0=60181)
    assert driver.read().battery_voltage_v == row["meaning"]["v_bat_V"]


def test_the_captured_answer_that_lost_a_byte_is_dropped_and_asked_again() -> None:
    bad, good = where(ROWS, kind="captured", model="RD6030"), where(ROWS, kind="captured-repaired")
    registers = parse_read_reply(exchange(good)[1], 1, 42, device="", request="")
    driver = RidenSupply(ScriptedLine([exchange(good), exchange(bad), reads(0, *registers, 0)]), address="riden:wifi", clock=VirtualClock())
    driver.identify()
    assert driver.read().set_voltage_v == 24.0
    driver.close()
    with pytest.raises(GarbledAnswer, match="88 bytes came where 89 belong"):
        parse_read_reply(exchange(bad)[1], 1, 42, device="", request="")


# --- battery terminal and counters ---


def p_model(*readings: dict[str, int]) -> RidenSupply:
    return supply(*[polls(r0=60065, r32=1, **changes) for changes in readings], r0=60065)


@pytest.mark.parametrize(("counted_on", "counted_off"), [(3420, 3290), (342, 329)])
def test_a_p_model_tells_its_battery_once_the_output_has_shown_how_it_counts(counted_on: int, counted_off: int) -> None:
    driver = p_model({"r33": counted_off}, {"r18": 1, "r10": 3420, "r33": counted_on}, {"r33": counted_off})
    assert [driver.read().battery_voltage_v for _ in range(3)] == [None, None, 3.29]


@pytest.mark.parametrize("strange", [{"r33": 1000}, {"r33": 0}, {"r33": 3000}, {"r33": 3420, "r10": 1990}])
def test_a_p_model_whose_registers_do_not_agree_tells_no_battery_voltage(strange: dict[str, int]) -> None:
    driver = p_model({"r18": 1, "r10": 3420, **strange}, {"r33": 329})
    assert [driver.read().battery_voltage_v for _ in range(2)] == [None, None]


def test_its_own_counters() -> None:
    reading = supply(polls(r38=1, r39=34464, r40=5, r41=10000)).read()
    assert (reading.charge_ah, reading.energy_wh) == (100.0, 337.68)
    full = 9_999_000
    reading = supply(polls(r40=full >> 16, r41=full & 0xFFFF)).read()
    assert reading.energy_wh is None  # the counter stops there
    assert supply(polls()).read().charge_ah == 0.0


# --- the price of a reading ---


def test_one_reading_is_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    _, driver, _ = in_memory("RD6012")
    driver.identify()
    asked: list[bytes] = []
    ask = MemoryLine.ask

    def counting(self: MemoryLine, request: bytes, expect: int, deadline_s: float, **more: object) -> bytes:
        asked.append(request)
        return ask(self, request, expect, deadline_s)

    monkeypatch.setattr(MemoryLine, "ask", counting)
    for _ in range(5):
        reading = driver.read()
    assert asked == [read_request(1, 0, 42)] * 5
    assert None not in (reading.output_on, reading.set_voltage_v, reading.set_current_a, reading.voltage_v, reading.current_a)
