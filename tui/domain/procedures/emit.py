"""Writes a built-in procedure as a file to be edited: every shared step written out, with comments on what may be changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from tui.domain import calculations
from tui.domain.limits import DEFAULTS, LIMITS, tighter
from tui.domain.plan import Plan
from tui.domain.procedures import CHAINS, PROCEDURES, TITLES, loader
from tui.domain.procedures.errors import ProcedureError
from tui.domain.procedures.schema import FORMAT, HEAD, FieldRow, FileRow, PartRow, StepRow

WIDTH = 130
# The limits that a person may want tighter; any other of the guard may be written too.
USUAL_LIMITS = (
    *("warn_over_target_v", "trip_over_target_v", "ceiling_v", "time_at_top_s", "end_hold_s", "end_spread_v"),
    *("hot_warn_c", "hot_trip_c", "cold_refuse_c", "cold_warn_c", "attention_knee_s", "attention_top_s", "hand_reading_top_s"),
)


def text_of(name: str, plan: Plan) -> str:
    """The file of a built-in procedure or a chain. Raises ProcedureError for another name.

    It passes `check` and makes the same steps. The plan's choices stand in it as comments, the guard's limits as they are.
    """
    if name not in (*PROCEDURES, *CHAINS):
        raise ProcedureError(f"there is no procedure “{name}” to export; there is {', '.join((*PROCEDURES, *CHAINS))}")
    return "\n".join(_lines(_joined(name), plan)) + "\n"


def _joined(name: str) -> FileRow:
    """One file of a chain's several: what is done once is left out of the later ones."""
    files = [loader.builtin(part) for part in name.split("+")]
    parts: list[PartRow] = []
    for number, file in enumerate(files):
        for part in file.parts:
            steps = tuple(step for step in part.steps if number == 0 or not step.once)
            parts.append(replace(part, steps=steps))
    last = files[-1]
    summary = " Then: ".join(file.summary for file in files)
    tutorial = ", ".join(file.tutorial for file in files)
    return replace(last, name=name.replace("+", "-then-"), title=TITLES[name], summary=summary, tutorial=tutorial, parts=tuple(parts))


def _lines(file: FileRow, plan: Plan) -> Iterator[str]:
    yield from (f"# {line}".rstrip() for line in HEAD.splitlines())
    yield ""
    yield f"format = {FORMAT}"
    for key in ("name", "title", "summary", "tutorial", "result"):
        yield f"{key} = {_text(getattr(file, key))}"
    yield ""
    yield "# Take the # away from a line to fix that choice for this procedure; without it Setup decides."
    yield "[plan]"
    yield from (f"# {line}" for line in _choices(plan))
    yield ""
    yield "# The guard's limits. Each may be made tighter in the direction that is named; a looser one is refused."
    yield "[limits]"
    own = dict(plan.limits)
    for name in dict.fromkeys((*USUAL_LIMITS, *own)):
        limit, value = LIMITS[name], own.get(name, float(getattr(DEFAULTS, name)))
        yield f"{name} = {value:g}  # {f'{limit.unit}, ' if limit.unit else ''}tighter is {tighter(name)}: {limit.title}"
    for part in file.parts:
        yield from ("", "", f"# {'=' * 100}")
        yield from _part(part)


def _choices(plan: Plan) -> Iterator[str]:
    stages = calculations.stages_v(plan)
    yield f'target = "{plan.target_v:.3f} V"'
    yield f'end_rule = "{plan.end_rule}"'
    yield f'end_current = "{plan.end_current_a:.2f} A"'
    yield f'derating = "{plan.derating * 100:g} %"'
    yield f"stages = [{', '.join(_text(f'{volts:.3f} V') for volts in stages)}]"
    for name, seconds in (("pause", plan.pause_s), ("soak", plan.soak_s), ("rest", plan.rest_s)):
        yield f'{name} = "{seconds / 60:g} min"'


def _part(part: PartRow) -> Iterator[str]:
    yield "[[part]]"
    yield from _pairs(part, ("id", "title", "each", "wiring", "balances", "remedy", "when"))
    for step in part.steps:
        yield ""
        yield "[[part.step]]"
        yield from _pairs(step, _STEP_KEYS)
        for field in step.fields:
            yield "[[part.step.field]]"
            yield from _pairs(field, ("each", "when", "name", "label", "kind", "probe", "choices"))


_STEP_KEYS = (
    *("id", "when", "title", "instruction", "tutorial", "notes", "warnings", "picture", "confirm", "gate", "hands", "action"),
    *("until", "until_v", "until_s", "ask_during", "retry_from", "opening_ends", "leads_to"),
)


def _pairs(row: PartRow | StepRow | FieldRow, keys: tuple[str, ...]) -> Iterator[str]:
    """The keys that say something; what is left out is empty or false anyway."""
    for key in keys:
        value = getattr(row, key)
        if key == "leads_to" and value:
            yield f"leads_to = {{ {', '.join(f'{_text(answer)} = {_text(target)}' for answer, target in value)} }}"
        elif value is True:
            yield f"{key} = true"
        elif isinstance(value, tuple) and value:
            yield from _list(key, value)
        elif isinstance(value, str) and value:
            yield f"{key} = {_text(value)}"


def _list(key: str, texts: tuple[str, ...]) -> Iterator[str]:
    line = f"{key} = [{', '.join(map(_text, texts))}]"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{key} = ["
    yield from (f"  {_text(text)}," for text in texts)
    yield "]"


def _text(value: str) -> str:
    """A basic string of TOML, whose escapes are those of JSON; the one sign that JSON leaves as it is has its own."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
