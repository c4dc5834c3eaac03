"""The bench's screen in every state and size, drawn from scripted Snapshots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from acting import play, stage
from fake_link import CALL, CHARGING, CONFIRMING, HOLD, IDLE, KNEE, POLARITY, PREPARING, STALE, STATES, TRIPPED, WARNED

from tui.bench.messages import (
    Acknowledge,
    Answer,
    Channel,
    Command,
    Finish,
    Note,
    Outcome,
    Override,
    Present,
    Resume,
    Speed,
    TypeReading,
)
from tui.panes.call import CallScreen


@pytest.fixture(autouse=True)
def _without_setup(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setup has tests of its own and takes most of the start; only the tests marked by their use of `with_setup` mount it."""
    if "with_setup" not in request.fixturenames:
        monkeypatch.setattr("tui.panes.bench_screen.SETUP_AFTER_S", 1e6)


@pytest.fixture
def with_setup() -> None:
    """Asks for the real Setup pane in the running application."""


SIZES = ((80, 24), (120, 30), (120, 40), (60, 16), (40, 10))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_state_fits_every_size_and_names_the_stop_key(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script() -> None:
        async with stage(tmp_path, IDLE, size) as bench:
            for presses, (state, snapshot) in enumerate(STATES.items(), 1):
                await bench.show(snapshot)
                lines = bench.lines()
                assert len(lines) == size[1] and all(len(line) <= size[0] for line in lines), state
                if state == "call":
                    assert "CALL" in bench.text()
                    assert "Switch the supply off at its" in bench.text()
                else:
                    assert "^x OUTPUT OFF" in bench.text(), state
                await bench.press("ctrl+x")
                assert bench.link.stops == presses, state

    play(script)


def test_side_by_side_from_120x30_and_one_pane_at_a_time_below(tmp_path: Path, with_setup: None) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE, (120, 30)) as bench:
            assert all(title in bench.text() for title in ("─ Setup ─", "─ Live ─", "─ Checklist ─"))
            await bench.pilot.resize_terminal(80, 24)
            await bench.settle()
            assert "supply" in bench.text() and "Studs in" not in bench.text()
            await bench.press("tab")
            assert "Studs in" in bench.text() and "● measured" in bench.text()  # the large numbers stay
            await bench.press("f3")
            assert "leads" in bench.text() and "Studs in" not in bench.text()
            await bench.press("shift+tab")
            while not bench.app.query("SetupPane"):
                await bench.pilot.pause(0.01)
            await bench.settle()
            assert "Target" in bench.text()

    play(script)


def test_the_safety_view_has_state_volts_amperes_and_the_next_thing(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, HOLD, (60, 20)) as bench:
            text = bench.text()
            assert "HOLD" in text and "Open circuit" in text and "Look at the leads" in text and "^x OUTPUT OFF" in text
            assert "┏━┓" in text  # large digits

    play(script)


def test_too_small_says_so_and_keeps_state_and_values(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE, (40, 10)) as bench:
            assert "Terminal too small" in bench.text() and "3.598 V ●" in bench.text() and "CHARGING" in bench.text()

    play(script)


