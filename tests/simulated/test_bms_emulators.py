"""The BMS emulators byte for byte: the checked exchanges of each family, answered when the pack is as in the capture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from simulated_benches import bench

from drivers import modbus
from drivers.clock import VirtualClock
from drivers.simulated import daly, families, jbd, jk_pb, jk_uart, seplos_v2
from drivers.simulated.emulated_bms import Picture
from drivers.simulated.world import World

FRAMES = Path(__file__).parents[1] / "wire" / "frames"


def frames(family: str) -> dict[str, dict[str, Any]]:
    rows = json.loads((FRAMES / f"{family}.json").read_text(encoding="utf-8"))
    for row in rows:
        for side in ("request", "response"):
            text = row.get(f"{side}_ascii")
            row[side] = text.encode() if text else bytes.fromhex(row.get(f"{side}_hex", ""))
    return {row["id"]: row for row in rows}


def world(cells: int = 4) -> World:
    described = bench([0.9 + 0.01 * k for k in range(cells)], bank={"arrangement": f"{cells}S"}, bms={"over_voltage_v": 3.6})
    return World(described, VirtualClock(), assembled=True)


def shows(emulator: Any, meaning: dict[str, Any], **more: Any) -> None:
    """Let the board's pack be as in a frame's meaning."""
    cells = tuple(round(1000 * volts) for volts in meaning.get("cell_voltages_v", [3.3] * meaning.get("cell_count", 4)))
    names = ("current_a", "soc_pct", "remaining_ah", "nominal_ah", "cycles")
    values: dict[str, Any] = {name: meaning[name] for name in names if name in meaning}
    values |= {"pack_v": meaning.get("pack_voltage_v", sum(cells) / 1000), "charge_on": meaning.get("charge_fet_on", True)}
    values |= {"discharge_on": meaning.get("discharge_fet_on", True), "over_voltage": "cell_overvoltage" in meaning.get("protection", ())}
    if isinstance(meaning.get("temperatures_c"), list):
        values["temperatures_c"] = tuple(meaning["temperatures_c"])
    for name, unit in (("protection", "limit_mv"), ("release", "release_mv")):
        if f"cell_overvoltage_{name}_v" in meaning:
            values[unit] = round(1000 * meaning[f"cell_overvoltage_{name}_v"])
    picture = Picture(cells, **(values | more))
    emulator.picture = lambda: picture


# --- JBD ---

JBD = frames("jbd")


def jbd_board(meaning: dict[str, Any], **more: Any) -> jbd.JbdEmulator:
    emulator = jbd.JbdEmulator(world())
    shows(emulator, meaning, **more)
    return emulator


@pytest.mark.parametrize(
    "name", [name for name, row in JBD.items() if row["meaning"].get("register") in ("0x03", "0x04") and row["expect"] == "ok"]
)
def test_jbd_basic_data_and_cells(name: str) -> None:
    row = JBD[name]
    meaning = row["meaning"]
    emulator = jbd_board(meaning)
    if meaning["register"] == "0x03":
        day, month, year = (int(part) for part in reversed(meaning["manufactured"].split("-")))
        emulator.made = year - 2000 << 9 | month << 5 | day
        major, minor = meaning["software_version"].split(".")
        emulator.software = int(major) << 4 | int(minor)
        emulator.extension = row["response"][4 + 23 + 2 * len(meaning["temperatures_c"]) : -3]
        if name == "jbd-03-software-lock":  # somebody switched it off in the app: not of this physics
            expected = bytearray(row["response"])
            expected[20:22] = b"\0\0"
            body = bytes(expected[2:-3])
            expected[-3:-1] = (-sum(body) & 0xFFFF).to_bytes(2, "big")
            assert emulator.feed(row["request"]) == bytes(expected)
            return
    assert emulator.feed(row["request"]) == row["response"]


def test_jbd_name_counters_and_block() -> None:
    emulator = jbd_board({}, limit_mv=3650, release_mv=3450)
    emulator.name, emulator.cell_over_voltages = "JBD-SP04S034-L4S-200A-B-U", 122
    assert emulator.feed(JBD["jbd-05-sp04s034"]["request"]) == JBD["jbd-05-sp04s034"]["response"]
    counters = bytearray(JBD["jbd-aa-sp04s034"]["response"])
    counters[4 + 9] = 0  # this board's cells never were under their limit
    counters[-3:-1] = (-sum(counters[2:-3]) & 0xFFFF).to_bytes(2, "big")
    assert emulator.feed(JBD["jbd-aa-sp04s034"]["request"]) == bytes(counters)
    row = JBD["jbd-fa-read-covp-reply"]
    assert emulator.feed(row["request"]) == row["response"]
    assert emulator.feed(JBD["jbd-fa-vendor"]["request"])[:7] == JBD["jbd-fa-vendor"]["response"][:7]
    older = families.make("jbd", world(), "V4")
    assert older.feed(row["request"]) == bytes.fromhex("DDFA8000FF8077")


def test_jbd_factory_mode_tells_parameters_and_takes_none() -> None:
    emulator = jbd_board({}, limit_mv=3750)
    for name in ("jbd-24-3", "jbd-factory-0", "jbd-24-1", "jbd-factory-2", "jbd-24-3"):
        assert emulator.feed(JBD[name]["request"]) == JBD[name]["response"], name
    body = bytes.fromhex("24020E10")
    write = b"\xdd\x5a" + body + (-sum(body) & 0xFFFF).to_bytes(2, "big") + b"\x77"
    assert emulator.feed(write) == bytes.fromhex("DD248100FF7F77")
    emulator.feed(JBD["jbd-factory-0"]["request"])
    assert emulator.feed(write) == bytes.fromhex("DD248000FF8077")
    assert emulator.feed(JBD["jbd-24-1"]["request"]) == JBD["jbd-24-1"]["response"]


def test_jbd_noise_pieces_and_wrong_sums() -> None:
    emulator = jbd_board({})
    request = JBD["jbd-04-sp04s034"]["request"]
    whole = emulator.feed(request)
    assert emulator.feed(b"\0\xff" + request[:3]) == b"" and emulator.feed(request[3:]) == whole
    assert emulator.feed(request + request) == 2 * whole
    assert emulator.feed(bytes.fromhex("DDA50400FFFD77")) == bytes.fromhex("DD048200FF7E77")
    assert emulator.feed(bytes.fromhex("DDA51100FFEF77"))[2] == 0x81 and emulator.feed(bytes.fromhex("DDA50600FFFA77"))[2] == 0x80


def test_jbd_counts_each_cut() -> None:
    emulator = jbd.JbdEmulator(world())
    ask = JBD["jbd-aa-sp04s034"]["request"]
    for over in (True, True, False, True):
        shows(emulator, {}, over_voltage=over)
        answer = emulator.feed(ask)
    assert int.from_bytes(answer[10:12], "big") == 2


# --- JK ---

UART, PB = frames("jk-uart"), frames("jk-pb")
LENGTHS = {0x79: None, **dict.fromkeys((0x85, 0x86, 0x9D, 0xA9, 0xAB, 0xAC, 0xAE, 0xAF, 0xB1, 0xB3, 0xB8, 0xC0), 1)}
LENGTHS |= {0x89: 4, 0xAA: 4, 0xB5: 4, 0xB6: 4, 0xB9: 4, 0xB2: 10, 0xB4: 8, 0xB7: 15, 0xBA: 24}


def tags_of(frame: bytes) -> dict[int, bytes]:
    found, at = {}, 11
    while at < len(frame) - 9:
        length = LENGTHS.get(frame[at], 2) or frame[at + 1] + 1
        found[frame[at]] = frame[at + 1 : at + 1 + length]
        at += 1 + length
    return found


@pytest.mark.parametrize("name", [name for name, row in UART.items() if row["expect"] == "ok" and row["response"]])
def test_jk_uart_reads_all_and_one(name: str) -> None:
    row = UART[name]
    meaning, tags = row["meaning"], tags_of(row["response"])
    emulator = jk_uart.JkUartEmulator(world())
    emulator.settings = {tag: tags[tag] for tag in emulator.settings}
    emulator.mos_c, emulator.total_ah = meaning["temperatures_c"]["mos"], int.from_bytes(tags[0x89], "big")
    temperatures = (meaning["temperatures_c"]["t1"], meaning["temperatures_c"]["t2"])
    balancing = (4,) if meaning["balancing"] else ()
    delay_s, nominal_ah = meaning["cell_overvoltage_delay_s"], meaning["capacity_setting_ah"]
    more = {"temperatures_c": temperatures, "balancing": balancing, "delay_s": delay_s, "nominal_ah": nominal_ah}
    shows(emulator, {key: value for key, value in meaning.items() if key != "temperatures_c"}, **more)
    assert emulator.feed(row["request"]) == row["response"]
    answer = emulator.feed(UART["jk-uart-read-83"]["request"])
    assert answer[8] == 3 and answer[11:14] == b"\x83" + tags[0x83] and len(answer) == 23
    assert emulator.feed(row["request"][:-1] + b"\0") == b""
    write = bytes.fromhex("4E5700150000000002030090 0E10 00000000 68 0000 ".replace(" ", ""))
    assert emulator.feed(write + (sum(write[:-2]) & 0xFFFF).to_bytes(2, "big")) == b""


def pb_board(row: dict[str, Any], unit: int = 3) -> jk_pb.JkPbEmulator:
    emulator = jk_pb.JkPbEmulator(world(), unit=unit)
    more = {"nominal_ah": 280.0, "temperatures_c": (19.5, 19.8)}
    if row["meaning"].get("cell_ov_release_countdown_s"):
        more["delay_s"] = row["meaning"]["cell_ov_release_countdown_s"]
    shows(emulator, row["meaning"], **more)
    emulator.mos_c = 20.3
    return emulator


@pytest.mark.parametrize("name", ["jk-pb-status", "jk-pb-settings", "jk-pb-about", "jk-pb-cell-overvoltage-cut"])
def test_jk_pb_triggers(name: str) -> None:
    row = PB[name]
    emulator = pb_board(row)
    if name == "jk-pb-status":
        emulator.overrides[jk_pb.STATUS] = {78: b"\x01\x00"}  # its own idea of the highest and lowest of equal cells
    assert emulator.feed(row["request"]) == row["response"]
    assert pb_board(row, unit=2).feed(row["request"]) == b""


@pytest.mark.parametrize("register", [0x1600, 0x1604, 0x160A, 0x1618, 0x161A, 0x1000])
def test_jk_pb_does_nothing_else(register: int) -> None:
    emulator = pb_board(PB["jk-pb-status"])
    assert emulator.feed(modbus.write_many_request(3, register, (0,))) == modbus.frame(bytes((3, 0x90, 2)))
    assert emulator.feed(modbus.write_many_request(3, 0x1620, (1,))) == modbus.frame(bytes((3, 0x90, 3)))
    assert emulator.feed(modbus.write_request(3, 0x1620, 0)) == modbus.frame(bytes((3, 0x86, 1)))


def test_jk_pb_reads_with_the_high_byte_first() -> None:
    emulator = pb_board(PB["jk-pb-status"], unit=1)
    shows(emulator, PB["jk-pb-status"]["meaning"], pack_v=49.193, nominal_ah=280.0)
    assert emulator.feed(bytes.fromhex("010312900005809C")) == bytes.fromhex("01030A0000C0290000000000009024")

    def words(register: int, count: int) -> list[int]:
        answer = emulator.feed(modbus.read_request(1, register, count))
        return list(modbus.parse_read_reply(answer, 1, count, device="", request=""))

    assert words(0x1200, 16)[:3] == [3293, 3293, 3293] and words(0x12A0, 2) == [0, 0]
    assert words(0x12A6, 1) == [55] and words(0x12C0, 1) == [0x0101]
    assert words(0x100C, 2) == [0, 3650] and words(0x106C, 2) == [0, 16]
    assert b"".join(word.to_bytes(2, "big") for word in words(0x1400, 7))[:13] == b"JK_PB2A16S20P"
    for register, count in ((0x1201, 1), (0x1200, 123), (0x1300, 20), (0x1800, 1)):
        assert emulator.feed(modbus.read_request(1, register, count)) == modbus.frame(bytes((1, 0x83, 2)))


# --- Daly ---

DALY = frames("daly")


def daly_board(meaning: dict[str, Any], left_over: str = "0000000000000000", *, older: bool = False, **more: Any) -> daly.DalyEmulator:
    emulator = daly.DalyEmulator(world(), older=older)
    shows(emulator, meaning, **more)
    emulator.left_over = bytes.fromhex(left_over)
    return emulator


STATES = {"idle": 0.0, "charging": 2.0, "discharging": -2.0}
LEFT_OVER = {  # what the answer before has left, as the captures show it
    "daly-91": "0000000000000378",
    "daly-92": "00000000fe010378",
    "daly-92-set": "00000000cb080000",
    "daly-94": "0000000000000040",
    "daly-95-16frames": "0000000000000040",
}


@pytest.mark.parametrize("name", [name for name, row in DALY.items() if row["response"] and row["expect"] == "ok"])
def test_daly_answers(name: str) -> None:
    row = DALY[name]
    meaning = dict(row["meaning"])
    command = row["request"][2]
    more: dict[str, Any] = {"current_a": STATES[meaning["state"]]} if "state" in meaning else {}
    if command == 0x90:
        more |= {"current_a": meaning["current_offset_a"]}
    if command == 0x91:
        cells = [3.3265 if name == "daly-91" else 3.278] * 16
        cells[meaning["max_cell_number"] - 1], cells[meaning["min_cell_number"] - 1] = meaning["max_cell_v"], meaning["min_cell_v"]
        meaning["cell_voltages_v"] = cells
    if command == 0x92:
        more |= {"temperatures_c": (meaning["max_temperature_c"],)}
    if command == 0x93:
        more |= {"remaining_ah": meaning["remaining_mah"] / 1000}
    if command == 0x94:
        more |= {"temperatures_c": (20.0,) * meaning["temperature_count"]}
    if command == 0x97:
        more |= {"balancing": tuple(meaning["balancing_cells"])}
    if command == 0x98:
        more |= {"over_voltage": "cell_voltage_high_l2" in meaning["faults"]}
    if command == 0x50:
        more |= {"nominal_ah": meaning["rated_ah"]}
    if command == 0x59:
        more |= {"limit_mv": 3700}
    emulator = daly_board(meaning, LEFT_OVER.get(name, "00" * 8), **more)
    emulator.all_frames = name in ("daly-95-16frames", "daly-96")
    emulator.life = meaning.get("life_counter", 1) - 1
    expected = row["response"]
    if name == "daly-98-soc-low":  # no fault of this physics
        expected = bytes.fromhex("A5019808") + bytes(8) + b"\x46"
    assert emulator.feed(row["request"]) == expected


def test_daly_keeps_what_the_answer_before_has_left() -> None:
    """The captures 90, 91 and 92 of one board, asked one after the other."""
    board = daly_board({"cell_voltages_v": [3.326, 3.327, 3.328] + [3.327] * 13, "pack_voltage_v": 53.2, "soc_pct": 88.8, "current_a": 2.1})
    answers = [board.feed(DALY[name]["request"]) for name in ("daly-90-a", "daly-91", "daly-92")]
    assert answers[0] == DALY["daly-90-a"]["response"]
    assert answers[1][10:12] == answers[0][10:12]
    assert answers[2][8:12] == answers[1][8:12]


def test_daly_requests_addresses_and_sides() -> None:
    board = daly_board({})
    for name, row in DALY.items():
        if name.startswith("daly-req-"):
            assert board.feed(row["request"])[2] == row["request"][2], name
    pack = board.feed(DALY["daly-req-5a"]["request"])
    assert int.from_bytes(pack[6:8], "big") == round(4 * 36.5)
    ask = bytearray(DALY["daly-req-90"]["request"])
    ask[1], ask[12] = 0x80, (ask[12] + 0x40) & 0xFF
    assert board.feed(bytes(ask))[:3] == b"\xa5\x01\x90"
    ask[1], ask[12] = 0x41, (ask[12] - 0x3F) & 0xFF
    assert board.feed(bytes(ask)) == b"" and board.feed(b"\xa5" + DALY["daly-req-90"]["request"][:12]) == b""
    older = daly_board({"current_a": 2.0}, older=True)
    assert int.from_bytes(older.feed(DALY["daly-req-90"]["request"])[8:10], "big") == 29980


def test_daly_in_modbus() -> None:
    row = frames("daly-modbus")["daly-d2-status-62"]
    emulator = families.make("daly", world(), "Daly Modbus")
    shows(emulator, row["meaning"], temperatures_c=(21.0,), cycles=0, remaining_ah=25.0)
    words = modbus.parse_read_reply(row["response"], 0xD2, 62, device="", request="")
    of_its_own = {0x21: words[0x21], 0x22: words[0x22], **{register: words[register] for register in (0x2F, 0x37, 0x38, 0x39)}}
    emulator.overrides = {**of_its_own, **{register: words[register] for register in range(0x2B, 0x2F)}}
    assert emulator.feed(row["request"]) == row["response"]
    assert emulator.feed(modbus.write_request(0xD2, 0x8C, 3700)) == modbus.frame(bytes((0xD2, 0x86, 1)))
    assert emulator.feed(modbus.read_request(0x81, 0, 64)) == b""


# --- Seplos ---

SEPLOS = frames("seplos-v2")["seplos-v2-42-16s"]


def test_seplos_status() -> None:
    meaning = SEPLOS["meaning"]
    emulator = seplos_v2.SeplosV2Emulator(world())
    shows(emulator, meaning, nominal_ah=meaning["full_ah"])
    emulator.rated_ah, emulator.port_v = meaning["rated_ah"], meaning["port_voltage_v"]
    assert emulator.feed(SEPLOS["request"]) == SEPLOS["response"]
    assert emulator.feed(b"noise" + SEPLOS["request"][:7]) == b"" and emulator.feed(SEPLOS["request"][7:]) == SEPLOS["response"]


@pytest.mark.parametrize(
    ("request_text", "code"),
    [("~20004642E00200FD38\r", "02"), ("~25004642E00200FD32\r", "01"), ("~20004651E00200FD37\r", "04"), ("~20014642E00200FD36\r", "")],
)
def test_seplos_declines_as_such_boards_do(request_text: str, code: str) -> None:
    answer = seplos_v2.SeplosV2Emulator(world()).feed(request_text.encode())
    assert answer[7:9].decode() == code


def test_seplos_alarms_stand_where_the_sheet_has_them() -> None:
    emulator = seplos_v2.SeplosV2Emulator(world())
    shows(
        emulator,
        {"cell_voltages_v": [3.66] + [3.4] * 15, "charge_fet_on": False, "protection": ["cell_overvoltage"]},
        temperatures_c=(25.0,) * 6,
    )
    info = bytes.fromhex(emulator.feed(b"~20004644E00200FD35\r")[13:-5].decode())
    assert (info[2], info[3], info[30] & 0x02, info[35]) == (16, 2, 2, 1)


# --- all ---


@pytest.mark.parametrize("family", [name for name, row in families.EMULATED.items() if row.kind == "bms"])
def test_noise_of_any_length_leaves_an_emulator_answering(family: str) -> None:
    requests = {
        "jbd": JBD["jbd-04-sp04s034"]["request"],
        "jk-uart": UART["jk-uart-16s-lfp"]["request"],
        "jk-pb": PB["jk-pb-req-status-addr1"]["request"],
        "daly": DALY["daly-req-95"]["request"],
        "seplos-v2": SEPLOS["request"],
    }
    now_s = 0.0
    emulator = families.make(family, world())
    emulator._wall_s = lambda: now_s
    wanted = emulator.feed(requests[family])
    assert wanted
    for noise in (b"\0", b"\xff" * 40, b"\x4e" * 3, b"\x55\xaa" * 5, bytes(range(256)), b"~" * 9):
        emulator.feed(noise)
        now_s += 1.0
        if family == "seplos-v2":
            emulator.feed(b"\r")
        assert emulator.feed(requests[family]) == wanted, noise
