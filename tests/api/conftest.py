"""Programs that call the API, and the key that they show."""

import json
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from api import keys
from api.models import ApiKey

KEY = "BA00B76BAA30F62E1940B46CC1C3C73C"


@pytest.fixture(autouse=True)
def mail_server(settings: object) -> None:
    """A mail server is set; nobody listens there, since only workers would call."""
    settings.MAIL_URL = "smtp://127.0.0.1:9"


@pytest.fixture
def api_key(db: None) -> ApiKey:
    """A key that opens tickets, from anywhere."""
    row = ApiKey(name="Monitoring")
    keys.set_key(row, KEY)
    row.save()
    return row


@pytest.fixture
def send(api_key: ApiKey) -> Callable[..., HttpResponse]:
    """`send("tickets.json", {…})`: what the API answers to the body, with our key unless the test shows another."""

    def send(place: str, body: object, *, key: str | None = KEY, **headers: str) -> HttpResponse:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = said.pop("Content-Type", "application/x-www-form-urlencoded")
        if key is not None:
            said["X-API-Key"] = key
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        return Client().generic("POST", f"/api/{place}", data, content_type=kind, headers=said)

    return send


def wanted(**changed: object) -> dict[str, object]:
    """Return the fields of a ticket as osTicket's example has them; None leaves one out."""
    fields: dict[str, object] = {
        "name": "Angry User",
        "email": "api@osticket.example",
        "subject": "Testing API",
        "message": "MESSAGE HERE",
    }
    return {name: value for name, value in (fields | changed).items() if value is not None}
