"""The choices of Setup as options of the command line: each read with its unit by the one parser of the program, and what they fill in a plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tui.domain.catalogue import CellModel

F = TypeVar("F", bound=Callable[..., Any])

USUAL_AH = 280.0
STEPWISE_DERATING = 0.8
"""Share of the supply's rating that step-and-pause is started with: 80 %, so that hours at each stage do not burn it (tutorial appendix B)."""


class Quantity(click.ParamType):
    """A quantity with its unit, as a person types it; parsed by the one parser of the program."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        from tui.domain import quantities

        try:
            if self.kind == "soc":
                return quantities.parse_range(value)
            return quantities.parse(value, self.kind)
        except quantities.QuantityError as problem:
            self.fail(str(problem), param, ctx)


class Stages(click.ParamType):
    """Several voltages in their order: "3.45V,3.55V,3.65V", "3,45V;3,55V" or "3.45 3.55"."""

    name = "volts"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        from tui.domain import quantities

        joined = re.sub(r"\s+(?=[vVmM])", "", value.strip())
        decimal_comma = "." not in joined and re.search(r"(?<!\d)\d,\d", joined)
        parts = re.split(r"[;\s]+|,(?!\d)|(?<=[vV])," if decimal_comma else r"[,;\s]+", joined)
        try:
            return tuple(quantities.parse(part, "cell_voltage") for part in parts if part)
        except quantities.QuantityError as problem:
            self.fail(str(problem), param, ctx)


class Procedure(click.ParamType):
    """The name of a built-in procedure, of a chain of them, or "own:NAME"."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from tui.domain import procedures

        known = (*procedures.PROCEDURES, *procedures.CHAINS)
        if value in known or (value.startswith("own:") and len(value) > 4):
            return value
        return self.fail(f"“{value}” is no procedure; there are {', '.join(known)}, and own:NAME for one of your own", param, ctx)


def add(options: Iterable[Callable[[F], F]], command: F) -> F:
    """The options on the command, in the order in which they stand."""
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def choice_options(command: F) -> F:
    """The choices of the Setup pane, the procedure first."""
    option = click.option
    procedure = (
        option("--procedure", type=Procedure(), default="parallel", show_default=True,
               help="parallel, step-and-pause, single-cell, precharge, level, a chain such as precharge+parallel, or own:NAME."),
        option("--procedure-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
               help="A procedure of your own from a TOML file, for this once."),
    )  # fmt: skip
    return add(procedure, other_choices(command))


def other_choices(command: F) -> F:
    """The choices of the Setup pane where the procedure is named otherwise."""
    option = click.option
    return add(
        (
            option("--target", type=Quantity("target"), default="3.65V", show_default=True, help="Volts per cell, 3.50 to 3.65 V."),
            option("--stages", type=Stages(), default=None, help='Targets of step-and-pause: "3.45V,3.55V,3.65V".'),
            option("--pause", type=Quantity("time"), default="15min", show_default=True, help="Output off between two stages."),
            option("--soak", type=Quantity("time"), default="0s", show_default=True, help="All cells in parallel before a pre-charge: 8h."),
            option("--pack", default="", help="The finished battery, for the pre-charge: 8S, 2P8S; all cells in series unless said."),
            option("--assembled", is_flag=True, help="One cell at a time: the cells stay in their battery."),
            option("--service", type=Quantity("cell_voltage"), default=None, help="Highest volts of a cell that BMS and charger allow in use."),
            option("--model", default="", help="The cell in the catalogue, by id or name: fills capacity and largest current."),
            option("--end-rule", type=click.Choice(["near-zero", "fixed", "volts"]), default="near-zero", show_default=True,
                   help="What ends the charge."),
            option("--end-current", type=Quantity("current"), default="0.10A", show_default=True, help="Current that counts as zero."),
            option("--derating", type=Quantity("fraction"), default=None, show_default="100%; step-and-pause 80%",
                   help="Share of the supply's rating to use."),
            option("--rest", type=Quantity("time"), default="1h", show_default=True, help="Rest before the cells are measured."),
        ),
        command,
    )  # fmt: skip


def chosen(options: dict[str, Any]) -> dict[str, Any]:
    """What the choices fill in a plan, by the names of its fields."""
    from tui.domain import catalogue

    procedure, model, derating = procedure_of(options), model_of(options), options["derating"]
    if derating is None:
        derating = STEPWISE_DERATING if "step-and-pause" in procedure else 1.0
    return {
        "procedure": procedure,
        "target_v": options["target"],
        "stages_v": options["stages"] or (),
        "pause_s": options["pause"],
        "soak_s": options["soak"],
        "pack": options["pack"],
        "assembled": options["assembled"],
        "service_v": options["service"],
        "model": "" if model is None else model.id,
        "cell_limit_a": None if model is None else catalogue.fill(model)["cell_limit_a"],
        "end_rule": options["end_rule"],
        "end_current_a": options["end_current"],
        "derating": derating,
        "rest_s": options["rest"],
    }


def procedure_of(options: dict[str, Any]) -> str:
    """The procedure's name: built in, a chain, or "own:NAME", the name of the file where one was given."""
    file = options.get("procedure_file")
    return f"own:{file.stem}" if file is not None else str(options.get("procedure", "parallel"))


def own_text(options: dict[str, Any]) -> str:
    """The text of the own procedure that was chosen, checked; "" for a built-in one. Its first fault is bad usage."""
    file: Path | None = options.get("procedure_file")
    if file is not None:
        return checked(file)
    name = procedure_of(options)
    if not name.startswith("own:"):
        return ""
    from tui.records.own_procedures import OwnProcedureError, OwnProcedures
    from tui.records.places import home

    kept, name = OwnProcedures(home()), name.removeprefix("own:")
    if name not in kept.list():
        kept = OwnProcedures(home(demo=True))
    try:
        text = kept.read(name)
    except OwnProcedureError as problem:
        raise click.UsageError(str(problem)) from problem
    return sound(text, name)


def checked(file: Path) -> str:
    """The text of a procedure's file in which nothing is wrong."""
    return sound(text_of(file), file.name, f": `topbalance procedures check {file}`")


def sound(text: str, called: str, where: str = "") -> str:
    """The text itself, when it is a sound procedure; UsageError with name, line and field of its first fault."""
    from tui.domain import procedures

    problems = procedures.check(text)
    if problems:
        more = f" ({len(problems) - 1} more{where})" if len(problems) > 1 else ""
        raise click.UsageError(f"{called} {problems[0]}{more}")
    return text


def text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise click.UsageError(f"{file.name} cannot be read as text: {problem}") from problem


def model_of(options: dict[str, Any]) -> CellModel | None:
    """The model of `--model` in the catalogue, by its id or by words that only it has; None where none was named."""
    wanted = options.get("model")
    if not wanted:
        return None
    from tui.domain import catalogue
    from tui.records.models import Models
    from tui.records.places import home

    own = Models(home()).list()
    found = catalogue.find(wanted, own)
    if found is not None:
        return found
    like = catalogue.search(wanted, own)
    if len(like) == 1:
        return like[0]
    which = f"; is it {', '.join(model.id for model in like[:5])}?" if like else "; `topbalance catalogue` lists them all"
    raise click.BadParameter(f"“{wanted}” names no single model of the catalogue{which}", param_hint="--model")


def capacity_of(options: dict[str, Any]) -> float:
    """Ah of each cell: as given, or as the model's data sheet says."""
    if options["capacity"] is not None:
        return float(options["capacity"])
    model = model_of(options)
    return USUAL_AH if model is None else model.capacity_ah
