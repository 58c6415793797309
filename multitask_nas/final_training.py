"""`graftwork trees train`: the final model of a found tree."""

import time
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork import files, units
from graftwork.errors import InputError
from graftwork.model_file import save_model
from graftwork.progress import Progress
from graftwork.run import Run
from graftwork.stored_arrays import read_arrays
from multitask_nas.comparison import FINAL, Job, run_job
from multitask_nas.config import TreeSearch, TreeTraining
from multitask_nas.model import build_model, copy_weights
from multitask_nas.networks import Network
from multitask_nas.results import method_row
from multitask_nas.standalone import Schedule, StandaloneTraining, training_data
from multitask_nas.tree import Tree

EVALUATIONS = 20
TIMES_THE_CONTROLS = 3


def train_final(
    config: TreeTraining,
    search: TreeSearch,
    result: dict[str, Any],
    dataset: Dataset,
    run: Run,
    progress: Progress,
) -> dict[str, Any]:
    """Trains the found tree, writes `model.keras` and its row of `result.json`.

    Args:
        config: How to train.
        search: The configuration of the search.
        result: What `result.json` holds.
        dataset: The data of the search.
        run: The run folder.
        progress: Where to show progress.

    Returns:
        What `result.json` holds now.
    """
    job = final_job(config, search, Tree.from_json(result["architecture"]))
    training = StandaloneTraining(
        job.network.supernet(dataset.image_shape, config.seed),
        dataset,
        training_data(dataset, search.augment),
        Schedule(
            config.steps or TIMES_THE_CONTROLS * search.steps,
            search.batch_size,
            config.learning_rate or search.learning_rate,
            EVALUATIONS,
            config.patience,
        ),
        search.score,
    )
    saved, arrays = run.restore() or ({}, {})
    if saved.get("current"):
        # Its checkpoint would be lost.
        raise InputError(
            f"the search in {run.path} was resumed and is not finished. Go on with: graftwork "
            f"trees search --out {run.path} --resume"
        )
    asked = {"method": job.method, **training.schedule.__dict__, "seed": config.seed}
    if config.resume:
        if not saved.get("training") or saved["asked"] != asked:
            raise InputError(
                f"{run.path} has no interrupted training with these flags. Leave --resume out."
            )
        training.restore(saved["training"], arrays)
    else:
        training.begin(job.network.architecture, config.seed, first_weights(run, job, training))
    last_checkpoint = -float("inf")

    def checkpoint() -> None:
        nonlocal last_checkpoint
        if time.monotonic() - last_checkpoint > units.SECONDS_BETWEEN_CHECKPOINTS:
            values, state = training.state()
            run.checkpoint({**saved, "asked": asked, "training": values}, state)
            last_checkpoint = time.monotonic()

    checkpoint()  # An interruption at any step from here on can be resumed.
    steps, done = training.schedule.steps, training.trainer.step
    with progress.stage("Train", steps, done) as stage:
        entry = run_job(job, training, stage.advance, checkpoint)
    tree = job.network.tree
    model = build_model(tree, dataset.image_shape, search.channels, search.depth)
    copy_weights(training.network, tree, model)
    save_model(model, run.path / "model.keras")
    run.record("trained", **{**asked, **entry})
    row = {**method_row([entry], search.score), "note": note(config, entry)}
    others = [method for method in result["methods"] if method["name"] != row["name"]]
    result = {**result, "methods": [*others, row], "model": row["name"]}
    files.write_json(run.path / "result.json", result)
    run.checkpoint({**saved, "training": None})
    return result


def final_job(config: TreeTraining, search: TreeSearch, tree: Tree) -> Job:
    """Returns what is trained, named by how it begins."""
    method = "final tree, from scratch" if config.from_scratch else "final tree, fine-tuned"
    network = Network(tree, search.channels, search.depth)
    return Job(method, FINAL, config.seed, 0, network)


def first_weights(run: Run, job: Job, training: StandaloneTraining) -> list[np.ndarray]:
    """Returns the shared weights of the search, or fresh ones to train from scratch."""
    fresh = training.network.get_weights()
    if "scratch" in job.method:
        return fresh
    path = run.path / "shared_weights.npz"
    try:
        weights = list(read_arrays(path).values())
    except InputError as error:
        raise InputError(f"the shared weights {error} Use --from-scratch.") from None
    if [w.shape for w in weights] != [w.shape for w in fresh]:
        raise InputError(f"the shared weights {path} belong to another network.")
    return weights


def note(config: TreeTraining, entry: dict[str, Any]) -> str:
    """Says what a reader of the table must know about the row."""
    begin = "fresh weights" if config.from_scratch else "the shared weights of the search"
    return (
        f"begins from {begin}, {entry['steps']} steps with early stopping: another budget than "
        "the rows above"
    )
