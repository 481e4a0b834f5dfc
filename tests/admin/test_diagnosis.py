"""When would it be due? A plan tried out in the administration."""

from datetime import timedelta

import pytest

from sla.models import BusinessHours, Priority, SLAPlan, Target
from tests import cast
from tests.cast import HOUR
from tickets.models import Does, EscalationStep

URL = "/admin/sla/diagnosis/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan() -> SLAPlan:
    found = cast.make_plan("Gold", first_response=HOUR, resolution=4 * HOUR)
    found.pauses = ["requester:resolution"]
    found.hours = cast.make_hours("Office", opens="09:00", closes="18:00")
    found.save()
    return found


def ask(client, gold, /, start="2026-11-20T14:30", **given):
    wanted = {"start": start, "plan": gold.pk, "priority": Priority.objects.get(is_default=True).pk}
    return client.get(URL, wanted | given)


def dues(answer) -> dict[str, str]:
    return {one.target: f"{one.due:%Y-%m-%d %H:%M}" if one.due else "" for one in answer.context["found"]}


def test_it_starts_with_an_empty_form(root):
    answer = root.get(URL)

    assert answer.status_code == 200
    assert "found" not in answer.context


def test_it_shows_when_each_target_is_due_and_stores_nothing(root, plan):
    answer = ask(root, plan, from_1="2026-11-20T15:00", until_1="2026-11-20T17:00", by_1="requester")

    assert dues(answer) == {Target.FIRST_RESPONSE: "2026-11-20 15:30", Target.RESOLUTION: "2026-11-23 11:30"}
    assert "without the 2 hours it waited for the requester" in answer.text
    first, last = answer.context["found"]
    assert (first.ignored, last.ignored) == (["Awaiting requester"], [])


def test_a_department_brings_its_hours_and_chosen_ones_come_first(root, plan, support):
    support.hours = cast.make_hours("Night", opens="22:00", closes="06:00")
    support.save()
    always = BusinessHours.objects.create(name="Always", time_zone="UTC")
    always.windows.create(opens="00:00", closes="24:00", **dict.fromkeys(cast.WEEKDAYS, True))

    assert dues(ask(root, plan, department=support.pk))[Target.FIRST_RESPONSE] == "2026-11-20 23:00"
    both = ask(root, plan, department=support.pk, hours=always.pk)
    assert dues(both)[Target.FIRST_RESPONSE] == "2026-11-20 15:30"


def test_the_priority_chooses_the_promise(root, plan):
    urgent = Priority.objects.order_by("level").first()
    plan.targets.create(target=Target.RESOLUTION, priority=urgent, within=timedelta(minutes=30))

    assert dues(ask(root, plan, priority=urgent.pk))[Target.RESOLUTION] == "2026-11-20 15:00"


def test_a_pause_that_goes_on_leaves_no_due_time(root, plan):
    answer = ask(root, plan, from_1="2026-11-20T15:00", by_1="requester")

    assert dues(answer)[Target.RESOLUTION] == ""
    assert "Not due while it waits for the requester: 30 minutes of 4 working hours are used up." in answer.text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"start": "soon"}, "Write a date and a time"),
        ({"start": "9999-12-31T23:59"}, "Choose a time between 1990 and 2060."),
        ({"start": "0001-01-01T00:00"}, "Choose a time between 1990 and 2060."),
        ({"plan": "0"}, "Select a valid choice"),
        ({"from_1": "2026-11-20T16:00"}, "Say what it waited for."),
        ({"until_1": "2026-11-20T16:00", "by_1": "snoozed"}, "Say when the pause began."),
        ({"from_1": "2026-11-20T14:00", "by_1": "snoozed"}, "A pause cannot begin before the start."),
        (
            {"from_1": "2026-11-20T16:00", "until_1": "2026-11-20T15:00", "by_1": "snoozed"},
            "A pause ends after it began.",
        ),
        (
            {
                "from_1": "2026-11-20T16:00",
                "until_1": "2026-11-20T18:00",
                "by_1": "snoozed",
                "from_2": "2026-11-20T17:00",
                "by_2": "requester",
            },
            "Write pauses in order",
        ),
    ],
)
def test_what_makes_no_sense_is_said(root, plan, given, words):
    answer = ask(root, plan, **given)

    assert answer.status_code == 422
    assert words in answer.text


def test_hours_that_contradict_themselves_are_named(root, plan):
    plan.hours.windows.create(opens="08:00", closes="10:00", monday=True)
    plan.hours.touch()

    assert "The business hours Office contradict themselves" in ask(root, plan).text


def test_only_administrators_ask(sign_in, grace, client):
    assert sign_in(grace).get(URL).status_code == 403
    assert client.get(URL).status_code == 302


def test_it_tells_when_it_would_warn_and_what_would_be_done(root, plan):
    EscalationStep.objects.create(plan=plan, does=Does.RAISE, after=HOUR, target=Target.FIRST_RESPONSE)

    first, last = ask(root, plan).context["found"]

    def told(found) -> list[tuple[str, str]]:
        return [(str(mark.label), f"{mark.at:%d %H:%M}") for _x, mark in found.told.marks if mark.is_ahead]

    assert "now" not in {mark.name for _x, mark in first.told.marks}
    assert told(first) == [("Warns, 75 % used up", "20 15:15"), ("Raise the priority", "20 16:30")]
    assert told(last) == [("Warns, 75 % used up", "20 17:30")]


def test_what_never_ends_has_steps_without_a_time(root, plan):
    EscalationStep.objects.create(plan=plan, does=Does.RAISE, after=HOUR)

    _first, last = ask(root, plan, from_1="2026-11-20T15:00", by_1="requester").context["found"]

    assert [mark.at for _x, mark in last.told.marks if mark.name == "step"] == [None]
