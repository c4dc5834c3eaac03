"""The report of a session: it tells what the record shows, and nothing that somebody typed becomes markup, a link or a picture's code."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.domain_plans import plan
from tests.made_session import START_S, Made
from tui.domain.plan import PlanCell
from tui.records.places import Home
from tui.records.report import ReportRefused, report_text, write_report
from tui.records.report.facts import Report, report_of
from tui.records.report.markdown import escaped
from tui.records.report.plot import Row, picture

EVIL = '</style><script>alert(1)</script><img src="http://evil.example/x">&\x1b]0;owned\x07\u202e'
END = {
    "title": "Balance",
    "reason": "end rule: every clause held",
    "by_rule": True,
    "tail_current_a": 0.05,
    "charge_ah": 8.0,
    "duration_s": 900.0,
}


def topped(made: Made, seconds: int = 700, **last: object) -> None:
    """A hold at the target as an end rule wants it; `last` changes its last reading."""
    top = {"cells_v": 3.6485, "current_a": 0.05, "mode": "CV", "set_current_a": 10.0}
    for number in range(seconds):
        made.reading(**{**top, **(last if number == seconds - 5 else {})})
    made.line("part_end", data={**END, "cells": [cell.label for cell in made.plan.cells]})


def read(made: Made) -> Report:
    return report_of(made.store, made.store.get(made.session.id))


class Page(HTMLParser):
    """What a browser would see: tags, their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_end_rule_is_proved_from_the_readings(place: Home) -> None:
    made = Made(place)
    topped(made)
    made.end()
    report = read(made)
    (proof,) = report.proofs
    assert proof.proved and proof.readings == 601
    assert report.good and report.verdict[0].startswith("Balanced: the recorded readings show every clause")


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        ({"cells_v": 3.63}, "cells ≥ 3.640 V"),
        ({"cells_trust": "derived"}, "cells ≥ 3.640 V"),
        ({"current_a": 0.2}, "current ≤ 0.10 A"),
        ({"current_a": None}, "current ≤ 0.10 A"),
        ({"mode": "CC"}, "the supply holds constant voltage"),
        ({"output": False}, "output on"),
        ({"per_cell_v": {"A1": 3.65, "A2": 3.63}}, "cells within 10 mV"),
    ],
)
def test_a_single_reading_that_does_not_fit_is_found_whatever_the_bench_said(place: Home, change: dict[str, object], clause: str) -> None:
    made = Made(place)
    topped(made, **change)
    made.end()
    report = read(made)
    (proof,) = report.proofs
    assert not proof.proved
    failed = [one.text for one in proof.clauses if not one.met]
    assert any(text.startswith(clause) for text in failed), failed
    assert report.verdict[0].startswith("Called balanced, but")
    assert "NO</span>" in report_text(made.store, made.session) and "**NOT met**" in report_text(made.store, made.session, "markdown")


def test_a_hold_that_was_too_short_is_not_proved(place: Home) -> None:
    made = Made(place)
    topped(made, seconds=300)
    made.end()
    (proof,) = read(made).proofs
    assert [one.text for one in proof.clauses if not one.met] == ["all of it for 10 min"]


def test_a_current_that_was_cut_did_not_taper(place: Home) -> None:
    made = Made(place, plan(4, end_current_a=0.5))
    top = {"cells_v": 3.6485, "mode": "CV"}
    for number in range(700):
        made.reading(**top, current_a=0.4 if number < 400 else 0.05)
    made.line("part_end", data={**END, "cells": []})
    made.end()
    (proof,) = read(made).proofs
    assert [one.text for one in proof.clauses if not one.met] == ["the current tapered smoothly"]


def test_a_leakage_floor_is_proved_by_an_hour_of_a_steady_current(place: Home) -> None:
    made = Made(place)
    for _ in range(1900):
        made.reading(after_s=2.0, cells_v=3.648, current_a=0.21, mode="CV")
    made.line("part_end", data={**END, "reason": "leakage floor: the current no longer falls", "cells": []})
    made.end()
    (proof,) = read(made).proofs
    assert proof.proved and any("steady current" in one.text for one in proof.clauses)


