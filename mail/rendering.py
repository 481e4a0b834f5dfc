"""From a row of the outbox to what the mail says. Rendered at sending, with a fresh link.

What a template is given is decided here: an address that is not confirmed gets the ticket's number, a link and
agents' words (PARITY section 4, rule 9), so no template can tell it more.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.letters import in_the_words_of
from accounts.models import Preferences, Signs, User
from accounts.principal import Face, Principal
from core import mailhtml
from core.absolute import absolute_url
from core.models import SiteSettings
from core.prepared import Prepared
from core.uploads import IMAGE_TYPES
from mail import confirmation, pictures, wording
from mail.common import Common
from mail.models import ALERT_TEMPLATES, MailTemplate, OutgoingMail, Template
from mail.parsing.quotes import ANSWER_LINE_BEGINS, ANSWER_LINE_ENDS
from mail.words import one_line, paragraphs, quoted
from sla.models import Target
from tickets import links, policy
from tickets.models import PAUSED, Attachment, CloseReason, EntryKind, Kind, LeftOut, ThreadEntry, Ticket, TicketEvent
from tickets.models.people import Part
from tickets.prose import body_of

LONGEST_WORDS = 20_000
LONGEST_QUOTE = 1_000
LONGEST_SIGNATURE = 1_000
# Images that one mail shows in its text, in bytes together; of further ones it has the names.
MOST_IMAGES = 8 * 1024 * 1024

ALERTS = frozenset(ALERT_TEMPLATES.values())

# To agents as such: they lead to the desk, and answers count as the agent's.
TO_AGENTS = {*ALERTS, Template.AGENT_COMMANDS}

# Of agents what there is, of all others what requesters may read.
_ENTRIES = {
    is_agent: Prepared(
        lambda ticket, numbers, rows=rows: (
            rows.filter(ticket=ticket, number__in=numbers).select_related("author").order_by("number")
        )
    )
    for is_agent, rows in ((True, ThreadEntry.objects.all()), (False, ThreadEntry.objects.public()))
}
_FILES = {
    is_agent: Prepared(
        lambda ticket, numbers, rows=rows: (
            rows.filter(entry__ticket=ticket, entry__number__in=numbers).select_related("blob").order_by("position")
        )
    )
    for is_agent, rows in ((True, Attachment.objects.all()), (False, Attachment.objects.public()))
}
_BEFORE = Prepared(
    lambda ticket, number: (
        ThreadEntry.objects.public()
        .filter(ticket=ticket, kind=EntryKind.MESSAGE, number__lt=number)
        .select_related("author")
        .order_by("-number")[:1]
    )
)
_PREFERENCES = Prepared(lambda agent: Preferences.objects.filter(agent=agent))


class NoLongerWanted(Exception):
    """Whoever should get this may not read the ticket any more, or is gone; `str()` says so in one sentence."""


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str
    # What the HTML shows in its places, by "cid:" (RFC 2392).
    images: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the mail: what they may be told, and where the button leads."""

    user: User
    is_agent: bool
    is_confirmed: bool
    link: str
    part: str = ""
    # Who only administers reads what the administration shows: nothing that was written.
    reads_words: bool = True


def rendered_for(mail: OutgoingMail, common: Common) -> tuple[Rendered, Reader]:
    """Return what a ticket's mail says, and who reads it. Raises NoLongerWanted."""
    reader = _reader(mail, common)
    return _render(mail, reader, common), reader


def preview(mail: OutgoingMail) -> Rendered | None:
    """Return what a ticket's mail says, with its link made useless; None for mails that nobody is shown.

    Raises NoLongerWanted.
    """
    if mail.template == Template.ACCOUNT or mail.body is not None:
        return None
    common = Common([mail])
    return _render(mail, _reader(mail, common, link=f"{settings.PUBLIC_URL}/#"), common)


def preview_in(mail: OutgoingMail, row: MailTemplate) -> Rendered:
    """Return what a ticket's mail says in the words of `row`, saved or not, in its language. Raises NoLongerWanted."""
    common = Common([mail])
    return _render(mail, _reader(mail, common, link=f"{settings.PUBLIC_URL}/#"), common, row)


