"""What is said of a step of escalation: in mails, behind the bell and in the ticket's history."""

from email.header import decode_header, make_header
from uuid import uuid4

import pytest
from django.utils import translation

from desk import history, notice_sentences
from desk.names import Names
from mail import composing
from mail.common import Common
from mail.models import OutgoingMail
from notices.models import Notice
from tests import cast
from tests.cast import HOUR, MONDAY
from tickets import actions
from tickets.models import Escalation, EscalationStep, Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def escalated(ticket, plan):
    """`escalated(does, …)` breaks the promise of the first response and does one step about it."""

    def run(does, **given):
        EscalationStep.objects.create(plan=plan, does=does, **given)
        cast.run_clock(ticket, at=MONDAY + HOUR)
        OutgoingMail.objects.all().delete()
        claim = uuid4()
        Escalation.objects.update(claim=claim)
        actions.escalate(escalation=Escalation.objects.get(), claim=claim, at=MONDAY + HOUR)
        return ticket.events.get(kind=Kind.ESCALATED)

    return run


def lines(event):
    events = list(event.ticket.events.filter(deed=event.deed).order_by("number"))
    return [line.sentence for line in history.lines(events, Names(events))]


def subjects(**whose):
    mails = list(OutgoingMail.objects.filter(**whose).select_related("ticket", "address__user"))
    told = [str(composing.compose(mail, Common(mails)).message()["Subject"]) for mail in mails]
    return [str(make_header(decode_header(one.replace("\n", "")))) for one in told]


def test_whom_a_step_names_reads_that_they_are_to_know(escalated, grace):
    event = escalated("notify", agent=grace)

    assert ["First response is overdue, and you are to know of it" in one for one in subjects(user=grace)] == [True]
    notice = Notice.objects.get(event=event)
    assert notice_sentences.sentence(notice) == "First response is overdue, and you are to know of it"
    assert lines(event) == ["<b><bdi>Grace</bdi></b> was told that First response is overdue"]


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "the department has no manager"), ("de", "die Abteilung hat keine Leitung")],
)
def test_administrators_read_which_step_was_left_out_and_why(language, said, escalated, admin_user):
    admin_user.language = language
    admin_user.save()
    event = escalated("assign_manager")

    with translation.override("en"):
        [subject] = subjects(user=admin_user)

    assert said in subject
    assert lines(event) == [
        "A step of escalation was left out, First response being overdue: the department has no manager"
    ]


def test_an_administrator_at_the_desk_reads_it_behind_the_bell_too(escalated, admin_user, billing):
    cast.give_access(admin_user, billing)
    type(admin_user).objects.filter(pk=admin_user.pk).update(is_agent=True)

    event = escalated("assign_manager")

    assert notice_sentences.sentence(Notice.objects.get(event=event, agent=admin_user)) == (
        "First response is overdue, and a step of its escalation was left out: the department has no manager"
    )


def test_what_a_step_did_says_since_when(escalated, ticket):
    event = escalated("raise")

    [line] = lines(event)
    assert "Emergency" in line
    assert line.endswith(", since First response is overdue")
    alone = history.step(event, Names([event])).sentence
    assert alone == "A step of escalation was taken, since First response is overdue"
