"""Queries that are built once: they find and write what Django's own do, and PostgreSQL keeps their plans."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from django.db.models import F
from django.db.transaction import TransactionManagementError

from accounts.models import Address, User
from core.aggregates import ListOf
from core.models import Blob
from core.prepared import (
    MOST_ROWS,
    Prepared,
    ahead,
    gathering,
    insert,
    insert_all,
    insert_missing,
    insert_or_renew,
    known,
)
from mail.models import Door, IncomingMail
from tests import cast
from tests.cast import HOUR, MONDAY, TUESDAY
from tickets.models import Participant, ThreadEntry, Ticket, TicketClock
from tickets.models.people import Part

pytestmark = pytest.mark.django_db

KNOWN = Prepared(lambda email: Address.objects.select_related("user").filter(email=email))
AMONG = Prepared(lambda emails: Address.objects.filter(email__in=emails).order_by("pk").values_list("email", flat=True))
PARTS = Prepared(lambda ticket, role: Participant.objects.filter(ticket=ticket, role=role).values_list("user", "role"))
HELD = Prepared(lambda pk, claim: IncomingMail.objects.filter(pk=pk, claim=claim))
EMAILS = Prepared(lambda since: Address.objects.filter(pk__gt=since).values_list(ListOf("email"), flat=True))
LOCKED = Prepared(lambda pk: User.objects.select_for_update().filter(pk=pk))


def stored(**fields) -> IncomingMail:
    return IncomingMail(door=Door.PIPE, size=1, stored_at=MONDAY, arrived_at=MONDAY, due_at=MONDAY, **fields)


def test_a_row_is_read_as_django_reads_it_with_what_is_joined(ada, grace, django_assert_num_queries):
    for person in (ada, grace, ada):
        email = cast.address_for(person).email
        with django_assert_num_queries(1):
            found = KNOWN.get(email=email)
            assert found.user.name == person.name

        written = Address.objects.get(pk=found.pk)
        assert {name: getattr(found, name) for name in vars(written) if name != "_state"} == {
            name: value for name, value in vars(written).items() if name != "_state"
        }
        assert (found._state.adding, found._state.db) == (False, "default")


def test_rows_are_read_anew_every_time(ada):
    assert KNOWN.get(email="ada@example.org").user.name == "Ada"
    User.objects.filter(pk=ada.pk).update(name="Ada L.")

    assert KNOWN.get(email="ada@example.org").user.name == "Ada L."


def test_nobody_is_found_where_nobody_is(ada):
    assert (KNOWN.first(email="nobody@example.org"), KNOWN.all(email="nobody@example.org")) == (None, [])
    with pytest.raises(ObjectDoesNotExist) as raised:
        KNOWN.get(email="nobody@example.org")
    assert isinstance(raised.value, Address.DoesNotExist)


def test_lists_of_any_length_are_looked_for(ada, grace):
    both = sorted(cast.address_for(one).email for one in (ada, grace))

    for others in range(6):
        assert sorted(AMONG.all(emails=[*both, *(f"{one}@example.net" for one in range(others))])) == both


def test_rows_and_choices_are_values_too(ticket, ada):
    assert PARTS.all(ticket=ticket, role=Part.REQUESTER) == [(ada.pk, "requester")]
    assert PARTS.all(ticket=ticket, role=Part.COLLABORATOR) == []


def test_what_is_written_is_what_django_writes():
    """Times, tokens, lists, nothing, and a span: each field as its own kind."""
    claim = uuid4()
    ours, theirs = stored(claim=claim, remarks=[["x", {}]]), stored(claim=claim, remarks=[["x", {}]])
    insert(ours)
    theirs.save()

    read = [IncomingMail.objects.filter(pk=one.pk).values().get() for one in (ours, theirs)]
    assert [one.pop("id") for one in read] == [ours.pk, theirs.pk]
    assert read[0] == read[1]
    ours.subject = "Changed as any row"
    ours.save()
    assert IncomingMail.objects.count() == 2


def test_many_rows_get_their_keys_in_order(ticket):
    plan = cast.make_plan("Four hours")
    for count in (2, 3, MOST_ROWS + 1):
        clocks = [
            TicketClock(
                ticket=ticket,
                target="resolution",
                plan=plan,
                within=timedelta(hours=number + 1),
                started_at=MONDAY,
                warn_at=MONDAY,
                deadline_at=MONDAY + number * HOUR,
                stopped_at=TUESDAY,
                outcome="cancelled",
            )
            for number in range(count)
        ]
        insert_all(clocks)

        kept = {clock.pk: clock for clock in TicketClock.objects.filter(pk__in=[one.pk for one in clocks])}
        assert [kept[one.pk].within for one in clocks] == [one.within for one in clocks]
        assert [kept[one.pk].deadline_at for one in clocks] == [one.deadline_at for one in clocks]


def test_an_update_says_how_many_rows_it_hit():
    claim = uuid4()
    mail = insert(stored(claim=claim))
    changes = {"claim": None, "remarks": [["said", {"count": "1"}]], "due_at": TUESDAY, "subject": "Hello"}

    assert HELD.update(changes, pk=mail.pk, claim=uuid4()) == 0
    assert HELD.update(changes, pk=mail.pk, claim=claim) == 1
    assert HELD.update(changes, pk=mail.pk, claim=claim) == 0
    assert IncomingMail.objects.values("claim", "remarks", "due_at", "subject").get(pk=mail.pk) == changes


def test_what_is_there_already_is_left_or_renewed():
    first = insert(Blob(sha256="1" * 64, size=1, created_at=MONDAY))

    insert_missing([Blob(sha256=one * 64, size=9, created_at=MONDAY) for one in "12"])
    assert list(Blob.objects.order_by("sha256").values_list("size", flat=True)) == [1, 9]

    again = insert_or_renew(Blob(sha256="1" * 64, size=9, created_at=TUESDAY), unique="sha256", renewed="created_at")
    assert again.pk == first.pk
    assert Blob.objects.values_list("size", "created_at").get(pk=first.pk) == (1, TUESDAY)


def test_a_query_may_say_percent_itself(ada):
    User.objects.filter(pk=ada.pk).update(name="100% ada@example.org")
    within = Prepared(lambda email: Address.objects.filter(email=email, user__name__contains=F("email")))

    assert within.get(email="ada@example.org").user_id == ada.pk
    assert within.first(email="grace@example.com") is None


def test_what_is_asked_ahead_is_one_query_and_the_same_answers(ticket, ada, grace, django_assert_num_queries):
    rows = [cast.address_for(one) for one in (ada, grace)]
    both = [one.email for one in rows]
    # None, one and many; flat, as tuples and as rows with what is joined; the same query twice.
    asked = [(KNOWN, {"email": email}) for email in (both[0], "nobody@example.org", both[1])]
    asked += [(PARTS, {"ticket": ticket, "role": Part.REQUESTER}), (EMAILS, {"since": 0})]
    for many in (None, (AMONG, {"emails": both}), (AMONG, {"emails": ["nobody@example.org"]})):
        with django_assert_num_queries(1), ahead(*asked, many=many):
            assert [KNOWN.first(email=email) for email in both] == rows
            assert KNOWN.first(email="nobody@example.org") is None
            assert PARTS.all(ticket=ticket, role=Part.REQUESTER) == [(ada.pk, "requester")]
            assert set(both) <= set(EMAILS.get(since=0))
            if many is not None:
                assert sorted(AMONG.all(**many[1])) == sorted(set(both) & set(many[1]["emails"]))


def test_what_was_asked_ahead_is_known_once_and_within_only(ada, django_assert_num_queries):
    with ahead((KNOWN, {"email": "ada@example.org"})):
        User.objects.filter(pk=ada.pk).update(name="Ada L.")
        assert KNOWN.get(email="ada@example.org").user.name == "Ada"
        assert KNOWN.get(email="ada@example.org").user.name == "Ada L."
        with ahead((KNOWN, {"email": "ada@example.org"})):
            pass
        with django_assert_num_queries(1):
            KNOWN.get(email="ada@example.org")
    with ahead((KNOWN, {"email": "ada@example.org"})):
        pass
    with django_assert_num_queries(1):
        KNOWN.get(email="ada@example.org")


def test_an_answer_is_heard_once_also_where_one_was_asked_within_another(ada):
    question = (KNOWN, {"email": "ada@example.org"})
    with ahead(question):
        with known((question, [])):
            assert KNOWN.first(email="ada@example.org") is None
            User.objects.filter(pk=ada.pk).update(name="Ada L.")
        assert KNOWN.get(email="ada@example.org").user.name == "Ada L."


def test_a_list_of_nothing_is_nothing():
    assert not EMAILS.get(since=2**40)


@gathering()
def gather_and_fail() -> None:
    insert_missing([Blob(sha256="4" * 64, size=1, created_at=MONDAY)])
    Blob.objects.get(sha256="4" * 64)


def test_rows_that_are_gathered_are_written_together_at_the_end(django_assert_num_queries):
    with django_assert_num_queries(1), gathering():
        insert_missing([Blob(sha256=one * 64, size=1, created_at=MONDAY) for one in "12"])
        insert_missing([Blob(sha256=one * 64, size=9, created_at=MONDAY) for one in "23"])
    with pytest.raises(Blob.DoesNotExist):
        gather_and_fail()

    assert list(Blob.objects.order_by("sha256").values_list("size", flat=True)) == [1, 1, 9]


@pytest.mark.parametrize("name", ["O'Hara", "100%", "%s", "back\\slash", ""])
def test_a_query_may_say_any_text(ada, name):
    User.objects.filter(pk=ada.pk).update(name=name)
    named = Prepared(lambda email: Address.objects.filter(email=email, user__name=name).values_list("user__name"))

    assert named.all(email="ada@example.org") == [(name,)]
    assert named.all(email="grace@example.com") == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL keeps plans")
def test_a_plan_that_is_kept_uses_an_index_of_some_rows_alone():
    sent = Prepared(
        lambda author, key: ThreadEntry.objects.filter(author=author, request_key=key).exclude(request_key="")
    )
    for number in range(8):
        sent.all(author=number, key="form")

    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%request_key\" = $2%'")
        (name,) = cursor.fetchone()
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN EXECUTE {name}(1, 'form')")
        assert "one_entry_per_sent_form" in str(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_another_connection_is_asked_like_the_first():
    ada = cast.make_person("ada@example.org", "Ada")
    for _connection in range(3):
        assert KNOWN.get(email="ada@example.org").user == ada
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_row_is_locked_within_a_transaction_only():
    ada = cast.make_person("ada@example.org", "Ada")
    with transaction.atomic():
        assert LOCKED.get(pk=ada.pk) == ada
    with pytest.raises(TransactionManagementError):
        LOCKED.get(pk=ada.pk)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL keeps plans")
def test_postgresql_keeps_the_plan():
    for number in range(6):
        KNOWN.first(email=f"{number}@example.org")

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%accounts_address%email%'")
        assert cursor.fetchone()[0] >= 1


def test_a_failed_write_leaves_the_connection_as_any_would(ticket):
    ada = ticket.requester
    twice = Participant(ticket=ticket, user=ada, address=cast.address_for(ada), added_at=MONDAY)
    with pytest.raises(Exception, match=r"(?i)unique"), transaction.atomic():
        insert(twice)

    assert Ticket.objects.filter(pk=ticket.pk).exists()
    assert twice.pk is None
