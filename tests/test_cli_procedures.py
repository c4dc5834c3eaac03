"""Procedures on the command line: each runs headless, each is refused where it cannot be done, and a person's own goes round the whole way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tui.cli import cli

BENCH = ("--cells", "4", "--capacity", "50Ah", "--rest", "5min", "--lead", "5mOhm")


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def topbalance(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def headless(*arguments: str) -> dict:
    result = topbalance("run", "--demo", "--headless", "--json", *arguments)
    return json.loads(next(line for line in result.output.splitlines()[::-1] if line.startswith("{")))


@pytest.mark.parametrize(
    ("procedure", "options", "result", "parts"),
    [
        ("step-and-pause", ("--stages", "3.45V,3.65V", "--pause", "1min"), "balanced", 2),
        ("single-cell", ("--cells", "2", "--assembled"), "balanced", 2),
        ("precharge", ("--soc", "95%..97%"), "done", 1),
        ("precharge", ("--cells", "8", "--capacity", "280Ah", "--supply", "manual:30V/10A"), "done", 1),
        ("level", (), "done", 1),
        ("precharge+parallel", ("--soc", "90%..94%"), "balanced", 2),
    ],
)
def test_each_procedure_runs_to_its_end_on_the_built_in_bench(procedure, options, result, parts):
    summary = headless("--procedure", procedure, *BENCH, *options)
    assert (summary["result"], summary["procedure"]) == (result, procedure), summary
    assert len([part for part in summary["parts"] if "@" not in part["part"] or procedure == "level"]) == parts
    assert summary["max_cell_voltage_v"] <= 3.68
    assert not [alarm for alarm in summary["alarms"] if alarm["level"] != "warn"]


def test_a_precharge_of_a_supply_with_knobs_shorts_the_leads_where_the_cells_want_less_than_it_gives():
    summary = headless("--procedure", "precharge", *BENCH, "--capacity", "20Ah", "--supply", "manual:30V/10A")
    assert summary["result"] == "done", summary
    assert summary["max_supply_voltage_v"] == pytest.approx(4 * 3.65, abs=0.1)


def test_a_48_v_pack_and_a_30_v_supply_are_refused_with_what_is_needed():
    result = topbalance("run", "--demo", "--headless", "--procedure", "precharge", "--cells", "16", "--supply", "30V/10A")
    assert result.exit_code == 1
    assert "58.40 V" in result.output
    assert "60 V supply" in result.output
    told = {fit["name"]: fit for fit in json.loads(topbalance("plan", "--cells", "16", "--supply", "30V/10A", "--json").output)["fits"]}
    assert not told["precharge"]["ok"]
    assert "60 V supply" in told["precharge"]["why_not"]
    assert told["parallel"]["ok"]


def test_step_and_pause_at_full_rating_is_refused():
    result = topbalance("plan", "--procedure", "step-and-pause", "--derating", "100%")
    assert result.exit_code == 1
    assert "80 %" in result.output


def test_the_plan_tells_hours_with_and_without_the_precharge():
    arguments = ("--soc", "47.5%..55.5%", "--lead", "5mOhm", "--supply", "30V/10A")
    document = json.loads(topbalance("plan", *arguments, "--json").output)
    hours = {fit["name"]: fit["typical_s"] and fit["typical_s"] / 3600 for fit in document["fits"]}
    assert hours["parallel"] == pytest.approx(109, abs=2)
    assert hours["precharge+parallel"] == pytest.approx(23, abs=2)
    assert document["best"]["name"] == "precharge+parallel"
    assert "precharge+parallel" in topbalance("plan", *arguments).output


def test_a_bench_file_in_series_is_the_pack_of_the_plan(tmp_path):
    file = tmp_path / "bench.toml"
    cells = "".join(f'[[cell]]\nlabel = "C{n}"\ncapacity_ah = 20\nsoc = 0.98\n' for n in range(1, 5))
    file.write_text(f'[bank]\narrangement = "2P2S"\n[bms]\nover_voltage_v = 3.65\n{cells}')
    summary = headless("--procedure", "precharge", "--bench", str(file))
    assert summary["result"] == "done", summary
    assert summary["max_supply_voltage_v"] == pytest.approx(2 * 3.65, abs=0.05)


# --- own procedures --------------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path) -> Path:
    """The parallel balance as a file, with a target of its own."""
    file = tmp_path / "gentle.toml"
    assert topbalance("procedures", "export", "parallel", "--target", "3.60V", "-o", str(file)).exit_code == 0
    text = file.read_text()
    assert '# target = "3.600 V"' in text
    file.write_text(text.replace('# target = "3.600 V"', 'target = "3.60 V"'))
    return file


def test_an_own_procedure_is_exported_checked_imported_run_and_removed(own):
    assert topbalance("procedures", "check", str(own)).exit_code == 0
    assert topbalance("procedures", "import", str(own)).output.strip() == "own:gentle kept"
    assert "own:gentle" in topbalance("procedures", "list").output
    summary = headless("--procedure", "own:gentle", *BENCH)
    assert summary["result"] == "balanced", summary
    assert 3.58 < summary["max_cell_voltage_v"] < 3.605
    assert topbalance("procedures", "export", "own:gentle").output == own.read_text()
    again = topbalance("procedures", "import", str(own))
    assert again.exit_code == 2
    assert "gentle" in again.output
    assert topbalance("procedures", "import", str(own), "--replace").exit_code == 0
    assert topbalance("procedures", "remove", "gentle").exit_code == 0
    assert "own:gentle" not in topbalance("procedures", "list").output
    assert topbalance("plan", "--procedure", "own:gentle").exit_code == 2


def test_a_file_is_a_procedure_for_one_run_only(own):
    summary = headless("--procedure-file", str(own), *BENCH)
    assert summary["result"] == "balanced", summary
    assert summary["procedure"] == "own:gentle"
    assert "own:gentle" not in topbalance("procedures", "list").output


def test_a_file_never_takes_the_place_of_another_that_is_kept(own):
    topbalance("procedures", "import", str(own))
    own.write_text(own.read_text().replace("3.60 V", "3.55 V"))
    refused = topbalance("run", "--demo", "--headless", "--procedure-file", str(own), *BENCH)
    assert refused.exit_code == 2
    assert "gentle" in refused.output
    assert '"3.60 V"' in topbalance("procedures", "export", "own:gentle").output


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ('target = "3.60 V"', 'target = "3.70 V"', "target"),
        ('gate = "open-lead"', 'gate = "none-such"', "gate"),
        ('instruction = "', 'instrucion = "', "instruction"),
        ("format = 1", "format = one", ""),
    ],
)
def test_faults_of_a_file_are_told_with_line_and_field(own, was, becomes, told):
    text = own.read_text()
    assert was in text
    own.write_text(text.replace(was, becomes, 1))
    line = text[: text.index(was)].count("\n") + 1
    shown = topbalance("procedures", "check", str(own))
    assert shown.exit_code == 1
    rows = shown.output.splitlines()
    assert all(row.startswith("gentle.toml line ") for row in rows)
    assert any(f"line {line}" in row and told in row for row in rows)
    for command in (("procedures", "import", str(own)), ("run", "--demo", "--headless", "--procedure-file", str(own))):
        refused = topbalance(*command)
        assert refused.exit_code == 2
        assert "gentle.toml line " in refused.output
    assert "gentle" not in topbalance("procedures", "list").output


def test_export_does_not_write_over_a_file(own):
    before = own.read_text()
    assert topbalance("procedures", "export", "level", "-o", str(own)).exit_code == 2
    assert own.read_text() == before


def test_show_tells_the_checklist_with_the_numbers_of_the_bank():
    text = topbalance("procedures", "show", "precharge", "--cells", "8", "--supply", "30V/10A").output
    assert "29.200 V" in text
    assert "Short the lead ends" not in text  # 0.2C of 280 Ah is more than this supply gives
    assert "Short the lead ends" in topbalance("procedures", "show", "precharge", "--capacity", "20Ah", "--supply", "30V/10A").output
    rows = json.loads(topbalance("procedures", "show", "step-and-pause", "--json").output)
    assert {row["part"] for row in rows} > {f"Stage {n} of 3: {volts} V" for n, volts in ((1, "3.45"), (2, "3.55"), (3, "3.65"))}


# --- the catalogue ---------------------------------------------------------------------------------------------


def test_the_catalogue_is_searched_and_takes_models_of_ones_own():
    assert "eve-lf280k" in topbalance("catalogue", "eve", "280").output
    assert {model["id"] for model in json.loads(topbalance("catalogue", "lf280k", "--json").output)} == {"eve-lf280k"}
    assert len(json.loads(topbalance("catalogue", "--json").output)) > 20
    assert "torque" in topbalance("catalogue", "show", "eve-lf280k").output
    added = topbalance("catalogue", "add", "--maker", "Acme", "--model", "P120", "--capacity", "120Ah", "--max-charge", "60A")
    assert added.exit_code == 0, added.output
    figures = {row["id"]: row["value"] for row in json.loads(topbalance("plan", "--model", "acme-p120", "--json").output)["figures"]}
    assert figures["bank-capacity"] == pytest.approx(8 * 120)
    assert topbalance("catalogue", "add", "--maker", "Acme", "--model", "P120", "--capacity", "120Ah").exit_code == 2
    assert topbalance("catalogue", "remove", "acme-p120").exit_code == 0
    assert topbalance("plan", "--model", "acme-p120").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "--model", "X", "--capacity", "280A"), "capacity"),
        (("add", "--model", "X", "--capacity", "280Ah", "--thread", "M7"), "M7"),
        (("add", "--capacity", "280Ah"), "name"),
        (("show", "nothing"), "nothing"),
        (("remove", "eve-lf280k"), "stays"),
    ],
)
def test_the_catalogue_refuses_in_words(arguments, told):
    result = topbalance("catalogue", *arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_a_name_that_many_models_share_is_no_model():
    result = topbalance("plan", "--model", "eve")
    assert result.exit_code == 2
    assert "eve-lf280k" in result.output or "eve-lf50" in result.output
