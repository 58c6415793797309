"""The trainings of an application: each chosen network by itself, with what is told of it."""

import contextlib
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork.cluster import workers
from graftwork.failures import Attempt, TrainingError, with_retry
from graftwork.job_results import RETRIED, is_result
from graftwork.stopping import CheckpointDue, StopRequested, saved_when_stopped
from graftwork.units import State
from transfer_nas.config import TransferApplication
from transfer_nas.saved_networks import save_network
from transfer_nas.space import ChainSpace
from transfer_nas.standalone import Schedule, StandaloneChains, training_data

_TRAINED = {
    **dict.fromkeys(("validation_score", "test_score"), (None, float)),
    **dict.fromkeys(("parameters", "flops"), int),
    "training_seconds": float,
}
FIRST_WEIGHTS = 1_000_003
"""Added to the seeds: networks do not begin from weights that the shared ones began from."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A network for an attribute.

    Args:
        seed: Seed of first weights and of the order of images.
        attribute: The number of the attribute in the dataset.
        name: The attribute's name.
        architecture: What to train.
        unit: The number of the unit that it belongs to.
        keep: Whether the trained network is to be saved.
    """

    seed: int
    attribute: int
    name: str
    architecture: tuple[int, ...]
    unit: int
    keep: bool

    @property
    def label(self) -> str:
        """What progress calls it."""
        return f"network for {self.name}"

    def accepts(self, result: dict[str, Any]) -> bool:
        """Whether what a worker's folder holds can be what came of it."""
        known: dict[str, Any] = {"attribute": self.name, "architecture": list(self.architecture)}
        if "failed" in result:
            return is_result(result, known, {"failed": str}, {})
        saved = {"saved": True} if self.keep else {}
        return is_result(result, {**known, **saved}, _TRAINED, {"retried": RETRIED})

    @property
    def folder(self) -> str:
        """The name of its worker's folder."""
        return f"{self.unit:05d}-{self.attribute}"

    @property
    def network(self) -> tuple[int, str, tuple[int, ...]]:
        """What is the same of all jobs that would end in the same weights."""
        return self.seed, self.name, self.architecture

    def failed(self, reason: str) -> dict[str, Any]:
        """Returns what is told of a network that could not be trained."""
        return {
            "attribute": self.name,
            "architecture": list(self.architecture),
            "failed": reason,
        }


class JobTrainings:
    """Trains networks, all through one trace and from the same first weights of a seed.

    Args:
        config: How to train.
        space: The space.
        channels: The channels of every stage.
        score: The score on validation and test images.
        dataset: The data.
    """

    def __init__(
        self,
        config: TransferApplication,
        space: ChainSpace,
        channels: int,
        score: str,
        dataset: Dataset,
    ) -> None:
        self.training = StandaloneChains(
            space,
            channels,
            dataset,
            training_data(dataset, config.augment),
            Schedule(config.steps, config.batch_size, config.standalone_learning_rate),
            score,
        )
        self._traced = False

    def train(
        self,
        job: Job,
        state: State,
        on_steps: Callable[[int], None],
        checkpoint: Callable[[dict[str, Any], dict[str, np.ndarray]], None],
        due: Callable[[], bool],
        report: Callable[[str], None],
        keep_in: Path,
    ) -> dict[str, Any]:
        """Trains a network to its end, once more where that fails, and tests it once.

        Args:
            job: What to train.
            state: What the newest checkpoint says of it, if it was under way.
            on_steps: Told after every step that it is done, and how many are taken back.
            checkpoint: Writes a checkpoint of the job.
            due: Whether a checkpoint shall be written.
            report: Told one line where it is trained once more.
            keep_in: The folder to save the network in, if it is to be kept.

        Returns:
            What the journal says of the attribute; where the network could not be trained,
            `failed` says why.

        Raises:
            StopRequested: As `on_steps` did, or after a signal; the checkpoint is written.
        """
        training, (under_way, arrays) = self.training, state
        first = Attempt(job.seed + FIRST_WEIGHTS, training.schedule.batch_size)
        if under_way and "attempt" in under_way:
            first = Attempt(**under_way["attempt"])
        taken = 0

        def on_step() -> None:
            nonlocal taken
            taken += 1
            on_steps(1)
            # Several machines would not find at the same step that it is time.
            if workers() == 1 and due():
                raise CheckpointDue

        def train(attempt: Attempt) -> dict[str, Any]:
            nonlocal under_way, taken
            if taken:  # Of the attempt before.
                on_steps(-taken)
                taken = 0
            if not self._traced:
                training.warm_up(attempt.batch_size)
                self._traced = True
            if under_way:
                training.restore(under_way, arrays)
                under_way, taken = None, training.trainer.step
            else:
                training.begin(job.architecture, job.attribute, attempt.seed, attempt.batch_size)

            def save() -> None:
                values, found = training.state()
                checkpoint({**values, "attempt": attempt.to_json()}, found)

            with saved_when_stopped():
                try:
                    while not training.done:
                        with contextlib.suppress(CheckpointDue):
                            training.advance(on_step)
                        if due():
                            save()
                except StopRequested:
                    save()
                    raise
            return {**self._entry(job), **attempt.retried}

        try:
            entry = with_retry(first, train, report)
        except TrainingError as error:
            on_steps(training.schedule.steps - taken)
            return job.failed(error.reason)
        if job.keep:
            self._save(job, keep_in)
            entry["saved"] = True
        return entry

    def _entry(self, job: Job) -> dict[str, Any]:
        one = self.training.finish()
        return {
            "attribute": job.name,
            "architecture": list(job.architecture),
            "validation_score": finite_or_none(one.validation_score),
            "test_score": finite_or_none(one.test_score),
            "parameters": one.parameters,
            "flops": one.flops,
            "training_seconds": one.seconds,
        }

    def _save(self, job: Job, folder: Path) -> None:
        training = self.training
        save_network(
            training.network,
            training.space,
            training.architecture,
            training.dataset.attributes,
            job.attribute,
            training.dataset.image_shape,
            folder,
        )


def finite_or_none(value: float) -> float | None:
    """Returns a number as JSON can hold it."""
    return value if math.isfinite(value) else None
