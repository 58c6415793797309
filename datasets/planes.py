"""Images that lie in files as colour planes, one image after the other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.tables import check_no_web_page
from graftwork.errors import InputError
from graftwork.rows import release_pages


class PlaneImages(Sequence[np.ndarray]):
    """Rows of several arrays of colour planes as one sequence of images.

    Nothing is copied but the image that is asked for, so that the arrays may be mapped files
    larger than the memory.

    Args:
        parts: Arrays of uint8 `(n, channels, height, width)`.
        rows: int64: which images these are, counted through all parts in order.
    """

    def __init__(self, parts: Sequence[np.ndarray], rows: np.ndarray) -> None:
        self._parts, self._rows = parts, rows
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        return len(self._rows)

    def release(self) -> None:
        """Lets go of the pages of mapped files that were read so far."""
        for part in self._parts:
            release_pages(part)

    def __getitem__(self, row: int) -> np.ndarray:  # type: ignore[override]
        """Returns an image, uint8 `(height, width, channels)`."""
        image = self._rows[row]
        part = int(np.searchsorted(self._ends, image, side="right"))
        return self._parts[part][image - self._ends[part]].transpose(1, 2, 0)


def map_records(path: Path, size: int, what: str) -> np.ndarray:
    """Maps a file of records of one length into memory.

    Args:
        path: The file.
        size: Bytes of a record.
        what: What a record is, for messages: `"an image of 96×96"`.

    Returns:
        uint8 `(records, size)`, read-only.

    Raises:
        InputError: If the file is missing, empty, a web page, or of another length.
    """
    try:
        length = path.stat().st_size
        with open(path, "rb") as file:
            check_no_web_page(path, file.read(512))
        if length == 0:
            raise InputError(f"{path} is empty. Unpack or download the files again.")
        if length % size:
            raise InputError(
                f"{path} has {length:,} bytes, where a multiple of {size:,} is expected: {what} a "
                f"record. It is cut off or another file: unpack or download the files again."
            )
        return np.memmap(path, np.uint8, "r").reshape(-1, size)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None


def find_nested(folder: Path, nested: str, names: Sequence[str]) -> Path:
    """Returns the folder that holds some of the named files: `folder`, or `nested` within it."""
    for place in (folder, folder / nested):
        if any((place / name).exists() for name in names):
            return place
    return folder


def check_present(folder: Path, names: Sequence[str], advice: str) -> None:
    """Raises an `InputError` that names the files of `names` that `folder` lacks."""
    lacking = [name for name in names if not (folder / name).is_file()]
    if lacking:
        raise InputError(f"{folder} lacks {', '.join(lacking)}. {advice}")
