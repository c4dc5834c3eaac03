"""Which families the embedded bench can play, with the models and ratings of its supplies.

Each family's module gives `make(world, model, **options)`. The ratings are told here a second time on purpose: a wrong scale in a driver's own
table must not be hidden by the same slip in its emulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from drivers.simulated.world import World


@dataclass(frozen=True, slots=True)
class EmulatedFamily:
    """`models` maps a model's name to its rating, V and A, the usual one first; for meters and BMSs the ratings say nothing."""

    kind: Literal["supply", "meter", "bms"]
    module: str
    models: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def usual_model(self) -> str:
        return next(iter(self.models), "")


NO_RATING = (0.0, 0.0)

EMULATED: Mapping[str, EmulatedFamily] = {
    "riden": EmulatedFamily(
        "supply",
        "drivers.simulated.riden",
        {
            "RD6012": (60.0, 12.0),
            "RD6006": (60.0, 6.0),
            "RD6006P": (60.0, 6.0),
            "RK6006": (60.0, 6.0),
            "RD6012P": (60.0, 12.0),
            "RD6018": (60.0, 18.0),
            "RD6024": (60.0, 24.0),
            "RD6030": (60.0, 30.0),
        },
    ),
    "dps": EmulatedFamily(
        "supply",
        "drivers.simulated.dps",
        {
            "DPS5020": (50.0, 20.0),
            "DPS3005": (30.0, 5.0),
            "DPS5005": (50.0, 5.0),
            "DPH5005": (50.0, 5.0),
            "DPS5015": (50.0, 15.0),
            "DPS8005": (80.0, 5.0),
        },
    ),
    "korad": EmulatedFamily(
        "supply",
        "drivers.simulated.korad",
        {
            "KA3010P": (31.0, 10.0),
            "KA3005P": (31.0, 5.1),
            "KA6003P": (60.0, 3.0),
            "KD3005P": (31.0, 5.1),
            "KA3305P": (30.0, 5.0),
            "72-2540": (30.0, 5.0),
            "72-2930": (30.0, 10.0),
            "PS3005D": (31.0, 5.1),
            "KWR103": (60.0, 15.0),
        },
    ),
    "hanmatek": EmulatedFamily(
        "supply",
        "drivers.simulated.hanmatek",
        {"HM310P": (32.0, 10.1), "HM305P": (32.0, 5.1), "HM310T": (32.0, 10.1), "HM605": (61.0, 5.1)},
    ),
    "wanptek": EmulatedFamily(
        "supply", "drivers.simulated.wanptek", {"WPS3010": (32.0, 10.2), "WPS605": (62.0, 5.2), "WPS60100": (62.0, 102.0)}
    ),
    "owon": EmulatedFamily(
        "supply",
        "drivers.simulated.owon",
        {
            "SPE6103": (60.0, 10.0),
            "SPE3103": (30.0, 10.0),
            "SPM6103": (60.0, 10.0),
            "P4603": (60.0, 3.0),
            "DC310S": (30.0, 10.0),
            "DC605S": (60.0, 5.0),
            "DC610S": (60.0, 10.0),
            "DC620S": (60.0, 20.0),
        },
    ),
    "rigol": EmulatedFamily(
        "supply",
        "drivers.simulated.rigol",
        {
            "DP811": (40.0, 5.0),
            "DP832": (32.0, 3.2),
            "DP832A": (32.0, 3.2),
            "DP831": (8.4, 5.3),
            "DP821": (60.0, 1.0),
            "DP711": (32.0, 5.3),
            "DP712": (53.0, 3.2),
        },
    ),
    "siglent": EmulatedFamily(
        "supply",
        "drivers.simulated.siglent",
        {"SPD1305X": (30.0, 5.0), "SPD1168X": (16.0, 8.0), "SPD3303X": (32.0, 3.2), "SPD3303X-E": (32.0, 3.2)},
    ),
    "scpi": EmulatedFamily(
        "supply",
        "drivers.simulated.scpi",
        {
            "HMP4040": (32.0, 10.0),
            "E36312A": (6.0, 5.0),
            "E36103A": (20.0, 2.0),
            "E36232A": (60.0, 10.0),
            "BK9115": (80.0, 60.0),
            "BK9130B": (30.0, 3.0),
            "HMC8043": (32.0, 3.0),
        },
    ),
    "manson": EmulatedFamily(
        "supply",
        "drivers.simulated.manson",
        {
            "HCS-3302": (32.0, 15.0),
            "HCS-3202": (36.0, 10.0),
            "HCS-3204": (60.0, 5.0),
            "1687B": (36.0, 10.0),
            "PPS11360": (36.0, 5.0),
            "DPPS3220": (32.0, 20.0),
        },
    ),
    "owon-xdm": EmulatedFamily(
        "meter", "drivers.simulated.owon_xdm", dict.fromkeys(("XDM1041", "XDM1241", "XDM2041", "XDM3041"), NO_RATING)
    ),
    "scpi-dmm": EmulatedFamily(
        "meter", "drivers.simulated.scpi_dmm", dict.fromkeys(("SDM3045X", "34401A", "34461A", "DM3058E", "8846A", "DMM6500"), NO_RATING)
    ),
    "es51922": EmulatedFamily("meter", "drivers.simulated.es51922"),
    "text-line": EmulatedFamily("meter", "drivers.simulated.text_line"),
    "jbd": EmulatedFamily("bms", "drivers.simulated.jbd", {"V11": NO_RATING, "V4": NO_RATING}),
    "jk-uart": EmulatedFamily("bms", "drivers.simulated.jk_uart"),
    "jk-pb": EmulatedFamily("bms", "drivers.simulated.jk_pb"),
    "daly": EmulatedFamily("bms", "drivers.simulated.daly", {"Daly": NO_RATING, "Daly older": NO_RATING, "Daly Modbus": NO_RATING}),
    "seplos-v2": EmulatedFamily("bms", "drivers.simulated.seplos_v2"),
}

SUPPLY_MODELS: Mapping[str, str] = {model: family for family, row in EMULATED.items() if row.kind == "supply" for model in row.models}
"""The family of each supply's model."""


def rating(model: str) -> tuple[float, float]:
    """V and A of an emulated supply's model."""
    return EMULATED[SUPPLY_MODELS[model]].models[model]


def make(family: str, world: World, model: str = "", **options: str) -> Any:
    """One emulator. `options`: "point" and "cell" for a meter. Raises FaultError."""
    row = EMULATED[family]
    return import_module(row.module).make(world, model or row.usual_model, **options)
