"""From a row of the outbox to what the mail says. Rendered at sending, with a fresh link.

What a template is given is decided here: an address that is not confirmed gets the ticket's number, a link and
agents' words (PARITY section 4, rule 9), so no template can tell it more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import css_inline
from django.conf import settings
from django.db.models import Prefetch
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.letters import in_the_words_of
from accounts.models import Preferences, User
from accounts.principal import Face, Principal
from core.absolute import absolute_url
from core.models import SiteSettings
from mail.models import OutgoingMail, Template
from mail.words import one_line, paragraphs, quoted
from sla.models import Target
from tickets import links, policy
from tickets.models import FAR_FUTURE, Attachment, CloseReason, EntryKind, Kind, Participant, Ticket, TicketEvent
from tickets.models.people import Part

LONGEST_WORDS = 20_000
LONGEST_QUOTE = 1_000
LONGEST_SIGNATURE = 1_000

ALERTS = {
    Template.ALERT_NEW,
    Template.ALERT_MESSAGE,
    Template.ALERT_TRANSFER,
    Template.ALERT_ASSIGNED,
    Template.ALERT_CLOCK,
}

_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


class NoLongerWanted(Exception):
    """Whoever should get this may not read the ticket any more, or is gone; `str()` says so in one sentence."""


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the mail: what they may be told, and where the button leads."""

    user: User
    is_agent: bool
    is_confirmed: bool
    link: str
    part: str = ""


def rendered_for(mail: OutgoingMail) -> tuple[Rendered, Reader]:
    """Return what a ticket's mail says, and who reads it. Raises NoLongerWanted."""
    reader = _reader(mail)
    return _render(mail, reader), reader


def preview(mail: OutgoingMail) -> Rendered | None:
    """Return what a ticket's mail says, with its link made useless; None for mails that nobody is shown.

    Raises NoLongerWanted.
    """
    if mail.template == Template.ACCOUNT or mail.body is not None:
        return None
    return _render(mail, _reader(mail, link=f"{settings.PUBLIC_URL}/#"))


# --- Who reads ------------------------------------------------------------------------------------


def _reader(mail: OutgoingMail, *, link: str = "") -> Reader:
    ticket, address = mail.ticket, mail.address
    assert ticket is not None
    assert address is not None
    if mail.template in ALERTS:
        user = address.user
        if not Ticket.objects.visible_to(Principal.agent(user)).filter(pk=ticket.pk).exists():
            raise NoLongerWanted(_("%(name)s may not see this ticket any more.") % {"name": user})
        return Reader(user, True, address.is_verified, link or absolute_url("desk:ticket", ticket.number))
    participant = (
        Participant.objects.select_related("address", "user", "ticket")
        .filter(ticket__in=Ticket.objects.live(), ticket=ticket, address=address, user__is_active=True)
        .first()
    )
    if participant is None:
        raise NoLongerWanted(_("%(email)s takes no part in this ticket any more.") % {"email": mail.recipient})
    return Reader(participant.user, False, address.is_verified, link or links.link_for(participant), participant.role)


# --- What it says ---------------------------------------------------------------------------------


def _render(mail: OutgoingMail, reader: Reader) -> Rendered:
    with in_the_words_of(reader.user):
        context = _context(mail, reader)
        name = f"mail/{mail.template}"
        subject = one_line(render_to_string(f"{name}.subject.txt", context), 250)
        text = _tidy(render_to_string(f"{name}.txt", context))
        html = _inliner.inline(render_to_string(f"{name}.html", context))
    return Rendered(subject, text, html)


def _context(mail: OutgoingMail, reader: Reader) -> dict[str, Any]:
    """Return all that the templates of this mail are told. Ticket and people themselves are not among it."""
    ticket = mail.ticket
    assert ticket is not None
    story = list(TicketEvent.objects.filter(deed=mail.deed, ticket=ticket).select_related("by").order_by("number"))
    happened = {event.kind: event for event in story}
    context: dict[str, Any] = {
        "site_name": one_line(SiteSettings.load().name),
        "home": f"{settings.PUBLIC_URL}/",
        "number": ticket.number,
        "subject": one_line(ticket.subject) if reader.is_confirmed else "",
        "link": reader.link,
        "is_confirmed": reader.is_confirmed,
        "is_agent": reader.is_agent,
        "is_requester": reader.part == Part.REQUESTER,
        "heading": _heading(mail, reader, happened),
        "words": _words(ticket, story, reader),
        "why": _why(mail, reader, ticket),
        "department": one_line(_department(ticket, reader)),
    }
    if reader.is_agent:
        context["facts"] = _facts(ticket, reader)
    if mail.template == Template.TICKET_OPENED and ticket.topic is not None:
        # Agents' words: for unconfirmed addresses too.
        context["thank_you"] = paragraphs(ticket.topic.thank_you, LONGEST_WORDS)
    return context | _times(mail, ticket, happened) | _signature(mail, ticket) | _quote(mail, ticket, reader)


