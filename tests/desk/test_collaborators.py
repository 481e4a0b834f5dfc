"""Collaborators at the desk: found or typed, added, removed, and both taken back."""

import re

import pytest

from accounts.models import Address, Organization
from accounts.people import address_of
from tests import cast
from tests.cast import MONDAY, VIEW_ONLY, address_for
from tests.desk.conftest import offered, toasts
from tickets import actions
from tickets.models import Participant
from tickets.models.people import Part


@pytest.fixture
def bob(db):
    return cast.make_person("bob@example.org", "Bob")


def collaborators(ticket) -> list[str]:
    return list(ticket.participants.filter(role=Part.COLLABORATOR).values_list("address__email", flat=True))


def add(ticket, person, grace):
    return actions.add_collaborator(ticket=ticket, address=address_for(person), by=cast.principal(grace), at=MONDAY)


def test_a_typed_address_is_added_and_the_undo_removes_it(desk, ticket):
    done = desk.send(ticket, "add-collaborator", email="Carol@Example.org", name=" Carol  Day ")

    assert collaborators(ticket) == ["carol@example.org"]
    assert Address.objects.get(email="carol@example.org").user.name == "Carol Day"
    assert toasts(done) == [f"carol@example.org takes part in #{ticket.number}"]

    desk.undo(done)

    assert collaborators(ticket) == []


def test_an_address_in_the_box_that_finds_people_is_meant_and_other_words_there_are_not(desk, ticket):
    refused = desk.send(ticket, "add-collaborator", find_person="carol")
    desk.send(ticket, "add-collaborator", find_person=" Carol@example.org ")

    assert refused.status_code == 422
    assert collaborators(ticket) == ["carol@example.org"]


def test_who_has_no_name_is_told_by_their_address_where_a_reply_says_who_gets_it(desk, ticket):
    desk.send(ticket, "add-collaborator", email="carol@example.org")

    shown = desk.look(ticket).text.partition('<fieldset class="composer-to')[2].partition("</fieldset>")[0]

    assert '<span dir="auto">carol@example.org</span>' in shown


def test_somebody_known_is_found_by_name_and_by_address(desk, ticket, bob):
    for text in ("bo", "BOB@example"):
        found = desk.send(ticket, "add-collaborator", find_person=text, refresh="1", htmx=True)

        assert offered(found, "person") == [str(address_for(bob).pk)]

    desk.send(ticket, "add-collaborator", person=str(address_for(bob).pk))

    assert collaborators(ticket) == ["bob@example.org"]


def test_people_of_the_requester_s_organisation_are_near_at_hand_and_nobody_else(desk, ada, topic, bob):
    organization = Organization.objects.create(name="Analytical Engines")
    ada.organization = organization
    ada.save()
    charles = cast.make_person("charles@example.org", "Charles", organization=organization)
    ticket = cast.make_ticket(ada, topic)

    listed = offered(desk.form(ticket, "add-collaborator"), "person")

    assert sorted(listed) == sorted(str(address_for(one).pk) for one in (ada, charles))


def test_who_may_not_look_people_up_types_an_address(at_desk, ticket, billing, bob):
    agent = cast.make_agent("Nina", billing, role=VIEW_ONLY)
    role = agent.department_access.get().role
    role.permissions = ["ticket.reply"]
    role.save()
    nina = at_desk(agent)

    shown = nina.form(ticket, "add-collaborator")
    done = nina.send(ticket, "add-collaborator", person=str(address_for(bob).pk))

    assert b'name="person"' not in shown.content
    assert done.status_code == 422
    assert collaborators(ticket) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Say who: choose somebody, or write an e-mail address."),
        ({"email": "no address"}, "This is no e-mail address."),
        ({"email": "a@\u212aelvin.example"}, "This is no e-mail address."),
        ({"email": "a\x00b@example.org"}, "Null characters are not allowed."),
        ({"person": "999999"}, "Choose from the list."),
        ({"person": "9" * 30}, "Choose from the list."),
        ({"email": "ada@example.org"}, "The ticket is theirs already"),
        ({"email": "bob@example.org"}, "takes part already"),
    ],
)
def test_what_cannot_be_added_is_said(desk, ticket, grace, bob, typed, said):
    add(ticket, bob, grace)

    answer = desk.send(ticket, "add-collaborator", **typed)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert collaborators(ticket) == ["bob@example.org"]


def test_two_at_once_are_not_guessed_between(desk, ticket, bob):
    answer = desk.send(ticket, "add-collaborator", person=str(address_for(bob).pk), email="carol@example.org")

    assert answer.status_code == 422
    assert "Leave one of them empty" in answer.content.decode()
    assert not Address.objects.filter(email="carol@example.org").exists()


def test_the_panel_lists_them_and_removing_can_be_taken_back(desk, ticket, grace, bob):
    participant = add(ticket, bob, grace)

    shown = desk.look(ticket).content.decode()
    done = desk.send(ticket, "remove-collaborator", participant=participant.pk)

    assert "bob@example.org" in shown.split('id="panel"')[1]
    assert collaborators(ticket) == []
    assert toasts(done) == [f"bob@example.org takes part in #{ticket.number} no more"]

    desk.undo(done)

    assert collaborators(ticket) == ["bob@example.org"]


def test_fifty_people_share_one_form_and_the_page_stays_light(desk, ticket):
    for number in range(49):
        person = cast.make_person(f"person{number}@example.org", f"Person Number {number}")
        Participant.objects.create(
            ticket=ticket, user=person, address=address_for(person), role=Part.COLLABORATOR, added_at=MONDAY
        )

    page = desk.look(ticket).content.decode()

    panel = page.split('id="panel"')[1]
    [form] = re.findall(r'<form method="post" action="([^"]+)" id="remove-collaborator">', panel)
    assert form == f"/desk/tickets/{ticket.number}/remove-collaborator/"
    offered_to_remove = re.findall(r'form="remove-collaborator" name="participant" value="(\d+)"', panel)
    people = ticket.participants.filter(role=Part.COLLABORATOR)
    assert sorted(map(int, offered_to_remove)) == sorted(people.values_list("pk", flat=True))
    assert len(page.encode()) < 120_000


def test_the_requester_is_removed_by_nobody(desk, ticket):
    answer = desk.send(ticket, "remove-collaborator", participant=ticket.participants.get().pk)

    assert answer.status_code == 404
    assert ticket.participants.count() == 1


def test_who_may_only_look_is_offered_nothing(at_desk, ticket, grace, bob, billing):
    add(ticket, bob, grace)
    vera = at_desk(cast.make_agent("Vera", billing, role=VIEW_ONLY))

    panel = vera.look(ticket).content.decode().split('id="panel"')[1]

    assert "bob@example.org" in panel
    assert "add-collaborator" not in panel
    assert "Remove bob@example.org" not in panel


def test_a_list_of_thousands_is_never_drawn(desk, ticket):
    for n in range(60):
        address_of(f"same{n}@example.org", name="Same Name")

    found = desk.send(ticket, "add-collaborator", find_person="Same", refresh="1", htmx=True)

    assert len(offered(found, "person")) == 50
