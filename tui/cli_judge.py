"""`topbalance cells judge` and `cells build`: which cells lie apart from the others, and a pack built of those that belong together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from tui.cli_choices import Quantity
from tui.cli_records import cells, demo_option, home_of, json_option

if TYPE_CHECKING:
    from tui.domain.judging import Judgement, LeftOut
    from tui.domain.packing import Spread
    from tui.records.cell import Cell
    from tui.records.inventory import Inventory
    from tui.records.packs import PlannedPack


@cells.command("judge")
@click.argument("labels", nargs=-1)
@click.option(
    "--by",
    type=click.Choice(["self-discharge", "resistance", "capacity"]),
    default=None,
    help="By one measure only; by all three unless said.",
)
@click.option("--days", type=click.Choice(["1", "7", "30"]), default=None, help="Self-discharge after so many days; the longest measured.")
@click.option("--resolution", "step_v", type=Quantity("cell_voltage"), default=None, help="Step of the meter: 1mV. By the decimals typed.")
@demo_option
@json_option
def judge_cells(labels: tuple[str, ...], by: str | None, days: str | None, step_v: float | None, demo: bool, as_json: bool) -> None:
    """Rank cells, worst first, and name those that lie apart from the others: all cells, or those named.

    Self-discharge comes from volts at rest after one charge: one day, seven and thirty days after it. Where they tell nothing, that is said.
    """
    from tui.domain.judge_words import report
    from tui.domain.judging import WAYS, LeftOut, judge
    from tui.records.inventory import Inventory
    from tui.records.measured import measured_cells

    if step_v is not None and not 0 < step_v <= 0.1:
        raise click.BadParameter("the step of a meter lies between 0.1 mV and 100 mV", param_hint="--resolution")
    found = _chosen(Inventory(home_of(demo)), labels)
    scrapped = [] if labels else [cell for cell in found if cell.state == "scrapped"]
    measured = measured_cells(cell for cell in found if cell not in scrapped)
    ways = [way for way in WAYS if by in (None, way)]
    judgements = [judge(measured, way, days=int(days) if days else None, step_v=step_v) for way in ways]
    away = [LeftOut(cell.label, "scrapped") for cell in scrapped]
    if as_json:
        click.echo(json.dumps({judgement.by: _judgement(judgement, away) for judgement in judgements}, ensure_ascii=False))
        return
    for at, judgement in enumerate(judgements):
        if at:
            click.echo()
        for line in report(judgement):
            click.echo(line)
    if away:
        click.echo(f"Left out: {', '.join(cell.label for cell in away)}: scrapped.")


def _chosen(inventory: Inventory, labels: Sequence[str]) -> list[Cell]:
    """The cells that are named, or all; what cannot be read is told."""
    from tui.records.cell import label_key

    found = inventory.list()
    if inventory.problem:
        click.echo(f"topbalance: {inventory.problem}", err=True)
    if not labels:
        return found
    by_label = {label_key(cell.label): cell for cell in found}
    unknown = [label for label in labels if label_key(label) not in by_label]
    if unknown:
        raise click.UsageError(f"no cell is called {', '.join(unknown)}; `topbalance cells list` shows them all")
    wanted = {label_key(label) for label in labels}
    return [cell for cell in found if label_key(cell.label) in wanted]


def _judgement(judgement: Judgement, away: Sequence[LeftOut]) -> dict[str, Any]:
    rows = []
    for row in judgement.rows:
        told: dict[str, Any] = {"rank": row.rank, "label": row.label, "kind": row.kind, "level": row.level or "usual", "reason": row.words}
        fall = row.fall
        if fall is None:
            told["capacity_ah" if judgement.by == "capacity" else "resistance_mohm"] = row.value
        else:
            assert fall.loss is not None
            high = fall.loss.high
            told |= {
                "from_h": fall.from_h,
                "to_h": fall.to_h,
                "from_v": fall.from_v,
                "to_v": fall.to_v,
                "fall_v": round(fall.fall_v, 6),
                "uncertainty_v": fall.uncertainty_v,
                "least_lost": fall.loss.low,
                "most_lost": high,
                "least_per_month": fall.rate(fall.loss.low) if fall.settled else None,
                "most_per_month": fall.rate(high) if fall.settled and high is not None else None,
            }
        rows.append(told)
    return {
        "mark_days": judgement.mark_d,
        "median": {
            kind: {"median": middle.median, "spread": middle.spread, "cells": middle.count} for kind, middle in judgement.usual.items()
        },
        "cells": rows,
        "outliers": [row.label for row in judgement.outliers],
        "left_out": [asdict(cell) for cell in (*judgement.left_out, *away)],
        "notes": list(judgement.notes),
    }


@cells.command("build")
@click.argument("arrangement", metavar="8S2P")
@click.argument("labels", nargs=-1)
@click.option("--rated", is_flag=True, help="Take the capacity on the label where none was measured.")
@click.option("--save", is_flag=True, help="Write each cell's place into its log.")
@click.option("--name", default="", help="Name of the pack with --save; the next free “pack N” unless said.")
@demo_option
@json_option
def build_pack(arrangement: str, labels: tuple[str, ...], rated: bool, save: bool, name: str, demo: bool, as_json: bool) -> None:
    """Build a pack such as 8S2P of the cells named, or of all that can be used, and print its map.

    The groups are made alike in capacity, then in resistance. Cells without a measured capacity are left out by name.
    """
    from tui.domain.arrangement import read_arrangement
    from tui.domain.pack_map import pack_map
    from tui.records.cell import InvalidCell
    from tui.records.inventory import CellGone, Inventory
    from tui.records.packs import PackRefused, next_pack_name, plan_pack, save_pack

    try:
        read_arrangement(arrangement)
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    inventory = Inventory(home_of(demo))
    try:
        planned = plan_pack(_chosen(inventory, labels), arrangement, named=bool(labels), rated=rated)
    except PackRefused as problem:
        raise click.ClickException(str(problem)) from problem
    saved = ""
    if save:
        saved = name or next_pack_name(inventory.list())
        try:
            save_pack(inventory, planned, saved)
        except (InvalidCell, CellGone) as problem:
            raise click.ClickException(str(problem)) from problem
    if as_json:
        click.echo(json.dumps({**_planned(planned), "saved": saved or None}, ensure_ascii=False))
        return
    click.echo(pack_map(planned.pack))
    for words in planned.words:
        for line in wrap(words, 80, subsequent_indent="  "):
            click.echo(line)
    click.echo(f"Saved as {saved}: every cell's log now tells its place." if saved else "Nothing was saved; --save writes the places.")


def _planned(planned: PlannedPack) -> dict[str, Any]:
    pack = planned.pack
    return {
        "arrangement": pack.name,
        "pack_capacity_ah": pack.capacity_ah,
        "before": _spread(pack.before),
        "after": _spread(pack.after),
        "capacity_proven": pack.capacity_proven,
        "resistance_proven": pack.resistance_proven,
        "least_spread_ah": pack.least_spread_ah,
        "largest_over_bound": pack.over_bound,
        "groups": [
            {
                "series": group.series,
                "orientation": "turned" if group.turned else "straight",
                "capacity_ah": group.capacity_ah,
                "resistance_mohm": group.resistance_mohm,
                "cells": [
                    {"parallel": at, "label": cell.label, "capacity_ah": cell.capacity_ah, "resistance_mohm": cell.resistance_mohm}
                    for at, cell in enumerate(group.cells, 1)
                ],
            }
            for group in pack.groups
        ],
        "spares": [cell.label for cell in pack.spares],
        "left_out": [asdict(cell) for cell in planned.left_out],
        "notes": [*pack.notes, *((planned.doubts,) if planned.doubts else ())],
    }


def _spread(spread: Spread) -> dict[str, float | None]:
    return {"capacity_ah": spread.capacity_ah, "resistance_mohm": spread.resistance_mohm}
