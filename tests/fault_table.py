"""The table of faults (FAULTS.md): its rows, and the two columns that follow from the tree: which drill plays a fault, and which tests show it.

`python -m tests.fault_table` writes these two columns anew. Test files are parsed, never imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tui.domain.drills import DRILLS

TESTS = Path(__file__).parent
TABLE = TESTS / "FAULTS.md"
NUMBERS = range(1, 63)
KINDS = ("bench", "wire", "records", "process", "screen", "domain", "asks the operator")
_NAME = re.compile(r"test_f(\d\d)_\w+")
_BREAK = "<br>"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `tests` as they are written there: "bench/test_faults.py::test_f27_…"."""

    number: int
    wrong: str
    answer: str
    kind: str
    drills: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def code(self) -> str:
        return f"F-{self.number:02}"

    def __str__(self) -> str:
        return f"| {' | '.join((self.code, self.wrong, self.answer, self.kind, ', '.join(self.drills), _BREAK.join(self.tests)))} |"


def fault_tests(folder: Path = TESTS) -> Mapping[int, tuple[str, ...]]:
    """By number of the fault, every test in the tree that is named after it."""
    found: dict[int, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for name in names_in(ast.parse(path.read_text(encoding="utf-8"))):
            match = _NAME.fullmatch(name)
            if match is not None:
                found.setdefault(int(match[1]), []).append(f"{path.relative_to(folder).as_posix()}::{name}")
    return {number: tuple(names) for number, names in found.items()}


def names_in(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def drills_of(code: str) -> tuple[str, ...]:
    """The drills that show a fault, "F-27"."""
    return tuple(name for name, row in DRILLS.items() if code in row.shows)


def rows(text: str) -> list[Row]:
    """The rows of the table as they stand. Raises ValueError for a row with a wrong number of columns."""
    found = []
    for line in text.splitlines():
        if not line.startswith("| F-"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 6:
            raise ValueError(f"{cells[0]} has {len(cells)} columns, not 6")
        code, wrong, answer, kind, drills, tests = cells
        listed = tuple(part for part in drills.split(", ") if part), tuple(part for part in tests.split(_BREAK) if part)
        found.append(Row(int(code[2:]), wrong, answer, kind, *listed))
    return found


def rewritten(text: str, tests: Mapping[int, Iterable[str]]) -> str:
    """The same text with the two columns as the tree has them; all else stays as it was written."""
    lines = []
    for line in text.splitlines():
        if line.startswith("| F-"):
            (row,) = rows(line)
            line = str(Row(row.number, row.wrong, row.answer, row.kind, drills_of(row.code), tuple(tests.get(row.number, ()))))
        lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(rewritten(TABLE.read_text(encoding="utf-8"), fault_tests()), encoding="utf-8")
