"""`graftwork benchmark trees`: strategies on the path scores of a finished search."""

import dataclasses
import hashlib
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from graftwork import files
from graftwork.benchmark import Improvement, Problem, Trial
from graftwork.benchmark_config import TreeBenchmark
from graftwork.benchmark_run import run_benchmark, strategy_names
from graftwork.errors import InputError
from graftwork.progress import Progress
from graftwork.run import Run, read_config
from graftwork.space import Architecture
from graftwork.stored_arrays import read_arrays
from multitask_nas.exact import best_tree, tree_scores
from multitask_nas.gnas import Gnas
from multitask_nas.tree import Tree, TreeSpace
from reports.benchmark_terminal import print_benchmark

GNAS_NOTE = (
    "is told one score an attribute where the others are told the mean, and the tree that it puts "
    "together from the winners of a layer is not counted as an evaluation"
)
"""What a reader must know who compares it with the others."""


@dataclasses.dataclass(frozen=True, eq=False)
class TreeTable(Problem):
    """Scores trees by look-up in a table of path scores; score and quality are the same.

    Args:
        space: The trees.
        scores: Float array `(paths, A)`: the score of every attribute along every path, 0 to 1.
        optimum: The highest mean score of a tree.
        gap: How far the optimum may be from the true one; 0 where it was proven.
        score_name: What the scores are, such as `"accuracy"`.
        run: The run folder that the table is from.
    """

    space: TreeSpace
    scores: np.ndarray
    optimum: float
    gap: float
    score_name: str
    run: Path

    own_strategies = ("gnas",)

    def score(self, architecture: Architecture) -> float:
        return 100 * float(tree_scores(self.space.tree(architecture), self.scores).mean())

    def quality(self, architecture: Architecture) -> float:
        return self.score(architecture)

    def to_json(self, architecture: Architecture) -> list[list[int]]:
        return self.space.tree(architecture).to_json()

    def describe(self) -> dict[str, Any]:
        shape = np.array([*self.space.blocks, self.scores.shape[1]]).tobytes()
        return {
            "name": f"the trees of {self.run.resolve().name}",
            "run": str(self.run),
            "fingerprint": hashlib.sha256(shape + self.scores.tobytes()).hexdigest()[:16],
            "space_size": str(self.space.size),
            "blocks": list(self.space.blocks[1:]),
            "attributes": list(self.space.attributes),
            "score": f"validation {self.score_name} under shared weights",
            "quality": f"validation {self.score_name} under shared weights",
            "best_quality": 100 * self.optimum,
            "best_quality_gap": 100 * self.gap,
            "strategy_notes": {"gnas": GNAS_NOTE},
        }

    def trial(self, strategy: str, seed: int, budget: int) -> Trial:
        if strategy == "gnas":
            return gnas_trial(self, seed, budget)
        return super().trial(strategy, seed, budget)


def gnas_trial(problem: TreeTable, seed: int, budget: int) -> Trial:
    """Runs the greedy search of `Gnas`, again and again from other random trees.

    A visit of a layer with B possible parents evaluates B trees; the tree that it builds needs
    no evaluation of its own, because the score of every one of its paths is then known. Unlike
    the strategies for any space, it sees one score an attribute and not their mean alone. A
    visit for which the budget is not enough is not begun.

    Args:
        problem: The trees.
        seed: Seed of the first trees.
        budget: The most evaluations.
    """
    improvements: list[Improvement] = []
    best, chosen, evaluated, own_seconds, restarts = -math.inf, None, 0, 0.0, 0
    while True:
        begin = time.perf_counter()
        # A space in which there is nothing to choose is done before it asks.
        gnas = Gnas(problem.space, seed=seed + 1_000_003 * restarts, warmup=0, sweeps=0)
        own_seconds += time.perf_counter() - begin
        restarts += 1
        while not gnas.done:
            begin = time.perf_counter()
            asked = gnas.ask()
            own_seconds += time.perf_counter() - begin
            if evaluated + len(asked) > budget:
                break
            scores = np.stack(
                [tree_scores(problem.space.tree(each), problem.scores) for each in asked]
            )
            begin = time.perf_counter()
            gnas.tell(asked, scores)
            own_seconds += time.perf_counter() - begin
            evaluated += len(asked)
            if (score := problem.score(gnas.best)) > best:
                best, chosen = score, gnas.best
                improvements.append(Improvement(evaluated, score, score))
        if not gnas.done or problem.space.size == 1:
            break
    architecture = None if chosen is None else problem.to_json(chosen)
    return Trial(tuple(improvements), architecture, evaluated, own_seconds)


def benchmark(config: TreeBenchmark) -> None:
    """`graftwork benchmark trees`."""
    config.check()
    assert config.out is not None
    problem = read_tree_table(config.run)
    strategy_names(config.strategies, problem)
    if not config.resume:
        Run.check_new(config.out)
    progress = Progress()
    result = run_benchmark(config, "benchmark trees", problem, progress)
    print_benchmark(config.out, result, progress.console)
    if result["failures"]:
        sys.exit(1)


def read_tree_table(run: Path) -> TreeTable:
    """Reads the path scores of a finished search.

    The optimum is that of its result; where it has none, it is solved for.

    Raises:
        InputError: If the run has no path scores, or they do not fit to its result.
    """
    command = read_config(run).get("command")
    if command != "trees search":
        raise InputError(f"{run} holds a run of {command!r}. Give that of a `trees search`.")
    if not (run / "result.json").exists():
        raise InputError(
            f"the search in {run} is not finished. Go on with: graftwork trees search "
            f"--out {run} --resume"
        )
    result = files.read_json(run / "result.json")
    if not (run / "path_scores.npz").exists():
        reason = result.get("exact_reason") or "the file is not there"
        raise InputError(f"{run} has no path scores (path_scores.npz): {reason}.")
    try:
        space = TreeSpace(tuple(result["blocks"]), result["attributes"])
        scores = np.asarray(read_arrays(run / "path_scores.npz")["scores"], float)
        exact = result.get("exact")
        tree = Tree.from_json(exact["architecture"]) if exact else None
        gap = float(exact["gap"] or 0.0) if exact else 0.0
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"the result or the path scores of {run} are damaged: {error}") from None
    if scores.shape != (space.paths, len(space.attributes)) or not np.isfinite(scores).all():
        raise InputError(
            f"{run / 'path_scores.npz'} must hold a finite score for each of {space.paths} paths "
            f"and {len(space.attributes)} attributes. Received shape: {scores.shape}."
        )
    if tree is not None and tree.blocks == space.blocks:
        optimum = float(tree_scores(tree, scores).mean())
    else:
        solved = best_tree(space, scores)
        optimum, gap = solved.score, solved.gap
    return TreeTable(space, scores, optimum, gap, str(result.get("score", "accuracy")), run)
