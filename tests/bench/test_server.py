"""The bench behind its socket: screens come and go, freeze and lie; the bench and its stop key do not notice."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui.bench import codec, remote, socket_place
from tui.bench.messages import (
    Acknowledge,
    Channel,
    Emergency,
    InstrumentList,
    Note,
    Outcome,
    OutputOff,
    Point,
    Present,
    SessionCard,
    Snapshot,
    Start,
    StepCard,
    TraceLine,
    TypeReading,
)
from tui.bench.remote import RemoteLink
from tui.bench.server import BenchRuns, BenchServer

CARD = SessionCard("s1", {"bank": "B", "stages_v": [3.45]}, (StepCard("wire", "Wire", "Wire the cells.", "4.1"),), ({"bank": "B"},))
POINTS = [Point(0.0, 3.30, 3.31, 10.0), Point(1.0, None, None, None)]


class FakeBench:
    """A bench as the server sees it. `slow` holds every command back until it is set."""

    def __init__(self) -> None:
        self.now = Snapshot(seq=1, session="s1", state="charging", output_on=True, cells_v=Channel(3.4, "measured", 0.5))
        self.told: list[object] = []
        self.stops: list[float] = []
        self.slow = threading.Event()
        self.slow.set()
        self.off = True
        self.closed = threading.Event()

    def snapshot(self) -> Snapshot:
        return self.now

    def tick(self, **changes: object) -> None:
        self.now = replace(self.now, seq=self.now.seq + 1, **changes)

    def send(self, command: object, *, timeout_s: float = 10.0) -> Outcome:
        assert self.slow.wait(20)
        self.told.append(command)
        return Outcome(True, f"did {type(command).__name__}")

    def stop_output(self) -> None:
        self.stops.append(time.monotonic())

    def card(self) -> SessionCard:
        return CARD

    def history(self, since_s: float = 0.0) -> list[Point]:
        return [point for point in POINTS if point.time_s >= since_s]

    def instruments(self) -> InstrumentList:
        return InstrumentList()

    def trace(self, address: str) -> list[TraceLine]:
        return []

    def close(self, *, timeout_s: float = 5.0) -> bool:
        self.closed.set()
        return self.off


def wait_for(condition, seconds: float = 5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError("the condition never came")


@pytest.fixture
def bench():
    return FakeBench()


@pytest.fixture
def serve(bench, place):
    """Starts servers on this home, and attaches screens; all is ended afterwards."""
    with contextlib.ExitStack() as stack:

        class Served:
            def __init__(self, **options):
                self.result: list[bool] = []
                self.server = BenchServer(bench, place, **options)
                self.thread = threading.Thread(target=lambda: self.result.append(self.server.serve()))
                self.thread.start()
                stack.callback(self.end)

            def end(self) -> bool:
                self.server.stop("the test ends")
                self.thread.join(5)
                assert not self.thread.is_alive()
                return self.result[0]

            def screen(self, **options) -> RemoteLink:
                link = RemoteLink(place, **options).start()
                stack.callback(link.close)
                assert link.attached(5)
                return link

            def raw(self) -> Raw:
                found = Raw(place)
                stack.callback(found.socket.close)
                return found

        yield Served


@pytest.fixture
def one_bench(serve):
    return serve()


class Raw:
    """A screen written with bare hands, to be as rude as needed."""

    def __init__(self, place) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(5)
        self.socket.connect(str(socket_place.socket_path(place)))
        self._lines = self.socket.makefile("rb")

    def say(self, ask: str, **fields) -> None:
        self.socket.sendall(codec.line({"v": codec.VERSION, "id": 1, "ask": ask, **fields}))

    def hear(self) -> dict:
        data = self._lines.readline()
        return codec.parse(data) if data else {}

    @property
    def dropped(self) -> bool:
        self.socket.settimeout(0.01)
        with contextlib.suppress(TimeoutError):
            try:
                while data := self.socket.recv(65536):
                    del data
            except ConnectionError:
                pass
            return True
        return False


def test_a_screen_gets_the_whole_picture_and_its_commands_arrive(serve, bench):
    served = serve(about={"kind": "real", "defaults": {"bank": "B"}})
    screen = served.screen()
    assert screen.snapshot() == replace(bench.now, keys=True, screens=1)
    assert screen.card() == CARD
    assert screen.history() == POINTS and screen.history(0.5) == POINTS[1:]
    assert screen.send(TypeReading("cells_v", 3.41)) == Outcome(True, "did TypeReading")
    assert bench.told == [TypeReading("cells_v", 3.41)]
    assert screen.about["defaults"] == {"bank": "B"} and screen.about["pid"] == os.getpid()
    bench.tick(charge_ah=4.5)
    wait_for(lambda: screen.snapshot().charge_ah == 4.5)


def test_closing_a_screen_ends_nothing(serve, bench):
    served = serve()
    assert served.screen().close()
    served.screen()
    assert served.thread.is_alive()
    assert not bench.closed.is_set() and not bench.stops


def test_several_look_on_and_one_has_the_keys(serve, bench):
    served = serve()
    first, second = served.screen(), served.screen()
    wait_for(lambda: first.snapshot().screens == 2)
    assert first.snapshot().keys and not second.snapshot().keys
    refused = second.send(Note("mine"))
    assert not refused.ok and "keys" in refused.message
    assert second.send(Present()).ok, "any key on any screen shows that somebody is there"
    assert second.take_keys().ok
    wait_for(lambda: second.snapshot().keys and not first.snapshot().keys)
    assert second.send(Note("mine now")).ok
    assert not first.send(Note("no longer")).ok
    assert bench.told == [Present(), Note("mine now")]


def test_the_keys_are_free_again_when_their_screen_leaves(serve):
    served = serve()
    first, second = served.screen(), served.screen()
    first.close()
    wait_for(lambda: second.snapshot().screens == 1)
    assert not second.snapshot().keys, "a looker-on does not find itself at the controls"
    assert not second.send(Acknowledge(1)).ok
    third = served.screen()
    wait_for(lambda: third.snapshot().keys)


def test_a_looker_on_may_stop_and_a_stop_overtakes_what_the_bench_works_on(serve, bench):
    served = serve()
    first, second = served.screen(), served.screen()
    bench.slow.clear()
    waiting = threading.Thread(target=first.send, args=(Start({}),))
    waiting.start()
    asked = time.monotonic()
    second.stop_output()
    wait_for(lambda: bench.stops)
    assert bench.stops[0] - asked < 0.15
    assert second.send(OutputOff()).ok
    assert len(bench.stops) == 2 and not bench.told
    bench.slow.set()
    waiting.join(5)


def test_a_screen_that_stops_reading_is_let_go_and_slows_nobody(serve, bench):
    served = serve(drop_after_s=0.3)
    good, frozen = served.screen(), served.raw()
    frozen.say("hello")
    wait_for(lambda: good.snapshot().screens == 2)
    late = []
    while good.snapshot().screens == 2:
        asked = time.monotonic()
        assert good.send(Present()).ok
        late.append(time.monotonic() - asked)
        bench.tick()
        assert len(late) < 2000
    assert max(late) < 0.25
    assert frozen.dropped


def test_a_screen_that_asks_and_never_reads_is_let_go(serve, monkeypatch):
    monkeypatch.setattr("tui.bench.connection.MOST_UNREAD", 100_000)
    served = serve(drop_after_s=30.0)
    greedy = served.raw()
    with contextlib.suppress(OSError):
        while True:
            greedy.say("status")
    served.screen()


def test_a_slow_screen_gets_the_newest_snapshot_only(serve, bench):
    served = serve(drop_after_s=30.0)
    slow, quick = served.raw(), served.screen()
    slow.say("hello")
    assert slow.hear()["id"] == 1
    first = slow.hear()["snapshot"]["seq"]
    for _ in range(10):
        bench.tick()
        wait_for(lambda: quick.snapshot().seq == bench.now.seq)
    slow.say("seen")
    assert slow.hear()["snapshot"]["seq"] == bench.now.seq > first + 5


def test_what_is_no_line_of_ours_ends_that_connection_only(serve, bench):
    served = serve()
    screen = served.screen()
    for rude in (b"GET / HTTP/1.1\r\n\r\n", b"\xff\n", b"[]\n", b"[" * 50_000 + b"\n"):
        guest = served.raw()
        guest.socket.sendall(rude)
        wait_for(lambda guest=guest: guest.dropped)
    assert screen.send(Note("still here")).ok


def test_a_line_without_an_end_exhausts_no_memory(serve, monkeypatch):
    monkeypatch.setattr("tui.bench.connection.LONGEST_LINE", 100_000)
    guest = serve().raw()
    with pytest.raises(OSError):
        for _ in range(1000):
            guest.socket.sendall(b"x" * 10_000)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
ASKS = st.sampled_from(["hello", "seen", "status", "card", "history", "command", "keys", "off", "dance"])
REQUEST = st.fixed_dictionaries(
    {"v": st.just(codec.VERSION) | PLAIN, "ask": ASKS | PLAIN},
    optional={"id": PLAIN, "since_s": PLAIN, "command": PLAIN | st.just({"v": codec.VERSION, "type": "Present"})},
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(REQUEST.map(lambda request: json.dumps(request).encode()) | st.binary(max_size=40), min_size=1, max_size=5))
def test_whatever_is_said_the_bench_goes_on_without_a_defect(one_bench, place, caplog, lines):
    guest = Raw(place)
    with contextlib.suppress(OSError):
        guest.socket.sendall(b"\n".join(lines) + b"\n")
    guest.socket.close()
    assert remote.ask(place, "status")["state"] == "charging"
    assert "defect" not in caplog.text


@pytest.mark.parametrize(
    ("ask", "fields", "words"),
    [
        ("dance", {}, "does not know"),
        ("command", {}, "JSON object"),
        ("command", {"command": {"v": codec.VERSION, "type": "Format"}}, "no message"),
        ("command", {"command": codec.to_json(Outcome(True))}, "no command"),
        ("history", {"since_s": "all"}, "since_s must be a number"),
        ("history", {"since_s": 10**400}, "finite"),
        ("hello", {"v": 99}, "version 99"),
    ],
)
def test_a_request_that_is_wrong_is_refused_in_words(serve, ask, fields, words):
    guest = serve().raw()
    guest.say(ask, **fields)
    answer = guest.hear()
    assert answer["id"] == 1 and words in answer["refused"]
    guest.say("status")
    assert guest.hear()["state"] == "charging"


def test_off_status_and_stop_are_understood_from_another_version(serve, bench):
    served = serve()
    guest = served.raw()
    guest.say("off", v=99)
    assert guest.hear()["ok"] and bench.stops
    guest.say("status", v=99)
    assert guest.hear()["state"] == "charging"
    guest.say("stop", v=99)
    assert guest.hear()["off"] is True
    served.thread.join(5)
    assert served.result == [True]


def test_stop_tells_whether_the_output_is_proved_off(serve, bench, place):
    bench.off = False
    served = serve()
    assert remote.ask(place, "stop")["off"] is False
    served.thread.join(5)
    assert bench.closed.is_set() and served.result == [False]
    assert not served.server.path.exists()


def test_one_bench_a_home(serve, bench, place):
    served = serve()
    with pytest.raises(BenchRuns):
        BenchServer(bench, place)
    served.screen()
    served.end()
    again = serve()
    again.screen()


def test_what_a_dead_bench_left_is_cleared_away(serve, bench, place):
    path = socket_place.socket_path(place)
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    with pytest.raises(OSError):
        socket_place.connect(place, timeout_s=1)
    serve().screen()


def test_the_bench_ends_by_itself_when_nobody_needs_it(serve, bench, monkeypatch):
    monkeypatch.setattr("tui.bench.server.LOOK_ALONE_S", 0.02)
    bench.now = Snapshot(seq=1)
    served = serve(idle_end_s=0.05)
    served.thread.join(5)
    assert served.result == [True] and bench.closed.is_set()


@pytest.mark.parametrize("state", ["charging", "hold", "tripped", "call", "preparing", "resting"])
def test_a_bench_with_a_session_never_ends_by_itself(serve, bench, place, state):
    bench.now = Snapshot(seq=1, state=state)
    served = serve(idle_end_s=0.0)
    for _ in range(3):
        assert remote.ask(place, "status")["state"] == state
    assert served.thread.is_alive()


def test_an_output_that_is_on_keeps_an_idle_bench(serve, bench, place):
    bench.now = Snapshot(seq=1, output_on=True)
    served = serve(idle_end_s=0.0)
    assert remote.ask(place, "status")["output_on"] is True
    assert remote.ask(place, "status")["screens"] == 0
    assert served.thread.is_alive()


def test_a_goodbye_tells_whether_the_output_is_off_and_which_key_starts_the_bench_again(serve, bench, place):
    served = serve()
    screen = served.screen()
    assert not screen.ended
    served.end()
    left = wait_for(lambda: "was ended" in (found := screen.snapshot()).next and found)
    assert (left.state, left.output_on, left.prompt) == ("hold", False, None), "the bench proved it off before it went"
    assert "proved off first" in left.next and "g starts it again" in left.next and left.cells_v.trust == "stale"
    assert wait_for(lambda: screen.ended)
    answer = screen.send(Note("hello?"))
    assert not answer.ok and "may still" not in answer.message
    serve()
    screen.begin_again()
    wait_for(lambda: screen.snapshot().state != "hold")
    assert not screen.ended


def test_when_the_bench_is_gone_nothing_looks_fresh_and_the_link_comes_back(serve, bench, place, monkeypatch):
    hear = RemoteLink._hear
    monkeypatch.setattr(RemoteLink, "_hear", lambda link, told: None if "bye" in told else hear(link, told))  # it dies without a word
    served = serve()
    screen = served.screen()
    served.end()
    lost = wait_for(lambda: (found := screen.snapshot()).output_on is None and found)
    assert lost.cells_v.trust == "stale" and lost.cells_v.value == 3.4 and lost.cells_v.age_s >= 0.5
    assert lost.alarms[0].level == "call" and "Nobody watches" in lost.alarms[0].text
    assert "does not answer" in lost.next and "Last heard" in lost.next
    assert screen.card() is None or screen.card() == CARD
    assert screen.history() == []
    assert not screen.send(Note("hello?")).ok
    bench.tick(charge_ah=7.0)
    serve()
    wait_for(lambda: screen.snapshot().charge_ah == 7.0)
    assert screen.snapshot().output_on is True and not screen.snapshot().alarms


def test_a_stop_that_finds_no_bench_is_told_and_reaches_the_bench_that_comes_back(serve, bench, place, monkeypatch):
    monkeypatch.setattr(remote, "STOP_SAID_S", 0.1)
    served = serve()
    screen = served.screen()
    served.end()
    before = time.monotonic()
    screen.stop_output()
    assert time.monotonic() - before < 0.1
    wait_for(lambda: "did not get through" in screen.snapshot().next)
    serve()
    wait_for(lambda: bench.stops)
    wait_for(lambda: "did not get through" not in screen.snapshot().next)


def test_a_stop_is_heard_before_its_screen_is_let_go(serve, bench):
    screen = serve().screen()
    screen.stop_output()
    assert screen.close()
    assert bench.stops


def test_a_screen_that_leaves_with_a_stop_unheard_says_so(serve):
    served = serve()
    screen = served.screen()
    served.end()
    screen.stop_output()
    assert not screen.close(timeout_s=0.05)


@pytest.mark.parametrize(
    "lie",
    [
        b"\xff\n",
        b"[]\n",
        b'{"id": []}\n',
        b'{"v": 1, "snapshot": {"v": 1, "type": "Note", "text": ""}}\n',
        b'{"v": 1, "snapshot": 5}\n',
        b'{"v": 9, "snapshot": {}}\n',
    ],
)
def test_a_bench_that_talks_nonsense_is_told_of_and_left(place, monkeypatch, lie):
    monkeypatch.setattr(remote, "OTHER_AGAIN_S", 0.01)
    with contextlib.closing(socket_place.listen(socket_place.socket_path(place))) as listener:
        listener.settimeout(5)
        link = RemoteLink(place).start()
        for _ in range(2):  # it hangs up, and tries again
            with listener.accept()[0] as liar:
                liar.settimeout(5)
                liar.sendall(lie)
                while liar.recv(1000):
                    pass
        wait_for(lambda: link.problem)
        assert not link.attached()
        link.close()


def test_a_command_in_flight_when_the_bench_dies_is_not_called_done(serve, bench):
    served = serve()
    screen = served.screen()
    bench.slow.clear()
    found: list[Outcome] = []
    waiting = threading.Thread(target=lambda: found.append(screen.send(Start({}))))
    waiting.start()
    wait_for(lambda: served.server._connections[0].waiting)
    served.end()
    waiting.join(5)
    bench.slow.set()
    assert not found[0].ok and "may still" in found[0].message


def test_a_frozen_bench_process_makes_no_screen_wait_for_ever(place):
    path = socket_place.socket_path(place)
    with contextlib.closing(socket_place.listen(path)):  # takes connections and never answers
        link = RemoteLink(place).start()
        wait_for(lambda: link._connection is not None)
        asked = time.monotonic()
        assert not link.send(Note("?"), timeout_s=0.1).ok
        assert time.monotonic() - asked < 2.0
        assert link.close()


def test_a_bench_of_the_other_kind_is_not_taken(serve, place):
    serve(about={"kind": "demo"})
    link = RemoteLink(place, kind="real").start()
    wait_for(lambda: "built-in" in link.problem)
    assert not link.attached()
    link.close()


def test_a_missing_bench_is_started_once(serve, bench, place):
    begun: list[object] = []
    link = RemoteLink(place, begin=lambda: begun.append(serve())).start()
    assert link.attached(5) and len(begun) == 1
    link.close()


def test_why_no_bench_could_be_started_stays_on_the_screen(place):
    def fail() -> None:
        raise OSError("no room for a process")

    link = RemoteLink(place, begin=fail).start()
    wait_for(lambda: "no room for a process" in link.problem)
    link.close()


# --- who may enter ----------------------------------------------------------------------------------------------


def test_only_the_owner_can_reach_the_socket(serve, place):
    place.runtime.chmod(0o755)
    served = serve()
    assert stat.S_IMODE(served.server.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(served.server.path.parent.stat().st_mode) == 0o700


def test_the_peer_is_this_user_or_refused():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert socket_place.peer_uid(ours) == os.geteuid()
        assert socket_place.is_own(ours)
    own = 1000
    assert socket_place.may_speak(own, own)
    assert not socket_place.may_speak(own + 1, own)
    assert not socket_place.may_speak(0, own), "the administrator neither"
    assert socket_place.may_speak(None, own), "where the system does not tell, the folder keeps others out"


def test_a_connection_of_another_user_is_closed_unheard(serve, bench, monkeypatch):
    served = serve()
    monkeypatch.setattr(socket_place, "peer_uid", lambda _: os.geteuid() + 1)
    guest = served.raw()
    with contextlib.suppress(OSError):
        guest.say("off")
    wait_for(lambda: guest.dropped)
    assert not bench.stops


def test_nothing_is_said_to_a_socket_of_another_user(serve, place, monkeypatch):
    serve()
    monkeypatch.setattr(socket_place, "peer_uid", lambda _: os.geteuid() + 1)
    with pytest.raises(socket_place.PlaceRefused):
        socket_place.connect(place, timeout_s=1)


def test_a_folder_of_another_user_or_a_link_is_not_used(tmp_path):
    found = tmp_path.stat()
    assert socket_place.folder_problem(found, os.geteuid()) == ""
    assert "another user" in socket_place.folder_problem(found, os.geteuid() + 1)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(socket_place.PlaceRefused):
        socket_place.own_folder(tmp_path / "link")


def test_a_folder_that_others_could_put_another_in_the_place_of_is_not_used(tmp_path):
    assert socket_place.parent_problem(Path("/tmp").stat(), 4242) == "", "everybody's, but only the owner may take his own away"
    assert socket_place.parent_problem(tmp_path.stat(), os.geteuid()) == ""
    assert "another user" in socket_place.parent_problem(tmp_path.stat(), os.geteuid() + 1) or os.geteuid() == 0
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(socket_place.PlaceRefused, match="everybody may write"):
        socket_place.own_folder(open_to_all / "runtime")


def test_a_home_far_down_has_its_socket_where_the_path_is_short_enough(tmp_path, monkeypatch):
    from tui.records.places import home

    paths = set()
    for deep in ("a" * 90, "b" * 90):
        monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path / deep))
        path = socket_place.socket_path(home())
        assert len(os.fsencode(path)) <= socket_place.LONGEST_PATH
        assert path.is_relative_to(Path(os.environ.get("TMPDIR", "/tmp")))
        paths.add(path)
    assert len(paths) == 2


def test_f43_an_emergency_is_carried_out_although_its_screen_is_gone(serve, bench):
    served = serve()
    screen = served.screen()
    bench.slow.clear()
    for command in (Start({}), Emergency()):
        threading.Thread(target=screen.send, args=(command,), daemon=True).start()
        waiting = 1 if isinstance(command, Start) else 2
        wait_for(lambda waiting=waiting: served.server._connections[0].waiting == waiting)
    screen.close()
    wait_for(lambda: not served.server._connections)
    bench.slow.set()
    wait_for(lambda: any(isinstance(command, Emergency) for command in bench.told))
