"""How a check says what is wrong, and how checks are found and run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from unittest import SkipTest

from drivers.roles import InstrumentError

T = TypeVar("T")


class NotApplicable(SkipTest):
    """A check that this driver cannot be put to, and why: pytest and unittest count it as skipped."""


def must(holds: object, words: str) -> None:
    """AssertionError with these words where it does not hold."""
    if not holds:
        raise AssertionError(words)


def must_raise(kinds: type[InstrumentError] | tuple[type[InstrumentError], ...], act: Callable[[], object], what: str) -> InstrumentError:
    """The error that `act` raises; AssertionError where it raises none, or one of another kind."""
    names = " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
    try:
        found = act()
    except kinds as error:
        return error
    except Exception as error:
        raise AssertionError(f"{what}: {names} belongs here, and {type(error).__name__} came: {error}") from error
    raise AssertionError(f"{what}: {names} belongs here, and nothing was raised; it gave {found!r}.")


def outcome(act: Callable[[], T], what: str) -> T | None:
    """What `act` gives, or None where it raises one of the errors that a driver may raise; AssertionError for any other error."""
    try:
        return act()
    except InstrumentError:
        return None
    except Exception as error:
        raise AssertionError(f"{what}: only the errors of drivers.roles may leave a driver, and this is {error!r}.") from error


def checks(kit: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """The checks of one kit by name, in the order in which they stand."""
    seen: set[str] = set()
    for kind in reversed(type(kit).__mro__):
        for name in vars(kind):
            if name.startswith("test_") and name not in seen:
                seen.add(name)
                yield name.removeprefix("test_"), getattr(kit, name)


def failures(kit: Any) -> dict[str, str]:
    """What fails of one kit: the names of the checks and what they say. Checks that do not apply are left out."""
    found: dict[str, str] = {}
    for name, check in checks(kit):
        try:
            check()
        except NotApplicable:
            continue
        except AssertionError as error:
            found[name] = str(error)
        except Exception as error:  # noqa: BLE001 - whatever a driver lets out is what the kit looks for
            found[name] = f"{type(error).__name__}: {error}"
    return found
