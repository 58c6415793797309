"""Pages in a real browser, where there is one: Debian's Chromium, driven by Playwright."""

import contextlib
import time
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextlib.contextmanager
def open_browser():
    """Yields a browser; the test is skipped where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def resize(page, width, height=900):
    """Gives a page another width, and waits until it is laid out for it: a moment later.

    Playwright's own `wait_for_function` evaluates strings inside the page, which our pages forbid.

    Returns:
        Pixels that the page is wide then: more than `width` where it scrolls sideways.
    """
    page.set_viewport_size({"width": width, "height": height})
    for _ in range(100):
        found = page.evaluate("() => document.documentElement.scrollWidth")
        if found == width:
            break
        time.sleep(0.1)
    return found
