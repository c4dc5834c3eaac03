"""The program dies with a session under way; the next one takes it up with nothing lost and nothing energised (F-32, F-34)."""

from __future__ import annotations

from functools import partial

import pytest

from tests.bench.conftest import Driven
from tui.bench.bench import Bench
from tui.bench.headless import EmbeddedHands, LockStep
from tui.bench.instruments import Instruments
from tui.bench.messages import Abandon, Acknowledge, Answer, Continue, Finish, Note, Resume, Start, TypeReading
from tui.records.journal_reading import read, verify
from tui.records.sessions import Sessions


@pytest.fixture
def drive(drive):
    """Two small cells: a balance that goes on is soon over."""
    return partial(drive, cells=2, capacity_ah=40.0)


def killed(bench: Driven, gap_s: float = 0.0) -> Driven:
    """The program is gone as by kill -9: nothing is closed, nothing is said. The bench with its supply stays as it was; then it starts again."""
    old = bench.bench
    file = old.session.recorder._journal._file if old.session is not None else None
    if file is not None:
        file.close()  # what the system does for a dead process
    lines = bench.rig.embedded.memory_lines()
    instruments = Instruments(bench.clock, old.home, line_factory=lambda address: lines[str(address)]())
    bench.clock.advance(gap_s)
    bench.rig.bench = Bench(
        old.home, bench.clock, instruments, hands=EmbeddedHands(bench.rig.embedded), line_now_s=bench.clock.now_s, takes_up=True
    )
    again = Driven(bench.rig, bench.plan, bench.script)
    again.step(0.5)
    return again


def settle(bench: LockStep, seconds: float = 5.0) -> None:
    end = bench.clock.now_s() + seconds
    while bench.clock.now_s() < end:
        bench.step(0.5)


def lines(bench: Driven) -> list[dict]:
    session = bench.bench.session
    assert session is not None
    return list(read(bench.bench.home.sessions_dir / f"{session.recorder.id}.jsonl"))


def test_f32_a_charge_goes_on_after_a_kill_with_its_charge_its_step_and_its_journal(drive, place):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 700)
    session, counted_ah, elapsed_s = (
        bench.bench.running.recorder.id,
        bench.bench.running.charge_ah,
        bench.clock.now_s() - bench.bench.running.started_s,
    )
    assert counted_ah > 1.5 and bench.world.output_on

    again = killed(bench, gap_s=3600.0)
    snapshot = again.snapshot()
    assert snapshot.session == session and snapshot.state == "hold"
    assert not again.world.output_on, "found on after the crash: off first (F-34 c)"
    alarm = next(alarm for alarm in snapshot.alarms if alarm.code == "F-32")
    assert "1 h 00 min" in alarm.text and "found ON and is switched off" in alarm.text
    assert snapshot.charge_ah == pytest.approx(counted_ah, abs=0.05)
    assert snapshot.elapsed_s == pytest.approx(elapsed_s + 3600, abs=15)
    settle(again)
    assert again.snapshot().output_on is False
    assert again.send(Resume()).ok
    assert again.snapshot().prompt.step == "recheck", "a measurement comes before the charge"
    done = again.go_on()
    assert done.result == "balanced", done.alarms
    told = lines(again)
    assert next(line for line in told if line["kind"] == "gap")["seconds"] == pytest.approx(3600, abs=15)
    assert any(line["kind"] == "resume" and line["data"]["output_found"] is True for line in told)
    assert verify(place.sessions_dir / f"{session}.jsonl").ok
    assert len(Sessions(place).list()) == 1
    assert bench.world.max_cell_voltage_v < 3.66


@pytest.mark.parametrize("step", ["threads", "cell-volts", "supply", "lead-volts", "wire", "connect", "hold", "off", "rest"])
def test_f32_a_kill_at_any_step_is_no_end(drive, step):
    bench = drive(soc=0.985)
    bench.start()
    bench.go_to(step)
    bench.step(1.0)
    before = bench.bench.running
    answers = dict(before.runner.answers)
    again = killed(bench, gap_s=60.0)
    assert again.snapshot().state == "hold"
    assert again.bench.running.runner.steps[again.bench.running.runner.index].id == step
    assert answers.items() <= again.bench.running.runner.answers.items()
    settle(again, 10)
    assert not again.world.output_on
    assert again.send(Resume()).ok
    done = again.go_on()
    assert done.result == "balanced", (done.alarms, done.prompt)


