"""Departments, topics, priorities, plans, roles and the site: archived, not deleted; one default; readable times."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Permission, Role, User
from core.files import open_blob
from core.models import SiteSettings
from helpdesk.demo.files import make
from sla.models import BusinessHours, PlanTarget, Priority, SLAPlan
from tests import cast
from tests.cast import ALL_ACCESS
from tickets.models import Department, DepartmentAccess, HelpTopic, Ticket

DEPARTMENTS = "/admin/tickets/department/"
PLANS = "/admin/sla/slaplan/"
PRIORITIES = "/admin/sla/priority/"
DELETE = 'class="deletelink"'
# A plan that does nothing about broken promises.
NO_STEPS = {f"{rows}-{name}_FORMS": "0" for rows in ("steps", "organizations") for name in ("TOTAL", "INITIAL")}


def page(row: object, what: str = "change") -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{what}", args=[row.pk])


def act(client, row, action: str, *more):
    meta = row._meta
    rows = [row.pk, *(other.pk for other in more)]
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return client.post(address + "?archived=all", {"action": action, "_selected_action": rows}, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def department_data(**fields: str) -> dict[str, str]:
    filled_in = {
        "name": "Billing",
        "assignable_to": "members",
        "alerts_to": "members",
        "close_after": "",
        "reopen_within": "",
    }
    return filled_in | fields


# --- The default ---------------------------------------------------------------------------------


def test_making_a_department_the_default_takes_it_from_the_old_one(root, support, billing):
    response = root.post(page(billing), department_data(make_default="on"))

    assert response.status_code == 302
    assert list(Department.objects.filter(is_default=True)) == [billing]


def test_the_default_cannot_just_be_given_up(root, support):
    response = root.post(page(support), department_data(name="Support"))

    assert "There has to be a default" in response.content.decode()
    assert Department.objects.get(is_default=True) == support


def test_there_may_be_no_default_plan(root):
    plan = SLAPlan.objects.get()
    rows = plan.targets.order_by("pk")
    data = {
        "name": plan.name,
        **NO_STEPS,
        "targets-TOTAL_FORMS": "2",
        "targets-INITIAL_FORMS": "2",
        "targets-0-id": rows[0].pk,
        "targets-0-target": rows[0].target,
        "targets-0-within": "8h",
        "targets-1-id": rows[1].pk,
        "targets-1-target": rows[1].target,
        "targets-1-within": "3d",
    }

    response = root.post(page(plan), data)

    assert response.status_code == 302
    assert not SLAPlan.objects.filter(is_default=True).exists()


def test_a_plan_that_promises_nothing_is_refused(root):
    data = {"name": "Empty words", "targets-TOTAL_FORMS": "1", "targets-INITIAL_FORMS": "0"}

    response = root.post("/admin/sla/slaplan/add/", data)

    assert response.status_code == 200
    assert not SLAPlan.objects.filter(name="Empty words").exists()


def test_the_default_stays_out_of_the_archive(root, support):
    response = act(root, support, "archive")

    support.refresh_from_db()
    assert support.archived_at is None
    assert "is the default" in said(response)


def test_what_is_archived_does_not_become_the_default(root, support, billing):
    act(root, billing, "archive")

    response = root.post(page(billing), department_data(make_default="on"))

    assert "Bring it back first" in response.content.decode()
    assert Department.objects.get(is_default=True) == support


# --- Archive and delete --------------------------------------------------------------------------


def test_archive_and_bring_back(root, billing):
    act(root, billing, "archive")
    assert "Billing" not in root.get(DEPARTMENTS).content.decode()
    assert "Billing" in root.get(DEPARTMENTS + "?archived=yes").content.decode()

    act(root, billing, "bring_back")
    billing.refresh_from_db()
    assert billing.archived_at is None


def test_a_department_that_a_help_topic_leads_to_is_not_archived(root, topic, billing):
    response = act(root, billing, "archive")

    billing.refresh_from_db()
    assert billing.archived_at is None
    assert str(topic) in said(response)


def test_a_department_with_tickets_being_worked_on_is_not_archived(root, ticket, billing):
    response = act(root, billing, "archive")

    billing.refresh_from_db()
    assert billing.archived_at is None
    assert "still has tickets" in said(response)


@pytest.mark.parametrize("what", ["department", "topic", "priority", "sla_plan"])
def test_what_a_ticket_has_is_never_deleted(root, ticket, what):
    row = getattr(ticket, what)

    assert DELETE not in root.get(page(row)).content.decode()
    assert root.post(page(row, "delete"), {"post": "yes"}).status_code == 403
    assert Ticket.objects.filter(pk=ticket.pk).exists()


def test_what_was_never_used_can_be_deleted(root, db):
    topic = HelpTopic.objects.create(name="Typo")

    assert DELETE in root.get(page(topic)).content.decode()
    root.post(page(topic, "delete"), {"post": "yes"})

    assert not HelpTopic.objects.filter(pk=topic.pk).exists()


def test_a_role_that_somebody_has_is_not_deleted(root, grace):
    role = Role.objects.get(name=ALL_ACCESS)

    assert root.post(page(role, "delete"), {"post": "yes"}).status_code == 403
    assert DepartmentAccess.objects.filter(role=role).exists()


def test_forms_offer_what_is_active_and_what_was_chosen_before(root, topic, billing, elsewhere, support):
    for department in (billing, elsewhere):
        department.archived_at = cast.MONDAY
        department.save()

    form = root.get(page(topic)).context["adminform"].form

    offered = {str(department) for department in form.fields["department"].queryset}
    assert offered == {"Support", "Billing"}


# --- Times ---------------------------------------------------------------------------------------


def plan_data(within: str) -> dict[str, str]:
    return {
        "name": "Quick",
        **NO_STEPS,
        "targets-TOTAL_FORMS": "1",
        "targets-INITIAL_FORMS": "0",
        "targets-0-target": "first_response",
        "targets-0-within": within,
    }


def test_a_plan_is_promised_in_words(root):
    root.post("/admin/sla/slaplan/add/", plan_data("1h 30m"))

    assert PlanTarget.objects.get(plan__name="Quick").within == timedelta(minutes=90)
    assert "First response 1h 30m" in root.get("/admin/sla/slaplan/").content.decode()


@pytest.mark.parametrize(
    ("within", "why"),
    [
        ("soon", "Write a time like"),
        ("0m", "between one minute"),
        ("59s", "between one minute"),
        ("3650d", "between one minute"),
    ],
)
def test_a_time_that_cannot_be_promised_is_refused_by_its_field(root, within, why):
    response = root.post("/admin/sla/slaplan/add/", plan_data(within))

    assert why in response.content.decode()
    assert not SLAPlan.objects.filter(name="Quick").exists()


def promise_rows(*rows: tuple[str, str, str]) -> dict[str, str]:
    found = {"name": "By priority", "targets-TOTAL_FORMS": str(len(rows)), "targets-INITIAL_FORMS": "0"} | NO_STEPS
    for number, (target, priority, within) in enumerate(rows):
        pk = str(Priority.objects.get(name=priority).pk) if priority else ""
        row = {"target": target, "priority": pk, "within": within}
        found |= {f"targets-{number}-{name}": value for name, value in row.items()}
    return found


def test_a_plan_promises_by_priority(root):
    root.post(PLANS + "add/", promise_rows(("resolution", "", "3d"), ("resolution", "High", "4h")))

    plan = SLAPlan.objects.get(name="By priority")
    assert plan.promises(cast.priority("High").pk) == {"resolution": timedelta(hours=4)}
    assert plan.promises(cast.priority("Low").pk) == plan.promises() == {"resolution": timedelta(days=3)}
    assert "Resolution 4h · 3d" in root.get(PLANS).content.decode()


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([("resolution", "High", "4h")], "Resolution is promised for High alone. Add a row for every other priority."),
        ([("resolution", "", "4h"), ("resolution", "", "3d")], "This is promised in another row already."),
        (
            [("resolution", "", "4h"), ("resolution", "High", "3d"), ("resolution", "High", "2d")],
            "This is promised in another row already.",
        ),
    ],
)
def test_rows_that_leave_a_priority_out_or_say_it_twice_are_refused(rows, why, root):
    response = root.post(PLANS + "add/", promise_rows(*rows))

    assert why in response.content.decode()
    assert not SLAPlan.objects.filter(name="By priority").exists()


def test_a_new_plan_begins_with_the_solution_paused_while_others_have_to_act(root):
    page = root.get(PLANS + "add/")

    checked = page.context["adminform"].form.initial["pauses"]
    assert checked == ["third_party:resolution", "requester:resolution"]


def test_what_pauses_is_one_of_what_there_is(root):
    rows = promise_rows(("resolution", "", "4h"))
    root.post(PLANS + "add/", rows | {"pauses": ["snoozed:resolution", "requester:next_response"]})
    refused = root.post(PLANS + "add/", rows | {"name": "Never", "pauses": ["christmas:resolution"]})

    plan = SLAPlan.objects.get(name="By priority")
    assert plan.pauses == ["snoozed:resolution", "requester:next_response"]
    assert "christmas:resolution is not one of the available choices" in refused.content.decode()


def test_a_plan_warns_at_the_shares_that_are_written(root):
    rows = promise_rows(("resolution", "", "4h"))
    root.post(PLANS + "add/", rows | {"warnings": "90 %, 50,75"})

    plan = SLAPlan.objects.get(name="By priority")
    assert plan.warnings == [50, 75, 90]
    assert 'value="50, 75, 90"' in root.get(page(plan)).content.decode()
    assert 'name="warnings" value="75"' in root.get(PLANS + "add/").content.decode()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("0", "“0” is no share. Write percents from 1 to 99"),
        ("75, 100", "“100” is no share"),
        ("75, soon", "“soon” is no share"),
        ("-5", "“-5” is no share"),
        ("٧٥", "“٧٥” is no share"),
        ("75, 75", "Name each share once."),
        ("10 20 30 40 50 60", "At most 5 warnings."),
    ],
)
def test_what_is_no_share_is_refused(written, why, root):
    response = root.post(PLANS + "add/", promise_rows(("resolution", "", "4h")) | {"warnings": written})

    assert why in response.content.decode()
    assert f'value="{written}"' in response.content.decode()


def test_hours_that_hold_everywhere_have_to_be_named(root):
    response = root.post(PLANS + "add/", promise_rows(("resolution", "", "4h")) | {"hours_everywhere": "on"})

    assert "Choose the business hours that are to hold everywhere." in response.content.decode()


def test_a_department_shows_its_times_as_people_write_them(root, billing):
    billing.close_after = timedelta(days=3, hours=12)
    billing.save()

    assert 'value="3d 12h"' in root.get(page(billing)).content.decode()


# --- Roles ---------------------------------------------------------------------------------------


def test_a_role_is_checked_together(root, db):
    root.post("/admin/accounts/role/add/", {"name": "Answers", "permissions": ["ticket.reply", "ticket.note"]})

    assert Role.objects.get(name="Answers").permissions == ["ticket.reply", "ticket.note"]


def test_every_permission_has_a_box(root, db):
    page_text = root.get("/admin/accounts/role/add/").content.decode()

    assert all(f'value="{permission}"' in page_text for permission in Permission.values)


def test_a_permission_that_does_not_exist_is_refused(root, db):
    response = root.post("/admin/accounts/role/add/", {"name": "Odd", "permissions": ["ticket.delete"]})

    assert response.status_code == 200
    assert not Role.objects.filter(name="Odd").exists()


# --- Site settings -------------------------------------------------------------------------------


def site_data(**fields: object) -> dict[str, object]:
    return {
        "name": "Meridian",
        "time_zone": "Europe/Berlin",
        "language": "en",
        "close_after": "2d",
        "reopen_within": "10d",
        "numbering": "random",
        "number_digits": "6",
        "next_number": "1",
        "topic_order": "manual",
        "max_upload_mb": "20",
        "is_online": "on",
        "registration": "open",
        "guests_may_ask": "on",
        "most_open_tickets": "0",
        "most_mails_an_hour": "60",
        "keep_raw_mail": "180d",
        "agents_idle_after": "12h",
        "requesters_idle_after": "14d",
    } | fields


def test_the_site_has_one_page(root):
    assert root.get("/admin/core/sitesettings/")["Location"] == "/admin/core/sitesettings/1/change/"
    assert root.get("/admin/core/sitesettings/add/").status_code == 403
    assert root.post("/admin/core/sitesettings/1/delete/", {"post": "yes"}).status_code == 403


def test_the_site_settings_are_saved(root):
    root.post("/admin/core/sitesettings/1/change/", site_data())

    site = SiteSettings.objects.get()
    assert (site.name, site.close_after) == ("Meridian", timedelta(days=2))


def shown_form(root) -> dict[str, object]:
    """Return what a browser sends when it sends the site's page as it was shown."""
    form = root.get("/admin/core/sitesettings/1/change/").context["adminform"].form
    shown = {name: form[name].value() for name in site_data()}
    return shown | {f"initial-{name}": value for name, value in shown.items()}


