"""`graftwork data`: what each command does with its configuration."""

import importlib.util
import time

from rich.console import Console

from datasets import cache
from datasets.check import print_check
from datasets.config import DataCache, DataCheck, DataList, DataPrepare
from datasets.dataset import Dataset
from datasets.info import DatasetInfo
from datasets.loading import choose, chosen, load_source, named
from datasets.registry import info, load, names
from graftwork.errors import InputError, unknown_name
from graftwork.progress import Progress


def list_datasets(config: DataList) -> None:
    """`graftwork data list`."""
    console = Console(highlight=False, soft_wrap=True)
    prepared = [folder.name for folder, _ in cache.entries()]
    for name in names():
        known = info(name)
        count = sum(entry.startswith(f"{name}-") for entry in prepared)
        console.print(f"[bold]{name}[/]")
        of_its_own = ", ".join(known.attributes) or "those that its files name"
        number = f"{len(known.attributes)}: " if known.attributes else ""
        for heading, text in (
            ("shows", known.summary),
            ("images", known.images),
            ("attributes", number + of_its_own),
            ("needs", known.needs),
            ("there", _there(known)),
            ("prepared", "yes (`graftwork data cache`)" if count else "not yet"),
        ):
            console.print(f"  {heading:<10}  {text}", markup=False)


def _there(known: DatasetInfo) -> str:
    """Says whether a dataset can be loaded as the machine is."""
    if known.package and importlib.util.find_spec(known.package) is None:
        return f"no: the package {known.package} is not installed"
    if "data_dir" in known.takes and not known.needs.startswith("nothing"):
        return "give --data-dir; `graftwork data check` looks at it"
    return "yes"


def check(config: DataCheck) -> None:
    """`graftwork data check`."""
    config.check_data()
    progress = Progress()
    known = info(config.dataset)
    known.check_flags(config)
    if known.source is None:
        print_check(_load(config, progress), progress.console)
        return
    source = known.source(config)
    if not config.decode:
        print_check(named(chosen(source, config), config), progress.console)
        return
    choose(source.attributes, config, source.unread)
    try:
        with progress.callback() as callback:
            dataset = load_source(source, config, callback)
    except InputError:
        # What it is that is wrong with so many.
        print_check(named(source, config), progress.console)
        raise
    print_check(dataset, progress.console)
    if dataset.attributes:
        dataset.check_trainable()


def prepare(config: DataPrepare) -> None:
    """`graftwork data prepare`."""
    progress = Progress()
    begin = time.perf_counter()
    dataset = _load(config, progress)
    seconds = time.perf_counter() - begin
    height, width, channels = dataset.image_shape
    progress.console.print(
        f"{len(dataset.images):,} images of {width}×{height}, {channels} channels, "
        f"{dataset.images.nbytes / 1e6:,.1f} MB, ready after {seconds:.1f} s in "
        f"{cache.cache_folder() / 'datasets'}",
        markup=False,
    )
    if dataset.problems.left_out:
        progress.console.print(
            f"{dataset.problems.left_out:,} images are left out; graftwork data check "
            f"{config.dataset} says why."
        )


def show_cache(config: DataCache) -> None:
    """`graftwork data cache`."""
    console = Console(highlight=False, soft_wrap=True)
    entries = cache.entries()
    for name in config.names:
        if not any(_is_named(folder.name, name) for folder, _ in entries):
            raise unknown_name("prepared dataset", name, [folder.name for folder, _ in entries])
    chosen = [
        (folder, size)
        for folder, size in entries
        if not config.names or any(_is_named(folder.name, name) for name in config.names)
    ]
    for folder, size in chosen:
        if config.clear:
            cache.remove_entry(folder)
        console.print(f"{size / 1e6:>12,.1f} MB  {folder.name}", markup=False)
    total = f"{sum(size for _, size in chosen) / 1e6:,.1f} MB in {cache.cache_folder()}"
    console.print(f"{'removed ' if config.clear else ''}{total}", markup=False)


def _is_named(entry: str, name: str) -> bool:
    return entry == name or entry.rsplit("-", 2)[0] == name


def _load(config: DataCheck | DataPrepare, progress: Progress) -> Dataset:
    with progress.callback() as callback:
        return load(config, callback)
