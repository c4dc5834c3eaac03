"""Options that describe an embedded bench and the choices of Setup, and what they make: a bench description and a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli_choices import F, Quantity, add, capacity_of, chosen, own_text, procedure_of

if TYPE_CHECKING:
    from drivers.simulated.description import BenchDescription
    from tui.domain.plan import Plan

APART = ("level", "single-cell")
"""Procedures that begin with cells that nothing joins."""
LEVEL_SOC = (0.02, 0.60)
"""What levelling is shown on: one or two cells far down the curve, the others on its flat part."""
USUAL_SOC = (0.97, 0.99)
WIDEST_V = 60.0
"""What the supplies of the built-in bench give at most; where only amperes are said, they give that."""


def bench_options(command: F) -> F:
    """The short options that make an embedded bench, or a file that describes it."""
    option = click.option
    return add(
        (
            option("--cells", type=click.IntRange(1, 64), default=8, show_default=True, help="How many cells."),
            option("--capacity", type=Quantity("capacity"), default=None, show_default="280Ah", help="Capacity of each cell."),
            option("--soc", type=Quantity("soc"), default=None, show_default="97%..99%; level 2%..60%",
                   help="State of charge, one or a range."),
            option("--supply", default="10A", show_default=True, help="The supply: its amperes, 30V/10A, or manual:30V/10A for knobs."),
            option("--lead", type=Quantity("lead"), default="20mOhm", show_default=True, help="Both leads with contacts, or a gauge."),
            option("--seed", type=int, default=1, show_default=True, help="Seed of the small differences between cells."),
            option("--bms-family", default="", help="Of a string: its BMS on a line of its own (jbd), instead of a meter at each cell."),
            option("--bench", "bench_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
                   help="A TOML file that describes it all."),
        ),
        command,
    )  # fmt: skip


def description_from(options: dict[str, Any]) -> BenchDescription:
    """The bench description of the file, or of the short options: wired as the chosen procedure wants to find it."""
    from drivers.simulated import description

    try:
        if options.get("bench_file") is not None:
            return description.load(options["bench_file"])
        volts, amps, model = supply_choice(options["supply"])
        return description.describe(
            cells=options["cells"],
            capacity_ah=capacity_of(options),
            soc=soc_of(options),
            supply_current_a=amps,
            supply_voltage_v=volts,
            lead_mohm=1000 * options["lead"],
            seed=options["seed"],
            model=model,
            **wired_as(options),
        )
    except description.DescriptionError as problem:
        raise click.UsageError(str(problem)) from problem


def wired_as(options: dict[str, Any]) -> dict[str, Any]:
    """What the hands make of the short options' cells: a string with its BMS for a pre-charge, nothing where cells are charged apart.

    A string has a meter at each cell, or a BMS that is read: else its highest cell would be asked for every ten minutes of the twelve hours
    that a demo shows.
    """
    procedure, pack, family = procedure_of(options), options.get("pack", ""), options.get("bms_family") or ""
    if "precharge" in procedure or pack or 'wiring = "series"' in own_text(options):
        wired = {"arrangement": pack or f"{options['cells']}S", "bms_over_voltage_v": options["target"]}
        return {**wired, **({"bms_family": family, "meter_point": "bank"} if family else {"meter_point": "cells"})}
    if family:
        raise click.UsageError("--bms-family is for cells in series, which go there by --procedure precharge, or a chain with it")
    return {"arrangement": "apart" if procedure in APART else ""}


def soc_of(options: dict[str, Any]) -> tuple[float, float]:
    """State of charge of the short options, lowest and highest."""
    if options["soc"] is not None:
        low, high = options["soc"]
        return low, high
    return LEVEL_SOC if procedure_of(options) == "level" else USUAL_SOC


def supply_choice(text: str) -> tuple[float, float, str]:
    """Volts, amperes and model of `--supply`: "10A", "30V/10A", or "manual:30V/10A"."""
    from tui.domain import quantities

    by_hand = text.startswith("manual")
    rating = text.partition(":")[2] if by_hand else text
    try:
        supply = quantities.parse_supply(rating or "30V/10A")
    except quantities.QuantityError as problem:
        raise click.BadParameter(str(problem), param_hint="--supply") from problem
    volts, amps = supply.max_voltage_v or WIDEST_V, supply.max_current_a
    if by_hand:
        return volts, amps, "manual"
    models = ((6.1, "RD6006"), (12.1, "RD6012"), (18.1, "RD6018"), (24.1, "RD6024"), (30.1, "RD6030"))
    model = next((name for most_a, name in models if amps <= most_a), "")
    if not model or not 1.0 <= volts <= WIDEST_V:
        raise click.BadParameter("the built-in bench has supplies up to 60 V and 30 A", param_hint="--supply")
    return volts, amps, model


def plan_from(
    description: BenchDescription, supply_address: str, meter_address: str, options: dict[str, Any], bms_address: str = ""
) -> Plan:
    """The plan an operator of this bench would make in Setup: what is printed on the parts, not their hidden truth."""
    from tui.domain import procedures
    from tui.domain.plan import Plan, PlanCell, PlanSupply

    by_hand = not description.supply.has_interface
    volts, amps = description.supply.max_voltage_v, description.supply.max_current_a
    socs = [cell.soc for cell in description.cells]
    stands, choices = description.bank.arrangement, chosen(options)
    if "S" in stands and not choices["pack"]:
        choices["pack"] = stands
    made = Plan(
        bank=options.get("bank") or "Demo bank",
        cells=tuple(PlanCell(cell.label, cell.capacity_ah) for cell in description.cells),
        supply=PlanSupply(f"manual:{volts:g}V/{amps:g}A" if by_hand else supply_address, volts, amps),
        arrangement="" if stands == "apart" or "S" in stands else stands,
        meter=meter_address,
        bms=bms_address,
        lead_resistance_ohm=description.leads.resistance_mohm / 1000,
        soc_low=min(socs),
        soc_high=max(socs),
        **choices,
    )
    return procedures.effective(made, own_text(options))
