"""The catalogue of cell models."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.catalogue import (
    CellModel,
    InvalidModel,
    charge_limit_a,
    fill,
    find,
    models,
    parse_model,
    search,
    torque_words,
)

LIMITED = CellModel("x", "Maker", "X100", 100.0, limits=((0.0, 0.0), (10.0, 0.1), (25.0, 0.5), (45.0, 0.4)), max_charge_a=45.0)


def known(model_id: str) -> CellModel:
    found = find(model_id)
    assert found is not None
    return found


def test_every_shipped_model_can_be_found_by_its_id_and_names_its_source() -> None:
    shipped = models()
    assert len(shipped) > 60
    assert len({model.id for model in shipped}) == len(shipped)
    for model in shipped:
        assert known(model.id) is model
        assert model.source and not model.own
        assert model.capacity_ah >= 10
        assert model.v_max in (None, 3.65)


def test_a_well_known_cell_fills_setup() -> None:
    values = fill(known("eve-lf280k"))
    assert values == {
        "model": "eve-lf280k", "capacity_ah": 280.0, "cell_limit_a": 280.0, "resistance_mohm": 0.25, "thread": "M6", "v_max": 3.65,
    }  # fmt: skip


def test_the_limit_of_a_cell_is_the_one_near_full() -> None:
    assert fill(known("eve-lf230"))["cell_limit_a"] == pytest.approx(0.4 * 230)


def test_what_no_document_tells_stays_unknown() -> None:
    values = fill(known("eve-lf356l"))
    assert values["cell_limit_a"] is None and values["thread"] == "" and values["v_max"] is None


@pytest.mark.parametrize(
    ("text", "ids"), [("lf280k", {"eve-lf280k"}), ("EVE 105", {"eve-lf105"}), ("catl 302ah", {"catl-302"}), ("no such cell", set())]
)
def test_models_are_found_by_words(text: str, ids: set) -> None:
    assert {model.id for model in search(text)} == ids


def test_no_words_find_all_and_own_models_come_first() -> None:
    mine = replace(LIMITED, own=True)
    assert search("", [mine]) == models([mine])
    assert models([mine])[0] is mine
    assert find("x", [mine]) is mine and find("x") is None


@pytest.mark.parametrize(
    ("surface_c", "limit_a"),
    [(-1.0, 0.0), (0.0, 0.0), (5.0, 0.0), (10.0, 10.0), (17.0, 10.0), (25.0, 45.0), (30.0, 40.0), (45.0, 40.0), (46.0, 0.0)],
)
def test_between_two_rows_the_lower_one_holds(surface_c: float, limit_a: float) -> None:
    assert charge_limit_a(LIMITED, surface_c) == pytest.approx(limit_a)


def test_without_a_table_the_largest_current_holds_inside_the_makers_temperatures() -> None:
    plain = replace(LIMITED, limits=(), charge_degc=(0.0, 60.0))
    assert charge_limit_a(plain, 25.0) == 45.0
    assert charge_limit_a(plain, -1.0) == 0.0
    assert charge_limit_a(replace(plain, max_charge_a=None), 25.0) is None


@given(st.sampled_from(models()), st.floats(-30, 80))
def test_no_limit_is_above_the_largest_current_of_the_model(model: CellModel, surface_c: float) -> None:
    limit = charge_limit_a(model, surface_c)
    assert limit is None or 0 <= limit <= (model.max_charge_a or 5 * model.capacity_ah)


@pytest.mark.parametrize(("thread", "figures"), [("M6", "4.5 to 6.3 N·m"), ("M8", "9 to 10.7 N·m")])
def test_a_torque_of_others_is_never_told_as_the_makers(thread: str, figures: str) -> None:
    words = torque_words(thread)
    assert figures in words and "No cell maker's torque is known" in words and "not your maker's" in words


@pytest.mark.parametrize("thread", ["M4", ""])
def test_where_no_torque_is_known_none_is_told(thread: str) -> None:
    assert "N·m" not in torque_words(thread) and "No cell maker's torque is known" in torque_words(thread)


def test_an_own_model_gets_an_id_of_its_name() -> None:
    made = parse_model({"maker": "Basen", "model": "BS 280", "capacity_ah": 280, "thread": "m6", "acir_mohm": None, "source": ""}, own=True)
    assert (made.id, made.thread, made.own, made.acir_mohm) == ("basen-bs-280", "M6", True, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"capacity_ah": 0}, "capacity_ah"),
        ({"capacity_ah": 280_000}, "capacity_ah"),
        ({"capacity_ah": None}, "capacity_ah"),
        ({"capacity_ah": True}, "capacity_ah"),
        ({"capacity_ah": float("nan")}, "capacity_ah"),
        ({"maker": "", "model": ""}, "model"),
        ({"v_max": 4.2}, "v_max"),
        ({"thread": "M7"}, "thread"),
        ({"colour": "blue"}, "colour"),
        ({"model": "a\x1bb"}, "model"),
        ({"charge_degc": [60, 0]}, "charge_degc"),
        ({"charge_degc": 5}, "charge_degc"),
        ({"limits": [[10, 0.1], [0, 0.2]]}, "limits"),
        ({"limits": [[10, -0.1]]}, "limits"),
        ({"limits": "many"}, "limits"),
        ({"by_power": "yes"}, "by_power"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(change: dict, field: str) -> None:
    with pytest.raises(InvalidModel) as caught:
        parse_model({"maker": "Maker", "model": "X", "capacity_ah": 100, **change})
    assert caught.value.field == field
    assert field in str(caught.value) or field in ("capacity_ah", "model", "thread")


def test_milliampere_hours_are_guessed() -> None:
    with pytest.raises(InvalidModel, match="milliampere"):
        parse_model({"model": "X", "capacity_ah": 105_000})


@given(
    st.dictionaries(
        st.sampled_from(["maker", "model", "capacity_ah", "v_max", "limits", "charge_degc", "cycles", "thread", "?"]),
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.lists(st.lists(st.floats(), max_size=3), max_size=2),
    )
)
def test_any_table_is_a_model_or_refused_by_field(values: dict) -> None:
    try:
        made = parse_model(values)
    except InvalidModel as error:
        assert error.field
    else:
        assert made.capacity_ah >= 1
