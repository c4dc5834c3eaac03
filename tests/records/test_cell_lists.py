"""Cell lists: any header, any decimal sign, a dry run before anything is kept, and an export that comes back as it was."""

from __future__ import annotations

import contextlib
import csv
import io
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.plain_text import plain_text
from tui.records.cell import EDITABLE, Cell
from tui.records.cell_columns import Column, columns_of, field_named
from tui.records.cell_csv import cells_to_csv
from tui.records.cell_import import ListChanged, apply_import, plan_import
from tui.records.cell_numbers import decimal_mark, parse_number
from tui.records.cell_table import CsvError, find_delimiter, read_table
from tui.records.column_maps import ColumnMaps
from tui.records.inventory import Inventory
from tui.records.places import Home


def acts(plan) -> list[tuple[str, str]]:
    return [(row.label, row.act) for row in plan.rows]


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_free_cell_list_comes_in_with_what_is_not_known_under_its_own_name(inventory: Inventory, tmp_path: Path) -> None:
    list_file = tmp_path / "supplier.csv"
    text = (
        "Cell Name;QR code;Rated Ah;IR (mΩ);OCV [mV];Grade;Measured Capacity;Date\n"
        "A1;04qce0;280 Ah;0,18;3301;A+;285,5;2026-03-01\n\n"
        "A2;;;0.19 mOhm;3,302 V;;;\n"
    )
    list_file.write_bytes(text.encode("cp1252", "replace").replace(b"(m?)", b"(mOhm)"))
    first, second = inventory.import_csv(list_file)
    assert (first.label, first.code, first.capacity_ah, first.resistance_mohm) == ("A1", "04QCE0", 280.0, 0.18)
    assert (first.received_voltage_v, first.extra, first.received_date) == (3.301, {"Grade": "A+"}, "2026-03-01")
    assert first.log[-1]["capacity_ah"] == 285.5
    assert (second.capacity_ah, second.resistance_mohm, second.received_voltage_v, second.extra) == (None, 0.19, 3.302, {})
    assert inventory.list() == [first, second]
    assert inventory.list("a+") == [first]


@pytest.mark.parametrize(
    ("header", "field", "value", "expected"),
    [
        ("IR (mΩ)", "resistance_mohm", "0,18", 0.18),
        ("IR (\u2126)", "resistance_mohm", "0.00018", 0.18),
        ("Innenwiderstand in mΩ", "resistance_mohm", "0.18", 0.18),
        ("Kapazität [Ah]", "capacity_ah", "280,5", 280.5),
        ("Capacity (mAh)", "capacity_ah", "280500", 280.5),
        ("U/mV", "received_voltage_v", "3301", 3.301),
        ("mV", "received_voltage_v", "3301", 3.301),
        ("Spannung", "received_voltage_v", "3301 mV", 3.301),
        ("Nennkapazität", "capacity_ah", "280Ah", 280.0),
    ],
)
def test_a_unit_stands_in_the_header_or_with_the_value(inventory: Inventory, header: str, field: str, value: str, expected: float) -> None:
    (cell,) = inventory.import_csv(f"Zelle;{header}\nA1;{value}\n")
    assert getattr(cell, field) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("label,volts\nA1,3.3\nA2,high\n", 3, "volts", "'high'"),
        ("label,volts\nA1,33\n", 2, "volts", "0 to 5 V"),
        ("label,capacity\nA1,280 V\n", 2, "capacity", "280 V"),
        ("label,volts\nA1,3.3\n\na1,3.3\n", 4, "label", "in line 2 already"),
        ("label,code\nA1,X1\nA2,x 1\n", 3, "code", "on cell A1 in line 2 already"),
        ("label,volts\nOLD,3.3\n", 2, "label", "in the inventory already"),
        ("label,volts\n,3.3\n", 2, "label", "no label"),
        ("label,volts,ocv\nA1,3.3,3.3\n", 1, "ocv", "both mean"),
        ("volts,maker\n3.3,EVE\n", 1, "", "no column is called label"),
        ("label,volts\nA1,3,3\n", 2, "", "in quotes"),
        ("label,chemistry\nA1,NMC\n", 2, "chemistry", "LiFePO4"),
        ("label,state\nA1,lost\n", 2, "state", "no state"),
        ('label,notes\nA1,"open\n', 2, "", "readable"),
        ("\n", 1, "", "empty"),
    ],
)
def test_a_bad_list_is_refused_whole_with_line_and_column(inventory: Inventory, text: str, line: int, column: str, words: str) -> None:
    inventory.add(label="OLD")
    with pytest.raises(CsvError, match=words) as refused:
        inventory.import_csv(text)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert "Nothing was saved" in str(refused.value)
    assert [cell.label for cell in inventory.list()] == ["OLD"]


