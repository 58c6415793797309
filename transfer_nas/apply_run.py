"""`graftwork transfer apply`: a learned strategy and its controls on another domain.

The work is a list of units, each of which ends in one journal event. For every strategy of the
source: the target's shared weights, the searches of all methods under them, and the trainings of
what they chose.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import identity
from graftwork import files
from graftwork.budget import parse_duration
from graftwork.event_files import FOLDER, EventFiles
from graftwork.journal import read_journal
from graftwork.progress import Progress
from graftwork.run import Run, read_config
from graftwork.search import search
from graftwork.units import UnitRun
from transfer_nas.chosen_units import ChosenUnits
from transfer_nas.config import Score, TransferApplication
from transfer_nas.constraints import application_constraints, application_limits
from transfer_nas.described import describe
from transfer_nas.domains import Domain
from transfer_nas.learn_run import note
from transfer_nas.method_table import NETWORKS, TRANSFERRED
from transfer_nas.methods import METHODS, Rewards, known_mean, make_method, method_entry
from transfer_nas.results import application_result
from transfer_nas.shared_weights import SharedWeights
from transfer_nas.space import ChainSpace
from transfer_nas.stored_strategy import StoredStrategy

SHARED_SHARE, SEARCH_SHARE = 0.35, 0.7
"""The parts of a seed's time after which its shared weights, and its searches, must be done."""
CHUNK = 50
"""Shared training steps between two possible checkpoints."""


