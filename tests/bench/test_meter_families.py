"""A whole balance with each kind of bench meter at the posts, and what happens when somebody turns it to another function."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.roles import MeterReading
from tests.bench.test_faults import codes, settle
from tui.bench.messages import Inject, Mend
from tui.records.journal_reading import read

FAMILIES = ("owon-xdm", "scpi-dmm", "es51922")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_whole_balance_with_each_meter(drive, family):
    bench = drive(
        cells=2, capacity_ah=40.0, soc=0.97, change=lambda described: replace(described, meter=replace(described.meter, family=family))
    )
    assert bench.plan.meter == f"{family}:memory"
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 30)
    assert bench.bench.reading.cells_v.trust == "measured"
    assert bench.go_on().result == "balanced"
    assert bench.world.max_cell_voltage_v < 3.66
    found = [
        line for line in read(bench.bench.home.sessions_dir / f"{bench.bench.session.recorder.id}.jsonl") if line["kind"] == "instrument"
    ]
    assert [(line["role"], line["data"]["family"], line["data"]["point"]) for line in found] == [("meter", family, "bank")]
    assert found[0]["data"]["model"] and bool(found[0]["data"]["serial"]) == (family != "es51922")


@pytest.mark.parametrize("fault", ["meter-wrong-function", "meter-overload"])
@pytest.mark.parametrize("family", FAMILIES)
def test_f29_a_meter_that_shows_no_dc_volts_is_not_believed_and_its_last_value_does_not_stand(drive, family, fault):
    bench = drive(
        cells=2, capacity_ah=40.0, soc=0.97, change=lambda described: replace(described, meter=replace(described.meter, family=family))
    )
    bench.start()
    bench.go_to("to-knee")
    settle(bench, 30)
    assert bench.send(Inject(fault)).ok
    settle(bench, 30)
    reading = bench.bench.reading
    assert isinstance(reading.meter, MeterReading)
    assert reading.meter.channels_v == {"1": None} and not reading.meter_fresh
    assert reading.cells_v.trust != "measured"
    assert "meter-silent" in codes(bench)
    assert bench.send(Mend(fault)).ok
    settle(bench, 30)
    assert bench.bench.reading.cells_v.trust == "measured"
    assert "meter-silent" not in codes(bench)
