"""An address goes to who shows that they read it, and with it the tickets that were asked by it."""

from collections.abc import Callable

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from accounts import addresses, invitations, joining, own_addresses, registration, sign_in_links
from accounts.models import Address, AuditEvent, Organization, User
from accounts.people import AddressTaken, address_of, belongs_to_person
from accounts.principal import Principal
from mail.composing import compose
from mail.models import MailState, OutgoingMail
from tests import cast
from tests.cast import MONDAY, PASSWORD, TUESDAY
from tests.tickets.test_concurrency import at_once
from tickets import actions, links
from tickets.models import Kind, Participant, Source, Ticket
from tickets.models.people import Part

X = "shared@example.net"


@pytest.fixture
def mallory(db: None) -> User:
    """Has an account, an organisation, and X noted as an address that nobody confirmed."""
    company = Organization.objects.create(name="Company")
    mallory = cast.make_person("mallory@example.org", "Mallory", organization=company)
    addresses.claim(mallory, X)
    return mallory


@pytest.fixture
def asked(mallory: User, topic) -> Ticket:
    """Asked by a form, where somebody typed X."""
    return cast.make_ticket(mallory, topic, address=address_of(X))


def sees(person: User) -> set[int]:
    return set(Ticket.objects.visible_to(Principal.requester(person)).values_list("pk", flat=True))


def parts(ticket: Ticket) -> list[tuple[str, str, str]]:
    rows = ticket.participants.select_related("user", "address").order_by("role", "pk")
    return [(row.role, row.user.name, row.address.email) for row in rows]


def register(name: str = "Bert", email: str = X) -> User:
    wanted = registration.Wanted(name, email, "!", "browser", TUESDAY.timestamp())
    return registration.confirm(wanted, at=TUESDAY)


def bert(email: str = "bert@example.org") -> User:
    return cast.make_person(email, "Bert")


def make_received(requester: User, topic, *others: Address) -> Ticket:
    """Open a ticket as a mail does that was written to others besides us."""
    return actions.open_received(
        address=cast.address_for(requester),
        topic=topic,
        subject="The invoice",
        text="We were billed twice.",
        source=Source.MAIL,
        by=Principal.mail(requester, None, "mail:1"),
        at=TUESDAY,
        collaborators=others,
    )


def agree() -> bool:
    """Whoever takes part somewhere is who has the address they are reached at."""
    return all(one.user_id == one.address.user_id for one in Participant.objects.select_related("address"))


# --- Every way to show it ---------------------------------------------------------------------------------


def by_registering(grace: User) -> User:
    return register()


def by_a_sign_in_link(grace: User) -> User:
    return joining.take_over(X, at=TUESDAY)


def by_adding_it_to_an_account(grace: User) -> User:
    person = bert()
    own_addresses.add(person, X, at=TUESDAY)
    return person


def by_a_ticket_link(grace: User) -> User:
    part = Participant.objects.select_related("address").get(address__email=X)
    Client().post(
        reverse("portal:message", args=[links.token_for(part)]), {"text": "It is me.", "request_key": "k" * 20}
    )
    return address_of(X).user


WAYS: dict[str, Callable[[User], User]] = {
    way.__name__: way for way in (by_registering, by_a_sign_in_link, by_adding_it_to_an_account, by_a_ticket_link)
}


@pytest.mark.parametrize("way", list(WAYS))
def test_the_tickets_that_were_asked_by_it_go_along(asked: Ticket, mallory: User, topic, grace: User, way: str) -> None:
    own = cast.make_ticket(mallory, topic)

    person = WAYS[way](grace)

    asked.refresh_from_db()
    assert person != mallory
    assert asked.requester == person
    assert asked.organization is None
    assert [(role, email) for role, _name, email in parts(asked)] == [(Part.REQUESTER, X)]
    assert asked.entries.get(number=1).author == person
    assert sees(person) == {asked.pk}
    assert sees(mallory) == {own.pk}
    event = asked.events.get(kind=Kind.REQUESTER_CHANGED)
    assert (event.by, event.data) == (person, {"to": person.pk, "from": mallory.pk, "why": "proved"})
    assert address_of(X).is_verified
    assert agree()


