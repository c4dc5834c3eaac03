"""The procedure as a checklist: its steps, what to do now and why it matters, and the place to answer."""

from __future__ import annotations

from textwrap import wrap

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget

from tui.bench.messages import PartView, SessionCard, Snapshot, StepCard, StepView
from tui.panes.prompt import PromptArea
from tui.widgets.line import Text
from tui.widgets.text import LEVELS, level_style, plain, worst_alarm

_SIGNS = {"done": "✓", "now": "▶", "todo": "·", "overridden": "!"}
_STYLES = {"done": "$foreground 70%", "now": "bold $accent", "todo": "$foreground 60%", "overridden": "$text-warning"}

IDLE_TEXT = (
    "When a session starts, its steps stand here: what to do, what to measure, and what to watch for.\n\n"
    "Each step asks for a confirmation or a number. A step that a number can open is not opened by a tick.\n\n"
    "^x switches the output off at any time, on every screen."
)


class ChecklistPane(Widget):
    """Steps, the current step's text, and the prompt."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.border_title = "Checklist"
        self._steps = Text(id="step-list")
        self._steps_box = VerticalScroll(self._steps, id="steps", can_focus=False)
        self._alarm, self._instruction, self._warnings = Text(id="step-alarm"), Text(id="instruction"), Text(id="warnings")
        self._picture, self._notes = Text(id="picture"), Text(id="notes")
        self._detail = VerticalScroll(
            self._alarm, self._instruction, self._warnings, self._picture, self._notes, id="detail", can_focus=False
        )
        self.prompt = PromptArea()
        self._card: SessionCard | None = None
        self._snapshot = Snapshot()
        self._step_id = ""
        self._shown_steps, self._current_line = Content(), 0

    def compose(self) -> ComposeResult:
        with Container(id="checklist-body"):
            yield self._steps_box
            with Vertical(id="checklist-now"):
                yield self._detail
                yield self.prompt

    def on_resize(self) -> None:
        self._draw_steps()
        self.call_after_refresh(self._keep_current)

    def show_card(self, card: SessionCard | None) -> None:
        self._card = card
        self._draw_detail()

    def show_snapshot(self, snapshot: Snapshot) -> bool:
        """Draw; True when the bench asks something new."""
        self._snapshot = snapshot
        self._draw_steps()
        self._draw_detail()
        return self.prompt.show_prompt(snapshot.prompt)

    def scroll_detail(self, pages: int) -> None:
        (self._detail.scroll_page_down if pages > 0 else self._detail.scroll_page_up)(animate=False)

    def _draw_steps(self) -> None:
        self._steps_box.display = bool(self._snapshot.steps)
        lines, current = checklist_lines(self._snapshot, self._steps_box.size.width or 40)
        shown = Content("\n").join(lines)
        self._current_line = sum(line.plain.count("\n") + 1 for line in lines[: max(0, current - 2)])
        if not shown.is_same(self._shown_steps):
            self._shown_steps = shown
            self._steps.show(shown)
            self.call_after_refresh(self._keep_current)
        else:
            self._keep_current()

    def _keep_current(self) -> None:
        """Scroll the list so that the current step is in sight, once its height is known."""
        if self._steps_box.max_scroll_y:
            self._steps_box.scroll_to(y=self._current_line, animate=False)

    def _step_card(self) -> StepCard | None:
        steps = self._snapshot.steps
        if self._card is None or not steps:
            return None
        current = steps[min(self._snapshot.step, len(steps) - 1)].id
        return next((card for card in self._card.steps if card.id == current), None)

    def _draw_detail(self) -> None:
        snapshot, card = self._snapshot, self._step_card()
        self._alarm.show(alarm_text(snapshot, self._detail.size.width))
        if not snapshot.steps:
            self._instruction.show(IDLE_TEXT)
            self._warnings.show("")
            self._picture.show("")
            self._notes.show("")
            return
        step = snapshot.steps[min(snapshot.step, len(snapshot.steps) - 1)]
        if step.id != self._step_id:
            self._step_id = step.id
            self._detail.scroll_home(animate=False)
        instruction = snapshot.prompt.instruction if snapshot.prompt is not None else card.instruction if card is not None else ""
        self._instruction.show(Content.assemble((f"{step.title}\n", "bold $accent"), instruction))
        self._warnings.show(_paragraphs(card.warnings, f"{plain('▲')} ", "$text-warning") if card is not None else "")
        self._picture.show(card.picture if card is not None else "")
        self._notes.show(_paragraphs(card.notes, "", "$foreground 75%") if card is not None else "")


def _paragraphs(texts: tuple[str, ...], sign: str, style: str) -> Content:
    return Content("\n").join([Content.styled(f"{sign}{text}", style) for text in texts])


def checklist_lines(snapshot: Snapshot, width: int) -> tuple[list[Content], int]:
    """The steps of the current part under its name, every other part as one line; and which line holds the current step.

    With a single part there is nothing to tell apart: the steps stand alone.
    """
    several = len(snapshot.parts) > 1
    lines: list[Content] = []
    current = 0
    for index, part in enumerate(snapshot.parts if several else snapshot.parts[:1] or (PartView("", "now"),)):
        if several:
            lines.append(part_line(part, width))
        if not several or index == snapshot.part:
            current = len(lines) + min(snapshot.step, max(0, len(snapshot.steps) - 1))
            lines += [step_line(number, step, width, "  " if several else "") for number, step in enumerate(snapshot.steps, 1)]
    return lines, current


def part_line(part: PartView, width: int) -> Content:
    """One stretch of the procedure: sign, name, and how it ended."""
    return _line(f" {plain(_SIGNS[part.status])} ", part.title, part.detail, _STYLES[part.status], width)


def step_line(number: int, step: StepView, width: int, indent: str = "") -> Content:
    """Sign, number, title, and the measured result right-aligned; the result goes below where the line is too short."""
    return _line(f"{indent} {plain(_SIGNS[step.status])} {number:>2} ", step.title, step.detail, _STYLES[step.status], width)


def _line(head: str, title: str, detail: str, style: str, width: int) -> Content:
    if not detail:
        return Content.assemble((f"{head}{title}", style))
    gap = width - len(head) - 1 - len(title) - len(detail)
    if gap >= 1:
        return Content.assemble((f"{head}{title}", style), " " * gap, (detail, "$foreground 80%"))
    return Content.assemble((f"{head}{title}\n", style), (f"{detail:>{width - 1}}", "$foreground 80%"))


def alarm_text(snapshot: Snapshot, width: int) -> Content:
    """The whole text of the alarm that matters most, and what must be looked at before going on."""
    alarm = worst_alarm(snapshot)
    blocks: list[Content] = []
    if alarm is not None and (not alarm.acknowledged or snapshot.state in ("hold", "tripped")):
        symbol, word = LEVELS[alarm.level]
        blocks.append(Content.assemble((f"{plain(symbol)} {word}  {alarm.title}\n", level_style(alarm.level)), alarm.text))
    if snapshot.state in ("hold", "tripped") and snapshot.held_checks:
        lines = ["\n   ".join(wrap(check, max(20, width - 4))) for check in snapshot.held_checks]
        checks = "\n".join(f" {number} {line}" for number, line in enumerate(lines, 1))
        blocks.append(Content.assemble(("Look at these, then press g to go on:\n", "bold"), checks))
    return Content("\n\n").join(blocks)