# --- Who reads ------------------------------------------------------------------------------------


def _reader(mail: OutgoingMail, common: Common, *, link: str = "") -> Reader:
    if mail.ticket is None or mail.address is None:
        # Taken from its owner since, or all that the mail said was in a body that is kept no more.
        raise NoLongerWanted(_("What this mail was about, or the address it was for, is not kept any more."))
    address = mail.address
    if mail.template in TO_AGENTS:
        return _desk_reader(mail, common, link)
    participant = common.participant(mail)
    if participant is None:
        raise NoLongerWanted(_("%(email)s takes no part in this ticket any more.") % {"email": mail.recipient})
    return Reader(participant.user, False, address.is_verified, link or links.link_for(participant), participant.role)


def _desk_reader(mail: OutgoingMail, common: Common, link: str) -> Reader:
    ticket, address = mail.ticket, mail.address
    assert ticket is not None
    assert address is not None
    user = address.user
    if common.is_seen_by_agent(mail):
        return Reader(user, True, address.is_verified, link or absolute_url("desk:ticket", ticket.number))
    if Ticket.objects.visible_to(Principal.administrator(user)).filter(pk=ticket.pk).exists():
        page = link or absolute_url("admin:tickets_ticket_change", ticket.pk)
        return Reader(user, True, address.is_verified, page, reads_words=False)
    raise NoLongerWanted(_("%(name)s may not see this ticket any more.") % {"name": user})


# --- What it says ---------------------------------------------------------------------------------


def _render(mail: OutgoingMail, reader: Reader, common: Common, row: MailTemplate | None = None) -> Rendered:
    ticket = mail.ticket
    assert ticket is not None
    with in_the_words_of(reader.user, ticket.department.language, only=row.language if row else ""):
        context = _context(mail, reader, common)
        name, language = f"mail/{mail.template}", get_language() or settings.LANGUAGE_CODE
        row = row or common.once(
            ("template", mail.template, ticket.department_id, language),
            lambda: MailTemplate.objects.fitting(mail.template, ticket.department, wording.languages(language)),
        )

        def write() -> Rendered:
            subject = one_line(render_to_string(f"{name}.subject.txt", context), 250)
            frame = name
            if own := _own(mail, row, reader, common, context | {"delivered_subject": subject}):
                # In the frame that all mails have: what it is about, and why it came.
                context.update(own_html=mark_safe(own.html), own_text=own.text)  # noqa: S308 - cleaned, values escaped
                subject, frame = own.subject, "mail/own"
            text = _tidy(render_to_string(f"{frame}.txt", context))
            html = mailhtml.rendered(f"{frame}.html", context)
            # What an administrator's template leaves out is not sent along.
            images = [image for entry in context["words"] for image in entry["images"] if content_id(image) in html]
            return Rendered(subject, text, html, images)

        # A template knows nothing but these: who are told the same get the same words.
        told = (name, language, get_current_timezone_name(), _hashable(context), row and row.pk, _own_to(reader, row))
        return common.once(told, write)


def _own(
    mail: OutgoingMail, row: MailTemplate | None, reader: Reader, common: Common, context: dict[str, Any]
) -> wording.Words | None:
    """Return what an administrator's template says to this reader; None where there is none, or it says nothing."""
    if row is None:
        return None
    assert mail.ticket is not None
    # Of a reply that is mailed again, who wrote it.
    by = next((event.by for event in _story(mail, mail.ticket, common) if event.by is not None), None)
    name = one_line(reader.user.display_name, 80) if reader.is_confirmed else ""
    return wording.written(
        row,
        mail.ticket,
        context | {"reader_name": name},
        agent=by if by is not None and by.is_agent else None,
        tells_typed=reader.is_confirmed,
        tells_personal=reader.is_agent or reader.part == Part.REQUESTER,
        tells_written=reader.reads_words,
    )


def _own_to(reader: Reader, row: MailTemplate | None) -> Hashable:
    """Return what a template of an administrator is told besides the context, for it to be written once."""
    if row is None:
        return None
    return reader.user.display_name if wording.names_reader(row) else "", reader.part, reader.reads_words


