"""Trains what the methods of a transfer chose by itself, attribute by attribute."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork.progress import Progress
from transfer_nas.config import TransferApplication
from transfer_nas.method_table import RANDOM_ARCHITECTURE
from transfer_nas.saved_networks import save_network
from transfer_nas.space import ChainSpace
from transfer_nas.standalone import Schedule, StandaloneChains, training_data

FIRST_WEIGHTS = 1_000_003
"""Added to the seeds: networks do not begin from weights that the shared ones began from."""

Choice = tuple[list[int], float | None]
"""An architecture, and its reward under the shared weights."""


class ChosenNetworks:
    """The trainings of a run, all through one trace and from the same first weights of a seed.

    Methods often choose the same architecture for an attribute. With the seed they would train it
    from the same weights on the same images in the same order: it is trained once.

    Args:
        config: How to train.
        space: The space.
        channels: The channels of every stage.
        score: The score on validation and test images.
        dataset: The target's data.
    """

    def __init__(
        self,
        config: TransferApplication,
        space: ChainSpace,
        channels: int,
        score: str,
        dataset: Dataset,
    ) -> None:
        self.steps, self.attributes = config.steps, dataset.attributes
        self.training = StandaloneChains(
            space,
            channels,
            dataset,
            training_data(dataset, config.augment),
            Schedule(config.steps, config.batch_size, config.standalone_learning_rate),
            score,
        )
        self.training.warm_up()
        self._known: dict[tuple[int, str, tuple[int, ...]], dict[str, Any]] = {}

    def remember(self, events: Sequence[dict[str, Any]]) -> None:
        """Takes over what the journal says of networks that were trained before.

        Args:
            events: The journal of the run.
        """
        for event in events:
            if event["event"] == "trained":
                self._note(event["seed"], event["attributes"])

    def _note(self, seed: int, rows: Sequence[dict[str, Any]]) -> None:
        for row in rows:
            network = (seed, row["attribute"], tuple(row["architecture"]))
            self._known.setdefault(network, row)

    def train(
        self,
        rows: Sequence[Choice],
        seed: int,
        current: dict[str, Any] | None,
        arrays: dict[str, np.ndarray],
        checkpoint: Callable[[dict[str, Any], dict[str, np.ndarray]], None],
        progress: Progress,
        name: str,
        keep: Path | None = None,
    ) -> list[dict[str, Any]]:
        """Trains an architecture for every attribute, and tests it once.

        What the same seed has trained for the attribute before is not trained again, unless it
        is to be kept.

        Args:
            rows: What to train, attribute by attribute.
            seed: Seed of first weights and of the order of images.
            current: What the newest checkpoint says of these trainings, if they were under way.
            arrays: The arrays of that checkpoint.
            checkpoint: Is offered a state to write, now and then.
            progress: Where to show progress.
            name: What is shown there.
            keep: The run folder to save the trained networks in, if they are to be kept.

        Returns:
            What the journal says of every attribute.
        """
        training, steps = self.training, self.steps
        trained = list(current["trained"]) if current else []
        under_way = current["training"] if current else None
        self._note(seed, trained)
        done = len(trained) * steps + (int(arrays["step"]) if under_way else 0)
        with progress.stage(name, len(rows) * steps, done) as stage:
            for task in range(len(trained), len(rows)):
                architecture, shared_score = rows[task]
                known = self._known.get((seed, self.attributes[task], tuple(architecture)))
                if known is not None and not under_way and keep is None:
                    trained.append(_reused(known, shared_score))
                    stage.advance(steps)
                    continue
                if under_way:
                    training.restore(under_way, arrays)
                    under_way = None
                else:
                    training.begin(tuple(architecture), task, seed + FIRST_WEIGHTS)
                while not training.done:
                    training.advance(stage.advance)
                    values, state = training.state()
                    checkpoint({"trained": trained, "training": values}, state)
                trained.append(self._entry(task, shared_score))
                self._note(seed, trained[-1:])
                if keep is not None:
                    save_network(
                        training.network,
                        training.space,
                        training.architecture,
                        self.attributes,
                        task,
                        training.dataset.image_shape,
                        keep,
                    )
        return trained

    def _entry(self, task: int, shared_score: float | None) -> dict[str, Any]:
        one = self.training.finish()
        return {
            "attribute": self.attributes[task],
            "architecture": list(self.training.architecture),
            "shared_score": shared_score,
            "validation_score": finite_or_none(one.validation_score),
            "test_score": finite_or_none(one.test_score),
            "parameters": one.parameters,
            "flops": one.flops,
            "training_seconds": one.seconds,
        }


def _reused(known: dict[str, Any], shared_score: float | None) -> dict[str, Any]:
    return {**known, "shared_score": shared_score, "training_seconds": 0.0, "reused": True}


def choices(searched: Sequence[dict[str, Any]], network: str) -> list[Choice]:
    """Returns what is to be trained for every attribute.

    Args:
        searched: What the journal says of the method's attributes.
        network: One of `NETWORKS`.
    """
    if network == RANDOM_ARCHITECTURE:
        return [(row["first_architecture"], row["rewards"][0]) for row in searched]
    return [(row["architecture"], row["score"]) for row in searched]


def finite_or_none(value: float) -> float | None:
    """Returns a number as JSON can hold it."""
    return value if math.isfinite(value) else None
