"""What SCPI supplies have in common and where they differ, as data: commands and questions of each kind, and the models of the family `scpi`.

`{n}` stands for the channel, `{v}` for a value in V or A. Rigol and Siglent name the channel in every command (rigol.py, siglent.py); Keysight
takes a channel list; BK and R&S work on the channel that is selected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.supplies.checked import SetPoint


@dataclass(frozen=True, slots=True)
class Outlet:
    """One output of a model: rating in V, A and W, its set-points' steps. `forbidden` says why it must not be used."""

    max_voltage_v: float
    max_current_a: float
    voltage_step_v: float = 0.001
    current_step_a: float = 0.001
    max_power_w: float | None = None
    forbidden: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of supply is spoken to. What it lacks is empty.

    `arm`: for a protection level, the command that arms it and the question that tells whether it is. `output`: questions of which every one
    must be answered "on" when the output is on. `tripped`: a question for each protection. `fold`: the protections that would switch off
    in constant current, each with the command that switches it off and the question that tells. `margins`: V and A by which protection
    levels may lie above the rating. `selects`: works on the channel that INST:NSEL selects. `remote`: what a serial line needs before the
    first command.
    """

    put: Mapping[SetPoint, str]
    ask: Mapping[SetPoint, str]
    arm: Mapping[SetPoint, tuple[str, str]] = field(default_factory=dict)
    measure: tuple[str, ...] = ("MEAS:VOLT?", "MEAS:CURR?")
    switch: tuple[str, str] = ("OUTP OFF", "OUTP ON")
    output: tuple[str, ...] = ("OUTP?",)
    mode: str = ""
    tripped: Mapping[str, str] = field(default_factory=dict)
    fold: tuple[tuple[str, str], ...] = ()
    margins: tuple[float, float] = (0.4, 0.1)
    selects: bool = False
    remote: str = ""


PLAIN = Dialect(put={"voltage": "VOLT {v}", "current": "CURR {v}"}, ask={"voltage": "VOLT?", "current": "CURR?"}, remote="SYST:REM")
"""What every SCPI supply understands; without protection, because it is not known how an unknown one is armed."""

KEYSIGHT_ONE = Dialect(
    put={**PLAIN.put, "over_voltage": "VOLT:PROT {v}"},
    ask={**PLAIN.ask, "over_voltage": "VOLT:PROT?"},
    arm={"over_voltage": ("VOLT:PROT:STAT ON", "VOLT:PROT:STAT?")},
    tripped={"OVP": "VOLT:PROT:TRIP?", "OCP": "CURR:PROT:TRIP?"},
    fold=(("CURR:PROT:STAT OFF", "CURR:PROT:STAT?"),),
    remote="SYST:REM",
)
"""E36100: one output."""

KEYSIGHT = Dialect(
    put={"voltage": "VOLT {v},(@{n})", "current": "CURR {v},(@{n})", "over_voltage": "VOLT:PROT {v},(@{n})"},
    ask={"voltage": "VOLT? (@{n})", "current": "CURR? (@{n})", "over_voltage": "VOLT:PROT? (@{n})"},
    measure=("MEAS:VOLT? (@{n})", "MEAS:CURR? (@{n})"),
    switch=("OUTP OFF,(@{n})", "OUTP ON,(@{n})"),
    output=("OUTP? (@{n})",),
    tripped={"OVP": "VOLT:PROT:TRIP? (@{n})", "OCP": "CURR:PROT:TRIP? (@{n})"},
    fold=(("CURR:PROT:STAT OFF,(@{n})", "CURR:PROT:STAT? (@{n})"),),
    remote="SYST:REM",
)
"""E36200 and E36300: every command names its outputs, so that nothing is selected."""

BK = Dialect(
    put=KEYSIGHT_ONE.put,
    ask=KEYSIGHT_ONE.ask,
    arm=KEYSIGHT_ONE.arm,
    remote="SYST:REM",
)
"""BK Precision 9115 and its sisters, one output."""

BK_SELECTED = Dialect(put=BK.put, ask=BK.ask, selects=True, remote="SYST:REM")
"""BK Precision 9130: its over-voltage level is always armed."""

HMC = Dialect(
    put={**PLAIN.put, "over_voltage": "VOLT:PROT:LEV {v}"},
    ask={**PLAIN.ask, "over_voltage": "VOLT:PROT:LEV?"},
    arm={"over_voltage": ("VOLT:PROT:STAT ON", "VOLT:PROT:STAT?")},
    tripped={"OVP": "VOLT:PROT:TRIP?", "OCP": "FUSE:TRIP?"},
    fold=(("FUSE:STAT OFF", "FUSE:STAT?"),),
    selects=True,
)

HMP = Dialect(
    put=HMC.put,
    ask=HMC.ask,
    output=("OUTP?", "OUTP:GEN?"),
    tripped=HMC.tripped,
    fold=HMC.fold,
    selects=True,
)
"""The selected channel's switch and a master switch: current flows only with both on."""