def test_f32_killed_again_and_again(drive):
    bench = drive(soc=0.985)
    bench.start()
    bench.go_to("to-knee")
    for _ in range(5):
        settle(bench, 120)
        bench = killed(bench, gap_s=30.0)
        settle(bench)
        assert bench.send(Resume()).ok
        bench.go_until(lambda bench: bench.bench.state == "charging")
    done = bench.go_on()
    assert done.result == "balanced"
    assert sum(line["kind"] == "resume" for line in lines(bench)) == 5


def test_f32_knobs_that_were_on_are_a_call_first(drive):
    bench = drive(supply="manual", soc=0.97, meter=False)
    bench.start()
    bench.go_to("to-knee")
    bench.go_until(lambda b: b.bench.state == "charging" and b.bench.reading.amperes is not None)
    again = killed(bench, gap_s=600.0)
    snapshot = again.snapshot()
    assert snapshot.state == "call", "nobody but the operator can tell what the supply does now"
    assert "may have gone on" in snapshot.call.text
    again.send(Acknowledge(0))
    again.send(TypeReading("current_a", 0.0, sure=True))
    assert again.snapshot().state == "hold" and not again.world.output_on
    assert again.send(Resume()).ok
    done = again.go_on()
    assert done.result == "balanced", (done.alarms, done.prompt)


def test_f32_another_supply_in_its_place_is_never_written_to(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    bench.wire.inject("wrong-model", number=60062)
    again = killed(bench)
    snapshot = again.snapshot()
    assert snapshot.state == "idle" and snapshot.session == ""
    assert "Nothing was sent to it" in snapshot.unfinished.problem
    assert again.world.output_on, "it is another device: hands off"
    assert snapshot.unfinished.output_on
    bench.wire.undo("wrong-model")
    assert again.send(Continue(snapshot.unfinished.session)).ok
    assert not again.world.output_on
    assert again.snapshot().state == "hold" and again.snapshot().unfinished is None


def test_f32_a_supply_that_is_gone_leaves_the_choice(drive, place):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    bench.wire.inject("silence")
    again = killed(bench)
    waiting = again.snapshot().unfinished
    assert waiting is not None and "no answer" in waiting.problem.lower()
    assert not again.send(Continue(waiting.session)).ok
    told = again.send(Abandon(waiting.session, "the supply is broken"))
    assert told.ok and "switch it off" in told.message
    row = Sessions(place).list()[-1]
    assert row.result == "unfinished" and row.end_reason == "the supply is broken"
    assert row.charge_ah == pytest.approx(waiting.charge_ah, abs=1e-3)
    assert verify(place.sessions_dir / f"{row.id}.jsonl").ok
    assert again.snapshot().unfinished is None


def test_f32_a_trip_stays_latched_over_a_crash(drive):
    bench = drive(soc=0.99)
    bench.start()
    bench.go_to("hold")
    bench.world.inject("cv-drift", volts=0.04)
    settle(bench, 30)
    assert bench.snapshot().state == "tripped"
    again = killed(bench)
    settle(again)
    assert again.snapshot().state == "tripped"
    assert not again.send(Resume()).ok
    bench.world.undo("cv-drift")
    assert again.send(Resume("the supply was adjusted")).ok
    assert again.step_id == "threads", "every gate again"


def test_f32_a_remedy_in_the_procedure_survives(drive):
    bench = drive(soc=0.985)
    bench.start()
    bench.go_to("cell-volts")
    bench.go_until(lambda b: b.snapshot().prompt is not None)
    prompt = bench.snapshot().prompt
    low = {f.name: (3.05 if n == 0 else 3.35) for n, f in enumerate(prompt.fields)}
    bench.send(Answer(prompt.id, low))
    from tui.bench.messages import TakeRemedy

    assert bench.send(TakeRemedy(bench.snapshot().prompt.id)).ok
    titles = [step.id for step in bench.bench.running.runner.steps]
    step = bench.step_id
    again = killed(bench)
    assert [step.id for step in again.bench.running.runner.steps] == titles
    assert again.bench.running.runner.steps[again.bench.running.runner.index].id == step


def test_f32_what_was_acknowledged_is_in_the_journal(drive):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    assert bench.send(Note("before the kill")).ok
    assert bench.send(TypeReading("cells_v", 3.36)).ok
    again = killed(bench)
    told = lines(again)
    assert any(line["kind"] == "note" and line["text"] == "before the kill" for line in told)
    assert any(line["kind"] == "answer" and line.get("data") == {"cells_v": 3.36} for line in told)


def test_f32_a_program_that_is_told_to_end_leaves_a_session_that_goes_on(drive, place):
    bench = drive(soc=0.97)
    bench.bench.takes_up = True
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    bench.bench.safety.begin_off("the program ends")
    settle(bench)
    bench.bench.leave("the program was closed")
    assert Sessions(place).list()[-1].state == "running"
    again = killed(bench)
    assert again.snapshot().state == "hold"
    assert any(line["kind"] == "pause" for line in lines(again))
    assert again.send(Resume()).ok
    assert again.go_on().result == "balanced"


def test_f32_ending_it_from_the_hold_is_unfinished(drive, place):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 60)
    again = killed(bench)
    settle(again)
    assert again.send(Finish("")).ok
    assert Sessions(place).list()[-1].result == "unfinished"
    assert again.send(Start(bench.plan.to_json())).ok


