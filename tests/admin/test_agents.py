"""Agents: their primary department, and what is done to many at once."""

import csv
import io

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Agent, AuditEvent, AuditKind, Role, User
from tests import cast
from tests.admin.test_people import LIST, act, change, data, said
from tests.cast import ALL_ACCESS, LIMITED
from tickets.agent_admin import AgentAdmin
from tickets.models import DepartmentAccess


def access_data(*rows: dict[str, object], old: int = 0) -> dict[str, object]:
    sent: dict[str, object] = {
        "department_access-TOTAL_FORMS": str(len(rows)),
        "department_access-INITIAL_FORMS": str(old),
    }
    for number, row in enumerate(rows):
        sent |= {f"department_access-{number}-{name}": value for name, value in row.items()}
    return sent


def as_row(access: DepartmentAccess, **changed: object) -> dict[str, object]:
    return {"id": access.pk, "department": access.department_id, "role": access.role_id} | changed


def grace_data(*rows: dict[str, object], **fields: object) -> dict[str, object]:
    return data(name="Grace", sign_in_address="grace@example.com", **access_data(*rows, old=len(rows)), **fields)


# --- The primary department --------------------------------------------------------------------------


@pytest.fixture
def two(grace, support) -> list[DepartmentAccess]:
    """Grace's access to Billing, her primary department, and to Support."""
    grace.department_access.update(is_primary=True)
    return [grace.department_access.get(), cast.give_access(grace, support)]


@pytest.mark.parametrize("order", [1, -1])
def test_the_mark_moves_in_one_go_in_whichever_order(root, grace, two, support, order):
    rows = [as_row(two[0]), as_row(two[1], is_primary="on")][::order]

    response = root.post(change(grace), grace_data(*rows))

    assert response.status_code == 302
    assert grace.department_access.get(is_primary=True).department == support


def test_only_one_is_the_primary_one(root, grace, two, billing):
    response = root.post(change(grace), grace_data(*(as_row(row, is_primary="on") for row in two)))

    assert "Only one department can be the primary one." in response.text
    assert grace.department_access.get(is_primary=True).department == billing


def test_the_list_shows_the_primary_one_first(root, grace, two):
    assert "Billing ★, Support" in root.get(LIST).text


def test_vacation_and_only_assigned_are_switches_of_the_page(root, grace):
    root.post(change(grace), grace_data(on_vacation="on", sees_only_assigned="on"))

    grace.refresh_from_db()
    assert (grace.on_vacation, grace.sees_only_assigned) == (True, True)
    assert "sees_only_assigned" in AuditEvent.objects.get(kind=AuditKind.RIGHTS).changes


# --- Enable and disable --------------------------------------------------------------------------------


def test_many_are_disabled_and_enabled_at_once(root, sign_in, grace, ken):
    signed_in = sign_in(grace)

    act(root, "disable", grace, ken)

    assert set(User.objects.filter(is_active=False)) == {grace, ken}
    assert signed_in.get("/desk/queues/open/").status_code == 302
    act(root, "enable", grace, ken)
    assert not User.objects.filter(is_active=False).exists()
    assert [event.changes for event in AuditEvent.objects.filter(kind=AuditKind.RIGHTS).order_by("pk")] == [
        *[{"is_active": [True, False]}] * 2,
        *[{"is_active": [False, True]}] * 2,
    ]


def test_nobody_disables_themselves(root, admin_user, grace):
    response = act(root, "disable", admin_user, grace)

    admin_user.refresh_from_db()
    grace.refresh_from_db()
    assert (admin_user.is_active, grace.is_active) == (True, False)
    assert "You stay active" in said(response)


def test_all_administrators_together_are_not_disabled(root, admin_user, grace):
    other = cast.make_person("other@example.com", "Other", is_administrator=True)
    User.objects.filter(pk=grace.pk).update(is_administrator=True)

    act(root, "disable", admin_user, grace, other)

    assert list(User.objects.administrators()) == [admin_user]


