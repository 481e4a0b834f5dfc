"""The directory of people, the page of each, and who may do what there."""

import csv
import sys

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import addresses, contacts
from accounts.models import Address, AuditEvent, AuditKind, Note, Organization, User
from accounts.people import confirm
from mail.models import OutgoingMail
from tests import cast
from tests.cast import MONDAY, VIEW_ONLY
from tests.desk.conftest import AtDesk, toasts

DIRECTORY_BUDGET = 10
PERSON_BUDGET = 16


def names(answer) -> list[str]:
    return [row["person"].name for row in answer.context["rows"]]


def page_of(person: User, name: str = "person", *more: object) -> str:
    return reverse(f"desk:{name}", args=[person.pk, *more])


# --- Finding ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["lovelace", "ADA love", "ada@example.org", "second.example", "030 1234", "(030) 12-34", "engines ada", "+49 30"],
)
def test_people_are_found_by_what_one_knows_of_them(desk: AtDesk, ada: User, text: str) -> None:
    cast.make_person("babbage@example.net", "Charles Babbage")
    ada.name, ada.phone = "Ada Lovelace", "+49 (30) 12 34"
    ada.phone = "030/12.34" if "030" in text else ada.phone
    ada.organization = Organization.objects.create(name="Analytical Engines")
    ada.save()
    addresses.claim(ada, "countess@second.example")
    if text == "+49 30":
        ada.phone = "+49 30 99"
        ada.save()

    assert names(desk.client.get("/desk/people/", {"q": text})) == ["Ada Lovelace"]


def test_case_is_of_no_matter_beyond_ascii(desk: AtDesk) -> None:
    cast.make_person("oe@example.net", "Özil")

    assert names(desk.client.get("/desk/people/", {"q": "özil"})) == ["Özil"]


@pytest.mark.parametrize("sort", ["name", "newest"])
def test_pages_go_on_where_the_last_one_ended_and_back(desk: AtDesk, sort: str) -> None:
    for n in range(60):
        cast.make_person(f"p{n}@example.net", "Same Name" if n % 3 else f"person {n:02}", confirmed=False)
    url, seen, back = f"/desk/people/?sort={sort}", [], []
    while url:
        answer = desk.client.get(url)
        seen += [row["person"].pk for row in answer.context["rows"]]
        url, last = answer.context["older_url"], url
    while last:
        answer = desk.client.get(last)
        back = [row["person"].pk for row in answer.context["rows"]] + back
        last = answer.context["newer_url"]

    assert seen == back
    assert len(seen) == len(set(seen)) == User.objects.count()
    found = {row.pk: row for row in User.objects.all()}
    if sort == "newest":
        assert seen == sorted(seen, reverse=True)
    else:
        assert seen == sorted(seen, key=lambda pk: (found[pk].name.lower(), pk))


def test_a_place_that_is_not_known_shows_the_beginning(desk: AtDesk) -> None:
    first = names(desk.client.get("/desk/people/"))

    assert names(desk.client.get("/desk/people/?after=999999")) == first
    assert names(desk.client.get("/desk/people/?after=x")) == first


def test_many_people_cost_no_more_queries_than_few(desk: AtDesk, long_run: bool) -> None:
    def queries(url: str) -> int:
        desk.client.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert desk.client.get(url).status_code == 200
        return len(asked)

    urls = ("/desk/people/", "/desk/people/?q=person", "/desk/organizations/")
    for n in range(25):
        cast.make_person(f"few{n}@example.net", f"Person {n}", confirmed=False)
    few = [queries(url) for url in urls]
    count = 20_000 if long_run else 2_000
    organizations = Organization.objects.bulk_create(Organization(name=f"Company {n}") for n in range(200))
    many = User.objects.bulk_create(
        [User(name=f"Person {n}", organization=organizations[n % 200], password="!") for n in range(count)],
        batch_size=1000,
    )
    Address.objects.bulk_create(
        [Address(email=f"many{n}@example.net", user=user, is_primary=True) for n, user in enumerate(many)],
        batch_size=1000,
    )

    assert [queries(url) for url in urls] == few
    assert max(few) <= DIRECTORY_BUDGET


