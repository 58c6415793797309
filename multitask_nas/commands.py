"""`graftwork trees`: what each command does with its configuration."""

import functools
import json
import typing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import datasets
from datasets.identity import check_same_data, describe
from datasets.loading import remarks
from datasets.options import LARGEST_SIDE
from graftwork import files
from graftwork.backend import backend_as, load_backend
from graftwork.errors import InputError
from graftwork.printable import printable
from graftwork.progress import Progress
from graftwork.run import Run, read_config
from graftwork.run_links import check_links
from graftwork.stored_config import read_arguments, resumed, stored_arguments
from graftwork.stored_form import flaw
from multitask_nas.config import (
    TreeExport,
    TreePrediction,
    TreeSearch,
    TreeShow,
    TreeTraining,
)
from multitask_nas.terminal import print_result
from multitask_nas.tree import Tree

RESULT = {
    "architecture": [[int]],
    "attributes": [str],
    "methods": [{"name": str}],
}
"""What of a result is used again by every command."""
DATASET = {"attributes": [str], "shape": [int], "fit": str}
MOST_SHOWN = 1000
"""Attributes of a tree that is drawn."""


def search(config: TreeSearch) -> None:
    """`graftwork trees search`."""
    config = resumed(config) if config.resume else config
    config.check()
    if not config.resume:
        Run.check_new(config.out)
    progress = Progress()
    source = None
    if config.warm_start is not None and not config.resume:
        # Before the data, which may take long: what is wrong with the other run shows at once.
        load_backend()
        from multitask_nas.warm_source import read_source
        from multitask_nas.warm_start import warm_start

        source = read_source(config, read_result(config.warm_start))
    dataset = load_dataset(config, progress)
    with backend_as(config):
        from graftwork.devices import check_batch_size
        from multitask_nas.constraints import check_limits
        from multitask_nas.search_run import TreeSearchRun

        check_batch_size(config.batch_size)
        if config.resume:
            run = Run.resume(config.out, config.keep)
            check_same_data(config.out, dataset)
        else:
            whole = {
                "command": "trees search",
                "arguments": stored_arguments(config),
                "dataset": describe(dataset),
            }
            if source is not None:
                load = functools.partial(load_run_dataset, source.path, progress)
                start = warm_start(config, source, dataset, load)
                whole["source"] = start.to_json()
                for line in start.lines():
                    progress.console.print(line, markup=False)
            check_limits(config, dataset)
            run = Run.create(config.out, whole, config.keep)
        with run:
            result = TreeSearchRun(config, dataset, run, progress).execute()
    print_result(config.out, result, progress.console)


def train(config: TreeTraining) -> None:
    """`graftwork trees train`."""
    config.check()
    stored, result = read_arguments(TreeSearch, config.run), read_result(config.run)
    progress = Progress()
    dataset = load_run_dataset(config.run, progress)
    with backend_as(config):
        from multitask_nas.final_training import train_final

        with Run.resume(config.run, config.keep) as run:
            result = train_final(config, stored, result, dataset, run, progress)
    print_result(config.run, result, progress.console)


def predict(config: TreePrediction) -> None:
    """`graftwork trees predict`."""
    if not config.images:
        raise InputError("name at least one image file after the run folder.")
    model_path = trained_model(config.run)
    described = _described(config.run)
    attributes = described["attributes"]
    from datasets.images import read_image

    shape, fit = tuple(described["shape"]), described["fit"]
    images = [read_image(path, shape, fit) for path in config.images]
    load_backend()
    from graftwork.stored_model import load_model
    from multitask_nas.model import check_fits, predict_images

    model = load_model(model_path)
    check_fits(model, shape, len(attributes), model_path)
    probabilities = predict_images(model, images)
    if config.json:
        rows = [
            {"image": str(path), "attributes": dict(zip(attributes, map(float, row), strict=True))}
            for path, row in zip(config.images, probabilities, strict=True)
        ]
        print(json.dumps(rows, indent=1))
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("attribute")
    for path in config.images:
        table.add_column(escape(printable(path.name)), justify="right", overflow="fold")
    for name, column in zip(attributes, probabilities.T, strict=True):
        cells = (f"[bold]{p:.2f}[/]" if p > 0.5 else f"{p:.2f}" for p in column)
        table.add_row(escape(printable(name)), *cells)
    Console(highlight=False).print(table)


