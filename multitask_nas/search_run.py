"""`graftwork trees search`: searches, comparison and result in one resumable run.

The work is a list of units, each of which ends in one journal event: for every seed a
search, then the trainings of its comparison. A checkpoint says how many units are done
and holds the state of the one under way.
"""

from typing import Any

import numpy as np

from datasets import Dataset
from graftwork import files
from graftwork.comparison_run import ComparisonRun
from graftwork.progress import Progress, Stage
from graftwork.run import Run, read_config
from graftwork.units import State
from multitask_nas.comparison import FINAL, Job, searched_jobs
from multitask_nas.config import TreeSearch
from multitask_nas.job_training import JobTrainings
from multitask_nas.job_worker import ADDRESS
from multitask_nas.results import no_path_scores, summarize
from multitask_nas.shared_search import SharedSearch
from multitask_nas.standalone import training_data
from multitask_nas.tree import TreeSpace
from multitask_nas.warm_start import stored_start

SEARCH_SHARE = 0.25
"""The part of a seed's time that its search may take; the controls need the rest."""


class TreeSearchRun(ComparisonRun):
    """One run of `graftwork trees search`.

    Args:
        config: What was asked for, checked.
        dataset: The data, checked.
        run: The run folder.
        progress: Where to show progress.
    """

    CURRENT = (
        {
            **{"strategy": dict, "rounds": int},
            **{"training_seconds": float, "evaluation_seconds": float},
        },
        {"training": {"architecture": list, "best_score": float, "worse": int, "seconds": float}},
    )
    WORKER = ADDRESS
    FINAL = FINAL

    def __init__(self, config: TreeSearch, dataset: Dataset, run: Run, progress: Progress) -> None:
        super().__init__(config, run, progress)
        self.dataset = dataset
        self.space = TreeSpace(config.blocks, dataset.attributes)
        self.training_data = training_data(dataset, config.augment)
        start = stored_start(read_config(run.path), run.path)
        self.shared = SharedSearch(config, self.space, dataset, self.training_data, run, start)
        self.trainings = JobTrainings(config, dataset, self.training_data)
        if not self.shared.evaluator.has_path_scores:
            self.say(f"No exact optimum: {no_path_scores(self.space)}.")

    def execute(self) -> dict[str, Any]:
        """Does what is left to do, writes `result.json` and returns what it holds."""
        self.begin()
        self.shared.events.hyperparameters(read_config(self.run.path))
        return self.compare_all(walked=0)

    def search(self, seed: int) -> None:
        time_left = self.search_time(seed, SEARCH_SHARE)
        name, total = self.stage_name("Search", seed), self.shared.most_steps
        with self.progress.stage(name, total, self.steps_done()) as stage:
            entry = self.shared.run_seed(
                seed,
                *self.take_state(),
                time_left=time_left,
                checkpoint=self.checkpoint,
                stage=stage,
            )
        jobs = self.jobs_of({"seed": seed, **entry})
        entry["shared_scores"] = self.shared.shared_scores(
            [job.network.architecture if job.in_space else None for job in jobs]
        )
        if seed == self.seeds[0]:
            self._keep_shared_weights()
        self.run.record("searched", seed=seed, **entry)
        self.unit_done()

    def _keep_shared_weights(self) -> None:
        """Writes what `graftwork trees train` fine-tunes from, and the table of path scores."""
        weights = self.shared.supernet.get_weights()
        with files.atomic_file(self.run.path / "shared_weights.npz", "wb") as file:
            np.savez(file, *weights)
        if self.shared.evaluator.has_path_scores:
            with files.atomic_file(self.run.path / "path_scores.npz", "wb") as file:
                np.savez(file, scores=self.shared.evaluator.path_scores())

    def jobs_of(self, searched: dict[str, Any]) -> list[Job]:
        return searched_jobs(self.config, self.space, self.dataset, searched)

    def train(self, job: Job, state: State, stage: Stage) -> dict[str, Any]:
        stage.note(job.label)
        return self.trainings.train(
            job,
            state,
            stage.advance,
            self.checkpoint,
            self.checkpoint_is_due,
            lambda text: self.say(f"{job.label}: {text}"),
        )

    def told(self, job: Job, entry: dict[str, Any]) -> None:
        errors = {key: entry[key] for key in ("validation_error", "test_error")}
        self.shared.events.scalars(f"{job.label}, seed {job.seed}", entry["steps"], errors)

    def summary(self, events: list[dict[str, Any]], status: str) -> dict[str, Any]:
        result = summarize(self.config, self.space, self.dataset, events, status)
        self.shared.events.result(main_numbers(result))
        return result


def main_numbers(result: dict[str, Any]) -> dict[str, float | None]:
    """Returns the numbers of a result by which TensorBoard compares runs.

    Args:
        result: What `result.json` holds.
    """
    numbers = {key: result[key] for key in ("shared_score", "kendall_tau", "search_seconds")}
    for method in result["methods"]:
        if method["kind"] == "searched":
            numbers |= {key: method[key] for key in ("validation_error", "test_error")}
        else:
            numbers[f"test_error/{method['name']}"] = method["test_error"]
    return numbers
