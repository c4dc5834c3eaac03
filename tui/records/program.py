"""Which version of this program writes a record."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """As installed; "" where it runs without being installed."""
    try:
        return version("topbalance")
    except PackageNotFoundError:
        return ""
