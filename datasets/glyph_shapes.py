"""Shape attributes of a glyph, measured on its outline and on its clean picture.

Nothing here knows which character it looks at. The slant of italic glyphs is taken out
first, so that the stem of an italic H is as upright as that of a roman one. Signs often
stand upright in an italic face; they are left as they are.
"""

import dataclasses
import functools
import math

import numpy as np
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path
from PIL import Image
from scipy import ndimage

from datasets.glyph_fonts import BASELINE, CANVAS, EM, Face, outlines, render

SHAPE_ATTRIBUTES = (
    "closed_loop",
    "two_loops",
    "several_parts",
    "ascender",
    "descender",
    "vertical_stem",
    "horizontal_bar",
    "diagonal_stroke",
    "curved",
    "left_right_symmetry",
    "up_down_symmetry",
    "wide",
    "narrow",
    "top_heavy",
)

# Lengths are in em, angles in degrees.
STEM_LENGTH = 0.3  # an upright straight edge this long is a stem
BAR_LENGTH = 0.25  # a level straight edge this long is a bar
DIAGONAL_LENGTH = 0.2  # a leaning straight edge this long is a diagonal stroke
STRAIGHT_TOLERANCE = 6.0  # how far a stem or bar may lean
DIAGONAL_TOLERANCE = 12.0  # how far a diagonal must lean
EXACTLY = 0.02  # x over y; how closely an edge follows a slant
CURVED_SHARE = 0.4  # of the outline's length
RISE = 0.1  # above the x-height, for an ascender
DROP = 0.06  # below the baseline, for a descender
LOOP_AREA = 0.0008  # in square em; smaller holes are gaps of the rendering
SYMMETRY = 0.85  # overlap of the blurred picture with its mirror image
SYMMETRY_BLUR = 0.03  # in em
WIDE = 1.0  # width over height
NARROW = 0.6
TOP_HEAVY = 0.015  # ink's centre above the middle, as a share of the height


@dataclasses.dataclass(frozen=True)
class Edges:
    """The outline of a glyph as straight edges and the length of its curves.

    Attributes:
        vectors: `(n, 2)` float64, the straight edges in em, x to the right and y up.
        curve_length: The length of all curves in em.
    """

    vectors: np.ndarray
    curve_length: float


def outline_edges(face: Face, character: str) -> Edges:
    """Reads the outline of a glyph from its font file, with the slant still in it."""
    font = outlines(face)
    font.set_size(EM, 72)
    font.load_char(ord(character), flags=LoadFlags.NO_HINTING)
    straight, curve_length = [], 0.0
    here = start = np.zeros(2)
    for points, code in Path(*font.get_path()).iter_segments(simplify=False):
        points = points.reshape(-1, 2) / EM
        if code == Path.MOVETO:
            start = points[-1]
        elif code == Path.LINETO:
            straight.append(points[-1] - here)
        elif code == Path.CLOSEPOLY:
            straight.append(start - here)
            points = start[None]
        else:
            # The control polygon is a little longer than the curve; that is near enough.
            steps = np.diff(np.vstack([here, points]), axis=0)
            curve_length += float(np.hypot(*steps.T).sum())
        here = points[-1]
    return Edges(np.array(straight).reshape(-1, 2), curve_length)


@functools.cache
def face_slant(face: Face) -> float:
    """Returns how far stems lean: x over y of the longest edge of an H that goes up."""
    vectors = outline_edges(face, "H").vectors
    x, y = vectors[np.argmax(np.abs(vectors[:, 1]))]
    return float(x / y)


def glyph_slant(face: Face, edges: Edges) -> float:
    """Returns the slant of the face, or 0 for a glyph with more upright than leaning edges."""
    x, y = edges.vectors.T

    def length_along(slant: float) -> float:
        return float(np.abs(y[np.abs(x - slant * y) <= EXACTLY * np.abs(y)]).sum())

    slant = face_slant(face)
    return 0.0 if length_along(0.0) > length_along(slant) else slant


@functools.cache
def x_height(face: Face) -> float:
    """Returns the height of the letter x in em."""
    return (BASELINE - _box(ink(face, "x", 0.0))[1]) / EM


