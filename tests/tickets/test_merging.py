"""Two people who turn out to be one: what goes over, what ends, and who may not be merged."""

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import addresses, contacts, own_addresses, sign_in_links
from accounts.contacts import NotPossible
from accounts.models import Address, AuditEvent, AuditKind, Invitation, Organization, User
from accounts.people import confirm
from accounts.principal import Principal
from mail.composing import compose
from mail.models import MailState, OutgoingMail
from tests import cast
from tests.accounts.factors import give_app
from tests.cast import DAY, MONDAY, TUESDAY, VIEW_ONLY, WEDNESDAY
from tests.tickets.test_concurrency import at_once
from tickets import actions, links
from tickets.actions import merging, parts
from tickets.erasure import REMOVED
from tickets.errors import DeedRefused, NotAllowed
from tickets.models import Erasure, Kind, Participant, Source, ThreadEntry, Ticket, TicketEvent, Way
from tickets.models.people import Part

HERS = "pia@home.example"


@pytest.fixture
def pia(db: None) -> User:
    """Ada by another name: she has an account, and asked from home."""
    return cast.make_person(HERS, "Pia", phone="030 1234", time_zone="Europe/Berlin")


@pytest.fixture
def asked(pia: User, topic, grace: User) -> Ticket:
    ticket = cast.make_ticket(pia, topic)
    actions.reply(ticket=ticket, text="Which one?", by=cast.principal(grace), at=TUESDAY)
    actions.add_message(
        ticket=ticket,
        address=cast.address_for(pia),
        text="This one.",
        source=Source.WEB,
        by=Principal.requester(pia),
        at=TUESDAY,
        request_key="same key",
    )
    contacts.add_note(pia, "Works from home.", by=grace, at=MONDAY)
    return ticket


def merge(person: User, to: User, grace: User) -> None:
    erasure = actions.erase(person=person, way=Way.MERGE, by=cast.principal(grace), at=WEDNESDAY, to=to)
    while not actions.go_on(erasure, claim=erasure.claim, at=WEDNESDAY):
        pass


def sees(person: User) -> set[int]:
    return set(Ticket.objects.visible_to(Principal.requester(person)).values_list("pk", flat=True))


# --- What goes over ------------------------------------------------------------------------------------------


def test_everything_that_was_asked_and_written_is_the_other_s(
    asked: Ticket, pia: User, ada: User, topic, grace
) -> None:
    own, pk = cast.make_ticket(ada, topic, request_key="same key"), pia.pk

    merge(pia, ada, grace)

    asked.refresh_from_db()
    assert asked.requester == ada
    assert sees(ada) == {asked.pk, own.pk}
    assert [entry.author for entry in asked.entries.in_order()] == [ada, grace, ada]
    assert {one.email for one in ada.addresses.all()} == {"ada@example.org", HERS}
    assert asked.participants.get().address.email == HERS
    assert ada.notes.get().text == "Works from home."
    assert not User.objects.filter(pk=pk).exists()
    for model in apps.get_models():
        for field in model._meta.fields:
            if field.related_model is User and model is not AuditEvent:
                assert not model._base_manager.filter(**{field.attname: pk}).exists()


def test_it_stands_in_the_history_and_in_the_audit_log(asked: Ticket, pia: User, ada: User, grace: User) -> None:
    pk = pia.pk

    merge(pia, ada, grace)

    event = asked.events.get(kind=Kind.REQUESTER_CHANGED)
    assert (event.by, event.data) == (grace, {"to": ada.pk, "from": pk, "why": "merged"})
    log = AuditEvent.objects.get(kind=AuditKind.MERGED)
    assert (log.by, log.target_id, log.changes) == (grace, ada.pk, {"person": [pk, ada.pk]})


def test_what_is_known_of_one_fills_what_is_not_known_of_the_other(pia: User, ada: User, grace: User) -> None:
    pia.organization = Organization.objects.create(name="Company")
    pia.is_primary_contact = True
    pia.save()

    merge(pia, ada, grace)

    ada.refresh_from_db()
    assert (ada.name, ada.phone, ada.time_zone) == ("Ada", "030 1234", "Europe/Berlin")
    assert ada.organization == pia.organization
    assert not ada.is_primary_contact


