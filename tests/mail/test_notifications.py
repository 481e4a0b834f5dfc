"""Who is told what: the outbox after each deed."""

from uuid import uuid4

import pytest

from accounts.principal import Principal
from core.models import SiteSettings
from mail import notifications, outbox
from mail.models import Fault, MailState, OutgoingMail, Suppressed, Template
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY, TUESDAY
from tickets import actions
from tickets.models import (
    Cause,
    CloseReason,
    DepartmentAccess,
    FailedHandler,
    Participant,
    Ticket,
    TicketClock,
    TicketTimer,
)
from tickets.models.people import Part

ADA, GRACE, KEN = "ada@example.org", "grace@example.com", "ken@example.com"


@pytest.fixture
def bob(ticket):
    """Takes part in Ada's ticket."""
    bob = cast.make_person("bob@example.org", "Bob")
    Participant.objects.create(
        ticket=ticket, user=bob, address=cast.address_for(bob), role=Part.COLLABORATOR, added_at=MONDAY
    )
    return bob


@pytest.fixture
def mia(billing):
    """A second agent in Billing, who wants no mail about new tickets."""
    mia = cast.make_agent("Mia", billing)
    DepartmentAccess.objects.filter(agent=mia).update(alerts=False)
    return mia


def test_opening_tells_the_requester_and_the_departments_agents(grace, mia, linus, ada, topic, told):
    cast.make_ticket(ada, topic)

    assert told() == {ADA: Template.TICKET_OPENED, GRACE: Template.ALERT_NEW}


def test_opened_by_an_agent_it_tells_the_requester_and_not_that_agent(grace, ada, topic, told):
    cast.make_ticket(ada, topic, by=Principal.agent(grace))

    assert told() == {ADA: Template.TICKET_OPENED_FOR}


def test_a_reply_tells_all_participants(ticket, bob, grace, told):
    told()

    actions.reply(ticket=ticket, text="Here it is.", by=Principal.agent(grace), at=TUESDAY)

    assert told() == {ADA: Template.TICKET_REPLY, "bob@example.org": Template.TICKET_REPLY}


def test_reply_and_resolve_is_one_mail(ticket, grace, told):
    told()

    actions.reply_and_resolve(ticket=ticket, text="Fixed.", by=Principal.agent(grace), at=TUESDAY)

    assert told() == {ADA: Template.TICKET_REPLY}
    assert OutgoingMail.objects.filter(recipient=ADA).count() == 2


def test_resolving_without_a_reply_tells_that_it_is_resolved(ticket, grace, told):
    told()

    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=TUESDAY, resolution="Refunded.")

    assert told() == {ADA: Template.TICKET_RESOLVED}


def test_closing_by_silence_is_told(ticket, grace, told):
    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=TUESDAY, resolution="Refunded.")
    told()

    close_by_silence(ticket)

    assert told() == {ADA: Template.TICKET_CLOSED}


def test_closing_confirmed_by_the_requester_is_told_to_nobody(ticket, ada, bob, grace, told):
    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=TUESDAY, resolution="Refunded.")
    told()

    actions.close(ticket=ticket, by=Principal.requester(ada), at=TUESDAY + HOUR)

    assert told() == {}


@pytest.mark.parametrize("reason", CloseReason.for_unresolved())
def test_closing_unresolved_is_told_to_nobody(ticket, grace, told, reason):
    told()

    actions.close_unresolved(ticket=ticket, reason=reason, by=Principal.agent(grace), at=TUESDAY, note="junk")

    assert told() == {}


def test_a_note_is_mailed_to_nobody(ticket, bob, grace, told):
    told()

    actions.add_note(ticket=ticket, text="Looks like fraud.", by=Principal.agent(grace), at=TUESDAY)

    assert told() == {}


def test_a_note_is_mailed_to_whom_it_names(ticket, bob, grace, mia, told):
    told()

    actions.add_note(ticket=ticket, text="@Mia: looks like fraud.", by=Principal.agent(grace), at=TUESDAY)

    assert told() == {"mia@example.com": Template.ALERT_NOTE}


