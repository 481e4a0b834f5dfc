"""Addresses that mail comes back from: marked until somebody clears them, or left alone for a while."""

from datetime import timedelta

import pytest

from accounts import bouncing, people, sign_in_links
from accounts.models import Address, AuditEvent
from tests.cast import DAY, HOUR, MONDAY


def marked(ada_address: Address) -> Address:
    bouncing.mark(ada_address.pk, "550 5.1.1 No such user", at=MONDAY)
    ada_address.refresh_from_db()
    return ada_address


def test_since_when_an_address_bounces_is_since_the_first_time(ada_address):
    marked(ada_address)

    bouncing.mark(ada_address.pk, "550 5.1.1 Still nobody", at=MONDAY + DAY)

    ada_address.refresh_from_db()
    assert (ada_address.bouncing_at, ada_address.bounce_said) == (MONDAY, "550 5.1.1 No such user")


def test_a_full_mailbox_rests_longer_each_time(ada_address):
    at, rests = MONDAY, []
    for _time in range(6):
        bouncing.rest(ada_address.pk, "552 5.2.2 Over quota", at=at)
        ada_address.refresh_from_db()
        rests.append(ada_address.resting_until - at)
        at = ada_address.resting_until + HOUR

    assert rests == [HOUR, 6 * HOUR, DAY, 3 * DAY, 3 * DAY, 3 * DAY]


def test_while_it_rests_what_was_sent_before_changes_nothing(ada_address):
    for minutes in range(3):
        bouncing.rest(ada_address.pk, "552 5.2.2 Over quota", at=MONDAY + timedelta(minutes=minutes))

    ada_address.refresh_from_db()
    assert ada_address.resting_until == MONDAY + HOUR


def test_after_two_quiet_weeks_it_rests_shortly_again(ada_address):
    bouncing.rest(ada_address.pk, "full", at=MONDAY)
    bouncing.rest(ada_address.pk, "full", at=MONDAY + 2 * HOUR)
    later = MONDAY + 30 * DAY

    bouncing.rest(ada_address.pk, "full", at=later)

    ada_address.refresh_from_db()
    assert ada_address.resting_until == later + HOUR


def test_whoever_says_that_it_is_right_stands_in_the_audit_log(ada_address, grace):
    assert bouncing.clear(marked(ada_address), by=grace, at=MONDAY + DAY)

    ada_address.refresh_from_db()
    event = AuditEvent.objects.get(target_id=ada_address.pk, target_model="accounts.address")
    assert not ada_address.bounces
    assert (event.by, event.changes) == (grace, {"bouncing": ["bouncing", None]})
    assert not bouncing.clear(ada_address, by=grace, at=MONDAY + DAY)


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_who_acts_on_a_mail_to_it_shows_that_it_is_right(ada_address, is_confirmed):
    marked(ada_address)
    Address.objects.update(verified_at=MONDAY if is_confirmed else None)
    ada_address.refresh_from_db()

    people.confirm(ada_address, at=MONDAY + DAY)

    ada_address.refresh_from_db()
    assert not ada_address.bounces


def test_a_link_to_sign_in_goes_there_nevertheless_and_ends_it(ada_confirmed, ada_address):
    marked(ada_address)

    sign_in_links.use(sign_in_links.token_for(ada_address), at=MONDAY + DAY)

    ada_address.refresh_from_db()
    assert not ada_address.bounces


def test_that_a_later_mail_was_delivered_ends_it_and_an_earlier_one_does_not(ada_address):
    marked(ada_address)

    bouncing.arrived(ada_address.pk, handed_over_at=MONDAY - HOUR)
    ada_address.refresh_from_db()
    assert ada_address.bounces
    bouncing.arrived(ada_address.pk, handed_over_at=MONDAY + HOUR)

    ada_address.refresh_from_db()
    assert not ada_address.bounces
