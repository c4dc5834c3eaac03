"""Quantities as people type them."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.domain import quantities
from tui.domain.quantities import (
    KINDS,
    QuantityError,
    echo,
    kind_of_field,
    parse,
    parse_current,
    parse_range,
    parse_supply,
    registry,
    show,
    show_duration,
)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3,65V", "voltage", 3.65),
        ("3.65 v", "voltage", 3.65),
        ("-3,31", "voltage", -3.31),
        ("−3.31 V", "voltage", -3.31),
        ("3650 mV", "voltage", 3.65),
        ("3650 MV", "voltage", 3.65),
        ("3412", "cell_voltage", 3.412),
        ("3,412", "cell_voltage", 3.412),
        ("3412 mV", "cell_voltage", 3.412),
        ("2000", "cell_voltage", 2.0),
        ("4500", "cell_voltage", 4.5),
        ("3.60", "target", 3.60),
        ("3650", "target", 3.65),
        ("10", "current", 10.0),
        ("10 a", "current", 10.0),
        ("500 mA", "current", 0.5),
        ("0.2C", "c_rate", 0.2),
        ("0,2 c", "c_rate", 0.2),
        ("280", "capacity", 280.0),
        ("280 ah", "capacity", 280.0),
        ("280Ah", "capacity", 280.0),
        ("280000 mAh", "capacity", 280.0),
        ("280000 MAH", "capacity", 280.0),
        ("20", "resistance", 0.020),
        ("20 mOhm", "resistance", 0.020),
        ("20mΩ", "resistance", 0.020),
        ("20 mΩ", "resistance", 0.020),  # the Ohm sign of other keyboards
        ("0,02 ohm", "resistance", 0.020),
        ("500 µohm", "resistance", 0.0005),
        ("21", "temperature", 21.0),
        ("-3 °C", "temperature", -3.0),
        ("21C", "temperature", 21.0),
        ("50 °F", "temperature", 10.0),
        ("97%", "soc", 0.97),
        ("97 %", "fraction", 0.97),
        ("0.97", "soc", 0.97),
        ("97", "soc", 0.97),
        ("90s", "time", 90.0),
        ("90", "time", 90.0),
        ("10 min", "time", 600.0),
        ("1h", "time", 3600.0),
        ("1 h 30 min", "time", 5400.0),
        ("1h30min", "time", 5400.0),
        ("60", "speed", 60.0),
        ("0.5x", "speed", 0.5),
        ("20 mOhm", "lead", 0.020),
        ("20", "lead", 0.020),
    ],
)
def test_a_quantity_is_read_with_its_unit(text: str, kind: str, value: float) -> None:
    assert parse(text, kind) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "milliohm"),
    [("8 AWG", 4.9), ("8awg", 4.9), ("AWG 8", 4.9), ("8 AWG 1,5 m", 7.0), ("12 AWG bananas", 15.4), ("16 AWG 1 m clips", 51.3)],
)
def test_leads_are_read_from_their_gauge(text: str, milliohm: float) -> None:
    """A gauge alone means 1 m each way with rings: 5 mΩ for 8 AWG; thin wire with clips is ten times that."""
    assert parse(text, "lead") * 1000 == pytest.approx(milliohm, abs=0.06)


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("10 A", "voltage", "10 A is a current; this field takes a voltage such as 3.65 V"),
        ("3.65 V", "current", "is a voltage"),
        ("280 A", "capacity", "is a current; this field takes a capacity such as 280 Ah"),
        ("0.2C", "voltage", "is a C-rate"),
        ("3 min", "voltage", "is a time"),
        ("full", "voltage", "not a voltage"),
        ("3.6 quux", "voltage", "no unit known here"),
        ("", "capacity", "nothing was typed"),
        ("36.5", "cell_voltage", "did you mean 3.650 V?"),
        ("36.5", "target", "did you mean 3.650 V?"),
        ("365", "cell_voltage", "did you mean 3.650 V?"),
        ("3652 V", "voltage", "did you mean 3.652 V?"),
        ("3.40 V", "target", "below 3.50 V"),
        ("3.66", "target", "above 3.65 V"),
        ("280000", "capacity", "did you mean 280 Ah?"),
        ("0.28", "capacity", "1 to 1000 Ah"),
        ("nan", "voltage", "not a voltage"),
        ("inf V", "voltage", "not a voltage"),
        ("1e999", "voltage", "too large"),
        ("1.000,5", "voltage", "not a voltage"),
        ("101%", "soc", "out of range"),
        ("0", "speed", "above zero"),
        ("9 AWG", "lead", "not in the wire table"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_message_for_the_field(text: str, kind: str, part: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse(text, kind)
    assert part in str(caught.value)


def test_a_cell_voltage_in_millivolts_is_echoed_in_volts_before_it_is_taken() -> None:
    assert echo("3412", "cell_voltage") == "3.412 V"
    assert echo("3,65V", "voltage") == "3.650 V"
    assert echo("8 AWG", "lead") == "4.9 mΩ"
    assert echo("97..99%", "soc") == "97 % to 99 %"


def test_a_c_rate_times_a_capacity_is_amperes_by_dimension() -> None:
    ureg = registry()
    assert (ureg.Quantity(0.2, "C") * ureg.Quantity(280, "Ah")).to("A").magnitude == pytest.approx(56.0)
    assert parse_current("0.2C", 280) == pytest.approx(56.0)
    assert parse_current("10 A", 280) == 10.0
    assert parse_current("10", 280) == 10.0
    with pytest.raises(QuantityError):
        parse_current("10 V", 280)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("97%..99%", 0.97, 0.99),
        ("97..99%", 0.97, 0.99),
        ("97-99 %", 0.97, 0.99),
        ("97 % – 99 %", 0.97, 0.99),
        ("0,97..0,99", 0.97, 0.99),
        ("97 to 99%", 0.97, 0.99),
        ("50%", 0.5, 0.5),
    ],
)
def test_a_range_is_read(text: str, low: float, high: float) -> None:
    assert parse_range(text) == pytest.approx((low, high))


@pytest.mark.parametrize("text", ["99%..97%", "97%..", "a..b", "1%..2%..3%"])
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_range(text)


@pytest.mark.parametrize("text", ["30V/10A", "30 V / 10 A", "10A/30V", "30V 10A", "30V10A", "30 v, 10 a"])
def test_a_rating_is_read(text: str) -> None:
    rating = parse_supply(text)
    assert (rating.max_voltage_v, rating.max_current_a) == (30.0, 10.0)


def test_a_rating_of_amperes_alone_leaves_the_volts_unknown() -> None:
    assert parse_supply("10A").max_voltage_v is None


@pytest.mark.parametrize("text", ["30V", "", "strong", "30V/10V", "0V/10A", "30V/0A", "10A/10A"])
def test_a_rating_without_sound_amperes_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_supply(text)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (3.65, "voltage", "3.650 V"),
        (10, "current", "10.00 A"),
        (280, "capacity", "280 Ah"),
        (41.34, "capacity", "41.3 Ah"),
        (0.0022, "resistance", "2.2 mΩ"),
        (0.97, "fraction", "97 %"),
        (7392, "energy", "7.4 kWh"),
        (13320, "time", "3 h 42 min"),
        (60, "speed", "60×"),
    ],
)
def test_values_are_shown_with_fixed_decimals(value: float, kind: str, text: str) -> None:
    assert show(value, kind) == text


@pytest.mark.parametrize(
    ("time_s", "text"), [(0, "0 s"), (90, "90 s"), (600, "10 min"), (3600, "1 h"), (403200, "4 d 16 h"), (172800, "2 d"), (-5, "0 s")]
)
def test_durations_are_short(time_s: float, text: str) -> None:
    assert show_duration(time_s) == text


def test_lead_ends_take_any_voltage_so_that_the_gate_can_judge_it() -> None:
    assert kind_of_field("voltage", "cell:A1") == "cell_voltage"
    assert parse("3412", kind_of_field("voltage", "post_v")) == 3.412
    assert parse("26,4", kind_of_field("voltage", "post_v")) == 26.4  # a string
    assert parse("3650", kind_of_field("voltage", "bms_ov_v")) == 3.65
    assert parse("58.4 V", kind_of_field("voltage", "lead_end_v")) == 58.4
    assert parse("36.5", kind_of_field("voltage", "lead_end_v")) == 36.5
    assert kind_of_field("temperature", "surface_c") == "temperature"


typed = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"[+-]?[0-9]{1,5}([.,][0-9]{0,3})?\s?(m|k|µ|G)?(V|A|Ah|C|Ohm|Ω|%|AWG|s|min|h|d|°C|W|K|x|in)?( .*)?", fullmatch=True),
)


@settings(max_examples=400, deadline=None)
@given(text=typed, kind=st.sampled_from(sorted(KINDS)))
def test_whatever_is_typed_gives_a_number_in_range_or_a_message(text: str, kind: str) -> None:
    row = KINDS[kind]
    try:
        value = parse(text, kind)
    except QuantityError as error:
        assert str(error)
    else:
        assert row.low <= value <= row.high


@pytest.mark.parametrize("text", ["3 ²", "3 V²", "3 ·", "3²", "3 ⁻¹", "3 per", "3 V per"])
def test_signs_that_break_the_units_parser_are_no_unit(text: str) -> None:
    with pytest.raises(QuantityError):
        parse(text, "voltage")


@settings(max_examples=200, deadline=None)
@given(text=typed)
def test_the_other_readers_raise_nothing_else_either(text: str) -> None:
    for read in (parse_supply, parse_range, lambda word: parse_current(word, 280.0)):
        try:
            read(text)
        except QuantityError as error:
            assert str(error)


@settings(max_examples=100, deadline=None)
@given(value=st.decimals(min_value="0.001", max_value="4.999", places=3), unit=st.sampled_from(["", "V", " V", " mV"]))
def test_a_decimal_comma_is_a_point(value: object, unit: str) -> None:
    text = f"{value}{unit}"
    assert parse(text, "voltage") == parse(text.replace(".", ","), "voltage")


def test_importing_the_module_does_not_import_pint() -> None:
    script = "import sys, tui.domain.calculations, tui.domain.quantities as q; q.parse('3,65', 'voltage'); sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_warming_up_makes_the_one_registry() -> None:
    quantities.warm_up()
    assert registry() is registry()
