"""Procedures as files: exported, edited, checked with line and field, and run."""

from dataclasses import replace

import pytest
from domain_plans import RIDEN, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.domain.limits import DEFAULTS
from tui.domain.plan import Plan
from tui.domain.procedure import Step
from tui.domain.procedures import CHAINS, PROCEDURES, FileProblem, ProcedureError, check, effective, export, steps
from tui.domain.procedures.locate import Places

BANK = plan()
TEXT = export("parallel", BANK)
ALL = (*PROCEDURES, *CHAINS)


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def edited(old: str, new: str, text: str = TEXT) -> str:
    assert old in text
    return text.replace(old, new, 1)


def without_step(step_id: str, text: str = TEXT) -> str:
    """The file without the steps of this id."""
    blocks = text.split("\n[[part.step]]\n")
    kept = [block for block in blocks if f'id = "{step_id}"\n' not in block.split("\n\n")[0] + "\n" or block is blocks[0]]
    assert len(kept) < len(blocks)
    return "\n[[part.step]]\n".join(kept)


def same(one: tuple[Step, ...], other: tuple[Step, ...]) -> bool:
    """Equal but for the name of the procedure in the parts' plans."""

    def plain(found: tuple[Step, ...]) -> list[Step]:
        return [replace(step, part=replace(step.part, plan=replace(step.part.plan, procedure=""))) for step in found if step.part]

    return plain(one) == plain(other)


@pytest.mark.parametrize("supply", [BANK.supply, replace(RIDEN, max_voltage_v=60.0)], ids=["by hand", "interface"])
@pytest.mark.parametrize("meter", ["", "text-line:/dev/ttyUSB1", "text-line:/dev/ttyUSB1?point=cells"])
@pytest.mark.parametrize("name", ALL)
def test_an_exported_procedure_is_sound_and_makes_the_same_steps(name: str, meter: str, supply: object) -> None:
    bank = plan(4, procedure=name, meter=meter, supply=supply, soak_s=3600.0)
    text = export(name, bank)
    assert check(text) == []
    assert same(steps(bank), steps(replace(bank, procedure="own:mine"), own=text))


@pytest.mark.parametrize("name", ALL)
def test_an_exported_file_explains_itself_and_uses_nothing_outside(name: str) -> None:
    text = export(name, BANK)
    assert text.startswith("# A procedure of topbalance.")
    assert "\nuse = " not in text
    for word in ("until_v", '"limits"', "knob current", "wiring"):
        assert word in text.split("format = 1")[0]


def test_no_other_name_is_exported() -> None:
    with pytest.raises(ProcedureError, match="to export"):
        export("by magic", BANK)


# --- what is edited takes effect --------------------------------------------------------------------------------


def own(text: str, bank: Plan = BANK) -> tuple[Step, ...]:
    return steps(replace(bank, procedure="own:mine"), own=text)


def test_edited_words_and_numbers_of_the_bank_reach_the_steps() -> None:
    text = edited('title = "Rest {rest}"', 'title = "Sleep for {rest}"')
    text = edited('until_s = "rest"', 'until_s = "30 min"', text)
    rest = next(step for step in own(text) if step.id == "rest")
    assert (rest.title, rest.until_s) == ("Sleep for 1 h", 1800.0)


def test_the_file_fixes_choices_with_their_units() -> None:
    text = edited("[plan]", '[plan]\ntarget = "3,6V"\nend_current = "200 mA"\nrest = "30 min"\nderating = "80%"\nend_rule = "fixed"')
    fixed = effective(replace(BANK, procedure="own:mine"), text)
    assert (fixed.target_v, fixed.end_current_a, fixed.rest_s, fixed.derating, fixed.end_rule) == (3.6, 0.2, 1800.0, 0.8, "fixed")
    assert check(text) == []
    assert any("3.600 V" in step.instruction for step in own(text))
    assert effective(BANK, text) == BANK


def test_limits_of_a_file_reach_the_plan_when_they_are_tighter() -> None:
    assert effective(replace(BANK, procedure="own:mine"), TEXT).limits == ()
    text = edited("trip_over_target_v = 0.03 ", 'trip_over_target_v = "20 mV" ')
    assert check(text) == []
    assert effective(replace(BANK, procedure="own:mine"), text).limits == (("trip_over_target_v", 0.02),)


