"""Web hooks of mail services: what is signed is taken, once and to the byte; nothing else is."""

import threading
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.http import HttpResponse
from django.test import Client

from core import files
from mail import intake
from mail.checks import check_hooks
from mail.hooks import bodies, raw, services, sns, views
from mail.hooks.config import INBOUND, SERVICES, TRACKING, Hooks, HooksInvalid, parse
from mail.models import Door, IncomingMail, IncomingState, Mailbox, MailState, OutgoingMail, Template
from tests import cast
from tests.cast import MONDAY
from tests.mail import hooks
from tests.mail.hooks import EC_KEY, MAIL, OPTIONS, RAW, READ, TO, Post, public_key, sendgrid_signed, svix, tracked
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

INBOUNDS = sorted(name for name, service in SERVICES.items() if INBOUND in service.proofs)
TRACKINGS = sorted(name for name, service in SERVICES.items() if TRACKING in service.proofs)


@pytest.fixture(autouse=True)
def _all_set_up(settings, monkeypatch):
    """Every service is set up, and what they would be asked for is the mail."""
    settings.MAIL_HOOKS = {name: Hooks(name, options) for name, options in OPTIONS.items()}
    settings.PUBLIC_URL = "http://localhost:8000"

    class Answer:
        content = MAIL

        def json(self):
            return {"raw": {"download_url": "https://x.example/raw"}, "raw_message_url": "https://x.example/raw"}

    monkeypatch.setattr(raw, "_fetched", lambda url, headers=None: Answer())
    monkeypatch.setattr(sns, "_fetched", lambda url: hooks.certificate())


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox.objects.create(name="Help", address=TO, protocol="pushed")


def post(service: str, kind: str, said: Post) -> HttpResponse:
    return Client().generic(
        "POST", f"/hooks/mail/{service}/{kind}/", said.body, content_type=said.content_type, headers=dict(said.headers)
    )


def inbound(service: str) -> Post:
    return (RAW.get(service) or READ[service])()


def stored(mail: IncomingMail) -> bytes:
    with files.open_blob(mail.raw) as file:
        return file.read()


# --- Mails that come in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("service", sorted(RAW))
def test_a_mail_that_is_posted_as_it_came_is_stored_to_the_byte(service, mailbox):
    assert post(service, INBOUND, RAW[service]()).status_code == 200

    mail = IncomingMail.objects.get()
    assert (mail.door, mail.state) == (Door.WEBHOOK, IncomingState.STORED)
    head, _line, rest = stored(mail).partition(b"From: Ada")
    assert b"From: Ada" + rest == MAIL
    if service != "mailtrap":
        # Its message does not say by which envelope it came; To does.
        assert head == b"Delivered-To: support@desk.example\r\n" or service == "resend"
        assert mail.mailbox == mailbox or service == "resend"


@pytest.mark.parametrize("service", sorted(READ))
def test_a_mail_that_the_service_read_is_built_anew(service, mailbox):
    assert post(service, INBOUND, READ[service]()).status_code == 200

    mail = intake.take_in_at_once(IncomingMail.objects.get())
    assert (mail.state, mail.sender, mail.subject) == (IncomingState.TICKET, "ada@example.org", "Hook")
    assert mail.message_id == "<hook-1@example.org>"
    assert mail.entry.text == "Grüße."
    assert mail.mailbox == mailbox


@pytest.mark.parametrize("service", INBOUNDS)
def test_the_same_hook_twice_is_one_ticket(service, mailbox):
    for _time in range(2):
        assert post(service, INBOUND, inbound(service)).status_code == 200
        for mail in IncomingMail.objects.filter(state=IncomingState.STORED):
            intake.take_in_at_once(mail)

    assert Ticket.objects.count() == 1
    states = sorted(IncomingMail.objects.values_list("state", flat=True))
    assert states in (["ticket"], ["duplicate", "ticket"])


