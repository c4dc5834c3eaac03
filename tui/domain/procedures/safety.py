"""What no procedure may leave out: the order of gates, hands and output around every charge (fault list: F-01 to F-03, F-08, F-47, F-53).

Walks down the steps as the engine will, remembering what has been proved and where the leads are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tui.domain import calculations
from tui.domain.plan import Plan
from tui.domain.procedure import Part, Step
from tui.domain.procedures.build import Made
from tui.domain.procedures.errors import ProcedureError
from tui.domain.procedures.locate import Places
from tui.domain.procedures.reader import Findings
from tui.domain.procedures.schema import StepRow

CELL_GATES = ("cell-volts", "cell-volts-series", "cell-volts-single")
CHARGING_UNTILS = ("volts", "end-rule", "cell-at-target")


@dataclass(slots=True)
class _Walk:
    """What has been proved so far."""

    plan: Plan
    found: Findings
    part: Part | None = None
    gates: set[str] = field(default_factory=set)  # anywhere before
    here: set[str] = field(default_factory=set)  # gates and actions of this part
    measured: set[str] = field(default_factory=set)  # cells whose volts were judged
    alike: frozenset[str] = frozenset()  # cells whose volts were compared, and not moved apart since
    joined: tuple[str, frozenset[str]] = ("", frozenset())  # how, and which cells
    proved_series: int | None = None  # open leads showed the set-point for so many cells in series
    polarity: frozenset[str] = frozenset()  # cells whose posts were proved, with the leads as they are
    output_on: bool = False
    leads_on: bool = False
    leads_doubtful: bool = False  # they were on, and no reading has shown since that they are off
    charge: StepRow | None = None  # whose output is not proved off yet
    waited: bool = False  # this charge had an end
    ended: bool = False  # … behind which nothing waits
    string: StepRow | None = None  # a charge in series whose end no gate has judged yet

    def tell(self, row: StepRow, key: str, message: str) -> None:
        self.found.add(row.path, key, message)

    def fork(self) -> _Walk:
        """The same state, to go on elsewhere."""
        return replace(self, gates=set(self.gates), here=set(self.here), measured=set(self.measured))

    @property
    def state(self) -> tuple[object, ...]:
        """All that decides what may follow."""
        known = (frozenset(self.gates), frozenset(self.here), frozenset(self.measured), self.alike, self.joined, self.polarity)
        rows = tuple(row and row.path for row in (self.charge, self.string))
        return (
            id(self.part),
            *known,
            *rows,
            self.proved_series,
            self.output_on,
            self.leads_on,
            self.leads_doubtful,
            self.waited,
            self.ended,
        )


def judge(made: list[Made], plan: Plan, found: Findings, *, remedy: bool = False) -> None:
    """Every breach of the order in these steps goes to `found`, once. Of a `remedy` the cells were looked at before it began.

    An answer that leads elsewhere is followed there, with what had been proved when it was given.
    """
    walk = _Walk(plan, found)
    if remedy:
        walk.gates |= {"visual", "temperature"}
        walk.measured |= {cell.label for cell in plan.cells}
        walk.alike = frozenset(walk.measured)
    places = {one.step.id: place for place, one in enumerate(made)}
    open_ends, seen = [(0, walk)], set()
    while open_ends:
        start, walk = open_ends.pop()
        if (start, walk.state) in seen:
            continue
        seen.add((start, walk.state))
        for place in range(start, len(made)):
            step, row = made[place].step, made[place].row
            part = part_of(step)
            if walk.part is not part:
                _new_part(walk, part)
            _probes(walk, step, part, row)
            _gate(walk, step, part)
            for act in step.hands:
                _hand(walk, act, step, part, row)
            open_ends += [(places[to], walk.fork()) for _, to in step.leads_to]
            _back(walk, [one.step for one in made[places.get(step.retry_from, place) : place + 1]], row)
            _action(walk, step, part, row)
            _until(walk, step, part, row)
        _part_over(walk)
    found.problems[:] = dict.fromkeys(found.problems)


def demand(made: list[Made], plan: Plan, text: str) -> None:
    """Raises ProcedureError with the first breach, in the words of the file's text."""
    found = Findings(Places(text))
    judge(made, plan, found)
    if found.problems:
        raise ProcedureError(str(found.problems[0]))


def part_of(step: Step) -> Part:
    assert step.part is not None
    return step.part


def _labels(part: Part) -> frozenset[str]:
    return frozenset(cell.label for cell in part.plan.cells)


def _new_part(walk: _Walk, part: Part) -> None:
    _part_over(walk)
    series = calculations.wiring(part.plan).series
    if walk.plan.supply.by_hand or walk.proved_series != series:
        walk.proved_series = None  # a knob may have been touched or trimmed; another number of cells is another voltage
    walk.part, walk.here = part, set()


