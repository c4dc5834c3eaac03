"""The bench as a process of its own: finding it, starting it out of the terminal's reach, and what it does from its first to its last moment.

It has a session of its own, so that no terminal can end or stop it; it writes to a log; and every way out switches the output off first.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from tui.bench import remote, socket_place
from tui.bench.remote import START_S, Gone, Refused
from tui.records.places import open_private

if TYPE_CHECKING:
    from drivers.simulated.description import BenchDescription
    from tui.bench.local import LocalLink
    from tui.records.places import Home

STOP_S = 4.0
LOOK_S = 0.02
ENDING_LOOKS = 100
LARGEST_LOG_BYTES = 1_000_000
UNPROVED = "The output is NOT proved off. Switch the supply off at its mains switch, or pull the + lead."

log = logging.getLogger("topbalance")


def log_path(place: Home) -> Path:
    return place.logs / "bench.log"


def status(place: Home) -> dict[str, Any] | None:
    """What the home's bench tells of itself; None where none runs. Raises OSError for one that does not answer, or is not to be trusted."""
    for _ in range(ENDING_LOOKS):
        try:
            return remote.ask(place, "status")
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except Gone:
            time.sleep(LOOK_S)  # it hung up: it is about to end
        except Refused as problem:
            raise OSError(str(problem)) from problem
        except TimeoutError:
            break
    raise OSError(f"a bench process holds {place.data}, but it does not answer. Look at the supply itself.")


def ensure_bench(place: Home, demo: Sequence[str] | None = None) -> dict[str, Any]:
    """The status of the home's bench, which is started where none runs. `demo`: the built-in bench with these options of `topbalance demo`.

    The process that starts has a session of its own and no terminal; it lives on when this one ends. Raises OSError where it does not come up.
    """
    found = status(place)
    if found is not None:
        return found
    process = _start(place, ["--demo", *demo] if demo is not None else [])
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        ended = process.poll() is not None  # it failed, or another one was quicker: then that one answers
        found = status(place)
        if found is not None:
            return found
        if ended:
            break
        time.sleep(LOOK_S)
    raise OSError(f"the bench process did not come up: {_last_line(place)} ({log_path(place)})")


def _start(place: Home, options: Sequence[str]) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[1])
    code = f"import sys; sys.path.append({root!r}); from tui.__main__ import main; main()"
    path = log_path(place)
    if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    with open(path, "ab", opener=open_private) as out:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code, "bench", "run", *options],  # -P: a folder `tui` in the present directory is not ours
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def _last_line(place: Home) -> str:
    lines = tail(place, 1)
    return lines[-1] if lines else "it said nothing"


def tail(place: Home, count: int) -> list[str]:
    """The last lines of the bench's log, without control characters: it holds what instruments have said."""
    try:
        lines = log_path(place).read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []
    return ["".join(sign if sign.isprintable() else "?" for sign in line) for line in lines]


def stop(place: Home) -> bool | None:
    """End the home's bench, the output off first. True when it is proved off, None where none runs. Raises OSError where it does not answer."""
    if status(place) is None:
        return None
    try:
        off = remote.ask(place, "stop", timeout_s=STOP_S).get("off") is True
    except Refused as problem:
        raise OSError(str(problem)) from problem
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline and _held(place):
        time.sleep(LOOK_S)
    return off


def _held(place: Home) -> bool:
    """Whether a process still is this home's bench."""
    from filelock import FileLock, Timeout

    lock = FileLock(str(socket_place.lock_path(socket_place.socket_path(place))))
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


# --- inside the process -----------------------------------------------------------------------------------------


def run_real(place: Home) -> int:
    """The bench on the user's own instruments, until it is stopped or idle for long. The exit status: 0 when the output is proved off."""
    from tui.start import real_bench

    return _serve(place, real_bench(place), {"kind": "real"}, lambda: None)


def options_of_left(place: Home) -> list[str]:
    """The options of the built-in bench on which a session was left without an end; none where no session waits."""
    from tui.records.sessions import Sessions
    from tui.records.store import StoreError

    try:
        given = json.loads(_options_path(place).read_text(encoding="utf-8"))
        waits = bool(Sessions(place).unfinished())
    except (OSError, ValueError, StoreError):
        return []
    return [str(word) for word in given] if waits and isinstance(given, list) else []


def _options_path(place: Home) -> Path:
    return place.demo_options


def _keep_options(place: Home, given: Sequence[str]) -> None:
    """For a start without options, as the screens do it again after a crash: the cells must be those of the session that waits."""
    with contextlib.suppress(OSError), open(_options_path(place), "w", encoding="utf-8", opener=open_private) as file:
        json.dump(list(given), file)


def run_demo(place: Home, description: BenchDescription, options: dict[str, Any], given: Sequence[str]) -> int:
    """The same on the built-in bench, its emulators behind pseudo-terminals in this process. `given`: the options as they were typed."""
    from tui.bench import headless
    from tui.bench.local import LocalLink
    from tui.cli_bench import plan_from

    _keep_options(place, given)
    rig = headless.pty_rig(description, place, speed=options["speed"], takes_up=True)
    defaults = plan_from(description, rig.supply_address, rig.meter_address, options, rig.bms_address).to_json()
    return _serve(place, LocalLink(rig.bench), {"kind": "demo", "defaults": defaults, "options": list(given)}, rig.close)


def _serve(place: Home, link: LocalLink, about: dict[str, Any], let_go: Callable[[], None]) -> int:
    """`link` is started once this process is the home's bench: of two that come at once, one alone takes up what was left."""
    from tui.bench.server import BenchRuns, BenchServer

    os.umask(0o077)
    faulthandler.enable()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    logging.captureWarnings(True)
    try:
        server = BenchServer(link, place, about=about)
    except (BenchRuns, OSError) as problem:
        let_go()
        raise OSError(str(problem)) from problem
    link.start()

    def handler(number: int, _frame: FrameType | None) -> None:
        server.stop(signal.Signals(number).name)

    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), handler)
    if not server.serve():
        log.critical(UNPROVED)
        logging.shutdown()
        os._exit(1)  # a thread may still wait for a dead line
    let_go()
    return 0
