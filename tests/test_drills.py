"""`topbalance demo --fault …` and `--list-faults` on the command line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from drivers.simulated.faults import FAULTS
from tui.bench.messages import Inject, Outcome
from tui.cli import cli
from tui.cli_drills import begin_drills, without_drills
from tui.domain.drills import drill


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOPBALANCE_BENCH", "inside")
    monkeypatch.setattr("tui.start.run_demo", lambda *_: pytest.fail("the demo started"))


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_tells_every_fault_what_it_shows_and_what_the_program_should_do(columns):
    result = CliRunner().invoke(cli, ["demo", "--list-faults"], env={"COLUMNS": str(columns)})
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= columns
    words = " ".join(result.output.split())
    for name, kind in FAULTS.items():
        (line,) = [line for line in lines if line.split("[")[0].split(" ")[0] == name]
        assert all(shown in line for shown in drill(name).shows)
        assert ("at once" in line) is drill(name).at_once
        assert ("[=" in line) is (kind.takes != "nothing")
        assert " ".join(kind.description.split()) in words
        assert drill(name).answer in words
    assert "since the first charge" in words
    assert "meter:NAME" in words


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (["lead"], "Known faults"),
        (["lead falls off"], "is not a fault"),
        (["lead-falls-off@soon"], "is not a fault"),
        (["silence", "silence=5"], "takes nothing"),
        (["cv-drift=much"], "is not a number"),
        (["cell-leak=Z9:0.5"], "no cell 'Z9'"),
        (["meter:power-up-on"], "meter cannot"),
        (["meter:lead-falls-off"], "not at the meter"),
    ],
)
def test_a_fault_that_cannot_be_is_bad_usage_in_words(faults, words):
    result = CliRunner().invoke(cli, ["demo", *(part for fault in faults for part in ("--fault", fault))])
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_a_supply_without_interface_has_no_wire_that_could_fail():
    result = CliRunner().invoke(cli, ["demo", "--supply", "manual:30V/10A", "--fault", "silence"])
    assert result.exit_code == 2
    assert "meter:silence" in result.output


def test_drills_are_handed_to_the_demo_in_their_order(monkeypatch):
    given = []
    monkeypatch.setattr("tui.start.run_demo", lambda description, options: given.extend(options["faults"]) or 0)
    result = CliRunner().invoke(cli, ["demo", "--fault", "lead-falls-off@5m", "--fault", "meter:silence@10m"])
    assert result.exit_code == 0, result.output
    assert given == ["lead-falls-off@5m", "meter:silence@10m"]


def test_a_bench_process_is_started_without_its_drills_and_told_of_them_afterwards():
    line = ["--cells", "4", "--fault", "silence", "--speed", "60", "--fault=cv-drift=0.03", "--fault", "--fault"]
    assert without_drills(line) == ["--cells", "4", "--speed", "60"]


def test_a_bench_that_refuses_a_drill_is_told_in_its_words():
    class Refusing:
        sent = []

        def send(self, command):
            self.sent.append(command)
            return Outcome(False, "Another screen has the keys.")

    with pytest.raises(OSError, match=r"the drill silence was refused: Another screen has the keys\."):
        begin_drills(Refusing(), ["silence", "cv-drift"])
    assert Refusing.sent == [Inject("silence")]
