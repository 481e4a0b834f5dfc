"""Mails that Amazon SES puts into a bucket: fetched from the one that is named, or to be posted again.

A stand-in for Amazon's library, which nobody has to install; what it answers was read off boto3 1.44.
"""

import io
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from core import files
from mail.hooks import bodies, s3, sns
from mail.hooks.config import INBOUND, Hooks, parse
from mail.models import IncomingMail, Mailbox
from tests.mail import hooks
from tests.mail.hooks import MAIL, TO, TOPIC

pytestmark = pytest.mark.django_db


class BotoCoreError(Exception):
    pass


class ClientError(Exception):
    pass


class Body(io.BytesIO):
    """A body as it is handed out; `breaks` after its content."""

    breaks: Exception | None = None

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        if not found and self.breaks:
            raise self.breaks
        return found


@pytest.fixture
def amazon(monkeypatch, settings):
    """What the bucket answers: `amazon.answer` is raised, or returned if it is no error."""
    amazon = SimpleNamespace(asked=[], given={}, body=Body(MAIL))
    amazon.answer = {"Body": amazon.body, "ContentLength": len(MAIL), "Metadata": {}}

    class S3:
        def get_object(self, **asked: Any) -> Any:
            amazon.asked.append(asked)
            if isinstance(amazon.answer, Exception):
                raise amazon.answer
            return amazon.answer

    class Session:
        def client(self, name: str, **given: Any) -> S3:
            amazon.given = {"service": name, **given}
            return S3()

    for name, content in {
        "boto3": {},
        "boto3.session": {"Session": Session},
        "botocore": {},
        "botocore.config": {"Config": dict},
        "botocore.exceptions": {"BotoCoreError": BotoCoreError, "ClientError": ClientError},
    }.items():
        made = ModuleType(name)
        made.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, made)
    settings.MAIL_HOOKS = {
        "amazon_ses": Hooks("amazon_ses", {"topics": TOPIC, "bucket": "mails", "region": "eu-west-1"})
    }
    settings.PUBLIC_URL = "http://localhost:8000"
    monkeypatch.setattr(sns, "_fetched", lambda url: hooks.certificate())
    Mailbox.objects.create(name="Help", address=TO, protocol="pushed")
    sns._certificate.cache_clear()
    yield amazon
    sns._certificate.cache_clear()


def post(bucket: object = "mails", key: object = "in/ses-1") -> HttpResponse:
    action = {"type": "S3", "bucketName": bucket, "objectKey": key}
    event = {"notificationType": "Received", "receipt": {"recipients": [TO], "action": action}}
    said = hooks.sns_signed(hooks.sns_notice(json.dumps(event | {"mail": {"messageId": "ses-1"}})))
    path = "/hooks/mail/amazon_ses/inbound/"
    return Client().generic("POST", path, said.body, content_type="text/plain", headers=dict(said.headers))


def test_a_mail_in_our_bucket_is_stored_to_the_byte(amazon, settings):
    assert post().status_code == 200

    mail = IncomingMail.objects.get()
    with files.open_blob(mail.raw) as file:
        assert file.read().endswith(MAIL)
    assert (mail.mailbox.name, amazon.body.closed) == ("Help", True)
    assert amazon.asked == [{"Bucket": "mails", "Key": "in/ses-1"}]
    assert (amazon.given["service"], amazon.given["region_name"]) == ("s3", "eu-west-1")
    config = amazon.given["config"]
    assert config["connect_timeout"] == config["read_timeout"] == settings.SOCKET_TIMEOUT


def test_the_same_notice_twice_is_one_mail(amazon):
    for _time in range(2):
        amazon.answer["Body"] = Body(MAIL)
        assert post().status_code == 200

    assert IncomingMail.objects.count() == 1


@pytest.mark.parametrize(
    ("bucket", "key"), [("theirs", "x"), (None, "x"), (["mails"], "x"), ("mails", None), ("mails", 7)]
)
def test_no_other_bucket_is_opened(amazon, bucket, key):
    assert post(bucket, key).status_code == 400
    assert amazon.asked == []


def test_without_a_name_none_is(amazon, settings):
    settings.MAIL_HOOKS = {"amazon_ses": Hooks("amazon_ses", {"topics": TOPIC})}

    answer = post()

    assert (answer.status_code, amazon.asked) == (400, [])
    assert "a bucket that MAIL_HOOKS does not name" in answer.content.decode()


def test_without_amazon_s_library_it_is_told(amazon, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    monkeypatch.setitem(sys.modules, "boto3.session", None)

    answer = post()

    assert answer.status_code == 400
    assert "install boto3" in answer.content.decode()


@pytest.mark.parametrize("error", [ClientError("AccessDenied"), BotoCoreError("no credentials")])
def test_what_cannot_be_fetched_is_to_be_posted_again(amazon, error):
    amazon.answer = error

    assert post().status_code == 503
    assert not IncomingMail.objects.exists()


def test_nor_is_what_breaks_off_stored(amazon):
    amazon.body.breaks = BotoCoreError("IncompleteRead")

    assert post().status_code == 503
    assert not IncomingMail.objects.exists()
    assert amazon.body.closed


@pytest.mark.parametrize("length", [len(MAIL), 0])
def test_more_than_a_mail_may_have_is_not_read(amazon, settings, length):
    settings.MAIL_MOST_BYTES = 100
    amazon.answer["ContentLength"] = length

    # Of it alone: the notice is larger than so small a mail may be.
    with pytest.raises(bodies.TooLarge):
        s3.fetched("mails", "x", ours="mails", region="")


@pytest.mark.parametrize("name", ["x-amz-key", "x-amz-key-v2", "x-amz-cek-alg"])
def test_what_nobody_here_can_read_is_refused(amazon, name):
    amazon.answer["Metadata"] = {name: "x"}

    assert post().status_code == 400
    assert not IncomingMail.objects.exists()


def test_settings_name_the_bucket():
    options = parse(f"amazon_ses?topics={TOPIC}&bucket=mails&region=eu-west-1")["amazon_ses"]

    assert (options.options["bucket"], options.kinds) == ("mails", (INBOUND, "tracking"))
