"""Pages that could not be shown: counted, so that administrators hear of them without reading logs (PARITY N07)."""

import logging

from django.core.cache import cache

_COUNT = "failures:count"


class Counting(logging.Handler):
    """Counts requests that ended with an error nobody caught. An answer that says 503 on purpose is none."""

    def emit(self, record: logging.LogRecord) -> None:
        if not record.exc_info or getattr(record, "status_code", 0) < 500:
            return
        try:
            cache.add(_COUNT, 0, None)
            cache.incr(_COUNT)
            _keep()
        except Exception:
            # The cache may be what is broken; the line in the log is written all the same.
            logging.getLogger(__name__).warning("the failure above is not counted")


def count() -> int:
    """Return how many there were since they were forgotten."""
    return int(cache.get(_COUNT, 0))


def forget(told: int) -> None:
    """Take off so many, which were told."""
    try:
        cache.decr(_COUNT, told)
    except ValueError:
        # The cache was emptied meanwhile.
        return
    _keep()


def _keep() -> None:
    """Keep the count until it is told: whatever counts in the database's cache makes it expire within minutes."""
    cache.touch(_COUNT, None)
