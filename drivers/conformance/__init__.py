"""A test kit that every driver must pass together with an emulator of its instrument, ours included ("Write a driver" in drivers/README.md).

For pytest, in any test file; nothing of pytest is needed here:

    from drivers.conformance import OnBench, SupplyConformance

    class TestAcme(SupplyConformance):
        address = "acme:bench"                       # opened through the catalogue, as the program does

        def device(self, model=""):
            return OnBench(AcmeEmulator)             # or whatever answers the driver's bytes and implements SupplyDevice

`failures(TestAcme())` runs the same checks without pytest and gives what failed, in words.
"""

from drivers.conformance.bms import BmsConformance
from drivers.conformance.devices import BmsDevice, Device, MeterDevice, OnBench, SupplyDevice
from drivers.conformance.lines import BadLine
from drivers.conformance.meter import MeterConformance
from drivers.conformance.supply import SupplyConformance
from drivers.conformance.words import NotApplicable, checks, failures

__all__ = [
    "BadLine",
    "BmsConformance",
    "BmsDevice",
    "Device",
    "MeterConformance",
    "MeterDevice",
    "NotApplicable",
    "OnBench",
    "SupplyConformance",
    "SupplyDevice",
    "checks",
    "failures",
]