def test_a_name_that_somebody_gave_comes_before_one_that_is_only_an_address(pia: User, grace: User) -> None:
    short = cast.make_person("p.home@example.org", "")

    merge(pia, short, grace)

    short.refresh_from_db()
    assert short.name == "Pia"


def test_who_belongs_somewhere_stays_there_and_tickets_stay_with_theirs(
    asked: Ticket, pia: User, ada: User, grace: User
) -> None:
    here, there = Organization.objects.create(name="Here"), Organization.objects.create(name="There")
    User.objects.filter(pk=ada.pk).update(organization=here)
    User.objects.filter(pk=pia.pk).update(organization=there)
    Ticket.objects.filter(pk=asked.pk).update(organization=there)

    merge(pia, ada, grace)

    ada.refresh_from_db()
    asked.refresh_from_db()
    assert (ada.organization, asked.organization) == (here, there)


@pytest.mark.parametrize(
    ("one", "two", "stays"),
    [("requester", "collaborator", HERS), ("collaborator", "requester", "ada@example.org")],
)
def test_who_takes_part_as_both_keeps_the_requester_s_part(
    pia: User, ada: User, topic, grace: User, one: str, two: str, stays: str
) -> None:
    asks, joins = (pia, ada) if one == "requester" else (ada, pia)
    ticket = cast.make_ticket(asks, topic)
    actions.add_collaborator(ticket=ticket, address=cast.address_for(joins), by=Principal.requester(asks), at=MONDAY)

    merge(pia, ada, grace)

    part = ticket.participants.get()
    assert (part.user, part.role, part.address.email) == (ada, Part.REQUESTER, stays)
    ticket.refresh_from_db()
    assert ticket.requester == ada


@pytest.mark.parametrize(
    ("hers", "ada_s", "primary"),
    [
        (True, False, HERS),
        (True, True, "ada@example.org"),
        (False, False, "ada@example.org"),
        (False, True, "ada@example.org"),
    ],
)
def test_the_primary_address_stays_unless_only_the_other_is_confirmed(
    pia: User, ada: User, grace: User, hers: bool, ada_s: bool, primary: str
) -> None:
    pia.addresses.update(verified_at=MONDAY if hers else None)
    if ada_s:
        confirm(cast.address_for(ada), at=MONDAY)

    merge(pia, ada, grace)

    ada.refresh_from_db()
    assert cast.address_for(ada).email == primary
    assert ada.email == (primary if hers or ada_s else "")
    assert ada.addresses.get(email=HERS).is_verified == hers


def test_what_waits_is_mailed_all_the_same(asked: Ticket, pia: User, ada: User, grace: User, settings) -> None:
    settings.MAIL_URL = "smtp://mail.example.org"
    actions.reply(ticket=asked, text="Here.", by=cast.principal(grace), at=TUESDAY)

    merge(pia, ada, grace)

    mail = OutgoingMail.objects.get(ticket=asked, state=MailState.QUEUED, recipient=HERS)
    assert mail.user == ada
    assert "Here." in compose(mail).body


def test_anonymised_afterwards_nothing_of_the_one_is_left(asked: Ticket, pia: User, ada: User, grace: User) -> None:
    AuditEvent.objects.create(kind=AuditKind.SIGNED_IN, at=MONDAY, by=pia, client_ip="203.0.113.7")
    merge(pia, ada, grace)

    erasure = actions.erase(person=ada, way=Way.ANONYMISE, by=cast.principal(grace), at=WEDNESDAY)
    while not actions.go_on(erasure, claim=erasure.claim, at=WEDNESDAY):
        pass

    assert {entry.text for entry in asked.entries.filter(kind="message")} == {REMOVED}
    assert not Address.objects.filter(email=HERS).exists()
    assert not AuditEvent.objects.exclude(client_ip=None).exists()


# --- What ends -----------------------------------------------------------------------------------------------