class ApplyRun(UnitRun):
    """One run of `graftwork transfer apply`.

    Args:
        config: What was asked for, checked.
        strategies: The source's strategies to apply.
        score: The reward.
        domain: The target, checked.
        run: The run folder.
        progress: Where to show progress.
    """

    CURRENT = (
        {"shared": int, "loss": float},
        {"strategy": dict, "found": dict, "search_seconds": float},
        {"trained": list, "training": (None, dict)},
    )

    def __init__(
        self,
        config: TransferApplication,
        strategies: Sequence[StoredStrategy],
        score: Score,
        domain: Domain,
        run: Run,
        progress: Progress,
    ) -> None:
        super().__init__(run)
        self.config, self.strategies, self.score = config, tuple(strategies), score
        self.domain, self.progress = domain, progress
        self.events = EventFiles(run.path / FOLDER)
        self.space = ChainSpace.make(config.stages or strategies[0].space["stages"])
        self.channels = config.channels or strategies[0].channels
        self.budget = parse_duration(config.time_budget) if config.time_budget else float("inf")
        self.shared = SharedWeights(
            self.space,
            [domain],
            channels=self.channels,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            augment=config.augment,
            score=score,
            steps=CHUNK,
            reward_images=config.reward_images,
            seed=strategies[0].seed,
        )
        self.descriptors = describe([domain])[1]
        self.constraints = application_constraints(config, self.space, self.channels, domain, run)
        self.chosen: ChosenUnits | None = None

    def execute(self) -> dict[str, Any]:
        """Does what is left to do, writes `result.json` and returns what it holds."""
        self.begin()
        self.events.hyperparameters(read_config(self.run.path))
        status, walked = "finished", 0
        for number, strategy in enumerate(self.strategies):
            units = 1 + len(METHODS) + len(NETWORKS) * bool(self.config.steps)
            if walked + units > self.done:
                if number and walked == self.done and not self.time_left(self.budget):
                    status = "time budget"
                    break
                if not self._apply(number, strategy, first=self.done - walked):
                    status = "time budget"
                    break
            walked += units
        events = read_journal(self.run.path)
        if any(event.get("cut_short") for event in events):
            status = "time budget"
        result = application_result(
            identity.describe(self.domain.dataset),
            read_config(self.run.path)["source"],
            {**self.space.to_json(), "size": str(self.space.size), "channels": self.channels},
            self.score,
            events,
            status,
        )
        result = application_limits(result, events, self.config)
        self.events.result(main_numbers(result))
        files.write_json(self.run.path / "result.json", result)
        return result

    def _apply(self, number: int, stored: StoredStrategy, first: int) -> bool:
        """Does a seed's units from the `first` on. False where time ran out."""
        self.shared.choose_images(stored.seed)
        begin, slot = (self.budget * n / len(self.strategies) for n in (number, 1))
        if math.isinf(self.budget):
            begin, slot = 0.0, math.inf
        if first == 0:
            self._train_shared_weights(stored.seed, begin + SHARED_SHARE * slot)
        else:
            self.shared.load(self._kept(stored.seed))
        searches = (SEARCH_SHARE - SHARED_SHARE) / len(METHODS)
        for place, method in enumerate(METHODS, start=1):
            if place >= first:
                share = SHARED_SHARE + place * searches
                self._search(stored, method, begin + share * slot)
        if not self.config.steps:
            return True
        return self._train(stored.seed, NETWORKS[max(0, first - 1 - len(METHODS)) :])

    def _train_shared_weights(self, seed: int, until: float) -> None:
        current, arrays = self.take_state()
        trainer, total = self.shared.trainers[0], self.config.shared_steps
        loss = None
        if current:
            self.shared.restore(arrays)
            loss = current["loss"]
        else:
            self.shared.start_over(seed)

        def restored(text: str) -> None:
            self.run.record("restored", seed=seed, reason=text)
            stage.note(f"restored: {text}")

        with self.progress.stage(self._name("Shared weights", seed), total, trainer.step) as stage:
            self.shared.on_step(stage.advance)
            self.shared.evaluator.report = restored
            while trainer.step < total and (not trainer.step or self.time_left(until)):
                self.shared.evaluator.steps = min(CHUNK, total - trainer.step)
                (loss,) = self.shared.evaluator.train(self.shared.uniform_pair)["loss"].values()
                stage.note(f"loss {loss:.4f}")
                self.events.scalars(f"shared weights, seed {seed}", trainer.step, {"loss": loss})
                if self.checkpoint_is_due():
                    self.checkpoint({"shared": trainer.step, "loss": loss}, self.shared.state())
        self.shared.save(self._kept(seed))
        self.run.record(
            "shared",
            seed=seed,
            steps=trainer.step,
            loss=loss,
            cut_short=trainer.step < total,
        )
        self.unit_done()

    def _kept(self, seed: int) -> Path:
        return self.run.path / "shared" / f"seed-{seed}.npz"

    def _search(self, stored: StoredStrategy, method: str, until: float) -> None:
        tasks, config = len(self.domain.attributes), self.config
        evaluations = config.candidates_of(config.fine_tune)
        strategy = make_method(
            method,
            self.space,
            self.descriptors,
            stored,
            evaluations,
            config.controller_learning_rate,
            self.constraints,
        )
        found = Rewards(self.shared, tasks, self.constraints)
        current, _ = self.take_state()
        spent = 0.0
        if current:
            strategy.restore(current["strategy"])
            found.restore(current["found"])
            spent = current["search_seconds"]
        before = self.run.elapsed
        total = 0 if method == TRANSFERRED else evaluations
        name = self._name(method.capitalize(), stored.seed)
        curve = f"{method}, seed {stored.seed}"

        def record(event: dict[str, Any]) -> None:
            shown = {"reward": event["reward"], "best so far": mean_best(found)}
            self.events.scalars(curve, strategy.tells, shown)
            stage.advance()
            stage.note(note(event))
            if self.checkpoint_is_due():
                values = {
                    "strategy": strategy.state(),
                    "found": found.state(),
                    "rounds": strategy.tells,
                    "search_seconds": spent + self.run.elapsed - before,
                }
                self.checkpoint(values, {})

        def time_left() -> bool:
            return not strategy.tells or self.time_left(until)

        if total:  # The transferred strategy evaluates nothing.
            with self.progress.stage(name, total, strategy.tells) as stage:
                search(strategy, found, time_left, record)
        seconds = spent + self.run.elapsed - before if total else 0.0
        rows = method_entry(method, strategy, found, self.domain, self.descriptors, stored)
        drawn = {"mean drawn": known_mean([row["expected"] for row in rows])}
        self.events.scalars(curve, strategy.tells, drawn)
        self.run.record(
            "searched",
            seed=stored.seed,
            method=method,
            search_seconds=seconds,
            evaluations=sum(map(len, found.rewards)),
            cut_short=strategy.tells < total,
            attributes=rows,
        )
        self.unit_done()

    def _train(self, seed: int, methods: Sequence[str]) -> bool:
        """Trains what methods chose by itself. False where time ran out."""
        if self.chosen is None:
            self.chosen = ChosenUnits(
                self,
                self.config,
                self.space,
                self.channels,
                self.score,
                self.domain.dataset,
                self.events,
                self.progress,
            )
        keep = seed == self.strategies[0].seed
        return self.chosen.train(seed, methods, self._name("Train", seed), keep, self.budget)

    def _name(self, stage: str, seed: int) -> str:
        return f"{stage}, seed {seed}" if len(self.strategies) > 1 else stage


def mean_best(found: Rewards) -> float | None:
    """Returns the mean over attributes of the best reward so far."""
    known = [[reward for reward in row if reward is not None] for row in found.rewards]
    return known_mean([max(row, default=None) for row in known])


def main_numbers(result: dict[str, Any]) -> dict[str, float | None]:
    """Returns the numbers of a result by which TensorBoard compares runs.

    Args:
        result: What `result.json` holds.
    """
    keys = ("final", "expected", "test_score")
    numbers = {f"{key}/{row['name']}": row[key] for row in result["methods"] for key in keys}
    return {**numbers, "kendall_tau": result["kendall_tau"]}
