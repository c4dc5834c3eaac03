"""`topbalance probe`: what is plugged in, and which instrument answers there; and the byte trace that `probe` and `read` can save."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli_choices import F

if TYPE_CHECKING:
    from drivers.probe import Found
    from drivers.serial_ports import SerialPort
    from drivers.trace import Traced

NO_PORTS = (
    "No USB serial adapter is plugged in. Is the cable in, and is it a data cable? An instrument on the network, or a port without a USB adapter,"
    " is named: topbalance probe socket://192.168.1.20:5025 /dev/ttyS0"
)
SURE = {
    "identified": "identified",
    "model unknown": "identified, its model is not known: it can be read, not set",
    "not identified": "looks like it, but did not identify itself",
    "nothing": "nothing found",
    "not probed": "not probed",
}

trace_option = click.option(
    "--trace", type=click.Path(dir_okay=False, path_type=Path), help="Save every byte of it there, for a bug report."
)


def save_trace(file: Path | None, lines: Iterable[Traced]) -> None:
    """Write what went over these lines. Raises OSError."""
    if file is not None:
        from drivers.trace import report

        file.write_text(report(list(lines)), encoding="utf-8")


def traced(command: F) -> F:
    """Gives a command the option --trace: what goes over the lines that it opens is saved, also when it fails."""

    @functools.wraps(command)
    def with_trace(*arguments: Any, trace: Path | None, **options: Any) -> Any:
        from drivers.trace import kept

        with kept() as lines:
            try:
                return command(*arguments, **options)
            finally:
                save_trace(trace, lines)

    return trace_option(with_trace)  # type: ignore[return-value]


@click.command()
@click.argument("ports", nargs=-1, metavar="[PORT]...")
@click.option("--family", "families", multiple=True, help="Look for this family only; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="A list with an object for each port.")
@trace_option
def probe(ports: tuple[str, ...], families: tuple[str, ...], as_json: bool, trace: Path | None) -> None:
    """Find out which instruments are connected. Nothing is ever written to them.

    Without a PORT every USB serial adapter is probed. PORT is a device (/dev/ttyUSB0, /dev/serial/by-id/…, a pseudo-terminal) or a URL
    (socket://HOST:PORT, rfc2217://HOST:PORT). Each is listened to first, then asked questions that only read, one baud rate after another.
    """
    from drivers import serial_ports
    from drivers.address import AddressError
    from drivers.probe import budget_s
    from tui.bench.finding import find_instruments
    from tui.records.places import home

    try:
        longest_s = budget_s(families)
    except AddressError as problem:
        raise click.UsageError(str(problem)) from problem
    listed = [] if ports else serial_ports.ports()
    places = [serial_ports.port_at(path) for path in dict.fromkeys(ports)] or [port for port in listed if port.adapter is not None]
    if places and not as_json:
        click.echo(f"Probing {len(places)} port(s), at most {longest_s:.0f} s where nobody answers ...", err=True)
    found = find_instruments(home(), places, families=families, progress=_progress if sys.stderr.isatty() else None)
    save_trace(trace, [line for one in found for line in one.lines])
    if as_json:
        click.echo(json.dumps([_plain(one) for one in found], ensure_ascii=False))
        return
    others = [port.path for port in listed if port.adapter is None]
    click.echo(_table(found) if found else NO_PORTS)
    if others:
        click.echo(f"Not probed, because they are no USB adapters; name them to probe them: {', '.join(others)}")


def _progress(port: SerialPort, doing: str, part: float) -> None:
    """What is worth a line: somebody was recognised, a port is done."""
    if part >= 1.0 or "asking its name" in doing:
        click.echo(f"  {port.path}: {doing}", err=True)


def _plain(found: Found) -> dict[str, Any]:
    return {
        "port": found.port.path,
        "usb": found.port.usb,
        "family": found.family or None,
        "kind": found.kind or None,
        "model": found.model or None,
        "serial": found.serial or None,
        "firmware": found.firmware or None,
        "address": found.address or None,
        "sure": found.sure,
        "emulated": found.emulated,
        "error": " ".join(part for part in (found.error, found.hint) if part) or None,
    }


def _table(found: Iterable[Found]) -> str:
    """A block for each port: names of ports and addresses are too long for columns."""
    rows = []
    for one in found:
        rows.append(f"{one.port.path}   {one.port.usb}")
        if one.family:
            serial = f", serial {one.serial}" if one.serial else ""
            emulated = ", an emulator" if one.emulated else ""
            rows.append(f"  {one.kind} {one.family}: {one.model or 'model not known'}{serial}{emulated} ({SURE[one.sure]})")
            rows.append(f"  address  {one.address}")
        if one.error:
            rows.append(f"  {one.error}" + (f" {one.hint}" if one.hint else ""))
    return "\n".join(rows)
