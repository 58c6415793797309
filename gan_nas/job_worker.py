"""What a worker process does for `graftwork gans --jobs`: trains one generator."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets.dataset import Dataset
from datasets.identity import check_same_data
from gan_nas.commands import load_dataset
from gan_nas.config import GanSearch
from graftwork.backend import backend_as
from graftwork.engine_options import EngineOptions
from graftwork.job_folder import JobFolder
from graftwork.progress import Progress, Stage
from graftwork.stored_config import read_arguments

if TYPE_CHECKING:  # They import the backend.
    from gan_nas.comparison import Job
    from gan_nas.setup import Setup

ADDRESS = "gan_nas.job_worker:train"


class _Told(Stage):
    """Tells steps to the process that waits for this one."""

    def __init__(self, on_steps: Callable[[int], None]) -> None:
        self._on_steps = on_steps

    def advance(self, steps: int = 1) -> None:
        self._on_steps(steps)


def train(run: Path, words: Sequence[str], folder: JobFolder) -> dict[str, Any]:
    """Trains one generator; shows its samples and curves in the run folder.

    Args:
        run: The run folder; its journal and checkpoints are only read.
        words: How to compute (`EngineOptions.of_worker`), the steps, and the values of the
            `gan_nas.comparison.Job`.
        folder: Where to keep checkpoints.

    Returns:
        The journal's event `trained` or `failed`; `restored` lists what the events of that name
        before it say.
    """
    engine, steps, values = map(json.loads, words)
    config, dataset = _data(run)
    with backend_as(EngineOptions(**engine)):
        from gan_nas.comparison import Job
        from gan_nas.setup import Setup

        job = Job(**{**values, "architecture": tuple(values["architecture"])})
        return _trained(Setup(config, dataset, Progress()), job, run, folder, steps)


def _data(run: Path) -> tuple[GanSearch, Dataset]:
    config = read_arguments(GanSearch, run)
    dataset = load_dataset(config, Progress())
    check_same_data(run, dataset)
    return config, dataset


def _trained(
    setup: "Setup", job: "Job", run: Path, folder: JobFolder, steps: int
) -> dict[str, Any]:
    from gan_nas.job_training import JobTrainings
    from gan_nas.samples import Samples

    current, arrays = folder.state()
    folder.on_steps(int(arrays.get("step", 0)))
    restored: list[str] = list((current or {}).get("restored", []))
    entry = JobTrainings(setup, run, Samples(setup, run), steps).train(
        job,
        (current, arrays),
        _Told(folder.on_steps),
        lambda values, found: folder.checkpoint({**values, "restored": restored}, found),
        folder.due,
        folder.report,
        restored.append,
    )
    return {**entry, "restored": restored} if restored else entry
