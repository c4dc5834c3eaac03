"""The application without a bench beside it, on the records of `TOPBALANCE_HOME`. Run by `sessions`."""

from __future__ import annotations

from tests.benchmarks.replay_app import ReplayLink
from tui.app import TopBalanceApp
from tui.bench.messages import Snapshot
from tui.records.places import home

if __name__ == "__main__":
    TopBalanceApp(ReplayLink([Snapshot()], [], None), home()).run()
