"""From what a request asks for to the ticket: whose it is, what it is about, and the one action that opens it."""

import hashlib
from datetime import datetime

from django.db import transaction

from accounts.models import Address, User
from accounts.people import address_of, normalise
from accounts.principal import Principal
from api import refusals
from api.fields import Wanted, invalid
from api.models import ApiKey
from api.refusals import Refused
from core import files
from core.models import NewFile
from core.uploads import HEAD, type_of
from mail.addresses import is_banned, own_addresses
from sla.models import Priority
from tickets import actions
from tickets.errors import DeedRefused, DueDateRefused, NothingWritten, TooManyOpen
from tickets.models import EntryKind, HelpTopic, Ticket


def open_ticket(wanted: Wanted, *, key: ApiKey, idempotency_key: str = "", at: datetime) -> Ticket:
    """Open the ticket; sent twice with the same idempotency key it is one. Raises Refused."""
    if wanted.due_at is not None and not key.can_set_due_dates:
        raise invalid("duedate: This API key may not set due dates")
    email = normalise(wanted.email)
    if is_banned(email):
        raise Refused(403, refusals.DENIED)
    if email in own_addresses():
        raise invalid("email: This is an address of the help desk itself")
    topic = _topic(wanted, key)
    known = Address.objects.select_related("user").filter(email=email).first()
    if known is None and not wanted.name:
        raise invalid("name: Full Name is a required field")
    if known is not None and not known.user.is_active:
        raise Refused(403, refusals.DENIED)
    stored = [_store(one.name, one.content) for one in wanted.files]
    by, sent_as = Principal.api(key.pk), _sent_as(key, idempotency_key)
    address = known or address_of(email, name=wanted.name)
    try:
        with transaction.atomic():
            ticket = actions.open_received(
                address=address,
                topic=topic,
                subject=wanted.subject,
                text=_with_phone(wanted, address, is_new=known is None),
                html=wanted.html if not wanted.phone else "",
                source=wanted.source,
                by=by,
                at=at,
                files=stored,
                priority=_priority(wanted.priority),
                acknowledges=wanted.acknowledges,
                alerts=wanted.alerts,
                due_at=wanted.due_at,
                request_key=sent_as,
            )
            if wanted.notes and not ticket.entries.filter(kind=EntryKind.NOTE).exists():
                actions.add_note(ticket=ticket, text=wanted.notes, by=Principal.system(by.cause), at=at)
    except TooManyOpen:
        raise invalid("err: You've reached the maximum open tickets allowed.") from None
    except NothingWritten:
        raise invalid("message: Message is a required field") from None
    except DueDateRefused as refusal:
        raise invalid(f"duedate: {refusal}") from None
    except DeedRefused as refusal:
        raise invalid(str(refusal)) from None
    return ticket


def _topic(wanted: Wanted, key: ApiKey) -> HelpTopic | None:
    """Return the topic by its number; one that is not there any more is none, as with osTicket."""
    topics = HelpTopic.objects.enabled()
    topic = topics.filter(pk=wanted.topic).first() if wanted.topic else None
    allowed = set(key.topics.values_list("pk", flat=True))
    if not allowed:
        return topic
    topic = topic or topics.filter(is_default=True).first()
    if topic is None or topic.pk not in allowed:
        raise invalid("topicId: This API key may not open tickets about this help topic")
    return topic


def _priority(said: str) -> Priority | None:
    """Return the priority by its name, or by its number: 1 is the least urgent, as among those that osTicket brings.

    A number that none has is none.
    """
    if not said or said == "0":
        return None
    known = list(Priority.objects.filter(archived_at=None).order_by("-level"))
    if said.isascii() and said.isdecimal():
        place = int(said) - 1
        return known[place] if place < len(known) else None
    found = next((each for each in known if each.name.casefold() == said.casefold()), None)
    if found is None:
        raise invalid("priorityId: A number is expected")
    return found


def _with_phone(wanted: Wanted, address: Address, *, is_new: bool) -> str:
    """Return the words. The phone number of somebody new is kept with them; of somebody known nobody proved it."""
    if not wanted.phone or wanted.phone == address.user.phone:
        return wanted.text
    if is_new:
        User.objects.filter(pk=address.user_id, phone="").update(phone=wanted.phone)
        return wanted.text
    return f"{wanted.text}\n\nPhone: {wanted.phone}"


def _store(name: str, content: bytes) -> NewFile:
    return NewFile(files.store([content]), name, type_of(name, content[:HEAD]))


def _sent_as(key: ApiKey, idempotency_key: str) -> str:
    """Return what the first entry carries, so that there is no second one. Other keys' requests are others."""
    if not idempotency_key:
        return ""
    return "api:" + hashlib.sha256(f"{key.pk}:{idempotency_key}".encode("utf-8", "replace")).hexdigest()[:32]
