"""A bench description is read wholly or refused by the name of what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drivers.simulated.description import DescriptionError, describe, load, parse

WHOLE = """
[supply]
model = "RD6018"
voltage_v = 30
current_a = 10
set_point_error_v = 0.012
[leads]
resistance_mohm = "8 AWG"
[bank]
arrangement = "2P"
hookup = "same-end"
link_mohm = 0.3
contact_mohm = 0.02
ambient_c = 18.5
[meter]
point = "cells"
gain_error = 0.001
offset_v = -0.002
resolution_v = 0.001
[physics]
table = "B"
slow_lag = true
hysteresis = false
[[cell]]
label = "left"
capacity_ah = 280
soc = 0.9
[[cell]]
label = "right"
capacity_ah = 100.5
soc = 0.5
r0_mohm = 2
self_discharge_ma = 15
"""


def test_a_whole_description_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    path.write_text(WHOLE, encoding="utf-8")
    found = load(path)
    assert (found.supply.model, found.supply.max_voltage_v, found.supply.max_current_a) == ("RD6018", 30.0, 10.0)
    assert found.leads.resistance_mohm == pytest.approx(5, abs=0.3)
    assert (found.bank.hookup, found.bank.ambient_c, found.meter.point, found.physics.table) == ("same-end", 18.5, "cells", "B")
    left, right = found.cells
    assert left.r0_mohm == pytest.approx(0.65)
    assert left.self_discharge_ma == 0.0
    assert (right.label, right.r0_mohm, right.self_discharge_ma) == ("right", 2.0, 15.0)


ONE_CELL: dict[str, Any] = {"capacity_ah": 100, "soc": 0.5}
FOUR = [{**ONE_CELL, "label": f"c{k}"} for k in range(4)]


@pytest.mark.parametrize(
    ("arrangement", "in_series", "cells_per_group"),
    [("4S", True, 1), ("1P4S", True, 1), ("2P2S", True, 2), ("4P", False, 1), ("apart", False, 1)],
)
def test_a_bank_in_series_has_as_many_groups_as_its_arrangement_says(arrangement: str, in_series: bool, cells_per_group: int) -> None:
    found = parse({"cell": FOUR, "bank": {"arrangement": arrangement}}, "x")
    assert (found.bank.in_series, found.bank.cells_per_group) == (in_series, cells_per_group)
    assert found.expects_series is in_series
    assert found.bms is None


def test_a_bms_is_described_with_or_without_a_bank_in_series() -> None:
    bms = parse({"cell": FOUR, "bms": {}}, "x").bms
    assert bms is not None
    assert (bms.over_voltage_v, bms.delay_s, bms.fitted) == (3.65, 1.0, True)
    found = parse({"cell": FOUR, "bms": {"over_voltage_v": 3.6, "delay_s": 2, "fitted": False}}, "x")
    assert found.expects_series
    assert found.bms is not None
    assert (found.bms.over_voltage_v, found.bms.delay_s, found.bms.fitted) == (3.6, 2.0, False)


def test_short_options_make_a_string_and_its_bms() -> None:
    found = describe(cells=8, arrangement="2P4S", bms_over_voltage_v=3.6)
    assert (found.bank.arrangement, found.bank.cells_per_group) == ("2P4S", 2)
    assert found.bms is not None
    assert found.bms.over_voltage_v == 3.6
    with pytest.raises(DescriptionError, match="'5S'"):
        describe(cells=8, arrangement="5S")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"suply": {}, "cell": [ONE_CELL]}, ["[suply]", "unknown"]),
        ({"cell": [{**ONE_CELL, "socc": 1}]}, ["[cell] number 1", "socc", "unknown"]),
        ({"supply": {"volts": 3}, "cell": [ONE_CELL]}, ["[supply]", "volts", "unknown"]),
        ({"cell": []}, ["no cell"]),
        ({}, ["no cell"]),
        ({"cell": [{"soc": 0.5}]}, ["capacity_ah", "missing"]),
        ({"cell": [{"capacity_ah": 100}]}, ["soc", "missing"]),
        ({"cell": [{**ONE_CELL, "soc": "97%"}]}, ["soc", "number", "'97%'"]),
        ({"cell": [{**ONE_CELL, "soc": True}]}, ["soc", "number"]),
        ({"cell": [{**ONE_CELL, "soc": 97}]}, ["soc", "between 0 and 1.02", "97"]),
        ({"cell": [{**ONE_CELL, "capacity_ah": -1}]}, ["capacity_ah", "between"]),
        ({"cell": [{**ONE_CELL, "capacity_ah": float("nan")}]}, ["capacity_ah", "between"]),
        ({"cell": [{**ONE_CELL, "label": "x"}] * 2}, ["label", "'x'", "two cells"]),
        ({"cell": FOUR, "bank": {"arrangement": "8S"}}, ["[bank] arrangement", '"4S"', "4 cells", "'8S'"]),
        ({"cell": FOUR, "bank": {"arrangement": "2P16S"}}, ["arrangement", "4 cells", "'2P16S'"]),
        ({"cell": FOUR, "bank": {"arrangement": "4s"}}, ["arrangement", '"4S"', "'4s'"]),
        ({"cell": FOUR, "bank": {"arrangement": "0S"}}, ["arrangement", "'0S'"]),
        ({"cell": FOUR, "bank": {"arrangement": "8P"}}, ["arrangement", '"4P"', "'8P'"]),
        ({"cell": [ONE_CELL], "bms": {"over_voltage_v": 36.5}}, ["[bms] over_voltage_v", "between 2.5 and 5", "36.5"]),
        ({"cell": [ONE_CELL], "bms": {"delay_s": -1}}, ["[bms] delay_s", "between"]),
        ({"cell": [ONE_CELL], "bms": {"fitted": "no"}}, ["[bms] fitted", "true or false"]),
        ({"cell": [ONE_CELL], "bms": {"limit_v": 3.65}}, ["[bms] limit_v", "unknown"]),
        ({"cell": [ONE_CELL], "supply": {"model": "RD9999"}}, ["[supply] model", "RD6012", "'RD9999'"]),
        ({"cell": [ONE_CELL], "leads": {"resistance_mohm": "9 AWG"}}, ["resistance_mohm", "8 AWG", "'9 AWG'"]),
        ({"cell": [ONE_CELL], "bank": {"hookup": "ends"}}, ["hookup", "diagonal, same-end"]),
        ({"cell": [ONE_CELL], "meter": "x"}, ["[meter]", "table"]),
        ({"cell": [ONE_CELL], "physics": {"slow_lag": 1}}, ["slow_lag", "true or false"]),
    ],
)
def test_what_is_wrong_is_named(document: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(DescriptionError) as refused:
        parse(document, "bench.toml")
    assert str(refused.value).startswith("bench.toml: ")
    for word in words:
        assert word in str(refused.value)


def test_a_file_that_is_no_toml_or_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    with pytest.raises(DescriptionError, match="cannot be read"):
        load(path)
    path.write_text("[supply\n")
    with pytest.raises(DescriptionError, match=r"bench\.toml: this is not TOML"):
        load(path)


def test_short_options_spread_the_cells_evenly_in_a_seeded_order() -> None:
    first, again, other = describe(seed=1), describe(seed=1), describe(seed=2)
    assert first == again
    assert first != other
    socs = [cell.soc for cell in first.cells]
    assert sorted(socs) == pytest.approx([0.97 + 0.02 * k / 7 for k in range(8)])
    assert socs != sorted(socs)
    assert [cell.label for cell in first.cells] == [f"A{k}" for k in range(1, 9)]
    assert {cell.capacity_ah for cell in first.cells} == {280.0}
    assert all(0.9 * 0.65 <= cell.r0_mohm <= 1.1 * 0.65 for cell in first.cells)
    assert all(1.0 <= cell.self_discharge_ma <= 3.0 for cell in first.cells)
    assert first.bank.arrangement == "8P"


def test_short_options_out_of_range_are_refused() -> None:
    with pytest.raises(DescriptionError, match="cells must be"):
        describe(cells=0)
    with pytest.raises(DescriptionError, match="capacity"):
        describe(capacity_ah=-5)
    with pytest.raises(DescriptionError, match="soc"):
        describe(soc=(0.9, 97))


def test_a_model_s_rating_can_only_be_lowered_and_a_manual_supply_has_its_own() -> None:
    assert describe(model="RD6006", supply_current_a=20).supply.max_current_a == 6.0
    assert describe(model="RD6012", supply_current_a=5).supply.max_current_a == 5.0
    manual = parse({"supply": {"model": "manual", "voltage_v": 80, "current_a": 40}, "cell": [ONE_CELL]}, "x").supply
    assert (manual.max_voltage_v, manual.max_current_a, manual.has_interface) == (80.0, 40.0, False)
    assert parse({"supply": {"model": "manual"}, "cell": [ONE_CELL]}, "x").supply.max_current_a == 10.0
