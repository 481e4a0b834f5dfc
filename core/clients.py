"""From where the request came that is being answered: known wherever something is written down on the way.

Asking here, no deed has to carry the address through all that it calls, and no door can forget to.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_client_ip: ContextVar[str] = ContextVar("client_ip", default="")


@contextmanager
def answering(client_ip: str) -> Iterator[None]:
    """Name the client of what is done within."""
    token = _client_ip.set(client_ip)
    try:
        yield
    finally:
        _client_ip.reset(token)


def client_ip() -> str | None:
    """Return the address of who asks, as far as we believe it (core.middleware); None where nobody does."""
    return _client_ip.get() or None
