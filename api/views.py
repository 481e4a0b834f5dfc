"""The four addresses of osTicket's API, and what is answered at all others. Plain text, no session, no redirect."""

import logging
from collections.abc import Callable, Iterator
from functools import wraps

from django.conf import settings
from django.db import Error as DatabaseFailed
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from api import fields, opening, reading, refusals
from api.keys import authorise
from api.models import ApiKey
from api.reading import Fields
from api.refusals import Refused
from api.xml_reading import read_xml
from core import wakeups
from core.machines import is_in_clear, plain
from core.secrets import SecretUnreadable
from mail import intake
from mail.keeping import Held
from mail.models import Door, IncomingMail, Reason

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


def door(view: View) -> View:
    """Let requests in that are posted and safe on their way, and answer in osTicket's words."""

    @csrf_exempt
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **given: object) -> HttpResponse:
        try:
            if is_in_clear(request):
                raise Refused(400, refusals.HTTPS)
            if request.method != "POST":
                raise Refused(400, refusals.NO_SUCH_URL)
            return view(request, *args, **given)
        except Refused as refusal:
            return plain(refusal.status, str(refusal), refusal.headers)

    return guarded


@door
def tickets_json(request: HttpRequest) -> HttpResponse:
    return _open(request, reading.read_json)


@door
def tickets_xml(request: HttpRequest) -> HttpResponse:
    return _open(request, read_xml)


@door
def tickets_email(request: HttpRequest) -> HttpResponse:
    """Take a mail in (PARITY Y03). Stored is done: whatever becomes of it, nobody has to send it again."""
    key = _may_create(request)
    if key.topics.exists():
        # A mail goes wherever its address leads.
        raise Refused(401, refusals.NOT_AUTHORIZED)
    body = reading.chunks(request, most=settings.MAIL_MOST_BYTES)
    first = next(body, b"")
    if not first.strip():
        raise Refused(400, refusals.NO_EMAIL)
    try:
        held = intake.store_held(_joined(first, body), door=Door.API, at=now())
    except (OSError, DatabaseFailed, SecretUnreadable):
        logger.exception("a mail that came by the API could not be stored")
        return plain(500, refusals.UNKNOWN)
    return _told(_taken_in(held))


@door
def cron(request: HttpRequest) -> HttpResponse:
    """Make the relay look at once (PARITY Y04). Nothing waits for it: the workers look by themselves."""
    if not authorise(request, at=now()).can_run_cron:
        raise Refused(401, refusals.NOT_AUTHORIZED)
    wakeups.wake()
    return plain(200, "Completed")


@door
def other_format(request: HttpRequest, form: str) -> HttpResponse:
    raise Refused(415, refusals.NO_SUCH_FORMAT)


@door
def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    raise Refused(400, refusals.NO_SUCH_URL)


def _open(request: HttpRequest, read: Callable[[bytes, str], Fields]) -> HttpResponse:
    """Open the ticket that the body asks for (PARITY Y02)."""
    key = _may_create(request)
    body = b"".join(reading.chunks(request))
    wanted = fields.read(read(body, reading.charset_of(request)))
    once = request.headers.get("Idempotency-Key", "")
    ticket = opening.open_ticket(wanted, key=key, idempotency_key=once, at=now())
    return plain(201, ticket.number)


def _may_create(request: HttpRequest) -> ApiKey:
    key = authorise(request, at=now())
    if not key.can_create_tickets:
        raise Refused(401, refusals.NOT_AUTHORIZED)
    return key


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _taken_in(held: Held) -> IncomingMail:
    try:
        return intake.take_in_held(held)
    except Exception:
        # It is stored; the workers take it in. Who hears of a fault of ours sends it once more.
        logger.exception("mail %s is stored, and waits for the workers", held.mail.pk)
        return held.as_stored()


def _told(mail: IncomingMail) -> HttpResponse:
    """Answer with the number of the ticket, 0 if the mail went into none (yet): clients read a number."""
    if mail.reason == Reason.BANNED:
        return plain(403, refusals.DENIED)
    return plain(201, mail.ticket.number if mail.ticket is not None and mail.entry is not None else "0")
