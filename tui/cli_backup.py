"""`topbalance backup` and `topbalance restore`: the whole home as one archive, and back."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import click

from tui.cli_records import demo_option, home_of


class NotDone(click.ClickException):
    """Nothing was changed: exit status 1."""

    exit_code = 1


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
@demo_option
def backup(file: Path | None, overwrite: bool, demo: bool) -> None:
    """Cells, banks, sessions, journals, trash, own models and procedures, settings and logs in one archive (zip), readable by you alone.

    A running session goes on; its journal is saved up to the last whole line. Without FILE it is topbalance-DATE-TIME.zip in this folder.
    """
    from tui.records.archive import BackupError
    from tui.records.backup import make_backup

    target = file or Path(f"topbalance-{time.strftime('%Y%m%d-%H%M%S')}.zip")
    try:
        made = make_backup(home_of(demo), target, overwrite=overwrite)
    except BackupError as problem:
        raise NotDone(str(problem)) from problem
    for name in made.left_out:
        click.echo(f"topbalance: {name!r} is not in the backup: no archive takes such a name", err=True)
    click.echo(f"{made.path}: {len(made.entries)} files, {made.size / 1e6:.1f} MB, each verified")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), default=None, help="Another folder, to be used as TOPBALANCE_HOME."
)
@click.option("--replace", is_flag=True, help="Although the home holds records: they are kept in a folder beside it.")
@click.option("--check", is_flag=True, help="Only verify the archive.")
@demo_option
def restore(file: Path, into: Path | None, replace: bool, check: bool, demo: bool) -> None:
    """Put a backup in the place of your records, after every file of it was verified.

    A home that holds records is refused, unless --replace; then it is kept beside the new one. Nothing is mixed.
    """
    from tui import bench_process
    from tui.records.archive import BackupError, check_backup
    from tui.records.places import home_at
    from tui.records.restore import restore as put_in_place

    try:
        if check:
            found = check_backup(file)
            click.echo(f"{file}: {len(found.entries)} files of {_day(found.made_unix_s)}, each is what was saved")
            return
        place = home_at(into) if into is not None else home_of(demo)
        if place.runtime.is_dir() and bench_process.status(place) is not None:
            raise NotDone(f"A bench of {place.data} runs. Nothing was changed; `topbalance bench stop` ends it, the output off first.")
        done = put_in_place(file, place, replace=replace)
    except BackupError as problem:
        raise NotDone(str(problem)) from problem
    for remark in done.remarks:
        click.echo(f"topbalance: {remark}", err=True)
    click.echo(f"{len(done.backup.entries)} files of {_day(done.backup.made_unix_s)} are in place in {place.data}")
    for folder in done.kept:
        click.echo(f"What was there before is in {folder}")
    if into is not None:
        click.echo(f"To use it: TOPBALANCE_HOME={place.data}")


def _day(unix_s: float) -> str:
    return datetime.datetime.fromtimestamp(unix_s).strftime("%Y-%m-%d %H:%M")
