"""What the BMS of a string tells while current flows: a full cell that it cut off, an opening for another reason, a switch that stops nothing,
and its own silence. (Tutorial section 3; BMS rules: what a charge cut looks like from outside, when its values are stale.)

It is judged by two good sets of cells in a row. Nothing here clears what another instrument raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from drivers.roles import BmsReading
from tui.bench.guard import Finding
from tui.bench.reading import Reading
from tui.domain import gates_bms
from tui.domain.limits import Limits
from tui.domain.procedure import Value

if TYPE_CHECKING:
    from tui.bench.bench import Bench
    from tui.bench.session import Session

CUT, SILENT, FLOWS = "bms-cut", "bms-silent", "bms-flows"
FRAMES = 2
FLOWS_FRAMES = 4
"""Supply and BMS do not answer at the same moment: that one's amperes may be older than the other's switch."""

Verdict = Literal["", "cut", "other", "flows"]


class BmsWatch:
    """One part of a session. `full`: it has read a cell at the target in two sets; `clear`: it is known whether it opened, and why."""

    def __init__(self, limits: Limits, *, target_v: float, by_hand: bool) -> None:
        self.limits, self.by_hand = limits, by_hand
        self._full_v = target_v - limits.target_reached_v - 1e-9
        self._on = False  # the output was told on
        self._from_s = self._frame_s = -1.0
        self._verdict: Verdict = ""
        self._frames = self._full_frames = 0
        self._depends = False  # it was heard since the output went on, and the charge counts on it
        self._silent_s: float | None = None
        self._last_v: float | None = None
        # of `bms_answers`: when, and in which step, its settings were read anew; and what it has answered last
        self.asked_s, self.asked_in = -1e9, ""
        self.answered: tuple[Mapping[str, Value], Mapping[str, float]] = {}, {}

    @property
    def suspicious(self) -> bool:
        """Read again at once. Of one that stays silent nothing more is to be seen."""
        return self._on and ((self._depends and self._silent_s is not None) or (bool(self._verdict) and self._frames < FLOWS_FRAMES))

    @property
    def full(self) -> bool:
        return self._full_frames >= FRAMES

    @property
    def clear(self) -> bool:
        return self._frames >= FRAMES and self._verdict in ("", "cut")

    def check(self, bench: Bench, session: Session, reading: Reading) -> list[Finding]:
        """What is to be said of it in this tick; nothing of a bank in parallel, or of a BMS without a line."""
        if bench.bms is None or session.series == 1 or session.result:
            return []
        told = bench.output.commanded
        if told.output_on and not self._on:
            self._from_s, self._verdict, self._frames, self._full_frames, self._depends = told.since_s, "", 0, 0, False
        elif self._on and not told.output_on and not self._verdict:
            self._frames = 0  # what it said before the current stopped does not tell why it stopped
        self._on = told.output_on
        bms = reading.bms
        if bms is not None and reading.bms_fresh and bms.time_s > max(self._frame_s, self._from_s):
            self._frame_s = bms.time_s
            self._look(reading, bms)
        found = self._silence(bench, session, reading)
        if bms is None or session.charging_since_s is None or session.end_reason or session.facts.get("cell_at_target"):
            return found
        judged = bench.state in ("preparing", "charging", "resting") and (self._on or session.facts.get("circuit_opened"))
        return found + self._opening(session, bms) if judged else found

    def _look(self, reading: Reading, bms: BmsReading) -> None:
        """Take one set of cells in."""
        verdict = self._judge(reading, bms)
        self._frames = self._frames + 1 if verdict == self._verdict else 1
        self._verdict = verdict
        at_target = self._on and reading.bms_high_v is not None and reading.bms_high_v >= self._full_v
        self._full_frames = self._full_frames + 1 if at_target else 0

    def _judge(self, reading: Reading, bms: BmsReading) -> Verdict:
        if bms.charge_fet_on is not False:
            return ""
        amps = self._amps(reading, bms)
        if self._on and amps is not None and amps > self.limits.off_current_a:
            return "flows"
        return "cut" if bms.charge_cut_by_cell_overvoltage else "other"

    def _amps(self, reading: Reading, bms: BmsReading) -> float | None:
        """Through the supply; where its panel is read by hand, what the BMS itself measures."""
        return bms.current_a if self.by_hand or reading.amperes is None else reading.amperes

    def _opening(self, session: Session, bms: BmsReading) -> list[Finding]:
        off = "Switch the output off now." if self.by_hand else "The output goes off."
        why = gates_bms.protection_words(bms.protection)
        if self._verdict == "cut" and self._frames >= FRAMES:
            text = "Its over-voltage protection of a cell opened its charge switch: one cell is full, the expected end of the pre-charge."
            beside = [name for name in bms.protection or () if name not in ("cell_overvoltage", "pack_overvoltage")]
            text += f" It tells of {gates_bms.protection_words(beside)}, too: look at that before the next charge." if beside else ""
            if not session.facts.get("circuit_opened"):
                return [Finding("warn", CUT, "the BMS ended the charge", text)]
            if not session.facts.get("bms_cut"):
                session.facts["bms_cut"] = 1.0
                return [Finding("warn", "F-28", "the BMS ended the charge", text)]
        if self._verdict == "other" and self._frames >= FRAMES and not session.facts.get("bms_cut"):
            text = f"Its charge switch is open, and not for a full cell: {why}. {off} Find the cause before more charge goes in."
            return [Finding("hold", "F-28", "the BMS opened for another reason", text)]
        if self._verdict == "flows" and self._frames >= FLOWS_FRAMES:
            text = (
                f"It says that its charge switch is open ({why}), and current flows all the same: it could stop nothing. Does the black lead go to "
                f"P−, and not past the BMS to a cell? {off}"
            )
            return [Finding("hold", FLOWS, "the BMS does not stop the current", text)]
        return []

    def _silence(self, bench: Bench, session: Session, reading: Reading) -> list[Finding]:
        """F-29 for the BMS: a charge that counts on it does not go on without it for long. Who types the highest cell has taken over."""
        assert bench.bms is not None
        if reading.bms_whole:
            alarm = bench.safety.alarms.get(SILENT)
            if alarm is not None and alarm.level == "warn":
                del bench.safety.alarms[SILENT]
            if self._silent_s is not None:
                bench.log("link_back", durable=True, text="the BMS answers again")
            self._silent_s, self._last_v = None, reading.bms_high_v
            self._depends = self._depends or (self._on and self._frame_s > self._from_s)
            return []
        if not self._on or session.charging_since_s is None:
            self._silent_s = None
            return []
        error = bench.bms.error or ("One of its cells reads what no cell can have." if reading.bms_fresh else "It tells no cells.")
        if self._silent_s is None:
            self._silent_s = reading.time_s
            bench.log("link_lost", durable=True, text=f"BMS: {error}")
        typed = session.composer.typed.get("cells_v")
        if typed is not None and typed.time_s >= self._silent_s:
            self._depends = False
        if not self._depends or reading.cells_v.trust == "measured":
            more = "" if reading.cells_v.trust == "measured" else " The highest cell is asked of you."
            return [Finding("warn", SILENT, "the BMS does not answer", f"{error}{more}")]
        gone_s, limits = reading.time_s - self._silent_s, self.limits
        if self._last_v is None or self._last_v >= limits.link_call_v or gone_s > limits.link_retry_s:
            text = f"{error} Nobody sees the single cells now. The output goes off; nothing is lost. Look at its cable, then go on."
            return [Finding("hold", SILENT, "the BMS does not answer", text)]
        text = f"{error} Trying again; the cells are on the plateau. Type the highest cell (r), or the output goes off within a minute."
        return [Finding("warn", SILENT, "the BMS does not answer", text)]
