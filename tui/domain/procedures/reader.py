"""Reads the tables of a procedure's file into rows and tells everything that is wrong with their form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.domain.gates import GATES
from tui.domain.procedure import HANDS
from tui.domain.procedures.errors import FileProblem, Path
from tui.domain.procedures.locate import Places
from tui.domain.procedures.schema import (
    ACTIONS,
    EACH,
    FORMAT,
    KINDS,
    PICTURES,
    RESULTS,
    UNTILS,
    WIRINGS,
    FieldRow,
    FileRow,
    PartRow,
    StepRow,
)
from tui.domain.procedures.words import WORDS


class Findings:
    """Collects the problems of one text, each once."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.problems: list[FileProblem] = []

    def add(self, path: Path, key: str, message: str) -> None:
        names = [str(name) for name in path if isinstance(name, str)] + ([key] if key else [])
        problem = FileProblem(self.places.line(path, key), ".".join(names), message)
        if problem not in self.problems:
            self.problems.append(problem)


class _Table:
    """One table of the file while it is read: takes its keys with their types, and tells of those that nobody took."""

    def __init__(self, raw: Any, path: Path, found: Findings) -> None:
        self.path, self.found = path, found
        self.raw: dict[str, Any] = raw if isinstance(raw, dict) else {}
        self._known: set[str] = set()
        if not isinstance(raw, dict):
            found.add(path, "", "a table is needed here")

    def problem(self, key: str, message: str) -> None:
        self.found.add(self.path, key, message)

    def text(self, key: str, default: str = "", *, needed: bool = False, among: tuple[str, ...] | None = None) -> str:
        self._known.add(key)
        value = self.raw.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and key in ("until_v", "until_s"):
            value = str(value)
        if not isinstance(value, str):
            self.problem(key, "a text in quotes is needed")
            return default
        if needed and not value.strip():
            self.problem(key, f"“{key}” is missing or empty" if key not in self.raw else "it is empty")
        if among is not None and value not in among:
            self.problem(key, f"“{value}” is not known; there is {listed(among)}")
            return default
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        self._known.add(key)
        value = self.raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.problem(key, 'a list of texts is needed, such as ["…", "…"]')
            return ()
        if not all(item.strip() for item in value):
            self.problem(key, "one of its texts is empty")
        return tuple(value)

    def flag(self, key: str) -> bool:
        self._known.add(key)
        value = self.raw.get(key, False)
        if not isinstance(value, bool):
            self.problem(key, "true or false is needed")
            return False
        return value

    def words(self) -> tuple[str, ...]:
        words = self.texts("when")
        for word in words:
            if word.removeprefix("not ") not in WORDS:
                self.problem("when", f"“{word}” is not known; there is {listed(WORDS)}, each with or without “not”")
        return words

    def tables(self, key: str) -> list[tuple[Path, Any]]:
        self._known.add(key)
        value = self.raw.get(key, [])
        if not isinstance(value, list):
            self.problem(key, f"write it as [[{'.'.join(str(n) for n in (*self.path, key) if isinstance(n, str))}]]")
            return []
        return [((*self.path, key, number), item) for number, item in enumerate(value)]

    def mapping(self, key: str) -> dict[str, Any]:
        self._known.add(key)
        value = self.raw.get(key, {})
        if not isinstance(value, dict):
            self.problem(key, "a table is needed here")
            return {}
        return value

    def done(self) -> None:
        from difflib import get_close_matches

        for key in self.raw:
            if key not in self._known:
                near = get_close_matches(key, self._known, n=1)
                hint = f"; is “{near[0]}” meant?" if near else f"; there is {listed(tuple(sorted(self._known)))}"
                self.problem(key, f"“{key}” is not known here{hint}")


def listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"“{word}”" for word in words if word)


def read_file(raw: dict[str, Any], shared: Mapping[str, list[dict[str, Any]]], found: Findings) -> FileRow:
    """The rows of a parsed file. `shared` are the steps that `use` may name. What is wrong goes to `found`."""
    table = _Table(raw, (), found)
    table._known.add("format")
    if raw.get("format") != FORMAT:
        table.problem("format", f"format = {FORMAT} is needed; this program reads no other")
    parts = tuple(_part(_Table(item, path, found), shared) for path, item in table.tables("part"))
    if not parts:
        table.problem("part", "a procedure needs at least one [[part]]")
    row = FileRow(
        name=table.text("name", needed=True),
        title=table.text("title", needed=True),
        summary=table.text("summary", needed=True),
        tutorial=table.text("tutorial", needed=True),
        result=table.text("result", "done", among=RESULTS),
        parts=parts,
        plan=table.mapping("plan"),
        limits=table.mapping("limits"),
    )
    table.done()
    return row


