"""The bench as a process of its own: it outlives its screens, there is one, and every way out switches the output off first."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tui import bench_process
from tui.bench.messages import Note, Resume, Start
from tui.bench.remote import RemoteLink
from tui.bench.script import Script
from tui.records.places import home

DEMO = ["--cells", "2", "--capacity", "20Ah", "--soc", "99%", "--speed", "900"]
ROOT = Path(__file__).parents[1]


def wait_for(condition, seconds: float = 15.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("the condition never came")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A home whose benches are all gone afterwards, also one that came up late."""
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    made, started, start = home(), [], bench_process._start

    def remembered(*arguments):
        started.append(start(*arguments))
        return started[-1]

    monkeypatch.setattr(bench_process, "_start", remembered)
    yield made
    bench_process.stop(made)
    for process in started:
        process.terminate()
        process.wait(10)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tui", *words], cwd=ROOT, capture_output=True, text=True, timeout=20)


def ended(pid: int) -> bool:
    """Whether that process is gone; as its parent this test takes its exit status."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def screen(*words: str) -> tuple[int, int]:
    """The application in a terminal of its own: its process, and the terminal's other end. Whoever does not read there freezes it."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", LINES="40", COLUMNS="120")
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "tui", *words])
    return pid, terminal


def until_output_on(link: RemoteLink) -> None:
    """Answer until the supply is on: at the open leads, in the check of its scale."""
    script = Script()

    def on() -> bool:
        snapshot = link.snapshot()
        step = script.next(snapshot)
        if step is not None:
            link.send(step)
        return snapshot.output_on is True

    wait_for(on)


def journal(place) -> list[dict]:
    found = [path for path in place.sessions_dir.glob("*.jsonl") if "curve" not in path.name]
    assert len(found) == 1
    return [json.loads(line) for line in found[0].read_text().splitlines()]


def assert_off_and_written_down(place) -> None:
    told = journal(place)
    on = max(n for n, line in enumerate(told) if line["kind"] == "output_on")
    off = max(n for n, line in enumerate(told) if line["kind"] == "output_off")
    assert off > on
    assert any(line["kind"] == "readback" and line["output_on"] is False for line in told[off:])
    assert told[-1]["kind"] == "pause", "it goes on with the next start"
    assert not any(line["kind"] == "session_end" for line in told)
    assert "proved off" in bench_process.log_path(place).read_text()


def test_a_session_outlives_its_screens_and_stop_leaves_the_output_off(place):
    pid = bench_process.ensure_bench(place, DEMO)["pid"]
    assert os.getsid(pid) == pid, "a session of its own: no terminal reaches it"
    first = RemoteLink(place, kind="demo").start()
    assert first.attached(5)
    started = first.send(Start(first.about["defaults"]))
    assert started.ok, started.message

    frozen, terminal = screen("demo")  # nobody reads: it freezes with its first paint
    wait_for(lambda: bench_process.status(place)["screens"] == 2)
    asked = time.monotonic()
    assert first.send(Note("the other screen is frozen")).ok
    assert time.monotonic() - asked < 1.0
    first.close()
    os.kill(frozen, signal.SIGKILL)
    os.waitpid(frozen, 0)
    os.close(terminal)
    found = wait_for(lambda: (now := bench_process.status(place))["screens"] == 0 and now)
    assert (found["pid"], found["session"]) == (pid, started.message)

    again = time.monotonic()
    second = RemoteLink(place, kind="demo").start()
    assert second.attached(5)
    card, snapshot = second.card(), second.snapshot()
    second.history()
    assert time.monotonic() - again < 1.0
    assert card is not None and card.session == snapshot.session == started.message
    assert snapshot.keys and snapshot.prompt is not None and snapshot.steps
    until_output_on(second)

    stopped = command("bench", "stop")
    assert stopped.returncode == 0 and "off" in stopped.stdout
    assert ended(pid) or wait_for(lambda: ended(pid))
    assert_off_and_written_down(place)
    assert wait_for(lambda: "was ended" in second.snapshot().next)
    assert second.close()
    assert command("bench", "stop").returncode == 0, "none runs: that is what was wanted"


def test_sigterm_switches_off_proves_and_writes_it_down_within_two_seconds(place):
    pid = bench_process.ensure_bench(place, DEMO)["pid"]
    link = RemoteLink(place, kind="demo").start()
    assert link.attached(5) and link.send(Start(link.about["defaults"])).ok
    until_output_on(link)
    told = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: ended(pid), 5)
    assert time.monotonic() - told < 2.0
    link.close()
    assert_off_and_written_down(place)


