"""What a worker process does for `graftwork trees search --jobs`: one training of a comparison."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graftwork.backend import backend_as
from graftwork.engine_options import EngineOptions
from graftwork.job_folder import JobFolder
from graftwork.journal import read_journal
from graftwork.progress import Progress
from graftwork.stored_config import read_arguments
from multitask_nas.commands import load_run_dataset
from multitask_nas.config import TreeSearch

ADDRESS = "multitask_nas.job_worker:train"


def train(run: Path, words: Sequence[str], folder: JobFolder) -> dict[str, Any]:
    """Trains one network.

    Args:
        run: The run folder; it is only read.
        words: How to compute (`EngineOptions.of_worker`), the seed, the network's place in the
            comparison of that seed, and its tree: what limits of latency allow may be another one
            in this process.
        folder: Where to keep checkpoints.

    Returns:
        The journal's event `trained` or `failed`.
    """
    seed, place, tree = map(json.loads, words[1:])
    config, dataset = read_arguments(TreeSearch, run), load_run_dataset(run, Progress())
    searched = next(
        event
        for event in read_journal(run)
        if event["event"] == "searched" and event["seed"] == seed
    )
    with backend_as(EngineOptions(**json.loads(words[0]))):
        from multitask_nas.comparison import searched_jobs
        from multitask_nas.job_training import JobTrainings
        from multitask_nas.standalone import training_data
        from multitask_nas.tree import Tree, TreeSpace

        space = TreeSpace(config.blocks, dataset.attributes)
        job = searched_jobs(config, space, dataset, searched)[place]
        network = dataclasses.replace(job.network, tree=Tree.from_json(tree))
        job = dataclasses.replace(job, network=network)
        state = folder.state()
        folder.on_steps(int(state[1].get("step", 0)))
        trainings = JobTrainings(config, dataset, training_data(dataset, config.augment))
        return trainings.train(
            job, state, folder.on_steps, folder.checkpoint, folder.due, folder.report
        )
