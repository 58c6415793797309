"""The attribute file of Market-1501, `market_attribute.mat`.

A MATLAB v5 file with one struct, `market_attribute`, whose fields `train` (751 identities) and
`test` (750) are structs again, with 27 fields of values and `image_index`, which says whose
values they are. The two list their fields in different orders, so that fields are read by name.

    field      value in the file                          attribute     1 means
    gender     1 male, 2 female                           female        female
    hair       1 short, 2 long                            long_hair     long hair
    up         1 long sleeves, 2 short                    short_sleeves short sleeves
    down       1 long lower clothing, 2 short             short_lower   short lower clothing
    clothes    1 dress, 2 pants                           pants         pants
    hat, backpack, bag, handbag   1 no, 2 yes             as the field  yes
    age        1 young, 2 teenager, 3 adult, 4 old        see below
    up*, down* 8 upper and 9 lower colours, 1 no, 2 yes   as the field  yes

Age becomes four attributes of which one is 1, `young`, `teenager`, `adult` and `old`; or, in
order, three thresholds, `teenager_or_older`, `adult_or_older` and `old`.

An identity has at most one upper and one lower colour. For 147 of the 1,501 the file says no to
all upper colours and for 74 to all lower ones: they wear another colour, or several. Their
labels are 0, as in the file, and not missing.
"""

import io
import math
import struct
import warnings
import zlib
from collections.abc import Container
from pathlib import Path
from typing import Any, Literal

import numpy as np

from datasets.problems import Problems
from datasets.tables import check_no_web_page
from graftwork.errors import InputError

VARIABLE = "market_attribute"
IDENTITY = "image_index"
BINARY = {
    "gender": "female",
    "hair": "long_hair",
    "up": "short_sleeves",
    "down": "short_lower",
    "clothes": "pants",
    "hat": "hat",
    "backpack": "backpack",
    "bag": "bag",
    "handbag": "handbag",
}
"""For a field of two values, the attribute that its second value stands for."""
AGES = ("young", "teenager", "adult", "old")
AGE_THRESHOLDS = ("teenager_or_older", "adult_or_older", "old")
# fmt: off
UPPER_COLOURS = (
    "upblack", "upwhite", "upred", "uppurple", "upyellow", "upgray", "upblue", "upgreen",
)
LOWER_COLOURS = (
    "downblack", "downwhite", "downpink", "downpurple", "downyellow", "downgray", "downblue",
    "downgreen", "downbrown",
)
# fmt: on
FIELDS = (*BINARY, "age", *UPPER_COLOURS, *LOWER_COLOURS)
LARGEST_FILE = 2**26

# Of MATLAB's format 5: the length of the header, types of elements and classes of matrices.
HEADER = 128
INT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 5, 6, 14, 15
NUMBERS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # Bytes of each.
TEXTS = {1: 1, 2: 1, 4: 2, 16: 1, 17: 2, 18: 4}
CELL, STRUCT, CHAR, NUMERIC = 1, 2, 4, range(6, 16)
COMPLEX = 0x800


def attribute_names(age: Literal["binary", "ordinal"]) -> tuple[str, ...]:
    """Returns the attributes' names in the order of the columns, for a form of age."""
    ages = AGES if age == "binary" else AGE_THRESHOLDS
    return (*BINARY.values(), *ages, *UPPER_COLOURS, *LOWER_COLOURS)


def read_attributes(
    path: Path, age: Literal["binary", "ordinal"], problems: Problems
) -> dict[str, dict[int, np.ndarray]]:
    """Reads the attributes of all identities.

    Args:
        path: The MATLAB file.
        age: Whether age becomes four binary attributes or three thresholds in order.
        problems: Where identities that are left out are told of.

    Returns:
        For `"train"` and `"test"`, the labels of every identity: int8 `(A,)`, 0 or 1, in
        the order of `attribute_names`.

    Raises:
        InputError: If the file is missing, damaged or another file, or lacks a field.
    """
    variables = _load(path)
    if VARIABLE not in variables:
        found = ", ".join(repr(name) for name in variables if not name.startswith("__"))
        raise InputError(
            f"{path} holds no variable {VARIABLE!r}: it holds {found[:200] or 'nothing'}. "
            f"The attribute file of Market-1501 is market_attribute.mat."
        )
    attributes = {}
    for split in ("train", "test"):
        fields = _struct(path, VARIABLE, variables[VARIABLE], (split,))[split]
        place = f"{path}, {VARIABLE}.{split}"
        fields = _struct(path, f"{VARIABLE}.{split}", fields, (*FIELDS, IDENTITY))
        attributes[split] = _labels(place, fields, age, problems)
    return attributes


