"""The list of agents: who works where, found by what one knows, a page at a time."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from tests import cast
from tickets.models import Department, DepartmentAccess

pytestmark = pytest.mark.django_db

PAGE = "/desk/agents/"
BUDGET = 8


def names(answer) -> list[str]:
    return [agent.name for agent in answer.context["agents"]]


def test_agents_are_listed_with_how_they_are_reached(desk, ken, ada, admin_user):
    cast.make_team("Night shift", ken)
    User.objects.filter(pk=ken.pk).update(phone="+49 30 4711", on_vacation=True)

    page = desk.client.get(PAGE)

    text = page.content.decode()
    assert names(page) == ["Grace", "Ken"]
    for told in ("ken@example.com", "Support", "Night shift", "+49 30 4711", "on vacation"):
        assert told in text


@pytest.mark.parametrize(
    ("find", "found"),
    [
        ("gra", ["Grace"]),
        ("KEN@", ["Ken"]),
        ("bill", ["Grace"]),
        ("night", ["Ken"]),
        ("4711", ["Ken"]),
        ("nobody at all", []),
        ("%", []),
        ("\x00", ["Grace", "Ken"]),
        ("x" * 5000, []),
    ],
)
def test_agents_are_found(desk, ken, find, found):
    cast.make_team("Night shift", ken)
    User.objects.filter(pk=ken.pk).update(phone="4711")

    answer = desk.client.get(PAGE, {"find": find})

    assert answer.status_code == 200
    assert names(answer) == found


def test_what_is_archived_and_who_left_is_not_told(desk, ken):
    left = cast.make_agent("Left", ken.department_access.get().department, is_active=False)
    gone = Department.objects.create(name="Gone", archived_at=cast.MONDAY)
    cast.give_access(ken, gone)

    page = desk.client.get(PAGE)

    assert left.name not in names(page)
    assert "Gone" not in page.content.decode()
    assert names(desk.client.get(PAGE, {"find": "Gone"})) == []


def test_what_others_wrote_is_shown_as_text(desk, ken):
    User.objects.filter(pk=ken.pk).update(name="<i>Ken</i>", phone='"><script>')

    page = desk.client.get(PAGE).content.decode()

    assert "<i>Ken" not in page
    assert '"><script>' not in page


def many_agents(count: int, department: Department) -> None:
    User.objects.bulk_create(
        # Names repeat, so that pages must take ties apart.
        User(name=f"Agent {n // 4:03}", email=f"agent{n}@example.com", is_agent=True, handle=f"h{n}")
        for n in range(count)
    )
    role = Role.objects.get(name=cast.LIMITED)
    DepartmentAccess.objects.bulk_create(
        DepartmentAccess(agent=agent, department=department, role=role)
        for agent in User.objects.filter(name__startswith="Agent ")
    )


def test_pages_go_there_and_back_without_a_gap(desk, support):
    many_agents(60, support)
    everybody = list(User.objects.agents().order_by("name", "id").values_list("pk", flat=True))

    pages = [desk.client.get(PAGE)]
    while pages[-1].context["later_url"]:
        pages.append(desk.client.get(pages[-1].context["later_url"]))
    back = desk.client.get(pages[-1].context["earlier_url"])

    assert [agent.pk for page in pages for agent in page.context["agents"]] == everybody
    assert names(back) == names(pages[-2])


@pytest.mark.parametrize("query", ["?after=0", "?after=x", "?before=99999999", "?after=-1&before=-1"])
def test_a_place_that_is_none_is_the_beginning(desk, query):
    assert names(desk.client.get(PAGE + query)) == ["Grace"]


def test_500_agents_cost_no_more_than_a_few(desk, support):
    def asked(url: str = PAGE) -> int:
        desk.client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert desk.client.get(url).status_code == 200
        return len(queries)

    many_agents(3, support)
    few = asked()
    User.objects.filter(name__startswith="Agent ").delete()
    many_agents(500, support)

    assert asked() == few <= BUDGET
    assert asked(f"{PAGE}?find=support") == few
    assert len(desk.client.get(PAGE).context["agents"]) == 25


def test_departments_stand_in_the_order_in_which_they_read(desk, ken):
    above = Department.objects.create(name="Zoo")
    for name, parent in (("Aviary", above), ("Museum", None)):
        place = Department.objects.create(name=name, parent=parent)
        DepartmentAccess.objects.create(agent=ken, department=place, role=Role.objects.order_by("pk").first())

    text = desk.client.get(PAGE).content.decode()

    assert "<bdi>Museum</bdi>, <bdi>Support</bdi>, <bdi>Zoo / Aviary</bdi>" in text
