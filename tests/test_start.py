"""Where the bench runs: a process of its own, or the application where that cannot be or is not wanted; it is said on the screen."""

from __future__ import annotations

import pytest

from tui import start


@pytest.mark.parametrize(("sockets", "switch", "words"), [(True, "inside", "as asked for"), (False, "", "no Unix sockets")])
def test_the_bench_inside_the_application_is_said(tmp_path, monkeypatch, sockets, switch, words):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path))
    monkeypatch.setenv("TOPBALANCE_BENCH", switch)
    monkeypatch.setattr("tui.bench.socket_place.unix_sockets", lambda: sockets)
    monkeypatch.setattr(start, "_check_terminal", lambda: None)
    monkeypatch.setattr(start, "run_attached", lambda place: pytest.fail("there is no bench process"))
    said = []
    monkeypatch.setattr("tui.app.TopBalanceApp.run", lambda self, **_: said.append(self._first_words))
    assert start.run_application() == 0
    assert words in said[0] and "ends with the screen" in said[0]


def test_otherwise_it_is_a_process_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPBALANCE_HOME", str(tmp_path))
    monkeypatch.delenv("TOPBALANCE_BENCH", raising=False)
    monkeypatch.setattr(start, "_check_terminal", lambda: None)
    monkeypatch.setattr(start, "run_attached", lambda place: 7)
    assert start.run_application() == 7
