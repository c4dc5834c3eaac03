"""Nobody else gets in: files and folders are their owner's alone, nothing listens on the network, and no text steers a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from textual.content import Content
from textual.widgets import DataTable, Input, Static

from drivers.roles import LostLine, MeterReading, SupplyProfile
from drivers.simulated.description import describe
from tests.bench.conftest import Driven, drive, place  # noqa: F401 - fixtures
from tests.choices import CHOICES
from tests.screens.fake_link import FakeLink
from tui import bench_process
from tui.app import TopBalanceApp
from tui.bench.commands import handle
from tui.bench.headless import pty_rig
from tui.bench.messages import Finish, Note, Snapshot, Start
from tui.cli_bench import plan_from
from tui.domain.plain_text import plain_text
from tui.plain_output import escaped
from tui.records.banks import Banks
from tui.records.inventory import Inventory
from tui.records.places import home
from tui.records.sessions import Sessions

ROOT = Path(__file__).parents[1]
EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31mA\x08\r\u202e!"
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def topbalance(home_folder: Path, *words: str, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tui", *words],
        cwd=ROOT,
        env={**os.environ, "TOPBALANCE_HOME": str(home_folder)},
        capture_output=True,
        text=True,
        timeout=120,
        umask=umask,
    )
    assert done.returncode == 0, done.stderr
    return done


def open_to_others(folder: Path) -> list[str]:
    """What in this folder, itself included, is not its owner's alone."""
    found = [folder, *folder.rglob("*")]
    assert len(found) > 5
    wrong = []
    for path in found:
        mode = path.lstat().st_mode
        allowed = 0o700 if stat.S_ISDIR(mode) else 0o600
        if stat.S_IMODE(mode) & ~allowed:
            wrong.append(f"{path.relative_to(folder.parent)} {stat.S_IMODE(mode):04o}")
    return wrong


@pytest.mark.parametrize("umask", [0o022, 0o000], ids=["022", "000"])
def test_whatever_the_program_makes_is_its_owners_alone(tmp_path, umask):
    """A whole session, its export, cells, an own procedure, a bench process with its log, lock and socket."""
    mine = tmp_path / "home"
    small = ["--cells", "2", "--capacity", "20Ah", "--soc", "99%"]
    told = topbalance(mine, "run", "--demo", "--headless", "--json", *small, umask=umask)
    session = json.loads(told.stdout.splitlines()[-1])["session"]
    topbalance(mine, "sessions", "export", session, "--output", str(mine / "exports" / "csv"), umask=umask)
    topbalance(mine, "cells", "add", "X1", "--capacity", "20Ah", umask=umask)
    topbalance(mine, "procedures", "export", "parallel", "-o", str(mine / "exports" / "own.toml"), *small, umask=umask)
    topbalance(mine, "procedures", "import", str(mine / "exports" / "own.toml"), "--name", "own", umask=umask)
    topbalance(mine, "bench", umask=umask)
    try:
        names = {path.name for path in mine.rglob("*")}
        assert {"inventory.json", "sessions.json", f"{session}.jsonl", "bench.log", f"{session}.csv"} <= names
        assert any("curve" in name for name in names) and any(name.endswith(".lock") for name in names)
        wrong = open_to_others(mine)
    finally:
        topbalance(mine, "bench", "stop", umask=umask)
    assert not wrong
    assert not open_to_others(mine)


def test_records_and_locks_do_not_lean_on_the_shells_umask(tmp_path, monkeypatch):
    """The same inside a process with umask 000: journal, curve, inventory, port locks with their owners' names."""
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    before = os.umask(0)
    try:
        description, mine = describe(cells=2), home()
        rig = pty_rig(description, mine, speed=1.0)
        plan = plan_from(description, rig.supply_address, rig.meter_address, CHOICES)
        outcome = handle(rig.bench, Start(plan.to_json()))
        assert outcome.ok, outcome.message
        Banks(mine).save("B", ["a"])
        owners = list((tmp_path / "home" / "locks").glob("port-*.json"))
        assert len(owners) == 2 and json.loads(owners[0].read_text()) == {"process": os.getpid(), "session": outcome.message}
        wrong = open_to_others(tmp_path / "home")
        rig.close()
    finally:
        os.umask(before)
    assert not wrong
    assert not list((tmp_path / "home" / "locks").glob("port-*.json"))


def test_a_running_bench_listens_on_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    pid = bench_process.ensure_bench(home(), ["--cells", "2"])["pid"]
    try:
        process = psutil.Process(pid)
        assert process.net_connections(kind="inet") == []
        assert [one.laddr for one in process.net_connections(kind="unix") if one.laddr], "its own socket is seen by the same look"
    finally:
        bench_process.stop(home())
        psutil.wait_procs([process], 10)


# --- on the command line --------------------------------------------------------------------------------------------


def test_the_command_line_prints_control_characters_and_never_obeys_them(tmp_path):
    """Also where a record of another program's making holds them."""
    mine = tmp_path / "home"
    topbalance(mine, "cells", "add", "A1", "--notes", "as new")
    store = mine / "inventory.json"
    store.write_text(store.read_text().replace("as new", json.dumps(EVIL)[1:-1]))
    for words in (("cells", "show", "A1"), ("cells", "show", "A1", "--json"), ("cells", "export")):
        told = topbalance(mine, *words)
        assert not STEERING.search(told.stdout.replace("\r\n", "\n")), words
        assert "\\u001b]0;owned" in told.stdout
    assert json.loads(topbalance(mine, "cells", "show", "A1", "--json").stdout)["notes"] == EVIL


