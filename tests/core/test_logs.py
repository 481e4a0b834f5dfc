"""The log must not open tickets."""

import logging

import pytest
from django.conf import settings
from django.urls import reverse

from core.logs import FormMistakes, LineFormatter
from tickets import links


def line(message: str, *args: object, exc_info=None) -> str:
    return LineFormatter("%(message)s").format(logging.LogRecord("x", 30, "x", 1, message, args, exc_info))


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/t/WzEsMSwwXQ:1x:abc-_/message/", "/t/…/message/"),
        ("https://help.example.com/t/WzEsMSwwXQ:1x:abc", "https://help.example.com/t/…"),
        ("/new/sent/MQ:1x:abc/", "/new/sent/…/"),
        ("/accounts/password/reset/key/1-abc/", "/accounts/password/reset/key/…/"),
        ("/accounts/link/with/WzEsI:1x:a/", "/accounts/link/with/…/"),
        ("/accounts/register/with/gAAAAAB-_/", "/accounts/register/with/…/"),
        ("/accounts/invitation/WzEsI:1x:a/", "/accounts/invitation/…/"),
        ("/accounts/register/sent/", "/accounts/register/sent/"),
        ("/desk/tickets/4711/", "/desk/tickets/4711/"),
    ],
)
def test_what_a_path_grants_is_hidden(path, logged):
    assert line("Not Found: %s", path) == f"Not Found: {logged}"


def test_it_is_hidden_in_stack_traces_too():
    try:
        raise ValueError("/t/WzEsMSwwXQ:1x:abc/")
    except ValueError as error:
        logged = line("failed", exc_info=(ValueError, error, error.__traceback__))

    assert "ValueError: /t/…/" in logged


@pytest.mark.django_db
def test_the_help_desk_logs_with_it(client, ticket, caplog):
    token = links.token_for(ticket.participants.get())

    client.post(reverse("portal:message", args=[token]), {"text": ""})

    assert token in caplog.text  # Django's own words
    assert settings.LOGGING["handlers"]["stderr"]["formatter"] == "line"
    assert settings.LOGGING["formatters"]["line"]["()"] == "core.logs.LineFormatter"
    assert not any(token in LineFormatter("%(message)s").format(record) for record in caplog.records)


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "is_logged"), [(422, False), (404, True)])
def test_a_form_filled_in_wrongly_is_no_event(client, ticket, caplog, status, is_logged):
    token = links.token_for(ticket.participants.get()) if status == 422 else "forged"

    answer = client.post(reverse("portal:message", args=[token]), {"text": ""})

    assert answer.status_code == status
    [record] = [one for one in caplog.records if one.name == "django.request"]
    assert FormMistakes().filter(record) == is_logged
    assert settings.LOGGING["handlers"]["stderr"]["filters"] == ["form_mistakes"]
    assert settings.LOGGING["filters"]["form_mistakes"]["()"] == "core.logs.FormMistakes"
