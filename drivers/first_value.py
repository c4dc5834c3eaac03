"""A meter's first value: many give none before several good messages have come."""

from __future__ import annotations

import time

from drivers.roles import Meter, MeterReading

FIRST_VALUE_S = 6.0
"""Wall seconds that are waited for it."""
LOOK_EVERY_S = 0.1
TELLING = ("ok", "overload", "wrong_function", "not_dc")
"""What a meter shows; every other status says that it shows nothing yet."""


def first_value(meter: Meter) -> MeterReading:
    """Read until the meter shows something, or for FIRST_VALUE_S; the last reading. Raises InstrumentError."""
    end_s = time.monotonic() + FIRST_VALUE_S
    reading = meter.read()
    while reading.status not in TELLING and time.monotonic() < end_s:
        time.sleep(LOOK_EVERY_S)
        reading = meter.read()
    return reading
