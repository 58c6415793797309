"""`graftwork gans search`: searches, comparison and result in one resumable run.

The work is a list of units, each of which ends in one journal event: the floor of the real
images, and for every seed a search, then the trainings of its comparison.
"""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from gan_nas.comparison import FINAL, Job, comparison_jobs
from gan_nas.job_training import JobTrainings
from gan_nas.job_worker import ADDRESS
from gan_nas.results import summarize
from gan_nas.samples import Samples
from gan_nas.setup import Setup
from gan_nas.shared_search import SharedSearch
from graftwork import files
from graftwork.budget import parse_duration
from graftwork.failures import check_anything_found, failure_line
from graftwork.journal import read_journal
from graftwork.progress import Stage
from graftwork.run import Run, read_config
from graftwork.stored_form import read_form
from graftwork.unit_folders import forget, take_finished
from graftwork.unit_workers import train_side_by_side
from graftwork.units import UnitRun

SEARCH_SHARE = 0.3
"""The part of a seed's time that its search may take; the controls need the rest."""
METHODS = {"methods": [{"kind": str}]}
"""What of an earlier result is kept: the networks that were trained from it."""


class GanSearchRun(UnitRun):
    """One run of `graftwork gans search`.

    Args:
        setup: Data, networks and judge.
        run: The run folder.
    """

    CURRENT = (
        {"strategy": dict, "evaluator": dict, "rounds": int},
        {"training": {"architecture": list, "seconds": float}},
    )

    def __init__(self, setup: Setup, run: Run) -> None:
        super().__init__(run)
        self.setup, self.config, self.progress = setup, setup.config, setup.progress
        config = self.config
        self.seeds = range(config.seed, config.seed + config.seeds)
        self.budget = parse_duration(config.time_budget) if config.time_budget else float("inf")
        self.samples = Samples(setup, run.path)
        self.search: SharedSearch | None = None
        self.trainings = JobTrainings(setup, run.path, self.samples)

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
        events = read_journal(self.run.path)
        check_anything_found(events)
        result = summarize(self.setup, events, status)
        self.samples.events.result(main_numbers(result))
        path = self.run.path / "result.json"
        if path.exists():
            before = read_form(path, METHODS)["methods"]
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
                time_left=lambda: self.time_left(until),
                checkpoint=self.checkpoint,
                stage=stage,
            )
        jobs = comparison_jobs(self.config, self.setup, {"seed": seed, **entry})
        entry["shared_scores"] = self.search.shared_scores([job.architecture for job in jobs])
        self.run.record("searched", seed=seed, **entry)
        self.unit_done()

    def _sampled(self, name: str, step: int, make: Callable[[], Any]) -> None:
        self.samples.now_and_then(name, step, make)
        newest = self.run.newest
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
            if self.config.jobs > 1:
                return self._train_side_by_side(jobs, shared_scores, first, stage)
            for job, shared_score in list(zip(jobs, shared_scores, strict=True))[first:]:
                if not self._may_train(job):
                    return False
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
        return str(self.config.steps), json.dumps(dataclasses.asdict(job))

    def _train(self, job: Job, shared_score: float | None, stage: Stage) -> None:
        state = self.take_state()  # Of this job, whoever has finished it.
        entry = take_finished(self.run.path, self.done, job, self._asked(job))
        entry = entry or self.trainings.train(
            job,
            state,
            stage,
            self.checkpoint,
            self.checkpoint_is_due,
            lambda text: self._say(f"{job.method}: {text}"),
            self._restored,
        )
        self._record(job, entry, shared_score)

    def _record(self, job: Job, entry: dict[str, Any], shared_score: float | None) -> None:
        """Writes what came of a training into the journal."""
        for text in entry.get("restored", []):
            self._restored(text)
        values = {key: entry[key] for key in entry if key not in ("event", "restored")}
        if entry["event"] == "failed":
            # What cannot be trained is a result; the others shall not wait for it.
            self._say(failure_line(entry))
            self.run.record("failed", **values)
        else:
            self.run.record("trained", **values, shared_score=shared_score)
        unit = self.done
        self.unit_done()
        forget(self.run.path, unit, keep_log=entry["event"] == "failed")

    def _say(self, text: str) -> None:
        self.progress.console.print(text, markup=False)

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
