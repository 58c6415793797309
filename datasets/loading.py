"""From what a dataset's files say to a dataset that can be trained on."""

import copy
import dataclasses
from typing import TypeVar

import numpy as np

from datasets.dataset import Dataset, fingerprint
from datasets.info import Progress
from datasets.options import DataOptions
from datasets.prepare import Prepared, prepare
from datasets.problems import Problems
from datasets.source import Source
from graftwork.errors import InputError, unknown_name

Named = TypeVar("Named", Dataset, Source)

UNREADABLE = "images that cannot be read"


def load_source(source: Source, options: DataOptions, progress: Progress | None = None) -> Dataset:
    """Prepares the images of a source and makes a dataset of those that can be read.

    Args:
        source: What the dataset's files say.
        options: Size, fit, attributes and the share of images that may be left out.
        progress: Called as `progress(stage, done, total)` while images are prepared.

    Returns:
        The dataset, its images memory-mapped.

    Raises:
        InputError: If more images than `options.max_bad` would be left out, or an attribute
            that was asked for does not exist.
    """
    source = chosen(source, options)
    check_share(source, source.problems, options)
    prepared = prepare(source, options.shape() or source.size, options.fit, progress)
    problems = with_unreadable(source, prepared)
    check_share(source, problems, options)
    unreadable = np.fromiter(prepared.unreadable, np.int64)
    splits = {
        name: np.setdiff1d(rows, unreadable).astype(np.int64)
        for name, rows in source.splits.items()
    }
    labels, names = source.labels, source.attributes
    height, width, _ = shape = prepared.images.shape[1:]
    return Dataset(
        name=options.name or source.name,
        images=prepared.images,
        labels=labels,
        attributes=names,
        splits=splits,
        fingerprint=fingerprint((len(labels), *shape), prepared.digest, labels, names, splits),
        flip=source.flip,
        shift=(round(source.shift * height), round(source.shift * width)),
        merged=source.merged,
        fit=options.fit,
        problems=problems,
        note=source.note,
        enlarged=prepared.enlarged,
    )


def named(data: Named, options: DataOptions) -> Named:
    """Returns a dataset or source under the name that was asked for.

    Prepared images lie under the source's own name: a new name prepares nothing anew.
    """
    return data if options.name is None else dataclasses.replace(data, name=options.name)


def chosen(source: Source, options: DataOptions) -> Source:
    """Returns a source with the attributes that were asked for.

    The official score is that of all attributes: without one of them there is none.

    Raises:
        InputError: If an attribute that was asked for does not exist, or none is left.
    """
    columns = choose(source.attributes, options, source.unread)
    names = tuple(source.attributes[column] for column in columns)
    return dataclasses.replace(
        source,
        attributes=names,
        labels=np.ascontiguousarray(source.labels[:, columns]),
        merged=source.merged if set(names) == set(source.attributes) else {},
    )


def choose(
    attributes: tuple[str, ...], options: DataOptions, unread: tuple[str, ...] = ()
) -> list[int]:
    """Returns the columns of the attributes that were asked for.

    Args:
        attributes: The attributes of the columns.
        options: Which are used, and which are left out.
        unread: Attributes that are known and have no column.

    Raises:
        InputError: If one does not exist, or none is left.
    """
    for name in (*options.attributes, *options.without):
        if name not in (*attributes, *unread):
            raise unknown_name("attribute", name, (*attributes, *unread))
    wanted = options.attributes or attributes
    used = (name for name in wanted if name not in options.without)
    columns = [attributes.index(name) for name in used]
    if attributes and not columns:
        raise InputError("without leaves no attribute.")
    return columns


def with_unreadable(source: Source, prepared: Prepared) -> Problems:
    """Returns the problems of a source and, among them, its images that cannot be read."""
    problems = copy.deepcopy(source.problems)
    for row, text in prepared.unreadable.items():
        place = source.images.place(row)
        problems.add(UNREADABLE, place, without_place(text, place), left_out=True)
    return problems


def without_place(text: str, place: str) -> str:
    """Takes the place of an image out of what is said of it, which begins with it."""
    return text.removeprefix(f"image {place} ").removeprefix(f"{place} ")


def check_share(source: Source, problems: Problems, options: DataOptions) -> None:
    """Raises an `InputError` if too many images are left out, or all."""
    unreadable = problems.counts.get(UNREADABLE, 0)
    rows = len(source.images) + problems.left_out - unreadable
    if not len(source.images) - unreadable:
        raise InputError(f"dataset {source.name!r} has no image that can be used.{first(problems)}")
    if problems.left_out > options.max_bad * rows:
        raise InputError(
            f"dataset {source.name!r}: {problems.left_out:,} of {rows:,} images cannot be used, "
            f"more than the share of {options.max_bad:g} that max-bad allows: {counts(problems)}."
            f"{first(problems)} `graftwork data check` lists more; --max-bad "
            f"{min(1.0, np.ceil(100 * problems.left_out / rows) / 100):g} goes on without them."
        )


def counts(problems: Problems) -> str:
    """Says for which kinds of problems how many images are left out, in one line."""
    return ", ".join(f"{count:,} {kind}" for kind, count in problems.left_out_by_kind.items())


def remarks(dataset: Dataset) -> list[str]:
    """Returns what a person must know of the data before they are trained on, in sentences."""
    problems = dataset.problems
    lines = [dataset.note] if dataset.note else []
    if dataset.enlarged:
        lines.append(enlargement(dataset.enlarged, len(dataset.images), dataset.image_shape))
    if problems.left_out:
        lines.append(f"{problems.left_out:,} images are left out: {counts(problems)}.")
    others = {k: n for k, n in problems.counts.items() if k not in problems.left_out_by_kind}
    lines += [
        f"{count:,} {kind}, the first: {problems.first[kind][0].rstrip('.')}."
        for kind, count in others.items()
    ]
    return [*lines, "`graftwork data check` says more."] if problems.counts else lines


def enlargement(enlarged: int, images: int, shape: tuple[int, int, int]) -> str:
    """Says that images have no more detail than their files, and what to do.

    Args:
        enlarged: How many images were smaller.
        images: How many there are.
        shape: Height, width and channels that all were brought to.
    """
    return (
        f"{enlarged:,} of {images:,} images are smaller than {shape[0]}×{shape[1]} and were "
        "enlarged: what is learned has no detail beyond theirs. Give a smaller --size."
    )


def first(problems: Problems) -> str:
    """Says the first problem that an image is left out for, as a sentence of its own."""
    kind = next(iter(problems.left_out_by_kind), None) or next(iter(problems.first), None)
    return f" The first: {problems.first[kind][0].rstrip('.')}." if kind else ""


def restricted(dataset: Dataset, options: DataOptions) -> Dataset:
    """Returns a dataset with the attributes, and the name, that were asked for."""
    dataset = named(dataset, options)
    chosen = choose(dataset.attributes, options)
    if len(chosen) == len(dataset.attributes) and not options.attributes:
        return dataset
    names = tuple(dataset.attributes[column] for column in chosen)
    labels = np.ascontiguousarray(dataset.labels[:, chosen])
    digest = fingerprint(dataset.images.shape, dataset.fingerprint, labels, names, dataset.splits)
    return dataclasses.replace(dataset, labels=labels, attributes=names, fingerprint=digest)
