"""The README's table of supported instruments, made from the catalogue: `python -m tests.instrument_table` writes it anew."""

from __future__ import annotations

from pathlib import Path

from drivers.catalog import FAMILIES, Family

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- instruments -->\n", "<!-- end of instruments -->\n"
HEAD = "| address begins with | instrument | what it tells, and what it cannot | how sure its protocol is |\n|---|---|---|---|\n"
KINDS = {"supply": "Supplies", "meter": "Meters", "bms": "BMSs (only ever read)"}


def row(family: Family) -> str:
    """One line of the table."""
    models = f": {', '.join(family.models)}" if family.models else ""
    lacks = f"; not: {', '.join(family.lacks)}" if family.lacks else ""
    notes = f" {' '.join(family.notes)}" if family.notes else ""
    return f"| `{family.name}` | {family.title}{models}.{notes} | {', '.join(family.senses)}{lacks} | {family.evidence} |\n"


def table() -> str:
    """All families, by kind."""
    parts = []
    for kind, title in KINDS.items():
        rows = "".join(row(family) for family in FAMILIES.values() if family.kind == kind)
        parts.append(f"**{title}**\n\n{HEAD}{rows}")
    return "\n" + "\n".join(parts) + "\n"


def rewritten(readme: str) -> str:
    """The README with the table as it is now."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")
