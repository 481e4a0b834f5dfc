"""/metrics: numbers for monitoring, for who knows the token, and nothing about people."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils.timezone import now

from mail import intake
from mail.management.commands.receive_mail import receive
from mail.models import Door, IncomingMail, Mailbox, Protocol
from tests.mail.samples import mail
from tickets.models import Department

pytestmark = pytest.mark.django_db

TOKEN = "a token of thirty characters.."


@pytest.fixture
def token(settings: object) -> str:
    settings.METRICS_TOKEN = TOKEN
    return TOKEN


def numbers(client: Client) -> dict[str, str]:
    """Return each line that is no comment, as name with labels → value."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return dict(line.rsplit(" ", 1) for line in lines)


def test_without_a_token_there_is_no_such_page(client: Client) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("told", ["", "Bearer", "Bearer wrong", f"Bearer {TOKEN}x", "Basic x", "Bearer \u00e9"])
def test_a_wrong_token_is_told_nothing(client: Client, token: str, told: str) -> None:
    answer = client.get("/metrics", headers={"Authorization": told})

    assert answer.status_code == 401
    assert b"helpdesk_" not in answer.content


def test_a_token_in_the_clear_is_refused(client: Client, token: str, settings: object) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 403


def test_mailboxes_and_what_waits_are_told(client: Client, token: str, support: Department) -> None:
    at = now()
    Mailbox.objects.create(
        name="support",
        address="support@example.com",
        protocol=Protocol.IMAP,
        connected_at=at - timedelta(seconds=90),
        due_at=at,
        on_server=7,
        not_stored=2,
    )
    receive(BytesIO(mail(sender="")))
    intake.store([mail(message_id="<2@example.org>")], door=Door.PIPE, at=at - timedelta(minutes=40))

    told = numbers(client)

    assert 90 <= int(told['helpdesk_mailbox_last_look_seconds{mailbox="support"}']) <= 100
    assert told['helpdesk_mailbox_on_server{mailbox="support"}'] == "7"
    assert told['helpdesk_mailbox_not_stored{mailbox="support"}'] == "2"
    assert 2400 <= int(told["helpdesk_intake_oldest_seconds"]) <= 2410
    assert told["helpdesk_outbox_oldest_seconds"] == "0"
    assert told["helpdesk_quarantine"] == "1"
    assert told['helpdesk_health{part="intake"}'] == "2"
    assert told['helpdesk_health{part="database"}'] == "0"


def test_it_names_nobody(client: Client, token: str, support: Department) -> None:
    receive(BytesIO(mail()))
    page = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).content.decode()

    assert "ada" not in page.lower()
    assert IncomingMail.objects.get().subject not in page
