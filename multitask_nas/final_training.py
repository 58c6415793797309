"""`graftwork trees train`: the final model of a found tree."""

import time
from typing import Any

import numpy as np

from datasets import Dataset
from graftwork import files, units
from graftwork.cluster import workers
from graftwork.errors import InputError
from graftwork.failures import Attempt, with_retry
from graftwork.model_file import save_model
from graftwork.progress import Progress
from graftwork.run import Run
from graftwork.stopping import CheckpointDue, StopRequested, saved_when_stopped
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
    saved, arrays = run.restore(units.STATE) or ({}, {})
    if saved.get("current"):
        # Its checkpoint would be lost.
        raise InputError(
            f"the search in {run.path} was resumed and is not finished. Go on with: graftwork "
            f"trees search --out {run.path} --resume"
        )
    asked = {"method": job.method, **training.schedule.__dict__, "seed": config.seed}
    if config.resume and (not saved.get("training") or saved["asked"] != asked):
        raise InputError(
            f"{run.path} has no interrupted training with these flags. Leave --resume out."
        )
    first = Attempt(config.seed, search.batch_size)
    current = saved.get("training") if config.resume else None
    if current and saved.get("attempt"):
        first = Attempt(**saved["attempt"])
    done = int(arrays["step"]) if current else 0
    taken = done
    last_checkpoint = time.monotonic()

    def due() -> bool:
        return time.monotonic() - last_checkpoint > units.SECONDS_BETWEEN_CHECKPOINTS

    def train(attempt: Attempt) -> dict[str, Any]:
        nonlocal current, taken

        def save() -> None:
            nonlocal last_checkpoint
            values, state = training.state()
            under_way = {"asked": asked, "training": values, "attempt": attempt.to_json()}
            run.checkpoint({**saved, **under_way}, state)
            last_checkpoint = time.monotonic()

        def on_step() -> None:
            nonlocal taken
            taken += 1
            stage.advance()
            # Several machines would not find at the same step that it is time.
            if workers() == 1 and due():
                raise CheckpointDue

        if current:
            training.restore(current, arrays)
            current = None
        else:
            if taken:  # Of the attempt before.
                stage.advance(-taken)
                taken = 0
            weights = first_weights(run, job, dataset, attempt.seed)
            training.begin(job.network.architecture, attempt.seed, weights, attempt.batch_size)
        save()  # An interruption at any step from here on can be resumed.
        with saved_when_stopped():
            try:
                entry = run_job(job, training, on_step, lambda: save() if due() else None)
            except StopRequested:
                save()
                raise
        return {**entry, **attempt.retried}

    def report(text: str) -> None:
        progress.console.print(f"{job.label}: {text}", markup=False)

    with progress.stage("Train", training.schedule.steps, done) as stage:
        entry = with_retry(first, train, report)
    tree = job.network.tree
    model = build_model(tree, dataset.image_shape, search.channels, search.depth)
    copy_weights(training.network, tree, model)
    save_model(model, run.path / "model.keras")
    run.record("trained", **{**asked, **entry})
    row = {**method_row([entry], search.score), "note": note(config, entry)}
    others = [method for method in result["methods"] if method["name"] != row["name"]]
    result = {**result, "methods": [*others, row], "model": row["name"]}
    files.write_json(run.path / "result.json", result)
    run.checkpoint({**saved, "training": None, "attempt": None})
    return result


def final_job(config: TreeTraining, search: TreeSearch, tree: Tree) -> Job:
    """Returns what is trained, named by how it begins."""
    method = "final tree, from scratch" if config.from_scratch else "final tree, fine-tuned"
    network = Network(tree, search.channels, search.depth)
    return Job(method, FINAL, config.seed, 0, network)


def first_weights(run: Run, job: Job, dataset: Dataset, seed: int) -> list[np.ndarray]:
    """Returns the shared weights of the search, or fresh ones to train from scratch."""
    fresh = job.network.supernet(dataset.image_shape, seed).get_weights()
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
