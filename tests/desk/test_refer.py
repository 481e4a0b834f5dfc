"""Letting others read along, from the desk."""

import pytest

from tests import cast
from tests.desk.conftest import AtDesk, offered, toasts
from tickets.events import ref
from tickets.models import Referral


def test_a_department_reads_along(ticket, desk: AtDesk, support):
    answer = desk.send(ticket, "refer", to=ref(support), note="Yours, too?")

    assert answer.status_code == 302
    assert toasts(answer) == [f"Support reads #{ticket.number} along"]
    assert ticket.referrals.get().department == support
    page = desk.look(ticket).text
    assert "lets <b><bdi>Support</bdi></b> read along" in page
    assert "Yours, too?" in page


def test_the_list_leaves_out_who_has_access_and_the_department_itself(ticket, desk, support, linus, accountants):
    for held in ({"department": support}, {"agent": linus}, {"team": accountants}):
        Referral.objects.create(ticket=ticket, created_at=cast.MONDAY, **held)

    found = offered(desk.form(ticket, "refer"), "to")

    assert not {ref(support), ref(linus), ref(accountants), ref(ticket.department)} & set(found)


def test_who_sees_the_ticket_already_is_refused_by_the_field(ticket, desk, billing):
    asta = cast.make_agent("Asta", billing)

    answer = desk.send(ticket, "refer", to=ref(asta))

    assert answer.status_code == 422
    assert answer.context["dialog"].form.errors["to"] == ["Asta sees this ticket already."]
    assert not ticket.referrals.exists()


@pytest.mark.parametrize("to", ["", "user:0", "topic:1", "department:99999999999999999999", "\x00"])
def test_what_is_made_up_is_refused(ticket, desk, to):
    answer = desk.send(ticket, "refer", to=to)

    assert answer.status_code == 422
    assert not ticket.referrals.exists()


def test_among_many_a_name_is_found(ticket, desk):
    for number in range(55):
        cast.make_agent(f"Agent {number:02}")
    wanted = cast.make_agent("Zora Zacharias")

    first = desk.form(ticket, "refer")
    found = desk.send(ticket, "refer", refresh="1", find="zacha")

    assert ref(wanted) not in offered(first, "to")
    assert offered(found, "to") == [ref(wanted)]


def test_the_access_can_be_taken_away(ticket, desk, support):
    desk.send(ticket, "refer", to=ref(support))

    answer = desk.send(ticket, "remove-referral", referral=ticket.referrals.get().pk)

    assert toasts(answer) == [f"Access of Support to #{ticket.number} removed"]
    assert not ticket.referrals.exists()


def test_who_is_on_vacation_is_refused_by_name(ticket, desk, billing):
    away = cast.make_agent("Asta", billing)
    away.on_vacation = True
    away.save()

    answer = desk.send(ticket, "assign", to=ref(away))
    assert answer.context["dialog"].form.errors["to"] == ["Asta is on vacation."]