def ink(face: Face, character: str, slant: float) -> np.ndarray:
    """Returns where the clean glyph has ink, a slant taken out: `(CANVAS, CANVAS)` bool."""
    picture = render(face, character)
    if slant == 0:
        return picture >= 128
    # Pillow maps output pixels to input pixels: above the baseline it reads further right.
    matrix = (1, -slant, slant * BASELINE, 0, 1, 0)
    sheared = Image.fromarray(picture).transform(
        (CANVAS, CANVAS), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    return np.asarray(sheared) >= 128


@functools.cache
def measure_shape(face: Face, character: str) -> dict[str, bool]:
    """Measures the shape attributes of one glyph.

    Args:
        face: The face.
        character: A character that the face has.

    Returns:
        A truth value for each name in `SHAPE_ATTRIBUTES`.
    """
    edges = outline_edges(face, character)
    slant = glyph_slant(face, edges)
    upright = ink(face, character, slant)
    # A round sign has no edges that tell its slant: either picture may be the symmetric one.
    pictures = [upright] if slant == 0 else [upright, ink(face, character, 0.0)]
    return (
        strokes(edges, slant)
        | topology(upright)
        | proportions(upright, x_height(face))
        | symmetry(pictures)
    )


def strokes(edges: Edges, slant: float) -> dict[str, bool]:
    """Finds stems, bars, diagonals and curves among the edges of an outline."""
    x, y = edges.vectors.T
    x = x - slant * y
    length = np.hypot(x, y)
    lean = np.degrees(np.arctan2(np.abs(x), np.abs(y)))  # 0 is upright, 90 is level
    stem = lean <= STRAIGHT_TOLERANCE
    bar = lean >= 90 - STRAIGHT_TOLERANCE
    diagonal = (lean >= DIAGONAL_TOLERANCE) & (lean <= 90 - DIAGONAL_TOLERANCE)
    return {
        "vertical_stem": bool((length[stem] >= STEM_LENGTH).any()),
        "horizontal_bar": bool((length[bar] >= BAR_LENGTH).any()),
        "diagonal_stroke": bool((length[diagonal] >= DIAGONAL_LENGTH).any()),
        "curved": edges.curve_length >= CURVED_SHARE * (edges.curve_length + length.sum()),
    }


def topology(ink: np.ndarray) -> dict[str, bool]:
    """Counts the loops and the parts of the ink."""
    # Ink joins across corners, so paper does not.
    _, parts = ndimage.label(ink, structure=np.ones((3, 3)))
    paper, count = ndimage.label(~ink)
    areas = np.bincount(paper.ravel(), minlength=count + 1)[1:]
    loops = int((areas >= LOOP_AREA * EM**2).sum()) - 1  # the paper around is no loop
    return {
        "closed_loop": loops >= 1,
        "two_loops": loops >= 2,
        "several_parts": parts >= 2,
    }


def proportions(ink: np.ndarray, x_height: float) -> dict[str, bool]:
    """Compares the box around the ink with the lines of writing and with itself."""
    box, top = _box(ink)
    height, width = box.shape
    centre = float(ndimage.center_of_mass(box)[0])
    return {
        "ascender": BASELINE - top >= (x_height + RISE) * EM,
        "descender": top + height - BASELINE >= DROP * EM,
        "wide": width >= WIDE * height,
        "narrow": width <= NARROW * height,
        "top_heavy": (height - 1) / 2 - centre >= TOP_HEAVY * height,
    }


def symmetry(pictures: list[np.ndarray]) -> dict[str, bool]:
    """Compares pictures of the ink with their mirror images: one that agrees is enough."""
    margin = math.ceil(3 * SYMMETRY_BLUR * EM)
    soft = [
        ndimage.gaussian_filter(np.pad(_box(ink)[0], margin).astype(np.float32), SYMMETRY_BLUR * EM)
        for ink in pictures
    ]
    return {
        "left_right_symmetry": any(_overlap(ink, ink[:, ::-1]) >= SYMMETRY for ink in soft),
        "up_down_symmetry": any(_overlap(ink, ink[::-1]) >= SYMMETRY for ink in soft),
    }


def _box(ink: np.ndarray) -> tuple[np.ndarray, int]:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], int(rows[0])


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.minimum(one, other).sum() / np.maximum(one, other).sum())
