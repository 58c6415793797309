"""`graftwork gans search`: searches, comparison and result in one resumable run.

The work is a list of units, each of which ends in one journal event: the floor of the real
images, and for every seed a search, then the trainings of its comparison.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gan_nas.comparison import FINAL, Job, comparison_jobs, entry_of
from gan_nas.grids import save_grid
from gan_nas.guarded_training import Diverged
from gan_nas.results import summarize
from gan_nas.sampling import latents
from gan_nas.setup import Setup
from gan_nas.shared_search import SharedSearch
from gan_nas.standalone import StandaloneTraining
from graftwork import files
from graftwork.budget import parse_duration
from graftwork.event_files import FOLDER, EventFiles
from graftwork.journal import read_journal
from graftwork.progress import Stage
from graftwork.run import Run, read_config
from graftwork.units import UnitRun

SEARCH_SHARE = 0.3
"""The part of a seed's time that its search may take; the controls need the rest."""
ROWS_OF_SAMPLES = 64


class Samples:
    """Pictures of samples and curves, in the run folder and for TensorBoard.

    Args:
        setup: Says how classes are laid out.
        run: The run folder.
    """

    def __init__(self, setup: Setup, run: Run) -> None:
        self.setup, self.folder = setup, run.path / "samples"
        self.events = EventFiles(run.path / FOLDER)
        self._last = time.monotonic()

    def now_and_then(self, name: str, step: int, make: Callable[[], np.ndarray]) -> None:
        """Shows samples, if the last picture is long enough ago."""
        if time.monotonic() - self._last >= 60 * self.setup.config.sample_minutes:
            self.show(name, step, make())

    def show(self, name: str, step: int, images: np.ndarray, ending: str = "") -> None:
        """Writes a picture of samples.

        Args:
            name: What they are of.
            step: The training step.
            images: uint8 `(n, size, size, channels)`.
            ending: What the file is called in place of the step.
        """
        columns, _, names = self.setup.rows_of_samples()
        slug = "-".join("".join(c if c.isalnum() else " " for c in name).split())
        path = self.folder / f"{slug}-{ending or f'step{step:06d}'}.png"
        path.parent.mkdir(exist_ok=True)
        save_grid(images, path, columns, labels=names)
        self.events.picture(name, step, "samples", path)
        self._last = time.monotonic()


