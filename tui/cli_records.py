"""`topbalance cells …` and `topbalance sessions …`: list, show, add, verify, rest."""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from tui.cli_choices import Quantity

if TYPE_CHECKING:
    from tui.records.places import Home

demo_option = click.option("--demo", is_flag=True, help="The demo's records instead of your own.")
json_option = click.option("--json", "as_json", is_flag=True, help="JSON for programs.")


def home_of(demo: bool) -> Home:
    from tui.records.places import home

    return home(demo=demo)


@click.group()
def cells() -> None:
    """The cell inventory: list, show, add, import, export, delete."""


@cells.command("list")
@demo_option
@json_option
def list_cells(demo: bool, as_json: bool) -> None:
    """All cells."""
    from tui.records.inventory import Inventory

    inventory = Inventory(home_of(demo))
    found = inventory.list()
    _tell(inventory.problem)
    if as_json:
        click.echo(json.dumps([_cell(cell) for cell in found], ensure_ascii=False))
        return
    for cell in found:
        volts = cell.last_voltage_v
        shown = "" if volts is None else f"{volts[0] if isinstance(volts, tuple) else volts:.3f} V"
        capacity = "" if cell.capacity_ah is None else f"{cell.capacity_ah:g} Ah"
        click.echo(f"{cell.label:<10} {cell.state:<10} {capacity:>8} {shown:>9}  {cell.model}")


def _cell(cell: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(cell), "state": cell.state}


def _tell(problem: str) -> None:
    if problem:
        click.echo(f"topbalance: {problem}", err=True)


@cells.command("add")
@click.argument("label")
@click.option("--capacity", default=None, help="Rated capacity, such as 280Ah.")
@click.option("--maker", default="")
@click.option("--model", default="")
@click.option("--code", default="", help="Text of the code on the cell.")
@click.option("--resistance", default=None, help="Internal resistance from the maker, such as 0.18mOhm.")
@click.option("--volts", default=None, help="Volts as received, such as 3.301V.")
@click.option("--received", "received_date", default="", help="Day it came, such as 2026-03-21.")
@click.option("--supplier", default="")
@click.option("--order-no", default="")
@click.option("--price", default="")
@click.option("--notes", default="")
@demo_option
def add_cell(label: str, capacity: str | None, resistance: str | None, volts: str | None, demo: bool, **values: str) -> None:
    """Add one cell."""
    from tui.domain import quantities
    from tui.records.cell import InvalidCell
    from tui.records.inventory import Inventory

    try:
        given: dict[str, Any] = {key: value for key, value in values.items() if value}
        if capacity is not None:
            given["capacity_ah"] = quantities.parse(capacity, "capacity")
        if resistance is not None:
            given["resistance_mohm"] = round(quantities.parse(resistance, "resistance") * 1e3, 9)
        if volts is not None:
            given["received_voltage_v"] = quantities.parse(volts, "cell_voltage")
        cell = Inventory(home_of(demo)).add(label=label, **given)
    except (quantities.QuantityError, InvalidCell) as problem:
        raise click.UsageError(str(problem)) from problem
    tell_doubts(cell)
    click.echo(f"{cell.label} added")


def tell_doubts(cell: Any) -> None:
    """What is doubtful about the code of a cell that was kept all the same, as it was scanned (fault F-12)."""
    from tui.domain.cell_code import read_code

    for doubt in read_code(cell.code).doubts if cell.code else ():
        _tell(f"{cell.label}, code {cell.code}: {doubt}")


@click.group()
def sessions() -> None:
    """The history of sessions: list, show, export, import, verify, rest, delete."""


@sessions.command("list")
@demo_option
@json_option
def list_sessions(demo: bool, as_json: bool) -> None:
    """All sessions, oldest first."""
    from tui.records.sessions import Sessions

    store = Sessions(home_of(demo))
    rows = [session.listing() for session in store.list()]
    _tell(store.problem)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        hours = "" if row["duration_s"] is None else f"{row['duration_s'] / 3600:.1f} h"
        charge = "" if row["charge_ah"] is None else f"{row['charge_ah']:.1f} Ah"
        click.echo(f"{row['id']}  {row['result'].upper():<11} {hours:>8} {charge:>10}  {row['bank']}")


def _session(demo: bool, session_id: str) -> tuple[Any, Any]:
    from tui.records.sessions import SessionGone, Sessions

    store = Sessions(home_of(demo))
    try:
        return store, store.get(session_id)
    except SessionGone as problem:
        raise click.UsageError(str(problem)) from problem


