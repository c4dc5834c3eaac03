"""`topbalance catalogue …`: the models of cells that the program knows, and one's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from tui.cli_choices import Quantity
from tui.cli_records import json_option

if TYPE_CHECKING:
    from tui.domain.catalogue import CellModel
    from tui.records.models import Models


class Searching(click.Group):
    """A group whose first word, where it is no command, is something to search for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["search", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Searching)
def catalogue() -> None:
    """Models of cells: search (the usual command), show, add, remove. `--model` takes an id or a name from here."""


def _own() -> Models:
    from tui.records.models import Models
    from tui.records.places import home

    return Models(home())


@catalogue.command("search")
@click.argument("words", nargs=-1)
@json_option
def search_models(words: tuple[str, ...], as_json: bool) -> None:
    """The models in which all words are found: maker, model, Ah."""
    from dataclasses import asdict

    from tui.domain.catalogue import search

    found = search(" ".join(words), _own().list())
    if as_json:
        click.echo(json.dumps([asdict(model) for model in found], ensure_ascii=False))
        return
    for model in found:
        limit = "" if model.max_charge_a is None else f"{model.max_charge_a:g} A"
        resistance = "" if model.acir_mohm is None else f"{model.acir_mohm:g} mΩ"
        click.echo(
            f"{model.id:<26} {model.title:<26} {model.capacity_ah:>6g} Ah {limit:>7} {resistance:>8}  {model.thread:<3}"
            f"{'  own' if model.own else ''}".rstrip()
        )
    if not found:
        click.echo("nothing found; `topbalance catalogue` lists all models, `topbalance catalogue add` keeps one of your own")


@catalogue.command("show")
@click.argument("model_id", metavar="ID")
@json_option
def show_model(model_id: str, as_json: bool) -> None:
    """All that is known of one model, and about the torque of its thread."""
    from dataclasses import asdict

    from tui.domain.catalogue import torque_words

    document = asdict(_find(model_id))
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    for key, value in document.items():
        if value not in (None, "", ()):
            click.echo(f"{key:<14} {value}")
    click.echo(torque_words(document["thread"]))


def _find(model_id: str) -> CellModel:
    from tui.domain.catalogue import find

    model = find(model_id, _own().list())
    if model is None:
        raise click.UsageError(f"no model has the id {model_id}; `topbalance catalogue {model_id.replace('-', ' ')}` searches for it")
    return model


@catalogue.command("add")
@click.option("--maker", default="")
@click.option("--model", default="", help="The name printed on the cell.")
@click.option("--capacity", "capacity_ah", type=Quantity("capacity"), required=True, help="280Ah")
@click.option("--v-max", type=Quantity("cell_voltage"), help="End of charge by the data sheet: 3.65V.")
@click.option("--v-min", type=Quantity("cell_voltage"), help="End of discharge: 2.5V.")
@click.option("--max-charge", "max_charge_a", type=Quantity("current"), help="Largest charging current at 25 °C: 140A.")
@click.option("--charge-rate", "std_charge_c", type=Quantity("c_rate"), help="Usual charging rate: 0.5C.")
@click.option("--resistance", "acir_ohm", type=Quantity("resistance"), help="At 1 kHz: 0.25mOhm.")
@click.option("--end-rate", "cv_cutoff_c", type=Quantity("c_rate"), help="The maker's end of charge: 0.05C.")
@click.option("--thread", default="", help="M4, M5, M6 or M8.")
@click.option("--source", default="", help="Where the figures are from.")
@click.option("--replace", is_flag=True, help="In the place of your own model of that name.")
def add_model(replace: bool, acir_ohm: float | None, **values: Any) -> None:
    """Keep a model of your own."""
    from tui.domain.catalogue import InvalidModel

    if acir_ohm is not None:
        values["acir_mohm"] = round(1000 * acir_ohm, 6)
    try:
        made = _own().add(values, replace=replace)
    except InvalidModel as problem:
        raise click.UsageError(str(problem)) from problem
    click.echo(f"{made.id} kept")


@catalogue.command("remove")
@click.argument("model_id", metavar="ID")
def remove_model(model_id: str) -> None:
    """Forget a model of your own."""
    if not _find(model_id).own:
        raise click.UsageError(f"{model_id} comes with the program and stays")
    _own().remove(model_id)
    click.echo(f"{model_id} removed")