def test_a_message_goes_to_the_assignee(ticket, ada, grace, mia, told):
    actions.assign(ticket=ticket, to=mia, by=Principal.agent(grace), at=MONDAY)
    told()

    write(ticket, ada)

    assert told() == {"mia@example.com": Template.ALERT_MESSAGE}


def test_a_message_goes_to_the_team_if_nobody_in_it_has_the_ticket(ticket, ada, grace, mia, told):
    team = cast.make_team("Accountants", mia)
    actions.assign(ticket=ticket, to=team, by=Principal.agent(grace), at=MONDAY)
    told()

    write(ticket, ada)

    assert told() == {"mia@example.com": Template.ALERT_MESSAGE}


def test_a_message_to_a_ticket_of_nobody_goes_to_the_alerted_agents(ticket, ada, grace, mia, told):
    told()

    write(ticket, ada)

    assert told() == {GRACE: Template.ALERT_MESSAGE}


def test_a_message_is_told_to_the_others_who_take_part(ticket, bob, ada, grace, told):
    carol = cast.make_person("carol@example.org", "Carol")
    actions.add_collaborator(ticket=ticket, address=cast.address_for(carol), by=Principal.agent(grace), at=MONDAY)
    told()

    write(ticket, bob)

    assert told() == {
        ADA: Template.TICKET_MESSAGE,
        "carol@example.org": Template.TICKET_MESSAGE,
        GRACE: Template.ALERT_MESSAGE,
    }


def test_a_message_that_reopens_is_one_mail_to_each_of_the_others(ticket, bob, ada, grace, told):
    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=MONDAY, resolution="Refunded.")
    told()
    before = OutgoingMail.objects.count()

    write(ticket, ada)

    assert told() == {"bob@example.org": Template.TICKET_MESSAGE, GRACE: Template.ALERT_MESSAGE}
    assert OutgoingMail.objects.count() == before + 2


def test_an_agent_who_takes_part_too_gets_one_mail_of_a_message(ticket, ada, grace, told):
    actions.add_collaborator(ticket=ticket, address=cast.address_for(grace), by=Principal.agent(grace), at=MONDAY)
    told()
    before = OutgoingMail.objects.count()

    write(ticket, ada)

    assert told() == {GRACE: Template.ALERT_MESSAGE}
    assert OutgoingMail.objects.count() == before + 1


def test_where_the_department_leaves_it_out_a_message_is_told_to_agents_alone(ticket, bob, ada, grace, billing, told):
    type(billing).objects.filter(pk=billing.pk).update(tells_participants=False)
    told()

    write(ticket, ada)
    messages = told()
    actions.reply(ticket=ticket, text="Here it is.", by=Principal.agent(grace), at=TUESDAY)

    assert messages == {GRACE: Template.ALERT_MESSAGE}
    assert told() == {ADA: Template.TICKET_REPLY, "bob@example.org": Template.TICKET_REPLY}


def test_who_is_switched_off_or_left_hears_no_message(ticket, bob, ada, grace, told):
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    carol = cast.make_person("carol@example.org", "Carol")
    actions.add_collaborator(ticket=ticket, address=cast.address_for(carol), by=Principal.agent(grace), at=MONDAY)
    actions.leave(ticket=ticket, by=Principal.requester(carol), at=MONDAY)
    told()

    write(ticket, ada)

    assert told() == {GRACE: Template.ALERT_MESSAGE}


def test_a_message_does_not_go_to_an_assignee_who_left(ticket, ada, grace, mia, told):
    actions.assign(ticket=ticket, to=mia, by=Principal.agent(grace), at=MONDAY)
    type(mia).objects.filter(pk=mia.pk).update(is_active=False)
    told()

    write(ticket, ada)

    assert told() == {GRACE: Template.ALERT_MESSAGE}


