"""What a pair's score is worth to the policy: its rank for its own task, above what is usual."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

UNIT = math.sqrt(12)
"""Ranks spread evenly over this length have a standard deviation of 1."""


class TaskRewards:
    """Rewards and baselines of every task for itself.

    Tasks differ in how hard they are: a score of 0.9 is poor for one and out of reach for
    another, and so is a difference of 0.01. So the reward R of a pair is the rank of its score
    among the newest `memory` scores of its task, its batch's with them, from −√3 to √3 with 0 in
    the middle: in standard deviations, without unit, and one that fails does not drown the rest.
    As old scores are forgotten, ranks follow shared weights that get better. The advantage is R
    less the moving average of the task's rewards before this batch,

        b_t ← d b_t + (1 − d) mean(R of task t in this batch),

    which begins at 0. (Wong et al., arXiv 1710.10776, keep a baseline for every task, too.)

    Args:
        tasks: The number of tasks T.
        decay: d, at least 0 and below 1.
        memory: Scores that one is ranked among, as far as there are so many.
    """

    def __init__(self, tasks: int, decay: float, memory: int = 48) -> None:
        self.decay, self.memory = decay, memory
        self.recent: list[list[float]] = [[] for _ in range(tasks)]
        """The newest scores of every task, −∞ for none."""
        self.baselines = np.zeros(tasks)

    def advantages(self, tasks: Sequence[int], scores: np.ndarray) -> np.ndarray:
        """Returns the advantages of a batch of pairs, and remembers their scores.

        Args:
            tasks: The task of each, `n` numbers.
            scores: Float array `(n,)`. What is not finite counts as worse than all that is.

        Returns:
            Float array `(n,)`, in standard deviations of the rewards of a task. Equal scores of
            a task have equal ones.
        """
        of = np.asarray(tasks)
        scores = np.where(np.isfinite(scores), scores, -np.inf)
        result = np.zeros(len(of))
        for task in np.unique(of):
            here = of == task
            self.recent[task] = [*self.recent[task], *map(float, scores[here])][-self.memory :]
            known = np.sort(self.recent[task])
            below, upto = (np.searchsorted(known, scores[here], side) for side in ("left", "right"))
            rewards = ((below + upto) / 2 / len(known) - 0.5) * UNIT
            result[here] = rewards - self.baselines[task]
            self.baselines[task] += (1 - self.decay) * float(result[here].mean())
        return result

    def state(self) -> dict[str, Any]:
        """Returns the whole state as JSON values."""
        return {
            "recent": [
                [score if np.isfinite(score) else None for score in scores]
                for scores in self.recent
            ],
            "baselines": self.baselines.tolist(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from what `state()` returned."""
        self.recent = [
            [-np.inf if score is None else score for score in scores] for scores in state["recent"]
        ]
        self.baselines = np.array(state["baselines"])
