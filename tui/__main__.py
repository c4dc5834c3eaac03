"""The door. `topbalance` alone is the application, and does not wait for the parser of the command line; all else is `tui.cli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the command `topbalance`."""
    if len(sys.argv) > 1:
        from tui.cli import main as command_line

        command_line()
        return
    from tui.start import run_application

    try:
        sys.exit(run_application())
    except Exception as problem:  # noqa: BLE001 - one line for the person, the rest for the log
        from tui.cli import last_words

        sys.exit(last_words(problem))


if __name__ == "__main__":
    main()