def test_another_mail_under_a_number_that_was_there_before_is_stored(mailbox):
    """A Postal that is set up anew counts from one again."""
    first, second = MAIL, MAIL.replace(b"hook-1@", b"hook-2@")
    for content in (first, second, second):
        event = {"id": 1, "rcpt_to": TO, "message": b64encode(content).decode(), "base64": True}
        assert post("postal", INBOUND, hooks.postal(event)).status_code == 200

    rows = IncomingMail.objects.order_by("pk")
    assert [stored(one).partition(b"\r\n")[2] for one in rows] == [first, second]


def test_what_a_service_hands_out_fills_no_memory(settings, monkeypatch):
    monkeypatch.undo()
    settings.MAIL_MOST_BYTES = 500_000

    class Endless(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                for _part in range(10_000):
                    self.wfile.write(b"x" * 10_000)

        def log_message(self, *said):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with pytest.raises(bodies.TooLarge):
            raw._fetched(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


@pytest.mark.parametrize("service", INBOUNDS)
def test_what_cannot_be_stored_is_to_be_posted_again(service, mailbox, monkeypatch):
    def full(*args: object, **given: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(intake, "store", full)

    assert post(service, INBOUND, inbound(service)).status_code == 503


@pytest.mark.parametrize(
    ("service", "kind"), [*((name, INBOUND) for name in INBOUNDS), *((name, TRACKING) for name in TRACKINGS)]
)
def test_what_is_forged_is_refused(service, kind, mailbox):
    good = inbound(service) if kind == INBOUND else tracked("<x@y>", "id", "ada@example.org")[service]
    forged = {name: _other(value) for name, value in good.headers.items()}
    unsigned = {name: value for name, value in good.headers.items() if name.lower().startswith("x-amz")}
    body = good.body.replace(b"signature", b"segnature").replace(b'"auth"', b'"uath"')

    for said in (replace(good, headers=forged, body=body), replace(good, headers=unsigned, body=body)):
        assert post(service, kind, said).status_code in {401, 403}, said
    assert post(service, kind, Post(b"\xff\x00 no json", good.headers, good.content_type)).status_code in {
        400,
        403,
        500,
    }
    assert not IncomingMail.objects.exists()


def _other(value: str) -> str:
    return value[:8] + ("A" if value[8:9] != "A" else "B") + value[9:] if len(value) > 9 else value


def test_what_was_signed_long_ago_is_refused_where_each_try_is_signed(mailbox):
    told = {"type": "email.received", "data": {"email_id": "re-1", "to": [TO]}}

    assert post("resend", INBOUND, svix(told, at=1_762_074_000)).status_code == 403
    assert post("resend", INBOUND, svix(told)).status_code == 200


def test_a_signature_that_says_nothing_of_the_mail_is_good_for_a_day(mailbox, monkeypatch):
    later = time.time() + 86_400
    old = hooks.mailgun_form(**{"body-mime": MAIL}), tracked("<x@y>", "id", "ada@example.org")["mailgun"]
    monkeypatch.setattr(services.time, "time", lambda: later)

    assert post("mailgun", INBOUND, old[0]).status_code == 403
    assert post("mailgun", TRACKING, old[1]).status_code == 403
    assert not IncomingMail.objects.exists()


def test_of_who_shows_a_wrong_secret_nothing_is_read(monkeypatch):
    monkeypatch.setattr(bodies, "take", lambda request: pytest.fail("the body was read"))
    good = inbound("postmark")

    assert post("postmark", INBOUND, replace(good, headers={"Authorization": "Basic eDp5"})).status_code == 403


def test_a_mail_in_a_charset_of_its_own_survives(mailbox):
    latin = MAIL.replace(b"utf-8", b"iso-8859-1").replace("Grüße".encode(), "Grüße".encode("latin-1"))

    assert post("mailgun", INBOUND, hooks.mailgun_form(**{"body-mime": latin})).status_code == 200
    assert stored(IncomingMail.objects.get()).endswith("\r\n\r\nGrüße.\r\n".encode("latin-1"))


def test_a_mail_larger_than_a_form_may_be_is_taken(mailbox, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    large = MAIL + b"x" * 5000

    assert post("mailgun", INBOUND, hooks.mailgun_form(**{"body-mime": large})).status_code == 200
    assert stored(IncomingMail.objects.get()).endswith(b"x" * 5000)


def test_a_hook_without_a_length_is_told(mailbox):
    response = Client().generic("POST", "/hooks/mail/mailgun/inbound/", b"", headers={"Transfer-Encoding": "chunked"})

    assert response.status_code == 411


def test_more_than_there_may_be_is_refused(mailbox, settings):
    settings.MAIL_MOST_BYTES = 100

    assert post("mailgun", INBOUND, inbound("mailgun")).status_code == 413


def test_a_header_that_no_parser_likes_keeps_no_mail_away(mailbox):
    headers = {"From": "ada@example.org", "Subject": "a\r\nBcc: x@y.example", "To": TO, "X-Odd": "\ud800"}
    said = hooks.as_json({"Recipient": TO, "Headers": headers, "Text-part": "Words."}, hooks.BASIC)

    assert post("mailjet", INBOUND, said).status_code in {200, 500}
    for mail in IncomingMail.objects.all():
        assert b"\nBcc:" not in stored(mail)


def test_the_wrong_hook_is_told(mailbox):
    assert post("sparkpost", INBOUND, tracked("<x@y>", "id", "a@b.example")["sparkpost"]).status_code in {200, 400}
    assert post("postmark", TRACKING, READ["postmark"]()).status_code == 400
    assert not IncomingMail.objects.exists()


# --- What became of ours -----------------------------------------------------------------------------------


@pytest.fixture
def sent(ada, ada_address) -> OutgoingMail:
    return OutgoingMail.objects.create(
        recipient=ada_address.email,
        address=ada_address,
        user=ada,
        template=Template.TICKET_OPENED,
        state=MailState.SENT,
        created_at=MONDAY,
        sent_at=MONDAY,
        handed_over_at=MONDAY,
        service_id="service-id-1",
    )


@pytest.mark.parametrize("service", TRACKINGS)
def test_a_mail_that_came_back_says_so_and_its_address_is_left_alone(service, sent, ada_address):
    said = tracked(sent.message_id, "service-id-1", sent.recipient)[service]

    assert post(service, TRACKING, said).status_code == 200

    sent.refresh_from_db()
    ada_address.refresh_from_db()
    assert sent.state == MailState.BOUNCED
    assert ada_address.bouncing_at is not None


@pytest.mark.parametrize("service", TRACKINGS)
def test_the_same_bounce_once_more_changes_nothing(service, sent, ada_address):
    said = tracked(sent.message_id, "service-id-1", sent.recipient)[service]
    post(service, TRACKING, said)
    type(ada_address).objects.update(bouncing_at=None)

    assert post(service, TRACKING, said).status_code == 200
    ada_address.refresh_from_db()
    assert ada_address.bouncing_at is None


@pytest.mark.parametrize(
    ("told", "state", "is_marked"),
    [
        ({"RecordType": "Delivery"}, MailState.SENT, False),
        ({"RecordType": "Open"}, MailState.SENT, False),
        ({"RecordType": "Bounce", "Type": "Transient", "Details": "4.2.2 full"}, MailState.SENT, False),
        ({"RecordType": "Bounce", "Type": "SoftBounce", "Details": "smtp;452 4.2.2 full"}, MailState.BOUNCED, False),
        ({"RecordType": "Bounce", "Type": "SoftBounce", "Details": "552 mailbox"}, MailState.BOUNCED, False),
        ({"RecordType": "Bounce", "Type": "Blocked", "Details": "550 5.7.1 spam"}, MailState.BOUNCED, False),
        ({"RecordType": "Bounce", "Type": "BadEmailAddress"}, MailState.BOUNCED, True),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, MailState.SENT, True),
    ],
)
def test_each_kind_of_news_has_its_own_end(sent, ada_address, told, state, is_marked):
    said = hooks.as_json({"MessageID": "service-id-1", "Email": sent.recipient, "Metadata": {}, **told}, hooks.BASIC)

    assert post("postmark", TRACKING, said).status_code == 200

    sent.refresh_from_db()
    ada_address.refresh_from_db()
    assert (sent.state, ada_address.bouncing_at is not None) == (state, is_marked)


def test_a_delivery_ends_the_doubt(sent, ada_address):
    OutgoingMail.objects.update(state=MailState.PERHAPS_SENT, sent_at=None)
    type(ada_address).objects.update(bouncing_at=MONDAY - cast.DAY)
    said = hooks.as_json({"RecordType": "Delivery", "MessageID": "service-id-1", "Metadata": {}}, hooks.BASIC)

    post("postmark", TRACKING, said)

    sent.refresh_from_db()
    ada_address.refresh_from_db()
    assert (sent.state, ada_address.bouncing_at) == (MailState.SENT, None)


@pytest.mark.parametrize(
    ("mail", "to"), [("another-id", "ada@example.org"), ("service-id-1", "eve@example.org"), ("", "")]
)
def test_news_of_other_mails_mean_nothing(sent, mail, to):
    said = tracked("<other@desk.example>", mail, to or "ada@example.org")["postmark"]

    assert post("postmark", TRACKING, said).status_code == 200
    sent.refresh_from_db()
    assert sent.state == MailState.SENT


def test_sendgrid_can_be_verified_by_its_key(sent, settings):
    options = {"tracking_webhook_verification_key": public_key(EC_KEY)}
    settings.MAIL_HOOKS = {"sendgrid": Hooks("sendgrid", options)}
    event = [
        {"event": "bounce", "timestamp": 1, "email": sent.recipient, "anymail_id": "service-id-1", "reason": "5.1.1"}
    ]

    assert post("sendgrid", TRACKING, sendgrid_signed(event)).status_code == 200
    sent.refresh_from_db()
    assert sent.state == MailState.BOUNCED
    assert post("sendgrid", INBOUND, inbound("sendgrid")).status_code == 404
    forged = sendgrid_signed(event)
    assert post("sendgrid", TRACKING, replace(forged, body=forged.body + b" ")).status_code == 403


# --- The door itself -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["nobody", "postmark", "base", "amazon-ses"])
def test_what_is_not_set_up_is_not_there(service, settings):
    settings.MAIL_HOOKS = {}

    for kind in (INBOUND, TRACKING, "other"):
        for method in ("GET", "POST", "DELETE"):
            response = Client().generic(method, f"/hooks/mail/{service}/{kind}/", b"{}")
            assert (response.status_code, response["Content-Type"]) == (404, "text/plain; charset=utf-8")


def test_services_may_ask_whether_somebody_is_there():
    assert Client().head("/hooks/mail/mandrill/inbound/").status_code == 200
    assert Client().get("/hooks/mail/unisender_go/tracking/").status_code == 200
    assert Client().put("/hooks/mail/mandrill/inbound/").status_code == 405


def test_a_hook_costs_a_fixed_number_of_queries(mailbox, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        assert post("postmark", INBOUND, inbound("postmark")).status_code == 200


# --- Its settings ---------------------------------------------------------------------------------------------


def test_settings_name_services_and_options():
    found = parse(
        "postmark?secret=hooks:0123456789abcdef  mailgun?webhook_signing_key=key%261 "
        "amazon-ses?topics=arn:aws:sns:eu-west-1:123456789012:mails,arn:aws-cn:sns:cn-north-1:123456789012:b_1"
    )

    assert sorted(found) == ["amazon_ses", "mailgun", "postmark"]
    assert found["mailgun"].options == {"webhook_signing_key": "key&1"}
    assert found["postmark"].kinds == (INBOUND, TRACKING)
    assert "0123" not in repr(found)
    assert parse("") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("postmark", "postmark would take web hooks of anybody. Set secret."),
        ("mailgun?webhook_signing_key=", "mailgun: an option is empty."),
        ("postmark?secret=short:x", "secret must look like user:password"),
        ("postmark?secret=0123456789abcdefgh", "secret must look like user:password"),
        ("postmark?api_key=x", "postmark has no option “api_key”"),
        ("nobody?secret=a:0123456789abcdef", "There is no service “nobody”"),
        ("postmark?secret", "the options must look like option=value"),
        ("mailtrap?inbound_secret=x", "api_token is missing"),
        ("resend?inbound_secret=x", "api_key is missing"),
        ("amazon_ses?secret=a:0123456789abcdef", "amazon_ses would take web hooks of anybody. Set topics."),
        ("amazon_ses?topics=desk", "topics must look like arn:aws:sns:"),
        ("amazon_ses?topics=arn:aws:sns:eu-west-1:123456789012:a,", "topics must look like arn:aws:sns:"),
        ("brevo?api_key=x", "brevo would take web hooks of anybody"),
        ("mailjet?secret=a:0123456789abcdef mailjet?secret=a:0123456789abcdef", "stands there twice"),
    ],
)
def test_what_would_take_hooks_of_anybody_is_no_setting(text, words):
    with pytest.raises(HooksInvalid) as refusal:
        parse(text)

    assert words in str(refusal.value)
    assert "0123456789" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "url", "told"),
    [
        ("postmark?secret=hooks:0123456789abcdef", "https://desk.example", []),
        ("postmark?secret=hooks:0123456789abcdef", "http://desk.example", ["mail.W002"]),
        ("mailersend?inbound_secret=x", "https://desk.example", ["mail.I001"]),
        ("", "http://desk.example", []),
    ],
)
def test_the_check_names_what_is_missing(settings, text, url, told):
    settings.MAIL_HOOKS, settings.PUBLIC_URL, settings.IS_HTTPS = parse(text), url, url.startswith("https")

    assert [each.id for each in check_hooks(None)] == told


