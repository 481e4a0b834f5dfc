"""Seeing the desk as somebody else: what is seen, that nothing is done, when it ends, and what is kept of it."""

from datetime import timedelta

import pytest

from accounts import viewing
from accounts.models import AuditEvent, AuditKind, Preferences
from accounts.principal import Principal
from tests import cast
from tests.cast import MINUTE, MONDAY
from tickets import actions


@pytest.fixture
def clock(monkeypatch):
    """The time at which the pages look; `clock.at = …` moves it."""

    class Clock:
        at = MONDAY

        def __call__(self):
            return self.at

    told = Clock()
    monkeypatch.setattr("accounts.viewing.now", told)
    monkeypatch.setattr("helpdesk.rights.now", told)
    return told


@pytest.fixture
def rosa(admin_user, sign_in):
    return sign_in(admin_user)


def begin(client, agent):
    return client.post(f"/admin/rights/see-as/{agent.pk}/")


def kept():
    events = AuditEvent.objects.filter(kind=AuditKind.VIEWED_AS).order_by("pk")
    return [(one.by.name, one.target_id, one.changes["viewing"]) for one in events]


def test_the_desk_is_as_the_agent_sees_it(rosa, ticket, grace, linus):
    assert begin(rosa, grace)["Location"] == "/desk/"

    page = rosa.get(f"/desk/tickets/{ticket.number}/")

    assert page.status_code == 200
    assert page.context["user"] == grace
    assert "You see the desk as <b><bdi>Grace</bdi></b>" in page.text
    # No button that would do anything is offered.
    assert not page.context["deeds"]
    rosa.post("/admin/rights/see-as/end/")
    begin(rosa, linus)
    assert rosa.get(f"/desk/tickets/{ticket.number}/").status_code == 404


@pytest.mark.parametrize("page", ["/desk/queues/open/", "/admin/", "/", "/accounts/password/change/"])
def test_every_page_says_so_and_has_the_button_that_ends_it(page, rosa, grace):
    begin(rosa, grace)

    answer = rosa.get(page)

    assert answer.status_code == 200
    assert 'action="/admin/rights/see-as/end/"' in answer.text


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_sent(method, rosa, ticket, grace):
    begin(rosa, grace)

    for page in (f"/desk/tickets/{ticket.number}/claim/", "/new/", "/admin/accounts/role/add/", "/desk/"):
        answer = getattr(rosa, method)(page, "seen=1", content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 403
        assert "nothing can be done" in answer.text
    ticket.refresh_from_db()
    assert ticket.assignee is None
    assert not Preferences.objects.exists()


def test_beginning_and_ending_are_kept(rosa, admin_user, grace):
    begin(rosa, grace)
    answer = rosa.post("/admin/rights/see-as/end/", follow=True)

    assert "with your own eyes again" in answer.text
    name = admin_user.name
    assert kept() == [(name, grace.pk, [None, "began"]), (name, grace.pk, ["began", "ended"])]
    assert rosa.get("/desk/").status_code == 403


def test_ended_twice_is_ended_once(rosa, grace):
    begin(rosa, grace)

    for _time in range(2):
        assert rosa.post("/admin/rights/see-as/end/")["Location"] == "/admin/rights/see-as/"

    assert len(kept()) == 2


@pytest.mark.parametrize(("later", "goes_on"), [(29 * MINUTE, True), (30 * MINUTE, False), (timedelta(days=1), False)])
def test_it_ends_by_itself_after_half_an_hour(later, goes_on, rosa, grace, clock):
    begin(rosa, grace)

    clock.at = MONDAY + later

    assert (rosa.get("/desk/queues/open/").status_code == 200) is goes_on
    if not goes_on:
        last = AuditEvent.objects.filter(kind=AuditKind.VIEWED_AS).latest("pk")
        assert (last.at, last.changes) == (MONDAY + viewing.LASTS, {"viewing": ["began", "ended"]})


def test_what_is_sent_after_it_ended_by_itself_is_sent_as_oneself(rosa, grace, clock):
    begin(rosa, grace)
    clock.at = MONDAY + viewing.LASTS

    assert rosa.post("/desk/").status_code == 403
    assert kept()[-1][2] == ["began", "ended"]
    assert rosa.post("/admin/accounts/role/add/", {"name": "Fresh"}).status_code != 403


def test_it_ends_with_the_agent_being_switched_off(rosa, grace):
    begin(rosa, grace)
    grace.is_active = False
    grace.save()

    assert rosa.get("/desk/queues/open/").status_code == 403
    assert len(kept()) == 2


def test_it_ends_with_the_viewer_administering_no_more(rosa, admin_user, grace):
    begin(rosa, grace)
    admin_user.is_administrator = False
    admin_user.save()

    assert rosa.get("/desk/queues/open/").status_code == 403
    assert len(kept()) == 2


def test_signing_out_ends_it_too(rosa, grace):
    begin(rosa, grace)

    rosa.post("/accounts/logout/")

    assert len(kept()) == 2
    assert rosa.get("/desk/")["Location"].startswith("/accounts/login/")


def test_only_agents_can_be_seen_as_and_only_administrators_can(rosa, ada, grace, sign_in):
    gone = cast.make_agent("Gone", is_active=False)

    for person in (ada, gone):
        assert begin(rosa, person).status_code == 404
    assert begin(sign_in(grace), grace).status_code == 403
    assert kept() == []


def test_a_session_that_was_tampered_with_sees_nothing(rosa, grace, sign_in, linus):
    """Nobody writes sessions but us; still, what stands in one is no right by itself."""
    client = sign_in(linus)
    session = client.session
    session[viewing.KEY] = {"agent": grace.pk, "until": (MONDAY + timedelta(days=36500)).timestamp()}
    session.save()

    assert client.get("/desk/queues/open/").context["user"] == linus


def test_an_administrator_who_is_an_agent_has_their_own_rights_again(ticket, billing, linus, sign_in):
    both = cast.make_agent("Both", billing, is_administrator=True)
    client = sign_in(both)
    begin(client, linus)
    assert client.get(f"/desk/tickets/{ticket.number}/").status_code == 404

    client.post("/admin/rights/see-as/end/")

    actions.claim(ticket=ticket, by=Principal.agent(both), at=MONDAY)
    assert client.get(f"/desk/tickets/{ticket.number}/").status_code == 200


def test_agents_are_found_by_a_part_of_name_or_address(rosa, grace, linus, ada):
    by_name, by_address = rosa.get("/admin/rights/see-as/?q=rac"), rosa.get("/admin/rights/see-as/?q=linus@exa")

    assert by_name.context["people"] == [grace]
    assert by_address.context["people"] == [linus]
    assert rosa.get("/admin/rights/see-as/?q=Ada").context["people"] == []


def test_nobody_is_offered_themselves(ticket, billing, linus, sign_in):
    boss = cast.make_agent("Boss", billing, is_administrator=True)
    client = sign_in(boss)

    assert [one.display_name for one in client.get("/admin/rights/see-as/").context["people"]] == ["Linus"]
    assert begin(client, boss).status_code == 404


def test_the_list_has_an_end(rosa, django_assert_max_num_queries):
    for number in range(25):
        cast.make_agent(f"Agent {number:02}")
    # The first page of a session notes that it is in use.
    rosa.get("/admin/rights/see-as/")

    with django_assert_max_num_queries(6):
        page = rosa.get("/admin/rights/see-as/")

    assert len(page.context["people"]) == 20
    assert "There are more." in page.text
