"""Where records live: `TOPBALANCE_HOME`, where set, holds everything; otherwise each system's own places."""

from __future__ import annotations

import os
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

import platformdirs

APP = "topbalance"
FOLDER_MODE = 0o700  # the owner alone: codes, prices and habits are nobody else's business
FILE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one user's records. `data` holds what must be backed up; `runtime` may vanish at logout."""

    config: Path
    data: Path
    logs: Path
    runtime: Path

    @property
    def inventory(self) -> Path:
        return self.data / "inventory.json"

    @property
    def sessions_db(self) -> Path:
        return self.data / "sessions.json"

    @property
    def sessions_dir(self) -> Path:
        return self.data / "sessions"

    @property
    def demo_options(self) -> Path:
        """How the demo was started last; a plain list, no record."""
        return self.data / "demo-options.json"

    @property
    def locks(self) -> Path:
        return self.data / "locks"

    @property
    def restoring(self) -> Path:
        """Stands beside the home while a backup takes its place, and only then."""
        return self.data.parent / f".{self.data.name}.restoring"

    def create(self) -> None:
        """Make the folders that are missing, open to their owner only. Raises OSError where that is impossible."""
        for folder in (self.config, self.data, self.logs, self.runtime, self.sessions_dir, self.locks):
            make_private(folder)

    def free_bytes(self) -> int:
        """Free space of the disk that holds the journals, in bytes; a session is refused below 100 MB."""
        return shutil.disk_usage(self.data).free


def home(*, demo: bool = False) -> Home:
    """The home of this user; its folders exist afterwards.

    With `TOPBALANCE_HOME` set, everything lies there, the demo's records included. Unset, the demo keeps its records in
    sub-folders of its own, so that the user's records stay clean.
    """
    root = os.environ.get("TOPBALANCE_HOME", "").strip()
    if root:
        place = home_at(Path(root))
    else:
        dirs = platformdirs.PlatformDirs(APP, appauthor=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no runtime place of the system: platformdirs falls back to a temporary one, and that will do
            folders = (dirs.user_config_path, dirs.user_data_path, dirs.user_log_path, dirs.user_runtime_path)
        place = Home(*(folder / "demo" if demo else folder for folder in folders))
    if place.restoring.exists():  # a crash came while a backup was put in place
        from tui.records.restore import finish_restore

        finish_restore(place)
    place.create()
    return place


def home_at(folder: Path) -> Home:
    """A home that lies in one folder altogether."""
    base = folder.expanduser().absolute()
    return Home(config=base, data=base, logs=base / "logs", runtime=base / "runtime")


def make_private(folder: Path) -> None:
    """Create `folder` and whatever is missing above it, each open to its owner only. Existing folders keep their mode."""
    if not folder.parent.exists():
        make_private(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def open_private(path: str | Path, flags: int) -> int:
    """An `opener` for files that only their owner may read."""
    return os.open(path, flags, FILE_MODE)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk, so that a new or renamed file survives a power cut. A no-op where folders cannot be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # systems that do not open folders
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
