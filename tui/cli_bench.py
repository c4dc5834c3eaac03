"""Options that describe an embedded bench and the choices of Setup, and what they make: a bench description and a plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from drivers.simulated.description import BenchDescription
    from tui.domain.plan import Plan

F = TypeVar("F", bound=Callable[..., Any])


class Quantity(click.ParamType):
    """A quantity with its unit, as a person types it; parsed by the one parser of the program."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        from tui.domain import quantities

        try:
            if self.kind == "soc":
                return quantities.parse_range(value)
            return quantities.parse(value, self.kind)
        except quantities.QuantityError as problem:
            self.fail(str(problem), param, ctx)


def bench_options(command: F) -> F:
    """The short options that make an embedded bench, or a file that describes it."""
    for option in reversed(
        (
            click.option("--cells", type=click.IntRange(1, 64), default=8, show_default=True, help="How many cells."),
            click.option("--capacity", type=Quantity("capacity"), default="280Ah", show_default=True, help="Capacity of each cell."),
            click.option("--soc", type=Quantity("soc"), default="97%..99%", show_default=True, help="State of charge, one or a range."),
            click.option(
                "--supply", default="10A", show_default=True, help="The supply: its amperes, or manual:30V/10A for one with knobs."
            ),
            click.option(
                "--lead", type=Quantity("lead"), default="20mOhm", show_default=True, help="Both leads with contacts, or a gauge."
            ),
            click.option("--seed", type=int, default=1, show_default=True, help="Seed of the small differences between cells."),
            click.option(
                "--bench",
                "bench_file",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help="A TOML file that describes it all.",
            ),
        )
    ):
        command = option(command)
    return command


def choice_options(command: F) -> F:
    """The choices of the Setup pane."""
    for option in reversed(
        (
            click.option("--procedure", type=click.Choice(["parallel"]), default="parallel", show_default=True),
            click.option("--target", type=Quantity("target"), default="3.65V", show_default=True, help="Volts per cell, 3.50 to 3.65 V."),
            click.option(
                "--end-rule",
                type=click.Choice(["near-zero", "fixed", "volts"]),
                default="near-zero",
                show_default=True,
                help="What ends the charge.",
            ),
            click.option(
                "--end-current", type=Quantity("current"), default="0.10A", show_default=True, help="Current that counts as zero."
            ),
            click.option(
                "--derating", type=Quantity("fraction"), default="100%", show_default=True, help="Share of the supply's rating to use."
            ),
            click.option("--rest", type=Quantity("time"), default="1h", show_default=True, help="Rest before the cells are measured."),
        )
    ):
        command = option(command)
    return command


def description_from(options: dict[str, Any]) -> BenchDescription:
    """The bench description of the file, or of the short options."""
    from drivers.simulated import description

    try:
        if options.get("bench_file") is not None:
            return description.load(options["bench_file"])
        low_soc, high_soc = options["soc"]
        volts, amps, model = supply_choice(options["supply"])
        return description.describe(
            cells=options["cells"],
            capacity_ah=options["capacity"],
            soc=(low_soc, high_soc),
            supply_current_a=amps,
            supply_voltage_v=volts,
            lead_mohm=1000 * options["lead"],
            seed=options["seed"],
            model=model,
        )
    except description.DescriptionError as problem:
        raise click.UsageError(str(problem)) from problem


def supply_choice(text: str) -> tuple[float, float, str]:
    """Volts, amperes and model of `--supply`: "10A", "30V/10A", or "manual:30V/10A"."""
    from tui.domain import quantities

    by_hand = text.startswith("manual")
    rating = text.partition(":")[2] if by_hand else text
    try:
        if by_hand and not rating:
            rating = "30V/10A"
        if "/" in rating:
            supply = quantities.parse_supply(rating)
            volts, amps = supply.max_voltage_v, supply.max_current_a
        else:
            volts, amps = 60.0, quantities.parse(rating, "current")
    except quantities.QuantityError as problem:
        raise click.BadParameter(str(problem), param_hint="--supply") from problem
    if by_hand:
        return volts, amps, "manual"
    models = ((6.1, "RD6006"), (12.1, "RD6012"), (18.1, "RD6018"), (24.1, "RD6024"), (30.1, "RD6030"))
    model = next((name for most_a, name in models if amps <= most_a), "")
    if not model or not 1.0 <= volts <= 60.0:
        raise click.BadParameter("the built-in bench has supplies up to 60 V and 30 A", param_hint="--supply")
    return volts, amps, model


def plan_from(description: BenchDescription, supply_address: str, meter_address: str, options: dict[str, Any]) -> Plan:
    """The plan an operator of this bench would make in Setup: what is printed on the parts, not their hidden truth."""
    from tui.domain.plan import Plan, PlanCell, PlanSupply

    by_hand = not description.supply.has_interface
    volts, amps = description.supply.max_voltage_v, description.supply.max_current_a
    socs = [cell.soc for cell in description.cells]
    return Plan(
        bank=options.get("bank") or "Demo bank",
        cells=tuple(PlanCell(cell.label, cell.capacity_ah) for cell in description.cells),
        supply=PlanSupply(f"manual:{volts:g}V/{amps:g}A" if by_hand else supply_address, volts, amps),
        target_v=options["target"],
        arrangement=description.bank.arrangement,
        procedure=options["procedure"],
        end_rule=options["end_rule"].replace("_", "-"),
        end_current_a=options["end_current"],
        derating=options["derating"],
        meter=meter_address,
        lead_resistance_ohm=description.leads.resistance_mohm / 1000,
        soc_low=min(socs),
        soc_high=max(socs),
        rest_s=options["rest"],
    )
