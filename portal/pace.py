"""Answers that take equally long, whatever there is to find: what is done for one must not show in the time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

ANSWER_AFTER = timedelta(milliseconds=300)
# What disks of today write with ease: files are written once more for some answers, and not for others.
BYTES_A_SECOND = 20_000_000


@dataclass(slots=True)
class Pace:
    """How long an answer takes: the same for each, and longer by what its files need."""

    file_bytes: int = 0

    @property
    def seconds(self) -> float:
        return ANSWER_AFTER.total_seconds() + self.file_bytes / BYTES_A_SECOND


@contextmanager
def even() -> Iterator[Pace]:
    """Let what is within take as long as any other answer to as many bytes of files."""
    began, pace = time.monotonic(), Pace()
    yield pace
    time.sleep(max(0.0, pace.seconds - (time.monotonic() - began)))
