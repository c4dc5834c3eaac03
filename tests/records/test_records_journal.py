"""The journal: nothing acknowledged is lost, nothing changed goes unseen, and a full disk stops no charge."""

from __future__ import annotations

import errno
import io
import json
import os
import random
import resource
import select
import signal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.records import journal as journal_module
from tui.records.journal import KINDS, Journal, JournalUnwritable, read, verify
from tui.records.journal_reading import GENESIS, is_being_written


def reading(journal: Journal, time_s: float, **fields: Any) -> int:
    return journal.append("reading", test_time_s=time_s, unix_time_s=1.76e9 + time_s, **fields)


def durable(journal: Journal, text: str) -> int:
    return journal.append("answer", test_time_s=0.0, unix_time_s=1.76e9, durable=True, text=text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "20261122-2243-ab12.jsonl"


class FullDisk:
    """A disk with room for `room` more bytes, for files opened by the journal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        disk = self

        class File(io.FileIO):
            def write(self, data: Any) -> int:
                if disk.room <= 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                taken = bytes(data)[: disk.room]
                disk.room -= len(taken)
                return super().write(taken)

        monkeypatch.setattr(journal_module.io, "FileIO", File)


def test_lines_carry_the_contract_fields_and_chain_from_zeros(path: Path) -> None:
    with Journal(path, create=True) as journal:
        assert journal.append("session_start", test_time_s=0.0, unix_time_s=1.76e9, durable=True, bank="Bänk Ω") == 1
        assert reading(journal, 1.5, cells_v=None, current_a=9.87) == 2
        head = journal.head_hash
    first, second = read(path)
    assert list(first) == ["seq", "kind", "test_time_s", "unix_time_s", "format", "bank", "prev_hash", "hash"]
    assert list(second) == ["seq", "kind", "test_time_s", "unix_time_s", "cells_v", "current_a", "prev_hash", "hash"]
    assert (first["bank"], first["prev_hash"], second["prev_hash"], second["hash"]) == ("Bänk Ω", GENESIS, first["hash"], head)
    assert second["cells_v"] is None
    stated = second.pop("hash")  # anybody can check a line with nothing but JSON and SHA-256
    assert sha256(json.dumps(second, separators=(",", ":")).encode()).hexdigest() == stated
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), {"deep": [float("-inf")]}, object(), b"bytes"])
def test_what_cannot_be_stored_is_refused_and_leaves_the_file_alone(path: Path, bad: object) -> None:
    with Journal(path, create=True) as journal:
        reading(journal, 0.0)
        before = path.read_bytes()
        with pytest.raises(ValueError, match="cannot be journalled"):
            reading(journal, 1.0, cells_v=bad)
        assert path.read_bytes() == before
        assert reading(journal, 1.0) == 2
    assert verify(path).ok


@pytest.mark.parametrize("field", ["seq", "hash", "prev_hash", "lost_lines", "format"])
def test_the_journals_own_fields_cannot_be_given(path: Path, field: str) -> None:
    with Journal(path, create=True) as journal, pytest.raises(ValueError, match=field):
        reading(journal, 0.0, **{field: 7})


def test_unknown_kind_existing_and_missing_file_are_refused(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Journal(path, create=False)
    with Journal(path, create=True) as journal, pytest.raises(ValueError, match="sampel"):
        journal.append("sampel", test_time_s=0.0, unix_time_s=0.0)
    with pytest.raises(FileExistsError):
        Journal(path, create=True)
    with pytest.raises(ValueError, match="closed"):
        reading(journal, 0.0)


def test_only_one_writer_and_others_can_see_it(path: Path) -> None:
    with Journal(path, create=True) as journal:
        reading(journal, 0.0)
        assert is_being_written(path)
        with pytest.raises(JournalUnwritable, match="another process"):
            Journal(path, create=False)
        assert reading(journal, 1.0) == 2
    assert not is_being_written(path)
    assert [line["seq"] for line in read(path)] == [1, 2]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
field_names = st.text(min_size=1, max_size=8).filter(
    lambda name: name not in {"seq", "hash", "prev_hash", "lost_lines", "format", "kind", "test_time_s", "unix_time_s", "durable", "self"}
)


@given(lines=st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.dictionaries(field_names, json_values, max_size=4)), max_size=6))
def test_every_line_reads_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, dict[str, Any]]]) -> None:
    path = tmp_path_factory.mktemp("journal") / "s.jsonl"
    with Journal(path, create=True) as journal:
        for kind, fields in lines:
            journal.append(kind, test_time_s=0.25, unix_time_s=1.5, **fields)
    own = {"seq", "kind", "test_time_s", "unix_time_s", "format", "prev_hash", "hash"}
    assert [(line["kind"], {name: value for name, value in line.items() if name not in own}) for line in read(path)] == lines
    assert verify(path).ok


@given(data=st.data())
def test_any_changed_byte_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("journal") / "s.jsonl"
    with Journal(path, create=True) as journal:
        for number in range(5):
            reading(journal, float(number), cells_v=3.4 + number / 1000)
        head = journal.head_hash
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[at]))
    path.write_bytes(good[:at] + bytes([other]) + good[at + 1 :])
    report = verify(path)
    # damage in the last line alone may look like a torn one; then the head tells
    assert not report.ok or (report.head_hash != head and report.torn_tail)
    assert report.lines <= good[:at].count(b"\n")


def test_verify_names_the_line_that_was_edited_dropped_or_put_in(path: Path) -> None:
    with Journal(path, create=True) as journal:
        for number in range(6):
            reading(journal, float(number), cells_v=3.5)
        head = journal.head_hash
    assert (verify(path).ok, verify(path).lines, verify(path).head_hash) == (True, 6, head)
    lines = path.read_bytes().splitlines(keepends=True)

    edited = [*lines[:2], lines[2].replace(b"3.5", b"3.4"), *lines[3:]]
    path.write_bytes(b"".join(edited))
    report = verify(path)
    assert (report.ok, report.first_bad_seq, report.lines) == (False, 3, 2)
    assert "line 3" in report.message

    path.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    assert verify(path).first_bad_seq == 4
    path.write_bytes(b"".join([*lines[:4], lines[1], *lines[4:]]))
    assert verify(path).first_bad_seq == 5

    body = json.loads(lines[2]) | {"cells_v": 3.4}  # a forger who also makes the line's own hash good
    del body["hash"]
    forged_hash = sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()
    forged = json.dumps(body | {"hash": forged_hash}, separators=(",", ":")).encode() + b"\n"
    path.write_bytes(b"".join([*lines[:2], forged, *lines[3:]]))
    assert verify(path).first_bad_seq == 4


@pytest.mark.parametrize("torn", [b'{"seq":3,"kind":"rea', b"\0" * 512, b'{"seq":3}\n\0\0', b"x" * 200_000])
def test_a_torn_tail_is_no_fault_is_kept_aside_and_the_chain_goes_on(path: Path, torn: bytes) -> None:
    with Journal(path, create=True) as journal:
        reading(journal, 0.0)
        reading(journal, 1.0)
    with path.open("ab") as file:
        file.write(torn)
    report = verify(path)
    assert (report.ok, report.torn_tail, report.lines) == (True, True, 2)
    assert len(list(read(path))) == 2
    with Journal(path, create=False) as journal:
        assert reading(journal, 2.0) == 3
    assert (verify(path).ok, verify(path).torn_tail, verify(path).lines) == (True, False, 3)
    assert path.with_name(path.name + ".torn-1").read_bytes() == torn


def test_a_line_that_is_all_torn_starts_over_and_each_tear_is_kept(path: Path) -> None:
    path.write_bytes(b'{"seq":1,')
    with Journal(path, create=False) as journal:
        assert reading(journal, 0.0) == 1
    with path.open("ab") as file:
        file.write(b"{")
    with Journal(path, create=False) as journal:
        assert reading(journal, 1.0, text="long " * 40_000) == 2  # longer than one window of the search from the end
    with Journal(path, create=False) as journal:
        assert reading(journal, 2.0) == 3
    assert verify(path).ok
    assert [path.with_name(f"{path.name}.torn-{number}").exists() for number in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize("room", [0, 1, 100, 215, 500])
def test_a_full_disk_keeps_readings_in_memory_and_writes_them_in_order_later(
    path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    journal = Journal(path, create=True)
    disk = FullDisk(monkeypatch, room=10**9)
    journal.close()
    journal = Journal(path, create=False)
    durable(journal, "stored")
    disk.room = room
    for number in range(20):
        assert reading(journal, float(number)) == number + 2
    assert "no space left" in journal.problem
    assert path.name in journal.problem
    assert journal.unsaved >= 17
    with pytest.raises(JournalUnwritable, match="no space left"):
        durable(journal, "never acknowledged")
    assert verify(path).ok
    disk.room = 10**9
    assert reading(journal, 20.0) == 22
    assert (journal.problem, journal.unsaved) == ("", 0)
    assert durable(journal, "acknowledged") == 23
    journal.close()
    report = verify(path)
    assert (report.ok, report.lines, report.torn_tail) == (True, 23, False)
    assert [line.get("text") for line in read(path) if line["kind"] == "answer"] == ["stored", "acknowledged"]


def test_more_than_memory_holds_leaves_a_gap_line_that_counts_what_was_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "RING_LINES", 50)
    disk = FullDisk(monkeypatch, room=10**9)
    journal = Journal(path, create=True)
    reading(journal, 0.0)
    disk.room = 0
    for number in range(1, 81):
        reading(journal, float(number))
    assert journal.unsaved == 80
    disk.room = 10**9
    journal.sync_if_due()
    journal.close()
    assert verify(path).ok
    lines = list(read(path))
    assert lines[1]["kind"] == "gap"
    assert (lines[1]["seq"], lines[1]["lost_lines"], lines[1]["test_time_s"]) == (31, 30, 30.0)
    assert [line["test_time_s"] for line in lines[2:]] == [float(number) for number in range(31, 81)]


def test_a_durable_line_whose_sync_fails_is_not_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path, create=True)
    durable(journal, "stored")

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(journal_module.os, "fsync", broken)
        with pytest.raises(JournalUnwritable, match="input/output error"):
            durable(journal, "not stored")
        assert reading(journal, 1.0) == 2  # an ordinary line goes on, and the trouble stays visible
        assert journal.problem
    assert durable(journal, "stored too") == 3
    assert journal.problem == ""
    journal.close()
    assert [line.get("text", "reading") for line in read(path)] == ["stored", "reading", "stored too"]
    assert verify(path).ok


def test_readings_reach_the_disk_within_ten_seconds_of_real_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, syncs = [100.0], []
    monkeypatch.setattr(journal_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(journal_module.os, "fsync", lambda descriptor: syncs.append(now[0]))
    journal = Journal(path, create=True)
    syncs.clear()
    for _ in range(25):
        now[0] += 1.0
        reading(journal, now[0])
    assert syncs == [110.0, 120.0]
    now[0] += 7.0
    journal.sync_if_due()  # nothing was read for a while
    assert syncs == [110.0, 120.0, 132.0]
    journal.close()


def test_a_journal_deleted_under_the_writer_is_noticed(path: Path) -> None:
    journal = Journal(path, create=True)
    reading(journal, 0.0)
    path.unlink()
    with pytest.raises(JournalUnwritable, match="deleted"):
        durable(journal, "lost")
    reading(journal, 1.0)
    assert "no such file" in journal.problem
    journal.close()
    assert journal.unsaved == 1


def write_until_killed(path: Path, acknowledged: int, *, create: bool, file_limit: int = 0) -> None:
    """In a child: write as fast as possible and report every durable line once it is acknowledged."""
    if file_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    journal = Journal(path, create=create)
    while True:
        for number in range(5):
            reading(journal, float(number), cells_v=3.5, current_a=9.9)
        seq = journal.append("answer", test_time_s=0.0, unix_time_s=0.0, durable=True)
        os.write(acknowledged, seq.to_bytes(8, "big"))


def fork_writer(path: Path, **options: Any) -> tuple[int, int]:
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_until_killed(path, send, **options)
        except BaseException:  # noqa: BLE001 - a forked child must never return into the test runner
            os._exit(1)
        os._exit(0)
    os.close(send)
    return child, receive


def test_killed_at_any_moment_the_journal_holds_all_that_was_acknowledged(path: Path) -> None:
    chance = random.Random(1)
    for turn in range(30):
        child, receive = fork_writer(path, create=turn == 0)
        told = os.read(receive, 8 * chance.randint(1, 12))  # at least one acknowledgement has come
        select.select([], [], [], chance.random() * 0.004)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(receive, "rb") as pipe:
            told += pipe.read()
        newest = int.from_bytes(told[-8:], "big")
        report = verify(path)
        assert report.ok, report.message
        assert report.lines >= newest
    assert {line["kind"] for line in read(path)} == {"answer", "reading"}


def test_a_file_size_limit_of_the_system_tears_nothing(path: Path) -> None:
    child, receive = fork_writer(path, create=True, file_limit=20_000)
    _, status = os.waitpid(child, 0)
    with os.fdopen(receive, "rb") as pipe:
        acknowledged = pipe.read()
    assert os.waitstatus_to_exitcode(status) == 1  # the durable line raised
    report = verify(path)
    assert report.ok
    assert report.lines >= int.from_bytes(acknowledged[-8:], "big") > 0
