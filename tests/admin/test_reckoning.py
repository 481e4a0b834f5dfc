"""Pages of plans, business hours and departments say how many open tickets a change moves, and have it done."""

from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from core import durations
from sla import reckoning
from sla.models import BusinessHours, Reckoning, Scope, SLAPlan
from tests import cast
from tests.admin.test_business_hours import OFFICE
from tests.admin.test_business_hours import data as hours_data
from tests.cast import DAY, HOUR, MONDAY
from tickets import actions
from tickets.models import Department, Ticket

pytestmark = pytest.mark.django_db


def plan_page(plan) -> str:
    return f"/admin/sla/slaplan/{plan.pk}/change/"


def hours_page(hours) -> str:
    return f"/admin/sla/businesshours/{hours.pk}/change/"


def plan_data(plan, **fields):
    rows = list(plan.targets.order_by("target"))
    found = {
        "name": plan.name,
        "alerts": "on",
        "warnings": "75",
        "steps-TOTAL_FORMS": 0,
        "steps-INITIAL_FORMS": 0,
        "organizations-TOTAL_FORMS": 0,
        "organizations-INITIAL_FORMS": 0,
        "targets-TOTAL_FORMS": len(rows),
        "targets-INITIAL_FORMS": len(rows),
    }
    for number, row in enumerate(rows):
        values = {
            "id": row.pk,
            "plan": plan.pk,
            "target": row.target,
            "priority": "",
            "within": durations.spell(row.within),
        }
        found |= {f"targets-{number}-{name}": value for name, value in values.items()}
    return found | fields


def asked() -> list[tuple[str, int]]:
    return list(Reckoning.objects.order_by("pk").values_list("scope", "number"))


def test_a_plan_says_beforehand_how_many_tickets_it_moves(root, ada, topic, plan, ticket):
    cast.make_ticket(ada, topic)

    assert "move the deadlines of 2 open tickets" in root.get(plan_page(plan)).content.decode()


def test_more_than_are_counted_are_said_to_be_more(root, ada, topic, plan, ticket, monkeypatch):
    monkeypatch.setattr(reckoning, "MOST_COUNTED", 1)
    cast.make_ticket(ada, topic)

    assert "of more than 1 open tickets" in root.get(plan_page(plan)).content.decode()


def test_a_plan_that_concerns_no_ticket_says_so(root, plan):
    assert "It concerns no open ticket now." in root.get(plan_page(plan)).content.decode()


@pytest.mark.parametrize("fields", [{"targets-0-within": "9h"}, {"pauses": ["snoozed:resolution"]}])
def test_another_promise_or_pause_has_clocks_reckoned_anew(root, plan, fields):
    before = plan_data(plan)

    response = root.post(plan_page(plan), before | fields)

    assert response.status_code == 302
    assert asked() == [("plan", plan.pk)]
    assert Reckoning.objects.get().asked_by == AuditEvent.objects.get(target_model="sla.slaplan").by


def test_other_words_have_nothing_reckoned(root, plan):
    response = root.post(plan_page(plan), plan_data(plan, name="Another name", notes="Words."))

    assert response.status_code == 302
    assert asked() == []


def test_what_is_refused_loses_nothing_and_has_nothing_reckoned(root, plan, ticket):
    response = root.post(plan_page(plan), plan_data(plan) | {"targets-0-within": "3000d"})

    page = response.content.decode()
    assert response.status_code == 200
    assert "3000d" in page
    assert "of 1 open ticket," in page
    assert asked() == []


def test_a_new_plan_concerns_nothing(root):
    new = {"name": "New", "targets-TOTAL_FORMS": 1, "targets-INITIAL_FORMS": 0}
    new |= {"steps-TOTAL_FORMS": 0, "steps-INITIAL_FORMS": 0}
    root.post("/admin/sla/slaplan/add/", new | {"targets-0-target": "resolution", "targets-0-within": "4h"})

    assert asked() == []


def test_business_hours_say_it_too_and_what_being_the_default_would_move(root, ticket, billing):
    billing.hours = cast.make_hours("Own")
    billing.save()
    cast.make_ticket(ticket.requester, cast.make_topic("Else", sla_plan=ticket.sla_plan))

    page = root.get(hours_page(billing.hours)).content.decode()

    assert "another time zone can move the deadlines of 1 open ticket," in page
    assert "Making these the default can move the deadlines of 1 open ticket." in page


def test_windows_and_the_default_have_clocks_reckoned_anew(root):
    hours = cast.make_hours("Office")

    root.post(hours_page(hours), hours_data(OFFICE, name="Office", time_zone="UTC", make_default="on"))

    assert asked() == [("hours", hours.pk), ("site", 0)]


def test_another_name_of_business_hours_has_nothing_reckoned(root):
    hours = cast.make_hours("Office")
    window = hours.windows.get()
    row = {"id": window.pk, "hours": hours.pk, "opens": "09:00", "closes": "17:00"}
    fields = hours_data([row | dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "on")])

    response = root.post(hours_page(hours), fields | {"name": "Bureau", "time_zone": "UTC", "windows-INITIAL_FORMS": 1})

    assert response.status_code == 302
    assert asked() == []


def test_other_hours_of_a_department_have_its_clocks_reckoned_anew(root, billing, ticket):
    hours = cast.make_hours("Office")
    page = f"/admin/tickets/department/{billing.pk}/change/"
    form = root.get(page).context["adminform"].form
    fields = {name: value for name in form.fields if (value := form.get_initial_for_field(form.fields[name], name))}

    assert "move the deadlines of 1 open ticket," in root.get(page).content.decode()
    root.post(page, fields)
    assert asked() == []
    root.post(page, fields | {"hours": hours.pk})

    assert Department.objects.get(pk=billing.pk).hours == hours
    assert asked() == [("department", billing.pk)]