def _part_over(walk: _Walk) -> None:
    if walk.charge is not None:
        walk.tell(
            walk.charge,
            "action",
            'after this charge, and before its part ends, a step with action = "output-off" is missing'
            + (
                ', with gate = "off": a supply without interface shows only on its panel that nothing flows'
                if walk.plan.supply.by_hand
                else ""
            ),
        )
        walk.charge = None
    if walk.string is not None:
        walk.tell(walk.string, "action", 'after a charge in series nobody asks who ended it: a step with gate = "opened" is missing')
        walk.string = None


PROBES = {
    "lead_end_v": "lead-ends",
    "lead_end_off_v": "lead-ends",
    "trim_v": "supply",
    "supply_v": "panel-v",
    "current_a": "panel-a",
    "off_current_a": "panel-a",
    "short_current_a": "panel-a",
    "surface_c": "surface",
    "bms_ov_v": "bms-limit",
}
"""Where a value that a gate or the guard judges is measured: at another place it says nothing of what it is judged for."""


def _probes(walk: _Walk, step: Step, part: Part, row: StepRow) -> None:
    labels, series = _labels(part), calculations.wiring(part.plan).series
    alone = {f"cell:{label}" for label in labels} if len(labels) == 1 else set()
    for item in step.fields:
        places = {PROBES[item.name]} if item.name in PROBES else set()
        if item.name.startswith("cell:"):
            places = {item.name}
        elif item.name == "post_v":
            places = {"posts"} | alone
        elif item.name == "cells_v":
            places = {"highest-cell"} if series > 1 else {"posts"} | alone | ({"highest-cell"} if alone else set())
        if places and item.probe not in places:
            walk.tell(row, "field", f"“{item.name}” is measured at {' or '.join(sorted(places))}, not at “{item.probe}”")


def _back(walk: _Walk, again: list[Step], row: StepRow) -> None:
    """After a refusal steps run again: never with a charge on, and never a charge."""
    if not row.retry_from:
        return
    charges = any(step.action == "charge" or "leads-on" in [act.partition(":")[0] for act in step.hands] for step in again)
    if walk.charge is not None or charges:
        walk.tell(row, "retry_from", "a refusal here would go back through a charge, or out of one that runs; leave it out")


def _gate(walk: _Walk, step: Step, part: Part) -> None:
    gate, by_hand = step.gate, walk.plan.supply.by_hand
    if not gate:
        return
    walk.gates.add(gate)
    walk.here.add(gate)
    cells = _labels(part)
    if gate in CELL_GATES:
        walk.measured |= cells
        walk.alike = cells if gate == "cell-volts" else walk.alike
    elif gate == "open-lead" and (walk.output_on if by_hand else "open-lead-test" in walk.here):
        walk.proved_series = calculations.wiring(part.plan).series
    elif gate == "polarity":
        walk.polarity = cells
    elif gate == "leads-off":
        walk.leads_doubtful = False
    elif gate == "opened":
        walk.string = None


def _hand(walk: _Walk, act: str, step: Step, part: Part, row: StepRow) -> None:
    name, _, named = act.partition(":")
    by_hand, cells = walk.plan.supply.by_hand, _labels(part)
    if named and frozenset(named.split(",")) != cells:
        walk.tell(row, "hands", f"“{act}” names other cells than its part has: {', '.join(sorted(cells))}")
    if walk.charge is not None and walk.output_on and name not in ("switch-off", "trim-knob"):
        walk.tell(row, "hands", f'“{name}” while the charge runs: it belongs after action = "output-off"')
    if name == "short-leads":
        if walk.leads_doubtful or walk.output_on:
            walk.tell(row, "hands", "the lead ends are joined while they may lie on cells, or with the output on: a dead short")
        walk.proved_series = None if by_hand else walk.proved_series  # the voltage stands anywhere for it (fault F-02)
    if name in ("leads-apart", "short-leads"):
        walk.leads_on, walk.polarity = False, frozenset()
    elif name in ("set-knobs", "trim-knob"):
        if walk.leads_doubtful:
            walk.tell(
                row, "hands", 'the volts are set with the leads perhaps still on cells: a step with gate = "leads-off" belongs before it'
            )
        walk.proved_series = None if by_hand else walk.proved_series
    elif name in ("switch-on", "switch-off"):
        if name == "switch-on" and walk.leads_doubtful and step.action != "charge":
            walk.tell(row, "hands", 'with the leads on cells only a step with action = "charge" switches on: nobody would watch what flows')
        walk.output_on = name == "switch-on"
    elif name == "leads-on":
        if walk.output_on:
            walk.tell(row, "hands", 'the leads go on while the output is on: a step with hands = ["switch-off"] belongs before it')
        if walk.proved_series is None:
            walk.tell(row, "hands", 'the leads go on before the open leads were measured: a step with gate = "open-lead" belongs before it')
        if not walk.polarity:
            walk.tell(
                row, "hands", 'the leads go on before the sign of the posts was measured: a step with gate = "polarity" belongs before it'
            )
        walk.leads_on = walk.leads_doubtful = True
    elif name in ("take-apart", "wire-cells", "wire-series"):
        if walk.leads_on or walk.leads_doubtful:
            walk.tell(
                row,
                "hands",
                'cells are joined or taken apart with the leads perhaps still on: hands = ["leads-apart"] and then a step with '
                'gate = "leads-off" belong before it',
            )
        if name == "wire-cells" and len(cells) > 1 and not cells <= walk.alike:
            walk.tell(row, "hands", 'cells are joined in parallel before their volts were compared: gate = "cell-volts" belongs before it')
        walk.polarity = frozenset()
        walk.joined = ("", frozenset()) if name == "take-apart" else (name, cells)


