"""Mails in the words of an administrator: which template holds, and what it says of what mail.rendering may tell.

Its variables take their values from the context that the delivered templates get, which is where it is decided what a
reader may be told; so no words of an administrator tell more.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template import Context
from django.template.loader import get_template, render_to_string
from django.utils.safestring import mark_safe
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import SiteSettings
from core.moments import told
from mail import letters
from mail.models import Letter, MailTemplate, Template
from tickets import variables
from tickets.models import Ticket
from tickets.variables import Block, Facts, Shape, Values, Variable, Vocabulary, vocabulary
from tickets.vocabulary import INTERNAL, PUBLIC, with_parts, with_styles

ALERTS = frozenset(template for template in Template if template.startswith("alert_"))

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """A subject and a body, in HTML and in plain text: what fills the card of a mail."""

    subject: str
    html: str
    text: str


def languages(language: str) -> list[str]:
    """Return in which languages a template is looked for, the best first."""
    return list(dict.fromkeys([language, SiteSettings.load().language]))


def written(row: MailTemplate, ticket: Ticket, context: Mapping[str, Any], **who: Any) -> Words | None:
    """Return what the template says; None if it has nothing to say to this reader, which the row remembers.

    `who` says what the reader may be told (tickets.variables.Facts), and the `agent` who did it.
    """
    words = said(row, ticket, context, **who)
    if words.subject.strip() and words.text.strip():
        return words
    logger.warning("mail template %s says nothing about ticket %s: the delivered text is used", row.pk, ticket.pk)
    if row.pk is not None:
        MailTemplate.objects.filter(pk=row.pk).update(silent_at=now())
    return None


def names_reader(row: MailTemplate) -> bool:
    """Say whether the template names who reads it, so that no two are told the same."""
    return any(name.startswith("reader.") for text in (row.subject, row.text) for name in variables.names_in(text))


def said(row: MailTemplate, ticket: Ticket, context: Mapping[str, Any], **who: Any) -> Words:
    """Return what the template says of the ticket."""
    facts = Facts(ticket, SiteSettings.load(), more=context, **who)
    values = Values(vocabulary_of(row.template), facts)
    return Words(
        variables.in_line(row.subject, values),
        variables.in_html(_unwrapped(row.body), values),
        variables.in_text(row.text, values),
    )


def vocabulary_of(template: str) -> Vocabulary:
    """Return the names that this mail may use: what is internal only in mails to agents."""
    if template in Letter:
        return letters.vocabulary_of(template)
    return FOR_AGENTS if template in ALERTS else FOR_REQUESTERS


def vocabulary_of_subject(template: str) -> Vocabulary:
    """Return the names that its subject may use: a link that lets somebody in stands in no subject."""
    return letters.vocabulary_of_subject(template) if template in Letter else vocabulary_of(template)


def _unwrapped(body: str) -> str:
    """Return the HTML with blocks out of the paragraphs that editors put around them."""
    return variables.unwrapped(body, BLOCKS)


# --- What only mails can tell ----------------------------------------------------------------------


def _given(name: str) -> Any:
    return lambda facts: str(facts.more.get(name) or "")


def _time(name: str) -> Any:
    def read(facts: Facts) -> datetime | None:
        at = facts.more.get(name)
        return at if isinstance(at, datetime) else None

    return read


def _partial(name: str) -> Any:
    """Return a block that the templates of all mails share."""

    def read(facts: Facts) -> Block:
        context = dict(facts.more)
        html, text = get_template(f"mail/{name}.html"), get_template(f"mail/{name}.txt")
        plain = Context(context, autoescape=False)
        return Block(html.render(context).strip(), text.template.render(plain).strip())  # type: ignore[attr-defined]

    return read


def _facts(facts: Facts) -> Block:
    found: Block = _partial("_facts")(facts) if facts.more.get("is_agent") else Block("", "")
    return found


def _signature(facts: Facts) -> str:
    """Return the signature; of who has none, name and department; nothing where the agent chose so."""
    more = facts.more
    author = more["words"][0]["author"] if more.get("words") else ""
    return str(more.get("signature") or (f"{author}\n{more['department']}" if author and more.get("is_signed") else ""))


def _button(facts: Facts) -> Block:
    words, link = _("Open the ticket"), facts.more["link"]
    return Block(mark_safe(render_to_string("mail/_button.html", {"link": link}).strip()), f"{words}:\n{link}")  # noqa: S308 - a template escapes


def promise(facts: Facts) -> str:
    """Return what happens next, in a sentence or two."""
    more, told_next = facts.more, []
    if "by_silence" in more:
        silence = _("It was resolved, and we heard nothing against it.")
        told_next.append(silence if more["by_silence"] else _("It was resolved before."))
    if more.get("keeps"):
        told_next.append(_("We are still working on it."))
    if at := more.get("closes_at"):
        solved = _("Was it solved? Open the ticket to confirm it, or to say no and tell us what is missing.")
        wrong = _("Is something still wrong? Open the ticket and tell us.")
        told_next.append(solved if more.get("is_requester") else wrong)
        told_next.append(_("If we hear nothing, it closes on %(time)s.") % {"time": told(at, "day")})
    elif "answer_by" in more:
        by = more["answer_by"]
        told_next.append(
            _("You hear from us by %(time)s.") % {"time": told(by, "day")}
            if by
            else _("You hear from us as soon as we can.")
        )
    if at := more.get("reopens_until"):
        words = _("Not solved after all? Until %(time)s you can reopen it on its page.")
        told_next.append(words % {"time": told(at, "day")})
    return " ".join(told_next)


EVENT = (
    Variable("event.heading", gettext_lazy("Who did what, in one line"), _given("heading")),
    Variable("event.subject", gettext_lazy("The delivered subject"), _given("delivered_subject")),
    Variable(
        "event.words",
        gettext_lazy("What was written, with the names of its files"),
        _partial("_words"),
        Shape.BLOCK,
    ),
    Variable("event.quote", gettext_lazy("What was written before, in a reply"), _partial("_quote"), Shape.BLOCK),
    Variable("event.promise", gettext_lazy("What happens next, and when"), promise),
    Variable("topic.thanks", gettext_lazy("The help topic's thank-you text"), _given("thank_you"), Shape.LINES),
    Variable("ticket.link", gettext_lazy("The reader's own link to the ticket"), _given("link"), Shape.LINK),
    Variable("ticket.button", gettext_lazy("A button with the reader's own link"), _button, Shape.BLOCK),
    *with_parts("reader.name", gettext_lazy("The name of who gets the mail"), _given("reader_name"), typed=True),
    *with_styles("ticket.answer_by", gettext_lazy("Until when a first answer was promised"), _time("answer_by")),
    # In the place of the one that canned responses know, for a mail says whose it is already.
    Variable("signature", gettext_lazy("How a reply ends"), _signature, Shape.LINES),
)
FACTS = (
    Variable(
        "ticket.facts", gettext_lazy("What an agent wants to know, as a list"), _facts, Shape.BLOCK, internal=True
    ),
    *with_styles("event.deadline", gettext_lazy("The deadline that it is about"), _time("deadline"), internal=True),
)

FOR_REQUESTERS = vocabulary(PUBLIC, EVENT)
FOR_AGENTS = vocabulary(PUBLIC, INTERNAL, EVENT, FACTS)
BLOCKS = frozenset(name for name, one in FOR_AGENTS.items() if one.shape == Shape.BLOCK)
# What any text may say, to tell of a name that it belongs to others.
KNOWN = {**FOR_AGENTS, **{name: one for letter in Letter for name, one in letters.vocabulary_of(letter).items()}}
