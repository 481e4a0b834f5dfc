"""What the database itself refuses, whoever writes to it."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.models import Address
from core.models import SiteSettings
from sla.models import Priority, SLAPlan, Target
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY, address_for
from tickets.models import (
    CloseReason,
    Department,
    DepartmentAccess,
    EntryKind,
    Participant,
    Referral,
    Source,
    Status,
    ThreadEntry,
    Ticket,
    TicketClock,
    TicketEvent,
    TicketTimer,
)


def refused(write) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        write()


def set_row(ticket, **fields):
    Ticket.objects.filter(pk=ticket.pk).update(**fields)


def test_assigned_has_an_agent_or_a_team(ticket, grace, accountants):
    refused(lambda: set_row(ticket, status=Status.ASSIGNED))

    set_row(ticket, status=Status.ASSIGNED, assignee=grace)
    set_row(ticket, assignee=None, team=accountants)
    refused(lambda: set_row(ticket, team=None))


def test_open_has_neither(ticket, grace, accountants):
    refused(lambda: set_row(ticket, assignee=grace))
    refused(lambda: set_row(ticket, team=accountants))


def test_resolved_has_its_time(ticket):
    refused(lambda: set_row(ticket, status=Status.RESOLVED))

    set_row(ticket, status=Status.RESOLVED, resolved_at=MONDAY)


def test_closed_has_its_time_and_its_reason(ticket):
    refused(lambda: set_row(ticket, status=Status.CLOSED))
    refused(lambda: set_row(ticket, status=Status.CLOSED, closed_at=MONDAY))
    refused(lambda: set_row(ticket, status=Status.CLOSED, close_reason=CloseReason.SPAM))

    set_row(ticket, status=Status.CLOSED, close_reason=CloseReason.SPAM, closed_at=MONDAY)


def test_numbers_are_unique(ticket, ada, topic):
    other = cast.make_ticket(ada, topic)

    refused(lambda: set_row(other, number=ticket.number))


def test_entries_and_events_are_numbered_once(ticket, ada):
    def entry():
        return ThreadEntry.objects.create(
            ticket=ticket,
            origin_ticket=ticket,
            number=1,
            kind=EntryKind.MESSAGE,
            author=ada,
            source=Source.WEB,
            created_at=MONDAY,
        )

    refused(entry)
    refused(lambda: TicketEvent.objects.create(ticket=ticket, number=1, kind="opened", deed=ticket.pk, at=MONDAY))


def test_a_form_is_sent_once_by_one_person(ticket, ada, grace):
    ThreadEntry.objects.update(request_key="form")

    def entry(author):
        return ThreadEntry.objects.create(
            ticket=ticket,
            origin_ticket=ticket,
            number=2,
            kind=EntryKind.MESSAGE,
            author=author,
            source=Source.WEB,
            created_at=MONDAY,
            request_key="form",
        )

    refused(lambda: entry(ada))
    entry(grace)


def clock(ticket, **fields):
    return TicketClock.objects.create(
        **{
            "ticket": ticket,
            "target": Target.FIRST_RESPONSE,
            "plan": ticket.sla_plan,
            "within": HOUR,
            "started_at": MONDAY,
            "warn_at": MONDAY,
            "deadline_at": MONDAY + HOUR,
        }
        | fields
    )


def test_a_promise_runs_once(ticket):
    refused(lambda: clock(ticket))

    clock(ticket, stopped_at=TUESDAY, outcome="met")


def test_a_clock_stops_with_an_outcome_and_only_then_has_one(ticket):
    refused(lambda: clock(ticket, stopped_at=TUESDAY))
    refused(lambda: clock(ticket, target=Target.NEXT_RESPONSE, outcome="met"))


def test_a_clock_has_one_open_span(ticket):
    running = ticket.clocks.first()

    refused(lambda: running.spans.create(started_at=TUESDAY, cause="x"))
    running.spans.create(started_at=TUESDAY, ended_at=TUESDAY, cause="x")


def test_one_timer_of_a_kind(ticket):
    TicketTimer.objects.create(ticket=ticket, kind="close")

    refused(lambda: TicketTimer.objects.create(ticket=ticket, kind="close"))


def test_a_referral_is_to_exactly_one(ticket, ken, support, accountants):
    def refer(**to):
        return Referral.objects.create(ticket=ticket, created_at=MONDAY, **to)

    refused(refer)
    refused(lambda: refer(agent=ken, department=support))
    refused(lambda: refer(agent=ken, team=accountants))
    for to in ({"agent": ken}, {"department": support}, {"team": accountants}):
        refer(**to)
        refused(lambda to=to: refer(**to))


def test_a_ticket_has_one_requester_and_everybody_one_part(ticket, ada, ken):
    def take_part(user, role):
        return Participant.objects.create(
            ticket=ticket, user=user, address=address_for(user), role=role, added_at=MONDAY
        )

    refused(lambda: take_part(ken, "requester"))
    refused(lambda: take_part(ada, "collaborator"))
    take_part(ken, "collaborator")


def test_there_is_one_default_of_each_and_one_row_of_settings(support, billing):
    refused(lambda: Department.objects.filter(pk=billing.pk).update(is_default=True))
    refused(lambda: Priority.objects.filter(name="Low").update(is_default=True))
    refused(lambda: SLAPlan.objects.create(name="Second default", is_default=True))
    refused(lambda: SiteSettings.objects.create(pk=2))


def test_an_agent_has_one_role_in_a_department(grace, billing):
    refused(lambda: cast.give_access(grace, billing))


def test_addresses_are_lower_case_one_per_mailbox_and_one_primary(ada, ken):
    refused(lambda: Address.objects.create(email="Ada2@example.org", user=ada))
    refused(lambda: Address.objects.create(email="ada@example.org", user=ken))
    refused(lambda: Address.objects.create(email="ada2@example.org", user=ada, is_primary=True))


def test_what_a_ticket_needs_cannot_be_deleted(ticket, ada, billing, topic, plan):
    for row in (ada, ada.addresses.get(), billing, topic, plan, ticket.priority):
        with pytest.raises(ProtectedError):
            row.delete()


def test_nothing_deletes_a_ticket_by_cascade(ticket):
    with pytest.raises(ProtectedError):
        ticket.delete()


def test_access_goes_with_the_agent_and_leaves_tickets_alone(ticket, linus):
    linus.delete()

    assert not DepartmentAccess.objects.filter(agent=linus.pk).exists()
    assert Ticket.objects.filter(pk=ticket.pk).exists()
