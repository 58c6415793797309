"""How much a search may evaluate, and how large what it finds may be: the flags for it."""

import dataclasses

from graftwork.constraints import Limits
from graftwork.limits import at_least, positive


@dataclasses.dataclass(frozen=True, kw_only=True)
class BudgetOptions:
    """How much a search may evaluate, and how large what it finds may be."""

    max_candidates: int | None = None
    """End the search after so many evaluated candidates, with the best so far. What gnas compares
    in its warm-up rounds is not counted."""
    max_params: int | None = None
    """The most parameters that what is found may have. Random controls keep the limit, too."""
    max_flops: float | None = None
    """The most floating-point operations for one image, two a multiply-add, such as 2e6."""
    max_latency_ms: float | None = None
    """The most milliseconds for one image, measured on this device."""

    def check_budget(self) -> None:
        """Raises an `InputError` for a value that makes no sense."""
        for name in ("max_candidates", "max_params"):
            if getattr(self, name) is not None:
                at_least(self, 1, name)
        for name in ("max_flops", "max_latency_ms"):
            if getattr(self, name) is not None:
                positive(self, name)

    @property
    def limits(self) -> Limits:
        """What a network may cost."""
        return Limits(self.max_params, self.max_flops, self.max_latency_ms)

    def candidates_of(self, count: int) -> int:
        """Returns how many of `count` candidates may be evaluated."""
        return count if self.max_candidates is None else min(count, self.max_candidates)
