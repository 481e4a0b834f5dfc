"""Letting go of a person: what stays, what goes, and that no trace is left anywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.db import connection
from django.utils import timezone

from accounts import addresses, audit, contacts
from accounts.contacts import NotPossible
from accounts.models import Address, AuditEvent, AuditKind, Invitation, Note, Organization, User
from accounts.people import confirm
from core import clients, sweeping
from core.files import store
from core.models import Blob, NewFile
from mail.models import MailState, OutgoingMail
from tests import cast
from tests.cast import DAY, MONDAY, TUESDAY, VIEW_ONLY
from tickets import actions, mentions
from tickets.actions import erasing
from tickets.erasure import REMOVED
from tickets.errors import DeedRefused, NotAllowed
from tickets.models import Attachment, Erasure, FailedHandler, Kind, ThreadEntry, Ticket, TicketEvent, Way

NAME, EMAIL, SECOND, PHONE = "Philomena Quistgaard", "philo.q@example.org", "pq@second.example", "+45 3312 9981"
TRACES = ("philomena", "quistgaard", "philo.q", "pq@second", "3312 9981", "quistgaard.pdf")


def file(name: str, content: bytes) -> NewFile:
    return NewFile(store([content]), name, "text/plain")


@pytest.fixture
def philo(db: None) -> User:
    """Somebody whose name stands nowhere else."""
    person = cast.make_person(EMAIL, NAME, phone=PHONE, time_zone="Europe/Copenhagen")
    person.organization = Organization.objects.create(name="Company")
    person.save()
    return person


@pytest.fixture
def asked(philo: User, ada: User, topic, grace: User) -> Ticket:
    """A ticket of hers, and everything else that names her in every table there is."""
    by = cast.principal(grace)
    files = [file("quistgaard.pdf", f"CV of {NAME}".encode())]
    made = cast.make_ticket(philo, topic, subject=f"{NAME} asks", text=f"I am {NAME}, call {PHONE}.", files=files)
    actions.reply(ticket=made, text=f"Hello Philomena,\nwe write to {EMAIL}.", by=by, at=TUESDAY)
    actions.add_note(ticket=made, text=f"Quistgaard again; {PHONE}", by=by, at=TUESDAY)
    other = cast.make_ticket(ada, topic, subject=f"About {NAME.upper()}", text=f"Ask {SECOND} or {NAME}.")
    actions.add_note(ticket=other, text=f"As {EMAIL} said.", by=by, at=TUESDAY)
    second = addresses.claim(philo, SECOND)
    confirm(second, at=TUESDAY)
    Invitation.objects.create(address=second, secret="s", invited_at=MONDAY, expires_at=TUESDAY)
    contacts.add_note(philo, f"{NAME} is kind.", by=grace, at=MONDAY)
    contacts.add_note(ada, f"Knows {NAME}.", by=grace, at=MONDAY)
    contacts.add_note(philo.organization, f"Speak to {NAME}.", by=grace, at=MONDAY)
    contacts.change_person(philo, {"name": NAME, "phone": PHONE}, by=grace, at=MONDAY)
    with clients.answering("203.0.113.7"):
        audit.record(AuditKind.SIGNED_IN, by=philo, at=MONDAY, target=philo)
    event = TicketEvent.objects.filter(ticket=made).first()
    FailedHandler.objects.create(event=event, handler="x.y", error=f"no such {EMAIL}", failed_at=MONDAY)
    return made


def erase(person: User, way: Way, grace: User, **given: object) -> None:
    erasure = actions.erase(person=person, way=way, by=cast.principal(grace), at=timezone.now(), **given)
    while not actions.go_on(erasure, claim=erasure.claim, at=timezone.now()):
        pass


def redact_all(person: User, grace: User) -> int:
    """Press every button that is shown, page after page."""
    times, before = 0, None
    while True:
        further = None
        found = mentions.in_own_tickets(person)
        some, further = mentions.elsewhere(person, before)
        for one in [*found, *some]:
            times += actions.redact(
                person=person, source=one.source, pk=one.pk, by=cast.principal(grace), at=timezone.now()
            )
        if further is None:
            return times
        before = further


def everything() -> Iterator[tuple[str, str]]:
    """Return table and text of every row of every table there is."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield (
                    table,
                    " ".join(
                        bytes(one).decode(errors="replace") if isinstance(one, memoryview | bytes) else str(one)
                        for one in row
                    ),
                )


