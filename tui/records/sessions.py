"""The history of sessions: one row each, written before the output is first switched on, and what each means for its cells."""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from tinydb import where
from tinydb.table import Table

from tui.domain.plan import Plan
from tui.records.curve import SUFFIX
from tui.records.document import Document
from tui.records.inventory import Inventory, entry
from tui.records.journal import Journal, JournalUnwritable
from tui.records.journal_reading import is_being_written, tail
from tui.records.memory import Memory
from tui.records.places import Home
from tui.records.session_files import place_files
from tui.records.store import Store, StoreError, transaction
from tui.records.trash_table import take_out, throw_away

History = list["Session"]
State = Literal["running", "resting", "ended"]
REST_LOWEST_V, REST_HIGHEST_V = 2.00, 3.75  # outside these a resting LiFePO4 cell is damaged or the reading is wrong


class SessionGone(LookupError):
    """No session has this id."""


class SessionBusy(ValueError):
    """A session that cannot be put away now; the text says why. Nothing was changed."""


class RestRefused(ValueError):
    """A resting voltage that cannot be taken; the text names the cell. None of the call's values was kept."""


@dataclass(frozen=True, slots=True)
class SessionCell:
    label: str
    id: str = ""  # inventory id; "" for a cell outside the inventory


@dataclass(frozen=True, slots=True)
class Rest:
    """Volts by cell label, `hours` after the end of the charge."""

    unix_s: float
    hours: float | None
    volts: Mapping[str, float]
    temperature_c: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One row of the history. Volts are by cell label. None is unknown."""

    id: str
    bank: str
    procedure: str
    arrangement: str
    cells: tuple[SessionCell, ...]
    plan: Mapping[str, Any]
    started_unix_s: float
    state: State = "running"
    result: str = ""
    end_reason: str = ""
    ended_unix_s: float | None = None
    duration_s: float | None = None
    charge_ah: float | None = None
    energy_wh: float | None = None
    end_current_a: float | None = None
    spread_v: float | None = None  # of the newest complete resting voltages
    before_v: Mapping[str, float] = field(default_factory=dict)
    end_v: Mapping[str, float] = field(default_factory=dict)
    parts: tuple[Mapping[str, Any], ...] = ()  # how each charge ended: title, cells, reason, tail_current_a, charge_ah, duration_s, detail
    rests: tuple[Rest, ...] = ()
    suspects: tuple[Mapping[str, Any], ...] = ()  # cells that fell away at rest: label, unix_s of the rest that showed it, reason
    journal_head: str = ""  # hash of the journal's last line, so that cutting its end shows too
    cells_pending: bool = False  # volts wait to be written to the inventory
    cells_problem: str = ""  # why they wait, or which cells are gone
    imported_unix_s: float | None = None  # when it came from another home; nobody here goes on with it

    def listing(self) -> dict[str, Any]:
        """What a program reads of it: `id result procedure bank started duration_s charge_ah`.

        A running or crashed session is *unfinished*.
        """
        started = datetime.datetime.fromtimestamp(self.started_unix_s, datetime.UTC).isoformat(timespec="seconds")
        return {
            "id": self.id,
            "result": self.result or "unfinished",
            "procedure": self.procedure,
            "bank": self.bank,
            "started": started,
            "duration_s": self.duration_s,
            "charge_ah": self.charge_ah,
        }


_NAMES = frozenset(item.name for item in fields(Session))
_FIXED = frozenset({"id", "cells", "plan", "started_unix_s", "rests", "suspects", "cells_pending", "cells_problem", "imported_unix_s"})


class Sessions:
    """All sessions of a home. Each method reads fresh data under the lock, and raises StoreError when the file cannot be used.

    `problem` is "" or, after any call, why the history is open for reading only.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.path = home.sessions_db
        self.problem = ""

    def create(self, plan: Plan, *, started_unix_s: float, before_v: Mapping[str, float] | None = None) -> Session:
        """A new running session; its cells are noted as balancing. On disk when this returns: call it before the first output-on."""
        with transaction(self.path) as store:
            table = self._table(store)
            taken = {record["id"] for record in table}
            stamp = datetime.datetime.fromtimestamp(started_unix_s).strftime("%Y%m%d-%H%M")
            while (session_id := f"{stamp}-{secrets.token_hex(2)}") in taken:
                pass
            session = Session(
                id=session_id,
                bank=plan.bank,
                procedure=plan.procedure,
                arrangement=plan.arrangement or f"{len(plan.cells)}P",
                cells=tuple(SessionCell(cell.label, cell.id) for cell in plan.cells),
                plan=plan.to_json(),
                started_unix_s=started_unix_s,
                before_v=dict(before_v or {}),
                cells_pending=True,
            )
            table.insert(_record(session))
        return self.write_cells(session_id)

    def update(self, session_id: str, **values: Any) -> Session:
        """Change fields of a row. Raises SessionGone, or ValueError for a field that is not there or does not change."""
        return self._change(session_id, _changeable(values))

    def finish(self, session_id: str, *, result: str, ended_unix_s: float, resting: bool = False, **values: Any) -> Session:
        """Close a session: its row first, then the before and end volts of every cell into the inventory as one act.

        `resting=True` leaves it waiting for resting volts. `values` are further fields of the row (end_reason, duration_s, charge_ah,
        energy_wh, end_current_a, before_v, end_v, journal_head …). A cell that is gone from the inventory, or an inventory that
        cannot be written, never costs the row: `cells_problem` tells, and `write_cells` tries again. Doing it twice writes nothing twice.
        """
        state: State = "resting" if resting else "ended"
        closed = {"result": result, "ended_unix_s": ended_unix_s, "state": state, "cells_pending": True}
        self._change(session_id, {**_changeable(values), **closed})
        return self.write_cells(session_id)

    def add_rest(
        self, session_id: str, volts: Mapping[str, float], unix_s: float, *, hours: float | None = None, temperature_c: float | None = None
    ) -> Session:
        """Resting volts by cell label, into the journal, the row and each cell's log. `hours` since the end of charge are reckoned when not
        given; they stay unknown where the clock says that the rest came before the end.

        A cell that is seen to discharge itself becomes *suspect* in the inventory, once for each session (see `suspects`).
        Raises SessionGone, and RestRefused for a session that still runs, an unknown label, volts outside 2.00 to 3.75 V, or a cell that
        another session charged in between.
        """
        session = self.get(session_id)
        if session.state == "running":
            raise RestRefused(f"session {session_id} is not ended yet; resting volts are taken after the output is off for good")
        labels = {cell.label for cell in session.cells}
        for label, voltage_v in volts.items():
            if label not in labels:
                raise RestRefused(f"{label}: session {session_id} has no such cell; its cells are {', '.join(sorted(labels))}")
            if not REST_LOWEST_V <= voltage_v <= REST_HIGHEST_V:
                raise RestRefused(
                    f"{label}: {voltage_v:g} V is no resting voltage of a LiFePO4 cell ({REST_LOWEST_V:.2f} to {REST_HIGHEST_V:.2f} V). "
                    "Measure again; if it is true, the cell is damaged: keep it apart and note it in the inventory"
                )
        self._refuse_charged_since(session, volts, unix_s)
        if hours is None and session.ended_unix_s is not None:
            hours = round((unix_s - session.ended_unix_s) / 3600, 3)
            hours = None if hours < 0 else hours
        rest = Rest(unix_s, hours, dict(volts), temperature_c)
        self._change(session_id, {"cells_pending": True}, rest)
        return self.write_cells(session_id)

    def _refuse_charged_since(self, session: Session, labels: Iterable[str], unix_s: float) -> None:
        """Volts after a later charge tell nothing of this one, and would make a sound cell suspect. Raises RestRefused."""
        wanted = set(labels)
        ids = {cell.id: cell.label for cell in session.cells if cell.id and cell.label in wanted}
        ended_unix_s = session.started_unix_s if session.ended_unix_s is None else session.ended_unix_s
        for later in self.list():
            if later.id == session.id or not ended_unix_s < later.started_unix_s <= unix_s:
                continue
            label = next((ids[cell.id] for cell in later.cells if cell.id in ids), None)
            charged = later.charge_ah or (later.state == "running" and self.journal_path(later.id).exists())
            if label is not None and charged:
                raise RestRefused(
                    f"{label} was charged again since, in session {later.id}: its volts belong to that one. "
                    "Volts of before it are taken with the hours they were measured after"
                )

    def delete(self, session_id: str) -> str:
        """Put a session, its journal and its curve into the trash, and give its id there; its cells keep what it wrote into their logs.

        Raises SessionGone, and SessionBusy for one that runs or that a crash left open.
        """
        with transaction(self.path) as store:
            table = self._table(store)
            record = _one(table, session_id)
            session = session_of_record(record)
            open_here = session.state == "running" and session.imported_unix_s is None and not self._end_of(session)
            if is_being_written(self.journal_path(session_id)) or open_here:
                raise SessionBusy(f"session {session_id} has no end yet: its charge runs, or a crash left it open. End it first")
            table.remove(where("id") == session_id)
            trash_id = throw_away(store, "session", f"{session_id} {session.bank}".strip(), record)
        place_files(self.home)
        return trash_id

    def bring_back(self, trash_id: str) -> Session:
        """Take a session out of the trash, with its files. Raises NotInTrash."""
        with transaction(self.path) as store:
            record = take_out(store, "session", trash_id)
            self._table(store).insert(record)
        place_files(self.home)
        return self.write_cells(record["id"])

    def write_cells(self, session_id: str) -> Session:
        """Bring the logs of the session's cells up to its row; harmless to repeat, so it may follow a crash or a repaired inventory."""
        session = self.get(session_id)
        imported = session.imported_unix_s is not None
        open_elsewhere = imported and session.state == "running"  # its cells are not balanced here
        entries = {} if open_elsewhere else {cell.id: _entries(session, cell.label) for cell in session.cells if cell.id}
        try:
            gone = Inventory(self.home).log_many(entries)[1] if entries else []
        except StoreError as error:
            return self._change(session_id, {"cells_pending": True, "cells_problem": str(error)})
        labels = ", ".join(cell.label for cell in session.cells if cell.id in gone)
        where_not = "not in this inventory" if imported else "not in the inventory any more"
        problem = f"{labels}: {where_not}; the volts are kept in this session only." if gone else ""
        return self._change(session_id, {"cells_pending": False, "cells_problem": problem})

    def record(self, session_id: str) -> dict[str, Any]:
        """The row as it stands in the file, with fields that only another version knows. Raises SessionGone."""
        with transaction(self.path) as store:
            return dict(_one(self._table(store), session_id))

    def get(self, session_id: str) -> Session:
        """Raises SessionGone."""
        with transaction(self.path) as store:
            return session_of_record(_one(self._table(store), session_id))

    def journal_path(self, session_id: str) -> Path:
        return self.home.sessions_dir / f"{session_id}.jsonl"

    def curve_path(self, session_id: str) -> Path:
        return self.home.sessions_dir / f"{session_id}{SUFFIX}"

    def unfinished(self) -> list[Session]:
        """Sessions that a crash left open: marked as running, no end in the journal, and no living process writes it. Oldest first.

        One that was imported is none of them: its supply and its cells are elsewhere, and nothing is to be switched here in its name.
        """
        return [session for session in self._running() if session.imported_unix_s is None and not self._end_of(session)]

    def holding(self) -> list[Session]:
        """Sessions whose cells belong to nobody else now: a bench runs them, or a crash left them open. Oldest first.

        One that waits for resting volts is ended, and one without a journal never began.
        """
        running = [session for session in self.list() if session.state == "running" and session.imported_unix_s is None]
        return [session for session in running if self.journal_path(session.id).exists() and not self._end_of(session)]

    def settle(self) -> list[Session]:
        """Close rows whose journal has its end although the row does not (a crash between the two), and write what cells wait for."""
        settled = []
        with contextlib.suppress(OSError):  # on a disk that cannot be written the files stay where they are
            place_files(self.home)
        for session in self._running():
            end = self._end_of(session)
            if end:
                values = {name: end[name] for name in end.keys() & (_NAMES - _FIXED - {"state", "result", "ended_unix_s"})}
                values["journal_head"] = end["hash"]
                result, resting = str(end.get("result", "")), end.get("state") == "resting"
                settled.append(self.finish(session.id, result=result, ended_unix_s=float(end["unix_time_s"]), resting=resting, **values))
        settled += [self.write_cells(session.id) for session in self.list() if session.cells_pending]
        return settled

    def _running(self) -> list[Session]:
        return [session for session in self.list() if session.state == "running" and not is_being_written(self.journal_path(session.id))]

    def _end_of(self, session: Session) -> dict[str, Any]:
        lines = tail(self.journal_path(session.id))
        return next((line for line in reversed(lines) if line["kind"] == "session_end"), {})

    def _change(self, session_id: str, values: Mapping[str, Any], *rests: Rest) -> Session:
        with transaction(self.path) as store:
            table = self._table(store)
            session = session_of_record(_one(table, session_id))
            heads = [head for rest in rests if (head := self._journal_rest(session, rest))]
            session = replace(session, **values, rests=(*session.rests, *rests))
            if rests:
                session = replace(session, journal_head=heads[-1] if heads else session.journal_head, suspects=_suspects(session))
            spread_v = _rest_spread_v(session)
            if spread_v is not None:
                session = replace(session, spread_v=spread_v)
            table.update(_record(session), where("id") == session_id)
        return session

    def _journal_rest(self, session: Session, rest: Rest) -> str:
        """Note a rest at the end of the session's journal too, so that it cannot be changed later unseen. Its hash; "" without a journal."""
        about = {"unix_s": rest.unix_s, "hours": rest.hours, "temperature_c": rest.temperature_c}
        try:
            with Journal(self.journal_path(session.id), create=False) as journal:
                time_s = max(0.0, round(rest.unix_s - session.started_unix_s, 3))
                data = dict(rest.volts)
                journal.append(
                    "answer", test_time_s=time_s, unix_time_s=rest.unix_s, durable=True, text="volts at rest", data=data, rest=about
                )
                return journal.head_hash
        except FileNotFoundError:
            return ""
        except JournalUnwritable as problem:
            raise StoreError(f"The resting volts were not kept. {problem}") from problem

    def _table(self, store: Store) -> Table:
        self.problem = store.problem
        return store.table("sessions")

    def list(self) -> list[Session]:
        """All sessions, oldest first."""
        with transaction(self.path) as store:
            table = self._table(store)
            whole = store.document
            return list(_MEMORY.of(self.path, whole)[0] if whole is not None else _in_order(session_of_record(record) for record in table))

    def remembered(self) -> History:
        """All sessions, oldest first, as this process read them last, without a look at the disk; none where it has not yet.

        For a screen that is to stand at once, and reads the history right after.
        """
        last = _MEMORY.last(self.path)
        return [] if last is None else list(last[0])


