"""One Reading a tick: what every instrument says now, how far it can be trusted, and which volts count as the cells'.

Order for the volts at the cells: measured → typed → derived (supply volts less the lead drop) → supply volts as an upper bound. Of cells in
series the volts at the cells are those of the highest one; what posts or supply show, divided by their number, is only the mean of the string.
A BMS counts as measuring in a string only, behind a meter at each cell: what it reads ends no charge of a parallel bank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from drivers.roles import BmsReading, MeterProfile, MeterReading, SupplyProfile, SupplyReading
from tui.bench import bms_taps
from tui.bench.lead_measure import LeadMeasure
from tui.bench.messages import Channel, Trust

PLAUSIBLE_CELL_V = (0.0, 5.0)
"""A LiFePO4 cell outside this window is a fault of the measurement, not of the cell (fault list, rules against false alarms)."""

SURFACE_FRESH_S = 1800.0
"""A cell of some kilograms changes by a fraction of a kelvin in this time at bench currents (cell model, heat)."""

OF_ONE_WALK_S = 300.0
"""Volts typed one cell after the other belong together when they were typed within this time."""

UNKNOWN = Channel()


def aged(channel: Channel, seconds: float) -> Channel:
    """What was known so long ago, when nobody reads it any more."""
    if channel.value is None:
        return channel
    return Channel(channel.value, "stale", (channel.age_s or 0.0) + seconds)


@dataclass(slots=True)
class Typed:
    """A value that the operator read and typed, in V, A or °C."""

    value: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known at `time_s` (bench clock). `cells_v` is per cell, in a string the highest cell; `supply_v` and `posts_v` are the whole's."""

    time_s: float
    supply: SupplyReading | None = None
    supply_fresh: bool = False
    meter: MeterReading | None = None
    meter_fresh: bool = False
    bms: BmsReading | None = None
    bms_fresh: bool = False
    bms_whole: bool = False  # of the string on the leads it sees each cell now
    bms_high_v: float | None = None  # the highest of those that it sees now
    output_on: bool | None = None
    set_voltage_v: float | None = None
    set_current_a: float | None = None
    mode: str = ""
    supply_v: Channel = field(default_factory=Channel)
    current_a: Channel = field(default_factory=Channel)
    cells_v: Channel = field(default_factory=Channel)
    upper_bound: bool = False  # cells_v is only "not more than the supply shows"
    posts_v: Channel = field(default_factory=Channel)  # at the bank's posts
    terminals_v: Channel = field(default_factory=Channel)  # at the supply's terminals, by a meter that stands there
    walk_v: Channel = field(default_factory=Channel)  # of a meter that is carried about: nobody but the operator knows where it is
    mean_v: float | None = None  # of a string: its volts divided by its cells, while that is fresh
    alarm_v: float | None = None  # highest plausible volts of all sources at the cells
    per_cell_v: Mapping[str, Channel] = field(default_factory=dict)
    surface_c: float | None = None  # hottest fresh temperature of a cell: typed, or the supply's probe
    lead_drop_v: float | None = None
    lead_resistance_ohm: float | None = None
    lead_trust: Trust = "unknown"  # of that resistance
    lead_read_s: float | None = None  # when its volts were read
    least_lead_ohm: float | None = None  # the smallest of this session

    @property
    def cells_trusted(self) -> bool:
        """Fresh and measured or typed: what an end rule accepts."""
        volts = self.cells_v.value
        return volts is not None and self.cells_v.trust in ("measured", "typed") and PLAUSIBLE_CELL_V[0] <= volts <= PLAUSIBLE_CELL_V[1]

    @property
    def amperes(self) -> float | None:
        """The current if it is fresh, else None."""
        return self.current_a.value if self.current_a.trust in ("measured", "typed") else None

    @property
    def spread_v(self) -> float | None:
        """Highest less lowest of the fresh per-cell volts that were read together, None unless at least two cells are seen."""
        if not self.per_cell_v:
            return None
        fresh = [(c.value, c.age_s or 0.0) for c in self.per_cell_v.values() if c.value is not None and c.trust in ("measured", "typed")]
        newest_s = min((age_s for _, age_s in fresh), default=0.0)
        volts = [value for value, age_s in fresh if age_s - newest_s <= OF_ONE_WALK_S]
        return max(volts) - min(volts) if len(volts) > 1 else None


