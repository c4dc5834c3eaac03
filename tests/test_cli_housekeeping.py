"""Cell lists, deleting, the trash, backup and restore as a person types them: what is told, what is kept, and the exit status."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tui import bench_process
from tui.cli import cli
from tui.records.banks import Banks
from tui.records.inventory import Inventory
from tui.records.places import Home, home
from tui.records.store import transaction

LIST = "Ref;Spannung;IR (mΩ);Grade\nA1;3,301;0,18;A\nA2;3302 mV;0,19;B\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    return home()


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "l.csv"
    path.write_text(LIST, encoding="utf-8")
    return path


def run(*words: object, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result


def labels(place: Home) -> list[str]:
    return [cell.label for cell in Inventory(place).list()]


def test_a_dry_run_shows_every_row_and_keeps_nothing(place: Home, sheet: Path) -> None:
    told = run("cells", "import", sheet, "--map", "Ref=label", "--dry-run").output
    assert "semicolon between columns, decimal comma" in told and "kept as it is" in told and "2 to add" in told
    assert "add     A1         0.18 mΩ, 3.301 V, Grade: A" in told
    assert labels(place) == []
    assert "no column is called label" in run("cells", "import", sheet, "--dry-run", status=2).output  # nothing was remembered either


def test_nobody_asked_keeps_nothing_and_yes_keeps_and_remembers(place: Home, sheet: Path) -> None:
    assert "--yes" in run("cells", "import", sheet, "--map", "Ref=label", status=2).output
    assert labels(place) == []
    assert "2 cells added, 0 changed" in run("cells", "import", sheet, "--map", "Ref=label", "--yes").output
    assert "2 unchanged" in run("cells", "import", sheet, "--existing", "update", "--yes").output  # mapped once
    assert labels(place) == ["A1", "A2"]


def test_refused_rows_refuse_the_list_unless_they_are_skipped(place: Home, sheet: Path) -> None:
    Inventory(place).add(label="A1")
    told = run("cells", "import", sheet, "--map", "Ref=label", "--yes", status=2).output
    assert "line 2, column Ref" in told and "--skip-refused" in told
    assert labels(place) == ["A1"]
    told = run("cells", "import", sheet, "--map", "Ref=label", "--yes", "--skip-refused", "--json").output
    document = json.loads(told.splitlines()[-1])
    assert document["kept"] == ["A2"] and [row["act"] for row in document["rows"]] == ["refuse", "add"]


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--map", "Ref"], "COLUMN=WHAT"), (["--map", "Ref=colour"], "nothing that"), (["--map", "Nix=label"], "no column")],
)
def test_a_mapping_that_cannot_be_is_bad_usage(place: Home, sheet: Path, options: list[str], words: str) -> None:
    assert words in run("cells", "import", sheet, *options, "--yes", status=2).output


def test_an_export_to_a_file_comes_back_in_another_home(place: Home, sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("cells", "import", sheet, "--map", "Ref=label", "--yes")
    before = Inventory(place).list()
    target = tmp_path / "out.tsv"
    run("cells", "export", "-o", target)
    assert "\t" in target.read_text() and stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "--overwrite" in run("cells", "export", "-o", target, status=2).output
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "other"))
    run("cells", "import", target, "--yes")
    assert Inventory(home()).list() == before


def test_what_is_deleted_is_listed_and_brought_back_or_let_go(place: Home) -> None:
    cells = Inventory(place).add_many([{"label": "A1"}, {"label": "A2"}])
    Banks(place).save("boat", [cell.id for cell in cells])
    assert run("banks", "list").output.split() == ["boat", "A1", "A2"]
    assert "Z9" in run("cells", "delete", "A1", "Z9", status=2).output
    assert labels(place) == ["A1", "A2"]  # all of them, or none
    run("cells", "delete", "a1", "A2")
    run("banks", "delete", "boat")
    assert "no bank" in run("banks", "delete", "boat", status=2).output
    assert "no session" in run("sessions", "delete", "x", status=2).output
    rows = json.loads(run("trash", "list", "--json").output)
    assert [(row["kind"], row["name"]) for row in rows] == [("cell", "A1"), ("cell", "A2"), ("bank", "boat")]
    Inventory(place).add(label="A1")
    assert "already" in run("trash", "restore", rows[0]["id"], status=2).output
    assert "A9 is back" in run("trash", "restore", rows[0]["id"], "--name", "A9").output
    assert "boat is back" in run("trash", "restore", rows[2]["id"]).output
    assert labels(place) == ["A1", "A9"]
    assert CliRunner().invoke(cli, ["trash", "empty"], input="n\n").exit_code == 1
    assert "0 let go" in run("trash", "empty", "--older-than", "1d", "--yes").output
    assert "1 let go" in run("trash", "empty", "--yes").output
    assert "empty" in run("trash", "list").output


def test_a_home_goes_into_an_archive_and_back(place: Home, tmp_path: Path) -> None:
    Inventory(place).add(label="A1")
    archive = tmp_path / "b.zip"
    assert "each verified" in run("backup", archive).output
    assert "--overwrite" in run("backup", archive, status=1).output
    assert "each is what was saved" in run("restore", archive, "--check").output
    Inventory(place).add(label="A2")
    assert "--replace" in run("restore", archive, status=1).output
    assert labels(place) == ["A1", "A2"]
    told = run("restore", archive, "--replace").output
    assert labels(place) == ["A1"] and "What was there before is in" in told
    other = tmp_path / "other"
    assert f"TOPBALANCE_HOME={other}" in run("restore", archive, "--into", other).output
    with transaction(other / "inventory.json") as store:
        assert [record["label"] for record in store.table("cells")] == ["A1"]
    archive.write_bytes(archive.read_bytes()[:-50])
    assert "no whole archive" in run("restore", archive, "--replace", status=1).output
    assert labels(place) == ["A1"]


def test_without_a_name_the_archive_bears_the_time(place: Home, tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        run("backup")
        (made,) = tmp_path.glob("topbalance-*.zip")
    finally:
        os.chdir(before)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_a_home_whose_bench_runs_is_not_exchanged(place: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("backup", tmp_path / "b.zip")
    monkeypatch.setattr(bench_process, "status", lambda _: {"pid": 1})
    assert "bench stop" in run("restore", tmp_path / "b.zip", "--replace", status=1).output