@pytest.mark.parametrize(
    ("text", "field", "decimal", "value"),
    [
        ("280", "capacity_ah", "", 280.0),
        ("280000 mAh", "capacity_ah", "", 280.0),
        ("280,000 mAh", "capacity_ah", ".", 280.0),
        ("280.000 mAh", "capacity_ah", ",", 280.0),
        ("280.125 Ah", "capacity_ah", "", 280.125),
        ("280'000.5mAh", "capacity_ah", "", 280.0005),
        ("280 000,5 mAh", "capacity_ah", "", 280.0005),
        ("3412", "received_voltage_v", "", 3.412),
        ("3,412", "received_voltage_v", "", 3.412),
        ("3,412", "received_voltage_v", ".", 3.412),  # thousands by the other numbers, and then millivolts: the same volts
        ("3412 mV", "received_voltage_v", "", 3.412),
        (".18mΩ", "resistance_mohm", "", 0.18),
        ("0,180", "resistance_mohm", ".", 0.18),  # no thousand begins with 0
        ("180 µOhm", "resistance_mohm", "", 0.18),
        ("0.00018 Ω", "resistance_mohm", "", 0.18),
        ("1e-05", "resistance_mohm", "", 0.00001),
    ],
)
def test_numbers_as_people_write_them(text: str, field: str, decimal: str, value: float) -> None:
    assert parse_number(text, field, decimal=decimal) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "A", "1.2.3", "1,2,3.4", "1.23,45,6", "3..3", "0x10", "3.3 V V", "--3", "1_000"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|could not"):
        parse_number(text, "capacity_ah")


def test_the_decimal_sign_is_the_lists_own(inventory: Inventory) -> None:
    """280.000 alone may be two numbers; beside 0,18 it can only be one."""
    assert decimal_mark(["280.000"]) == ""
    assert decimal_mark(["280.000", "0,18"]) == ","
    assert decimal_mark(["280,000", "0.18", "3.301"]) == "."
    assert decimal_mark(["1.234,5"]) == ","
    assert decimal_mark(["0,18", "0.19"]) == ""
    (cell,) = inventory.import_csv("label;Ah (mAh);mOhm\nA1;280.000;0,18\n")
    assert (cell.capacity_ah, cell.resistance_mohm) == (280.0, 0.18)


# --- what Hypothesis tries --------------------------------------------------------------------------------------------

plain = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"], include_characters="\n"), max_size=20).map(
    lambda text: plain_text(text, lines=True).strip()  # as a record holds it
)
line = plain | st.just("") | st.sampled_from(["=1+1", "-x", "'@", "a,b", 'say "so"', "extra: x", "log"])
logs = st.lists(
    st.fixed_dictionaries({"kind": st.just("rest"), "unix_s": st.floats(0, 2e9), "voltage_v": st.floats(2, 4), "meter": texts})
    | st.fixed_dictionaries({"kind": st.just("visual"), "unix_s": st.floats(0, 2e9), "ok": st.booleans()})
    | st.fixed_dictionaries({"kind": st.just("note"), "unix_s": st.integers(0, 10**9), "text": texts}),
    max_size=4,
).map(tuple)
cells = st.builds(
    Cell,
    id=st.integers(0, 16**10 - 1).map("c-{:010x}".format),
    label=plain,
    maker=line,
    supplier=line,
    price=line,
    capacity_ah=st.none() | st.floats(0, 2000),
    resistance_mohm=st.none() | st.floats(0, 100),
    received_voltage_v=st.none() | st.floats(0, 2),
    notes=texts,
    extra=st.dictionaries(line.filter(bool), texts.filter(bool), max_size=3),
    log=logs,
)
many = st.lists(cells, max_size=5, unique_by=(lambda cell: cell.label.casefold(), lambda cell: cell.id))


@given(made=many, delimiter=st.sampled_from([",", "\t"]))
def test_an_exported_list_comes_back_with_log_extras_quotes_and_newlines(made: list[Cell], delimiter: str) -> None:
    plan = plan_import(read_table(cells_to_csv(made, delimiter=delimiter)), [])
    assert [row.cell for row in plan.rows] == made
    again = plan_import(read_table(cells_to_csv(made, delimiter=delimiter)), made, existing="update")
    assert {row.act for row in again.rows} <= {"same"}


