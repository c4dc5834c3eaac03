"""A million spoilt or random answers to each driver's parser: no crash, no hang, no reading accepted against its checksum."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from drivers import modbus
from drivers.clock import VirtualClock
from drivers.meters.text_grammar import Framer, Grammar
from drivers.roles import InstrumentError
from drivers.supplies.riden import RidenSupply
from tests.benchmarks.figures import Figure, Measurement
from tests.wire.mutations import crc_holds, random_answer, spoilt, xor_holds
from tests.wire.scripted_line import riden_registers

ANSWERS, QUICK_ANSWERS = 1_000_000, 3_000
HANG_S = 1.0
RANDOM_SHARE = 0.2
WHOLE_SHARE = 0.02  # answers that come through as they are
LINES_OF_A_DEVICE = 500
MAP = riden_registers(r8=365, r9=1000, r10=341, r11=999, r17=1, r18=1) + [0] * 100


class NoisyLine:
    """A line on which a Riden answers and every answer is spoilt; remembers what was handed over last."""

    url = "noise"

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self.good = self.handed = b""
        self.answers = 0
        self.quiet = True  # while the driver gets to know the supply
        requests = [modbus.Request(1, modbus.READ, register, count) for register, count in ((0, 42), (1, 42), (8, 2), (16, 3), (0, 43))]
        self._others = [_answer(request) for request in requests]

    def ask(self, request: bytes, expect: int, deadline_s: float, *, end: bytes = b"", silence_s: float = 0.0) -> bytes:
        decoded = modbus.decode_request(request)
        assert decoded is not None
        self.good = _answer(decoded)
        self.answers += 1
        if self.quiet or self._draw.random() < WHOLE_SHARE:
            self.handed = self.good
        elif self._draw.random() < RANDOM_SHARE:
            self.handed = random_answer(self._draw)[:expect]
        else:
            self.handed = spoilt(self.good, self._others, self._draw)[:expect]
        return self.handed

    def write(self, data: bytes) -> None:
        raise AssertionError("this driver only asks")

    def read_available(self) -> bytes:
        raise AssertionError("this driver only asks")

    def close(self) -> None:
        return None


def _answer(request: modbus.Request) -> bytes:
    if request.function == modbus.READ:
        return modbus.read_reply(request, MAP[request.register : request.register + request.count])
    return modbus.write_reply(request)


def _timed(seen: Counter[str], slowest_s: float, act: Callable[[], None]) -> float:
    """Runs `act`; what is no error of an instrument is a crash, what takes too long a hang. Gives the slowest so far."""
    started_s = time.thread_time()  # of this thread alone: a busy machine is no hang
    try:
        act()
    except InstrumentError:
        seen["refused"] += 1
    except Exception as crash:  # noqa: BLE001 - whatever it is, it is counted
        seen["crash"] += 1
        seen[f"crash: {type(crash).__name__}: {crash}"] += 1
    took_s = time.thread_time() - started_s
    seen["hang"] += took_s > HANG_S
    return max(slowest_s, took_s)


def riden(answers: int, seed: int = 1) -> tuple[Counter[str], float]:
    """What became of so many answers to polls of a Riden, and the slowest poll in seconds."""
    seen: Counter[str] = Counter()
    line = NoisyLine(Random(seed))
    driver = RidenSupply(line, address="riden:noise", clock=VirtualClock())
    driver.identify()
    line.quiet, slowest_s = False, 0.0

    def poll() -> None:
        driver.read()
        if not crc_holds(line.handed):
            seen["false"] += 1
        elif line.handed == line.good:
            seen["whole"] += 1
        else:
            seen["valid"] += 1

    while line.answers < answers:
        slowest_s = _timed(seen, slowest_s, poll)
    seen["answers"] = line.answers
    return seen, slowest_s


def text_line(answers: int, seed: int = 1) -> tuple[Counter[str], float]:
    """The same for the lines of a meter that sends checksums; a new device every few hundred lines."""
    seen: Counter[str] = Counter()
    draw = Random(seed)
    slowest_s, framer, grammar = 0.0, Framer(), Grammar()
    others = [_line(number, "V1=3.4123 V2=3.4098") for number in range(3)] + [
        b"# topbal!!",
        b"V1=3.3",
        b'{"cells":[3.4,3.5]}',
        b"cell1,cell2",
    ]

    def hear(good: bytes, sent: bytes) -> None:
        for raw in framer.feed(sent + b"\n"):
            line = grammar.read(raw)
            if line.kind != "reading":
                seen["refused"] += 1
            elif not xor_holds(raw):
                seen["false"] += 1
            else:
                seen["whole" if raw == good else "valid"] += 1

    for number in range(answers):
        good = _line(number, f"V1={draw.uniform(2.5, 3.65):.4f} V2={draw.uniform(2.5, 3.65):.4f}")
        if number % LINES_OF_A_DEVICE == 0:
            framer, grammar = Framer(), Grammar()
            sent = good
        else:
            pick = draw.random()
            sent = good if pick < WHOLE_SHARE else random_answer(draw) if pick < RANDOM_SHARE else spoilt(good, others, draw)
        slowest_s = _timed(seen, slowest_s, lambda good=good, sent=sent: hear(good, sent))  # type: ignore[misc]
    seen["answers"] = answers
    return seen, slowest_s


def _line(number: int, volts: str) -> bytes:
    text = f"seq={number} {volts}".encode()
    total = 0
    for byte in text:
        total ^= byte
    return text + b"*%02X" % total


def fuzz(quick: bool) -> Iterator[Figure]:
    answers = QUICK_ANSWERS if quick else ANSWERS
    for name, run in (("Riden, Modbus RTU", riden), ("text-line meter, *HH", text_line)):
        started_s = time.perf_counter()
        seen, slowest_s = run(answers)
        took_s = time.perf_counter() - started_s
        bad = {kind: seen[kind] for kind in ("crash", "hang", "false")}
        crashes = "; ".join(kind for kind in seen if kind.startswith("crash:"))
        shown = ", ".join(f"{count} {kind}" for kind, count in bad.items())
        detail = (
            f"{shown} of {seen['answers']:,} answers in {took_s:.0f} s; {seen['whole']:,} whole ones taken, {seen['valid']:,} changed ones whose "
            f"checksum held again; slowest {1000 * slowest_s:.1f} ms{crashes and f'; {crashes}'}"
        )
        yield Figure(f"spoilt answers: {name}", detail, "none", not any(bad.values()))


MEASUREMENTS = (Measurement("fuzz", fuzz),)