def test_by_an_invitation_too(asked: Ticket, grace: User) -> None:
    """Sent while the address was all that was known; confirmed another since, it is a mere claim."""
    guest = cast.make_person("guest@example.org", "Guest", confirmed=False)
    second = addresses.claim(guest, "second@example.net")
    ticket = cast.make_ticket(guest, asked.topic, address=second)
    invitation = invitations.invite(second, by=grace, at=MONDAY)
    joining.take_over("guest@example.org", at=MONDAY)

    with pytest.raises(joining.LinkInvalid):
        invitations.accept(invitations.token_for(invitation), name="N", password=PASSWORD, at=TUESDAY)

    assert sees(guest) == {ticket.pk}


def test_what_waits_is_mailed_to_whose_it_is_and_to_nobody_else(asked: Ticket, mallory: User, grace, settings) -> None:
    settings.MAIL_URL = "smtp://mail.example.org"
    actions.reply(ticket=asked, text="Here you are.", by=cast.principal(grace), at=MONDAY)

    person = register()

    waiting = OutgoingMail.objects.filter(ticket=asked, state=MailState.QUEUED, recipient=X)
    assert set(waiting.values_list("user", flat=True)) == {person.pk}
    assert "Mallory" not in compose(waiting.last()).body
    asked.refresh_from_db()
    actions.reply(ticket=asked, text="And more.", by=cast.principal(grace), at=TUESDAY)
    assert not OutgoingMail.objects.filter(ticket=asked, user=mallory).exists()


# --- Who loses it ------------------------------------------------------------------------------------------


def test_who_had_claimed_it_keeps_a_primary_address_and_the_account(asked: Ticket, mallory: User) -> None:
    register()

    mallory.refresh_from_db()
    assert [(one.email, one.is_primary) for one in mallory.addresses.all()] == [("mallory@example.org", True)]
    assert (mallory.email, mallory.may_sign_in) == ("mallory@example.org", True)


def test_where_it_was_the_primary_one_a_confirmed_one_takes_its_place(asked: Ticket, mallory: User) -> None:
    mallory.addresses.update(is_primary=False)
    mallory.addresses.filter(email=X).update(is_primary=True)
    User.objects.filter(pk=mallory.pk).update(email="")

    register()

    mallory.refresh_from_db()
    assert mallory.addresses.get().is_primary
    assert mallory.email == "mallory@example.org"


def test_without_any_other_they_stay_without_one(asked: Ticket, mallory: User) -> None:
    mallory.addresses.exclude(email=X).delete()

    register()

    mallory.refresh_from_db()
    assert not mallory.addresses.exists()
    assert mallory.email == ""
    assert sees(mallory) == set()


def test_a_guest_whose_other_address_was_confirmed_keeps_that_and_its_tickets(ada: User, topic) -> None:
    second = addresses.claim(ada, X)
    first, other = cast.make_ticket(ada, topic), cast.make_ticket(ada, topic, address=second)
    ada.addresses.filter(is_primary=True).update(verified_at=MONDAY)

    person = register()

    assert sees(ada) == {first.pk}
    assert sees(person) == {other.pk}
    assert agree()


def test_what_they_wrote_signed_in_stays_their_word(asked: Ticket, mallory: User) -> None:
    actions.add_message(
        ticket=asked,
        address=cast.address_for(mallory),
        text="I read this.",
        source=Source.WEB,
        by=Principal.requester(mallory),
        at=MONDAY,
    )

    person = register()

    assert [entry.author for entry in asked.entries.in_order()] == [person, mallory]
    assert sees(mallory) == set()


