"""Any folder of images as one array, for scores of what another program has generated."""

import concurrent.futures
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from datasets.images import MachineError, fitted, open_image
from datasets.prepare import enlarged
from datasets.problems import plain
from datasets.source import IMAGE_ENDINGS, list_images
from graftwork.errors import InputError

LARGEST_ARRAY = 2**33
"""Bytes of all images together; a larger array would fill the memory of many machines."""
WHOLE = (65_535, 65_535)
"""A size that keeps a JPEG from being decoded at a smaller scale."""


@dataclasses.dataclass(frozen=True, eq=False)
class FolderImages:
    """The images of a folder.

    Attributes:
        images: uint8 `(n, height, width, channels)`, in the order of `names`.
        names: The files below the folder, sorted.
        resize: How the images were brought to this shape, `"none"` where all had it.
        unreadable: What is wrong with each file that was left out, by its name.
        enlarged: How many images were smaller than they are here.
        files: How many files there are, with those that were not drawn.
    """

    images: np.ndarray
    names: tuple[str, ...]
    resize: str
    unreadable: dict[str, str]
    enlarged: int = 0
    files: int = 0

    def remark(self) -> str:
        """Says in a sentence which files were left out, and why the first was; or ""."""
        if not self.unreadable:
            return ""
        return (
            f"{len(self.unreadable):,} files are left out, the first: "
            f"{next(iter(self.unreadable.values())).rstrip('.')}."
        )


def read_folder(
    folder: Path,
    shape: tuple[int, int, int] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> FolderImages:
    """Reads all images below a folder.

    Args:
        folder: PNG, JPEG, BMP, GIF, WebP, TIFF and PPM files, in folders of any depth.
        shape: Height, width and channels (1 or 3) that all are brought to: cut to the
            proportions, then resized. If None, all must have one size; they are grey if all
            files are.
        limit: Take so many files alone, drawn at random where there are more: the first in
            sorted order may all be of one class.
        seed: Seed of that draw.

    Returns:
        The images. Files that cannot be read are left out, and named with the reason.

    Raises:
        InputError: If there is no image that can be read, sizes differ where no shape is
            given, or the array would be larger than 8 GiB.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{plain(str(folder))} is not a folder that exists.")
    if limit is not None and limit < 1:
        raise InputError(f"limit must be at least 1. Received: {limit}.")
    names = list_images(folder)
    if not names:
        raise InputError(f"{folder} holds no image ({', '.join(IMAGE_ENDINGS)}).")
    files = len(names)
    if limit is not None and limit < files:
        drawn = np.random.default_rng([seed, 71]).choice(files, limit, replace=False)
        names = [names[i] for i in np.sort(drawn)]
    if shape:
        _check_memory(len(names), shape)
    kept: list[str] = []
    arrays: list[np.ndarray] = []
    unreadable: dict[str, str] = {}
    resized, smaller = False, 0
    for name, read in _read(folder, names, shape):
        if isinstance(read, InputError):
            unreadable[name] = str(read)
            continue
        array, size = read
        if shape is None:
            if not arrays:
                _check_memory(len(names), (*array.shape[:2], 3))
            elif array.shape[:2] != arrays[0].shape[:2]:
                raise InputError(
                    f"images of one size are needed. Received in {folder}: {plain(kept[0])} of "
                    f"{_size(arrays[0])} and {plain(name)} of {_size(array)} pixels. Give a shape "
                    "that all are resized to."
                )
        else:
            resized |= size != shape[:2]
            smaller += enlarged(size, shape[:2], "crop")
        arrays.append(array)
        kept.append(name)
    if not arrays:
        raise InputError(
            f"no image in {folder} can be read, the first: {next(iter(unreadable.values()))}"
        )
    text = f"cut to the proportions, bilinear, antialiased, to {_size(arrays[0])}"
    return FolderImages(
        _stacked(arrays), tuple(kept), text if resized else "none", unreadable, smaller, files
    )


def _read(
    folder: Path, names: list[str], shape: tuple[int, int, int] | None
) -> Iterator[tuple[str, tuple[np.ndarray, tuple[int, int]] | InputError]]:
    """Yields every image with the size of its file, or why it cannot be read, in order.

    Several threads decode and resize: no large image waits for its turn.
    """

    def decode(name: str) -> tuple[np.ndarray, tuple[int, int]] | InputError:
        try:
            # JPEG at full scale: coarser decoding would count as a fault of the generator.
            image = open_image(folder / name, WHOLE)
            array = np.asarray(image) if shape is None else fitted(image, shape, "crop")
            return array, (image.height, image.width)
        except MachineError:
            raise  # Not the image's fault: left out, it would change the score unseen.
        except InputError as error:
            return error

    workers = os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(names), 8 * workers):  # No more decoded than is soon used.
            some = names[start : start + 8 * workers]
            yield from zip(some, pool.map(decode, some), strict=True)


def _stacked(arrays: list[np.ndarray]) -> np.ndarray:
    """Returns images `(h, w)` and `(h, w, c)` as one array; colour if any has it."""
    channels = max(array.shape[2] if array.ndim == 3 else 1 for array in arrays)
    result = np.empty((len(arrays), *arrays[0].shape[:2], channels), np.uint8)
    for target, array in zip(result, arrays, strict=True):
        target[:] = array if array.ndim == 3 else array[..., None]
    return result


def _size(array: np.ndarray) -> str:
    return f"{array.shape[0]}×{array.shape[1]}"


def _check_memory(images: int, shape: tuple[int, int, int]) -> None:
    size = images * int(np.prod(shape))
    if size > LARGEST_ARRAY:
        raise InputError(
            f"{images:,} images of {shape[0]}×{shape[1]} pixels would take {size / 2**30:.0f} GiB, "
            f"where at most {LARGEST_ARRAY / 2**30:.0f} are read. Give a smaller shape or a limit."
        )
