"""`topbalance cells state` and `cells capacity`: a person's word on a cell, and what a capacity test gave."""

from __future__ import annotations

import click

from tui.cli_choices import Quantity
from tui.cli_records import cells, demo_option, home_of

REASON_LETTERS = 3


@cells.command("state")
@click.argument("label")
@click.argument("state", type=click.Choice(["stock", "suspect", "scrapped"]))
@click.option("--reason", default="", help="Why, in words; it stays in the cell's record.")
@demo_option
def set_state(label: str, state: str, reason: str, demo: bool) -> None:
    """Mark a cell, or put a suspect one back to stock. A bank takes no suspect and no scrapped cell."""
    from tui.records.inventory import Inventory

    inventory = Inventory(home_of(demo))
    cell = inventory.by_label(label)
    if cell is None:
        raise click.UsageError(f"no cell is called {label}; `topbalance cells list` shows them all")
    if len(reason.strip()) < REASON_LETTERS:
        raise click.UsageError(f'{cell.label} is {cell.state} now. Say why that changes: --reason "…"; it stays in the cell\'s record')
    inventory.set_state(cell.id, state, reason.strip())  # type: ignore[arg-type]  # the choices are its states
    click.echo(f"{cell.label} is {state} now, was {cell.state}")


@cells.command("capacity")
@click.argument("capacity", type=Quantity("capacity"))
@click.argument("names", nargs=-1, required=True, metavar="A1 A2 … | PACK")
@demo_option
def record(capacity: float, names: tuple[str, ...], demo: bool) -> None:
    """Keep a measured capacity, such as 271Ah, with the cells or the pack it was measured on."""
    from tui.records.capacity import record_capacity
    from tui.records.cell import InvalidCell
    from tui.records.inventory import Inventory

    try:
        recorded = record_capacity(Inventory(home_of(demo)), names, capacity)
    except InvalidCell as problem:
        raise click.UsageError(str(problem)) from problem
    click.echo(f"{capacity:g} Ah kept with {', '.join(cell.label for cell in recorded.cells)}")
    if recorded.warning:
        click.echo(f"topbalance: WARN: {recorded.warning}", err=True)
