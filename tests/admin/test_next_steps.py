"""What the start page of a new help desk says is left to do, and that it stops saying so."""

import pytest

from accounts.models import User
from core.models import SiteSettings
from mail.models import OwnAddress, SendingAccount
from tests import cast
from tickets.models import Department, HelpTopic

START = "/admin/"
HIDE = "/admin/next-steps/hide/"


def left(client) -> list[str]:
    """Return the steps that are shown and not done."""
    return [step.label for step in client.get(START).context["next_steps"] if not step.is_done]


@pytest.fixture
def set_up(settings, support, ken, billing, grace, topic, ada):
    """All steps done: a name, agents in both departments, two topics, a mail server, a ticket."""
    SiteSettings.objects.update(name="Meridian Support")
    settings.MAIL_URL = "smtp://127.0.0.1:9"
    cast.make_ticket(ada, topic)


def test_a_new_help_desk_is_told_all_there_is_to_do(root, support):
    page = root.get(START).text

    assert left(root) == [
        "Name the help desk",
        "Give every department an agent",
        "Add help topics",
        "Set a mail server",
        "Open the portal and try a ticket",
    ]
    assert "No agent works in “Support”" in page
    assert "Add a sending account and an address of yours" in page


def test_once_all_is_done_nothing_is_left_to_see(root, set_up):
    assert "Next steps" not in root.get(START).text


@pytest.mark.parametrize(
    ("undo", "step"),
    [
        (lambda: SiteSettings.objects.update(name="Help desk"), "Name the help desk"),
        (lambda: Department.objects.create(name="Empty"), "Give every department an agent"),
        (lambda: HelpTopic.objects.filter(name="Invoices").update(is_public=False), "Add help topics"),
    ],
)
def test_what_is_no_longer_so_is_to_do_again_beside_what_is_done(root, set_up, undo, step):
    undo()

    page = root.get(START)

    assert left(root) == [step]
    assert len(page.context["next_steps"]) == 5
    assert "done</span>" in page.text


def test_an_agent_who_is_switched_off_attends_to_nothing(root, set_up, grace):
    grace.is_active = False
    grace.save()

    assert left(root) == ["Give every department an agent"]


def test_a_department_that_is_archived_needs_nobody(root, set_up):
    Department.objects.create(name="Old", archived_at=cast.MONDAY)

    assert left(root) == []


def test_a_sending_account_with_an_address_is_a_mail_server_too(root, set_up, settings):
    settings.MAIL_URL = ""
    account = SendingAccount.objects.create(name="ours", host="smtp.example.com")

    assert left(root) == ["Set a mail server"]
    page = root.get(START).text
    assert "no address whose mails go out by it" in page
    assert "/admin/mail/ownaddress/" in page

    OwnAddress.objects.create(email="support@example.com", account=account)
    assert left(root) == []


def test_who_hid_the_steps_sees_them_no_more(root, support):
    assert root.get(HIDE).status_code == 405
    assert left(root)

    assert root.post(HIDE)["Location"] == START

    assert "Next steps" not in root.get(START).text


def test_only_administrators_hide_them(client, sign_in, grace):
    assert client.post(HIDE)["Location"].startswith("/accounts/login/")
    assert sign_in(grace).post(HIDE).status_code == 403


def test_the_demo_has_nothing_to_do(root, support):
    SiteSettings.objects.update(is_demo=True)

    assert "Next steps" not in root.get(START).text


def test_the_steps_cost_three_queries(root, set_up, django_assert_num_queries):
    SiteSettings.objects.update(name="Help desk")
    root.post(HIDE)
    with django_assert_num_queries(4) as hidden:
        root.get(START)
    root.cookies.pop("next-steps")

    for number in range(5):
        cast.make_agent(f"Agent {number}", Department.objects.create(name=f"Department {number}"))

    with django_assert_num_queries(len(hidden) + 3):
        root.get(START)


# --- Departments in which nobody works -----------------------------------------------------------


def test_a_department_without_an_agent_is_pointed_out(root, billing):
    listed = root.get("/admin/tickets/department/").text
    page = root.get(f"/admin/tickets/department/{billing.pk}/change/").text

    assert "None: nobody sees its tickets" in listed
    assert "No agent works in “Billing”" in page


def test_a_department_with_an_agent_is_not(root, grace, ken, billing):
    assert "nobody sees its tickets" not in root.get("/admin/tickets/department/").text
    assert "No agent works in" not in root.get(f"/admin/tickets/department/{billing.pk}/change/").text


@pytest.mark.parametrize(
    ("fields", "attends"),
    [
        ({}, True),
        ({"sees_only_assigned": True}, True),
        ({"on_vacation": True}, True),
        ({"is_active": False}, False),
        ({"is_agent": False}, False),
    ],
)
def test_a_department_whose_manager_sees_its_tickets_is_attended(root, set_up, linus, fields, attends):
    User.objects.filter(pk=linus.pk).update(**fields)

    managed = Department.objects.create(name="Managed", manager=linus)

    assert (managed not in Department.objects.unattended()) == attends