def test_the_account_ends_at_once_with_every_way_in(asked: Ticket, pia: User, ada: User, grace, sign_in) -> None:
    client, url = sign_in(pia), reverse("portal:tickets")
    assert client.get(url).status_code == 200
    give_app(pia)
    part = Participant.objects.select_related("address").get(ticket=asked)
    ticket_link = reverse("portal:ticket", args=[links.token_for(part)])
    second = addresses.claim(pia, "second@home.example")
    confirming = reverse("confirm_address", args=[addresses.token_for(second)])
    signing_in = sign_in_links.token_for(cast.address_for(pia))
    Invitation.objects.create(address=second, secret="s", invited_at=MONDAY, expires_at=TUESDAY)

    actions.erase(person=pia, way=Way.MERGE, by=cast.principal(grace), at=WEDNESDAY, to=ada)

    assert client.get(url).status_code == 302
    assert Client().get(ticket_link).status_code == 404
    assert Client().post(confirming).status_code == 404
    with pytest.raises(sign_in_links.LinkInvalid):
        sign_in_links.read(signing_in)
    assert not Invitation.objects.exists()
    pia.refresh_from_db()
    assert not pia.has_usable_password()
    assert not pia.addresses.exists()


def test_a_fresh_link_opens_the_ticket_for_who_stays(asked: Ticket, pia: User, ada: User, grace: User) -> None:
    merge(pia, ada, grace)

    part = Participant.objects.select_related("address").get(ticket=asked)

    assert links.read(links.token_for(part)).user == ada


# --- Who may not ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["agent", "administrator"])
@pytest.mark.parametrize("side", ["goes", "stays"])
@pytest.mark.parametrize("by_administrator", [True, False])
def test_who_works_here_is_neither_merged_away_nor_into(
    pia: User, ken: User, admin_user: User, grace: User, role: str, side: str, by_administrator: bool
) -> None:
    User.objects.filter(pk=grace.pk).update(is_administrator=by_administrator)
    grace.refresh_from_db()
    works = ken if role == "agent" else admin_user
    person, to = (works, pia) if side == "goes" else (pia, works)

    with pytest.raises((DeedRefused, NotPossible)):
        merge(person, to, grace)

    assert User.objects.filter(pk__in=[works.pk, pia.pk]).count() == 2
    assert not Erasure.objects.exists()


def test_nobody_takes_a_requester_s_tickets_by_merging_them_with_oneself(asked: Ticket, pia: User, grace: User) -> None:
    with pytest.raises(DeedRefused):
        merge(pia, grace, grace)


def test_only_whose_role_lets_them_let_go_of_people(pia: User, ada: User, billing) -> None:
    vera = cast.make_agent("Vera", billing, role=VIEW_ONLY)

    with pytest.raises(NotAllowed):
        merge(pia, ada, vera)


@pytest.mark.parametrize("why", ["same", "locked", "to locked", "demo", "anonymised", "has tickets", "too many"])
def test_what_cannot_be_merged_is_refused_and_nothing_is_changed(
    asked: Ticket, pia: User, ada: User, grace: User, why: str, monkeypatch
) -> None:
    to = ada
    match why:
        case "same":
            to = pia
        case "locked":
            User.objects.filter(pk=pia.pk).update(is_active=False)
        case "to locked":
            User.objects.filter(pk=ada.pk).update(is_active=False)
        case "demo":
            User.objects.filter(pk=pia.pk).update(is_demo=True)
        case "anonymised":
            User.objects.filter(pk=ada.pk).update(anonymised_at=MONDAY)
        case "has tickets":
            Ticket.objects.filter(pk=asked.pk).update(assignee=pia, status="assigned")
        case "too many":
            monkeypatch.setattr(merging, "MOST_ADDRESSES", 1)

    with pytest.raises((DeedRefused, NotPossible)):
        merge(pia, to, grace)

    asked.refresh_from_db()
    assert asked.requester == pia
    assert pia.addresses.exists()
    assert not AuditEvent.objects.filter(kind=AuditKind.MERGED).exists()


