"""Which chains keep the limits of an application."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from graftwork.constraints import AdditiveConstraints, Limits
from graftwork.latency import FILE, Latencies
from graftwork.limit_words import with_limits
from graftwork.run import Run
from transfer_nas.config import TransferApplication
from transfer_nas.domains import Domain
from transfer_nas.method_table import RANDOM, RANDOM_SEARCH, mean_of
from transfer_nas.model import build_chain, parameters_and_flops
from transfer_nas.space import ChainSpace


class ChainConstraints(AdditiveConstraints):
    """Limits of chains: every operation adds its cost, skips cost nothing.

    Args:
        space: The space.
        channels: The channels of every stage.
        image_shape: Height, width and channels of an image.
        limits: The limits.
        latencies: Where measured latencies are kept; for this object alone if None.
    """

    def __init__(
        self,
        space: ChainSpace,
        channels: int,
        image_shape: tuple[int, int, int],
        limits: Limits,
        latencies: Path | None = None,
    ) -> None:
        def cost(architecture: Sequence[int]) -> np.ndarray:
            return np.array(parameters_and_flops(space, architecture, channels, image_shape))

        def build(architecture: Sequence[int]) -> keras.Model:
            return build_chain(space.stages(architecture), channels, image_shape)

        first = (0,) * len(space)
        whole = cost(first)
        tables = [
            np.stack([cost((*first[:d], c, *first[d + 1 :])) - whole for c in range(count)])
            for d, count in enumerate(space.choice_counts)
        ]
        measured = Latencies(latencies, build) if limits.latency_ms is not None else None
        super().__init__(limits, whole, tables, measured)


def application_constraints(
    config: TransferApplication, space: ChainSpace, channels: int, domain: Domain, run: Run
) -> ChainConstraints | None:
    """Returns the limits of an application, or None where there are none."""
    shape, limits = domain.dataset.image_shape, config.limits
    return ChainConstraints(space, channels, shape, limits, run.path / FILE) if limits else None


def application_limits(
    result: dict[str, Any], events: Sequence[dict[str, Any]], config: TransferApplication
) -> dict[str, Any]:
    """Returns the result of an application with its limits, and the mean costs of its methods.

    Args:
        result: What `result.json` is to hold.
        events: The journal.
        config: What was asked for.
    """
    if config.max_candidates is None and not config.limits:
        return result
    methods = []
    for row in result["methods"]:
        name = RANDOM_SEARCH if row["name"] == RANDOM else row["name"]
        trained = [
            one
            for event in events
            if event["event"] == "trained" and event["method"] == name
            for one in event["attributes"]
        ]
        costs = {key: mean_of([one.get(key) for one in trained]) for key in ("parameters", "flops")}
        methods.append({**row, **costs})
    return with_limits({**result, "methods": methods}, config)
