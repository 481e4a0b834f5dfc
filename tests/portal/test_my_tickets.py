"""The tickets of people with an account: the list, each ticket's page, and what an organisation shares."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Address
from portal import listing
from tests import cast
from tests.cast import DAY, HOUR, MONDAY, address_for
from tickets import actions
from tickets.models import Status, Ticket, TicketQuerySet

LIST_BUDGET = 12
TICKET_BUDGET = 20


@pytest.fixture
def adas(ada_confirmed, sign_in):
    """Ada's browser, signed in."""
    return sign_in(ada_confirmed)


def shown(answer) -> list[str]:
    """Return the numbers of the tickets in the list, in order."""
    assert answer.status_code == 200
    return re.findall(r'class="t-subject" href="/tickets/([^/"]+)/"', answer.content.decode())


def make(ada, topic, subject="The invoice is wrong", at=MONDAY, **given) -> Ticket:
    return cast.make_ticket(ada, topic, subject=subject, at=at, **given)


def close(ticket, grace) -> None:
    actions.close_unresolved(ticket=ticket, reason="other", by=cast.principal(grace), at=ticket.opened_at + HOUR)


# --- The list ------------------------------------------------------------------------------------------


def test_somebody_who_is_not_signed_in_signs_in_first_and_comes_back(browser, ticket):
    assert browser.get("/tickets/")["Location"] == "/accounts/login/?next=/tickets/"
    there = f"/tickets/{ticket.number}/"
    assert browser.get(there)["Location"] == f"/accounts/login/?next={there}"
    assert browser.post(f"{there}message/", {"text": "Hm."})["Location"] == f"/accounts/login/?next={there}"


def test_one_sees_one_s_own_and_nobody_else_s(adas, ada, ticket, topic, linus):
    make(linus, topic)

    assert shown(adas.get("/tickets/")) == [ticket.number]


def test_what_one_takes_part_in_is_among_them(sign_in, ticket, ada):
    bob = cast.make_person("bob@example.org", "Bob")
    actions.add_collaborator(ticket=ticket, address=address_for(bob), by=cast.principal(ada), at=MONDAY)

    assert shown(sign_in(bob).get("/tickets/")) == [ticket.number]


def test_an_agent_finds_what_they_asked_and_not_what_they_work_on(sign_in, ticket, grace, topic):
    asked = make(grace, topic)

    assert shown(sign_in(grace).get("/tickets/?state=all")) == [asked.number]


def test_open_comes_first_and_each_state_has_its_count(adas, ada, topic, grace):
    first, second, third = (make(ada, topic, at=MONDAY + n * DAY) for n in range(3))
    close(second, grace)

    answer = adas.get("/tickets/")

    assert shown(answer) == [third.number, first.number]
    assert shown(adas.get("/tickets/?state=closed")) == [second.number]
    assert len(shown(adas.get("/tickets/?state=all"))) == 3
    assert [state["count"] for state in answer.context["listing"].states] == ["2", "1", "3"]


def test_counting_has_an_end(adas, ada, topic, monkeypatch):
    monkeypatch.setattr(listing, "COUNT_LIMIT", 2)
    for _ in range(3):
        make(ada, topic)

    counts = [state["count"] for state in adas.get("/tickets/").context["listing"].states]

    assert counts == ["2", "0", "2"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("printer", ["Printer on fire"]),
        ("FIRE printer", ["Printer on fire"]),
        ("printer invoice", []),
        ("100%", ["It costs 100% more"]),
        ("%", ["It costs 100% more"]),
        ("\x00", ["It costs 100% more", "Printer on fire"]),
        ("x" * 5000, []),
    ],
)
def test_words_of_the_summary_find_it(adas, ada, topic, search, found):
    make(ada, topic, "Printer on fire")
    make(ada, topic, "It costs 100% more")

    answer = adas.get("/tickets/", {"q": search})

    assert sorted(Ticket.objects.get(number=number).subject for number in shown(answer)) == found


def test_the_number_finds_it_with_and_without_its_mark(adas, ada, topic):
    make(ada, topic)
    second = make(ada, topic)

    assert shown(adas.get("/tickets/", {"q": second.number})) == [second.number]
    assert shown(adas.get("/tickets/", {"q": f"#{second.number}"})) == [second.number]


