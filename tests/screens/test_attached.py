"""A screen of a bench process: leaving it stops nothing, the keys are taken over by one key, and a bench that is gone is seen at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from tests.screens import fake_link
from tests.screens.fake_link import FakeLink
from tests.screens.host import home_in, on_loop, text_of, until
from tui.attached import AttachedApp
from tui.bench.messages import Outcome, Present
from tui.bench.remote import GONE, as_lost


@pytest.fixture(autouse=True)
def _without_setup(monkeypatch):
    """Setup has tests of its own and takes most of the start."""
    monkeypatch.setattr("tui.panes.bench_screen.SETUP_AFTER_S", 1e6)


class KeyedLink(FakeLink):
    """A link on which another screen has the keys at first."""

    taken = 0
    about: ClassVar[dict[str, Any]] = {}
    problem = ""

    def attached(self, timeout_s: float = 0.0) -> bool:
        return True

    def take_keys(self) -> Outcome:
        self.taken += 1
        return Outcome(True, "This screen has the keys now.")


@pytest.mark.parametrize("state", ["charging", "knee", "stale", "hold", "idle"])
@on_loop
async def test_leaving_the_screen_asks_nothing_and_stops_nothing(tmp_path, state):
    link = KeyedLink(fake_link.STATES[state])
    app = AttachedApp(link, home_in(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.bench is not None)
        assert app.return_code is None
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code == 0)
    assert set(link.sent) <= {Present()}, "any key shows that somebody is there"
    assert not link.stops and not link.closed


@on_loop
async def test_f12_takes_the_keys_and_ctrl_x_works_without_them(tmp_path):
    link = KeyedLink(fake_link.CHARGING)
    app = AttachedApp(link, home_in(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.bench is not None)
        link.current = replace(fake_link.CHARGING, keys=False, screens=2)
        app.pull()
        await until(pilot, lambda: "only looks on" in text_of(app) and "take the keys" in text_of(app))
        await pilot.press("ctrl+x")
        assert link.stops == 1
        await pilot.press("f12")
        await until(pilot, lambda: "This screen has the keys now" in text_of(app))
        assert link.taken == 1


@on_loop
async def test_a_bench_that_is_gone_in_mid_charge_is_told_with_every_number_stale(tmp_path):
    link = KeyedLink(fake_link.KNEE)
    app = AttachedApp(link, home_in(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "3.598" in text_of(app))
        link.current = as_lost(fake_link.KNEE, 4.0, GONE)
        app.pull()
        await until(pilot, lambda: "does not answer" in text_of(app))
        assert "supply itself" in text_of(app) or "Look at the supply" in text_of(app)
        assert app.snapshot.output_on is None
        assert app.snapshot.cells_v.trust == app.snapshot.supply_v.trust == "stale"
