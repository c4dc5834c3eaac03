"""A BMS on its line as Setup asks for it and as Live shows it."""

from __future__ import annotations

from dataclasses import replace

from fake_link import SERIES

from tui.bench.messages import Snapshot, unheard
from tui.domain.plan import Plan
from tui.panes import draft as drafts
from tui.panes.gauges import fact_rows
from tui.panes.plan_view import instrument_lines
from tui.panes.setup_fields import matters, spec_of

ANSWERS = {spec.name: spec.default for spec in drafts.FIELDS}
SEEN = replace(SERIES, bms="JBD-SP04S · jbd:/dev/ttyUSB1", bms_state="charge on, limit 3.650 V")


def plan_of(**answers: str) -> Plan:
    made = drafts.read_draft({**ANSWERS, **answers})
    assert made.plan is not None, made.messages
    return made.plan


def test_setup_asks_for_a_bms_only_where_cells_go_in_series() -> None:
    spec = spec_of("bms")
    asked = [name for name in ("parallel", "precharge", "precharge+parallel", "single-cell", "own:mine") if matters(spec, name)]
    assert asked == ["precharge", "precharge+parallel", "own:mine"]


def test_its_address_is_taken_as_the_meters_is_and_given_back() -> None:
    assert plan_of(procedure="precharge").bms == ""
    assert plan_of(procedure="precharge", bms="None").bms == ""
    made = plan_of(procedure="precharge", bms=" jbd:/dev/ttyUSB1 ")
    assert made.bms == "jbd:/dev/ttyUSB1"
    assert drafts.answers_of(made.to_json())["bms"] == "jbd:/dev/ttyUSB1"
    assert drafts.answers_of(plan_of().to_json())["bms"] == "none"
    assert plan_of(procedure="parallel", bms="jbd:/dev/ttyUSB1").bms == "", "nobody sees the field there"


def rows(snapshot: Snapshot) -> list[str]:
    return [row.plain for row in fact_rows(snapshot)]


def test_live_has_a_line_for_it_only_where_there_is_one() -> None:
    shown = next(row for row in rows(SEEN) if "BMS" in row)
    assert shown.split(None, 1) == ["BMS", "charge on, limit 3.650 V"] and len(shown) <= 43
    assert not any("BMS" in row for row in rows(SERIES))
    silent = unheard(SEEN, 5.0)
    assert next(row for row in rows(silent) if "BMS" in row).split(None, 1)[1] == "not heard"


def test_the_running_plan_names_it_among_its_instruments() -> None:
    plan = plan_of(procedure="precharge", bms="jbd:/dev/ttyUSB1")
    assert any("JBD-SP04S" in line.plain for line in instrument_lines(plan, SEEN))
    assert any("jbd:/dev/ttyUSB1" in line.plain for line in instrument_lines(plan, SERIES))
    assert not any("BMS" in line.plain for line in instrument_lines(plan_of(), SERIES))
