"""The door: `topbalance` and its headless commands. Exit status 0 done, 1 refused, held or tripped, 2 bad usage; errors are one line."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from tui import cli_cell_lists, cli_cell_log, cli_cells, cli_judge, cli_session_import  # noqa: F401 - add commands to `cells`, `sessions`
from tui.cli_ack import ack, attention
from tui.cli_backup import backup, restore
from tui.cli_bench import bench_options, description_from, plan_from
from tui.cli_catalogue import catalogue
from tui.cli_choices import Quantity, choice_options
from tui.cli_drills import check_on, drill_options, without_drills
from tui.cli_emulate import emulate
from tui.cli_export import report  # adds `sessions export`, too
from tui.cli_plan import plan
from tui.cli_probe import probe, traced
from tui.cli_procedures import lent, procedures
from tui.cli_process import bench
from tui.cli_records import cells, sessions
from tui.cli_trash import banks, trash
from tui.plain_output import plain_output


class Failed(click.ClickException):
    """The bench refused or tripped: exit status 1."""

    exit_code = 1


def print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"topbalance {version('topbalance')}")
        ctx.exit()


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=print_version, help="Show the version and exit.")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Top-balance LiFePO4 cells, step by step, with a bench supply.

    Without a command the full-screen application starts. `topbalance demo` starts it on a built-in bench: nothing can go wrong there.

    This program is an aid. It does not replace the supply's own limits, a meter at the cells, and somebody within reach.
    """
    if ctx.invoked_subcommand is None:
        from tui.start import run_application

        sys.exit(run_application())


@cli.command()
@bench_options
@choice_options
@click.option("--speed", type=Quantity("speed"), default="60", show_default=True, help="Times real time while nobody is asked anything.")
@drill_options
def demo(**options: Any) -> None:
    """The application on the built-in bench, in a home of its own.

    With --fault something goes wrong there, to practise what the program does and what it asks of you. In the demo the same drills are among the
    commands (ctrl+p, then type “drill”), and so is putting each right again.
    """
    from tui.records.places import home
    from tui.start import bench_process_wanted, run_attached, run_demo

    if bench_process_wanted():
        check_on(description_from(options), options["faults"])  # what is wrong with the options is told here
        sys.exit(run_attached(home(demo=True), without_drills(sys.argv[2:]), options["faults"]))
    with lent(options, home(demo=True)):
        description = description_from(options)
        check_on(description, options["faults"])
        code = run_demo(description, options)
    sys.exit(code)


@cli.command()
@click.option("--demo", "on_demo", is_flag=True, help="On the built-in bench; the only place where a script may confirm.")
@click.option("--headless", is_flag=True, help="Without a screen.")
@click.option("--speed", default="max", show_default=True, help="A factor, or max for in-memory lines in lock-step.")
@click.option("--json", "as_json", is_flag=True, help="End with a summary object on the last line.")
@bench_options
@choice_options
def run(on_demo: bool, headless: bool, speed: str, as_json: bool, **options: Any) -> None:
    """A whole procedure without a screen, on the built-in bench."""
    if not (on_demo and headless):
        raise click.UsageError(
            "run needs --demo --headless: confirmations by a script are allowed on the built-in bench only. For real cells start `topbalance`."
        )
    from tui.bench import headless as runs
    from tui.bench.script import Script, ScriptStuck
    from tui.records.places import home

    description, place = description_from(options), home(demo=True)
    factor = None if speed == "max" else Quantity("speed").convert(speed, None, None)
    started = time.monotonic()
    with lent(options, place):
        rig = runs.lock_step_rig(description, place) if factor is None else runs.pty_rig(description, place, speed=factor)
        made = plan_from(description, rig.supply_address, rig.meter_address, options, rig.bms_address)
        refusal = ""
        try:
            snapshot = runs.LockStep(rig).run(made) if factor is None else runs.run_on_ptys(rig, made, Script())
        except ScriptStuck as stuck:
            refusal, snapshot = str(stuck), runs.give_up(rig)
        summary = runs.summary(rig, snapshot, time.monotonic() - started)
        rig.close()
    if refusal:
        summary["refusal"] = refusal
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False))
    else:
        for key, value in summary.items():
            click.echo(f"{key:<22} {value}")
    if summary["result"] not in ("balanced", "done"):
        grave = [alarm["text"] for alarm in summary["alarms"] if alarm["level"] != "warn"]
        reason = refusal or "; ".join(grave) or summary["end_reason"]
        raise Failed(f"{summary['result']}: {reason}")


@cli.command()
@traced
@click.argument("address")
@click.option("--json", "as_json", is_flag=True)
def read(address: str, as_json: bool) -> None:
    """Identify an instrument and print one reading. Nothing is written, but that bench meters are set to DC volts."""
    from drivers.address import AddressError
    from tui.read_once import read_instrument, words

    try:
        found = read_instrument(address)
    except AddressError as problem:
        raise click.UsageError(str(problem)) from problem
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in words(found):
        click.echo(line)


cli.add_command(emulate)
cli.add_command(plan)
cli.add_command(probe)
cli.add_command(procedures)
cli.add_command(catalogue)
cli.add_command(cells)
cli.add_command(sessions)
cli.add_command(report)
cli.add_command(banks)
cli.add_command(trash)
cli.add_command(backup)
cli.add_command(restore)
cli.add_command(bench)
cli.add_command(ack)
cli.add_command(attention)


def main() -> None:
    """Entry point: click's own messages, but one line each and never a traceback; and nothing that would steer the terminal."""
    with plain_output():
        _main()


def _main() -> None:
    try:
        code = cli.main(prog_name="topbalance", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        click.echo("topbalance: interrupted", err=True)
        sys.exit(1)
    except click.ClickException as problem:
        click.echo(f"topbalance: {' '.join(problem.format_message().split())}", err=True)
        sys.exit(problem.exit_code)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as problem:  # noqa: BLE001 - the last line of defence: one line for the person, the rest for the log
        sys.exit(last_words(problem))


def last_words(problem: Exception) -> int:
    """What went wrong, in one line. What nobody foresaw is a defect of ours: its traceback goes to the log."""
    from tui.records.store import StoreError

    words = " ".join(str(problem).split())
    if isinstance(problem, OSError | StoreError):
        click.echo(f"topbalance: {words}", err=True)
        return 1
    import traceback

    from tui.records.places import home, open_private

    log = home().logs / "topbalance.log"
    with open(log, "a", encoding="utf-8", opener=open_private) as file:
        traceback.print_exception(problem, file=file)
    click.echo(f"topbalance: a defect in this program ({type(problem).__name__}: {words}). {log} tells more.", err=True)
    return 1


if __name__ == "__main__":
    main()
