"""Reads one image file as the networks take it."""

import contextlib
import errno
import threading
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.problems import plain
from graftwork.errors import InputError

LARGEST_IMAGE = 64_000_000
"""Pixels; more would take hundreds of megabytes, as in a file made to fill the memory."""
LARGE_IMAGE = 8_000_000
_ONE_LARGE = threading.Lock()
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
"""What is opened, whatever the name says. Other decoders of Pillow run programs (EPS)."""
ORIENTATION = 0x0112  # The EXIF tag.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Of odd metadata; what matters raises. Once for the process: warnings.catch_warnings is not
# safe where several threads decode.
warnings.filterwarnings("ignore", module=r"PIL\.")


class MachineError(InputError):
    """An image could not be read for a reason that is not in the image, and may pass."""


def open_image(path: Path, size: tuple[int, int]) -> Image.Image:
    """Opens an image file, upright, transparency laid over white, the first frame of many.

    Args:
        path: A PNG, JPEG, BMP, GIF, WebP, TIFF or PPM file.
        size: The height and width that it will be brought to: a JPEG is decoded at the
            smallest scale that is not below it.

    Returns:
        An image in mode RGB, or L where the file is grey.

    Raises:
        InputError: If the file is missing, truncated, no image or too large.
        MachineError: If the machine could not read it: no permission, no memory, a fault of
            the disk.
    """
    shown = plain(str(path))
    try:
        if path.exists() and not path.is_file():  # A pipe would be waited for without end.
            raise InputError(f"image {shown} cannot be read: it is not a file.")
        with Image.open(path, formats=FORMATS) as opened:
            pixels = opened.width * opened.height
            if not 0 < pixels <= LARGEST_IMAGE:
                raise InputError(
                    f"image {shown} has {opened.width}×{opened.height} pixels, where 1 to "
                    f"{LARGEST_IMAGE:,} are read."
                )
            # The longer side for both: the image may yet be turned.
            opened.draft(None, (max(size), max(size)))
            # Of many threads that decode, one at a time holds a large image several times over.
            large = opened.width * opened.height > LARGE_IMAGE
            with _ONE_LARGE if large else contextlib.nullcontext():
                return flatten(upright(opened))
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"image {shown} does not exist.") from None
    except MemoryError:
        raise MachineError(f"image {shown} cannot be read: there is no memory left.") from None
    except Exception as error:  # Pillow's plugins raise anything on broken files.
        if isinstance(error, OSError) and error.errno in errno.errorcode:
            raise MachineError(f"image {shown} cannot be read: {error.strerror}.") from None
        text = str(error).replace(repr(str(path)), "the file").replace(str(path), "the file")
        reason = plain(" ".join(text.split())).rstrip(".") or type(error).__name__
        raise InputError(f"{shown} is not an image that can be read: {reason}.") from None


def upright(image: Image.Image) -> Image.Image:
    """Returns an image turned as its EXIF data say; as it is where they are unreadable."""
    image.load()  # First: of a TIFF this turns it and drops the tag.
    try:
        turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # Unreadable EXIF data say nothing of the pixels.
        turn = None
    return image if turn is None else image.transpose(turn)


def flatten(image: Image.Image) -> Image.Image:
    """Returns an image of any mode in RGB, or L if it is grey, laid over white."""
    image.load()
    clear = image.info.get("transparency") is not None
    if image.mode in ("RGB", "L") and not clear:
        return image.copy()
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _eight_bits(np.asarray(image))
    if image.mode in ("CMYK", "YCbCr", "HSV") or (image.mode == "1" and not clear):
        return image.convert("L" if image.mode == "1" else "RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    grey = image.mode in ("1", "L", "LA", "La")
    return Image.alpha_composite(white, layer).convert("L" if grey else "RGB")


def _eight_bits(pixels: np.ndarray) -> Image.Image:
    """Returns grey values of 16 bits, or fractions up to 1, 255 or 65,535, as an image."""
    values = np.nan_to_num(pixels.astype(np.float32))
    largest = values.max(initial=0) if pixels.dtype.kind == "f" else 65535
    scale = 255.0 if largest <= 1 else 1.0 if largest <= 255 else 255 / 65535
    values *= np.float32(scale)
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def fitted(image: Image.Image, shape: tuple[int, int, int], fit: str) -> np.ndarray:
    """Brings an image to a shape.

    Args:
        image: In mode RGB or L.
        shape: Height, width and channels (1 or 3) of the result.
        fit: `"crop"` cuts the longer sides evenly, `"pad"` adds white, `"stretch"` changes
            the proportions.

    Returns:
        A uint8 array of that shape.
    """
    height, width, channels = shape
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        wide, high = map(float, image.size)
        if fit == "pad":
            scale = min(width / wide, height / high)
            inner = max(1, round(wide * scale)), max(1, round(high * scale))
            padded = Image.new(image.mode, (width, height), "white")
            corner = (width - inner[0]) // 2, (height - inner[1]) // 2
            padded.paste(image.resize(inner, Image.Resampling.BILINEAR), corner)
            image = padded
        else:
            if fit == "crop":
                wide, high = min(wide, high * width / height), min(high, wide * height / width)
            left, top = (image.width - wide) / 2, (image.height - high) / 2
            box = (left, top, left + wide, top + high)
            image = image.resize((width, height), Image.Resampling.BILINEAR, box)
    return np.asarray(image, np.uint8).reshape(shape)


def read_image(path: Path, shape: tuple[int, int, int], fit: str = "crop") -> np.ndarray:
    """Reads an image file and brings it to a shape.

    Args:
        path: As in `open_image`.
        shape: Height, width and channels (1 or 3) of the result.
        fit: As in `fitted`.

    Returns:
        A uint8 array of that shape.

    Raises:
        InputError: If the file is missing, truncated, no image or too large.
    """
    return fitted(open_image(path, shape[:2]), shape, fit)
