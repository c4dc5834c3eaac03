"""Several instruments on one bench: how they are asked for, what they share, and where faults go."""

from __future__ import annotations

import pytest

from drivers.clock import VirtualClock
from drivers.simulated.asked import Asked, AskedError, build, carry, fault_at, fit, strike
from drivers.simulated.description import BenchDescription, describe, parse
from drivers.simulated.embedded import EmbeddedBench
from drivers.simulated.faults import FaultError


def bench(*words: str, described: BenchDescription | None = None, own: bool = True) -> EmbeddedBench:
    asked = [Asked.parse(word) for word in words]
    fitted = fit(described or describe(cells=4, soc=(0.5, 0.5)), asked, own_wiring=own, own_rating=own)
    return build(fitted, asked, VirtualClock())


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("riden", Asked("riden")),
        ("korad:KA3010P", Asked("korad", "KA3010P")),
        ("korad:ka3005p", Asked("korad", "KA3005P")),
        ("owon-xdm@supply", Asked("owon-xdm", "", "supply")),
        ("es51922@cell:A3", Asked("es51922", "", "cell", "A3")),
        ("text-line@walk", Asked("text-line", "", "walk")),
    ],
)
def test_an_instrument_as_it_is_written(text: str, asked: Asked) -> None:
    assert Asked.parse(text) == asked


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "there are: riden"),
        ("riden:RD9999", "RD6012"),
        ("riden@supply", "only a meter"),
        ("jbd@bank", "only a meter"),
        ("text-line@moon", "bank, supply, cells"),
        ("text-line@supply:A1", "bank, supply, cells"),
    ],
)
def test_what_cannot_be_had_is_told(text: str, words: str) -> None:
    with pytest.raises(AskedError, match=words):
        Asked.parse(text)


def test_a_second_supply_is_refused_in_words() -> None:
    with pytest.raises(AskedError, match="one output drives the bank"):
        fit(describe(), [Asked("riden"), Asked("korad")], own_wiring=True, own_rating=True)


def test_a_named_model_has_its_own_rating_and_the_described_one_its_caps() -> None:
    described = describe(supply_current_a=10.0)
    assert fit(described, [Asked("riden")], own_wiring=True, own_rating=False).supply.max_current_a == 10.0  # RD6012, as the options cap it
    assert fit(described, [Asked("riden")], own_wiring=True, own_rating=True).supply.max_current_a == 12.0  # and as it is sold
    assert fit(described, [Asked("riden", "RD6018")], own_wiring=True, own_rating=True).supply.max_current_a == 18.0
    assert fit(described, [Asked("riden", "RD6018")], own_wiring=True, own_rating=False).supply.max_current_a == 10.0
    korad = fit(described, [Asked("korad")], own_wiring=True, own_rating=True).supply
    assert (korad.model, korad.max_voltage_v) == ("KA3010P", 31.0)


def test_without_a_supply_there_is_none_with_a_line() -> None:
    here = bench("text-line")
    assert not here.description.supply.has_interface
    assert [station.family for station in here.stations] == ["text-line"]


def test_instruments_stand_in_their_order_at_one_physics_and_one_clock() -> None:
    here = bench("text-line@supply", "riden", "text-line@cell:A3")
    assert [station.address for station in here.stations] == [
        "text-line:memory?point=supply",
        "riden:memory",
        "text-line:memory?point=cell&cell=A3",
    ]
    assert len({id(station.emulator.world) for station in here.stations}) == 1
    here.world.set_supply(voltage_v=3.4, current_a=2.0)
    here.world.set_output(True)
    at_supply, at_cell = (here.stations[place].emulator.message() for place in (0, 2))
    assert b" V1=3." in at_supply and at_supply.split(b"*")[0] != at_cell.split(b"*")[0]


def test_with_a_bms_the_cells_are_a_string_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [Asked("riden"), Asked("jbd")]
    fitted = fit(describe(cells=8), asked, own_wiring=True, own_rating=True)
    assert fitted.bank.arrangement == "8S" and fitted.bms is not None and fitted.bms.over_voltage_v == 3.65
    here = build(fitted, asked[:1], VirtualClock())
    truth = here.world.truth()
    assert truth.wired and truth.in_series and truth.leads_on and truth.charge_path_closed
    as_described = parse({"cell": [{"capacity_ah": 100, "soc": 0.5}] * 4, "bank": {"arrangement": "2P2S"}}, "test")
    assert fit(as_described, asked, own_wiring=False, own_rating=False).bank.arrangement == "2P2S"
    bare_pack = parse({"cell": [{"capacity_ah": 100, "soc": 0.5}], "bms": {"fitted": False}}, "test")
    with pytest.raises(AskedError, match="without a BMS"):
        fit(bare_pack, asked, own_wiring=False, own_rating=False)


def test_a_meter_on_a_cell_that_is_not_there_is_told() -> None:
    with pytest.raises(FaultError, match="no cell 'B7'"):
        bench("text-line@cell:B7")


def test_faults_go_to_the_instrument_that_they_name() -> None:
    here = bench("riden", "text-line@supply", "text-line@bank")
    supply, meter, _ = here.stations
    for text, station in (
        ("silence", supply),
        ("supply:silence", supply),
        ("riden:garbled-crc=2", supply),
        ("meter:silence", meter),
        ("text-line:silence", meter),
        ("meter-spike=0.4", meter),
        ("output-stuck-on", supply),
        ("lead-falls-off@5m", None),
        ("cell-leak=A3:0.5", None),
    ):
        assert fault_at(here, text)[0] is station, text
    strike(here, "meter:silence")
    assert meter.emulator.message() == b"" and here.stations[2].emulator.message() != b""
    strike(here, "lead-falls-off")
    assert not here.world.truth().leads_on


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("meter:lead-falls-off", "in the physics"),
        ("meter:relay-welded", "no meter"),
        ("bms:silence", "no bms"),
        ("riden:meter-spike", "no riden"),
        ("nonsense", "unknown"),
        ("cell-leak=B9:0.5", "no cell"),
    ],
)
def test_a_fault_that_this_bench_cannot_have_is_told(text: str, words: str) -> None:
    with pytest.raises(FaultError, match=words):
        fault_at(bench("riden", "text-line"), text)


def test_the_hands_carry_a_walking_meter() -> None:
    here = bench(
        "text-line@walk", "text-line@bank", described=parse({"cell": [{"capacity_ah": 9, "soc": soc} for soc in (0.1, 0.9)]}, "test")
    )
    walking = here.stations[0].emulator
    first = walking.seen_v()
    assert carry(here, "A2") == here.stations[:1]
    here.world.hands("take-apart")
    assert walking.probes.cell == "A2" and walking.seen_v() != first
    with pytest.raises(FaultError):
        carry(here, "A9")
    assert carry(bench("text-line"), "A1") == []