def _load(path: Path) -> dict[str, Any]:
    from scipy import io as scipy_io

    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= LARGEST_FILE else b""
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if size > LARGEST_FILE:
        raise InputError(
            f"{path} has {size:,} bytes, where the attribute file of Market-1501 has 10,220."
        )
    check_no_web_page(path, content[:512])
    # Without this SciPy would take any bytes for a file of the headerless version 4.
    version = {b"\0\1IM": 5, b"\1\0MI": 5, b"\0\2IM": 7.3, b"\2\0MI": 7.3}.get(content[124:128])
    if version != 5:
        what = "a MATLAB file of version 7.3" if version else "no MATLAB file"
        raise InputError(
            f"{path} is {what}, where one of version 5 is expected. Download "
            "market_attribute.mat again, or save it with `save -v7`."
        )
    try:
        content = _checked(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return scipy_io.loadmat(io.BytesIO(content), simplify_cells=True)
    except Exception as error:  # SciPy's reader raises anything on broken files.
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        raise InputError(f"{path} is a damaged MATLAB file: {reason}. Download it again.") from None


def _checked(content: bytes) -> bytes:
    """Unpacks the variables of a file, and checks that its sizes and types fit together.

    SciPy believes what a file says of them, and wrong ones end the process.

    Returns:
        The same file without compression.

    Raises:
        ValueError: If something does not fit.
        zlib.error: If what is compressed is damaged.
    """
    order = "<" if content[126:128] == b"IM" else ">"
    parts, at = [content[:HEADER]], HEADER
    while at < len(content):
        kind, begin, size, _ = _element(content, at, order, (MATRIX, COMPRESSED))
        part = content[at : begin + size]
        at = begin + size
        if kind == COMPRESSED:
            unpacking = zlib.decompressobj()
            part = unpacking.decompress(part[8:], LARGEST_FILE)
            if not unpacking.eof:
                raise ValueError("a variable is cut off, or far larger than expected")
        if _check_matrix(part, 0, order, 0) != len(part):
            raise ValueError("a variable has another length than it says")
        parts.append(part)
    return b"".join(parts)


def _element(data: bytes, at: int, order: str, kinds: Container[int]) -> tuple[int, int, int, int]:
    """Returns type, begin, length and end of the element at a position.

    Raises:
        ValueError: If it is of none of the types `kinds`, or goes beyond the data.
    """
    if at + 8 > len(data):
        raise ValueError(f"it ends at byte {len(data):,}, where more is expected")
    kind, size = struct.unpack_from(f"{order}II", data, at)
    begin, end = at + 8, at + 8 + -(-size // 8) * 8
    if kind >> 16:  # Up to four bytes stand in the tag itself.
        kind, size, begin, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    if kind not in kinds:
        raise ValueError(f"type {kind} at byte {at:,} of a variable is not expected there")
    if begin + size > min(end, len(data)):
        raise ValueError(f"it ends at byte {len(data):,}, where {begin + size:,} are expected")
    return kind, begin, size, end


def _check_matrix(data: bytes, at: int, order: str, depth: int) -> int:
    """Checks the matrix at a position, with all that is in it, and returns its end."""
    start = at
    _, at, size, end = _element(data, at, order, (MATRIX,))
    if not size:
        return end
    _, flags, size, at = _element(data, at, order, (UINT32,))
    if size != 8 or depth > 8:
        raise ValueError(f"the matrix at byte {start:,} has not the form of one")
    word = struct.unpack_from(f"{order}I", data, flags)[0]
    _, begin, size, at = _element(data, at, order, (INT32,))
    shape = struct.unpack_from(f"{order}{size // 4}i", data, begin)
    count = math.prod(shape)
    if not 2 <= len(shape) <= 32 or min(shape) < 0:
        raise ValueError(f"the matrix at byte {start:,} has the shape {shape[:4]}")
    at = _element(data, at, order, (INT8,))[3]  # The name.
    inner, matrix_class = 0, word & 0xFF
    if matrix_class == CELL:
        inner = count
    elif matrix_class == STRUCT:
        _, begin, size, at = _element(data, at, order, (INT32,))
        width = struct.unpack_from(f"{order}i", data, begin)[0] if size == 4 else 0
        _, begin, size, at = _element(data, at, order, (INT8,))
        names = [data[i : i + width] for i in range(begin, begin + size, max(width, 1))]
        if width < 1 or size % width or not all(b"\0" in name for name in names):
            raise ValueError(f"the names of the fields at byte {begin:,} do not end")
        inner = count * len(names)
    elif matrix_class == CHAR or matrix_class in NUMERIC:
        sizes = TEXTS if matrix_class == CHAR else NUMBERS
        for _ in range(2 if word & COMPLEX else 1):
            kind, begin, size, at = _element(data, at, order, sizes)
            # In UTF-8 a letter takes one byte or more.
            if size < count * sizes[kind] or (sizes is NUMBERS and size != count * sizes[kind]):
                raise ValueError(f"the {count:,} values at byte {begin:,} have {size:,} bytes")
    else:
        raise ValueError(f"the matrix at byte {start:,} is of class {matrix_class}")
    for _ in range(inner):
        at = _check_matrix(data, at, order, depth + 1)
    if at != end:
        raise ValueError(f"the matrix at byte {start:,} has another length than it says")
    return end


def _struct(path: Path, name: str, value: Any, needed: tuple[str, ...]) -> dict[str, Any]:
    """Returns a struct as a dictionary, which must have the fields that are needed."""
    if not isinstance(value, dict):
        raise InputError(
            f"{path}: {name} is {type(value).__name__}, where a struct with the fields "
            f"{', '.join(needed[:3])}{', …' if len(needed) > 3 else ''} is expected."
        )
    lacking = [field for field in needed if field not in value]
    if lacking:
        raise InputError(
            f"{path}: {name} lacks {', '.join(lacking[:5])}"
            f"{f' and {len(lacking) - 5} fields more' if len(lacking) > 5 else ''}. It has "
            f"{', '.join(map(repr, value))[:300] or 'no field'}."
        )
    return value


def _labels(
    place: str, fields: dict[str, Any], age: Literal["binary", "ordinal"], problems: Problems
) -> dict[int, np.ndarray]:
    identities = _column(place, IDENTITY, fields[IDENTITY])
    values = np.empty((len(identities), len(FIELDS)))
    for column, field in enumerate(FIELDS):
        cells = _column(place, field, fields[field])
        if cells.dtype.kind not in "biuf":
            raise InputError(f"{place}: {field} does not hold numbers, but {cells.dtype}.")
        if len(cells) != len(identities):
            raise InputError(
                f"{place}: {field} has {len(cells)} values, where {IDENTITY} has "
                f"{len(identities)}. Download the file again."
            )
        values[:, column] = cells
    is_age = np.array([field == "age" for field in FIELDS])
    known = np.isin(values, (1, 2)) | (np.isin(values, (3, 4)) & is_age)
    numbers = np.where(known, values, 1).astype(int)
    ages = numbers[:, is_age]
    labels = np.concatenate(
        [
            numbers[:, : len(BINARY)] == 2,
            ages == np.arange(1, 5) if age == "binary" else ages >= np.arange(2, 5),
            numbers[:, len(BINARY) + 1 :] == 2,
        ],
        axis=1,
    ).astype(np.int8)
    result: dict[int, np.ndarray] = {}
    for row, cell in enumerate(identities):
        identity = _identity(cell)
        if identity is None:
            text = f"{IDENTITY} {row + 1} is {str(cell)[:40]!r}, where a number is expected"
            problems.add("identities without a number", place, text)
        elif identity in result:
            text = f"identity {identity:04d} comes again; its first values count"
            problems.add("repeated identities", place, text)
        elif not known[row].all():
            column = int(np.argmin(known[row]))
            wanted = "1 to 4" if is_age[column] else "1 or 2"
            text = (
                f"{FIELDS[column]} of identity {identity:04d} is {values[row, column]:g}, where "
                f"{wanted} is expected; the identity is left out"
            )
            problems.add("identities with wrong values", place, text)
        else:
            result[identity] = labels[row]
    return result


def _column(place: str, field: str, value: Any) -> np.ndarray:
    try:
        return np.atleast_1d(np.asarray(value)).ravel()
    except ValueError:
        raise InputError(f"{place}: {field} is no row of values.") from None


def _identity(cell: Any) -> int | None:
    """Reads `"0002"`, 2 or 2.0 as the number 2."""
    try:
        number = int(cell)
        return number if 0 < number < 10**9 and number == float(cell) else None
    except (TypeError, ValueError, OverflowError):
        return None
