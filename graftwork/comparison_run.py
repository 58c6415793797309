"""A search and then the trainings of its comparison, seed after seed, in one resumable run."""

import abc
import json
import math
from collections.abc import Callable
from typing import Any

from graftwork import files
from graftwork.budget import parse_duration
from graftwork.failures import check_anything_found, failure_line
from graftwork.journal import read_journal
from graftwork.progress import Progress, Stage
from graftwork.run import Run
from graftwork.stored_form import read_form
from graftwork.unit_folders import forget, take_finished
from graftwork.unit_workers import train_side_by_side
from graftwork.units import State, UnitRun

METHODS = {"methods": [{"kind": str}]}
"""What of an earlier result is kept: the networks that were trained from it."""


class ComparisonRun(UnitRun, abc.ABC):
    """One run of a search that is compared with its controls.

    Its units are, for every seed, a search, and then the jobs of the comparison.

    Args:
        config: What was asked for, checked: with `seed`, `seeds`, `steps`, `jobs`, `time_budget`.
        run: The run folder.
        progress: Where to show progress.
    """

    WORKER: str
    """`module:function` of the workers of `--jobs`."""
    FINAL: str
    """The kind of networks that were trained from the result later, and stay in it."""

    def __init__(self, config: Any, run: Run, progress: Progress) -> None:
        super().__init__(run)
        self.config, self.progress = config, progress
        self.seeds = range(config.seed, config.seed + config.seeds)
        self.budget = parse_duration(config.time_budget) if config.time_budget else float("inf")

    @abc.abstractmethod
    def search(self, seed: int) -> None:
        """Searches, records `searched`, with the `shared_scores` of all jobs, and ends the unit."""

    @abc.abstractmethod
    def jobs_of(self, searched: dict[str, Any]) -> list[Any]:
        """Returns the trainings of one seed, the most telling first.

        Args:
            searched: The event of its search, with `seed`.
        """

    @abc.abstractmethod
    def train(self, job: Any, state: State, stage: Stage) -> dict[str, Any]:
        """Trains a job in this process, from the state that a checkpoint left of it.

        Returns:
            Its event, `trained` or `failed`, with the key `event`.
        """

    @abc.abstractmethod
    def summary(self, events: list[dict[str, Any]], status: str) -> dict[str, Any]:
        """Returns what `result.json` shall hold, and tells TensorBoard of it."""

    def told(self, job: Any, entry: dict[str, Any]) -> None:  # Most have no more.
        """Tells TensorBoard what came of a training."""

    def compare_all(self, walked: int) -> dict[str, Any]:
        """Does what is left to do, writes `result.json` and returns what it holds.

        Args:
            walked: The units before the first search.
        """
        status = "finished"
        for seed in self.seeds:
            if walked == self.done:
                if not self._may_search(seed):
                    status = "time budget"
                    break
                self.search(seed)
            walked += 1
            searched = self.event("searched", seed=seed)
            jobs, scores = self.jobs_of(searched), searched["shared_scores"]
            if not self._compare(seed, jobs, scores, first=self.done - walked):
                status = "time budget"
                break
            walked += len(jobs)
        events = read_journal(self.run.path)
        check_anything_found(events)
        result = self.summary(events, status)
        path = self.run.path / "result.json"
        if path.exists():
            before = read_form(path, METHODS)["methods"]
            result["methods"] += [method for method in before if method["kind"] == self.FINAL]
        files.write_json(path, result)
        return result

    def until(self, seed: int, share: float) -> float:
        """Returns the second of the run at which a seed's search shall end.

        Trainings of seeds before it may have taken more than their time, or less: then it has its
        share of what is left, or all that these left over.

        Args:
            seed: The seed.
            share: The part of a seed's time that its search may take.
        """
        if math.isinf(self.budget):
            return self.budget
        number, seeds = self.seeds.index(seed), len(self.seeds)
        start = 0.0
        # From the journal, so that a search that is resumed ends where it would have.
        for event in read_journal(self.run.path):
            if event.get("seed") == seed:
                break
            start = event["seconds"]
        of_the_rest = start + share * (self.budget - start) / (seeds - number)
        return max(self.budget * (number + share) / seeds, of_the_rest)

    def search_time(self, seed: int, share: float) -> Callable[[], bool]:
        """Returns a function that says, before each round of a search, whether it may begin.

        The first one always may: what is found under untrained weights is drawn at random.

        Args:
            seed: The seed.
            share: The part of a seed's time that its search may take.
        """
        until = self.until(seed, share)
        rounds = int(self._under_way)

        def time_left() -> bool:
            nonlocal rounds
            rounds += 1
            return rounds == 1 or self.time_left(until)

        return time_left

    def stage_name(self, stage: str, seed: int) -> str:
        """Returns what a stage of a seed is called."""
        return f"{stage}, seed {seed}" if len(self.seeds) > 1 else stage

    def say(self, text: str) -> None:
        """Shows a line."""
        self.progress.console.print(text, markup=False)

    def restored(self, text: str) -> None:
        """Records and says that a training went back to a good state."""
        self.run.record("restored", reason=text)
        self.say(f"restored: {text}")

    @property
    def _under_way(self) -> bool:
        """Whether a checkpoint holds a part of the next unit."""
        return self._state[0] is not None

    def _may_search(self, seed: int) -> bool:
        # What has begun has a result, however late.
        return seed == self.seeds[0] or self._under_way or self.time_left(self.budget)

    def _compare(
        self, seed: int, jobs: list[Any], shared_scores: list[float | None], first: int
    ) -> bool:
        """Trains a seed's comparison from its `first` job on. False where time ran out."""
        if first >= len(jobs):
            return True
        steps = self.config.steps
        name, done = self.stage_name("Compare", seed), first * steps + self.steps_done()
        with self.progress.stage(name, len(jobs) * steps, done) as stage:
            if self.config.jobs > 1:
                return self._train_side_by_side(jobs, shared_scores, first, stage)
            for job, shared_score in list(zip(jobs, shared_scores, strict=True))[first:]:
                if not self._may_train(job):
                    return False
                self._train(job, shared_score, stage)
        return True

    def _may_train(self, job: Any) -> bool:
        return job.kind == "searched" or self.time_left(self.budget)

    def _train_side_by_side(
        self, jobs: list[Any], shared_scores: list[float | None], first: int, stage: Stage
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
            self.WORKER,
            lambda number: self._may_train(rest[number]),
            stage,
            record,
        )

    def _asked(self, job: Any) -> tuple[str, ...]:
        """Returns the arguments of a job's worker."""
        return str(self.config.steps), json.dumps(job.to_json())

    def _train(self, job: Any, shared_score: float | None, stage: Stage) -> None:
        state = self.take_state()  # Of this job, whoever has finished it.
        entry = take_finished(self.run.path, self.done, job, self._asked(job))
        self._record(job, entry or self.train(job, state, stage), shared_score)

    def _record(self, job: Any, entry: dict[str, Any], shared_score: float | None) -> None:
        """Writes what came of a training into the journal."""
        for text in entry.get("restored", []):
            self.restored(text)
        values = {key: entry[key] for key in entry if key not in ("event", "restored")}
        if entry["event"] == "failed":
            # What cannot be trained is a result; the others shall not wait for it.
            self.say(failure_line(entry))
            self.run.record("failed", **values)
        else:
            self.told(job, entry)
            self.run.record("trained", **values, shared_score=shared_score)
        unit = self.done
        self.unit_done()
        forget(self.run.path, unit, keep_log=entry["event"] == "failed")
