"""Advice of the tutorial that is easily lost between its procedures, and the tutorial's own links. Texts in our words; pure data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice; `tutorial` is its section ("4", "A.2", "Warning")."""

    id: str
    title: str
    words: str
    tutorial: str


@dataclass(frozen=True, slots=True)
class Link:
    """One link that the tutorial gives, and what is found there."""

    url: str
    what: str
    tutorial: str


ADVICE: tuple[Advice, ...] = (
    Advice(
        "studs",
        "Studs stay in",
        "Every turn of a steel stud wears the aluminium thread of the cell. Put the studs in once, with red thread locker, and leave them.",
        "Warning",
    ),
    Advice(
        "cv-and-cc",
        "Volts and amperes, both",
        "The supply must hold a voltage limit and a current limit. One of them alone is not enough for this work.",
        "1",
    ),
    Advice(
        "ten-amperes",
        "10 A is the sweet spot",
        "A larger supply balances faster, but the price grows faster still. Series pre-charge makes up for few amperes.",
        "1",
    ),
    Advice(
        "sixty-volts",
        "60 V for 48 V batteries",
        "Any supply that reaches 3.65 V can balance. For the pre-charge of 12 V and 24 V batteries 30 V are enough, for 48 V ones 60 V are needed.",
        "1",
    ),
    Advice(
        "top",
        "Why at the top",
        "The BMS balances at the top, so it would soon undo a balance made anywhere else; and a solar battery spends very little of its life near "
        "the bottom, so a balance there helps least.",
        "2",
    ),
    Advice(
        "capacity-first",
        "Perhaps it is not needed",
        "New and matched cells often come balanced. Whether they did, only a capacity test of the built battery tells: if it gives its rated "
        "ampere-hours, there is little to gain.",
        "2",
    ),
    Advice(
        "once",
        "Once is enough",
        "Matched cells age alike, and the BMS keeps them balanced. Only very high C-rates drive them apart faster than it can follow.",
        "2",
    ),
    Advice(
        "similar-charge",
        "Similar charge before joining",
        "Bring the cells to a similar state of charge before they are joined in parallel. Cells that differ much drive a strong current through "
        "each other the moment they touch; charge the low ones first.",
        "B",
    ),
    Advice(
        "target-above-service",
        "Target above service volts",
        "Balance at volts above the highest that any cell will see in use. Otherwise one cell may suddenly run over when all are nearly charged. "
        "The author would not go below 3.5 V.",
        "4",
    ),
    Advice(
        "do-not-adjust",
        "Do not touch the voltage",
        "The display shows less than what was set while the current limit rules. That is normal. Turned up now, the volts run away at the end.",
        "4.5",
    ),
    Advice(
        "supply-drifts",
        "Do not trust the display",
        "A cheap supply does not hold its volts exactly. Near the end measure at the supply with a meter, and trim, so that it does not go above "
        "the target.",
        "4.6",
    ),
    Advice(
        "not-alone",
        "Not unattended at the top",
        "At 3.6 V a cell and above the bank must be watched closely and not be left alone for long.",
        "B",
    ),
    Advice(
        "rest-drift",
        "Volts fall at rest",
        "After the charge every cell drifts down, and some a few millivolts more than others. That is normal and no sign of a bad balance.",
        "4.8",
    ),
    Advice(
        "controller",
        "Charge lower in use",
        "The author balances to 3.65 V, but sets his charge controller to about 3.5 V a cell.",
        "A.1",
    ),
    Advice(
        "capacity-after",
        "Capacity test after balancing",
        "A capacity test of a new battery is more accurate after a balance: no cell then ends it early.",
        "A.2",
    ),
    Advice(
        "eighty-per-cent",
        "Spare the supply",
        "For the long hours of a balance run the supply at 80 % of its rated amperes or less, so that it does not burn out.",
        "B",
    ),
    Advice(
        "rings",
        "Rings sized to the stud",
        "What improves leads most is their ends: crimped ring terminals of the right hole at both ends. A ring for 8 mm serves 6 mm studs too, "
        "a 6 mm ring serves them better.",
        "D",
    ),
    Advice(
        "cable",
        "Flexible, thick enough",
        "12 AWG is adequate, 10 or 8 AWG better. High-strand cable, such as marine or welding cable, bends easily and pulls less at the terminals.",
        "D",
    ),
)

LINKS: tuple[Link, ...] = (
    Link("https://www.amazon.com/gp/product/B07ML2MP9Q", "the 10 A bench supply that the tutorial's author uses", "1"),
    Link("https://www.mobile-solarpower.com/tools.html", "a solar builder's page of tools, which recommends a similar supply", "1"),
    Link(
        "https://diysolarforum.com/threads/top-balancing.8193/page-4#post-89059",
        "a forum post with the video of essentially the same procedure",
        "4",
    ),
    Link("https://marinehowto.com/lifepo4-batteries-on-boats/", "MarineHowTo on LiFePO4 in boats: the step-and-pause procedure", "B"),
)


_BY_ID = {piece.id: piece for piece in ADVICE}


def advice(advice_id: str) -> Advice:
    """One piece by its id; raises KeyError."""
    return _BY_ID[advice_id]
