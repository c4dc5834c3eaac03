"""Numbers, times and trust as the screen writes them: fixed widths, one spelling each, and None never as zero."""

from __future__ import annotations

from textual.content import Content

from tui.bench.messages import TRUST_SIGNS, Alarm, Channel, Forecast, Level, Snapshot, Trust
from tui.terminal import Glyphs, glyphs

BLANK = "—"  # an unknown number

_PLAIN_SIGNS: dict[Trust, str] = {"measured": "*", "typed": "+", "derived": "~", "echo": "=", "unknown": "?", "stale": "x"}
_STATE_WORDS = {
    "idle": ("○", "IDLE"),
    "preparing": ("▷", "PREPARING"),
    "charging": ("▶", "CHARGING"),
    "hold": ("■", "HOLD"),
    "tripped": ("✖", "TRIPPED"),
    "call": ("‼", "CALL"),
    "resting": ("◇", "RESTING"),
    "ended": ("□", "ENDED"),
}
_STATE_STYLES = {"charging": "bold $accent", "hold": "bold reverse $error", "tripped": "bold reverse $error", "call": "bold reverse $error"}
LEVELS: dict[Level, tuple[str, str]] = {"warn": ("▲", "WARN"), "hold": ("■", "HOLD"), "trip": ("✖", "TRIP"), "call": ("‼", "CALL")}
LEVEL_ORDER: tuple[Level, ...] = ("call", "trip", "hold", "warn")
_PLAIN = str.maketrans(
    {
        "○": "o",
        "▷": ">",
        "▶": ">",
        "■": "#",
        "✖": "X",
        "‼": "!",
        "◇": "o",
        "□": "#",
        "▲": "!",
        "✓": "x",
        "✎": "+",
        "·": ".",
        "◆": "!",
        "★": "*",
        "✗": "-",
        "×": "x",
        "—": "-",
        "–": "-",
    }
)


def plain(text: str, style: Glyphs | None = None) -> str:
    """`text` with its symbols replaced where the font has none. The words beside them say the same."""
    return text if (style or glyphs()) == "braille" else text.translate(_PLAIN)


def cut(text: str, width: int) -> str:
    """A text that fits its column; what is cut off is shown to be."""
    return text if len(text) <= width else text[: width - 1] + "…"


def trust_sign(trust: Trust) -> str:
    return TRUST_SIGNS[trust] if glyphs() == "braille" else _PLAIN_SIGNS[trust]


def ago(seconds: float | None) -> str:
    """An age in as few letters as the eye needs: "4 s", "12 min", "3 h"; "" when unknown."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{max(0, round(seconds))} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{round(seconds / 3600)} h"
    return f"{round(seconds / 86400)} d" if seconds < 730 * 86400 else f"{seconds / 86400 / 365.25:.1f} y"


def trust_words(channel: Channel) -> str:
    """Sign and word, with the age where it matters: "● measured", "✎ typed 4 min ago", "✕ stale 12 s"."""
    words = f"{trust_sign(channel.trust)} {channel.trust}"
    if channel.trust == "typed" and channel.age_s is not None:
        return f"{words} {ago(channel.age_s)} ago"
    if channel.trust == "stale" and channel.age_s is not None:
        return f"{words} {ago(channel.age_s)}"
    return words


def number(value: float | None, decimals: int, width: int) -> str:
    """Right-aligned on the decimal point; an unknown number is a dash where its last whole digit would be."""
    if value is None:
        tail = decimals + 1 if decimals else 0
        return f"{BLANK + ' ' * tail:>{width}}"
    text = f"{value:.{decimals}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    return f"{text:>{width}}"


def channel_number(channel: Channel, decimals: int, width: int) -> Content:
    """The number in the ink of its trust: stale struck through and dim, unknown blank."""
    value = None if channel.trust == "unknown" else channel.value
    text = number(value, decimals, width)
    if channel.trust == "stale" and value is not None:
        digits = text.strip()
        return Content.assemble(" " * (len(text) - len(digits)), (digits, "strike dim"))
    return Content.styled(text, "dim") if value is None else Content(text)


def clock(seconds: float) -> str:
    """Elapsed time as 03:42:10; hours go on past 99."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def duration(seconds: float) -> str:
    """ "45 s", "35 min", "3 h 20 min", "2 d 4 h": rounded to what a plan needs."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 600:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def span(low_s: float | None, high_s: float | None) -> str:
    """A range of time: "35–55 min", "3–5 h", "50 min – 1 h 40 min"; "" when nothing honest can be said."""
    if low_s is None and high_s is None:
        return ""
    if low_s is None or high_s is None:
        return f"at least {duration(low_s)}" if low_s is not None else f"up to {duration(high_s or 0.0)}"
    if low_s >= 600 and high_s < 90 * 60:
        low, high = round(low_s / 60), round(high_s / 60)
        return f"{low} min" if low == high else f"{low}–{high} min"
    if low_s >= 10 * 3600 and high_s < 48 * 3600:
        low, high = round(low_s / 3600), round(high_s / 3600)
        return f"{low} h" if low == high else f"{low}–{high} h"
    first, last = duration(low_s), duration(high_s)
    if first == last:
        return first
    if first.split(" ")[1:] == last.split(" ")[1:] and len(first.split(" ")) == 2:
        return f"{first.split(' ')[0]}–{last}"
    return f"{first} – {last}"


def forecast_words(forecast: Forecast) -> str:
    """ "done in 35–55 min", or "" """
    found = span(forecast.low_s, forecast.high_s)
    return f"done in {found}" if found else ""


def state_words(snapshot: Snapshot) -> tuple[str, str, str]:
    """Symbol, word and style of the state. An ended session shows its result."""
    symbol, word = _STATE_WORDS[snapshot.state]
    style = _STATE_STYLES.get(snapshot.state, "bold")
    if snapshot.state == "ended" and snapshot.result:
        symbol = "✓" if snapshot.result in ("balanced", "done") else symbol
        word, style = snapshot.result.upper(), "bold $error" if snapshot.result in ("held", "tripped") else "bold $accent"
    return plain(symbol), word, style


def output_words(snapshot: Snapshot) -> tuple[str, str]:
    """Whether the supply's output is on, in words and style; unknown is said, never left out."""
    if snapshot.output_on is None and not snapshot.session:
        return " " * 10, ""
    if snapshot.output_on is None:
        return ("output ?  ", "bold $warning") if snapshot.state not in ("idle", "ended") else ("output ?  ", "dim")
    return ("output ON ", "bold $accent") if snapshot.output_on else ("output off", "dim")


def worst_alarm(snapshot: Snapshot) -> Alarm | None:
    """The alarm to show first: not acknowledged before acknowledged, then by level, then the newest."""
    if not snapshot.alarms:
        return None
    return min(snapshot.alarms, key=lambda alarm: (alarm.acknowledged, LEVEL_ORDER.index(alarm.level), -alarm.time_s))


def level_style(level: Level) -> str:
    return "bold $warning" if level == "warn" else "bold $error"
