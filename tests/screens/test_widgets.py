"""The pure parts of the screen: words and numbers, the curve, what fits into the footer, and where the screen refuses to start."""

from __future__ import annotations

import pytest
from fake_link import CHARGING, HOLD, KNEE, POLARITY, PREPARING, curve
from hypothesis import given
from hypothesis import strategies as st

from tui import actions
from tui.bench.messages import Channel, Point
from tui.terminal import glyphs, problem
from tui.widgets.cell_bars import bar
from tui.widgets.freshness import as_stale
from tui.widgets.key_line import fit
from tui.widgets.plot import LEFT, RIGHT, Scales, draw, scales
from tui.widgets.text import BLANK, channel_number, clock, duration, number, span, trust_words


@pytest.mark.parametrize(
    ("low_s", "high_s", "words"),
    [
        (None, None, ""),
        (2100, 3300, "35–55 min"),
        (8 * 3600, 11 * 3600, "8 h 00 min – 11 h"),
        (12 * 3600, 20 * 3600, "12–20 h"),
        (40, 40, "40 s"),
        (None, 600, "up to 10 min"),
        (3600 * 50, 3600 * 80, "2 d 2 h – 3 d 8 h"),
    ],
)
def test_a_forecast_is_a_range_in_few_words(low_s: float | None, high_s: float | None, words: str) -> None:
    assert span(low_s, high_s) == words


def test_times_and_numbers_have_one_spelling() -> None:
    assert clock(13330.9) == "03:42:10" and clock(400_000) == "111:06:40"
    assert duration(12_000) == "3 h 20 min"
    assert number(-0.0004, 3, 7) == "  0.000"  # no negative zero
    assert number(None, 3, 8).strip() == BLANK


@given(st.one_of(st.none(), st.floats(-100, 100)))
def test_numbers_keep_their_decimal_point_in_its_column(value: float | None) -> None:
    text = number(value, 3, 8)
    assert len(text) == 8
    assert value is None or text.index(".") == 4


def test_an_unknown_channel_never_shows_its_last_value() -> None:
    assert "3.6" not in channel_number(Channel(3.6, "unknown"), 3, 8).plain
    stale = channel_number(Channel(3.6, "stale", 12.0), 3, 8)
    assert stale.plain == "   3.600" and any("strike" in str(part.style) for part in stale.spans)
    assert trust_words(Channel(3.6, "typed", 240.0)) == "✎ typed 4 min ago"


def test_signs_have_plain_letters_where_the_font_lacks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.delenv("TOPBALANCE_GLYPHS", raising=False)
    assert glyphs() == "block"
    assert trust_words(Channel(3.6, "measured")) == "* measured"


@pytest.mark.parametrize("style", ["braille", "block", "ascii"])
@pytest.mark.parametrize("size", [(42, 8), (34, 6), (100, 20), (10, 3)])
def test_the_curve_fills_its_field_exactly_in_every_font(style: str, size: tuple[int, int]) -> None:
    rows = draw(curve(13330), *size, target_v=3.65, set_current_a=10.0, glyphs=style)  # type: ignore[arg-type]
    texts = ["".join(text for text, _ in row) for row in rows]
    assert len(texts) == size[1] and {len(text) for text in texts} == {size[0]}
    if style == "ascii":
        assert all(character.isascii() for text in texts for character in text)


def test_the_curve_has_lines_at_target_and_knee_and_never_widens_its_scale_while_time_goes_on() -> None:
    rows = ["".join(text for text, _ in row) for row in draw(curve(3000), 60, 10, target_v=3.65, set_current_a=10.0)]
    assert any(row.startswith("3.65 ") for row in rows) and any(row.startswith("3.55 ") for row in rows)
    assert scales(curve(4000), 3.65, 10.0).span_s == scales(curve(7000), 3.65, 10.0).span_s == 7200.0


def test_a_spike_between_two_columns_is_not_lost() -> None:
    points = [Point(float(time_s), 3.3, 3.3, 10.0) for time_s in range(0, 7000, 10)]
    points[350] = Point(points[350].time_s, 3.3, 3.64, 10.0)
    rows = draw(points, 50, 10, target_v=3.65, set_current_a=None)
    high = [ink for row in rows[:3] for text, ink in row if ink == "volts" and text.strip()]
    assert high


