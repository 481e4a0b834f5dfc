"""Answers that take equally long, whatever there is to find: what is done for one must not show in the time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

ANSWER_AFTER = timedelta(milliseconds=300)


@contextmanager
def even() -> Iterator[None]:
    """Let what is within take as long as any other answer."""
    began = time.monotonic()
    yield
    time.sleep(max(0.0, ANSWER_AFTER.total_seconds() - (time.monotonic() - began)))
