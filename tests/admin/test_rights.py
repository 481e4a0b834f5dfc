"""The pages that say why somebody can or cannot, and who sees a ticket."""

import pytest

from accounts.models import Members, Organization
from accounts.principal import Face, Principal
from tests import cast
from tests.cast import LIMITED, MONDAY
from tickets import actions, explaining
from tickets.models import Participant, Referral, Ticket
from tickets.models.people import Part
from tickets.policy import Deed


@pytest.fixture
def rosa(admin_user, sign_in):
    return sign_in(admin_user)


def why(client, who, number, deed=Deed.VIEW, face=Face.DESK):
    return client.get("/admin/rights/why/", {"who": who, "number": number, "deed": deed, "face": face})


def reasons(page):
    return {way.name: (way.holds, way.reason) for way in page.context["found"].ways}


def test_why_she_can(rosa, ticket, billing):
    cast.make_agent("Lou", billing, role=LIMITED)

    page = why(rosa, "Lou", ticket.number, Deed.REPLY)

    assert page.context["found"].verdict.ok
    assert reasons(page)["department"] == (True, "Lou works in Billing as “Limited access”.")
    assert reasons(page)["assigned"] == (False, "No agent has the ticket.")
    allowed = {one.permission: one.holds for one in page.context["found"].permissions}
    assert (allowed["ticket.reply"], allowed["ticket.transfer"]) == (True, False)


def test_why_he_cannot(rosa, ticket, linus, support):
    Referral.objects.create(ticket=ticket, department=support, created_at=MONDAY)

    page = why(rosa, "linus", f"#{ticket.number}")

    verdict = page.context["found"].verdict
    assert (verdict.ok, verdict.reason) == (False, "There is no such ticket, or it is not yours to see.")
    assert reasons(page) == {
        "department": (False, "Linus does not work in Billing."),
        "manager": (False, "Linus does not manage Billing."),
        "assigned": (False, "No agent has the ticket."),
        "team": (False, "No team has the ticket."),
        "referral": (False, "It was referred to Support, which says nothing for Linus."),
    }


def test_what_somebody_is_told_is_not_said_as_the_answer(rosa, ticket, linus):
    text = why(rosa, "linus", ticket.number).content.decode()

    assert "None of the ways below opens the ticket to Linus." in text
    assert "Linus is told: “There is no such ticket, or it is not yours to see.”" in text
    assert "As an administrator" not in text


def test_an_administrator_is_known_to_see_the_facts(rosa, ticket, admin_user):
    text = why(rosa, "root@", ticket.number).content.decode()

    assert "As an administrator Rosa Root reads the ticket's facts" in text


def test_a_role_that_is_too_small_says_so(rosa, ticket, billing):
    cast.make_agent("Lou", billing, role=LIMITED)

    verdict = why(rosa, "Lou", ticket.number, Deed.TRANSFER).context["found"].verdict

    assert (verdict.ok, verdict.reason) == (False, "Your role in this department does not include this.")


def test_who_sees_only_what_is_assigned_is_told_from_who_does_not_work_there(rosa, ticket, billing):
    cast.make_agent("Olaf", billing, sees_only_assigned=True)

    page = why(rosa, "Olaf", ticket.number)

    assert reasons(page)["department"] == (
        False,
        "Olaf works in Billing as “All access”, but sees only what is assigned.",
    )


@pytest.mark.parametrize(
    ("sharing", "reason"),
    [
        (Members.NOBODY, "Acme does not share its tickets."),
        (Members.PRIMARY, "Acme shares its tickets with its primary contacts, and Carl is none."),
        (Members.ALL, "Acme shares its tickets with everybody in it."),
    ],
)
def test_what_the_portal_shows_to_colleagues(sharing, reason, rosa, ticket):
    acme = Organization.objects.create(name="Acme", sharing=sharing)
    Ticket.objects.update(organization=acme)
    cast.make_person("carl@example.org", "Carl", organization=acme)

    page = why(rosa, "carl@", ticket.number, face=Face.PORTAL)

    assert reasons(page)["organisation"] == (sharing == Members.ALL, reason)
    assert page.context["found"].verdict.ok is (sharing == Members.ALL)