def test_what_is_searched_for_stands_in_the_field_and_is_no_markup(adas, ticket):
    answer = adas.get("/tickets/", {"q": '"><script>alert(1)</script>'}).content.decode()

    assert "<script>alert" not in answer
    assert "Nothing fits this search." in answer


def test_topics_narrow_the_list_and_internal_ones_are_not_told(adas, ada, topic):
    refunds, internal = cast.make_topic("Refunds"), cast.make_topic("Fraud suspected", is_public=False)
    about_refunds, first, hidden = make(ada, refunds), make(ada, topic), make(ada, topic)
    Ticket.objects.filter(pk=hidden.pk).update(topic=internal)

    answer = adas.get(f"/tickets/?topic={refunds.pk}")

    assert shown(answer) == [about_refunds.number]
    assert {one.name for one in answer.context["listing"].topics} == {"Invoices", "Refunds"}
    # Asked for by its number, it says nothing either: it is as if nothing was asked.
    assert len(shown(adas.get(f"/tickets/?topic={internal.pk}"))) == 3
    assert "Fraud" not in adas.get("/tickets/").content.decode()
    assert first.topic == topic


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("activity", ["b", "C", "a"]),
        ("newest", ["C", "b", "a"]),
        ("oldest", ["a", "b", "C"]),
        ("subject", ["a", "b", "C"]),
        ("number", ["a", "C", "b"]),
        ("status", ["C", "b", "a"]),
        ("no such order", ["b", "C", "a"]),
    ],
)
def test_the_list_is_sorted_as_asked(adas, ada, topic, grace, sort, order):
    made = {subject: make(ada, topic, subject, at=MONDAY + n * DAY) for n, subject in enumerate(["a", "b", "C"])}
    for subject, number in {"a": "99", "b": "101", "C": "100"}.items():
        Ticket.objects.filter(pk=made[subject].pk).update(number=number)
    actions.reply(ticket=made["b"], text="Soon.", by=cast.principal(grace), at=MONDAY + 9 * DAY)
    actions.claim(ticket=made["C"], by=cast.principal(grace), at=MONDAY + 3 * DAY)

    found = shown(adas.get("/tickets/", {"sort": sort}))

    assert [Ticket.objects.get(number=number).subject for number in found] == order


@pytest.mark.parametrize("sort", listing.SORTS)
def test_paging_shows_every_ticket_once_there_and_back(adas, ada, topic, monkeypatch, sort):
    monkeypatch.setattr(listing, "PAGE_ROWS", 3)
    # Equal in everything that can be sorted by but the number.
    expected = {make(ada, topic).number for _ in range(8)}

    there, url = [], f"/tickets/?sort={sort}"
    for _ in range(3):
        answer = adas.get(url)
        there.append(shown(answer))
        last, url = url, f"/tickets/{answer.context['listing'].older}"
    back = [shown(answer)]
    for _ in range(2):
        answer = adas.get(f"/tickets/{answer.context['listing'].newer}")
        back.append(shown(answer))

    assert sorted(number for page in there for number in page) == sorted(expected)
    assert back[::-1] == there
    assert not answer.context["listing"].newer
    assert not adas.get(last).context["listing"].older


def test_a_page_that_begins_with_a_ticket_one_does_not_see_is_the_first(adas, ticket, topic, linus):
    others = make(linus, topic)

    assert shown(adas.get(f"/tickets/?after={others.number}")) == [ticket.number]
    assert shown(adas.get("/tickets/?before=%00")) == [ticket.number]


def test_a_list_of_many_asks_no_more_than_one_of_few(adas, ada, topic):
    def queries() -> int:
        adas.get("/tickets/")
        with CaptureQueriesContext(connection) as asked:
            assert adas.get("/tickets/?q=i&sort=subject").status_code == 200
        return len(asked)

    make(ada, topic)
    few = queries()
    for n in range(30):
        make(ada, cast.make_topic(f"Topic {n}"))

    assert abs(queries() - few) <= 1
    assert few <= LIST_BUDGET


def test_nothing_there_says_so(adas):
    assert "No ticket is open." in adas.get("/tickets/").content.decode()
    assert "You have no tickets yet." in adas.get("/tickets/?state=all").content.decode()


def test_the_start_page_shows_the_newest_to_who_is_signed_in(adas, browser, ticket):
    assert shown(adas.get("/")) == [ticket.number]
    assert ticket.subject not in browser.get("/").content.decode()


# --- The ticket ----------------------------------------------------------------------------------------


