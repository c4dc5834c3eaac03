"""`topbalance plan`: every calculation of Setup, and which procedures fit this bank and supply, without a session."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from tui.cli_bench import supply_choice
from tui.cli_choices import F, Quantity, add, capacity_of, choice_options, chosen, own_text

if TYPE_CHECKING:
    from tui.domain.plan import Plan

FIGURE_KEYS = ("id", "label", "value", "unit", "text", "formula", "low", "high")


def bank_options(command: F) -> F:
    """What Setup asks of bank, supply and leads."""
    option = click.option
    return add(
        (
            option("--cells", type=click.IntRange(1, 64), default=8, show_default=True, help="How many cells."),
            option("--capacity", type=Quantity("capacity"), default=None, show_default="280Ah", help="Capacity of each cell."),
            option("--arrangement", default="", help="8P, 4S, 2P16S; all in parallel unless said."),
            option("--supply", default="30V/10A", show_default=True, help="Rating of the supply; riden:60V/12A for one with an interface."),
            option("--bms", default="", help="Address of a BMS that is read in a pre-charge: jbd:/dev/ttyUSB1."),
            option("--soc", type=Quantity("soc"), default=None, help="State of charge, one or a range."),
            option("--lead", type=Quantity("lead"), default=None, help="Both leads with contacts, or a gauge."),
        ),
        command,
    )


@click.command()
@bank_options
@choice_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object for programs.")
def plan(as_json: bool, **options: Any) -> None:
    """All calculations of the Setup pane as a table, and the procedures that fit, with their hours."""
    from tui.domain import calculations
    from tui.domain.checks import check_plan
    from tui.domain.fits import best, fits

    made = plan_of(options)
    try:
        figures = calculations.figures(made)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    problems, found = check_plan(made, own_text(options)), fits(made)
    choice = best(made, found)
    if as_json:
        document = {
            "figures": [{key: getattr(figure, key) for key in FIGURE_KEYS} for figure in figures],
            "problems": [{"field": p.field, "message": p.message, "blocking": p.blocking} for p in problems],
            "fits": [{"hours": fit.hours, **asdict(fit)} for fit in found],
            "best": asdict(choice),
        }
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print_table([(figure.label, figure.text, figure.formula) for figure in figures])
        click.echo("\nProcedures")
        _print_table([(f"{'✓' if fit.ok else '✗'} {fit.name}", fit.hours if fit.ok else "—", fit.why_not or fit.note) for fit in found])
        if choice.name:
            click.echo(f"→ {choice.name}: {choice.why}")
        for fault in problems:
            click.echo(f"{'✗' if fault.blocking else '!'} {fault.message}")
    if any(fault.blocking for fault in problems):
        sys.exit(1)


def plan_of(options: dict[str, Any]) -> Plan:
    """The plan that these options describe, with what an own procedure fixes of it."""
    from tui.domain import procedures
    from tui.domain.plan import Plan, PlanCell, PlanSupply

    family, _, rating = options["supply"].rpartition(":")
    volts, amps, _ = supply_choice(f"manual:{rating.removeprefix('manual')}")
    address = "riden:" if family == "riden" else f"manual:{volts:g}V/{amps:g}A"
    low_soc, high_soc = options["soc"] or (None, None)
    capacity_ah = capacity_of(options)
    made = Plan(
        bank="",
        cells=tuple(PlanCell(f"A{n + 1}", capacity_ah) for n in range(options["cells"])),
        supply=PlanSupply(address, volts, amps),
        arrangement=options["arrangement"],
        bms=options["bms"],
        lead_resistance_ohm=options["lead"],
        soc_low=low_soc,
        soc_high=high_soc,
        **chosen(options),
    )
    return procedures.effective(made, own_text(options))


def _print_table(rows: list[tuple[str, str, str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for label, text, formula in rows:
        click.echo(f"{label:<{widths[0]}}  {text:<{widths[1]}}  {formula}")
