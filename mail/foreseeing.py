"""What will be asked about a mail, asked at once.

Whoever asks later need not know of it, and asks by itself what is not here.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime

from accounts import people
from core.models import SiteSettings
from core.prepared import Question, ahead
from mail import addresses, matching, outbox, recipients, screening
from mail.keeping import Held
from mail.parsing import ParsedMail
from sla import promises
from tickets import routing
from tickets.models import Alert, AlertRule


def asked(held: Held, parsed: ParsedMail, sender: str, at: datetime) -> AbstractContextManager[None]:
    """Ask what this mail will most likely need; within, the answers are there."""
    questions = [held.question(), SiteSettings.question(), *addresses.questions(sender)]
    if sender:
        questions += [people.question(sender), screening.question(held.mail, sender)]
    if matching.is_answer(parsed):
        questions += [*matching.questions(parsed), AlertRule.question(Alert.MESSAGE)]
    else:
        questions += [*_of_a_new_one(held, sender, at)]
    return ahead(*questions, many=addresses.question_of_all())


def _of_a_new_one(held: Held, sender: str, at: datetime) -> Iterator[Question]:
    if held.mail.mailbox is not None:
        yield recipients.question(held.mail.mailbox)
    yield from routing.questions()
    yield promises.question()
    yield from outbox.questions(sender, at)
    yield AlertRule.question(Alert.NEW)
