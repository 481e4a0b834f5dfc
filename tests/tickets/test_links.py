"""Ticket links: for one ticket and one address, thirty days, revoked by raising the address's epoch."""

import time
from datetime import timedelta

import pytest
from django.core import signing

from accounts.models import Address, User
from accounts.people import revoke_links
from tests import cast
from tickets import links
from tickets.links import LinkInvalid


@pytest.fixture
def participant(ticket):
    return ticket.participants.get()


@pytest.fixture
def later(monkeypatch):
    """Set the clock of the machine forward."""
    now = time.time()

    def go(span: timedelta):
        monkeypatch.setattr(time, "time", lambda: now + span.total_seconds())

    return go


def test_a_token_says_who_holds_it_and_for_which_ticket(participant, ticket, ada):
    found = links.read(links.token_for(participant))

    assert (found, found.ticket, found.user) == (participant, ticket, ada)


def test_it_works_many_times(participant):
    token = links.token_for(participant)

    assert links.read(token) == links.read(token)


def test_a_link_is_absolute_and_holds_the_token(participant, settings):
    settings.PUBLIC_URL = "https://help.example.com"

    link = links.link_for(participant)

    assert link.startswith("https://help.example.com/")
    assert links.read(link.rstrip("/").rpartition("/")[2]) == participant


def test_it_lasts_thirty_days(participant, later):
    token = links.token_for(participant)

    later(timedelta(days=30) - timedelta(minutes=1))
    assert links.read(token) == participant

    later(timedelta(days=30, minutes=1))
    with pytest.raises(LinkInvalid):
        links.read(token)


def test_raising_the_epoch_revokes_all_links_of_the_address(participant, ada, topic, ticket):
    other = cast.make_ticket(ada, topic).participants.get()
    tokens = [links.token_for(participant), links.token_for(other)]

    revoke_links(participant.address)

    for token in tokens:
        with pytest.raises(LinkInvalid):
            links.read(token)
    participant.refresh_from_db()
    assert links.read(links.token_for(participant)) == participant


def test_two_who_revoke_at_once_both_revoke(participant):
    """From the same stale row, the second must not set the epoch back to what the first made it."""
    first, second = (Address.objects.get(pk=participant.address_id) for _ in range(2))
    revoke_links(first)
    participant.refresh_from_db()
    between = links.token_for(participant)

    revoke_links(second)

    with pytest.raises(LinkInvalid):
        links.read(between)


def test_who_was_switched_off_or_left_opens_nothing(participant, ada):
    token = links.token_for(participant)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(LinkInvalid):
        links.read(token)

    User.objects.filter(pk=ada.pk).update(is_active=True)
    participant.delete()
    with pytest.raises(LinkInvalid):
        links.read(token)


def test_a_token_signed_for_something_else_opens_nothing(participant):
    content = [participant.ticket_id, participant.address_id, 0]

    for token in (signing.dumps(content), signing.dumps(content, salt=links.SALT, key="another")):
        with pytest.raises(LinkInvalid):
            links.read(token)


@pytest.mark.parametrize("content", [[], [1, 2], [1, 2, 3, 4], 7, "text", None, {"a": 1}])
def test_content_of_another_shape_opens_nothing(content, db):
    with pytest.raises(LinkInvalid):
        links.read(signing.dumps(content, salt=links.SALT))


def test_every_broken_token_is_invalid_and_none_an_error(participant):
    token = links.token_for(participant)
    broken = ["", ":", "::", "a:b:c", "\x00", "💥", token[:-1], token[1:], token + "x", token.upper(), f" {token}"]
    broken += [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token) - 1)]

    for text in broken:
        with pytest.raises(LinkInvalid):
            links.read(text)
