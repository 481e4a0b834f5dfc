"""Assign, claim, give back, and taking these back."""

import re
from collections.abc import Callable

import pytest

from accounts.models import Team, User
from tests import cast
from tests.cast import MONDAY, TUESDAY
from tests.desk.conftest import AtDesk, offered, toasts, undo_of
from tickets import actions
from tickets.events import ref
from tickets.models import Department, EntryKind, Status, Ticket


@pytest.fixture
def heidi(billing: Department) -> User:
    """Grace's colleague in Billing."""
    return cast.make_agent("Heidi 🦊 <b>", billing)


def now(ticket: Ticket) -> tuple[str, User | None, Team | None]:
    ticket.refresh_from_db()
    return ticket.status, ticket.assignee, ticket.team


def test_assigning_to_an_agent_with_a_note(ticket: Ticket, desk: AtDesk, heidi: User) -> None:
    answer = desk.send(ticket, "assign", to=ref(heidi), note="You know this one.")

    assert now(ticket) == (Status.ASSIGNED, heidi, None)
    assert ticket.entries.get(kind=EntryKind.NOTE).text == "You know this one."
    assert toasts(answer) == [f"#{ticket.number} assigned to Heidi 🦊 <b>"]
    assert "assigned to Heidi 🦊 &lt;b&gt;" in desk.look(ticket).text


def test_assigning_to_a_team(ticket: Ticket, desk: AtDesk, accountants: Team) -> None:
    desk.send(ticket, "assign", to=ref(accountants))

    assert now(ticket) == (Status.ASSIGNED, None, accountants)


@pytest.mark.parametrize("to", ["", "x", "user:", "user:0", "user:99999999999999999999", "team:1", "department:1"])
def test_a_made_up_assignee_is_refused_by_the_field_and_the_note_stays(ticket: Ticket, desk: AtDesk, to: str) -> None:
    answer = desk.send(ticket, "assign", to=to, note="Do look.")

    assert answer.status_code == 422
    assert answer.context["dialog"].form.errors.keys() == {"to"}
    assert "Do look." in answer.text
    assert now(ticket) == (Status.OPEN, None, None)


def test_who_does_not_work_in_the_department_cannot_be_chosen(ticket: Ticket, desk: AtDesk, linus: User) -> None:
    answer = desk.send(ticket, "assign", to=ref(linus))

    assert answer.status_code == 422
    assert "Linus does not work in Billing. Transfer the ticket first." in answer.text
    assert now(ticket) == (Status.OPEN, None, None)


def test_the_list_offers_who_can_take_it_me_first(
    ticket: Ticket, desk: AtDesk, heidi: User, accountants: Team, linus: User
) -> None:
    cast.make_agent("Aaron", ticket.department, is_active=False)

    form = desk.form(ticket, "assign").context["dialog"].form

    assert form.fields["to"].widget.choices[1:] == [
        ("Agents", [(ref(desk.agent), "Grace (you)"), (ref(heidi), "Heidi 🦊 <b>")]),
        ("Teams", [(ref(accountants), "Accountants")]),
    ]
    assert form.fields["to"].widget.find is None


@pytest.fixture
def crowd(billing: Department) -> list[User]:
    """More agents than one list shows."""
    return [cast.make_agent(f"Agent {n:03}", billing) for n in range(60)]


def test_among_many_the_first_are_shown_and_the_others_are_found_by_name(
    ticket: Ticket, desk: AtDesk, crowd: list[User]
) -> None:
    page = desk.form(ticket, "assign")
    found = desk.send(ticket, "assign", refresh="1", find="agent 059", note="Kept")

    assert len(offered(page, "to")) == 50
    assert ref(crowd[59]) not in offered(page, "to")
    assert found.status_code == 200
    assert offered(found, "to") == [ref(crowd[59])]
    assert "Kept" in found.text
    assert now(ticket)[0] == Status.OPEN
    desk.send(ticket, "assign", find="agent 059", to=ref(crowd[59]))
    assert now(ticket)[1] == crowd[59]


@pytest.mark.parametrize(("find", "is_chosen"), [("agent 059", True), ("agent 05", False)])
def test_who_alone_fits_is_chosen(ticket: Ticket, desk: AtDesk, crowd: list[User], find: str, is_chosen: bool) -> None:
    answer = desk.send(ticket, "assign", refresh="1", find=find)

    chosen = answer.context["dialog"].form["to"].value()
    assert chosen == (ref(crowd[59]) if is_chosen else None)


