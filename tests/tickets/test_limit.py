"""How many open tickets one person may have: asked of whoever opens one, whatever door they come by."""

import pytest

from accounts.principal import Principal
from core.models import SiteSettings
from tests import cast
from tests.cast import MONDAY, address_for
from tests.tickets.test_concurrency import at_once
from tickets import actions, limit
from tickets.errors import TooManyOpen
from tickets.models import Source, Ticket


@pytest.fixture
def one_each(db) -> None:
    SiteSettings.objects.update(most_open_tickets=1)


@pytest.mark.django_db
def test_what_is_solved_does_not_count(one_each, ticket, ada, topic, grace):
    with pytest.raises(TooManyOpen, match="as many open tickets as one may have"):
        cast.make_ticket(ada, topic)
    actions.claim(ticket=ticket, by=cast.principal(grace), at=MONDAY)
    actions.reply_and_resolve(ticket=ticket, text="Paid back.", by=cast.principal(grace), at=MONDAY)

    assert cast.make_ticket(ada, topic).number != ticket.number


@pytest.mark.django_db
def test_others_tickets_do_not_count(one_each, ticket, topic):
    assert cast.make_ticket(cast.make_person("bob@example.net", "Bob"), topic)


@pytest.mark.django_db
def test_agents_open_any_number_and_so_does_whom_an_administrator_lets_in(one_each, ticket, ada, topic, grace):
    cast.make_ticket(ada, topic, by=cast.principal(grace))
    cast.make_ticket(ada, topic, by=Principal.system("mail:1"))
    cast.make_ticket(ada, topic, by=Principal.mail(ada, None, "mail:2"), source=Source.MAIL, is_limited=False)

    assert Ticket.objects.count() == 4


@pytest.mark.django_db
def test_what_was_opened_before_is_found_by_its_key_though_there_is_no_room(one_each, ada, topic):
    ticket = cast.make_ticket(ada, topic, request_key="form-once")

    assert cast.make_ticket(ada, topic, request_key="form-once") == ticket


@pytest.mark.django_db
def test_what_an_old_ticket_is_followed_by_counts_as_well(one_each, ada, topic, grace):
    SiteSettings.objects.update(most_open_tickets=0)
    old, _open = cast.make_ticket(ada, topic), cast.make_ticket(ada, topic)
    SiteSettings.objects.update(most_open_tickets=1)
    actions.reply_and_resolve(ticket=old, text="Paid back.", by=cast.principal(grace), at=MONDAY)
    actions.close(ticket=old, by=Principal.requester(ada), at=MONDAY)
    given = {"text": "Still wrong.", "source": Source.WEB, "by": Principal.requester(ada)}

    with pytest.raises(TooManyOpen):
        actions.add_message(ticket=old, address=address_for(ada), at=MONDAY + cast.HOUR * 24 * 400, **given)

    assert old.entries.filter(text="Still wrong.").count() == 0


@pytest.mark.django_db
def test_no_more_are_counted_than_one_may_have(one_each, ticket, ada, topic, django_assert_num_queries):
    SiteSettings.objects.update(most_open_tickets=0)
    for _n in range(3):
        cast.make_ticket(ada, topic)
    SiteSettings.objects.update(most_open_tickets=2)

    with django_assert_num_queries(2) as asked:
        assert not limit.has_room(ada, Principal.requester(ada))

    assert "LIMIT 2" in asked[1]["sql"]


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_too_many(ada, topic):
    SiteSettings.objects.update(most_open_tickets=1)

    def open_one() -> bool:
        try:
            return bool(cast.make_ticket(ada, topic))
        except TooManyOpen:
            return False

    assert sorted(at_once(open_one, open_one)) == [False, True]
    assert Ticket.objects.count() == 1
