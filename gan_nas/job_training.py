"""The trainings of a comparison: each job by itself, with what the journal says of it."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gan_nas.comparison import FINAL, Job, entry_of
from gan_nas.samples import Samples
from gan_nas.sampling import latents
from gan_nas.setup import Setup
from gan_nas.standalone import StandaloneTraining
from graftwork.collective import agree
from graftwork.failures import Attempt, NotFiniteError, TrainingError, with_retry
from graftwork.progress import Stage
from graftwork.stopping import StopRequested, saved_when_stopped
from graftwork.unit_folders import unit_folder
from graftwork.units import State

ROWS_OF_SAMPLES = 64


class JobTrainings:
    """Trains the networks of a run, each kind through one trace.

    Args:
        setup: Data, networks and judge.
        run: The path of the run folder, for pictures, curves and the found generator.
        samples: Shows the pictures.
        steps: Steps of a training; those of the search's comparison if None.
    """

    def __init__(self, setup: Setup, run: Path, samples: Samples, steps: int | None = None) -> None:
        self.setup, self.config, self.run, self.samples = setup, setup.config, run, samples
        self.steps = steps or self.config.steps
        self._trainings: dict[tuple[str, int], StandaloneTraining] = {}
        self._restored: Callable[[str], None] = lambda text: None

    def train(
        self,
        job: Job,
        state: State,
        stage: Stage,
        checkpoint: Callable[[dict[str, Any], dict[str, np.ndarray]], None],
        due: Callable[[], bool],
        report: Callable[[str], None],
        restored: Callable[[str], None],
    ) -> dict[str, Any]:
        """Trains a job to its end, once more where memory ran out.

        What is not finite goes back by itself (`gan_nas.guarded_training`).

        Args:
            job: What to train.
            state: What the newest checkpoint says of it, if it was under way.
            stage: Where to show progress.
            checkpoint: Writes a checkpoint of the job.
            due: Whether a checkpoint shall be written.
            report: Told one line where it is trained once more.
            restored: Told one line where a training goes back to a good state.

        Returns:
            The journal's event `trained`, or `failed` with the reason.

        Raises:
            StopRequested: As `stage` did, or after a signal; the checkpoint is written.
        """
        current, arrays = state
        self._restored = restored
        first = Attempt(job.training_seed, self.config.batch_size)
        if current and "attempt" in current:
            first = Attempt(**current["attempt"])
        step = 0

        def train(attempt: Attempt) -> dict[str, Any]:
            nonlocal current, step
            training = self._training(job.networks, attempt.batch_size)
            if current:
                training.restore(current["training"], arrays)
                current = None
            else:
                stage.advance(-step)
                training.begin(job.architecture, attempt.seed)

            def save() -> None:
                values, found = training.state()
                checkpoint({"training": values, "attempt": attempt.to_json()}, found)

            with saved_when_stopped():
                try:
                    train_job(
                        job, training, stage, self.samples, lambda _: save() if due() else None
                    )
                except StopRequested:
                    save()
                    raise
                finally:
                    step = training.step
            return {"event": "trained", **self._finished(job, training), **attempt.retried}

        try:
            return with_retry(first, train, report)
        except TrainingError as error:
            stage.advance(self.steps - step)
            return job.failed(error.reason)

    def _finished(self, job: Job, training: StandaloneTraining) -> dict[str, Any]:
        entry = entry_of(job, training, self.setup)
        # Such images are made grey, and have a KID like others.
        if not agree(training.maker.finite):
            raise NotFiniteError(
                "the images of the trained generator are no finite numbers",
                "Begin a new run with lower learning rates, or another loss.",
            )
        self.samples.show(job.slug, training.step, samples_of(training, self.setup), "final")
        if job.keep:
            keep_generator(job, training, self.setup, self.run)
        elif job.kind == FINAL:
            # One before it may fail yet: it waits there for its turn to be recorded.
            folder = unit_folder(self.run, f"{FINAL}-{job.index}")
            folder.mkdir(parents=True, exist_ok=True)
            keep_generator(job, training, self.setup, folder)
        return entry

    def _training(self, kind: str, batch_size: int) -> StandaloneTraining:
        """Returns the training of a kind of networks, which has one trace for all of it."""
        key = kind, batch_size
        if key not in self._trainings:
            # That of another batch size, which may just have taken all memory, goes first.
            for other in [one for one in self._trainings if one[0] == kind]:
                del self._trainings[other]
                self.setup.forget_pair(*other)
            gc.collect()
            pair = self.setup.pair(kind, batch_size)
            report = lambda text: self._restored(text)  # noqa: E731  # That of the job under way.
            self._trainings[key] = StandaloneTraining(pair, self.steps, report)
        return self._trainings[key]


def train_job(
    job: Job,
    training: StandaloneTraining,
    stage: Stage,
    samples: Samples,
    checkpoint: Callable[[StandaloneTraining], None],
) -> None:
    """Trains to the end what `training` has begun; its averaged weights are in place then."""
    name, label = job.slug, job.label
    while not training.done:
        losses = training.advance(stage.advance)
        found = ("generator_loss", "discriminator_loss", "images_per_second")
        samples.events.scalars(name, training.step, {key: losses[key] for key in found})
        stage.note(
            f"{label}, losses {losses['generator_loss']:.2f} {losses['discriminator_loss']:.2f}, "
            f"{losses['images_per_second']:.0f} images/s"
        )
        if not training.done:
            samples.now_and_then(name, training.step, lambda: samples_of(training, samples.setup))
            checkpoint(training)
    training.finish()


def samples_of(training: StandaloneTraining, setup: Setup) -> np.ndarray:
    """Returns a picture's images of a training, with the averaged weights."""
    _, classes, _ = setup.rows_of_samples()
    count = ROWS_OF_SAMPLES if classes is None else len(classes)
    numbers = None if classes is None else np.resize(classes, ROWS_OF_SAMPLES)
    drawn = latents(ROWS_OF_SAMPLES, setup.config.latent, setup.config.seed)
    return training.samples(drawn, numbers)[:count]


def keep_generator(job: Job, training: StandaloneTraining, setup: Setup, folder: Path) -> None:
    """Writes the generator of a finished training as `generator.keras` into a folder."""
    from gan_nas.finished import save_generator

    networks, architecture = setup.networks, job.architecture or None
    model = networks.finished(job.networks, architecture, training.generator)
    save_generator(model, setup, folder / "generator.keras")
