"""Which image below a folder a row of a table means."""

import posixpath
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from datasets.problems import Problems, quoted
from datasets.source import IMAGE_ENDINGS


class ImageNames:
    """Finds the image that a row means: with or without folders, ending and exact case.

    Args:
        folder: The folder of the images.
        images: Their names below it.
        problems: Where rows go that mean no image, or more than one.
    """

    def __init__(self, folder: Path, images: Sequence[str], problems: Problems) -> None:
        self.folder, self.problems = folder, problems
        self.images = dict.fromkeys(images)  # A set that keeps its order.
        self.deepest = max(name.count("/") for name in images)
        # The images by every end of their path, "/" before a whole one. Filled when needed.
        self._ends: dict[str, list[str]] = {}
        self._known: dict[str, list[str]] = {}

    def find(self, cell: str, place: str) -> str | None:
        """Returns the image that a cell names, or None and adds a problem."""
        if cell in self.images:
            return cell
        name = posixpath.normpath(cell.replace("\\", "/")) if cell else ""
        if name.startswith("/") or re.match(r"[A-Za-z]:/|\.\.(/|$)", name):
            text = f"{quoted(cell)} leads out of {self.folder}, below which the images are"
            self.problems.add("paths that leave the folder", place, text, left_out=True)
            return None
        if name not in self._known:
            self._known[name] = self._fitting(name)
        fitting = self._known[name]
        if not fitting:
            text = f"there is no image {quoted(cell)} below {self.folder}"
            text = text if cell else "names no image"
            self.problems.add("rows without an image", place, text, left_out=True)
            return None
        if len(fitting) > 1:
            some = (
                f"{len(fitting)} images, {quoted(fitting[0])} and {quoted(fitting[1])} among them"
            )
            text = f"{quoted(cell)} may mean {some}; write the path below {self.folder}"
            self.problems.add("names of several images", place, text, left_out=True)
            return None
        if not _same_spelling(name, fitting[0]):
            text = f"{quoted(cell)} is taken as {quoted(fitting[0])}, the only one like it"
            self.problems.add("names that differ in case", place, text)
        return fitting[0]

    def _fitting(self, name: str) -> list[str]:
        """Returns the images that a name may mean, those of the best kind alone."""
        if name in self.images:
            return [name]
        if not self._ends:
            self._index()
        stem, ending = _parted(_loose(name))
        fitting = self._ends.get(stem, []) + self._ends.get(f"/{stem}", [])
        if not fitting:  # The table may have more folders than there are.
            parts = stem.split("/")
            ends = ("/".join(parts[-count:]) for count in range(self.deepest + 1, 0, -1))
            fitting = next((self._ends[f"/{end}"] for end in ends if f"/{end}" in self._ends), [])
        if ending:
            fitting = [image for image in fitting if image.lower().endswith(ending)]
        same = [image for image in fitting if _same_spelling(name, image)]
        whole = [image for image in same if image.count("/") == name.count("/")]
        return whole or same or fitting

    def _index(self) -> None:
        for image in self.images:
            stem, _ = _parted(_loose(image))
            self._ends.setdefault(f"/{stem}", []).append(image)
            for place, letter in enumerate(stem):
                if letter == "/":
                    self._ends.setdefault(stem[place + 1 :], []).append(image)


def _loose(name: str) -> str:
    """Returns a name as it is compared where its exact spelling is not found."""
    return unicodedata.normalize("NFC", name).casefold()


def _parted(name: str) -> tuple[str, str]:
    """Parts a name from its ending, "" if that is none of an image."""
    stem, ending = posixpath.splitext(name)
    return (stem, ending) if ending.lower() in IMAGE_ENDINGS else (name, "")


def _same_spelling(name: str, image: str) -> bool:
    """Says whether a name ends as the image's does, or is its end, letter by letter."""
    if not _parted(name)[1]:
        image = _parted(image)[0]
    one, other = sorted((f"/{name}", f"/{image}"), key=len)
    return other.endswith(one)