def test_a_message_that_reopens_is_one_mail_to_the_assignee(ticket, ada, grace, told):
    actions.claim(ticket=ticket, by=Principal.agent(grace), at=MONDAY)
    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=MONDAY, resolution="Refunded.")
    told()
    before = OutgoingMail.objects.count()

    write(ticket, ada)

    assert told() == {GRACE: Template.ALERT_MESSAGE}
    assert OutgoingMail.objects.count() == before + 1


def test_reopening_by_an_agent_alerts_nobody(ticket, grace, mia, told):
    actions.claim(ticket=ticket, by=Principal.agent(grace), at=MONDAY)
    actions.resolve(ticket=ticket, by=Principal.agent(grace), at=MONDAY, resolution="Refunded.")
    told()

    actions.reopen(ticket=ticket, by=Principal.agent(mia), at=TUESDAY)

    assert told() == {}


def test_a_transfer_tells_the_new_departments_agents(ticket, grace, ken, support, told):
    told()

    actions.transfer(ticket=ticket, to=support, by=Principal.agent(grace), at=TUESDAY, note="Yours, I think.")

    assert told() == {KEN: Template.ALERT_TRANSFER}


def test_a_transfer_to_somebody_tells_only_them(ticket, grace, ken, support, told):
    sue = cast.make_agent("Sue", support)
    told()

    actions.transfer(ticket=ticket, to=support, by=Principal.agent(grace), at=TUESDAY, assignee=sue)

    assert told() == {"sue@example.com": Template.ALERT_TRANSFER}


def test_an_assignment_tells_the_agent(ticket, grace, mia, told):
    told()

    actions.assign(ticket=ticket, to=mia, by=Principal.agent(grace), at=TUESDAY)

    assert told() == {"mia@example.com": Template.ALERT_ASSIGNED}


def test_an_assignment_to_a_team_tells_its_other_members(ticket, grace, mia, told):
    told()

    actions.assign(ticket=ticket, to=cast.make_team("Accountants", grace, mia), by=Principal.agent(grace), at=TUESDAY)

    assert told() == {"mia@example.com": Template.ALERT_ASSIGNED}


def test_claiming_tells_nobody(ticket, grace, mia, told):
    told()

    actions.claim(ticket=ticket, by=Principal.agent(grace), at=TUESDAY)

    assert told() == {}


@pytest.mark.parametrize("late", [50 * MINUTE, 61 * MINUTE])
def test_a_clock_tells_whoever_has_the_ticket(ticket, grace, mia, told, late):
    actions.assign(ticket=ticket, to=mia, by=Principal.agent(grace), at=MONDAY)
    told()

    cast.run_clock(ticket, at=MONDAY + late)

    assert told() == {"mia@example.com": Template.ALERT_CLOCK}


def test_a_clock_of_a_ticket_of_nobody_tells_the_department(ticket, grace, mia, told):
    told()

    cast.run_clock(ticket, at=MONDAY + HOUR)

    assert told() == {GRACE: Template.ALERT_CLOCK}


def test_handlers_may_run_twice(ticket, grace, told):
    told()
    entry = actions.reply(ticket=ticket, text="Here it is.", by=Principal.agent(grace), at=TUESDAY)
    event = ticket.events.get(kind="replied", data__entry=entry.number)
    before = OutgoingMail.objects.count()

    notifications.tell_reply(event)

    assert OutgoingMail.objects.count() == before


def test_a_handler_writes_rows_that_are_due_at_once(ticket):
    mail = OutgoingMail.objects.get(recipient=ADA)

    assert (mail.state, mail.why, mail.due_at) == (MailState.QUEUED, "", MONDAY)


def test_no_handler_fails_in_a_ticket_s_life(ticket, ada, grace):
    actions.reply_and_resolve(ticket=ticket, text="Fixed.", by=Principal.agent(grace), at=TUESDAY)
    write(ticket, ada)
    actions.reply_and_resolve(ticket=ticket, text="Now.", by=Principal.agent(grace), at=TUESDAY + 2 * HOUR)
    close_by_silence(ticket)

    assert not FailedHandler.objects.exists()


# --- What is not sent -----------------------------------------------------------------------------


