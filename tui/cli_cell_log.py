"""`topbalance cells show` and `cells log`: the passport of one cell, and what is added to its log."""

from __future__ import annotations

import json
import shlex
import time
from typing import TYPE_CHECKING, Any

import click

from tui.cli_records import cells, demo_option, home_of, json_option

if TYPE_CHECKING:
    from tui.records.cell import Cell
    from tui.records.cell_log import LogKind
    from tui.records.inventory import Inventory


def _cell_named(inventory: Inventory, label: str) -> Cell:
    cell = inventory.by_label(label)
    if inventory.problem:
        click.echo(f"topbalance: {inventory.problem}", err=True)
    if cell is None:
        raise click.UsageError(f"no cell is called {label}; `topbalance cells list` shows them all")
    return cell


@cells.command("show")
@click.argument("label")
@demo_option
@json_option
def show_cell(label: str, demo: bool, as_json: bool) -> None:
    """The passport of one cell: properties, volts at rest, tests, sessions, places, log."""
    from tui.records import cell_history, cell_words
    from tui.records.cell import UNFIT
    from tui.records.inventory import Inventory

    cell = _cell_named(Inventory(home_of(demo)), label)
    if as_json:
        click.echo(json.dumps(cell_history.document(cell), ensure_ascii=False))
        return
    click.echo(f"Cell {cell.label}")
    for title, lines in cell_words.sections(cell):
        if title:
            click.echo(f"\n{title}")
        for line in lines:
            click.echo(f"  {line}")
    if cell.state in UNFIT:
        click.echo(f'\nNo bank takes it. If it is sound: topbalance cells state {shlex.quote(cell.label)} stock --reason "…"')


class _LogCommand(click.Command):
    """Help lists the kinds; they are read only then."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from tui.records.cell_log import KINDS

        formatter.write_paragraph()
        formatter.write("KIND and its fields, of which the first needs no name:\n")
        formatter.write_dl([(kind, " ".join(field.word for field in about.fields)) for kind, about in KINDS.items()])


@cells.command("log", cls=_LogCommand)
@click.argument("label")
@click.argument("kind")
@click.argument("values", nargs=-1, metavar="[VALUE] [FIELD=VALUE …]")
@click.option("--on", "on", default="", metavar="2026-03-21", help="When it was, if not now: a date, or a date and a time.")
@demo_option
def log_entry(label: str, kind: str, values: tuple[str, ...], on: str, demo: bool) -> None:
    """Add to the log of a cell, for instance: cells log A1 resistance 0.18 method=AC soc=40%"""
    from tui.records import cell_words
    from tui.records.cell import InvalidCell
    from tui.records.cell_entry import add_entry
    from tui.records.cell_log import KINDS, read_time
    from tui.records.inventory import CellGone, Inventory

    about = KINDS.get(kind)
    if about is None:
        raise click.UsageError(f"there is no {kind} to be added; KIND is one of {', '.join(KINDS)}")
    inventory = Inventory(home_of(demo))
    cell = _cell_named(inventory, label)
    try:
        unix_s = read_time(on, time.time()) if on else None
        added = add_entry(inventory, cell, kind, _answers(about, kind, values), unix_s=unix_s)
    except (InvalidCell, CellGone) as problem:
        raise click.UsageError(str(problem)) from problem
    click.echo(f"{cell.label}: {cell_words.words(added.entry)}")
    if added.cell.state != cell.state:
        click.echo(f"{cell.label} is {added.cell.state} now, was {cell.state}")
    if added.warning:
        click.echo(f"topbalance: WARN: {added.warning}", err=True)


def _answers(about: LogKind, kind: str, values: tuple[str, ...]) -> dict[str, str]:
    """The fields as they were typed. A value without a name belongs to the first field."""
    answers: dict[str, Any] = {}
    for value in values:
        word, sign, text = value.partition("=")
        field = about.field(word) if sign else about.fields[0]
        if field is None:
            fields = ", ".join(field.word for field in about.fields)
            raise click.UsageError(f"{kind} has no field {word}; its fields are {fields}")
        if field.name in answers:
            raise click.UsageError(f"{field.word} is given twice; write a text of several words in quotes")
        answers[field.name] = text if sign else value
    return answers