# --- Rights ----------------------------------------------------------------------------------------


def test_who_may_not_look_people_up_is_told_and_finds_no_way(desk: AtDesk, ada: User, grace: User) -> None:
    role = grace.department_access.get().role
    role.permissions = [one for one in role.permissions if not one.startswith("person.")]
    role.save()

    assert desk.client.get("/desk/people/").status_code == 403
    assert desk.client.get(page_of(ada)).status_code == 403
    assert "/desk/people/" not in desk.client.get("/desk/queues/open/").content.decode()


def test_who_may_look_changes_nothing(at_desk, ada: User, billing) -> None:
    vera = at_desk(cast.make_agent("Vera", billing, role=VIEW_ONLY))

    shown = vera.client.get(page_of(ada)).content.decode()

    for name in ("person-edit", "person-lock", "person-note", "person-address"):
        assert page_of(ada, name) not in shown
        assert vera.client.post(page_of(ada, name), {"text": "x", "email": "x@y.example"}).status_code == 403
    ada.refresh_from_db()
    assert ada.is_active
    assert not Note.objects.exists()


@pytest.mark.parametrize("name", ["person-edit", "person-address", "person-lock"])
def test_agents_and_administrators_are_not_changed_from_the_desk(desk: AtDesk, admin_user: User, name: str) -> None:
    desk.client.post(page_of(admin_user, name), {"email": "evil@example.net", "name": "Evil"})

    admin_user.refresh_from_db()
    assert (admin_user.name, admin_user.is_active, admin_user.addresses.count()) == ("Rosa Root", True, 1)


# --- Adding and changing ---------------------------------------------------------------------------


def test_a_person_is_added_with_an_address_that_is_not_confirmed(desk: AtDesk, grace: User) -> None:
    company = Organization.objects.create(name="Company")

    answer = desk.client.post(
        "/desk/people/add/",
        {"name": "Charles", "email": "Charles@Example.NET", "phone": "+44 20 1", "organization": company.pk},
    )

    charles = User.objects.get(name="Charles")
    assert answer.url == page_of(charles)
    assert (charles.phone, charles.organization, charles.email) == ("+44 20 1", company, "")
    address = charles.addresses.get()
    assert (address.email, address.is_primary, address.is_verified) == ("charles@example.net", True, False)
    assert AuditEvent.objects.get(kind=AuditKind.CREATED).target_id == charles.pk


def test_an_address_that_somebody_has_adds_nobody(desk: AtDesk, ada: User) -> None:
    before = User.objects.count()

    answer = desk.client.post("/desk/people/add/", {"name": "Eve", "email": "ADA@example.org"})

    assert answer.status_code == 422
    assert "Ada has this address" in answer.content.decode()
    assert User.objects.count() == before


def test_a_change_stands_in_the_log_without_what_was_changed(desk: AtDesk, ada: User, grace: User) -> None:
    desk.client.post(page_of(ada, "person-edit"), {"name": "Ada King", "phone": "12345", "time_zone": "Europe/London"})

    ada.refresh_from_db()
    assert (ada.name, ada.phone, ada.time_zone) == ("Ada King", "12345", "Europe/London")
    event = AuditEvent.objects.get(kind=AuditKind.CHANGED)
    assert (event.by, event.target_id) == (grace, ada.pk)
    assert event.changes == {name: [None, None] for name in ("name", "phone", "time_zone")}


def test_what_is_no_phone_number_is_refused(desk: AtDesk, ada: User) -> None:
    assert desk.client.post(page_of(ada, "person-edit"), {"phone": "javascript:alert(1)"}).status_code == 422


# --- The account -----------------------------------------------------------------------------------


