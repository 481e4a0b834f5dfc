"""The breaker of automatic answers, and the notice of too many open tickets."""

from io import BytesIO

import pytest
from django.utils.timezone import now

from accounts.models import AuditEvent
from accounts.principal import Principal
from core.models import SiteSettings
from helpdesk import doctor
from helpdesk.relay import PERIODIC
from mail import alarm, breaking, intake, ledger, outbox
from mail.composing import compose
from mail.delivered import delivered
from mail.management.commands.receive_mail import receive
from mail.models import (
    Breaker,
    IncomingMail,
    IncomingState,
    Mailbox,
    MailTemplate,
    OutgoingMail,
    Reason,
    Suppressed,
    Template,
)
from tests import cast
from tests.cast import HOUR, MINUTE, MONDAY
from tests.mail.samples import SUPPORT, mail
from tickets import actions

PAGE = "/admin/mail/breaker/"


@pytest.fixture
def flood(monkeypatch, ada, topic):
    """`flood(4)` opens as many tickets for as many strangers, of whom three are answered before there are too many."""
    monkeypatch.setattr(outbox, "ANSWERS_TO_ALL", 3)
    numbers = iter(range(1000))

    def flood(count, at=MONDAY):
        for _ in range(count):
            person = cast.make_person(f"p{next(numbers)}@example.org", "P", confirmed=False)
            cast.make_ticket(person, topic, at=at)

    return flood


def whys():
    answers = OutgoingMail.objects.filter(template=Template.TICKET_OPENED).order_by("pk")
    return list(answers.values_list("why", flat=True))


def test_too_many_to_all_open_it_and_it_closes_by_itself(flood):
    flood(5)
    flood(1, MONDAY + 59 * MINUTE)
    flood(1, MONDAY + breaking.OPEN_FOR + MINUTE)

    assert whys() == ["", "", "", Suppressed.BREAKER, Suppressed.BREAKER, Suppressed.BREAKER, ""]


def test_replies_and_alerts_go_out_all_the_same(flood, grace, ticket):
    flood(4)

    actions.reply(ticket=ticket, text="Here.", by=cast.principal(grace), at=MONDAY + MINUTE)

    assert OutgoingMail.objects.get(template=Template.TICKET_REPLY).why == ""
    assert not OutgoingMail.objects.filter(template=Template.ALERT_NEW).exclude(why="").exists()


def test_administrators_are_told_once(flood, admin_user, mailoutbox):
    flood(5)

    told = [alarm.watch_answers(MONDAY + minute * MINUTE) for minute in (1, 2)]

    assert told == [True, False]
    assert [(one.to, one.subject) for one in mailoutbox] == [(["root@example.com"], "Automatic answers are held back")]
    assert PERIODIC["watch_answers"].run is alarm.watch_answers


