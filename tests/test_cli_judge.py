"""`cells judge` and `cells build` as a person or a program meets them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from tui.cli import cli
from tui.records.inventory import Inventory, entry
from tui.records.places import home


@pytest.fixture
def inventory(tmp_path, monkeypatch) -> Inventory:
    """Eight cells: A3 leaks, A5 is small, A7 has no measured capacity."""
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    made = Inventory(home())
    made.add_many(
        {
            "label": f"A{at}",
            "capacity_ah": 280.0,
            "resistance_mohm": 0.18,
            "log": [
                *([] if at == 7 else [entry("capacity", unix_s=1.0, capacity_ah=260.0 if at == 5 else 280.0 + at / 10, tested="alone")]),
                entry("rest", unix_s=2.0, voltage_v=3.481, hours=24.0, session="s1"),
                entry("rest", unix_s=3.0, voltage_v=3.370 if at == 3 else 3.46 + at / 1000, hours=168.0, session="s1"),
            ],
        }
        for at in range(1, 9)
    )
    return made


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["cells", *words])


def test_all_measures_are_told_with_who_lies_apart(inventory):
    result = run("judge")
    assert result.exit_code == 0
    assert "Self-discharge by day 7" in result.output
    assert "!    1  A3" in result.output and "A3 fell 111 ± 1 mV" in result.output
    assert "!    1  A5" in result.output
    assert "Left out: A7: no measured capacity, only 280 Ah by its label." in result.output


def test_one_measure_of_named_cells_as_json(inventory):
    found = json.loads(run("judge", "a1", "A2", "A3", "A4", "A6", "--by", "self-discharge", "--json").output)
    judged = found["self-discharge"]
    assert list(found) == ["self-discharge"]
    assert judged["outliers"] == ["A3"]
    worst = judged["cells"][0]
    assert (worst["label"], worst["level"], worst["fall_v"], worst["uncertainty_v"]) == ("A3", "outlier", 0.111, 0.001)
    assert 0 < worst["least_per_month"] < worst["most_per_month"]
    coarse = json.loads(run("judge", "--by", "self-discharge", "--resolution", "10mV", "--json").output)["self-discharge"]["cells"][0]
    assert coarse["uncertainty_v"] == pytest.approx(0.01)


def test_scrapped_cells_are_left_out_unless_named(inventory):
    cell = inventory.by_label("A5")
    inventory.set_state(cell.id, "scrapped", "swollen")
    assert "Left out: A5: scrapped." in run("judge", "--by", "capacity").output
    assert "A5" in [row["label"] for row in json.loads(run("judge", "A5", "A1", "--by", "capacity", "--json").output)["capacity"]["cells"]]


def test_a_pack_is_shown_and_nothing_is_saved_unasked(inventory):
    result = run("build", "3S2P")
    assert result.exit_code == 0
    assert "S3" in result.output and "Spread of the groups' capacity" in result.output
    assert "Nothing was saved" in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    assert all(cell.state == "received" for cell in inventory.list())


def test_a_saved_pack_tells_each_cell_its_place(inventory):
    found = json.loads(run("build", "3S2P", "--json", "--save", "--name", "boat").output)
    assert found["saved"] == "boat"
    assert found["capacity_proven"] and found["resistance_proven"]
    assert found["after"]["capacity_ah"] <= found["before"]["capacity_ah"]
    assert found["spares"] == ["A5"]
    assert [cell["label"] for cell in found["left_out"]] == ["A7"]
    for group in found["groups"]:
        for placed in group["cells"]:
            move = inventory.by_label(placed["label"]).log[-1]
            assert (move["pack"], move["series_position"], move["parallel_position"]) == ("boat", group["series"], placed["parallel"])
            assert move["orientation"] == group["orientation"]


def test_the_pack_gets_a_name_of_its_own(inventory):
    assert json.loads(run("build", "2S", "A1", "A2", "--save", "--json").output)["saved"] == "pack 1"
    assert json.loads(run("build", "2S", "A3", "A4", "--save", "--json").output)["saved"] == "pack 2"


def test_the_capacity_on_the_label_counts_only_when_that_is_said(inventory):
    assert run("build", "8S").exit_code == 1
    assert "can be used. Left out: A7" in run("build", "8S").output
    assert run("build", "8S", "--rated").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["judge", "Z9"], "Z9"),
        (["judge", "--days", "5"], "5"),
        (["judge", "--by", "colour"], "colour"),
        (["judge", "--resolution", "1 A"], "current"),
        (["judge", "--resolution", "2V"], "100 mV"),
        (["build", "eight"], "not an arrangement"),
        (["build", "8S2P", "Z9"], "Z9"),
    ],
)
def test_bad_usage_is_told(inventory, words, told):
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.output


def test_an_empty_inventory_is_no_error_to_judge_and_nothing_to_build(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    assert run("judge").exit_code == 0
    assert "no cell can be ranked" in run("judge").output
    result = run("build", "8S2P")
    assert result.exit_code == 1
    assert "0 can be used" in result.output
