"""Who at the desk is told of an event: whom the rule of the site names, as far as they are there and may see it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Organization
from tests import cast
from tests.cast import MONDAY, TUESDAY
from tickets import actions, audience
from tickets.models import Alert, AlertRule, AlertsTo, Department, DepartmentAccess, TicketEvent
from tickets.models.alerts import WHO

EVERYBODY = ("grace", "mia", "ken", "linus", "mona", "tim", "lea", "root")


@pytest.fixture
def people(grace, ken, linus, billing, admin_user):
    """Mia works in Billing too, Mona manages it and works elsewhere; Tim and Lea are a team, which Lea leads."""
    made = {"grace": grace, "ken": ken, "linus": linus, "root": admin_user}
    made |= {"mia": cast.make_agent("Mia", billing), "mona": cast.make_agent("Mona")}
    made |= {"tim": cast.make_agent("Tim"), "lea": cast.make_agent("Lea")}
    billing.manager = made["mona"]
    billing.save()
    return made


@pytest.fixture
def team(people):
    team = cast.make_team("Accountants", people["tim"], people["lea"])
    team.lead = people["lea"]
    team.save()
    return team


@pytest.fixture
def heard(people, ticket):
    """`heard()` says by name who is told of the ticket's latest event, by whom the rule names alone."""

    def heard(*who, alert=Alert.MESSAGE, text="And now?", kind="message_added"):
        rule(alert, *who)
        if kind == "message_added":
            write(ticket, text)
        event = TicketEvent.objects.filter(ticket=ticket, kind=kind).latest("number")
        names = {person.pk: name for name, person in people.items()}
        return {names[one.address.user_id] for one in audience.of(event)}

    return heard


def rule(alert, *who):
    AlertRule.objects.update_or_create(event=alert, defaults={name: name in who for name in WHO})


def write(ticket, text="And now?"):
    address = ticket.participants.get().address
    by = cast.principal(address.user)
    actions.add_message(ticket=ticket, address=address, text=text, source="web", by=by, at=TUESDAY)


def test_every_kind_of_who_means_whom_it_says(heard, people, ticket, team):
    grace = cast.principal(people["grace"])
    actions.reply(ticket=ticket, text="Which one?", by=cast.principal(people["mia"]), at=MONDAY)
    actions.refer(ticket=ticket, to=people["ken"], by=grace, at=MONDAY)

    assert heard() == set()
    assert heard("members") == {"grace", "mia"}
    assert heard("members_if_nobody") == {"grace", "mia"}
    assert heard("manager") == {"mona"}
    assert heard("respondent") == {"mia"}
    assert heard("referred") == {"ken"}
    assert heard("administrators") == {"root"}
    assert heard("agent", "team", "lead") == set()
    actions.assign(ticket=ticket, to=team, by=grace, at=MONDAY)
    assert heard("agent", "members_if_nobody") == set()
    assert heard("team") == {"tim", "lea"}
    assert heard("lead") == {"lea"}
    actions.assign(ticket=ticket, to=people["mia"], by=grace, at=MONDAY)
    assert heard("agent", "team", "members_if_nobody") == {"mia"}
    assert heard("team") == set()
    assert heard("members", "agent") == {"grace", "mia"}


def test_in_the_place_of_who_is_away_the_next_one_hears(heard, people, ticket, team):
    grace = cast.principal(people["grace"])
    actions.assign(ticket=ticket, to=team, by=grace, at=MONDAY)
    actions.assign(ticket=ticket, to=people["mia"], by=grace, at=MONDAY)
    away("mia", people)

    assert heard("agent", "team", "members_if_nobody") == {"tim", "lea"}
    assert heard("agent", "members_if_nobody") == {"grace"}
    assert heard("agent") == set()
    away("tim", people)
    away("lea", people)
    assert heard("agent", "team", "members_if_nobody") == {"grace"}


def test_the_account_manager_of_the_organisation_hears_of_what_they_may_see(heard, people, ticket, team):
    company = Organization.objects.create(name="Analytical Engines", manager=people["mia"])
    assert heard("account_manager") == set()
    type(ticket).objects.filter(pk=ticket.pk).update(organization=company)
    assert heard("account_manager") == {"mia"}

    Organization.objects.update(manager=None, manager_team=team)
    assert heard("account_manager") == set(), "nobody in the team sees tickets of this department"
    cast.give_access(people["tim"], ticket.department)
    assert heard("account_manager") == {"tim"}


def away(name, people):
    type(people[name]).objects.filter(pk=people[name].pk).update(on_vacation=True)


@pytest.mark.parametrize(
    ("to", "who"),
    [
        (AlertsTo.MEMBERS, {"grace", "mia"}),
        (AlertsTo.PRIMARY, {"mia"}),
        (AlertsTo.ADMINISTRATORS, {"root"}),
        (AlertsTo.NOBODY, set()),
    ],
)
def test_a_department_says_who_is_told_for_it(heard, people, billing, to, who):
    DepartmentAccess.objects.filter(agent=people["mia"]).update(is_primary=True)
    Department.objects.filter(pk=billing.pk).update(alerts_to=to)

    assert heard("members") == who


def test_who_declined_or_sees_only_what_is_assigned_hears_nothing_of_the_department(heard, people, billing):
    cast.make_agent("Olaf", billing, sees_only_assigned=True)
    DepartmentAccess.objects.filter(agent=people["mia"]).update(alerts=False)

    assert heard("members") == {"grace"}


def test_a_note_tells_whom_it_names_if_they_may_see_the_ticket(people, ticket):
    by = cast.principal(people["grace"])
    entry = actions.add_note(ticket=ticket, text="@Mia, @Linus, @Mona, @Grace: fraud?", by=by, at=TUESDAY)
    event = ticket.events.get(data__entry=entry.number)

    assert [one.address.user_id for one in audience.of(event)] == sorted([people["mia"].pk, people["mona"].pk])


def test_who_answered_last_and_sees_the_ticket_no_more_is_not_told(heard, people, ticket):
    actions.reply(ticket=ticket, text="Which one?", by=cast.principal(people["mia"]), at=MONDAY)
    DepartmentAccess.objects.filter(agent=people["mia"]).delete()

    assert heard("respondent") == set()


def test_nobody_is_told_of_their_own_deed(heard, people, ticket):
    actions.add_note(ticket=ticket, text="Hm.", by=cast.principal(people["grace"]), at=TUESDAY)

    assert heard("members", alert=Alert.NOTE, kind="note_added") == {"mia"}


def test_by_default_it_is_as_the_table_of_defaults_says(people, ticket):
    write(ticket)
    event = ticket.events.latest("number")

    assert {one.address.user_id for one in audience.of(event)} == {people["grace"].pk, people["mia"].pk}


def test_an_audience_takes_two_queries_and_the_second_time_none(people, ticket):
    rule(Alert.MESSAGE, *set(WHO) - {"mentioned"})
    write(ticket)
    event = ticket.events.select_related("ticket__department").latest("number")

    with CaptureQueriesContext(connection) as asked:
        first = audience.of(event)
        second = audience.of(event)

    assert len(asked) == 2
    assert first is second
    assert len(first) == 4