def test_a_page_that_was_open_long_sets_back_nothing_that_others_did(root):
    stale = shown_form(root)
    SiteSettings.objects.update(next_number=4711, name="Acme Desk", max_upload_mb=7)

    root.post("/admin/core/sitesettings/1/change/", stale | {"time_zone": "Asia/Tokyo"})

    site = SiteSettings.objects.get()
    assert (site.next_number, site.name, site.max_upload_mb) == (4711, "Acme Desk", 7)
    assert site.time_zone == "Asia/Tokyo"


def test_the_next_number_is_set_when_somebody_sets_it(root):
    stale = shown_form(root)
    SiteSettings.objects.update(next_number=40)

    root.post("/admin/core/sitesettings/1/change/", stale | {"next_number": "5000"})

    assert SiteSettings.objects.get().next_number == 5000


def test_the_page_carries_what_it_showed(root):
    page = root.get("/admin/core/sitesettings/1/change/").text

    for name in site_data():
        assert f'name="initial-{name}"' in page


def test_a_field_that_is_not_offered_is_not_set(root):
    root.post("/admin/core/sitesettings/1/change/", site_data(is_demo="on"))

    assert not SiteSettings.objects.get().is_demo


def test_a_logo_is_shown_and_removed(root, client):
    upload = SimpleUploadedFile("logo.png", open_blob(make("logo.png").blob).read())

    root.post("/admin/core/sitesettings/1/change/", site_data(picture=upload))

    response = client.get("/logo")
    assert response["Content-Type"] == "image/png"
    assert "sandbox" in response["Content-Security-Policy"]
    root.post("/admin/core/sitesettings/1/change/", site_data(no_picture="on"))
    assert client.get("/logo").status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"), ("logo.png", b"<html>")],
)
def test_a_logo_that_is_no_picture_is_refused(root, name, content):
    upload = SimpleUploadedFile(name, content, "image/png")

    response = root.post("/admin/core/sitesettings/1/change/", site_data(picture=upload))

    assert "Choose a PNG, JPEG, GIF or WebP picture." in response.content.decode()
    assert SiteSettings.objects.get().logo is None


