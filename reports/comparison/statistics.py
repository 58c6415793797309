"""Tests between methods, corrected for their number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy import special, stats

from graftwork.benchmark_statistics import holm
from graftwork.statistics import CONFIDENCE, FEWEST
from reports.comparison.protocol import MethodResult, best_of, control_of

SIZED = 10
"""From fewer pairs the size of an effect is too uncertain to be called small or large."""
SIGNIFICANCE = 1 - CONFIDENCE
SAME = 1e-9
"""Differences this small, relative to the values, are those of rounding."""

WON, LOST, NONE_SHOWN = "won", "lost", "no difference is shown"
NO_TEST, EQUAL = "too few seeds for a test", "the same in every seed"
CONSTANT = "the same difference in every seed: no test"


@dataclass(frozen=True)
class Difference:
    """One method against another one.

    Attributes:
        first: The method.
        second: What it is compared with.
        role: What the second is to the first: `"control"`, `"best"` or both.
        mean: First − second, in the unit of the metric.
        interval: The 95 % interval of this comparison alone, by Student's t.
        p_value: Of no difference, two-sided, not corrected.
        corrected: The same after Holm's correction over all comparisons made together.
        effect: The difference in standard deviations: Cohen's d_z of pairs, d otherwise, with
            Hedges' correction for few seeds.
        paired: Whether it is over pairs of the same seed.
        seeds: How many pairs; of both together where it is not paired.
    """

    first: MethodResult
    second: MethodResult
    role: str
    mean: float
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    corrected: float | None = None
    effect: float | None = None
    paired: bool = True
    seeds: int = 0

    @property
    def gain(self) -> float:
        """How much better the first is: above 0 it is better, whichever way the metric goes."""
        return -self.mean if self.first.protocol.lower_is_better else self.mean

    @property
    def verdict(self) -> str:
        """`WON`, `LOST`, `NONE_SHOWN`, `NO_TEST`, `EQUAL` or `CONSTANT`, said of the first."""
        if self.corrected is None:
            if self.seeds < FEWEST:
                return NO_TEST
            return EQUAL if self.mean == 0 else CONSTANT
        if self.corrected >= SIGNIFICANCE:
            return NONE_SHOWN
        return WON if self.gain > 0 else LOST

    @property
    def size(self) -> str | None:
        """How large the effect is called; None where too few seeds stand behind it."""
        known = self.seeds if self.paired else min(len(self.first.values), len(self.second.values))
        return None if self.effect is None or known < SIZED else effect_words(self.effect)

    @property
    def test(self) -> str:
        """The name of the test, with its seeds."""
        if self.p_value is None:
            return "none"
        return f"{'paired t-test' if self.paired else 'Welch'}, {self.seeds} seeds"


def difference(first: MethodResult, second: MethodResult, role: str = "") -> Difference | None:
    """Compares two methods, by pairs of seeds where they share at least three, else by Welch.

    Returns:
        The difference, without a test where there are too few seeds; None where one of the
        two has no number.
    """
    if first.mean is None or second.mean is None:
        return None
    shared = sorted(set(first.values) & set(second.values))
    whole = Difference(first, second, role, first.mean - second.mean, seeds=len(shared))
    if len(shared) >= FEWEST:
        return _paired(whole, shared)
    if min(len(first.values), len(second.values)) >= FEWEST:
        return _welch(whole)
    return whole


def _paired(whole: Difference, seeds: Sequence[int]) -> Difference:
    ours = np.array([whole.first.values[seed] for seed in seeds])
    theirs = np.array([whole.second.values[seed] for seed in seeds])
    pairs = ours - theirs
    scale = max(float(np.abs(ours).max()), float(np.abs(theirs).max()))
    if np.ptp(pairs) <= SAME * scale:
        # Nothing varies: a test has nothing to measure chance by.
        mean = 0.0 if abs(pairs.mean()) <= SAME * scale else float(pairs.mean())
        return replace(whole, mean=mean)
    found = stats.ttest_1samp(pairs, 0.0)
    low, high = found.confidence_interval(CONFIDENCE)
    return replace(
        whole,
        mean=float(pairs.mean()),
        interval=(float(low), float(high)),
        p_value=float(found.pvalue),
        effect=hedges(len(pairs) - 1) * float(pairs.mean() / pairs.std(ddof=1)),
    )


def _welch(whole: Difference) -> Difference:
    ours, theirs = (np.array(list(r.values.values())) for r in (whole.first, whole.second))
    whole = replace(whole, paired=False, seeds=len(ours) + len(theirs))
    scale = max(float(np.abs(ours).max()), float(np.abs(theirs).max()))
    if max(np.ptp(ours), np.ptp(theirs)) <= SAME * scale:
        return whole
    found = stats.ttest_ind(ours, theirs, equal_var=False)
    low, high = found.confidence_interval(CONFIDENCE)
    pooled = float(np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / 2))
    return replace(
        whole,
        interval=(float(low), float(high)),
        p_value=float(found.pvalue),
        effect=hedges(whole.seeds - 2) * float((ours.mean() - theirs.mean()) / pooled),
    )


def differences(results: Sequence[MethodResult]) -> list[Difference]:
    """Compares every method of one protocol with its random search and with the best one.

    p-values are corrected together by Holm's step-down method (1979): the chance of any
    false claim among all of them stays at 5 %.

    Args:
        results: Those of one protocol; methods that are not ranked are left out.
    """
    ranked = [result for result in results if result.ranked]
    best = best_of(ranked)
    found: list[Difference] = []
    for result in ranked:
        control = control_of(result, ranked)
        roles: list[tuple[MethodResult, str]] = []
        if control is not None and result.kind not in ("random", "random search"):
            roles.append((control, "control and best" if control is best else "control"))
        if best is not None and result is not best and (not roles or control is not best):
            roles.append((best, "best"))
        found += [d for other, role in roles if (d := difference(result, other, role))]
    # The best against its control says what the control against the best would repeat.
    known = {(id(d.first), id(d.second)) for d in found if d.role == "control"}
    return corrected([d for d in found if (id(d.second), id(d.first)) not in known])


def corrected(found: Sequence[Difference]) -> list[Difference]:
    """Returns differences with the p-values that Holm's correction over all of them gives."""
    tested = {str(place): d.p_value for place, d in enumerate(found) if d.p_value is not None}
    adjusted = holm(tested)
    return [replace(d, corrected=adjusted.get(str(place))) for place, d in enumerate(found)]


def hedges(freedom: int) -> float:
    """Returns by what an effect is multiplied so that few values do not make it too large.

    The exact factor `Γ(m/2) / (√(m/2) Γ((m−1)/2))` of Hedges (1981), equation 6e.

    Args:
        freedom: Degrees of freedom m of the standard deviation, at least 2.
    """
    log_ratio = special.gammaln(freedom / 2) - special.gammaln((freedom - 1) / 2)
    return float(np.exp(log_ratio) / np.sqrt(freedom / 2))


def effect_words(effect: float) -> str:
    """Returns how large a difference in standard deviations is called (Cohen 1988)."""
    bounds = (0.0, 0.2, 0.5, 0.8, float("inf"))
    names = ("negligible", "small", "medium", "large")
    for name, (low, high) in zip(names, pairwise(bounds), strict=True):
        if low <= abs(effect) < high:
            return name
    return names[-1]
