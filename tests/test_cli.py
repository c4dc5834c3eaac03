"""The command line as a person or a program meets it: exit status, one-line errors, JSON on the last line, signals."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tui.cli import cli
from tui.cli_choices import Stages

PROGRAM = [sys.executable, "-m", "tui.cli"]


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, env={**os.environ, **environment}, timeout=120)


def test_version_and_help():
    assert CliRunner().invoke(cli, ["--version"]).output.startswith("topbalance ")
    text = CliRunner().invoke(cli, ["--help"]).output
    for command in ("demo", "plan", "run", "read", "emulate", "cells", "sessions", "procedures", "catalogue"):
        assert command in text


def test_plan_tells_the_pack_volts_and_what_wins():
    result = CliRunner().invoke(
        cli, ["plan", "--cells", "8", "--capacity", "280Ah", "--arrangement", "8P", "--supply", "30V/10A", "--json"]
    )
    figures = {figure["label"]: figure["value"] for figure in json.loads(result.output)["figures"]}
    assert result.exit_code == 0
    assert figures["Capacity"] == pytest.approx(2240)
    assert figures["0.2C of bank"] == pytest.approx(448)
    assert [round(figures[f"Pack {n}S"], 3) for n in (4, 8, 15, 16)] == [14.6, 29.2, 54.75, 58.4]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plan", "--target", "36.5"], "3.65"),
        (["plan", "--target", "10 A"], "current"),
        (["plan", "--capacity", "many"], "capacity"),
        (["plan", "--target", "3.70"], "3.65"),
        (["plan", "--target", "3.4V"], "3.50"),
        (["plan", "--cells", "0"], "0"),
        (["plan", "--procedure", "serial"], "step-and-pause"),
        (["plan", "--stages", "3.45A"], "voltage"),
        (["run"], "--headless"),
        (["cells", "show", "Z9"], "Z9"),
        (["nonsense"], "nonsense"),
    ],
)
def test_bad_usage_is_one_line_on_stderr_and_status_two(at_home, arguments, words):
    result = run(*arguments)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_decimal_comma_and_units_are_understood():
    result = CliRunner().invoke(cli, ["plan", "--target", "3,60V", "--capacity", "280000 mAh", "--lead", "8 AWG", "--json"])
    figures = {figure["label"]: figure["value"] for figure in json.loads(result.output)["figures"]}
    assert figures["Pack 4S"] == pytest.approx(14.4)
    assert figures["Capacity"] == pytest.approx(2240)


@pytest.mark.parametrize(
    "text", ["3.45V,3.55V,3.65V", "3,45V;3,55V;3,65V", "3,45V, 3,55V, 3,65V", "3.45 3.55 3.65", "3450,3550,3650", "3,45V,3,55V,3,65V"]
)
def test_stages_are_read_however_their_commas_are_meant(text):
    assert Stages().convert(text, None, None) == (3.45, 3.55, 3.65)


@pytest.mark.parametrize("text", ["3.45A,3.55A", "345V", "low,high"])
def test_what_is_no_voltage_is_no_stage(text):
    with pytest.raises(click.UsageError):
        Stages().convert(text, None, None)


def test_step_and_pause_spares_the_supply_unless_told_otherwise():
    def supply_gives(*arguments: str) -> float:
        result = CliRunner().invoke(cli, ["plan", "--json", *arguments])
        return next(figure["value"] for figure in json.loads(result.output)["figures"] if figure["id"] == "supply-current")

    assert supply_gives("--procedure", "parallel") == pytest.approx(10.0)
    assert supply_gives("--procedure", "step-and-pause") == pytest.approx(8.0)
    assert supply_gives("--procedure", "step-and-pause", "--derating", "60%") == pytest.approx(6.0)


def test_a_bench_file_with_an_unknown_key_is_refused_by_name(tmp_path):
    file = tmp_path / "bench.toml"
    file.write_text(
        '[supply]\nmodel = "RD6012"\nvolts = 30\n[bank]\narrangement = "1P"\n[[cell]]\nlabel = "A1"\ncapacity_ah = 100\nsoc = 0.99\n'
    )
    result = run("run", "--demo", "--headless", "--bench", str(file))
    assert result.returncode == 2
    assert "volts" in result.stderr


def test_headless_run_ends_in_the_summary_object(at_home):
    result = run("run", "--demo", "--headless", "--cells", "2", "--capacity", "50Ah", "--soc", "99%", "--json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout.strip().splitlines()[-1])
    assert summary["result"] == "balanced"
    assert set(summary) >= {
        "result", "procedure", "session", "duration_s", "charge_ah", "max_cell_voltage_v", "max_supply_voltage_v",
        "tail_current_a", "time_at_top_s", "rest_spread_v", "soc_spread", "milestones",
    }  # fmt: skip
    assert set(summary["milestones"]) == {"cc_end_s", "below_5a_s", "below_1a_s", "below_0_1a_s"}
    listed = json.loads(run("sessions", "list", "--json").stdout)
    assert [row["id"] for row in listed] == [summary["session"]]
    assert set(listed[0]) == {"id", "result", "procedure", "bank", "started", "duration_s", "charge_ah"}
    assert run("sessions", "verify", summary["session"]).returncode == 0
    assert run("sessions", "rest", summary["session"], "A1=3.345V", "A2=3,344").returncode == 0
    shown = json.loads(run("sessions", "show", summary["session"], "--json").stdout)
    assert shown["rests"][-1]["volts"] == {"A1": 3.345, "A2": 3.344}
    assert run("sessions", "rest", summary["session"], "A1=33.45").returncode == 2
    assert "A1" in run("cells", "list").stdout


def bench_file(folder: Path, *socs: float, bank: str = "") -> str:
    file = folder / "bench.toml"
    cells = "".join(f'[[cell]]\nlabel = "A{n + 1}"\ncapacity_ah = 20\nsoc = {soc}\n' for n, soc in enumerate(socs))
    file.write_text(f'[supply]\nmodel = "RD6012"\n[bank]\n{bank}\n{cells}')
    return str(file)


def test_a_refused_run_exits_with_one_and_says_why(at_home, tmp_path):
    result = run("run", "--demo", "--headless", "--bench", bench_file(tmp_path, 0.98, 0.98, bank="ambient_c = -5"), "--json")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "freezing" in result.stderr
    assert json.loads(result.stdout.strip().splitlines()[-1])["result"] == "stopped"


def test_cells_too_far_apart_are_levelled_first(at_home, tmp_path):
    result = run("run", "--demo", "--headless", "--bench", bench_file(tmp_path, 0.02, 0.98), "--json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout.strip().splitlines()[-1])
    assert summary["result"] == "balanced"
    assert len(summary["parts"]) == 2


def test_records_commands(at_home, tmp_path):
    assert run("cells", "add", "B1", "--capacity", "280Ah").returncode == 0
    again = run("cells", "add", "B1")
    assert again.returncode == 2
    assert "B1" in again.stderr
    sheet = tmp_path / "cells.csv"
    sheet.write_text("label;rated Ah\nC1;280\nC2;abc\n")
    assert run("cells", "import", str(sheet)).returncode == 2
    assert "C1" not in run("cells", "list").stdout
    assert "B1" in run("cells", "export").stdout


def test_a_damaged_inventory_is_shown_read_only_and_never_overwritten(at_home):
    run("cells", "add", "B1")
    run("cells", "add", "B2")
    damaged = at_home / "inventory.json"
    damaged.write_text('{"cells": {"broken')
    shown = run("cells", "list")
    assert "B1" in shown.stdout
    assert "inventory.json" in shown.stderr
    refused = run("cells", "add", "B3")
    assert refused.returncode == 1
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "Traceback" not in refused.stderr
    assert run("run", "--demo", "--headless", "--soc", "99%").returncode == 1
    assert damaged.read_text() == '{"cells": {"broken'


def test_an_unknown_fault_or_address_is_bad_usage():
    assert run("emulate", "riden", "--fault", "nonsense").returncode == 2
    assert run("read", "/dev/ttyUSB0").returncode == 2


@pytest.fixture
def emulator():
    process = subprocess.Popen(
        [*PROGRAM, "emulate", "riden", "--cells", "4", "--soc", "98%"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    address = process.stdout.readline().strip()
    yield address
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_read_identifies_an_emulator_in_another_process(emulator):
    assert emulator.startswith("riden:/dev/pts/")
    result = run("read", emulator, "--json")
    assert result.returncode == 0, result.stderr
    shown = json.loads(result.stdout)
    assert shown["model"] == "RD6012"
    assert shown["output_on"] is False


def test_read_tells_a_port_that_is_not_there():
    result = run("read", "riden:/dev/ttyNOSUCH")
    assert result.returncode == 1
    assert "/dev/ttyNOSUCH" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_screen_refuses_where_it_cannot_be_shown(at_home):
    result = run("demo", TERM="dumb")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1


class Terminal:
    """The whole program in a pseudo-terminal of its own."""

    def __init__(self, *arguments: str, home: Path, **environment: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", TOPBALANCE_HOME=str(home), COLUMNS="120", LINES="40", LANG="C.UTF-8", **environment)
            os.execv(sys.executable, [*PROGRAM, *arguments])
        self.text = b""

    def read_until(self, words: bytes, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while words not in self.text:
            assert time.monotonic() < end, f"{words!r} never came"
            if select.select([self.fd], [], [], 0.2)[0]:
                self.text += os.read(self.fd, 65536)

    def exit_status(self, seconds: float = 6.0) -> int:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    os.read(self.fd, 65536)
                except OSError:
                    time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError("the program did not end")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_end_the_program_within_two_seconds_with_the_output_off(tmp_path, number):
    terminal = Terminal("demo", home=tmp_path, TOPBALANCE_BENCH="inside")
    terminal.read_until(b"Setup")
    started = time.monotonic()
    os.kill(terminal.pid, number)
    assert terminal.exit_status() == 128 + number
    assert time.monotonic() - started < 3.0
    log = (tmp_path / "logs" / "topbalance.log").read_text()
    assert f"signal {int(number)}: output proved off" in log


def test_headless_run_at_a_speed_goes_over_pseudo_terminals(at_home):
    result = run(
        "run", "--demo", "--headless", "--speed", "600", "--cells", "1", "--capacity", "10Ah", "--soc", "99.8%", "--rest", "60s", "--json"
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.strip().splitlines()[-1])["result"] == "balanced"
