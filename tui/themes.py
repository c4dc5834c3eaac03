"""Two quiet themes of our own: one accent colour for "now", amber for WARN, red for HOLD, TRIP and CALL only."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="topbalance-dark",
    primary="#4fb3a5",
    secondary="#8fa3b0",
    accent="#58c4b4",
    warning="#e5a33b",
    error="#ee5d5d",
    success="#58c4b4",
    foreground="#d5dce1",
    background="#11161a",
    surface="#171e23",
    panel="#1f282e",
    dark=True,
    variables={"border": "#34414a", "border-blurred": "#34414a", "input-selection-background": "#58c4b4 35%"},
)
LIGHT = Theme(
    name="topbalance-light",
    primary="#0b7a6d",
    secondary="#4d5f6b",
    accent="#0b7a6d",
    warning="#9a5b00",
    error="#b3261e",
    success="#0b7a6d",
    foreground="#1c2429",
    background="#f6f7f5",
    surface="#eceeeb",
    panel="#e0e4e0",
    dark=False,
    variables={"border": "#aab4b0", "border-blurred": "#aab4b0"},
)
