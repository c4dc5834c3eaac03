"""`topbalance cells import` and `cells export`: lists of any shape, looked at before anything is kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli_records import cells, demo_option, home_of, json_option, tell_doubts

if TYPE_CHECKING:
    from tui.records.cell_import import ImportPlan

DECIMALS = {"point": ".", "comma": ","}
DELIMITERS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar"}


@cells.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "mapped", multiple=True, metavar="COLUMN=WHAT", help='What a column is: "Spannung=voltage"; COLUMN=keep keeps it.')
@click.option(
    "--existing",
    type=click.Choice(["refuse", "update", "add"]),
    default="refuse",
    show_default=True,
    help="A cell that is there already: refuse its row, take the newer values, or add it under another label.",
)
@click.option("--decimal", type=click.Choice(list(DECIMALS)), default=None, help="The decimal sign, where the list does not show it.")
@click.option("--skip-refused", is_flag=True, help="Keep the other rows although some are refused.")
@click.option("--dry-run", is_flag=True, help="Only show what would be kept.")
@click.option("--yes", is_flag=True, help="Keep it without asking.")
@demo_option
@json_option
def import_cells(file: Path, mapped: tuple[str, ...], existing: Any, demo: bool, as_json: bool, **options: Any) -> None:
    """Take a CSV or TSV list in: first it shows, row by row, what would be added, changed and refused; then it asks.

    Any names of columns will do, in any order. What a name does not tell is said with --map, once: it is remembered. Columns that mean nothing
    here are kept with the cells under their own names. A row that is refused refuses the list, unless --skip-refused.
    """
    from tui.records.cell_columns import columns_of
    from tui.records.cell_import import apply_import, plan_import
    from tui.records.cell_table import read_table
    from tui.records.column_maps import ColumnMaps
    from tui.records.inventory import Inventory

    place = home_of(demo)
    inventory, maps = Inventory(place), ColumnMaps(place)
    try:
        table = read_table(file)
        given = _mapped(mapped)
        columns = columns_of(table.header, given, maps.all())
        plan = plan_import(table, inventory.list(), columns=columns, existing=existing, decimal=DECIMALS.get(options["decimal"] or "", ""))
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    if not as_json:
        _show(plan)
    allowed = options["skip_refused"] or not plan.count("refuse")
    kept: list[Any] = []
    if not options["dry_run"] and allowed and plan.to_save and _agreed(plan, options["yes"]):
        try:
            kept = apply_import(inventory, plan).cells
        except ValueError as problem:
            raise click.UsageError(str(problem)) from problem
        names = {name.casefold() for name in given}
        maps.remember(column for column in columns if column.name.casefold() in names)
    if as_json:
        rows = [{"line": row.line, "label": row.label, "act": row.act, "column": row.column, "words": row.words} for row in plan.rows]
        click.echo(json.dumps({"kept": [cell.label for cell in kept], "rows": rows}, ensure_ascii=False))
    for cell in kept:
        tell_doubts(cell)
    if options["dry_run"] or as_json:
        return
    if not allowed:
        first = next(row for row in plan.rows if row.act == "refuse")
        more = plan.count("refuse") - 1
        others = f" ({more} more are refused)" if more else ""
        raise click.UsageError(
            f"{first.place}: {first.words}{others}. Nothing was saved; correct the list, or keep the others with --skip-refused"
        )
    click.echo(f"{plan.count('add')} cells added, {plan.count('update')} changed" if kept else "Nothing was saved.")


def _mapped(mapped: tuple[str, ...]) -> dict[str, str]:
    from tui.records.cell_columns import field_named

    given = {}
    for item in mapped:
        name, sign, what = item.rpartition("=")  # the name of a column may hold the sign
        if not sign or not name.strip():
            raise click.UsageError(f'--map {item!r}: write COLUMN=WHAT, such as "Spannung=voltage"')
        given[name.strip()] = field_named(what)
    return given


def _show(plan: ImportPlan) -> None:
    from tui.records.cell_columns import TARGETS

    signs = [f"{DELIMITERS[plan.table.delimiter]} between columns"]
    signs += [f"decimal {name}" for name, sign in DECIMALS.items() if sign == plan.decimal]
    click.echo(f"{len(plan.rows)} rows, {', '.join(signs)}")
    for column in plan.columns:
        unit = f", {column.unit}" if column.unit else ""
        click.echo(f"  {column.name or '(no name)':<24} {TARGETS.get(column.field, column.field)}{unit}")
    for row in plan.rows:
        click.echo(f"{row.act:<7} {row.label:<10} {f'{row.place}: ' if row.act == 'refuse' else ''}{row.words}")
    click.echo(plan.words)


def _agreed(plan: ImportPlan, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("nothing was saved, because nobody can be asked here: --yes keeps it, --dry-run only shows it")
    return click.confirm(f"Keep {plan.to_save} of {len(plan.rows)} rows?")


@cells.command("export")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), default=None, help="A file instead of standard output.")
@click.option(
    "--format", "as_format", type=click.Choice(["csv", "tsv"]), default=None, help="By default what the file's name says, else csv."
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
@demo_option
def export_cells(output: Path | None, as_format: str | None, overwrite: bool, demo: bool) -> None:
    """All cells with their logs and everything else that is kept of them; `cells import` reads it back without loss."""
    from tui.records.cell_csv import cells_to_csv
    from tui.records.inventory import Inventory

    tabs = as_format == "tsv" or (as_format is None and output is not None and output.suffix.lower() in (".tsv", ".tab"))
    inventory = Inventory(home_of(demo))
    found = inventory.list()
    if inventory.problem:
        click.echo(f"topbalance: {inventory.problem}", err=True)
    text = cells_to_csv(found, delimiter="\t" if tabs else ",")
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists() and not overwrite:
        raise click.UsageError(f"{output} is there already; choose another name, or --overwrite")
    from tui.records.export.output import OutFile

    file = OutFile(output)
    try:
        file.write(text)
        file.finish()
        file.part.replace(output)
    finally:
        file.drop()
    click.echo(f"{len(found)} cells written to {output}")