def _outlets(*ratings: tuple[float, float, float | None]) -> Mapping[int, Outlet]:
    return {number: Outlet(volts, amperes, max_power_w=watts) for number, (volts, amperes, watts) in enumerate(ratings, 1)}


MODELS: Mapping[str, tuple[str, Dialect, Mapping[int, Outlet]]] = {
    "E36102A": ("KEYSIGHT", KEYSIGHT_ONE, _outlets((6.0, 5.0, None))),
    "E36103A": ("KEYSIGHT", KEYSIGHT_ONE, _outlets((20.0, 2.0, None))),
    "E36104A": ("KEYSIGHT", KEYSIGHT_ONE, _outlets((35.0, 1.0, None))),
    "E36105A": ("KEYSIGHT", KEYSIGHT_ONE, _outlets((60.0, 0.6, None))),
    "E36106A": ("KEYSIGHT", KEYSIGHT_ONE, _outlets((100.0, 0.4, None))),
    "E36231A": ("KEYSIGHT", KEYSIGHT, _outlets((30.0, 20.0, 200.0))),
    "E36232A": ("KEYSIGHT", KEYSIGHT, _outlets((60.0, 10.0, 200.0))),
    "E36311A": (
        "KEYSIGHT",
        KEYSIGHT,
        {**_outlets((6.0, 5.0, None), (25.0, 1.0, None)), 3: Outlet(25.0, 1.0, forbidden="gives negative volts")},
    ),
    "E36312A": ("KEYSIGHT", KEYSIGHT, _outlets((6.0, 5.0, None), (25.0, 1.0, None), (25.0, 1.0, None))),
    "E36313A": ("KEYSIGHT", KEYSIGHT, _outlets((6.0, 10.0, None), (25.0, 2.0, None), (25.0, 2.0, None))),
    "BK9115": ("BKPRECISION", BK, {1: Outlet(80.0, 60.0, 0.01, 0.01, 1200.0)}),
    "BK9130": ("BKPRECISION", BK_SELECTED, _outlets((30.0, 3.0, None), (30.0, 3.0, None), (5.0, 3.0, None))),
    "BK9130B": ("BKPRECISION", BK_SELECTED, _outlets((30.0, 3.0, None), (30.0, 3.0, None), (5.0, 3.0, None))),
    "HMP2020": ("ROHDESCHWARZ", HMP, _outlets((32.0, 10.0, 160.0), (32.0, 5.0, 80.0))),
    "HMP2030": ("ROHDESCHWARZ", HMP, _outlets(*[(32.0, 5.0, 80.0)] * 3)),
    "HMP4030": ("ROHDESCHWARZ", HMP, _outlets(*[(32.0, 10.0, 160.0)] * 3)),
    "HMP4040": ("ROHDESCHWARZ", HMP, _outlets(*[(32.0, 10.0, 160.0)] * 4)),
    "HMC8041": ("ROHDESCHWARZ", HMC, _outlets((32.0, 10.0, 100.0))),
    "HMC8042": ("ROHDESCHWARZ", HMC, _outlets(*[(32.0, 5.0, 50.0)] * 2)),
    "HMC8043": ("ROHDESCHWARZ", HMC, _outlets(*[(32.0, 3.0, 33.0)] * 3)),
}
"""Vendor, dialect and outputs of each model whose name is known for sure."""

VENDORS = {
    "KEYSIGHT": "KEYSIGHT",
    "KEYSIGHTTECHNOLOGIES": "KEYSIGHT",
    "AGILENT": "KEYSIGHT",
    "AGILENTTECHNOLOGIES": "KEYSIGHT",
    "BK": "BKPRECISION",
    "BKPRECISION": "BKPRECISION",
    "ROHDESCHWARZ": "ROHDESCHWARZ",
    "HAMEG": "ROHDESCHWARZ",
}
"""How vendors write themselves in an identity, letters and digits only, and who they are."""

OTHER_FAMILIES = {"RIGOL": "rigol", "SIGLENT": "siglent", "OWON": "owon", "KIPRIM": "owon"}
"""Whose supplies speak another dialect: their own family knows it."""
