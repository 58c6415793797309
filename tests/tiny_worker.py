"""What a worker process of the tests does: that of Graftwork, with the dataset `tiny` known.

It writes checkpoints whenever one may be written.
"""

from pathlib import Path

import pytest
import tiny

from graftwork import units
from graftwork.job_folder import JobFolder
from multitask_nas import job_worker


def trees(run: Path, words: list[str], folder: JobFolder) -> dict:
    """Trains a tree of a comparison."""
    units.SECONDS_BETWEEN_CHECKPOINTS = 0
    with pytest.MonkeyPatch.context() as patch:
        tiny.register(patch)
        return job_worker.train(run, words, folder)
