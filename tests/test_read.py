"""`topbalance read`: one reading of a supply, a meter or a BMS, under the names that they have everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from drivers import catalog
from drivers.clock import WallClock
from drivers.roles import BmsProfile, BmsReading
from drivers.simulated.description import describe
from drivers.simulated.embedded import EmbeddedBench
from tui.cli import cli
from tui.domain.plan import Plan, PlanCell, PlanSupply


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))


@pytest.fixture
def bench() -> Iterator[EmbeddedBench]:
    bench = EmbeddedBench(describe(cells=3), WallClock(), assembled=True)
    yield bench
    bench.close()


def read(address: str) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["read", address, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.mark.parametrize("family", ["owon-xdm", "scpi-dmm", "es51922", "text-line"])
def test_a_meter_with_one_channel_gives_its_volts(bench: EmbeddedBench, family: str) -> None:
    station = bench.add(family, cell="A2")
    bench.open_ptys()
    found = read(station.address)
    true_v = bench.world.points_v("cells")[1]
    assert (found["family"], found["point"], found["cell"], found["status"]) == (family, "cell", "A2", "ok")
    assert found["voltage_v"] == found["channels_v"]["1"] == pytest.approx(true_v, abs=0.001)
    assert "cell_voltages_v" not in found


def test_a_meter_at_the_cells_gives_them_in_order(bench: EmbeddedBench) -> None:
    station = bench.add("text-line", point="cells")
    bench.open_ptys()
    found = read(f"{station.address}&map=3,1,9,2")
    true_v = bench.world.points_v("cells")
    assert found["cell_voltages_v"] == [
        pytest.approx(true_v[2], abs=1e-3),
        pytest.approx(true_v[0], abs=1e-3),
        None,
        pytest.approx(true_v[1], abs=1e-3),
    ]
    assert "voltage_v" not in found


@pytest.mark.parametrize(
    ("family", "fault", "status"),
    [("owon-xdm", "meter-wrong-function", "not_dc"), ("scpi-dmm", "meter-overload", "overload"), ("es51922", "meter-overload", "overload")],
)
def test_what_is_no_volts_is_no_number(bench: EmbeddedBench, family: str, fault: str, status: str) -> None:
    station = bench.add(family)
    bench.open_ptys()
    station.emulator.inject(fault)
    found = read(station.address)
    assert (found["status"], found["voltage_v"], found["channels_v"]) == (status, None, {"1": None})
    assert found["text"]
    shown = CliRunner().invoke(cli, ["read", station.address]).output
    assert "unknown" in shown and found["text"] in shown


def test_silence_is_no_number(bench: EmbeddedBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.first_value.FIRST_VALUE_S", 0.5)
    station = bench.add("owon-xdm")
    bench.open_ptys()
    monkeypatch.setattr("drivers.meters.owon_xdm.OwonXdm._prepare", lambda self: station.emulator.inject("silence"))
    found = read(station.address)
    assert found["status"] in ("no_answer", "stale") and found["voltage_v"] is None


def test_a_supply_gives_what_it_gave(bench: EmbeddedBench) -> None:
    bench.open_ptys()
    found = read(bench.supply_address)
    assert (found["model"], found["output_on"], found["current_a"]) == ("RD6012", False, 0.0)
    assert {"set_voltage_v", "voltage_v", "mode", "protection"} <= set(found)


def test_a_bms_gives_all_that_a_reading_has(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bms:
        address, closed = "jbd:/dev/ttyUSB0", False

        def identify(self) -> BmsProfile:
            return BmsProfile("jbd", "JBD-SP04", cell_count=2)

        def read(self) -> BmsReading:
            return BmsReading(
                1.0, (3.65, None), 7.3, 2.0, charge_fet_on=False, protection=("cell_overvoltage",), cell_overvoltage_protection_v=3.65
            )

        def close(self) -> None:
            self.closed = True

    made = Bms()
    monkeypatch.setattr(catalog, "open_bms", lambda address, clock: made)
    found = read("jbd:/dev/ttyUSB0")
    assert found["cell_voltages_v"] == [3.65, None] and found["pack_voltage_v"] == 7.3
    assert (found["charge_fet_on"], found["charge_cut_by_cell_overvoltage"], found["soc_pct"]) == (False, True, None)
    assert (found["family"], found["protection"], found["cell_overvoltage_protection_v"], made.closed) == (
        "jbd",
        ["cell_overvoltage"],
        3.65,
        True,
    )


def test_typed_is_understood_and_answers_in_words() -> None:
    found = read("typed?cell=A3")
    assert (found["family"], found["cell"], found["status"], found["voltage_v"]) == ("typed", "A3", "no_answer", None)
    assert "operator" in found["text"] and "types" in found["text"]
    assert "types its volts" in CliRunner().invoke(cli, ["read", "typed"]).output
    for wrong in ("typed?baud=9600", "typed?point=cell", "meter"):
        assert CliRunner().invoke(cli, ["read", wrong]).exit_code == 2


def test_typed_in_a_plan_is_no_meter_on_a_line() -> None:
    plan = Plan("bank", (PlanCell("A1", 100.0),), PlanSupply("manual:30V/10A", 30.0, 10.0), meter="typed")
    assert plan.meter == "" and Plan.from_json({**plan.to_json(), "meter": "typed?cell=A1"}).meter == ""
    assert Plan.from_json({**plan.to_json(), "meter": "text-line:/dev/ttyUSB1"}).meter == "text-line:/dev/ttyUSB1"


def test_a_port_that_a_session_holds_is_not_read_beside_it(bench: EmbeddedBench) -> None:
    """F-20: two readers of one line steal each other's bytes; of a network bridge no operating system keeps the second one out."""
    from tui.bench.port_locks import PortLocks
    from tui.records.places import home

    bench.open_ptys()
    address = bench.supply_address
    locks = PortLocks(home())
    locks.take(address, address.partition(":")[2].partition("?")[0])
    try:
        result = CliRunner().invoke(cli, ["read", address, "--json"])
        assert result.exit_code != 0 and "another copy of this program" in str(result.exception or result.output)
    finally:
        locks.release()
    assert read(address)["family"] == "riden"