class GanSearchRun(UnitRun):
    """One run of `graftwork gans search`.

    Args:
        setup: Data, networks and judge.
        run: The run folder.
    """

    def __init__(self, setup: Setup, run: Run) -> None:
        super().__init__(run)
        self.setup, self.config, self.progress = setup, setup.config, setup.progress
        config = self.config
        self.seeds = range(config.seed, config.seed + config.seeds)
        self.budget = parse_duration(config.time_budget) if config.time_budget else float("inf")
        self.samples = Samples(setup, run)
        self.search: SharedSearch | None = None
        self._trainings: dict[str, StandaloneTraining] = {}

    def execute(self) -> dict[str, Any]:
        """Does what is left to do, writes `result.json` and returns what it holds."""
        self.begin()
        self.samples.events.hyperparameters(read_config(self.run.path))
        if self.done == 0:
            self._measure_floor()
        status, walked = "finished", 1
        for seed in self.seeds:
            if walked == self.done:
                self._search(seed)
            walked += 1
            searched = self.event("searched", seed=seed)
            jobs = comparison_jobs(self.config, self.setup, searched)
            if not self._compare(seed, jobs, searched["shared_scores"], first=self.done - walked):
                status = "time budget"
                break
            walked += len(jobs)
        result = summarize(self.setup, read_journal(self.run.path), status)
        self.samples.events.result(main_numbers(result))
        path = self.run.path / "result.json"
        if path.exists():
            before = files.read_json(path)["methods"]
            result["methods"] += [method for method in before if method["kind"] == FINAL]
        files.write_json(path, result)
        return result

    def _measure_floor(self) -> None:
        """Measures what real images get, before anything is trained against them."""
        self.setup.judge  # noqa: B018  # Its classifier shows a stage of its own.
        self.run.record("floor", test=self.setup.judge.floor().to_json())
        self.unit_done()

    def _search(self, seed: int) -> None:
        share = self.seeds.index(seed) + SEARCH_SHARE
        until = self.budget * share / len(self.seeds)
        self.search = self.search or SharedSearch(self.setup, self.run, self._sampled)
        total = self.search.rounds * self.config.round_steps
        with self.progress.stage(self._name("Search", seed), total, self.steps_done()) as stage:
            entry = self.search.run_seed(
                seed,
                *self.take_state(),
                time_left=lambda: self.run.elapsed < until,
                checkpoint=self.checkpoint,
                stage=stage,
            )
        jobs = comparison_jobs(self.config, self.setup, {"seed": seed, **entry})
        entry["shared_scores"] = self.search.shared_scores([job.architecture for job in jobs])
        self.run.record("searched", seed=seed, **entry)
        self.unit_done()

    def _sampled(self, name: str, step: int, make: Callable[[], Any]) -> None:
        self.samples.now_and_then(name, step, make)
        newest = read_journal(self.run.path)[-1]
        tags = ("score", "entropy", "generator_loss", "discriminator_loss", "images_per_second")
        self.samples.events.scalars(name, step, {tag: newest.get(tag) for tag in tags})

    def _compare(
        self, seed: int, jobs: list[Job], shared_scores: list[float | None], first: int
    ) -> bool:
        """Trains a seed's comparison from its `first` job on. False where time ran out."""
        if first >= len(jobs):
            return True
        steps = self.config.steps
        done = first * steps + self.steps_done()
        with self.progress.stage(self._name("Compare", seed), len(jobs) * steps, done) as stage:
            for job, shared_score in list(zip(jobs, shared_scores, strict=True))[first:]:
                if job.kind != "searched" and self.run.elapsed >= self.budget:
                    return False
                self._train(job, shared_score, stage)
        return True

    def _train(self, job: Job, shared_score: float | None, stage: Stage) -> None:
        training = self._training(job.networks)
        current, arrays = self.take_state()
        if current:
            training.restore(current["training"], arrays)
        else:
            training.begin(job.architecture, job.training_seed)
        name = job.slug
        try:
            train_job(job, training, stage, self.samples, self._checkpoint_training)
        except Diverged as error:
            if job.kind == "searched":
                raise
            # A control that cannot be trained is a result; the others shall not wait for it.
            self._give_up(job, stage, self.config.steps - training.step, str(error))
            return
        entry = entry_of(job, training, self.setup)
        self.run.record("trained", **entry, shared_score=shared_score)
        self.samples.show(name, training.step, samples_of(training, self.setup), "final")
        if job.kind == "searched" and job.seed == self.seeds[0]:
            keep_generator(job, training, self.setup, self.run)
        self.unit_done()

    def _give_up(self, job: Job, stage: Stage, steps: int, reason: str) -> None:
        said = {"method": job.method, "seed": job.seed, "index": job.index, "reason": reason}
        self.run.record("failed", kind=job.kind, architecture=list(job.architecture), **said)
        self.progress.console.print(f"{job.method} failed: {reason}", markup=False)
        stage.advance(steps)
        self.unit_done()

    def _checkpoint_training(self, training: StandaloneTraining) -> None:
        if self.checkpoint_is_due():
            values, arrays = training.state()
            self.checkpoint({"training": values}, arrays)

    def _training(self, kind: str) -> StandaloneTraining:
        """Returns the training of a kind of networks, which has one trace for all of it."""
        if kind not in self._trainings:
            pair = self.setup.pair(kind)
            self._trainings[kind] = StandaloneTraining(pair, self.config.steps, self._restored)
        return self._trainings[kind]

    def _restored(self, text: str) -> None:
        self.run.record("restored", reason=text)
        self.progress.console.print(f"restored: {text}", markup=False)

    def _name(self, stage: str, seed: int) -> str:
        return f"{stage}, seed {seed}" if len(self.seeds) > 1 else stage


def main_numbers(result: dict[str, Any]) -> dict[str, float | None]:
    """Returns the numbers of a result by which TensorBoard compares runs.

    Args:
        result: What `result.json` holds.
    """
    numbers = {key: result[key] for key in ("shared_score", "kendall_tau", "search_seconds")}
    for method in result["methods"]:
        if method["kind"] == "searched":
            measures = ("validation_kid", "kid", "fid", "inception_score")
            numbers |= {key: method[key] for key in measures}
        else:
            numbers[f"kid/{method['name']}"] = method["kid"]
    return numbers


def train_job(
    job: Job,
    training: StandaloneTraining,
    stage: Stage,
    samples: Samples,
    checkpoint: Callable[[StandaloneTraining], None],
) -> None:
    """Trains to the end what `training` has begun; its averaged weights are in place then."""
    name = job.slug
    label = job.method + (f" {job.index + 1}" if job.kind == "random" else "")
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


def keep_generator(job: Job, training: StandaloneTraining, setup: Setup, run: Run) -> None:
    """Writes the generator of a finished training as `generator.keras`."""
    from gan_nas.finished import save_generator

    networks, architecture = setup.networks, job.architecture or None
    model = networks.finished(job.networks, architecture, training.generator)
    save_generator(model, setup, run.path / "generator.keras")
