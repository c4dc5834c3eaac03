"""Own procedures that would hurt cells: each leaves out, moves or adds one thing, and each is refused with its line."""

from __future__ import annotations

import pytest
from domain_plans import plan

from tui.domain.procedures import check, export

STEP = "\n[[part.step]]\n"
FILES = {
    "parallel": export("parallel", plan()),
    "precharge": export("precharge", plan(4, procedure="precharge")),
    "single-cell": export("single-cell", plan()),
    "level": export("level", plan()),
}
CHOICE = 'kind = "choice"\nchoices = ["skip", "go"]'


def made(step_id: str, rest: str) -> str:
    return f'id = "{step_id}"\ntitle = "More"\ninstruction = "Do it."\ntutorial = "4"\n{rest}'


def before(name: str, step_id: str, *more: str) -> str:
    """The file with more steps before the first one of this id."""
    blocks = FILES[name].split(STEP)
    place = next(number for number, block in enumerate(blocks) if block.startswith(f'id = "{step_id}"\n'))
    return STEP.join([*blocks[:place], *more, *blocks[place:]])


def without(name: str, step_id: str) -> str:
    return STEP.join(block for block in FILES[name].split(STEP) if not block.startswith(f'id = "{step_id}"\n'))


def other(name: str, old: str, new: str) -> str:
    assert old in FILES[name]
    return FILES[name].replace(old, new)


def act(*hands: str) -> str:
    return made("more", f'confirm = "Done"\nhands = {list(hands)}'.replace("'", '"'))


def shortcut(to: str) -> str:
    field = f'[[part.step.field]]\nname = "x"\nlabel = "x"\n{CHOICE}\n[part.step.leads_to]\n"skip" = "{to}"'
    return made("more", field)


SLEEP = made("sleep", 'until = "rest"\nuntil_s = "48 h"')
TRIM_FIELD = '\n[[part.step.field]]\nname = "ok"\nlabel = "ok"\nkind = "choice"\nchoices = ["yes", "no"]'

UNSAFE = {
    "an answer jumps over the open leads to the charge": (before("parallel", "leads-apart", shortcut("charge")), "open leads"),
    "an answer leaves a running charge": (before("parallel", "off", shortcut("rest")), "output-off"),
    "the output on with the leads on, and no charge": (before("parallel", "charge", act("switch-on"), SLEEP), "nobody would watch"),
    "the output on again after its end": (before("parallel", "disconnect", act("switch-on"), SLEEP), "nobody would watch"),
    "lead ends joined on the cells": (before("parallel", "disconnect", act("short-leads")), "dead short"),
    "the voltage arbitrary again after it was proved": (
        before("parallel", "post-polarity", act("short-leads", "switch-on", "set-current-knob", "switch-off", "leads-apart")),
        "open leads were measured",
    ),
    "cells never joined": (without("parallel", "wire"), "joining of these cells"),
    "a string never joined": (without("precharge", "wire-series"), "joining of these cells"),
    "a string where a bank is meant": (before("parallel", "post-polarity", act("wire-series")), "joining of these cells"),
    "cells joined that were not compared": (other("parallel", 'gate = "cell-volts"', 'gate = "cell-volts-single"'), "compared"),
    "nobody asks who opened the string": (without("precharge", "opened"), "who ended it"),
    "a lead that fell off ends a balance": (other("parallel", 'until = "end-rule"', 'until = "end-rule"\nopening_ends = true'), "fell off"),
    "pack volts on one cell": (other("precharge", 'hands = ["leads-on"]', 'hands = ["leads-on:A1"]'), "other cells"),
    "the leads always on the first cell": (other("single-cell", "leads-on:{first}", "leads-on:A1"), "other cells"),
    "a refused off switches on again": (other("parallel", 'gate = "off"', 'gate = "off"\nretry_from = "charge"'), "back through a charge"),
    "the open-lead test with the charge on": (
        other("parallel", 'gate = "trim"', 'gate = "trim"\nretry_from = "leads-apart"'),
        "one that runs",
    ),
    "a test while the charge runs": (
        before("parallel", "trim", made("more", 'confirm = "x"\naction = "contact-test"')),
        "while the charge runs",
    ),
    "a second charge on top": (before("parallel", "trim", made("more", 'confirm = "x"\naction = "charge"')), "while the charge runs"),
    "a long wait before anything watches": (before("parallel", "to-knee", made("more", 'confirm = "Had a nap"')), "nothing watches"),
    "a wait behind the end of the charge": (
        before("parallel", "off", made("more", 'confirm = "Had a nap"\nask_during = true' + TRIM_FIELD)),
        "output stays on",
    ),
    "an until that looks only after an answer": (
        other("parallel", 'until = "end-rule"\nask_during = true', 'until = "end-rule"\nconfirm = "Look now"'),
        "ask_during = true",
    ),
    "open leads measured at the posts": (other("parallel", 'probe = "lead-ends"', 'probe = "posts"'), "lead-ends"),
    "the first cell's volts for every cell": (other("parallel", 'probe = "cell:{label}"', 'probe = "cell:A1"'), "cell:A2"),
    "hands that nobody confirms": (other("parallel", 'confirm = "The output is on"\n', ""), "is confirmed"),
    "low cells lifted to the top": (other("level", 'until_v = "level"', 'until_v = "3.65 V"'), "above the target"),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_a_file_that_would_hurt_cells_is_refused(name: str) -> None:
    text, words = UNSAFE[name]
    problems = check(text)
    assert any(words in problem.message for problem in problems), problems
    assert all(problem.line > 1 for problem in problems)
    assert len(set(problems)) == len(problems)


def test_the_files_they_are_made_of_are_sound() -> None:
    assert [check(text) for text in FILES.values()] == [[]] * len(FILES)
