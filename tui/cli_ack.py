"""`topbalance ack`: somebody is there; and `topbalance attention`: how often that is asked near the top."""

from __future__ import annotations

import json
from typing import Any

import click

from tui.cli_choices import Quantity
from tui.cli_process import demo_option
from tui.cli_records import json_option


@click.command()
@demo_option
@json_option
def ack(demo: bool, as_json: bool) -> None:
    """Tell the bench that somebody is there, from any terminal, and print what it does.

    Near the top the cells are not left alone: any key on an attached screen shows presence, and so does this. It clears no alarm and resumes nothing.
    """
    told = _told(demo)
    if as_json:
        click.echo(json.dumps({key: value for key, value in told.items() if key not in ("v", "id", "message")}, ensure_ascii=False))
    else:
        for label, text in _rows(told):
            click.echo(f"{label:<7} {_printable(text)}")
    if not told.get("ok"):
        raise click.ClickException(str(told.get("message") or "the bench did not take it"))


def _told(demo: bool) -> dict[str, Any]:
    """The bench's answer. Raises ClickException, one line, where none runs or it does not answer."""
    from tui.bench.remote import Refused, ask
    from tui.records.places import home

    try:
        return ask(home(demo=demo), "ack", timeout_s=12.0)  # the bench may be in the middle of a slow line
    except (FileNotFoundError, ConnectionRefusedError) as problem:
        hint = "" if demo else " For the demo's bench say topbalance ack --demo."
        raise click.ClickException(f"no bench process runs here, so nobody is waited for.{hint}") from problem
    except TimeoutError as problem:
        raise click.ClickException("the bench process does not answer. Look at the supply itself.") from problem
    except Refused as problem:
        raise click.ClickException(str(problem)) from problem


def _rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    """State, volts, what falls due, alarms; a bench of another version may tell less."""
    from tui.domain.kinds import show, show_duration

    output = {True: "ON", False: "off"}.get(told.get("output_on"), "unknown")
    rows = [("state", f"{told.get('state', 'unknown')}, output {output}")]
    if told.get("session"):
        rows.append(("session", f"{told['session']}  {told.get('bank', '')}"))
        cells = told.get("cells_v") or {}
        volts = "unknown" if cells.get("value") is None else f"{show(cells['value'], 'cell_voltage')} ({cells.get('trust', 'unknown')})"
        rows.append(
            ("cells", f"{volts}, {'highest of the string, ' if told.get('series', 1) > 1 else ''}target {_volts(told.get('target_v'))}")
        )
        due_s = told.get("attention_due_s")
        rows.append(
            ("due", f"a sign of presence in {show_duration(due_s)}" if due_s is not None else "no sign of presence is asked for now")
        )
        reading_s = told.get("reading_due_s")
        if reading_s is not None:
            rows.append(("due", f"a reading by hand {'in ' + show_duration(reading_s) if reading_s > 0 else 'now'}"))
    rows += [(alarm.get("level", "alarm"), f"{alarm.get('title', '')}: {alarm.get('text', '')}") for alarm in told.get("alarms") or ()]
    if told.get("session") and not told.get("alarms"):
        rows.append(("alarms", "none"))
    if told.get("next"):
        rows.append(("next", str(told["next"])))
    return rows


def _volts(value: Any) -> str:
    from tui.domain.kinds import show

    return "unknown" if value is None else show(value, "cell_voltage")


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text)


@click.command()
@click.option("--knee", type=Quantity("time"), help="From 3.45 V.")
@click.option("--top", type=Quantity("time"), help="From 3.55 V.")
@click.option("--metered", type=Quantity("time"), help="While a fresh meter at the cells agrees.")
@click.option("--usual", is_flag=True, help="Forget your own times first.")
@demo_option
def attention(demo: bool, usual: bool, **times: float | None) -> None:
    """How long cells near the top may be left without a sign of presence: show it, or change it.

    The next session that starts takes it. It can be changed within bounds, looser too, and never switched off: on your own responsibility, and each
    session that runs by it says so in its record.
    """
    from tui.domain.kinds import show_duration
    from tui.domain.limits import LIMITS
    from tui.records import attention_times
    from tui.records.places import home

    place = home(demo=demo)
    wanted = {key: time_s for key, time_s in times.items() if time_s is not None}
    try:
        own = () if usual else attention_times.load(place)
        if wanted or usual:
            short = {name: key for key, name in attention_times.KEYS.items()}
            own = attention_times.save(place, {**{short[name]: time_s for name, time_s in own}, **wanted})
    except ValueError as problem:
        raise click.UsageError(str(problem)) from problem
    in_force = dict(own)
    for key, name in attention_times.KEYS.items():
        limit = LIMITS[name]
        time_s = in_force.get(name, limit.value)
        note = "" if time_s == limit.value else f"your own; usual {show_duration(limit.value)}"
        row = f"{key:<8} every {show_duration(time_s):<7} {limit.title}, {show_duration(limit.low)} to {show_duration(limit.high)}"
        click.echo(f"{row}  {note}".rstrip())
    if any(time_s > LIMITS[name].value for name, time_s in own):
        click.echo("Looser than usual, on your own responsibility. Each session that runs by it says so in its record.")
