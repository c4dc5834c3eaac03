"""`topbalance emulate`: any of the supported instruments, alone or several on one bench, for those who have none at hand."""

from __future__ import annotations

from itertools import count
from typing import Any

import click
from click.core import ParameterSource

from tui.cli_bench import bench_options, description_from
from tui.cli_choices import Quantity

LOOPBACK = "127.0.0.1"


class HostPort(click.ParamType):
    """ "127.0.0.1:5025", "[::1]:5025", or "5025" alone, which is this computer only. Port 0: any that is free."""

    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        host, _, port = value.rpartition(":")
        if not port.isascii() or not port.isdecimal() or int(port) > 65535:
            self.fail(f"'{value}' is no port; write 127.0.0.1:5025, or 5025", param, ctx)
        return host.strip("[]") or LOOPBACK, int(port)


@click.command()
@click.argument("families", nargs=-1, required=True, metavar="FAMILY[:MODEL][@POINT]...")
@bench_options
@click.option("--speed", type=Quantity("speed"), default="1", show_default=True, help="Speed of the emulated time.")
@click.option("--fault", "faults", multiple=True, help="NAME, NAME@5m or NAME=VALUE, with meter:, bms: or a family in front; repeatable.")
@click.option("--tcp", "tcp", type=HostPort(), multiple=True,
              help="Serve on this TCP port instead, the next instruments on those after it; repeatable.")  # fmt: skip
@click.pass_context
def emulate(
    ctx: click.Context, families: tuple[str, ...], speed: float, faults: tuple[str, ...], tcp: tuple[tuple[str, int], ...], **options: Any
) -> None:
    """Start emulators on pseudo-terminals; a line for each tells its address. Runs until interrupted.

    Several stand on one bench, at the same cells and the same clock: topbalance emulate riden owon-xdm jbd --cells 8. A model as in
    korad:KA3010P; where a meter stands as in owon-xdm@supply, es51922@cell:A3 or owon-xdm@walk. With a BMS the cells are a string behind it,
    otherwise a bank in parallel; the leads are on.

    Lines that are typed while it runs are the hands of that bench: leads-apart, leads-on, wire-cells, take-apart, carry A3 (a meter that walks),
    probe posts (what a hand-held meter shows there), fault NAME.
    """
    from drivers.clock import ScaledClock
    from drivers.simulated.asked import Asked, AskedError, build, fit
    from drivers.simulated.faults import FaultError
    from tui.emulate import serve

    try:
        asked = [Asked.parse(text) for text in families]
        described = description_from(options)
        fitted = fit(
            described,
            asked,
            own_wiring=options["bench_file"] is None,
            own_rating=ctx.get_parameter_source("supply") is not ParameterSource.COMMANDLINE and options["bench_file"] is None,
        )
        if [one.family for one in asked] == ["riden"]:  # as it was before there were others: with the described meter beside it
            asked.append(Asked(described.meter.family))
        serve(build(fitted, asked, ScaledClock(speed)), speed, faults, places(tcp, len(asked)))
    except (AskedError, FaultError) as problem:
        raise click.UsageError(str(problem)) from problem


def places(tcp: tuple[tuple[str, int], ...], number: int) -> list[tuple[str, int]]:
    """Host and port of each instrument: those that were given, then counting up from the last. Port 0 stays 0."""
    if not tcp:
        return []
    if len(tcp) > number:
        raise click.UsageError(f"{len(tcp)} TCP ports for {number} instruments")
    host, last = tcp[-1]
    if last and last + number - len(tcp) > 65535:
        raise click.UsageError(f"there are no {number} TCP ports from {last} on")
    after = ((host, last and last + step) for step in count(1))
    return [*tcp, *(next(after) for _ in range(number - len(tcp)))]
