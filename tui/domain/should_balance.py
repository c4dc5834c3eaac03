"""Should this bank be top-balanced at all? Questions as data, a recommendation with its reasons, and what doing without asks for.

V, A, Ah, h, shares as fractions. Sources: tutorial section 2 and appendix A.2; the cell model for the volts of a cell on its plateau.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tui.domain.arrangement import parse_arrangement
from tui.domain.kinds import KINDS, show_duration
from tui.domain.leads import PLATEAU_V
from tui.domain.plan import Plan

Verdict = Literal["balance", "test the capacity first", "not needed", "do not balance: conditions"]
Answers = Mapping[str, str | float]  # id of the question → choice or number; what is not known is left out

UNKNOWN = "not known"
LOW_PLATEAU_V = 3.20  # a cell with 10 to 15 % of charge left, at rest
EMPTY_V = 2.5  # discharge end of practically all prismatic cells, where a BMS opens at the latest
BMS_LIMIT_V = 3.65  # charge end of the makers
SOON_H = 24.0  # a BMS that needs no longer at the top than this has an "aggressive" balancer in the sense of appendix A.2


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `choices` are its answers; without choices it takes a number of `kind` (a key of `kinds.KINDS`)."""

    id: str
    text: str
    why: str
    tutorial: str
    choices: tuple[str, ...] = ()
    kind: str = ""


_YES_NO = ("yes", "no", UNKNOWN)
QUESTIONS: tuple[Question, ...] = (
    Question(
        "matched",
        "Are the cells new and matched: one maker, one lot, like capacity and resistance?",
        "New and matched cells often come balanced.",
        "2",
        _YES_NO,
    ),
    Question(
        "capacity-test",
        "Has the assembled battery been tested, and did it give its rated ampere-hours?",
        "No other way is known to find out whether cells are balanced.",
        "2",
        ("it did", "it fell short", "not tested"),
    ),
    Question(
        "bms",
        "Will a BMS that balances watch the battery?",
        "Most balance at the top, so they keep a top balance, and would undo any other.",
        "2",
        _YES_NO,
    ),
    Question("balance-current", "With how many amperes does the BMS balance?", "It decides how long the BMS needs.", "A.2", kind="current"),
    Question(
        "high-rates",
        "Will it be charged or discharged at very high C-rates?",
        "High rates amplify the differences between cells, and the BMS may not keep up. Solar batteries hardly ever see them.",
        "2",
        _YES_NO,
    ),
    Question("balanced-before", "Have these cells been top-balanced before?", "Once is usually enough.", "2", _YES_NO),
    Question(
        "aged-together",
        "Have they been together in one battery ever since?",
        "Cells that age together stay alike; a replaced cell does not.",
        "2",
        _YES_NO,
    ),
    Question(
        "use",
        "How will it be used?",
        "A solar battery spends little of its life near empty, so the top is where balance counts; a BMS balances only while it is full.",
        "2",
        ("solar: often full", "seldom full", UNKNOWN),
    ),
    Question("share-at-top", "What share of the day will it be full, if known?", "A BMS balances only then.", "A.2", kind="fraction"),
    Question(
        "spread",
        "How far apart may the states of charge be, if known?",
        "The charge that has to be moved: this share of one cell.",
        "A.2",
        kind="fraction",
    ),
    Question(
        "rather-not",
        "Would you rather do without, if it can be done?",
        "Some hold the whole process unnecessary; there is some truth in that where the BMS balances strongly.",
        "A.2",
        _YES_NO,
    ),
)
_BY_ID = {question.id: question for question in QUESTIONS}


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason, with the section of the tutorial it comes from."""

    text: str
    tutorial: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`next` tells what to do now, one sentence each; for "do not balance: conditions" those are the conditions, with this pack's numbers."""

    verdict: Verdict
    reasons: tuple[Ground, ...]
    next: tuple[str, ...]


