"""The administration among many: every list and every form that there is, with one budget for all of a kind."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db

# A form shows what belongs to the row, each kind by a query or two.
LIST, FORM = 8, 16
KILOBYTES, OPTIONS = 80, 300
NOT_OFFERED = {302, 403, 404}
# A mail is shown as it would be written, for which all is read that mails tell, and who looked at it is noted. Below a
# plan stand its promises, its organisations and its steps, and how many tickets a change would move.
MORE = {"mail.OutgoingMail": 25, "sla.SLAPlan": 19}
MODELS = {f"/admin/{model._meta.app_label}/{model._meta.model_name}/": model for model in admin.site._registry}


@pytest.mark.once
def test_every_list_and_every_form_keeps_its_budget(crowd, sign_in, subtests):
    root, seen = sign_in(crowd.rosa), []
    for below, model in MODELS.items():
        newest = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
        pages = {below: LIST, f"{below}add/": FORM, f"{below}{newest}/change/": MORE.get(model._meta.label, FORM)}
        for path, budget in pages.items():
            with subtests.test(path):
                if root.get(path).status_code in NOT_OFFERED:
                    continue
                with CaptureQueriesContext(connection) as asked:
                    shown = root.get(path)
                assert shown.status_code == 200
                assert len(asked) <= budget
                assert len(shown.content) <= KILOBYTES * 1024
                assert shown.text.count("<option") <= OPTIONS
                seen.append(path)
    # So that the walk says something.
    assert {"/admin/accounts/user/", "/admin/tickets/department/add/", "/admin/tickets/ticket/"} <= set(seen)
    assert any(path.startswith("/admin/accounts/agent/") and path.endswith("/change/") for path in seen)


@pytest.mark.parametrize(
    ("path", "queries", "kilobytes"),
    [
        ("/admin/", 9, 40),
        ("/admin/tickets/helptopic/arrange/", 5, 200),
        ("/admin/tickets/department/{department}/change/", 14, 50),
        ("/admin/tickets/helptopic/{topic}/change/", 14, 60),
        ("/admin/accounts/organization/{organization}/change/", 8, 30),
        ("/admin/accounts/team/{team}/change/", 9, 30),
        ("/admin/tickets/ticket/{ticket}/change/", 4, 40),
        ("/admin/accounts/user/?q=requester", 6, 60),
        ("/admin/tickets/ticket/?q=Question", 6, 60),
        ("/admin/rights/why/?who=Requester&number={number}&face=desk&deed=reply", 5, 30),
        ("/admin/rights/who/?number={number}", 15, 50),
        ("/admin/rights/see-as/?q=Agent", 4, 40),
    ],
)
def test_a_page_of_one_among_many_keeps_its_budget(crowd, visit, path, queries, kilobytes):
    ids = {name: getattr(crowd, name).pk for name in ("department", "topic", "organization", "team", "ticket")}

    cost = visit(crowd.rosa, path.format(**ids, number=crowd.ticket.number))

    assert cost.queries <= queries
    assert cost.kilobytes <= kilobytes


def test_who_is_to_manage_is_found_by_typing(crowd, sign_in):
    fields = {"app_label": "tickets", "model_name": "department", "field_name": "manager", "term": "Agent 0"}

    found = sign_in(crowd.rosa).get("/admin/autocomplete/", fields).json()

    assert 0 < len(found["results"]) <= 50
    assert found["pagination"]["more"]
