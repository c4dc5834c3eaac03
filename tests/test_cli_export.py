"""`topbalance sessions export` and `topbalance report`: what they write, what they print, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.bdf_rules import judge
from tests.made_session import Made
from tui.cli import cli
from tui.records.places import Home, home


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    return home()


def topbalance(*words: object):
    return CliRunner().invoke(cli, [str(word) for word in words])


def ended(place: Home) -> Made:
    made = Made(place)
    for _ in range(3):
        made.reading()
    made.end()
    return made


def test_an_export_prints_each_file_that_it_wrote(place, tmp_path):
    made = ended(place)
    done = topbalance("sessions", "export", made.session.id, "--format", "bdf", "--output", tmp_path / "out", "--institution", "My Shed")
    assert done.exit_code == 0, done.output
    paths = [Path(line) for line in done.output.splitlines()]
    assert sorted(paths) == sorted((tmp_path / "out").iterdir())
    assert paths[0].name.startswith("My-Shed__Bank-A__20251009_")
    judge(paths[0])


def test_all_goes_on_after_a_session_that_cannot_be_exported_and_says_so(place, tmp_path):
    good, gone = ended(place), ended(place)
    gone.path.unlink()
    done = topbalance("sessions", "export", "--all", "--output", tmp_path / "out")
    assert done.exit_code == 1
    assert "1 of 2 sessions were not exported" in done.output and "no journal" in done.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{good.session.id}.csv"]


@pytest.mark.parametrize("words", [(), ("ID", "--all"), ("nonsense",), ("--all", "--format", "xls")])
def test_bad_usage_is_told(place, words):
    assert topbalance("sessions", "export", *words).exit_code == 2


def test_a_report_goes_to_a_file_a_folder_or_standard_output(place, tmp_path, monkeypatch):
    made = ended(place)
    monkeypatch.chdir(tmp_path)
    named = topbalance("report", made.session.id)
    assert named.exit_code == 0 and named.output.strip() == f"Bank-A-{made.session.id}.html"
    assert (tmp_path / named.output.strip()).read_text().startswith("<!DOCTYPE html>")
    assert topbalance("report", made.session.id, "--format", "markdown", "-o", tmp_path).output.strip().endswith(".md")
    assert topbalance("report", made.session.id, "--format", "markdown", "-o", "-").output.startswith("## BALANCED: Bank A")
    assert topbalance("report", "nonsense").exit_code == 2
    refused = topbalance("report", made.session.id, "-o", tmp_path / named.output.strip() / "x.html")
    assert refused.exit_code == 1 and "could not be written" in refused.output


@pytest.fixture
def elsewhere(place: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an export of two sessions; the home is another one from here on."""
    made = [ended(place), ended(place)]
    folder = tmp_path / "out"
    assert topbalance("sessions", "export", "--all", "--format", "json", "--output", folder).exit_code == 0
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "other"))
    assert len(made) == 2
    return folder


def listed() -> list[str]:
    return topbalance("sessions", "list").output.splitlines()


def test_an_import_shows_first_and_keeps_when_it_is_told_to(elsewhere):
    shown = topbalance("sessions", "import", elsewhere, "--dry-run")
    assert shown.exit_code == 0 and shown.output.splitlines()[-1] == "2 would be added" and listed() == []
    assert "kept by their labels: A1, A2, A3, A4" in shown.output
    asked = topbalance("sessions", "import", elsewhere)
    assert asked.exit_code == 2 and "--yes keeps it" in asked.output and listed() == []
    done = topbalance("sessions", "import", elsewhere, "--yes")
    assert done.exit_code == 0 and done.output.splitlines()[-1] == "2 added" and len(listed()) == 2
    again = topbalance("sessions", "import", elsewhere, "--yes")
    assert again.exit_code == 0 and again.output.splitlines()[-1] == "0 added, 2 here already" and len(listed()) == 2
    ident = listed()[0].split()[0]
    assert topbalance("sessions", "verify", ident).exit_code == 0
    assert "imported" in topbalance("sessions", "show", ident).output


def test_a_file_that_is_refused_does_not_stop_the_others_and_is_told(elsewhere):
    good, bad = sorted(elsewhere.iterdir())
    bad.write_bytes(bad.read_bytes()[:-200])
    done = topbalance("sessions", "import", good, bad, "--yes", "--json")
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert told["kept"] == [good.stem] and [file["verdict"] for file in told["files"]] == ["new", "refused"]
    assert "cut off" in told["files"][1]["words"]


def test_a_folder_without_whole_sessions_is_bad_usage(elsewhere, tmp_path):
    (tmp_path / "empty").mkdir()
    done = topbalance("sessions", "import", tmp_path / "empty")
    assert done.exit_code == 2 and "--format json" in done.output
