"""`graftwork trees search`: searches, comparison and result in one resumable run.

The work is a list of units, each of which ends in one journal event: for every seed a
search, then the trainings of its comparison. A checkpoint says how many units are done
and holds the state of the one under way.
"""

from typing import Any

import numpy as np

from datasets import Dataset
from graftwork import files
from graftwork.budget import parse_duration
from graftwork.journal import read_journal
from graftwork.progress import Progress, Stage
from graftwork.run import Run, read_config
from graftwork.units import UnitRun
from multitask_nas.comparison import FINAL, Job, comparison_jobs, run_job
from multitask_nas.config import TreeSearch
from multitask_nas.results import no_path_scores, summarize
from multitask_nas.shared_search import SharedSearch
from multitask_nas.standalone import Schedule, StandaloneTraining, training_data
from multitask_nas.tree import Tree, TreeSpace
from multitask_nas.warm_start import stored_start

SEARCH_SHARE = 0.25
"""The part of a seed's time that its search may take; the controls need the rest."""


class TreeSearchRun(UnitRun):
    """One run of `graftwork trees search`.

    Args:
        config: What was asked for, checked.
        dataset: The data, checked.
        run: The run folder.
        progress: Where to show progress.
    """

    def __init__(self, config: TreeSearch, dataset: Dataset, run: Run, progress: Progress) -> None:
        super().__init__(run)
        self.config, self.dataset, self.progress = config, dataset, progress
        self.space = TreeSpace(config.blocks, dataset.attributes)
        self.training_data = training_data(dataset, config.augment)
        start = stored_start(read_config(run.path), run.path)
        self.searches = SharedSearch(config, self.space, dataset, self.training_data, run, start)
        self.seeds = range(config.seed, config.seed + config.seeds)
        self.budget = parse_duration(config.time_budget) if config.time_budget else float("inf")
        self._trainings: dict[Any, StandaloneTraining] = {}
        if not self.searches.evaluator.has_path_scores:
            reason = no_path_scores(self.space)
            progress.console.print(f"No exact optimum: {reason}.", markup=False)

    def execute(self) -> dict[str, Any]:
        """Does what is left to do, writes `result.json` and returns what it holds."""
        self.begin()
        self.searches.events.hyperparameters(read_config(self.run.path))
        status = "finished"
        walked = 0
        for seed in self.seeds:
            if walked == self.done:
                self._search(seed)
            walked += 1
            searched = self.event("searched", seed=seed)
            jobs = self._jobs_of(seed, searched)
            scores = searched["shared_scores"]
            if not self._compare(seed, jobs, scores, first=self.done - walked):
                status = "time budget"
                break
            walked += len(jobs)
        events = read_journal(self.run.path)
        result = summarize(self.config, self.space, self.dataset, events, status)
        self.searches.events.result(main_numbers(result))
        path = self.run.path / "result.json"
        if path.exists():
            before = files.read_json(path)["methods"]
            result["methods"] += [method for method in before if method["kind"] == FINAL]
        files.write_json(path, result)
        return result

    def _search(self, seed: int) -> None:
        share = self.seeds.index(seed) + SEARCH_SHARE
        until = self.budget * share / len(self.seeds)
        name, total = self._name("Search", seed), self.searches.most_steps
        with self.progress.stage(name, total, self.steps_done()) as stage:
            entry = self.searches.run_seed(
                seed,
                *self.take_state(),
                time_left=lambda: self.run.elapsed < until,
                checkpoint=self.checkpoint,
                stage=stage,
            )
        jobs = self._jobs_of(seed, entry)
        entry["shared_scores"] = self.searches.shared_scores(
            [job.network.architecture if job.in_space else None for job in jobs]
        )
        if seed == self.seeds[0]:
            self._keep_shared_weights()
        self.run.record("searched", seed=seed, **entry)
        self.unit_done()

    def _keep_shared_weights(self) -> None:
        """Writes what `graftwork trees train` fine-tunes from, and the table of path scores."""
        weights = self.searches.supernet.get_weights()
        with files.atomic_file(self.run.path / "shared_weights.npz", "wb") as file:
            np.savez(file, *weights)
        if self.searches.evaluator.has_path_scores:
            with files.atomic_file(self.run.path / "path_scores.npz", "wb") as file:
                np.savez(file, scores=self.searches.evaluator.path_scores())

    def _jobs_of(self, seed: int, searched: dict[str, Any]) -> list[Job]:
        exact = searched["exact_architecture"]
        return comparison_jobs(
            self.config,
            self.space,
            self.dataset,
            seed,
            Tree.from_json(searched["architecture"]),
            Tree.from_json(exact) if exact else None,
        )

    def _compare(
        self, seed: int, jobs: list[Job], shared_scores: list[float | None], first: int
    ) -> bool:
        """Trains a seed's comparison from its `first` job on. False where time ran out."""
        if first >= len(jobs):
            return True
        steps = self.config.steps
        name, done = self._name("Compare", seed), first * steps + self.steps_done()
        with self.progress.stage(name, len(jobs) * steps, done) as stage:
            for job, shared_score in list(zip(jobs, shared_scores, strict=True))[first:]:
                if job.kind != "searched" and self.run.elapsed >= self.budget:
                    return False
                stage.note(job.method + (f" {job.index + 1}" if job.kind == "random" else ""))
                self._train(job, shared_score, stage, *self.take_state())
        return True

    def _train(
        self,
        job: Job,
        shared_score: float | None,
        stage: Stage,
        current: dict[str, Any] | None,
        arrays: dict[str, np.ndarray],
    ) -> None:
        training = self._training(job)
        if current:
            training.restore(current["training"], arrays)
        else:
            seed = job.training_seed
            fresh = job.network.supernet(self.dataset.image_shape, seed).get_weights()
            training.begin(job.network.architecture, seed, fresh)

        def checkpoint() -> None:
            if self.checkpoint_is_due():
                values, state = training.state()
                self.checkpoint({"training": values}, state)

        entry = run_job(job, training, stage.advance, checkpoint)
        number = f" {job.index + 1}" if job.kind == "random" else ""
        errors = {key: entry[key] for key in ("validation_error", "test_error")}
        name = f"{job.method}{number}, seed {job.seed}"
        self.searches.events.scalars(name, entry["steps"], errors)
        self.run.record("trained", **entry, shared_score=shared_score)
        self.unit_done()

    def _training(self, job: Job) -> StandaloneTraining:
        """Returns the training of a network's family, which has one trace for all of it."""
        family = job.network.family
        if family not in self._trainings:
            config = self.config
            training = self._trainings[family] = StandaloneTraining(
                job.network.supernet(self.dataset.image_shape, job.training_seed),
                self.dataset,
                self.training_data,
                Schedule(config.steps, config.batch_size, config.learning_rate),
                config.score,
            )
            training.warm_up()
        return self._trainings[family]

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
            numbers |= {key: method[key] for key in ("validation_error", "test_error")}
        else:
            numbers[f"test_error/{method['name']}"] = method["test_error"]
    return numbers