def test_the_target_is_named_below_the_picture_where_no_mark_lies_on_its_name(place: Home) -> None:
    made = Made(place)
    made.line("warn", text="the first")
    topped(made)
    text = report_text(made.store, made.store.get(made.session.id))
    assert "dashed: the target, 3.650 V a cell" in text
    assert not any("target" in svg for svg in re.findall("<svg.*?</svg>", text, re.DOTALL))


def told(made: Made) -> dict[str, str]:
    return dict(read(made).instruments)


def test_the_report_names_each_instrument_with_what_it_tells_of_itself(place: Home) -> None:
    made = Made(place, plan(2, meter="scpi-dmm:/dev/ttyUSB1"), meter="scpi-dmm:/dev/ttyUSB1", bms="jbd:/dev/ttyUSB2")
    meter = {"family": "scpi-dmm", "model": "SDM3055", "serial": "SDM3X1", "firmware": "1.01", "address": "scpi-dmm:/dev/ttyUSB1"}
    assert told(made)["Meter"] == "scpi-dmm, model and serial number not recorded"
    made.line("instrument", role="meter", data={**meter, "point": "bank"})
    made.line("instrument", role="bms", data={"family": "jbd", "model": "JBD-SP04S", "serial": "", "firmware": "2.1", "address": "jbd:x"})
    found = told(made)
    assert found["Supply"] == "RD6012, serial 77, firmware 1.4"
    assert found["Meter"] == "SDM3055, serial SDM3X1, firmware 1.01 (scpi-dmm, at the posts)"
    assert found["BMS"] == "JBD-SP04S, firmware 2.1, it tells no serial number (jbd)"
    made.line("instrument", role="meter", data={**meter, "serial": "SDM3X2"})
    found = told(made)
    assert "SDM3X2" in found["Meter"] and "SDM3X1" in found["Before"]
    assert "/dev/" not in report_text(made.store, made.store.get(made.session.id), "markdown")


def test_the_leads_are_told_as_they_were_measured_and_as_they_were_given(place: Home) -> None:
    made = Made(place, plan(2, lead_resistance_ohm=0.025))
    assert told(made)["Leads"] == "25.0 mΩ as given in Setup; not measured in this session"
    for _ in range(100):
        made.reading(cells_v=3.4, supply_v=3.6, current_a=10.0)
    made.reading(cells_v=3.4, supply_v=9.9, current_a=0.5)
    assert told(made)["Leads"] == "20.0 mΩ with contacts, measured under current (median of 5 readings); 25.0 mΩ as given in Setup"


@pytest.mark.parametrize(
    "change", [{"cells_trust": "typed"}, {"supply_trust": "echo"}, {"current_a": 0.5}, {"output": False}, {"current_trust": "typed"}]
)
def test_leads_of_which_nothing_is_known_are_not_told_as_measured(place: Home, change: dict[str, object]) -> None:
    made = Made(place, plan(4, lead_resistance_ohm=None))
    for _ in range(60):
        made.reading(**change)
    assert told(made)["Leads"] == "resistance not measured, and not given"


