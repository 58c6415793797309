"""One search with shared weights, round by round, each with its checkpoint."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gan_nas.agan import AGan
from gan_nas.evaluator import MORE_IMAGES, GanEvaluator
from gan_nas.image_maker import whole_batches
from gan_nas.networks import CELLS
from gan_nas.outcome import Searching, finite_or_none, outcome, ranked
from gan_nas.sampling import latents
from gan_nas.setup import Setup
from graftwork.progress import Stage
from graftwork.run import Run
from graftwork.search import search
from graftwork.space import Architecture
from graftwork.strategies import Constrained, FeasibleSpace, OneShot, make_strategy

EVALUATED_AT_ONCE = 10
"""Generators a round of a strategy that searches under trained weights."""


class SharedSearch:
    """Searches of one space on one dataset; all seeds use one supernet and its traces.

    Args:
        setup: The data and networks.
        run: The run folder.
        sampled: Called with a name, a step and a function that makes images, when samples may
            be shown.
    """

    def __init__(
        self, setup: Setup, run: Run, sampled: Callable[[str, int, Callable[[], Any]], None]
    ) -> None:
        self.setup, self.run, self.sampled = setup, run, sampled
        config, self.pair = setup.config, setup.pair(CELLS)
        self.trainer, self.maker = self.pair.training, self.pair.maker
        count = MORE_IMAGES * whole_batches(config.reward_images)
        self.evaluator = GanEvaluator(
            self.trainer,
            self.maker,
            setup.extractor,
            setup.judge.validation,
            setup.judge.some_images(64),
            config.reward,
            latents(count, config.latent, config.seed + 77_003),
            self._classes(count),
            config.round_steps,
            self.pair.first_weights,
            self.rounds * config.round_steps,
        )

    def _classes(self, count: int) -> np.ndarray | None:
        """Returns a class for every latent, as frequent as in the data."""
        setup = self.setup
        if setup.classes is None:
            return None
        return setup.classes.draw(count, setup.dataset.split("train"), [setup.config.seed, 53])

    @property
    def rounds(self) -> int:
        """The rounds of shared training."""
        return self.setup.config.warmup_rounds + self.setup.config.rounds

    def strategy(self, seed: int) -> Searching:
        """Returns the strategy that was asked for, at its beginning."""
        config, space, limits = self.setup.config, self.setup.space, self.setup.constraints
        if config.strategy == "agan":
            return AGan(
                space,
                seed,
                config.warmup_rounds,
                config.rounds,
                config.children,
                config.candidates,
                constraints=limits,
                most=config.max_candidates,
            )
        evaluations = config.candidates_of(config.evaluations)
        within = FeasibleSpace(space, limits.draw) if limits else space
        searching = make_strategy(
            config.strategy, within, evaluations, seed, batch=EVALUATED_AT_ONCE
        )
        return OneShot(Constrained(searching, limits, seed) if limits else searching, self.rounds)

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
        strategy, evaluator, config = self.strategy(seed), self.evaluator, self.setup.config
        rounds, cut = 0, None  # After how many rounds time was over.
        if current:
            strategy.restore(current["strategy"])
            evaluator.restore(current["evaluator"])
            self.trainer.restore(arrays)
            rounds, cut = current["rounds"], current.get("cut")
        else:
            evaluator.begin(seed)
            self.trainer.start_over(seed, *self.pair.first_weights(seed))
        evaluator.on_step = stage.advance

        def tell(name: str, **values: Any) -> None:
            self.run.record(name, seed=seed, **values)
            self.setup.progress.console.print(f"{name}: {values['reason']}", markup=False)

        evaluator.on_event = tell
        self.trainer.report = lambda text: tell("restored", reason=text)

        def record(event: dict[str, Any]) -> None:
            nonlocal rounds
            best = strategy.best
            steps = evaluator.steps
            self.run.record(
                "round",
                seed=seed,
                round=rounds,
                steps=steps,
                evaluations=evaluator.evaluated,
                **event,
                operations=self.setup.space.operation_counts(evaluator.drawn),
                architecture=list(best),
            )
            rounds += 1
            stage.note(_note(event))
            self.sampled(f"search, seed {seed}", steps, lambda: self._samples(best))
            values = {
                "strategy": strategy.state(),
                "evaluator": evaluator.state(),
                "rounds": rounds,
                "cut": cut,
            }
            checkpoint(values, self.trainer.state())

        search(strategy, evaluator, time_left, record)
        if cut is None and not strategy.done:
            cut = rounds
        if cut == rounds and not ranked(strategy):
            # Without a single score there would be nothing to choose.
            strategy.stop_training()
            search(strategy, evaluator, lambda: rounds == cut, record)
        trained = rounds if cut is None else cut
        unused = config.warmup_rounds if isinstance(strategy, AGan) else self.rounds
        return {
            "rounds": rounds,
            "cut_short": cut is not None,
            **outcome(
                strategy,
                self.setup,
                evaluator,
                self.maker,
                seed,
                evaluator.evaluated - min(trained, unused),
            ),
        }

    def _samples(self, architecture: Architecture) -> np.ndarray:
        _, classes, _ = self.setup.rows_of_samples()
        return self.maker.images(self.evaluator.latents[:64], _filled(classes), architecture)[
            : 64 if classes is None else len(classes)
        ]

    def shared_scores(self, architectures: Sequence[Architecture]) -> list[float | None]:
        """Returns the rewards from many images under the shared weights; None for `()`."""
        known = [a for a in architectures if a]
        scores = iter(self.evaluator.evaluate_with_more_images(known)[:, 0].tolist())
        return [finite_or_none(next(scores)) if a else None for a in architectures]


def _filled(classes: np.ndarray | None) -> np.ndarray | None:
    return None if classes is None else np.resize(classes, 64)


def _note(event: dict[str, Any]) -> str:
    parts = [f"reward {event['score']:.4f}"] if event.get("score") is not None else []
    if "generator_loss" in event:
        parts.append(f"losses {event['generator_loss']:.2f} {event['discriminator_loss']:.2f}")
        parts.append(f"{event['images_per_second']:.0f} images/s")
    if event.get("entropy") is not None:
        parts.append(f"entropy {event['entropy']:.2f}")
    return ", ".join(parts)
