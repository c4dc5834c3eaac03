"""Which adapter a port belongs to, whatever number the system gives it: found again as ttyUSB1 when it was ttyUSB0.

An adapter's own serial number tells it from all others. Many have none (the CH340 in most supplies): then vendor, product and the socket that it
is plugged into say where to look first. Where to look, and no more: the instrument itself must identify before anything is written to it.
Pseudo-terminals, sockets and lines in memory have no such mark; they keep their address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.address import Address

BY_ID = Path("/dev/serial/by-id")


@dataclass(frozen=True, slots=True)
class Adapter:
    """A serial adapter that is plugged in now. `kind` is "1A86:7523", `serial` may be empty, `socket` is the USB socket, "1-1.2"."""

    device: str  # "/dev/ttyUSB0"
    kind: str = ""
    serial: str = ""
    socket: str = ""
    link: str = ""  # "/dev/serial/by-id/…" that leads to it


Lookup = Callable[[], Sequence[Adapter]]


def plugged_in() -> list[Adapter]:
    """The USB adapters of this system; none where it does not tell."""
    from serial.tools.list_ports import comports

    links = {str(link.resolve()): str(link) for link in BY_ID.iterdir()} if BY_ID.is_dir() else {}
    return [
        Adapter(port.device, f"{port.vid:04X}:{port.pid:04X}", port.serial_number or "", port.location or "", links.get(port.device, ""))
        for port in comports()
        if port.vid is not None and port.pid is not None
    ]


def adapter_of(url: str, lookup: Lookup = plugged_in) -> Adapter | None:
    """The adapter behind a device path or a link to one; None for a line that has none."""
    if not url or "://" in url:
        return None
    device = str(Path(url).resolve()) if Path(url).is_symlink() else url
    return next((adapter for adapter in lookup() if adapter.device in (url, device)), None)


def lock_name(url: str, adapter: Adapter | None) -> str:
    """Under what name the one owner of a port holds it: the adapter's, which stays when the port's number changes; else the line's own."""
    return f"{adapter.kind} {adapter.serial or adapter.socket}" if adapter else url


def same_adapter(known: Adapter, lookup: Lookup = plugged_in) -> list[Adapter]:
    """Where `known` may stand now, the likeliest first; empty while it is not plugged in. With a serial number there is one at most."""
    alike = [adapter for adapter in lookup() if adapter.kind == known.kind and adapter.serial == known.serial]
    if known.serial:
        return alike[:1]
    return sorted(alike, key=lambda adapter: (adapter.socket != known.socket, adapter.link != known.link, adapter.device != known.device))


def surely_same(known: Adapter, lookup: Lookup = plugged_in) -> list[Adapter]:
    """The same for an instrument that cannot tell who it is: by serial number, in the same socket, or the only one of its kind."""
    alike = same_adapter(known, lookup)
    return alike if len(alike) < 2 else [adapter for adapter in alike if adapter.socket == known.socket][:1]


def moved(address: Address, adapter: Adapter) -> Address:
    """The same instrument's address at where its adapter stands now."""
    return Address(address.family, adapter.device, address.options)