def show(config: TreeShow) -> None:
    """`graftwork trees show`."""
    from reports import save_tree, tree_text

    result = read_result(config.run)
    check_links(config.run)
    architecture, attributes = result["architecture"], result["attributes"]
    if len(attributes) > MOST_SHOWN:
        raise InputError(
            f"{config.run / 'result.json'} has {len(attributes):,} attributes, and trees of at "
            f"most {MOST_SHOWN:,} can be shown."
        )
    console = Console(highlight=False, soft_wrap=True)
    console.print(tree_text(architecture, attributes))
    for name in ("tree.png", "tree.svg"):
        save_tree(architecture, attributes, config.run / name)
        console.print(f"{config.run / name}", markup=False)


def export(config: TreeExport) -> None:
    """`graftwork trees export`."""
    model_path = trained_model(config.run)
    attributes = _described(config.run)["attributes"]
    check_links(config.run)
    endings = {"keras": ".keras", "savedmodel": "", "onnx": ".onnx"}
    default = config.run / "export" / f"{config.run.resolve().name}{endings[config.format]}"
    target = config.out or default
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{target.parent} cannot be written: {error.strerror}.") from None
    load_backend()
    from graftwork.stored_model import load_model
    from multitask_nas.model import export_model

    export_model(load_model(model_path), config.format, target)
    names = target.with_name(f"{target.name}.attributes.json")
    files.write_json(names, attributes)
    print(f"{target}\n{names}")


def load_dataset(config: TreeSearch, progress: Progress) -> datasets.Dataset:
    """Loads the dataset of a configuration, checked, showing progress where it is made."""
    with progress.callback() as callback:
        dataset = datasets.load(config, callback, labelled=True)
    dataset.check_trainable()
    for line in remarks(dataset):
        progress.console.print(line, markup=False)
    rows = len(dataset.split("train"))
    if config.batch_size > rows:
        raise InputError(
            f"batch-size must be at most {rows}, the number of training images of "
            f"{config.dataset!r}. Received: {config.batch_size}."
        )
    halvings, side = len(config.blocks), min(dataset.image_shape[:2])
    if side < 2**halvings:
        raise InputError(
            f"blocks lists {halvings} layers, each of which halves the image, but the images of "
            f"{config.dataset!r} have a side of {side} pixels. List at most "
            f"{side.bit_length() - 1} layers."
        )
    return dataset


def load_run_dataset(run: Path, progress: Progress) -> datasets.Dataset:
    """Loads the data of a run again as its `config.json` says; they must be the same."""
    dataset = load_dataset(read_arguments(TreeSearch, run), progress)
    check_same_data(run, dataset)
    return dataset


def read_result(run: Path) -> dict[str, Any]:
    """Returns the `result.json` of a run."""
    read_config(run)
    path = run / "result.json"
    if not path.exists():
        raise InputError(
            f"the search in {run} is not finished. Go on with: graftwork trees search "
            f"--out {run} --resume"
        )
    result = files.read_json(path)
    if not isinstance(result, dict) or not {"architecture", "attributes"} <= set(result):
        raise InputError(f"{path} is not the result of a tree search.")
    if found := flaw(result, RESULT):
        raise InputError(f"{path} is damaged: {found}. Copy it again.")
    tree = Tree.from_json(result["architecture"])
    if tree.attributes != len(result["attributes"]):
        raise InputError(
            f"{path} is damaged: its tree has {tree.attributes} attributes and it names "
            f"{len(result['attributes'])}. Copy it again."
        )
    return result


def _described(run: Path) -> dict[str, Any]:
    """Returns what a run says of its dataset, checked."""
    stored = read_config(run)
    if found := flaw(stored, {"dataset": DATASET}):
        raise InputError(f"{run / 'config.json'} is damaged: {found}. Copy it again.")
    described = stored["dataset"]
    shape, fit = described["shape"], described["fit"]
    fits = typing.get_args(typing.get_type_hints(TreeSearch)["fit"])
    if len(shape) != 3 or not all(1 <= side <= LARGEST_SIDE for side in shape) or fit not in fits:
        raise InputError(
            f"{run / 'config.json'} is damaged: images of shape {str(shape)[:60]}, brought to it "
            f"by {str(fit)[:60]!r}. Copy it again."
        )
    return described


def trained_model(run: Path) -> Path:
    """Returns the path of a run's trained model."""
    read_result(run)
    if not (run / "model.keras").exists():
        raise InputError(f"{run} has no trained tree yet. Make it by: graftwork trees train {run}")
    return run / "model.keras"