def test_each_deviation_is_told_once_with_its_reason(place: Home) -> None:
    made = Made(place, plan(4, limits=(("warn_over_target_v", 0.005),)))
    made.line("step_enter", step_id="lead-volts", text="Open leads show 3.65 V")
    made.line("gate_refuse", text="3.60 V is not 3.65 V")
    made.line("override", text="the second meter agrees")
    for _ in range(3):
        made.line("warn", text="leads: drop 120 mV", after_s=10)
    made.line("limit_changed", text="near the knee every 20 min")
    made.line("hold", text="a lead fell off: no current")
    made.line("ack", text="hold cleared: clipped on again")
    made.line("ack", text="seen: leads")
    made.line("gap", seconds=90.0, text="the current was not known")
    made.line("answer", text="doubted: a jump", data={"cells_v": 3.9})
    made.line("correction", data={"cell:A1": 3.41}, corrects={"value": 3.14, "test_time_s": 1.0})
    made.line("note", text="smelled nothing")
    made.reading()
    made.end("stopped")
    told = {(one.word, one.times): one.text for one in read(made).deviations}
    assert told["OVERRIDE", 1] == "Open leads show 3.65 V: the second meter agrees"
    assert told["WARN", 3] == "leads: drop 120 mV"
    assert told["cleared", 1] == "clipped on again" and told["changed", 1].startswith("near the knee")
    assert told["tightened", 1].startswith("warn_over_target_v to 0.005")
    assert told["gap", 1].endswith("the current was not known") and "90 s" in told["gap", 1]
    assert told["corrected", 1] == "A1 3.41 V instead of 3.14" and told["note", 1] == "smelled nothing"
    assert ("HOLD", 1) in told and ("refused", 1) in told and ("asked again", 1) in told
    assert not any("seen: leads" in text for text in told.values())
    page = Page(report_text(made.store, made.session)).text
    places = [page.index(word) for word in ("Overrides", "Limits", "Alarms", "Interruptions", "Corrections and refusals", "Notes")]
    assert places == sorted(places), "what a person decided against the program's word comes first"


def test_a_quiet_session_says_that_there_was_nothing(place: Home) -> None:
    made = Made(place)
    topped(made)
    made.end()
    assert "None: no override" in report_text(made.store, made.session)
    assert "None: no override" in report_text(made.store, made.session, "markdown")


def test_nothing_typed_becomes_markup_script_or_a_request(place: Home) -> None:
    whole = plan(1)
    made = Made(place, replace(whole, bank=EVIL, cells=(PlanCell(EVIL, 280.0),)), program=EVIL)
    made.line("step_enter", step_id="x", text=EVIL)
    for number in range(5):
        made.reading(cells_v=3.4 + number / 1000)
    for kind in ("warn", "override", "note", "gap"):
        made.line(kind, text=EVIL, seconds=2.0)
    made.line("answer", data={f"cell:{EVIL}": 3.402})
    made.line("part_end", data={**END, "title": EVIL, "reason": EVIL, "cells": [EVIL]})
    made.reading()
    made.end(end_reason=EVIL)
    text = report_text(made.store, made.session)
    page = Page(text)
    assert not {"script", "img", "iframe", "link", "object", "a"} & {tag for tag, _ in page.tags}
    assert [tag for tag, _ in page.tags].count("style") == 1
    for _, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on") or name in ("href", "src", "xlink:href")}
        assert all("evil" not in (value or "") for value in attributes.values())
    assert "<script>alert(1)</script>" in page.text, "it is still there to be read"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    post = report_text(made.store, made.session, "markdown")
    assert "<script>" not in post.replace("\\<", "") and "http://" not in post
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", post)


def test_the_page_needs_nothing_from_elsewhere_and_its_pictures_are_good_xml(place: Home) -> None:
    made = Made(place)
    made.line("step_enter", step_id="charge", text="Switch on & wait")
    for number in range(4000):
        made.reading(cells_v=3.3 + number / 20_000, current_a=10.0)
    topped(made)
    made.end()
    text = report_text(made.store, made.session)
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(pictures) == 2
    for svg in pictures:
        root = ElementTree.fromstring(svg)
        assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) >= 2
    addresses = set(re.findall(r"(?:https?:)?//[\w.]+", text)) - {"http://www.w3.org"}
    assert not addresses and "default-src 'none'" in text and "@page" in text