def _action(walk: _Walk, step: Step, part: Part, row: StepRow) -> None:
    action, by_hand = step.action, walk.plan.supply.by_hand
    if not action:
        return
    walk.here.add(action)
    walk.gates.add(action)
    if action == "output-off" and (not by_hand or "off" in walk.here):
        if walk.charge is not None and not walk.waited:
            walk.tell(walk.charge, "action", "nothing waits for the end of this charge: a step with until belongs after it")
        walk.charge, walk.output_on = None, False
        walk.here.discard("off")
    elif walk.charge is not None:
        walk.tell(row, "action", f'“{action}” while the charge runs: it belongs after action = "output-off"')
    elif action == "charge":
        for gate, message in _missing(walk, part):
            walk.tell(row, "action", f"before this charge {message} is missing ({gate})")
        walk.charge, walk.output_on, walk.waited, walk.ended = row, True, False, False
        if calculations.wiring(part.plan).series > 1:
            walk.string = row
        if len(part.plan.cells) < len(walk.plan.cells) or walk.string is not None:
            walk.alike = frozenset()  # each cell goes its own way


def _missing(walk: _Walk, part: Part) -> list[tuple[str, str]]:
    """What must have been done before a charge, and was not: the name of the gate or action, and words."""
    cells = _labels(part)
    series, by_hand = calculations.wiring(part.plan).series, walk.plan.supply.by_hand
    wiring = "wire-series" if series > 1 else "wire-cells"
    wanted = [
        ("visual", "visual" in walk.gates, "a look at every cell"),
        ("temperature", "temperature" in walk.gates, "the temperature of the cells"),
        ("cell-volts", cells <= walk.measured, "a step with the volts of each cell"),
        ("identify", "identify" in walk.gates or walk.part is None, "the identification of the supply"),
        ("write-test", by_hand or "write-test" in walk.gates, "the test of the supply's settings"),
        ("bms", series == 1 or "bms" in walk.here, "the BMS: cells in series are never charged without one"),
        ("assembled", part.plan.arrangement != "1P" or not walk.plan.assembled or "assembled" in walk.gates, "the floating output"),
        ("open-lead", walk.proved_series == series, "the measurement of the set-point at open leads"),
        ("polarity", cells <= walk.polarity, "the measurement of the polarity at the posts of these cells"),
        (wiring, len(cells) == 1 or walk.joined == (wiring, cells), f'the joining of these cells: hands = ["{wiring}"]'),
        ("leads-on", walk.leads_on, 'the connection: hands = ["leads-on"]'),
    ]
    return [(name, words) for name, done, words in wanted if not done]


def _until(walk: _Walk, step: Step, part: Part, row: StepRow) -> None:
    series = calculations.wiring(part.plan).series
    if step.opening_ends and (step.until != "cell-at-target" or (series == 1 and len(walk.plan.cells) > 1)):
        walk.tell(
            row, "opening_ends", "only a BMS in a charge in series may end it by opening; elsewhere a lead that fell off looks like this"
        )
    if step.until not in CHARGING_UNTILS:
        _unwatched(walk, step, row)
        return
    if walk.charge is None:
        walk.tell(row, "until", f"“{step.until}” waits for a charge, and none runs here")
    elif (step.confirm or step.fields) and not step.ask_during:
        walk.tell(row, "ask_during", "the charge runs while this step waits for an answer before it looks at anything: ask_during = true")
    elif series > 1 and step.until != "cell-at-target":
        walk.tell(row, "until", 'cells in series are charged until one of them is full: until = "cell-at-target"')
    walk.waited, walk.ended = True, step.until != "volts"


def _unwatched(walk: _Walk, step: Step, row: StepRow) -> None:
    """A step that waits for a person or for time while the output is on: at the end of a charge, or before anything watches it."""
    ends_it = "switch-off" in step.hands or step.gate == "off" or step.action in ("output-off", "charge")
    if walk.charge is None or not walk.output_on or ends_it:
        return
    if step.until == "rest":
        walk.tell(row, "until", 'a rest begins while the output is on: it belongs after the step with action = "output-off"')
    elif walk.ended or (walk.waited and not step.ask_during):
        walk.tell(row, "id", 'the charge has ended and the output stays on while this step waits: it belongs after action = "output-off"')
    elif not walk.waited:
        walk.tell(row, "id", "the charge runs and nothing watches for its end while this step waits: it belongs before the charge")