@given(
    text=st.text(max_size=200).map(lambda tail: "label,volts\n" + tail) | st.text("label;,\t\n\"' 3.,mVAh", max_size=100),
    existing=st.sampled_from(["refuse", "update", "add"]),
)
def test_any_text_is_read_or_refused_by_line(text: str, existing) -> None:
    known = [Cell("c-0000000001", "A1", code="X1")]
    try:
        plan = plan_import(read_table(text), known, existing=existing)
    except CsvError as refused:
        assert refused.line >= 1
        return
    kept = [row.cell for row in plan.rows if row.act != "refuse"]
    assert all(cell is not None and cell.label for cell in kept)
    assert all(row.words and row.cell is None for row in plan.rows if row.act == "refuse")
    labels = [cell.label.casefold() for cell in kept if cell]
    assert len(set(labels)) == len(labels)


@given(
    rows=st.lists(st.tuples(st.integers(0, 999), st.floats(0.01, 0.99), st.text("abcdefg,;\t|\"'\n", max_size=8)), min_size=1, max_size=9),
    delimiter=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(",."),
)
def test_the_sign_between_columns_and_the_decimal_one_are_found(rows, delimiter: str, decimal: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["label", "Ah", "mOhm", "remark; or, note"])
    for number, (whole, part, text) in enumerate(rows):
        writer.writerow([f"A{number}", f"{whole}{decimal}5", f"{part:.2f}".replace(".", decimal), text])
    assert find_delimiter(out.getvalue()) == delimiter
    plan = plan_import(read_table(out.getvalue()), [])
    assert plan.decimal == decimal
    for row, (whole, part, _) in zip(plan.rows, rows, strict=True):
        assert row.cell is not None
        assert row.cell.capacity_ah == pytest.approx(whole + 0.5)
        assert row.cell.resistance_mohm == pytest.approx(round(part, 2))


@given(whole=st.integers(0, 1999), thousandth=st.integers(0, 999), unit=st.sampled_from(["", " Ah", "Ah"]), comma=st.booleans())
def test_a_written_number_is_read_as_it_was_written(whole: int, thousandth: int, unit: str, comma: bool) -> None:
    text = f"{whole}.{thousandth:03d}{unit}"
    assert parse_number(text.replace(".", ",") if comma else text, "capacity_ah") == pytest.approx(whole + thousandth / 1000)


@given(text=st.text(max_size=30), decimal=st.sampled_from(["", ",", "."]))
def test_a_number_or_a_valueerror_and_nothing_else(text: str, decimal: str) -> None:
    for field in ("capacity_ah", "received_voltage_v", "resistance_mohm"):
        with contextlib.suppress(ValueError):
            assert isinstance(parse_number(text, field, decimal=decimal), float)


# --- columns ----------------------------------------------------------------------------------------------------------


def test_columns_are_mapped_once_and_then_remembered(inventory: Inventory, place: Home) -> None:
    header = ("Ref", "Klemme", "OCV")
    maps = ColumnMaps(place)
    assert [column.field for column in columns_of(header)] == ["", "", "received_voltage_v"]
    given = {"Ref": field_named("label"), "Klemme": field_named("voltage")}
    columns = columns_of(header, given)
    assert [column.field for column in columns] == ["label", "received_voltage_v", ""]  # the name gives way to the person
    maps.remember(column for column in columns if column.name in given)
    again = columns_of(("REF", "Grade", "klemme"), remembered=ColumnMaps(place).all())
    assert [(column.name, column.field) for column in again] == [("REF", "label"), ("Grade", ""), ("klemme", "received_voltage_v")]
    assert columns_of(("Ref",), {"ref": ""}, maps.all()) == [Column("Ref", "")]


def test_a_mapping_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing that a column can fill"):
        field_named("colour")
    with pytest.raises(ValueError, match="no column 'Volt'"):
        columns_of(("label", "OCV"), {"Volt": "received_voltage_v"})
    assert field_named("mΩ") == "resistance_mohm" and field_named("keep") == field_named("") == ""


def test_a_list_of_ours_means_what_it_says_whatever_was_mapped(inventory: Inventory, place: Home) -> None:
    cell = inventory.add(label="A1", price="90 €", extra={"price": "of the set", "extra: odd": "x", "": "dropped"})
    ColumnMaps(place).remember([Column("price", "")])
    plan = plan_import(
        (table := read_table(inventory.export_csv())), [], columns=columns_of(table.header, remembered=ColumnMaps(place).all())
    )
    assert [row.cell for row in plan.rows] == [cell]


# --- cells that are here already --------------------------------------------------------------------------------------