def test_what_changed_in_the_journal_shows_in_the_report(place: Home) -> None:
    made = Made(place)
    topped(made)
    made.end()
    data = made.path.read_bytes()
    made.path.write_bytes(data.replace(b'"current_a":0.05', b'"current_a":0.04', 1))
    text = report_text(made.store, made.session)
    assert "THE RECORD DOES NOT HOLD" in text and "chain breaks at line 2" in text
    assert "DOES NOT HOLD" in report_text(made.store, made.session, "markdown")


def test_a_torn_session_without_an_end_is_told_as_far_as_it_goes(place: Home) -> None:
    made = Made(place, plan(4, lead_resistance_ohm=None))
    for _ in range(60):
        made.reading()
    made.journal.close()
    with made.path.open("ab") as file:
        file.write(b'{"seq":62,"kind":"reading","test')
    text = report_text(made.store, made.session)
    assert "UNFINISHED" in text and "This session has no end" in text and "No charge of this session came to an end" in text
    assert "last line is torn, which is no fault" in text


def test_a_session_without_its_journal_says_that_nothing_proves_it(place: Home) -> None:
    made = Made(place)
    session = made.end()
    made.path.unlink()
    for form in ("html", "markdown"):
        assert "journal of this session is not there" in report_text(made.store, session, form)  # type: ignore[arg-type]


def test_the_verdict_of_each_cell_follows_its_rests(place: Home) -> None:
    made = Made(place)
    topped(made)
    made.end(end_v={cell.label: 3.649 for cell in made.plan.cells})
    for hours, fallen in ((24.0, 3.39), (168.0, 3.35)):
        volts = {"A1": 3.39, "A2": fallen, "A3": 3.39, "A4": 3.39}
        made.store.add_rest(made.session.id, volts, START_S + hours * 3600, hours=hours)
    report = read(made)
    words = {cell.label: cell.word for cell in report.cells}
    assert words == {"A1": "balanced", "A2": "SUSPECT", "A3": "balanced", "A4": "balanced"}
    assert any(sentence.startswith("A2 fell 40 mV") for sentence in report.verdict)
    assert report.spreads_v[-1] == pytest.approx(0.04)
    post = report_text(made.store, made.store.get(made.session.id), "markdown")
    assert "| A2 | 3.300 | 3.649 | 3.390 | 3.350 | SUSPECT |" in post


@given(st.text())
def test_escaped_text_holds_no_table_edge_no_link_and_no_steering(text: str) -> None:
    made = escaped(text)
    assert made.isprintable()
    for sign in "|<>[]`*_#@":
        assert all(made[at - 1 : at] == "\\" for at, found in enumerate(made) if found == sign)


def test_numbers_at_the_begin_of_a_line_stay_numbers() -> None:
    assert escaped("3.650 V a cell") == "3.650 V a cell"
    assert escaped("1. first") == "1\\. first"
    assert escaped("- 3 V") == "\\- 3 V"


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.none() | st.floats(-10, 100), st.none() | st.floats(-1e3, 1e3, allow_subnormal=False)),
        max_size=60,
    )
)
def test_any_series_gives_a_good_picture_or_none(rows: list[tuple[float, float | None, float | None]]) -> None:
    series = [Row(time_s, volts, volts, amps) for time_s, volts, amps in sorted(rows, key=lambda row: row[0])]
    made = picture(series, [], title="x", target_v=3.65)
    if made is not None:
        root = ElementTree.fromstring(made.svg)
        assert "nan" not in made.svg and len(list(root.iter())) > 5


def test_a_report_that_cannot_be_written_says_where_and_leaves_the_earlier_one(place: Home, tmp_path: Path) -> None:
    made = Made(place)
    session = made.end()
    path = write_report(made.store, session, tmp_path / "new" / "r.html")
    assert path.read_text().startswith("<!DOCTYPE html>") and path.stat().st_mode & 0o077 == 0
    with pytest.raises(ReportRefused, match="could not be written"):
        write_report(made.store, session, path / "below.html")
    assert [item.name for item in path.parent.iterdir()] == ["r.html"]
