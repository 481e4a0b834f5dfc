"""Departments, help topics, teams and roles: where they stand, what they are to each other, and what is refused."""

import csv
import io

import pytest
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import AuditEvent, AuditKind, Role, User
from core.models import Numbering, SiteSettings
from core.models.settings import TopicOrder
from tests import cast
from tests.admin.test_configuration import DELETE, act, department_data, page, said
from tests.cast import ALL_ACCESS
from tickets import numbers
from tickets.models import Department, HelpTopic, Ticket

TOPICS = "/admin/tickets/helptopic/"
DEPARTMENTS = "/admin/tickets/department/"
ARRANGE = "/admin/tickets/helptopic/arrange/"


def errors_of(response) -> str:
    assert response.status_code == 200
    return " ".join(str(words) for found in response.context["errors"] for words in found)


def topic_data(**fields: object) -> dict[str, object]:
    return {"name": "Invoices", "next_number": "1", "initial-next_number": "1"} | fields


# --- Below each other ------------------------------------------------------------------------------


@pytest.fixture
def berlin(support):
    return Department.objects.create(name="Berlin", parent=support)


def test_a_department_is_put_below_another_and_named_so(root, support, billing):
    root.post(page(billing), department_data(parent=support.pk))

    billing.refresh_from_db()
    assert billing.parent == support
    assert "Support / Billing" in root.get(DEPARTMENTS).text


def test_a_department_is_not_put_below_itself_or_what_is_below_it(root, support, berlin):
    for parent in (support, berlin):
        response = root.post(page(support), department_data(name="Support", make_default="on", parent=parent.pk))
        assert "cannot be" in errors_of(response)

    support.refresh_from_db()
    assert support.parent is None


def test_three_levels_are_enough(root, support, berlin, billing):
    night = Department.objects.create(name="Night", parent=berlin)

    response = root.post(page(billing), department_data(parent=night.pk))

    assert "more than 3 levels" in errors_of(response)


def test_a_name_is_taken_only_beside_others_of_that_name(root, support, berlin, billing):
    root.post(DEPARTMENTS + "add/", department_data(name="Berlin", parent=billing.pk))
    again = root.post(DEPARTMENTS + "add/", department_data(name="Berlin", parent=support.pk))

    assert Department.objects.filter(name="Berlin").count() == 2
    assert "of this name below the same one already" in errors_of(again)


def test_a_topic_is_not_put_below_what_is_below_it(root, topic):
    below = cast.make_topic("Refunds", parent=topic)

    response = root.post(page(topic), topic_data(parent=below.pk))

    assert "is below “Invoices” already" in errors_of(response)
    topic.refresh_from_db()
    assert topic.parent is None


def test_what_has_active_ones_below_it_stays_out_of_the_archive(root, topic, billing):
    parent = Department.objects.create(name="Money")
    Department.objects.filter(pk=billing.pk).update(parent=parent)
    above = cast.make_topic("Payments")
    HelpTopic.objects.filter(pk=topic.pk).update(parent=above)

    for row, below in ((parent, "Billing"), (above, "Invoices")):
        response = act(root, row, "archive")
        row.refresh_from_db()
        assert row.archived_at is None
        assert f"“{below}” is below “{row.name}”" in said(response)


# --- Active, disabled, archived ----------------------------------------------------------------------


def test_many_are_disabled_and_enabled_at_once(root, billing, elsewhere):
    act(root, billing, "disable", elsewhere)
    assert Department.objects.exclude(disabled_at=None).count() == 2
    assert "Billing" in root.get(DEPARTMENTS + "?archived=disabled").text
    assert "Support" not in root.get(DEPARTMENTS + "?archived=disabled").context["cl"].queryset.values_list("name")

    response = act(root, billing, "enable", elsewhere)

    assert not Department.objects.exclude(disabled_at=None).exists()
    assert "Enabled: Billing, Kernel." in said(response)
    changes = [event.changes for event in AuditEvent.objects.filter(kind=AuditKind.CHANGED).order_by("pk")]
    assert changes == [{"disabled": [False, True]}] * 2 + [{"disabled": [True, False]}] * 2


