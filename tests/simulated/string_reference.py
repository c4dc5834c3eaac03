"""A string of groups once more in the plainest way: each group's volts from one line, tiny explicit steps, no busbars inside a group."""

from __future__ import annotations

from drivers.simulated.lfp import OcvTable

LAGS = ((81.0, 27.0), (140.0, 175.0))


class PlainString:
    """`socs` by group, all cells alike. SI units; a group's cells lie between the same two points."""

    def __init__(self, curve: OcvTable, capacity_as: float, branch_ohm: float, between_ohm: float, socs: list[list[float]]) -> None:
        self.curve, self.q, self.r, self.between = curve, capacity_as, branch_ohm, between_ohm
        self.z = [list(group) for group in socs]
        self.d = [[[0.0, 0.0] for _ in group] for group in socs]

    def emf(self) -> list[list[float]]:
        return [[self.curve.ocv_v(z + d[0] + d[1]) for z, d in zip(zs, ds, strict=True)] for zs, ds in zip(self.z, self.d, strict=True)]

    def currents(self, v_set: float, i_max: float, lead: float) -> tuple[float, list[list[float]]]:
        emf = self.emf()
        open_v = sum(sum(group) / len(group) for group in emf)
        string_ohm = sum(self.r / len(group) for group in emf) + self.between
        total = min(max((v_set - open_v) / (string_ohm + lead), 0.0), i_max)
        group_v = [sum(group) / len(group) + self.r * total / len(group) for group in emf]
        return total, [[(v - e) / self.r for e in group] for v, group in zip(group_v, emf, strict=True)]

    def step(self, v_set: float, i_max: float, lead: float, dt: float) -> float:
        total, currents = self.currents(v_set, i_max, lead)
        for zs, ds, flows in zip(self.z, self.d, currents, strict=True):
            for k, i in enumerate(flows):
                rate = i / self.q
                zs[k] += rate * dt
                for j, (gain, tau) in enumerate(LAGS):
                    ds[k][j] += (gain * rate - ds[k][j]) / tau * dt
        return total
