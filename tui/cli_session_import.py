"""`topbalance sessions import`: sessions that were exported whole, looked at before anything is kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli_records import demo_option, home_of, json_option, sessions
from tui.domain.plain_text import plain_text

if TYPE_CHECKING:
    from tui.records.session_import import Found


@sessions.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="FILE|FOLDER …", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would be kept.")
@click.option("--yes", is_flag=True, help="Keep it without asking.")
@click.option("--broken", is_flag=True, help="Take a session whose record does not hold, too; the history goes on saying so.")
@demo_option
@json_option
def import_sessions(paths: tuple[Path, ...], dry_run: bool, yes: bool, broken: bool, demo: bool, as_json: bool) -> None:
    """Take in what `sessions export --format json` wrote, here or on another machine: first it shows what each file is, then it asks.

    A session stands here as it stood there: row, journal with its hashes, curve, events. One that is here already is left alone, whatever the
    file says. Cells with the same id or code in the inventory here get its volts into their logs. `sessions delete` takes an import back.
    """
    from tui.records.session_import import ImportRefused, files_in, import_session, look_at

    place = home_of(demo)
    try:
        found = [look_at(place, path, broken=broken) for path in files_in(paths)]
    except ImportRefused as problem:
        raise click.UsageError(str(problem)) from problem
    if not as_json:
        for one in found:
            _show(one)
    new = sum(one.verdict == "new" for one in found)
    if new and not dry_run and _agreed(new, yes):
        looked = found
        found = [import_session(place, one.path, broken=broken) if one.verdict == "new" else one for one in looked]
        for before, one in zip(looked, found, strict=True):
            if before.verdict == "new" and not one.kept and not as_json:
                _show(one)
    if as_json:
        kept = [_id(one) for one in found if one.kept]
        click.echo(json.dumps({"kept": kept, "files": [_row(one) for one in found]}, ensure_ascii=False))
    else:
        click.echo(_sum(found, dry_run))
    if any(one.verdict in ("refused", "differs") for one in found):
        sys.exit(1)


def _show(one: Found) -> None:
    session = one.session
    words = plain_text(one.words)  # it may name a file, which may be called anything
    if session is None:
        click.echo(f"refused  {words}")
        return
    result = (session.result or "unfinished").upper()
    click.echo(f"{one.verdict:<8} {session.id}  {result:<11} {session.bank}: {one.lines} lines{f'. {words}' if words else ''}")
    if one.verdict != "new":
        return
    linked = dict(one.linked)
    names = [label if linked[label] == label else f"{label} (here {linked[label]})" for label in linked]
    others = [cell.label for cell in session.cells if cell.label not in linked]
    if names:
        click.echo(f"         cells in this inventory: {', '.join(names)}")
    if others:
        click.echo(f"         not in this inventory, kept by their labels: {', '.join(others)}")


def _agreed(count: int, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("nothing was kept, because nobody can be asked here: --yes keeps it, --dry-run only shows it")
    return click.confirm(f"Keep {count} session{'s' if count > 1 else ''}?")


def _sum(found: list[Found], dry_run: bool) -> str:
    def count(verdict: str) -> int:
        return sum(one.verdict == verdict for one in found)

    kept = sum(one.kept for one in found)
    first = f"{count('new')} would be added" if dry_run else f"{kept} added"
    more = [
        f"{count(verdict)} {words}"
        for verdict, words in (("here", "here already"), ("differs", "left as they are here"), ("refused", "refused"))
        if count(verdict)
    ]
    return ", ".join([first, *more])


def _id(one: Found) -> str:
    return one.session.id if one.session is not None else ""


def _row(one: Found) -> dict[str, Any]:
    return {"file": str(one.path), "verdict": one.verdict, "session": _id(one) or None, "words": one.words, "linked": dict(one.linked)}
