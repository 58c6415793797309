"""Headless Chromium as a printer: pages to PDF, drawings to pictures.

It is spoken to over two pipes in the DevTools protocol, so that one browser makes all of a
report and no package is needed for it.
"""

import base64
import contextlib
import fcntl
import json
import os
import re
import select
import shutil
import signal
import tempfile
import time
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 120.0
"""How long one answer may take."""
FLAGS = (
    *("--headless", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run", "--mute-audio"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars"),
)
_DATE = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}")
# Resolves when fonts and pictures are there; answers with the size of what is drawn.
READY = """document.fonts.ready
  .then(() => Promise.all([...document.images].map((image) => image.decode().catch(() => 0))))
  .then(() => {
    const drawn = document.querySelector("body > *")?.getBoundingClientRect();
    return drawn ? [Math.ceil(drawn.right), Math.ceil(drawn.bottom)] : [1, 1];
  })"""


class BrowserError(RuntimeError):
    """There is no Chromium, or it does not work. The message says what to do."""


def find_browser() -> str | None:
    """Returns the path of Chromium or Chrome, or None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """A headless Chromium that runs while the `with` block does.

    Raises:
        BrowserError: If there is none, if it does not start, or if it stops answering.
    """

    def __init__(self) -> None:
        program = find_browser()
        if program is None:
            raise BrowserError(
                "no Chromium was found. Install it (apt-get install chromium) so that "
                f"{', '.join(PROGRAMS[:-1])} or {PROGRAMS[-1]} is on the PATH."
            )
        self._profile = tempfile.mkdtemp(prefix="graftwork-browser-")
        # As root Chromium refuses to start with its sandbox. It only ever shows our own page.
        flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        command = [program, *flags, f"--user-data-dir={self._profile}", "about:blank"]
        try:
            self._read, self._write, self._process = _start(command)
        except BrowserError:
            shutil.rmtree(self._profile)
            raise
        self._number = 0
        self._buffer = b""
        self._session: str | None = None
        try:
            target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
            attached = {"targetId": target, "flatten": True}
            self._session = self._call("Target.attachToTarget", attached)["sessionId"]
            self._call("Page.enable")
            light = [{"name": "prefers-color-scheme", "value": "light"}]
            self._call("Emulation.setEmulatedMedia", {"features": light})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser and removes its profile."""
        self._session = None
        with contextlib.suppress(BrowserError):
            self._call("Browser.close")
        for descriptor in (self._read, self._write):
            os.close(descriptor)
        deadline = time.monotonic() + 5
        while os.waitpid(self._process, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
                break
            time.sleep(0.02)
        # Processes of its own may still write for a moment.
        while os.path.exists(self._profile) and time.monotonic() < deadline:
            shutil.rmtree(self._profile, ignore_errors=True)
            time.sleep(0.02)

    def print_page(self, page: str) -> bytes:
        """Returns an HTML page as PDF, on the paper that its style sheet names."""
        self._show(page)
        settings = {"preferCSSPageSize": True, "generateTaggedPDF": True}
        return self._print(settings | {"generateDocumentOutline": True})

    def print_drawing(self, page: str) -> bytes:
        """Returns the first element of an HTML page as a PDF of its size."""
        width, height = self._show(page)
        # A pixel more: rounding would else move the last line to a second sheet.
        sheet = f"@page {{ size: {width + 1}px {height + 1}px; margin: 0 }}"
        script = (
            "document.head.append(Object.assign(document.createElement('style'), "
            f"{{textContent: {json.dumps(sheet)}}}))"
        )
        self._call("Runtime.evaluate", {"expression": script})
        return self._print({"preferCSSPageSize": True, "pageRanges": "1"})

    def picture(self, page: str, scale: float = 2.0) -> bytes:
        """Returns the first element of an HTML page as PNG.

        Args:
            page: The page.
            scale: Pixels of the picture for one of the page.
        """
        width, height = self._show(page)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": scale}
        settings = {"format": "png", "clip": clip, "captureBeyondViewport": True}
        return base64.b64decode(self._call("Page.captureScreenshot", settings)["data"])

    def _print(self, settings: dict[str, Any]) -> bytes:
        answer = self._call("Page.printToPDF", {"printBackground": True, **settings})
        # Without the time of day: the same page gives the same bytes, of the same length.
        return _DATE.sub(rb"\g<1>20000101000000", base64.b64decode(answer["data"]))

    def _show(self, page: str) -> tuple[int, int]:
        frame = self._call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self._call("Page.setDocumentContent", {"frameId": frame, "html": page})
        asked = {"expression": READY, "awaitPromise": True, "returnByValue": True}
        width, height = self._call("Runtime.evaluate", asked)["result"]["value"]
        return width, height

    def _call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method}
        message["params"] = parameters or {}
        if self._session is not None:
            message["sessionId"] = self._session
        deadline = time.monotonic() + SECONDS
        self._send(json.dumps(message).encode() + b"\0", deadline)
        while True:
            answer = json.loads(self._receive(deadline))
            if answer.get("id") == self._number:
                break
        if "error" in answer:
            raise BrowserError(f"Chromium answered {method} with: {answer['error']['message']}")
        return answer["result"]

    def _send(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            if not select.select([], [self._write], [], max(0.0, deadline - time.monotonic()))[1]:
                raise BrowserError("Chromium does not answer.")
            try:
                rest = rest[os.write(self._write, rest) :]
            except BrokenPipeError:
                raise BrowserError("Chromium ended by itself.") from None

    def _receive(self, deadline: float) -> bytes:
        pieces = [self._buffer]
        while b"\0" not in pieces[-1]:
            if not select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise BrowserError("Chromium does not answer.")
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise BrowserError("Chromium did not start, or ended by itself.")
            pieces.append(piece)
        message, self._buffer = b"".join(pieces).split(b"\0", 1)
        return message


def _start(command: list[str]) -> tuple[int, int, int]:
    """Starts a browser that reads our messages from its descriptor 3 and answers on 4.

    Returns:
        Where its answers are read, where messages are written, and the number of the process.
    """
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    os.set_blocking(ours_out, False)
    # Copies with higher numbers: either end may have got the number 3 or 4 itself.
    first, second = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs_in, theirs_out))
    nothing = [(os.POSIX_SPAWN_OPEN, place, os.devnull, os.O_RDWR, 0) for place in range(3)]
    pipes = [(os.POSIX_SPAWN_DUP2, first, 3), (os.POSIX_SPAWN_DUP2, second, 4)]
    try:
        process = os.posix_spawn(command[0], command, os.environ, file_actions=[*nothing, *pipes])
    except OSError as error:
        os.close(ours_in)
        os.close(ours_out)
        raise BrowserError(f"{command[0]} cannot be started: {error.strerror}.") from None
    finally:
        for end in (theirs_in, theirs_out, first, second):
            os.close(end)
    return ours_in, ours_out, process
