"""Queues: what each holds, in which order, how it is paged, grouped and counted."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import Team, User
from accounts.principal import Principal
from tests import cast
from tests.cast import DAY, HOUR, MINUTE, MONDAY, TUESDAY, principal
from tickets import actions, counting, queues
from tickets.models import FAR_FUTURE, PAUSED, Awaiting, CloseReason, Department, HelpTopic, Source, Status, Ticket
from tickets.queues import Due, due_group


def numbers(slug: str, agent: User, at: datetime = MONDAY, **narrowed: Any) -> list[str]:
    queue = queues.BY_SLUG[slug]
    found = queue.tickets(principal(agent), at, **narrowed)
    cut = queue.first_by_grant(principal(agent), at, **narrowed)
    return [ticket.number for ticket in queues.read_page(queue, found, cut=cut).tickets]


# --- What they hold ------------------------------------------------------------------------------


def test_each_queue_holds_what_its_name_says(ada: User, grace: User, topic: HelpTopic, support: Department) -> None:
    by = principal(grace)
    new, mine, awaiting, third, asleep, given, resolved, closed = (cast.make_ticket(ada, topic) for _n in range(8))
    actions.claim(ticket=mine, by=by, at=MONDAY)
    actions.reply(ticket=awaiting, text="Which one?", by=by, at=MONDAY)
    actions.await_third_party(ticket=third, by=by, at=MONDAY)
    actions.snooze(ticket=asleep, until=TUESDAY, by=by, at=MONDAY)
    actions.transfer(ticket=given, to=support, by=by, at=MONDAY)
    actions.resolve(ticket=resolved, resolution="Done.", by=by, at=MONDAY)
    actions.close_unresolved(ticket=closed, reason=CloseReason.SPAM, by=by, at=MONDAY)

    held = {queue.slug: set(numbers(queue.slug, grace)) for queue in queues.QUEUES}

    assert held == {
        "open": {t.number for t in (new, mine, awaiting, third)},
        "mine": {mine.number},
        "unassigned": {t.number for t in (new, awaiting, third)},
        "overdue": set(),
        "awaiting-requester": {awaiting.number},
        "awaiting-third-party": {third.number},
        "snoozed": {asleep.number},
        "handed-over": {given.number},
        "resolved": {resolved.number},
        "closed": {closed.number},
    }


def all_pages(queue: queues.Queue, agent: User, **narrowed: Any) -> list[Ticket]:
    """Return the tickets of all pages of two, read on to the end."""
    sought = (principal(agent), MONDAY)
    found, cut = queue.tickets(*sought, **narrowed), queue.first_by_grant(*sought, **narrowed)
    tickets: list[Ticket] = []
    page = queues.read_page(queue, found, size=2, cut=cut)
    tickets += page.tickets
    while page.older:
        page = queues.read_page(queue, found, after=page.older, size=2, cut=cut)
        tickets += page.tickets
    return tickets


@pytest.mark.parametrize("sees_only_assigned", [False, True])
def test_grant_by_grant_an_agent_finds_what_they_may_see_once_and_in_order(
    ada: User, grace: User, topic: HelpTopic, support: Department, sees_only_assigned: bool
) -> None:
    """Departments, one's own, teams' and managed tickets overlap; what is seen by a referral alone is in no queue."""
    linus = cast.make_agent("Linus", topic.department, support, sees_only_assigned=sees_only_assigned)
    managed = Department.objects.create(name="Managed", manager=linus)
    other = Department.objects.create(name="Other")
    team = cast.make_team("Team", linus)
    stories: list[dict[str, Any]] = [
        {},
        {"status": Status.ASSIGNED, "assignee": linus, "awaiting": Awaiting.REQUESTER},
        {"status": Status.ASSIGNED, "team": team},
        {"status": Status.RESOLVED, "assignee": linus, "resolved_at": MONDAY},
        {"snoozed_until": TUESDAY},
    ]
    for number, (story, place) in enumerate(product(stories, [topic.department, support, managed, other])):
        ticket = cast.make_ticket(ada, topic)
        # Some are due, and were last written to, at the same moment.
        moment = MONDAY + (number % 3 - 1) * HOUR
        Ticket.objects.filter(pk=ticket.pk).update(
            department=place, next_due_at=moment, last_activity_at=moment, **story
        )

    for queue in queues.QUEUES:
        if queue.slug == "handed-over":
            continue
        field, rises = queues.SORT_FIELDS[queue.sort]
        seen = queue.tickets(principal(linus), MONDAY)
        wanted = sorted(seen, key=lambda one: (getattr(one, field), one.pk), reverse=not rises)
        assert all_pages(queue, linus) == wanted, queue.slug
        assert counting.count_all(principal(linus), MONDAY).queues[queue.slug] == len(wanted), queue.slug
        for narrowed in ({"department_id": support.pk}, {"source": Source.WEB}):
            some = [one for one in wanted if one in set(queue.tickets(principal(linus), MONDAY, **narrowed))]
            assert all_pages(queue, linus, **narrowed) == some, (queue.slug, narrowed)


def test_a_queue_is_narrowed_to_the_way_by_which_tickets_came(ada: User, grace: User, topic: HelpTopic) -> None:
    written = cast.make_ticket(ada, topic, source=Source.WEB)
    called = cast.make_ticket(ada, topic, source=Source.PHONE)

    assert set(numbers("open", grace)) == {written.number, called.number}
    assert numbers("open", grace, source=Source.PHONE) == [called.number]
    assert numbers("closed", grace, source=Source.PHONE) == []


def test_overdue_begins_at_the_deadline_itself(ticket: Ticket, grace: User) -> None:
    assert numbers("overdue", grace, MONDAY + HOUR - timedelta(microseconds=1)) == []
    assert numbers("overdue", grace, MONDAY + HOUR) == [ticket.number]


def test_a_ticket_of_a_team_stands_in_mine_once_however_many_belong_to_it(
    ticket: Ticket, grace: User, billing: Department
) -> None:
    others = [cast.make_agent(f"Agent {n}", billing) for n in range(3)]
    team = cast.make_team("Accountants", grace, *others)
    cast.make_team("Another of hers", grace)
    actions.assign(ticket=ticket, to=team, by=principal(grace), at=MONDAY)

    assert numbers("mine", grace) == [ticket.number]


def test_what_a_colleague_took_for_the_team_is_no_longer_mine(
    ticket: Ticket, grace: User, billing: Department, accountants: Team
) -> None:
    colleague = cast.make_agent("Heidi", billing)
    accountants.members.add(colleague)
    actions.assign(ticket=ticket, to=accountants, by=principal(grace), at=MONDAY)
    actions.claim(ticket=ticket, by=principal(colleague), at=MONDAY)

    assert numbers("mine", grace) == []
    assert numbers("mine", colleague) == [ticket.number]


def test_no_queue_shows_another_departments_ticket(ticket: Ticket, linus: User) -> None:
    assert [queue.slug for queue in queues.QUEUES if numbers(queue.slug, linus)] == []


@pytest.mark.parametrize("who", ["ada", "admin_user"])
def test_who_is_no_agent_finds_nothing_in_any_queue(ticket: Ticket, who: str, request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(who)

    for queue in queues.QUEUES:
        assert not queue.tickets(Principal.agent(user), MONDAY).exists()


# --- Order and pages -----------------------------------------------------------------------------


@pytest.fixture
def many(ada: User, topic: HelpTopic) -> list[Ticket]:
    """Seven tickets, three of them due at the same moment."""
    return [cast.make_ticket(ada, topic, at=MONDAY + HOUR * n) for n in (5, 1, 3, 3, 3, 0, 4)]


def expected(many: list[Ticket]) -> list[str]:
    return [t.number for t in sorted(many, key=lambda t: (t.opened_at, t.pk))]


def walk(agent: User, slug: str = "open", size: int = 2) -> list[queues.Page]:
    """Return the pages as somebody sees who presses Older until there is no more."""
    queue = queues.BY_SLUG[slug]
    tickets = queue.tickets(principal(agent), MONDAY)
    pages = [queues.read_page(queue, tickets, size=size)]
    while pages[-1].older:
        pages.append(queues.read_page(queue, tickets, after=pages[-1].older, size=size))
    return pages


def test_pages_tell_every_ticket_once_in_order_also_where_deadlines_are_equal(many: list[Ticket], grace: User) -> None:
    pages = walk(grace)

    assert [t.number for page in pages for t in page.tickets] == expected(many)
    assert [len(page.tickets) for page in pages] == [2, 2, 2, 1]
    assert [bool(page.newer) for page in pages] == [False, True, True, True]


def test_newer_leads_back_over_the_same_pages(many: list[Ticket], grace: User) -> None:
    pages = walk(grace)
    queue = queues.DEFAULT
    tickets = queue.tickets(principal(grace), MONDAY)

    back = [queues.read_page(queue, tickets, before=page.newer, size=2) for page in pages[1:]]

    assert [[t.pk for t in page.tickets] for page in back] == [[t.pk for t in page.tickets] for page in pages[:-1]]
    assert [bool(page.newer) for page in back] == [False, True, True]


def test_a_page_stays_where_it_is_when_a_ticket_comes_in_ahead_of_it(
    many: list[Ticket], ada: User, topic: HelpTopic, grace: User
) -> None:
    first = walk(grace)[0]
    cast.make_ticket(ada, topic, at=MONDAY - HOUR)
    queue = queues.DEFAULT

    second = queues.read_page(queue, queue.tickets(principal(grace), MONDAY), after=first.older, size=2)

    assert [t.number for t in second.tickets] == expected(many)[2:4]


def test_what_was_handled_last_stands_first_among_the_closed(many: list[Ticket], grace: User) -> None:
    for minute, ticket in enumerate(many):
        actions.close_unresolved(
            ticket=ticket, reason=CloseReason.OTHER, by=principal(grace), at=TUESDAY + MINUTE * minute
        )

    assert [t.number for page in walk(grace, "closed") for t in page.tickets] == [t.number for t in reversed(many)]


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "1.2.3",
        "-1.1",
        "1.",
        ".1",
        "1 .1",
        "1e9.1",
        "٣.١",
        "999999999999999999.1",
        "1.9999999999999999999",
        "1' OR 1=1--.1",
        "\x00",
    ],
)
def test_a_cursor_that_we_did_not_write_is_refused(cursor: str) -> None:
    with pytest.raises(queues.CursorInvalid):
        queues._read_cursor(cursor)


def test_a_page_that_emptied_meanwhile_is_the_first_page(many: list[Ticket], grace: User) -> None:
    queue = queues.DEFAULT
    tickets = queue.tickets(principal(grace), MONDAY)
    behind_the_last = queues.cursor_of(queue, tickets.get(number=expected(many)[-1]))

    page = queues.read_page(queue, tickets, after=behind_the_last, size=2)

    assert [t.number for t in page.tickets] == expected(many)[:2]
    assert page.newer == ""


def test_neighbours_are_those_before_and_behind_in_the_queue(many: list[Ticket], grace: User) -> None:
    queue = queues.DEFAULT
    tickets = queue.tickets(principal(grace), MONDAY)
    found = tickets.annotate(**queues.neighbours(queue, tickets)).order_by("next_due_at", "id")

    order = expected(many)

    assert [t.previous_number for t in found] == [None, *order[:-1]]
    assert [t.next_number for t in found] == [*order[1:], None]


# --- Groups --------------------------------------------------------------------------------------

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("due", "group"),
    [
        (MONDAY, Due.BREACHED),
        (MONDAY + SECOND, Due.SOON),
        (MONDAY + HOUR, Due.SOON),
        (MONDAY + HOUR + SECOND, Due.TODAY),
        (MONDAY + 15 * HOUR - SECOND, Due.TODAY),
        (MONDAY + 15 * HOUR, Due.LATER),
        (PAUSED - SECOND, Due.LATER),
        (PAUSED, Due.PAUSED),
        (FAR_FUTURE, Due.NONE),
    ],
)
def test_groups_meet_at_the_second(due: datetime, group: Due) -> None:
    assert due_group(due, MONDAY) == group


def test_today_ends_at_the_readers_midnight() -> None:
    # 23:30 in Auckland, where the clocks go forward in the night after.
    at = datetime(2026, 9, 26, 11, 30, tzinfo=UTC)

    with timezone.override(ZoneInfo("Pacific/Auckland")):
        assert due_group(at + 2 * HOUR, at) == Due.LATER
    with timezone.override(UTC):
        assert due_group(at + 2 * HOUR, at) == Due.TODAY


def test_due_within_the_hour_does_not_end_at_midnight() -> None:
    at = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)

    assert due_group(at + 45 * MINUTE, at) == Due.SOON
    assert due_group(at + 90 * MINUTE, at) == Due.LATER


# --- Counts --------------------------------------------------------------------------------------


def test_all_counts_come_from_one_query_and_agree_with_the_queues(
    many: list[Ticket],
    ada: User,
    grace: User,
    support: Department,
    elsewhere: Department,
    django_assert_num_queries: object,
) -> None:
    cast.give_access(grace, support)
    cast.make_ticket(ada, None)
    actions.claim(ticket=many[0], by=principal(grace), at=MONDAY)
    actions.resolve(ticket=many[1], resolution="Done.", by=principal(grace), at=MONDAY)

    with django_assert_num_queries(1):
        counts = counting.count_all(principal(grace), MONDAY + 4 * HOUR)

    assert counts.queues == {
        queue.slug: queue.tickets(principal(grace), MONDAY + 4 * HOUR).count() for queue in queues.QUEUES
    }
    assert counts.queues["overdue"] == 4
    assert [(d.name, d.count) for d in counts.departments] == [("Billing", 6), ("Support", 1)]


def test_each_agent_gets_counts_of_their_own_at_their_own_time(
    many: list[Ticket], grace: User, support: Department, billing: Department
) -> None:
    """Though the SQL is made once for all of them."""
    cast.give_access(grace, support)
    narrow = cast.make_agent("Nora")
    cast.give_access(narrow, billing)
    narrow.sees_only_assigned = True
    narrow.save()
    actions.claim(ticket=many[0], by=principal(grace), at=MONDAY)
    nomad = cast.make_agent("Nomad")

    for at in (MONDAY, MONDAY + 4 * HOUR):
        for agent in (grace, nomad, narrow, grace):
            assert counting.count_all(principal(agent), at).queues == {
                queue.slug: queue.tickets(principal(agent), at).count() for queue in queues.QUEUES
            }


def test_counting_stops_at_the_limit(many: list[Ticket], grace: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "COUNT_LIMIT", 5)

    counts = counting.count_all(principal(grace), MONDAY)

    assert counts.queues["open"] == 5
    assert counting.count_text(5) == "4+"
    assert counting.count_text(4) == "4"
    assert counting.count_text(0) == ""


def test_an_agent_without_any_department_still_gets_counts(ticket: Ticket) -> None:
    counts = counting.count_all(principal(cast.make_agent("Nomad")), MONDAY)

    assert set(counts.queues.values()) == {0}
    assert counts.departments == []


def test_a_resolved_ticket_has_no_deadline_and_is_found_among_the_resolved(ticket: Ticket, grace: User) -> None:
    actions.resolve(ticket=ticket, resolution="Done.", by=principal(grace), at=MONDAY)
    ticket.refresh_from_db()

    assert ticket.status == Status.RESOLVED
    assert ticket.next_due_at == FAR_FUTURE
    assert numbers("resolved", grace, MONDAY + DAY) == [ticket.number]
