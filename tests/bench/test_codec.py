"""Every message survives the trip through a line of JSON, and nothing else is taken for a message."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.bench import codec
from tui.bench.codec import CodecError, from_json, line, parse, read_command, read_points, to_json, write_points
from tui.bench.messages import (
    Alarm,
    Answer,
    Channel,
    Command,
    FieldView,
    Note,
    Outcome,
    Point,
    Prompt,
    SessionCard,
    Snapshot,
    Speed,
    Start,
    StepCard,
    TypeReading,
)

TEXT = st.text(max_size=12)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    float: NUMBER,
    int: st.integers(),
    bool: st.booleans(),
    type(None): st.none(),
    Any: PLAIN,
}


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type, written here apart from the codec's own reading of types."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of, arguments))
    if origin is dict:
        return st.dictionaries(TEXT, of(arguments[1]), max_size=3)
    if origin is Union or type(hint).__name__ == "UnionType":
        return st.one_of(*map(of, arguments))
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: of(hints[field.name]) for field in fields(hint)})


MESSAGES = [*get_args(Command), Outcome, Snapshot, SessionCard, Point]


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_message_comes_back_as_it_was(kind):
    @settings(max_examples=25, deadline=None)
    @given(of(kind))
    def trip(message):
        data = line(to_json(message))
        assert data.count(b"\n") == 1 and data.endswith(b"\n")
        assert from_json(parse(data)) == message

    trip()


def test_a_full_snapshot_has_its_types_back_and_about_four_kilobytes():
    full = Snapshot(
        prompt=Prompt(3, "wire", "Wire the cells.", fields=(FieldView("a", "A", "voltage", "V", ("yes", "no"), 3.3),)),
        per_cell_v=tuple((f"A{n}", Channel(3.4 + n / 1000, "measured", 0.4)) for n in range(16)),
        alarms=(Alarm(1, "warn", "F-41", "slow", "The charge is slow.", 12.5),),
    )
    data = line(to_json(full))
    back = from_json(parse(data))
    assert back == full
    assert isinstance(back.per_cell_v, tuple) and isinstance(back.per_cell_v[0][1], Channel) and isinstance(back.prompt, Prompt)
    assert len(data) < 4_500


def test_the_plan_of_a_start_travels_as_plain_json():
    sent = Start({"cells": ({"label": "A1", "capacity_ah": 280.0},), "stages_v": (3.45, 3.55)})
    assert read_command(to_json(sent)).plan == {"cells": [{"label": "A1", "capacity_ah": 280.0}], "stages_v": [3.45, 3.55]}


def test_a_whole_number_will_do_where_a_number_is_meant():
    found = read_command({"v": codec.VERSION, "type": "Speed", "factor": 60})
    assert found == Speed(60.0) and isinstance(found.factor, float)


NOTE = {"v": codec.VERSION, "type": "Note", "text": "a"}
READING = {"v": codec.VERSION, "type": "TypeReading", "point": "cells_v", "value": 3.5, "sure": False}
DEEP: Any = []
for _ in range(900):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "JSON object"),
        ({**NOTE, "v": 99}, "version 99"),
        ({**NOTE, "v": True}, "version True"),
        ({"type": "Note", "text": "a"}, "version None"),
        ({**NOTE, "type": "Explode"}, "'Explode' is no message"),
        ({**NOTE, "type": ["Note"]}, "no message"),
        ({**NOTE, "type": "Alarm"}, "no message"),
        ({"v": codec.VERSION, "type": "Note"}, "text is missing"),
        ({**NOTE, "loud": True}, "'loud' is unknown"),
        ({**NOTE, "text": 5}, "Note.text must be a text"),
        ({**NOTE, "text": "\ud800"}, "no character"),
        ({**READING, "value": "3.5"}, "must be a number"),
        ({**READING, "value": True}, "must be a number"),
        ({**READING, "value": 10**400}, "finite"),
        ({**READING, "value": None}, "must be a number"),
        ({**READING, "sure": 1}, "true or false"),
        ({"v": codec.VERSION, "type": "Answer", "prompt": 1.0, "values": {}}, "whole number"),
        ({"v": codec.VERSION, "type": "Answer", "prompt": 1, "values": {"a": [1]}}, "must be a number"),
        ({"v": codec.VERSION, "type": "Answer", "prompt": 1, "values": []}, "must be an object"),
        ({"v": codec.VERSION, "type": "Start", "plan": {"deep": DEEP}}, "too deeply"),
    ],
)
def test_what_is_not_exactly_a_message_is_refused_in_words(document, words):
    with pytest.raises(CodecError) as refused:
        from_json(document)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 300


def test_what_was_refused_is_shown_short_and_without_control_characters():
    with pytest.raises(CodecError) as refused:
        from_json({**NOTE, "type": "\x1b[2J" * 100})
    assert "\x1b" not in str(refused.value) and len(str(refused.value)) < 200


@pytest.mark.parametrize("wrong", [{"state": "asleep"}, {"cells_v": {"value": 1.0}}, {"steps": 4}, {"per_cell_v": [["A1"]]}, {"prompt": 7}])
def test_a_snapshot_with_a_wrong_field_inside_is_refused(wrong):
    with pytest.raises(CodecError):
        from_json({**to_json(Snapshot()), **wrong})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_no_number_leaves_that_is_none(number):
    with pytest.raises(CodecError, match="finite"):
        to_json(TypeReading("cells_v", number))
    with pytest.raises(CodecError):
        to_json(Start({"target_v": number}))


def test_only_messages_leave():
    for thing in ({"a": 1}, Channel(), "Note", None, StepCard("a", "b", "c", "d")):
        with pytest.raises(CodecError):
            to_json(thing)
    with pytest.raises(CodecError):
        to_json(Answer("first"))  # type: ignore[arg-type]


def test_an_answer_of_the_bench_is_no_command():
    with pytest.raises(CodecError, match="no command"):
        read_command(to_json(Outcome(True)))


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"5", b'{"a": NaN}', b'{"a": Infinity}', b"\xff\xfe", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_a_line_that_is_no_object_is_refused(data):
    with pytest.raises(CodecError):
        parse(data)


@settings(max_examples=300, deadline=None)
@given(
    PLAIN
    | st.dictionaries(
        st.sampled_from(["v", "type", "text", "plan", "factor", "values", "prompt"]), PLAIN | st.sampled_from([1, "Note", "Start"])
    )
)
def test_whatever_comes_it_is_a_message_or_refused(document):
    try:
        message = from_json(document)
    except CodecError:
        return
    assert type(message) in MESSAGES


@given(st.lists(of(Point), max_size=20))
def test_a_curve_comes_back_as_it_was(points):
    assert read_points(json.loads(json.dumps(write_points(points)))) == points


@pytest.mark.parametrize("rows", [None, {}, [1], [[1.0, 2.0]], [[None, 1.0, 1.0, 1.0]], [["a", 1.0, 1.0, 1.0]]])
def test_what_is_no_curve_is_refused(rows):
    with pytest.raises(CodecError):
        read_points(rows)


def test_a_note_of_any_text_stays_one_line():
    data = line(to_json(Note("first\nsecond\u2028third\r")))
    assert data.count(b"\n") == 1
    assert from_json(parse(data)).text == "first\nsecond\u2028third\r"
