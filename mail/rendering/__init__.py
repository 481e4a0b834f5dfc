"""From a row of the outbox to what the mail says. Rendered at sending, with a fresh link.

What a template is given is decided here: an address that is not confirmed gets the ticket's number, a link and
agents' words (PARITY section 4, rule 9), so no template can tell it more.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.letters import in_the_words_of
from core import mailhtml
from core.models import SiteSettings
from mail import confirmation, wording
from mail.common import Common
from mail.models import MailTemplate, OutgoingMail, Template
from mail.parsing.quotes import ANSWER_LINE_BEGINS, ANSWER_LINE_ENDS
from mail.rendering import parts
from mail.rendering.heading import heading, why
from mail.rendering.parts import content_id
from mail.rendering.reader import ALERTS, TO_AGENTS, NoLongerWanted, Reader, reader_of
from mail.words import one_line, paragraphs
from tickets.models import Attachment, Kind, TicketEvent
from tickets.models.people import Part

__all__ = [
    "ALERTS",
    "TO_AGENTS",
    "NoLongerWanted",
    "Reader",
    "Rendered",
    "content_id",
    "preview",
    "preview_in",
    "rendered_for",
]


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str
    # What the HTML shows in its places, by "cid:" (RFC 2392).
    images: Sequence[Attachment] = ()


def rendered_for(mail: OutgoingMail, common: Common) -> tuple[Rendered, Reader]:
    """Return what a ticket's mail says, and who reads it. Raises NoLongerWanted."""
    reader = reader_of(mail, common)
    return _render(mail, reader, common), reader


def preview(mail: OutgoingMail) -> Rendered | None:
    """Return what a ticket's mail says, with its link made useless; None for mails that nobody is shown.

    Raises NoLongerWanted.
    """
    if mail.template == Template.ACCOUNT or mail.body is not None:
        return None
    common = Common([mail])
    return _render(mail, reader_of(mail, common, link=f"{settings.PUBLIC_URL}/#"), common)


def preview_in(mail: OutgoingMail, row: MailTemplate) -> Rendered:
    """Return what a ticket's mail says in the words of `row`, saved or not, in its language. Raises NoLongerWanted."""
    common = Common([mail])
    return _render(mail, reader_of(mail, common, link=f"{settings.PUBLIC_URL}/#"), common, row)


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
    by = next((event.by for event in parts.story(mail, mail.ticket, common) if event.by is not None), None)
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
    story = parts.story(mail, ticket, common)
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
        "heading": heading(mail, reader, happened),
        "words": parts.words(ticket, _about_words(mail, story), reader, common) if reader.reads_words else [],
        "why": why(mail, reader, ticket, common),
        "department": one_line(parts.department(ticket, reader)),
        # With MAIL_FROM alone nobody reads what is answered.
        "takes_answers": common.mailbox_for_answers(mail) is not None,
        "is_alert": mail.template in ALERTS and reader.reads_words,
    }
    if mail.template == Template.AGENT_COMMANDS:
        context |= {"words": [], "done": confirmation.done(mail, story), "trouble": confirmation.trouble(mail)}
    if not reader.is_agent:
        context["answer_line"] = _answer_line()
    if reader.is_agent:
        context["facts"] = parts.facts(ticket, reader)
    if mail.template == Template.TICKET_ANSWERED:
        # What answers stands above, what was asked below.
        context["asked"] = [one for one in context["words"] if not one["is_reply"]]
        context["words"] = [one for one in context["words"] if one["is_reply"]]
    if mail.template in (Template.TICKET_OPENED, Template.TICKET_ANSWERED) and ticket.topic is not None:
        # Agents' words: for unconfirmed addresses too.
        context["thank_you"] = paragraphs(ticket.topic.thank_you, parts.LONGEST_WORDS)
    signature = parts.signature(mail, ticket, happened, common)
    return context | parts.times(mail, ticket, happened) | signature | parts.quote(mail, ticket, reader)


def _about_words(mail: OutgoingMail, story: Sequence[TicketEvent]) -> Sequence[TicketEvent]:
    """Return the deed's events of which the mail repeats the words: what answered by itself stands in its own mail."""
    if mail.template == Template.TICKET_ANSWERED:
        return story
    return [event for event in story if event.kind != Kind.AUTOMATIC_ANSWER]


def _answer_line() -> str:
    """Return the line that answers are written above; the marks around the words are how we know it again."""
    site = SiteSettings.load()
    if not site.mail_says_where_to_answer:
        return ""
    words = one_line(site.answer_line, 100).strip("#- ") or _("Please write your answer above this line")
    return f"{ANSWER_LINE_BEGINS} {words} {ANSWER_LINE_ENDS}"


def _tidy(text: str) -> str:
    """Return the text with at most one blank line in a row."""
    lines: list[str] = []
    for line in text.strip().splitlines():
        if line.strip() or (lines and lines[-1]):
            lines.append(line.rstrip())
    return "\n".join(lines) + "\n"