def test_without_a_mail_server_rows_are_kept_and_never_sent(settings, ada, topic):
    settings.MAIL_URL = ""

    cast.make_ticket(ada, topic)

    mail = OutgoingMail.objects.get(recipient=ADA)
    assert (mail.state, mail.why, mail.due_at) == (MailState.SUPPRESSED, Suppressed.NO_SERVER, None)


def test_what_the_demo_does_is_never_sent(ada, topic):
    by = Principal(user=ada, face=Principal.requester(ada).face, cause=Cause.DEMO)

    cast.make_ticket(ada, topic, by=by)

    mail = OutgoingMail.objects.get(recipient=ADA)
    assert (mail.state, mail.why, mail.due_at) == (MailState.SUPPRESSED, Suppressed.DEMO, None)


def test_an_address_where_nobody_is_gets_nothing_however_long_ago_that_was_found_out(ada, topic):
    ada.addresses.update(bouncing_at=MONDAY - 400 * DAY)

    cast.make_ticket(ada, topic)

    assert OutgoingMail.objects.get(recipient=ADA).why == Suppressed.BOUNCING


def test_a_mail_to_a_full_mailbox_waits_with_it(ada, topic):
    ada.addresses.update(resting_until=MONDAY + HOUR, bounce_said="552 5.2.2 Over quota")

    cast.make_ticket(ada, topic)

    mail = OutgoingMail.objects.get(recipient=ADA)
    assert (mail.state, mail.fault, mail.due_at) == (MailState.DEFERRED, Fault.FULL, MONDAY + HOUR)
    assert mail.last_error == "552 5.2.2 Over quota"


def test_automatic_answers_to_an_unconfirmed_address_are_counted(ada, topic):
    for minute in range(outbox.ANSWERS_TO_ONE + 1):
        cast.make_ticket(ada, topic, at=MONDAY + minute * MINUTE)
    cast.make_ticket(ada, topic, at=MONDAY + 70 * MINUTE)

    whys = list(OutgoingMail.objects.filter(recipient=ADA).order_by("pk").values_list("why", flat=True))
    assert whys == [""] * outbox.ANSWERS_TO_ONE + [Suppressed.TOO_MANY, ""]


def test_messages_of_others_to_an_unconfirmed_address_are_counted_too(ticket, bob):
    for _ in range(outbox.ANSWERS_TO_ONE + 1):
        write(ticket, bob)

    mails = OutgoingMail.objects.filter(recipient=ADA, template=Template.TICKET_MESSAGE)
    assert mails.filter(why="").count() == outbox.ANSWERS_TO_ONE
    assert mails.filter(why=Suppressed.TOO_MANY).count() == 1


def test_a_confirmed_address_hears_all_messages_and_uses_up_nobody_s_answers(ticket, bob, ada, topic, monkeypatch):
    monkeypatch.setattr(outbox, "ANSWERS_TO_ALL", 3)
    for _ in range(outbox.ANSWERS_TO_ONE + 1):
        write(ticket, ada)
    carol = cast.make_person("carol@example.org", "Carol", confirmed=False)

    cast.make_ticket(carol, topic, at=TUESDAY + HOUR)

    assert not OutgoingMail.objects.exclude(why="").exists()
    assert OutgoingMail.objects.filter(recipient="bob@example.org").count() == outbox.ANSWERS_TO_ONE + 1


def test_a_confirmed_address_gets_all_its_answers(ada_confirmed, topic):
    for minute in range(outbox.ANSWERS_TO_ONE + 1):
        cast.make_ticket(ada_confirmed, topic, at=MONDAY + minute * MINUTE)

    assert not OutgoingMail.objects.exclude(why="").exists()


def test_links_that_anybody_can_ask_for_are_counted_even_for_confirmed_addresses(ticket, ada_confirmed):
    participant = ticket.participants.get()

    for _ in range(outbox.ANSWERS_TO_ONE + 1):
        notifications.send_link(participant, at=TUESDAY)

    assert OutgoingMail.objects.filter(template=Template.TICKET_LINK, why="").count() == outbox.ANSWERS_TO_ONE


