"""Mail for its tests: a server is set unless a test says otherwise, and what lies in the outbox."""

from collections.abc import Callable

import pytest

from mail.models import OutgoingMail
from tests.mail.sink import Sink


@pytest.fixture(autouse=True)
def mail_server(settings: object) -> None:
    """A mail server is set; nobody listens there, since only workers would call."""
    settings.MAIL_URL = "smtp://127.0.0.1:9"


@pytest.fixture
def told() -> Callable[[], dict[str, str]]:
    """`told()` says who gets which mail since it was last asked: {address: template}."""
    seen: set[int] = set()

    def told() -> dict[str, str]:
        fresh = OutgoingMail.objects.exclude(pk__in=seen).order_by("pk")
        seen.update(mail.pk for mail in fresh)
        return {mail.recipient: mail.template for mail in fresh}

    return told


@pytest.fixture
def sink(settings: object):
    """A real SMTP server that does what the test tells it to; MAIL_URL leads there."""
    with Sink() as sink:
        settings.MAIL_URL = f"smtp://127.0.0.1:{sink.port}"
        yield sink
