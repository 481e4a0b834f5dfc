"""Words and files of others that name a person: found, taken out, and no trace is left anywhere."""

from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import connection
from django.utils import timezone

from accounts.models import Address, AuditEvent, AuditKind, Note, Organization, User
from core import sweeping
from core.models import Blob, NewFile
from mail.models import OutgoingMail
from tests import cast
from tests.cast import MONDAY, TUESDAY
from tests.tickets.traces import DIALLED, EMAIL, NAME, TRACES, erase, redact_all, traces
from tickets import actions, mentions
from tickets.erasure import REMOVED
from tickets.file_texts import text_of
from tickets.models import Attachment, Erasure, FailedHandler, ThreadEntry, Ticket, Way


def test_the_search_finds_what_is_there(asked: Ticket) -> None:
    """So that finding nothing says something."""
    kept = (User, Address, Note, Ticket, ThreadEntry, Attachment, FailedHandler, Organization)
    tables = {model._meta.db_table for model in kept}

    found = traces()

    assert tables | {OutgoingMail._meta.db_table} <= found
    innocent = {"other.txt", "picture.png"}
    told = {one.name: one.blob.sha256 in found for one in Attachment.objects.select_related("blob")}
    assert len(told) == 8
    assert {name for name, is_found in told.items() if not is_found} == innocent


def test_after_anonymising_and_redacting_no_trace_is_left(asked: Ticket, philo: User, grace: User) -> None:
    Blob.objects.update(created_at=MONDAY)
    events, entries = asked.events.count(), asked.entries.count()

    assert redact_all(philo, grace) == 19
    erase(philo, Way.ANONYMISE, grace)
    sweeping.sweep_files(timezone.now())

    assert traces() == set()
    assert {one.name for one in Attachment.objects.all()} == {"other.txt", "picture.png"}
    assert Blob.objects.count() == 2
    assert sum(path.is_file() for path in Path(configured.FILES_DIR).rglob("*")) == 2
    assert set(Organization.objects.values_list("name", flat=True)) >= {f"{REMOVED} & Sons", f"{REMOVED} & Sons 2"}
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
    assert not DIALLED.search(dump)


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


@pytest.mark.parametrize(
    ("html", "left"),
    [
        (f'<a href="mailto:{EMAIL}">she</a> wrote', f'<a href="mailto:{REMOVED}">she</a> wrote'),
        ("<p>Philo<b>mena</b> Quistgaard wrote</p>", ""),
        ("<p>Philomena Quist&#103;aard wrote</p>", ""),
        ("<p>Philomena<br>Quistgaard wrote</p>", ""),
        ("<p>Nobody wrote</p>", "<p>Nobody wrote</p>"),
    ],
)
def test_what_only_the_markup_says_is_found_and_taken_out(
    asked: Ticket, philo: User, ada: User, grace: User, html: str, left: str
) -> None:
    ticket = cast.make_ticket(ada, asked.topic, text=f"{NAME} wrote" if left == "" else "She wrote")
    ticket.entries.update(html=html)

    redact_all(philo, grace)

    assert ticket.entries.get().html == left


def test_a_file_that_names_nobody_is_not_removed_by_a_forged_form(asked: Ticket, philo: User, grace: User) -> None:
    innocent = Attachment.objects.get(name="other.txt")

    assert not actions.redact(person=philo, source="content", pk=innocent.pk, by=cast.principal(grace), at=TUESDAY)

    assert Attachment.objects.filter(pk=innocent.pk).exists()


def test_bytes_that_another_file_has_too_stay_until_that_is_removed(
    asked: Ticket, philo: User, ada: User, grace: User
) -> None:
    Blob.objects.update(created_at=MONDAY)
    one = Attachment.objects.get(name="page.html")
    again = NewFile(one.blob, "copy.html", "text/html")
    other = cast.make_ticket(ada, asked.topic, files=[again])

    for name, left in (("page.html", True), ("copy.html", False)):
        pk = Attachment.objects.get(name=name).pk
        assert actions.redact(person=philo, source="content", pk=pk, by=cast.principal(grace), at=timezone.now())
        sweeping.sweep_files(timezone.now())
        assert Blob.objects.filter(pk=one.blob_id).exists() == left

    assert not Attachment.objects.filter(entry__ticket=other).exists()
    assert AuditEvent.objects.filter(kind=AuditKind.REDACTED, target_model="tickets.attachment").count() == 2


def test_a_page_reads_so_many_files_and_goes_on_with_the_next(asked: Ticket, philo: User, monkeypatch) -> None:
    read = []
    monkeypatch.setattr(mentions, "MOST_FILES", 2)
    monkeypatch.setattr(mentions, "text_of", lambda one: read.append(one.pk) or text_of(one))
    found, before, most = set(), None, 0
    while True:
        read.clear()
        some, before = mentions.elsewhere(philo, before)
        found |= {one.key for one in some}
        most = max(most, len(read))
        if before is None:
            break

    monkeypatch.setattr(mentions, "MOST_FILES", 1000)
    assert most == 2
    assert found == {one.key for one in mentions.elsewhere(philo)[0]}


def test_one_huge_file_is_read_alone(asked: Ticket, philo: User, monkeypatch) -> None:
    monkeypatch.setattr(mentions, "MOST_BYTES", 1)
    found, before = set(), None
    while True:
        some, before = mentions.elsewhere(philo, before)
        found |= {one.key for one in some if one.source == "content"}
        if before is None:
            break

    assert len(found) == 5


def test_a_file_that_storage_lost_or_that_is_broken_stops_nothing(asked: Ticket, philo: User) -> None:
    lost = Attachment.objects.select_related("blob").get(name="page.html").blob
    (Path(configured.FILES_DIR) / lost.path).unlink()
    mail = Attachment.objects.select_related("blob").get(name="mail.eml").blob
    (Path(configured.FILES_DIR) / mail.path).write_bytes(
        b"Subject: =?x?q?=?=\nContent-Type: text/plain; charset=x\n\n\xff"
    )

    names = {one.name for one in mentions.elsewhere(philo)[0]}

    assert {"list.csv", "notes.txt", "own.txt"} <= names


def test_the_search_elsewhere_goes_on_window_by_window(asked: Ticket, philo: User, monkeypatch) -> None:
    # Keys go on from test to test on PostgreSQL: not thousands of windows.
    monkeypatch.setattr(mentions, "WINDOW", max(2, mentions._newest() // 20))
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
