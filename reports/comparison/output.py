"""The folder of a report: new, or that of an earlier report; other files are never touched."""

import os
from collections.abc import Iterator
from pathlib import Path

from graftwork.errors import InputError
from graftwork.files import read_json, write_json

MARKER = "files.json"
"""Lists what a comparison wrote into the folder, by format."""
MADE_BY = "graftwork report"


class ReportFolder:
    """The folder of a report.

    Files of an earlier report may be written again, other files never. What is going to be
    written is in the marker before it is there, so that a report that was killed can be made
    again in the same folder.

    Args:
        path: The folder.

    Raises:
        InputError: If the path is a file, or a folder that holds anything but a report.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._earlier: dict[str, list[str]] = {}
        self._files: dict[str, list[str]] = {}
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"--out {path} is a file. Name a new folder for the report.")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--out {path} cannot be made: {error.strerror}.") from None
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise InputError(f"--out {path} cannot be written to: no permission.")
        marker = self.path / MARKER
        if marker.is_file():
            self._earlier = _read_marker(marker)
        elif any(self.path.iterdir()):
            raise InputError(
                f"--out {path} holds files that are no report of `graftwork report`. Name a new "
                "folder, or that of an earlier report, which is then written anew."
            )

    def file(self, format: str, name: str) -> Path:
        """Returns the path of a file that is about to be written.

        Args:
            format: The format that it belongs to.
            name: Its path inside the folder, with `/`.

        Raises:
            InputError: If there is such a file already and no report wrote it.
        """
        path = self.path / name
        if name not in self._known():
            if path.exists() or path.is_symlink():
                raise InputError(
                    f"{path} is there already, and no report wrote it. Move it, or name another "
                    "folder with --out."
                )
            self._earlier.setdefault(format, []).append(name)
            self._mark(self._earlier)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._files.setdefault(format, []).append(name)
        return path

    def close(self) -> None:
        """Removes what an earlier report wrote in the formats of this one and this one did not."""
        kept = {
            format: names for format, names in self._earlier.items() if format not in self._files
        }
        now = {**kept, **self._files}
        stale = self._known() - {name for names in now.values() for name in names}
        for name in stale:
            (self.path / name).unlink(missing_ok=True)
        self._mark(now)

    def written(self) -> Iterator[str]:
        """Yields the files of this report, in the order in which they were written."""
        yield from dict.fromkeys(name for names in self._files.values() for name in names)

    def _known(self) -> set[str]:
        return {name for names in self._earlier.values() for name in names}

    def _mark(self, files: dict[str, list[str]]) -> None:
        names = {format: sorted(set(names)) for format, names in files.items()}
        write_json(self.path / MARKER, {"format": 1, "made_by": MADE_BY, "files": names})


def _read_marker(path: Path) -> dict[str, list[str]]:
    value = read_json(path)
    files = value.get("files") if isinstance(value, dict) else None
    if not isinstance(files, dict) or value.get("made_by") != MADE_BY:
        raise InputError(f"{path} is not of `graftwork report`. Name another folder with --out.")
    for names in files.values():
        inside = isinstance(names, list) and all(map(_is_inside, names))
        if not inside:
            raise InputError(f"{path} names files outside its folder. Remove it, or name another.")
    return files


def _is_inside(name: object) -> bool:
    if not isinstance(name, str):
        return False
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts
