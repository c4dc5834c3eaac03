"""What can be wrong with a procedure: of a file with its line and field, of a plan with words."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""A table of a file by its place: () is the head, ("part", 1, "step", 0) the first step of the second part."""


class ProcedureError(ValueError):
    """A procedure cannot be made of this plan, or a file is no procedure. `path` and `key` name the place in the file."""

    def __init__(self, message: str, path: Path = (), key: str = "") -> None:
        super().__init__(message)
        self.path, self.key = path, key


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A fault of a procedure's file: its line (from 1), the field ("part.step.gate", "limits.ceiling_v"), and what is wrong with it."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.message}" if self.field else f"line {self.line}: {self.message}"