@pytest.mark.parametrize("typed", ["", "r", "example.com"])
def test_teams_find_agents_who_may_sign_in(root, grace, ada, typed):
    cast.make_agent("Gr gone", is_active=False)
    cast.make_agent("Heidi").addresses.update(email="gr@example.com")
    fields = {"app_label": "accounts", "model_name": "team", "field_name": "members", "term": typed}

    found = root.get("/admin/autocomplete/", fields).json()["results"]

    expected = {"": ["Grace", "Heidi"], "r": ["Grace"], "example.com": []}[typed]
    assert [one["text"] for one in found] == expected


def test_the_page_of_a_team_reads_its_members_and_no_other_agents(root, accountants):
    for number in range(30):
        cast.make_agent(f"Agent {number}")

    page = root.get(f"/admin/accounts/team/{accountants.pk}/change/").text

    assert "Grace" in page
    assert "Agent 7" not in page


def test_who_was_switched_off_meanwhile_stays_in_the_team(root, accountants, grace):
    User.objects.filter(pk=grace.pk).update(is_active=False)
    heidi = cast.make_agent("Heidi")

    root.post(f"/admin/accounts/team/{accountants.pk}/change/", {"name": "Accounts", "members": [grace.pk, heidi.pk]})

    accountants.refresh_from_db()
    assert accountants.name == "Accounts"
    assert set(accountants.members.all()) == {grace, heidi}


