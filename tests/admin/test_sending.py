"""Sending accounts, own addresses and the outbox in the administration."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Address, AuditEvent
from core import secrets
from mail import outages
from mail.models import Mailbox, MailState, OutgoingMail, OwnAddress, SendingAccount, Template, Writer
from mail.senders import way_of
from mail.transport import deliver
from tests.cast import MONDAY
from tests.mail.greeting import Greeting
from tests.mail.sink import Sink

pytestmark = pytest.mark.django_db

ADD = "admin:mail_sendingaccount_add"
LIST = "admin:mail_sendingaccount_changelist"
MAILS = "admin:mail_outgoingmail_changelist"


NO_WRITERS = {"writers-TOTAL_FORMS": "0", "writers-INITIAL_FORMS": "0"}


def filled_in(**given):
    usual = {
        "name": "billing",
        "is_active": "on",
        "sends_by": "smtp",
        "host": "smtp.example.com",
        "security": "starttls",
        "signs_in": "password",
        "username": "billing",
        "password": "s3cret words",
    }
    return {name: value for name, value in (usual | given).items() if value is not None}


@pytest.fixture
def account(root):
    root.post(reverse(ADD), filled_in())
    return SendingAccount.objects.get()


def test_an_account_is_saved_with_its_secret_encrypted_and_shown_nowhere(root, account):
    assert secrets.decrypt(bytes(account.secret)) == b"s3cret words"

    page = root.get(reverse("admin:mail_sendingaccount_change", args=[account.pk])).content.decode()

    assert "s3cret" not in page
    assert "also within your own network" in page


def test_an_empty_password_keeps_what_is_there_and_the_outage_is_forgotten(root, account):
    outages.note(outages.key_of(account), "535 wrong", now(), is_certain=True)

    root.post(reverse("admin:mail_sendingaccount_change", args=[account.pk]), filled_in(password="", port="2525"))

    account.refresh_from_db()
    assert account.port == 2525
    assert secrets.decrypt(bytes(account.secret)) == b"s3cret words"
    assert outages.of(account) is None


def test_the_password_does_not_go_to_another_server(root, account):
    change = reverse("admin:mail_sendingaccount_change", args=[account.pk])

    page = root.post(change, filled_in(password="", host="thief.example.net"))

    account.refresh_from_db()
    assert account.host == "smtp.example.com"
    assert "it was given for another server" in page.content.decode()
    root.post(change, filled_in(password="another", host="mx.example.com"))
    account.refresh_from_db()
    assert account.host == "mx.example.com"


def test_nor_by_a_way_on_which_nobody_is_asked_for_it(root, account):
    change = reverse("admin:mail_sendingaccount_change", args=[account.pk])
    root.post(change, filled_in(password="", host="thief.example.net", signs_in="not"))
    account.refresh_from_db()
    assert account.host == "thief.example.net"

    page = root.post(change, filled_in(password="", host="thief.example.net"))

    assert "Enter the password." in page.content.decode()
    account.refresh_from_db()
    assert account.secret is None


@pytest.mark.parametrize(
    ("host", "is_taken"),
    [
        ("imap.example.com", True),
        ("smtp.example.com", True),
        ("thief.example.net", False),
        ("mx.mail.example.com", True),
        ("imap.example.com.thief.example.net", False),
        ("com", False),
        ("192.0.2.1", False),
    ],
)
def test_a_mailboxs_password_goes_to_servers_of_its_domain_only(root, host, is_taken):
    box = Mailbox.objects.create(
        name="support", address="support@example.com", host="imap.example.com", username="support", protocol="imap"
    )

    answer = root.post(reverse(ADD), filled_in(host=host, signs_in="mailbox", mailbox=box.pk, password=""))

    assert SendingAccount.objects.exists() == is_taken
    assert ("Only a server of the same domain may get it" in answer.content.decode()) is not is_taken


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "Our <b>mail</b> 😀"}, "letters, digits and hyphens, without spaces"),
        ({"host": "http://smtp.example.com/"}, "without port and slashes"),
        ({"host": ""}, "Enter the name of the server."),
        ({"security": "none"}, "only to a server on this machine"),
        ({"password": ""}, "Enter the password."),
        ({"username": "a\rb"}, "one line"),
        ({"signs_in": "mailbox"}, "Choose the mailbox."),
        ({"sends_by": "service", "password": "smtp://host"}, "names no service"),
        ({"sends_by": "service", "password": "anymail+nobody://"}, "knows no service"),
    ],
)
def test_what_cannot_work_is_refused(root, given, words):
    answer = root.post(reverse(ADD), filled_in(**given))

    assert words in answer.content.decode()
    assert not SendingAccount.objects.exists()


def test_a_test_mail_goes_to_who_asks_for_it(root, account, admin_user):
    Address.objects.filter(user=admin_user).update(verified_at=MONDAY)
    with Sink() as sink:
        SendingAccount.objects.update(host="127.0.0.1", port=sink.port, security="none", signs_in="not")

        page = root.post(reverse(LIST), {"action": "send_test", "_selected_action": account.pk}).content.decode()

    assert [one.recipient for one in sink.received] == [admin_user.email]
    assert "was taken" in page


@pytest.mark.parametrize("banner", [b"SSH-2.0-secret_7.4\r\n", b"HTTP/1.1 400 secret_7\r\n\r\nsecret_7\r\n"])
def test_what_is_no_mail_server_is_not_repeated(root, account, admin_user, banner):
    Address.objects.filter(user=admin_user).update(verified_at=MONDAY)
    mail = EmailMultiAlternatives("x", "y", "a@b.example", ["c@d.example"])
    with Greeting(banner) as port:
        SendingAccount.objects.update(host="127.0.0.1", port=port, security="none", signs_in="not")

        page = root.post(reverse(LIST), {"action": "send_test", "_selected_action": account.pk}).content.decode()
        answer = deliver(way_of(SendingAccount.objects.get()), mail, hand_over=lambda: True)

    assert "does not answer as a mail server does" in page
    assert "secret_7" not in page + answer.text


def test_a_department_writes_from_one_address_only(root, billing):
    address = OwnAddress.objects.create(email="billing@example.com")
    Writer.objects.create(address=address, department=billing)
    table = {
        "writers-TOTAL_FORMS": "1",
        "writers-INITIAL_FORMS": "0",
        "writers-0-department": billing.pk,
    }

    answer = root.post(reverse("admin:mail_ownaddress_add"), {"email": "Other@Example.com", "name": ""} | table)

    assert "writes from another address already" in answer.content.decode()
    assert not OwnAddress.objects.filter(email="other@example.com").exists()


def test_the_default_moves_from_one_address_to_another_and_the_log_tells_both(root, account):
    old = OwnAddress.objects.create(email="old@example.com", account=account, is_default=True)

    root.post(
        reverse("admin:mail_ownaddress_add"),
        {"email": "new@example.com", "name": "", "account": account.pk, "make_default": "on", **NO_WRITERS},
    )

    assert list(OwnAddress.objects.order_by("email").values_list("email", "is_default")) == [
        ("new@example.com", True),
        ("old@example.com", False),
    ]
    told = AuditEvent.objects.filter(target_model="mail.ownaddress", target_id=old.pk)
    assert [one.changes for one in told] == [{"is_default": [True, False]}]
    page = root.get(reverse("admin:mail_ownaddress_change", args=[old.pk])).content.decode()
    assert "such as links to sign in" in page


def test_without_mail_url_the_default_needs_an_account(root, account, settings):
    settings.MAIL_URL = ""
    form = {"email": "new@example.com", "name": "", "make_default": "on", **NO_WRITERS}

    refused = root.post(reverse("admin:mail_ownaddress_add"), form)

    assert "MAIL_URL names no mail server" in refused.content.decode()
    assert not OwnAddress.objects.exists()
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    root.post(reverse("admin:mail_ownaddress_add"), form)
    assert OwnAddress.objects.get().is_default


def test_an_account_that_no_address_uses_says_so(root, account, settings):
    settings.MAIL_URL = ""
    page = reverse("admin:mail_outgoingmail_outbox")

    unused = root.get(page).content.decode()
    OwnAddress.objects.create(email="billing@example.com", account=account)
    used = root.get(page).content.decode()

    assert "No mail goes out by it until an own address names it." in unused
    assert "No mail server is set (MAIL_URL), so nobody gets mail." in unused
    assert "No mail goes out by it" not in used
    assert "No mail server is set" not in used


def test_the_page_of_the_outbox_says_how_each_way_does(root, account, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"

    page = root.get(reverse("admin:mail_outgoingmail_outbox")).content.decode()

    assert "MAIL_URL" in page
    assert "billing" in page
    assert reverse("admin:mail_outgoingmail_outbox") in root.get(reverse(MAILS)).content.decode()


def test_the_page_of_the_outbox_marks_what_is_not_well(root, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    page = reverse("admin:mail_outgoingmail_outbox")
    at = now()
    made = {"template": Template.TICKET_OPENED, "created_at": at}
    sent = [OutgoingMail(recipient=f"{n}@example.org", state=MailState.SENT, sent_at=at, **made) for n in range(17)]
    OutgoingMail.objects.bulk_create(sent)
    quiet = root.get(page).content.decode()
    bounced = [OutgoingMail(recipient=f"{n}@example.net", state=MailState.BOUNCED, **made) for n in range(3)]
    OutgoingMail.objects.bulk_create(bounced)
    OutgoingMail.objects.create(recipient="late@example.org", due_at=at - timedelta(minutes=10), **made)

    loud = root.get(page).content.decode()

    assert "✕" not in quiet
    assert "▲" not in quiet
    # Of all mails, and of MAIL_URL's.
    assert loud.count("15.0 %") == 2
    assert loud.count("✕ far too many") == 2
    # The oldest has been due for ten minutes.
    assert loud.count("▲ too long") == 1


def test_what_waits_is_cancelled_in_bulk_and_what_is_sent_is_not(root):
    waiting, sent = OutgoingMail.objects.bulk_create(
        OutgoingMail(recipient="p@example.org", template=Template.ACCOUNT, created_at=MONDAY, state=state, due_at=due)
        for state, due in ((MailState.DEFERRED, MONDAY), (MailState.SENT, None))
    )

    page = root.post(
        reverse(MAILS), {"action": "cancel", "_selected_action": [waiting.pk, sent.pk]}, follow=True
    ).content.decode()

    assert "1 mail is not sent." in page
    assert "Only mails that wait" in page
    assert dict(OutgoingMail.objects.filter(pk__in=[waiting.pk, sent.pk]).values_list("pk", "state")) == {
        waiting.pk: MailState.CANCELLED,
        sent.pk: MailState.SENT,
    }
