"""`graftwork gans train`: the best generators of a search, trained longer."""

from typing import Any

from gan_nas.comparison import FINAL, Job, entry_of
from gan_nas.config import GanTraining
from gan_nas.networks import CELLS
from gan_nas.results import method_row
from gan_nas.search_run import Samples, keep_generator, samples_of, train_job
from gan_nas.setup import Setup
from gan_nas.standalone import StandaloneTraining
from graftwork import files
from graftwork.errors import InputError
from graftwork.run import Run
from graftwork.units import UnitRun

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
        saved, arrays = self.run.restore() or ({"done": 0, "current": None}, {})
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
        setup = self.setup
        training = StandaloneTraining(setup.pair(CELLS), self.steps, self._restored)
        samples, saved = Samples(setup, self.run), {**saved, "final": state}
        first, total = state["trained"], len(self.jobs) * self.steps

        def checkpoint(training: StandaloneTraining) -> None:
            if self.checkpoint_is_due():
                values, found = training.state()
                self._save({**saved, "final": {**state, "current": values}}, found)

        current = state.get("current")
        done = first * self.steps + int(arrays["step"] if current else 0)
        with setup.progress.stage("Train", total, done) as stage:
            for number, job in list(enumerate(self.jobs))[first:]:
                if current:  # Its checkpoint stays until there is a newer one.
                    training.restore(current, arrays)
                    current = None
                else:
                    training.begin(job.architecture, self.config.seed)
                    state |= {"trained": number, "current": None}
                    self._save(saved)
                train_job(job, training, stage, samples, checkpoint)
                entry = entry_of(job, training, setup)
                self.run.record("trained", **entry, shared_score=None)
                samples.show(job.slug, training.step, samples_of(training, setup), "final")
                self._write(entry)
                if job.index == 0:
                    keep_generator(job, training, setup, self.run)
                state |= {"trained": number + 1, "current": None}
                self._save(saved)
        self._save({key: value for key, value in saved.items() if key != "final"})
        return self.result

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
