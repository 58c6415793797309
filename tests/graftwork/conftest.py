"""What the tests of run folders share."""

import os

import pytest


@pytest.fixture
def path(tmp_path):
    """Where a run folder may be made."""
    return tmp_path / "run"


@pytest.fixture
def no_waiting_for_the_disk(monkeypatch):
    """Syncing matters in a power cut alone, and is slow; test_files.py watches it."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
