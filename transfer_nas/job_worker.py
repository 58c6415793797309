"""What a worker process does for `graftwork transfer apply --jobs`: one chosen network."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.identity import check_same_data
from graftwork.backend import backend_as
from graftwork.engine_options import EngineOptions
from graftwork.job_folder import JobFolder
from graftwork.progress import Progress
from graftwork.stored_config import read_arguments
from transfer_nas.config import TransferApplication
from transfer_nas.domains import load_domains, parse_spec
from transfer_nas.space import ChainSpace

ADDRESS = "transfer_nas.job_worker:train"


def train(run: Path, words: Sequence[str], folder: JobFolder) -> dict[str, Any]:
    """Trains one network; saves it, where it is to be kept, in the worker's folder.

    Args:
        run: The run folder; it is only read.
        words: How to compute (`EngineOptions.of_worker`), the number of stages, the channels of
            each, the score, and the values of the `transfer_nas.job_training.Job`.
        folder: Where to keep checkpoints.

    Returns:
        What the journal says of the attribute.
    """
    engine, stages, channels, score, values = map(json.loads, words)
    config = read_arguments(TransferApplication, run)
    options = parse_spec(config.dataset, config)
    (domain,) = load_domains([options], config.batch_size, Progress())
    check_same_data(run, domain.dataset)
    with backend_as(EngineOptions(**engine)):
        from transfer_nas.job_training import Job, JobTrainings

        job = Job(**{**values, "architecture": tuple(values["architecture"])})
        space = ChainSpace.make(stages)
        trainings = JobTrainings(config, space, channels, score, domain.dataset)
        state = folder.state()
        folder.on_steps(int(state[1].get("step", 0)))
        return trainings.train(
            job,
            state,
            folder.on_steps,
            folder.checkpoint,
            folder.due,
            folder.report,
            folder.path,
        )