def test_unknown_values_leave_a_gap() -> None:
    points = [
        Point(float(time_s), 3.4, 3.4, 5.0) if not 1000 < time_s < 2500 else Point(float(time_s), None, None, None)
        for time_s in range(0, 3600, 60)
    ]
    rows = draw(points, 60, 10, target_v=3.65, set_current_a=10.0)
    line = max(
        ("".join(text if ink == "volts" else " " * len(text) for text, ink in row) for row in rows), key=lambda text: len(text.strip())
    )
    assert "      " in line.strip()
    assert len(line) == 60 and line[:LEFT].strip() == "" and line[-RIGHT:].strip() == ""


@pytest.mark.parametrize(("from_s", "shown"), [(-4.0, "0:00"), (-90.0, "-0:01"), (0.0, "0:00"), (-7200.0, "-2:00")])
def test_a_window_that_begins_a_moment_before_zero_has_no_minus_nought(from_s: float, shown: str) -> None:
    rows = draw(curve(3000), 60, 10, target_v=3.65, set_current_a=10.0, axes=Scales(3.2, 3.7, 10.0, 7200.0, from_s))
    assert "".join(text for text, _ in rows[-1]).split()[0] == shown


@given(st.floats(-1, 2), st.integers(1, 30))
def test_a_bar_has_its_width_whatever_the_value(fraction: float, width: int) -> None:
    assert len(bar(fraction, width)) == width and len(bar(fraction, width, fine=False)) == width


@given(
    st.lists(st.tuples(st.text("abc", min_size=1, max_size=5), st.text("abc ", min_size=1, max_size=12), st.just(""))), st.integers(30, 200)
)
def test_the_footer_cuts_no_hint(hints: list[tuple[str, str, str]], width: int) -> None:
    taken = fit(hints, width)
    assert taken == hints[: len(taken)]
    assert sum(len(key) + len(words) + 4 for key, words, _ in taken) <= width


def test_keys_that_work_now_come_from_the_table() -> None:
    assert [action.name for action in actions.footer(HOLD)][:2] == ["acknowledge", "resume"]
    assert "take_meter" in {action.name for action in actions.footer(PREPARING)}
    assert "take_meter" not in {action.name for action in actions.footer(POLARITY)}
    assert {"confirm", "resume", "override"}.isdisjoint(action.name for action in actions.footer(CHARGING))
    assert len({key for action in actions.ACTIONS for key in action.keys.split(",")}) == sum(
        len(action.keys.split(",")) for action in actions.ACTIONS
    )


def test_the_demo_speeds_up_and_down_in_steps() -> None:
    assert actions.next_speed(60.0, 1) == 120.0 and actions.next_speed(60.0, -1) == 30.0
    assert actions.next_speed(3600.0, 1) == 3600.0 and actions.next_speed(1.0, -1) == 1.0


def test_a_fresh_snapshot_is_left_alone_and_a_silent_one_is_not() -> None:
    assert as_stale(KNEE, silent_s=9.0) is KNEE
    silent = as_stale(KNEE, silent_s=11.0)
    assert silent.cells_v.trust == silent.current_a.trust == "stale" and silent.output_on is None


GOOD = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("environment", "changes", "words"),
    [
        (GOOD, {}, ""),
        ({"TERM": "dumb"}, {}, "TERM is “dumb”"),
        ({}, {}, "TERM is not set"),
        (GOOD, {"input_is_terminal": False}, "standard input is no terminal"),
        (GOOD, {"error_is_terminal": False}, "standard error"),
        (GOOD, {"encoding": "iso-8859-1"}, "LANG=C.UTF-8"),
    ],
)
def test_the_screen_refuses_to_start_where_it_would_be_unreadable(
    environment: dict[str, str], changes: dict[str, object], words: str
) -> None:
    facts: dict[str, object] = {"input_is_terminal": True, "error_is_terminal": True, "encoding": "utf-8"} | changes
    found = problem(environment, **facts)  # type: ignore[arg-type]
    assert (words in found) if words else not found
