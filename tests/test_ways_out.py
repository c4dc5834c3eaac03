"""However the screen ends while the cells charge, the output is off and proved off before the process is gone."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

import pytest


class Terminal:
    """Plays the terminal of a program: reads what it paints, and waits for its end."""

    def __init__(self, fd: int, pid: int) -> None:
        self.fd, self.pid, self.text = fd, pid, b""

    def drain(self, seconds: float, until: bytes = b"") -> int | None:
        """Until the words are painted (None), or the process has ended (its exit status)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    self.text += os.read(self.fd, 65536)
                except OSError:
                    time.sleep(0.02)
            if until and until in self.text:
                return None
        raise AssertionError("it did not come in time")


def lines(home: Path) -> list[dict]:
    journals = list((home / "sessions").glob("*.jsonl"))
    return [json.loads(line) for journal in journals if "curve" not in journal.name for line in journal.read_text().splitlines()]


@pytest.mark.parametrize("way", ["SIGTERM", "SIGHUP", "SIGINT", "crash"])
def test_every_way_out_leaves_the_output_proved_off(tmp_path, way):
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", TOPBALANCE_HOME=str(tmp_path), LANG="C.UTF-8", LINES="40", COLUMNS="120")
        os.chdir(Path(__file__).parents[1])
        os.execv(sys.executable, [sys.executable, "-m", "tests.charging_program", way])
    terminal = Terminal(fd, pid)
    if way == "crash":
        assert terminal.drain(60) != 0
    else:
        assert terminal.drain(60, b"CHARGING") is None
        started = time.monotonic()
        os.kill(pid, getattr(signal, way))
        assert terminal.drain(6) == 128 + getattr(signal, way)
        assert time.monotonic() - started < 3.0
    told = lines(tmp_path)
    off = max(n for n, line in enumerate(told) if line["kind"] == "output_off")
    on = max(n for n, line in enumerate(told) if line["kind"] == "output_on")
    assert off > on
    assert any(line["kind"] == "readback" and line["output_on"] is False for line in told[off:])
    assert told[-1]["kind"] == "session_end"
    assert (tmp_path / "world.txt").read_text() == "off"
    assert "proved off" in (tmp_path / "logs" / "topbalance.log").read_text()
