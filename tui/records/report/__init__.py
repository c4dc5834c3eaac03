"""A session told to people: one HTML page that needs nothing else, or Markdown for a forum."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Literal

from tui.domain.plain_text import plain_text
from tui.records.places import make_private, open_private
from tui.records.sessions import Session, Sessions

__all__ = ["Form", "ReportRefused", "file_name", "report_text", "write_report"]

Form = Literal["html", "markdown"]
SUFFIXES: dict[Form, str] = {"html": ".html", "markdown": ".md"}


class ReportRefused(Exception):
    """The report cannot be written; the text says why and what to do."""


def report_text(sessions: Sessions, session: Session, form: Form = "html") -> str:
    """The whole report. A session without a journal is told from its row alone, and the report says so."""
    from tui.records.report.facts import report_of

    report = report_of(sessions, session)
    if form == "markdown":
        from tui.records.report.markdown import markdown

        return markdown(report)
    from tui.records.report.page import page

    return page(report)


def file_name(session: Session, form: Form = "html") -> str:
    """What its file is called unless somebody wants it otherwise."""
    bank = "".join(sign if sign.isalnum() else "-" for sign in plain_text(session.bank)).strip("-")[:40] or "bank"
    return f"{bank}-{session.id}{SUFFIXES[form]}"


def write_report(sessions: Sessions, session: Session, path: Path, form: Form = "html") -> Path:
    """Write it, in place of an earlier one only when it is whole. Raises ReportRefused."""
    text = report_text(sessions, session, form)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        make_private(path.parent)
        with open(part, "w", encoding="utf-8", errors="backslashreplace", newline="\n", opener=open_private) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise ReportRefused(f"{path} could not be written: {error.strerror or error}. Choose another place, or make room.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return path
