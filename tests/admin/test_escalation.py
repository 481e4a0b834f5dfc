"""The steps of escalation on a plan's page: whom they may name, and what else is refused."""

import pytest
from django.urls import reverse

from accounts.models import User
from sla.models import SLAPlan
from tests import cast
from tests.cast import HOUR, MINUTE
from tickets.models import EscalationStep

pytestmark = pytest.mark.django_db

ADD = "/admin/sla/slaplan/add/"


def rows(*steps: dict) -> dict[str, str]:
    found = {
        "name": "Strict",
        "targets-TOTAL_FORMS": "1",
        "targets-INITIAL_FORMS": "0",
        "targets-0-target": "resolution",
        "targets-0-within": "4h",
        "steps-TOTAL_FORMS": str(len(steps)),
        "steps-INITIAL_FORMS": "0",
        "organizations-TOTAL_FORMS": "0",
        "organizations-INITIAL_FORMS": "0",
    }
    for number, step in enumerate(steps):
        found |= {f"steps-{number}-{name}": str(value) for name, value in ({"after": "0m"} | step).items()}
    return found


def test_steps_of_every_sort_are_kept_in_order(root, grace, billing):
    team = cast.make_team("Seniors", grace)
    response = root.post(
        ADD,
        rows(
            {"does": "raise"},
            {"does": "raise", "after": "30m", "priority": cast.priority("Emergency").pk},
            {"does": "assign", "after": "2h", "team": team.pk, "target": "resolution"},
            {"does": "notify", "agent": grace.pk},
            {"does": "notify_manager"},
            {"does": "note", "text": "Look at {{ ticket.number }}."},
        ),
    )

    assert response.status_code == 302
    plan = SLAPlan.objects.get(name="Strict")
    kept = [(step.does, step.after) for step in plan.steps.order_by("pk")]
    assert kept[:3] == [("raise", 0 * MINUTE), ("raise", 30 * MINUTE), ("assign", 2 * HOUR)]
    page = root.get(reverse("admin:sla_slaplan_change", args=[plan.pk])).content.decode()
    assert 'value="0m"' in page
    assert "Seniors" in page


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ({"does": "raise", "after": "366d"}, "Let a step wait for at most a year."),
        ({"does": "raise", "after": "soon"}, "Write a time like"),
        ({"does": "assign"}, "Choose a team or an agent."),
        ({"does": "assign", "team": "{team}", "agent": "{grace}"}, "Choose a team or an agent."),
        ({"does": "assign", "agent": "{ada}"}, "Select a valid choice"),
        ({"does": "assign", "agent": "{gone}"}, "Gone is not an active agent."),
        ({"does": "notify", "agent": "{nowhere}"}, "Nowhere has access to no department."),
        ({"does": "notify", "team": "{empty}"}, "Nobody in “Empty” is an active agent."),
        ({"does": "assign", "team": "{strangers}"}, "Nobody in “Strangers” has access to a department."),
        ({"does": "raise", "agent": "{grace}"}, "This step names nobody."),
        ({"does": "note", "text": " "}, "Write the note."),
        ({"does": "note", "text": "{{ ticket.nummer }}"}, "Did you mean “ticket.number”?"),
        ({"does": "raise", "text": "Hello"}, "This step writes nothing."),
        ({"does": "note", "text": "Hello", "priority": "1"}, "This step sets no priority."),
        ({"does": "", "after": "5m"}, "This field is required."),
    ],
)
def test_what_cannot_be_done_is_refused_when_it_is_saved(step, why, root, ada, grace, billing):
    gone, nowhere = cast.make_agent("Gone", billing), cast.make_agent("Nowhere")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    keys = {
        "team": cast.make_team("Seniors", grace),
        "empty": cast.make_team("Empty", gone),
        "strangers": cast.make_team("Strangers", nowhere),
        "grace": grace,
        "ada": ada,
        "gone": gone,
        "nowhere": nowhere,
    }
    named = {f"{{{name}}}": str(row.pk) for name, row in keys.items()}

    response = root.post(ADD, rows({name: named.get(value, value) for name, value in step.items()}))

    assert why in response.content.decode()
    assert not SLAPlan.objects.filter(name="Strict").exists()


def test_who_has_no_access_where_the_plan_holds_is_refused(root, grace, linus, billing):
    plan = cast.make_plan("Strict", resolution=4 * HOUR)
    billing.sla_plan = plan
    billing.save()
    data = rows({"does": "assign", "agent": linus.pk}) | {
        "targets-INITIAL_FORMS": "1",
        "targets-0-id": str(plan.targets.get().pk),
    }
    page = reverse("admin:sla_slaplan_change", args=[plan.pk])

    refused = root.post(page, data)
    taken = root.post(page, data | {"steps-0-agent": str(grace.pk)})

    assert f"{linus} has no access to Billing, where this plan holds." in refused.content.decode()
    assert taken.status_code == 302
    assert EscalationStep.objects.get().agent == grace


@pytest.mark.parametrize("named", ["agent", "team"])
def test_a_help_topic_says_where_a_plan_holds_too(root, grace, linus, billing, named):
    plan = cast.make_plan("Strict", resolution=4 * HOUR)
    cast.make_topic("Invoices", department=billing, sla_plan=plan)
    data = rows({"does": "notify"}) | {"targets-INITIAL_FORMS": "1", "targets-0-id": str(plan.targets.get().pk)}
    page = reverse("admin:sla_slaplan_change", args=[plan.pk])
    strangers, known = (
        (linus, grace) if named == "agent" else (cast.make_team("One", linus), cast.make_team("Both", linus, grace))
    )

    refused = root.post(page, data | {f"steps-0-{named}": str(strangers.pk)})
    taken = root.post(page, data | {f"steps-0-{named}": str(known.pk)})

    assert "has access to Billing, where this plan holds" in refused.text.replace("has no access", "has access")
    assert taken.status_code == 302


def test_a_team_sees_what_it_is_assigned(root, linus, billing):
    plan = cast.make_plan("Strict", resolution=4 * HOUR)
    cast.make_topic("Invoices", department=billing, sla_plan=plan)
    data = rows({"does": "assign", "team": cast.make_team("One", linus).pk})
    data |= {"targets-INITIAL_FORMS": "1", "targets-0-id": str(plan.targets.get().pk)}

    assert root.post(reverse("admin:sla_slaplan_change", args=[plan.pk]), data).status_code == 302


@pytest.mark.parametrize(
    ("does", "names", "words"),
    [
        ("raise", "", "Raise the priority"),
        ("raise", "Emergency", "Raise the priority to Emergency"),
        ("assign", "Seniors", "Assign to Seniors"),
        ("notify", "Grace", "Notify Grace"),
        ("notify_manager", "", "Notify the department's manager"),
    ],
)
def test_a_step_is_called_by_what_it_does_and_whom_it_names(grace, does, names, words):
    named = {
        "Emergency": {"priority": cast.priority("Emergency")},
        "Seniors": {"team": cast.make_team("Seniors", grace)},
        "Grace": {"agent": grace},
    }

    step = EscalationStep(plan=SLAPlan(), does=does, **named.get(names, {}))

    assert step.told() == words
