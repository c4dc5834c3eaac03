"""`topbalance bench …`: the bench as a process of its own: start it, look at it, end it."""

from __future__ import annotations

import datetime
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from tui.cli_bench import bench_options, description_from
from tui.cli_choices import Quantity, choice_options
from tui.cli_procedures import lent
from tui.cli_records import json_option

if TYPE_CHECKING:
    from tui.records.places import Home


demo_option = click.option("--demo", is_flag=True, help="The demo's bench instead of your own.")


WAITS = " Its session waits: the next start takes it up."


def _home(demo: bool) -> Home:
    from tui.records.places import home

    return home(demo=demo)


@click.group(invoke_without_command=True)
@click.pass_context
def bench(ctx: click.Context) -> None:
    """The bench as a process of its own: it goes on when the terminal closes.

    Alone it starts a bench out of the terminal's reach, unless one runs already, and shows it. The application does the same. With
    TOPBALANCE_BENCH=inside in the environment the bench runs inside the application and ends with it. A bench without a session and without a
    screen ends by itself after five minutes. Where the system ends all of a user's processes at logout, it ends the bench too, the output off first.
    """
    from tui.bench.socket_place import unix_sockets

    if not unix_sockets():
        raise click.ClickException("this system has no Unix sockets. The bench runs inside the application and ends with it.")
    if ctx.invoked_subcommand is None:
        from tui.bench_process import ensure_bench

        _show(ensure_bench(_home(False)))


@bench.command("status")
@demo_option
@json_option
def show_status(demo: bool, as_json: bool) -> None:
    """Whether a bench runs, and what it does."""
    from tui.bench_process import status

    found = status(_home(demo))
    if as_json:
        told = {key: value for key, value in (found or {}).items() if key not in ("v", "id", "defaults", "options")}
        click.echo(json.dumps({"running": found is not None, **told}, ensure_ascii=False))
    elif found is None:
        click.echo("No bench runs.")
    else:
        _show(found)


def _show(found: dict[str, Any]) -> None:
    """In words; a bench of another version may tell less."""
    since = datetime.datetime.fromtimestamp(found.get("started_unix_s", 0)).isoformat(" ", "seconds")
    output = {True: "ON", False: "off"}.get(found.get("output_on"), "unknown")
    kind = "built-in bench" if found.get("kind") == "demo" else "bench"
    click.echo(f"{kind:<10} process {found.get('pid', '?')}, since {since}, screens looking on: {found.get('screens', '?')}")
    click.echo(f"{'state':<10} {found.get('state', '?')}, output {output}")
    for label in ("session", "bank", "supply", "unfinished"):
        if found.get(label):
            click.echo(f"{label:<10} {''.join(sign if sign.isprintable() else '?' for sign in str(found[label]))}")


@bench.command("stop")
@demo_option
def stop_bench(demo: bool) -> None:
    """Switch the output off, with proof, and end the bench. Done as well when none runs."""
    from tui.bench_process import UNPROVED, status, stop

    place = _home(demo)
    found = status(place) or {}
    off = stop(place)
    if off is False:
        raise click.ClickException(UNPROVED)
    waits = found.get("session") and found.get("state") not in ("idle", "ended")
    click.echo("No bench runs." if off is None else "The output is off, and the bench has ended." + (WAITS if waits else ""))


@bench.command("log")
@demo_option
@click.option("--lines", type=click.IntRange(1, 100_000), default=40, show_default=True, help="How many of the last lines.")
def show_log(demo: bool, lines: int) -> None:
    """The last lines of the bench's log, and where it lies."""
    from tui.bench_process import log_path, tail

    place = _home(demo)
    for line in tail(place, lines):
        click.echo(line)
    click.echo(str(log_path(place)), err=True)


def _given() -> list[str]:
    """The options of `bench run --demo` as they were typed."""
    words = sys.argv[sys.argv.index("run") + 1 :] if "run" in sys.argv else []
    return [word for word in words if word != "--demo"]


@bench.command("run")
@click.option("--demo", is_flag=True, help="The built-in bench; the options below describe it.")
@bench_options
@choice_options
@click.option("--speed", type=Quantity("speed"), default="60", show_default=True, help="Times real time while nobody is asked anything.")
def run_bench(demo: bool, **options: Any) -> None:
    """Be the bench, in this terminal, until ctrl+c: the output goes off first. Its log goes to standard error."""
    from tui import bench_process

    place = _home(demo)
    if demo:
        given = _given()
        if not given and (given := bench_process.options_of_left(place)):
            options = run_bench.make_context("run", list(given)).params
            options.pop("demo")
        with lent(options, place):
            code = bench_process.run_demo(place, description_from(options), options, given)
    else:
        code = bench_process.run_real(place)
    raise SystemExit(code)
