"""Runs one procedure: goes down its Steps, asks, checks gates, lets actions run, waits for conditions. Knows no particular procedure.

Steps stand in parts, each with its own bank and target; the next part begins only where the stage allows it, with the output proved off.

A step's order: ask → gate → hands → action → until. Everything the operator says is journalled before it takes effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from drivers.roles import InstrumentError
from drivers.simulated.faults import Fault
from tui.bench.actions import ACTIONS, Action, ActionRefused, Hall
from tui.bench.messages import FieldView, Outcome, Prompt
from tui.bench.progress import first_with_these_cells, is_remedy, part_of
from tui.domain.gates import GATES
from tui.domain.plan import Plan
from tui.domain.procedure import Field, GateInput, GateResult, Part, Step, Value, as_remedy
from tui.domain.procedures import remedy

Phase = Literal["ask", "act", "until", "paused", "over"]
LOOK_OVER, EACH_CELL = "look-over", "each-cell"
YIELDING = (LOOK_OVER, EACH_CELL)
"""Questions that give way to more urgent ones, and are asked again later."""


class Hands(Protocol):
    """The simulated hands of the embedded bench: they do a confirmed physical step, and hold the probes of its hand-held meter."""

    def do(self, act: str, *, voltage_v: float | None = None, current_a: float | None = None) -> None: ...

    def probe(self, point: str) -> float | None: ...

    def carry(self, cell: str) -> None:
        """Put the probes of the bench's own live meter on another cell, where it is one that is carried about."""
        ...

    def refusal(self, plan: Plan) -> str:
        """Why this bench cannot be the one of a new session's plan: it has other cells. "" where it can."""
        ...

    def woken(self, plan: Plan, acts: tuple[str, ...], charge_ah: float) -> Plan:
        """A session goes on after a crash: its plan with the addresses of this bench's instruments.

        A bench that was made anew does again what hands had done (`acts`), and gives the cells the charge that they had taken. Raises ValueError
        where this bench cannot be the one of that plan.
        """
        ...

    def check(self, fault: Fault) -> None:
        """Raises FaultError for a fault that the bench cannot have."""
        ...

    def spoil(self, fault: Fault) -> None:
        """Let a fault happen, for a drill. Raises FaultError."""
        ...

    def mend(self, fault: Fault) -> None: ...


class Stage(Hall, Protocol):
    """What the runner needs of the bench."""

    hands: Hands | None

    def log(self, kind: str, *, durable: bool = False, **fields: object) -> None: ...

    def now_s(self) -> float: ...

    def did(self, act: str) -> None:
        """A physical act was confirmed: hands do it on the embedded bench, a supply without interface is told of it."""
        ...

    def condition(self, step: Step, entered_s: float) -> bool:
        """Whether what `step.until` names has come."""
        ...

    def enter_part(self, part: Part) -> bool:
        """Another part begins: its bank, target and guard come into force. False where the output is not proved off."""
        ...

    def gate_facts(self) -> Mapping[str, float]:
        """What the bench has measured itself, for a gate to look at."""
        ...

    def part_detail(self, part: Part) -> str | None:
        """How the part's charge ended, in a few words; None while it has not."""
        ...

    def asks_more(self, step: Step) -> Step | None:
        """A question of the bench's own behind this step, before the next one."""
        ...

    def meter_at(self, probe: str) -> float | None:
        """What the bench's own live meter shows there, None where it stands elsewhere."""
        ...

    def sees(self, fields: Iterable[Field]) -> bool:
        """Whether instruments tell all of this now, so that nobody has to be asked."""
        ...

    def barred(self, step: Step) -> str:
        """Why the output must not go on in this step now; "" when nothing stands against it."""
        ...

    def measured(self, values: Mapping[str, Value]) -> list[str]:
        """Those of these values that the live meter gave by key."""
        ...

    def remember(self) -> None:
        """Write down where the session stands, so that it can go on from here after a crash."""
        ...

    def refused(self, values: Mapping[str, Value], result: GateResult) -> None:
        """A gate refused values; some refusals are dangers of their own."""
        ...

    def took(self, step: Step, values: Mapping[str, Value]) -> str:
        """Values passed their gate: keep them where they belong. Returns a follow-up refusal, or ""."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A remedy that was put into the procedure: which, before which step, for which refused values."""

    number: int
    name: str
    step_id: str
    values: Mapping[str, Value]

    def row(self) -> dict[str, Any]:
        return {"number": self.number, "name": self.name, "step_id": self.step_id, "values": dict(self.values)}