def test_rows_of_known_cells_are_refused_changed_or_added_by_choice(inventory: Inventory) -> None:
    inventory.add_many([{"label": "A1", "code": "X1", "capacity_ah": 280.0, "notes": "mine"}, {"label": "A2"}])
    table = read_table("label;code;Ah;Grade;gemessen\na1;X1;281;A;285\nA2;;;;\nA3;;280;;\nB9;x 1;;;\n")
    known = inventory.list()
    refuse, update, add = (plan_import(table, known, existing=how) for how in ("refuse", "update", "add"))
    assert acts(refuse) == [("a1", "refuse"), ("A2", "refuse"), ("A3", "add"), ("B9", "refuse")]
    assert acts(update) == [("A1", "update"), ("A2", "same"), ("A3", "add"), ("B9", "refuse")]
    assert acts(add) == [("a1", "refuse"), ("A2", "add"), ("A3", "add"), ("B9", "refuse")]
    assert "every cell has its own code" in add.rows[0].words and "A2-2" in add.rows[1].words
    assert "rated capacity 280 Ah → 281 Ah" in update.rows[0].words and "Grade – → A" in update.rows[0].words
    assert update.words == "1 to add, 1 to change, 1 refused, 1 unchanged" and update.to_save == 2
    assert inventory.list() == known  # a dry run keeps nothing
    apply_import(inventory, update)
    first = inventory.by_label("A1")
    assert first is not None
    assert (first.label, first.id, first.capacity_ah, first.notes, first.extra) == ("a1", known[0].id, 281.0, "mine", {"Grade": "A"})
    assert first.log[-1]["changed"] == {"label": ["A1", "a1"], "capacity_ah": [280.0, 281.0], "Grade": ["", "A"]}
    assert first.log[-2]["capacity_ah"] == 285.0
    assert [cell.label for cell in inventory.list()] == ["a1", "A2", "A3"]
    assert acts(plan_import(table, inventory.list(), existing="update"))[:3] == [("a1", "same"), ("A2", "same"), ("A3", "same")]


def test_an_export_changed_in_a_spreadsheet_comes_back_by_the_cells_own_ids(inventory: Inventory) -> None:
    one, two = inventory.add_many([{"label": "A1"}, {"label": "A2"}])
    inventory.log(one.id, "rest", unix_s=1e9, voltage_v=3.301)
    text = inventory.export_csv().replace("A2,", "C7,", 1).replace("LiFePO4,,,,,,,,,received", "LiFePO4,,,,,,,,,scrapped", 1)
    plan = plan_import(read_table(text), inventory.list(), existing="update")
    assert acts(plan) == [("A1", "update"), ("A2", "update")]
    apply_import(inventory, plan)
    assert (inventory.get(one.id).state, inventory.get(two.id).label) == ("scrapped", "C7")


def test_a_log_from_elsewhere_is_merged_in_the_order_of_time(inventory: Inventory, tmp_path: Path) -> None:
    cell = inventory.add(label="A1")
    inventory.log(cell.id, "rest", unix_s=3e9, voltage_v=3.30)
    other = replace(inventory.get(cell.id), log=({"kind": "rest", "unix_s": 1e9, "voltage_v": 3.31}, *inventory.get(cell.id).log))
    apply_import(inventory, plan_import(read_table(cells_to_csv([other])), inventory.list(), existing="update"))
    assert [item["unix_s"] for item in inventory.get(cell.id).log][::2] == [1e9, 3e9]
    assert len(inventory.get(cell.id).log) == 3


@pytest.mark.parametrize(
    "log",
    [
        "[",
        "{}",
        "[1]",
        '[{"kind":"gossip","unix_s":1}]',
        '[{"kind":"rest","unix_s":1,"voltage_v":"high"}]',
        '[{"kind":"rest","unix_s":NaN}]',
        '[{"kind":"rest"}]',
        '[{"kind":"edit","unix_s":1,"changed":{"a":1}}]',
        '[{"kind":"state","unix_s":1,"state":"lost"}]',
        "[" * 100_000,
    ],
)
def test_a_log_that_was_never_written_here_is_refused_by_its_row(inventory: Inventory, log: str) -> None:
    cell = inventory.add(label="A1")
    rows = list(csv.reader(io.StringIO(inventory.export_csv())))
    rows[1][rows[0].index("log")] = log
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    (row,) = plan_import(read_table(out.getvalue()), []).rows
    assert (row.act, row.column) == ("refuse", "log")
    assert inventory.list() == [cell]


