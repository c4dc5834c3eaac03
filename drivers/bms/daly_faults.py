"""The fault bytes of Daly boards, the same in A5 frames (command 98) and in Modbus (BMS sheet, section 3.1).

Levels come in pairs: the even bit warns, the odd bit cuts. A warning is no protection and has no name here.
"""

from __future__ import annotations

from drivers.bms.common import flags


def _pairs(*cuts: str) -> tuple[str, ...]:
    return tuple(name for cut in cuts for name in ("", cut))


NAMES = (
    *_pairs("cell_overvoltage", "cell_undervoltage", "pack_overvoltage", "pack_undervoltage"),
    *_pairs("charge_overtemperature", "charge_undertemperature", "discharge_overtemperature", "discharge_undertemperature"),
    *_pairs("charge_overcurrent", "discharge_overcurrent", "soc_high", "soc_low"),
    *(*_pairs("cell_difference", "temperature_difference"), "", "", "", ""),
    *("charge_mos_overtemperature", "discharge_mos_overtemperature", "charge_mos_sensor_fault", "discharge_mos_sensor_fault"),
    *("charge_mos_stuck", "discharge_mos_stuck", "charge_mos_open", "discharge_mos_open"),
    *("front_end_error", "sampling_lost", "sensor_fault", "eeprom_fault", "clock_fault", "precharge_fault"),
    *("communication_fault", "internal_communication_fault"),
    *("current_module_fault", "pack_voltage_module_fault", "short_circuit", "charging_forbidden_at_low_voltage"),
)


def faults(data: bytes) -> tuple[str, ...]:
    """What has cut, of bytes d0 to d6; d7 is a code without a list."""
    return flags(int.from_bytes(data[:7], "little"), NAMES)
