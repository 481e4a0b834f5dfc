"""The delivered texts in the form that administrators edit: where a template of theirs begins, and goes back to."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import override

from mail import letters
from mail.models import Letter, Mailbox, Template

HEADING = "<h1>{{ event.heading }}</h1>"
WORDS = "{{ event.words }}"
BUTTON = "{{ ticket.button }}"
FACTS = "{{ ticket.facts }}"
QUOTE = "{{ event.quote }}"
PROMISE = "<p>{{ event.promise }}</p>"
NUMBER = {"number": "{{ ticket.number }}"}


def delivered(template: str, language: str) -> tuple[str, str]:
    """Return the subject and the HTML of a mail in this language, with variables."""
    with override(language):
        if template in Letter:
            subject, paragraphs = letters.delivered(template)
            return subject, "\n".join(paragraphs)
        return "{{ event.subject }}", "\n".join(_TEXTS[Template(template)]())


def _opened() -> list[str]:
    number = _("Your ticket has the number <strong>%(number)s</strong>.") % NUMBER
    link = _("The link below opens the ticket, as often as you like, for 30 days. Keep it to yourself.")
    thanks = "<p>{{ topic.thanks }}</p>"
    return [HEADING, thanks, f"<p>{number} {{{{ event.promise }}}}</p>", _paragraph(link), BUTTON, QUOTE]


def _answered() -> list[str]:
    number = _("Your ticket has the number <strong>%(number)s</strong>.") % NUMBER
    link = _("The link below opens the ticket, as often as you like, for 30 days. Keep it to yourself.")
    more = _("Somebody reads what you wrote.")
    promise = f"<p>{number} {more} {{{{ event.promise }}}}</p>"
    return [HEADING, "<p>{{ topic.thanks }}</p>", WORDS, promise, _paragraph(link), BUTTON, QUOTE]


def _opened_for() -> list[str]:
    number = _("It has the number <strong>%(number)s</strong>.") % NUMBER
    link = _("The link below opens the ticket, as often as you like, for 30 days. Keep it to yourself.")
    return [HEADING, f"<p>{number} {{{{ event.promise }}}}</p>", WORDS, _paragraph(link), BUTTON]


def _reply() -> list[str]:
    return [HEADING, WORDS, "<p>{{ signature }}</p>", PROMISE, BUTTON, _paragraph(_to_answer()), QUOTE]


def _message() -> list[str]:
    return [HEADING, WORDS, BUTTON, _paragraph(_to_answer())]


def _received() -> list[str]:
    by_mail, in_the_ticket = (
        _("To add something, reply to this mail or open the ticket."),
        _("To add something, open the ticket."),
    )
    return [HEADING, PROMISE, BUTTON, _paragraph(by_mail if _takes_answers() else in_the_ticket)]


def _status() -> list[str]:
    return [HEADING, PROMISE, BUTTON]


def _collaborator() -> list[str]:
    told = [
        _(
            "You can read what is said in it, and write. Answers reach you by mail, as they reach the person whose "
            "ticket it is."
        ),
        _(
            "The link below is yours alone. It opens the ticket, as often as you like, for 30 days. "
            "Keep it to yourself."
        ),
    ]
    leave = _("On its page you can also leave the ticket: then no more mails come.")
    return [HEADING, *map(_paragraph, told), BUTTON, _paragraph(leave)]


def _link() -> list[str]:
    words = _("It opens the ticket, as often as you like, for 30 days. Keep it to yourself.")
    return [HEADING, _paragraph(words), BUTTON]


def _over_limit() -> list[str]:
    waits = _(
        "We got a message from you. You have as many open tickets as one may have at a time, so it opens no other "
        "before somebody has looked at it. Nothing is lost. If it is about this ticket, answer here."
    )
    return [HEADING, _paragraph(waits), BUTTON]


def _alert() -> list[str]:
    return [HEADING, WORDS, FACTS, BUTTON]


def _clock() -> list[str]:
    return [HEADING, FACTS, BUTTON]


def _to_answer() -> str:
    return (
        _("To answer, reply to this mail or open the ticket.") if _takes_answers() else _("To answer, open the ticket.")
    )


def _takes_answers() -> bool:
    """Say whether a mailbox takes answers: the text that begins here says one thing of all its mails."""
    return Mailbox.objects.filter(is_active=True).exists()


def _paragraph(words: str) -> str:
    return f"<p>{words}</p>"


_TEXTS: dict[str, Callable[[], list[str]]] = {
    Template.TICKET_OPENED: _opened,
    Template.TICKET_ANSWERED: _answered,
    Template.TICKET_OPENED_FOR: _opened_for,
    Template.TICKET_REPLY: _reply,
    Template.MESSAGE_RECEIVED: _received,
    Template.TICKET_MESSAGE: _message,
    Template.TICKET_RESOLVED: _status,
    Template.TICKET_CLOSED: _status,
    Template.TICKET_COLLABORATOR: _collaborator,
    Template.OVER_LIMIT: _over_limit,
    Template.TICKET_LINK: _link,
    Template.ALERT_NEW: _alert,
    Template.ALERT_MESSAGE: _alert,
    Template.ALERT_NOTE: _alert,
    Template.ALERT_TRANSFER: _alert,
    Template.ALERT_ASSIGNED: _alert,
    Template.ALERT_CLOCK: _clock,
}
