"""A person's own times between two signs of presence near the top: a small TOML file in the home's configuration, to be edited by hand too."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from tui.domain.kinds import show_duration
from tui.domain.limits import ATTENTION, DEFAULTS, LIMITS
from tui.domain.quantities import QuantityError, parse
from tui.records.places import Home, open_private, sync_folder

KEYS: Mapping[str, str] = {name.removeprefix("attention_").removesuffix("_s"): name for name in ATTENTION}
"""What the file and the command line call them: knee, top, metered."""


class TimesRefused(ValueError):
    """The file says something that is not taken; the text names file, key, and what is allowed."""


def path(home: Home) -> Path:
    return home.config / "attention.toml"


def load(home: Home) -> tuple[tuple[str, float], ...]:
    """The times that differ from the usual, s, by the names of their limits. Raises TimesRefused: a wish that is not understood is no wish."""
    file = path(home)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise TimesRefused(f"{file} cannot be read: {problem}. Mend it or remove it.") from problem
    wanted: dict[str, float] = {}
    for key, given in raw.items():
        if key not in KEYS:
            raise TimesRefused(f"{file}: “{key}” is not known; there are {', '.join(KEYS)}.")
        try:
            wanted[key] = parse(str(given), "time")
        except QuantityError as problem:
            raise TimesRefused(f"{file}, {key}: {problem}.") from problem
    try:
        return checked(wanted)
    except ValueError as problem:
        raise TimesRefused(f"{file}: {problem}.") from problem


def checked(times: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Times by their short names, within their ranges and together sensible; the usual ones are left out. Raises ValueError."""
    pairs = tuple((KEYS[key], time_s) for key, time_s in times.items())
    DEFAULTS.attended(pairs)
    return tuple((name, time_s) for name, time_s in pairs if time_s != LIMITS[name].value)


def save(home: Home, times: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Keep these times and give those that differ from the usual; all usual removes the file. Raises ValueError and OSError."""
    pairs, file = checked(times), path(home)
    if not pairs:
        file.unlink(missing_ok=True)
        return pairs
    short = {name: key for key, name in KEYS.items()}
    lines = ["# How long cells near the top may be left without a sign of presence: your own times, on your own responsibility."]
    for name, time_s in pairs:
        low, high = show_duration(LIMITS[name].low), show_duration(LIMITS[name].high)
        lines.append(f'{short[name]} = "{time_s:g} s"  # {low} to {high}')
    aside = file.with_name(f".{file.name}.{os.getpid()}.new")
    with open(aside, "w", encoding="utf-8", opener=open_private) as out:
        out.write("\n".join(lines) + "\n")
        out.flush()
        os.fsync(out.fileno())
    aside.replace(file)
    sync_folder(file.parent)
    return pairs
