"""Deleting from the command line, and the trash that it goes into: `cells delete`, `sessions delete`, `banks …`, `trash …`."""

from __future__ import annotations

import datetime
import json
from typing import Any

import click

from tui.cli_choices import Quantity
from tui.cli_records import cells, demo_option, home_of, json_option, sessions


@cells.command("delete")
@click.argument("labels", nargs=-1, required=True, metavar="A1 A2 …")
@demo_option
def delete_cells(labels: tuple[str, ...], demo: bool) -> None:
    """Put cells with their logs into the trash. A cell that was thrown away is better kept: cells state A1 scrapped."""
    from tui.records.inventory import Inventory

    inventory = Inventory(home_of(demo))
    found = {label: inventory.by_label(label) for label in labels}
    for label, cell in found.items():
        if cell is None:
            raise click.UsageError(f"no cell is called {label}; nothing was deleted. `topbalance cells list` shows them all")
    for cell in {cell.id: cell for cell in found.values() if cell is not None}.values():
        _told(cell.label, inventory.delete(cell.id))


@sessions.command("delete")
@click.argument("session_id")
@demo_option
def delete_session(session_id: str, demo: bool) -> None:
    """Put a session, its journal and its curve into the trash. Its cells keep the volts that it wrote into their logs."""
    from tui.records.sessions import SessionBusy, SessionGone, Sessions

    try:
        _told(session_id, Sessions(home_of(demo)).delete(session_id))
    except (SessionGone, SessionBusy) as problem:
        raise click.UsageError(str(problem)) from problem


def _told(name: str, trash_id: str) -> None:
    click.echo(f"{name} is in the trash; `topbalance trash restore {trash_id}` brings it back")


@click.group()
def banks() -> None:
    """Banks: cells that are balanced together, with the plan they had last."""


@banks.command("list")
@demo_option
@json_option
def list_banks(demo: bool, as_json: bool) -> None:
    """All banks."""
    from tui.records.banks import Banks
    from tui.records.inventory import Inventory

    place = home_of(demo)
    labels = {cell.id: cell.label for cell in Inventory(place).list()}
    found = [{"name": bank.name, "cells": [labels.get(cell, cell) for cell in bank.cells]} for bank in Banks(place).list()]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for bank in found:
        click.echo(f"{bank['name']:<20} {' '.join(bank['cells'])}")


@banks.command("delete")
@click.argument("name")
@demo_option
def delete_bank(name: str, demo: bool) -> None:
    """Put a bank into the trash; its cells stay in the inventory."""
    from tui.records.banks import Banks

    trash_id = Banks(home_of(demo)).delete(name)
    if not trash_id:
        raise click.UsageError(f"no bank is called {name}; `topbalance banks list` shows them all")
    _told(name, trash_id)


@click.group()
def trash() -> None:
    """What was deleted: list it, bring it back, or let it go for good."""


@trash.command("list")
@demo_option
@json_option
def list_trash(demo: bool, as_json: bool) -> None:
    """What the trash holds, with when it was deleted and by whom."""
    from tui.records.trash import Trash

    found = Trash(home_of(demo)).list()
    if as_json:
        click.echo(json.dumps([{"id": one.id, "kind": one.kind, "name": one.name, "unix_s": one.unix_s, "by": one.by} for one in found]))
        return
    for one in found:
        click.echo(_row(one))
    if not found:
        click.echo("The trash is empty.")


def _row(one: Any) -> str:
    when = datetime.datetime.fromtimestamp(one.unix_s).strftime("%Y-%m-%d %H:%M")
    return f"{one.id}  {one.kind:<8} {when}  {one.by:<10} {one.name}"


@trash.command("restore")
@click.argument("trash_id", metavar="ID")
@click.option("--name", default="", help="Another label or name, where its own is taken meanwhile.")
@demo_option
def restore_trash(trash_id: str, name: str, demo: bool) -> None:
    """Bring something back as it was. ID is what `trash list` shows."""
    from tui.records.trash import NotInTrash, Trash

    try:
        one = Trash(home_of(demo)).restore(trash_id, name=name)
    except (NotInTrash, ValueError) as problem:
        raise click.UsageError(str(problem)) from problem
    click.echo(f"{one.kind} {name or one.name} is back")


@trash.command("empty")
@click.option("--older-than", "older_than_s", type=Quantity("time"), default=None, help="Only what was deleted so long ago: 30d.")
@click.option("--yes", is_flag=True, help="Without asking.")
@demo_option
def empty_trash(older_than_s: float | None, yes: bool, demo: bool) -> None:
    """Let go of what was deleted, for good. The last generations of the databases still hold it for some days."""
    from tui.records.trash import Trash

    bin_ = Trash(home_of(demo))
    found = bin_.list()
    if found and not yes:
        for one in found:
            click.echo(_row(one))
        click.confirm("Let it go for good?" if older_than_s is None else "Let go of what is old enough, for good?", abort=True)
    gone, size = bin_.empty(older_than_s=older_than_s or 0.0)
    click.echo(f"{len(gone)} let go, {size / 1e6:.1f} MB of session files freed")
