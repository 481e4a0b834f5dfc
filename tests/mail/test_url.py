"""MAIL_URL: what can be written, and the sentence for what cannot."""

import os
import subprocess
import sys

import pytest

from mail.checks import check_mail
from mail.url import MailService, MailUrlInvalid, SmtpServer, Tls, parse

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("url", "means"),
    [
        ("smtp://mail.example.com", SmtpServer(Tls.IF_OFFERED, "mail.example.com", 25)),
        ("smtp://u:p@mail.example.com:2525", SmtpServer(Tls.IF_OFFERED, "mail.example.com", 2525, "u", "p")),
        ("smtps://h", SmtpServer(Tls.FROM_THE_START, "h", 465)),
        ("smtp+tls://desk%40example.com:p%2Fw%23@h", SmtpServer(Tls.REQUIRED, "h", 587, "desk@example.com", "p/w#")),
        ("smtp://[::1]:25", SmtpServer(Tls.IF_OFFERED, "::1", 25)),
        ("anymail+postmark://?server_token=a%2Bb", MailService("postmark", {"server_token": "a+b"})),
        ("anymail+amazon-ses://", MailService("amazon_ses", {})),
    ],
)
def test_what_an_address_means(url, means):
    assert parse(url) == means


SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    "url",
    [
        f"mail.example.com:{SECRET}",
        f"https://u:{SECRET}@h",
        f"smtp://u:{SECRET}/x@h",
        f"smtp://u:{SECRET}@",
        f"smtp://u@h/{SECRET}",
        f"smtp://u:{SECRET}@h:99999",
        f"smtp://h?password={SECRET}",
        f"anymail+nothing://?api_key={SECRET}",
        f"anymail+console://?api_key={SECRET}",
        f"anymail+base://?api_key={SECRET}",
        f"anymail+postmark://{SECRET}",
        f"anymail+postmark://?{SECRET}",
        f"anymail+../x://?api_key={SECRET}",
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence_without_the_secret(url):
    with pytest.raises(MailUrlInvalid) as refused:
        parse(url)

    assert SECRET not in str(refused.value)
    assert str(refused.value).endswith(".")
    assert refused.value.__cause__ is None


def test_it_is_read_at_start():
    environ = os.environ | {"MAIL_URL": f"smtp://u:{SECRET}/@h", "DJANGO_SETTINGS_MODULE": "helpdesk.settings"}
    done = subprocess.run([sys.executable, "manage.py", "check"], env=environ, capture_output=True, text=True)

    assert done.returncode != 0
    assert "MAIL_URL" in done.stderr
    assert SECRET not in done.stderr + done.stdout


def test_a_service_without_its_options_is_told_by_the_checks(settings):
    settings.MAIL_URL = "anymail+postmark://"

    assert [error.id for error in check_mail(None)] == ["mail.E002"]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtp://u:p@mail.example.com", ["mail.W001"]),
        ("smtp://u:p@localhost", []),
        ("smtp+tls://u:p@mail.example.com", []),
        ("smtps://u:p@mail.example.com", []),
        ("anymail+postmark://?server_token=x", []),
        ("", []),
    ],
)
def test_a_password_in_the_clear_is_warned_of(settings, url, found):
    settings.MAIL_URL = url

    assert [message.id for message in check_mail(None)] == found


def test_a_sender_without_an_address_is_told_by_the_checks(settings):
    settings.MAIL_FROM = "Support"

    assert [error.id for error in check_mail(None)] == ["mail.E001"]
