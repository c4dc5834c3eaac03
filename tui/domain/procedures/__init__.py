"""The procedures by name: each makes its steps from a plan."""

from collections.abc import Callable

from tui.domain.plan import Plan
from tui.domain.procedure import Step
from tui.domain.procedures import parallel

PROCEDURES: dict[str, Callable[[Plan], tuple[Step, ...]]] = {"parallel": parallel.steps}