def test_several_who_fit_are_told_apart_by_a_choice(rosa, ticket, billing):
    one, other = (cast.make_agent(f"Kim {name}", billing) for name in ("One", "Other"))

    page = why(rosa, "Kim", ticket.number)
    chosen = rosa.get("/admin/rights/why/" + page.context["choose"][1]["url"])

    assert [found["person"] for found in page.context["choose"]] == [one, other]
    assert chosen.context["person"] == other
    assert chosen.context["found"].verdict.ok


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"who": "nobody at all"},
        {"number": "000"},
        {"deed": "steal"},
        {"face": "system"},
        {"who": "#99999999999999999999"},
        {"who": "#x"},
        {"who": "x" * 500},
        {"number": "\x00"},
    ],
)
def test_what_cannot_be_answered_is_said_by_the_field(given, rosa, ticket, grace):
    usual = {"who": "Grace", "number": ticket.number, "deed": "view", "face": "desk"}

    page = rosa.get("/admin/rights/why/", usual | given)

    assert (page.status_code == 422) is bool(given)
    assert bool(page.context["form"].errors) is bool(given)


def test_a_ticket_in_the_trash_says_so(rosa, ticket, grace):
    Ticket.objects.update(trashed_at=MONDAY)

    page = why(rosa, "Grace", ticket.number)

    assert page.context["found"].obstacle == "The ticket is in the trash, where nobody sees it."
    assert not page.context["found"].verdict.ok
    assert all(not group.people for group in who(rosa, ticket).context["groups"])


# --- Who can see it -----------------------------------------------------------------------------------


def who(client, ticket, **more):
    return client.get("/admin/rights/who/", {"number": ticket.number, **more})


def names(page):
    return {str(group.label): [one["person"].name for one in group.people] for group in page.context["groups"]}


def test_everybody_is_listed_by_how_they_see_it(rosa, ticket, grace, linus, ada, accountants, billing):
    actions.assign(ticket=ticket, to=accountants, by=Principal.agent(grace), at=MONDAY)
    actions.claim(ticket=ticket, by=Principal.agent(grace), at=MONDAY)
    Referral.objects.create(ticket=ticket, agent=linus, created_at=MONDAY)
    cleo = cast.make_person("cleo@example.org", "Cleo")
    Participant.objects.create(
        ticket=ticket, user=cleo, address=cast.address_for(cleo), role=Part.COLLABORATOR, added_at=MONDAY
    )
    billing.manager = cast.make_agent("Mona")
    billing.save()

    assert names(who(rosa, ticket)) == {
        "Works in the department": ["Grace"],
        "Manages the department": ["Mona"],
        "Has the ticket": ["Grace"],
        "Is in the team that has it": ["Grace"],
        "Reads along": ["Linus"],
        "Asked": ["Ada"],
        "Takes part": ["Cleo"],
        "Is of the organisation that shares it": [],
    }


def test_a_long_list_goes_on_by_key(rosa, ticket, billing, django_assert_max_num_queries):
    for number in range(55):
        cast.make_agent(f"Agent {number:02}", billing)

    with django_assert_max_num_queries(22):
        first = who(rosa, ticket).context["groups"][0]
    rest = rosa.get("/admin/rights/who/" + first.more_url).context["groups"]

    assert len(first.people) == 50
    assert len(rest) == 1
    assert len(rest[0].people) == 5
    assert not {one["person"].pk for one in first.people} & {one["person"].pk for one in rest[0].people}


@pytest.mark.parametrize("way", ["administrator", "x"])
def test_a_made_up_way_is_not_found(way, rosa, ticket):
    assert who(rosa, ticket, way=way).status_code == 404


def test_the_pages_are_linked_from_the_start_page(rosa):
    start = rosa.get("/admin/").text

    for page in ("why", "who", "see-as"):
        assert f'href="/admin/rights/{page}/"' in start


def test_every_deed_has_words():
    assert set(explaining.DEEDS) == set(Deed)
    assert set(explaining.LABELS) == set(explaining.WORDS) == set(explaining.SEERS)
