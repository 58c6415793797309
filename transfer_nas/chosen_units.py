"""The units of an application that train what its methods chose: one a seed and method."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork.event_files import EventFiles
from graftwork.failures import failure_line
from graftwork.journal import read_journal
from graftwork.progress import Progress
from graftwork.unit_folders import forget, take_finished, unit_folder
from graftwork.unit_workers import train_side_by_side
from graftwork.units import UnitRun
from transfer_nas.chosen_networks import ChosenNetworks, choices
from transfer_nas.config import TransferApplication
from transfer_nas.job_training import Job, JobTrainings
from transfer_nas.job_worker import ADDRESS
from transfer_nas.method_table import FINE_TUNED, RANDOM, RANDOM_ARCHITECTURE, RANDOM_SEARCH
from transfer_nas.methods import known_mean
from transfer_nas.saved_networks import take_network
from transfer_nas.space import ChainSpace

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class _Unit:
    """What a method chose: a job an attribute, with its reward under the shared weights."""

    seed: int
    method: str
    jobs: list[Job]
    shared_scores: list[float | None]


class ChosenUnits:
    """Trains what methods chose, attribute by attribute, and tests it once.

    Args:
        owner: The run whose units these are.
        config: How to train.
        space: The space.
        channels: The channels of every stage.
        score: The score on validation and test images.
        dataset: The target's data.
        events: The curves for TensorBoard.
        progress: Where to show progress.
    """

    def __init__(
        self,
        owner: UnitRun,
        config: TransferApplication,
        space: ChainSpace,
        channels: int,
        score: str,
        dataset: Dataset,
        events: EventFiles,
        progress: Progress,
    ) -> None:
        self.owner, self.run, self.config = owner, owner.run, config
        self.space, self.channels, self.score, self.dataset = space, channels, score, dataset
        self.events, self.progress = events, progress
        self.networks = ChosenNetworks(read_journal(self.run.path))
        self._trainings: JobTrainings | None = None

    def train(self, seed: int, methods: Sequence[str], name: str, keep: bool, until: float) -> bool:
        """Trains what is left of a seed.

        Args:
            seed: The seed.
            methods: The methods, of `NETWORKS`, of this unit of the run and those after it.
            name: What progress calls it.
            keep: Whether the networks of the fine-tuned strategy are saved.
            until: The seconds of the run after which no further unit begins.

        Returns:
            Whether all was done; else time ran out.
        """
        units = self._units(seed, methods, keep)
        if self.config.jobs > 1:
            return self._train_side_by_side(units, name, until)
        for unit in units:
            if not self.owner.time_left(until):
                return False
            self._train_one_by_one(unit, f"{name}: {unit.method}")
        return True

    def _units(self, seed: int, methods: Sequence[str], keep: bool) -> list[_Unit]:
        kept = [choice for choice, _ in self._choices(seed, FINE_TUNED)] if keep else None
        units = []
        for number, method in enumerate(methods, start=self.owner.done):
            chosen = self._choices(seed, method)
            jobs = [
                Job(
                    seed,
                    task,
                    self.dataset.attributes[task],
                    tuple(architecture),
                    number,
                    keep=kept is not None and architecture == kept[task],
                )
                for task, (architecture, _) in enumerate(chosen)
            ]
            units.append(_Unit(seed, method, jobs, [score for _, score in chosen]))
        return units

    def _choices(self, seed: int, network: str) -> list[tuple[list[int], float | None]]:
        method = RANDOM if network in (RANDOM_ARCHITECTURE, RANDOM_SEARCH) else network
        searched = self.owner.event("searched", seed=seed, method=method)
        return choices(searched["attributes"], network)

    def _train_one_by_one(self, unit: _Unit, name: str) -> None:
        current, arrays = self.owner.take_state()
        rows: list[Row] = list(current["trained"]) if current else []
        under_way = current["training"] if current else None
        self.networks.note(unit.seed, rows)
        steps = self.config.steps
        done = len(rows) * steps + (int(arrays["step"]) if under_way else 0)

        def checkpoint(values: dict[str, Any], found: dict[str, np.ndarray]) -> None:
            self.owner.checkpoint({"trained": rows, "training": values}, found)

        with self.progress.stage(name, len(unit.jobs) * steps, done) as stage:
            for job, score in list(zip(unit.jobs, unit.shared_scores, strict=True))[len(rows) :]:
                row = None if under_way else self.networks.known(job, score)
                if row is None:
                    asked = self._asked(job)
                    row = self._taken(job, take_finished(self.run.path, job.folder, job, asked))
                if row is not None:
                    stage.advance(steps)
                else:
                    row = self._in_this_process().train(
                        job,
                        (under_way, arrays),
                        stage.advance,
                        checkpoint,
                        self.owner.checkpoint_is_due,
                        stage.note,
                        self.run.path,
                    )
                under_way = None
                rows.append({**row, "shared_score": score})
                self.networks.note(unit.seed, rows[-1:])
        self._record(unit, rows)

    def _in_this_process(self) -> JobTrainings:
        if self._trainings is None:
            self._trainings = JobTrainings(
                self.config, self.space, self.channels, self.score, self.dataset
            )
        return self._trainings

    def _train_side_by_side(self, units: list[_Unit], name: str, until: float) -> bool:
        """Trains every network that is not known once, whatever chose it."""
        self.owner.take_state()  # Of a training in this process: a worker begins it anew.
        left, fresh, begun = list(units), dict[Any, Row](), set[int]()
        jobs: dict[Any, Job] = {}
        for unit in units:
            for job in unit.jobs:
                if self.networks.known(job, None) is None:
                    jobs.setdefault(job.network, job)
        tasks = list(jobs.values())

        def record_done() -> None:
            while left:
                rows: list[Row] = []
                for job, score in zip(left[0].jobs, left[0].shared_scores, strict=True):
                    found = fresh.get(job.network) or self.networks.known(job, score)
                    if found is None:
                        return
                    rows.append({**found, "shared_score": score})
                self.networks.note(left[0].seed, rows)
                fresh.clear()  # To the units after this one they are known.
                self._record(left.pop(0), rows)

        def take(number: int, row: Row) -> None:
            self._taken(tasks[number], row)
            fresh[tasks[number].network] = row
            record_done()

        def may_begin(number: int) -> bool:
            unit = tasks[number].unit
            if unit not in begun and not self.owner.time_left(until):
                return False
            begun.add(unit)  # A unit that is begun is finished.
            return True

        record_done()
        if not left:
            return True
        with self.progress.stage(name, len(tasks) * self.config.steps) as stage:
            train_side_by_side(
                self.run.path,
                self.config,
                [(job.folder, job, self._asked(job)) for job in tasks],
                ADDRESS,
                may_begin,
                stage,
                take,
            )
        return not left

    def _asked(self, job: Job) -> list[str]:
        """Returns the arguments of a job's worker."""
        model = (self.space.length, self.channels, self.score)
        return [json.dumps(value) for value in (*model, dataclasses.asdict(job))]

    def _taken(self, job: Job, row: Row | None) -> Row | None:
        """Returns what a worker left of a job; the network that it saved is the run's then."""
        if row and row.get("saved"):
            folder, attributes = unit_folder(self.run.path, job.folder), self.dataset.attributes
            take_network(
                folder, self.space, job.architecture, attributes, job.attribute, self.run.path
            )
        return row

    def _record(self, unit: _Unit, rows: list[Row]) -> None:
        """Writes what came of a unit into the journal."""
        for task, row in enumerate(rows):
            if "failed" in row:
                self._tell_failure(unit, task, row)
        trained = [row for row in rows if "failed" not in row]
        scores = {
            key: known_mean([row[key] for row in trained])
            for key in ("validation_score", "test_score")
        }
        curve = f"{unit.method} trained, seed {unit.seed}"
        self.events.scalars(curve, self.config.steps, scores)
        self.run.record(
            "trained",
            seed=unit.seed,
            method=unit.method,
            training_seconds=sum(row["training_seconds"] for row in trained),
            attributes=trained,
        )
        self.owner.unit_done()
        for job, row in zip(unit.jobs, rows, strict=True):
            forget(self.run.path, job.folder, keep_log="failed" in row)

    def _tell_failure(self, unit: _Unit, task: int, row: Row) -> None:
        """Records a network that could not be trained; it counts nowhere."""
        found = {
            **{"method": unit.method, "kind": "chosen", "seed": unit.seed, "index": task},
            **{key: row[key] for key in ("attribute", "architecture")},
            "reason": row["failed"],
        }
        self.run.record("failed", **found)
        self.progress.console.print(failure_line(found), markup=False)