def test_the_page_says_how_far_it_has_come(root, plan):
    reckoning.ask(Scope.PLAN, plan.pk, at=MONDAY)
    assert "deadlines are being reckoned anew: 0 tickets so far" in root.get(plan_page(plan)).content.decode()

    Reckoning.objects.update(looked_at=5, moved=3, failed=1, finished_at=MONDAY + HOUR)
    page = root.get(plan_page(plan)).content.decode()

    assert "clocks of 3 of 5 tickets changed." in page
    assert "1 could not be reckoned" in page


# --- What would move, said before it is saved -------------------------------------------------------


def moves(answer) -> str:
    assert answer.status_code == 200
    return str(answer.context["words"])


def test_it_says_how_many_tickets_a_change_would_really_move_and_saves_nothing(root, ada, grace, topic, plan, ticket):
    """One of three is late already, of one the promise was met, and one moves."""
    start = timezone.now()
    for at in (start, start - 3 * DAY):
        cast.make_ticket(ada, topic, at=at)
    met = cast.make_ticket(ada, topic, at=start)
    actions.resolve(ticket=met, resolution="Done.", by=cast.principal(grace), at=start)
    data = plan_data(plan)
    resolution = next(name for name, value in data.items() if value == "resolution").replace("-target", "-within")

    answer = root.post(f"/admin/sla/slaplan/{plan.pk}/moves/", data | {resolution: "90d"})

    assert moves(answer) == "1 of 3 open tickets gets another due time."
    assert plan_data(SLAPlan.objects.get(pk=plan.pk)) == data
    assert asked() == []
    assert not AuditEvent.objects.filter(target_model="sla.slaplan").exists()
    assert "successfully" not in root.get(plan_page(plan)).content.decode()


def test_what_it_says_is_what_then_moves(root, ada, topic, plan):
    start = timezone.now()
    for hours in range(5):
        cast.make_ticket(ada, topic, at=start - hours * HOUR / 2)
    data = plan_data(plan)
    first = next(name for name, value in data.items() if value == "first_response").replace("-target", "-within")
    before = dict(Ticket.objects.values_list("pk", "next_due_at"))

    said = moves(root.post(f"/admin/sla/slaplan/{plan.pk}/moves/", data | {first: "4h"}))
    root.post(plan_page(plan), data | {first: "4h"})
    row, claim = Reckoning.objects.get(), uuid4()
    Reckoning.objects.update(claim=claim)
    actions.reckon_step(row, claim=claim, at=timezone.now())

    moved = sum(before[pk] != due for pk, due in Ticket.objects.values_list("pk", "next_due_at"))
    assert said.startswith(f"{moved} of 5 open tickets get")
    assert 0 < moved < 5


def test_other_words_move_nothing(root, plan, ticket):
    answer = root.post(f"/admin/sla/slaplan/{plan.pk}/moves/", plan_data(plan, notes="Words."))

    assert moves(answer) == "Nothing that moves a deadline was changed."


def test_of_more_than_are_reckoned_it_says_how_many_at_least(root, ada, topic, plan, monkeypatch):
    monkeypatch.setattr(reckoning, "MOST_FORESEEN", 2)
    monkeypatch.setattr(reckoning, "MOST_COUNTED", 3)
    for _n in range(5):
        cast.make_ticket(ada, topic, at=timezone.now())
    data = plan_data(plan)
    first = next(name for name, value in data.items() if value == "first_response").replace("-target", "-within")

    answer = root.post(f"/admin/sla/slaplan/{plan.pk}/moves/", data | {first: "4h"})

    assert moves(answer) == (
        "At least 2 of more than 3 open tickets get another due time: only 2 were reckoned beforehand."
    )


def test_what_is_wrong_is_not_reckoned_by(root, plan, ticket):
    answer = root.post(f"/admin/sla/slaplan/{plan.pk}/moves/", plan_data(plan) | {"targets-0-within": "3000d"})

    assert answer.status_code == 422
    assert "cannot be saved yet" in answer.context["words"]


def test_business_hours_that_become_the_default_count_what_the_site_has(root, ticket, plan):
    hours = cast.make_hours("Office")
    window = hours.windows.get()
    row = {"id": window.pk, "hours": hours.pk, "opens": "09:00", "closes": "17:00"}
    data = hours_data([row | dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "on")])
    data |= {"name": "Office", "time_zone": "UTC", "windows-INITIAL_FORMS": 1, "make_default": "on"}
    ticket.clocks.update(deadline_at=timezone.now() + DAY, started_at=timezone.now())

    answer = root.post(f"/admin/sla/businesshours/{hours.pk}/moves/", data)

    assert "1 open ticket" in moves(answer)
    assert not BusinessHours.objects.filter(is_default=True).exists()


def test_foreseeing_costs_the_same_queries_for_many(ada, topic, plan, django_assert_max_num_queries):
    for _n in range(20):
        cast.make_ticket(ada, topic, at=timezone.now())

    with django_assert_max_num_queries(8):
        found = reckoning.foresee([(Scope.PLAN, plan.pk)], at=timezone.now())

    assert (found.looked_at, found.concerned) == (20, 20)


def test_it_is_asked_by_post_alone(root, plan):
    assert root.get(f"/admin/sla/slaplan/{plan.pk}/moves/").status_code == 405
