"""What a run of the notebooks prints."""

import sys
import time

from client import first_line

PROGRESS_EVERY = 30  # seconds


def short(text, width):
    return text if len(text) <= width else text[: width - 1] + "…"


class Reporter:
    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.total = 0
        self.last_progress = 0.0

    def say(self, text, end="\n"):
        self.stream.write(text + end)
        self.stream.flush()

    def notebook_started(self, path, notebook):
        self.total = len(notebook.cells)
        self.say(f"\n{path.name}")

    def label(self, index, cell):
        place = f"{index + 1}/{self.total}".rjust(7)
        return f"  {place}  {short(first_line(cell), 70):<70}"

    def cell_started(self, index, cell):
        self.last_progress = time.monotonic()
        if self.stream.isatty():
            self.say(self.label(index, cell) + "  …", end="\r")

    def cell_done(self, index, cell, seconds):
        self.say(f"{self.label(index, cell)} {seconds:7.1f} s")

    def progress(self, text):
        """The last line of a progress bar, now and then, so that a long cell shows that it lives."""
        now = time.monotonic()
        lines = text.strip().splitlines()
        if lines and now - self.last_progress >= PROGRESS_EVERY:
            self.last_progress = now
            self.say(f"           {short(lines[-1], 90)}")

    def failed(self, failure):
        self.say(f"  FAILED at cell {failure.index + 1} of {self.total}: {failure.first_line}")
        for line in failure.reason.strip().splitlines()[:20]:
            self.say(f"    {line}")
