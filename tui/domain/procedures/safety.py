"""What no procedure may leave out: the order of gates, hands and output around every charge (fault list: F-01 to F-03, F-08, F-47, F-53).

Walks down the steps as the engine will, remembering what has been proved and where the leads are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
    proved_series: int | None = None  # open leads showed the set-point for so many cells in series
    polarity: frozenset[str] = frozenset()  # cells whose posts were proved, with the leads as they are
    output_on: bool = False
    leads_on: bool = False
    leads_doubtful: bool = False  # they were on, and no reading has shown since that they are off
    charge: StepRow | None = None  # whose output is not proved off yet
    waited: bool = False  # this charge had an end

    def tell(self, row: StepRow, key: str, message: str) -> None:
        self.found.add(row.path, key, message)


def judge(made: list[Made], plan: Plan, found: Findings, *, remedy: bool = False) -> None:
    """Every breach of the order in these steps goes to `found`. Of a `remedy` the cells were looked at before it began."""
    walk = _Walk(plan, found)
    if remedy:
        walk.gates |= {"visual", "temperature"}
        walk.measured |= {cell.label for cell in plan.cells}
    for one in made:
        step, part = one.step, one.step.part
        assert part is not None
        if walk.part is not part:
            _new_part(walk, part)
        _gate(walk, step, part)
        for act in step.hands:
            _hand(walk, act, one.row)
        _action(walk, step, part, one.row)
        _until(walk, step, part, one.row)
    _off_again(walk)


def demand(made: list[Made], plan: Plan, text: str) -> None:
    """Raises ProcedureError with the first breach, in the words of the file's text."""
    found = Findings(Places(text))
    judge(made, plan, found)
    if found.problems:
        raise ProcedureError(str(found.problems[0]))


def _new_part(walk: _Walk, part: Part) -> None:
    _off_again(walk)
    series = calculations.wiring(part.plan).series
    if walk.plan.supply.by_hand or walk.proved_series != series:
        walk.proved_series = None  # a knob may have been touched or trimmed; another number of cells is another voltage
    walk.part, walk.here = part, set()


def _off_again(walk: _Walk) -> None:
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


def _gate(walk: _Walk, step: Step, part: Part) -> None:
    gate, by_hand = step.gate, walk.plan.supply.by_hand
    if not gate:
        return
    walk.gates.add(gate)
    walk.here.add(gate)
    cells = frozenset(cell.label for cell in part.plan.cells)
    if gate in CELL_GATES:
        walk.measured |= cells
    elif gate == "open-lead" and (walk.output_on if by_hand else "open-lead-test" in walk.here):
        walk.proved_series = calculations.wiring(part.plan).series
    elif gate == "polarity":
        walk.polarity = cells
    elif gate == "leads-off":
        walk.leads_doubtful = False


def _hand(walk: _Walk, act: str, row: StepRow) -> None:
    name, by_hand = act.partition(":")[0], walk.plan.supply.by_hand
    if name in ("leads-apart", "short-leads"):
        walk.leads_on, walk.polarity = False, frozenset()
    elif name in ("set-knobs", "trim-knob"):
        if walk.leads_doubtful:
            walk.tell(
                row, "hands", 'the volts are set with the leads perhaps still on cells: a step with gate = "leads-off" belongs before it'
            )
        walk.proved_series = None if by_hand else walk.proved_series
    elif name in ("switch-on", "switch-off"):
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
        walk.polarity = frozenset()


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
    elif action == "charge":
        for gate, message in _missing(walk, part):
            walk.tell(row, "action", f"before this charge {message} is missing ({gate})")
        walk.charge, walk.output_on, walk.waited = row, True, False


def _missing(walk: _Walk, part: Part) -> list[tuple[str, str]]:
    """What must have been done before a charge, and was not: the name of the gate or action, and words."""
    cells = frozenset(cell.label for cell in part.plan.cells)
    series, by_hand = calculations.wiring(part.plan).series, walk.plan.supply.by_hand
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
        ("leads-on", walk.leads_on, 'the connection: hands = ["leads-on"]'),
    ]
    return [(name, words) for name, done, words in wanted if not done]


def _until(walk: _Walk, step: Step, part: Part, row: StepRow) -> None:
    if step.until not in CHARGING_UNTILS:
        _unwatched(walk, step, row)
        return
    walk.waited = True
    if walk.charge is None:
        walk.tell(row, "until", f"“{step.until}” waits for a charge, and none runs here")
    elif calculations.wiring(part.plan).series > 1 and step.until != "cell-at-target":
        walk.tell(row, "until", 'cells in series are charged until one of them is full: until = "cell-at-target"')


def _unwatched(walk: _Walk, step: Step, row: StepRow) -> None:
    """A step that waits for a person or for time while the output stays on at the end of a charge."""
    ends_it = "switch-off" in step.hands or step.gate == "off" or step.action == "output-off"
    if walk.charge is None or not walk.output_on or ends_it:
        return
    if step.until == "rest":
        walk.tell(row, "until", 'a rest begins while the output is on: it belongs after the step with action = "output-off"')
    elif walk.waited and not step.ask_during:
        walk.tell(row, "id", 'the charge has ended and the output stays on while this step waits: it belongs after action = "output-off"')