@dataclass(slots=True)
class Runner:
    """State of one procedure run."""

    stage: Stage
    steps: tuple[Step, ...]
    index: int = 0
    remedies: int = 0  # how many sub-procedures were put in
    taken: list[Taken] = field(default_factory=list)  # those that stand in `steps` now
    phase: Phase = "ask"
    prompt: Prompt | None = None
    answers: dict[str, Value] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    overridden: set[str] = field(default_factory=set)
    entered_s: float = 0.0
    _prompts: int = 0
    _action: Action | None = None
    _pending: Mapping[str, Value] | None = None  # refused values, which a reason may pass or a remedy mend
    _remedy: str = ""  # name of the procedure that would mend them
    finished: bool = False
    _detour: Step | None = None  # a step that is not of the procedure: the re-check after a hold
    _then: str = ""  # where the detour leads
    _side: Step | None = None  # a question asked beside a running step

    @property
    def step(self) -> Step:
        """The step that runs: one of the procedure's, or a detour."""
        return self._detour or self.steps[self.index]

    @property
    def part(self) -> Part:
        return part_of(self.steps[self.index])

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts in their order; one that a remedy interrupts is named once."""
        return tuple(dict.fromkeys(part_of(step) for step in self.steps))

    def start(self) -> None:
        self._enter(0)

    def go_back_to(self, step_id: str) -> None:
        """Continue from an earlier (or the present) step, entering it anew: after a hold or a trip."""
        self._drop_action()
        self._enter(next(i for i, step in enumerate(self.steps) if step.id == step_id))

    def begin_anew(self) -> None:
        """After a trip: all gates of the present bank, from its first.

        What a remedy put in is dropped: its gate measures again, and offers it again where it is still needed.
        """
        self._drop_action()
        kept = tuple(step for step in self.steps if not is_remedy(step))
        goes_on = next(step for step in self.steps[self.index :] if not is_remedy(step))
        if len(kept) < len(self.steps):
            self.remedies += 1  # the checklist is another
        self.steps, self.index, self.taken = kept, kept.index(goes_on), []
        self.go_back_to(first_with_these_cells(self).id)

    def detour(self, step: Step, then: str) -> None:
        """Run `step` first, then enter the procedure's step `then` anew."""
        self._drop_action()
        self._detour, self._then = step, then
        self._begin(step)

    def side_question(self, step: Step) -> bool:
        """Ask `step`'s fields beside the running step, which goes on; not while another question is open, unless that one yields."""
        if self.phase != "until" or (self.prompt is not None and (step.id in YIELDING or self.prompt.step not in YIELDING)):
            return False
        self._side = step
        self._ask(blocking=False)
        return True

    def ask_again(self, refusal: str) -> None:
        """Put the open question once more, with what was doubtful about its answer."""
        if self.prompt is not None:
            self._ask(blocking=self.prompt.blocking, refusal=refusal)

    def pause(self) -> None:
        """A hold: whatever ran is dropped; nothing is asked until the operator resumes."""
        self._drop_action()
        self.prompt = self._side = None
        self.phase = "paused"

    def _drop_action(self) -> None:
        if self._action is not None:
            action, self._action = self._action, None
            close = getattr(action, "close", None)
            if close is not None:
                close()

    def _enter(self, index: int) -> None:
        if not self.stage.enter_part(part_of(self.steps[index])):
            return  # held: the step before it is entered anew when the operator resumes
        self.index, self._detour = index, None
        self._begin(self.steps[index])

    def _begin(self, step: Step) -> None:
        self.entered_s, self._pending, self._side = self.stage.now_s(), None, None
        self.stage.log("step_enter", step_id=step.id, text=step.title)
        self.stage.remember()
        if step.until and step.ask_during:
            self._act()
        elif step.confirm or step.fields:
            self.phase = "ask"
            self._ask(blocking=not step.ask_during)
        else:
            self.prompt = None
            self._act()

    def _ask(self, *, blocking: bool, refusal: str = "", result: GateResult | None = None, confirm: str = "") -> None:
        step = self._side or self.step
        self._prompts += 1
        self._remedy = result.remedy if result is not None else ""
        self.prompt = Prompt(
            self._prompts,
            step.id,
            step.instruction,
            confirm or step.confirm,
            tuple(self._view(f) for f in step.fields) if not confirm else (),
            refusal,
            overridable=result is not None and result.overridable and not step.retry_from,
            remedy=result.remedy_text if result is not None and result.remedy else "",
            blocking=blocking,
        )
        self.stage.log("prompt", step_id=step.id, text=self.prompt.instruction)

    def _view(self, f: Field) -> FieldView:
        return FieldView(f.name, f.label, f.kind, f.unit, f.choices)

    def probe_of(self, name: str) -> str:
        """Where the probes go for a field of what is asked now; "" for one that is not asked."""
        return next((f.probe for f in (self._side or self.step).fields if f.name == name), "") if self.prompt is not None else ""

    def reading_at(self, name: str) -> float | None:
        """What a meter shows now at the point of a field of the present prompt: the bench's own meter, or the hands' on the embedded bench."""
        probe = self.probe_of(name)
        if not probe:
            return None
        live = self.stage.meter_at(probe)
        if live is not None:
            return live
        return self.stage.hands.probe(probe) if self.stage.hands is not None else None

    # --- answers --------------------------------------------------------------------------------------------

    def answer(self, prompt_id: int, values: Mapping[str, Value], source: str = "") -> Outcome:
        """The operator's answer to the present prompt, or that of an instrument: the `source`, in words for the record."""
        prompt, step = self.prompt, self._side or self.step
        if prompt is None or prompt.id != prompt_id:
            return Outcome(False, "That question is no longer open.")
        checked = self._typed(prompt, values)
        if isinstance(checked, str):
            return Outcome(False, checked)
        measured = self.stage.measured(checked)
        by_meter = {"measured": measured} if measured else {}
        self.stage.log("answer", durable=True, step_id=step.id, data=dict(checked), text=source or prompt.confirm, **by_meter)
        if prompt.fields or not step.fields:
            result = self._gate(step, checked)
            if not result.ok:
                self.stage.log("gate_refuse", durable=True, step_id=step.id, text=result.message, data=dict(checked))
                self.stage.refused(checked, result)
                if step.retry_from:
                    self.go_back_to(step.retry_from)
                if self.phase == "ask" or self.phase == "until":
                    self._pending = checked
                    self._ask(blocking=self.phase == "ask", refusal=result.message, result=result)
                return Outcome(False, result.message)
            if result.warning:
                self.stage.warn(f"gate-{step.id}", step.title, result.warning)
            if step.gate:
                self.stage.log("gate_pass", step_id=step.id)
        return self._passed(step, checked, prompt)

    def override(self, prompt_id: int, reason: str) -> Outcome:
        """Pass an overridable refusal with a typed reason; both are kept in the record."""
        prompt, step = self.prompt, self._side or self.step
        if prompt is None or prompt.id != prompt_id or self._pending is None:
            return Outcome(False, "There is nothing to override here.")
        if not prompt.overridable:
            return Outcome(False, "No reason opens this gate. Put right what it names, then answer again.")
        if len(reason.strip()) < 3:
            return Outcome(False, "An override needs a reason in words; it stays in the record.")
        self.stage.log("override", durable=True, step_id=step.id, text=reason.strip(), data=dict(self._pending))
        self.overridden.add(step.id)
        return self._passed(step, self._pending, prompt)

    def take_remedy(self, prompt_id: int) -> Outcome:
        """Put the sub-procedure that a refusal offered before the present step; afterwards the step asks anew."""
        prompt, step = self.prompt, self.step
        if prompt is None or prompt.id != prompt_id or self._pending is None or not self._remedy or self.phase != "ask":
            return Outcome(False, "Nothing of this kind is offered here.")
        taken = Taken(self.remedies + 1, self._remedy, step.id, dict(self._pending))
        try:
            remedy(taken.name, part_of(step).plan, taken.values)
        except ValueError as problem:
            return Outcome(False, str(problem))
        self.stage.log("remedy", durable=True, step_id=step.id, text=prompt.remedy, data=dict(self._pending))
        self.put_in(taken)
        self.answers.update(self._pending)
        self.remedies = taken.number
        self._enter(self.index)
        return Outcome(True)

    def put_in(self, taken: Taken) -> None:
        """Put a remedy's steps before the step that it is for. Raises ValueError where it cannot be made, or the step is not there."""
        at = [step.id for step in self.steps].index(taken.step_id)
        steps = remedy(taken.name, part_of(self.steps[at]).plan, taken.values)
        self.steps = (*self.steps[:at], *as_remedy(steps, taken.number), *self.steps[at:])
        self.taken.append(taken)

    def _typed(self, prompt: Prompt, values: Mapping[str, Value]) -> dict[str, Value] | str:
        """The values in the fields' types, or what is wrong with them."""
        taken: dict[str, Value] = {}
        for f in prompt.fields:
            value = values.get(f.name)
            if value is None or value == "":
                return f"{f.label}: nothing was given."
            if f.choices:
                if value not in f.choices:
                    return f"{f.label}: choose one of {', '.join(f.choices)}."
                taken[f.name] = value
                continue
            if isinstance(value, str | bool) or value != value or abs(value) > 1e6:
                return f"{f.label}: a number with its unit is needed."
            taken[f.name] = float(value)
        return taken

    def _gate(self, step: Step, values: Mapping[str, Value]) -> GateResult:
        barred = self.stage.barred(step)
        if barred:
            return GateResult(False, barred)
        if not step.gate:
            return GateResult(True)
        return GATES[step.gate](self._plan_of(step), GateInput(values, dict(self.answers), dict(self.stage.gate_facts())))

    def _plan_of(self, step: Step) -> Plan:
        """A question of the bench's own belongs to the part that runs."""
        return (step.part or self.part).plan

    def _passed(self, step: Step, values: Mapping[str, Value], prompt: Prompt) -> Outcome:
        self._pending = None
        self.answers.update(values)
        follow_up = self.stage.took(step, values)
        if follow_up:
            self._ask(blocking=prompt.blocking, refusal=follow_up)
            return Outcome(False, follow_up)
        self.prompt = self._side = None
        if self.phase in ("until", "paused"):
            return Outcome(True)  # asked beside the running step, which goes on
        for act in step.hands:
            self.stage.did(act)
        leads_to = next((to for answer, to in step.leads_to if answer in values.values()), "")
        if leads_to:
            self.stage.log("step_leave", step_id=step.id)
            self.go_back_to(leads_to)
        else:
            self._act()
        return Outcome(True)

    # --- the tick -------------------------------------------------------------------------------------------

    def _act(self) -> None:
        barred = self.stage.barred(self.step) if self.stage.profile.has_interface else ""
        if barred:  # a step that asks nothing before it acts
            self._refused(barred)
            return
        self.phase = "act"
        self._action = ACTIONS[self.step.action](self.stage) if self.step.action else None
        if self._action is None:
            self._acted()

    def _acted(self) -> None:
        step = self.step
        self.phase = "until"
        if step.until and step.ask_during and step.fields and not self.stage.sees(step.fields):
            self._ask(blocking=False)
        if not step.until:
            self._leave()

    def tick(self) -> None:
        """Advance by at most one action step; called after the guard had its say."""
        if self.finished:
            return
        if self.phase == "act" and self._action is not None:
            try:
                next(self._action)
            except StopIteration:
                self._action = None
                self._acted()
            except ActionRefused as refusal:
                self._refused(str(refusal))
            except InstrumentError as problem:
                self._refused(str(problem))
        elif self.phase == "until" and self.stage.condition(self.step, self.entered_s):
            self._leave()

    def circuit_opened(self) -> None:
        """The charge of a step that a BMS may end has ended so: the output is going off, the next steps find out why."""
        self.prompt = self._side = None
        self._leave()

    def _refused(self, message: str) -> None:
        self._action = None
        self.stage.log("gate_refuse", durable=True, step_id=self.step.id, text=message)
        self.phase = "ask"
        # A step that measures and then acts measures anew; one that only acts is simply tried again.
        self._ask(blocking=True, refusal=message, confirm=self.step.confirm or ("" if self.step.fields else "Try again"))

    def _leave(self) -> None:
        self.stage.log("step_leave", step_id=self.step.id)
        self.prompt = self._side = None
        if self._detour is not None:
            self.go_back_to(self._then)
            return
        more = self.stage.asks_more(self.step)
        if more is not None and self.index + 1 < len(self.steps):
            self.detour(more, then=self.steps[self.index + 1].id)
            return
        if self.index + 1 >= len(self.steps):
            self.finished, self.phase = True, "over"
            return
        self._enter(self.index + 1)