@sessions.command("show")
@click.argument("session_id")
@demo_option
@json_option
def show_session(session_id: str, demo: bool, as_json: bool) -> None:
    """One session, with each cell's volts before, at the end and at rest."""
    from dataclasses import asdict

    from tui.domain.chosen import chosen
    from tui.domain.plan import Plan
    from tui.records.integrity import check_session

    store, session = _session(demo, session_id)
    if as_json:
        click.echo(json.dumps(asdict(session), ensure_ascii=False))
        return
    for key, value in session.listing().items():
        click.echo(f"{key:<14} {'unknown' if value is None else value}")
    if session.imported_unix_s is not None:
        when = datetime.datetime.fromtimestamp(session.imported_unix_s).strftime("%Y-%m-%d %H:%M")
        click.echo(f"{'imported':<14} {when}, from another home")
    click.echo(f"{'end reason':<14} {session.end_reason or ('none' if session.result else 'it has no end yet')}")
    with contextlib.suppress(TypeError, KeyError, ValueError):  # a plan of another version is no reason to show nothing
        click.echo(f"{'chosen':<14} {' · '.join(chosen(Plan.from_json(dict(session.plan))))}")
    found = check_session(store, session)
    click.echo(f"{'record':<14} {'holds' if found.ok else 'DOES NOT HOLD'}: {found.words}")
    click.echo(f"{'chain head':<14} {found.head_hash or 'none'}")
    for part in session.parts if len(session.parts) > 1 else ():
        click.echo(f"{'part':<14} {part['title']}: {part['reason']}, {part['charge_ah']:.2f} Ah in {part['duration_s'] / 3600:.1f} h")
    rests = session.rests
    click.echo(f"{'cell':<10} {'before':>8} {'end':>8}" + "".join(f"{_hours(rest.hours):>9}" for rest in rests))
    for cell in session.cells:
        columns = [session.before_v.get(cell.label), session.end_v.get(cell.label), *(rest.volts.get(cell.label) for rest in rests)]
        click.echo(f"{cell.label:<10}" + "".join(f" {'—' if v is None else f'{v:.3f}':>8}" for v in columns))


def _hours(hours: float | None) -> str:
    return "rest" if hours is None else f"{hours:.0f} h"


@sessions.command("verify")
@click.argument("session_id")
@click.option("--head", default="", help="A hash that was noted earlier, or its beginning: it must stand in the chain.")
@demo_option
def verify_session(session_id: str, head: str, demo: bool) -> None:
    """Whether the record is what was written: 0 when the journal's chain holds to its end and the database says the same."""
    from tui.records.integrity import check_session

    found = check_session(*_session(demo, session_id), noted=head)
    click.echo(found.words)
    click.echo(f"chain head: {found.head_hash or 'none'}")
    sys.exit(0 if found.ok else 1)


@sessions.command("rest")
@click.argument("session_id")
@click.argument("values", nargs=-1, required=True, metavar="A1=3.345V …")
@click.option(
    "--after", "after_s", type=Quantity("time"), default=None, help="Measured so long after the end of the charge: 24h. Default: now."
)
@demo_option
def rest_session(session_id: str, values: tuple[str, ...], after_s: float | None, demo: bool) -> None:
    """Write resting voltages into a session and its cells, and say what they tell."""
    from tui.domain import quantities
    from tui.records.sessions import RestRefused

    store, session = _session(demo, session_id)
    volts: dict[str, float] = {}
    for item in values:
        label, sign, text = item.partition("=")
        if not sign:
            raise click.UsageError(f"'{item}': write LABEL=VOLTS, such as A1=3.345V")
        try:
            volts[label] = quantities.parse(text, "cell_voltage")
        except quantities.QuantityError as problem:
            raise click.UsageError(f"{label}: {problem}") from problem
    hours = None if after_s is None else after_s / 3600
    unix_s = time.time() if after_s is None or session.ended_unix_s is None else session.ended_unix_s + after_s
    try:
        kept = store.add_rest(session.id, volts, unix_s, hours=hours)
    except RestRefused as problem:
        raise click.UsageError(str(problem)) from problem
    click.echo(f"{len(volts)} resting voltages kept")
    for words in _rest_words(kept):
        click.echo(words)
    for found in kept.suspects[len(session.suspects) :]:
        label = found["label"]
        click.echo(
            f"{label} is now marked suspect in the inventory, and no bank takes it. To put it back, for the repeat or because a reading was "
            f'wrong: topbalance cells state {label} stock{" --demo" if demo else ""} --reason "…"'
        )
    _tell(kept.cells_problem)


def _rest_words(session: Any) -> Iterator[str]:
    """What the newest rest tells: what is normal at this time, and each cell that is away from the others."""
    from tui.domain import calculations
    from tui.domain.after import drift_band, judge_rest
    from tui.domain.plan import Plan
    from tui.records.sessions import rest_readings

    hours = session.rests[-1].hours
    with contextlib.suppress(TypeError, KeyError, ValueError, ZeroDivisionError):  # a plan of another version
        made = Plan.from_json(dict(session.plan))
        if hours:
            yield drift_band(calculations.end_c_rate(replace(made, arrangement="")), hours, made.target_v).words
    told = [cell.words for cell in judge_rest(rest_readings(session)) if cell.verdict in ("note", "suspect")]
    yield from told or ["Every cell stays with the others at rest."]
