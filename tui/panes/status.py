"""What never moves: the status line on top, and below the panes the next thing to do, the forecast and the alarms."""

from __future__ import annotations

from functools import lru_cache
from textwrap import wrap

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui.actions import REMEDY_KEY
from tui.bench.messages import Snapshot
from tui.terminal import glyphs
from tui.widgets.cell_bars import bar
from tui.widgets.line import Line
from tui.widgets.text import LEVELS, clock, duration, forecast_words, level_style, output_words, plain, span, state_words, worst_alarm

BAR_WIDTH, NARROW_BAR_WIDTH = 24, 10
WIDE = 100


class StatusLine(Line):
    """State word, output, bank, step n of m, elapsed, forecast: each at its place whatever their lengths."""

    DEFAULT_CSS = "StatusLine { dock: top; background: $panel; }"

    def __init__(self) -> None:
        super().__init__(id="status")
        self._snapshot = Snapshot()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.size.width or self.app.size.width  # before the first layout: the whole line
        snapshot = self._snapshot
        symbol, word, style = state_words(snapshot)
        output, output_style = output_words(snapshot)
        left = Content.assemble(" ", (f" {symbol} {word:<10}", style), " ", (output, output_style), ("  ", ""))
        forecast = span(snapshot.forecast.low_s, snapshot.forecast.high_s)
        speed = f"{snapshot.speed:g}×  " if snapshot.emulated and width >= 100 else ""
        right_text = f"{speed}{clock(snapshot.elapsed_s) if snapshot.session else '--:--:--'}"
        if width >= 72:
            right_text += f"  {forecast:>18}" if width >= 100 else f"  {forecast:>12}"
        middle = plain(self._middle(max(0, width - left.cell_length - len(right_text) - 3), wide=width >= 110))
        gap = width - left.cell_length - len(middle) - len(right_text) - 1
        self.show(Content.assemble(left, (middle, "$foreground 60%"), " " * max(1, gap), right_text, " "))

    def _middle(self, room: int, *, wide: bool) -> str:
        """Bank, part and step in at most `room` columns: never cut are the numbers of part and step, and of several parts the step's title
        says more than the bank.
        """
        snapshot = self._snapshot
        bank = " · ".join(part for part in (snapshot.bank, snapshot.arrangement) if part) or "topbalance"
        if not snapshot.steps:
            return bank if len(bank) <= room else bank[: max(0, room - 1)] + "…" if room > 1 else ""
        step, steps = min(snapshot.step + 1, len(snapshot.steps)), len(snapshot.steps)
        at, short = f"step {step} of {steps}", f"step {step}/{steps}"
        if len(snapshot.parts) > 1:
            part, parts = snapshot.part + 1, len(snapshot.parts)
            at, short = f"part {part} of {parts} · {at}", f"part {part}/{parts} · {short}"
        titled = f"{at}: {snapshot.steps[step - 1].title}"
        titles = (f"{bank} · {titled}", *((titled,) if len(snapshot.parts) > 1 else ())) if wide else ()
        wishes = (*titles, f"{bank} · {at}", at, short)
        return next((text for text in wishes if len(text) <= room), short[: max(0, room)])


class NextBar(Vertical):
    """The next thing to do in one place, and what bears on when: forecast with its bar, alarms, readings that fall due."""

    DEFAULT_CSS = """
    NextBar { height: 4; dock: bottom; margin-bottom: 1; padding: 0 1; background: $surface; }
    NextBar #next { height: 2; text-wrap: wrap; text-style: bold; text-overflow: ellipsis; }
    """

    def __init__(self) -> None:
        super().__init__(id="next-bar")
        self._next, self._forecast, self._alarm = Line(id="next"), Line(id="forecast"), Line(id="alarm")
        self._said: tuple[str, bool] | None = None
        self._snapshot = Snapshot()

    def compose(self) -> ComposeResult:
        yield from (self._next, self._forecast, self._alarm)

    def say(self, text: str, *, refused: bool = False) -> None:
        """Show an answer to a key in place of the next thing to do, until `unsay`."""
        self._said = (text, refused)
        self._draw_next()

    def unsay(self) -> None:
        self._said = None
        self._draw_next()

    @property
    def text(self) -> str:
        return self._next.text

    def show_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._draw_next()
        self._forecast.show(self._forecast_content())
        self._alarm.show(self._alarm_content())

    def _draw_next(self) -> None:
        if self._said is not None:
            text, refused = self._said
            self._next.show(
                Content.assemble((plain("◆ "), "$warning" if refused else "$accent"), (text, "$text-warning" if refused else ""))
            )
            return
        text, key = next_words(self._snapshot)
        self._next.show(Content.assemble((plain("▶ "), "$accent"), fitted(text, key, self.size.width - 4)))

    def on_resize(self) -> None:
        self._draw_next()

    def _forecast_content(self) -> Content:
        snapshot = self._snapshot
        forecast = snapshot.forecast
        if forecast.progress is None and forecast.low_s is None and forecast.high_s is None:
            told = forecast.basis or drill_words(snapshot)
            return Content.styled(f"  {told}" if told else "", "dim")
        progress = forecast.progress or 0.0
        width = self.size.width or self.app.size.width
        filled = bar(progress, BAR_WIDTH if width >= WIDE else NARROW_BAR_WIDTH, fine=glyphs() == "braille")
        parts: list[Content | str | tuple[str, str]] = ["  ", (filled.replace(" ", "·"), "$accent")]
        parts.append(f" {progress * 100:3.0f} %" if forecast.progress is not None else "      ")
        parts.append(f"  {forecast_words(forecast)}")
        told = Content.assemble(*parts)
        basis = (forecast.basis, forecast.basis.partition(";")[0])  # the whole where there is room, else what it rests on most
        if snapshot.drills:
            basis = (drill_words(snapshot), drill_words(snapshot).partition(" ·")[0], *basis)
        return told + Content.styled(next((f"  {words}" for words in basis if told.cell_length + len(words) + 4 <= width), ""), "dim")

    def _alarm_content(self) -> Content:
        snapshot = self._snapshot
        alarm = worst_alarm(snapshot)
        if snapshot.journal_problem:
            return Content.assemble(
                (f"{plain('▲')} WARN  ", "bold $warning"), f"The record is not being written: {snapshot.journal_problem}"
            )
        if alarm is not None:
            symbol, word = LEVELS[alarm.level]
            style = level_style(alarm.level) + ("" if alarm.acknowledged else " reverse")
            more = f"  (+{len(snapshot.alarms) - 1} more)" if len(snapshot.alarms) > 1 else ""
            hint = "seen" if alarm.acknowledged else "a acknowledges"
            text = f"  {alarm.text}" if len(alarm.title) + len(alarm.text) + len(hint) + len(more) + 16 < self.size.width else ""
            return Content.assemble((f" {plain(symbol)} {word} ", style), f" {alarm.title}", text, (f"  {hint}{more}", "$foreground 60%"))
        return Content.styled(f"  {due_words(snapshot)}", "dim")