def test_words_in_a_list_are_never_control_sequences(inventory: Inventory) -> None:
    text = 'label,log,cell_id,Grade \x1b[2J\nA1,"[{""kind"":""note"",""unix_s"":1,""text"":""\\u001b[2J""}]",,x\x1b[31m\n'
    (cell,) = inventory.import_csv(text)
    assert cell.log[0]["text"] == "?[2J" and cell.extra == {"Grade ?[2J": "x?[31m"}


def test_what_changed_since_the_dry_run_is_never_overwritten(inventory: Inventory) -> None:
    table = read_table("label,Ah\nA1,280\n")
    plan = plan_import(table, inventory.list(), existing="update")
    inventory.add(label="A1", capacity_ah=300.0)
    with pytest.raises(ListChanged, match="Nothing was saved"):
        apply_import(inventory, plan)
    assert [cell.capacity_ah for cell in inventory.list()] == [300.0]


def test_formulas_reach_no_spreadsheet_and_every_property_of_a_cell_is_exported(inventory: Inventory) -> None:
    inventory.add(label="A1", supplier="=HYPERLINK(1)", code=" 04qcb\x1d 7 ")
    header, row = csv.reader(io.StringIO(inventory.export_csv()))
    assert row[header.index("supplier")] == "'=HYPERLINK(1)"
    assert {*EDITABLE - {"extra"}, "log", "state", "cell_id"} == set(header)
    assert {item.name for item in fields(Cell)} - EDITABLE == {"id", "log"}
    again = plan_import(read_table(inventory.export_csv()), [])
    assert [replace(cell) for cell in inventory.list()] == [row.cell for row in again.rows]


def test_a_list_of_ten_thousand_cells_is_one_act(inventory: Inventory) -> None:
    text = "label,Ah,mOhm,Grade\n" + "".join(f"C{number},280,0.18,A\n" for number in range(2000))
    apply_import(inventory, plan_import(read_table(text), inventory.list()))
    changed = plan_import(read_table(text.replace(",280,", ",281,")), inventory.list(), existing="update")
    assert changed.count("update") == 2000
    assert {cell.capacity_ah for cell in apply_import(inventory, changed).cells} == {281.0}


def test_titles_above_the_header_are_passed_over():
    """Suppliers write what the sheet is above it, with or without the signs between columns."""
    above = "Lieferung Docan, März 2026\n;;Prüfer: Li;\n\n"
    text = above + "Zelle Nr.;QR;Spannung [V];Kap. gemessen\nB01;;3,2951;283,4 Ah\nB02;;3,2949;284100 mAh\nB03;;;\n"
    table = read_table(text)
    assert (table.header_line, table.delimiter, [row.line for row in table.rows]) == (4, ";", [5, 6, 7])
    assert [column.field for column in columns_of(table.header)] == ["label", "code", "received_voltage_v", "measured_ah"]


def test_a_list_of_labels_alone_has_its_header_in_the_first_row():
    assert read_table("label\nA1\nA2, dented\nA3\n").header == ("label",)
    assert read_table("label,note\nA1\nA2\n").header == ("label", "note")


def test_an_import_is_taken_back_as_one_act_with_the_values_that_stood_before(inventory: Inventory) -> None:
    inventory.add_many([{"label": "A1", "capacity_ah": 280, "supplier": "Docan"}])
    text = "label,capacity,supplier,Grade,measured capacity\nA1,281,Basen,A,283\nB1,282,Basen,B,284\n"
    taken = apply_import(inventory, plan_import(read_table(text), inventory.list(), existing="update"))
    inventory.edit(inventory.by_label("A1").id, supplier="Eel")  # by hand since: it stays
    inventory.undo(taken.added, taken.entries)
    (cell,) = inventory.list()
    assert (cell.label, cell.capacity_ah, cell.supplier, cell.extra, cell.known_capacity_ah) == ("A1", 280, "Eel", {}, 280)


def test_a_label_that_another_cell_has_by_now_is_not_put_back(inventory: Inventory) -> None:
    inventory.add(label="A1", code="04QCB76L03J410D5A0001201")
    cell = inventory.by_label("A1")
    after = inventory.edit(cell.id, label="A9", code="04QCB76L03J410D5A0001209", maker="EVE")
    inventory.add(label="a1", code="04QCB76L03J410D5A0001201")
    inventory.undo((), {cell.id: [after.log[-1]]})
    cell = inventory.get(cell.id)
    assert (cell.label, cell.code, cell.code_raw, cell.maker) == ("A9", "04QCB76L03J410D5A0001209", "04QCB76L03J410D5A0001209", "")
