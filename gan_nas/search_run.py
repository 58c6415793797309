"""`graftwork gans search`: searches, comparison and result in one resumable run.

The work is a list of units, each of which ends in one journal event: the floor of the real
images, and for every seed a search, then the trainings of its comparison.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from gan_nas.comparison import FINAL, Job, comparison_jobs
from gan_nas.job_training import JobTrainings
from gan_nas.job_worker import ADDRESS
from gan_nas.results import summarize
from gan_nas.samples import Samples
from gan_nas.setup import Setup
from gan_nas.shared_search import SharedSearch
from graftwork.comparison_run import ComparisonRun
from graftwork.journal import read_journal
from graftwork.progress import Stage
from graftwork.run import Run, read_config
from graftwork.units import State

SEARCH_SHARE = 0.3
"""The part of a seed's time that its search may take; the controls need the rest."""


class GanSearchRun(ComparisonRun):
    """One run of `graftwork gans search`.

    Args:
        setup: Data, networks and judge.
        run: The run folder.
    """

    CURRENT = (
        {"strategy": dict, "evaluator": dict, "rounds": int},
        {"training": {"architecture": list, "seconds": float}},
    )
    WORKER = ADDRESS
    FINAL = FINAL

    def __init__(self, setup: Setup, run: Run) -> None:
        super().__init__(setup.config, run, setup.progress)
        self.setup = setup
        self.samples = Samples(setup, run.path)
        self.trainings = JobTrainings(setup, run.path, self.samples)

    def execute(self) -> dict[str, Any]:
        """Does what is left to do, writes `result.json` and returns what it holds."""
        self.begin()
        self.samples.events.hyperparameters(read_config(self.run.path))
        if self.done == 0:
            self._measure_floor()
        return self.compare_all(walked=1)

    def _measure_floor(self) -> None:
        """Measures what real images get, before anything is trained against them."""
        self.setup.judge  # noqa: B018  # Its classifier shows a stage of its own.
        self.run.record("floor", test=self.setup.judge.floor().to_json())
        self.unit_done()

    def search(self, seed: int) -> None:
        time_left = self.search_time(seed, SEARCH_SHARE)
        # Not kept: where memory runs out in a training, its networks shall go (`JobTrainings`).
        shared = SharedSearch(self.setup, self.run, self._sampled)
        name, total = self.stage_name("Search", seed), shared.rounds * self.config.round_steps
        with self.progress.stage(name, total, self.steps_done()) as stage:
            entry = shared.run_seed(
                seed,
                *self.take_state(),
                time_left=time_left,
                checkpoint=self.checkpoint,
                stage=stage,
            )
        jobs = self.jobs_of({"seed": seed, **entry})
        entry["shared_scores"] = shared.shared_scores([job.architecture for job in jobs])
        self.run.record("searched", seed=seed, **entry)
        self.unit_done()

    def _sampled(self, name: str, step: int, make: Callable[[], Any]) -> None:
        self.samples.now_and_then(name, step, make)
        newest = self.run.newest
        tags = ("score", "entropy", "generator_loss", "discriminator_loss", "images_per_second")
        self.samples.events.scalars(name, step, {tag: newest.get(tag) for tag in tags})

    def jobs_of(self, searched: dict[str, Any]) -> list[Job]:
        jobs, seed = comparison_jobs(self.config, self.setup, searched), searched["seed"]
        kept = any(
            event["event"] == "trained" and event["kind"] == "searched" and event["seed"] < seed
            for event in read_journal(self.run.path)
        )
        return [dataclasses.replace(job, keep=job.kind == "searched" and not kept) for job in jobs]

    def train(self, job: Job, state: State, stage: Stage) -> dict[str, Any]:
        return self.trainings.train(
            job,
            state,
            stage,
            self.checkpoint,
            self.checkpoint_is_due,
            lambda text: self.say(f"{job.method}: {text}"),
            self.restored,
        )

    def summary(self, events: list[dict[str, Any]], status: str) -> dict[str, Any]:
        result = summarize(self.setup, events, status)
        self.samples.events.result(main_numbers(result))
        return result


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
