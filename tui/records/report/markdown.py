"""The report as Markdown for a forum post: short, and the question first: is this normal?"""

from __future__ import annotations

import re
from itertools import groupby

from tui.domain.plain_text import plain_text
from tui.records.report.facts import Report, clock, rest_title

_MOST_OF_A_GROUP = 8
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&@$])")
_BULLET = re.compile(r"^(\s*)([-+=])")
_NUMBER = re.compile(r"^(\s*\d+)([.)])(?=\s|$)")


def escaped(text: str) -> str:
    """Text that no Markdown reader takes for markup, a link, a table's edge, or a person to be called."""
    plain = _SIGNS.sub(r"\\\1", plain_text(text)).replace("://", ":\\//")
    return _NUMBER.sub(r"\1\\\2", _BULLET.sub(r"\1\\\2", plain))


def markdown(report: Report) -> str:
    """The post."""
    session = report.session
    lines = [f"## {report.result}: {escaped(session.bank)}", "", escaped(f"{report.when} · session {session.id}"), ""]
    if report.story.start.get("embedded_bench"):
        lines += ["**Simulated: the built-in bench, no real cells.**", ""]
    if report.story.missing:
        lines += ["**The journal of this session is not there: nothing proves what follows.**", ""]
    lines += ["### Is this normal?", "", *(f"- {escaped(sentence)}" for sentence in report.verdict), ""]
    lines += ["### In short", "", *(f"- {name}: {escaped(value)}" for name, value in report.facts)]
    lines += [f"- Plan: {escaped(' · '.join(report.chosen))}"] if report.chosen else []
    lines += ["", *_cells(report), "", *_proofs(report), *_deviations(report)]
    state = "holds" if report.record.ok else "DOES NOT HOLD"
    lines += [
        "### Record",
        "",
        f"- The record {state}: {escaped(report.record.words)}",
        f"- Chain head: `{report.record.head_hash or 'none'}`",
    ]
    lines += [
        f"- {name}: {escaped(value)}" for name, value in (*report.instruments, *report.versions) if name not in ("Session", "Procedure")
    ]
    return "\n".join(lines).rstrip() + "\n"


def _cells(report: Report) -> list[str]:
    titles = ["cell", "before V", "end V", *(f"{rest_title(rest)} V" for rest in report.rests), "verdict"]
    rows = [[escaped(cell.label), *map(_volts, cell.volts), cell.word] for cell in report.cells]
    rows.append(["spread", *("–" if value is None else f"{1000 * value:.0f} mV" for value in report.spreads_v), ""])
    rule = ["---", *(["---:"] * (len(titles) - 2)), "---"]
    return [f"| {' | '.join(row)} |" for row in (titles, rule, *rows)]


def _proofs(report: Report) -> list[str]:
    lines = ["### Proof of the end", ""]
    if not report.proofs:
        return [*lines, "No charge of this session came to an end.", ""]
    for proof in report.proofs:
        lines += [f"**{escaped(proof.title)}**, at {clock(proof.at_s)}: {escaped(proof.reason)}", ""]
        sign = {True: "met", False: "**NOT met**", None: "**not known**"}
        lines += [f"- {sign[clause.met]}: {escaped(clause.text)} ({escaped(clause.evidence)})" for clause in proof.clauses]
        if proof.by_rule and not proof.clauses:
            lines.append("- **not proved**: no reading of that time is in the journal")
        lines += [""] if lines[-1] else []
    return lines


def _deviations(report: Report) -> list[str]:
    lines = ["### Deviations", ""]
    if not report.deviations:
        return [*lines, "None: no override, no loosened limit, no alarm, no gap.", ""]
    for group, found in groupby(report.deviations, key=lambda one: one.group):
        every = list(found)
        for one in every[:_MOST_OF_A_GROUP]:
            times = f" ×{one.times}" if one.times > 1 else ""
            lines.append(f"- {clock(one.time_s)} {one.word}{times}: {escaped(one.text)}")
        if len(every) > _MOST_OF_A_GROUP:
            lines.append(f"- … and {len(every) - _MOST_OF_A_GROUP} more under {group.lower()}")
    return [*lines, ""]


def _volts(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