def test_all_automatic_answers_together_have_a_breaker(ada, topic, monkeypatch):
    monkeypatch.setattr(outbox, "ANSWERS_TO_ALL", 3)
    for number in range(4):
        person = cast.make_person(f"p{number}@example.org", "P", confirmed=False)
        cast.make_ticket(person, topic)

    assert OutgoingMail.objects.filter(why=Suppressed.BREAKER).count() == 1


def test_a_link_asked_for_twice_is_mailed_twice(ticket, told):
    told()

    for _ in range(2):
        notifications.send_link(ticket.participants.get(), at=TUESDAY)

    assert OutgoingMail.objects.filter(template=Template.TICKET_LINK, recipient=ADA, ticket=ticket).count() == 2


def write(ticket, person, text="And now?", at=TUESDAY + HOUR, **more):
    actions.add_message(
        ticket=ticket,
        address=cast.address_for(person),
        text=text,
        source="web",
        by=Principal.requester(person),
        at=at,
        **more,
    )


def close_by_silence(ticket):
    timer = TicketTimer.objects.get(ticket=ticket)
    claim = uuid4()
    TicketTimer.objects.filter(pk=timer.pk).update(claim=claim)
    actions.let_time_act(timer=timer, claim=claim, at=timer.due_at)


# --- Departments, help topics and teams that want it otherwise ------------------------------------------


@pytest.mark.parametrize("what", ["topic", "department"])
def test_no_mail_confirms_a_ticket_where_none_is_wanted(what, grace, ada, topic, billing, told):
    quiet = topic if what == "topic" else billing
    type(quiet).objects.filter(pk=quiet.pk).update(acknowledges=False)
    topic.refresh_from_db()

    cast.make_ticket(ada, topic)

    assert told() == {GRACE: Template.ALERT_NEW}


def test_the_site_can_leave_every_confirmation_out(grace, ada, topic, told):
    SiteSettings.objects.update(acknowledges=False)

    cast.make_ticket(ada, topic)

    assert told() == {GRACE: Template.ALERT_NEW}


def test_the_site_can_leave_out_what_agents_open_for_somebody_and_nothing_else(grace, ada, topic, told):
    SiteSettings.objects.update(tells_opened_for=False)

    cast.make_ticket(ada, topic, by=Principal.agent(grace))
    by_agent = told()
    cast.make_ticket(ada, topic)

    assert by_agent == {}
    assert told() == {ADA: Template.TICKET_OPENED, GRACE: Template.ALERT_NEW}


# --- Confirming a message to who wrote it (PARITY N10, D07) --------------------------------------------


@pytest.fixture
def confirms(grace, db):
    SiteSettings.objects.update(acknowledges_messages=True)


def test_a_message_is_not_confirmed_as_long_as_nobody_wants_it(ticket, grace, ada, told):
    told()

    write(ticket, ada)

    assert told() == {GRACE: Template.ALERT_MESSAGE}


@pytest.mark.usefixtures("confirms")
def test_a_message_is_confirmed_to_who_wrote_it_and_told_to_the_others(ticket, ada, bob, told):
    told()

    write(ticket, bob)

    assert told() == {
        ADA: Template.TICKET_MESSAGE,
        "bob@example.org": Template.MESSAGE_RECEIVED,
        GRACE: Template.ALERT_MESSAGE,
    }


@pytest.mark.usefixtures("confirms")
@pytest.mark.parametrize("what", ["topic", "department"])
def test_a_message_is_not_confirmed_where_topic_or_department_leave_it_out(what, ticket, ada, topic, billing, told):
    quiet = topic if what == "topic" else billing
    type(quiet).objects.filter(pk=quiet.pk).update(acknowledges_messages=False)
    told()

    write(Ticket.objects.get(pk=ticket.pk), ada)

    assert told() == {GRACE: Template.ALERT_MESSAGE}


