"""`topbalance procedures …`: what there is, what it does step by step, and one's own: export, edit, check, import, remove."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli_choices import Procedure, checked, other_choices, own_text, procedure_of, text_of
from tui.cli_plan import bank_options, plan_of
from tui.cli_records import demo_option, json_option

if TYPE_CHECKING:
    from tui.domain.procedure import Step
    from tui.records.own_procedures import OwnProcedures
    from tui.records.places import Home

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _kept(demo: bool) -> OwnProcedures:
    from tui.records.own_procedures import OwnProcedures
    from tui.records.places import home

    return OwnProcedures(home(demo=demo))


@click.group()
def procedures() -> None:
    """The procedures, built in and your own: list, show, export, check, import, remove."""


@procedures.command("list")
@demo_option
@json_option
def list_procedures(demo: bool, as_json: bool) -> None:
    """All names that --procedure takes."""
    from tui.domain.procedures import TITLES

    rows = [{"name": name, "title": title, "own": False} for name, title in TITLES.items()]
    rows += [{"name": f"own:{name}", "title": _title(_kept(demo), name), "own": True} for name in _kept(demo).list()]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['name']:<26} {row['title']}")


def _title(kept: OwnProcedures, name: str) -> str:
    import tomllib

    from tui.records.own_procedures import OwnProcedureError

    try:
        return str(tomllib.loads(kept.read(name)).get("title", ""))
    except (OwnProcedureError, tomllib.TOMLDecodeError) as problem:
        return f"cannot be read: {problem}"


@procedures.command("show")
@click.argument("procedure", type=Procedure(), metavar="NAME")
@bank_options
@other_choices
@json_option
def show_procedure(as_json: bool, **options: Any) -> None:
    """The whole checklist for a bank, part by part; give the bank and the choices as for `plan`."""
    from tui.domain.procedures import ProcedureError, steps

    try:
        made = steps(plan_of(options), own_text(options))
    except ProcedureError as problem:
        raise click.UsageError(str(problem)) from problem
    if as_json:
        click.echo(json.dumps([_row(step) for step in made], ensure_ascii=False))
        return
    part = ""
    for number, step in enumerate(made, 1):
        if step.part is not None and step.part.title != part:
            part = step.part.title
            click.echo(f"\n{part}")
        click.echo(f"{number:>4}  {step.title}  (tutorial {step.tutorial})\n      {step.instruction}")


def _row(step: Step) -> dict[str, Any]:
    from dataclasses import asdict

    part = "" if step.part is None else step.part.title
    return {**{key: value for key, value in asdict(step).items() if key != "part"}, "part": part}


@procedures.command("export")
@click.argument("procedure", type=Procedure(), metavar="NAME")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; standard output unless said.")
@bank_options
@other_choices
def export_procedure(output: Path | None, **options: Any) -> None:
    """A procedure as a TOML file to edit, with these choices as comments in it."""
    from tui.domain.procedures import export

    name = procedure_of(options)
    text = own_text(options) if name.startswith("own:") else export(name, plan_of(options))
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as problem:
        raise click.UsageError(f"{output} is there already; nothing was written. Give another name") from problem
    click.echo(str(output))


@procedures.command("check")
@click.argument("file", type=FILE)
def check_procedure(file: Path) -> None:
    """Every fault of a procedure's file, with its line and field: 0 when there is none, 1 otherwise."""
    from tui.domain.procedures import check

    problems = check(text_of(file))
    for problem in problems:
        click.echo(f"{file.name} {problem}")
    if not problems:
        click.echo(f"{file.name}: nothing wrong")
    sys.exit(1 if problems else 0)


@procedures.command("import")
@click.argument("file", type=FILE)
@click.option("--name", default="", help="Its name here; the file's unless said.")
@click.option("--replace", is_flag=True, help="In the place of one of that name.")
@demo_option
def import_procedure(file: Path, name: str, replace: bool, demo: bool) -> None:
    """Keep a procedure of your own; only one in which nothing is wrong."""
    from tui.records.own_procedures import OwnProcedureError

    text, name = checked(file), name or file.stem
    try:
        _kept(demo).save(name, text, overwrite=replace)
    except OwnProcedureError as problem:
        raise click.UsageError(str(problem)) from problem
    click.echo(f"own:{name} kept")


@procedures.command("remove")
@click.argument("name")
@demo_option
def remove_procedure(name: str, demo: bool) -> None:
    """Forget a procedure of your own; sessions keep what they ran by."""
    from tui.records.own_procedures import OwnProcedureError

    kept, name = _kept(demo), name.removeprefix("own:")
    try:
        kept.read(name)
        kept.remove(name)
    except OwnProcedureError as problem:
        raise click.UsageError(str(problem)) from problem
    click.echo(f"own:{name} removed")


@contextlib.contextmanager
def lent(options: dict[str, Any], place: Home) -> Iterator[None]:
    """The own procedure of these options, if it is one, lies where the bench looks for it; what was not there before goes again."""
    text = own_text(options)
    if not text:
        yield
        return
    from tui.records.own_procedures import OwnProcedureError, OwnProcedures

    kept, name = OwnProcedures(place), procedure_of(options).removeprefix("own:")
    try:
        there = name in kept.list()
        if there and kept.read(name) != text:
            raise OwnProcedureError(f"another procedure “{name}” is kept already; give the file another name, or import it with --replace")
        kept.save(name, text, overwrite=True)
    except OwnProcedureError as problem:
        raise click.UsageError(str(problem)) from problem
    try:
        yield
    finally:
        if not there:
            kept.remove(name)
