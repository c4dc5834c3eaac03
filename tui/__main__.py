"""The door. `topbalance` alone is the application, and does not wait for the parser of the command line; all else is `tui.cli`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point of the command `topbalance`."""
    os.umask(0o077)  # records, logs and exports are the owner's alone, whatever the shell says
    if len(sys.argv) > 1:
        from tui.cli import main as command_line

        command_line()
        return
    from tui.start import run_application

    try:
        sys.exit(run_application())
    except Exception as problem:  # noqa: BLE001 - one line for the person, the rest for the log
        from tui.cli import last_words
        from tui.plain_output import plain_output

        with plain_output():
            sys.exit(last_words(problem))


if __name__ == "__main__":
    main()
