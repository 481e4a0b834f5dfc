"""What an agent's mail did, in sentences: read from the events that it caused, and from its remarks."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import Team, User
from core import moments
from mail.models import IncomingMail, OutgoingMail, Remark
from mail.remarks import sentence
from mail.words import one_line
from sla.models import Priority
from tickets.models import Kind, TicketEvent

TROUBLE = frozenset({Remark.COMMAND_UNKNOWN, Remark.COMMAND_REFUSED})


def done(mail: OutgoingMail, story: Sequence[TicketEvent]) -> list[str]:
    """Return what was done, one sentence for each step of the deed."""
    cause = mail.event.cause if mail.event else ""
    return [told for event in story if event.cause == cause and (told := _told(event))]


def trouble(mail: OutgoingMail) -> list[str]:
    """Return why the mail's commands were not obeyed."""
    cause = mail.event.cause if mail.event else ""
    kind, _colon, pk = cause.partition(":")
    if kind != "mail" or not pk.isdecimal():
        return []
    remarks = IncomingMail.objects.filter(pk=int(pk)).values_list("remarks", flat=True).first() or []
    return [one_line(sentence(code, params), 500) for code, params in remarks if code in TROUBLE]


def _told(event: TicketEvent) -> str:
    match event.kind:
        case Kind.REPLIED:
            return _("Your words went to the requester.")
        case Kind.NOTE_ADDED:
            return _("Your words are an internal note.")
        case Kind.ASSIGNED:
            return _("The ticket is assigned to %(name)s.") % {"name": _holder(event.data["to"])}
        case Kind.CLAIMED:
            return _("The ticket is yours.")
        case Kind.PRIORITY_CHANGED:
            priority = Priority.objects.filter(pk=event.data["to"]).first()
            return _("Its priority is %(name)s.") % {"name": priority or ""}
        case Kind.DUE_DATE_SET:
            due = datetime.fromisoformat(event.data["to"])
            return _("It is due %(moment)s.") % {"moment": moments.told(due, "full")}
        case Kind.SNOOZED:
            until = datetime.fromisoformat(event.data["until"])
            return _("It is snoozed until %(moment)s.") % {"moment": moments.told(until, "full")}
        case Kind.WAIT_BEGUN:
            return _("It awaits a third party.")
        case Kind.RESOLVED:
            return _("It is resolved.")
        case Kind.CLOSED:
            return _("It is closed.")
    return ""


def _holder(ref: str) -> str:
    kind, _colon, pk = ref.partition(":")
    row = (Team.objects if kind == "team" else User.objects).filter(pk=int(pk)).first()
    return one_line(str(row or ""), 80)