def _in_order(sessions: Iterable[Session]) -> tuple[Session, ...]:
    return tuple(sorted(sessions, key=lambda session: (session.started_unix_s, session.id)))


_Made = tuple[tuple[Session, ...], Mapping[str, tuple[Mapping[str, Any], Session]]]


def _made(document: Document, before: _Made | None) -> _Made:
    """The sessions of a document in their order; of records that are the same as before, the same sessions."""
    known = before[1] if before is not None else {}
    made = {}
    for record in document.tables.get("sessions", {}).values():
        old, session = known.get(record["id"], (None, None))
        made[record["id"]] = (record, session if session is not None and old is record else session_of_record(record))
    return _in_order(session for _, session in made.values()), made


_MEMORY = Memory(_made)


def _changeable(values: Mapping[str, Any]) -> Mapping[str, Any]:
    wrong = (values.keys() - _NAMES) | (values.keys() & _FIXED)
    if wrong:
        raise ValueError(f"the row of a session has no field to change called {', '.join(sorted(wrong))}")
    return values


def _entries(session: Session, label: str) -> list[dict[str, Any]]:
    """What a cell's log says of a session; the same each time, so that nothing is written twice."""
    about = {"session": session.id}
    before_v, end_v = session.before_v.get(label), session.end_v.get(label)
    entries = [entry("session", unix_s=session.started_unix_s, phase="begin", bank=session.bank, **about)]
    if session.state != "running":
        ended_unix_s = session.ended_unix_s if session.ended_unix_s is not None else session.started_unix_s
        if before_v is not None:
            entries.append(entry("voltage", unix_s=session.started_unix_s, voltage_v=before_v, when="before", **about))
        entries.append(
            entry("session", unix_s=ended_unix_s, phase="end", result=session.result, before_v=before_v, end_v=end_v, **about),
        )
        for rest in session.rests:
            if label in rest.volts:
                volts = {"voltage_v": rest.volts[label], "hours": rest.hours, "temperature_c": rest.temperature_c}
                entries.append(entry("rest", unix_s=rest.unix_s, **volts, **about))
        entries += [
            entry("state", unix_s=found["unix_s"], state="suspect", reason=found["reason"], **about)
            for found in session.suspects
            if found["label"] == label
        ]
    return entries