def _department(ticket: Ticket, reader: Reader) -> str:
    """Requesters never read the name of a department that is not public, nor what it is part of."""
    if reader.is_agent:
        return ticket.department.path
    return ticket.department.public_name or SiteSettings.load().name


def _heading(mail: OutgoingMail, reader: Reader, happened: dict[str, TicketEvent]) -> str:
    """Return who did what, in one line."""

    def who(kind: Kind) -> str:
        return _actor(happened.get(kind), reader)

    match mail.template:
        case Template.TICKET_OPENED:
            return _("We have your request")
        case Template.TICKET_OPENED_FOR:
            return _("%(name)s opened a ticket for you") % {"name": who(Kind.OPENED)}
        case Template.TICKET_REPLY if Kind.RESOLVED in happened:
            return _("%(name)s answered and marked it as resolved") % {"name": who(Kind.REPLIED)}
        case Template.TICKET_REPLY:
            return _("%(name)s answered") % {"name": who(Kind.REPLIED)}
        case Template.TICKET_MESSAGE if reader.is_confirmed:
            return _("%(name)s wrote") % {"name": who(Kind.MESSAGE_ADDED)}
        case Template.TICKET_MESSAGE:
            return _("There is a new message")
        case Template.TICKET_COLLABORATOR if happened[Kind.COLLABORATOR_ADDED].by is None:
            return _("You take part in this ticket now")
        case Template.TICKET_COLLABORATOR:
            return _("%(name)s lets you take part in a ticket") % {"name": who(Kind.COLLABORATOR_ADDED)}
        case Template.TICKET_RESOLVED if reader.part == Part.COLLABORATOR:
            return _("%(name)s marked the ticket as resolved") % {"name": who(Kind.RESOLVED)}
        case Template.TICKET_CLOSED if reader.part == Part.COLLABORATOR:
            return _("The ticket is closed")
        case Template.TICKET_LINK if reader.part == Part.COLLABORATOR:
            return _("Here is the link to the ticket")
        case Template.TICKET_RESOLVED:
            return _("%(name)s marked your ticket as resolved") % {"name": who(Kind.RESOLVED)}
        case Template.TICKET_CLOSED:
            return _("Your ticket is closed")
        case Template.TICKET_LINK:
            return _("Here is the link to your ticket")
        case Template.ALERT_NEW if happened[Kind.OPENED].face == Face.DESK and reader.is_confirmed:
            asking = one_line(mail.ticket.requester.display_name, 80) if mail.ticket else ""
            names = {"name": who(Kind.OPENED), "requester": asking}
            return _("%(name)s opened a ticket for %(requester)s") % names
        case Template.ALERT_NEW:
            return _("New ticket from %(name)s") % {"name": who(Kind.OPENED)}
        case Template.ALERT_MESSAGE if Kind.REOPENED in happened:
            return _("%(name)s reopened the ticket") % {"name": who(Kind.REOPENED)}
        case Template.ALERT_MESSAGE:
            return _("%(name)s wrote") % {"name": who(Kind.MESSAGE_ADDED)}
        case Template.ALERT_TRANSFER if "assignee" in happened[Kind.TRANSFERRED].data:
            return _("%(name)s transferred a ticket to you") % {"name": who(Kind.TRANSFERRED)}
        case Template.ALERT_TRANSFER:
            return _("%(name)s transferred a ticket to your department") % {"name": who(Kind.TRANSFERRED)}
        case Template.ALERT_ASSIGNED if str(happened[Kind.ASSIGNED].data["to"]).startswith("team:"):
            return _("%(name)s assigned a ticket to your team") % {"name": who(Kind.ASSIGNED)}
        case Template.ALERT_ASSIGNED:
            return _("%(name)s assigned a ticket to you") % {"name": who(Kind.ASSIGNED)}
        case Template.ALERT_CLOCK:
            return _clock_heading(happened)
    raise AssertionError(f"no heading for {mail.template}")


def _clock_heading(happened: dict[str, TicketEvent]) -> str:
    if event := happened.get(Kind.CLOCK_BREACHED):
        return _("%(target)s is overdue") % {"target": Target(event.data["target"]).label}
    return _("%(target)s is due soon") % {"target": Target(happened[Kind.CLOCK_WARNED].data["target"]).label}


def _actor(event: TicketEvent | None, reader: Reader) -> str:
    """Return the name of who acted. A requester's name was typed by them, so not everybody is told."""
    if event is None or event.by is None:
        return one_line(SiteSettings.load().name)
    if event.by.is_agent or reader.is_confirmed:
        return one_line(event.by.display_name, 80)
    return _("The requester")


