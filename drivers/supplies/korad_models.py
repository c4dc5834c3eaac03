"""The models of the Korad family and their identities (Korad sheet)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KoradModel:
    """One model, known by its whole identity without vendor's blanks, firmware and serial number. `kwr`: the newer words and status byte."""

    name: str
    ids: tuple[str, ...]
    max_voltage_v: float
    max_current_a: float
    kwr: bool = False
    max_power_w: float | None = None
    outputs: int = 1


MODELS = (  # from the Korad sheet; where it gives no limits, what the name says
    KoradModel("KA3003P", ("KORADKA3003P",), 30.0, 3.0),
    KoradModel("KA3005P", ("KORADKA3005P", "KORADKA3005PS", "RND320-KA3005P"), 31.0, 5.1),
    KoradModel("KA3010P", ("KORADKA3010P", "RND320-KA3010P"), 30.0, 10.0),
    KoradModel("KA6002P", ("KORADKA6002P",), 60.0, 2.0),
    KoradModel("KA6003P", ("KORADKA6003P",), 60.0, 3.0),
    KoradModel("KA6005P", ("KORADKA6005P",), 60.0, 5.0),
    KoradModel("KD3005P", ("KORADKD3005P",), 31.0, 5.1),
    KoradModel("KD6005P", ("KORADKD6005P",), 61.0, 5.1),
    KoradModel("KA3305P", ("KORADKA3305P",), 30.0, 5.0, outputs=2),
    KoradModel("72-2535", ("TENMA72-2535",), 30.0, 3.0),
    KoradModel("72-2540", ("TENMA72-2540",), 30.0, 5.0),
    KoradModel("72-2545", ("TENMA72-2545",), 60.0, 2.0),
    KoradModel("72-2550", ("TENMA72-2550",), 60.0, 3.0),
    KoradModel("72-2705", ("TENMA72-2705",), 30.0, 3.0),
    KoradModel("72-2710", ("TENMA72-2710",), 30.0, 5.0),
    KoradModel("72-2930", ("TENMA72-2930",), 30.0, 10.0),
    KoradModel("72-2940", ("TENMA72-2940",), 60.0, 5.0),
    KoradModel("PS3005D", ("VELLEMANPS3005D", "VELLEMANLABPS3005D"), 31.0, 5.1),
    KoradModel("S-LS-31", ("S-LS-31", "STAMOSS-LS-31"), 30.0, 5.0),
    KoradModel("KWR103", ("KORADKWR103", "KWR103", "TENMA72-13360"), 60.0, 15.0, kwr=True, max_power_w=300.0),
)
BY_ID = {known: model for model in MODELS for known in model.ids}
