"""Leads that lose more than they did earlier in this session: a contact wears, and gets hot (F-16, F-45)."""

from __future__ import annotations

from tui.bench.guard import Finding
from tui.bench.reading import Reading
from tui.domain.limits import Limits

MEASURED, TYPED = 5, 2
"""So many estimates in a row show it."""


class LeadWatch:
    """Against the least resistance of the session, whoever read the volts, and also over an output that was off meanwhile."""

    def __init__(self, limits: Limits, *, series: int) -> None:
        self.worse_v = 2 * limits.drop_shift_v * series
        self._seen = 0
        self._read_s = -1.0
        self._told = False

    def check(self, reading: Reading, *, told_otherwise: bool) -> list[Finding]:
        """The finding, once until the leads are good again. `told_otherwise`: the live meter's own watch has said so, or doubts that meter."""
        ohm, least_ohm, amps = reading.lead_resistance_ohm, reading.least_lead_ohm, reading.amperes
        if ohm is None or least_ohm is None or amps is None or reading.lead_trust not in ("measured", "typed") or told_otherwise:
            self._seen = 0 if told_otherwise else self._seen
            return []
        if reading.lead_read_s is None or reading.lead_read_s <= self._read_s:
            return []
        self._read_s = reading.lead_read_s
        more_v = (ohm - least_ohm) * amps
        if more_v <= self.worse_v:
            self._seen, self._told = 0, self._told and more_v > self.worse_v / 2
            return []
        self._seen += 1
        if self._told or self._seen < (TYPED if reading.lead_trust == "typed" else MEASURED):
            return []
        self._told = True
        text = (
            f"The leads and their contacts have {1000 * ohm:.0f} mΩ now and had {1000 * least_ohm:.0f} mΩ: at {amps:.1f} A they lose "
            f"{1000 * more_v:.0f} mV more, {more_v * amps:.1f} W of heat in one place. Feel rings, clips and plugs; with the output off tighten "
            "what is warm."
        )
        return [Finding("warn", "leads-worn", "the leads lose more than before", text)]
