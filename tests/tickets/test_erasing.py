"""Letting go of a person: what stays, and what goes."""

import pytest
from django.apps import apps
from django.utils import timezone

from accounts import addresses
from accounts.contacts import NotPossible
from accounts.models import AuditEvent, AuditKind, User
from accounts.principal import Principal
from core import sweeping
from core.models import Blob
from mail.models import MailState, OutgoingMail
from tests import cast
from tests.cast import DAY, MONDAY, TUESDAY, VIEW_ONLY
from tests.tickets.traces import EMAIL, erase
from tickets import actions
from tickets.actions import erasing
from tickets.erasure import REMOVED
from tickets.errors import DeedRefused, NotAllowed
from tickets.models import Attachment, Erasure, Kind, Ticket, Way


def test_a_mail_that_waits_is_not_sent_any_more(asked: Ticket, philo: User, grace: User) -> None:
    OutgoingMail.objects.update(state=MailState.QUEUED, why="", due_at=MONDAY)

    erase(philo, Way.ANONYMISE, grace)

    own = OutgoingMail.objects.filter(user=philo)
    assert own.exists()
    assert set(own.values_list("state", "due_at")) == {(MailState.CANCELLED, None)}


def test_who_comes_with_the_old_address_is_somebody_new(asked: Ticket, philo: User, grace: User) -> None:
    erase(philo, Way.ANONYMISE, grace)

    again = cast.make_person(EMAIL, "Somebody")

    assert again.pk != philo.pk


# --- Handing over ----------------------------------------------------------------------------------


def test_tickets_handed_over_are_read_by_the_other_alone(asked: Ticket, philo: User, grace: User) -> None:
    to = cast.make_person("new@example.org", "New")

    erase(philo, Way.HAND_OVER, grace, to=to)

    asked.refresh_from_db()
    assert asked.requester == to
    assert asked.participants.get().address.email == "new@example.org"
    assert list(Ticket.objects.visible_to(cast.principal(to))) == [asked]
    assert not Ticket.objects.visible_to(cast.principal(philo)).exists()
    assert asked.events.get(kind=Kind.REQUESTER_CHANGED).data == {"to": to.pk, "from": philo.pk}
    philo.refresh_from_db()
    assert philo.is_active


def test_nobody_hands_tickets_to_themselves_or_to_who_is_locked(asked: Ticket, philo: User, ada: User, grace) -> None:
    ada.is_active = False
    ada.save()

    for to in (philo, ada, None):
        with pytest.raises(DeedRefused):
            actions.erase(person=philo, way=Way.HAND_OVER, by=cast.principal(grace), at=MONDAY, to=to)


# --- Deleting --------------------------------------------------------------------------------------


def test_deleting_takes_the_person_and_all_tickets_of_theirs(
    asked: Ticket, philo: User, ada: User, grace: User
) -> None:
    Blob.objects.update(created_at=MONDAY)
    pk, other = philo.pk, Ticket.objects.get(requester=ada)

    erase(philo, Way.DELETE, grace)
    sweeping.sweep_files(timezone.now())

    assert not User.objects.filter(pk=pk).exists()
    assert not Ticket.objects.filter(pk=asked.pk).exists()
    assert set(Blob.objects.all()) == {one.blob for one in Attachment.objects.filter(entry__ticket=other)}
    assert other.entries.count() == 3
    assert AuditEvent.objects.filter(kind=AuditKind.DELETED, target_id=pk).exists()
    for model in apps.get_models():
        for field in model._meta.fields:
            if field.related_model is Ticket:
                assert not model._base_manager.filter(**{f"{field.name}_id": asked.pk}).exists()


def test_who_stands_in_tickets_of_others_is_not_deleted(asked: Ticket, philo: User, ada: User, grace: User) -> None:
    erase(philo, Way.HAND_OVER, grace, to=ada)

    with pytest.raises(DeedRefused):
        actions.erase(person=philo, way=Way.DELETE, by=cast.principal(grace), at=MONDAY)

    philo.refresh_from_db()
    assert philo.is_active


def test_what_was_moved_to_a_ticket_that_stays_stays_there(asked: Ticket, philo: User, ada: User, grace: User) -> None:
    by = cast.principal(grace)
    # It answered the wrong ticket: Ada's words in Philomena's.
    entry = actions.add_message(
        ticket=asked,
        address=cast.address_for(ada),
        text="Mine.",
        source="mail",
        by=Principal.system("mail:1"),
        at=MONDAY,
    )
    hers = cast.make_ticket(ada, asked.topic)
    actions.move_entry(entry=entry, ticket=asked, to=hers, by=by, at=MONDAY)

    erase(philo, Way.DELETE, grace)

    assert not Ticket.objects.filter(pk=asked.pk).exists()
    assert [one.text for one in hers.entries.in_order()][1:] == ["Mine."]


@pytest.fixture
def reached_there(philo: User, ada: User, topic) -> Ticket:
    """A ticket of Ada's, where an address of Philomena's stands as hers."""
    ticket = cast.make_ticket(ada, topic)
    ticket.participants.update(address=addresses.claim(philo, "lost@example.org"))
    return ticket


