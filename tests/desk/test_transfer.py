"""Transfer, and the access it leaves."""

from collections.abc import Callable

import pytest

from accounts.models import User
from tests import cast
from tests.desk.conftest import AtDesk, offered, toasts
from tickets import actions
from tickets.errors import NotAllowed
from tickets.events import ref
from tickets.models import Department, EntryKind, HelpTopic, Referral, Status, Ticket

NOTE = "Coordinating with sys admin team 🔧"


def test_transferring_with_a_note_keeps_access_when_wanted(ticket: Ticket, desk: AtDesk, support: Department) -> None:
    answer = desk.send(ticket, "transfer", department=support.pk, note=NOTE, keep_access="on")

    ticket.refresh_from_db()
    assert (ticket.department, ticket.status, ticket.assignee) == (support, Status.OPEN, None)
    assert ticket.entries.get(kind=EntryKind.NOTE).text == NOTE
    assert toasts(answer) == [f"#{ticket.number} transferred to Support"]
    assert answer["Location"].endswith(f"/desk/tickets/{ticket.number}/")
    assert (
        "transferred the ticket from <b><bdi>Billing</bdi></b> to <b><bdi>Support</bdi></b>" in desk.look(ticket).text
    )


def test_without_access_the_way_leads_back_to_the_queue(ticket: Ticket, desk: AtDesk, support: Department) -> None:
    answer = desk.send(ticket, "transfer", "?queue=unassigned", department=support.pk)

    assert answer["Location"] == "/desk/queues/unassigned/"
    assert toasts(answer) == [f"#{ticket.number} transferred to Support"]
    assert desk.look(ticket).status_code == 404


def test_transferring_to_an_agent_of_the_department(
    ticket: Ticket, desk: AtDesk, support: Department, ken: User
) -> None:
    desk.send(ticket, "transfer", department=support.pk, assignee=ref(ken), keep_access="on")

    ticket.refresh_from_db()
    assert (ticket.department, ticket.status, ticket.assignee) == (support, Status.ASSIGNED, ken)
    page = desk.look(ticket).text
    assert "and kept access, and assigned it to <b><bdi>Ken</bdi></b>" in page


@pytest.mark.parametrize("department", ["", "x", "0", "99999999999999999999", "\x00"])
def test_a_made_up_department_is_refused_by_the_field_and_the_note_stays(
    ticket: Ticket, desk: AtDesk, billing: Department, department: str
) -> None:
    answer = desk.send(ticket, "transfer", department=department, note=NOTE)

    assert answer.status_code == 422
    assert "department" in answer.context["dialog"].form.errors
    assert NOTE in answer.text
    ticket.refresh_from_db()
    assert ticket.department == billing


def test_its_own_department_is_not_offered_and_an_archived_one_neither(
    ticket: Ticket, desk: AtDesk, support: Department, elsewhere: Department
) -> None:
    Department.objects.filter(pk=elsewhere.pk).update(archived_at=cast.MONDAY)

    form = desk.form(ticket, "transfer").context["dialog"].form

    assert list(form.fields["department"].queryset) == [support]
    for department in (ticket.department, elsewhere):
        assert desk.send(ticket, "transfer", department=department.pk).status_code == 422


def test_choosing_the_department_offers_its_agents_and_keeps_what_was_typed(
    ticket: Ticket, desk: AtDesk, support: Department, ken: User, linus: User
) -> None:
    answer = desk.send(ticket, "transfer", refresh="1", department=support.pk, note=NOTE)

    form = answer.context["dialog"].form
    assert answer.status_code == 200
    assert form.fields["assignee"].widget.choices[1:] == [("Support", [(ref(ken), "Ken")])]
    assert NOTE in answer.text
    assert form["keep_access"].value() is False
    ticket.refresh_from_db()
    assert ticket.department.name == "Billing"


def test_among_many_agents_of_the_department_the_others_are_found_by_name(
    ticket: Ticket, desk: AtDesk, support: Department, ken: User
) -> None:
    crowd = [cast.make_agent(f"Agent {n:03}", support) for n in range(60)]

    chosen = desk.send(ticket, "transfer", refresh="1", department=support.pk)
    found = desk.send(ticket, "transfer", refresh="1", department=support.pk, find="agent 059", note=NOTE)
    desk.send(ticket, "transfer", department=support.pk, find="agent 059", assignee=ref(crowd[59]))

    assert len(offered(chosen, "assignee")) == 50
    assert "The list shows the first 50." in chosen.text
    assert offered(found, "assignee") == [ref(crowd[59])]
    assert NOTE in found.text
    ticket.refresh_from_db()
    assert ticket.assignee == crowd[59]


def test_among_many_departments_the_others_are_found_by_name(ticket: Ticket, desk: AtDesk, support: Department) -> None:
    Department.objects.bulk_create(Department(name=f"Branch {n:03}") for n in range(220))
    last = Department.objects.get(name="Branch 219")

    form = desk.form(ticket, "transfer")
    found = desk.send(ticket, "transfer", refresh="1", find_department="branch 219", department=support.pk)
    desk.send(ticket, "transfer", find_department="branch 219", department=last.pk, keep_access="on")

    assert len(offered(form, "department")) == 200
    # What was chosen before stays chosen until something else is.
    assert offered(found, "department") == [str(support.pk), str(last.pk)]
    ticket.refresh_from_db()
    assert ticket.department == last


