"""Who enters the administration, and what it consists of."""

import pytest
from django.contrib.admin import site
from django.urls import reverse
from django.utils.html import escape

pytestmark = pytest.mark.django_db

INDEX = "/admin/"


@pytest.mark.parametrize("path", ["/admin/", "/admin/tickets/department/", "/admin/login/", "/admin/no/such/page/"])
def test_strangers_are_led_to_the_sign_in_page(client, path):
    response = client.get(path)

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=/admin/")


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/accounts/agent/1/change/", "/admin/no/such/"])
@pytest.mark.parametrize("who", ["ken", "ada_confirmed"])
def test_everybody_else_is_refused_in_one_answer(request, sign_in, who, path):
    client = sign_in(request.getfixturevalue(who))

    assert client.get(path).status_code == 403


def test_whoever_is_no_longer_an_administrator_is_out_at_once(root, admin_user):
    assert root.get(INDEX).status_code == 200

    admin_user.is_administrator = False
    admin_user.save()

    assert root.get(INDEX).status_code == 403


def test_the_start_page_groups_by_what_things_are_for(root):
    groups = [
        (app["name"], [model["object_name"] for model in app["models"]]) for app in root.get(INDEX).context["app_list"]
    ]

    assert groups == [
        ("People", ["Agent", "Role", "Team", "User", "Address", "Organization", "Lock"]),
        ("Tickets", ["Department", "HelpTopic", "CannedResponse", "Ticket"]),
        ("Promises", ["Priority", "SLAPlan", "BusinessHours", "SetAside", "Escalation"]),
        (
            "Mail",
            [
                *("Mailbox", "OwnAddress", "SendingAccount", "IncomingMail", "OutgoingMail", "MailTemplate", "Breaker"),
                *("AlertRule", "BannedSender", "FailedHandler"),
            ],
        ),
        ("Site", ["SiteSettings", "Page", "ApiKey", "AuditEvent"]),
    ]


def test_every_registered_page_stands_in_a_group(root):
    shown = {model["object_name"] for app in root.get(INDEX).context["app_list"] for model in app["models"]}

    assert {model.__name__ for model in site._registry} == shown


@pytest.mark.parametrize("path", ["/admin/auth/group/", "/admin/account/emailaddress/", "/admin/auth/user/"])
def test_other_packages_bring_no_pages(root, path):
    assert root.get(path).status_code == 404


def test_every_list_and_every_form_opens(root, ticket):
    for model, page in site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        response = root.get(reverse(f"admin:{name}_changelist"), follow=True)
        assert response.status_code == 200, name
        request = response.wsgi_request
        if page.has_add_permission(request):
            assert root.get(reverse(f"admin:{name}_add")).status_code == 200, name
        if (row := page.get_queryset(request).first()) is not None:
            assert root.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 200, name


def test_every_list_says_what_stands_in_it(root):
    # These are pages of their own, without a list of Django's.
    own = {"SiteSettings", "AuditEvent", "Breaker", "AlertRule"}
    for model, page in site._registry.items():
        if model.__name__ not in own:
            path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            assert page.about, model
            assert f'<p class="list-about">{escape(page.about)}</p>' in root.get(path).text, model


def test_an_empty_list_says_so_and_offers_to_begin(root):
    page = root.get("/admin/mail/mailbox/").text
    sought = root.get("/admin/accounts/address/?q=nobody@example.com").text

    assert "Nothing is here yet." in page
    assert 'href="/admin/mail/mailbox/add/"' in page
    assert "Nothing here fits what you look for." in sought
    assert "Nothing is here yet." not in sought


def test_no_list_offers_to_delete_what_is_selected(root):
    for model, page in site._registry.items():
        request = root.get(INDEX).wsgi_request
        assert "delete_selected" not in page.get_actions(request), model


def test_leaving_and_passwords_are_the_help_desks_own_pages(root):
    assert root.get("/admin/password_change/")["Location"] == reverse("account_change_password")
    assert root.post("/admin/logout/")["Location"] == reverse("account_logout")


def test_pages_have_no_inline_style_or_script(root, ticket):
    for path in ["/admin/", "/admin/tickets/department/add/", "/admin/accounts/agent/add/", "/admin/tickets/ticket/"]:
        page = root.get(path).content.decode()
        assert " style=" not in page, path
        assert "<style" not in page, path
        assert "onclick" not in page, path
