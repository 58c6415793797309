"""The glyphs: their attributes, look-alikes, splits and reproducibility."""

import unicodedata

import numpy as np
import pytest
from matplotlib.ft2font import LoadFlags

from datasets import glyphs
from datasets.glyph_fonts import CANVAS, FACES, outlines, render
from datasets.glyph_shapes import face_slant, measure_shape
from datasets.glyph_splits import SHARES, split_units

SANS = next(face for face in FACES if face.file == "DejaVuSans")
SERIF = next(face for face in FACES if face.file == "DejaVuSerif")
TIMES = next(face for face in FACES if face.file == "STIXGeneral")
MODERN = next(face for face in FACES if face.file == "cmr10")
ITALIC = next(face for face in FACES if face.file == "STIXGeneralItalic")
SMALL = (SANS, TIMES, next(face for face in FACES if face.file == "cmb10"))


def silent(stage, done, total):
    pass


@pytest.fixture(scope="module")
def small():
    return glyphs.draw(0, images=600, faces=SMALL)


def test_there_are_enough_images_and_attributes():
    assert glyphs.IMAGES >= 20_000
    assert len(glyphs.ATTRIBUTES) >= 20


@pytest.mark.parametrize("face", [SANS, SERIF, TIMES, MODERN, ITALIC], ids=lambda face: face.file)
@pytest.mark.parametrize(
    ("character", "expected", "unexpected"),
    [
        ("B", "two_loops closed_loop vertical_stem ascender", "several_parts descender"),
        (
            "O",
            "closed_loop left_right_symmetry up_down_symmetry curved",
            "two_loops vertical_stem",
        ),
        ("i", "several_parts vertical_stem narrow", "closed_loop descender"),
        ("A", "diagonal_stroke closed_loop ascender", "vertical_stem descender curved"),
        ("p", "descender closed_loop top_heavy", "ascender several_parts"),
        ("H", "vertical_stem horizontal_bar left_right_symmetry", "diagonal_stroke curved"),
        ("V", "diagonal_stroke top_heavy", "vertical_stem closed_loop"),
        ("o", "closed_loop curved", "ascender descender vertical_stem"),
        ("L", "vertical_stem horizontal_bar ascender", "left_right_symmetry top_heavy curved"),
        ("8", "two_loops curved", "several_parts vertical_stem"),
        ("=", "several_parts horizontal_bar up_down_symmetry wide", "ascender vertical_stem"),
    ],
)
def test_known_glyphs_have_the_expected_shapes(face, character, expected, unexpected):
    shape = measure_shape(face, character)
    assert [name for name in expected.split() if not shape[name]] == []
    assert [name for name in unexpected.split() if shape[name]] == []


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        ("E", {"upper_case", "vowel"}),
        ("é", {"lower_case", "vowel", "accented"}),
        ("k", {"lower_case"}),
        ("Ω", {"upper_case", "greek", "vowel"}),
        ("ж", {"lower_case", "cyrillic"}),
        ("я", {"lower_case", "cyrillic", "vowel"}),
        ("й", {"lower_case", "cyrillic", "accented"}),
        ("ø", {"lower_case", "vowel"}),
        ("7", {"digit"}),
        ("+", {"sign"}),
        ("§", {"sign"}),
    ],
)
def test_the_kind_comes_from_unicode(character, expected):
    kind = glyphs.character_kind(character)
    assert set(kind) == set(glyphs.KIND_ATTRIBUTES)
    assert {name for name, value in kind.items() if value} == expected


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.file)
def test_the_table_of_faces_agrees_with_the_files(face):
    font = outlines(face)
    widths = {
        font.load_char(ord(character), LoadFlags.NO_SCALE).horiAdvance for character in "ilmwMW"
    }
    assert (len(widths) == 1) == face.monospace
    assert (abs(face_slant(face)) > 0.1) == face.italic
    if font.family_name.startswith(("DejaVu", "STIX")):  # the others' metadata says nothing
        assert ("Bold" in font.style_name) == face.bold
        assert ("Italic" in font.style_name or "Oblique" in font.style_name) == face.italic


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.file)
def test_no_clean_glyph_touches_the_border(face):
    for character in face.characters:
        picture = render(face, character)
        assert picture.shape == (CANVAS, CANVAS)
        border = np.concatenate([*picture[[0, -1]], *picture[:, [0, -1]].T])
        assert not border.any(), character


def test_look_alikes_are_dropped_and_the_first_is_kept():
    kept, _ = glyphs.distinct_glyphs([SANS], silent)
    characters = {glyph.character for glyph in kept}
    assert {"A", "o", "p"} <= characters
    assert not characters & set("ΑАοорΒВ")
    assert {"Ж", "Ω", "λ", "я"} <= characters


def test_the_same_seed_gives_the_same_bytes(small):
    again = glyphs.draw(0, images=600, faces=SMALL)
    assert again.fingerprint == small.fingerprint
    np.testing.assert_array_equal(again.images, small.images)


def test_another_seed_gives_other_images_and_splits(small):
    other = glyphs.draw(1, images=600, faces=SMALL)
    assert other.fingerprint != small.fingerprint
    assert not np.array_equal(other.images, small.images)
    assert not np.array_equal(other.splits["train"], small.splits["train"])


def test_progress_is_reported_by_stage():
    stages = []
    glyphs.draw(0, images=2000, faces=SMALL[:1], progress=lambda *step: stages.append(step))
    assert ("draw glyphs", 2000, 2000) in stages
    assert len({stage for stage, _, _ in stages}) == 3
    assert all(done <= total for _, done, total in stages)


def test_no_letter_of_a_design_is_in_two_splits():
    kept, _ = glyphs.distinct_glyphs(SMALL, silent)
    labels = np.array([list(glyph.attributes().values()) for glyph in kept])
    splits = split_units(
        [glyph.unit for glyph in kept],
        [glyph.group for glyph in kept],
        labels,
        np.random.default_rng(0),
    )
    split_of = {}
    for name, rows in splits.items():
        for row in rows:
            glyph = kept[row]
            letter = unicodedata.normalize("NFD", glyph.character)[0].lower()
            assert split_of.setdefault((glyph.face.design, letter), name) == name
    assert sum(map(len, splits.values())) == len(kept)
    for name, share in SHARES.items():
        assert len(splits[name]) / len(kept) == pytest.approx(share, abs=0.02)
