"""Handing a message to a mail service, through anymail."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import requests
import urllib3
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

from mail.models import Fault, MailState
from mail.transport.answers import LOST, Answer, HandOver, one_line
from mail.url import MailService

# Longer than this nobody waits because a service says so.
LONGEST_WAIT = timedelta(hours=1)


# What a service answers when it takes the request for later (RFC 6585 section 4, RFC 9110 section 15.6.4).
TRY_LATER = {408, 425, 429, 503}


# Our own settings are wrong: worth trying again, since somebody will repair them.
OUR_FAULT = {401, 402, 403, 404, 405}


# Amazon says both with 400 and a code.
NOT_THE_MAIL = re.compile("Throttl|TooManyRequests|LimitExceeded|SendingPaused|AccountSuspended|ExpiredToken")


# What Amazon's library raises before a byte of the message could leave.
UNSENT = frozenset(
    {
        "ConnectTimeoutError",
        "CredentialRetrievalError",
        "EndpointConnectionError",
        "NoCredentialsError",
        "ParamValidationError",
        "PartialCredentialsError",
        "ProxyConnectionError",
        "SSLError",
    }
)


def by_service(service: MailService, message: EmailMultiAlternatives, hand_over: HandOver) -> Answer:
    """Hand the message over to its one recipient. Raises nothing that the service can cause."""
    asked = False

    def ask() -> bool:
        nonlocal asked
        asked = hand_over()
        return asked

    try:
        backend = service_backend(service)
        backend.hand_over = ask
        backend.send_messages([message])
    except _ClaimLost:
        return LOST
    except AnymailRecipientsRefused as error:
        return Answer(MailState.BOUNCED, one_line(str(error)))
    except AnymailAPIError as error:
        return _service_answer(error, asked=asked)
    except ImproperlyConfigured as error:
        return Answer(MailState.DEFERRED, one_line(str(error)), Fault.ACCOUNT, is_certain=True)
    except (AnymailError, ValueError) as error:
        # Refused by anymail itself, before the POST or in reading its answer.
        return Answer(MailState.PERHAPS_SENT if asked else MailState.FAILED, one_line(str(error)))
    except OSError as error:
        return Answer(MailState.PERHAPS_SENT if asked else MailState.DEFERRED, one_line(str(error)))
    return _taken(message)


def service_backend(service: MailService) -> Any:
    """Return anymail's backend for the service. Raises AnymailError or ImproperlyConfigured if options are missing."""
    backend = _backend_class(service.backend)(fail_silently=False, **service.options)
    if isinstance(getattr(backend, "timeout", None), int | float):
        backend.timeout = settings.SOCKET_TIMEOUT
    if config := getattr(backend, "client_params", {}).get("config"):
        # Amazon's library would wait a minute, and send again by itself what may have been taken.
        time = settings.SOCKET_TIMEOUT
        once = type(config)(connect_timeout=time, read_timeout=time, retries={"total_max_attempts": 1})
        backend.client_params["config"] = config.merge(once)
    return backend


class _ClaimLost(Exception):
    pass


@lru_cache(maxsize=4)
def _backend_class(module: str) -> type[Any]:
    """Return the service's backend, which asks `hand_over` right before its POST."""
    backend: type[Any] = import_string(f"{module}.EmailBackend")

    class AskingBackend(backend):  # type: ignore[misc]
        hand_over: HandOver

        def post_to_esp(self, payload: Any, message: Any) -> Any:
            if not self.hand_over():
                raise _ClaimLost
            return super().post_to_esp(payload, message)

    return AskingBackend


def _taken(message: EmailMultiAlternatives) -> Answer:
    """Return what the service says of its one recipient."""
    [status] = message.anymail_status.status or {None}  # type: ignore[attr-defined]
    if status in {"sent", "queued"}:
        given = message.anymail_status.message_id  # type: ignore[attr-defined]
        return Answer(MailState.SENT, service_id=given[:200] if isinstance(given, str) else "")
    text = f"The service says: {status or 'nothing'}."
    return Answer(MailState.FAILED if status == "failed" else MailState.PERHAPS_SENT, text)


def _service_answer(error: AnymailAPIError, *, asked: bool) -> Answer:
    (status, code), said = _http_answer(error), one_line(str(error))
    if status is None:
        if asked and not _never_connected(error.__cause__):
            return Answer(MailState.PERHAPS_SENT, said)
        return Answer(MailState.DEFERRED, said, Fault.ACCOUNT)
    if status in TRY_LATER or status in OUR_FAULT or NOT_THE_MAIL.search(code):
        # Who asks again at once is only made to wait longer.
        wait = _asked_to_wait(error)
        return Answer(MailState.DEFERRED, said, Fault.ACCOUNT, is_certain=True, wait=wait)
    if status == 413:
        return Answer(MailState.FAILED, said, Fault.SIZE)
    if 400 <= status < 500:
        return Answer(MailState.FAILED, said)
    # A 2xx that cannot be read was taken; a 5xx may have been.
    return Answer(MailState.PERHAPS_SENT, said)


def _asked_to_wait(error: AnymailAPIError) -> timedelta | None:
    """Return how long the service wants to be left alone (RFC 9110 section 10.2.3), within reason."""
    headers = getattr(error.response, "headers", None) or {}
    said = str(headers.get("Retry-After", "")).strip()[:40]
    if said.isascii() and said.isdigit():
        wait = timedelta(seconds=min(int(said), LONGEST_WAIT.total_seconds()))
    else:
        try:
            wait = parsedate_to_datetime(said).replace(tzinfo=UTC) - datetime.now(UTC)
        except ValueError:
            return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _http_answer(error: AnymailAPIError) -> tuple[int | None, str]:
    """Return the status and the code that the service answered with; None where no answer came."""
    if error.status_code is not None:
        return error.status_code, ""
    # Amazon's library gives what it read of an answer, as anymail does not.
    answer = error.response if isinstance(error.response, Mapping) else {}
    return answer.get("ResponseMetadata", {}).get("HTTPStatusCode"), str(answer.get("Error", {}).get("Code", ""))


def _never_connected(cause: BaseException | None) -> bool:
    """Say whether the request failed before a byte of it could leave."""
    if any(one.__module__ == "botocore.exceptions" and one.__name__ in UNSENT for one in type(cause).__mro__):
        return True
    if isinstance(cause, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.InvalidURL):
        return True
    if not isinstance(cause, requests.ConnectionError):
        return False
    inner = cause.args[0] if cause.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)
