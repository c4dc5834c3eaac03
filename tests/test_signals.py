"""SIGHUP, SIGTERM and SIGINT, to a screen and to the bench, and `topbalance ack`: each has one outcome. (Faults F-31, F-44.)"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time

import pytest

from tests.test_bench_process import (
    DEMO,
    assert_off_and_written_down,
    command,
    ended,
    journal,
    place,
    screen,
    until_output_on,
    wait_for,
)
from tui import bench_process
from tui.bench.messages import Start
from tui.bench.remote import RemoteLink

__all__ = ["place"]  # the fixture

SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


def session(home) -> tuple[int, str]:
    """A session that runs on the built-in bench, its only screen closed again: process and session."""
    pid = bench_process.ensure_bench(home, DEMO)["pid"]
    link = RemoteLink(home, kind="demo").start()
    assert link.attached(5)
    started = link.send(Start(link.about["defaults"]))
    assert started.ok and link.close()
    return pid, started.message


def test_f31_a_screen_that_a_signal_ends_leaves_cleanly_and_the_record_says_so(place):
    pid, running = session(place)
    for number in SIGNALS:
        wait_for(lambda: bench_process.status(place)["screens"] == 0)
        child, terminal = screen("demo")
        painted = bytearray()
        while b"Setup" not in painted:
            assert select.select([terminal], [], [], 15)[0], "nothing more is painted"
            painted += os.read(terminal, 65536)
        wait_for(lambda: bench_process.status(place)["screens"] == 1)
        told = time.monotonic()
        os.kill(child, number)
        while not (done := os.waitpid(child, os.WNOHANG))[0]:
            assert time.monotonic() - told < 5.0
            if select.select([terminal], [], [], 0.02)[0]:
                with contextlib.suppress(OSError):  # it has closed its end
                    os.read(terminal, 65536)
        assert os.waitstatus_to_exitcode(done[1]) == 128 + number
        os.close(terminal)
        last = wait_for(lambda name=number.name: next((line for line in journal(place) if name in line.get("text", "")), None))
        assert last["kind"] == "link_lost" and "the last screen has left; the bench goes on alone" in last["text"]
    now = bench_process.status(place)
    assert (now["pid"], now["session"]) == (pid, running)
    kinds = [line["kind"] for line in journal(place)]
    assert kinds.count("link_lost") == 4 and kinds.count("link_back") == 3, (
        "the first screen closed; each of the others came back and was lost"
    )


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])  # SIGTERM: test_bench_process
def test_f31_a_signal_to_the_bench_is_off_proved_and_written_down_within_two_seconds(place, number):
    pid = bench_process.ensure_bench(place, DEMO)["pid"]
    link = RemoteLink(place, kind="demo").start()
    assert link.attached(5) and link.send(Start(link.about["defaults"])).ok
    until_output_on(link)
    told = time.monotonic()
    os.kill(pid, number)
    wait_for(lambda: ended(pid), 5)
    assert time.monotonic() - told < 2.0
    link.close()
    assert_off_and_written_down(place)
    assert f"({number.name})" in bench_process.log_path(place).read_text()


def test_f44_ack_confirms_from_anywhere_and_tells_what_the_bench_does(place):
    none = command("ack", "--demo")
    assert none.returncode == 1 and none.stdout == "" and "no bench" in none.stderr and len(none.stderr.splitlines()) == 1
    _, running = session(place)
    told = command("ack", "--demo")
    assert told.returncode == 0, told.stderr
    assert "preparing" in told.stdout and running in told.stdout and "no sign of presence" in told.stdout
    as_json = json.loads(command("ack", "--demo", "--json").stdout)
    assert as_json["ok"] and as_json["state"] == "preparing" and as_json["alarms"] == [] and as_json["attention_due_s"] is None
    said = [line for line in journal(place) if line["kind"] == "ack"]
    assert len(said) == 2 and "topbalance ack" in said[0]["text"]