# --- every fault names its line and field -----------------------------------------------------------------------

FAULTS = [
    ("format = 1", "format = 2", "format", "format = 1"),
    ('result = "balanced"', 'result = "perfect"', "result", "“perfect” is not known"),
    ('name = "parallel"', 'name = ""', "name", "empty"),
    ("trip_over_target_v = 0.03 ", "trip_over_target_v = 0.05 ", "limits.trip_over_target_v", "looser than the guard's 0.03 V"),
    ("end_hold_s = 600 ", "end_hold_s = 60 ", "limits.end_hold_s", "looser"),
    ("ceiling_v = 3.7 ", "cieling_v = 3.7 ", "limits.cieling_v", "ceiling_v"),
    ("ceiling_v = 3.7 ", f"ceiling_v = {'9' * 400} ", "limits.ceiling_v", "looser"),
    (
        'name = "visual"',
        'name = "visual"\nlabel = "x"\nkind = "choice"\nchoices = ["a", "b"]\n[[part.step.field]]\nname = "visual"',
        "part.step.field.name",
        "twice",
    ),
    ("ceiling_v = 3.7 ", 'ceiling_v = "high" ', "limits.ceiling_v", "voltage"),
    ("[plan]", '[plan]\ntarget = "3.70 V"', "plan.target", "above 3.65 V"),
    ("[plan]", '[plan]\nstages = ["3.5 V", "3.4 V"]', "plan.stages", "must rise"),
    ("[plan]", '[plan]\ntarget = "3.6 V"\nstages = ["3.5 V", "3.65 V"]', "plan.stages", "above the target"),
    ("[plan]", '[plan]\nend_rule = "sometime"', "plan.end_rule", "no end rule"),
    ("[plan]", "[plan]\ncolour = 1", "plan.colour", "no choice"),
    ('wiring = "parallel"', 'wiring = "star"', "part.wiring", "“star” is not known"),
    ('wiring = "parallel"', 'wiring = "single"', "part.wiring", "belong together"),
    ('wiring = "parallel"', 'wiring = "series"', "part.balances", "never balanced"),
    ("balances = true", "balances = 1", "part.balances", "true or false"),
    ("balances = true\n", "", "result", "needs a part with balances"),
    ('gate = "visual"', 'gate = "glance"', "part.step.gate", "“glance” is not known"),
    ('gate = "visual"', 'gaet = "visual"', "part.step.gaet", "is “gate” meant?"),
    ('action = "charge"', 'action = "blast"', "part.step.action", "not known"),
    ('hands = ["wire-cells"]', 'hands = ["weld-cells"]', "part.step.hands", "no act"),
    ('until = "end-rule"', 'until = "tomorrow"', "part.step.until", "not known"),
    ('until_v = "knee"', 'until_v = "3.80 V"', "part.step.until_v", "above the target"),
    ('until_v = "knee"', 'until_v = "high"', "part.step.until_v", "neither"),
    ('until_s = "rest"', 'until_s = "a while"', "part.step.until_s", "30 min"),
    ('id = "temperature"', 'id = "visual"', "part.step.id", "twice"),
    ('id = "temperature"', 'id = "visual@2"', "part.step.id", "no @"),
    ('title = "Rest {rest}"', 'title = "Rest {rets}"', "part.step.title", "{rets} is no number"),
    ('title = "Rest {rest}"', 'title = "Rest {rest"', "part.step.title", "brace stands alone"),
    ('title = "Rest {rest}"', 'title = "Rest as long as ever you can, friend"', "part.step.title", "30 characters"),
    ('when = ["by hand"]', 'when = ["by foot"]', "part.step.when", "“by foot” is not known"),
    ('retry_from = "leads-apart"', 'retry_from = "nowhere"', "part.step.retry_from", "no earlier step"),
    ('kind = "temperature"', 'kind = "smell"', "part.step.field.kind", "not known"),
    ('probe = "surface"\n', "", "part.step.field.probe", "place of the probes"),
    ('confirm = "Understood, finish the session"\n', "", "part.step", "does nothing"),
    ('notes = ["A straight edge', 'notes = ["", "A straight edge', "part.step.notes", "empty"),
]


