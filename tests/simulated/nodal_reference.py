"""The cell model's equations once more, in the plainest way: all posts as nodes, one dense matrix, tiny explicit steps.

It shares nothing with the simulated bench but the voltage table, so that a slip in the ladder, in the implicit step or in the choice of
steps shows as a difference.
"""

from __future__ import annotations

from drivers.simulated.lfp import OcvTable

LAGS = ((81.0, 27.0), (140.0, 175.0))


def solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination with row exchange."""
    n = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda r: abs(rows[r][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for r in range(n):
            if r != k:
                factor = rows[r][k] / rows[k][k]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[k], strict=True)]
    return [rows[k][n] / rows[k][k] for k in range(n)]


class NodalBank:
    """Nodes 0..N−1 are the plus posts, N..2N−1 the minus posts; the minus lead's post is ground. All values SI, charge in As."""

    def __init__(
        self, table: OcvTable, capacity_as: list[float], soc: list[float], r0: list[float], contact: float, link: float, same_end: bool
    ):
        self.table, self.q, self.z, self.r0 = table, capacity_as, list(soc), r0
        n = self.n = len(soc)
        self.d = [[0.0, 0.0] for _ in soc]
        self.h = [0.0] * n
        self.branch = [r + 2 * contact for r in r0]
        ground = n if same_end else 2 * n - 1
        size = 2 * n
        g = [[0.0] * size for _ in range(size)]

        def conduct(a: int, b: int, siemens: float) -> None:
            g[a][a] += siemens
            g[b][b] += siemens
            g[a][b] -= siemens
            g[b][a] -= siemens

        for k in range(n):
            conduct(k, n + k, 1 / self.branch[k])
            if k + 1 < n:
                conduct(k, k + 1, 1 / link)
                conduct(n + k, n + k + 1, 1 / link)
        keep = [k for k in range(size) if k != ground]
        reduced = [[g[a][b] for b in keep] for a in keep]

        def response(sources: dict[int, float]) -> list[float]:
            volts = solved(reduced, [sources.get(a, 0.0) for a in keep])
            by_node = dict(zip(keep, volts, strict=True))
            by_node[ground] = 0.0
            return [by_node[a] for a in range(size)]

        unit = [response({k: 1 / self.branch[k], n + k: -1 / self.branch[k]}) for k in range(n)]
        drive = response({0: 1.0})
        self.a = [[(unit[m][k] - unit[m][n + k] - (1.0 if m == k else 0.0)) / self.branch[k] for m in range(n)] for k in range(n)]
        self.b = [(drive[k] - drive[n + k]) / self.branch[k] for k in range(n)]
        self.c = [unit[m][0] for m in range(n)]
        self.r = drive[0]

    def emf(self) -> list[float]:
        return [self.table.ocv_v(z + d[0] + d[1]) + h * self.table.half_gap_v(z) for z, d, h in zip(self.z, self.d, self.h, strict=True)]

    def currents(self, v_set: float, i_max: float, lead: float) -> tuple[float, list[float]]:
        e = self.emf()
        open_v = sum(c * x for c, x in zip(self.c, e, strict=True))
        total = min(max((v_set - open_v) / (self.r + lead), 0.0), i_max)
        return total, [sum(a * x for a, x in zip(row, e, strict=True)) + b * total for row, b in zip(self.a, self.b, strict=True)]

    def step(self, v_set: float, i_max: float, lead: float, dt: float) -> float:
        total, currents = self.currents(v_set, i_max, lead)
        for k, i in enumerate(currents):
            rate = i / self.q[k]
            self.z[k] += rate * dt
            for j, (gain, tau) in enumerate(LAGS):
                self.d[k][j] += (gain * rate - self.d[k][j]) / tau * dt
            sign = (i > 0) - (i < 0)
            self.h[k] += 50.0 * abs(rate) * (sign - self.h[k]) * dt
        return total
