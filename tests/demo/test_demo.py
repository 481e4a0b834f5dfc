"""The demo help desk: believable, harmless, and only where nobody works yet."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth import get_user
from django.db import transaction
from django.test import override_settings

from accounts.models import Address, Team, User
from accounts.principal import Principal
from core.files import open_blob
from helpdesk.demo import loading
from mail import original
from mail.models import IncomingMail, MailState, OutgoingMail, Suppressed
from tickets.models import (
    Attachment,
    Department,
    DepartmentAccess,
    EntryKind,
    FailedHandler,
    HelpTopic,
    Status,
    ThreadEntry,
    Ticket,
    TicketClock,
    TicketEvent,
    TicketTimer,
)
from tickets.prose import body_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Path]:
    """The demo, loaded once for all tests here; each undoes what it did itself. Returns the folder of its files."""
    files = tmp_path_factory.mktemp("demo")
    site = override_settings(MAIL_URL="smtp://127.0.0.1:9", FILES_DIR=files)
    with django_db_blocker.unblock(), site, transaction.atomic():
        loading.load(NOW)
        yield files
        transaction.set_rollback(True)


@pytest.fixture
def demo(loaded: Path, db: None, settings) -> None:
    settings.FILES_DIR = loaded


def test_the_demo_has_tickets_in_every_state(demo):
    statuses = set(Ticket.objects.values_list("status", flat=True))

    assert statuses == set(Status.values)
    assert Ticket.objects.count() >= 39


def test_loading_the_demo_sends_nothing_even_with_a_mail_server(demo):
    mails = OutgoingMail.objects.all()

    assert mails.exists()
    assert not mails.exclude(state=MailState.SUPPRESSED, why=Suppressed.DEMO, due_at=None).exists()


def test_all_demo_people_live_under_example_com_and_jane_is_not_among_them(demo):
    assert not Address.objects.exclude(email__endswith="@example.com").exists()
    assert not User.objects.filter(is_demo=False).exists()
    assert not User.objects.filter(name__istartswith="Jane").exists()


def test_a_new_outage_will_stand_on_top_of_supports_queue(demo):
    working = Ticket.objects.live().working().filter(department=Department.objects.get(name="Support"))

    assert working.count() >= 10
    assert not working.filter(next_due_at__lt=NOW + timedelta(minutes=90)).exists()


def test_nothing_that_ken_sees_is_due_before_a_new_outage(demo):
    """Also not what he handed over: it stands in his open queue too."""
    seen = Ticket.objects.visible_to(Principal.agent(User.objects.get(name="Ken Tanaka"))).working()

    assert seen.count() >= 10
    assert not seen.filter(next_due_at__lt=NOW + timedelta(minutes=90)).exists()


def test_other_departments_show_what_a_broken_promise_looks_like(demo):
    overdue = Ticket.objects.live().working().overdue(NOW)

    assert overdue.count() >= 2
    assert not overdue.filter(department__name="Support").exists()
    assert TicketClock.objects.exclude(breached_at=None).exists()


def test_time_has_done_its_work_already(demo):
    """A worker that starts now finds nothing that was due before."""
    assert not TicketClock.objects.filter(due_at__lte=NOW).exists()
    assert not TicketTimer.objects.filter(due_at__lte=NOW).exists()
    assert not FailedHandler.objects.exists()
    assert not TicketEvent.objects.filter(at__gt=NOW).exists()


def test_every_priority_every_voice_and_every_direction_of_writing_is_there(demo):
    assert set(Ticket.objects.values_list("priority__name", flat=True)) == {"Emergency", "High", "Normal", "Low"}
    assert set(ThreadEntry.objects.values_list("kind", flat=True)) == set(EntryKind.values)
    subjects = list(Ticket.objects.values_list("subject", flat=True))
    directions = {unicodedata.bidirectional(letter) for subject in subjects for letter in subject}
    assert {"L", "R", "AL"} <= directions
    assert any(unicodedata.category(letter) == "So" for subject in subjects for letter in subject)
    assert max(map(len, subjects)) > 200
    assert Ticket.objects.filter(reopened_count__gt=0).exists()


def test_attachments_are_real_files(demo):
    for attachment in Attachment.objects.select_related("blob"):
        with open_blob(attachment.blob) as file:
            content = file.read()
        assert len(content) == attachment.blob.size
        if attachment.name.endswith(".png"):
            assert content.startswith(b"\x89PNG\r\n\x1a\n")
            assert content.endswith(b"IEND\xaeB`\x82")


def test_everybody_shown_on_the_sign_in_page_can_sign_in(demo, client, settings):
    settings.DEMO = True
    shown = client.get("/accounts/login/").context["demo_sign_ins"]

    assert {sign_in["name"] for sign_in in shown} >= {"Ken Tanaka", "Mary Okafor"}
    assert User.objects.administrators().count() == 1
    for sign_in in shown:
        client.post("/accounts/login/", {"login": sign_in["email"], "password": sign_in["password"]})
        assert get_user(client).name == sign_in["name"]
        client.post("/accounts/logout/")


def test_every_page_of_the_demo_says_so(demo, client, settings):
    settings.DEMO = True

    for path in ("/", "/accounts/login/", "/accounts/password/reset/", "/nothing-here/", "/t/forged/"):
        assert "This is a demo help desk" in client.get(path).content.decode(), path


def test_of_two_loads_the_second_finds_it_done(demo):
    with pytest.raises(loading.InUse):
        loading.load(NOW)


def test_ken_finds_what_he_handed_over(demo):
    ken = User.objects.get(name="Ken Tanaka")

    assert Ticket.objects.visible_to(Principal.agent(ken)).handed_over_by(ken).count() >= 3


def test_departments_and_topics_are_nested_and_have_somebody_at_their_head(demo):
    assert Department.objects.get(name="Card Services").path == "Payments / Card Services"
    assert HelpTopic.objects.get(name="Lost or stolen card").path == "Cards and terminals / Lost or stolen card"
    assert Department.objects.get(name="Payments").manager.name == "Sam Obi"
    assert Team.objects.get(name="Network on call").lead.name == "Mary Okafor"
    assert DepartmentAccess.objects.get(agent__name="Sam Obi", is_primary=True).department.name == "Payments"


def test_some_came_by_mail_with_a_picture_and_with_a_remark(demo):
    mails = IncomingMail.objects.select_related("entry", "raw").order_by("pk")

    assert [mail.remarks for mail in mails if mail.remarks] == [[["unproven", {}]]]
    (pictured,) = (mail for mail in mails if mail.remote_images)
    shown = body_of(pictured.entry, url_of=lambda file: f"/files/{file.pk}/")
    assert len(shown.in_place) == shown.blocked == 1
    assert '<img src="/files/' in shown.html
    assert original.read(pictured).said.subject == pictured.subject
