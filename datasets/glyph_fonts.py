"""The faces and characters that glyphs are drawn from."""

import dataclasses
import functools
import unicodedata
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont

# The clean picture of a glyph: a square of CANVAS pixels in which the em has EM pixels
# and the baseline lies in row BASELINE. Case, ascenders and descenders can be seen
# because neither changes from glyph to glyph.
CANVAS = 192
EM = 126
BASELINE = 132


@dataclasses.dataclass(frozen=True)
class Face:
    """A font file and what its metadata should say, but for old files does not.

    Attributes:
        file: The file's name without `.ttf`.
        design: The drawing that this face shares with its bold, oblique or fixed-width
            versions. Faces of one design never put one letter into two splits.
        serif: Whether strokes end in serifs.
        bold: Whether strokes are heavy.
        italic: Whether stems lean.
        monospace: Whether every character has the same width.
        characters: The characters that the file holds at their Unicode places.
    """

    file: str
    design: str
    serif: bool
    bold: bool
    italic: bool
    monospace: bool
    characters: str


LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MORE_LATIN = "ÄÇÉĞÑÔŠÙŽäçéğñôšùžÆŒØæœø"
DIGITS = "0123456789"
SIGNS = "!#%&()*+/=?@[]"
MORE_SIGNS = "$<>{}"
TYPOGRAPHIC_SIGNS = "§©®±×÷€£¥¿∞"
GREEK = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρςστυφχψωϑϕάέήίόύώ"
CYRILLIC = "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюяЁЄІЇЎёєіїў"

# Latin comes first: of two characters with the same picture, the first is kept.
UNICODE = LATIN + DIGITS + SIGNS + MORE_SIGNS + TYPOGRAPHIC_SIGNS + MORE_LATIN + GREEK + CYRILLIC
# The Computer Modern files follow TeX's encodings: `<` is `¡` in cmr10, digits are
# ornaments in cmmi10. What is listed here is what they have in its Unicode place.
TEX_TEXT = LATIN + DIGITS + SIGNS
TEX_TYPEWRITER = TEX_TEXT + MORE_SIGNS

FACES = (
    #    file                         design       serif  bold   italic mono   characters
    Face("DejaVuSans",               "sans",       False, False, False, False, UNICODE),
    Face("DejaVuSans-Bold",          "sans",       False, True,  False, False, UNICODE),
    Face("DejaVuSans-Oblique",       "sans",       False, False, True,  False, UNICODE),
    Face("DejaVuSans-BoldOblique",   "sans",       False, True,  True,  False, UNICODE),
    Face("DejaVuSansMono",           "sans",       False, False, False, True,  UNICODE),
    Face("DejaVuSansMono-Bold",      "sans",       False, True,  False, True,  UNICODE),
    Face("DejaVuSansMono-Oblique",   "sans",       False, False, True,  True,  UNICODE),
    Face("DejaVuSansMono-BoldOblique", "sans",     False, True,  True,  True,  UNICODE),
    Face("DejaVuSerif",              "serif",      True,  False, False, False, UNICODE),
    Face("DejaVuSerif-Bold",         "serif",      True,  True,  False, False, UNICODE),
    Face("DejaVuSerif-Italic",       "serif",      True,  False, True,  False, UNICODE),
    Face("DejaVuSerif-BoldItalic",   "serif",      True,  True,  True,  False, UNICODE),
    Face("STIXGeneral",              "times",      True,  False, False, False, UNICODE),
    Face("STIXGeneralBol",           "times",      True,  True,  False, False, UNICODE),
    Face("STIXGeneralItalic",        "times",      True,  False, True,  False, UNICODE),
    Face("STIXGeneralBolIta",        "times",      True,  True,  True,  False, UNICODE),
    Face("cmr10",                    "modern",     True,  False, False, False, TEX_TEXT),
    Face("cmb10",                    "modern",     True,  True,  False, False, TEX_TEXT),
    Face("cmti10",                   "modern",     True,  False, True,  False, TEX_TEXT),
    Face("cmmi10",                   "modern",     True,  False, True,  False, LATIN),
    Face("cmss10",                   "modern sans", False, False, False, False, TEX_TEXT),
    Face("cmtt10",                   "typewriter", True,  False, False, True,  TEX_TYPEWRITER),
)  # fmt: skip


def font_path(face: Face) -> Path:
    """Returns where matplotlib keeps the font file of `face`."""
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face.file}.ttf"


@functools.cache
def outlines(face: Face) -> FT2Font:
    """Opens the font file of `face` for its outlines and metadata."""
    return FT2Font(str(font_path(face)))


@functools.cache
def _pixels(face: Face) -> ImageFont.FreeTypeFont:
    # Basic layout, so that an installed text shaper changes nothing.
    return ImageFont.truetype(str(font_path(face)), EM, layout_engine=ImageFont.Layout.BASIC)


def render(face: Face, character: str) -> np.ndarray:
    """Draws one clean, upright glyph: ink centred across, baseline at `BASELINE`.

    Args:
        face: The face.
        character: One character of `face.characters`.

    Returns:
        The picture: `(CANVAS, CANVAS)` uint8, 0 is paper and 255 is ink. All zeros
        where the file has no such character.
    """
    if not outlines(face).get_char_index(ord(character)):
        return np.zeros((CANVAS, CANVAS), np.uint8)
    font = _pixels(face)
    left, _, right, _ = font.getbbox(character, anchor="ls")
    picture = Image.new("L", (CANVAS, CANVAS))
    origin = (round(CANVAS / 2 - (left + right) / 2), BASELINE)
    ImageDraw.Draw(picture).text(origin, character, font=font, anchor="ls", fill=255)
    return np.asarray(picture)


def base_letter(character: str) -> str:
    """Returns the lower-case letter without its accent: `"É"` gives `"e"`."""
    return unicodedata.normalize("NFD", character)[0].casefold()
