"""Keeps the computer awake while the output is on, where the system offers it. (Fault F-33.)

The system's own program holds the lock for as long as its child lives, and the child waits at a pipe whose other end is the bench's. So the lock
ends with the bench in whatever way the bench ends, by kill -9 too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.bench.bench import Bench

log = logging.getLogger(__name__)

HOLDERS = {
    "linux": (
        "systemd-inhibit",
        "--what=sleep:idle:handle-lid-switch",
        "--who=topbalance",
        "--why=cells are being charged",
        "--mode=block",
        "cat",
    ),
    "darwin": ("caffeinate", "-i", "-s", "cat"),
}
REASON_BYTES = 400


class SleepGuard:
    """Follows one bench. Only the bench on real instruments has one: the built-in bench sleeps with its cells."""

    def __init__(self, platform: str = sys.platform) -> None:
        self._command = HOLDERS.get(platform, ())
        self._process: subprocess.Popen[bytes] | None = None
        self._told = ""  # the session whose operator was told
        self.problem = ""
        """Why the computer may fall asleep now; "" while it is kept awake, or need not be."""

    def follow(self, bench: Bench) -> None:
        """Called each tick: hold while the output is on, let go when it is off, and say once in a session what the system refuses."""
        session = bench.session
        if session is None or session.profile.emulated or not bench.output_may_be_on:
            self.release()
            return
        self._hold()
        if self.problem and self._told != session.recorder.id and session.runner is not None and not session.result:
            self._told = session.recorder.id
            text = f"This computer may fall asleep; {self.problem}. Asleep it watches nothing, and the supply charges on. "
            bench.warn("may-sleep", "this computer may fall asleep", text + "Switch its sleep off, leave the lid open, and plug it in.")

    def _hold(self) -> None:
        if self._process is None and not self.problem:
            self._start()
        elif self._process is not None and self._process.poll() is not None:
            self.problem = f"{self._command[0]} was refused: {self._last_words(self._process)}"
            log.warning("sleep is no longer inhibited; %s", self.problem)
            self._let_go()

    def _start(self) -> None:
        if not self._command:
            self.problem = "nothing here can keep it awake"
            return
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a key in the bench's terminal does not reach it
            )
        except OSError as problem:
            self.problem = f"{self._command[0]} cannot be started: {(problem.strerror or str(problem)).lower()}"
            log.warning("sleep is not inhibited; %s", self.problem)
            return
        log.info("sleep is inhibited by process %s", self._process.pid)

    def release(self) -> None:
        """The computer may sleep again."""
        self.problem = ""
        if self._process is not None:
            log.info("sleep is no longer inhibited")
            self._let_go()

    def _let_go(self) -> None:
        """Close the pipe: the child ends, and the lock with it. The off command is out long before; the tick waits for this a moment only."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)

    @staticmethod
    def _last_words(process: subprocess.Popen[bytes]) -> str:
        """What it said before it ended, without waiting: a grandchild may still hold the pipe open."""
        said = b""
        if process.stderr is not None:
            os.set_blocking(process.stderr.fileno(), False)
            with contextlib.suppress(OSError):
                said = os.read(process.stderr.fileno(), REASON_BYTES)
        words = " ".join(said.decode(errors="replace").split())
        return "".join(sign if sign.isprintable() else "?" for sign in words) or f"it ended with status {process.returncode}"
