"""Where an instrument is: "riden:/dev/ttyUSB0?address=1&baud=115200", "text-line:socket://host:4001?point=bank", "manual:30V/10A"."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_FAMILY = re.compile(r"[a-z][a-z0-9-]*")
_OPTION = re.compile(r"[a-z][a-z0-9_-]*")


class AddressError(ValueError):
    """An address that cannot be understood; the text says which part and what belongs there."""


@dataclass(frozen=True, slots=True)
class Address:
    """`family` names the driver, `url` the line (any pyserial URL or device path; empty where there is none), `options` the rest.

    `str(address)` gives the text back; `Address.parse(str(address)) == address`.
    """

    family: str
    url: str = ""
    options: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not _FAMILY.fullmatch(self.family):
            raise AddressError(f"'{self}' names no instrument: it begins with the family, as in riden:/dev/ttyUSB0 or manual")
        if re.search(r"[?\s]", self.url):
            raise AddressError(f"the line '{self.url}' in '{self}' has a space or a second '?' in it")
        for name, value in self.options.items():
            if not _OPTION.fullmatch(name) or not value or re.search(r"[?&=\s]", value):
                raise AddressError(f"the option '{name}={value}' in '{self}' is not of the form name=value")

    @classmethod
    def parse(cls, text: str | Address) -> Address:
        """Take an address apart. Raises AddressError with the part that is wrong."""
        if isinstance(text, Address):
            return text
        place, mark, query = text.strip().partition("?")
        family, colon, url = place.partition(":")
        if colon and not url:
            raise AddressError(f"'{text}' ends after the family: the line is missing, as in {family}:/dev/ttyUSB0")
        options: dict[str, str] = {}
        for part in query.split("&") if mark else ():
            name, equals, value = part.partition("=")
            if not equals:
                raise AddressError(f"the option '{part}' in '{text}' is not of the form name=value")
            if name in options:
                raise AddressError(f"the option '{name}' is given twice in '{text}'")
            options[name] = value
        return cls(family, url, options)

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.options.items())
        return self.family + (f":{self.url}" if self.url else "") + (f"?{query}" if query else "")

    @property
    def speed(self) -> float | None:
        """How many times faster than real time the bench behind it runs (emulators of ours only); None without the option."""
        return self.number("speed", low=0.0, above=True) if "speed" in self.options else None

    def number(
        self, name: str, default: float | None = None, *, low: float = -math.inf, high: float = math.inf, above: bool = False
    ) -> float:
        """An option as a number within `low`..`high` (`above`: greater than `low`).

        Raises AddressError, also when it is missing and has no default.
        """
        text = self.options.get(name)
        if text is None:
            if default is None:
                raise AddressError(f"'{self}' lacks the option '{name}'")
            return default
        try:
            value = float(text)
        except ValueError:
            raise AddressError(f"the option {name}={text} in '{self}' is not a number") from None
        if not math.isfinite(value) or not low <= value <= high or (above and value == low):
            limits = f"above {low:.10g}" if above else f"from {low:.10g} to {high:.10g}"
            raise AddressError(f"the option {name}={text} in '{self}' is out of range: {limits}")
        return value

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """An option as a whole number within `low`..`high`."""
        value = self.number(name, default, low=low, high=high)
        if value != int(value):
            raise AddressError(f"the option {name}={self.options[name]} in '{self}' is not a whole number")
        return int(value)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """An option that is one of `allowed`."""
        value = self.options.get(name, default)
        if value not in allowed:
            raise AddressError(f"the option {name}={value} in '{self}' is none of: {', '.join(allowed)}")
        return value

    def refuse_unknown(self, allowed: tuple[str, ...]) -> None:
        """AddressError for an option that the family does not have: a mistyped option must not pass unseen."""
        for name in self.options:
            if name not in allowed:
                raise AddressError(f"{self.family} has no option '{name}' (in '{self}'); it has: {', '.join(allowed) or 'none'}")
