"""Packs: the groups are as alike as every other way could make them, no cell is lost or used twice, and the map fits its paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.benchmarks.pack import cells as lot
from tui.domain.arrangement import Arrangement, read_arrangement
from tui.domain.pack_map import in_short, pack_map, spread_lines
from tui.domain.packing import Pack, PackCell, build
from tui.domain.packing_proof import prove
from tui.domain.packing_search import Dealt, Task, improve, least_of_largest, least_spread, most_of_smallest


def every_way(cells: list[int], parallel: int) -> Iterator[list[list[int]]]:
    if not cells:
        yield []
        return
    first, rest = cells[0], cells[1:]
    for others in combinations(rest, parallel - 1):
        for groups in every_way([cell for cell in rest if cell not in others], parallel):
            yield [[first, *others], *groups]


def task_of(charges: list[int], mohm: list[float], parallel: int) -> Task:
    return Task(charges, [1 / value for value in mohm], parallel)


shapes = st.sampled_from([(5, 1), (8, 2), (10, 2), (6, 3), (9, 3), (8, 4)])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), shape=shapes)
def test_no_other_way_is_better_than_what_is_proven(data, shape):
    count, parallel = shape
    charges = data.draw(st.lists(st.integers(260, 300) | st.just(280), min_size=count, max_size=count))
    mohm = data.draw(st.lists(st.sampled_from([0.15, 0.17, 0.18, 0.181, 0.19, 0.25]), min_size=count, max_size=count))
    task = task_of(charges, mohm, parallel)
    best = min(task.score(groups) for groups in every_way(list(range(count)), parallel))
    as_they_come = [list(range(at, at + parallel)) for at in range(0, count, parallel)]
    found = prove(task, Dealt(as_they_come, task.score(as_they_come), False, False), 10**6)
    assert found.charge_proven and found.resistance_proven
    assert found.score.charge == best.charge
    assert found.score.resistance == pytest.approx(best.resistance, abs=1e-8)
    quick = improve(task, 5_000)
    assert not quick.charge_proven or quick.score.charge == best.charge
    assert least_spread(task) <= best.charge
    for groups in (found.groups, quick.groups):
        assert sorted(cell for group in groups for cell in group) == list(range(count))
        assert least_of_largest(task) <= max(task.charge_of(group) for group in groups)
        assert most_of_smallest(task) >= min(task.charge_of(group) for group in groups)


def test_what_runs_out_of_steps_claims_nothing():
    task = task_of([2800 + 37 * at % 101 for at in range(24)], [0.18 + 0.001 * (at % 7) for at in range(24)], 3)
    start = improve(task, 1)
    assert not start.charge_proven
    assert not prove(task, start, 1).resistance_proven


@pytest.mark.parametrize("arrangement", ["16S1P", "8S2P", "4S4P", "2S8P"])
def test_sixteen_cells_are_proven(arrangement):
    pack = build(lot(16, 1), arrangement)
    assert pack.capacity_proven and pack.resistance_proven
    assert "Proven" in pack.proof
    assert pack.after.capacity_ah <= pack.before.capacity_ah


@pytest.mark.parametrize("arrangement", ["100S2P", "50S4P", "20S10P", "66S3P"])
def test_two_hundred_cells_come_within_a_percent_of_the_bound(arrangement):
    cells = lot(200, 1)
    pack = build(cells, arrangement)
    assert pack.over_bound < 0.01
    placed = [cell for group in pack.groups for cell in group.cells] + list(pack.spares)
    assert sorted(cell.label for cell in placed) == [cell.label for cell in cells]
    assert {len(group.cells) for group in pack.groups} == {read_arrangement(arrangement).parallel}


def test_the_same_cells_give_the_same_pack():
    assert build(lot(40, 3), "10S4P") == build(lot(40, 3), "10S4P")


def test_capacity_comes_first_then_resistance():
    cells = [
        PackCell("A", 281.0, 0.10), PackCell("B", 279.0, 0.10), PackCell("C", 281.0, 0.20), PackCell("D", 279.0, 0.20),
    ]  # fmt: skip
    pack = build(cells, "2S2P")
    assert pack.after.capacity_ah == 0
    assert pack.after.resistance_mohm == pytest.approx(0)
    assert [[cell.label for cell in group.cells] for group in pack.groups] == [["A", "D"], ["B", "C"]]


def test_of_more_cells_those_with_the_most_capacity_are_taken():
    cells = [PackCell(f"A{at}", 280.0 - at, 0.18) for at in range(6)]
    pack = build(cells, "4S")
    assert [cell.label for cell in pack.spares] == ["A4", "A5"]
    assert pack.capacity_ah == 277.0
    assert "Left over" in " ".join(spread_lines(pack))
    assert "A5 (275 Ah)" in " ".join(spread_lines(pack))


def test_an_unknown_resistance_is_named_and_not_guessed():
    cells = [PackCell("A1", 280.0, 0.18), PackCell("A2", 281.0), PackCell("A3", 279.0, 0.19), PackCell("A4", 280.0, 0.18)]
    pack = build(cells, "2S2P")
    assert pack.before.resistance_mohm is None
    assert not pack.resistance_proven
    assert any("A2" in note for note in pack.notes)
    assert pack.after.capacity_ah == 0


def test_unlike_cells_are_told():
    cells = [PackCell(f"A{at}", 280.0, 0.18, "LF280K") for at in range(3)] + [PackCell("B1", 105.0, 0.4, "LF105")]
    notes = " ".join(build(cells, "2S2P").notes)
    assert "LF105 and LF280K" in notes
    assert "105 to 280 Ah" in notes


@pytest.mark.parametrize(
    ("arrangement", "words"), [("8S2P", "needs 16 cells"), ("eight", "not an arrangement"), ("0S2P", "no cell"), ("900S2P", "1800")]
)
def test_what_cannot_be_built_is_refused_in_words(arrangement, words):
    with pytest.raises(ValueError, match=words):
        build(lot(15, 1), arrangement)
    with pytest.raises(ValueError, match="A1: a capacity"):
        build([PackCell("A1", 0.0), PackCell("A2", 280.0)], "2S")


@pytest.mark.parametrize("text", ["8S2P", "2P8S", "8s 2p", "8S×2P", "8S x 2P"])
def test_an_arrangement_is_read_in_any_writing(text):
    assert read_arrangement(text) == Arrangement(8, 2)


@settings(max_examples=40, deadline=None)
@given(
    names=st.lists(st.text("ABC[]0123456789电芯é-/", min_size=1, max_size=30), min_size=24, max_size=24),
    arrangement=st.sampled_from(["24S", "12S2P", "1S24P", "2S12P", "4S6P"]),
    width=st.sampled_from([40, 80, 120]),
)
def test_the_map_fits_its_width_and_shows_every_cell(names, arrangement, width):
    cells = [PackCell(name, 280.0 + at % 5, 0.18) for at, name in enumerate(names)]
    pack = build(cells, arrangement)
    lines = pack_map(pack, width).splitlines()
    assert max(cell_len(line) for line in lines) <= width
    boxes = [line for line in lines if line.startswith(("│", "┌", "└"))]
    for number in range(1, pack.arrangement.series + 1):
        assert any(f" S{number} " in line for line in boxes)
    posts = [line for line in boxes if re.fullmatch(r"[│ +−]+", line)]
    assert sum(line.count("+") for line in posts) == sum(line.count("−") for line in posts) == 24
    for name in names:
        assert name in "".join(lines[len(boxes) :]) or any(name in line for line in lines)


def test_a_large_pack_is_printed_whole():
    pack = build(lot(200, 1), "50S4P")
    text = pack_map(pack)
    assert max(map(len, text.splitlines())) <= 80
    assert all(cell.label in text for group in pack.groups for cell in group.cells)


def test_every_second_group_is_turned():
    pack = build(lot(4, 1), "4S")
    assert [group.turned for group in pack.groups] == [False, True, False, True]
    posts = [line for line in pack_map(pack).splitlines() if "+" in line and "−" in line and line.startswith("│")]
    assert [sign for sign in posts[0] if sign in "+−"] == ["+", "−", "+", "−"]
    assert [sign for sign in posts[1] if sign in "+−"] == ["−", "+", "−", "+"]


def test_one_line_tells_before_and_after():
    pack: Pack = build(lot(16, 1), "8S2P")
    short = in_short(pack)
    assert f"{pack.before.capacity_ah:.2f} → {pack.after.capacity_ah:.2f} Ah" in short
    assert "proven best" in short
