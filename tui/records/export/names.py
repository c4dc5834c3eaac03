"""Names of exported files: `Institution__Object__YYYYMMDD_XXX`, each part without blanks, folders and double underscores."""

from __future__ import annotations

import datetime
import re

from tui.domain.plain_text import plain_text
from tui.records.sessions import Session

_LONGEST = 32


def part_of_name(text: str, otherwise: str) -> str:
    """`text` as a part of a file name on every system; `otherwise` where nothing of it is left."""
    kept = re.sub(r"[^\w.]+|_+|-+", "-", plain_text(text)).strip("-.")[:_LONGEST].rstrip("-.")
    return kept or otherwise


def stem(session: Session, name: str, institution: str) -> str:
    """Of all files of one test object. The session's own number keeps those of one day apart."""
    day = datetime.datetime.fromtimestamp(session.started_unix_s).strftime("%Y%m%d")
    number = part_of_name(session.id.removeprefix(f"{day}-"), "001")
    return f"{part_of_name(institution, 'topbalance')}__{part_of_name(name, 'bank')}__{day}_{number}"