def test_who_gets_somebody_is_not_let_go_of_meanwhile(asked: Ticket, pia: User, ada: User, grace: User) -> None:
    actions.erase(person=pia, way=Way.MERGE, by=cast.principal(grace), at=WEDNESDAY, to=ada)

    for way in (Way.ANONYMISE, Way.DELETE, Way.MERGE):
        with pytest.raises(DeedRefused):
            actions.erase(
                person=ada, way=way, by=cast.principal(grace), at=WEDNESDAY, to=cast.make_person("c@x.example", "C")
            )


def test_what_let_one_work_here_once_does_not_go_over(pia: User, ada: User, billing, accountants, grace: User) -> None:
    cast.give_access(pia, billing)
    accountants.members.add(pia)

    merge(pia, ada, grace)

    assert not ada.department_access.exists()
    assert not ada.teams.exists()


# --- Many, and by the worker ---------------------------------------------------------------------------------


def test_many_tickets_go_over_in_steps(pia: User, ada: User, topic, grace: User, monkeypatch) -> None:
    monkeypatch.setattr(parts, "BATCH", 2)
    monkeypatch.setattr(merging, "BATCH", 2)
    tickets = {cast.make_ticket(pia, topic).pk for _n in range(5)}

    merge(pia, ada, grace)

    assert sees(ada) == tickets
    assert not ThreadEntry.objects.exclude(author=ada).exists()
    assert not TicketEvent.objects.filter(kind=Kind.OPENED).exclude(by=ada).exists()


def test_a_batch_costs_as_many_queries_however_many_tickets(pia: User, ada: User, topic, grace: User) -> None:
    def queries(person: User, tickets: int) -> int:
        for _n in range(tickets):
            cast.make_ticket(person, topic)
        erasure = actions.erase(person=person, way=Way.MERGE, by=cast.principal(grace), at=WEDNESDAY, to=ada)
        with CaptureQueriesContext(connection) as asked:
            actions.go_on(erasure, claim=erasure.claim, at=WEDNESDAY)
        actions.go_on_for_a_while(erasure, at=WEDNESDAY)
        return len(asked)

    few = queries(pia, 2)

    assert queries(cast.make_person("many@example.org", "Many"), 30) == few


def test_an_emptied_guest_becomes_who_proved_the_address_by_the_worker(asked: Ticket, ada: User, topic, grace) -> None:
    person, pk = cast.make_person("bert@example.org", "Bert"), ada.pk
    ticket = cast.make_ticket(ada, topic)
    contacts.add_note(ada, "Calls on Mondays.", by=grace, at=MONDAY)

    own_addresses.add(person, "ada@example.org", at=TUESDAY)

    assert sees(person) == {ticket.pk}
    erasure = Erasure.objects.get()
    assert (erasure.way, erasure.due_at, erasure.claim) == (Way.MERGE, TUESDAY, None)
    erasure.claim = ticket.events.first().deed
    erasure.save()
    assert actions.go_on_for_a_while(erasure, at=TUESDAY + DAY)
    assert person.notes.get().text == "Calls on Mondays."
    assert not User.objects.filter(pk=pk).exists()
    assert AuditEvent.objects.get(kind=AuditKind.MERGED).by == person


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", range(3))
def test_of_two_who_merge_both_ways_at_once_one_is_told(
    key: int, asked: Ticket, pia: User, ada: User, grace: User
) -> None:
    def merging(person: User, to: User) -> Erasure:
        return actions.erase(person=person, way=Way.MERGE, by=cast.principal(grace), at=WEDNESDAY, to=to)

    answers = at_once(lambda: merging(pia, ada), lambda: merging(ada, pia))

    (erasure,) = [answer for answer in answers if isinstance(answer, Erasure)]
    assert len([answer for answer in answers if isinstance(answer, DeedRefused)]) == 1
    assert actions.go_on_for_a_while(erasure, at=WEDNESDAY)
    (left,) = User.objects.filter(pk__in=[pia.pk, ada.pk])
    assert sees(left) == {asked.pk}
    assert left.addresses.count() == 2