def test_who_is_locked_can_do_nothing_until_unlocked(desk: AtDesk, ada_confirmed: User, sign_in) -> None:
    client = sign_in(ada_confirmed)
    assert "_auth_user_id" in client.session

    desk.client.post(page_of(ada_confirmed, "person-lock"))

    assert client.get("/accounts/password/change/").status_code == 302
    desk.client.post(page_of(ada_confirmed, "person-unlock"))
    assert client.get("/accounts/password/change/").status_code == 200
    changed = AuditEvent.objects.filter(kind=AuditKind.CHANGED).order_by("pk").values_list("changes", flat=True)
    assert list(changed) == [{"is_active": [True, False]}, {"is_active": [False, True]}]


def test_a_password_link_goes_to_who_has_an_account_and_not_too_often(
    desk: AtDesk, ada_confirmed: User, mailoutbox
) -> None:
    for _turn in range(5):
        desk.client.post(page_of(ada_confirmed, "person-password"))

    assert [mail.to for mail in mailoutbox] == [["ada@example.org"]] * 3


def test_a_guest_gets_no_password_link(desk: AtDesk, ada: User, mailoutbox) -> None:
    answer = desk.client.post(page_of(ada, "person-password"))

    assert mailoutbox == []
    assert toasts(answer) == ["Ada has no account to sign in with."]


def test_a_guest_is_invited_by_mail_and_who_has_an_account_is_not(desk: AtDesk, ada: User, mailoutbox) -> None:
    desk.client.post(page_of(ada, "person-invite"))

    assert [mail.to for mail in mailoutbox] == [["ada@example.org"]]
    assert ada.addresses.get().invitation.accepted_at is None
    ada.set_password(cast.PASSWORD)
    ada.save()
    answer = desk.client.post(page_of(ada, "person-invite"))
    assert toasts(answer)[-1] == "Ada has an account already."
    assert len(mailoutbox) == 1


@pytest.mark.parametrize("name", ["person-invite", "person-address-confirm"])
def test_where_no_mail_goes_out_nobody_is_told_that_one_does(desk: AtDesk, ada: User, settings, name: str) -> None:
    more = [ada.addresses.get().pk] if name == "person-address-confirm" else []
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    mailed = desk.client.post(page_of(ada, name, *more))
    settings.MAIL_URL = ""

    not_mailed = desk.client.post(page_of(ada, name, *more))

    assert "goes to ada@example.org" in toasts(mailed)[-1]
    assert toasts(not_mailed)[-1] == "Not mailed: no mail server is set"


@pytest.mark.parametrize("name", ["person-lock", "person-revoke", "person-invite", "person-edit", "person-erase"])
def test_the_audit_log_knows_from_where_an_agent_did_it(desk: AtDesk, ada: User, name: str) -> None:
    desk.client.post(page_of(ada, name), {"name": "Ada King", "confirm": "on"}, REMOTE_ADDR="203.0.113.7")

    assert set(AuditEvent.objects.values_list("by", "client_ip")) == {(desk.agent.pk, "203.0.113.7")}


# --- Notes and tickets -----------------------------------------------------------------------------


def test_notes_are_deleted_by_who_wrote_them_alone(desk: AtDesk, at_desk, ada: User, linus: User) -> None:
    desk.client.post(page_of(ada, "person-note"), {"text": "Speaks <b>German</b>."})
    note = ada.notes.get()

    at_desk(linus).client.post(page_of(ada, "person-note-delete", note.pk))

    assert ada.notes.count() == 1
    assert "Speaks &lt;b&gt;German&lt;/b&gt;." in desk.client.get(page_of(ada)).content.decode()
    desk.client.post(page_of(ada, "person-note-delete", note.pk))
    assert not ada.notes.exists()


def test_a_note_is_reached_by_the_person_it_is_about_alone(desk: AtDesk, ada: User, ken: User, grace: User) -> None:
    note = contacts.add_note(ken, "Other.", by=grace, at=MONDAY)

    assert desk.client.post(page_of(ada, "person-note-delete", note.pk)).status_code == 404


