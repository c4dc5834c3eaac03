"""Nobody there, a computer that slept, a clock that was set: what the bench does alone, and when it stops. (Faults F-23, F-31, F-33, F-44.)"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.clock import ScaledClock
from tests.bench.test_faults import codes, settle
from tui.bench.messages import Acknowledge, OutputOff, Present, Resume, ScreenEvent, Start, TypeReading
from tui.bench.sleep_guard import SleepGuard
from tui.bench.time_watch import TimeWatch
from tui.records import attention_times
from tui.records.journal_reading import read

KNEE_S, TOP_S, METERED_S = 600.0, 300.0, 1800.0


def lines(bench, kind: str) -> list[dict]:
    journal = bench.bench.home.sessions_dir / f"{bench.bench.session.recorder.id}.jsonl"
    return [line for line in read(journal) if line["kind"] == kind]


def leave(bench) -> None:
    """The operator goes away."""
    bench.script.next = lambda snapshot: None


def charging(drive, **options):
    bench = drive(**{"soc": 0.97, **options})
    bench.start()
    bench.go_to("to-knee")
    bench.go_until(lambda b: b.bench.state == "charging" and b.bench.reading.amperes is not None)
    settle(bench, 90)
    assert bench.bench.state == "charging"
    return bench


def near_top(drive, volts: float = 3.46, **options):
    """Charging, with the cells at these volts or more as the bench knows them, and somebody there until now."""
    bench = charging(drive, **{"soc": 0.985, **options})
    bench.go_until(lambda b: (b.bench.reading.alarm_v or 0) >= volts)
    assert bench.bench.state == "charging"
    bench.send(Present())
    return bench


# --- F-31: the screen is gone


def test_f31_below_the_knee_the_bench_goes_on_alone(drive):
    bench = charging(drive, soc=0.90)
    leave(bench)
    bench.send(ScreenEvent("link_lost", "the last screen has left; the bench goes on alone (SIGHUP)"))
    bench.go_until(lambda b: b.bench.session.charging_since_s + 5400 < b.clock.now_s())
    assert bench.snapshot().state == "charging" and bench.world.output_on
    assert bench.snapshot().attention_due_s is None
    assert not codes(bench)
    bench.go_until(lambda b: (b.bench.reading.alarm_v or 0) >= 3.45)
    assert bench.snapshot().attention_due_s is not None, "from here on somebody must be there"


@pytest.mark.parametrize(
    ("volts", "meter", "due_s"),
    [(3.45, True, METERED_S), (3.56, True, METERED_S), (3.45, False, KNEE_S), (3.56, False, TOP_S)],
)
def test_f31_near_the_top_a_confirmation_is_due_in_its_time(drive, volts, meter, due_s):
    bench = near_top(drive, volts, meter=meter)
    bench.step(1.0)
    assert bench.snapshot().attention_due_s == pytest.approx(due_s, abs=2.0)
    settle(bench, 60)
    assert bench.snapshot().attention_due_s == pytest.approx(due_s - 60, abs=3.0)
    assert bench.send(Present()).ok
    assert bench.snapshot().attention_due_s == pytest.approx(due_s, abs=2.0)


def test_f31_a_screen_that_leaves_is_written_down_and_shows_no_presence(drive):
    bench = near_top(drive)
    settle(bench, 60)
    due_s = bench.snapshot().attention_due_s
    assert bench.send(ScreenEvent("link_lost", "the last screen has left; the bench goes on alone (SIGHUP)")).ok
    assert bench.send(ScreenEvent("link_back", "a screen looks on again: screen 2")).ok
    assert bench.snapshot().attention_due_s == due_s
    assert "the last screen has left" in lines(bench, "link_lost")[-1]["text"]
    assert "again" in lines(bench, "link_back")[-1]["text"]
    assert bench.snapshot().state == "charging"


# --- F-44: nobody answers


def test_f44_unanswered_near_the_top_is_a_call_for_the_person_then_off_and_hold(drive):
    bench = near_top(drive, meter=False)
    leave(bench)
    bench.go_until(lambda b: "attention-soon" in codes(b), longest_s=KNEE_S)
    assert "ack" in next(a.text for a in bench.snapshot().alarms if a.code == "attention-soon")
    assert bench.snapshot().state == "charging" and 0 < bench.snapshot().attention_due_s <= 0.2 * KNEE_S + 1
    left_s = bench.snapshot().attention_due_s
    began_s = bench.clock.now_s()
    bench.go_until(lambda b: b.bench.state != "charging", longest_s=left_s + 3)
    assert bench.clock.now_s() - began_s > left_s - 3
    settle(bench, 3)
    snapshot = bench.snapshot()
    assert snapshot.state == "hold" and snapshot.output_on is False and not bench.world.output_on
    assert "attention" in codes(bench) and "attention-soon" not in codes(bench)
    assert "reach" in " ".join(snapshot.held_checks)
    assert "nobody answered" in lines(bench, "hold")[-1]["text"]
    assert bench.send(Resume()).ok


def test_f44_by_hand_it_is_a_call_that_says_what_the_hands_must_do(drive):
    bench = near_top(drive, 3.46, supply="manual", meter=False)
    bench.bench.session.attention.read_s = 1e9  # readings are not what is asked here
    leave(bench)
    bench.go_until(lambda b: b.bench.state != "charging", longest_s=KNEE_S + 5)
    call = bench.snapshot().call
    assert bench.snapshot().state == "call" and call is not None
    assert "by hand" in call.text and "goes off" not in call.text
    assert "Switch the supply's output off" in call.hands[0]
    bench.send(Present())
    assert bench.snapshot().call is not None, "a key is not enough: the supply is still on"
    bench.send(Acknowledge(0))
    bench.send(TypeReading("current_a", 0.0, sure=True))
    assert bench.snapshot().state == "hold" and not bench.world.output_on


def test_f44_in_the_flat_region_it_is_a_warning_only(drive):
    bench = charging(drive, soc=0.60, supply="manual", meter=False)
    bench.bench.session.attention.quiet_until_s = 0.0
    leave(bench)
    bench.go_until(lambda b: b.bench.session.charging_since_s + 4 * 3600 < b.clock.now_s())
    assert codes(bench) == {"reading-due"}
    assert {alarm.level for alarm in bench.snapshot().alarms} == {"warn"}
    assert bench.snapshot().state == "charging" and bench.snapshot().call is None and bench.world.output_on


def test_f44_by_hand_volts_that_nobody_read_are_not_the_flat_regions_once_the_bank_may_be_full(drive):
    bench = charging(drive, soc=0.90, supply="manual", meter=False)
    full_s = bench.bench.session.attention.full_from_s
    leave(bench)
    bench.go_until(lambda b: b.bench.state != "charging", longest_s=20 * 3600)
    assert bench.clock.now_s() >= full_s, "until then people may sleep"
    call = bench.snapshot().call
    assert bench.snapshot().state == "call" and "may be near the top" in call.text
    assert bench.bench.reading.alarm_v < 3.45, "as it was last read"


def test_f44_the_other_supplies_flat_region_asks_nobody_at_all(drive):
    bench = charging(drive, soc=0.60)
    leave(bench)
    bench.go_until(lambda b: b.bench.session.charging_since_s + 4 * 3600 < b.clock.now_s())
    assert bench.snapshot().state == "charging" and not codes(bench)


def test_f44_a_meter_that_contradicts_the_supply_buys_no_half_hour(drive):
    bench = near_top(drive, 3.46)
    attention, reading = bench.bench.session.attention, bench.bench.reading
    assert attention.interval_s(reading) == METERED_S
    stuck_v = reading.cells_v.value - 0.1
    stuck = replace(reading, cells_v=replace(reading.cells_v, value=stuck_v), lead_drop_v=reading.lead_drop_v + 0.1)
    assert attention.interval_s(stuck) == KNEE_S
    above = replace(reading, lead_drop_v=-0.1)
    assert attention.interval_s(above) == KNEE_S


def test_f44_volts_that_waver_put_no_confirmation_off(drive):
    bench = near_top(drive, 3.46, meter=False)
    attention, reading = bench.bench.session.attention, bench.bench.reading
    below, above = replace(reading, alarm_v=3.449), replace(reading, alarm_v=3.451)
    now_s = reading.time_s
    attention.present(now_s)
    for second in range(1300):
        attention.update(replace(below if second % 2 else above, time_s=now_s + second), True)
    assert attention.due_s(replace(above, time_s=now_s + 1300)) < 0


def test_f44_a_shorter_interval_begins_where_it_comes_in_force(drive):
    bench = near_top(drive, 3.46, meter=False)
    attention, reading = bench.bench.session.attention, bench.bench.reading
    attention.present(reading.time_s)
    for second in range(500):
        attention.update(replace(reading, alarm_v=3.50, time_s=reading.time_s + second), True)
    higher = replace(reading, alarm_v=3.56, time_s=reading.time_s + 500)
    attention.update(higher, True)
    assert attention.due_s(higher) == pytest.approx(KNEE_S - 500, abs=1), "the ten minutes from 3.45 V go on"
    attention.present(higher.time_s)
    assert attention.due_s(higher) == pytest.approx(TOP_S)


# --- the times are a person's to change, within bounds and never off


def test_f44_own_times_are_taken_told_and_written_down(drive, place):
    attention_times.save(place, {"knee": 900.0, "top": 240.0})
    bench = near_top(drive, 3.46, meter=False)
    bench.step(1.0)
    assert bench.snapshot().attention_due_s == pytest.approx(900.0, abs=2.0)
    changed = lines(bench, "limit_changed")
    assert [line["data"]["usual"] for line in changed] == [600.0, 300.0]
    assert "every 15 min instead of 10 min" in changed[0]["text"]
    shown = next(alarm for alarm in bench.snapshot().alarms if alarm.code == "limit-changed")
    assert "15 min" in shown.text and "responsibility" in shown.text and "4 min" not in shown.text
    leave(bench)
    bench.go_until(lambda b: b.bench.state != "charging", longest_s=910)
    assert bench.snapshot().state == "hold"


@pytest.mark.parametrize(
    "text", ['knee = "30 min"', "top = 0", 'knee = "never"', 'kne = "10 min"', "knee = ", 'top = "10 min"\nknee = "6 min"', "knee = nan"]
)
def test_f44_times_that_are_not_taken_start_nothing_and_say_why(drive, place, text):
    attention_times.path(place).write_text(text)
    bench = drive()
    outcome = bench.send(Start(bench.plan.to_json()))
    assert not outcome.ok and "attention.toml" in outcome.message
    assert bench.snapshot().state == "idle"


def test_f44_what_a_procedure_made_tighter_stays_so(drive, place):
    attention_times.save(place, {"knee": 900.0})
    bench = drive(limits=(("attention_knee_s", 400.0),))
    bench.start()
    assert bench.bench.session.limits.attention_knee_s == 400.0


# --- F-33: the computer slept, or the program stood still


def test_f33_a_computer_that_slept_finds_off_proof_and_hold(drive):
    bench = charging(drive)
    before_ah = bench.snapshot().charge_ah
    bench.clock.sleep(7200.0)
    bench.step(1.0)
    assert not bench.world.output_on, "off in the first tick after waking"
    settle(bench, 3)
    snapshot = bench.snapshot()
    assert snapshot.state == "hold" and snapshot.output_on is False
    alarm = next(alarm for alarm in snapshot.alarms if alarm.code == "F-33")
    assert "slept for 2 h" in alarm.text and "goes off" in alarm.text
    assert "awake" in " ".join(snapshot.held_checks)
    gap = lines(bench, "gap")
    assert len(gap) == 1 and gap[0]["seconds"] == 7200.0
    assert snapshot.charge_ah - before_ah < 0.02, "what went in meanwhile is not known"
    assert lines(bench, "readback")[-1]["output_on"] is False
    assert bench.send(Resume()).ok and bench.step_id == "recheck"
    assert bench.go_on().result == "balanced"


def test_f33_a_laptop_that_slept_near_the_top_is_off_before_anything_else(drive):
    bench = near_top(drive, 3.56, meter=False)
    bench.clock.sleep(1200.0)
    bench.step(1.0)
    assert not bench.world.output_on
    settle(bench, 3)
    assert bench.snapshot().state == "hold" and "F-33" in codes(bench)
    assert bench.world.max_cell_voltage_v < 3.66


def test_f33_where_nothing_counts_sleep_the_date_tells(drive):
    bench = drive(soc=0.97)
    bench.clock.counts_sleep = False
    bench.bench.time_watch = TimeWatch(bench.bench)
    bench.start()
    bench.go_to("to-knee")
    bench.clock.sleep(600.0)
    bench.step(1.0)
    assert not bench.world.output_on and "F-33" in codes(bench)
    settle(bench, 90)
    assert "F-23" not in codes(bench), "told once, and as what it is"


def test_f33_a_program_that_stood_still_is_told_the_same_way(drive):
    bench = charging(drive)
    before_ah = bench.snapshot().charge_ah
    bench.step(1.0)
    bench.clock.advance(60.0)  # stopped by a signal, or its machine was
    bench.bench.tick()
    settle(bench, 3)
    assert bench.snapshot().state == "hold" and not bench.world.output_on
    assert "stood still for 60 s" in next(alarm.text for alarm in bench.snapshot().alarms if alarm.code == "F-33")
    assert [line["seconds"] for line in lines(bench, "gap")] == [60.0]
    assert bench.snapshot().charge_ah - before_ah < 0.02


def test_f33_by_hand_it_is_a_call(drive):
    bench = charging(drive, supply="manual", meter=False)
    bench.clock.sleep(3600.0)
    bench.step(1.0)
    snapshot = bench.snapshot()
    assert snapshot.state == "call" and "slept" in snapshot.call.text and "your hands must" in snapshot.call.text
    bench.send(Acknowledge(0))
    bench.send(TypeReading("current_a", 0.0, sure=True))
    assert bench.snapshot().state == "hold" and not bench.world.output_on


def test_f33_with_the_output_off_sleep_is_a_line_in_the_record_and_no_hold(drive):
    bench = drive()
    bench.start()
    bench.go_to("wire")
    bench.step(1.0)
    bench.clock.sleep(8 * 3600.0)
    settle(bench, 3)
    assert bench.snapshot().state == "preparing" and not codes(bench)
    assert [line["seconds"] for line in lines(bench, "gap")] == [8 * 3600.0]
    assert bench.go_on().result == "balanced"


def test_f33_a_late_tick_and_a_long_one_are_no_sleep(drive):
    bench = charging(drive, soc=0.90)
    for seconds in (8.0, 30.0, 1.0, 0.25, 30.0):
        bench.step(seconds)
    assert bench.snapshot().state == "charging" and not codes(bench)


def test_f33_a_scaled_clock_that_changes_its_speed_has_not_slept_nor_been_set(drive):
    bench = charging(drive)
    clock = ScaledClock()
    bench.bench.clock, bench.bench._line_now_s = clock, time.monotonic
    watch = TimeWatch(bench.bench)
    watch._compared_s = -1e9
    for speed in (900.0, 1.0, 60.0, 0.5):
        clock.speed = speed
        watch.look()
        watch._compared_s = -1e9
    assert not codes(bench) and not lines(bench, "gap")


# --- F-33: sleep is inhibited while the output is on


def holder(folder: Path, script: str) -> Path:
    """A program that plays the system's own, first on the PATH."""
    folder.mkdir(exist_ok=True)
    file = folder / "systemd-inhibit"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