@pytest.mark.parametrize("find", ["%", "_", "\x00", "' OR 1=1", "x" * 500])
def test_looking_for_nonsense_finds_nobody(ticket: Ticket, desk: AtDesk, crowd: list[User], find: str) -> None:
    answer = desk.send(ticket, "assign", refresh="1", find=find)

    assert answer.status_code == 200
    if find != "\x00":
        assert answer.context["dialog"].form.fields["to"].widget.choices[1:] == []


def test_a_dialog_answers_in_place_and_then_leads_back(ticket: Ticket, desk: AtDesk, heidi: User) -> None:
    refused = desk.send(ticket, "assign", "?queue=mine", htmx=True, to="")
    done = desk.send(ticket, "assign", "?queue=mine", htmx=True, to=ref(heidi))

    assert refused.status_code == 422
    assert refused.text.lstrip().startswith("<form")
    assert done["HX-Redirect"].endswith(f"/desk/tickets/{ticket.number}/?queue=mine")


def test_what_changed_meanwhile_is_told_once(ticket: Ticket, desk: AtDesk, heidi: User) -> None:
    seen = ticket.last_event_number
    actions.claim(ticket=ticket, by=cast.principal(heidi), at=TUESDAY)

    told = desk.send(ticket, "assign", to=ref(desk.agent), note="Mine", seen=seen)

    assert told.status_code == 422
    assert "Heidi 🦊 &lt;b&gt;</bdi></b> claimed the ticket" in told.text
    assert "Mine" in told.text
    assert now(ticket)[1] == heidi
    seen_now = told.context["dialog"].form["seen"].value()
    assert desk.send(ticket, "assign", to=ref(desk.agent), seen=seen_now).status_code == 302
    assert now(ticket)[1] == desk.agent


def test_what_was_not_told_yet_is_asked_about_too(ticket: Ticket, desk: AtDesk, heidi: User) -> None:
    seen = ticket.last_event_number
    for n in range(25):
        actions.add_note(ticket=ticket, text=str(n), by=cast.principal(heidi), at=TUESDAY)

    told = desk.send(ticket, "assign", to=ref(desk.agent), seen=seen)

    assert len(told.context["dialog"].newer) == 20
    rest = desk.send(ticket, "assign", to=ref(desk.agent), seen=told.context["dialog"].form["seen"].value())
    assert len(rest.context["dialog"].newer) == 5


# --- Claim and give back ----------------------------------------------------------------------------


def test_claiming_and_giving_back(ticket: Ticket, desk: AtDesk) -> None:
    assert toasts(desk.send(ticket, "claim")) == [f"#{ticket.number} is yours"]
    assert now(ticket) == (Status.ASSIGNED, desk.agent, None)

    assert toasts(desk.send(ticket, "release")) == [f"#{ticket.number} given back"]
    assert now(ticket) == (Status.OPEN, None, None)


def test_a_colleague_was_faster(ticket: Ticket, desk: AtDesk, heidi: User) -> None:
    actions.claim(ticket=ticket, by=cast.principal(heidi), at=MONDAY)

    answer = desk.send(ticket, "claim")

    assert toasts(answer) == ["Heidi 🦊 <b> has this ticket. Assign it to yourself to take it over."]
    assert now(ticket)[1] == heidi


def test_a_button_of_an_old_page_does_nothing_and_says_so(ticket: Ticket, desk: AtDesk, heidi: User) -> None:
    seen = ticket.last_event_number
    actions.add_note(ticket=ticket, text="Wait.", by=cast.principal(heidi), at=TUESDAY)

    answer = desk.send(ticket, "claim", seen=seen)

    assert toasts(answer)[0].startswith(f"#{ticket.number} changed since this page was shown.")
    assert now(ticket) == (Status.OPEN, None, None)


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30])
def test_a_button_that_does_not_say_what_was_seen_does_nothing(ticket: Ticket, desk: AtDesk, seen: str) -> None:
    answer = desk.send(ticket, "claim", seen=seen)

    assert toasts(answer) == ["This form is too old. Look at the ticket, then send it again."]
    assert now(ticket)[0] == Status.OPEN