def _words(ticket: Ticket, story: Sequence[TicketEvent], reader: Reader) -> list[dict[str, Any]]:
    """Return what was written in this deed, as far as the reader may read it."""
    told = [event for event in story if "entry" in event.data]
    if not reader.is_confirmed:
        # An agent's words only: the requester's are of whoever claimed this address.
        told = [event for event in told if event.face == Face.DESK]
    entries, attached = ticket.entries.public(), Attachment.objects.public()
    if reader.is_agent:
        entries, attached = ticket.entries.all(), Attachment.objects.all()
    numbers = [event.data["entry"] for event in told]
    files = Prefetch("attachments", attached.order_by("position"))
    found = entries.filter(number__in=numbers).select_related("author").prefetch_related(files).order_by("number")
    return [
        {
            "author": one_line(entry.author.display_name, 80) if entry.author else "",
            "is_note": entry.kind == EntryKind.NOTE,
            "is_reply": entry.kind == EntryKind.REPLY,
            "is_own": entry.author_id == reader.user.pk,
            "text": (text := paragraphs(entry.text, LONGEST_WORDS)),
            "quoted": quoted(text),
            "is_cut": len(entry.text) > LONGEST_WORDS,
            "files": [one_line(file.name, 100) for file in entry.attachments.all()],
        }
        for entry in found
    ]


def _facts(ticket: Ticket, reader: Reader) -> list[tuple[str, str]]:
    """Return what an agent wants to know before opening the ticket: label and value."""
    facts = [
        (_("Department"), one_line(ticket.department.path)),
        (_("Priority"), one_line(ticket.priority.name)),
        (_("Assigned to"), one_line(str(ticket.held_by)) if ticket.held_by else _("Nobody")),
    ]
    if ticket.topic is not None:
        facts.insert(0, (_("Help topic"), one_line(ticket.topic.path)))
    if reader.is_confirmed:
        facts.insert(0, (_("Requester"), one_line(ticket.requester.display_name, 80)))
    return facts


def _times(mail: OutgoingMail, ticket: Ticket, happened: dict[str, TicketEvent]) -> dict[str, Any]:
    times: dict[str, Any] = {"deadline": ticket.next_due_at if ticket.next_due_at < FAR_FUTURE else None}
    if opened := happened.get(Kind.OPENED):
        promised = [clock["deadline"] for clock in opened.data["clocks"] if clock["target"] == Target.FIRST_RESPONSE]
        times["answer_by"] = datetime.fromisoformat(promised[0]) if promised else None
    if resolved := happened.get(Kind.RESOLVED):
        times["closes_at"] = datetime.fromisoformat(resolved.data["closes_at"])
    if replied := happened.get(Kind.REPLIED):
        times["keeps"] = replied.data["keeps"]
    if mail.template == Template.TICKET_CLOSED:
        times["reopens_until"] = policy.reopens_until(ticket)
        times["by_silence"] = ticket.close_reason == CloseReason.SILENCE
    if clock := happened.get(Kind.CLOCK_BREACHED) or happened.get(Kind.CLOCK_WARNED):
        times["deadline"] = datetime.fromisoformat(clock.data["deadline"])
    return times


def _signature(mail: OutgoingMail, ticket: Ticket) -> dict[str, Any]:
    """Return how a reply ends: as its author signs, else as the department does. It is no part of the entry."""
    if mail.template != Template.TICKET_REPLY or mail.entry is None:
        return {}
    own = Preferences.objects.filter(agent=mail.entry.author_id).values_list("signature", flat=True).first() or ""
    return {"signature": paragraphs(own.strip() or ticket.department.signature.strip(), LONGEST_SIGNATURE)}


def _quote(mail: OutgoingMail, ticket: Ticket, reader: Reader) -> dict[str, Any]:
    """Return what the answer answers: the last message before it, for confirmed addresses only."""
    if mail.template != Template.TICKET_REPLY or mail.entry is None or not reader.is_confirmed:
        return {}
    before = (
        ticket.entries.public()
        .filter(kind=EntryKind.MESSAGE, number__lt=mail.entry.number)
        .select_related("author")
        .order_by("-number")
        .first()
    )
    if before is None or not before.text:
        return {}
    text = paragraphs(before.text, LONGEST_QUOTE)
    return {
        "quote": text,
        "quote_plain": quoted(text),
        "quote_at": before.created_at,
        "quote_is_own": before.author_id == reader.user.pk,
        "quote_author": one_line(before.author.display_name, 80) if before.author else "",
    }


def _why(mail: OutgoingMail, reader: Reader, ticket: Ticket) -> str:
    """Return why this person gets the mail."""
    if not reader.is_agent:
        if mail.template == Template.TICKET_LINK:
            return _("You get this because somebody asked for it with this address. If it was not you, ignore it.")
        if reader.part == Part.COLLABORATOR and not reader.is_confirmed:
            return _("You get this because this address was added to a ticket. If you know nothing of it, ignore it.")
        if not reader.is_confirmed:
            return _("You get this because a ticket was opened with this address. If it was not you, ignore it.")
        if reader.part == Part.REQUESTER:
            return _("You get this because the ticket is yours.")
        return _("You get this because you take part in the ticket.")
    if ticket.assignee_id == reader.user.pk:
        return _("You get this because the ticket is assigned to you.")
    if ticket.team_id is not None and reader.user.teams.filter(pk=ticket.team_id).exists():
        return _("You get this because the ticket is with your team.")
    return _("You get this because you are told about your department's tickets.")


def _tidy(text: str) -> str:
    """Return the text with at most one blank line in a row."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines) + "\n"
