"""One search with shared weights, round by round, each with its checkpoint."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork.event_files import FOLDER, EventFiles
from graftwork.latency import FILE
from graftwork.progress import Stage
from graftwork.run import Run
from graftwork.search import search
from graftwork.space import Architecture
from graftwork.strategies import (
    Constrained,
    FeasibleSpace,
    OneShot,
    RandomSearch,
    Strategy,
    make_strategy,
)
from graftwork.training import Trainer
from graftwork.training_data import TrainingData
from multitask_nas.config import TreeSearch
from multitask_nas.constraints import constraints_of
from multitask_nas.evaluator import SupernetEvaluator
from multitask_nas.exact import ExactTree, best_tree
from multitask_nas.gnas import Gnas
from multitask_nas.supernet import TreeSupernet, build_supernet
from multitask_nas.tree import Tree, TreeSpace

RANDOM_CANDIDATES = 16
EVALUATED_AT_ONCE = 20
"""Trees a round of a strategy that searches under trained weights."""


class SharedSearch:
    """Searches of one space on one dataset; all seeds use one supernet and its two traces.

    Args:
        config: What was asked for.
        space: The trees.
        dataset: The data; the test split is not touched.
        training_data: Its training split, as trainers take it.
        run: The run folder.
        start: The tree that gnas begins with; a random one if None.
    """

    def __init__(
        self,
        config: TreeSearch,
        space: TreeSpace,
        dataset: Dataset,
        training_data: TrainingData,
        run: Run,
        start: Tree | None = None,
    ) -> None:
        self.config, self.space, self.run, self.start = config, space, run, start
        self.events = EventFiles(run.path / FOLDER)
        self.image_shape = dataset.image_shape
        self.constraints = constraints_of(config, space, self.image_shape, run.path / FILE)
        self.supernet = self.fresh_supernet(config.seed)
        self.trainer = Trainer(
            self.supernet, training_data, config.batch_size, config.search_learning_rate
        )
        self.evaluator = SupernetEvaluator(
            space,
            self.supernet,
            self.trainer,
            dataset.images,
            dataset.labels,
            dataset.split("validation"),
            config.score,
            config.round_steps,
        )
        self._traced = False

    def fresh_supernet(self, seed: int) -> TreeSupernet:
        """Builds a supernet of the space with the first weights of a seed."""
        config = self.config
        attributes = len(self.space.attributes)
        return build_supernet(
            self.space.blocks,
            attributes,
            config.channels,
            config.depth,
            self.image_shape,
            seed,
            probe_heads=True,
        )

    @property
    def most_steps(self) -> int:
        """The most training steps that a search takes."""
        return self._rounds * self.config.round_steps

    @property
    def _rounds(self) -> int:
        visited = sum(count > 1 for count in self.space.blocks)
        return self.config.warmup_rounds + self.config.sweeps * visited

    def strategy(self, seed: int) -> Strategy:
        """Returns the strategy that was asked for, at its beginning."""
        config, limits, most = self.config, self.constraints, self.config.max_candidates
        space = FeasibleSpace(self.space, limits.draw) if limits else self.space
        if config.strategy == "random":
            return RandomSearch(space, max(1, self._rounds), RANDOM_CANDIDATES, seed, most)
        if config.strategy == "gnas":
            warmup, sweeps, keep = config.warmup_rounds, config.sweeps, config.keep_blocks
            return Gnas(self.space, seed, warmup, sweeps, keep, self.start, limits, most)
        evaluations = config.candidates_of(config.evaluations)
        searching = make_strategy(
            config.strategy, space, evaluations, seed, batch=EVALUATED_AT_ONCE
        )
        within = Constrained(searching, limits, seed) if limits else searching
        return OneShot(within, max(1, self._rounds))

    def run_seed(
        self,
        seed: int,
        current: dict[str, Any] | None,
        arrays: dict[str, np.ndarray],
        time_left: Callable[[], bool],
        checkpoint: Callable[[dict[str, Any], dict[str, np.ndarray]], None],
        stage: Stage,
    ) -> dict[str, Any]:
        """Searches with one seed, or goes on with it.

        Args:
            seed: The seed.
            current: What the newest checkpoint says of this search, if it was under way.
            arrays: The arrays of that checkpoint.
            time_left: Whether another round may begin.
            checkpoint: Writes a checkpoint after every round.
            stage: Where to show progress.

        Returns:
            The journal entry of the finished search.
        """
        strategy, evaluator = self.strategy(seed), self.evaluator
        self._trace(strategy.best)
        evaluator.forget()
        rounds, cut = 0, None  # After how many rounds time was over.
        evaluator.training_seconds = evaluator.evaluation_seconds = 0.0
        if current:
            strategy.restore(current["strategy"])
            self.trainer.restore(arrays)
            evaluator.training_seconds = current["training_seconds"]
            evaluator.evaluation_seconds = current["evaluation_seconds"]
            rounds, cut = current["rounds"], current.get("cut")
        else:
            self.trainer.start_over(seed, self.fresh_supernet(seed).get_weights())
        evaluator.on_step = stage.advance

        def restored(text: str) -> None:
            self.run.record("restored", seed=seed, reason=text)
            stage.note(f"restored: {text}")

        evaluator.report = restored

        def record(event: dict[str, Any]) -> None:
            nonlocal rounds
            tree = self.space.tree(strategy.best).to_json()
            steps = self.trainer.step
            self.run.record(
                "round", seed=seed, round=rounds, steps=steps, **event, architecture=tree
            )
            shown = {tag: event.get(tag) for tag in ("score", "loss", "changed")}
            self.events.scalars(f"search, seed {seed}", rounds, shown)
            rounds += 1
            if event["score"] is not None:
                stage.note(f"{self.config.score} {event['score']:.4f}")
            values = {
                "strategy": strategy.state(),
                "rounds": rounds,
                "cut": cut,
                "training_seconds": evaluator.training_seconds,
                "evaluation_seconds": evaluator.evaluation_seconds,
            }
            checkpoint(values, self.trainer.state())

        search(strategy, evaluator, time_left, record)
        if cut is None and not strategy.done:
            cut = rounds
        if cut == rounds and isinstance(strategy, OneShot) and not strategy.strategy.ranked():
            # Without a single score there would be nothing to choose.
            strategy.stop_training()
            search(strategy, evaluator, lambda: rounds == cut, record)
        found = self.space.tree(strategy.best)
        return {"rounds": rounds, "cut_short": cut is not None, **self._outcome(found)}

    def _trace(self, architecture: Architecture) -> None:
        """Traces a step and an evaluation, so that no search's time counts it."""
        if not self._traced:
            self.trainer.train(1, lambda rng: architecture)
            self.evaluator.evaluate([architecture])
            self._traced = True

    def _outcome(self, found: Tree) -> dict[str, Any]:
        """Scores the found tree under the final shared weights, beside what is possible."""
        evaluator = self.evaluator
        score = float(evaluator.evaluate([self.space.architecture(found)]).mean())
        exact: ExactTree | None = None
        if evaluator.has_path_scores and self.config.max_latency_ms is None:
            limits = self.constraints.linear() if self.constraints else None
            exact = best_tree(self.space, evaluator.path_scores(), limits=limits)
        return {
            "architecture": found.to_json(),
            "score": score,
            "exact_score": exact.score if exact else None,
            "exact_architecture": exact.tree.to_json() if exact else None,
            "exact_gap": exact.gap if exact else None,
            "steps": self.trainer.step,
            "training_seconds": evaluator.training_seconds,
            "evaluation_seconds": evaluator.evaluation_seconds,
        }

    def shared_scores(self, architectures: Sequence[Architecture | None]) -> list[float | None]:
        """Returns mean validation scores under the shared weights; None stays None."""
        known = [architecture for architecture in architectures if architecture is not None]
        scores = iter(self.evaluator.evaluate(known).mean(axis=1))
        return [None if a is None else float(next(scores)) for a in architectures]