def test_f32_a_session_without_a_first_step_is_ended_by_itself(drive, place):
    bench = drive(soc=0.97)
    Sessions(place).create(bench.plan, started_unix_s=bench.clock.unix_s())
    again = killed(bench)
    assert again.snapshot().state == "idle" and again.snapshot().unfinished is None
    assert Sessions(place).list()[-1].result == "unfinished"


def test_f32_a_state_of_another_version_is_told_and_can_be_ended(drive, place, monkeypatch):
    bench = drive(soc=0.97)
    bench.start()
    bench.go_to("cell-volts")
    monkeypatch.setattr("tui.bench.memory.VERSION", 2)
    again = killed(bench)
    waiting = again.snapshot().unfinished
    assert "another version" in waiting.problem
    assert again.send(Abandon(waiting.session)).ok


def test_f32_a_journal_of_a_newer_program_is_not_touched(drive, place, monkeypatch):
    bench = drive(soc=0.97)
    monkeypatch.setattr("tui.records.journal_reading.FORMAT", 2)
    monkeypatch.setattr("tui.records.journal.FORMAT", 2)
    bench.start()
    bench.go_to("cell-volts")
    monkeypatch.undo()
    path = place.sessions_dir / f"{bench.bench.running.recorder.id}.jsonl"
    before = path.read_bytes()
    again = killed(bench)
    assert "version" in again.snapshot().unfinished.problem
    assert not again.send(Abandon(again.snapshot().unfinished.session)).ok
    assert path.read_bytes() == before


def test_f32_a_session_of_a_built_in_bench_is_not_taken_up_on_real_instruments(drive, place):
    bench = drive(supply="manual", soc=0.97, meter=False)
    bench.start()
    bench.go_to("cell-volts")
    bench.bench.running.recorder.close()
    real = Bench(place, bench.clock, Instruments(bench.clock, place), line_now_s=bench.clock.now_s, takes_up=True)
    real.tick()
    assert real.session is None and real.left == []
    assert Sessions(place).list()[-1].state == "running", "it waits for its own bench"


def test_f32_in_a_resting_session_nothing_is_taken_up(drive, place):
    bench = drive(soc=0.985)
    bench.start()
    done = bench.go_on()
    assert done.result == "balanced"
    again = killed(bench)
    assert again.snapshot().state == "idle" and again.snapshot().unfinished is None


def test_f32_the_chain_of_several_parts_goes_on_in_its_part(drive):
    bench = drive(soc=(0.95, 0.97), procedure="step-and-pause", derating=0.8)
    bench.start()
    bench.go_until(lambda b: b.bench.running.part.id == b.bench.running.runner.parts[1].id and b.bench.state == "charging")
    settle(bench, 120)
    counted = bench.bench.running.charge_ah
    again = killed(bench, gap_s=100)
    settle(again)
    assert again.bench.running.part.id == again.bench.running.runner.parts[1].id
    assert again.bench.running.charge_ah == pytest.approx(counted, rel=0.05, abs=0.1)
    assert again.send(Resume()).ok
    done = again.go_on()
    assert done.result == "balanced", (done.alarms, done.prompt)
    assert again.snapshot().parts[0].status == "done"


def test_f32_killed_just_after_switching_on_the_cells_may_have_risen_far_meanwhile(drive):
    """The supply goes on for hours: the posts then show far more than the cells did before, and the gate must not take that for other cells."""
    bench = drive(soc=0.985)
    bench.start()
    bench.go_to("charge")
    bench.go_until(lambda b: b.world.output_on and b.world.truth().leads_on)
    assert bench.bench.running.charging_since_s is None
    again = killed(bench, gap_s=7200.0)
    settle(again)
    assert again.send(Resume()).ok
    done = again.go_on()
    assert done.result == "balanced", (done.alarms, done.prompt)