@pytest.mark.parametrize(("old", "new", "field", "words"), FAULTS, ids=[f"{new.strip()[:40]}" for _, new, _, _ in FAULTS])
def test_a_fault_names_its_line_and_field(old: str, new: str, field: str, words: str) -> None:
    text = edited(old, new)
    problems = check(text)
    found = [problem for problem in problems if problem.field == field and words in problem.message]
    assert found, problems
    assert 1 <= found[0].line <= len(text.splitlines())
    key = field.split(".")[-1]
    if new.startswith((f"{key} ", "[plan]")):
        assert text.splitlines()[found[0].line - 1].startswith(key), found


def test_the_line_is_that_of_the_edited_key() -> None:
    text = edited("trip_over_target_v = 0.03 ", "trip_over_target_v = 0.05 ")
    problem = check(text)[0]
    assert (problem.line, problem.field) == (line_of(text, "trip_over_target_v"), "limits.trip_over_target_v")
    assert str(problem).startswith(f"line {problem.line}, limits.trip_over_target_v: ")


def test_a_slip_of_the_pen_in_the_toml_names_its_line() -> None:
    text = edited('title = "Rest {rest}"', "title = Rest")
    assert check(text)[0].line == line_of(text, "title = Rest")
    assert "not TOML" in check(text)[0].message


def test_a_loose_limit_is_no_plan_either() -> None:
    with pytest.raises(ProcedureError, match="looser"):
        own(edited("trip_over_target_v = 0.03 ", "trip_over_target_v = 0.05 "))


# --- nothing that keeps the cells safe can be edited away --------------------------------------------------------

GONE = [
    ("parallel", "visual", "a look at every cell"),
    ("parallel", "temperature", "the temperature of the cells"),
    ("parallel", "cell-volts", "volts of each cell"),
    ("parallel", "supply", "identification"),
    ("parallel", "write-test", "test of the supply's settings"),
    ("parallel", "lead-volts", "open leads"),
    ("parallel", "leads-apart", "open leads"),
    ("parallel", "output-off-before", "while the output is on"),
    ("parallel", "post-polarity", "polarity"),
    ("parallel", "connect", "the connection"),
    ("parallel", "hold", "end-rule"),
    ("parallel", "off", "output-off"),
    ("parallel", "off-amps", "output-off"),
    ("parallel", "disconnect", "leads perhaps still on"),
    ("parallel", "leads-off", "leads perhaps still on"),
    ("precharge", "bms", "never charged without one"),
    ("precharge", "lead-volts", "open leads"),
    ("precharge", "to-top", "nothing waits"),
    ("single-cell", "assembled", "floating"),
    ("single-cell", "lead-volts", "open leads"),
    ("single-cell", "post-polarity", "polarity"),
    ("step-and-pause", "lead-volts", "open leads"),
    ("step-and-pause", "off-amps", "output-off"),
    ("step-and-pause", "leads-off", "perhaps still on"),
    ("single-cell", "leads-off", "perhaps still on"),
    ("level", "post-polarity", "polarity"),
]


@pytest.mark.parametrize(("name", "step_id", "words"), GONE, ids=[f"{name} without {step}" for name, step, _ in GONE])
def test_a_file_without_a_safety_step_is_refused(name: str, step_id: str, words: str) -> None:
    problems = check(without_step(step_id, export(name, BANK)))
    assert any(words in problem.message for problem in problems), problems
    assert all(problem.line > 1 for problem in problems)


def test_the_order_counts_and_not_only_the_presence() -> None:
    blocks = TEXT.split("\n[[part.step]]\n")
    at = next(number for number, block in enumerate(blocks) if 'gate = "polarity"' in block)
    moved = [*blocks[:at], *blocks[at + 1 :]]
    late = next(number for number, block in enumerate(moved) if 'id = "disconnect"' in block)
    text = "\n[[part.step]]\n".join([*moved[:late], blocks[at], *moved[late:]])
    assert any("polarity" in problem.message for problem in check(text))


IDLE = '[[part.step]]\nid = "tea"\ntitle = "Tea"\ninstruction = "Have a cup."\ntutorial = "4.7"\n'


