"""Who answered on the lines of meter and BMS, for the record: a line once each is known, and again when it is another.

The supply stands in the first line of the journal: nothing begins without it. A BMS has no power before its cells are joined, and a meter may be
plugged in late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drivers.roles import BmsProfile, MeterProfile
    from tui.bench.bench import Bench
    from tui.bench.session import Session


def tell(bench: Bench, session: Session) -> None:
    """Called in each tick of a session."""
    if bench.meter is not None and bench.meter_profile is not None:
        _tell(bench, session, "meter", bench.meter_profile, session.whole.meter, point=bench.meter_profile.point)
    if bench.bms is not None and bench.bms.driver.profile is not None:
        _tell(bench, session, "bms", bench.bms.driver.profile, session.whole.bms)


def _tell(bench: Bench, session: Session, role: str, profile: MeterProfile | BmsProfile, address: str, **more: Any) -> None:
    if session.told_instruments.get(role) == profile:
        return
    session.told_instruments[role] = profile
    about = {name: getattr(profile, name) for name in ("family", "model", "serial", "firmware", "emulated")}
    bench.log("instrument", role=role, text=f"{role}: {profile.model}", data={**about, "address": address, **more})