def clean_answers(document: Mapping[str, Any]) -> dict[str, str | float]:
    """The answers in a JSON object that are still answers: questions that exist, choices that they offer, numbers in range.

    It is both the way from JSON and the way to it: the result holds only text and finite numbers.
    """
    found: dict[str, str | float] = {}
    for name, value in document.items():
        question = _BY_ID.get(name)
        if question is None:
            continue
        if question.choices:
            if isinstance(value, str) and value in question.choices:
                found[name] = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            high = KINDS[question.kind].high
            if 0 < value <= high:
                found[name] = float(value)
    return found


def recommend(answers: Answers, bank: Plan) -> Recommendation:
    """Weigh the answers for this bank. Missing and unknown answers are allowed; with none at all new cells are taken to be unknown."""
    say = {name: value for name, value in clean_answers(answers).items() if value != UNKNOWN}
    verdict = _verdict(say, bms_time_h(say, bank))
    return Recommendation(verdict, tuple(_grounds(verdict, say, bank)), tuple(_next(verdict, say, bank)))


def _verdict(say: Answers, hours: float | None) -> Verdict:
    if say.get("high-rates") == "yes" or say.get("capacity-test") == "it fell short":
        return "balance"
    if say.get("capacity-test") == "it did":
        return "not needed"
    if say.get("balanced-before") == "yes" and say.get("aged-together") == "yes" and say.get("bms") == "yes":
        return "not needed"
    wants = say.get("rather-not")
    if say.get("bms") == "yes" and (wants == "yes" or (wants != "no" and hours is not None and hours <= SOON_H)):
        return "do not balance: conditions"
    if say.get("matched") == "yes":
        return "test the capacity first"
    return "balance"


def _grounds(verdict: Verdict, say: Answers, bank: Plan) -> list[Ground]:
    found: list[Ground] = []

    def ground(text: str, tutorial: str = "2") -> None:
        found.append(Ground(text, tutorial))

    if say.get("capacity-test") == "it did":
        ground("The battery gave its rated capacity: there is little need of a further balance.")
    if say.get("capacity-test") == "it fell short":
        ground("The battery fell short: the first full cell ends the charge, the first empty one the discharge, and the rest is not used.")
    if say.get("matched") == "yes":
        ground("New and matched cells often come balanced; only a capacity test of the battery can tell.")
    if say.get("matched") == "no":
        ground("Cells that are not matched or not new come with unlike charge.")
    if say.get("high-rates") == "yes":
        ground("High C-rates amplify the differences between the cells, and the BMS may not keep up.")
    if say.get("balanced-before") == "yes":
        if say.get("aged-together") == "no":
            ground("They were balanced once, but not all of them have aged together since.")
        else:
            ground("Once balanced, matched cells stay so: they age alike, and the BMS keeps them at it.")
    if say.get("bms") == "yes":
        ground("The BMS balances at the top, and so keeps a top balance; a balance at the bottom it would soon undo.")
        hours = bms_time_h(say, bank)
        if hours is not None:
            ground(_bms_words(hours, say, bank), "A.2")
        else:
            ground("How long the BMS alone would take is not known here; it may be extremely long, if it ever gets there.", "A.2")
    if say.get("bms") == "no":
        ground("No BMS will mend a difference, so what is not balanced now stays so. Never use a battery without a BMS that protects it.")
    if say.get("use") == "solar: often full":
        ground("A solar battery is seldom near empty and often full: balance counts at the top.")
    if say.get("use") == "seldom full":
        ground("A BMS balances only while the battery is full. Used like this it has little time to, so the first balance matters more.")
    if verdict == "test the capacity first":
        ground("Against it: a capacity test is more accurate after a balance.", "A.2")
    if verdict == "balance" and not found:
        ground("Little is known of these cells. A balance before the battery is built costs time and harms nothing.")
    return found


