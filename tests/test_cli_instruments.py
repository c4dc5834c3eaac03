"""`topbalance emulate` and `topbalance probe`, as programs: what a person or a script at the terminal gets from them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from drivers import serial_ports
from drivers.stable_id import Adapter
from tui import cli_emulate
from tui.cli import cli
from tui.records.places import home

PROGRAM = [sys.executable, "-m", "tui.cli"]


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))


class Emulators:
    """`topbalance emulate …` with somebody at its terminal."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen([*PROGRAM, "emulate", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        return self.process.stdout.readline().strip()

    def say(self, words: str) -> str:
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self.line()

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(10) == 0


@pytest.fixture
def two() -> Iterator[tuple[Emulators, list[str]]]:
    running = Emulators("text-line@walk", "riden:RD6006", "--cells", "4", "--soc", "98%", "--speed", "2")
    yield running, [running.line(), running.line()]
    running.close()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=120)


def test_addresses_stand_in_the_order_asked_and_hands_carry_the_meter(two: tuple[Emulators, list[str]]) -> None:
    running, (meter, supply) = two
    assert meter.startswith("text-line:/dev/pts/") and meter.endswith("?point=walk&speed=2")
    assert supply.startswith("riden:/dev/pts/") and supply.endswith("?speed=2")
    assert running.say("carry A3") == "on A3: text-line"
    assert "no cell" in running.say("carry B9")
    assert running.say("leads-apart") == "leads-apart: done"
    assert float(running.say("probe cell:A3")) > 3.0
    assert running.say("fault meter:silence") == "meter:silence: done"
    assert "in the physics" in running.say("fault meter:cv-drift")


def test_probe_finds_them_and_tells_it_to_people_and_to_programs(two: tuple[Emulators, list[str]], tmp_path: Path) -> None:
    ports = [address.partition(":")[2].partition("?")[0] for address in two[1]]
    trace = tmp_path / "trace.txt"
    told = run("probe", *ports, "/dev/ttyNOSUCH", "--trace", str(trace))
    assert told.returncode == 0, told.stderr
    assert f"  supply riden: RD6006, serial 00006464, an emulator (identified)\n  address  riden:{ports[1]}\n" in told.stdout
    assert "meter text-line" in told.stdout and "There is no such port." in told.stdout
    assert "at most" in told.stderr
    assert "01 03 00 00 00 04 44 09" in trace.read_text() and f"# {ports[0]}, 115200 8N1" in trace.read_text()
    listed = json.loads(run("probe", ports[1], "--family", "riden", "--json").stdout)
    assert {key: listed[0][key] for key in ("port", "usb", "family", "model", "serial", "address", "kind", "error")} == {
        "port": ports[1],
        "usb": "pseudo-terminal",
        "family": "riden",
        "model": "RD6006",
        "serial": "00006464",
        "address": f"riden:{ports[1]}",
        "kind": "supply",
        "error": None,
    }
    assert (listed[0]["sure"], listed[0]["emulated"]) == ("identified", True)


def test_read_saves_its_trace_also_when_it_fails(two: tuple[Emulators, list[str]], tmp_path: Path) -> None:
    port = two[1][1].partition(":")[2].partition("?")[0]
    trace = tmp_path / "trace.txt"
    assert run("read", f"riden:{port}", "--trace", str(trace)).returncode == 0
    assert "01 03 00 00 00 2a c4 15" in trace.read_text()
    assert run("read", f"riden:{port}?address=9", "--trace", str(trace)).returncode == 1
    assert "09 03 00 00 00 2a" in trace.read_text()


def test_on_tcp_ports_counted_up() -> None:
    running = Emulators("riden", "--tcp", "0")
    try:
        supply, meter = running.line(), running.line()  # alone, the described meter stands beside it
        assert supply.startswith("riden:socket://127.0.0.1:") and meter.startswith("text-line:socket://127.0.0.1:")
        assert json.loads(run("read", supply, "--json").stdout)["model"] == "RD6012"
        assert json.loads(run("probe", supply.partition(":")[2], "--json", "--family", "riden").stdout)[0]["address"] == supply
    finally:
        running.close()


def test_places_of_tcp_ports() -> None:
    local = "127.0.0.1"
    assert cli_emulate.places((), 2) == []
    assert cli_emulate.places(((local, 5025),), 3) == [(local, 5025), (local, 5026), (local, 5027)]
    assert cli_emulate.places(((local, 7), ("10.0.0.1", 9)), 3) == [(local, 7), ("10.0.0.1", 9), ("10.0.0.1", 10)]
    assert cli_emulate.places(((local, 0),), 2) == [(local, 0), (local, 0)]
    kind = cli_emulate.HostPort()
    assert [kind.convert(text, None, None) for text in ("5025", ":5025", "0.0.0.0:1", "[::1]:2")] == [
        (local, 5025), (local, 5025), ("0.0.0.0", 1), ("::1", 2)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["emulate"], "Missing argument"),
        (["emulate", "nonsense"], "there are: riden"),
        (["emulate", "riden", "korad"], "one output drives the bank"),
        (["emulate", "riden@supply"], "only a meter"),
        (["emulate", "text-line", "--tcp", "many"], "is no port"),
        (["emulate", "text-line", "--tcp", "1", "--tcp", "2"], "2 TCP ports for 1"),
        (["emulate", "text-line", "riden", "--tcp", "65535"], "no 2 TCP ports"),
        (["emulate", "text-line", "--fault", "bms:silence"], "no bms"),
        (["probe", "--family", "manual"], "no serial line"),
        (["probe", "--family", "nonsense"], "no instrument family"),
    ],
)
def test_bad_usage_is_told_in_words(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2 and words in result.output


def test_nothing_plugged_in_is_said_and_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    built_in = serial_ports.SerialPort("/dev/ttyS0")
    monkeypatch.setattr(serial_ports, "ports", lambda: [built_in])
    result = CliRunner().invoke(cli, ["probe"])
    assert result.exit_code == 0 and "No USB serial adapter" in result.output and "/dev/ttyS0" in result.output
    result = CliRunner().invoke(cli, ["probe", "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_a_port_that_a_session_holds_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.bench.instruments import Instruments
    from tui.bench.port_locks import PortLocks

    usb = serial_ports.SerialPort("/dev/ttyUSB7", "USB Serial", Adapter("/dev/ttyUSB7", "1A86:7523", "", "1-2"))
    monkeypatch.setattr(serial_ports, "ports", lambda: [usb])
    holder = Instruments(None, home(), adapters=lambda: [usb.adapter])  # type: ignore[arg-type, list-item]
    holder._take("riden:/dev/ttyUSB7")
    try:
        (found,) = json.loads(CliRunner().invoke(cli, ["probe", "--json"]).stdout.splitlines()[-1])
    finally:
        holder.release()
    assert found["sure"] == "not probed" and "another copy of this program uses this port" in found["error"].lower()
    again = PortLocks(home())
    again.take("x", "1A86:7523 1-2")  # what probing took, it gave back
    again.release()