def _part(table: _Table, shared: Mapping[str, list[dict[str, Any]]]) -> PartRow:
    steps: list[StepRow] = []
    for path, item in table.tables("step"):
        steps += [_step(_Table(merged, path, table.found)) for merged in _merged(item, path, shared, table.found)]
    if not steps:
        table.problem("step", "a part needs at least one [[part.step]]")
    row = PartRow(
        path=table.path,
        id=table.text("id", needed=True),
        title=table.text("title", needed=True),
        each=table.text("each", among=EACH),
        wiring=table.text("wiring", "parallel", among=WIRINGS),
        balances=table.flag("balances"),
        remedy=table.flag("remedy"),
        when=table.words(),
        steps=tuple(steps),
    )
    table.done()
    if (row.wiring == "single") != (row.each == "cell"):
        table.problem("wiring", 'wiring = "single" and each = "cell" belong together: one cell at a time')
    if (row.wiring == "low") != row.remedy:
        table.problem("wiring", 'wiring = "low" and remedy = true belong together: the low cells are known only when a gate has refused')
    return row


def _merged(item: Any, path: Path, shared: Mapping[str, list[dict[str, Any]]], found: Findings) -> list[dict[str, Any]]:
    """A step as written, or every variant of the shared step that it uses with the keys beside `use` in place of its own.

    `when` is added to the variant's own; `add_notes` and `add_warnings` come after its own texts.
    """
    if not isinstance(item, dict) or "use" not in item:
        return [item]
    name = item["use"]
    variants = shared.get(name, []) if isinstance(name, str) else []
    if not variants:
        found.add(path, "use", f"“{name}” is no shared step; there is {listed(tuple(shared))}")
        return []
    merged = []
    for variant in variants:
        row = {**variant, **{key: value for key, value in item.items() if key not in ("use", "when", "add_notes", "add_warnings")}}
        for key, extra in (("when", "when"), ("notes", "add_notes"), ("warnings", "add_warnings")):
            more = item.get(extra, [])
            row[key] = [*row.get(key, []), *more] if isinstance(more, list) and isinstance(row.get(key, []), list) else more
        merged.append(row)
    return merged


def _step(table: _Table) -> StepRow:
    leads_to = table.mapping("leads_to")
    if not all(isinstance(target, str) for target in leads_to.values()):
        table.problem("leads_to", "each answer leads to the id of a step, in quotes")
        leads_to = {}
    row = StepRow(
        path=table.path,
        id=table.text("id", needed=True),
        title=table.text("title", needed=True),
        instruction=table.text("instruction", needed=True),
        tutorial=table.text("tutorial", needed=True),
        notes=table.texts("notes"),
        warnings=table.texts("warnings"),
        picture=table.text("picture", among=PICTURES),
        confirm=table.text("confirm"),
        gate=table.text("gate", among=("", *GATES)),
        hands=table.texts("hands"),
        action=table.text("action", among=ACTIONS),
        until=table.text("until", among=UNTILS),
        until_v=table.text("until_v"),
        until_s=table.text("until_s"),
        ask_during=table.flag("ask_during"),
        retry_from=table.text("retry_from"),
        opening_ends=table.flag("opening_ends"),
        leads_to=tuple(leads_to.items()),
        when=table.words(),
        once=table.flag("once"),
        fields=tuple(_field(_Table(item, path, table.found)) for path, item in table.tables("field")),
    )
    table.done()
    if "@" in row.id:
        table.problem("id", "an id holds no @: that sign numbers the parts")
    for act in row.hands:
        if act.partition(":")[0] not in HANDS:
            table.problem("hands", f"“{act}” is no act of the hands; there is {listed(HANDS)}")
    if not (row.confirm or row.fields or row.action or row.until):
        table.problem("", f"the step “{row.id}” does nothing: it needs confirm, a field, an action or until")
    if row.hands and not row.confirm and not row.fields:
        table.problem("confirm", "what is done by hand is confirmed: the program cannot see it")
    if row.hands and any(
        field.kind != "choice" for field in row.fields
    ):  # a choice tells what the hands did, a number what is measured now
        table.problem("hands", "a step asks before it acts: hands belong to a step of their own, before the one with a measured field")
    return row


def _field(table: _Table) -> FieldRow:
    row = FieldRow(
        path=table.path,
        name=table.text("name", needed=True),
        label=table.text("label", needed=True),
        kind=table.text("kind", "voltage", needed=True, among=tuple(KINDS)),
        probe=table.text("probe"),
        choices=table.texts("choices"),
        each=table.text("each", among=("", "cell")),
        when=table.words(),
    )
    unit = table.text("unit", KINDS[row.kind])
    table.done()
    if unit != KINDS[row.kind]:
        table.problem("unit", f"a {row.kind} is given in “{KINDS[row.kind]}”")
    if (row.kind == "choice") != (len(row.choices) > 1):
        table.problem("choices", "a choice needs at least two answers, and only a choice has them")
    if row.kind != "choice" and not row.probe:
        table.problem("probe", 'a measured value needs the place of the probes, such as "posts" or "lead-ends"')
    return row