@lru_cache(maxsize=4)  # asked for with every Snapshot, and mostly the same
def fitted(text: str, key: str, width: int) -> str:
    """Both in two lines. Where they do not fit the sentence is cut, for it stands in the checklist too, and never the key."""
    words = text.split(" ")
    whole = f"{text} {key}".strip()
    while width > 0 and len(wrap(whole, width)) > 2 and len(words) > 1:
        words.pop()
        whole = f"{' '.join(words)} … {key}".rstrip()
    return whole


def next_words(snapshot: Snapshot) -> tuple[str, str]:
    """The bench's sentence, and the key that does it where the sentence does not name one."""
    text = snapshot.next or ("Fill in Setup, then press F5 to start." if snapshot.state == "idle" else "")
    if any(alarm.code == "bench-gone" for alarm in snapshot.alarms):
        return text, ""  # nobody takes an answer, and there are no keys to take
    if not snapshot.keys:
        return f"This screen only looks on. {text}", "F12 takes the keys."
    if snapshot.prompt is not None and snapshot.prompt.remedy:
        return f"Press {REMEDY_KEY}: {snapshot.prompt.remedy[:1].lower()}{snapshot.prompt.remedy[1:]}. Or answer again. {text}", ""
    if snapshot.prompt is not None:
        key = _prompt_key(snapshot)
        if key and key not in text:
            return text, key
    return text, ""


def _prompt_key(snapshot: Snapshot) -> str:
    prompt = snapshot.prompt
    assert prompt is not None
    if not prompt.fields:
        return "Press space to confirm."
    if any(field.capture for field in prompt.fields):
        return "F9 takes what the meter shows and goes to the next; Enter on the last."
    if any(field.kind == "choice" for field in prompt.fields) and any(field.kind != "choice" for field in prompt.fields):
        return "Choose with ← → or type, and press Enter after each; m takes the meter's reading."
    if not prompt.blocking:  # it comes while the live values are in front
        if all(field.kind == "choice" for field in prompt.fields):
            return "F4 shows the answers: choose one, then press Enter."
        return "Type or m, then Enter, for each value; F4 shows the fields."
    if any(field.reading is not None for field in prompt.fields):
        return "Press m to take the meter's reading, then Enter."
    if all(field.kind == "choice" for field in prompt.fields):
        return "Choose with ← →, then press Enter."
    return "Type the value and press Enter."


def drill_words(snapshot: Snapshot) -> str:
    """What is broken for practice on the built-in bench, and how it is put right; what waits, where nothing is broken yet."""
    if snapshot.drills:
        from tui.domain.drills import drill

        lasting = any(not drill(name).passing for name in snapshot.drills)
        return f"drill: {', '.join(snapshot.drills)}" + (" · ^p, “drill”: put it right" if lasting else "")
    return f"drill waits for the charge: {', '.join(snapshot.drills_waiting)}" if snapshot.drills_waiting else ""


def due_words(snapshot: Snapshot) -> str:
    """When a hand reading or a sign of presence falls due."""
    parts: list[str] = []
    if snapshot.state == "preparing":  # the output is on for seconds only, to be measured
        return "No alarms"
    for what, due_s in (("reading by hand (r)", snapshot.reading_due_s), ("sign of presence (any key)", snapshot.attention_due_s)):
        if due_s is not None:
            parts.append(f"{what} in {duration(due_s)}" if due_s > 0 else f"{what} overdue by {duration(-due_s)}")
    if parts:
        return "Due: " + " · ".join(parts)
    return "No alarms" if snapshot.session else ""
