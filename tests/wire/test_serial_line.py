"""A serial line on a pseudo-terminal and on a socket: deadlines, stale bytes, gaps, and how a lost line is told."""

import os
import socket
import threading
import time
import tty
from collections.abc import Iterator

import pytest

from drivers.line import SerialLine
from drivers.roles import LostLine


class FarEnd:
    """The other side of a pseudo-terminal; answers each request by a table, from a thread of its own."""

    def __init__(self) -> None:
        self.fd, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)

    def answer_once(self, request: bytes, *pieces: bytes) -> threading.Thread:
        def run() -> None:
            got = b""
            while len(got) < len(request):
                got += os.read(self.fd, 64)
            assert got == request
            for piece in pieces:
                os.write(self.fd, piece)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def close(self) -> None:
        for fd in (self.fd, self._slave):
            try:
                os.close(fd)
            except OSError:
                continue  # closed by the test


@pytest.fixture
def far() -> Iterator[FarEnd]:
    end = FarEnd()
    yield end
    end.close()


@pytest.fixture
def line(far: FarEnd) -> Iterator[SerialLine]:
    line = SerialLine(far.path, gap_s=0.0)
    yield line
    line.close()


def test_an_answer_in_two_pieces_arrives_whole_and_is_traced(far: FarEnd, line: SerialLine) -> None:
    thread = far.answer_once(b"ask", b"an", b"swer")
    assert line.ask(b"ask", 6, 2.0) == b"answer"
    thread.join()
    assert [(direction, data) for _, direction, data in line.trace] == [(">", b"ask"), ("<", b"answer")]


def test_stale_bytes_are_dropped_before_asking(far: FarEnd, line: SerialLine) -> None:
    os.write(far.fd, b"late answer")
    while not line._port.in_waiting:
        pass  # until the terminal has passed them on
    thread = far.answer_once(b"ask", b"answer")
    assert line.ask(b"ask", 6, 2.0) == b"answer"
    thread.join()
    assert next(iter(line.trace))[1:] == ("x", b"late answer")


def test_silence_ends_at_the_deadline_without_using_the_processor(line: SerialLine) -> None:
    begun_s, used_s = time.monotonic(), time.process_time()
    assert line.ask(b"ask", 6, 0.2) == b""
    assert 0.19 < time.monotonic() - begun_s < 1.0
    assert time.process_time() - used_s < 0.05


def test_a_short_answer_is_handed_over_at_the_deadline(far: FarEnd, line: SerialLine) -> None:
    thread = far.answer_once(b"ask", b"ans")
    assert line.ask(b"ask", 6, 0.5) == b"ans"
    thread.join()


def test_requests_keep_their_gap(far: FarEnd) -> None:
    line = SerialLine(far.path, gap_s=0.1)
    line.ask(b"one", 1, 0.0)
    begun_s = time.monotonic()
    line.ask(b"two", 1, 0.0)
    assert time.monotonic() - begun_s >= 0.09
    line.close()


def test_streamed_bytes_are_read_without_waiting(far: FarEnd, line: SerialLine) -> None:
    assert line.read_available() == b""
    line.write(b"hello")
    assert os.read(far.fd, 16) == b"hello"
    os.write(far.fd, b"V1=3.412\n")
    got = b""
    while len(got) < 9:
        got += line.read_available()
    assert got == b"V1=3.412\n"


def test_a_second_owner_is_refused(far: FarEnd, line: SerialLine) -> None:
    with pytest.raises(LostLine, match="another program holds the port"):
        SerialLine(far.path)


def test_a_pulled_cable_is_a_lost_line_and_the_next_call_tries_again(far: FarEnd, line: SerialLine) -> None:
    os.close(far._slave)
    os.close(far.fd)
    for _ in range(2):
        with pytest.raises(LostLine) as caught:
            line.ask(b"ask", 6, 0.1)
        assert caught.value.device == far.path and caught.value.check
    with pytest.raises(LostLine):
        line.read_available()
    with pytest.raises(LostLine):
        line.write(b"x")


def test_a_closed_line_stays_closed(line: SerialLine) -> None:
    line.close()
    line.close()
    with pytest.raises(LostLine, match="closed by this program"):
        line.ask(b"ask", 1, 0.1)


def test_permission_names_the_group(monkeypatch: pytest.MonkeyPatch, far: FarEnd) -> None:
    def denied(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("serial.serial_for_url", denied)
    with pytest.raises(LostLine, match=r"permission denied.*group"):
        SerialLine(far.path)


def test_a_socket_is_a_line_too() -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = server.accept()
        with client:
            assert client.recv(16) == b"ask"
            client.sendall(b"answer")

    thread = threading.Thread(target=serve)
    thread.start()
    line = SerialLine(f"socket://127.0.0.1:{server.getsockname()[1]}")
    assert line.ask(b"ask", 6, 2.0) == b"answer"
    thread.join()
    server.close()
    with pytest.raises(LostLine):
        line.ask(b"ask", 6, 1.0)
    line.close()


@pytest.mark.parametrize("frame", ["7O1", "7E2", "8N2"])
def test_a_frame_that_a_port_cannot_do_is_read_with_eight_bits(frame: str) -> None:
    """A pseudo-terminal has no parity: some systems ignore that it is asked for, some refuse it at once, some only with the next setting."""
    master, slave = os.openpty()
    tty.setraw(slave)
    for _ in range(2):  # the second time nothing is left to change, which newer systems refuse
        line = SerialLine(os.ttyname(slave), frame=frame, gap_s=0.0)
        for deadline_s in (0.3, 0.2):
            assert line.ask(b"?", 1, deadline_s) == b""
        os.write(master, b"\x31\xb0\r\x8a")
        time.sleep(0.05)
        assert line.read_available() == b"\x31\xb0\r\x8a"
        line.close()
    os.close(master)
    os.close(slave)
