"""What several parts, a series string, a remedy and waiting look like on the bench's screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from acting import play, stage
from fake_link import CARD, CHARGING, KNEE, LEVEL_TEXT, PLAN, PREPARING, REFUSED, SERIES, STAGED

from tui.bench.messages import Answer, Channel, FieldView, Override, Prompt, Snapshot, TakeRemedy
from tui.panes.checklist import checklist_lines
from tui.panes.why import plan_now, topics


@pytest.fixture(autouse=True)
def _without_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.panes.bench_screen.SETUP_AFTER_S", 1e6)


def test_the_current_part_shows_its_steps_and_every_other_part_is_one_line() -> None:
    lines = [line.plain for line in checklist_lines(STAGED, 38)[0]]
    assert len(lines) == 3 + len(STAGED.steps)
    assert lines[0].startswith(" ✓ Stage 1 of 3: 3.45 V") and lines[0].endswith("0.09 A")
    assert lines[1].startswith(" ▶ Stage 2 of 3") and lines[-1].startswith(" · Stage 3 of 3")
    assert "▶  5 Polarity checked" in lines[checklist_lines(STAGED, 38)[1]]


def test_with_a_single_part_nothing_changes() -> None:
    alone = replace(KNEE, parts=STAGED.parts[:1])
    assert [line.plain for line in checklist_lines(alone, 38)[0]] == [line.plain for line in checklist_lines(KNEE, 38)[0]]


@pytest.mark.parametrize(
    ("size", "words"), [((120, 40), "part 2 of 3 · step 5 of 9: Polarity checked"), ((80, 24), "part 2 of 3 · step 5 of 9")]
)
def test_the_status_line_tells_part_and_step(tmp_path: Path, size: tuple[int, int], words: str) -> None:
    async def script() -> None:
        async with stage(tmp_path, STAGED, size) as bench:
            assert words in bench.lines()[0]

    play(script)


def test_the_status_line_of_many_parts_keeps_its_numbers_in_80_columns(tmp_path: Path) -> None:
    many = replace(STAGED, parts=STAGED.parts[:1] * 15 + STAGED.parts[1:2], part=15, steps=CHARGING.steps, step=11)

    async def script() -> None:
        async with stage(tmp_path, many, (80, 24)) as bench:
            assert "part 16/16 · step 12/12" in bench.lines()[0]
            await bench.press("f4")
            assert "12 Build the pack" in bench.text()  # scrolled to the part that runs

    play(script)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_series_string_has_pack_volts_and_a_highest_cell(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script() -> None:
        async with stage(tmp_path, SERIES, size) as bench:
            text = bench.text()
            assert ("highest cell ✎ typed 5 min ago" if size[0] == 80 else "highest ✎ 5 min") in text
            rows = {label: next(line for line in bench.lines() if f" {label} " in line and " V " in line) for label in ("set", "pack")}
            assert "29.200" in rows["set"] and "27.220" in rows["pack"] and "● measured" in rows["pack"]
            assert "A8" in text and "3.412" in text
            await bench.show(replace(SERIES, pack_v=Channel()))
            assert "27.220" not in bench.text()

    play(script)


def test_a_silent_bench_makes_the_pack_volts_stale_too(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, SERIES) as bench:
            bench.app._heard -= 30.0
            bench.app.pull()
            assert bench.app.snapshot.pack_v.trust == "stale"

    play(script)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_waiting_is_told_beside_the_end_rule(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script() -> None:
        async with stage(tmp_path, STAGED, size) as bench:
            assert "Waiting still buys:" in bench.text() and "0.02 %" in bench.text()
            assert "The charge ends when all of these hold" in bench.text()

    play(script)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_remedy_is_offered_beside_the_override_and_taken_with_one_key(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script() -> None:
        async with stage(tmp_path, REFUSED, size) as bench:
            assert LEVEL_TEXT in bench.words() and "overrides it with a typed reason" in bench.words()
            assert "l level first" in bench.lines()[-1]
            await bench.press("l")
            assert bench.link.sent == [TakeRemedy(2)]

    play(script)


def test_after_a_refusal_the_typed_values_stay_and_letters_are_keys_again(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, PREPARING) as bench:
            await bench.press(*"mmmmmmmm", "enter")
            assert len(bench.link.sent) == 1 and isinstance(bench.link.sent[0], Answer)
            refused = replace(REFUSED, prompt=replace(REFUSED.prompt, id=3))  # type: ignore[type-var]
            await bench.show(refused)
            await bench.press("l")
            assert bench.link.sent[1:] == [TakeRemedy(3)]
            assert bench.prompt.fields[1].editor.value == "3.304"
            await bench.press("o")
            await bench.type("why not")
            await bench.press("enter")
            assert bench.link.sent[2:] == [Override(3, "why not")]

    play(script)


def test_without_a_remedy_its_key_says_so(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, PREPARING) as bench:
            await bench.press("l")
            assert bench.link.sent == [] and "put right" in bench.text()

    play(script)


def test_m_pressed_twice_in_the_last_field_types_no_letter(tmp_path: Path) -> None:
    one = replace(PREPARING, prompt=Prompt(4, "volts", "Measure.", fields=(FieldView("cells_v", "Volts", "voltage", "V", reading=3.301),)))

    async def script() -> None:
        async with stage(tmp_path, one) as bench:
            await bench.press("m", "m", "m")
            assert bench.prompt.fields[0].editor.value == "3.301"
            await bench.press("3")
            assert bench.prompt.fields[0].editor.value == "3"

    play(script)


def test_a_sign_without_a_number_keeps_no_key_from_its_work(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, PREPARING) as bench:
            await bench.press("plus", "m")
            assert bench.prompt.fields[0].editor.value == "3.301"

    play(script)


def test_a_choice_that_leads_elsewhere_is_answered_as_any_choice(tmp_path: Path) -> None:
    fields = (FieldView("next", "And now?", "choice", choices=("go on with A2", "stop here for today")),)
    asked = replace(CHARGING, prompt=Prompt(9, "next", "A1 is balanced.", fields=fields))

    async def script() -> None:
        async with stage(tmp_path, asked) as bench:
            await bench.press("2", "enter")
            assert bench.link.sent == [Answer(9, {"next": "stop here for today"})]

    play(script)


def test_why_is_asked_of_the_current_parts_plan() -> None:
    second = replace(PLAN, target_v=3.55)
    card = replace(CARD, parts=(PLAN.to_json(), second.to_json(), PLAN.to_json()))
    assert plan_now(card, STAGED).target_v == 3.55
    assert plan_now(CARD, STAGED) == PLAN
    assert topics(STAGED)[0] == "polarity" and not any("@" in topic for topic in topics(STAGED))


def test_a_card_that_a_remedy_made_longer_is_fetched_anew(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            longer = replace(CARD, revision=1, steps=(*CARD.steps, replace(CARD.steps[0], id="level-charge")))
            bench.link.shown_card = longer
            later: Snapshot = replace(KNEE, revision=1)
            await bench.show(later)
            assert bench.app.card == longer

    play(script)
