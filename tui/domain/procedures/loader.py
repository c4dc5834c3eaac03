"""Reads procedures' files: the built-in ones of this folder, each once, and a person's own. Parsing waits until somebody asks.

The format in words is `schema.HEAD`; it also heads every exported file.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from tui.domain.procedures.errors import FileProblem, ProcedureError
from tui.domain.procedures.locate import Places, syntax_line
from tui.domain.procedures.reader import Findings, read_file
from tui.domain.procedures.schema import FileRow

FOLDER = FilePath(__file__).parent


@lru_cache(maxsize=1)
def shared_steps() -> dict[str, list[dict[str, Any]]]:
    """The steps of steps.toml by id; an id may have variants whose conditions exclude each other."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in tomllib.loads((FOLDER / "steps.toml").read_text(encoding="utf-8"))["step"]:
        found.setdefault(row["id"], []).append(row)
    return found


@lru_cache(maxsize=8)
def builtin(name: str) -> FileRow:
    """A built-in procedure by name. Raises ProcedureError for an unknown one."""
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        raise ProcedureError(f"there is no procedure “{name}”")
    row, problems = read(path.read_text(encoding="utf-8"))
    if row is None or problems:
        raise ProcedureError(f"{name}: {problems[0]}")
    return row


@lru_cache(maxsize=8)
def own(text: str) -> FileRow:
    """A person's own procedure. Raises ProcedureError with the first fault that makes it no procedure."""
    row, problems = read(text)
    if row is None or problems:
        raise ProcedureError(str(problems[0]))
    return row


def read(text: str) -> tuple[FileRow | None, list[FileProblem]]:
    """The rows of a file's text and every fault of its form; no row when it is not even TOML."""
    places = Places(text)
    try:
        raw = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError is one; so is a whole number with thousands of digits
        message = str(error).split(" (at ")[0]
        return None, [FileProblem(syntax_line(str(error), places.lines), "", f"this is not TOML: {message}")]
    except RecursionError:
        return None, [FileProblem(1, "", "this is not TOML: too deep")]
    found = Findings(places)
    return read_file(raw, shared_steps(), found), found.problems
