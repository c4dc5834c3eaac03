"""`topbalance demo --fault …` and `--list-faults`: faults that the built-in bench plays, so that an operator sees what the program does."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tui.cli_choices import F, add

if TYPE_CHECKING:
    from drivers.simulated.description import BenchDescription
    from drivers.simulated.faults import FaultKind
    from tui.bench.link import Link

OPTION = "--fault"
HOW = (
    "Write NAME, NAME@TIME, NAME=VALUE or NAME@TIME=VALUE. A time (90s, 5m, 1h) is time on the bench since the first charge of the session began "
    "to flow. Without a time it strikes 1 minute after that, or, where it concerns the set-up, at once. A fault of the supply's line may be "
    "the meter's: meter:NAME."
)


def drill_options(command: F) -> F:
    """What a demo is to have go wrong."""
    option = click.option
    return add(
        (
            option(OPTION, "faults", multiple=True, callback=_checked, metavar="NAME[@TIME][=VALUE]",
                   help="A drill: lead-falls-off@5m. May be given more than once. Times count from the beginning of the charge; without one "
                        "it strikes 1 min after that, or at once where it concerns the set-up."),
            option("--list-faults", is_flag=True, is_eager=True, expose_value=False, callback=_list,
                   help="Show all drills, and what the program should do about each."),
        ),
        command,
    )  # fmt: skip


def _checked(_ctx: click.Context, param: click.Parameter, faults: Sequence[str]) -> Sequence[str]:
    if not faults:
        return ()
    from drivers.simulated.faults import FaultError
    from tui.bench.drills import parse_drill

    for text in faults:
        try:
            parse_drill(text)
        except FaultError as problem:
            raise click.BadParameter(f"{problem} --list-faults shows them all.", param=param) from problem
    return faults


def check_on(description: BenchDescription, faults: Sequence[str]) -> None:
    """UsageError for a fault that the described bench cannot have, such as one of a cell that is not there."""
    if not faults:
        return
    from drivers.clock import VirtualClock
    from drivers.simulated.embedded import EmbeddedBench
    from drivers.simulated.faults import FaultError
    from tui.bench.drills import parse_drill

    bench = EmbeddedBench(description, VirtualClock())
    for text in faults:
        try:
            bench.check_fault(parse_drill(text))
        except FaultError as problem:
            raise click.UsageError(str(problem)) from problem


def begin_drills(link: Link, faults: Sequence[str]) -> None:
    """Hand the faults to the bench. Raises OSError where it refuses one."""
    from tui.bench.messages import Inject

    for text in faults:
        outcome = link.send(Inject(text))
        if not outcome.ok:
            raise OSError(f"the drill {text} was refused: {outcome.message}")


def without_drills(arguments: Sequence[str]) -> list[str]:
    """The command line of a demo without its drills: a bench process is started without them, and then told."""
    kept, skip = [], False
    for argument in arguments:
        if not skip and argument != OPTION and not argument.startswith(OPTION + "="):
            kept.append(argument)
        skip = argument == OPTION and not skip
    return kept


def _list(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(fault_table(shutil.get_terminal_size().columns))
        ctx.exit()


def fault_table(columns: int) -> str:
    """Every fault with what may follow its "=", the scenario it shows, what happens, and what the program should do."""
    from drivers.simulated.faults import FAULTS
    from tui.domain.drills import DRILLS, drill

    width = min(max(columns, 60), 110)
    lines = [f"{'NAME[=VALUE]':<34}{'SHOWS':<12}STRIKES", "    what happens", "    ▸ what the program should do", ""]
    for name in sorted(FAULTS, key=lambda name: [*DRILLS, name].index(name)):
        kind, row = FAULTS[name], drill(name)
        strikes = "at once" if row.at_once else "1 min"
        lines.append(f"{name + _value(kind):<34}{', '.join(row.shows):<12}{strikes}")
        lines += textwrap.wrap(kind.description, width, initial_indent="    ", subsequent_indent="    ")
        if row.answer:
            lines += textwrap.wrap(f"▸ {row.answer}", width, initial_indent="    ", subsequent_indent="      ")
    return "\n".join([*lines, "", *textwrap.wrap(HOW, width)])


def _value(kind: FaultKind) -> str:
    """How a value is written behind the name, the usual one as the example: "[=A3]", "[=0.03] (V)" or "[=A3:0.5] (A)"."""
    number: Any = f"{kind.default:g}"
    written = {"nothing": "", "cell": "=A3", "number": f"={number}", "cell and number": f"=A3:{number}"}[kind.takes]
    return f"[{written}]" + (f" ({kind.unit})" if kind.unit else "") if written else ""
