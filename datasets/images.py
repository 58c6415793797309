"""Reads one image file as the networks take it."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from graftwork.errors import InputError


def read_image(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    """Reads an image file and brings it to a size.

    Transparency is laid over white; EXIF rotation is applied.

    Args:
        path: A file in a format that Pillow reads.
        shape: Height, width and channels (1 or 3) of the result.

    Returns:
        A uint8 array of that shape.

    Raises:
        InputError: If the file is missing, is no image or is too large to be one.
    """
    height, width, channels = shape
    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except FileNotFoundError:
        raise InputError(f"image {path} does not exist.") from None
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} is not an image that can be read: {error}.") from None
    except OSError as error:
        raise InputError(f"image {path} cannot be read: {error}.") from None
    white = Image.new("RGBA", upright.size, "white")
    flat = Image.alpha_composite(white, upright).convert("L" if channels == 1 else "RGB")
    pixels = np.asarray(flat.resize((width, height), Image.Resampling.BILINEAR), np.uint8)
    return pixels.reshape(shape)
