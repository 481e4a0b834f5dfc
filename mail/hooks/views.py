"""The doors of mail services (PARITY I08): /hooks/mail/<service>/<inbound|tracking>/.

A hook is answered 200 once what it brought is committed, and 5xx when it could not be, so that the service sends it
again; the same once more is a duplicate in the ledger.
"""

import hashlib
import logging
from datetime import timedelta
from typing import Any, cast

from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure
from django.conf import settings
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db import Error as DatabaseFailed
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from core import throttle
from core.machines import comes_in_pieces, is_in_clear, plain
from core.secrets import SecretUnreadable
from mail import bounces, intake
from mail.addresses import own_addresses
from mail.hooks import bodies, messages, raw, services
from mail.hooks.config import INBOUND, SECRET, Hooks
from mail.hooks.raw import Posted
from mail.models import Door

logger = logging.getLogger(__name__)

DONE = "ok"
# Who is refused so often is not even looked at for a while: what is posted may be large, and a secret may be guessed.
MOST_REFUSED, SHUT_FOR = 20, timedelta(minutes=1)
REFUSED, SHUT = "hooks:refused", "hooks:shut"


@csrf_exempt
@never_cache
def hook(request: HttpRequest, service: str, kind: str) -> HttpResponse:
    hooks: Hooks | None = settings.MAIL_HOOKS.get(service)
    if hooks is None or kind not in hooks.kinds:
        return plain(404, "This web hook is not set up.")
    if is_in_clear(request):
        return plain(400, "HTTPS is required.")
    if request.method in {"GET", "HEAD"}:
        # Some services ask so whether somebody is there.
        return plain(200, DONE)
    if request.method != "POST":
        return plain(405, "Web hooks are posted.", {"Allow": "POST, GET, HEAD"})
    if SECRET in hooks.options and "Authorization" not in request.headers:
        return plain(401, "The secret is missing.", {"WWW-Authenticate": 'Basic realm="hooks"'})
    if throttle.full_until(SHUT, throttle.client_ip(request), 1, SHUT_FOR):
        return plain(429, "Too much was refused.", {"Retry-After": str(int(SHUT_FOR.total_seconds()))})
    return _take(request, hooks, kind)


@csrf_exempt
@never_cache
def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    return plain(404, "There is no such web hook.")


def _take(request: HttpRequest, hooks: Hooks, kind: str) -> HttpResponse:
    if comes_in_pieces(request):
        return plain(411, "Content-Length is required.")
    try:
        # Before anything is read: a body may be large, and anybody can post one.
        services.verify_secret(hooks, request)
        body = bodies.take(request)
    except AnymailWebhookValidationFailure as refusal:
        return _refused(request, hooks, refusal)
    except bodies.TooLarge:
        return plain(413, "This is too large.")
    except OSError:
        return plain(400, "The request broke off.")
    _make_ready(request, body)
    url = settings.PUBLIC_URL + request.path
    view = services.verifier(hooks, kind, url=url)
    try:
        services.verify(view, hooks, request)
    except AnymailWebhookValidationFailure as refusal:
        return _refused(request, hooks, refusal)
    except OSError:
        logger.exception("nobody can tell now who signed what %s posted", hooks.name)
        return plain(503, "This could not be checked. Send it again.")
    try:
        _work(request, hooks, kind, view, body)
    except bodies.TooLarge:
        return plain(413, "What this points to is too large.")
    except AnymailConfigurationError as error:
        return plain(400, f"This came to the wrong hook, or in a form that is not taken: {error}")
    except (OSError, DatabaseFailed, SecretUnreadable):
        logger.exception("what %s posted could not be stored", hooks.name)
        return plain(503, "This could not be stored. Send it again.")
    except Exception:
        # Signed, and not as we know it: kept by the service until somebody has looked.
        logger.exception("what %s posted could not be read", hooks.name)
        return plain(500, "This could not be read.")
    return plain(200, DONE)


def _refused(request: HttpRequest, hooks: Hooks, why: Exception) -> HttpResponse:
    logger.warning("a web hook of %s is refused: %s", hooks.name, why)
    _count_refused(throttle.client_ip(request))
    return plain(403, "This is not signed as it should be.")


def _count_refused(ip: str) -> None:
    # Shutting is a throttle of its own, of one slot: that costs whoever is not refused next to nothing to ask.
    if not throttle.claim(REFUSED, ip, MOST_REFUSED, SHUT_FOR):
        throttle.claim(SHUT, ip, 1, SHUT_FOR)


def _make_ready(request: HttpRequest, body: bytes) -> None:
    """Let forms be read to the byte, and files go by the disk: they are parts of mails, not uploads of ours."""
    asked = cast(Any, request)
    asked.upload_handlers = [TemporaryFileUploadHandler(request)]
    asked.hook_form = {}
    if "form" in (request.content_type or ""):
        asked.hook_form = bodies.form_fields(body, request.headers.get("Content-Type", ""))


def _work(request: HttpRequest, hooks: Hooks, kind: str, view: Any, body: bytes) -> None:
    """Store each mail, and note each event. Raises whatever keeps one from being stored."""
    reader = raw.READERS.get(hooks.name) if kind == INBOUND else None
    posted = reader(raw.Request(body, request.headers.get("Content-Type", ""), hooks.options)) if reader else None
    if posted is None:
        posted = []
        for event in view.parse_events(request):
            if event is None:
                continue
            if event.event_type == "inbound":
                posted.append(messages.as_posted(event))
            else:
                bounces.heard(event, at=now())
    for one in posted:
        _store(one, hooks.name)


def _store(mail: Posted, service: str) -> None:
    """Put one mail into the ledger. Its mailbox is the one of its envelope; without, its own headers decide."""
    mailbox = own_addresses().mailbox(mail.recipient) if mail.recipient else None
    place = ""
    if mail.event_id and mailbox is not None:
        # Some services only number them, and begin anew when they are set up again: the bytes tell one from another.
        digest = hashlib.sha256(mail.raw).hexdigest()[:32]
        place = f"{service}/{mail.event_id[:150]}/{digest}"
    intake.store(messages.with_recipient(mail), door=Door.WEBHOOK, at=now(), mailbox=mailbox, place=place)