def test_an_error_on_the_command_line_steers_nothing(tmp_path):
    told = subprocess.run(
        [sys.executable, "-m", "tui", "read", f"riden:/dev/{EVIL}".replace("\r", "")],
        cwd=ROOT,
        env={**os.environ, "TOPBALANCE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode in (1, 2)
    assert not STEERING.search(told.stderr) and "owned" in told.stderr


def test_sessions_show_steers_nothing(tmp_path):
    mine = tmp_path / "home"
    small = ["--cells", "2", "--capacity", "20Ah", "--soc", "99%"]
    told = topbalance(mine, "run", "--demo", "--headless", "--json", *small)
    session = json.loads(told.stdout.splitlines()[-1])["session"]
    store = mine / "sessions.json"
    document = json.loads(store.read_text())
    (row,) = document["tables"]["sessions"].values()
    row["end_reason"] = EVIL
    store.write_text(json.dumps(document))
    shown = topbalance(mine, "sessions", "show", session).stdout
    assert "\\u009b31mA" in shown and not STEERING.search(shown)


def test_what_is_escaped_stays_good_json_and_good_csv() -> None:
    assert json.loads(escaped(json.dumps({"note": EVIL}, ensure_ascii=False))) == {"note": EVIL}
    assert escaped("a,b\r\nc\td\n") == "a,b\r\nc\td\n"
    assert escaped("progress\rover it") == "progress\\u000dover it"
    assert escaped("3.65 V · 20 mΩ — “quoted” 25 °C") == "3.65 V · 20 mΩ — “quoted” 25 °C"


# --- at the input edge ----------------------------------------------------------------------------------------------


def test_texts_are_taken_in_without_control_characters() -> None:
    assert plain_text("two\nlines\tand a bell\x07") == "two lines and a bell?"
    assert plain_text("two\nlines", lines=True) == "two\nlines"
    assert plain_text("3.65 V · Ω") == "3.65 V · Ω"


def test_cells_banks_and_imports_hold_no_control_characters(place):  # noqa: F811
    inventory = Inventory(place)
    with pytest.raises(ValueError, match="printable"):
        inventory.add(label=f"A{EVIL}")
    cell = inventory.add(label="A1", notes=f"line one\nline two {EVIL}")
    assert cell.notes.startswith("line one\nline two ?[2J") and not STEERING.search(cell.notes)
    assert not STEERING.search(Banks(place).save(f"My {EVIL} bank", [cell.id]).name)
    source = place.data / "cells.csv"
    source.write_text("label,notes\nA2,hello \x1b[31m\n")
    (added,) = inventory.import_csv(source)
    assert added.notes == "hello ?[31m"
    source.write_text("label,maker\nA3,\x1b[31mred\n")
    with pytest.raises(ValueError, match="printable"):
        inventory.import_csv(source)


def test_what_people_tell_the_bench_reaches_journal_and_record_clean(drive):  # noqa: F811
    bench: Driven = drive(cells=2)
    document = {**bench.plan.to_json(), "bank": f"Bank {EVIL}"}
    assert bench.send(Start(document)).ok
    assert bench.send(Note(f"note {EVIL}")).ok
    assert bench.send(Finish(f"reason {EVIL}")).ok
    session = bench.bench.session.recorder.id
    journal = (bench.bench.home.sessions_dir / f"{session}.jsonl").read_text()
    texts = json.dumps([json.loads(line) for line in journal.splitlines()], ensure_ascii=False)
    assert "note ?[2J" in texts and "reason ?[2J" in texts and not STEERING.search(texts)
    row = Sessions(bench.bench.home).get(session)
    assert not STEERING.search(f"{row.bank}{row.end_reason}{json.dumps(row.plan, ensure_ascii=False)}")


def test_what_instruments_say_is_printable_wherever_it_goes() -> None:
    profile = SupplyProfile("plugin", model=f"PSU{EVIL}", serial=EVIL, firmware=EVIL)
    reading = MeterReading(0.0, {}, "garbled", None, f"junk {EVIL}")
    error = LostLine("x:/dev/y", "read", f"it said {EVIL}")
    assert not STEERING.search(f"{profile.model}{profile.serial}{profile.firmware}{reading.text}{error}{error.what}")
    assert "owned" in str(error)


# --- on the screen --------------------------------------------------------------------------------------------------


def test_no_text_on_the_screen_is_a_control_sequence(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / "home"))
    asyncio.run(_screen_with_evil_text())


async def _screen_with_evil_text() -> None:
    app = TopBalanceApp(FakeLink(Snapshot(seq=1, supply=f"RD{EVIL}", meter=EVIL, next=f"Do this {EVIL}.")), home())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        table = DataTable()
        await app.screen.mount(Static(Content(f"static {EVIL}")), Input(value=f"input {EVIL}"), table)
        table.add_column(f"column {EVIL}")
        table.add_row(f"row {EVIL}")
        app.notify(f"told {EVIL}")
        await pilot.pause(0.1)
        painted = [widget.render_line(0).text for widget in (*app.screen.query(Static), *app.screen.query(Input))]
        assert any("\x1b" in text for text in painted), "the widgets themselves let it through"
        shown = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
    assert "owned" in shown
    assert not STEERING.search(shown)
