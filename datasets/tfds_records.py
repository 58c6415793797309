"""The stored examples of a TFDS dataset, each to be read by its number."""

import io
import mmap
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from datasets.images import FORMATS, LARGEST_IMAGE, flatten
from graftwork.errors import InputError

HEAD, TAIL = 12, 4
"""Bytes before and after the data of a record: its length and a checksum, another checksum."""


def one_line(error: BaseException) -> str:
    """Returns what an error says as one line of at most 300 characters, without a full stop."""
    return " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__


class TfRecords(Sequence[bytes]):
    """The records of `.tfrecord` files, mapped into memory and found by their number.

    TFDS stores examples so unless told otherwise, and reads them only one after the other. A file
    is a row of records, each of which begins with its length, so that one walk over the lengths
    finds where every record lies; reading is then a slice of the map, from any thread.

    Args:
        paths: The files, in order.

    Raises:
        InputError: If a file is missing, cut off or no such file.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._maps: list[mmap.mmap] = []
        places = [np.empty((0, 3), np.int64)]
        for path in paths:
            content = _mapped(path)
            if content is not None:
                self._maps.append(content)
                starts, ends = _walk(path, content)
                part = np.full(len(starts), len(self._maps) - 1)
                places.append(np.stack([part, starts, ends], axis=1))
        self._places = np.concatenate(places)

    def __len__(self) -> int:
        return len(self._places)

    def release(self) -> None:
        """Lets go of the pages that were read so far."""
        for content in self._maps:
            content.madvise(mmap.MADV_DONTNEED)

    def __getitem__(self, number: int) -> bytes:  # type: ignore[override]
        part, start, end = self._places[number].tolist()
        return self._maps[part][start:end]


def _mapped(path: Path) -> mmap.mmap | None:
    """Maps a file; None if it is empty, as that of an empty shard is."""
    try:
        with open(path, "rb") as file:
            if not path.stat().st_size:
                return None
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None


def _walk(path: Path, content: mmap.mmap) -> tuple[list[int], list[int]]:
    """Returns where the data of each record of a file begin and end."""
    starts: list[int] = []
    ends: list[int] = []
    position, size = 0, len(content)
    while position < size:
        start = position + HEAD
        length = struct.unpack_from("<Q", content, position)[0] if start <= size else size
        position = start + length + TAIL
        if position > size:
            raise InputError(
                f"{path}, record {len(starts) + 1}: is cut off, or the file holds no records. "
                "Delete its folder and let TFDS prepare the dataset anew."
            )
        starts.append(start)
        ends.append(start + length)
    return starts, ends


def open_records(builder: Any, split: str) -> Sequence[bytes]:
    """Opens the examples of a split.

    Args:
        builder: A `tfds.core.DatasetBuilder` that is prepared, in the format tfrecord or
            array_record.
        split: The split's name.

    Returns:
        Serialised `tf.train.Example`s, which can be read by number and from any thread.

    Raises:
        InputError: If files are missing, damaged, or stored in another format.
    """
    stored, info = builder.info.file_format.value, builder.info.splits[split]
    paths = [Path(path) for path in info.filepaths]
    if stored == "tfrecord":
        records: Sequence[bytes] = TfRecords(paths)
    elif stored == "array_record":
        records = _array_records(builder, split, paths)
    else:
        raise InputError(
            f"{builder.data_dir} is stored as {stored}, where tfrecord or array_record is "
            "expected. Let TFDS prepare the dataset in another folder in one of these formats."
        )
    if len(records) != info.num_examples:
        raise InputError(
            f"{builder.data_dir}: split {split!r} has {len(records):,} examples, where "
            f"dataset_info.json says {info.num_examples:,}. Delete the folder and let TFDS prepare "
            "the dataset anew."
        )
    return records


def _array_records(builder: Any, split: str, paths: Sequence[Path]) -> Sequence[bytes]:
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path} does not exist.")
    try:
        records = builder.as_data_source(split).data_source
    except Exception as error:  # Of the package array_record, or of its reader.
        raise InputError(
            f"{builder.data_dir}: split {split!r} cannot be read: {one_line(error)}."
        ) from None
    # A file is opened when a record of it is read, and one that is cut off may give empty records.
    ends = np.cumsum(builder.info.splits[split].shard_lengths)
    for path, end in zip(paths, ends.tolist(), strict=True):
        try:
            reason = "" if records[end - 1] else "its last record is empty"
        except Exception as error:
            reason = one_line(error)
        if reason:
            raise InputError(
                f"{path} is damaged: {reason}. Delete its folder and let TFDS prepare the dataset "
                "anew."
            )
    return records


class RecordImages(Sequence[np.ndarray]):
    """The images of stored examples, decoded when they are asked for.

    Args:
        splits: The records of every split in use.
        rows: int64 `(n, 2)`: the split and the record of each image.
        key: The image's name in an example.
        example: `tf.train.Example`.
    """

    def __init__(
        self, splits: Sequence[Sequence[bytes]], rows: np.ndarray, key: str, example: Any
    ) -> None:
        self._splits, self._rows, self._key, self._example = splits, rows, key, example

    def __len__(self) -> int:
        return len(self._rows)

    def release(self) -> None:
        """Lets go of the pages that were read so far."""
        for records in self._splits:
            if isinstance(records, TfRecords):
                records.release()

    def __getitem__(self, row: int) -> np.ndarray:  # type: ignore[override]
        """Returns an image, uint8 `(height, width, 1 or 3)`, transparency laid over white.

        Raises:
            InputError: If it cannot be decoded.
        """
        split, record = self._rows[row].tolist()
        try:
            stored = self._example.FromString(self._splits[split][record])
            (content,) = stored.features.feature[self._key].bytes_list.value
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if opened.width * opened.height > LARGEST_IMAGE:
                    raise ValueError(f"more than {LARGEST_IMAGE:,} pixels")
                pixels = np.asarray(flatten(ImageOps.exif_transpose(opened)))
        except Exception as error:  # Pillow's plugins raise anything on broken data.
            raise InputError(f"is not an image that can be read: {one_line(error)}.") from None
        return pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
