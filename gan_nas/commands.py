"""`graftwork gans`: what each command does with its configuration."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from rich.console import Console

import datasets
from datasets.identity import check_same_data, describe
from datasets.loading import remarks
from datasets.options import DataOptions
from gan_nas.config import GanEvaluation, GanSamples, GanSearch, GanTraining
from gan_nas.terminal import print_quality, print_result, print_space
from graftwork import files
from graftwork.backend import backend_as, load_backend
from graftwork.errors import InputError
from graftwork.progress import Progress
from graftwork.run import Run, read_config
from graftwork.stored_config import read_arguments, resumed, stored_arguments
from graftwork.stored_form import flaw

RESULT = {
    "shortlist": [{"architecture": [int]}],
    "conditional": (None, [str]),
    "methods": [{"name": str}],
}
"""What of a result is used again by other commands."""


def search(config: GanSearch) -> None:
    """`graftwork gans search`."""
    config = resumed(config) if config.resume else config
    config.check()
    if not config.resume:
        Run.check_new(config.out)
    progress = Progress()
    dataset = load_dataset(config, progress)
    if config.resume:
        check_same_data(config.out, dataset)
    with backend_as(config):
        from gan_nas.search_run import GanSearchRun
        from gan_nas.setup import Setup

        setup = Setup(config, dataset, progress)
        setup.check_limits()
        print_space(setup.space, progress.console)
        setup.extractor  # noqa: B018  # A dataset that it cannot learn from shall leave no folder.
        progress.console.print(setup.extractor.note, markup=False)
        setup.check_reward()
        if config.resume:
            run = Run.resume(config.out, config.keep)
        else:
            run = Run.create(
                config.out,
                {
                    "command": "gans search",
                    "arguments": stored_arguments(config),
                    "dataset": describe(dataset),
                },
                config.keep,
            )
        with run:
            result = GanSearchRun(setup, run).execute()
    print_result(config.out, result, progress.console)


def train(config: GanTraining) -> None:
    """`graftwork gans train`."""
    config.check()
    result, stored = read_result(config.run), read_arguments(GanSearch, config.run)
    progress = Progress()
    dataset = load_dataset(stored, progress)
    check_same_data(config.run, dataset)
    with backend_as(config):
        from gan_nas.final_training import train_final
        from gan_nas.setup import Setup

        with Run.resume(config.run, config.keep) as run:
            result = train_final(config, result, Setup(stored, dataset, progress), run)
    print_result(config.run, result, progress.console)


def sample(config: GanSamples) -> None:
    """`graftwork gans sample`."""
    config.check()
    classes, stored = read_result(config.run)["conditional"], read_arguments(GanSearch, config.run)
    if config.class_name is not None and config.class_name not in classes:
        told = f"has the classes {', '.join(classes)}" if classes else "has no classes"
        raise InputError(f"the generator of {config.run} {told}. Received: {config.class_name!r}.")
    load_backend()
    from gan_nas.finished import load_generator
    from gan_nas.sample_picture import picture

    model = load_generator(config.run)
    kind = "interpolation" if config.interpolate else "samples"
    path = config.out or config.run / f"{kind}-seed{config.seed}.png"
    picture(config, model, stored.latent, classes, path)
    print(path)


def evaluate(config: GanEvaluation) -> None:
    """`graftwork gans evaluate`."""
    config.check()
    if not config.target.is_dir():
        raise InputError(f"{config.target} is not a folder: name a run or a folder of images.")
    of_run = (config.target / "config.json").exists()
    if of_run:
        read_result(config.target)
        _check_no_data_flags(config)
    elif config.truncate is not None:
        raise InputError(
            f"--truncate {config.truncate} is for the latents of a run's generator: "
            f"{config.target} is a folder of images. Leave the flag out."
        )
    stored = read_arguments(GanSearch, config.target) if of_run else config
    # What is printed beside JSON shall not be in its way.
    progress = Progress(Console(stderr=config.json, highlight=False, soft_wrap=True))
    dataset = load_dataset(stored, progress)
    if of_run:
        check_same_data(config.target, dataset)
    load_backend()
    from gan_nas.evaluation import evaluate_target

    found = evaluate_target(config, stored, dataset, progress)
    if config.json:
        print(json.dumps(found, indent=1))
    else:
        print_quality(found, progress.console)


def _check_no_data_flags(config: GanEvaluation) -> None:
    """Raises an `InputError` for a flag that says which data, beside a run that knows it."""
    for field in dataclasses.fields(DataOptions):
        value = getattr(config, field.name)
        if value != field.default:
            raise InputError(
                f"--{field.name.replace('_', '-')} {value} is for a folder of images: "
                f"{config.target} is a run, which is judged on its own data. Leave the flag out."
            )


def load_dataset(config: Any, progress: Progress) -> datasets.Dataset:
    """Loads the dataset of a configuration, showing progress where it is made."""
    with progress.callback() as callback:
        dataset = datasets.load(config, callback)
    for line in remarks(dataset):
        progress.console.print(line, markup=False)
    return dataset


def read_result(run: Path) -> dict[str, Any]:
    """Returns the `result.json` of a run.

    Raises:
        InputError: If the folder holds no finished search of generators.
    """
    if read_config(run).get("command") != "gans search":
        raise InputError(f"{run} holds no search of generators. Make one by: graftwork gans search")
    path = run / "result.json"
    if not path.exists():
        raise InputError(
            f"the search in {run} is not finished. Go on with: graftwork gans search "
            f"--out {run} --resume"
        )
    result = files.read_json(path)
    needed = {"shortlist", "conditional", "methods"}
    if not isinstance(result, dict) or not needed <= set(result):
        raise InputError(f"{path} is not the result of a search of generators.")
    if found := flaw(result, RESULT):
        raise InputError(f"{path} is damaged: {found}. Copy it again.")
    return result
