"""What a dataset's files say, before an image is decoded."""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.images import open_image
from datasets.problems import Problems
from graftwork.errors import InputError

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")


@dataclasses.dataclass(frozen=True)
class ImageFiles:
    """Images as files below one folder.

    Args:
        folder: The folder.
        names: Their paths below it, with `/`, in the order of the rows.
    """

    folder: Path
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.names)

    def place(self, row: int) -> str:
        """Names an image in messages."""
        return str(self.folder / self.names[row])

    def open(self, row: int, size: tuple[int, int]) -> Image.Image:
        """Opens an image, upright, in mode RGB or L, at least as large as `size` where it is so.

        Raises:
            InputError: If it is missing or cannot be read.
        """
        return open_image(self.folder / self.names[row], size)

    def identity(self) -> Iterator[bytes]:
        """Yields what changes when an image does: folder, names, sizes, places and times.

        The time of change (ctime) tells of an edit even where the time of modification was set
        back, as by `cp -p` or an archive.
        """
        yield os.fsencode(f"{self.folder.resolve()}\0")
        for name in self.names:
            try:
                status = os.stat(self.folder / name)
                times = f"{status.st_mtime_ns}\0{status.st_ctime_ns}"
                yield os.fsencode(f"{name}\0{status.st_ino}\0{status.st_size}\0{times}\n")
            except OSError:
                yield os.fsencode(f"{name}\0gone\n")


@dataclasses.dataclass(frozen=True, eq=False)
class ImageArray:
    """Images of one size in an array, which may be memory-mapped.

    Args:
        array: uint8 `(n, height, width, channels)`, channels 1 or 3; or anything else
            that can be indexed with a row to such an image and has a length.
        where: The file or package that it comes from, for messages.
        key: What changes when the array does: a digest, or size and time of change of a file.
    """

    array: Sequence[np.ndarray] | np.ndarray
    where: str
    key: str

    def __len__(self) -> int:
        return len(self.array)

    def place(self, row: int) -> str:
        """Names an image in messages."""
        return f"{self.where}, image {row}"

    def open(self, row: int, size: tuple[int, int]) -> Image.Image:
        """Returns an image in mode RGB or L."""
        pixels = np.ascontiguousarray(self.array[row])
        return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)

    def release(self) -> None:
        """Lets go of the pages of mapped files that were read so far."""
        if hasattr(self.array, "release"):
            self.array.release()

    def identity(self) -> Iterator[bytes]:
        """Yields what changes when the images do."""
        yield f"{self.where}\0{self.key}\0{len(self)}\n".encode()


def file_key(*paths: Path) -> str:
    """Returns sizes and times of change of files: the `key` of an `ImageArray` from files."""
    parts = []
    for path in paths:
        status = os.stat(path)
        parts.append(f"{path.resolve()}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}")
    return ";".join(parts)


def list_images(folder: Path) -> list[str]:
    """Returns the image files below a folder, hidden ones left out, with `/` and sorted.

    Links to folders are followed, each folder once.

    Raises:
        InputError: If a folder cannot be read.
    """

    def unreadable(error: OSError) -> None:
        raise InputError(f"the folder {error.filename} cannot be read: {error.strerror}.")

    found, visited = [], set()
    for root, folders, names in os.walk(folder, onerror=unreadable, followlinks=True):
        status = os.stat(root)
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(root).relative_to(folder).as_posix()
        prefix = "" if below == "." else f"{below}/"
        found += [
            prefix + name
            for name in names
            if name.lower().endswith(IMAGE_ENDINGS) and not name.startswith(".")
        ]
    return sorted(found)


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """What a dataset's files say, before an image is decoded.

    Attributes:
        name: The dataset's name.
        images: The images, one a row.
        labels: `(n, A)` int8: 0, 1 or −1 for missing. A may be 0 where there are images alone.
        attributes: The name of each column.
        splits: Sorted int64 rows of `train`, `validation` and `test`, and of `unlabelled`
            where there are images for generators alone. No row is in two.
        problems: What was wrong. Rows that it left out are not in `images` and `labels`.
        size: Height and width that the images are brought to unless others are asked for.
        channels: 3 for colour, 1 for grey.
        flip: Whether a mirrored image is as good as the image.
        shift: The share of a side by which an image may be moved and stay as good.
        merged: Groups of attributes that the dataset's official score counts as one label
            with several values, by the group's name.
        note: One line on the splits and labels that a reader of results must know, or "".
        unread: Names of attributes that the files hold and that were left unread, because they
            were not asked for.
    """

    name: str
    images: ImageFiles | ImageArray
    labels: np.ndarray
    attributes: tuple[str, ...]
    splits: dict[str, np.ndarray]
    problems: Problems
    size: tuple[int, int]
    channels: int = 3
    flip: bool = False
    shift: float = 0.0
    merged: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    note: str = ""
    unread: tuple[str, ...] = ()