@pytest.mark.parametrize("way", [Way.DELETE, Way.ANONYMISE])
def test_who_is_reached_at_an_address_that_goes_is_reached_at_their_own(
    reached_there: Ticket, philo: User, grace: User, way: Way
) -> None:
    erase(philo, way, grace)

    assert reached_there.participants.get().address.email == "ada@example.org"


def test_so_when_that_address_alone_is_removed(reached_there: Ticket, philo: User, grace: User) -> None:
    lost = philo.addresses.get(email="lost@example.org")

    actions.remove_address(address=lost, by=cast.principal(grace), at=TUESDAY)

    assert reached_there.participants.get().address.email == "ada@example.org"


def test_by_whom_alone_somebody_else_is_reached_is_not_deleted(
    reached_there: Ticket, philo: User, ada: User, grace: User
) -> None:
    ada.addresses.update(is_primary=False)

    with pytest.raises(DeedRefused, match="tickets of others"):
        erase(philo, Way.DELETE, grace)

    assert reached_there.participants.get().user == ada


def test_what_follows_a_deleted_ticket_stays(asked: Ticket, philo: User, ada: User, grace: User) -> None:
    follower = cast.make_ticket(ada, asked.topic, follows=asked)

    erase(philo, Way.DELETE, grace)

    follower.refresh_from_db()
    assert follower.follow_up_of is None


# --- Rights, and many ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", list(Way))
def test_only_whose_role_says_so_lets_go_of_people(philo: User, ada: User, billing, way: Way) -> None:
    vera = cast.make_agent("Vera", billing, role=VIEW_ONLY)

    with pytest.raises(NotAllowed):
        actions.erase(person=philo, way=way, by=cast.principal(vera), at=MONDAY, to=ada)
    with pytest.raises(NotAllowed):
        actions.redact(person=philo, source="entry", pk=1, by=cast.principal(vera), at=MONDAY)


@pytest.mark.parametrize("way", list(Way))
def test_agents_and_administrators_are_not_let_go_of_from_the_desk(admin_user: User, ada: User, grace, way) -> None:
    for person in (admin_user, grace):
        with pytest.raises(NotPossible):
            actions.erase(person=person, way=way, by=cast.principal(grace), at=MONDAY, to=ada)


@pytest.mark.parametrize("way", [Way.ANONYMISE, Way.DELETE, Way.HAND_OVER])
def test_many_tickets_go_in_steps_and_the_worker_ends_it(
    philo: User, ada: User, topic, grace, way, monkeypatch
) -> None:
    monkeypatch.setattr(erasing, "BATCH", 2)
    monkeypatch.setattr(erasing, "STEPS", 1)
    for _n in range(5):
        cast.make_ticket(philo, topic)
    at = timezone.now()
    erasure = actions.erase(person=philo, way=way, by=cast.principal(grace), at=at, to=ada)

    assert not actions.go_on_for_a_while(erasure, at=at)

    held = Erasure.objects.get()
    assert (held.due_at, held.claim) == (at, None)
    # Without the claim nothing more is done.
    assert actions.go_on(held, claim=erasure.claim, at=at)
    assert Erasure.objects.exists()
    held.claim = erasure.claim
    held.save()
    monkeypatch.setattr(erasing, "STEPS", 100)
    assert actions.go_on_for_a_while(held, at=at + DAY)
    assert not Ticket.objects.filter(requester=philo).exclude(subject=REMOVED).exists()


def test_it_is_taken_on_once(philo: User, grace: User, asked: Ticket) -> None:
    actions.erase(person=philo, way=Way.ANONYMISE, by=cast.principal(grace), at=MONDAY)

    with pytest.raises(DeedRefused):
        actions.erase(person=philo, way=Way.DELETE, by=cast.principal(grace), at=MONDAY)


def test_what_a_killed_page_began_the_worker_ends(asked: Ticket, philo: User, grace: User) -> None:
    at = timezone.now()

    erasure = actions.erase(person=philo, way=Way.ANONYMISE, by=cast.principal(grace), at=at)

    assert erasure.due_at is not None
    assert erasure.due_at > at


def test_nobody_reads_by_handing_tickets_to_themselves(asked: Ticket, philo: User, grace: User) -> None:
    with pytest.raises(DeedRefused):
        actions.erase(person=philo, way=Way.HAND_OVER, by=cast.principal(grace), at=MONDAY, to=grace)


def test_who_works_here_by_now_is_not_erased(asked: Ticket, philo: User, grace: User) -> None:
    erasure = actions.erase(person=philo, way=Way.ANONYMISE, by=cast.principal(grace), at=MONDAY)
    User.objects.filter(pk=philo.pk).update(is_agent=True)

    assert actions.go_on_for_a_while(erasure, at=MONDAY)

    philo.refresh_from_db()
    assert philo.anonymised_at is None
    assert not Erasure.objects.exists()