def test_the_default_is_neither_disabled_nor_archived_nor_deleted(root, support):
    for action in ("disable", "archive"):
        assert "is the default" in said(act(root, support, action))

    support.refresh_from_db()
    assert support.is_enabled
    shown = root.get(page(support)).text
    assert DELETE not in shown
    assert "is the default. Make another one the default first." in shown
    assert root.post(page(support, "delete"), {"post": "yes"}).status_code == 403


def test_what_is_disabled_does_not_become_the_default(root, support, billing):
    act(root, billing, "disable")

    response = root.post(page(billing), department_data(make_default="on"))

    assert "Enable it first" in errors_of(response)
    assert Department.objects.get(is_default=True) == support


def test_a_row_offers_its_deeds_on_its_own_page(root, billing):
    assert [name for name, _label in root.get(page(billing)).context["deeds"]] == ["disable", "archive"]
    act(root, billing, "disable")
    assert [name for name, _label in root.get(page(billing)).context["deeds"]] == ["enable", "archive"]
    act(root, billing, "archive")
    assert [name for name, _label in root.get(page(billing)).context["deeds"]] == ["bring_back"]


def test_a_department_in_use_says_what_to_do_with_it(root, ticket, billing):
    assert "Transfer or close them first" in root.get(page(billing)).text
    assert DELETE not in root.get(page(billing)).text


@pytest.mark.parametrize("use", ["ticket", "topic", "child"])
def test_what_something_names_is_not_deleted(root, billing, ada, use):
    topic = cast.make_topic("Invoices", department=billing)
    if use == "ticket":
        cast.make_ticket(ada, topic)
        HelpTopic.objects.update(department=None)
    if use == "child":
        HelpTopic.objects.update(department=None)
        Department.objects.create(name="Refunds", parent=billing)

    assert root.post(page(billing, "delete"), {"post": "yes"}).status_code == 403
    assert Department.objects.filter(pk=billing.pk).exists()


# --- Who makes it, who works there -------------------------------------------------------------------


def test_an_administrator_who_is_an_agent_works_in_the_department_they_make(root, admin_user):
    User.objects.filter(pk=admin_user.pk).update(is_agent=True)

    response = root.post(DEPARTMENTS + "add/", department_data(name="Branches"), follow=True)

    access = Department.objects.get(name="Branches").access.get()
    assert (access.agent, access.role.name) == (admin_user, ALL_ACCESS)
    assert "You work in “Branches” now, as All access." in said(response)
    rights = AuditEvent.objects.get(kind=AuditKind.RIGHTS)
    assert (rights.target_id, rights.changes["department"]) == (admin_user.pk, [None, access.department_id])


def test_an_administrator_who_is_none_does_not(root):
    root.post(DEPARTMENTS + "add/", department_data(name="Branches"))

    assert not Department.objects.get(name="Branches").access.exists()


def rows_of(response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_members_leave_as_csv_and_the_log_says_so(root, billing, support, grace):
    cast.make_agent("Mia", support)
    User.objects.filter(pk=grace.pk).update(name='=HYPERLINK("http://evil.example")')

    response = act(root, billing, "members_as_csv", support)

    header, *rows = rows_of(response)
    assert header[0] == "Department"
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("Billing", '\'=HYPERLINK("http://evil.example")', ALL_ACCESS),
        ("Support", "Mia", ALL_ACCESS),
    ]
    assert response["Content-Disposition"] == 'attachment; filename="members.csv"'
    exported = AuditEvent.objects.filter(kind=AuditKind.EXPORTED)
    assert {event.target_id for event in exported} == {billing.pk, support.pk}


# --- Topics ------------------------------------------------------------------------------------------


def test_a_topic_names_an_agent_or_a_team_not_both(root, topic, grace, accountants):
    response = root.post(page(topic), topic_data(assignee=grace.pk, team=accountants.pk))

    assert "not both" in errors_of(response)