def test_every_service_of_anymail_is_known():
    """So that an update that brings one shows up here. The old name of Brevo is Brevo."""
    from pathlib import Path

    import anymail.webhooks

    found = {file.stem for file in Path(anymail.webhooks.__path__[0]).glob("*.py")}

    assert found - {"__init__", "base", "sendinblue"} == set(SERVICES)
    assert set(RAW) | set(READ) == set(INBOUNDS)
    assert set(OPTIONS) == set(SERVICES)
    assert {
        name for name, hook in OPTIONS.items() if len(Hooks(name, hook).kinds) != len(SERVICES[name].proofs)
    } == set()


# --- Refused too often ---------------------------------------------------------------------------------


def test_who_is_refused_over_and_over_is_not_looked_at_for_a_while_and_others_are(mailbox, monkeypatch):
    monkeypatch.setattr(views, "MOST_REFUSED", 3)
    good = inbound("mailgun")
    forged = replace(good, body=good.body.replace(b"signature", b"signatur"))

    answers = [post("mailgun", INBOUND, forged).status_code for _try in range(4)]
    shut = post("mailgun", INBOUND, good)
    elsewhere = Client(REMOTE_ADDR="192.0.2.7").generic(
        "POST", "/hooks/mail/mailgun/inbound/", good.body, content_type=good.content_type, headers=dict(good.headers)
    )

    assert answers == [403] * 4
    assert (shut.status_code, shut["Retry-After"]) == (429, "60")
    assert elsewhere.status_code == 200
    assert IncomingMail.objects.count() == 1


def test_a_secret_that_is_missing_is_asked_for_as_often_as_it_takes(mailbox, monkeypatch):
    monkeypatch.setattr(views, "MOST_REFUSED", 1)
    said = replace(inbound("postmark"), headers={})

    assert {post("postmark", INBOUND, said).status_code for _try in range(4)} == {401}
    assert post("postmark", INBOUND, inbound("postmark")).status_code == 200
