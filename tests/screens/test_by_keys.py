"""The whole way by keys: a newcomer in the demo, and an operator who types everything for a supply without interface."""

from __future__ import annotations

import pytest

from tests.bench.conftest import drive, place  # noqa: F401 - fixtures
from tests.screens.host import on_loop, text_of, until
from tui.app import TopBalanceApp
from tui.bench.messages import GIVE_AGAIN
from tui.bench.stepped import SteppedLink
from tui.panes.setup_records import left_of
from tui.records.inventory import Inventory
from tui.records.sessions import Sessions


class Operator:
    """Presses keys and reads the screen; time passes only when nothing is asked."""

    def __init__(self, app: TopBalanceApp, pilot, link: SteppedLink) -> None:
        self.app, self.pilot, self.link = app, pilot, link

    @property
    def prompt(self):
        return self.app.snapshot.prompt

    async def look(self) -> None:
        self.app.pull()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def answered(self, before: int) -> None:
        """The bench took (or refused) the answer to prompt number `before`."""

        def changed() -> bool:
            self.app.pull()
            prompt = self.prompt
            return prompt is None or prompt.id != before

        await until(self.pilot, changed)

    async def start(self) -> None:
        await until(self.pilot, lambda: "Start" in text_of(self.app) and self.app.focused is not None, turns=500)
        await self.pilot.press("f5")
        await until(self.pilot, lambda: (self.app.pull(), self.app.snapshot.session)[1], turns=1500)

    async def turn_to_answers(self) -> None:
        """While live values are in front, a digit goes to a workspace: the Next line names the key that goes to the answers."""
        if not self.prompt.blocking:
            assert "F4 shows the answers" in text_of(self.app)
            await self.press("f4")

    async def answer_as_told(self) -> str:
        """Do what the Next line and the prompt say: choose, confirm, or take what the meter shows. Returns the step."""
        await self.look()
        prompt = self.prompt
        assert prompt is not None
        assert not prompt.refusal, prompt.refusal
        if prompt.fields and prompt.fields[0].choices:
            await self.turn_to_answers()
            for _ in prompt.fields:
                await self.press("1")
                await self.press("enter")
        elif prompt.fields:
            for _ in prompt.fields:
                await self.press("m")
                await self.press("enter")
        else:
            assert "space" in text_of(self.app)
            await self.press("space")
        await self.answered(prompt.id)
        return prompt.step

    async def type(self, values: dict[str, float], comma: bool = False) -> None:
        prompt = self.prompt
        if prompt.refusal.endswith(GIVE_AGAIN):  # what was typed still stands in the fields: Enter gives it again
            await self.press("enter")
            await self.answered(prompt.id)
            return
        for field in prompt.fields:
            text = f"{values[field.name]:.3f}"
            await self.press(
                *[{".": "full_stop", ",": "comma", "-": "minus"}.get(c, c) for c in (text.replace(".", ",") if comma else text)]
            )
            await self.press("enter")
        await self.answered(prompt.id)


@on_loop
async def test_a_newcomer_gets_through_the_demo_by_what_the_screen_says(drive, place):  # noqa: F811
    driven = drive(cells=4, soc=0.99)
    link = SteppedLink(driven)
    app = TopBalanceApp(link, place, demo=True, defaults=driven.plan.to_json())
    async with app.run_test(size=(120, 40)) as pilot:
        operator = Operator(app, pilot, link)
        await operator.start()
        steps = []
        for _ in range(60):
            link.pass_time(lambda: link.waits or link.bench.state == "ended")
            await operator.look()
            if app.snapshot.state == "ended":
                break
            if app.snapshot.prompt is None:
                await operator.press("a")  # "are you there?": any key
                await until(pilot, lambda: not link.bench.session.attention.calling(link.bench.reading))
                continue
            steps.append(await operator.answer_as_told())
        assert app.snapshot.state == "ended"
        assert app.snapshot.result == "balanced"
        assert [step.id for step in app.snapshot.steps if step.status == "done"][-1] == "after"
        assert {"threads", "cell-volts", "lead-volts", "post-polarity", "charge", "trim", "rest-volts"} <= set(steps)
        await operator.press("3")
        await until(pilot, lambda: "BALANCED" in text_of(app))
    row = Sessions(place).list()[-1]
    assert row.result == "balanced"
    assert len(row.rests[0].volts) == 4
    assert len(Inventory(place).list()) == 4