def test_a_requester_and_who_is_switched_off_do_not_join_a_team(root, accountants, ada, grace):
    gone = cast.make_agent("Gone", is_active=False)

    for nobody in (ada, gone):
        page = root.post(
            f"/admin/accounts/team/{accountants.pk}/change/",
            {"name": "Accountants", "members": [grace.pk, nobody.pk]},
        )
        assert "is not one of the available choices" in page.text

    assert list(accountants.members.all()) == [grace]


# --- Budgets -------------------------------------------------------------------------------------


def _make(numbers: range) -> None:
    """Rows that differ in every relation."""
    for number in numbers:
        plan = cast.make_plan(f"Plan {number}", first_response=timedelta(hours=1))
        department = Department.objects.create(name=f"Department {number}", sla_plan=plan)
        cast.make_team(f"Team {number}", cast.make_agent(f"Agent {number}", department))
        priority = Priority.objects.create(name=f"Priority {number}", level=number + 100)
        HelpTopic.objects.create(name=f"Topic {number}", department=department, priority=priority, sla_plan=plan)
        hours = BusinessHours.objects.create(name=f"Hours {number}", time_zone="Europe/Berlin")
        hours.windows.create(monday=True, opens="09:00", closes="17:00")
        hours.holidays.create(day="2027-01-04", name="Holiday")


