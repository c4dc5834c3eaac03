"""Files that appear under their names all together, when every one of them is whole; their hashes are taken while they are written."""

from __future__ import annotations

import contextlib
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from tui.records.places import make_private, open_private, sync_folder

_FLUSH_TEXTS = 2000


class ExportRefused(Exception):
    """An export cannot be made; the text says why and what to do. Nothing half written is left behind."""


class OutFile:
    """One file while it is written. `write` takes whole lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self.rows = 0  # lines of data, as whoever writes counts them
        self.size = 0
        self._hash = sha256()
        self._texts: list[str] = []
        self._file: BinaryIO = open(self.part, "wb", opener=open_private)  # noqa: SIM115 - closed by `finish` or `drop`

    @property
    def sha256(self) -> str:
        """Of what was written so far."""
        self._flush()
        return self._hash.hexdigest()

    def write(self, text: str) -> None:
        self._texts.append(text)
        if len(self._texts) >= _FLUSH_TEXTS:
            self._flush()

    def finish(self) -> None:
        """Everything on the disk, still under the name of a part."""
        if not self._file.closed:
            self._flush()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def drop(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self.part.unlink(missing_ok=True)

    def _flush(self) -> None:
        if not self._texts:
            return
        data = "".join(self._texts).encode("utf-8", "backslashreplace")  # half a letter in a name is no reason for no export
        self._texts.clear()
        self._hash.update(data)
        self.size += len(data)
        self._file.write(data)


class Output:
    """A folder that is written into: `with Output(folder) as out: out.open(name)`. Raises ExportRefused for what the system refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[OutFile] = []

    def open(self, name: str) -> OutFile:
        file = OutFile(self.folder / name)
        self.files.append(file)
        return file

    def leave_out(self, file: OutFile) -> None:
        """It turned out to hold nothing."""
        file.drop()
        self.files.remove(file)

    @property
    def paths(self) -> list[Path]:
        return [file.path for file in self.files]

    def __enter__(self) -> Output:
        try:
            make_private(self.folder)
        except OSError as error:
            raise self._refused(error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                for file in self.files:
                    file.finish()
                for file in self.files:
                    file.part.replace(file.path)
                sync_folder(self.folder)
        except OSError as problem:
            raise self._refused(problem) from problem
        finally:
            for file in self.files:
                file.drop()
        if isinstance(error, OSError):
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> ExportRefused:
        reason = (error.strerror or str(error)).lower()
        where = f"The export to {self.folder} could not be written: {reason}."
        return ExportRefused(f"{where} Nothing was left there. Choose another folder, or make room.")