def test_a_terminal_that_goes_away_ends_the_screen_and_not_the_bench(place):
    pid, terminal = screen()
    found = wait_for(lambda: (now := bench_process.status(place)) and now["screens"] == 1 and now)
    painted = bytearray()
    while b"Setup" not in painted:
        assert select.select([terminal], [], [], 15)[0], "nothing more is painted"
        painted += os.read(terminal, 65536)
    os.close(terminal)  # a hang-up, as when an SSH connection breaks
    gone = time.monotonic()
    status = wait_for(lambda: (done := os.waitpid(pid, os.WNOHANG))[0] == pid and done)[1]
    assert time.monotonic() - gone < 3.0
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    now = wait_for(lambda: (now := bench_process.status(place)) and now["screens"] == 0 and now)
    assert now["pid"] == found["pid"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_the_other_signals_end_an_idle_bench(place, number):
    pid = bench_process.ensure_bench(place)["pid"]
    os.kill(pid, number)
    wait_for(lambda: ended(pid), 5)
    assert f"({number.name})" in bench_process.log_path(place).read_text()
    assert bench_process.status(place) is None


def test_after_a_bench_was_killed_the_next_start_makes_a_new_one(place):
    pid = bench_process.ensure_bench(place)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: ended(pid), 5)
    assert json.loads(command("bench", "status", "--json").stdout) == {"running": False}
    shown = command("bench")
    assert shown.returncode == 0 and "idle" in shown.stdout
    told = json.loads(command("bench", "status", "--json").stdout)
    assert told["running"] and told["state"] == "idle" and told["pid"] != pid
    assert "is open" in command("bench", "log").stdout


def test_two_that_start_at_once_find_one_bench(place):
    found: list[int] = []
    starts = [threading.Thread(target=lambda: found.append(bench_process.ensure_bench(place)["pid"])) for _ in range(2)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(15)
    assert len(found) == 2 and found[0] == found[1]


def test_a_bench_that_cannot_start_says_why(place):
    with pytest.raises(OSError, match=r"did not come up: .*9999.*bench\.log"):
        bench_process.ensure_bench(place, ["--cells", "9999"])


def test_f32_a_bench_that_is_killed_under_its_screen_comes_back_with_the_output_off_first(place):
    def begin() -> None:
        bench_process.ensure_bench(place, DEMO)

    link = RemoteLink(place, kind="demo", begin=begin).start()
    assert link.attached(10) and link.send(Start(link.about["defaults"])).ok
    until_output_on(link)
    session, killed = link.snapshot().session, link.about["pid"]
    os.kill(killed, signal.SIGKILL)
    again = wait_for(lambda: (now := link.snapshot()).state == "hold" and now.output_on is False and now)
    assert again.session == session and link.about["pid"] != killed
    assert "F-32" in {alarm.code for alarm in again.alarms}
    card = link.card()
    assert card is not None and card.session == session
    wait_for(lambda: link.send(Resume()).ok)
    script = Script()

    def charges_again() -> bool:
        now = link.snapshot()
        step = script.next(now)
        if step is not None:
            link.send(step)
        assert now.state not in ("call", "tripped"), now.alarms
        return now.state == "charging"

    wait_for(charges_again, 60)
    link.close()


def test_a_bench_that_was_ended_is_not_started_again_by_its_screens(place):
    def begin() -> None:
        bench_process.ensure_bench(place, DEMO)

    link = RemoteLink(place, kind="demo", begin=begin).start()
    assert link.attached(10)
    assert bench_process.stop(place)
    wait_for(lambda: "was ended (asked to stop), the output proved off" in link.snapshot().next)
    assert bench_process.status(place) is None
    link.close()


def test_a_demo_without_options_takes_up_the_session_of_one_with_options(place):
    pid = bench_process.ensure_bench(place, DEMO)["pid"]
    link = RemoteLink(place, kind="demo").start()
    assert link.attached(5) and link.send(Start(link.about["defaults"])).ok
    until_output_on(link)
    link.close()
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: ended(pid), 5)
    assert bench_process.ensure_bench(place, [])["options"] == DEMO
    assert wait_for(lambda: bench_process.status(place)["state"] == "hold")