def test_a_link_that_would_have_confirmed_it_as_theirs_is_worth_nothing(asked: Ticket, mallory: User, sign_in) -> None:
    url = reverse("confirm_address", args=[addresses.token_for(address_of(X))])

    person = register()

    assert sign_in(mallory).post(url).status_code == 404
    assert address_of(X).user == person


def test_acting_by_a_ticket_link_lets_nobody_sign_in_as_who_claimed_it(asked: Ticket, mallory: User, grace) -> None:
    person = by_a_ticket_link(grace)

    assert belongs_to_person(address_of(X))
    assert address_of(X).user == person != mallory
    assert asked.entries.get(number=2).author == person
    assert sign_in_links.read(sign_in_links.token_for(address_of(X))).user == person


def test_looking_at_a_ticket_link_moves_nothing(asked: Ticket, mallory: User) -> None:
    part = Participant.objects.get(address__email=X)

    Client().get(reverse("portal:ticket", args=[links.token_for(part)]))

    assert address_of(X).user == mallory


# --- Both take part -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bert_is", "x_is", "kept"),
    [
        (Part.COLLABORATOR, Part.REQUESTER, (Part.REQUESTER, "Bert", X)),
        (Part.REQUESTER, Part.COLLABORATOR, (Part.REQUESTER, "Bert", "bert@example.org")),
        (Part.COLLABORATOR, Part.COLLABORATOR, (Part.COLLABORATOR, "Bert", "bert@example.org")),
    ],
)
def test_who_takes_part_already_keeps_one_part(mallory: User, ada: User, topic, bert_is, x_is, kept) -> None:
    person = bert()
    asks = person if bert_is == Part.REQUESTER else mallory if x_is == Part.REQUESTER else ada
    used = address_of(X) if asks == mallory else cast.address_for(asks)
    ticket = cast.make_ticket(asks, topic, address=used)
    for address in (cast.address_for(person), address_of(X)):
        if address.user != asks:
            by = Principal.requester(asks)
            actions.add_collaborator(ticket=ticket, address=address, by=by, at=MONDAY)

    own_addresses.add(person, X, at=TUESDAY)

    assert [part for part in parts(ticket) if part[1] != "Ada"] == [kept]
    assert ticket.participants.filter(role=Part.REQUESTER).count() == 1
    assert sees(person) == {ticket.pk}
    assert agree()


# --- Adding an address that a guest has ----------------------------------------------------------------------


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_guest_s_tickets_become_those_of_who_adds_the_address(ada: User, topic, confirmed: bool) -> None:
    if confirmed:
        ada.addresses.update(verified_at=MONDAY)
    ticket, person = cast.make_ticket(ada, topic), bert()
    by = Principal.requester(ada)
    address = cast.address_for(ada)
    actions.add_message(ticket=ticket, address=address, text="More", source=Source.WEB, by=by, at=MONDAY)

    own_addresses.add(person, "ada@example.org", at=TUESDAY)

    assert sees(person) == {ticket.pk}
    assert {entry.author for entry in ticket.entries.all()} == {person}
    assert {one.email for one in person.addresses.filter(verified_at__isnull=False)} >= {"ada@example.org"}
    person.refresh_from_db()
    assert person.email == "bert@example.org"
    assert AuditEvent.objects.filter(target_model="accounts.address", by=person).exists()


def test_of_a_guest_with_two_addresses_the_proved_one_goes(ada: User, topic) -> None:
    second = addresses.claim(ada, X)
    first, other = cast.make_ticket(ada, topic), cast.make_ticket(ada, topic, address=second)
    person = bert()

    own_addresses.add(person, "ada@example.org", at=TUESDAY)

    assert sees(person) == {first.pk}
    assert sees(ada) == {other.pk}
    assert ada.addresses.get().is_primary
    assert agree()