def test_somebody_of_another_department_cannot_be_named(
    ticket: Ticket, desk: AtDesk, support: Department, linus: User
) -> None:
    answer = desk.send(ticket, "transfer", department=support.pk, assignee=ref(linus))

    assert answer.status_code == 422
    assert "Choose somebody who works in Support." in answer.text
    ticket.refresh_from_db()
    assert ticket.department.name == "Billing"


def test_access_that_a_transfer_left_can_be_removed(
    ticket: Ticket, desk: AtDesk, ken: User, support: Department, at_desk: Callable[[User], AtDesk]
) -> None:
    desk.send(ticket, "transfer", department=support.pk, keep_access="on")
    his = at_desk(ken)
    assert "Remove the access of Grace" in his.look(ticket).text
    assert "Remove the access of Grace" not in desk.look(ticket).text

    for referral in Referral.objects.all():
        answer = his.send(ticket, "remove-referral", referral=referral.pk)
        assert toasts(answer) == [f"Access of {referral.holder} to #{ticket.number} removed"]

    assert desk.look(ticket).status_code == 404
    assert "removed the access of <b><bdi>Grace</bdi></b>" in his.look(ticket).text


@pytest.mark.parametrize("referral", ["", "x", "0", "99999999999999999999"])
def test_access_that_is_none_cannot_be_removed(ticket: Ticket, desk: AtDesk, referral: str) -> None:
    assert desk.send(ticket, "remove-referral", referral=referral).status_code == 404


def test_access_to_another_ticket_cannot_be_removed_from_here(
    ticket: Ticket, desk: AtDesk, ada: User, topic: object, support: Department
) -> None:
    other = cast.make_ticket(ada, topic)
    desk.send(other, "transfer", department=support.pk, keep_access="on")

    answer = desk.send(ticket, "remove-referral", referral=Referral.objects.all()[0].pk)

    assert answer.status_code == 404
    assert Referral.objects.count() == 2


def test_who_kept_access_cannot_take_it_from_others(ticket: Ticket, desk: AtDesk, support: Department) -> None:
    desk.send(ticket, "transfer", department=support.pk, keep_access="on")

    answer = desk.send(ticket, "remove-referral", referral=Referral.objects.all()[0].pk)

    assert toasts(answer) == ["Your role in this department does not include this."]
    assert Referral.objects.count() == 2


def test_the_queue_handed_over_says_who_has_it_now(
    ticket: Ticket, desk: AtDesk, ken: User, support: Department
) -> None:
    desk.send(ticket, "transfer", department=support.pk, keep_access="on")
    assert "Nobody in Support has it yet" in desk.client.get("/desk/queues/handed-over/").text

    ticket.refresh_from_db()
    actions.claim(ticket=ticket, by=cast.principal(ken), at=cast.TUESDAY)

    assert "With Ken, Support" in desk.client.get("/desk/queues/handed-over/").text


def test_departments_and_topics_are_named_with_what_they_are_below(
    ticket: Ticket, desk: AtDesk, support: Department, topic: HelpTopic
) -> None:
    berlin = Department.objects.create(name="Berlin", parent=support)
    below = HelpTopic.objects.create(name="Refunds", parent=topic)
    found = desk.send(ticket, "transfer", refresh="1", find_department="port / ber")
    assert offered(found, "department") == [str(berlin.pk)]
    assert "Support / Berlin" in found.text

    answer = desk.send(ticket, "transfer", department=berlin.pk, keep_access="on")
    desk.client.get("/desk/")

    assert toasts(answer) == [f"#{ticket.number} transferred to Support / Berlin"]
    Ticket.objects.filter(pk=ticket.pk).update(department=ticket.department_id, topic=below)
    page = desk.look(ticket).text
    assert "Invoices / Refunds" in page
    assert "to <b><bdi>Support / Berlin</bdi></b>" in page


@pytest.mark.parametrize("name", ["transfer", "topic"])
def test_what_is_disabled_is_offered_to_nobody(ticket: Ticket, desk: AtDesk, support: Department, name: str) -> None:
    rows = Department if name == "transfer" else HelpTopic
    row = rows.objects.create(name="Gone soon")
    field = "department" if name == "transfer" else "to"
    assert str(row.pk) in offered(desk.form(ticket, name), field)

    rows.objects.filter(pk=row.pk).update(disabled_at=cast.MONDAY)

    assert str(row.pk) not in offered(desk.form(ticket, name), field)
    assert desk.send(ticket, name, **{field: row.pk}).status_code == 422


def test_an_agent_on_vacation_is_given_nothing(ticket: Ticket, desk: AtDesk, billing: Department) -> None:
    mia = cast.make_agent("Mia", billing)
    User.objects.filter(pk=mia.pk).update(on_vacation=True)

    mia.refresh_from_db()
    assert desk.send(ticket, "assign", to=ref(mia)).status_code == 422
    with pytest.raises(NotAllowed, match="Mia is on vacation"):
        actions.assign(ticket=ticket, to=mia, by=cast.principal(desk.agent), at=cast.MONDAY)
