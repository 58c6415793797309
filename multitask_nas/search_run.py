"""`graftwork trees search`: searches, comparison and result in one resumable run.

The work is a list of units, each of which ends in one journal event: for every seed a
search, then the trainings of its comparison. A checkpoint says how many units are done
and holds the state of the one under way.
"""

import json
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork import files
from graftwork.budget import parse_duration
from graftwork.failures import check_anything_found, failure_line
from graftwork.journal import read_journal
from graftwork.progress import Progress, Stage
from graftwork.run import Run, read_config
from graftwork.stored_form import read_form
from graftwork.unit_folders import forget, take_finished
from graftwork.unit_workers import train_side_by_side
from graftwork.units import UnitRun
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
METHODS = {"methods": [{"kind": str}]}
"""What of an earlier result is kept: the networks that were trained from it."""


class TreeSearchRun(UnitRun):
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

    def __init__(self, config: TreeSearch, dataset: Dataset, run: Run, progress: Progress) -> None:
        super().__init__(run)
        self.config, self.dataset, self.progress = config, dataset, progress
        self.space = TreeSpace(config.blocks, dataset.attributes)
        self.training_data = training_data(dataset, config.augment)
        start = stored_start(read_config(run.path), run.path)
        self.searches = SharedSearch(config, self.space, dataset, self.training_data, run, start)
        self.seeds = range(config.seed, config.seed + config.seeds)
        self.budget = parse_duration(config.time_budget) if config.time_budget else float("inf")
        self.trainings = JobTrainings(config, dataset, self.training_data)
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
        check_anything_found(events)
        result = summarize(self.config, self.space, self.dataset, events, status)
        self.searches.events.result(main_numbers(result))
        path = self.run.path / "result.json"
        if path.exists():
            before = read_form(path, METHODS)["methods"]
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
                time_left=lambda: self.time_left(until),
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
        return searched_jobs(self.config, self.space, self.dataset, {"seed": seed, **searched})

    def _compare(
        self, seed: int, jobs: list[Job], shared_scores: list[float | None], first: int
    ) -> bool:
        """Trains a seed's comparison from its `first` job on. False where time ran out."""
        if first >= len(jobs):
            return True
        steps = self.config.steps
        name, done = self._name("Compare", seed), first * steps + self.steps_done()
        with self.progress.stage(name, len(jobs) * steps, done) as stage:
            if self.config.jobs > 1:
                return self._train_side_by_side(jobs, shared_scores, first, stage)
            for job, shared_score in list(zip(jobs, shared_scores, strict=True))[first:]:
                if not self._may_train(job):
                    return False
                stage.note(job.label)
                self._train(job, shared_score, stage)
        return True

    def _may_train(self, job: Job) -> bool:
        return job.kind == "searched" or self.time_left(self.budget)

    def _train_side_by_side(
        self, jobs: list[Job], shared_scores: list[float | None], first: int, stage: Stage
    ) -> bool:
        self.take_state()  # Of a training in this process: a worker begins it anew.
        rest, begun = jobs[first:], self.done

        def record(number: int, entry: dict[str, Any]) -> None:
            if begun + number == self.done:  # Else it waits in its folder for those before it.
                self._record(rest[number], entry, shared_scores[first + number])

        return train_side_by_side(
            self.run.path,
            self.config,
            [(begun + number, job, self._asked(job)) for number, job in enumerate(rest)],
            ADDRESS,
            lambda number: self._may_train(rest[number]),
            stage,
            record,
        )

    def _asked(self, job: Job) -> tuple[str, ...]:
        """Returns the arguments of a job's worker."""
        return str(self.config.steps), json.dumps(job.to_json())

    def _train(self, job: Job, shared_score: float | None, stage: Stage) -> None:
        state = self.take_state()  # Of this job, whoever has finished it.
        entry = take_finished(self.run.path, self.done, job, self._asked(job))
        entry = entry or self.trainings.train(
            job,
            state,
            stage.advance,
            self.checkpoint,
            self.checkpoint_is_due,
            lambda text: self._say(f"{job.label}: {text}"),
        )
        self._record(job, entry, shared_score)

    def _record(self, job: Job, entry: dict[str, Any], shared_score: float | None) -> None:
        """Writes what came of a training into the journal."""
        values = {key: value for key, value in entry.items() if key != "event"}
        if entry["event"] == "failed":
            self._say(failure_line(entry))
            self.run.record("failed", **values)
        else:
            errors = {key: entry[key] for key in ("validation_error", "test_error")}
            self.searches.events.scalars(f"{job.label}, seed {job.seed}", entry["steps"], errors)
            self.run.record("trained", **values, shared_score=shared_score)
        unit = self.done
        self.unit_done()
        forget(self.run.path, unit, keep_log=entry["event"] == "failed")

    def _say(self, text: str) -> None:
        self.progress.console.print(text, markup=False)

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
