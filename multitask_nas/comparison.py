"""Which networks are trained beside the found tree, and how one of them is recorded."""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork.job_results import RETRIED, is_result
from graftwork.latency import FILE, latency_ms
from graftwork.stopping import CheckpointDue
from multitask_nas.baselines import correlation_tree, random_tree, trunk
from multitask_nas.config import TreeSearch
from multitask_nas.constraints import constraints_of
from multitask_nas.cost import channels_for
from multitask_nas.networks import Network
from multitask_nas.scores import Counts
from multitask_nas.standalone import StandaloneTraining
from multitask_nas.tree import Tree, TreeSpace

RANDOM = "random trees"
_TRAINED = {
    **dict.fromkeys(("validation_score", "validation_error", "test_error"), float),
    "attribute_errors": [float],
    **dict.fromkeys(("parameters", "flops", "steps"), int),
    "latency_ms": (None, float),
    "training_seconds": float,
}
_PERHAPS = {"official_error": (None, float), "retried": RETRIED}
FINAL = "fine-tuned"
"""The kind of a tree that `graftwork trees train` made."""


@dataclasses.dataclass(frozen=True)
class Job:
    """One training of a comparison.

    Args:
        method: The name of the method.
        kind: `"searched"`, `"random"`, `"exact"`, `"control"` or `FINAL`.
        seed: The seed of the search that it belongs to.
        index: Which of the method's trainings with this seed.
        network: What is trained.
        in_space: Whether it is a tree of the searched space, which shared weights can score.
    """

    method: str
    kind: str
    seed: int
    index: int
    network: Network
    in_space: bool = True

    def accepts(self, result: dict[str, Any]) -> bool:
        """Whether what a worker's folder holds can be what came of it."""
        if result.get("event") == "failed":
            known = {"event": "failed", **self.described}
            return is_result(result, known, {"reason": str}, {})
        known = {"event": "trained", **self.described, "channels": self.network.channels}
        attributes = self.network.separate or self.network.tree.attributes
        return (
            is_result(result, known, _TRAINED, _PERHAPS)
            and len(result["attribute_errors"]) == attributes
        )

    def to_json(self) -> dict[str, Any]:
        """Returns all that it is, as JSON values."""
        network = {**vars(self.network), "tree": self.network.tree.to_json()}
        return {**vars(self), "network": network}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Job":
        """Returns the job of such values."""
        network = values["network"]
        tree = Tree.from_json(network["tree"])
        return cls(**{**values, "network": Network(**{**network, "tree": tree})})

    @property
    def training_seed(self) -> int:
        """Seed of the first weights and of the order of the images.

        All methods of a seed share it, so that they can be compared in pairs. It is not
        the search's own: the found tree shall not profit from weights that it suits.
        """
        return self.seed + 1_000_003

    @property
    def label(self) -> str:
        """What progress and curves call it."""
        return self.method + (f" {self.index + 1}" if self.kind == "random" else "")

    @property
    def described(self) -> dict[str, Any]:
        """What the journal says of it, trained or failed."""
        return {
            "method": self.method,
            "kind": self.kind,
            "seed": self.seed,
            "index": self.index,
            "architecture": self.network.tree.to_json() if self.in_space else None,
        }

    def failed(self, reason: str) -> dict[str, Any]:
        """Returns the event `failed`: it could not be trained."""
        return {"event": "failed", **self.described, "reason": reason}


def comparison_jobs(
    config: TreeSearch,
    space: TreeSpace,
    dataset: Dataset,
    seed: int,
    found: Tree,
    exact: Tree | None,
) -> list[Job]:
    """Returns the trainings of one seed, the most telling first.

    Args:
        config: What was asked for.
        space: The trees.
        dataset: For the label-correlation tree and the networks' sizes.
        seed: The seed of the search.
        found: The tree that it found.
        exact: The best tree under the same shared weights, where known.
    """

    def tree_job(method: str, kind: str, tree: Tree, index: int = 0) -> Job:
        return Job(method, kind, seed, index, Network(tree, config.channels, config.depth))

    jobs = [tree_job(f"searched tree ({config.strategy})", "searched", found)]
    limits = constraints_of(config, space, dataset.image_shape, config.out / FILE)
    jobs += [
        tree_job(RANDOM, "random", random_tree(space, seed, i, limits), i)
        for i in range(config.random_trees)
    ]
    if not config.controls:
        return jobs
    labels = dataset.labels[dataset.split("train")]
    correlated = correlation_tree(space, labels)
    jobs.append(tree_job("label-correlation tree", "control", correlated))
    if exact is not None and exact != found:
        jobs.append(tree_job("exact tree", "exact", exact))
    shape, depth = dataset.image_shape, config.depth
    parameters = jobs[0].network.cost(shape).parameters
    layers, attributes = space.layers, len(space.attributes)
    one = trunk(layers, attributes)
    channels = channels_for(parameters, one, shape, depth)
    network = Network(one, channels, depth)
    jobs.append(Job("one trunk, equal parameters", "control", seed, 0, network, in_space=False))
    alone = trunk(layers, 1)
    channels = channels_for(parameters, alone, shape, depth, attributes)
    network = Network(alone, channels, depth, separate=attributes)
    jobs.append(Job("no sharing, equal parameters", "control", seed, 0, network, in_space=False))
    return jobs


def searched_jobs(
    config: TreeSearch, space: TreeSpace, dataset: Dataset, searched: dict[str, Any]
) -> list[Job]:
    """Returns the trainings of the seed whose search ended with the event `searched`."""
    exact = searched["exact_architecture"]
    return comparison_jobs(
        config,
        space,
        dataset,
        searched["seed"],
        Tree.from_json(searched["architecture"]),
        Tree.from_json(exact) if exact else None,
    )


def run_job(
    job: Job,
    training: StandaloneTraining,
    on_step: Callable[[], None],
    on_pause: Callable[[], None],
) -> dict[str, Any]:
    """Trains to the end what `training` has begun, and returns its journal entry.

    Args:
        job: What is trained.
        training: The training, begun or restored.
        on_step: Called after every training step. It may raise `CheckpointDue`.
        on_pause: Called then and after every evaluation but the last, to write a checkpoint.
    """
    while not training.done:
        with contextlib.suppress(CheckpointDue):
            training.advance(on_step)
        if not training.done:
            on_pause()
    validation, test = training.finish()
    shape = training.dataset.image_shape
    cost = job.network.cost(shape)
    # A tree's latency depends little on which tree it is: one of a method's will do.
    latency = latency_ms(job.network.plain_model(shape)) if job.index == 0 else None
    return {
        **job.described,
        "channels": job.network.channels,
        **measured(validation, test, training.score),
        "official_error": training.official_error(),
        "parameters": cost.parameters,
        "flops": cost.flops,
        "latency_ms": latency,
        "steps": training.trainer.step,
        "training_seconds": training.seconds,
    }


def measured(validation: Counts, test: Counts, score: str) -> dict[str, Any]:
    """Returns scores and errors of a trained network, errors in percent."""
    validation_score = float(validation.score(score).mean())
    errors = 100 * (1 - test.score(score))
    return {
        "validation_score": validation_score,
        "validation_error": 100 * (1 - validation_score),
        "test_error": float(errors.mean()),
        "attribute_errors": [float(error) for error in np.round(errors, 4)],
    }
