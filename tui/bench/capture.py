"""One key takes what the live meter shows, once it has settled: two readings in a row that agree, both made after the key was pressed.

A meter that is carried from cell to cell fills a question, or the table of cells, without a digit being typed. Outside a session the bench opens
the meter for it, and lets it go again when nobody measures any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drivers.address import AddressError
from drivers.roles import InstrumentError, Meter, MeterProfile, MeterReading
from tui.bench.actions import OPEN_LEAD_METER
from tui.bench.messages import Capture, Captured, Outcome
from tui.bench.ports import Port
from tui.domain.meter_place import meter_place

if TYPE_CHECKING:
    from tui.bench.bench import Bench

WITHIN_S = 8.0
"""Line seconds after which a meter that shows no two equal values is told to the operator."""
COUNTS, AT_LEAST_V = 3, 0.001
"""How near two readings are that agree: so many counts of the meter, and never nearer than the second."""
HELD_S = 180.0
"""Line seconds without a capture after which a meter that was opened for it alone is let go."""
PLACES = {"post_v": "posts", "trim_v": "supply", "cells_v": "posts", "supply_v": "supply", "received_voltage_v": "a cell"}
"""Where probes go for a value that no question of the bench asks."""
FINE_V = 0.0005
LIKELY_V = (2.0, 3.7)
UNFIT = {"overload": "an overload", "wrong_function": "no volts", "not_dc": "no DC volts"}
NO_METER = "No meter is on a line. Give its address in Setup, with point=walk for one that is carried about, or type the number."


class Capturer:
    """The bench's side of the key. `shown` is its last answer."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.shown: Captured | None = None
        self._port: Port[Meter] | None = None  # opened for this alone, outside a session
        self._profile: MeterProfile | None = None
        self._address = ""
        self._used_s = 0.0
        self._wanted: Capture | None = None
        self._since_s = self._began_s = 0.0
        self._before: MeterReading | None = None
        self._unfit = 0
        self._taken: dict[str, float] = {}  # by field: the value that was given for it

    @property
    def pending(self) -> bool:
        return self._wanted is not None

    # --- the key --------------------------------------------------------------------------------------------

    def begin(self, command: Capture) -> Outcome:
        """The key was pressed: what the meter shows from now on is meant for this field."""
        try:
            problem = self._open(command.meter)
        except (InstrumentError, AddressError) as refused:
            problem = str(refused)
        if problem:
            return Outcome(False, problem)
        port, profile = self._meter()
        assert port is not None and profile is not None
        place = self.place_of(command.field)
        if not self.reaches(place):
            return Outcome(False, self._elsewhere(profile))
        if command.field == "lead_end_v" and self.bench.session is not None and not self.bench.session.by_hand:
            return self._caught(command)
        if self.bench.hands is not None and profile.point == "walk" and place.startswith("cell:"):
            self.bench.hands.carry(place[5:])
        self._wanted, self._before, self._unfit = command, None, 0
        self._since_s, self._began_s = self.bench.now_s(), self.bench.line_now_s()
        self._used_s = self._began_s
        return Outcome(True)

    def _open(self, address: str) -> str:
        """Have a meter at hand: the session's, or outside a session the one at `address`. Why there is none, or ""."""
        bench = self.bench
        if bench.meter is not None:
            self.let_go()
            return ""
        running = bench.session is not None and bench.state != "ended"
        if running or bench.stranger is not None:
            return "This session has no meter on a line. Type the number (key r takes one at any time)." if running else NO_METER
        if not meter_place(address).point:
            return NO_METER
        if self._port is not None and self._address != address:
            self.let_go()
        if self._port is None:
            self._port, self._profile = bench.instruments.open_meter(address)
            self._address = address
        return ""

    def _meter(self) -> tuple[Port[Meter] | None, MeterProfile | None]:
        if self.bench.meter is not None:
            return self.bench.meter, self.bench.meter_profile
        return self._port, self._profile

    def place_of(self, field: str) -> str:
        """Where the probes must be for this field: as the open question says, else by its name."""
        runner = self.bench.session.runner if self.bench.session is not None else None
        probe = runner.probe_of(field) if runner is not None else ""
        return probe or (field if field.startswith("cell:") else PLACES.get(field, ""))

    def reaches(self, place: str) -> bool:
        """Whether the live meter can stand there: one that is carried about at every cell and post, any other where it is."""
        profile = self._meter()[1]
        if profile is None or not place:
            return False
        at_cell = place.startswith("cell:") or place == "a cell"
        if profile.point == "walk":
            if self.bench.hands is not None:
                return at_cell  # simulated hands carry it to cells only
            return at_cell or place.partition(":")[0] in ("posts", "lead-ends", "supply")
        if profile.point == "cell":
            return place == f"cell:{profile.cell}"
        return place == {"bank": "posts", "supply": "supply"}.get(profile.point) or (profile.point == "cells" and place.startswith("cell:"))

    def _caught(self, command: Capture) -> Outcome:
        """The open leads have volts for three seconds only: what the meter showed then was kept."""
        volts = self.bench.running.facts.get(OPEN_LEAD_METER)
        if volts is None:
            return Outcome(False, "The output is off again, and the meter was not seen during the test. Type what it showed.")
        self._taken[command.field] = round(volts, 4)
        self.shown = Captured(command.number, command.field, round(volts, 4), f"{volts:.4f}")
        return Outcome(True)

    def _elsewhere(self, profile: MeterProfile) -> str:
        where = {"bank": "at the bank's posts", "supply": "at the supply", "cells": "at the cells", "cell": f"on cell {profile.cell}"}
        if profile.point == "walk":
            return "No meter tells this. Type or choose it."
        return (
            f"The meter stands {where[profile.point]} (point={profile.point}). To carry it from cell to cell, give its address point=walk in "
            "Setup; or type the number."
        )

    # --- each tick ------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Take what the meter has shown since the last tick."""
        if self._port is not None and not self.pending and self.bench.line_now_s() - self._used_s > HELD_S:
            self.let_go()
        port = self._meter()[0]
        if self._wanted is None or port is None:
            self._wanted = None
            return
        if self._port is not None:
            self._port.poll()
        port.urgent(_nothing)  # a port that polls by itself looks again at once after a call
        reading: MeterReading | None = port.reading
        if reading is not None and not port.error and reading.time_s > self._since_s:
            self._judge(reading)
        if self._wanted is not None and self.bench.line_now_s() - self._began_s > WITHIN_S:
            self._answer(problem=self._why_not(port.error))

    def _judge(self, reading: MeterReading) -> None:
        """Two readings in a row that agree are the answer."""
        before = self._before
        if before is not None and reading.time_s <= before.time_s:
            return
        if reading.status in UNFIT:
            self._before, self._unfit = reading, self._unfit + 1
            if self._unfit > 1:
                self._answer(problem=f"The meter shows {UNFIT[reading.status]}. Set it to DC volts, and the range to more than 4 V.")
            return
        self._unfit = 0
        volts = self._volts(reading)
        if volts is None:
            return
        earlier = None if before is None else self._volts(before)
        self._before = reading
        if earlier is None or abs(volts - earlier) > max(COUNTS * (reading.resolution_v or 0.0), AT_LEAST_V) + 1e-9:
            return
        self._give(volts, reading.resolution_v)

    def _volts(self, reading: MeterReading) -> float | None:
        """What the probes that were asked for show. Of several channels nobody knows which one a hand holds."""
        assert self._wanted is not None
        profile, place = self._meter()[1], self.place_of(self._wanted.field)
        if reading.status != "ok":
            return None
        if profile is not None and profile.point == "cells":
            session = self.bench.session
            channel = self.bench.reading.per_cell_v.get(place[5:]) if session is not None else None
            return channel.value if channel is not None and channel.trust == "measured" else None
        values = list(reading.channels_v.values())
        return values[0] if len(values) == 1 or (values and profile is not None and profile.point in ("bank", "supply")) else None

    def _give(self, volts: float, resolution_v: float | None) -> None:
        wanted = self._wanted
        assert wanted is not None
        place = self.place_of(wanted.field)
        at_cell = place.startswith("cell:") or place == "a cell"
        if at_cell and not 0 <= volts <= 5:
            crossed = "the probes are crossed: red to +, black to −" if volts < 0 else "that is no single cell"
            self._answer(problem=f"The meter shows {volts:.3f} V: {crossed}. Nothing was taken.")
            return
        text = f"{volts:.{4 if resolution_v is not None and resolution_v <= FINE_V else 3}f}"
        doubt = "" if not at_cell or LIKELY_V[0] <= volts <= LIKELY_V[1] else f"{text} V is no usual voltage of a LiFePO4 cell at rest."
        self._taken[wanted.field] = float(text)
        self.shown, self._wanted = Captured(wanted.number, wanted.field, float(text), text, doubt=doubt), None

    def _why_not(self, error: str) -> str:
        if error:
            return f"The meter does not answer: {error}"
        if self._before is None:
            return "The meter has shown nothing new since the key. Is it on, does it send? Then press F9 again."
        return "The meter does not settle. Hold the probes still on the posts, then press F9 again."

    def _answer(self, *, problem: str) -> None:
        wanted = self._wanted
        assert wanted is not None
        self.shown, self._wanted = Captured(wanted.number, wanted.field, problem=problem), None

    # --- what follows ---------------------------------------------------------------------------------------

    def measured(self, values: dict[str, Any]) -> list[str]:
        """Those of the answered fields whose value came from the meter by key, for the record."""
        return [name for name, value in values.items() if self._taken.get(name) == value]

    def forget(self) -> None:
        """Another question: what was captured belonged to the one before."""
        self._taken.clear()

    def let_go(self) -> None:
        """Give back a meter that was opened for this alone."""
        if self._port is not None:
            port, self._port, self._profile, self._address = self._port, None, None, ""
            port.close()
            self.bench.instruments.give_back_meter(port)


def _nothing(_meter: Meter) -> None:
    """A call that only wakes the port."""