def _next(verdict: Verdict, say: Answers, bank: Plan) -> list[str]:
    match verdict:
        case "balance":
            steps = ["Choose a procedure and begin; Setup shows which fit this bank and supply."]
            if say.get("capacity-test") == "it fell short":
                steps.append("Test the capacity again afterwards: what is still missing then is a weak cell, not balance.")
            return steps
        case "test the capacity first":
            return [
                "Build the battery with its BMS, charge it, and measure what it gives.",
                "If it gives its rated ampere-hours, leave it as it is; if not, come back and balance.",
            ]
        case "not needed":
            return ["Use the battery. Note the spread of the cells at the top now and then: what matters is whether it grows."]
    return conditions(bank)


# --- doing without (appendix A.2) -----------------------------------------------------------------------------


def series_of(bank: Plan) -> int:
    """Cells in series of the finished battery."""
    try:
        return parse_arrangement(bank.pack or f"{len(bank.cells)}S", len(bank.cells)).series
    except ValueError:
        return max(1, len(bank.cells))


def charge_volts_v(series: int, bms_limit_v: float = BMS_LIMIT_V) -> float:
    """The highest charge volts of a pack at which one full cell is just at the BMS's limit while all others are still on the plateau."""
    return math.floor(((series - 1) * PLATEAU_V + bms_limit_v) * 10 + 1e-6) / 10


def cut_off_volts_v(series: int) -> float:
    """The lowest volts of a pack at which one empty cell is just at 2.5 V while all others still hold 10 to 15 % of their charge."""
    return math.ceil(((series - 1) * LOW_PLATEAU_V + EMPTY_V) * 10 - 1e-6) / 10


def conditions(bank: Plan) -> list[str]:
    """What a battery that was not balanced asks of its settings, with this pack's numbers."""
    series, limit_v = series_of(bank), bank.service_v or BMS_LIMIT_V
    charge_v, cut_off_v = charge_volts_v(series, limit_v), cut_off_volts_v(series)
    return [
        f"Set the charger low enough that the BMS does not open on one high cell: at {charge_v:.1f} V for {series}S "
        f"({charge_v / series:.2f} V a cell) one cell reaches {limit_v:.2f} V at the most while the others are still at {PLATEAU_V:.2f} V. "
        "Otherwise the BMS ends the charge before the charger does. Go higher only as far as the highest cell stays below its limit.",
        f"Let the loads disconnect early enough that the BMS does not open on one low cell: at {cut_off_v:.1f} V "
        f"({cut_off_v / series:.2f} V a cell), where one cell may be down to {EMPTY_V:.1f} V. Volts sag under load: set it as seen at rest.",
        "Expect less than the rated capacity until the BMS has evened the cells, and a capacity test that reads too low.",
        "Look at the highest and the lowest cell near the end of the first charges, with you in the room.",
    ]


def bms_time_h(say: Answers, bank: Plan) -> float | None:
    """How long the BMS must balance at the top: spread of charge ÷ balancing current. None where either is not known."""
    current_a, spread_ah = say.get("balance-current"), spread_charge_ah(say, bank)
    if not isinstance(current_a, int | float) or current_a <= 0 or spread_ah is None:
        return None
    return spread_ah / current_a


def spread_charge_ah(say: Answers, bank: Plan) -> float | None:
    """The charge by which the fullest cell leads the emptiest: as answered, else as the plan's range of state of charge tells."""
    if not bank.cells:
        return None
    group_ah = min(cell.capacity_ah for cell in bank.cells) * (len(bank.cells) / series_of(bank))
    share = say.get("spread")
    if isinstance(share, int | float):
        return share * group_ah
    if bank.soc_low is None or bank.soc_high is None or bank.soc_high <= bank.soc_low:
        return None
    return (bank.soc_high - bank.soc_low) * group_ah


def _bms_words(hours: float, say: Answers, bank: Plan) -> str:
    spread_ah, current_a, share = spread_charge_ah(say, bank), say["balance-current"], say.get("share-at-top")
    words = f"The BMS alone would need {spread_ah:.1f} Ah ÷ {current_a:g} A = {hours:.0f} h at the top"
    if isinstance(share, int | float):
        words += f", which at {share * 100:.0f} % of the day is {show_duration(hours / share * 3600)}"
    return words + "."
