"""`graftwork transfer learn`: a strategy a seed, each a unit of a resumable run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from graftwork import files
from graftwork.attribute_matching import Scaling
from graftwork.budget import parse_duration
from graftwork.event_files import FOLDER, EventFiles
from graftwork.journal import read_journal
from graftwork.progress import Progress
from graftwork.run import Run, read_config
from graftwork.search import search
from graftwork.units import UnitRun
from transfer_nas.config import TransferLearning
from transfer_nas.described import describe, scaled
from transfer_nas.domains import Domain, task_names
from transfer_nas.methods import drawn_pairs, known_mean
from transfer_nas.results import learning_result
from transfer_nas.shared_weights import SharedWeights
from transfer_nas.space import ChainSpace
from transfer_nas.stored_strategy import LearnedAttribute, StoredStrategy
from transfer_nas.strategy import AttributeGuided

DRAWN, DRAWN_OF_MANY, MANY = 16, 8, 16
"""Architectures an attribute that show what a policy learned; fewer where there are more than
`MANY` attributes."""
EMBEDDING_SIZE = 16
"""Length of what the controller reads of a descriptor."""
SEARCH_SHARE = 0.9
"""The part of a seed's time that its search may take; scoring what it learned needs the rest."""

MAIN_NUMBERS = ("policy_reward", "random_reward", "evaluations", "seconds")
"""What TensorBoard compares runs by, of `result.json`."""