class Composer:
    """Joins the instruments' and the operator's readings into one Reading; remembers typed values and the lead resistance of the session."""

    def __init__(self, cell_labels: tuple[str, ...]) -> None:
        self._labels = cell_labels
        self._series = 1
        self._watched = frozenset(cell_labels)
        self._points = [(label, f"cell:{label}") for label in cell_labels]
        self.typed: dict[str, Typed] = {}
        self.typed_fresh_s = 1800.0  # set by the bench from the present phase
        self.leads = LeadMeasure()
        self.echoes = False
        self._on_since_s: float | None = None  # since when the output is seen on

    def learn_echo(self) -> None:
        """The supply was found to repeat its set-point: what it seemed to tell of the leads is worth nothing."""
        self.echoes = True
        self.leads.forget()

    @property
    def smallest_lead_ohm(self) -> float | None:
        return self.leads.smallest_ohm

    def type(self, point: str, value: float, time_s: float) -> None:
        self.typed[point] = Typed(value, time_s)

    def watch(self, labels: tuple[str, ...], series: int) -> None:
        """These cells are the bank now, `series` of them (or groups of them) one after the other."""
        self._points = [(label, f"cell:{label}") for label in labels]
        self._watched = frozenset(labels)
        self._series = series

    def new_bank(self) -> None:
        """Other cells, or the same joined otherwise: what was typed of the earlier bank and its leads says nothing of this one."""
        self.typed = {point: typed for point, typed in self.typed.items() if point == "surface_c"}
        self.leads.forget()

    def forget_current(self) -> None:
        """After a switch of the output, typed amperes and supply volts tell of another state."""
        for point in ("current_a", "supply_v"):
            self.typed.pop(point, None)

    def highest_typed_v(self, now_s: float) -> float | None:
        """The highest cell as somebody read it lately; None where nobody did."""
        typed = self._typed_channel("cells_v", now_s)
        return typed.value if typed.trust == "typed" else None

    def _typed_channel(self, point: str, now_s: float) -> Channel:
        typed = self.typed.get(point)
        if typed is None:
            return UNKNOWN
        age = now_s - typed.time_s
        return Channel(typed.value, "typed" if age <= self.typed_fresh_s else "stale", age)

    def compose(
        self,
        now_s: float,
        profile: SupplyProfile | None,
        supply: SupplyReading | None,
        supply_fresh: bool,
        meter_profile: MeterProfile | None,
        meter: MeterReading | None,
        meter_fresh: bool,
        bms: BmsReading | None = None,
        bms_fresh: bool = False,
    ) -> Reading:
        """The Reading of this tick. `*_fresh` tells whether the last answer is young enough to be believed."""
        by_hand = profile is not None and not profile.has_interface
        output_on = supply.output_on if supply else None
        if by_hand:
            supply_v, current = self._typed_channel("supply_v", now_s), self._typed_channel("current_a", now_s)
        else:
            trust: Trust = "stale" if not supply_fresh else "measured"
            age = now_s - supply.time_s if supply else None
            supply_v = Channel(supply.voltage_v, trust, age) if supply and supply.voltage_v is not None else UNKNOWN
            current = Channel(supply.current_a, trust, age) if supply and supply.current_a is not None else UNKNOWN
            if supply_v.trust == "measured" and supply is not None and (self.echoes or (profile is not None and profile.echoes_set_point)):
                near = supply.set_voltage_v is not None and supply_v.value is not None and abs(supply_v.value - supply.set_voltage_v) < 0.2
                supply_v = Channel(supply_v.value, "echo", age) if near else supply_v
        series = self._series
        per_cell = self._per_cell(now_s, meter_profile, meter, meter_fresh)
        single = _single(now_s, meter_profile, meter, meter_fresh)
        posts, terminals, walk = (single.get(point, UNKNOWN) for point in ("bank", "supply", "walk"))
        measured = self._meter_at_cells(meter_profile, posts, per_cell)
        taps = bms_taps.taps(tuple(label for label, _ in self._points), series, bms, bms_fresh, now_s)
        each = (*per_cell.values(), *taps.values())  # all of them may raise an alarm, whichever is shown
        if taps and measured.trust != "measured":
            per_cell, measured = dict(taps), _nearer(measured, bms_taps.highest(taps))
        typed = self._typed_channel("cells_v", now_s)
        at_supply = _higher(supply_v, terminals)
        volts_on = at_supply.value if output_on and at_supply.trust in ("measured", "typed", "echo") else None
        amps = current.value if current.trust in ("measured", "typed") else None
        whole_v = posts.value if posts.trust == "measured" else self._derived_v(volts_on, amps)
        mean_v = whole_v / series if series > 1 and whole_v is not None else None
        if mean_v is None and series > 1 and volts_on is not None:
            mean_v = volts_on / series
        if series == 1:
            cells, upper = self._cells(measured, typed, volts_on, amps)
            upper = upper or (cells.trust == "derived" and at_supply.trust == "echo")  # an echo tells of no cell
        else:
            cells, upper = _highest_cell(measured, typed, mean_v), False
        self._on_since_s = None if not output_on else now_s if self._on_since_s is None else self._on_since_s
        drop = None
        if volts_on is not None and self._on_since_s is not None:
            drop = self.leads.look(now_s, at_supply, posts if series > 1 else cells, current, on_since_s=self._on_since_s)
        lead = self.leads.live(now_s)
        return Reading(
            time_s=now_s,
            supply=supply,
            supply_fresh=supply_fresh,
            meter=meter,
            meter_fresh=meter_fresh,
            bms=bms,
            bms_fresh=bms_fresh,
            bms_whole=bms_taps.whole(taps),
            bms_high_v=max((c.value for c in taps.values() if c.value is not None and c.trust == "measured"), default=None),
            output_on=output_on,
            set_voltage_v=supply.set_voltage_v if supply else None,
            set_current_a=supply.set_current_a if supply else None,
            mode=(supply.mode or "") if supply else "",
            supply_v=supply_v,
            current_a=current,
            cells_v=cells,
            upper_bound=upper,
            posts_v=posts,
            terminals_v=terminals,
            walk_v=walk,
            mean_v=mean_v,
            alarm_v=_alarm_v(
                cells,
                (measured, typed, cells, *each),
                self._derived_v(volts_on, amps) if series == 1 else mean_v,
                echo=at_supply.trust == "echo" and posts.trust != "measured",
            ),
            per_cell_v=per_cell,
            surface_c=self._surface_c(now_s, supply if supply_fresh else None),
            lead_drop_v=drop,
            lead_resistance_ohm=lead.value,
            lead_trust=lead.trust,
            lead_read_s=None if lead.age_s is None else now_s - lead.age_s,
            least_lead_ohm=self.leads.smallest_ohm,
        )

    def _derived_v(self, volts_on: float | None, amps: float | None) -> float | None:
        """Supply volts less the smallest lead drop seen; None while one of them is unknown."""
        if volts_on is None or amps is None or self.smallest_lead_ohm is None:
            return None
        return volts_on - max(0.0, amps) * self.smallest_lead_ohm

    def _surface_c(self, now_s: float, supply: SupplyReading | None) -> float | None:
        typed = self.typed.get("surface_c")
        known = [typed.value] if typed is not None and now_s - typed.time_s <= SURFACE_FRESH_S else []
        if supply is not None and supply.probe_temperature_c is not None:
            known.append(supply.probe_temperature_c)
        return max(known, default=None)

    def _per_cell(self, now_s: float, profile: MeterProfile | None, meter: MeterReading | None, fresh: bool) -> dict[str, Channel]:
        typed = {label: self._typed_channel(point, now_s) for label, point in self._points if point in self.typed}
        if profile is not None and profile.point == "cell" and profile.cell in self._watched:
            at_cell = _single(now_s, profile, meter, fresh).get("cell", UNKNOWN)
            if at_cell.value is not None:
                typed[profile.cell] = at_cell
            return {label: typed[label] for label, _ in self._points if label in typed}
        if profile is not None and profile.point == "cells" and meter is not None:
            trust: Trust = "measured" if fresh else "stale"
            by_cell = {label: meter.channels_v.get(str(number)) for number, label in enumerate(self._labels, 1)}  # whatever else is there
            return {
                label: Channel(value, trust if value is not None else "unknown", now_s - meter.time_s)
                for label, value in by_cell.items()
                if label in self._watched
            }
        return typed

    def _meter_at_cells(self, profile: MeterProfile | None, posts: Channel, per_cell: Mapping[str, Channel]) -> Channel:
        """The highest of the cells that a meter sees: each on its own, or all of a parallel bank at its posts, or at one of its cells.

        One cell of a string says nothing of the highest: it counts for alarms only.
        """
        if profile is None or profile.point in ("supply", "walk"):
            return UNKNOWN
        if profile.point == "bank":
            return posts if self._series == 1 else UNKNOWN
        if profile.point == "cell":
            own = per_cell.get(profile.cell, UNKNOWN)
            return own if self._series == 1 and own.trust in ("measured", "stale") else UNKNOWN
        seen = {label: channel for label, channel in per_cell.items() if channel.value is not None}
        if self._series > 1:
            size = len(self._points) // self._series  # cells of one group are alike
            if len({place // size for place, (label, _) in enumerate(self._points) if label in seen}) < self._series:
                return UNKNOWN  # the one that nobody sees may be the highest
        return max(seen.values(), key=lambda channel: channel.value or 0.0, default=UNKNOWN)

    def _cells(self, measured: Channel, typed: Channel, volts_on: float | None, amps: float | None) -> tuple[Channel, bool]:
        """The volts at the cells by the order of trust, and whether they are only an upper bound."""
        for channel in (measured, typed):
            if channel.value is not None and channel.trust in ("measured", "typed"):
                return channel, False
        if volts_on is not None:
            derived_v = self._derived_v(volts_on, amps)
            if derived_v is not None:
                return Channel(derived_v, "derived"), False
            return Channel(volts_on, "derived"), True
        for channel in (measured, typed):
            if channel.value is not None:
                return channel, False
        return UNKNOWN, False


def _nearer(meter: Channel, bms: Channel) -> Channel:
    """What tells more of the highest cell, where the meter does not tell it now: the BMS unless it is as silent."""
    return bms if bms.trust == "measured" or meter.value is None else meter


def _single(now_s: float, profile: MeterProfile | None, meter: MeterReading | None, fresh: bool) -> dict[str, Channel]:
    """What a meter with one pair of probes shows, by its point. Of several channels nobody knows which a hand holds."""
    if profile is None or meter is None or profile.point == "cells":
        return {}
    values = list(meter.channels_v.values())
    value = values[0] if values and (profile.point in ("bank", "supply") or len(values) == 1) else None
    return {} if value is None else {profile.point: Channel(value, "measured" if fresh else "stale", now_s - meter.time_s)}


def _higher(supply_v: Channel, terminals: Channel) -> Channel:
    """Of what the supply shows and what a meter at its terminals does: the higher one, which never makes the cells look lower than they are.

    An echo gives way to the meter.
    """
    if terminals.trust != "measured" or terminals.value is None:
        return supply_v
    if supply_v.trust not in ("measured", "typed") or supply_v.value is None:
        return terminals
    return max(supply_v, terminals, key=lambda channel: channel.value or 0.0)


def _highest_cell(measured: Channel, typed: Channel, mean_v: float | None) -> Channel:
    """The highest cell of a string as far as it is known. The mean alone says only that one cell at least stands so high."""
    for channel in (measured, typed):
        if channel.value is not None and channel.trust in ("measured", "typed"):
            return channel
    if mean_v is not None:
        return Channel(mean_v, "derived")
    return measured if measured.value is not None else typed


def _alarm_v(cells: Channel, sources: Iterable[Channel], derived_v: float | None, *, echo: bool) -> float | None:
    """The highest plausible volts of the fresh sources and of the supply less its leads; where none is fresh, the best that is known.

    A typed or stuck value must not hide what the supply shows meanwhile. An `echo` shows nothing: it counts only where nobody else does, and
    what it tells of the set-point itself is the guard's to judge.
    """
    highest_v, fresh = derived_v, derived_v is not None
    for source in sources:
        volts = source.value
        if volts is not None and source.trust in ("measured", "typed"):
            if echo:
                highest_v, echo = None, False
            fresh = True
            if PLAUSIBLE_CELL_V[0] <= volts <= PLAUSIBLE_CELL_V[1] and (highest_v is None or volts > highest_v):
                highest_v = volts
    if not fresh and cells.value is not None and PLAUSIBLE_CELL_V[0] <= cells.value <= PLAUSIBLE_CELL_V[1]:
        return cells.value
    return highest_v
