"""The domains of a run: datasets, and the numbers of their attributes among all."""

import dataclasses
import re
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import datasets
from datasets import DataOptions, Dataset
from datasets.loading import remarks
from graftwork.errors import InputError, unknown_name
from graftwork.progress import Progress

KEYS = tuple(
    field.name.replace("_", "-")
    for field in dataclasses.fields(DataOptions)
    if field.name != "dataset"
)
"""What can be said of a dataset behind its colon: the flags for data."""
TYPES = typing.get_type_hints(DataOptions)


@dataclasses.dataclass(frozen=True, eq=False)
class Domain:
    """A dataset of a run.

    Args:
        name: Its name, different from those of the run's other domains.
        dataset: The data.
        offset: The task that its first attribute is. Tasks are the attributes of all
            domains, numbered from 0, domain after domain.
    """

    name: str
    dataset: Dataset
    offset: int

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of its attributes."""
        return self.dataset.attributes

    @property
    def tasks(self) -> range:
        """The tasks that its attributes are."""
        return range(self.offset, self.offset + len(self.attributes))


def number(named: Sequence[tuple[str, Dataset]]) -> tuple[Domain, ...]:
    """Returns domains whose tasks follow each other.

    Args:
        named: Names, all different, and datasets.
    """
    domains: list[Domain] = []
    for name, dataset in named:
        domains.append(Domain(name, dataset, domains[-1].tasks.stop if domains else 0))
    return tuple(domains)


def task_names(domains: Sequence[Domain]) -> tuple[str, ...]:
    """Returns what every task is called, such as `"glyphs/serif"`."""
    return tuple(f"{domain.name}/{name}" for domain in domains for name in domain.attributes)


def parse_spec(spec: str, defaults: DataOptions) -> DataOptions:
    """Reads a dataset with flags of its own, such as `folder:name=emoji,data-dir=DIR`.

    Values of a list are parted by commas, too: `glyphs:attributes=serif,bold,data-seed=1`.

    Args:
        spec: The dataset, and perhaps a colon, keys and values. A part after a colon that
            belongs to the dataset, as in `tfds:celeb_a`, stays with it.
        defaults: The flags that hold where the spec says nothing.

    Raises:
        InputError: If a key is not one of `KEYS`, stands there twice or has a wrong value.
    """
    dataset, pairs = split_spec(spec)
    values: dict[str, Any] = {}
    for key, text in pairs:
        if key not in KEYS:
            raise InputError(f"dataset {spec!r}: {unknown_name('key', key, KEYS)}")
        field = key.replace("-", "_")
        if field in values:
            raise InputError(f"dataset {spec!r} says {key} twice.")
        values[field] = _value(spec, key, text)
    inherited = {f.name: getattr(defaults, f.name) for f in dataclasses.fields(DataOptions)}
    options = DataOptions(**{**inherited, "dataset": dataset, **values})
    options.check_data()
    return options


def split_spec(spec: str) -> tuple[str, list[tuple[str, str]]]:
    """Splits a spec into its dataset and its keys, with `_` as `-`, and their texts."""
    begin = re.search(r":(?=[\w-]*=)", spec)
    if begin is None:
        return spec, []
    pairs: list[tuple[str, str]] = []
    for part in spec[begin.end() :].split(","):
        key = re.match(r"([\w-]*)=", part)
        if key:
            pairs.append((key[1].replace("_", "-"), part[key.end() :]))
        else:  # A comma inside of a value.
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]},{part}")
    return spec[: begin.start()], pairs


def absolute_spec(spec: str) -> str:
    """Returns a spec whose paths are found from any folder, as run folders keep it."""
    dataset, pairs = split_spec(spec)
    words = [
        f"{key}={Path(text).expanduser().resolve() if text and _is_path(key) else text}"
        for key, text in pairs
    ]
    return ":".join([dataset, ",".join(words)] if words else [dataset])


def load_domains(
    options: Sequence[DataOptions], batch_size: int, progress: Progress
) -> tuple[Domain, ...]:
    """Loads the datasets of a run, checked, showing progress where they are made.

    Two of one name are told apart by a number, as `folder` and `folder 2`.

    Args:
        options: Which data, at least one dataset.
        batch_size: Images a training step: every training split needs as many.
        progress: Where to show progress and what a person must know of the data.

    Raises:
        InputError: If a dataset cannot be loaded or trained on.
    """
    loaded: dict[str, Dataset] = {}
    for one in options:
        with progress.callback() as callback:
            dataset = datasets.load(one, callback, labelled=True)
        dataset.check_trainable()
        count, name = 1, dataset.name
        while name in loaded:
            count += 1
            name = f"{dataset.name} {count}"
        for line in remarks(dataset):
            progress.console.print(f"{name}: {line}" if len(options) > 1 else line, markup=False)
        rows = len(dataset.split("train"))
        if batch_size > rows:
            raise InputError(
                f"batch-size must be at most {rows}, the number of training images of {name!r}. "
                f"Received: {batch_size}."
            )
        loaded[name] = dataclasses.replace(dataset, name=name)
    return number(list(loaded.items()))


def _is_path(key: str) -> bool:
    kind = TYPES.get(key.replace("-", "_"))
    return Path in (kind, *typing.get_args(kind))


def _value(spec: str, key: str, text: str) -> Any:
    """Reads the value of a key, as the command line would."""
    kind = TYPES[key.replace("-", "_")]
    if not text:
        raise InputError(f"dataset {spec!r}: {key} has no value. Write {key}=VALUE.")
    if _is_path(key):
        return Path(text).expanduser()
    if typing.get_origin(kind) is tuple:
        return tuple(text.split(","))
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        if text not in choices:
            raise InputError(
                f"dataset {spec!r}: {key} must be {' or '.join(choices)}. Received: {text!r}."
            )
        return text
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            expected = "a whole number" if kind is int else "a number"
            raise InputError(
                f"dataset {spec!r}: {key} must be {expected}. Received: {text!r}."
            ) from None
    return text
