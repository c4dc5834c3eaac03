"""For every test: what keeps the whole suite short without taking anything from what is proved.

Property tests draw forty examples unless they ask for another number. Python may keep what it compiled, as programs are started hundreds of
times, and the workers compile each test file once between them. What stands after the collection is no garbage and is not looked through again.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("suite", max_examples=40)
settings.load_profile("suite")

YOUNG_OBJECTS = 50_000
"""New objects before Python looks for garbage. Seven thousand tests and a screen full of widgets make many, and hardly any garbage."""
TAKE_REAL_TIME = ("test_by_keys.py", "test_second_terminal.py", "test_whole_balance_families.py")

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Each worker begins at another file: what one has compiled the others read."""
    report = yield
    worker = getattr(collector.config, "workerinput", None)
    if worker is not None and isinstance(collector, pytest.Directory):
        start = len(report.result) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        report.result = [*report.result[start:], *report.result[:start]]
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One order in all workers, with what takes real time at the beginning: at the end the others would wait for it."""
    items.sort(key=lambda item: (item.path.name not in TAKE_REAL_TIME, item.path))


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.collect()  # what stands is now nothing, so that Python does not wait until as much again was made
    gc.set_threshold(YOUNG_OBJECTS)
    gc.freeze = _once  # type: ignore[assignment]


def _once() -> None:
    """An application keeps for good what stands at its first paint. One does well with it; some hundred of them would all stay in memory."""


@pytest.fixture(autouse=True)
def pilot_is_a_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.burst.FASTEST_HAND_S", 1e-6)