@pytest.mark.django_db(transaction=True)
def test_what_could_not_be_told_is_told_the_next_time(flood, admin_user, mailoutbox, monkeypatch):
    flood(4)
    with monkeypatch.context() as broken:
        broken.setattr(alarm, "absolute_url", lambda name: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            alarm.watch_answers(MONDAY)

    assert alarm.watch_answers(MONDAY)
    assert len(mailoutbox) == 1


def test_opened_anew_it_is_told_anew(flood, admin_user):
    flood(4)
    alarm.watch_answers(MONDAY)
    later = MONDAY + 3 * HOUR
    flood(4, later)

    assert alarm.watch_answers(later)
    assert Breaker.objects.count() == 1


def test_it_is_closed_by_hand_and_that_is_logged(sign_in, admin_user):
    root = sign_in(admin_user)
    breaking.open_it(now())
    assert "Let them out again" in root.get(PAGE).content.decode()

    root.post(PAGE)

    assert not breaking.is_open(now())
    root.post(PAGE)
    assert AuditEvent.objects.filter(target_model="mail.breaker").count() == 1


def test_the_doctor_shows_it(db):
    breaking.open_it(now())

    found = [one for examine in doctor.EXAMINATIONS if examine.__name__ == "_answers" for one in examine(now())]

    assert [one.health for one in found] == ["red"]


# --- Too many open tickets ------------------------------------------------------------------------------


def test_who_has_too_many_open_tickets_hears_of_it_once_a_day(ticket, ada, billing):
    SiteSettings.objects.update(most_open_tickets=1)
    Mailbox.objects.create(name="support", address=SUPPORT, department=billing)

    for number in range(3):
        raw = mail("Kranzfuchs", subject="Kranzfuchs", message_id=f"<{number}@example.org>")
        assert receive(BytesIO(raw), mailbox_name="support").state == IncomingState.QUARANTINED

    row = OutgoingMail.objects.get(template=Template.OVER_LIMIT)
    message = compose(row).message()
    assert (row.recipient, row.ticket) == ("ada@example.org", ticket)
    assert "You have as many open tickets" in compose(row).body
    assert message["Auto-Submitted"].startswith("auto-")
    # What an unconfirmed address wrote is never echoed.
    assert "Kranzfuchs" not in message.as_string()


def test_what_is_told_then_can_be_said_in_other_words_that_repeat_nothing(ticket, ada, billing):
    SiteSettings.objects.update(most_open_tickets=1)
    Mailbox.objects.create(name="support", address=SUPPORT, department=billing)
    subject, _body = delivered(Template.OVER_LIMIT, "en")
    row = MailTemplate(template=Template.OVER_LIMIT, department=billing, language="en", subject=subject)
    row.write("<p>Patience, {{ reader.name }}{{ requester.name }}{{ event.words }}{{ thread.last_message }}.</p>")
    row.save()

    receive(BytesIO(mail("Kranzfuchs", subject="Kranzfuchs")), mailbox_name="support")

    [waiting] = OutgoingMail.objects.filter(template=Template.OVER_LIMIT)
    message = compose(waiting)
    assert message.subject == f"[#{ticket.number}] Your message waits"
    assert "Patience, ." in message.body
    assert "Kranzfuchs" not in str(message.message())


def test_a_program_is_not_told(ticket, ada, billing):
    SiteSettings.objects.update(most_open_tickets=1)
    Mailbox.objects.create(name="support", address=SUPPORT, department=billing)

    receive(BytesIO(mail("Hi", list_id="<list.example.org>", precedence="bulk")), mailbox_name="support")

    assert not OutgoingMail.objects.filter(template=Template.OVER_LIMIT).exists()


def test_where_the_site_says_so_nobody_is_told(ticket, ada, billing):
    SiteSettings.objects.update(most_open_tickets=1, tells_over_limit=False)
    Mailbox.objects.create(name="support", address=SUPPORT, department=billing)

    state = receive(BytesIO(mail("Hi")), mailbox_name="support").state

    assert state == IncomingState.QUARANTINED
    assert not OutgoingMail.objects.filter(template=Template.OVER_LIMIT).exists()


def test_what_answers_a_ticket_closed_too_long_ago_waits_as_well_until_it_is_let_through(
    ticket, ada, topic, grace, billing, admin_user
):
    Mailbox.objects.create(name="support", address=SUPPORT, department=billing)
    actions.reply_and_resolve(ticket=ticket, text="Paid back.", by=cast.principal(grace), at=MONDAY)
    actions.close(ticket=ticket, by=Principal.requester(ada), at=MONDAY)
    cast.make_ticket(ada, topic)
    SiteSettings.objects.update(most_open_tickets=1)

    row = receive(BytesIO(mail("Still wrong.", subject=f"Re: [#{ticket.number}] x")), mailbox_name="support")

    assert (row.state, row.reason) == (IncomingState.QUARANTINED, Reason.TOO_MANY_OPEN)
    assert OutgoingMail.objects.filter(template=Template.OVER_LIMIT).count() == 1
    ledger.let_through(row, by=Principal.administrator(admin_user), at=now())
    done = intake.take_in_at_once(IncomingMail.objects.get(pk=row.pk))
    assert (done.state, done.ticket.follow_up_of) == (IncomingState.TICKET, ticket)
