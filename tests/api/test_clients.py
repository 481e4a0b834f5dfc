"""Clients as they are written for osTicket, over a real connection: they change the address and the key alone."""

import base64
import json
import urllib.request

import pytest
import requests

from api.models import ApiKey
from mail.models import IncomingMail
from tests.api.conftest import KEY, wanted
from tests.api.test_email import MAIL
from tests.api.test_xml import EXAMPLE
from tickets.models import Attachment, Source, Ticket

pytestmark = pytest.mark.django_db(transaction=True)

# setup/scripts/automail.php and .pl make these of a status, for the mail server that called them.
EXIT_CODES = {201: 0, 400: 66, 401: 77, 403: 77, 415: 65, 416: 65, 417: 65, 501: 65, 503: 69}


def test_curl_as_in_the_documentation(live_server, api_key):
    """curl -d sends a form's type, whatever the body is."""
    headers = {"X-API-Key": KEY, "Content-Type": "application/x-www-form-urlencoded", "User-Agent": "curl/8.5.0"}

    response = requests.post(f"{live_server.url}/api/tickets.json", data="{}", headers=headers, timeout=30)

    assert response.status_code == 400
    assert response.text.startswith("Unable to create new ticket")
    assert response.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("place", ["/api/tickets.json", "/api/http.php/tickets.json"])
def test_php_with_curl_and_json_encode(live_server, api_key, place):
    """As api_ticket_create.php: json_encode escapes slashes and letters, and makes null of what is not set."""
    fields = wanted(subject="Grüße / Test") | {
        "ip": None,
        "topicId": "1",
        "attachments": [{"filename.pdf": "data:image/png;base64," + base64.b64encode(b"%PDF-1.4 x").decode()}],
    }
    body = json.dumps(fields).replace("/", "\\/")
    headers = {
        "X-API-Key": KEY,
        "User-Agent": "osTicket API Client v1.7",
        "Content-Type": "application/x-www-form-urlencoded",
    }

    response = requests.post(live_server.url + place, data=body, headers=headers, allow_redirects=False, timeout=30)

    assert response.status_code == 201
    ticket = Ticket.objects.get(number=response.text)
    assert (int(response.text) > 0, ticket.subject) == (True, "Grüße / Test")
    assert Attachment.objects.get().content_type == "application/pdf"


def test_python_with_requests(live_server, api_key):
    response = requests.post(
        f"{live_server.url}/api/tickets.json",
        json=wanted(alert=True, autorespond=True, source="API", message="data:text/html,MESSAGE <b>HERE</b>"),
        headers={"X-API-Key": KEY},
        timeout=30,
    )

    assert (response.status_code, response.text) == (201, Ticket.objects.get().number)
    assert not response.cookies


def test_python_with_urllib_and_xml(live_server, api_key):
    request = urllib.request.Request(
        f"{live_server.url}/api/tickets.xml", EXAMPLE.encode(), {"X-API-Key": KEY, "Content-Type": "text/xml"}
    )

    with urllib.request.urlopen(request, timeout=30) as response:
        assert (response.status, response.read().decode()) == (201, Ticket.objects.get().number)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
def test_automail_in_php_and_perl(live_server, api_key, kind):
    headers = {"X-API-Key": KEY, "User-Agent": "osTicket API Client v1.14", "Content-Type": kind}

    def exit_code(mail: str, key: str = KEY) -> int:
        answer = requests.post(
            f"{live_server.url}/api/tickets.email", data=mail, headers=headers | {"X-API-Key": key}, timeout=30
        )
        return EXIT_CODES.get(answer.status_code, 75)

    assert exit_code(MAIL) == 0
    assert exit_code(MAIL) == 0
    assert exit_code("Auto-Submitted: auto-replied\n" + MAIL.replace("one@", "two@")) == 0
    assert exit_code("") == 66
    assert exit_code(MAIL, "wrong") == 77
    assert Ticket.objects.get().source == Source.MAIL
    assert IncomingMail.objects.count() == 3


def test_rcron(live_server, api_key):
    ApiKey.objects.update(can_run_cron=True)
    headers = {"X-API-Key": KEY, "Content-Type": "application/x-www-form-urlencoded"}

    response = requests.post(f"{live_server.url}/api/tasks/cron", data="", headers=headers, timeout=30)

    assert (response.status_code, response.text) == (200, "Completed")


def test_a_body_without_a_length_is_told(live_server, api_key):
    """It would be read as empty: a mail server would give a mail back for that."""
    body = json.dumps(wanted()).encode()

    response = requests.post(
        f"{live_server.url}/api/tickets.json",
        data=(body[at : at + 10] for at in range(0, len(body), 10)),
        headers={"X-API-Key": KEY},
        timeout=30,
    )

    assert (response.status_code, response.text) == (411, "Content-Length is required")
    assert not Ticket.objects.exists()