def _hashable(value: Any) -> Hashable:
    """Return the value as what is equal only to the same, of the same types: words marked as safe are no others."""
    if isinstance(value, dict):
        return tuple((key, _hashable(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    return type(value), value


def _context(mail: OutgoingMail, reader: Reader, common: Common) -> dict[str, Any]:
    """Return all that the templates of this mail are told. Ticket and people themselves are not among it."""
    ticket = mail.ticket
    assert ticket is not None
    story = _story(mail, ticket, common)
    happened = {event.kind: event for event in story}
    context: dict[str, Any] = {
        "site_name": one_line(SiteSettings.load().name),
        "home": f"{settings.PUBLIC_URL}/",
        "number": ticket.number,
        "subject": one_line(ticket.subject) if reader.is_confirmed else "",
        "link": reader.link,
        "language": get_language() or settings.LANGUAGE_CODE,
        "is_confirmed": reader.is_confirmed,
        "is_agent": reader.is_agent,
        "is_requester": reader.part == Part.REQUESTER,
        "heading": _heading(mail, reader, happened),
        "words": _words(ticket, story, reader, common) if reader.reads_words else [],
        "why": _why(mail, reader, ticket, common),
        "department": one_line(_department(ticket, reader)),
        # With MAIL_FROM alone nobody reads what is answered.
        "takes_answers": common.mailbox_for_answers(mail) is not None,
        "is_alert": mail.template in ALERTS and reader.reads_words,
    }
    if mail.template == Template.AGENT_COMMANDS:
        context |= {"words": [], "done": confirmation.done(mail, story), "trouble": confirmation.trouble(mail)}
    if not reader.is_agent:
        context["answer_line"] = _answer_line()
    if reader.is_agent:
        context["facts"] = _facts(ticket, reader)
    if mail.template == Template.TICKET_OPENED and ticket.topic is not None:
        # Agents' words: for unconfirmed addresses too.
        context["thank_you"] = paragraphs(ticket.topic.thank_you, LONGEST_WORDS)
    signature = _signature(mail, ticket, happened, common)
    return context | _times(mail, ticket, happened) | signature | _quote(mail, ticket, reader)


def _answer_line() -> str:
    """Return the line that answers are written above; the marks around the words are how we know it again."""
    site = SiteSettings.load()
    if not site.mail_says_where_to_answer:
        return ""
    words = one_line(site.answer_line, 100).strip("#- ") or _("Please write your answer above this line")
    return f"{ANSWER_LINE_BEGINS} {words} {ANSWER_LINE_ENDS}"


def _story(mail: OutgoingMail, ticket: Ticket, common: Common) -> Sequence[TicketEvent]:
    """Return what happened in the deed that the mail tells of; of a reply that is mailed again, in that reply's."""
    story = common.story(mail)
    if mail.entry is None or not story or story[0].kind != Kind.RESENT:
        return story
    number = mail.entry.number

    def first_told() -> list[TicketEvent]:
        events = TicketEvent.objects.filter(ticket=ticket)
        replied = events.filter(kind=Kind.REPLIED, data__entry=number)
        return list(events.filter(deed__in=replied.values("deed")).select_related("by").order_by("number"))

    return common.once(("first told", mail.entry_id), first_told)


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
        case Template.MESSAGE_RECEIVED:
            return _("We have your message")
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
        case Template.OVER_LIMIT:
            return _("Your mail waits")
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
        case Template.ALERT_NOTE:
            return _("%(name)s wrote an internal note") % {"name": who(Kind.NOTE_ADDED)}
        case Template.ALERT_TRANSFER if "assignee" in happened[Kind.TRANSFERRED].data:
            return _("%(name)s transferred a ticket to you") % {"name": who(Kind.TRANSFERRED)}
        case Template.ALERT_TRANSFER:
            return _("%(name)s transferred a ticket to your department") % {"name": who(Kind.TRANSFERRED)}
        case Template.ALERT_ASSIGNED if str(happened[Kind.ASSIGNED].data["to"]).startswith("team:"):
            return _("%(name)s assigned a ticket to your team") % {"name": who(Kind.ASSIGNED)}
        case Template.ALERT_ASSIGNED:
            return _("%(name)s assigned a ticket to you") % {"name": who(Kind.ASSIGNED)}
        case Template.AGENT_COMMANDS:
            return _("Your mail was not sent on") if confirmation.trouble(mail) else _("Your mail was taken in")
        case Template.ALERT_CLOCK:
            return _clock_heading(happened)
    raise AssertionError(f"no heading for {mail.template}")


def _clock_heading(happened: dict[str, TicketEvent]) -> str:
    if (event := happened.get(Kind.ESCALATED)) and "left_out" in event.data:
        told = {"target": Target(event.data["target"]).label, "why": LeftOut(event.data["left_out"]).label}
        return _("%(target)s is overdue, and a step of its escalation was left out: %(why)s") % told
    if event:
        return _("%(target)s is overdue, and you are to know of it") % {"target": Target(event.data["target"]).label}
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


def _words(ticket: Ticket, story: Sequence[TicketEvent], reader: Reader, common: Common) -> list[dict[str, Any]]:
    """Return what was written in this deed, as far as the reader may read it."""
    told = [event for event in story if "entry" in event.data]
    if not reader.is_confirmed:
        # An agent's words only: the requester's are of whoever claimed this address.
        told = [event for event in told if event.face == Face.DESK]
    numbers = tuple(event.data["entry"] for event in told)
    found = common.once(("entries", ticket.pk, numbers, reader.is_agent), lambda: _entries(ticket, numbers, reader))
    # Whose entries these are changes the words.
    wrote = reader.user.pk if any(entry.author_id == reader.user.pk for entry, _files in found) else None
    return common.once(
        ("words", ticket.pk, numbers, reader.is_agent, wrote),
        lambda: [_shown(entry, files, reader) for entry, files in found],
    )


def _shown(entry: ThreadEntry, files: Sequence[Attachment], reader: Reader) -> dict[str, Any]:
    is_cut = len(entry.text) > LONGEST_WORDS
    # Of requesters only the words: what their mail programs wrote is shown where we can keep an eye on it.
    is_rich = bool(entry.html_version) and entry.kind != EntryKind.MESSAGE and not is_cut
    images = _images(files) if is_rich else []
    body = body_of(entry, url_of=lambda file: f"cid:{content_id(file)}", files=images) if is_rich else None
    placed = body.in_place if body else frozenset()
    return {
        "author": one_line(entry.author.display_name, 80) if entry.author else "",
        "is_note": entry.kind == EntryKind.NOTE,
        "is_reply": entry.kind == EntryKind.REPLY,
        "is_own": entry.author_id == reader.user.pk,
        "text": (text := paragraphs(entry.text, LONGEST_WORDS)),
        "html": pictures.sized(body.html, {content_id(one): one.blob for one in images}) if body else "",
        "quoted": quoted(text),
        "is_cut": is_cut,
        "images": [image for image in images if image.pk in placed],
        "files": [one_line(file.name, 100) for file in files if file.pk not in placed],
    }


def _entries(ticket: Ticket, numbers: Sequence[int], reader: Reader) -> list[tuple[ThreadEntry, Sequence[Attachment]]]:
    """Return what the reader may read of these entries, each with its files."""
    if not numbers:
        return []
    named = {"ticket": ticket.pk, "numbers": list(numbers)}
    files: dict[int, list[Attachment]] = defaultdict(list)
    for file in _FILES[reader.is_agent].all(**named):
        files[file.entry_id].append(file)
    return [(entry, files[entry.pk]) for entry in _ENTRIES[reader.is_agent].all(**named)]


def content_id(image: Attachment) -> str:
    """Return by what a mail of ours shows the image; what its sender called it may be anything."""
    return f"image{image.pk}@{settings.MAIL_DOMAIN}"


def _images(files: Sequence[Attachment]) -> list[Attachment]:
    """Return the images that an entry shows, of its files, as many as a mail has room for."""
    found, room = [], MOST_IMAGES
    for file in files:
        if file.content_id and file.content_type in IMAGE_TYPES and file.blob.size <= room:
            found.append(file)
            room -= file.blob.size
    return found


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
    times: dict[str, Any] = {"deadline": ticket.next_due_at if ticket.next_due_at < PAUSED else None}
    if opened := happened.get(Kind.OPENED):
        clocks = opened.data.get("clocks", ())
        promised = [clock["deadline"] for clock in clocks if clock["target"] == Target.FIRST_RESPONSE]
        times["answer_by"] = datetime.fromisoformat(promised[0]) if promised and promised[0] else None
    if mail.template == Template.MESSAGE_RECEIVED and Kind.MESSAGE_ADDED in happened:
        running = ticket.clocks.running().filter(target__in=[Target.FIRST_RESPONSE, Target.NEXT_RESPONSE])
        ahead = running.filter(deadline_at__gt=happened[Kind.MESSAGE_ADDED].at, deadline_at__lt=PAUSED)
        times["answer_by"] = ahead.order_by("deadline_at").values_list("deadline_at", flat=True).first()
    if resolved := happened.get(Kind.RESOLVED):
        times["closes_at"] = datetime.fromisoformat(resolved.data["closes_at"])
    if replied := happened.get(Kind.REPLIED):
        times["keeps"] = replied.data["keeps"]
    if mail.template == Template.TICKET_CLOSED:
        times["reopens_until"] = policy.reopens_until(ticket)
        times["by_silence"] = ticket.close_reason == CloseReason.SILENCE
    told_of = (Kind.CLOCK_BREACHED, Kind.CLOCK_WARNED, Kind.ESCALATED)
    if clock := next((happened[kind] for kind in told_of if kind in happened), None):
        times["deadline"] = datetime.fromisoformat(clock.data["deadline"])
    return times


def _signature(mail: OutgoingMail, ticket: Ticket, happened: dict[str, TicketEvent], common: Common) -> dict[str, Any]:
    """Return how an agent's reply ends, or what they opened for somebody: as they chose, else as they always sign.

    It is no part of the entry.
    Who signs with their own and has none signs as the department does, and where that has none, by their name.
    """
    if mail.template not in {Template.TICKET_REPLY, Template.TICKET_OPENED_FOR} or mail.entry is None:
        return {}
    wrote = mail.entry.author_id
    if wrote == ticket.requester_id:
        return {}
    author = common.once(("preferences", wrote), lambda: _PREFERENCES.first(agent=wrote) if wrote else None)
    author = author or Preferences()
    written = happened.get(Kind.REPLIED) or happened.get(Kind.OPENED)
    signs = (written.data.get("signs") if written else "") or author.signs
    own = author.signature.strip() if signs == Signs.OWN else ""
    words = "" if signs == Signs.NOTHING else own or ticket.department.signature.strip()
    return {"signature": paragraphs(words, LONGEST_SIGNATURE), "is_signed": signs != Signs.NOTHING}


def _quote(mail: OutgoingMail, ticket: Ticket, reader: Reader) -> dict[str, Any]:
    """Return what the answer answers: the last message before it, for confirmed addresses only."""
    if mail.template != Template.TICKET_REPLY or mail.entry is None or not reader.is_confirmed:
        return {}
    before = _BEFORE.first(ticket=ticket.pk, number=mail.entry.number)
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


def _why(mail: OutgoingMail, reader: Reader, ticket: Ticket, common: Common) -> str:
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
    if reader.user.pk in common.in_team(ticket):
        return _("You get this because the ticket is with your team.")
    if mail.template == Template.AGENT_COMMANDS:
        return _("You get this because you wrote to this ticket by mail. Your settings say when.")
    if not reader.reads_words:
        return _("You get this because administrators are told of it, as the page Alerts says.")
    if ticket.department.manager_id == reader.user.pk or reader.user.pk in common.working_there(ticket):
        return _("You get this because you are told about your department's tickets.")
    return _("You get this because you had to do with the ticket, or somebody named you.")


def _tidy(text: str) -> str:
    """Return the text with at most one blank line in a row."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines) + "\n"
