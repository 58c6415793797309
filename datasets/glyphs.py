"""`glyphs`: letters, digits and signs drawn from the fonts that matplotlib ships.

Each image shows one glyph, a character of a face, slightly moved, turned, resized,
blurred and covered with noise. The attributes come in families. *Style* belongs to the face:
serif, bold, italic, monospace. *Kind* belongs to the character and comes from Unicode: case,
digit, sign, script, accent, vowel. *Shape* is measured on the outline and on the pixels of
the clean glyph: see `glyph_shapes`.

**Look-alikes are left out.** A Greek Α, a Cyrillic А and a Latin A have one picture, and
nothing in it tells the scripts apart; so have many signs in two faces. All clean glyphs are
compared with each other, and of those whose pictures are nearly equal only the first is kept,
Latin before Greek before Cyrillic: see `glyph_look_alikes`.

**Splits.** Test images are no near-copies of training images. What is split is the pair of
a design and a letter, where a design is a typeface with its bold, italic and fixed-width
faces, and a letter stands for its upper and lower case with and without accents. All
images of such a pair are in one split: if the test split has an É of DejaVu Sans Bold,
then training has no e, E, é or É of any DejaVu Sans. About 70 % of the pairs are for training,
15 % for validation and 15 % for testing. They are dealt at random, many times, script by
script, and the deal is kept in which the attributes' rates are most alike in the splits.
"""

import dataclasses
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.cache import entry_folder, load_or_make
from datasets.dataset import Dataset
from datasets.glyph_drawing import CLEAN_SIDE, SIDE, draw_pictures
from datasets.glyph_fonts import FACES, Face, base_letter, render
from datasets.glyph_look_alikes import find_repeats, shrink
from datasets.glyph_shapes import SHAPE_ATTRIBUTES, measure_shape
from datasets.glyph_splits import split_units
from datasets.info import DatasetInfo, Progress

NAME = "glyphs"
IMAGES = 24_000
IMAGE_SHAPE = (SIDE, SIDE, 1)
STYLE_ATTRIBUTES = ("serif", "bold", "italic", "monospace")
KIND_ATTRIBUTES = (
    "upper_case",
    "lower_case",
    "digit",
    "sign",
    "vowel",
    "accented",
    "greek",
    "cyrillic",
)
ATTRIBUTES = STYLE_ATTRIBUTES + KIND_ATTRIBUTES + SHAPE_ATTRIBUTES

# Part of the cache key: raise it when the same seed gives other bytes.
VERSION = 3

# As they stand in the Unicode names of unaccented letters.
LATIN_VOWELS = {"A", "E", "I", "O", "U", "AE", "OE"}
GREEK_VOWELS = {"ALPHA", "EPSILON", "ETA", "IOTA", "OMICRON", "UPSILON", "OMEGA"}
CYRILLIC_VOWELS = {"A", "IE", "I", "O", "U", "YERU", "E", "YU", "YA"}
VOWELS = LATIN_VOWELS | GREEK_VOWELS | CYRILLIC_VOWELS


@dataclasses.dataclass(frozen=True)
class Glyph:
    """One character of one face."""

    face: Face
    character: str

    @property
    def unit(self) -> tuple[str, str]:
        """What goes into one split as a whole: a letter of a design."""
        return self.face.design, base_letter(self.character)

    @property
    def group(self) -> tuple[str, str]:
        """What every split gets its share of: digits, signs or a script, by design."""
        kind = character_kind(base_letter(self.character))
        names = (name for name in ("digit", "sign", "greek", "cyrillic") if kind[name])
        return next(names, "latin"), self.face.design

    def attributes(self) -> dict[str, bool]:
        """Returns a truth value for each name in `ATTRIBUTES`."""
        style = {name: getattr(self.face, name) for name in STYLE_ATTRIBUTES}
        return style | character_kind(self.character) | measure_shape(self.face, self.character)


def folder(seed: int) -> Path:
    """Returns where the images of `seed` are cached."""
    return entry_folder(NAME, f"v{VERSION}-seed{seed}")