class LearnRun(UnitRun):
    """One run of `graftwork transfer learn`.

    Args:
        config: What was asked for, checked.
        domains: The domains, checked.
        run: The run folder.
        progress: Where to show progress.
    """

    CURRENT = ({"strategy": dict, "rounds": int, "evaluations": int, "search_seconds": float},)

    def __init__(
        self,
        config: TransferLearning,
        domains: Sequence[Domain],
        run: Run,
        progress: Progress,
    ) -> None:
        super().__init__(run)
        self.config, self.domains, self.progress = config, tuple(domains), progress
        self.events = EventFiles(run.path / FOLDER)
        self.space = ChainSpace.make(config.stages)
        self.seeds = range(config.seed, config.seed + config.seeds)
        self.budget = parse_duration(config.time_budget) if config.time_budget else float("inf")
        self.shared = SharedWeights(
            self.space,
            domains,
            channels=config.channels,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            augment=config.augment,
            score=config.score,
            steps=config.round_steps,
            reward_images=config.reward_images,
            seed=config.seed,
        )
        self.feature_names, self.descriptors = describe(domains)
        self.scaling = Scaling.fit(self.descriptors)
        self.domain_names = [domain.name for domain in domains for _ in domain.attributes]

    def execute(self) -> dict[str, Any]:
        """Does what is left to do, writes `result.json` and returns what it holds."""
        self.begin()
        self.events.hyperparameters(read_config(self.run.path))
        status = "finished"
        for number, seed in enumerate(self.seeds):
            if number < self.done:
                continue
            if number and not self.time_left(self.budget):
                status = "time budget"
                break
            self._learn(number, seed)
        events = read_journal(self.run.path)
        if any(event["event"] == "learned" and event["cut_short"] for event in events):
            status = "time budget"
        result = learning_result(self.config, self.space, self.domains, events, status)
        self.events.result({key: result[key] for key in MAIN_NUMBERS})
        files.write_json(self.run.path / "result.json", result)
        return result

    def strategy(self, seed: int) -> AttributeGuided:
        """Returns the strategy of a seed, at its beginning."""
        config = self.config
        more: dict[str, Any] = {}
        if config.controller_learning_rate is not None:
            more["learning_rate"] = config.controller_learning_rate
        return AttributeGuided(
            self.space,
            scaled(self.descriptors, self.domain_names, self.scaling),
            config.rounds,
            seed,
            updates=config.updates,
            batch=config.batch,
            warmup=config.warmup_rounds,
            units=config.units,
            embedding_size=EMBEDDING_SIZE,
            uniform=config.uniform,
            **more,
        )

    def _learn(self, number: int, seed: int) -> None:
        strategy, config = self.strategy(seed), self.config
        current, arrays = self.take_state()
        rounds = evaluations = 0
        spent = 0.0
        if current:
            strategy.restore(current["strategy"])
            self.shared.restore(arrays)
            rounds, evaluations = current["rounds"], current["evaluations"]
            spent = current["search_seconds"]
        else:
            self.shared.start_over(seed)
        self.shared.choose_images(seed)
        before = self.run.elapsed
        until = self.budget * (number + SEARCH_SHARE) / len(self.seeds)
        name = f"Learn, seed {seed}" if len(self.seeds) > 1 else "Learn"

        def record(event: dict[str, Any]) -> None:
            nonlocal rounds, evaluations
            self.run.record("round", seed=seed, round=rounds, **self._told(event))
            losses = {f"loss/{name}": loss for name, loss in event.get("loss", {}).items()}
            shown = {tag: event.get(tag) for tag in ("reward", "entropy")}
            self.events.scalars(f"search, seed {seed}", rounds, shown | losses)
            rounds += 1
            evaluations += config.batch if rounds > config.warmup_rounds else 1
            stage.advance()
            stage.note(note(event))
            if self.checkpoint_is_due():
                values = {
                    "strategy": strategy.state(),
                    "rounds": rounds,
                    "evaluations": evaluations,
                    "search_seconds": spent + self.run.elapsed - before,
                }
                self.checkpoint(values, self.shared.state())

        def restored(text: str) -> None:
            self.run.record("restored", seed=seed, reason=text)
            stage.note(f"restored: {text}")

        self.shared.evaluator.report = restored
        with self.progress.stage(name, strategy.rounds, rounds) as stage:
            search(
                strategy,
                self.shared.evaluator,
                lambda: not rounds or self.time_left(until),
                record,
            )
        attributes = self._learned_attributes(strategy, seed)
        self._store(strategy, seed)
        self.run.record(
            "learned",
            seed=seed,
            rounds=rounds,
            cut_short=not strategy.done,
            steps=sum(trainer.step for trainer in self.shared.trainers),
            evaluations=evaluations,
            search_seconds=spent + self.run.elapsed - before,
            attributes=attributes,
        )
        self.unit_done()

    def _told(self, event: dict[str, Any]) -> dict[str, Any]:
        """Returns what the journal says of a round, with the attributes' names."""
        names = task_names(self.domains)
        rewards = {names[task]: value for task, value in event["attribute_rewards"].items()}
        told = {key: value for key, value in event.items() if key != "score"}
        return {**told, "attribute_rewards": rewards}

    def _learned_attributes(self, strategy: AttributeGuided, seed: int) -> list[dict[str, Any]]:
        """Scores what the policy draws for every attribute, beside random architectures."""
        tasks = [(domain, task) for domain in self.domains for task in domain.tasks]
        count = DRAWN if len(tasks) <= MANY else DRAWN_OF_MANY
        rng = np.random.default_rng([seed, 301])
        rows = []
        with self.progress.stage("Score what was learned", len(tasks)) as stage:
            for domain, task in tasks:
                own = drawn_pairs(strategy, task, count, rng)
                uniform = [(*self.space.sample(rng), task) for _ in range(count)]
                rows.append(
                    {
                        "domain": domain.name,
                        "attribute": domain.attributes[task - domain.offset],
                        "policy_reward": known_mean(self.shared.scores(own)),
                        "random_reward": known_mean(self.shared.scores(uniform)),
                    }
                )
                stage.advance()
        return rows

    def _store(self, strategy: AttributeGuided, seed: int) -> None:
        """Writes the strategy, for `graftwork transfer apply`."""
        named = [(domain.name, name) for domain in self.domains for name in domain.attributes]
        StoredStrategy(
            seed=seed,
            space=self.space.to_json(),
            channels=self.config.channels,
            units=self.config.units,
            embedding_size=EMBEDDING_SIZE,
            feature_names=self.feature_names,
            scaling=self.scaling,
            policy=strategy.policy.state(),
            attributes=tuple(
                LearnedAttribute(domain, attribute, descriptor)
                for (domain, attribute), descriptor in zip(named, self.descriptors, strict=True)
            ),
        ).write(self.run.path)


def note(event: dict[str, Any]) -> str:
    """Returns what a bar of progress says of a round."""
    parts = [f"reward {event['reward']:.4f}"] if event.get("reward") is not None else []
    if event.get("entropy") is not None:
        parts.append(f"entropy {event['entropy']:.2f}")
    return ", ".join(parts)
