"""The trainings of a comparison: each job by itself, with what the journal says of it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork.cluster import workers
from graftwork.failures import Attempt, TrainingError, with_retry
from graftwork.stopping import CheckpointDue, StopRequested, saved_when_stopped
from graftwork.training_data import TrainingData
from graftwork.units import State
from multitask_nas.comparison import Job, run_job
from multitask_nas.config import TreeSearch
from multitask_nas.standalone import Schedule, StandaloneTraining


class JobTrainings:
    """Trains the networks of a run's comparisons, each family through one trace.

    Args:
        config: How to train.
        dataset: The data.
        training_data: Its training split, as trainers take it.
    """

    def __init__(self, config: TreeSearch, dataset: Dataset, training_data: TrainingData) -> None:
        self.config, self.dataset, self.training_data = config, dataset, training_data
        self._trainings: dict[Any, StandaloneTraining] = {}
        self._fresh: tuple[Any, list[np.ndarray]] = (None, [])

    def train(
        self,
        job: Job,
        state: State,
        on_steps: Callable[[int], None],
        checkpoint: Callable[[dict[str, Any], dict[str, np.ndarray]], None],
        due: Callable[[], bool],
        report: Callable[[str], None],
    ) -> dict[str, Any]:
        """Trains a job to its end, once more where that fails.

        Args:
            job: What to train.
            state: What the newest checkpoint says of it, if it was under way.
            on_steps: Told after every step that it is done, and how many are taken back.
            checkpoint: Writes a checkpoint of the job.
            due: Whether a checkpoint shall be written.
            report: Told one line where it is trained once more.

        Returns:
            The journal's event `trained`, or `failed` with the reason.

        Raises:
            StopRequested: As `on_steps` did, or after a signal; the checkpoint is written.
        """
        current, arrays = state
        first = Attempt(job.training_seed, self.config.batch_size)
        if current and "attempt" in current:
            first = Attempt(**current["attempt"])
        taken = 0

        def on_step() -> None:
            nonlocal taken
            taken += 1
            on_steps(1)
            # Several machines would not find at the same step that it is time.
            if workers() == 1 and due():
                raise CheckpointDue

        def train(attempt: Attempt) -> dict[str, Any]:
            nonlocal current, taken
            if taken:  # Of the attempt before.
                on_steps(-taken)
                taken = 0
            training = self._training(job, attempt.batch_size)
            if current:
                training.restore(current["training"], arrays)
                current, taken = None, training.trainer.step
            else:
                self._begin(training, job, attempt)

            def save() -> None:
                values, found = training.state()
                checkpoint({"training": values, "attempt": attempt.to_json()}, found)

            with saved_when_stopped():
                try:
                    entry = run_job(job, training, on_step, lambda: save() if due() else None)
                except StopRequested:
                    save()
                    raise
            return {"event": "trained", **entry, **attempt.retried}

        try:
            return with_retry(first, train, report)
        except TrainingError as error:
            on_steps(self.config.steps - taken)
            return job.failed(error.reason)

    def _begin(self, training: StandaloneTraining, job: Job, attempt: Attempt) -> None:
        # All trees of a comparison begin alike, and every network that is built costs memory that
        # TensorFlow does not give back.
        key = job.network.family, attempt.seed
        if self._fresh[0] != key:
            network = job.network.supernet(self.dataset.image_shape, attempt.seed)
            self._fresh = key, [np.array(weight) for weight in network.get_weights()]
        fresh = self._fresh[1]
        training.begin(job.network.architecture, attempt.seed, fresh, attempt.batch_size)

    def _training(self, job: Job, batch_size: int) -> StandaloneTraining:
        """Returns the training of a network's family, which has one trace for all of it."""
        family = job.network.family
        if family not in self._trainings:
            config = self.config
            training = StandaloneTraining(
                job.network.supernet(self.dataset.image_shape, job.training_seed),
                self.dataset,
                self.training_data,
                Schedule(config.steps, config.batch_size, config.learning_rate),
                config.score,
            )
            training.warm_up(batch_size)
            self._trainings[family] = training
        return self._trainings[family]
