"""Which Manson, Voltcraft or BK it is, and with that how many counts make its ampere (Manson sheet).

By what it answers to GMOD and GMAX, and by nothing else: one digit beside is a tenfold current. Where the two, or the rated current that the
owner gives, do not fit each other, it is no known model.
"""

from __future__ import annotations

from dataclasses import dataclass

FITS = 2.0  # GMAX may name so many times the rated current (HCS-3404: 16 A of 10 A), never ten times


@dataclass(frozen=True, slots=True)
class MansonModel:
    """Rating, and how many counts make an ampere in GMAX, GETS and CURR."""

    name: str
    max_voltage_v: float
    max_current_a: float
    per_ampere: int = 10


BY_NAME = {  # what GMOD answers, with or without HCS- before and -USB behind
    name: MansonModel(f"HCS-{name}", volts, amps, per_ampere)
    for name, volts, amps, per_ampere in (
        *(("3100", 18.0, 10.0, 10), ("3102", 36.0, 5.0, 100), ("3104", 60.0, 2.5, 100), ("3150", 18.0, 15.0, 10)),
        *(("3200", 18.0, 20.0, 10), ("3202", 36.0, 10.0, 10), ("3204", 60.0, 5.0, 100), ("3300", 16.0, 30.0, 10)),
        *(("3302", 32.0, 15.0, 10), ("3304", 60.0, 8.0, 10), ("3400", 16.0, 40.0, 10), ("3402", 32.0, 20.0, 10)),
        *(("3404", 60.0, 10.0, 10), ("3600", 16.0, 60.0, 10), ("3602", 32.0, 30.0, 10), ("3604", 60.0, 15.0, 10)),
    )
}
BY_MAX = {  # what GMAX answers, of brands without GMOD
    "362120": MansonModel("HCS-3202 or PPS16005", 36.0, 10.0),
    "362700": MansonModel("PPS11360", 36.0, 5.0, 100),
    "322215": MansonModel("DPPS3220", 32.0, 20.0),
    "605110": MansonModel("DPPS6010", 60.0, 10.0),
    "605160": MansonModel("HCS-3404", 60.0, 10.0),
}


def model_of(name: str, largest: str, rated_a: float | None) -> MansonModel | None:
    """`name` as GMOD tells it ("" where it does not), `largest` the six digits of GMAX, `rated_a` the rated current of its plate, if given."""
    volts, amps = int(largest[:3]) / 10, int(largest[3:])
    model = BY_NAME.get(name) or BY_MAX.get(largest)
    if model is None and rated_a is not None:
        per_ampere = next((per for per in (10, 100) if rated_a - 1e-6 <= amps / per <= FITS * rated_a), None)
        model = MansonModel(f"Manson {name or largest}", volts, rated_a, per_ampere) if per_ampere else None
    if model is None or not model.max_voltage_v - 0.05 <= volts <= 1.2 * model.max_voltage_v:
        return None
    ratings = [model.max_current_a] if rated_a is None else [model.max_current_a, rated_a]
    return model if all(rated - 1e-6 <= amps / model.per_ampere <= FITS * rated for rated in ratings) else None