def test_only_tickets_that_the_agent_sees_are_shown(desk: AtDesk, at_desk, ticket, ada: User, linus: User) -> None:
    mine = desk.client.get(page_of(ada))
    theirs = at_desk(linus).client.get(page_of(ada))

    assert [row["ticket"] for row in mine.context["tickets"]["rows"]] == [ticket]
    assert theirs.context["tickets"]["rows"] == []
    assert theirs.context["tickets"]["count_text"] == ""
    assert ticket.number not in theirs.content.decode()


def test_a_page_of_a_person_with_much_costs_no_more(desk: AtDesk, ada: User, topic, grace: User) -> None:
    def queries() -> int:
        desk.client.get(page_of(ada))
        with CaptureQueriesContext(connection) as asked:
            desk.client.get(page_of(ada))
        return len(asked)

    cast.make_ticket(ada, topic)
    contacts.add_note(ada, "One.", by=grace, at=MONDAY)
    few = queries()
    for n in range(15):
        cast.make_ticket(ada, topic)
        contacts.add_note(ada, f"Note {n}.", by=cast.make_agent(f"Agent {n}"), at=MONDAY)
        addresses.claim(ada, f"ada{n}@example.net")

    assert queries() == few <= PERSON_BUDGET


# --- Export ----------------------------------------------------------------------------------------


def test_the_export_holds_what_was_found_as_harmless_text(desk: AtDesk, ada: User, grace: User) -> None:
    ada.name, ada.phone = '=HYPERLINK("evil")', "+49 30"
    ada.save()

    answer = desk.client.post("/desk/people/export/", {"q": "ada@example.org"})

    lines = list(csv.reader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()))
    assert lines[1][:3] == ['\'=HYPERLINK("evil")', "ada@example.org", "'+49 30"]
    assert len(lines) == 2
    event = AuditEvent.objects.get(kind=AuditKind.EXPORTED)
    assert (event.by, event.changes) == (grace, {"people": [None, "some"]})


def test_the_export_has_an_end(desk: AtDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    # The package has a view of the same name.
    module = sys.modules["desk.views.people"]
    monkeypatch.setattr(module, "MOST_EXPORTED", 4)
    monkeypatch.setattr(module, "CHUNK", 2)
    for n in range(9):
        cast.make_person(f"p{n}@example.net", f"Person {n}", confirmed=False)

    answer = desk.client.post("/desk/people/export/")

    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 1 + 4 + 1
    assert "ends after 4 people" in lines[-1]


# --- Addresses at the desk -------------------------------------------------------------------------


def test_an_address_is_added_made_primary_and_the_old_one_removed(desk: AtDesk, ticket, ada: User) -> None:
    desk.client.post(page_of(ada, "person-address"), {"email": "new@example.net"})
    new, old = ada.addresses.get(email="new@example.net"), ada.addresses.get(email="ada@example.org")
    confirm(new, at=MONDAY)

    desk.client.post(page_of(ada, "person-address-remove", old.pk))
    assert Address.objects.filter(pk=old.pk).exists()  # the primary one stays
    desk.client.post(page_of(ada, "person-address-primary", new.pk))
    desk.client.post(page_of(ada, "person-address-remove", old.pk))

    ada.refresh_from_db()
    assert ada.email == "new@example.net"
    assert not Address.objects.filter(pk=old.pk).exists()
    assert ticket.participants.get().address == new
    assert not OutgoingMail.objects.filter(recipient="ada@example.org").exclude(address=None).exists()


def test_an_address_of_somebody_else_is_not_reached_by_this_person(desk: AtDesk, ada: User, ken: User) -> None:
    other = ken.addresses.get()

    for name in ("primary", "confirm", "remove"):
        assert desk.client.post(page_of(ada, f"person-address-{name}", other.pk)).status_code == 404