HOLDS = 'echo "$$ $*" >> "{log}"; while [ "${{1#--}}" != "$1" ]; do shift; done; exec "$@"'


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def wait_for(condition, seconds: float = 5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("the condition never came")


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "bin"


@pytest.fixture
def awake(drive):
    """A charge on a supply that is taken for a real one, kept awake as on Linux."""
    bench = drive(soc=0.97)
    bench.bench.sleep_guard = SleepGuard("linux")
    return bench


def test_f33_sleep_is_inhibited_from_output_on_to_output_off(awake, path, tmp_path):
    log = tmp_path / "held"
    holder(path, HOLDS.format(log=log))
    awake.start()
    awake.go_to("to-knee")
    settle(awake, 2)
    last = wait_for(lambda: log.exists() and log.read_text().splitlines())[-1]
    pid = int(last.split()[0])
    assert alive(pid)
    assert "--what=sleep:idle:handle-lid-switch" in last and "--who=topbalance" in last and "--why=" in last
    awake.send(OutputOff())
    settle(awake, 3)
    wait_for(lambda: not alive(pid))
    assert "may-sleep" not in codes(awake)


@pytest.mark.parametrize("refusal", ["echo 'Access denied' >&2; exit 1", ""])
def test_f33_a_refused_or_missing_inhibitor_warns_once_in_words(awake, path, monkeypatch, refusal):
    if refusal:
        holder(path, refusal)
    else:
        monkeypatch.setenv("PATH", str(path))
    awake.start()
    awake.go_to("to-knee")
    wait_for(lambda: (awake.step(0.5), "may-sleep" in codes(awake))[1])
    alarm = next(alarm for alarm in awake.snapshot().alarms if alarm.code == "may-sleep")
    assert alarm.level == "warn" and "may fall asleep" in alarm.text
    assert ("Access denied" if refusal else "systemd-inhibit") in alarm.text
    assert awake.snapshot().state == "charging" and awake.world.output_on
    awake.send(Acknowledge(alarm.id))
    settle(awake, 5)
    assert "may-sleep" not in codes(awake), "said once in a session"


def test_f33_the_demo_holds_nothing(drive):
    assert drive().bench.sleep_guard is None


def test_f33_the_inhibitor_ends_with_a_bench_that_was_killed(path, tmp_path):
    log = tmp_path / "held"
    holder(path, HOLDS.format(log=log))
    code = "import time; from tui.bench.sleep_guard import SleepGuard; g = SleepGuard('linux'); g._hold(); time.sleep(60)"
    bench = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    pid = int(wait_for(lambda: log.exists() and log.read_text().split())[0])
    assert alive(pid)
    bench.send_signal(signal.SIGKILL)
    bench.wait(5)
    wait_for(lambda: not alive(pid))


# --- F-23: the date was set


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 3.0])
def test_f23_a_clock_that_is_set_warns_once_and_changes_no_duration(drive, step_s):
    bench = charging(drive)
    elapsed_s, charge_ah = bench.snapshot().elapsed_s, bench.snapshot().charge_ah
    bench.clock.step_wall(step_s)
    settle(bench, 70)
    snapshot = bench.snapshot()
    assert snapshot.state == "charging" and codes(bench) == {"F-23"}
    alarm = snapshot.alarms[0]
    assert alarm.level == "warn" and ("forwards" if step_s > 0 else "back") in alarm.text
    assert snapshot.elapsed_s - elapsed_s == pytest.approx(70, abs=1)
    assert snapshot.charge_ah - charge_ah == pytest.approx(10 * 70 / 3600, rel=0.05)
    bench.send(Acknowledge(alarm.id))
    settle(bench, 130)
    assert not codes(bench)
    assert len(lines(bench, "warn")) == 1
    readings = lines(bench, "reading")
    test_s = readings[-1]["test_time_s"] - readings[0]["test_time_s"]
    assert readings[-1]["unix_time_s"] - readings[0]["unix_time_s"] == pytest.approx(test_s + step_s, abs=0.1), "the data carry both"
    bench.clock.step_wall(-step_s)
    settle(bench, 70)
    assert len(lines(bench, "warn")) == 2, "once for each jump"
    bench.clock.step_wall(step_s)
    settle(bench, 70)
    assert len(lines(bench, "warn")) == 3, "seen or not"


def test_f23_what_a_time_server_corrects_slowly_is_no_jump(drive):
    bench = charging(drive)
    for _ in range(10):
        bench.clock.step_wall(0.5)
        settle(bench, 61)
    assert not codes(bench)


def test_f23_the_hold_of_the_end_rule_takes_its_ten_minutes_whatever_the_date(drive):
    bench = drive(soc=0.99)
    bench.start()
    bench.go_until(lambda b: b.bench.session.end_rule.hold_left_s is not None)
    began_s = bench.clock.now_s()
    bench.clock.step_wall(86400.0)
    bench.go_until(lambda b: bool(b.bench.session.ends))
    assert bench.clock.now_s() - began_s >= 599.0
    assert bench.go_on().result == "balanced"


def test_f23_a_date_set_while_the_computer_slept_is_told_as_well(drive):
    bench = charging(drive)
    bench.clock.sleep(3600.0)
    bench.clock.step_wall(-7200.0)
    settle(bench, 70)
    assert {"F-33", "F-23"} <= codes(bench)
    assert "back by 2 h" in next(alarm.text for alarm in bench.snapshot().alarms if alarm.code == "F-23")