def traces() -> set[str]:
    """Return where a name, an address or a phone number still stands: tables, and names of files."""
    found = {table for table, text in everything() for trace in TRACES if trace in text.lower()}
    for path in Path(configured.FILES_DIR).rglob("*"):
        if path.is_file() and any(trace in path.read_bytes().decode(errors="replace").lower() for trace in TRACES):
            found.add(path.name)
    return found


def test_the_search_finds_what_is_there(asked: Ticket) -> None:
    """So that finding nothing says something."""
    tables = {model._meta.db_table for model in (User, Address, Note, Ticket, ThreadEntry, Attachment, FailedHandler)}

    found = traces()

    assert tables | {OutgoingMail._meta.db_table} <= found
    assert Blob.objects.get().sha256 in found


def test_after_anonymising_and_redacting_no_trace_is_left(asked: Ticket, philo: User, grace: User) -> None:
    Blob.objects.update(created_at=MONDAY)
    events, entries = asked.events.count(), asked.entries.count()

    assert redact_all(philo, grace) == 10
    erase(philo, Way.ANONYMISE, grace)
    sweeping.sweep_files(timezone.now())

    assert traces() == set()
    asked.refresh_from_db()
    assert (asked.subject, asked.opened_at, asked.requester) == (REMOVED, MONDAY, philo)
    assert (asked.events.count(), asked.entries.count()) == (events, entries)
    assert not AuditEvent.objects.filter(by=philo).exclude(client_ip=None).exists()
    assert AuditEvent.objects.filter(kind=AuditKind.ANONYMISED, target_id=philo.pk).count() == 1
    assert not Erasure.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(configured.DATABASES["default"]["ENGINE"].endswith("postgresql"), reason="a dump of the file")
def test_nor_in_a_dump_of_the_file(asked: Ticket, philo: User, grace: User) -> None:
    Blob.objects.update(created_at=MONDAY)
    redact_all(philo, grace)
    erase(philo, Way.ANONYMISE, grace)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")

    dump = "\n".join(connection.connection.iterdump()).lower()

    assert "grace" in dump
    assert [trace for trace in TRACES if trace in dump] == []


def test_words_about_others_stay(asked: Ticket, philo: User, ada: User, grace: User) -> None:
    ticket = cast.make_ticket(ada, asked.topic, subject="Filomena", text="Quist and gaard, +45 3312, Philomenas")

    redact_all(philo, grace)
    erase(philo, Way.ANONYMISE, grace)

    assert ticket.entries.get().text == "Quist and gaard, +45 3312, Philomenas"


def test_a_redaction_is_recorded_and_touches_these_words_alone(asked: Ticket, philo: User, grace: User) -> None:
    note = asked.entries.get(kind="note")

    actions.redact(person=philo, source="entry", pk=note.pk, by=cast.principal(grace), at=TUESDAY)

    note.refresh_from_db()
    assert note.text == f"{REMOVED} again; {REMOVED}"
    event = AuditEvent.objects.get(kind=AuditKind.REDACTED)
    assert (event.target_id, event.changes) == (note.pk, {"about": [None, philo.pk]})


def test_the_search_elsewhere_goes_on_window_by_window(asked: Ticket, philo: User, monkeypatch) -> None:
    monkeypatch.setattr(mentions, "WINDOW", 2)
    found, before, turns = set(), None, 0
    while True:
        some, before = mentions.elsewhere(philo, before)
        found |= {one.key for one in some}
        turns += 1
        if before is None:
            break

    monkeypatch.setattr(mentions, "WINDOW", 10**6)
    assert found == {one.key for one in mentions.elsewhere(philo)[0]}
    assert len(found) >= 5
    assert turns > 2


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
    assert not Blob.objects.exists()
    assert other.entries.count() == 2
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
