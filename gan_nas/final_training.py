"""`graftwork gans train`: the best generators of a search, trained longer."""

import json
from typing import Any

from gan_nas.comparison import FINAL, Job
from gan_nas.config import GanTraining
from gan_nas.finished import take_generator
from gan_nas.job_training import JobTrainings
from gan_nas.job_worker import ADDRESS
from gan_nas.networks import CELLS
from gan_nas.results import method_row
from gan_nas.samples import Samples
from gan_nas.setup import Setup
from graftwork import files
from graftwork.errors import InputError
from graftwork.failures import TrainingError, failure_line
from graftwork.progress import Stage
from graftwork.run import Run
from graftwork.unit_folders import forget, take_finished, unit_folder
from graftwork.unit_workers import train_side_by_side
from graftwork.units import STATE, State, UnitRun

TIMES_THE_COMPARISON = 5


class FinalTraining(UnitRun):
    """Trains generators of the shortlist from scratch, one unit each.

    Args:
        config: How to train.
        result: What `result.json` holds.
        setup: Data, networks and judge of the search.
        run: The run folder.
    """

    def __init__(self, config: GanTraining, result: dict[str, Any], setup: Setup, run: Run) -> None:
        super().__init__(run)
        self.config, self.result, self.setup = config, result, setup
        self.steps = config.steps or TIMES_THE_COMPARISON * setup.config.steps
        self.trainings = JobTrainings(setup, run.path, Samples(setup, run.path), self.steps)
        shortlist = result["shortlist"]
        if config.top > len(shortlist):
            raise InputError(
                f"top must be at most {len(shortlist)}, the length of the shortlist of {run.path}. "
                f"Received: {config.top}. A search with a longer --top has more."
            )
        self.jobs = [
            Job(
                f"final generator{f', rank {rank + 1}' if rank else ''}",
                FINAL,
                config.seed,
                rank,
                CELLS,
                tuple(entry["architecture"]),
            )
            for rank, entry in enumerate(shortlist[: config.top])
        ]

    def execute(self) -> dict[str, Any]:
        """Trains what is left, and returns what `result.json` holds now."""
        saved, arrays = self.run.restore(STATE) or ({"done": 0, "current": None}, {})
        if saved.get("current"):  # Its checkpoint would be lost.
            raise InputError(
                f"the search in {self.run.path} was resumed and is not finished. Go on with: "
                f"graftwork gans search --out {self.run.path} --resume"
            )
        asked = {"steps": self.steps, "seed": self.config.seed, "top": self.config.top}
        before = saved.get("final") if saved.get("final", {}).get("asked") == asked else None
        if self.config.resume and before is None:
            raise InputError(
                f"{self.run.path} has no interrupted training with these flags. Leave --resume out."
            )
        state: dict[str, Any] = {"asked": asked, "trained": 0}
        if self.config.resume and before:
            state = before
        else:
            for rank in range(len(self.result["shortlist"])):
                # What workers have left may be of other steps or another seed.
                forget(self.run.path, self._unit(rank))
        self.state, self.saved = state, {**saved, "final": state}
        current = state.get("current")
        done = state["trained"] * self.steps + int(arrays["step"] if current else 0)
        total = len(self.jobs) * self.steps
        with self.setup.progress.stage("Train", total, done) as stage:
            rest = self.jobs[state["trained"] :]
            if self.config.jobs > 1:
                self._train_side_by_side(rest, stage)
            else:
                begun = {"training": current} if current else None
                if begun and state.get("attempt"):
                    begun["attempt"] = state["attempt"]
                for job in rest:
                    self._train(job, (begun, arrays), stage)
                    begun, arrays = None, {}
        self._save({key: value for key, value in saved.items() if key != "final"})
        failed = self.state.get("failed", [])
        if len(failed) == len(self.jobs):
            raise TrainingError(
                f"the {failed[0]['method']} cannot be trained: {failed[0]['reason']}. What was "
                "done before is kept",
                "Give another --seed, or search anew with lower learning rates.",
            )
        return self.result

    def _train(self, job: Job, begun: State, stage: Stage) -> None:
        if not begun[0]:  # Its checkpoint stays until there is a newer one.
            self._save(self.saved)

        def checkpoint(values: dict[str, Any], found: dict[str, Any]) -> None:
            current = {"current": values["training"], "attempt": values["attempt"]}
            self._save({**self.saved, "final": {**self.state, **current}}, found)

        unit, asked = self._unit(job.index), self._asked(job)
        entry = take_finished(self.run.path, unit, job, asked) or self.trainings.train(
            job,
            begun,
            stage,
            checkpoint,
            self.checkpoint_is_due,
            lambda text: self.setup.progress.console.print(f"{job.label}: {text}", markup=False),
            self._restored,
        )
        self._record(job, entry)

    def _train_side_by_side(self, rest: list[Job], stage: Stage) -> None:
        """Trains in worker processes; what this one had of a training is begun anew."""
        self.state |= {"current": None, "attempt": None}
        self._save(self.saved)
        train_side_by_side(
            self.run.path,
            self.config,
            [(self._unit(job.index), job, self._asked(job)) for job in rest],
            ADDRESS,
            lambda number: True,
            stage,
            lambda number, entry: self._record(rest[number], entry),
        )

    def _asked(self, job: Job) -> tuple[str, ...]:
        """Returns the arguments of a job's worker."""
        return str(self.steps), json.dumps(job.to_json())

    def _unit(self, rank: int) -> str:
        return f"{FINAL}-{rank}"

    def _record(self, job: Job, entry: dict[str, Any]) -> None:
        """Writes what came of a training into the journal and `result.json`."""
        for text in entry.get("restored", []):
            self._restored(text)
        values = {key: entry[key] for key in entry if key not in ("event", "restored")}
        failed = entry["event"] == "failed"
        if failed:
            self.setup.progress.console.print(failure_line(entry), markup=False)
            self.run.record("failed", **values)
            self.state["failed"] = [*self.state.get("failed", []), entry]
        else:
            if len(self.state.get("failed", [])) == job.index:  # All before it have failed.
                take_generator(unit_folder(self.run.path, self._unit(job.index)), self.run.path)
            self.run.record("trained", **values, shared_score=None)
            self._write(values)
        self.state |= {"trained": job.index + 1, "current": None, "attempt": None}
        self._save(self.saved)
        forget(self.run.path, self._unit(job.index), keep_log=failed)

    def _save(self, values: dict[str, Any], arrays: dict[str, Any] | None = None) -> None:
        self.run.checkpoint(values, arrays or {})
        self.mark_checkpoint()

    def _write(self, entry: dict[str, Any]) -> None:
        row = {
            **method_row([entry]),
            "note": f"{entry['steps']} steps: another budget than the rows above",
        }
        others = [m for m in self.result["methods"] if m["name"] != row["name"]]
        self.result = {**self.result, "methods": [*others, row]}
        files.write_json(self.run.path / "result.json", self.result)

    def _restored(self, text: str) -> None:
        self.run.record("restored", reason=text)
        self.setup.progress.console.print(f"restored: {text}", markup=False)


def train_final(
    config: GanTraining, result: dict[str, Any], setup: Setup, run: Run
) -> dict[str, Any]:
    """Trains the shortlist, writes `generator.keras` and rows of `result.json`.

    Args:
        config: How to train.
        result: What `result.json` holds.
        setup: Data, networks and judge of the search.
        run: The run folder.

    Returns:
        What `result.json` holds now.
    """
    return FinalTraining(config, result, setup, run).execute()