def load(seed: int = 0, progress: Progress | None = None) -> Dataset:
    """Loads the glyphs of `seed` from the cache, drawing them the first time."""
    return load_or_make(folder(seed), lambda: draw(seed, progress=progress))


def draw(
    seed: int,
    *,
    images: int = IMAGES,
    faces: Sequence[Face] = FACES,
    progress: Progress | None = None,
) -> Dataset:
    """Draws the dataset. The same arguments give the same bytes.

    Args:
        seed: For the splits and the distortions; 0 is a seed like any other.
        images: How many images, spread evenly over the glyphs.
        faces: The faces to draw from.
        progress: Called as `progress(stage, done, total)`.

    Returns:
        The dataset in memory, its images in random order.
    """
    progress = progress or (lambda stage, done, total: None)
    rng = np.random.default_rng(seed)
    glyphs, clean = distinct_glyphs(faces, progress)
    labels = np.empty((len(glyphs), len(ATTRIBUTES)), np.int8)
    for row, glyph in enumerate(glyphs):
        if row % 100 == 0:
            progress("measure glyphs", row, len(glyphs))
        values = glyph.attributes()
        labels[row] = [values[name] for name in ATTRIBUTES]
    splits = split_units(
        [glyph.unit for glyph in glyphs], [glyph.group for glyph in glyphs], labels, rng
    )
    shown = rng.permutation(np.resize(rng.permutation(len(glyphs)), images))
    pictures = draw_pictures(clean, shown, rng, lambda done: progress("draw glyphs", done, images))
    return Dataset.from_arrays(
        NAME,
        pictures,
        labels[shown],
        ATTRIBUTES,
        {name: np.flatnonzero(np.isin(shown, rows)) for name, rows in splits.items()},
    )


def distinct_glyphs(faces: Sequence[Face], progress: Progress) -> tuple[list[Glyph], np.ndarray]:
    """Finds the glyphs of `faces`, without the look-alikes.

    Args:
        faces: The faces.
        progress: Called as `progress(stage, done, total)`.

    Returns:
        The glyphs, and their clean pictures: `(glyphs, CLEAN_SIDE, CLEAN_SIDE)` float32,
        0 is paper and 1 is ink.
    """
    glyphs, pictures = [], []
    for done, face in enumerate(faces):
        progress("render faces", done, len(faces))
        for character in face.characters:
            picture = render(face, character)
            if picture.any():
                glyphs.append(Glyph(face, character))
                pictures.append(shrink(picture, CLEAN_SIDE) / 255)
    clean = np.stack(pictures)
    kept = np.flatnonzero(~find_repeats(clean))
    return [glyphs[row] for row in kept], clean[kept]


def character_kind(character: str) -> dict[str, bool]:
    """Reads the kind of a character from Unicode: a value for each `KIND_ATTRIBUTES`."""
    category = unicodedata.category(character)
    name = unicodedata.name(character)
    script = name.split()[0]
    letter = unicodedata.name(base_letter(character)).split(" WITH ")[0].split()[-1]
    return {
        "upper_case": category == "Lu",
        "lower_case": category == "Ll",
        "digit": category == "Nd",
        "sign": category[0] in "PS",
        # Short I and short U, й and ў, are consonants.
        "vowel": category[0] == "L" and letter in VOWELS and "SHORT" not in name,
        "accented": len(unicodedata.normalize("NFD", character)) > 1,
        "greek": script == "GREEK",
        "cyrillic": script == "CYRILLIC",
    }


INFO = DatasetInfo(
    name=NAME,
    summary="Latin, Greek and Cyrillic letters, digits and signs in 22 faces",
    needs="nothing: drawn once from the fonts that matplotlib ships",
    images=f"{IMAGES:,} of {IMAGE_SHAPE[1]}×{IMAGE_SHAPE[0]}, grey",
    attributes=ATTRIBUTES,
    takes=(),
    loader=lambda options, progress: load(options.data_seed, progress),
)