def test_whom_a_topic_names_in_vain_is_told_at_once(root, topic, billing, linus):
    response = root.post(page(topic), topic_data(department=billing.pk, assignee=linus.pk), follow=True)

    assert "“Linus” may not have tickets of the department" in said(response)
    topic.refresh_from_db()
    assert topic.assignee == linus


@pytest.mark.parametrize("typed", ["-INV", "INV/", "РАЗ-", "a b"])
def test_what_numbers_begin_with_is_plain(root, topic, typed):
    assert "Use letters from A to Z" in errors_of(root.post(page(topic), topic_data(number_prefix=typed)))


def test_small_letters_become_capitals(root, topic):
    root.post(page(topic), topic_data(number_prefix="inv-", numbering="sequence"))

    topic.refresh_from_db()
    assert (topic.number_prefix, topic.numbering) == ("INV-", Numbering.SEQUENCE)


def test_numbers_of_their_own_begin_with_something_of_their_own(root, topic):
    assert "have to begin with something" in errors_of(root.post(page(topic), topic_data(numbering="sequence")))
    cast.make_topic("Bills", number_prefix="INV-", numbering=Numbering.SEQUENCE)

    response = root.post(page(topic), topic_data(number_prefix="INV-", numbering="sequence"))

    assert "The numbers of “Bills” begin like this" in errors_of(response)


def test_a_page_that_was_open_long_does_not_set_the_numbers_back(root, topic):
    HelpTopic.objects.filter(pk=topic.pk).update(number_prefix="INV-", numbering=Numbering.SEQUENCE)
    stale = topic_data(number_prefix="INV-", numbering="sequence", hint="Bills")
    numbers.reserve(HelpTopic.objects.get(pk=topic.pk))

    root.post(page(topic), stale)

    topic.refresh_from_db()
    assert (topic.hint, topic.next_number) == ("Bills", 2)


def test_the_next_number_is_set_when_somebody_sets_it(root, topic):
    root.post(page(topic), topic_data(number_prefix="INV-", numbering="sequence", next_number="500"))

    topic.refresh_from_db()
    assert topic.next_number == 500


def test_one_topic_may_be_the_default_or_none(root, topic):
    root.post(page(topic), topic_data(make_default="on"))
    assert HelpTopic.objects.get(is_default=True) == topic

    root.post(page(topic), topic_data())
    assert not HelpTopic.objects.filter(is_default=True).exists()


# --- Arranging ---------------------------------------------------------------------------------------


@pytest.fixture
def three(db):
    HelpTopic.objects.all().delete()
    return [cast.make_topic(name, position=position) for position, name in enumerate("ABC")]


def order() -> str:
    return "".join(topic.name for topic in HelpTopic.objects.filter(parent=None).in_order(by_position=True))


def test_buttons_move_a_topic_a_step_without_script(root, three):
    response = root.post(ARRANGE, {"down": three[0].pk})
    assert order() == "BAC"
    assert response["Location"] == f"{ARRANGE}#topic-{three[0].pk}"

    root.post(ARRANGE, {"up": three[2].pk})
    assert order() == "BCA"


def test_a_topic_is_put_to_a_place(root, three):
    root.post(ARRANGE, {"topic": three[2].pk, "place": "0"})

    assert order() == "CAB"
    assert AuditEvent.objects.get().changes == {"place": [3, 1]}


def test_a_topic_moves_only_among_those_beside_it(root, three):
    below = [cast.make_topic(name, parent=three[1], position=7) for name in "XY"]

    root.post(ARRANGE, {"topic": below[0].pk, "place": "99"})

    assert order() == "ABC"
    assert [topic.name for topic in HelpTopic.objects.filter(parent=three[1]).order_by("position")] == ["Y", "X"]


@pytest.mark.parametrize("sent", [{}, {"up": "x"}, {"up": "9" * 30}, {"topic": "1"}, {"down": "0"}, {"place": "1"}])
def test_what_makes_no_sense_moves_nothing(root, three, sent):
    assert "is not there any more" in said(root.post(ARRANGE, sent, follow=True))
    assert order() == "ABC"


