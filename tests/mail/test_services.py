"""Mail services through anymail: a real HTTP server in the service's place says how it went."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from django.utils.timezone import now

from mail.models import MailState, OutgoingMail, Template
from mail.outbound import send

TAKEN = (200, {"ErrorCode": 0, "Message": "OK", "MessageID": "abc", "SubmittedAt": "x", "To": "ada@example.org"})
HANG_UP = None
# As Postmark words it; anymail reads the addresses out of it.
INACTIVE = (
    "You tried to send to recipients that have been marked as inactive. Found inactive addresses: "
    "ada@example.org. Inactive recipients are ones that have generated a hard bounce."
)


class Service:
    """Postmark's place. `answer` is (status, JSON), or HANG_UP after the request is read."""

    def __init__(self):
        self.answer = TAKEN
        self.posts = []
        self.row_at_post = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.posts.append((self.headers["X-Postmark-Server-Token"], json.loads(body)))
                if service.answer is HANG_UP:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, answer = service.answer
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        port = self.server.server_address[1]
        return f"anymail+postmark://?server_token=token-1&api_url=http://127.0.0.1:{port}/"


@pytest.fixture
def service(settings):
    service = Service()
    settings.MAIL_URL = service.url
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture
def mail(ticket):
    mail = OutgoingMail.objects.get(template=Template.TICKET_OPENED)
    OutgoingMail.objects.filter(pk=mail.pk).update(claim=uuid4(), due_at=now())
    mail.refresh_from_db()
    return mail


def test_a_service_gets_the_whole_message(service, mail):
    assert send(mail.pk, mail.claim) == MailState.SENT

    [(token, post)] = service.posts
    headers = {header["Name"]: header["Value"] for header in post["Headers"]}
    assert token == "token-1"
    assert post["To"] == "ada@example.org"
    assert mail.ticket.number in post["TextBody"]
    assert mail.ticket.number in post["HtmlBody"]
    assert headers["Message-ID"] == mail.message_id
    assert headers["Auto-Submitted"] == "auto-replied"
    mail.refresh_from_db()
    assert mail.handed_over_at <= mail.sent_at
    assert mail.service_id == "abc"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((422, {"ErrorCode": 406, "Message": INACTIVE}), MailState.BOUNCED),
        ((200, {"ErrorCode": 0, "Message": "OK", "MessageID": "abc"}), MailState.PERHAPS_SENT),
        ((422, {"ErrorCode": 300, "Message": "Invalid email request"}), MailState.FAILED),
        ((401, {"ErrorCode": 10, "Message": "Bad token"}), MailState.DEFERRED),
        ((429, {"ErrorCode": 429, "Message": "Slow down"}), MailState.DEFERRED),
        ((503, {"ErrorCode": 100, "Message": "Maintenance"}), MailState.DEFERRED),
        ((500, {"ErrorCode": 0, "Message": "Oops"}), MailState.PERHAPS_SENT),
        ((200, b"<html>what?"), MailState.PERHAPS_SENT),
        (HANG_UP, MailState.PERHAPS_SENT),
    ],
)  # fmt: skip
def test_what_a_service_s_answer_makes_of_the_mail(service, mail, answer, state):
    service.answer = answer

    assert send(mail.pk, mail.claim) == state

    mail.refresh_from_db()
    assert (mail.handed_over_at is not None) == (state == MailState.PERHAPS_SENT)
    assert mail.last_error


def test_a_service_that_cannot_be_reached_is_tried_again(mail, settings):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    settings.MAIL_URL = f"anymail+postmark://?server_token=x&api_url=http://127.0.0.1:{port}/"

    assert send(mail.pk, mail.claim) == MailState.DEFERRED

    mail.refresh_from_db()
    assert mail.handed_over_at is None


def test_a_service_that_does_not_answer_leaves_it_open(mail, settings):
    settings.SOCKET_TIMEOUT = 0.2
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings.MAIL_URL = f"anymail+postmark://?server_token=x&api_url=http://127.0.0.1:{port}/"

        assert send(mail.pk, mail.claim) == MailState.PERHAPS_SENT


def test_options_that_are_missing_are_tried_again_once_they_are_there(mail, settings, service):
    settings.MAIL_URL = "anymail+postmark://"
    assert send(mail.pk, mail.claim) == MailState.DEFERRED

    settings.MAIL_URL = service.url
    OutgoingMail.objects.filter(pk=mail.pk).update(claim=mail.claim)
    assert send(mail.pk, mail.claim) == MailState.SENT
