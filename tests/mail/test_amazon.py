"""Amazon SES, whose library answers in its own way: a stand-in for that library raises what it raises.

The help desk does not depend on boto3; whoever uses SES installs it. What the stand-in does was read off boto3 1.44
against a server in Amazon's place.
"""

import sys
from types import ModuleType, SimpleNamespace
from uuid import uuid4

import pytest
from django.utils.timezone import now

from mail.models import MailState, OutgoingMail, Template
from mail.outbound import send
from mail.transport import services


class Config(dict):
    """botocore's: options, of which later ones win."""

    def __init__(self, **options):
        super().__init__(options)

    def merge(self, other):
        return Config(**(self | other))


class BotoCoreError(Exception):
    pass


class ConnectionError(BotoCoreError):
    pass


class EndpointConnectionError(ConnectionError):
    pass


class HTTPClientError(BotoCoreError):
    pass


class ReadTimeoutError(HTTPClientError):
    pass


class NoCredentialsError(BotoCoreError):
    pass


class ClientError(Exception):
    def __init__(self, status, code):
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        super().__init__(f"An error occurred ({code}) when calling the SendEmail operation")


ERRORS = (
    BotoCoreError,
    ConnectionError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    NoCredentialsError,
    ClientError,
)


@pytest.fixture
def amazon(monkeypatch, settings):
    """Amazon, and how it answers: `amazon.answer` is raised, or returned if it is no error."""
    amazon = SimpleNamespace(answer={"MessageId": "1"}, asked=[], config=None)

    class Client:
        def send_email(self, **given):
            amazon.asked.append(given)
            if isinstance(amazon.answer, Exception):
                raise amazon.answer
            return amazon.answer

        def close(self):
            pass

    class Session:
        def client(self, name, *, config):
            amazon.config = config
            return Client()

    def module(name, **content):
        made = ModuleType(name)
        made.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, made)
        return made

    for error in ERRORS:
        monkeypatch.setattr(error, "__module__", "botocore.exceptions")
    module("boto3", session=SimpleNamespace(Session=Session))
    module("botocore")
    module("botocore.client", Config=Config)
    module("botocore.exceptions", **{error.__name__: error for error in ERRORS})
    monkeypatch.delitem(sys.modules, "anymail.backends.amazon_ses", raising=False)
    services._backend_class.cache_clear()
    settings.MAIL_URL = "anymail+amazon-ses://"
    yield amazon
    services._backend_class.cache_clear()
    sys.modules.pop("anymail.backends.amazon_ses", None)


@pytest.fixture
def mail(ticket):
    mail = OutgoingMail.objects.get(template=Template.TICKET_OPENED)
    OutgoingMail.objects.filter(pk=mail.pk).update(claim=uuid4(), due_at=now())
    mail.refresh_from_db()
    return mail


def test_amazon_gets_the_message(amazon, mail):
    assert send(mail.pk, mail.claim) == MailState.SENT

    [asked] = amazon.asked
    assert asked["Destination"] == {"ToAddresses": ["ada@example.org"]}
    assert mail.message_id.encode() in asked["Content"]["Raw"]["Data"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (ClientError(400, "MessageRejected"), MailState.FAILED),
        (ClientError(400, "BadRequestException"), MailState.FAILED),
        (ClientError(404, "NotFoundException"), MailState.DEFERRED),
        (ClientError(403, "InvalidSignatureException"), MailState.DEFERRED),
        (ClientError(429, "TooManyRequestsException"), MailState.DEFERRED),
        (ClientError(400, "ThrottlingException"), MailState.DEFERRED),
        (ClientError(400, "LimitExceededException"), MailState.DEFERRED),
        (ClientError(400, "SendingPausedException"), MailState.DEFERRED),
        (ClientError(503, "ServiceUnavailable"), MailState.DEFERRED),
        (ClientError(500, "InternalFailure"), MailState.PERHAPS_SENT),
        (EndpointConnectionError("Could not connect"), MailState.DEFERRED),
        (NoCredentialsError("Unable to locate credentials"), MailState.DEFERRED),
        (ReadTimeoutError("Read timeout"), MailState.PERHAPS_SENT),
        (HTTPClientError("Connection was closed"), MailState.PERHAPS_SENT),
        ({"no": "MessageId"}, MailState.PERHAPS_SENT),
    ],
    ids=repr,
)
def test_what_amazon_s_answer_makes_of_the_mail(amazon, mail, answer, state):
    amazon.answer = answer

    assert send(mail.pk, mail.claim) == state

    mail.refresh_from_db()
    assert (mail.handed_over_at is not None) == (state == MailState.PERHAPS_SENT)
    assert mail.last_error


def test_its_library_sends_once_and_waits_no_longer_than_others(amazon, mail, settings):
    send(mail.pk, mail.claim)

    assert amazon.config["retries"] == {"total_max_attempts": 1}
    assert amazon.config["read_timeout"] == amazon.config["connect_timeout"] == settings.SOCKET_TIMEOUT
    assert "django-anymail" in amazon.config["user_agent_extra"]
