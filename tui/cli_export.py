"""`topbalance sessions export` and `topbalance report`: a session for other programs, and for other people."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tui.cli_records import _session as session_of
from tui.cli_records import demo_option, home_of, sessions

FORMATS = ("bdf", "csv", "json", "parquet")


class Refused(click.ClickException):
    """Exit status 1."""

    exit_code = 1


@sessions.command("export")
@click.argument("session_id", required=False)
@click.option("--all", "every", is_flag=True, help="Every session that has a journal.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="bdf: battery data format, with the cells, the supply, the events and the session in files beside it. csv: one readable table. "
    "json: everything, and what `sessions import` takes. parquet: as bdf, the series only; needs topbalance[parquet].",
)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder to write into.")
@click.option(
    "--profile",
    type=click.Choice(["strict", "full"]),
    default="strict",
    show_default=True,
    help="full: bdf with columns of the steps, too.",
)
@click.option("--institution", default="topbalance", show_default=True, help="First part of the names of bdf files.")
@demo_option
def export_sessions(session_id: str | None, every: bool, form: str, output: Path, profile: str, institution: str, demo: bool) -> None:
    """A session's readings for other programs. Prints each file that was written."""
    from tui.records.export import ExportRefused, export_session
    from tui.records.sessions import Sessions

    if every == (session_id is not None):
        raise click.UsageError("name one session, or --all; `topbalance sessions list` shows them")
    if session_id is not None:
        store, session = session_of(demo, session_id)
        wanted = [session]
    else:
        store = Sessions(home_of(demo))
        wanted = store.list()
    failed = 0
    for session in wanted:
        try:
            made = export_session(store, session, output, form=form, profile=profile, institution=institution)  # type: ignore[arg-type]
        except ExportRefused as problem:
            if not every:
                raise Refused(str(problem)) from problem
            failed += 1
            click.echo(f"topbalance: {session.id}: {problem}", err=True)
            continue
        for path in made:
            click.echo(str(path))
    if failed:
        click.echo(f"topbalance: {failed} of {len(wanted)} sessions were not exported", err=True)
        sys.exit(1)


@click.command()
@click.argument("session_id")
@click.option(
    "--format", "form", type=click.Choice(["html", "markdown"]), default="html", show_default=True, help="markdown is for a forum post."
)
@click.option(
    "--output",
    "-o",
    type=click.Path(allow_dash=True, path_type=Path),
    default=None,
    help="File or folder; - prints it. Default: a file in this folder, named after bank and session.",
)
@demo_option
def report(session_id: str, form: str, output: Path | None, demo: bool) -> None:
    """A session as one page that proves itself: curve, verdict per cell, the end rule clause by clause, deviations, state of the record."""
    from tui.records.report import ReportRefused, file_name, report_text, write_report

    store, session = session_of(demo, session_id)
    if output == Path("-"):
        click.echo(report_text(store, session, form), nl=False)  # type: ignore[arg-type]
        return
    path = Path() if output is None else output
    if path.is_dir():
        path = path / file_name(session, form)  # type: ignore[arg-type]
    try:
        click.echo(str(write_report(store, session, path, form)))  # type: ignore[arg-type]
    except ReportRefused as problem:
        raise Refused(str(problem)) from problem
