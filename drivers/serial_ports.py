"""The serial ports of this computer with their USB names, and what stands behind a path or URL that somebody names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drivers.stable_id import Adapter, Lookup, adapter_of, plugged_in

NOT_SAID = ("", "n/a", "None")


@dataclass(frozen=True, slots=True)
class SerialPort:
    """One port. `path` is a device path or any pyserial URL; `name` what USB calls it ("USB Serial"); `adapter` is None for what is no USB adapter:
    a built-in port, a pseudo-terminal, a socket.
    """

    path: str
    name: str = ""
    adapter: Adapter | None = None

    @property
    def usb(self) -> str:
        """For a person: "USB Serial (1A86:7523), serial number A50285BI"; what it is instead where it has no USB name."""
        if self.adapter is None:
            return self.name or ("network" if "://" in self.path else "pseudo-terminal" if self.is_pty else "no USB adapter")
        words = f"{self.name or 'USB adapter'} ({self.adapter.kind})"
        return f"{words}, serial number {self.adapter.serial}" if self.adapter.serial else words

    @property
    def is_pty(self) -> bool:
        """A pseudo-terminal: a program is behind it, no hardware."""
        return self.path.startswith("/dev/pts/")

    @property
    def has_baud(self) -> bool:
        """Whether the baud rate means anything there."""
        return not self.is_pty and not self.path.startswith(("socket://", "memory"))


def ports(lookup: Lookup = plugged_in) -> list[SerialPort]:
    """Every serial port that the system lists, USB adapters first."""
    from serial.tools.list_ports import comports

    adapters = {adapter.device: adapter for adapter in lookup()}
    listed = [SerialPort(port.device, _name(port.product, port.description, port.device), adapters.get(port.device)) for port in comports()]
    return sorted(listed, key=lambda port: (port.adapter is None, port.path))


def port_at(path: str, lookup: Lookup = plugged_in) -> SerialPort:
    """The port that somebody names by a device path, a link to one (/dev/serial/by-id/…), or a URL."""
    adapter = adapter_of(path, lookup)
    if adapter is None:
        return SerialPort(path)
    name = next((port.name for port in ports(lookup) if port.adapter == adapter), "")
    return SerialPort(path, name, adapter)


def _name(product: str | None, description: str | None, device: str) -> str:
    """What USB calls it; pyserial puts the port's own name where it knows nothing."""
    found = next((text for text in (product, description) if text not in (None, *NOT_SAID)), "") or ""
    return "" if found == Path(device).name else found
