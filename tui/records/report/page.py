"""The report as one HTML page: its own style, its own pictures, no script, nothing from anywhere else."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.domain.kinds import show_duration
from tui.domain.plain_text import plain_text
from tui.records.report.facts import Report, clock, rest_title
from tui.records.report.plot import Picture, Row, picture

if TYPE_CHECKING:
    from jinja2 import Template


def page(report: Report) -> str:
    """The whole page. Every text in it is escaped by the template, and holds no control or direction signs."""
    from markupsafe import Markup

    whole, hour = pictures(report)
    return _template().render(
        report=report,
        session=report.session,
        whole=whole,
        hour=hour,
        groups=[(name, list(found)) for name, found in groupby(report.deviations, key=lambda one: one.group)],
        whole_svg=Markup(whole.svg) if whole else "",  # made by us, with every text in it escaped
        hour_svg=Markup(hour.svg) if hour else "",
    )


def pictures(report: Report) -> tuple[Picture | None, Picture | None]:
    """The whole session, and its last hour from the readings themselves."""
    target_v, events = report.plan.target_v if report.plan else None, report.story.events
    rows = [Row(point.time_s, point.cells_low_v, point.cells_high_v, point.current_a) for point in report.curve]
    whole = picture(rows, events, title="Volts and amperes of the whole session", target_v=target_v)
    last = [Row(sample.time_s, sample.volts, sample.volts, sample.amps) for sample in report.story.last_hour]
    if len(last) < 2 or (rows and rows[-1].time_s - rows[0].time_s < 1.3 * (last[-1].time_s - last[0].time_s)):
        return whole, None  # it would be the same picture again
    marked = whole.steps if whole is not None else None
    return whole, picture(last, events, title="Volts and amperes of the last hour", target_v=target_v, marked=marked)


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_plain)
    environment.filters.update(
        volts=_volts, millivolts=_millivolts, clock=clock, duration=lambda s: show_duration(round(s)), rest=rest_title
    )
    return environment.from_string(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))


def _plain(value: Any) -> Any:
    """What somebody typed, without signs that steer; None is no word. What is markup already stays markup."""
    if value is None:
        return "–"
    return type(value)(plain_text(value, lines=True)) if isinstance(value, str) else value


def _volts(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _millivolts(value: float | None) -> str:
    return "–" if value is None else f"{1000 * value:.0f} mV"
