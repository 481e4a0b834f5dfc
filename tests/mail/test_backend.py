"""What Django and allauth send becomes rows: encrypted, shown to nobody, in the caller's transaction."""

from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.db import connection, transaction
from django.utils.timezone import now

from core import secrets
from mail import rendering
from mail.models import MailState, OutgoingMail, Suppressed, Template
from mail.outbound import send

pytestmark = pytest.mark.django_db

SECRET = "https://help.example.com/reset/top-secret"


@pytest.fixture(autouse=True)
def outbox_backend(settings, tmp_path):
    """pytest-django replaces the backend by one in memory; here it is ours."""
    settings.EMAIL_BACKEND = "mail.backend.OutboxBackend"
    settings.DATA_DIR = tmp_path
    settings.FIELD_KEYS = []


def test_a_mail_becomes_one_row_per_recipient(ada):
    send_mail("Reset", SECRET, None, ["Ada <ADA@example.org>", "new@example.org", "ada@example.org"])

    mails = OutgoingMail.objects.order_by("pk")
    assert [(mail.recipient, mail.template, mail.state) for mail in mails] == [
        ("ada@example.org", Template.ACCOUNT, MailState.QUEUED),
        ("new@example.org", Template.ACCOUNT, MailState.QUEUED),
    ]
    assert [mail.user for mail in mails] == [ada, None]
    assert len({mail.deed for mail in mails}) == 1


def test_nothing_of_it_stands_in_the_database_in_clear():
    send_mail("Reset-Subject", SECRET, None, ["ada@example.org"], html_message=f"<a href='{SECRET}'>x</a>")

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mail_outgoingmail")
        cells = [bytes(cell) if isinstance(cell, memoryview) else cell for cell in cursor.fetchone()]
    row = b" ".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells)
    assert b"top-secret" not in row
    assert b"Reset-Subject" not in row


def test_nobody_is_shown_it():
    send_mail("Reset", SECRET, None, ["ada@example.org"])

    assert rendering.preview(OutgoingMail.objects.get()) is None


def test_it_arrives_whole_and_its_body_is_forgotten_then(sink):
    message = EmailMultiAlternatives(
        "Zurücksetzen", f"Öffne {SECRET}", "somebody@example.net", ["ada@example.org"], reply_to=["r@example.com"]
    )
    message.attach_alternative(f"<p>Öffne {SECRET}</p>", "text/html")
    message.attach("häuser.txt", "Inhalt", "text/plain")
    message.attach("x.bin", b"\x00\xff", "application/octet-stream")
    message.extra_headers = {"X-Kept": "yes", "Message-ID": "<not@mine>", "To": "list@example.org"}
    message.send()
    mail = hand_out(OutgoingMail.objects.get())

    assert send(mail.pk, mail.claim) == MailState.SENT

    [received] = sink.received
    arrived = received.message
    assert arrived["Subject"] == "Zurücksetzen"
    assert arrived["From"].addresses[0].addr_spec == "helpdesk@localhost"
    assert (arrived["To"], arrived["Reply-To"], arrived["X-Kept"]) == ("ada@example.org", "r@example.com", "yes")
    assert arrived["Message-ID"] == mail.message_id
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived.get_body(("plain",)).get_content().strip() == f"Öffne {SECRET}"
    assert SECRET in arrived.get_body(("html",)).get_content()
    assert [(part.get_filename(), part.get_content()) for part in arrived.iter_attachments()] == [
        ("häuser.txt", "Inhalt"),
        ("x.bin", b"\x00\xff"),
    ]
    mail.refresh_from_db()
    assert mail.body is None


def test_html_only_stays_html(sink):
    message = EmailMessage("Hi", "<p>Hi</p>", None, ["ada@example.org"])
    message.content_subtype = "html"
    message.send()
    mail = hand_out(OutgoingMail.objects.get())

    send(mail.pk, mail.claim)

    assert sink.received[0].message.get_content_type() == "text/html"


def test_what_is_rolled_back_is_never_sent():
    with transaction.atomic():
        send_mail("Reset", SECRET, None, ["ada@example.org"])
        transaction.set_rollback(True)

    assert not OutgoingMail.objects.exists()


def test_without_a_mail_server_not_even_the_body_is_kept(settings):
    settings.MAIL_URL = ""

    send_mail("Reset", SECRET, None, ["ada@example.org"])

    mail = OutgoingMail.objects.get()
    assert (mail.state, mail.why, mail.due_at, mail.body) == (
        MailState.SUPPRESSED, Suppressed.NO_SERVER, None, None
    )  # fmt: skip


def test_a_lost_key_sends_nothing_and_says_so(sink, settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    send_mail("Reset", SECRET, None, ["ada@example.org"])
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    mail = hand_out(OutgoingMail.objects.get())

    assert send(mail.pk, mail.claim) == MailState.DEFERRED

    mail.refresh_from_db()
    assert "SecretUnreadable" in mail.last_error
    assert not sink.commands


# --- Keys -------------------------------------------------------------------------------------------


def test_the_first_key_encrypts_and_all_of_them_read(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_KEYS = [old]
    token = secrets.encrypt(b"secret")

    settings.FIELD_KEYS = [new, old]

    assert secrets.decrypt(token) == b"secret"
    assert Fernet(new).decrypt(secrets.encrypt(b"secret")) == b"secret"


def test_another_key_reads_nothing(settings):
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    token = secrets.encrypt(b"secret")
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(secrets.SecretUnreadable):
        secrets.decrypt(token)


def test_the_key_file_is_made_once_for_its_owner_only(settings, tmp_path):
    token = secrets.encrypt(b"secret")
    file = tmp_path / secrets.KEY_FILE
    key = file.read_text()
    secrets._box.cache_clear()

    assert secrets.decrypt(token) == b"secret"
    assert file.read_text() == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("field_key*")] == ["field_key"]


@pytest.mark.parametrize("content", ["", "short", "not base64 at all, not at all, at all!!!!!!"])
def test_a_damaged_key_file_stops_everything(settings, tmp_path, content):
    (tmp_path / secrets.KEY_FILE).write_text(content)

    with pytest.raises(ImproperlyConfigured):
        secrets.encrypt(b"secret")


def test_a_folder_that_cannot_be_written_stops_it_too(settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.DATA_DIR = tmp_path / "file"

    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS"):
        secrets.encrypt(b"secret")


def test_a_wrong_key_in_the_environment_is_told_without_repeating_it():
    with pytest.raises(ImproperlyConfigured) as refused:
        secrets.check_keys([Fernet.generate_key().decode(), "my-secret-key"])

    assert "key 2" in str(refused.value)
    assert "my-secret-key" not in str(refused.value)


def hand_out(mail):
    OutgoingMail.objects.filter(pk=mail.pk).update(claim=uuid4(), due_at=now())
    mail.refresh_from_db()
    return mail
