"""Parts of a journal found by halving: the same lines that reading all of it would give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.records.curve import load_curve, point_of
from tui.records.journal import Journal, read
from tui.records.journal_seek import curve_between, events, lines_between, reading_at

START_S = 1_760_000_000.0


def journal(path: Path, rows: list[tuple[float, str]], *, filling: int = 0) -> list[dict[str, Any]]:
    """A journal with these (step in s, kind); `filling` makes its lines long, so that a few of them are more than one read."""
    time_s = 0.0
    path.unlink(missing_ok=True)
    with Journal(path, create=True) as opened:
        for number, (step_s, kind) in enumerate(rows):
            time_s = round(time_s + step_s, 3)
            fields: dict[str, Any] = {"text": "x" * filling}
            if kind == "reading":
                fields |= {"cells_v": 3.3 + number / 10_000, "cells_trust": "measured", "current_a": 10.0}
            opened.append(kind, test_time_s=time_s, unix_time_s=START_S + time_s, **fields)
    return list(read(path))


rows_of_a_journal = st.lists(
    st.tuples(st.sampled_from((0.0, 0.25, 1.0, 60.0, 5000.0)), st.sampled_from(("reading", "reading", "reading", "warn", "checkpoint"))),
    max_size=120,
)


@settings(max_examples=60, deadline=None)
@given(rows=rows_of_a_journal, filling=st.sampled_from((0, 700, 9000)), ends=st.tuples(st.floats(-10, 9e4), st.floats(-10, 9e4)))
def test_a_stretch_found_by_halving_is_the_one_that_reading_all_gives(tmp_path_factory, rows, filling, ends):
    path = tmp_path_factory.mktemp("seek") / "one.jsonl"
    lines = journal(path, rows, filling=filling)
    from_s, to_s = sorted(ends)
    assert list(lines_between(path, from_s, to_s)) == [line for line in lines if from_s <= line["test_time_s"] <= to_s]


@settings(max_examples=60, deadline=None)
@given(rows=rows_of_a_journal, filling=st.sampled_from((0, 700, 9000)), time_s=st.floats(-10, 9e4))
def test_the_reading_at_a_moment_is_the_newest_before_it(tmp_path_factory, rows, filling, time_s):
    path = tmp_path_factory.mktemp("seek") / "one.jsonl"
    lines = journal(path, rows, filling=filling)
    before = [line for line in lines if line["kind"] == "reading" and line["test_time_s"] <= time_s]
    assert reading_at(path, time_s) == (before[-1] if before else None)


def test_moments_on_a_line_and_between_two_are_told_apart(tmp_path):
    path = tmp_path / "one.jsonl"
    lines = journal(path, [(1.0, "reading")] * 500)
    assert reading_at(path, 250.0) == lines[249]
    assert reading_at(path, 249.999) == lines[248]
    assert reading_at(path, 0.999) is None
    assert reading_at(path, 1e9) == lines[-1]


@pytest.mark.parametrize("tail", [b'{"seq":4,"kind":"rea', b"\x00\x00\xff", b'{"seq":4,"kind":"reading","test_time_s":9'])
def test_a_torn_end_is_no_line(tmp_path, tail):
    path = tmp_path / "one.jsonl"
    lines = journal(path, [(1.0, "reading"), (1.0, "warn"), (1.0, "reading")])
    with path.open("ab") as file:
        file.write(tail)
    assert reading_at(path, 99.0) == lines[2]
    assert list(lines_between(path, 2.0, 99.0)) == lines[1:]
    assert events(path).lines == (lines[1],)
    assert events(path).last_s == 3.0


def test_a_damaged_line_in_the_middle_is_left_out(tmp_path):
    path = tmp_path / "one.jsonl"
    journal(path, [(1.0, "reading")] * 300, filling=100)
    whole = path.read_bytes().splitlines(keepends=True)
    whole[150] = b"\xff garbage \x00\n"
    path.write_bytes(b"".join(whole))
    assert reading_at(path, 151.0)["test_time_s"] == 150.0  # the 151st is the damaged one
    assert [line["test_time_s"] for line in lines_between(path, 149.0, 153.0)] == [149.0, 150.0, 152.0, 153.0]


def test_events_leave_readings_out_and_keep_the_first_and_the_newest(tmp_path):
    path = tmp_path / "one.jsonl"
    lines = journal(path, [(1.0, "session_start"), *[(1.0, "reading"), (1.0, "warn")] * 60])
    found = events(path, most=10)
    assert found.lines[0] == lines[0]
    assert found.lines[1:] == tuple(line for line in lines if line["kind"] == "warn")[-9:]
    assert found.left_out == 51
    assert len(events(path).lines) == 61 and events(path).left_out == 0


def test_the_fine_curve_of_a_stretch_has_every_reading(tmp_path):
    path = tmp_path / "one.jsonl"
    journal(path, [(1.0, "reading")] * 5000)
    *turns, points = curve_between(path, 1000.0, 2500.0)
    assert turns == [[]]  # after the first thousand lines it could have been called off
    assert [point.time_s for point in points] == [float(time_s) for time_s in range(1000, 2501)]


def test_stale_volts_are_no_points_of_a_curve(tmp_path):
    path = tmp_path / "one.jsonl"
    with Journal(path, create=True) as opened:
        for number, trust in enumerate(("measured", "stale", "derived")):
            opened.append("reading", test_time_s=number, unix_time_s=START_S, cells_v=3.4, cells_trust=trust, current_a=None)
    assert [point.cells_high_v for point in load_curve(tmp_path / "one.curve.jsonl")] == [3.4, None, 3.4]
    assert point_of({"test_time_s": True, "cells_v": "3.4"}) == (0.0, None, None)


def test_a_missing_journal_is_told(tmp_path):
    for ask in (events, lambda path: reading_at(path, 1.0), lambda path: list(lines_between(path, 0, 1))):
        with pytest.raises(FileNotFoundError):
            ask(tmp_path / "none.jsonl")


def test_nothing_in_a_journal_from_anywhere_steers_a_screen(tmp_path: Path) -> None:
    evil = "\x1b]52;c;ZXZpbA==\x07 \x9b31m \u202e end\nof line"
    with Journal(tmp_path / "j.jsonl", create=True) as opened:
        opened.append("warn", test_time_s=0.0, unix_time_s=START_S, text=evil, data={evil: [evil]})
        opened.append("reading", test_time_s=1.0, unix_time_s=START_S + 1, mode=evil)
    (line,) = events(tmp_path / "j.jsonl").lines
    stood = reading_at(tmp_path / "j.jsonl", 2.0)
    assert stood is not None
    for text in (line["text"], *line["data"], *line["data"].values(), stood["mode"]):
        assert all(sign.isprintable() or sign == "\n" for sign in str(text[0] if isinstance(text, list) else text))
    assert line["text"].endswith("end\nof line") and "3.3" not in line["text"]