@pytest.mark.usefixtures("confirms")
def test_messages_are_confirmed_once_an_hour_for_a_ticket(ticket, ada, topic, told):
    other = cast.make_ticket(ada, topic)
    told()

    write(ticket, ada)
    write(ticket, ada, at=TUESDAY + HOUR + 59 * MINUTE)
    write(other, ada, at=TUESDAY + HOUR + 59 * MINUTE)
    within = confirmed()
    write(ticket, ada, at=TUESDAY + 2 * HOUR + MINUTE)

    assert within == [ticket.pk, other.pk]
    assert confirmed() == [ticket.pk, other.pk, ticket.pk]


@pytest.mark.usefixtures("confirms")
def test_a_message_that_a_program_wrote_is_not_confirmed(ticket, ada, told):
    told()

    write(ticket, ada, acknowledges=False)

    assert told() == {GRACE: Template.ALERT_MESSAGE}


@pytest.mark.usefixtures("confirms")
def test_the_handler_run_again_confirms_nothing_again(ticket, ada):
    write(ticket, ada)

    notifications.acknowledge_message(ticket.events.get(kind="message_added"))

    assert confirmed() == [ticket.pk]


def test_the_site_can_tell_messages_to_nobody_but_agents(ticket, bob, ada, grace, told):
    SiteSettings.objects.update(tells_participants=False)
    told()

    write(ticket, ada)

    assert told() == {GRACE: Template.ALERT_MESSAGE}


def confirmed() -> list[int]:
    """Return the tickets in which a message was confirmed, in order."""
    rows = OutgoingMail.objects.filter(template=Template.MESSAGE_RECEIVED).order_by("pk")
    return list(rows.values_list("ticket", flat=True))


# --- Who is told where the topic names somebody ---------------------------------------------------------


def test_a_ticket_that_is_given_to_somebody_at_once_tells_only_them(grace, mia, ada, topic, told):
    topic.assignee = mia
    topic.save()

    cast.make_ticket(ada, topic)

    assert told() == {ADA: Template.TICKET_OPENED, "mia@example.com": Template.ALERT_ASSIGNED}


def test_where_whom_the_topic_names_was_skipped_the_department_is_told(grace, linus, ada, topic, told):
    topic.assignee = linus
    topic.save()

    cast.make_ticket(ada, topic)

    assert told() == {ADA: Template.TICKET_OPENED, GRACE: Template.ALERT_NEW}


def test_a_team_without_alerts_is_told_of_no_assignment(ticket, grace, mia, told):
    team = cast.make_team("Refunds", mia)
    team.alerts = False
    team.save()
    told()

    actions.assign(ticket=ticket, to=team, by=Principal.agent(grace), at=TUESDAY)

    assert told() == {}


def test_who_is_on_vacation_gets_no_alerts(ticket, grace, mia, ada, told):
    actions.assign(ticket=ticket, to=mia, by=Principal.agent(grace), at=MONDAY)
    mia.on_vacation = True
    mia.save()
    told()

    actions.add_message(
        ticket=ticket,
        address=cast.address_for(ada),
        text="Hello?",
        source="web",
        by=Principal.requester(ada),
        at=TUESDAY,
    )

    # Whoever else works there hears it instead.
    assert told() == {GRACE: Template.ALERT_MESSAGE}


def test_a_broken_promise_is_told_to_the_manager_and_the_lead(ticket, grace, mia, ken, billing, told):
    team = cast.make_team("Refunds", mia, grace)
    team.lead, billing.manager = grace, ken
    team.save()
    billing.save()
    actions.assign(ticket=ticket, to=mia, by=Principal.agent(grace), at=MONDAY)
    Ticket.objects.filter(pk=ticket.pk).update(team=team)
    clock = TicketClock.objects.get(ticket=ticket, target="first_response")
    told()

    lately = {}
    for at in (clock.due_at, clock.deadline_at):
        claim = uuid4()
        TicketClock.objects.filter(pk=clock.pk).update(claim=claim)
        actions.breach_or_warn(clock=TicketClock.objects.get(pk=clock.pk), claim=claim, at=at)
        lately[at] = set(told())

    assert lately == {clock.due_at: {"mia@example.com"}, clock.deadline_at: {"mia@example.com", GRACE, KEN}}