@pytest.mark.parametrize(
    "path",
    [
        DEPARTMENTS,
        PRIORITIES,
        "/admin/sla/slaplan/",
        "/admin/sla/businesshours/",
        "/admin/tickets/helptopic/",
        "/admin/accounts/agent/",
        "/admin/accounts/team/",
        "/admin/accounts/address/",
    ],
)
def test_a_list_of_twenty_costs_as_many_queries_as_one_of_four(
    root, path, django_assert_max_num_queries, django_assert_num_queries
):
    _make(range(4))
    # The first page of a session notes that it is in use.
    root.get(path)
    with django_assert_max_num_queries(12) as few:
        root.get(path)

    _make(range(4, 20))

    with django_assert_num_queries(len(few)):
        root.get(path)


def test_an_agent_in_ten_departments_costs_as_many_queries_as_one_in_two(
    root, django_assert_max_num_queries, django_assert_num_queries
):
    _make(range(10))
    agent = User.objects.get(name="Agent 0")
    cast.give_access(agent, Department.objects.get(name="Department 1"))
    root.get(f"/admin/accounts/agent/{agent.pk}/change/")
    # Half of them ask whether anything names the agent, one for each kind of thing that could.
    with django_assert_max_num_queries(32) as few:
        root.get(f"/admin/accounts/agent/{agent.pk}/change/")

    for number in range(2, 10):
        cast.give_access(agent, Department.objects.get(name=f"Department {number}"))

    with django_assert_num_queries(len(few)):
        root.get(f"/admin/accounts/agent/{agent.pk}/change/")
