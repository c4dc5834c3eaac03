"""The same procedure on an emulator in another process: real drivers on its pseudo-terminals, the bench without hands, a person at both ends."""

from __future__ import annotations

import subprocess
import sys
import time

from drivers.clock import ScaledClock
from tui.bench.bench import Bench
from tui.bench.instruments import Instruments
from tui.bench.local import LocalLink
from tui.bench.messages import Answer, Present, Prompt, Start
from tui.domain.plan import Plan, PlanCell, PlanSupply
from tui.records.places import home

HANDS = {"wire": "wire-cells", "leads-apart": "leads-apart", "connect": "leads-on", "disconnect": "leads-apart", "take-apart": "take-apart"}


class OtherTerminal:
    """`topbalance emulate` with a person who moves leads and reads the meter there."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tui.cli", "emulate", "riden", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.supply, self.meter = self._line(), self._line()

    def _line(self) -> str:
        return self.process.stdout.readline().strip()

    def say(self, words: str) -> str:
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self._line()

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def test_a_whole_balance_with_an_emulator_in_a_second_terminal(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path))
    place = home()
    other = OtherTerminal("--cells", "2", "--capacity", "20Ah", "--soc", "99.5%", "--lead", "10mOhm", "--speed", "120")
    clock = ScaledClock()
    bench = Bench(place, clock, Instruments(clock, place), line_now_s=time.monotonic)
    link = LocalLink(bench).start()
    plan = Plan(
        bank="Second terminal",
        cells=(PlanCell("A1", 20.0), PlanCell("A2", 20.0)),
        supply=PlanSupply(other.supply, 60.0, 4.0),
        meter=other.meter,
        soc_low=0.99,
        soc_high=0.99,
        rest_s=600.0,
    )

    def values(prompt: Prompt) -> dict[str, float | str]:
        probes = {field.name: field.probe for field in bench.session.runner.step.fields}
        return {
            field.name: field.choices[0] if field.choices else float(other.say(f"probe {probes[field.name]}")) for field in prompt.fields
        }

    try:
        outcome = link.send(Start(plan.to_json()))
        assert outcome.ok, outcome.message
        deadline = time.monotonic() + 150
        while link.snapshot().state != "ended":
            snapshot = link.snapshot()
            assert time.monotonic() < deadline, (snapshot.state, snapshot.next, snapshot.end_clauses)
            assert snapshot.state not in ("hold", "tripped", "call"), snapshot.alarms
            prompt = snapshot.prompt
            if prompt is not None:
                assert not prompt.refusal, prompt.refusal
                answers = values(prompt)
                if prompt.step in HANDS:
                    other.say(HANDS[prompt.step])
                link.send(Answer(prompt.id, answers))
            elif snapshot.attention_due_s is not None and snapshot.attention_due_s < 400:
                link.send(Present())
            time.sleep(0.05)
        assert link.snapshot().result == "balanced"
    finally:
        link.close()
        other.close()


def test_a_speed_is_refused_where_no_emulator_of_ours_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path))
    place = home()
    other = OtherTerminal("--cells", "2", "--capacity", "20Ah", "--soc", "99%")
    clock = ScaledClock()
    link = LocalLink(Bench(place, clock, Instruments(clock, place), line_now_s=time.monotonic)).start()
    silent = other.meter.replace("text-line:", "riden:")  # a meter's port, taken for a supply that runs fast
    plan = Plan("B", (PlanCell("A1", 20.0),), PlanSupply(f"{silent.split('?')[0]}?speed=60", 60.0, 4.0))
    try:
        outcome = link.send(Start(plan.to_json()))
        assert not outcome.ok
        assert clock.speed == 1.0
    finally:
        link.close()
        other.close()