@pytest.mark.parametrize("wait", ['confirm = "Had it"', 'until = "rest"\nuntil_s = "30 min"'])
def test_nothing_waits_for_a_person_between_the_end_of_a_charge_and_off(wait: str) -> None:
    off = '[[part.step]]\nid = "off"\n'
    text = edited(off, f"{IDLE}{wait}\n\n{off}")
    problem = next(problem for problem in check(text) if "output" in problem.message)
    assert abs(problem.line - line_of(text, 'id = "tea"')) <= 5
    later = edited('[[part.step]]\nid = "disconnect"\n', f'{IDLE}{wait}\n\n[[part.step]]\nid = "disconnect"\n')
    assert check(later) == []


def test_what_is_hidden_behind_a_rare_condition_is_found_when_that_plan_is_started() -> None:
    """No sample plan of the check has a soak and one cell beside a meter; the steps themselves are judged again."""
    text = edited('id = "post-polarity"\n', 'id = "post-polarity"\nwhen = ["not soak", "many"]\n')
    at = text.index('[[part.step]]\nid = "post-polarity"')
    block = text[at : text.index("[[part.step]]", at + 5)]
    text = text[:at] + block.replace('"not soak", "many"', '"soak"') + text[at:]
    rare = plan(1, procedure="own:mine", soc_low=0.97, soc_high=0.99)
    with pytest.raises(ProcedureError, match="polarity"):
        steps(rare, own=text)
    assert steps(replace(rare, soak_s=3600.0), own=text)


def test_a_second_charge_needs_its_own_proof_and_its_own_off() -> None:
    text = without_step("off-amps", without_step("off"))
    problem = next(problem for problem in check(text) if problem.field == "part.step.action")
    assert 'action = "charge"' in text.splitlines()[problem.line - 1]


# --- any text at all ---------------------------------------------------------------------------------------------


def sound(problems: list[FileProblem], text: str) -> None:
    for problem in problems:
        assert 1 <= problem.line <= max(1, len(text.splitlines()))
        assert problem.message


@given(st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_text_gets_an_answer(text: str) -> None:
    problems = check(text)
    assert problems
    sound(problems, text)


LINES = TEXT.splitlines()
CORE = next(number for number, line in enumerate(LINES) if line.startswith("format"))


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_a_file_with_lines_lost_doubled_or_spoilt_gets_an_answer_inside_it(data: st.DataObject) -> None:
    at = data.draw(st.integers(CORE, len(LINES) - 1))
    line = LINES[at]
    junk = st.sampled_from(
        ["", "x = [", "[[part]]", "[part]", 'when = "by hand"', "step = 3", "field = {}", "id = 1", "notes = 5", "leads_to = 1"]
    )
    new = data.draw(st.one_of(junk, st.just(line + "\n" + line), st.text(max_size=20).map(lambda text: line[: len(line) // 2] + text)))
    text = "\n".join([*LINES[:at], new, *LINES[at + 1 :]])
    sound(check(text), text)


@pytest.mark.parametrize(
    "text", ["part = 1", "[[part]]\nstep = 1", "part = [1]", "[[part]]\n[[part.step]]\nfield = 3", "plan = 1\nlimits = 2"]
)
def test_tables_of_the_wrong_kind_are_told(text: str) -> None:
    sound(check(text), text)
    assert check(text)


def test_places_know_tables_keys_and_what_lies_inside_a_long_text() -> None:
    places = Places(
        'a = 1\n[[part]]\nid = "x"\n[[part.step]]\nnotes = """\nid = 5\n"""\ntitle = "t"\n[[part]]\n[[part.step]]\n[[part.step]]\nid = "y"'
    )
    assert places.line((), "a") == 1
    assert places.line(("part", 0), "id") == 3
    assert places.line(("part", 0, "step", 0), "title") == 8
    assert places.line(("part", 1, "step", 1), "id") == 12
    assert places.line(("part", 0, "step", 0), "id") == 4
    assert places.line(("part", 7, "step", 1), "id") == 1


def test_the_guards_limits_in_a_file_are_the_guards() -> None:
    assert f"ceiling_v = {DEFAULTS.ceiling_v:g} " in TEXT