def test_the_ends_are_ends(root, three):
    root.post(ARRANGE, {"up": three[0].pk})
    root.post(ARRANGE, {"down": three[2].pk})

    assert order() == "ABC"
    assert not AuditEvent.objects.exists()


def test_a_new_topic_comes_last_and_so_does_one_that_is_put_elsewhere(root, three):
    root.post(TOPICS + "add/", topic_data(name="D"))
    assert order() == "ABCD"

    root.post(page(three[0]), topic_data(name="A", parent=three[1].pk))
    root.post(page(three[0]), topic_data(name="A"))
    assert order() == "BCDA"


def test_the_page_says_when_the_site_orders_by_name(root, three):
    assert "by name" not in root.get(ARRANGE).text
    SiteSettings.objects.update(topic_order=TopicOrder.NAME)

    assert "by name" in root.get(ARRANGE).text


def test_only_administrators_arrange(sign_in, ken, three):
    assert sign_in(ken).post(ARRANGE, {"down": three[0].pk}).status_code == 403
    assert order() == "ABC"


# --- Teams -------------------------------------------------------------------------------------------


def team_data(*members: User, **fields: object) -> dict[str, object]:
    return {"name": "Accountants", "alerts": "on", "members": [member.pk for member in members]} | fields


def test_the_lead_is_a_member(root, accountants, grace, linus):
    refused = root.post(page(accountants), team_data(grace, lead=linus.pk))
    root.post(page(accountants), team_data(grace, linus, lead=linus.pk))

    assert "one of the members" in errors_of(refused)
    accountants.refresh_from_db()
    assert accountants.lead == linus


def test_a_lead_does_not_leave_the_team_by_the_other_door(root, accountants, grace):
    accountants.lead = grace
    accountants.save()
    form = {
        "name": "Grace",
        "sign_in_address": "grace@example.com",
        "is_agent": "on",
        "is_active": "on",
        "department_access-TOTAL_FORMS": "0",
        "department_access-INITIAL_FORMS": "0",
    }

    refused = root.post(reverse("admin:accounts_agent_change", args=[grace.pk]), form)

    assert "leads “Accountants”" in errors_of(refused)
    assert grace in accountants.members.all()


# --- Roles -------------------------------------------------------------------------------------------


def test_the_page_of_a_role_says_who_has_it(root, grace, billing):
    role = Role.objects.get(name=ALL_ACCESS)

    shown = root.get(page(role)).text

    assert f'href="{reverse("admin:accounts_agent_change", args=[grace.pk])}"' in shown
    assert "Billing" in shown


def test_of_many_who_have_a_role_the_first_are_named(root, billing, django_assert_num_queries):
    for number in range(12):
        cast.make_agent(f"Agent {number:02}", Department.objects.create(name=f"Branch {number}", parent=billing))
    role = Role.objects.get(name=ALL_ACCESS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tickets.role_admin.HOLDERS_SHOWN", 10)

        shown = root.get(page(role)).text

    assert "The first 10 of 12." in shown
    assert "Agent 09" in shown
    assert "Agent 11" not in shown


def test_a_role_may_ask_for_a_second_factor_and_carry_notes(root):
    root.post("/admin/accounts/role/add/", {"name": "Auditor", "notes": "For the bank", "needs_second_factor": "on"})

    role = Role.objects.get(name="Auditor")
    assert (role.notes, role.needs_second_factor, role.permissions) == ("For the bank", True, [])


def test_a_ticket_s_list_is_narrowed_by_a_department_below_another(root, ada, support, billing):
    branch = Department.objects.create(name="Branch", parent=billing)
    made = cast.make_ticket(ada, cast.make_topic("Invoices", department=branch))
    cast.make_ticket(ada, cast.make_topic("Access", department=support))

    shown = root.get(f"/admin/tickets/ticket/?department__id__exact={branch.pk}")

    assert "Billing / Branch" in shown.text
    assert list(shown.context["cl"].result_list) == [Ticket.objects.get(pk=made.pk)]
    assert made.opened_at < now()
