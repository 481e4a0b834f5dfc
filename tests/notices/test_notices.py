"""Notices at the desk: who gets one, the bell, the list, and what is new."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Preferences
from helpdesk.relay import PERIODIC
from mail.models import OutgoingMail
from notices import reading, sweeping, telling
from notices.models import Notice
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY
from tickets import actions, wishes
from tickets.models import Alert, AlertRule, DepartmentAccess, TicketEvent

LIST, NEWS, READ = "/desk/notices/", "/desk/notices/news/", "/desk/notices/read/"


@pytest.fixture
def mia(billing):
    return cast.make_agent("Mia", billing)


@pytest.fixture
def desk(sign_in, grace):
    return sign_in(grace)


def of(agent):
    return list(Notice.objects.filter(agent=agent).order_by("pk").values_list("alert", flat=True))


def write(ticket, at=TUESDAY):
    address = ticket.participants.get().address
    by = cast.principal(address.user)
    actions.add_message(ticket=ticket, address=address, text="And now?", source="web", by=by, at=at)


# --- Who gets one ---------------------------------------------------------------------------------


def test_who_is_mailed_an_alert_gets_a_notice_too(grace, mia, linus, ticket):
    assert (of(grace), of(mia), of(linus)) == ([Alert.NEW], [Alert.NEW], [])


def test_nobody_gets_one_of_their_own_deed_nor_two_of_one(grace, mia, ticket):
    actions.assign(ticket=ticket, to=mia, by=cast.principal(grace), at=TUESDAY, note="@Mia: yours?")

    assert of(grace) == [Alert.NEW]
    assert of(mia) == [Alert.NEW, Alert.NOTE]


def test_a_handler_that_runs_twice_leaves_one(mia, ticket):
    telling.notify(TicketEvent.objects.get(ticket=ticket, kind="opened"))

    assert of(mia) == [Alert.NEW]


def test_each_channel_is_chosen_by_itself(grace, ada, topic):
    off = wishes.code(wishes.Channel.WEB, Alert.NEW, wishes.About.DEPARTMENT)
    Preferences.objects.create(agent=grace, alerts_off=[off])

    cast.make_ticket(ada, topic)

    assert of(grace) == []
    assert OutgoingMail.objects.filter(recipient="grace@example.com").exists()


def test_an_administrator_without_a_desk_gets_none(admin_user, ada, topic):
    AlertRule.objects.create(event=Alert.NEW, administrators=True)

    cast.make_ticket(ada, topic)

    assert of(admin_user) == []


# --- The bell and the list ---------------------------------------------------------------------------


def test_the_bell_counts_what_is_unread_and_opening_the_ticket_reads_it(desk, grace, ticket, ada, topic):
    cast.make_ticket(ada, topic)
    assert "Notices, 2 unread" in desk.get("/desk/agents/").content.decode()

    page = desk.get(f"/desk/tickets/{ticket.number}/").content.decode()

    assert "Notices, 1 unread" in page
    assert reading.unread(grace).count() == 1


def test_counting_ends_at_a_hundred(desk, grace, ticket):
    event = ticket.events.get(kind="opened")
    Notice.objects.bulk_create(
        Notice(agent=grace, ticket=ticket, event=event, deed=UUID(int=n), alert=Alert.NEW, created_at=MONDAY)
        for n in range(120)
    )

    assert "Notices, 99+ unread" in desk.get("/desk/agents/").content.decode()


def test_who_sees_the_desk_as_somebody_else_reads_nothing_for_them(sign_in, admin_user, grace, ticket):
    root = sign_in(admin_user)
    root.post(f"/admin/rights/see-as/{grace.pk}/")

    assert root.get(f"/desk/tickets/{ticket.number}/").status_code == 200

    assert reading.unread(grace).count() == 1


def test_the_list_says_what_happened_newest_first(desk, ticket):
    write(ticket)

    page = desk.get(LIST).content.decode()

    assert page.index("Ada wrote") < page.index("New ticket from Ada")
    assert f"#{ticket.number}" in page
    assert ticket.subject in page


def test_of_a_ticket_that_one_sees_no_more_nothing_is_said(desk, grace, ticket):
    DepartmentAccess.objects.filter(agent=grace).delete()

    for page in (desk.get(LIST), desk.get(LIST, headers={"HX-Request": "true"}), desk.get(f"{NEWS}?after=0")):
        words = page.content.decode()
        assert ticket.subject not in words
        assert ticket.number not in words
    assert "About a ticket that you do not see any more" in desk.get(LIST).content.decode()


def test_one_is_marked_as_read_or_all_that_were_shown(desk, grace, ticket, ada, topic):
    first = Notice.objects.get(agent=grace)
    cast.make_ticket(ada, topic)
    second = Notice.objects.filter(agent=grace).latest("pk")

    desk.post(READ, {"notice": first.pk})
    assert [one.pk for one in reading.unread(grace)] == [second.pk]
    cast.make_ticket(ada, topic)
    desk.post(READ, {"until": second.pk})

    assert reading.unread(grace).count() == 1
    assert not reading.unread(grace).filter(pk__lte=second.pk).exists()


@pytest.mark.parametrize("sent", [{}, {"notice": "x"}, {"until": "9" * 40}, {"notice": "-1"}])
def test_what_cannot_be_meant_marks_nothing(desk, grace, ticket, sent):
    assert desk.post(READ, sent).status_code == 302
    assert reading.unread(grace).count() == 1


def test_nobody_marks_the_notices_of_others(desk, mia, ticket):
    desk.post(READ, {"notice": Notice.objects.get(agent=mia).pk})
    desk.post(READ, {"until": Notice.objects.latest("pk").pk})

    assert reading.unread(mia).count() == 1


def test_what_is_new_is_announced_but_not_in_quiet_hours(desk, grace, ticket):
    newest = Notice.objects.filter(agent=grace).latest("pk").pk
    write(ticket)
    fresh = desk.get(f"{NEWS}?after={newest}").content.decode()
    Preferences.objects.create(agent=grace, quiet_hours={"1": ["00:00", "00:00"]})
    write(ticket, TUESDAY + HOUR)
    quiet = desk.get(f"{NEWS}?after={newest + 1}").content.decode()

    assert "Ada wrote" in fresh
    assert 'data-unread="2"' in fresh
    assert "data-toast" not in quiet
    assert 'data-unread="3"' in quiet
    assert "data-toast" not in desk.get(NEWS).content.decode()


def test_pages_of_the_list_cost_the_same_however_many_there_are(desk, grace, ada, topic):
    cast.make_ticket(ada, topic)
    desk.get(LIST)
    with CaptureQueriesContext(connection) as few:
        desk.get(LIST)
    for _ in range(4):
        cast.make_ticket(ada, topic)

    with CaptureQueriesContext(connection) as many:
        desk.get(LIST)

    assert len(many) == len(few)


# --- Sweeping -----------------------------------------------------------------------------------------


def test_old_ones_and_more_than_so_many_are_swept(grace, ada, topic, monkeypatch):
    monkeypatch.setattr(sweeping, "MOST_KEPT", 2)
    for day in (1, 50, 51, 52):
        cast.make_ticket(ada, topic, at=MONDAY + timedelta(days=day))
    newest = list(Notice.objects.filter(agent=grace).order_by("-pk").values_list("pk", flat=True))

    swept = sweeping.sweep(MONDAY + timedelta(days=100))

    assert swept == 2
    assert set(Notice.objects.filter(agent=grace).values_list("pk", flat=True)) == set(newest[:2])
    assert PERIODIC["sweep_notices"].run is sweeping.sweep