# --- Undo ----------------------------------------------------------------------------------------


def test_undo_of_a_claim_gives_it_back(ticket: Ticket, desk: AtDesk) -> None:
    answer = desk.undo(desk.send(ticket, "claim"))

    assert toasts(answer) == [f"#{ticket.number} given back"]
    assert now(ticket) == (Status.OPEN, None, None)


def test_undo_of_a_claim_from_a_team_returns_it_to_the_team(ticket: Ticket, desk: AtDesk, accountants: Team) -> None:
    desk.send(ticket, "assign", to=ref(accountants))

    desk.undo(desk.send(ticket, "claim"))

    assert now(ticket) == (Status.ASSIGNED, None, accountants)


def test_undo_of_an_assignment_returns_it_to_who_had_it(ticket: Ticket, desk: AtDesk, heidi: User) -> None:
    desk.send(ticket, "claim")

    desk.undo(desk.send(ticket, "assign", to=ref(heidi)))

    assert now(ticket) == (Status.ASSIGNED, desk.agent, None)


def test_undo_of_giving_back_claims_it_again(ticket: Ticket, desk: AtDesk) -> None:
    desk.send(ticket, "claim")

    desk.undo(desk.send(ticket, "release"))

    assert now(ticket) == (Status.ASSIGNED, desk.agent, None)


def test_what_one_step_cannot_restore_offers_no_undo(ticket: Ticket, desk: AtDesk, accountants: Team) -> None:
    night = cast.make_team("Night")
    desk.send(ticket, "assign", to=ref(accountants))
    desk.send(ticket, "claim")

    assert undo_of(desk.send(ticket, "assign", to=ref(night))) == ""


def test_an_undo_stands_in_the_history(ticket: Ticket, desk: AtDesk) -> None:
    desk.undo(desk.send(ticket, "claim"))

    assert [event.kind for event in ticket.events.order_by("number")] == ["opened", "claimed", "released"]


def test_an_undo_that_comes_too_late_does_nothing(ticket: Ticket, desk: AtDesk, heidi: User) -> None:
    claimed = desk.send(ticket, "claim")
    actions.add_note(ticket=ticket, text="Good that you have it.", by=cast.principal(heidi), at=TUESDAY)

    answer = desk.undo(claimed)

    assert "changed since this page was shown" in toasts(answer)[0]
    assert now(ticket)[1] == desk.agent


def test_an_undo_is_for_who_did_it_to_that_ticket(
    ticket: Ticket, desk: AtDesk, heidi: User, at_desk: Callable[[User], AtDesk], ada: User, topic: object
) -> None:
    undo = undo_of(desk.send(ticket, "claim"))
    other = cast.make_ticket(ada, topic)

    assert at_desk(heidi).client.post(undo).status_code == 404
    assert desk.client.post(undo.replace(ticket.number, other.number)).status_code == 404
    assert desk.client.post(undo[:-3] + "x/").status_code == 404
    assert now(ticket)[1] == desk.agent
    assert desk.client.get(undo).status_code == 302


# --- Who is on vacation -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["assign", "transfer"])
def test_who_is_on_vacation_is_shown_and_cannot_be_chosen(
    desk: AtDesk, ticket: Ticket, billing: Department, support: Department, name: str
) -> None:
    department = billing if name == "assign" else support
    away = cast.make_agent("Mia", department, on_vacation=True)
    there = cast.make_agent("Noor", department)

    looking = {"refresh": "1", "department": support.pk} if name == "transfer" else {"refresh": "1"}
    page = desk.send(ticket, name, **looking).content.decode()

    assert re.search(rf'<option value="user:{away.pk}" disabled>\s*Mia', page)
    assert re.search(rf'<option value="user:{there.pk}">\s*Noor', page)
    assert "On vacation" in page


def test_who_is_on_vacation_is_refused_all_the_same(desk: AtDesk, ticket: Ticket, billing: Department) -> None:
    away = cast.make_agent("Mia", billing, on_vacation=True)

    answer = desk.send(ticket, "assign", to=f"user:{away.pk}")

    assert answer.status_code == 422
    assert Ticket.objects.get(pk=ticket.pk).assignee is None
