"""What a worker process does for `graftwork trees search --jobs`: one training of a comparison."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graftwork.backend import backend_as
from graftwork.engine_options import EngineOptions
from graftwork.job_folder import JobFolder
from graftwork.progress import Progress
from graftwork.stored_config import read_arguments
from multitask_nas.commands import load_run_dataset
from multitask_nas.config import TreeSearch

ADDRESS = "multitask_nas.job_worker:train"


def train(run: Path, words: Sequence[str], folder: JobFolder) -> dict[str, Any]:
    """Trains one network.

    Args:
        run: The run folder; it is only read.
        words: How to compute (`EngineOptions.of_worker`), the steps, and the values of the
            `multitask_nas.comparison.Job`.
        folder: Where to keep checkpoints.

    Returns:
        The journal's event `trained` or `failed`.
    """
    engine, steps, values = map(json.loads, words)
    config, dataset = read_arguments(TreeSearch, run), load_run_dataset(run, Progress())
    config = dataclasses.replace(config, steps=steps)
    with backend_as(EngineOptions(**engine)):
        from multitask_nas.comparison import Job
        from multitask_nas.job_training import JobTrainings
        from multitask_nas.standalone import training_data

        state = folder.state()
        folder.on_steps(int(state[1].get("step", 0)))
        trainings = JobTrainings(config, dataset, training_data(dataset, config.augment))
        return trainings.train(
            Job.from_json(values),
            state,
            folder.on_steps,
            folder.checkpoint,
            folder.due,
            folder.report,
        )