def test_the_page_of_a_ticket_is_the_one_behind_its_link_with_addresses_of_its_own(adas, browser, page, answered):
    by_account = adas.get(f"/tickets/{answered.number}/").content.decode()
    by_link = browser.get(page).content.decode()

    assert "We look into it." in by_account
    assert "/t/" not in by_account
    assert "/tickets/" not in by_link
    assert f'action="/tickets/{answered.number}/message/"' in by_account


def test_who_is_signed_in_writes_and_closes_without_a_link(adas, ada, resolved):
    there = f"/tickets/{resolved.number}/"

    seen = adas.get(there).context["seen"]
    written = adas.post(f"{there}message/", {"text": "Not all of it.", "seen": seen})
    actions.resolve(ticket=resolved, by=cast.principal(resolved.assignee), at=timezone.now())
    closed = adas.post(f"{there}close/", {"seen": adas.get(there).context["seen"]})

    assert written["Location"] == f"{there}#e3"
    assert closed["Location"] == there
    entry = resolved.entries.latest("number")
    assert (entry.text, entry.author) == ("Not all of it.", ada)
    resolved.refresh_from_db()
    assert resolved.status == Status.CLOSED
    assert resolved.events.latest("number").face == "portal"


def test_signed_in_no_address_is_confirmed_by_writing(adas, ada_confirmed, topic):
    other = ada_confirmed.addresses.create(email="ada@home.example.org")
    ticket = make(ada_confirmed, topic, address=other)

    adas.post(f"/tickets/{ticket.number}/message/", {"text": "Hello."})

    other.refresh_from_db()
    assert ticket.entries.count() == 2
    assert not other.is_verified


@pytest.mark.parametrize("below", ["", "message/", "close/", "people/add/", "people/remove/", "people/leave/"])
def test_another_s_ticket_is_not_there(adas, topic, linus, below):
    others = make(linus, topic)

    there = f"/tickets/{others.number}/{below}"

    assert adas.get(there).status_code == 404
    assert adas.post(there, {"text": "Mine!", "email": "eve@example.org"}).status_code == 404
    assert others.events.count() == 1


def test_a_ticket_of_many_people_asks_no_more_than_one_of_few(adas, ticket, ada):
    def queries() -> int:
        adas.get(f"/tickets/{ticket.number}/")
        with CaptureQueriesContext(connection) as asked:
            assert adas.get(f"/tickets/{ticket.number}/").status_code == 200
        return len(asked)

    few = queries()
    for n in range(20):
        one = cast.make_person(f"one{n}@example.org", f"One {n}")
        actions.add_collaborator(ticket=ticket, address=address_for(one), by=cast.principal(ada), at=MONDAY)

    assert abs(queries() - few) <= 1
    assert few <= TICKET_BUDGET


# --- What others share ---------------------------------------------------------------------------------


@pytest.fixture
def colleague(sign_in, ticket, monkeypatch):
    """Cleo's browser: she sees Ada's ticket without taking part in it."""
    cleo = cast.make_person("cleo@example.org", "Cleo")
    real = TicketQuerySet.visible_to

    def visible_to(self, principal):
        seen = real(self, principal)
        return seen | self.live().filter(pk=ticket.pk) if principal.user == cleo else seen

    monkeypatch.setattr(TicketQuerySet, "visible_to", visible_to)
    return sign_in(cleo)


def test_what_is_shared_stands_apart_from_one_s_own(colleague, adas, ticket):
    assert shown(colleague.get("/tickets/organisation/")) == [ticket.number]
    assert shown(colleague.get("/tickets/?state=all")) == []
    assert "/tickets/organisation/" in colleague.get("/tickets/").content.decode()
    assert "/tickets/organisation/" not in adas.get("/tickets/").content.decode()
    assert "Ada" in colleague.get("/tickets/organisation/").content.decode()


def test_a_colleague_reads_and_writes_nothing(colleague, ticket):
    there = f"/tickets/{ticket.number}/"

    looked = colleague.get(there).content.decode()
    written = colleague.post(f"{there}message/", {"text": "Me too."})
    added = colleague.post(f"{there}people/add/", {"email": "eve@example.org"})

    assert "We were billed twice." in looked
    assert "which your organisation shares with you" in looked
    assert "<textarea" not in looked
    assert (written.status_code, added.status_code) == (409, 409)
    assert ticket.events.count() == 1
    assert not Address.objects.filter(email="eve@example.org").exists()