@pytest.mark.parametrize("why", ["account", "locked", "demo", "agent"])
def test_an_address_of_an_account_is_not_had_by_proving_it(ada: User, why: str) -> None:
    match why:
        case "account":
            cast.make_person("ada@example.org", "Ada")
        case "locked":
            User.objects.filter(pk=ada.pk).update(is_active=False)
        case "demo":
            User.objects.filter(pk=ada.pk).update(is_demo=True)
        case "agent":
            ada.addresses.update(verified_at=MONDAY)
            User.objects.filter(pk=ada.pk).update(is_agent=True)

    with pytest.raises(AddressTaken) as refused:
        own_addresses.add(bert(), "ada@example.org", at=TUESDAY)

    assert "Ada" not in str(refused.value)
    assert ada.addresses.exists()


def test_an_agent_s_typing_takes_no_guest_s_address(ada: User, grace: User) -> None:
    with pytest.raises(AddressTaken):
        addresses.add(bert(), "ada@example.org", by=grace, at=TUESDAY)


# --- At once -------------------------------------------------------------------------------------------------


def closing(work: Callable[[], object]) -> Callable[[], object]:
    def run() -> object:
        try:
            return work()
        except (AddressTaken, joining.LinkInvalid) as refused:
            return refused
        finally:
            connections.close_all()

    return run


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", range(3))
def test_of_two_who_prove_it_at_once_the_first_has_it_with_everything(key: int, asked: Ticket, mallory: User) -> None:
    one, two = bert(), bert("two@example.org")

    answers = at_once(
        closing(lambda: own_addresses.add(one, X, at=TUESDAY)), closing(lambda: own_addresses.add(two, X, at=TUESDAY))
    )

    assert {type(answer) for answer in answers} == {Address, AddressTaken}
    owner = address_of(X).user
    assert sees(owner) == {asked.pk}
    assert asked.events.filter(kind=Kind.REQUESTER_CHANGED).count() == 1
    assert agree()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", range(3))
def test_registering_and_adding_it_at_once_makes_one_owner(key: int, asked: Ticket, mallory: User) -> None:
    one = bert()

    at_once(closing(lambda: own_addresses.add(one, X, at=TUESDAY)), closing(lambda: register("Two")))

    owner = address_of(X).user
    assert owner != mallory
    assert sees(owner) == {asked.pk}
    assert agree()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", range(3))
def test_a_ticket_that_is_opened_meanwhile_comes_along(key: int, asked: Ticket, mallory: User, topic) -> None:
    one, address = bert(), Address.objects.select_related("user").get(email=X)

    at_once(
        closing(lambda: own_addresses.add(one, X, at=TUESDAY)),
        closing(lambda: cast.make_ticket(mallory, topic, address=address)),
    )

    assert Ticket.objects.filter(requester=one).count() == 2
    assert sees(mallory) == set()
    assert agree()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", range(5))
def test_who_is_added_meanwhile_is_whose_the_address_is_then(key: int, ticket: Ticket, mallory: User, topic) -> None:
    one, address = bert(), Address.objects.select_related("user").get(email=X)
    ada = ticket.requester

    at_once(
        closing(lambda: own_addresses.add(one, X, at=TUESDAY)),
        closing(
            lambda: actions.add_received(ticket=ticket, addresses=[address], by=Principal.requester(ada), at=TUESDAY)
        ),
        closing(lambda: make_received(ada, topic, address)),
    )

    assert Participant.objects.filter(address=address, user=one, role=Part.COLLABORATOR).count() == 2
    assert sees(mallory) == set()
    assert agree()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", range(3))
def test_mails_to_the_same_people_from_each_other_do_not_wait_for_each_other(key: int, ada: User, topic) -> None:
    two = bert()
    first, second = cast.address_for(ada), cast.address_for(two)

    answers = at_once(
        closing(lambda: make_received(ada, topic, second)),
        closing(lambda: make_received(two, topic, first)),
    )

    assert all(isinstance(answer, Ticket) for answer in answers)
    assert Participant.objects.filter(role=Part.COLLABORATOR).count() == 2