@on_loop
async def test_a_supply_without_interface_with_a_typo_an_overdue_reading_and_a_fallen_lead(drive, place):  # noqa: F811
    driven = drive(cells=2, soc=0.985, lead_mohm=5.0, supply="manual", meter=False)
    world = driven.world
    link = SteppedLink(driven)
    app = TopBalanceApp(link, place, demo=True, defaults=driven.plan.to_json())

    def shown() -> dict[str, float]:
        """What the operator reads off panel and hand-held meter for the present question."""
        runner = driven.bench.session.runner
        step = runner._side or runner.step
        return {field.name: world.probe(field.probe) for field in step.fields if field.probe}

    async def do_step(operator: Operator) -> None:
        await operator.look()
        prompt = operator.prompt
        if prompt.fields and not prompt.fields[0].choices:
            await operator.type(shown(), comma=True)
        else:
            await operator.answer_as_told()

    async with app.run_test(size=(120, 40)) as pilot:
        operator = Operator(app, pilot, link)
        await operator.start()

        async def go_on(until_state) -> None:
            for _ in range(200):
                link.pass_time(lambda: link.waits or until_state() or link.bench.state in ("ended", "call"))
                await operator.look()
                if until_state() or app.snapshot.state in ("ended", "call"):
                    return
                if app.snapshot.prompt is None:
                    await operator.press("f12")
                    await until(pilot, lambda: not link.bench.session.attention.calling(link.bench.reading))
                else:
                    await do_step(operator)

        # A typo at the open leads: 36.5 for 3.65 is refused at the gate, then typed right.
        await go_on(lambda: driven.step_id == "lead-volts")
        await operator.look()
        before = operator.prompt.id
        await operator.press("3", "6", "full_stop", "5", "enter")
        await operator.look()
        if operator.prompt.id != before:
            assert operator.prompt.refusal
        assert driven.step_id == "lead-volts"
        await operator.press("ctrl+u")
        await do_step(operator)
        assert driven.step_id != "lead-volts"

        # The charge begins; a reading becomes overdue and the screen says so.
        await go_on(lambda: driven.bench.state == "charging" and link.bench.session.composer.typed.get("cells_v") is not None)
        link.pass_time(lambda: "reading-due" in driven.bench.safety.alarms, 6 * 3600)
        await operator.look()
        assert "reading is due" in text_of(app)
        await do_step(operator)

        # The lead falls off: the panel's zero is typed, and that is an open circuit, a call to the hands, never an end.
        await go_on(lambda: driven.step_id == "hold")
        world.inject("lead-falls-off")
        await operator.press("r")
        await pilot.pause()
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await type_amperes(operator, "0.00")
        link.pass_time(lambda: driven.bench.safety.call is not None, 30)
        await operator.look()
        assert app.snapshot.state == "call"
        await until(pilot, lambda: "CALL" in text_of(app))
        await operator.press("ctrl+r", "0", "full_stop", "0", "0", "enter")  # the call came amid typing
        await until(pilot, lambda: (app.pull(), app.snapshot.call)[1] is None)
        assert not world.output_on
        world.undo("lead-falls-off")
        await operator.press("g")
        await pilot.pause()
        await until(pilot, lambda: len(app.screen_stack) > 1)
        await operator.press("y")
        await until(pilot, lambda: (app.pull(), app.snapshot.prompt)[1] is not None)
        await go_on(lambda: False)
        assert app.snapshot.state == "ended", app.snapshot.alarms
        assert app.snapshot.result == "balanced"
    assert Sessions(place).list()[-1].result == "balanced"
    assert world.max_cell_voltage_v <= 3.66


@on_loop
async def test_cells_too_far_apart_are_levelled_first_by_one_key(drive, place):  # noqa: F811
    driven = drive(cells=4, soc=(0.02, 0.6))
    link = SteppedLink(driven)
    app = TopBalanceApp(link, place, demo=True, defaults=driven.plan.to_json())
    async with app.run_test(size=(120, 40)) as pilot:
        operator = Operator(app, pilot, link)
        await operator.start()
        for _ in range(20):
            link.pass_time(lambda: link.waits)
            await operator.look()
            if operator.prompt.refusal:
                break
            await operator.answer_as_told()
        assert operator.prompt.remedy[1:] in text_of(app) and "l level first" in text_of(app)
        before = operator.prompt.id
        await operator.press("l")
        await operator.answered(before)
        link.pass_time(lambda: link.waits)
        await operator.look()
        assert len(app.snapshot.parts) == 2 and app.snapshot.parts[app.snapshot.part].status == "now"
        assert "part 2 of 2" in text_of(app).splitlines()[0]
        await until(pilot, lambda: app.card is not None and app.card.revision == app.snapshot.revision)
        first = await operator.answer_as_told()  # the sub-procedure goes on like any other
        assert first in {card.id for card in app.card.steps}


@on_loop
async def test_a_queue_of_single_cells_is_stopped_after_one_and_offered_again(drive, place):  # noqa: F811
    driven = drive(cells=2, soc=0.99, procedure="single-cell")
    link = SteppedLink(driven)
    app = TopBalanceApp(link, place, demo=True, defaults=driven.plan.to_json())
    async with app.run_test(size=(120, 40)) as pilot:
        operator = Operator(app, pilot, link)
        await operator.start()
        for _ in range(60):
            link.pass_time(lambda: link.waits or link.bench.state == "ended")
            await operator.look()
            if app.snapshot.state == "ended":
                break
            prompt = operator.prompt
            if prompt is None:
                await operator.press("a")
                await until(pilot, lambda: not link.bench.session.attention.calling(link.bench.reading))
            elif any("stop" in choice for field in prompt.fields for choice in field.choices):
                await operator.press("2", "enter")
                await operator.answered(prompt.id)
            else:
                await operator.answer_as_told()
        assert app.snapshot.state == "ended"
    (row,) = Sessions(place).list()
    left = left_of([row])
    assert left is not None and (left.done, left.waiting) == (("A1",), ("A2",))


async def type_amperes(operator: Operator, text: str) -> None:
    """In the reading dialog: tab to the amperes of the panel, type, Enter, and Enter again when the bench doubts it."""
    for _ in range(6):
        if "Amperes" in str(operator.app.screen.query_one("#reading-label").render()):
            break
        await operator.press("tab")
    await operator.press(*[{".": "full_stop"}.get(c, c) for c in text], "enter")
    await operator.pilot.pause(0.1)
    if len(operator.app.screen_stack) > 1:
        await operator.press("enter")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