def rest_readings(session: Session) -> dict[str, list[tuple[float, float]]]:
    """(hours since the charge, V) of each cell that was measured at rest."""
    found: dict[str, list[tuple[float, float]]] = {}
    for rest in session.rests:
        if rest.hours is not None:
            for label, volts in rest.volts.items():
                found.setdefault(label, []).append((rest.hours, volts))
    return {cell.label: found[cell.label] for cell in session.cells if cell.label in found}


def _suspects(session: Session) -> tuple[Mapping[str, Any], ...]:
    """The cells that were suspect before, and those that the newest rest shows to discharge themselves (fault F-52).

    Kept in the row, not judged anew: a cell whose owner put it back is not marked a second time for the same readings.
    """
    from tui.domain.after import judge_rest

    known = {found["label"] for found in session.suspects}
    unix_s = session.rests[-1].unix_s
    new = [cell for cell in judge_rest(rest_readings(session)) if cell.verdict == "suspect" and cell.label not in known]
    return (*session.suspects, *({"label": cell.label, "unix_s": unix_s, "reason": cell.words} for cell in new))


def _rest_spread_v(session: Session) -> float | None:
    """Highest minus lowest of the newest rest in which every cell was measured."""
    for rest in reversed(session.rests):
        if all(cell.label in rest.volts for cell in session.cells):
            return round(max(rest.volts.values()) - min(rest.volts.values()), 4)
    return None


def _one(table: Table, session_id: str) -> Mapping[str, Any]:
    record = table.get(where("id") == session_id)
    if record is None or isinstance(record, list):
        raise SessionGone(f"there is no session {session_id}; `topbalance sessions list` shows all")
    return record


def session_of_record(record: Mapping[str, Any]) -> Session:
    """A row as the file holds it. Fields that this version does not know are left out of the object, never of the file."""
    known = {name: value for name, value in record.items() if name in _NAMES}
    known["cells"] = tuple(SessionCell(**cell) for cell in known["cells"])
    known["rests"] = tuple(Rest(**rest) for rest in known["rests"])
    known["parts"] = tuple(known.get("parts", ()))
    known["suspects"] = tuple(known.get("suspects", ()))
    return Session(**known)


def _record(session: Session) -> dict[str, Any]:
    record = asdict(session)
    return {**record, **{name: list(record[name]) for name in ("cells", "rests", "parts", "suspects")}}
