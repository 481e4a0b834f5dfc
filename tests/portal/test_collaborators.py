"""People on a ticket, as its requester and its collaborators see them, behind a link and signed in."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Address
from accounts.people import address_of
from mail.models import OutgoingMail, Template
from tests import cast
from tests.cast import MONDAY, address_for
from tickets import actions, links
from tickets.models import Kind, Participant
from tickets.models.people import Part

BOB = "bob@example.org"


@pytest.fixture(params=["link", "account"])
def door(request, browser, sign_in, ticket, ada_confirmed, token):
    """Ada's two doors: a browser, and where the buttons of her ticket lead."""
    if request.param == "link":
        return browser, f"/t/{token}/"
    return sign_in(ada_confirmed), f"/tickets/{ticket.number}/"


@pytest.fixture
def bob(ticket, ada):
    """Bob takes part: who he is, his browser's way in by his own link."""
    bob = cast.make_person(BOB, "Bob Day", confirmed=False)
    actions.add_collaborator(ticket=ticket, address=address_for(bob), by=cast.principal(ada), at=MONDAY)
    return bob


def page_of(person, ticket) -> str:
    return reverse("portal:ticket", args=[links.token_for(ticket.participants.get(user=person))])


def collaborators(ticket) -> list[str]:
    return sorted(ticket.participants.filter(role=Part.COLLABORATOR).values_list("address__email", flat=True))


def test_the_requester_adds_and_removes_somebody(door, ticket):
    browser, there = door

    added = browser.post(f"{there}people/add/", {"email": "Bob@Example.org", "name": "Bob"})

    assert added["Location"] == f"{there}#people"
    assert collaborators(ticket) == [BOB]
    assert OutgoingMail.objects.get(recipient=BOB).template == Template.TICKET_COLLABORATOR
    assert BOB in browser.get(there).content.decode()

    pk = Participant.objects.get(ticket=ticket, address__email=BOB).pk
    browser.post(f"{there}people/remove/", {"participant": pk})

    assert collaborators(ticket) == []
    assert BOB not in browser.get(there).content.decode().split('id="people"')[1]


def test_who_is_added_is_shown_by_address_so_that_a_guess_learns_no_name(door, ticket):
    cast.make_person("boss@example.org", "Greta Geheim")
    browser, there = door

    browser.post(f"{there}people/add/", {"email": "boss@example.org", "name": "Whoever"})

    shown = browser.get(there).content.decode()
    assert "boss@example.org" in shown
    assert "Geheim" not in shown
    assert Address.objects.get(email="boss@example.org").user.name == "Greta Geheim"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"email": ""}, "Write the e-mail address of whom to add."),
        ({"email": "bob"}, "This is no e-mail address."),
        ({"email": "a\x00@example.org"}, "This is no e-mail address."),
        ({"email": BOB, "name": "x" * 121}, "This name is too long."),
        ({"email": "ada@example.org"}, "The ticket is theirs already"),
    ],
)
def test_what_cannot_be_added_is_said_by_its_field(door, ticket, typed, said):
    browser, there = door

    answer = browser.post(f"{there}people/add/", typed)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "We were billed twice." in answer.content.decode()
    assert collaborators(ticket) == []


def test_there_is_an_end_to_adding(door, ticket, monkeypatch):
    monkeypatch.setattr("portal.views.people.PERSON_LIMIT", 2)
    browser, there = door

    answers = [browser.post(f"{there}people/add/", {"email": f"b{n}@example.org"}).status_code for n in range(3)]

    assert answers == [302, 302, 429]
    assert len(collaborators(ticket)) == 2


def test_a_full_ticket_says_so(door, ticket, monkeypatch):
    monkeypatch.setattr("tickets.actions.collaborators.MOST_COLLABORATORS", 1)
    browser, there = door
    browser.post(f"{there}people/add/", {"email": BOB})

    answer = browser.post(f"{there}people/add/", {"email": "carol@example.org"})

    assert answer.status_code == 422
    assert "up to 1 collaborators" in answer.content.decode()


def test_a_collaborator_reads_and_writes(browser, ticket, bob, grace):
    actions.reply(ticket=ticket, text="We look into it.", by=cast.principal(grace), at=timezone.now())
    there = page_of(bob, ticket)

    shown = browser.get(there)
    answer = browser.post(f"{there}message/", {"text": "Me too.", "seen": shown.context["seen"]})

    assert "We look into it." in shown.content.decode()
    assert answer["Location"] == f"{there}#e3"
    assert ticket.entries.latest("number").author == bob
    assert Address.objects.get(email=BOB).is_verified


def test_a_collaborator_is_offered_what_is_theirs_to_do(browser, resolved, bob):
    there = page_of(bob, resolved)

    shown = browser.get(there).content.decode()

    assert "Yes, close it" not in shown
    assert "people/add/" not in shown
    assert "Leave this ticket" in shown
    # Writing brings it back, and the form says so.
    assert "Send and reopen" in shown
    for button, data in {"close/": {}, "people/add/": {"email": "eve@example.org"}}.items():
        assert browser.post(there + button, {"seen": 99} | data).status_code == 409
    assert not Address.objects.filter(email="eve@example.org").exists()


def test_a_collaborator_does_not_take_others_off(browser, ticket, bob, ada):
    carol = address_of("carol@example.org")
    part = actions.add_collaborator(ticket=ticket, address=carol, by=cast.principal(ada), at=MONDAY)

    answer = browser.post(f"{page_of(bob, ticket)}people/remove/", {"participant": part.pk})

    assert answer.status_code == 409
    assert collaborators(ticket) == [BOB, "carol@example.org"]


def test_who_leaves_or_is_removed_is_let_in_no_more(browser, ticket, bob):
    there = page_of(bob, ticket)

    left = browser.post(f"{there}people/leave/")

    assert left["Location"] == "/"
    assert browser.get(there).status_code == 404
    assert browser.post(f"{there}message/", {"text": "Still here."}).status_code == 404
    assert ticket.events.latest("number").kind == Kind.COLLABORATOR_REMOVED


def test_signed_in_one_leaves_too(sign_in, ticket, bob):
    answer = sign_in(bob).post(f"/tickets/{ticket.number}/people/leave/")

    assert answer["Location"] == "/tickets/"
    assert collaborators(ticket) == []


def test_the_requester_does_not_leave(door, ticket):
    browser, there = door

    assert browser.post(f"{there}people/leave/").status_code == 409
    assert ticket.participants.count() == 1


@pytest.mark.parametrize("participant", ["", "x", "9" * 30, "-1"])
def test_what_is_no_participant_is_not_there(door, participant):
    browser, there = door

    assert browser.post(f"{there}people/remove/", {"participant": participant}).status_code == 404


def test_the_requester_is_removed_by_nobody(door, ticket):
    browser, there = door

    browser.post(f"{there}people/remove/", {"participant": ticket.participants.get().pk})

    assert ticket.participants.get().role == Part.REQUESTER


def test_a_fresh_link_is_mailed_to_collaborators_as_well(browser, ticket, bob, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"

    browser.post("/check/", {"email": BOB, "number": ticket.number})

    assert OutgoingMail.objects.filter(recipient=BOB, template=Template.TICKET_LINK).exists()