def test_the_last_administrator_is_not_disabled_by_somebody_who_was_demoted_meanwhile(
    rf, admin_user, grace, monkeypatch
):
    told = []
    monkeypatch.setattr(AgentAdmin, "message_user", lambda page, request, text, *level: told.append(text))
    request = rf.post(LIST)
    request.user = grace

    AgentAdmin(Agent, admin.site).disable(request, Agent.objects.filter(pk=admin_user.pk))

    admin_user.refresh_from_db()
    assert admin_user.is_active
    assert told == ["Rosa Root is the last administrator. Make somebody else an administrator first."]


# --- Change department ---------------------------------------------------------------------------------


def chosen(*agents: User, **fields: object) -> dict[str, object]:
    return {"action": "change_department", "_selected_action": [agent.pk for agent in agents]} | fields


def test_first_it_is_asked_which(root, grace, ken, admin_user):
    page = root.post(LIST, chosen(grace, ken, admin_user))

    assert page.status_code == 200
    assert [agent.name for agent in page.context["agents"]] == ["Grace", "Ken"]
    assert DepartmentAccess.objects.count() == 2


@pytest.mark.parametrize("keeps", [True, False])
def test_then_they_work_there_first_of_all(root, two, grace, ken, elsewhere, billing, keeps):
    role = Role.objects.get(name=LIMITED)
    fields = {"apply": "1", "department": elsewhere.pk, "role": role.pk} | ({"keeps_access": "on"} if keeps else {})

    response = root.post(LIST, chosen(grace, ken, **fields), follow=True)

    assert "In “Kernel” now: Grace, Ken." in said(response)
    for agent in (grace, ken):
        primary = agent.department_access.get(is_primary=True)
        assert (primary.department, primary.role) == (elsewhere, role)
    assert grace.department_access.filter(department=billing).exists() is keeps
    # Only the primary one is left; Ken had none.
    assert ken.department_access.count() == 2
    assert AuditEvent.objects.filter(kind=AuditKind.RIGHTS).count() == 2


def test_their_access_there_gets_the_role(root, two, grace, support):
    role = Role.objects.get(name=LIMITED)

    root.post(LIST, chosen(grace, apply="1", department=support.pk, role=role.pk, keeps_access="on"))

    assert grace.department_access.count() == 2
    assert grace.department_access.get(department=support).role == role


@pytest.mark.parametrize("fields", [{}, {"department": "9999", "role": "1"}, {"department": "x", "role": "y"}])
def test_what_cannot_be_is_told_and_nothing_is_done(root, two, grace, fields):
    response = root.post(LIST, chosen(grace, apply="1", **fields))

    assert response.status_code == 422
    assert grace.department_access.get(is_primary=True).department.name == "Billing"


def test_who_is_no_agent_works_in_no_department(root, admin_user):
    assert "Only agents work in departments" in said(act(root, "change_department", admin_user))


# --- CSV -----------------------------------------------------------------------------------------------


def test_agents_leave_as_csv_and_the_log_says_so(root, two, grace, ken, accountants):
    response = act(root, "as_csv", grace, ken)

    header, *rows = csv.reader(io.StringIO(response.content.decode("utf-8-sig")))
    assert header[:3] == ["Name", "E-mail address", "Departments"]
    assert [row[:4] for row in rows] == [
        ["Grace", "grace@example.com", f"Billing ({ALL_ACCESS}); Support ({ALL_ACCESS})", "Accountants"],
        ["Ken", "ken@example.com", f"Support ({ALL_ACCESS})", ""],
    ]
    assert AuditEvent.objects.get(kind=AuditKind.EXPORTED).changes == {"agents": [None, [grace.pk, ken.pk]]}


def test_a_csv_of_many_costs_as_many_queries_as_one_of_few(root, billing, grace, django_assert_num_queries):
    few = [grace, *(cast.make_agent(f"Agent {n}", billing) for n in range(2))]
    act(root, "as_csv", *few)
    with CaptureQueriesContext(connection) as asked:
        act(root, "as_csv", *few)
    many = [*few, *(cast.make_agent(f"More {n}", billing) for n in range(12))]

    with django_assert_num_queries(len(asked)):
        act(root, "as_csv", *many)
