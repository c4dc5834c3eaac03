"""Advice: what the tutorial teaches beside the procedure, for this bank. Topics at the left, the chosen one at the right.

Nothing here is imported before the screen is opened for the first time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.domain.plan import Plan
from tui.panes import advice_text, draft
from tui.panes.advice_topics import AfterTopic, LeadsTopic, QuestionsTopic, SupplyTopic, Topic
from tui.panes.workspace import Workspace
from tui.widgets.key_line import KeyHint
from tui.widgets.line import Text
from tui.widgets.text import plain


class TextTopic(Topic):
    """A topic that only tells."""

    def __init__(self, make: advice_text.TextTopic) -> None:
        super().__init__()
        self._make, self._text = make, Text()

    def compose(self) -> ComposeResult:
        yield self._text

    def draw(self) -> None:
        self._text.show(advice_text.safely(self._make, self.plan))


@dataclass(frozen=True, slots=True)
class Entry:
    title: str
    make: Callable[[], Topic]


TOPICS: tuple[Entry, ...] = (
    Entry("Should I balance?", QuestionsTopic),
    Entry("Which procedure", lambda: TextTopic(advice_text.procedures)),
    Entry("Leads", LeadsTopic),
    Entry("Supply", SupplyTopic),
    Entry("When to stop", lambda: TextTopic(advice_text.when_to_stop)),
    Entry("Rest and after", AfterTopic),
    Entry("Opinions", lambda: TextTopic(advice_text.opinions)),
    Entry("Easily lost", lambda: TextTopic(advice_text.lost)),
)


class AdviceScreen(Workspace):
    """Up and down choose a topic, right or Enter goes into it, left or Esc comes back."""

    MODE = "advice"
    AUTO_FOCUS = "#advice-topics"
    DEFAULT_CSS = """
    AdviceScreen .workspace-body { height: 1fr; }
    AdviceScreen #advice-topics { width: 23; height: 1fr; border: none; padding: 0; background: $background; }
    AdviceScreen #advice-body { width: 1fr; height: 1fr; padding: 0 1; border-left: solid $border; scrollbar-size-vertical: 1; }
    AdviceScreen #advice-body:focus { border-left: solid $accent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("pagedown", "page(1)", show=False, priority=True),  # the list of topics is short: pages belong to the text
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._topics: dict[int, Topic] = {}
        self._shown: Topic | None = None

    def compose_body(self) -> Iterator[Widget]:
        topics = OptionList(*(Option(Content(f" {entry.title}")) for entry in TOPICS), id="advice-topics", compact=True)
        yield Horizontal(topics, VerticalScroll(id="advice-body"), classes="workspace-body")

    def on_screen_resume(self) -> None:
        if self._shown is not None:
            self._shown.show(self.plan())

    def own_keys(self) -> list[KeyHint]:
        inside = self.focused is not None and self.focused.id != "advice-topics"
        return [("esc", "topics", "screen.back")] if inside else [("↑ ↓", "topic", ""), ("enter", "read", ""), ("PgDn", "scroll", "")]

    def plan(self) -> Plan:
        """The running session's plan, else what stands in Setup, else what Setup begins with."""
        app = self.bench_app
        if app.card is not None and app.snapshot.state not in ("idle", "ended"):
            return Plan.from_json(app.card.plan)
        from tui.panes.setup import SetupPane

        for pane in app.bench.query(SetupPane) if app.bench is not None else ():
            if pane.draft.plan is not None:
                return pane.draft.plan
        if app.card is not None:
            return Plan.from_json(app.card.plan)
        if app.defaults:
            return Plan.from_json(app.defaults)
        usual = draft.read_draft({spec.name: spec.default for spec in draft.FIELDS}).plan
        assert usual is not None
        return usual

    @on(OptionList.OptionHighlighted, "#advice-topics")
    def _chosen(self, event: OptionList.OptionHighlighted) -> None:
        index = event.option_index
        for at, entry in enumerate(TOPICS):
            sign = plain("▶") if at == index else " "
            event.option_list.replace_option_prompt_at_index(at, Content(f"{sign}{entry.title}"))
        body = self.query_one("#advice-body", VerticalScroll)
        topic = self._topics.get(index)
        if topic is None:
            topic = self._topics[index] = TOPICS[index].make()
            body.mount(topic)
        if self._shown is not None and self._shown is not topic:
            self._shown.display = False
        topic.display = True
        self._shown = topic
        body.scroll_home(animate=False)
        topic.show(self.plan())

    @on(OptionList.OptionSelected, "#advice-topics")
    def action_enter(self) -> None:
        """Into the topic: to its first field, or to its text for scrolling."""
        body = self.query_one("#advice-body", VerticalScroll)
        inside = next((widget for widget in (self._shown.query("*") if self._shown else ()) if widget.focusable), body)
        inside.focus()
        self.call_after_refresh(self.show_keys, self.bench_app.snapshot)

    def action_back(self) -> None:
        """From a topic to the list, from the list to the bench."""
        topics = self.query_one("#advice-topics")
        if topics.has_focus:
            self.bench_app.switch_mode("bench")
            return
        topics.focus()
        self.call_after_refresh(self.show_keys, self.bench_app.snapshot)

    def action_page(self, pages: int) -> None:
        body = self.query_one("#advice-body", VerticalScroll)
        (body.scroll_page_down if pages > 0 else body.scroll_page_up)(animate=False)