def test_three_voltages_stand_apart_with_their_trust_and_their_points_in_one_column(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            rows = [
                next(line for line in bench.lines() if f"  {label} " in line and "│" in line and " V  " in line)
                for label in ("set", "supply", "cells")
            ]
            assert "= as set" in rows[0] and "● measured" in rows[1] and "● measured" in rows[2]
            assert ["3.650" in rows[0], "3.650" in rows[1], "3.598" in rows[2]] == [True] * 3
            starts = {row.index(number) for row, number in zip(rows, ("3.650", "3.650", "3.598"), strict=True)}
            assert len(starts) == 1

    play(script)


def test_stale_is_struck_through_and_unknown_is_blank(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, STALE) as bench:
            text = bench.text()
            assert "✕ stale 12 s" in text and "? unknown" in text and "output ?" in text
            assert bench.app.query_one("#gauges").query("BigNumber").last().has_class("-stale")
            struck = [
                segment.text
                for strip in bench.app.screen._compositor.render_strips()
                for segment in strip
                if segment.style is not None and segment.style.strike
            ]
            assert any("3.650" in text for text in struck)
            cells = next(line for line in bench.lines() if " V  ? unknown" in line)
            assert "cells" in cells and "—" in cells and "3.598" not in cells

    play(script)


def test_typed_and_derived_volts_say_so_with_their_age(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, WARNED) as bench:
            assert "✎ typed 4 min ago" in bench.text()
            await bench.show(replace(KNEE, cells_v=Channel(3.561, "derived", 1.0)))
            assert "~ derived" in bench.text()

    play(script)


def test_a_silent_bench_makes_every_number_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            bench.app._heard -= 30.0
            bench.app.pull()
            await bench.pilot.pause()
            assert "The bench has said nothing for" in bench.text() and "✕ stale" in bench.text()
            assert bench.app.snapshot.output_on is None

    play(script)


def test_names_with_brackets_are_shown_as_they_are(tmp_path: Path) -> None:
    async def script() -> None:
        named = replace(
            KNEE,
            bank="[EVE-01] [red]x",
            per_cell_v=(("[A1]", Channel(3.5, "measured", 0.1)),),
            next="Check [EVE-01] [bold]now.",
            alarms=(replace(WARNED.alarms[0], title="[EVE-01] warm", text="[b]warm[/b]"),),
        )
        async with stage(tmp_path, named) as bench:
            text = bench.text()
            for words in ("[EVE-01] [red]x", "[A1]", "Check [EVE-01] [bold]now.", "[EVE-01] warm", "[b]warm[/b]"):
                assert words in text

    play(script)


@pytest.mark.parametrize("opener", ["none", "r", "f1", "n", "e", "ctrl+p", "q", "question_mark", "2", "3", "f2"])
def test_the_stop_key_works_everywhere(tmp_path: Path, opener: str) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            if opener != "none":
                await bench.press(opener)
            await bench.press("ctrl+x")
            assert bench.link.stops == 1

    play(script)


def test_the_stop_key_works_while_typing_an_answer_and_over_a_call(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, PREPARING) as bench:
            await bench.type("3.3")
            await bench.press("ctrl+x")
            assert bench.link.stops == 1 and bench.prompt.fields[0].editor.value == "3.3"
            await bench.show(CALL)
            await bench.type("0.0")
            await bench.press("ctrl+x")
            assert bench.link.stops == 2

    play(script)


def test_a_confirmation_takes_space_and_is_sent_once(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, CONFIRMING) as bench:
            assert "Press space to confirm" in bench.text()
            await bench.press("space", "space")
            assert bench.link.sent == [Answer(1, {})]

    play(script)


def test_many_volts_are_typed_with_enter_after_each_and_the_last_one_sends_all(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, PREPARING) as bench:
            for typed in ("3,301", "3.304", "3307", "3310 mV", "3.313V", "3.316", "3.319"):
                await bench.type(typed)
                await bench.press("enter")
            assert bench.link.sent == []
            await bench.type("3.322")
            assert "3.322 V" in bench.text()  # echoed before Enter takes it
            await bench.press("enter")
            (answer,) = bench.link.sent
            assert isinstance(answer, Answer)
            assert list(answer.values.values()) == pytest.approx([3.301, 3.304, 3.307, 3.310, 3.313, 3.316, 3.319, 3.322])

    play(script)


def test_m_takes_the_meters_reading_field_by_field(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, PREPARING) as bench:
            await bench.press(*"mmmmmmmm", "enter")
            (answer,) = bench.link.sent
            assert isinstance(answer, Answer) and answer.values["cell:A8"] == pytest.approx(3.322)

    play(script)


def test_text_for_a_number_is_refused_at_the_field_and_nothing_is_sent(tmp_path: Path) -> None:
    async def script() -> None:
        assert POLARITY.prompt is not None
        volts = replace(POLARITY.prompt.fields[0], name="cells_v")
        async with stage(tmp_path, replace(POLARITY, prompt=replace(POLARITY.prompt, fields=(volts,)))) as bench:
            await bench.type("36,5")
            await bench.press("enter")
            assert "did you mean 3.650 V" in " ".join(bench.text().split()) or "out of range" in bench.text()
            assert bench.link.sent == []

    play(script)


def test_a_choice_is_never_made_beforehand(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, POLARITY) as bench:
            await bench.type("+3.31")
            await bench.press("enter", "enter")
            assert bench.link.sent == [] and "choose one" in bench.text()
            await bench.press("1", "enter")
            assert bench.link.sent == [Answer(5, {"post_v": pytest.approx(3.31), "sign": "plus"})]

    play(script)


def test_a_refusal_stays_at_the_prompt_with_what_was_typed(tmp_path: Path) -> None:
    async def script() -> None:
        refusal = "A3 is 0.21 V below the others: 3.10 V."
        async with stage(tmp_path, PREPARING, answers=lambda _: Outcome(False, refusal)) as bench:
            await bench.press(*"mmmmmmmm", "enter")
            assert "REFUSED" in bench.text() and "0.21 V below" in bench.text()
            assert bench.prompt.fields[2].editor.value == "3.307"
            assert bench.prompt.fields[2].editor.has_focus  # the one that it names
            assert "overrides" not in bench.text()
            await bench.press("escape", "o")
            assert len(bench.link.sent) == 1  # no gate refused with an override on offer

    play(script)


def test_an_override_needs_the_offer_and_a_typed_reason(tmp_path: Path) -> None:
    async def script() -> None:
        assert PREPARING.prompt is not None
        offered = replace(PREPARING, prompt=replace(PREPARING.prompt, refusal="Cells are 0.18 V apart.", overridable=True))
        async with stage(tmp_path, offered) as bench:
            await bench.press("o", "enter")
            assert bench.link.sent == []  # an empty reason is none
            await bench.type("one lot")
            await bench.press("enter")
            assert bench.link.sent == [Override(2, "one lot")]

    play(script)


def test_a_new_prompt_of_the_same_fields_starts_empty(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, PREPARING) as bench:
            await bench.press(*"mmmmmmmm", "enter")
            assert PREPARING.prompt is not None
            await bench.show(replace(PREPARING, prompt=replace(PREPARING.prompt, id=3)))
            assert [row.editor.value for row in bench.prompt.fields] == [""] * 8

    play(script)


def test_a_reading_is_one_key_a_number_and_enter(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            await bench.press("r")
            await bench.type("3,61")
            assert "= 3.610 V" in bench.text()
            await bench.press("enter")
            assert bench.commands == [TypeReading("cells_v", pytest.approx(3.61))]
            assert "A reading by hand" not in bench.text()

    play(script)


def test_a_reading_outside_its_window_is_asked_for_again(tmp_path: Path) -> None:
    async def script() -> None:
        def answers(command: Command) -> Outcome:
            sure = isinstance(command, TypeReading) and command.sure
            return Outcome(sure, "" if sure else "3.160 V is far from the last reading, 3.598 V.", confirm=not sure)

        async with stage(tmp_path, KNEE, answers=answers) as bench:
            await bench.press("r")
            await bench.type("3.16")
            await bench.press("enter")
            assert "Press Enter again" in bench.words()
            await bench.press("enter")
            assert [command.sure for command in bench.link.sent if isinstance(command, TypeReading)] == [False, True]

    play(script)


def test_keys_send_their_commands(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, HOLD) as bench:
            await bench.press("a", "g", "y", "plus", "minus", "e", "y", "n")
            await bench.type("smell")
            await bench.press("enter")
            kinds = [type(command) for command in bench.link.sent if not isinstance(command, Present)]
            assert kinds == [Acknowledge, Resume, Speed, Speed, Finish, Note]
            assert bench.link.sent[0] == Acknowledge(8)

    play(script)


def test_a_trip_asks_for_the_cause_before_it_starts_again(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, TRIPPED) as bench:
            await bench.press("g")
            await bench.type("loose ring")
            await bench.press("enter")
            assert bench.link.sent == [Resume("loose ring")]

    play(script)


def test_a_blocked_key_answers_with_its_reason(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, CHARGING) as bench:
            await bench.press("g")
            assert "Nothing is on hold" in bench.text() and bench.link.sent == []
            await bench.press("space")
            assert "Nothing waits for an answer" in bench.text()

    play(script)


def test_a_call_stands_over_everything_until_the_bench_says_it_is_over(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            await bench.press("ctrl+p")
            await bench.show(CALL)
            assert isinstance(bench.app.screen, CallScreen)
            await bench.press("escape", "ctrl+p", "q", "1")
            assert isinstance(bench.app.screen, CallScreen)
            await bench.press("ctrl+r", "backspace")  # the palette was being typed into
            await bench.type("0,02")
            await bench.press("enter")
            await bench.settle()
            said = [command for command in bench.link.sent if not isinstance(command, Present)]
            assert said == [Acknowledge(0), TypeReading("cells_v", pytest.approx(0.02))]
            assert isinstance(bench.app.screen, CallScreen)
            await bench.show(HOLD)
            assert not any(isinstance(screen, CallScreen) for screen in bench.app.screen_stack)

    play(script)


def test_quitting_with_the_output_on_asks_then_switches_off(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            await bench.press("q")
            assert "The output is on. Quit?" in bench.text() and bench.link.closed == 0
            await bench.press("n")
            assert bench.link.closed == 0
            await bench.leave("ctrl+q", "y")
            assert bench.link.closed == 1
        assert bench.app.return_code == 0

    play(script)


def test_quitting_says_so_when_the_output_is_not_proved_off(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE, closes=False) as bench:
            await bench.press("q", "y")
            assert "not proved off" in bench.text()
            await bench.leave("y")
        assert bench.app.return_code == 1

    play(script)


def test_quitting_while_idle_does_not_ask(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, IDLE) as bench:
            await bench.leave("ctrl+q")
            assert bench.link.closed == 1

    play(script)


def test_any_key_shows_presence_once_in_half_a_minute_and_only_when_asked(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, CHARGING) as bench:
            await bench.press("x", "x")
            assert bench.link.sent == []
            await bench.show(KNEE)
            await bench.press("x", "x", "x")
            assert bench.link.sent == [Present()]

    play(script)


def test_the_bell_rings_once_for_a_new_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            rung: list[int] = []
            monkeypatch.setattr(bench.app, "bell", lambda: rung.append(1))
            await bench.show(WARNED)
            await bench.show(WARNED)
            assert len(rung) == 1 and "▲ WARN" in bench.text()

    play(script)


def test_help_lists_every_key_of_the_table(tmp_path: Path) -> None:
    from tui.actions import ACTIONS
    from tui.panes.help import help_text

    words = help_text().plain
    assert all(action.shown in words and action.help in words for action in ACTIONS)


def test_why_explains_the_current_step_with_the_banks_numbers(tmp_path: Path) -> None:
    async def script() -> None:
        from fake_link import CARD, TITLES

        from tui.panes.why import explainer, topics

        assert topics(KNEE)[0] == TITLES[7][0]
        assert topics(HOLD)[0] == "F-27"
        assert explainer(CARD, KNEE)("no such thing") is None

    play(script)


def test_light_and_dark_change_with_one_key(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            await bench.press("t")
            assert bench.app.theme == "topbalance-light"
            await bench.press("t")
            assert bench.app.theme == "topbalance-dark"

    play(script)


def test_the_palette_offers_only_what_works_now(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, CHARGING) as bench:
            titles = {command.title for command in bench.app.get_system_commands(bench.app.screen)}
            assert "OUTPUT OFF" in titles and "Reading" in titles and "Go on" not in titles and "Override" not in titles

    play(script)


def test_the_curve_and_the_step_text_arrive_from_the_link(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            text = bench.text()
            assert "3.65 ┄" in text and "3.55 " in text and "10 A" in text and "Carry the negative lead" in text

    play(script)


def test_the_same_snapshot_draws_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def script() -> None:
        async with stage(tmp_path, KNEE) as bench:
            painted: list[object] = []
            monkeypatch.setattr(type(bench.app.screen), "_compositor_refresh", lambda self: painted.append(self._dirty_widgets.copy()))
            await bench.show(KNEE)
            assert not any(painted)

    play(script)


def test_the_speed_goes_on_from_the_one_that_was_wanted_and_no_press_is_lost(tmp_path: Path) -> None:
    """While something is asked time is real; the key still means the speed of the hours in which nothing is."""

    async def script() -> None:
        assert PREPARING.prompt is not None
        volts = replace(PREPARING.prompt.fields[0], label="Volts at the cells", name="cells_v")
        asked = replace(
            CHARGING, emulated=True, speed=1.0, wanted_speed=60.0, prompt=replace(PREPARING.prompt, fields=(volts,), blocking=False)
        )
        async with stage(tmp_path, asked) as bench:
            await bench.press("plus", "plus", "minus")
            assert [command.factor for command in bench.commands if isinstance(command, Speed)] == [120.0, 300.0, 120.0]
            await bench.type("3.301")
            await bench.press("enter")
            assert isinstance(bench.commands[-1], Answer)

    play(script)


def test_m_has_no_reading_for_a_choice_and_says_what_to_press(tmp_path: Path) -> None:
    async def script() -> None:
        assert POLARITY.prompt is not None
        choice = next(field for field in POLARITY.prompt.fields if field.choices)
        async with stage(tmp_path, replace(POLARITY, prompt=replace(POLARITY.prompt, fields=(choice,)))) as bench:
            await bench.press("m")
            assert "Choose with ← → or a digit" in bench.words()

    play(script)


def test_no_reading_falls_due_while_an_output_is_only_tested(tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(tmp_path, replace(CONFIRMING, state="preparing", reading_due_s=300.0, output_on=True)) as bench:
            assert "Due:" not in bench.text()

    play(script)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_key_of_the_next_thing_is_never_cut_off(tmp_path: Path, size: tuple[int, int]) -> None:
    async def script() -> None:
        long = "Measure each cell alone, before any busbar joins them: red on +, black on −, with the sign that the meter shows. " * 2
        async with stage(tmp_path, replace(PREPARING, next=long), size) as bench:
            assert "… Press m to take the meter's reading, then Enter." in bench.words()

    play(script)


def test_words_of_a_choice_are_not_torn(tmp_path: Path) -> None:
    async def script() -> None:
        assert POLARITY.prompt is not None
        choice = replace(POLARITY.prompt.fields[1], choices=("all sound", "some dented", "some swollen or leaking"))
        async with stage(tmp_path, replace(POLARITY, prompt=replace(POLARITY.prompt, fields=(choice,))), (80, 24)) as bench:
            assert any("3 some swollen or leaking" in line for line in bench.lines())
            await bench.press("3", "enter")
            assert bench.link.sent == [Answer(5, {"sign": "some swollen or leaking"})]

    play(script)


def test_after_a_refusal_the_number_is_at_hand_beside_a_choice_that_stands(tmp_path: Path) -> None:
    async def script() -> None:
        assert POLARITY.prompt is not None
        volts, sign = POLARITY.prompt.fields
        asked = replace(POLARITY, prompt=replace(POLARITY.prompt, fields=(sign, replace(volts, reading=3.31))))
        async with stage(tmp_path, asked) as bench:
            await bench.press("1", "enter")
            await bench.type("1")
            await bench.press("enter")
            assert asked.prompt is not None
            await bench.show(replace(asked, seq=99, prompt=replace(asked.prompt, refusal="1 V cannot be.")))
            await bench.press("m", "enter")
            last = bench.link.sent[-1]
            assert isinstance(last, Answer) and last.values == {"sign": "plus", "post_v": pytest.approx(3.31)}

    play(script)


def test_a_reading_asked_for_while_the_charge_goes_on_says_where_its_fields_are(tmp_path: Path) -> None:
    async def script() -> None:
        assert PREPARING.prompt is not None
        async with stage(tmp_path, replace(CHARGING, prompt=replace(PREPARING.prompt, blocking=False)), (80, 24)) as bench:
            assert "F4 shows the fields" in bench.words()

    play(script)


def test_a_digit_goes_to_its_workspace_and_answers_no_question_that_came_by_itself(tmp_path: Path) -> None:
    async def script() -> None:
        assert POLARITY.prompt is not None
        choice = next(field for field in POLARITY.prompt.fields if field.choices)
        asked = replace(POLARITY.prompt, id=9, fields=(choice,), confirm="", blocking=False)
        async with stage(tmp_path, CHARGING) as bench:
            await bench.show(replace(CHARGING, prompt=asked, seq=CHARGING.seq + 1))
            await bench.settle()
            assert "F4 shows the answers" in bench.words()
            await bench.press("2")
            await bench.settle()
            assert bench.app.current_mode == "cells"
            await bench.press("1", "f4", "2", "enter")
            await bench.settle()
            assert bench.link.sent == [Answer(9, {choice.name: choice.choices[1]})]

    play(script)
